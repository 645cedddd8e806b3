//! What the dashboard shows and takes: numbers, rows of the audit log, letters, and the form of the set-up.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::chat::RoomKind;
use crate::clock::Millis;
use crate::error::{Error, Problem, Result};
use crate::ids::{AuditId, LetterId, MemberId, RoomId};
use crate::mail::{LetterHead, StoredLetter};
use crate::members::Profile;
use crate::settings::{CallsOpenTo, SignUpMode};
use crate::storage::AuditRow;
use crate::text::clean_line;

/// Most rooms of the set-up.
pub const FIRST_ROOMS: usize = 12;

/// A row of the audit log, as the API tells it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct AuditEntry {
    /// Its id.
    pub id: AuditId,
    /// When, milliseconds UTC.
    pub at: Millis,
    /// Who; `null`: the program itself, or its operator on the command line, or not said.
    pub actor: Option<MemberId>,
    /// Is it not said who, since it was done to whoever reads?
    pub untold: bool,
    /// What: `members.ban`, `settings.change`.
    pub act: String,
    /// On what kind of thing.
    pub subject_kind: String,
    /// Which one.
    pub subject: String,
    /// How it was.
    pub before: Option<Value>,
    /// How it is now.
    pub after: Option<Value>,
    /// Why, in the actor's words.
    pub reason: Option<String>,
    /// Where the actor was.
    pub address: Option<String>,
}

impl From<AuditRow> for AuditEntry {
    fn from(row: AuditRow) -> Self {
        // A row that is not JSON is shown as the text that it is.
        let value = |text: Option<String>| text.map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text)));
        Self {
            id: row.id,
            at: row.at,
            actor: row.actor,
            untold: false,
            act: row.act,
            subject_kind: row.subject_kind,
            subject: row.subject,
            before: value(row.before),
            after: value(row.after),
            reason: row.reason,
            address: row.address,
        }
    }
}

/// What is done to members to keep the peace, and taken back: they are told what and why, and not by whose hand.
const TOLD_WITHOUT_A_NAME: [&str; 9] = [
    "members.warn",
    "members.mute",
    "members.unmute",
    "members.ban",
    "members.unban",
    "messages.remove",
    "rooms.remove_member",
    "appeals.lift",
    "appeals.uphold",
];

impl AuditEntry {
    /// As this member reads it: of what was done to themselves no more than they are told elsewhere.
    #[must_use]
    pub fn for_reader(self, reader: MemberId) -> Self {
        // A member, or a member in a room.
        let is_theirs = self.subject.rsplit(':').next() == Some(reader.to_string().as_str());
        let by_another = self.actor.is_some_and(|actor| actor != reader);
        if is_theirs && by_another && TOLD_WITHOUT_A_NAME.contains(&self.act.as_str()) {
            Self { actor: None, untold: true, address: None, ..self }
        } else {
            self
        }
    }
}

/// A page of the audit log, with the members that it names.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct AuditPage {
    /// Newest first.
    pub items: Vec<AuditEntry>,
    /// Who acted, and on whom.
    pub members: Vec<Profile>,
    /// Use as `before` for older ones; null at the end.
    pub next: Option<String>,
}

/// One setting as it was changed.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct SettingChange {
    /// The row of the audit log.
    pub change: AuditId,
    /// Which setting.
    pub name: String,
    /// When, milliseconds UTC.
    pub at: Millis,
    /// By whom; null: the program itself, or its operator on the command line.
    pub by: Option<Profile>,
    /// How it was.
    pub before: Value,
    /// How it became.
    pub after: Value,
    /// Is it so still, and can be taken back?
    pub may_undo: bool,
    /// Would messages be deleted as it was? Then taking it back wants the password of whoever does it.
    pub wants_password: bool,
}

/// A change that is to be taken back.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
pub struct Undo {
    /// The row of the audit log.
    pub change: AuditId,
    /// Which setting of those that it changed.
    pub name: String,
    /// The password of the member who asks, where messages would be deleted; who has none leaves it out.
    pub password: Option<String>,
}

/// A letter in the outbox, without its text.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct LetterItem {
    /// Its id.
    pub id: LetterId,
    /// What sort of letter, `slice.thing`.
    pub kind: String,
    /// Mail address.
    pub to: String,
    /// One line.
    pub subject: String,
    /// When it was written, milliseconds UTC.
    pub at: Millis,
    /// When the mail server took it; `null` while it has not.
    pub sent_at: Option<Millis>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
}

impl From<LetterHead> for LetterItem {
    fn from(head: LetterHead) -> Self {
        let LetterHead { id, kind, to, subject, at, sent_at, last_error } = head;
        Self { id, kind, to, subject, at, sent_at, last_error }
    }
}

/// A letter with its text.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct LetterText {
    /// All but its text.
    #[serde(flatten)]
    pub item: LetterItem,
    /// The letter as plain text.
    pub text: String,
}

impl From<StoredLetter> for LetterText {
    fn from(letter: StoredLetter) -> Self {
        Self { item: letter.head.into(), text: letter.text }
    }
}

/// How many members there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct MemberCounts {
    /// In use.
    pub active: i64,
    /// Wait for a yes.
    pub pending: i64,
    /// Shut out.
    pub banned: i64,
}

/// The community in numbers.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Summary {
    /// Members by state.
    pub members: MemberCounts,
    /// Members with an open connection.
    pub online: usize,
    /// Public, private and announcement rooms that are not archived.
    pub rooms: i64,
    /// Messages since midnight UTC.
    pub messages_today: i64,
    /// Invites that somebody can still use.
    pub open_invites: i64,
    /// Sign-ups that wait for a yes.
    pub pending_approvals: i64,
    /// Letters that the mail server has not taken.
    pub letters_waiting: i64,
    /// Are letters sent, or only kept in the outbox?
    pub mail_is_set_up: bool,
    /// Jobs that were given up.
    pub dead_jobs: i64,
    /// `sqlite` or `postgresql`.
    pub database: &'static str,
    /// Size of the database in bytes.
    pub database_bytes: i64,
    /// Version of the program.
    pub version: &'static str,
    /// Seconds since the program started.
    pub uptime_seconds: u64,
}

/// A room as the dashboard lists it.
#[derive(Clone, Debug, Serialize)]
pub struct RoomItem {
    /// Its id.
    pub id: RoomId,
    /// What sort of room.
    pub kind: RoomKind,
    /// Its name.
    pub name: String,
    /// What it is about.
    pub topic: String,
    /// How many members it has.
    pub member_count: i32,
    /// When it was made, milliseconds UTC.
    pub created_at: Millis,
    /// Does nobody write in it any more?
    pub archived: bool,
    /// Seconds between two messages of one member; 0: none.
    pub slow_seconds: i32,
    /// Days for which it keeps its messages; 0: for ever; none: as the community does.
    pub keep_days: Option<i32>,
}

/// A room of the set-up.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
pub struct FirstRoom {
    /// `public` or `announcement`.
    pub kind: RoomKind,
    /// 1–60 characters.
    pub name: String,
    /// At most 300 characters.
    #[serde(default)]
    pub topic: String,
}

/// The owner's part of the set-up: its first step.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
pub struct SetUpOwner {
    /// The secret of the set-up address.
    pub code: String,
    /// The owner's unique name.
    pub username: String,
    /// The name that others see; missing: the username.
    #[serde(default)]
    pub display_name: Option<String>,
    /// The owner's mail address.
    #[serde(default)]
    pub email: Option<String>,
    /// 10–256 characters.
    pub password: String,
    /// The owner's time zone by its IANA name; missing or empty: UTC until another is chosen.
    #[serde(default)]
    pub time_zone: Option<String>,
}

impl std::fmt::Debug for SetUpOwner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SetUpOwner").field("username", &self.username).finish_non_exhaustive()
    }
}

/// The form of the set-up.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetUp {
    /// Who it is to belong to.
    #[serde(flatten)]
    pub owner: SetUpOwner,
    /// The community's name, 1–60 characters.
    pub community_name: String,
    /// What it is, at most 200 characters.
    #[serde(default)]
    pub community_sentence: String,
    /// Hue of the accent and of the icon, 0–359.
    pub community_hue: u16,
    /// Who may make an account.
    pub sign_up_mode: SignUpMode,
    /// Who may start calls; missing: whoever has a plan for it.
    #[serde(default)]
    pub calls_open_to: CallsOpenTo,
    /// 1–12 rooms.
    pub rooms: Vec<FirstRoom>,
}

/// What the set-up answers.
#[derive(Clone, Serialize, utoipa::ToSchema)]
pub struct SetUpDone {
    /// The owner.
    pub member: Profile,
    /// Bearer token; `null` for browsers, which get a cookie.
    pub token: Option<String>,
    /// Can an invite work, or do others not reach this address?
    pub reachable: bool,
}

/// The rooms of a set-up, each checked, and no name twice.
///
/// # Errors
/// `setup.rooms`, `setup.room_not_open`, `setup.room_twice`, and `chat.room_name` or `chat.topic` on the room's field.
pub fn checked_rooms(rooms: &[FirstRoom]) -> Result<(), Vec<Problem>> {
    if rooms.is_empty() || rooms.len() > FIRST_ROOMS {
        return Err(vec![Problem { field: "rooms".into(), code: "setup.rooms" }]);
    }
    let mut problems = Vec::new();
    let mut keys: Vec<String> = Vec::new();
    for (n, room) in rooms.iter().enumerate() {
        if let Some(code) = wrong_room(room, &mut keys) {
            problems.push(Problem { field: format!("rooms.{n}").into(), code });
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

fn wrong_room(room: &FirstRoom, keys: &mut Vec<String>) -> Option<&'static str> {
    if !room.kind.is_open() {
        return Some("setup.room_not_open");
    }
    let Ok(name) = clean_line(&room.name, 1, 60, "name", "chat.room_name") else { return Some("chat.room_name") };
    if clean_line(&room.topic, 0, 300, "topic", "chat.topic").is_err() {
        return Some("chat.topic");
    }
    let key = crate::text::name_key(&name);
    if key.is_empty() {
        return Some("chat.room_name");
    }
    if keys.contains(&key) {
        return Some("setup.room_twice");
    }
    keys.push(key);
    None
}

/// Keeps the problems of a check and lets its value through.
pub fn keep<T>(result: Result<T>, problems: &mut Vec<Problem>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(Error::Invalid(more)) => {
            problems.extend(more);
            None
        }
        Err(_) => {
            problems.push(Problem { field: "".into(), code: "error.invalid" });
            None
        }
    }
}

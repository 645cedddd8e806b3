//! The set-up: a link that works once makes the owner, the community and its first rooms, in one transaction.

use serde_json::json;

use super::settings::announce;
use crate::access::{Scopes, Token, Visitor};
use crate::admin::model::{FirstRoom, SetUp, SetUpOwner, checked_rooms, keep};
use crate::chat::{self, NewRoom};
use crate::error::{Error, Found, Problem, RefusalKind, Result};
use crate::ids::MemberId;
use crate::members::{
    self, DisplayName, Email, LinkPurpose, Members, NewMember, Notice, Password, Profile, RoleKind, SessionKind, Username, device_name,
    zone_named,
};
use crate::settings::Settings;
use crate::storage::{Act, Conn, Tx, record};

/// A set-up whose fields are all right.
pub struct Founding {
    code: String,
    owner: NewMember,
    settings: Settings,
    rooms: Vec<FirstRoom>,
    /// The owner's password, to be hashed before [`found`].
    pub password: Password,
}

impl Founding {
    /// With the hash of the owner's password.
    #[must_use]
    pub fn with_hash(mut self, hash: String) -> Self {
        self.owner.password = Some(hash);
        self
    }
}

/// A community that now has an owner.
#[derive(Debug)]
pub struct Founded {
    /// The owner.
    pub member: Profile,
    /// The secret of their first session.
    pub token: Token,
    /// To be put in force after COMMIT.
    pub settings: Settings,
}

/// Somebody owns this community already.
fn done() -> Error {
    Error::refused(RefusalKind::Gone, "setup.done")
}

/// Would the set-up link work? Looking does not use it up.
///
/// # Errors
/// 410 `setup.done` when the community has an owner, 410 `members.link_over` when the link is over or never was.
pub fn check(conn: &mut Conn, code: &str, now: crate::clock::Millis) -> Result<()> {
    if members::community_has_owner(conn)? {
        return Err(done());
    }
    members::check_link(conn, LinkPurpose::SetUp, code, now).map(|_| ())
}

/// Checks the first step of the set-up by itself; nothing is stored, and the link stays good.
///
/// # Errors
/// As [`check`]; the problems of the owner's fields; `members.username_taken`, `members.email_taken`.
pub fn check_owner(conn: &mut Conn, owner: &SetUpOwner, now: crate::clock::Millis) -> Result<()> {
    check(conn, &owner.code, now)?;
    let (new, _) = owner.checked("")?;
    members::check_free(conn, &new)
}

impl SetUpOwner {
    /// Reads every field; all problems are told at once.
    fn checked(&self, language: &str) -> Result<(NewMember, Password)> {
        let mut problems: Vec<Problem> = Vec::new();
        let username = keep(Username::parse(&self.username), &mut problems);
        let shown = self.display_name.as_deref().map(str::trim).filter(|name| !name.is_empty());
        let display_name = keep(DisplayName::parse(shown.unwrap_or(self.username.trim())), &mut problems);
        let written = self.email.as_deref().map(str::trim).filter(|email| !email.is_empty());
        let email = written.and_then(|email| keep(Email::parse(email), &mut problems));
        let known_as = self.username.trim().to_lowercase();
        let password = keep(Password::parse(&self.password, &known_as, "password"), &mut problems);
        // The browser says it, not a field: one that this server does not know is none, until one is chosen.
        let time_zone = zone_named(self.time_zone.as_deref().unwrap_or_default()).unwrap_or_default();
        match (username, display_name, password) {
            (Some(username), Some(display_name), Some(password)) if problems.is_empty() => {
                let language = language.to_owned();
                let owner = NewMember { email, language, time_zone, welcomed: true, ..NewMember::named(username, display_name) };
                Ok((owner, password))
            }
            _ => Err(Error::Invalid(problems)),
        }
    }
}

impl SetUp {
    /// Reads every field; all problems are told at once.
    ///
    /// # Errors
    /// The problems of the owner's fields, of the settings, and of the rooms.
    pub fn checked(self, language: &str) -> Result<Founding> {
        let mut problems: Vec<Problem> = Vec::new();
        let owner = keep(self.owner.checked(language), &mut problems);
        let settings = keep(self.settings(language), &mut problems);
        if let Err(more) = checked_rooms(&self.rooms) {
            problems.extend(more);
        }
        match (owner, settings) {
            (Some((owner, password)), Some(settings)) if problems.is_empty() => {
                Ok(Founding { code: self.owner.code, owner, settings, rooms: self.rooms, password })
            }
            _ => Err(Error::Invalid(problems)),
        }
    }

    fn settings(&self, language: &str) -> Result<Settings> {
        let line = |text: &str, least, most, field, code| crate::text::clean_line(text, least, most, field, code);
        let mut problems = Vec::new();
        let name = keep(line(&self.community_name, 1, 60, "community_name", "settings.community_name"), &mut problems);
        let sentence = keep(line(&self.community_sentence, 0, 200, "community_sentence", "settings.community_sentence"), &mut problems);
        let (Some(name), Some(sentence), true) = (name, sentence, problems.is_empty()) else { return Err(Error::Invalid(problems)) };
        let chosen = json!({
            "community_name": name,
            "community_sentence": sentence,
            "community_hue": self.community_hue,
            "sign_up_mode": self.sign_up_mode,
            "calls_open_to": self.calls_open_to,
            "default_language": language,
        });
        Settings::default().with(chosen.as_object().ok_or_else(|| Error::broken("not an object"))?)
    }
}

/// Uses the link up and makes everything: roles, owner, settings, rooms, the owner's first session.
///
/// # Errors
/// 410 `setup.done` or `members.link_over`; `members.username_taken` and `members.email_taken`.
pub fn found(tx: &mut Tx<'_>, founding: Founding, members: &Members, visitor: &Visitor) -> Result<Founded> {
    if members::community_has_owner(tx)? {
        return Err(done());
    }
    members::use_link(tx, LinkPurpose::SetUp, &founding.code)?;
    members::ensure_built_in_roles(tx)?;
    let mut owner = founding.owner;
    owner.roles.push(members::built_in_role(tx, RoleKind::Owner)?);
    let member = members::create_member(tx, &owner)?;
    founding.settings.store(tx, Some(member))?;
    for room in founding.rooms {
        let wish = NewRoom { kind: room.kind, name: Some(room.name), topic: room.topic, history: None, members: Vec::new() };
        chat::create_room(tx, &wish, Some(member))?;
    }
    members.notices.tell(tx, Notice::MemberJoined { member })?;
    trace(tx, member, &founding.settings, visitor)?;
    announce(tx, &founding.settings);
    let kind = if visitor.is_browser { SessionKind::Browser } else { SessionKind::Bearer };
    let (_, token) = members::make_session(tx, member, kind, Scopes::ALL, &device_name(&visitor.user_agent), visitor.address)?;
    let now = tx.now();
    let member = members::profiles(tx, &[member], now)?.pop().found()?;
    Ok(Founded { member, token, settings: founding.settings })
}

fn trace(tx: &mut Tx<'_>, owner: MemberId, settings: &Settings, visitor: &Visitor) -> Result<()> {
    record(
        tx,
        &Act {
            actor: Some(owner),
            act: "setup.finish",
            subject_kind: "settings",
            subject: String::new(),
            before: None,
            after: Some(json!({ "community_name": settings.community_name, "sign_up_mode": settings.sign_up_mode })),
            reason: None,
            address: visitor.address,
        },
    )?;
    Ok(())
}

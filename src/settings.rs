//! What administrators choose in the dashboard: typed, with defaults that work, changed without a restart.

mod reach;

use std::sync::{Arc, PoisonError, RwLock};

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::error::{Error, Problem, Result};
use crate::ids::MemberId;
use crate::money::Currency;
use crate::storage::schema::settings;
use crate::storage::{Conn, Db, Tx, on_conflict};

pub use reach::{Class, Classes};

/// Most calls that may ever go on at once: what `calls_at_once` may be, and what the media server is made for.
pub const MOST_CALLS: usize = 1_000;

/// Most days for which messages may be kept before they are deleted.
pub const MOST_DAYS_KEPT: u16 = 3_650;

/// Of a key that does not exist, this many characters are said back.
const NAMED_CHARACTERS: usize = 64;

/// Who may make an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum SignUpMode {
    /// Everyone.
    Open,
    /// Who has an invite.
    Invite,
    /// Everyone, after an administrator said yes.
    Approval,
    /// Nobody.
    Closed,
}

/// Who may start calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallsOpenTo {
    /// Whoever has a plan with `calls.start`.
    #[default]
    PayingMembers,
    /// Everyone.
    AllMembers,
}

/// Whether rooms may keep messages for another time than the community.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum RoomsMayKeep {
    /// No: only who manages all rooms chooses otherwise for one.
    #[default]
    AsCommunity,
    /// Who leads a room may have it forget sooner.
    Shorter,
    /// Who leads a room chooses freely.
    Any,
}

/// What puts the verified badge beside a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VerifiedBadge {
    /// A plan whose entitlements carry a badge.
    Plan,
    /// An administrator who verified the member.
    Administrator,
    /// One or the other.
    Either,
    /// Nothing: nobody has one.
    Off,
}

/// All settings, flat: the field names are the keys of the API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The community's name, 1–60 characters.
    pub community_name: String,
    /// What it is, in one sentence, at most 200 characters.
    pub community_sentence: String,
    /// Hue of the accent and of the icon, 0–359.
    pub community_hue: u16,
    /// Who may make an account.
    pub sign_up_mode: SignUpMode,
    /// Language of pages for those whose browser asks for none of ours: `en` or `fr`.
    pub default_language: String,
    /// Most bytes of a message, 256–65,536.
    pub message_bytes: usize,
    /// Most members of a group conversation, 3–200.
    pub group_members: usize,
    /// Most members of a room that hear each other's presence, 0–1,000.
    pub presence_members: usize,
    /// Do members see who is online?
    pub show_presence: bool,
    /// Most rooms and conversations that one member makes within 24 hours, 1–1,000. Who manages rooms is free of it.
    pub rooms_per_day: usize,
    /// Does making a public, private or announcement room need a plan with `rooms.create`? Who manages rooms is free of it.
    pub rooms_need_plan: bool,
    /// Who may start calls.
    pub calls_open_to: CallsOpenTo,
    /// What puts the verified badge beside a name.
    pub verified_badge: VerifiedBadge,
    /// How this community takes payment, in its own words, at most 1,000 characters; every member who has no membership reads it.
    pub payment_words: String,
    /// The currency of new prices, and of what is paid where a plan has no price.
    pub currency: Currency,
    /// May members pay at the test provider, where no money moves? It is there only while nobody but this machine can reach the program.
    pub test_payments: bool,
    /// For how many days a payment may be owed before what it pays for ends, 0–60.
    pub payment_grace_days: u16,
    /// Most live connections of one member, 1–1,000.
    pub connections_per_member: usize,
    /// Most live connections that are begun within a second, 10–10,000; the others are asked to come back.
    pub handshakes_per_second: u32,
    /// Who may write to a member first, where the member has chosen nothing.
    pub reach_default_message: Classes,
    /// Who may ring a member, where the member has chosen nothing.
    pub reach_default_call: Classes,
    /// Who may ring a member with a picture, where the member has chosen nothing.
    pub reach_default_video_call: Classes,
    /// Who may invite a member to a room, where the member has chosen nothing.
    pub reach_default_invite: Classes,
    /// Who may mention a member, where the member has chosen nothing.
    pub reach_default_mention: Classes,
    /// Whom a member can at most let write to them first.
    pub reach_ceiling_message: Classes,
    /// Whom a member can at most let ring them.
    pub reach_ceiling_call: Classes,
    /// Whom a member can at most let ring them with a picture.
    pub reach_ceiling_video_call: Classes,
    /// Whom a member can at most let invite them to a room.
    pub reach_ceiling_invite: Classes,
    /// Whom a member can at most let mention them.
    pub reach_ceiling_mention: Classes,
    /// Most requests that one member makes within 24 hours, 1–1,000: to be a contact, to follow, to be heard.
    pub requests_per_day: usize,
    /// Most requests and invitations of one member to one and the same other within 24 hours, 1–1,000.
    pub requests_to_one_per_day: usize,
    /// Most members of a call, 2–400; a plan may allow fewer.
    pub call_members: u32,
    /// Most members whom one call rings, 1–100; of more, nobody is rung, and they see that it goes on.
    pub call_ring_members: u32,
    /// Most calls that one member begins within 24 hours, 1–1,000.
    pub calls_per_day: usize,
    /// Most calls at one time, in the whole community, 1–1,000.
    pub calls_at_once: usize,
    /// Most invitations into rooms and groups that one member makes within 24 hours, 1–10,000.
    pub invitations_per_day: usize,
    /// Most reports that one member makes within 24 hours, 1–1,000.
    pub reports_per_day: usize,
    /// Most people to whom one member stands in some way, as contact, by following, muting, lists or notes, 100–1,000,000. Nobody is kept
    /// from shutting somebody out.
    pub people_per_member: usize,
    /// For how many days rooms keep messages that have chosen nothing, 0–3,650; 0: for ever. Conversations keep theirs.
    pub keep_messages_days: u16,
    /// Whether rooms may keep messages for another time.
    pub rooms_may_keep: RoomsMayKeep,
    /// A backup is made every so many days, 0–30; 0: only by hand. Not with PostgreSQL.
    pub backup_every_days: u16,
    /// At this hour of the day in UTC, 0–23.
    pub backup_hour: u8,
    /// So many backups of the schedule are kept, 1–365; those made by hand stay.
    pub backups_kept: u16,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            community_name: "Rialto".to_owned(),
            community_sentence: String::new(),
            community_hue: 205,
            sign_up_mode: SignUpMode::Invite,
            default_language: "en".to_owned(),
            message_bytes: 16_384,
            group_members: 20,
            presence_members: 200,
            show_presence: true,
            rooms_per_day: 50,
            rooms_need_plan: false,
            calls_open_to: CallsOpenTo::PayingMembers,
            verified_badge: VerifiedBadge::Either,
            payment_words: String::new(),
            currency: Currency::EURO,
            test_payments: false,
            payment_grace_days: 7,
            connections_per_member: 20,
            handshakes_per_second: 200,
            reach_default_message: Classes::of(&[Class::Everyone]),
            reach_default_call: Classes::of(&[Class::Contacts, Class::PeopleIFollow]),
            reach_default_video_call: Classes::of(&[Class::Contacts, Class::PeopleIFollow]),
            reach_default_invite: Classes::of(&[Class::Everyone]),
            reach_default_mention: Classes::of(&[Class::Everyone]),
            reach_ceiling_message: Classes::of(&[Class::Everyone]),
            reach_ceiling_call: Classes::of(&[Class::Everyone]),
            reach_ceiling_video_call: Classes::of(&[Class::Everyone]),
            reach_ceiling_invite: Classes::of(&[Class::Everyone]),
            reach_ceiling_mention: Classes::of(&[Class::Everyone]),
            requests_per_day: 60,
            requests_to_one_per_day: 10,
            call_members: 50,
            call_ring_members: 32,
            calls_per_day: 60,
            calls_at_once: 100,
            invitations_per_day: 500,
            reports_per_day: 50,
            people_per_member: 20_000,
            keep_messages_days: 0,
            rooms_may_keep: RoomsMayKeep::AsCommunity,
            backup_every_days: 1,
            backup_hour: 3,
            backups_kept: 7,
        }
    }
}

impl Settings {
    /// Reads what is stored over the defaults.
    ///
    /// # Errors
    /// When the database cannot be read or holds a value that no longer fits.
    pub fn load(conn: &mut Conn) -> Result<Self> {
        let rows = settings::table.select((settings::name, settings::value)).load::<(String, String)>(conn)?;
        let Value::Object(mut all) = serde_json::to_value(Self::default())? else {
            return Err(Error::broken("settings are not an object"));
        };
        for (name, value) in rows {
            // A setting that this version does not know is left alone: the version before may come back.
            if all.contains_key(&name) {
                all.insert(name, serde_json::from_str(&value)?);
            }
        }
        Ok(serde_json::from_value(Value::Object(all))?)
    }

    /// These settings with some changed.
    ///
    /// # Errors
    /// `settings.unknown` for a key that does not exist, `settings.value` for a value that does not fit, both with the key as their
    /// field, and the code of the field.
    pub fn with(&self, changes: &Map<String, Value>) -> Result<Self> {
        let Value::Object(mut all) = serde_json::to_value(self)? else { return Err(Error::broken("settings are not an object")) };
        for (name, value) in changes {
            let field = || name.chars().take(NAMED_CHARACTERS).collect::<String>();
            let slot = all.get_mut(name).ok_or_else(|| Error::invalid(field(), "settings.unknown"))?;
            *slot = value.clone();
            // One at a time, so that the one that does not fit is named.
            serde_json::from_value::<Self>(Value::Object(all.clone())).map_err(|_| Error::invalid(field(), "settings.value"))?;
        }
        let made: Self = serde_json::from_value(Value::Object(all))?;
        made.check()?;
        Ok(made)
    }

    fn check(&self) -> Result<()> {
        let within = |text: &str, least: usize, most: usize| {
            let count = text.trim().chars().count();
            count >= least && count <= most && !text.contains('\0')
        };
        let rules = [
            (within(&self.community_name, 1, 60), "community_name", "settings.community_name"),
            (within(&self.community_sentence, 0, 200), "community_sentence", "settings.community_sentence"),
            (self.community_hue < 360, "community_hue", "settings.community_hue"),
            (within(&self.payment_words, 0, 1_000), "payment_words", "settings.payment_words"),
            (self.payment_grace_days <= 60, "payment_grace_days", "settings.payment_grace_days"),
            (["en", "fr"].contains(&self.default_language.as_str()), "default_language", "settings.default_language"),
            ((256..=65_536).contains(&self.message_bytes), "message_bytes", "settings.message_bytes"),
            ((3..=200).contains(&self.group_members), "group_members", "settings.group_members"),
            (self.presence_members <= 1_000, "presence_members", "settings.presence_members"),
            ((1..=1_000).contains(&self.rooms_per_day), "rooms_per_day", "settings.rooms_per_day"),
            ((1..=1_000).contains(&self.connections_per_member), "connections_per_member", "settings.connections_per_member"),
            ((10..=10_000).contains(&self.handshakes_per_second), "handshakes_per_second", "settings.handshakes_per_second"),
            ((1..=1_000).contains(&self.requests_per_day), "requests_per_day", "settings.requests_per_day"),
            ((1..=1_000).contains(&self.requests_to_one_per_day), "requests_to_one_per_day", "settings.requests_to_one_per_day"),
            ((2..=400).contains(&self.call_members), "call_members", "settings.call_members"),
            ((1..=100).contains(&self.call_ring_members), "call_ring_members", "settings.call_ring_members"),
            ((1..=1_000).contains(&self.calls_per_day), "calls_per_day", "settings.calls_per_day"),
            ((1..=MOST_CALLS).contains(&self.calls_at_once), "calls_at_once", "settings.calls_at_once"),
            ((1..=10_000).contains(&self.invitations_per_day), "invitations_per_day", "settings.invitations_per_day"),
            ((1..=1_000).contains(&self.reports_per_day), "reports_per_day", "settings.reports_per_day"),
            ((100..=1_000_000).contains(&self.people_per_member), "people_per_member", "settings.people_per_member"),
            (self.keep_messages_days <= MOST_DAYS_KEPT, "keep_messages_days", "settings.keep_messages_days"),
            (self.backup_every_days <= 30, "backup_every_days", "settings.backup_every_days"),
            (self.backup_hour < 24, "backup_hour", "settings.backup_hour"),
            ((1..=365).contains(&self.backups_kept), "backups_kept", "settings.backups_kept"),
        ];
        let problems: Vec<Problem> =
            rules.into_iter().filter(|(fits, _, _)| !fits).map(|(_, field, code)| Problem { field: field.into(), code }).collect();
        if problems.is_empty() { Ok(()) } else { Err(Error::Invalid(problems)) }
    }

    /// Stores what differs from the defaults or was stored before. The caller has shown that it may.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn store(&self, tx: &mut Tx<'_>, by: Option<MemberId>) -> Result<()> {
        let Value::Object(all) = serde_json::to_value(self)? else { return Err(Error::broken("settings are not an object")) };
        let now = tx.now();
        for (name, value) in all {
            diesel::insert_into(settings::table)
                .values(on_conflict(
                    (
                        settings::name.eq(name),
                        settings::value.eq(value.to_string()),
                        settings::changed_at.eq(now),
                        settings::changed_by.eq(by.map(|id| id.0)),
                    ),
                    "ON CONFLICT (name) DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at, \
                     changed_by = excluded.changed_by WHERE settings.value <> excluded.value",
                ))
                .execute(&mut **tx)?;
        }
        Ok(())
    }
}

/// The settings in force, shared by all threads.
#[derive(Clone, Debug)]
pub struct SettingsCell {
    current: Arc<RwLock<Arc<Settings>>>,
    order: Arc<Mutex<()>>,
}

/// The turn of one change; see [`SettingsCell::in_order`].
#[derive(Debug)]
pub struct Turn {
    _held: OwnedMutexGuard<()>,
}

impl SettingsCell {
    /// Holds `first`.
    #[must_use]
    pub fn new(first: Settings) -> Self {
        Self { current: Arc::new(RwLock::new(Arc::new(first))), order: Arc::default() }
    }

    /// Those in force now.
    #[must_use]
    pub fn get(&self) -> Arc<Settings> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until no other change is under way, from reading to being in force: what is in force is then always what was committed last.
    /// The turn goes into the write and lasts as long as it, also when whoever asked for the change is gone meanwhile.
    pub async fn in_order(&self) -> Turn {
        Turn { _held: Arc::clone(&self.order).lock_owned().await }
    }

    /// Puts in force what is stored. It takes its turn: what was read before a change must not be put in force after it.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn reload(&self, db: &Db) -> Result<()> {
        let _order = self.in_order().await;
        let stored = db.read(Settings::load).await?;
        if stored != *self.get() {
            self.put(stored);
        }
        Ok(())
    }

    /// Puts others in force with the commit of this transaction, before anybody is told of it or answered; then the turn ends.
    pub fn put_with(&self, tx: &mut Tx<'_>, settings: &Settings, turn: Turn) {
        let (cell, settings) = (self.clone(), settings.clone());
        tx.after_commit(move || {
            cell.put(settings);
            drop(turn);
        });
    }

    /// Puts others in force, once they are committed.
    pub fn put(&self, settings: Settings) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(json: &str) -> Result<Settings> {
        Settings::default().with(&serde_json::from_str(json).expect("json"))
    }

    #[test]
    fn a_known_key_is_changed_and_an_unknown_one_refused() {
        assert_eq!(change(r#"{"sign_up_mode":"open"}"#).expect("fits").sign_up_mode, SignUpMode::Open);
        assert_eq!(change(r#"{"sign_up_moode":"open"}"#).expect_err("unknown").code(), "settings.unknown");
        assert_eq!(change(r#"{"sign_up_mode":"ajar"}"#).expect_err("no such mode").code(), "settings.value");
    }

    #[test]
    fn every_limit_holds_at_its_edge() {
        assert!(change(r#"{"message_bytes":256}"#).is_ok() && change(r#"{"message_bytes":65536}"#).is_ok());
        assert_eq!(change(r#"{"message_bytes":255}"#).expect_err("too small").code(), "settings.message_bytes");
        assert_eq!(change(r#"{"message_bytes":65537}"#).expect_err("too large").code(), "settings.message_bytes");
        for (name, least, most) in [
            ("rooms_per_day", 1, 1_000),
            ("connections_per_member", 1, 1_000),
            ("handshakes_per_second", 10, 10_000),
            ("requests_per_day", 1, 1_000),
            ("requests_to_one_per_day", 1, 1_000),
            ("call_members", 2, 400),
            ("call_ring_members", 1, 100),
            ("calls_per_day", 1, 1_000),
            ("calls_at_once", 1, 1_000),
            ("invitations_per_day", 1, 10_000),
            ("reports_per_day", 1, 1_000),
            ("people_per_member", 100, 1_000_000),
        ] {
            let with = |value: i64| change(&format!(r#"{{"{name}":{value}}}"#));
            assert!(with(least).is_ok() && with(most).is_ok(), "{name}");
            for value in [least - 1, most + 1] {
                assert_eq!(with(value).expect_err(name).code(), format!("settings.{name}"));
            }
        }
        assert!(change(r#"{"keep_messages_days":0}"#).is_ok() && change(r#"{"keep_messages_days":3650}"#).is_ok());
        assert_eq!(change(r#"{"keep_messages_days":3651}"#).expect_err("too long").code(), "settings.keep_messages_days");
        assert_eq!(change(r#"{"community_name":"  "}"#).expect_err("empty").code(), "settings.community_name");
        assert!(change(&format!(r#"{{"community_name":"{}"}}"#, "é".repeat(60))).is_ok());
        assert!(change(&format!(r#"{{"community_name":"{}"}}"#, "é".repeat(61))).is_err());
    }
}

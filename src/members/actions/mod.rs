//! What happens: store, announce, tell other slices, write letters. Knows neither HTTP nor sockets.

mod accounts;
mod appeals;
mod badges;
mod bulk;
mod by_rule;
mod confirm;
mod hashing;
mod invites;
mod links;
mod moderation;
mod profile;
mod reading;
mod removal;
mod roles;
pub mod seed;
mod sessions;
mod sign_in;
mod tokens;

use std::sync::Arc;

#[cfg(test)]
pub(in crate::members) use accounts::join;
pub use accounts::{Arrival, SignUp, SignedIn, check_free, community_has_owner, create_member, owners, owns_community, sign_up};
pub use appeals::{
    appeal, appeals, ban_in_force, decide_appeal, open_appeals, sanction, sanctions_of, see_sanctions, told_sanction, unseen_sanctions,
};
pub use badges::set_badge;
pub use bulk::{Bulk, BulkAct, BulkDone, BulkResult, bulk};
pub use by_rule::mute_by_rule;
pub use confirm::ask_again;
pub use hashing::Hasher;
pub use invites::{end_invite, invite_of_code, invites, make_invite};
pub use links::{ask_for_reset, check_link, end_restored_links, make_link, reset_link, reset_password, use_link};
pub use moderation::{BAN_IS_OVER, approve, ban, end_bans_that_are_over, keep_sanction, mute, sign_out_everywhere, unban, unmute, warn};
pub(in crate::members) use profile::store_account;
pub use profile::{NAME_KEYS, account, change_account, change_password};
pub use reading::{
    AdminMember, AdminMemberDetail, MemberFilter, account_detail, accounts, count_waiting, find_members, looker, member, member_named,
    members_by_ids, profiles, render,
};
pub use removal::{delete_account, delete_member, turn_down};
pub use roles::{built_in_role, change_role, delete_role, ensure_built_in_roles, make_role, role_handles, role_names, roles, set_roles};
pub use sessions::{Sessions, clean_sessions, end_other_sessions, end_session, make_session, sessions_of, sessions_over};
#[cfg(test)]
pub(in crate::members) use sign_in::admit;
pub use sign_in::{SignIn, banned_at_the_door, enter_demo, sign_in, sign_out};
pub use tokens::{MadeToken, api_tokens, make_api_token};

use super::events::MemberEvent;
use super::model::{Line, MemberRow};
use super::notices::{Notice, Notices};
use super::store;
use crate::access::{Actor, Ground};
use crate::config::{Config, TlsMode};
use crate::error::{Error, Found, Result};
use crate::ids::{LetterId, MemberId, SessionId};
use crate::live::{Effect, LogId};
use crate::mail::Letter;
use crate::storage::{Act, Announcement, Conn, LogEntry, Tx, record};

/// What the slice's handlers need beside the ground: `web::Data<Members>`.
#[derive(Clone, Debug)]
pub struct Members {
    /// Finds actors, and knows when sessions were last used.
    pub sessions: Arc<Sessions>,
    /// Who hears what happens here.
    pub notices: Notices,
    /// Makes and checks hashes of passwords.
    pub hasher: Hasher,
}

impl Members {
    /// With as many hashes at once as `cores`.
    ///
    /// # Errors
    /// When the machine has no randomness.
    pub fn new(sessions: Arc<Sessions>, notices: Notices, cores: usize) -> Result<Self> {
        Ok(Self { sessions, notices, hasher: Hasher::new(cores) })
    }
}

/// Writes a letter: `kind` is what sort of letter, `url` what it is about.
fn write_letter(tx: &mut Tx<'_>, ground: &Ground, kind: Letters, to: &Addressee, url: &str) -> Result<LetterId> {
    let settings = ground.settings.get();
    let language = if to.language.is_empty() { &settings.default_language } else { &to.language };
    let (stored_as, subject, body) = match kind {
        Letters::Reset => ("members.reset", "members.letter_reset_subject", "members.letter_reset"),
        Letters::Approved => ("members.approved", "members.letter_approved_subject", "members.letter_approved"),
    };
    let values = [("name", to.name.as_str()), ("community", settings.community_name.as_str()), ("url", url)];
    let say = |key| ground.words.t(language, key, &values);
    let (subject, text) = (say(subject), say(body));
    ground.mailer.post(tx, &Letter { kind: stored_as, member: to.member, to: to.email.clone(), subject, text, html: String::new() })
}

/// The letters of this slice.
#[derive(Clone, Copy)]
enum Letters {
    Reset,
    Approved,
}

/// The address under which people reach the community, without a slash at the end.
#[must_use]
pub fn site_address(config: &Config) -> String {
    config.public_url.clone().unwrap_or_else(|| {
        let scheme = if config.tls == TlsMode::Off { "http" } else { "https" };
        format!("{scheme}://{}", config.listen)
    })
}

/// The mail address of a member, where they gave one.
///
/// # Errors
/// When the database cannot be read.
pub fn address_of(conn: &mut Conn, member: MemberId) -> Result<Option<String>> {
    Ok(store::members::by_id(conn, member)?.and_then(|row| row.email))
}

/// To whom a letter goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressee {
    /// Who it is; nobody where an address alone is known.
    pub member: Option<MemberId>,
    /// Their mail address.
    pub email: String,
    /// Their name.
    pub name: String,
    /// Their language; empty: the community's.
    pub language: String,
    /// IANA name of their time zone, or empty.
    pub time_zone: String,
}

/// A member as one writes to them; none where they gave no address, or are gone.
///
/// # Errors
/// When the database cannot be read.
pub fn addressee(conn: &mut Conn, member: MemberId) -> Result<Option<Addressee>> {
    Ok(store::members::by_id(conn, member)?.and_then(addressed))
}

fn addressed(row: MemberRow) -> Option<Addressee> {
    let (member, name, language, time_zone) = (Some(row.id), row.display_name, row.language, row.time_zone);
    row.email.map(|email| Addressee { member, email, name, language, time_zone })
}

/// Writes an event to a member's own log.
fn announce(tx: &mut Tx<'_>, member: MemberId, by: Option<MemberId>, subject: i64, event: &MemberEvent, effect: Effect) -> Result<()> {
    let entry = if matches!(event, MemberEvent::MeChanged { .. }) { LogEntry::WithoutWords } else { LogEntry::Whole };
    let (kind, subject, event) = (event.number(), Some(subject), serde_json::to_string(event)?);
    let what = Announcement { kind, actor: by, subject, event, entry, effect, instead: Vec::new() };
    tx.announce(LogId::Member(member), what)?;
    Ok(())
}

/// Tells a member, and everyone who sees them, that they look different now.
fn announce_look(tx: &mut Tx<'_>, notices: &Notices, member: MemberId, by: Option<MemberId>) -> Result<()> {
    let row = store::members::by_id(tx, member)?.found()?;
    let now = tx.now();
    let me = store::members::with_roles(tx, vec![row], now)?.pop().ok_or_else(|| Error::broken("a member without a profile"))?;
    announce(tx, member, by, member.0, &MemberEvent::MeChanged { me }, Effect::None)?;
    notices.tell(tx, Notice::MemberChanged { member })
}

/// Tells a member what they may do now.
fn announce_rights(tx: &mut Tx<'_>, member: MemberId, by: Option<MemberId>) -> Result<()> {
    let row = store::members::by_id(tx, member)?.found()?;
    let roles = store::roles::ids_of(tx, &[member])?.remove(&member).unwrap_or_default();
    let now = tx.now();
    let muted_until = row.muted_until.filter(|until| *until > now);
    announce(tx, member, by, member.0, &MemberEvent::RightsChanged { roles, permissions: row.permissions(), muted_until }, Effect::None)
}

/// Tells that sessions are over; their connections close.
fn announce_ended(tx: &mut Tx<'_>, member: MemberId, by: Option<MemberId>, sessions: &[SessionId]) -> Result<()> {
    for session in sessions {
        announce(tx, member, by, session.0, &MemberEvent::SessionEnded { session: *session }, Effect::EndSession(*session))?;
    }
    Ok(())
}

/// Leaves a trace of an act on a member.
fn trace(
    tx: &mut Tx<'_>,
    actor: &Actor,
    act: &'static str,
    member: MemberId,
    after: Option<serde_json::Value>,
    reason: Option<&str>,
) -> Result<()> {
    record(
        tx,
        &Act {
            actor: actor.member,
            act,
            subject_kind: "member",
            subject: member.to_string(),
            before: None,
            after,
            reason,
            address: actor.address,
        },
    )?;
    Ok(())
}

/// The reason of an act, as its actor wrote it: at most 500 characters.
fn reason(text: &str) -> Result<String> {
    Ok(Line::parse(text, 500, "reason", "members.reason_shape")?.into_string())
}

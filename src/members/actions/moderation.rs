//! Bans, mutes, warnings, approvals: each leaves a trace, and whom it concerns is told.

use serde_json::json;

use super::roles::check_not_last_owner;
use super::sessions::{EVERY_KIND, end_all};
use super::{Letters, Members, addressee, announce_look, announce_rights, reason, site_address, store, trace, write_letter};
use crate::access::{Actor, Ground};
use crate::clock::Millis;
use crate::error::{Error, Found, Result};
use crate::ids::{MemberId, SanctionId};
use crate::members::model::{MemberState, Removed, SanctionKind, Terms};
use crate::members::notices::Notice;
use crate::members::policy::{BanMember, DecideSignUp, ManageMember, MuteMember};
use crate::storage::{Act, Tx, record};

/// The longest mute: a year.
const LONGEST_MUTE: Millis = 366 * 86_400_000;
/// The longest ban that ends: a hundred years.
const LONGEST_BAN: Millis = 100 * 366 * 86_400_000;

/// Why the program itself lifts a ban, as the audit log keeps it.
pub const BAN_IS_OVER: &str = "the time of the ban is over";

/// Shuts a member out, for ever or until a time: all sessions end and their connections close.
///
/// # Errors
/// `members.until_past`, `members.ban_far`, `members.reason_shape`, `members.not_active`, `members.last_owner`.
pub fn ban(tx: &mut Tx<'_>, may: &BanMember, actor: &Actor, members: &Members, terms: &Terms<'_>) -> Result<SanctionId> {
    let (why, until) = (reason(terms.reason)?, terms.until);
    if until.is_some_and(|until| until <= tx.now()) {
        return Err(Error::invalid("until", "members.until_past"));
    }
    if until.is_some_and(|until| until > tx.now() + LONGEST_BAN) {
        return Err(Error::invalid("until", "members.ban_far"));
    }
    members.notices.tell(tx, Notice::MemberLeaves { member: may.member() })?;
    check_not_last_owner(tx, may.member())?;
    if !store::members::move_state(tx, may.member(), MemberState::Active, MemberState::Banned)? {
        return Err(Error::conflict("members.not_active"));
    }
    let terms = Terms { reason: &why, ..*terms };
    let sanction = store::sanctions::insert(tx, may.member(), SanctionKind::Ban, Some(may.by()), &terms, "")?;
    // What follows holds the logs of several members, and those are held before one of them is written to.
    members.notices.tell(tx, Notice::MemberRemoved { member: may.member(), reason: Removed::Banned })?;
    end_all(tx, may.member(), Some(may.by()), None, &EVERY_KIND)?;
    trace(tx, actor, "members.ban", may.member(), Some(json!({ "until": until })), Some(&why))?;
    announce_look(tx, &members.notices, may.member(), Some(may.by()))?;
    members.notices.tell(tx, Notice::Sanctioned { member: may.member(), sanction })?;
    Ok(sanction)
}

/// Lets a banned member in again.
///
/// # Errors
/// `members.not_banned`.
pub fn unban(tx: &mut Tx<'_>, may: &BanMember, actor: &Actor, members: &Members) -> Result<()> {
    if !lift_ban(tx, members, may.member(), Some(may.by()))? {
        return Err(Error::conflict("members.not_banned"));
    }
    trace(tx, actor, "members.unban", may.member(), None, None)
}

pub(super) fn lift_ban(tx: &mut Tx<'_>, members: &Members, member: MemberId, by: Option<MemberId>) -> Result<bool> {
    if !store::members::move_state(tx, member, MemberState::Banned, MemberState::Active)? {
        return Ok(false);
    }
    store::sanctions::lift(tx, member, SanctionKind::Ban)?;
    members.notices.tell(tx, Notice::MemberReturned { member })?;
    announce_look(tx, &members.notices, member, by)?;
    Ok(true)
}

/// Lifts the ban of a member whose time is over; says whether it did.
pub(super) fn end_ban_if_over(tx: &mut Tx<'_>, members: &Members, member: MemberId) -> Result<bool> {
    let now = tx.now();
    let is_over = store::sanctions::unlifted(tx, member, SanctionKind::Ban)?.is_some_and(|ban| ban.until.is_some_and(|until| until <= now));
    if !is_over || !lift_ban(tx, members, member, None)? {
        return Ok(false);
    }
    let act = Act {
        actor: None,
        act: "members.unban",
        subject_kind: "member",
        subject: member.to_string(),
        before: None,
        after: None,
        reason: Some(BAN_IS_OVER),
        address: None,
    };
    record(tx, &act)?;
    Ok(true)
}

/// Lifts every ban whose time is over, at most 100 at once; called by a timer.
///
/// # Errors
/// When the database refuses.
pub fn end_bans_that_are_over(tx: &mut Tx<'_>, members: &Members) -> Result<()> {
    let now = tx.now();
    for member in store::sanctions::bans_over(tx, now, 100)? {
        end_ban_if_over(tx, members, member)?;
    }
    Ok(())
}

/// Keeps a member from writing until a time.
///
/// # Errors
/// `members.until_past`, `members.until_far`, `members.reason_shape`, `members.not_active`.
pub fn mute(tx: &mut Tx<'_>, may: &MuteMember, actor: &Actor, members: &Members, terms: &Terms<'_>) -> Result<SanctionId> {
    let why = reason(terms.reason)?;
    let until = terms.until.filter(|until| *until > tx.now()).ok_or(Error::invalid("until", "members.until_past"))?;
    if until > tx.now() + LONGEST_MUTE {
        return Err(Error::invalid("until", "members.until_far"));
    }
    must_be_active(tx, may.member())?;
    store::sanctions::lift(tx, may.member(), SanctionKind::Mute)?;
    let terms = Terms { reason: &why, ..*terms };
    let sanction = store::sanctions::insert(tx, may.member(), SanctionKind::Mute, Some(may.by()), &terms, "")?;
    store::members::set_mute(tx, may.member(), Some(until))?;
    trace(tx, actor, "members.mute", may.member(), Some(json!({ "until": until })), Some(&why))?;
    announce_rights(tx, may.member(), Some(may.by()))?;
    members.notices.tell(tx, Notice::Sanctioned { member: may.member(), sanction })?;
    Ok(sanction)
}

fn must_be_active(tx: &mut Tx<'_>, member: MemberId) -> Result<()> {
    let is_active = store::members::by_id(tx, member)?.found()?.state() == MemberState::Active;
    if is_active { Ok(()) } else { Err(Error::conflict("members.not_active")) }
}

/// Tells a member that something was wrong.
///
/// # Errors
/// `members.reason_shape`, `members.not_active`.
pub fn warn(tx: &mut Tx<'_>, may: &MuteMember, actor: &Actor, members: &Members, terms: &Terms<'_>) -> Result<SanctionId> {
    let why = reason(terms.reason)?;
    must_be_active(tx, may.member())?;
    trace(tx, actor, "members.warn", may.member(), None, Some(&why))?;
    keep_sanction(tx, may, members, SanctionKind::Warning, &Terms { reason: &why, ..*terms })
}

/// Keeps what was done to a member elsewhere, and tells them; whoever does it leaves the trace.
///
/// # Errors
/// `members.reason_shape`.
pub fn keep_sanction(tx: &mut Tx<'_>, may: &MuteMember, members: &Members, kind: SanctionKind, terms: &Terms<'_>) -> Result<SanctionId> {
    let why = reason(terms.reason)?;
    let sanction = store::sanctions::insert(tx, may.member(), kind, Some(may.by()), &Terms { reason: &why, ..*terms }, "")?;
    members.notices.tell(tx, Notice::Sanctioned { member: may.member(), sanction })?;
    Ok(sanction)
}

/// Lets a muted member write again.
///
/// # Errors
/// `members.not_muted`.
pub fn unmute(tx: &mut Tx<'_>, may: &MuteMember, actor: &Actor) -> Result<()> {
    let row = store::members::by_id(tx, may.member())?.found()?;
    if row.muted_until.is_none_or(|until| until <= tx.now()) {
        return Err(Error::conflict("members.not_muted"));
    }
    store::sanctions::lift(tx, may.member(), SanctionKind::Mute)?;
    store::members::set_mute(tx, may.member(), None)?;
    trace(tx, actor, "members.unmute", may.member(), None, None)?;
    announce_rights(tx, may.member(), Some(may.by()))
}

/// Ends every session and token of a member.
///
/// # Errors
/// When the database refuses.
pub fn sign_out_everywhere(tx: &mut Tx<'_>, may: &ManageMember, actor: &Actor) -> Result<()> {
    let ended = end_all(tx, may.member(), Some(may.by()), None, &EVERY_KIND)?;
    trace(tx, actor, "members.sign_out", may.member(), Some(json!({ "sessions": ended })), None)
}

/// Says yes to somebody who waits; a letter tells them when they gave an address.
///
/// # Errors
/// `members.not_pending`.
pub fn approve(tx: &mut Tx<'_>, may: &DecideSignUp, actor: &Actor, members: &Members, ground: &Ground) -> Result<()> {
    if !store::members::move_state(tx, may.member(), MemberState::Pending, MemberState::Active)? {
        return Err(Error::conflict("members.not_pending"));
    }
    trace(tx, actor, "members.approve", may.member(), None, None)?;
    members.notices.tell(tx, Notice::MemberJoined { member: may.member() })?;
    if let Some(to) = addressee(tx, may.member())? {
        write_letter(tx, ground, Letters::Approved, &to, &format!("{}/sign-in", site_address(&ground.config)))?;
    }
    announce_look(tx, &members.notices, may.member(), Some(may.by()))
}

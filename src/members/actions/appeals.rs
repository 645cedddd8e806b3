//! What was done to members as they are told of it, and their appeals: each once, decided by somebody else where there is one.

use serde_json::json;

use super::moderation::lift_ban;
use super::reading::MOST_SANCTIONS;
use super::{Members, announce_rights, reason, store, trace};
use crate::access::{Actor, Page};
use crate::clock::Millis;
use crate::error::{Error, Found, Result};
use crate::ids::{MemberId, SanctionId};
use crate::members::model::{APPEAL_CHARACTERS, MemberState, SanctionKind, SanctionRow, ToldSanction};
use crate::members::notices::Notice;
use crate::members::policy::DecideAppeal;
use crate::storage::{Conn, Tx, hold_members};
use crate::text::clean_paragraphs;

/// One sanction.
///
/// # Errors
/// [`Error::NotFound`] when there is none.
pub fn sanction(conn: &mut Conn, id: SanctionId) -> Result<SanctionRow> {
    store::sanctions::by_id(conn, id)?.found()
}

/// What was done, as its member is told; none where there is no such thing, or nobody any more to whom it was done.
///
/// # Errors
/// When the database cannot be read.
pub fn told_sanction(conn: &mut Conn, id: SanctionId, now: Millis) -> Result<Option<ToldSanction>> {
    let Some(row) = store::sanctions::by_id(conn, id)? else { return Ok(None) };
    Ok((!is_gone(conn, row.member)?).then(|| row.told(now)))
}

fn is_gone(conn: &mut Conn, member: MemberId) -> Result<bool> {
    Ok(store::members::by_id(conn, member)?.is_none_or(|row| row.state() == MemberState::Deleted))
}

/// What was done to a member, newest first, at most 100.
///
/// # Errors
/// When the database cannot be read.
pub fn sanctions_of(conn: &mut Conn, member: MemberId) -> Result<Vec<SanctionRow>> {
    store::sanctions::of_member(conn, member, MOST_SANCTIONS)
}

/// The ban that shuts a member out now.
///
/// # Errors
/// When the database cannot be read.
pub fn ban_in_force(conn: &mut Conn, member: MemberId, now: Millis) -> Result<Option<SanctionRow>> {
    let is_out = store::members::by_id(conn, member)?.is_some_and(|row| row.state() == MemberState::Banned);
    Ok(store::sanctions::unlifted(conn, member, SanctionKind::Ban)?.filter(|ban| is_out && ban.is_in_force(now)))
}

/// How many things a member was told and has not seen.
///
/// # Errors
/// When the database cannot be read.
pub fn unseen_sanctions(conn: &mut Conn, member: MemberId) -> Result<i64> {
    store::sanctions::count_unseen(conn, member)
}

/// A member has seen what they were told until then.
///
/// # Errors
/// When the database refuses.
pub fn see_sanctions(tx: &mut Tx<'_>, member: MemberId, until: Millis) -> Result<()> {
    store::sanctions::mark_seen(tx, member, until)
}

/// Asks to look again at what was done, in the words of whom it was done to: the caller has shown that it is they who ask.
///
/// # Errors
/// `members.appeal_words`; 409 `members.appealed_already`, `members.appeal_over` where nothing is left to lift.
pub fn appeal(tx: &mut Tx<'_>, id: SanctionId, words: &str) -> Result<()> {
    let words = clean_paragraphs(words, 1, APPEAL_CHARACTERS, "words", "members.appeal_words")?;
    let row = sanction(tx, id)?;
    if row.appealed_at.is_some() {
        return Err(Error::conflict("members.appealed_already"));
    }
    if !row.may_be_appealed(tx.now()) {
        return Err(Error::conflict("members.appeal_over"));
    }
    if !store::sanctions::appeal(tx, id, &words)? {
        return Err(Error::conflict("members.appealed_already"));
    }
    // Whoever goes meanwhile takes their words along. The row comes first, as for those who lift what stands in it.
    hold_members(tx, &[row.member])?;
    if is_gone(tx, row.member)? { Err(Error::conflict("members.appeal_over")) } else { Ok(()) }
}

/// A page of appeals for `viewer`, newest first: nobody sees their own among those that they decide.
///
/// # Errors
/// When the database cannot be read.
pub fn appeals(
    conn: &mut Conn,
    viewer: MemberId,
    decided: bool,
    before: Option<SanctionId>,
    limit: i64,
    now: Millis,
) -> Result<Page<SanctionRow>> {
    let rows = store::sanctions::appealed(conn, viewer, decided, before, limit + 1, now)?;
    Ok(Page::of(rows, limit, |row| row.id.to_string()))
}

/// How many appeals wait for `viewer`.
///
/// # Errors
/// When the database cannot be read.
pub fn open_appeals(conn: &mut Conn, viewer: MemberId, now: Millis) -> Result<i64> {
    store::sanctions::count_appealed(conn, viewer, now)
}

/// Decides an appeal: what was done stays, or is lifted as far as it can be.
///
/// # Errors
/// `members.reason_shape` on `answer`, 409 `members.appeal_decided`, `members.appeal_over` of what does not hold any more.
pub fn decide_appeal(tx: &mut Tx<'_>, may: &DecideAppeal, actor: &Actor, members: &Members, lifts: bool, answer: &str) -> Result<()> {
    let answer = reason(answer).map_err(|_| Error::invalid("answer", "members.reason_shape"))?;
    let row = may.sanction();
    if row.decided_at.is_none() && !row.is_open_to_appeal(tx.now()) {
        return Err(Error::conflict("members.appeal_over"));
    }
    // In the order of those who lift without an appeal: first the member's row.
    if lifts {
        lift(tx, may, members)?;
    }
    if !store::sanctions::decide(tx, row.id, may.by(), !lifts, &answer)? {
        return Err(Error::conflict("members.appeal_decided"));
    }
    let mut after = json!({ "sanction": row.kind().name() });
    if may.is_same_person() {
        after["same_person"] = json!(true);
    }
    trace(tx, actor, if lifts { "appeals.lift" } else { "appeals.uphold" }, row.member, Some(after), Some(&answer))?;
    members.notices.tell(tx, Notice::AppealDecided { member: row.member, sanction: row.id })
}

fn lift(tx: &mut Tx<'_>, may: &DecideAppeal, members: &Members) -> Result<()> {
    let (row, by) = (may.sanction(), Some(may.by()));
    let held = row.is_in_force(tx.now());
    if held && row.kind() == SanctionKind::Ban {
        lift_ban(tx, members, row.member, by)?;
    }
    let lifted = store::sanctions::lift_one(tx, row.id)?;
    if held && row.kind() == SanctionKind::Mute {
        // Whoever mutes anew lifts this one first: then it is theirs that holds, and nobody is told that they may write again.
        if !lifted {
            return Err(Error::conflict("members.appeal_over"));
        }
        store::members::set_mute(tx, row.member, None)?;
        announce_rights(tx, row.member, by)?;
    }
    Ok(())
}

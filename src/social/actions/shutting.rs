//! Keeping somebody out and letting them back: blocks, mutes, the lists of always and never.

use super::requests::end_request;
use super::{announce, hold, set};
use crate::error::{Error, Result};
use crate::ids::MemberId;
use crate::social::events::SocialEvent;
use crate::social::model::{Edge, Edges, Outcome};
use crate::social::notices::{Notice, Social};
use crate::social::policy::RelateTo;
use crate::social::store;
use crate::storage::{Conn, Tx};

/// Without what a shut door ends.
const fn shut(edges: Edges) -> Edges {
    edges.with(Edge::Always, false).with(Edge::Admits, false).with(Edge::Once, false)
}

/// Stores my edges, and tells when somebody is shut out by them who was not, or the other way round.
fn turn(tx: &mut Tx<'_>, social: &Social, me: MemberId, other: MemberId, before: Edges, after: Edges) -> Result<()> {
    set(tx, me, other, after)?;
    match (before.shuts_out(), after.shuts_out()) {
        (false, true) => {
            for request in store::requests::open_between(tx, other, me)? {
                end_request(tx, &request, Outcome::Blocked)?;
            }
            social.tell(tx, Notice::ShutOut { member: me, other })
        }
        (true, false) => social.tell(tx, Notice::LetBack { member: me, other }),
        _ => Ok(()),
    }
}

/// Blocks somebody. What they see does not change.
///
/// # Errors
/// When the database refuses.
pub fn block(tx: &mut Tx<'_>, may: &RelateTo, social: &Social) -> Result<()> {
    block_member(tx, may.member(), may.other(), social)
}

/// [`block`] without the question whether one may.
pub(super) fn block_member(tx: &mut Tx<'_>, me: MemberId, other: MemberId, social: &Social) -> Result<()> {
    let mine = hold(tx, me, other)?.mine;
    if mine.has(Edge::Blocks) {
        return Ok(());
    }
    turn(tx, social, me, other, mine, shut(mine).with(Edge::Blocks, true))?;
    announce(tx, me, &SocialEvent::Blocked { member: other }, me)
}

/// Lifts a block.
///
/// # Errors
/// When the database refuses.
pub fn unblock(tx: &mut Tx<'_>, may: &RelateTo, social: &Social) -> Result<()> {
    let (me, other) = (may.member(), may.other());
    let mine = hold(tx, me, other)?.mine;
    if !mine.has(Edge::Blocks) {
        return Ok(());
    }
    turn(tx, social, me, other, mine, mine.with(Edge::Blocks, false))?;
    announce(tx, me, &SocialEvent::Unblocked { member: other }, me)
}

/// Mutes somebody, or hears of them again.
///
/// # Errors
/// When the database refuses.
pub fn mute(tx: &mut Tx<'_>, may: &RelateTo, is: bool) -> Result<()> {
    let (member, me) = (may.other(), may.member());
    let mine = hold(tx, me, member)?.mine;
    if mine.has(Edge::Mutes) == is {
        return Ok(());
    }
    set(tx, me, member, mine.with(Edge::Mutes, is))?;
    announce(tx, me, &if is { SocialEvent::Muted { member } } else { SocialEvent::Unmuted { member } }, me)
}

/// Puts somebody on the list of those who may always reach me, or takes them off.
///
/// # Errors
/// `social.you_block`.
pub fn set_always(tx: &mut Tx<'_>, may: &RelateTo, social: &Social, is: bool) -> Result<()> {
    let (me, other) = (may.member(), may.other());
    let mine = hold(tx, me, other)?.mine;
    if is && mine.has(Edge::Blocks) {
        return Err(Error::conflict("social.you_block"));
    }
    let after = if is { mine.with(Edge::Always, true).with(Edge::Never, false) } else { mine.with(Edge::Always, false) };
    if after == mine { Ok(()) } else { turn(tx, social, me, other, mine, after) }
}

/// Puts somebody on the list of those who may never reach me, or takes them off.
///
/// # Errors
/// When the database refuses.
pub fn set_never(tx: &mut Tx<'_>, may: &RelateTo, social: &Social, is: bool) -> Result<()> {
    let (me, other) = (may.member(), may.other());
    let mine = hold(tx, me, other)?.mine;
    let after = if is { shut(mine).with(Edge::Never, true) } else { mine.with(Edge::Never, false) };
    if after == mine { Ok(()) } else { turn(tx, social, me, other, mine, after) }
}

/// Does a member shut another out?
///
/// # Errors
/// When the database cannot be read.
pub fn is_shut_out(conn: &mut Conn, by: MemberId, other: MemberId) -> Result<bool> {
    Ok(store::relations::between(conn, by, other)?.mine.shuts_out())
}

/// Notes whether a member was in the conversation with somebody when they shut them out, or asks for it and forgets it.
///
/// # Errors
/// When the database refuses.
pub fn suspend(tx: &mut Tx<'_>, member: MemberId, other: MemberId, is: bool) -> Result<bool> {
    let mine = store::relations::between(tx, member, other)?.mine;
    let was = mine.has(Edge::Suspended);
    if was != is {
        set(tx, member, other, mine.with(Edge::Suspended, is))?;
    }
    Ok(was)
}

/// Makes one block another.
///
/// # Errors
/// When the database refuses.
pub fn place_block(tx: &mut Tx<'_>, me: MemberId, other: MemberId, social: &Social) -> Result<()> {
    block_member(tx, me, other, social)
}

//! Keeping somebody out and letting them back: blocks, mutes, the lists of always and never.

use super::requests::{admit_waiting, end_request};
use super::yeses::see_yes;
use super::{announce, hold, must_have_place, set, set_listed};
use crate::error::{Error, Result};
use crate::ids::MemberId;
use crate::social::events::SocialEvent;
use crate::social::model::{ContactState, Edge, Edges, FollowState, Outcome, Relation, RequestKind, RequestRow};
use crate::social::notices::{Notice, Social};
use crate::social::policy::RelateTo;
use crate::social::store;
use crate::storage::{Conn, Tx};

/// Without what a shut door ends.
const fn shut(edges: Edges) -> Edges {
    edges.with(Edge::Always, false).with(Edge::Admits, false).without_once()
}

/// Stores my edges, and tells when somebody is shut out by them who was not, or the other way round.
fn turn(tx: &mut Tx<'_>, social: &Social, me: MemberId, other: MemberId, before: Relation, after: Edges) -> Result<()> {
    match (before.mine.shuts_out(), after.shuts_out()) {
        (false, true) => {
            for request in store::requests::open_between(tx, other, me)? {
                end_request(tx, &request, Outcome::Blocked)?;
            }
            let after = withdraw_mine(tx, me, other, after)?;
            see_yes(tx, me, other)?;
            set_listed(tx, me, other, before.mine, after)?;
            social.tell(tx, Notice::ShutOut { member: me, other })
        }
        (true, false) => {
            // What ended stays so. They may think that they ask still: when they ask anew, it waits.
            set_listed(tx, me, other, before.mine, after.with(Edge::Drops, before.theirs.has(Edge::AskedContact)))?;
            social.tell(tx, Notice::LetBack { member: me, other })
        }
        _ => set_listed(tx, me, other, before.mine, after),
    }
}

/// What would bring me and somebody whom I shut out together is taken back: wishes to be a contact and to follow. My words and invitations
/// go on waiting in their inbox, since words that vanish tell of a block, and a yes to them leads to nobody who hears. Answers my edges
/// after it.
fn withdraw_mine(tx: &mut Tx<'_>, me: MemberId, other: MemberId, edges: Edges) -> Result<Edges> {
    let leads_to_me = |row: &RequestRow| matches!(RequestKind::from_number(row.kind), RequestKind::Contact | RequestKind::Follow);
    for request in store::requests::open_between(tx, me, other)?.into_iter().filter(leads_to_me) {
        end_request(tx, &request, Outcome::Withdrawn)?;
    }
    if edges.has(Edge::AskedContact) {
        announce(tx, me, &SocialEvent::ContactChanged { member: other, state: ContactState::None }, me)?;
    }
    if edges.has(Edge::AskedFollow) {
        announce(tx, me, &SocialEvent::FollowChanged { member: other, state: FollowState::None }, me)?;
    }
    Ok(edges.with(Edge::AskedContact, false).with(Edge::AskedFollow, false))
}

/// Blocks somebody. What they see does not change.
///
/// # Errors
/// `social.not_there`.
pub fn block(tx: &mut Tx<'_>, may: &RelateTo, social: &Social) -> Result<()> {
    may.must_not_be_gone()?;
    block_member(tx, may.member(), may.other(), social)
}

/// [`block`] without the question whether one may.
pub(super) fn block_member(tx: &mut Tx<'_>, me: MemberId, other: MemberId, social: &Social) -> Result<()> {
    let before = hold(tx, me, other)?;
    let mine = before.mine;
    if mine.has(Edge::Blocks) {
        return Ok(());
    }
    turn(tx, social, me, other, before, shut(mine).with(Edge::Blocks, true))?;
    announce(tx, me, &SocialEvent::Blocked { member: other }, me)
}

/// Lifts a block.
///
/// # Errors
/// When the database refuses.
pub fn unblock(tx: &mut Tx<'_>, may: &RelateTo, social: &Social) -> Result<()> {
    let (me, other) = (may.member(), may.other());
    let before = hold(tx, me, other)?;
    if !before.mine.has(Edge::Blocks) {
        return Ok(());
    }
    turn(tx, social, me, other, before, before.mine.with(Edge::Blocks, false))?;
    announce(tx, me, &SocialEvent::Unblocked { member: other }, me)
}

/// Mutes somebody.
///
/// # Errors
/// `social.not_there`, `social.too_many_people`.
pub fn mute(tx: &mut Tx<'_>, may: &RelateTo, most: usize) -> Result<()> {
    may.must_not_be_gone()?;
    let (member, me) = (may.other(), may.member());
    let mine = hold(tx, me, member)?.mine;
    if mine.has(Edge::Mutes) {
        return Ok(());
    }
    must_have_place(tx, me, mine, most)?;
    set(tx, me, member, mine.with(Edge::Mutes, true))?;
    announce(tx, me, &SocialEvent::Muted { member }, me)
}

/// Hears of somebody again.
///
/// # Errors
/// When the database refuses.
pub fn unmute(tx: &mut Tx<'_>, may: &RelateTo) -> Result<()> {
    let (member, me) = (may.other(), may.member());
    let mine = hold(tx, me, member)?.mine;
    if !mine.has(Edge::Mutes) {
        return Ok(());
    }
    set(tx, me, member, mine.with(Edge::Mutes, false))?;
    announce(tx, me, &SocialEvent::Unmuted { member }, me)
}

/// Puts somebody on the list of those who may always reach me.
///
/// # Errors
/// `social.not_there`, `social.you_block`, `social.too_many_people`.
pub fn add_always(tx: &mut Tx<'_>, may: &RelateTo, social: &Social, most: usize) -> Result<()> {
    may.must_not_be_gone()?;
    let (me, other) = (may.member(), may.other());
    let before = hold(tx, me, other)?;
    if before.mine.has(Edge::Blocks) {
        return Err(Error::conflict("social.you_block"));
    }
    must_have_place(tx, me, before.mine, most)?;
    let after = before.mine.with(Edge::Always, true).with(Edge::Never, false);
    if after == before.mine {
        return Ok(());
    }
    turn(tx, social, me, other, before, after)?;
    admit_waiting(tx, me, other, social)
}

/// Takes somebody off the list of those who may always reach me.
///
/// # Errors
/// When the database refuses.
pub fn remove_always(tx: &mut Tx<'_>, may: &RelateTo, social: &Social) -> Result<()> {
    let (me, other) = (may.member(), may.other());
    let before = hold(tx, me, other)?;
    let after = before.mine.with(Edge::Always, false);
    if after == before.mine { Ok(()) } else { turn(tx, social, me, other, before, after) }
}

/// Puts somebody on the list of those who may never reach me, or takes them off.
///
/// # Errors
/// `social.not_there`.
pub fn set_never(tx: &mut Tx<'_>, may: &RelateTo, social: &Social, is: bool) -> Result<()> {
    if is {
        may.must_not_be_gone()?;
    }
    let (me, other) = (may.member(), may.other());
    let before = hold(tx, me, other)?;
    let mine = before.mine;
    let after = if is { shut(mine).with(Edge::Never, true) } else { mine.with(Edge::Never, false) };
    if after == mine { Ok(()) } else { turn(tx, social, me, other, before, after) }
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

//! Following: one way, and with a yes where the other wants to be asked.

use super::requests::{NewRequest, admit_waiting, ask, end_request, find_open};
use super::{Limits, announce, hold, must_have_place, set};
use crate::error::{Error, Result};
use crate::ids::MemberId;
use crate::settings::Settings;
use crate::social::events::SocialEvent;
use crate::social::model::{Edge, FollowState, Outcome, Relation, RequestKind};
use crate::social::notices::Social;
use crate::social::policy::{Approach, RelateTo};
use crate::social::store;
use crate::storage::Tx;

/// Follows somebody, or asks to.
///
/// # Errors
/// `social.not_there`, `social.you_block`, `social.too_many_people`, 429 `social.too_many_requests`, `social.too_many_to_one`.
pub fn follow(tx: &mut Tx<'_>, may: &Approach, settings: &Settings, limits: Limits, social: &Social) -> Result<FollowState> {
    let may = may.relation();
    let (me, other) = (may.member(), may.other());
    let relation = hold(tx, me, other)?;
    if relation.follow() != FollowState::None {
        return Ok(relation.follow());
    }
    may.must_be_there()?;
    if relation.mine.has(Edge::Blocks) {
        return Err(Error::conflict("social.you_block"));
    }
    must_have_place(tx, me, relation.mine, limits.people)?;
    let asks = store::reach::of(tx, other, settings)?.is_some_and(|(reach, _)| reach.asks_before_follow);
    if !asks {
        begin(tx, me, other, relation, me)?;
        admit_waiting(tx, me, other, social)?;
        return Ok(FollowState::Following);
    }
    ask(tx, me, &NewRequest::of(RequestKind::Follow, other, !relation.theirs.shuts_out()), Some(limits.requests))?;
    set(tx, me, other, relation.mine.with(Edge::AskedFollow, true))?;
    announce(tx, me, &SocialEvent::FollowChanged { member: other, state: FollowState::Asked }, me)?;
    Ok(FollowState::Asked)
}

/// `follower` follows from now on. `relation.mine` are the edges of the follower.
pub(super) fn begin(tx: &mut Tx<'_>, follower: MemberId, other: MemberId, relation: Relation, actor: MemberId) -> Result<()> {
    set(tx, follower, other, relation.mine.with(Edge::Follows, true).with(Edge::AskedFollow, false))?;
    announce(tx, follower, &SocialEvent::FollowChanged { member: other, state: FollowState::Following }, actor)?;
    if !relation.theirs.shuts_out() {
        announce(tx, other, &SocialEvent::FollowerChanged { member: follower, follows_me: true }, actor)?;
    }
    Ok(())
}

/// Follows no longer, or takes the request back.
///
/// # Errors
/// When the database refuses.
pub fn unfollow(tx: &mut Tx<'_>, may: &RelateTo) -> Result<FollowState> {
    let (me, other) = (may.member(), may.other());
    let relation = hold(tx, me, other)?;
    if relation.follow() == FollowState::Asked
        && let Some(request) = find_open(tx, me, other, RequestKind::Follow)?
    {
        end_request(tx, &request, Outcome::Withdrawn)?;
    }
    end(tx, me, other, relation, me)?;
    Ok(FollowState::None)
}

/// Nobody follows any longer. `relation.mine` are the edges of the follower.
fn end(tx: &mut Tx<'_>, follower: MemberId, other: MemberId, relation: Relation, actor: MemberId) -> Result<()> {
    if relation.follow() == FollowState::None {
        return Ok(());
    }
    set(tx, follower, other, relation.mine.with(Edge::Follows, false).with(Edge::AskedFollow, false))?;
    announce(tx, follower, &SocialEvent::FollowChanged { member: other, state: FollowState::None }, actor)?;
    if relation.mine.has(Edge::Follows) && !relation.theirs.shuts_out() {
        announce(tx, other, &SocialEvent::FollowerChanged { member: follower, follows_me: false }, actor)?;
    }
    Ok(())
}

/// Takes a follower away.
///
/// # Errors
/// When the database refuses.
pub fn remove_follower(tx: &mut Tx<'_>, may: &RelateTo) -> Result<()> {
    let (me, other) = (may.member(), may.other());
    let relation = hold(tx, me, other)?;
    let of_follower = Relation { mine: relation.theirs, theirs: relation.mine };
    if relation.theirs.has(Edge::Follows) { end(tx, other, me, of_follower, me) } else { Ok(()) }
}

/// Makes one follow another.
///
/// # Errors
/// When the database refuses.
pub fn place_follow(tx: &mut Tx<'_>, follower: MemberId, other: MemberId) -> Result<()> {
    let relation = hold(tx, follower, other)?;
    begin(tx, follower, other, relation, follower)
}

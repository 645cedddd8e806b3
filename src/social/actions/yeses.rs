//! A yes to whoever asked to call: that they may once, and what they are told of it, which is a yes and nothing else. What they are told stands
//! until they call, put it away, or shut out whoever gave it; what that one does afterwards takes nothing of it back, for that would tell of it.

use std::collections::BTreeMap;

use super::{announce, hold, set};
use crate::error::Result;
use crate::ids::MemberId;
use crate::members::{MemberState, Profile};
use crate::settings::Settings;
use crate::social::events::SocialEvent;
use crate::social::model::{Act, Edge, Relation, RequestKind, RequestRow, is_closed};
use crate::social::policy::RelateTo;
use crate::social::store;
use crate::storage::{Conn, Tx};

/// Most yeses that a client is told at once.
const MOST: i64 = 1_000;

/// Who said yes to a member's calls, which they have not made yet: to a voice, or to a picture as well.
pub type MayCall = BTreeMap<MemberId, RequestKind>;

/// Whose yes to a member's calls they have not seen yet.
///
/// # Errors
/// When the database cannot be read.
pub fn may_call(conn: &mut Conn, member: MemberId) -> Result<MayCall> {
    Ok(store::requests::yeses(conn, member, None, MOST)?.into_iter().collect())
}

/// The ways of ringing that are closed to whoever was told yes by this one: for everybody, or for want of a yes to a picture. `None`: they
/// cannot be called, since they are not there any more, or no way that they let is open.
pub fn closed_after(all: &MayCall, one: &Profile, settings: &Settings) -> Option<Vec<Act>> {
    let yes = all.get(&one.id).filter(|_| one.state == MemberState::Active)?;
    let ways = [Act::Call, Act::VideoCall];
    let is_shut = |act: &Act| is_closed(settings, *act) || (*yes == RequestKind::Call && *act == Act::VideoCall);
    let closed: Vec<Act> = ways.into_iter().filter(is_shut).collect();
    (closed.len() < ways.len()).then_some(closed)
}

/// Who of those who said yes can be called.
#[must_use]
pub fn to_call(all: &MayCall, people: &[Profile], settings: &Settings) -> Vec<MemberId> {
    people.iter().filter(|one| closed_after(all, one, settings).is_some()).map(|one| one.id).collect()
}

/// The yes of this one.
///
/// # Errors
/// When the database cannot be read.
pub fn yes_of(conn: &mut Conn, member: MemberId, other: MemberId) -> Result<Option<RequestKind>> {
    Ok(store::requests::yeses(conn, member, Some(other), MOST)?.pop().map(|(_, kind)| kind))
}

/// Whoever asked to call is told of the yes, whether it is for once or for good. Who shut out the other meanwhile hears nothing of them.
/// `relation.mine` are the edges of who said it.
pub(super) fn tell(tx: &mut Tx<'_>, request: &RequestRow, relation: Relation) -> Result<()> {
    let RequestRow { id, member, sender, kind, .. } = *request;
    let is_of_calls = matches!(RequestKind::from_number(kind), RequestKind::Call | RequestKind::VideoCall);
    if !is_of_calls || relation.theirs.shuts_out() {
        return Ok(());
    }
    store::requests::say_yes(tx, id)?;
    let about = yes_of(tx, sender, member)?;
    announce(tx, sender, &SocialEvent::MayCall { member, about }, member)
}

/// A member calls whoever said yes, or shuts them out: there is nothing to be told any more. Gives what they had been told, whatever the other has
/// done since. How the two stand to each other is held.
///
/// # Errors
/// When the database refuses.
pub fn see_yes(tx: &mut Tx<'_>, member: MemberId, other: MemberId) -> Result<Option<RequestKind>> {
    let told = yes_of(tx, member, other)?;
    if told.is_some() {
        store::requests::see_yeses(tx, member, other)?;
        announce(tx, member, &SocialEvent::MayCall { member: other, about: None }, member)?;
    }
    Ok(told)
}

/// A member puts the yes of another away.
///
/// # Errors
/// When the database refuses.
pub fn put_away_yes(tx: &mut Tx<'_>, may: &RelateTo) -> Result<()> {
    hold(tx, may.member(), may.other())?;
    see_yes(tx, may.member(), may.other()).map(|_| ())
}

/// A member was let through this once, and it is used now.
///
/// # Errors
/// When the database refuses.
pub fn use_once(tx: &mut Tx<'_>, from: MemberId, to: MemberId) -> Result<()> {
    if store::relations::between(tx, to, from)?.mine.has(Edge::Once) {
        let mine = hold(tx, to, from)?.mine;
        set(tx, to, from, mine.without_once())?;
    }
    Ok(())
}

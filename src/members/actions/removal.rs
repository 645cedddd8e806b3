//! Deleting accounts: what is left is a tombstone, so that what they wrote keeps its place.

use super::confirm::{confirm, my_row};
use super::roles::check_not_last_owner;
use super::sessions::{EVERY_KIND, end_all};
use super::{Members, announce_look, reason, store, trace};
use crate::access::{Actor, Ground, Visitor};
use crate::error::{Error, Found, Result};
use crate::ids::MemberId;
use crate::mail::forget_letters_to;
use crate::members::model::{MemberState, Removed};
use crate::members::notices::Notice;
use crate::members::policy::{ChangeMe, DecideSignUp, ManageMember};
use crate::storage::{Tx, forget_answers_to};

/// Leaves a tombstone: names, profile, address and password are gone, sessions and links over, invites taken back, appeals, letters and kept
/// answers forgotten.
fn bury(tx: &mut Tx<'_>, members: &Members, member: MemberId, by: Option<MemberId>) -> Result<()> {
    members.notices.tell(tx, Notice::MemberLeaves { member })?;
    check_not_last_owner(tx, member)?;
    forget_letters_to(tx, member)?;
    forget_answers_to(tx, member)?;
    store::links::spend_of(tx, member)?;
    store::invites::revoke_of(tx, member)?;
    store::members::bury(tx, member)?;
    // What follows holds the logs of several members, and those are held before one of them is written to.
    members.notices.tell(tx, Notice::MemberRemoved { member, reason: Removed::Deleted })?;
    // Whoever appeals holds their log: of an appeal at the same time, too, nothing is left.
    store::sanctions::forget_appeals(tx, member)?;
    end_all(tx, member, by, None, &EVERY_KIND)?;
    announce_look(tx, &members.notices, member, by)
}

/// A member deletes their own account, with their password.
///
/// # Errors
/// `members.password_wrong`, `members.last_owner`.
pub async fn delete_account(ground: &Ground, visitor: &Visitor, members: &Members, password: &str) -> Result<()> {
    let row = my_row(ground, visitor).await?;
    let confirmed = confirm(ground, visitor, members, &row, password, "password").await?;
    let (inside, members, visitor) = (ground.clone(), members.clone(), visitor.clone());
    ground
        .db
        .write(move |tx| {
            let (actor, may) = confirmed.again(tx, &inside, &visitor, "password")?;
            delete_mine(tx, &may, &actor, &members)
        })
        .await
}

/// The part of it that happens in one transaction.
pub(in crate::members) fn delete_mine(tx: &mut Tx<'_>, may: &ChangeMe, actor: &Actor, members: &Members) -> Result<()> {
    bury(tx, members, may.member(), Some(may.member()))?;
    trace(tx, actor, "members.delete", may.member(), None, None)
}

/// An administrator deletes an account.
///
/// # Errors
/// `members.reason_shape`, `members.last_owner`.
pub fn delete_member(tx: &mut Tx<'_>, may: &ManageMember, actor: &Actor, members: &Members, why: &str) -> Result<()> {
    let why = reason(why)?;
    bury(tx, members, may.member(), Some(may.by()))?;
    trace(tx, actor, "members.delete", may.member(), None, Some(&why))
}

/// Says no to somebody who waits.
///
/// # Errors
/// `members.not_pending`.
pub fn turn_down(tx: &mut Tx<'_>, may: &DecideSignUp, actor: &Actor, members: &Members, why: &str) -> Result<()> {
    let why = reason(why)?;
    if store::members::by_id(tx, may.member())?.found()?.state() != MemberState::Pending {
        return Err(Error::conflict("members.not_pending"));
    }
    bury(tx, members, may.member(), Some(may.by()))?;
    trace(tx, actor, "members.turn_down", may.member(), None, Some(&why))
}

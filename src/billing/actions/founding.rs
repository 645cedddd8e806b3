//! What is always there: a first plan, and the grant of whoever owns the community.

use super::giving::{end_for_good, insert};
use super::subscribing::end_all;
use super::telling::changed;
use super::{Billing, hold, store};
use crate::billing::model::{Entitlements, GrantSource, NewGrant, PlanRow};
use crate::error::{Error, Result};
use crate::ids::MemberId;
use crate::members::{self, MemberState};
use crate::storage::Tx;
use crate::text::name_key;

/// The name of a new community's plan.
const FIRST_PLAN: &str = "Member";

/// Makes what is missing: the first plan, when there was never one, and the grants of owners.
///
/// # Errors
/// When the database refuses.
pub fn ensure(tx: &mut Tx<'_>, billing: &Billing) -> Result<()> {
    if store::plans::first(tx)?.is_none() {
        let row = PlanRow {
            id: tx.new_id(),
            name: FIRST_PLAN.to_owned(),
            name_key: name_key(FIRST_PLAN),
            description: String::new(),
            position: 0,
            created_at: tx.now(),
            archived_at: None,
            hidden: false,
            trial_days: 0,
            gifts: false,
        };
        store::plans::insert(tx, &row)?;
        store::plans::set_entitlements(tx, row.id, &Entitlements::of_first_plan())?;
    }
    for owner in members::owners(tx)? {
        keep_owner_grant(tx, billing, owner)?;
    }
    Ok(())
}

/// Whoever owns the community has a grant without end, and only they have that one.
///
/// # Errors
/// When the database refuses.
pub fn keep_owner_grant(tx: &mut Tx<'_>, billing: &Billing, member: MemberId) -> Result<()> {
    let is_owner = members::owns_community(tx, member)?;
    match (is_owner, store::grants::of_owner(tx, member)?) {
        (true, None) => {
            hold(tx, member)?;
            let plan = store::plans::first(tx)?.ok_or_else(|| Error::broken("a community without a plan"))?.id;
            let new = NewGrant { plan, source: Some(GrantSource::Owner), starts_at: None, ends_at: None, note: String::new() };
            insert(tx, member, &new, None, None)?;
            changed(tx, billing, member, None)
        }
        (false, Some(row)) => {
            hold(tx, member)?;
            end_for_good(tx, row, None, "")?;
            changed(tx, billing, member, None)
        }
        _ => Ok(()),
    }
}

/// Somebody came in: they have a reference by which they pay.
///
/// # Errors
/// When the database refuses.
pub fn welcome(tx: &mut Tx<'_>, member: MemberId) -> Result<()> {
    store::payers::ensure(tx, member).map(|_| ())
}

/// An account was deleted: everything that it had is taken back. Nobody is told: nobody is left.
///
/// # Errors
/// When the database refuses.
pub fn drop_everything(tx: &mut Tx<'_>, billing: &Billing, member: MemberId) -> Result<()> {
    hold(tx, member)?;
    let now = tx.now();
    for row in store::grants::open(tx, member, now)? {
        end_for_good(tx, row, None, "")?;
    }
    end_all(tx, member)?;
    store::verifications::remove(tx, member)?;
    let revision = store::standing::next_revision(tx)?;
    let standings = billing.standings.clone();
    tx.leave_memory_behind();
    tx.after_commit(move || standings.forget(member, revision));
    Ok(())
}

/// Is it somebody's account, and not only what is left of it?
///
/// # Errors
/// When the database refuses.
pub(super) fn is_there(tx: &mut Tx<'_>, member: MemberId) -> Result<bool> {
    let now = tx.now();
    Ok(members::profiles(tx, &[member], now)?.pop().is_some_and(|profile| profile.state != MemberState::Deleted))
}

/// Is this somebody who can have a membership?
///
/// # Errors
/// `billing.not_active` for those who wait to be let in.
pub(super) fn must_be_in(tx: &mut Tx<'_>, member: MemberId) -> Result<()> {
    let now = tx.now();
    let state = members::profiles(tx, &[member], now)?.pop().map(|profile| profile.state);
    match state {
        None | Some(MemberState::Deleted) => Err(Error::NotFound),
        Some(MemberState::Pending) => Err(Error::conflict("billing.not_active")),
        Some(MemberState::Active | MemberState::Banned) => Ok(()),
    }
}

//! Memberships from before the program ran: for the village. Called inside [`Tx::as_of`].

use super::{Billing, give, make_plan, turn, verify};
use crate::access::{Actor, Permissions, Permit, Scopes};
use crate::billing::model::{NewGrant, NewPlan, Plan};
use crate::billing::policy::{EditPlans, GiveGrants};
use crate::error::Result;
use crate::ids::{MemberId, PlanId};
use crate::storage::{Conn, Tx};

fn owner(by: MemberId, now: crate::clock::Millis) -> Actor {
    Actor { member: Some(by), permissions: Permissions::ALL, scopes: Scopes::ALL, ..Actor::stranger(None, now) }
}

/// Makes a plan as the owner `by` would have made it then.
///
/// # Errors
/// Those of [`make_plan`].
pub fn place_plan(tx: &mut Tx<'_>, by: MemberId, new: NewPlan) -> Result<Plan> {
    let actor = owner(by, tx.now());
    let may = EditPlans::check(tx, &actor, ())?;
    make_plan(tx, &may, &actor, new)
}

/// The plan of this name.
///
/// # Errors
/// When the database cannot be read.
pub fn plan_named(conn: &mut Conn, name: &str) -> Result<Option<PlanId>> {
    Ok(super::plans(conn, true)?.into_iter().find(|plan| plan.name == name).map(|plan| plan.id))
}

/// Gives a grant as the owner `by` would have given it then.
///
/// # Errors
/// Those of [`give`].
pub fn place_grant(tx: &mut Tx<'_>, billing: &Billing, member: MemberId, by: MemberId, new: NewGrant) -> Result<()> {
    let actor = owner(by, tx.now());
    let may = GiveGrants::check(tx, &actor, member)?;
    give(tx, &may, &actor, billing, new).map(|_| ())
}

/// Verifies a member as the owner `by` would have done it then.
///
/// # Errors
/// Those of [`verify`].
pub fn place_verification(tx: &mut Tx<'_>, billing: &Billing, member: MemberId, by: MemberId, why: &str) -> Result<()> {
    let actor = owner(by, tx.now());
    let may = GiveGrants::check(tx, &actor, member)?;
    verify(tx, &may, &actor, billing, why)
}

/// What has begun or ended by then is written down.
///
/// # Errors
/// When the database refuses.
pub fn place_turn(tx: &mut Tx<'_>, billing: &Billing, member: MemberId) -> Result<()> {
    turn(tx, billing, member)
}

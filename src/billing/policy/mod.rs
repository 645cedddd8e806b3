//! Who may see and change plans and grants. The only place that makes the slice's permits.

mod gifts;
mod paying;
mod promotions;

use diesel::prelude::*;

use crate::access::{Actor, Permission, Permit, Scope};
use crate::error::{Error, Found, Result};
use crate::ids::{GrantId, MemberId, PlanId};
use crate::members::MemberState;
use crate::storage::Conn;
use crate::storage::schema::{grants, members, plans};

pub use gifts::{MakeGifts, RedeemGift, WithdrawGift};
pub use paying::{
    Buy, EditPrice, HandleOrder, LookIntoOrder, OwnOrder, OwnSubscription, PayTest, SeeOrders, SeeOwnOrder, SeeReceipt, TakeMoney,
    UndoPayment,
};
pub use promotions::{EndPromotion, SeePromotions};

/// Do the actor's roles allow at least one of these?
fn any_of(actor: &Actor, opens: &[Permission]) -> Result<MemberId> {
    let member = actor.signed_in()?;
    if opens.iter().any(|one| actor.permissions.has(*one)) { Ok(member) } else { Err(Error::forbidden("access.not_allowed")) }
}

/// Is there such a member, and not only their tombstone?
fn must_be_there(conn: &mut Conn, member: MemberId) -> Result<()> {
    let state = members::table.find(member.0).select(members::state).first::<i16>(conn).optional()?.found()?;
    if MemberState::from_number(state) == MemberState::Deleted { Err(Error::NotFound) } else { Ok(()) }
}

/// See every plan, also those that were put away.
#[derive(Debug)]
pub struct SeePlans {
    edits: bool,
}

impl Permit for SeePlans {
    type Target = ();
    const SCOPE: Scope = Scope::Admin;

    fn check(_: &mut Conn, actor: &Actor, (): ()) -> Result<Self> {
        any_of(actor, &[Permission::PlansEdit, Permission::MembersGrant, Permission::PaymentsRecord])?;
        Ok(Self { edits: actor.permissions.has(Permission::PlansEdit) })
    }
}

impl SeePlans {
    /// May they change them too?
    #[must_use]
    pub const fn edits(&self) -> bool {
        self.edits
    }
}

/// Make plans.
#[derive(Debug)]
pub struct EditPlans {
    by: MemberId,
}

impl Permit for EditPlans {
    type Target = ();
    const SCOPE: Scope = Scope::Admin;

    fn check(_: &mut Conn, actor: &Actor, (): ()) -> Result<Self> {
        Ok(Self { by: actor.allowed(Permission::PlansEdit)? })
    }
}

impl EditPlans {
    /// By whom.
    #[must_use]
    pub const fn by(&self) -> MemberId {
        self.by
    }
}

/// Change one plan.
#[derive(Debug)]
pub struct EditPlan {
    plan: PlanId,
}

impl Permit for EditPlan {
    type Target = PlanId;
    const SCOPE: Scope = Scope::Admin;

    fn check(conn: &mut Conn, actor: &Actor, plan: PlanId) -> Result<Self> {
        actor.allowed(Permission::PlansEdit)?;
        plans::table.find(plan.0).select(plans::id).first::<i64>(conn).optional()?.found()?;
        Ok(Self { plan })
    }
}

impl EditPlan {
    /// Which.
    #[must_use]
    pub const fn plan(&self) -> PlanId {
        self.plan
    }
}

/// See what somebody has and how it came about: whoever gives memberships or takes money, and whoever looks after accounts.
#[derive(Debug)]
pub struct SeeGrants {
    member: MemberId,
}

impl Permit for SeeGrants {
    type Target = MemberId;
    const SCOPE: Scope = Scope::Admin;

    fn check(conn: &mut Conn, actor: &Actor, member: MemberId) -> Result<Self> {
        any_of(actor, &[Permission::MembersGrant, Permission::PaymentsRecord, Permission::MembersManage])?;
        members::table.find(member.0).select(members::id).first::<i64>(conn).optional()?.found()?;
        Ok(Self { member })
    }
}

impl SeeGrants {
    /// Whose.
    #[must_use]
    pub const fn member(&self) -> MemberId {
        self.member
    }
}

/// Give a member grants, verify them, and take that back. Also to oneself: it leaves a trace, and gives no power over anybody.
#[derive(Debug)]
pub struct GiveGrants {
    member: MemberId,
    by: MemberId,
}

impl Permit for GiveGrants {
    type Target = MemberId;
    const SCOPE: Scope = Scope::Admin;

    fn check(conn: &mut Conn, actor: &Actor, member: MemberId) -> Result<Self> {
        let by = actor.allowed(Permission::MembersGrant)?;
        must_be_there(conn, member)?;
        Ok(Self { member, by })
    }
}

impl GiveGrants {
    /// To whom.
    #[must_use]
    pub const fn member(&self) -> MemberId {
        self.member
    }

    /// By whom.
    #[must_use]
    pub const fn by(&self) -> MemberId {
        self.by
    }
}

/// Change when one grant ends, comment it, or take it back.
#[derive(Debug)]
pub struct ChangeGrant {
    grant: GrantId,
    member: MemberId,
    by: MemberId,
}

impl Permit for ChangeGrant {
    type Target = GrantId;
    const SCOPE: Scope = Scope::Admin;

    fn check(conn: &mut Conn, actor: &Actor, grant: GrantId) -> Result<Self> {
        let by = actor.allowed(Permission::MembersGrant)?;
        let member = grants::table.find(grant.0).select(grants::member).first::<MemberId>(conn).optional()?.found()?;
        must_be_there(conn, member)?;
        Ok(Self { grant, member, by })
    }
}

impl ChangeGrant {
    /// Which.
    #[must_use]
    pub const fn grant(&self) -> GrantId {
        self.grant
    }

    /// Whose.
    #[must_use]
    pub const fn member(&self) -> MemberId {
        self.member
    }

    /// By whom.
    #[must_use]
    pub const fn by(&self) -> MemberId {
        self.by
    }
}

//! Who may see and change plans and grants. The only place that makes the slice's permits.

use diesel::prelude::*;

use crate::access::{Actor, Named, Permission, Permit, Scope};
use crate::error::{Error, Found, Result};
use crate::ids::{GrantId, MemberId, OrderId, PaymentId, PlanId, PriceId, SubscriptionId};
use crate::members::MemberState;
use crate::storage::Conn;
use crate::storage::schema::{grants, members, orders, payments, plans, prices, subscriptions, test_objects};

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
        any_of(actor, &[Permission::PlansEdit, Permission::MembersGrant])?;
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
pub struct EditPlans(());

impl Permit for EditPlans {
    type Target = ();
    const SCOPE: Scope = Scope::Admin;

    fn check(_: &mut Conn, actor: &Actor, (): ()) -> Result<Self> {
        actor.allowed(Permission::PlansEdit).map(|_| Self(()))
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

/// See what somebody has and how it came about: whoever gives memberships, and whoever looks after accounts.
#[derive(Debug)]
pub struct SeeGrants {
    member: MemberId,
}

impl Permit for SeeGrants {
    type Target = MemberId;
    const SCOPE: Scope = Scope::Admin;

    fn check(conn: &mut Conn, actor: &Actor, member: MemberId) -> Result<Self> {
        any_of(actor, &[Permission::MembersGrant, Permission::MembersManage])?;
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

/// Put one price away.
#[derive(Debug)]
pub struct EditPrice {
    price: PriceId,
}

impl Permit for EditPrice {
    type Target = PriceId;
    const SCOPE: Scope = Scope::Admin;

    fn check(conn: &mut Conn, actor: &Actor, price: PriceId) -> Result<Self> {
        actor.allowed(Permission::PlansEdit)?;
        prices::table.find(price.0).select(prices::id).first::<i64>(conn).optional()?.found()?;
        Ok(Self { price })
    }
}

impl EditPrice {
    /// Which.
    #[must_use]
    pub const fn price(&self) -> PriceId {
        self.price
    }
}

/// Buy something for oneself.
#[derive(Debug)]
pub struct Buy {
    member: MemberId,
}

impl Permit for Buy {
    type Target = ();
    const SCOPE: Scope = Scope::Account;

    fn check(_: &mut Conn, actor: &Actor, (): ()) -> Result<Self> {
        Ok(Self { member: actor.signed_in()? })
    }
}

impl Buy {
    /// Who.
    #[must_use]
    pub const fn member(&self) -> MemberId {
        self.member
    }
}

/// Change an own order.
#[derive(Debug)]
pub struct OwnOrder {
    order: OrderId,
    member: MemberId,
}

impl Permit for OwnOrder {
    type Target = OrderId;
    const SCOPE: Scope = Scope::Account;

    fn check(conn: &mut Conn, actor: &Actor, order: OrderId) -> Result<Self> {
        let member = actor.signed_in()?;
        let buyer = orders::table.find(order.0).select(orders::buyer).first::<MemberId>(conn).optional()?.found()?;
        if buyer == member { Ok(Self { order, member }) } else { Err(Error::NotFound) }
    }
}

impl OwnOrder {
    /// Which.
    #[must_use]
    pub const fn order(&self) -> OrderId {
        self.order
    }

    /// Whose.
    #[must_use]
    pub const fn member(&self) -> MemberId {
        self.member
    }
}

/// Change an own subscription.
#[derive(Debug)]
pub struct OwnSubscription {
    subscription: SubscriptionId,
    member: MemberId,
}

impl Permit for OwnSubscription {
    type Target = SubscriptionId;
    const SCOPE: Scope = Scope::Account;

    fn check(conn: &mut Conn, actor: &Actor, subscription: SubscriptionId) -> Result<Self> {
        let member = actor.signed_in()?;
        let theirs = subscriptions::table.find(subscription.0).select(subscriptions::member).first::<MemberId>(conn).optional()?.found()?;
        if theirs == member { Ok(Self { subscription, member }) } else { Err(Error::NotFound) }
    }
}

impl OwnSubscription {
    /// Which.
    #[must_use]
    pub const fn subscription(&self) -> SubscriptionId {
        self.subscription
    }

    /// Whose.
    #[must_use]
    pub const fn member(&self) -> MemberId {
        self.member
    }
}

/// See everybody's orders, payments and subscriptions.
#[derive(Debug)]
pub struct SeeOrders(());

impl Permit for SeeOrders {
    type Target = ();
    const SCOPE: Scope = Scope::Admin;

    fn check(_: &mut Conn, actor: &Actor, (): ()) -> Result<Self> {
        actor.allowed(Permission::MembersGrant).map(|_| Self(()))
    }
}

/// Take money for an order, or turn it down.
#[derive(Debug)]
pub struct HandleOrder {
    order: OrderId,
    buyer: MemberId,
    by: MemberId,
}

impl Permit for HandleOrder {
    type Target = OrderId;
    const SCOPE: Scope = Scope::Admin;

    fn check(conn: &mut Conn, actor: &Actor, order: OrderId) -> Result<Self> {
        let by = actor.allowed(Permission::MembersGrant)?;
        let buyer = orders::table.find(order.0).select(orders::buyer).first::<MemberId>(conn).optional()?.found()?;
        must_be_there(conn, buyer)?;
        Ok(Self { order, buyer, by })
    }
}

impl HandleOrder {
    /// Which.
    #[must_use]
    pub const fn order(&self) -> OrderId {
        self.order
    }

    /// Whose.
    #[must_use]
    pub const fn buyer(&self) -> MemberId {
        self.buyer
    }

    /// By whom.
    #[must_use]
    pub const fn by(&self) -> MemberId {
        self.by
    }
}

/// Take a payment back. Also one of somebody who is gone: the books must be right.
#[derive(Debug)]
pub struct UndoPayment {
    payment: PaymentId,
    buyer: MemberId,
    by: MemberId,
}

impl Permit for UndoPayment {
    type Target = PaymentId;
    const SCOPE: Scope = Scope::Admin;

    fn check(conn: &mut Conn, actor: &Actor, payment: PaymentId) -> Result<Self> {
        let by = actor.allowed(Permission::MembersGrant)?;
        Ok(Self { payment, buyer: payer(conn, payment)?, by })
    }
}

/// Who paid.
fn payer(conn: &mut Conn, payment: PaymentId) -> Result<MemberId> {
    payments::table
        .inner_join(orders::table.on(orders::id.eq(payments::order_id)))
        .filter(payments::id.eq(payment.0))
        .select(orders::buyer)
        .first::<MemberId>(conn)
        .optional()?
        .found()
}

impl UndoPayment {
    /// Which.
    #[must_use]
    pub const fn payment(&self) -> PaymentId {
        self.payment
    }

    /// Whose.
    #[must_use]
    pub const fn buyer(&self) -> MemberId {
        self.buyer
    }

    /// By whom.
    #[must_use]
    pub const fn by(&self) -> MemberId {
        self.by
    }
}

/// Read a receipt: who paid, and who takes money.
#[derive(Debug)]
pub struct SeeReceipt {
    payment: PaymentId,
}

impl Permit for SeeReceipt {
    type Target = PaymentId;
    const SCOPE: Scope = Scope::Read;

    fn check(conn: &mut Conn, actor: &Actor, payment: PaymentId) -> Result<Self> {
        let member = actor.signed_in()?;
        let theirs = payer(conn, payment)?;
        if theirs == member || actor.permissions.has(Permission::MembersGrant) { Ok(Self { payment }) } else { Err(Error::NotFound) }
    }
}

impl SeeReceipt {
    /// Which.
    #[must_use]
    pub const fn payment(&self) -> PaymentId {
        self.payment
    }
}

/// See an own order.
#[derive(Debug)]
pub struct SeeOwnOrder {
    order: OrderId,
}

impl Permit for SeeOwnOrder {
    type Target = OrderId;
    const SCOPE: Scope = Scope::Read;

    fn check(conn: &mut Conn, actor: &Actor, order: OrderId) -> Result<Self> {
        let member = actor.signed_in()?;
        let buyer = orders::table.find(order.0).select(orders::buyer).first::<MemberId>(conn).optional()?.found()?;
        if buyer == member { Ok(Self { order }) } else { Err(Error::NotFound) }
    }
}

impl SeeOwnOrder {
    /// Which.
    #[must_use]
    pub const fn order(&self) -> OrderId {
        self.order
    }
}

/// Pay at the test provider's page: whose checkout or card it is.
#[derive(Debug)]
pub struct PayTest {
    name: String,
}

impl Permit for PayTest {
    type Target = Named;
    const SCOPE: Scope = Scope::Account;

    fn check(conn: &mut Conn, actor: &Actor, name: Named) -> Result<Self> {
        let member = actor.signed_in()?;
        let theirs = test_objects::table.find(&name.0).select(test_objects::member).first::<MemberId>(conn).optional()?.found()?;
        if theirs == member { Ok(Self { name: name.0 }) } else { Err(Error::NotFound) }
    }
}

impl PayTest {
    /// The name of the checkout or the subscription.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

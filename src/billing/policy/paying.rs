//! Who may buy, see what they bought, and take money.

use diesel::prelude::*;

use super::must_be_there;
use crate::access::{Actor, Named, Permission, Permit, Scope};
use crate::error::{Error, Found, Result};
use crate::ids::{MemberId, OrderId, PaymentId, PriceId, SubscriptionId};
use crate::storage::Conn;
use crate::storage::schema::{orders, payments, prices, subscriptions, test_objects};

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
        if buyer(conn, order)? == member { Ok(Self { order, member }) } else { Err(Error::NotFound) }
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

/// See everybody's orders, payments and subscriptions. What was allowed at the beginning of a long table holds to its end.
#[derive(Clone, Copy, Debug)]
pub struct SeeOrders(());

impl Permit for SeeOrders {
    type Target = ();
    const SCOPE: Scope = Scope::Admin;

    fn check(_: &mut Conn, actor: &Actor, (): ()) -> Result<Self> {
        actor.allowed(Permission::PaymentsRecord).map(|_| Self(()))
    }
}

/// Take money of one member for what they did not order, or let them pay by card again whose bank took money back.
#[derive(Debug)]
pub struct TakeMoney {
    member: MemberId,
    by: MemberId,
}

impl Permit for TakeMoney {
    type Target = MemberId;
    const SCOPE: Scope = Scope::Admin;

    fn check(conn: &mut Conn, actor: &Actor, member: MemberId) -> Result<Self> {
        let by = actor.allowed(Permission::PaymentsRecord)?;
        must_be_there(conn, member)?;
        Ok(Self { member, by })
    }
}

impl TakeMoney {
    /// Whose.
    #[must_use]
    pub const fn member(&self) -> MemberId {
        self.member
    }

    /// By whom it is taken.
    #[must_use]
    pub const fn by(&self) -> MemberId {
        self.by
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
        let by = actor.allowed(Permission::PaymentsRecord)?;
        let buyer = buyer(conn, order)?;
        must_be_there(conn, buyer)?;
        Ok(Self { order, buyer, by })
    }
}

/// Who buys.
fn buyer(conn: &mut Conn, order: OrderId) -> Result<MemberId> {
    orders::table.find(order.0).select(orders::buyer).first::<MemberId>(conn).optional()?.found()
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

/// Look into an order whose checkout does not fit it. Also one of somebody who is gone: somebody must look, and an end must come of it.
#[derive(Debug)]
pub struct LookIntoOrder {
    order: OrderId,
    buyer: MemberId,
    by: MemberId,
}

impl Permit for LookIntoOrder {
    type Target = OrderId;
    const SCOPE: Scope = Scope::Admin;

    fn check(conn: &mut Conn, actor: &Actor, order: OrderId) -> Result<Self> {
        let by = actor.allowed(Permission::PaymentsRecord)?;
        Ok(Self { order, buyer: buyer(conn, order)?, by })
    }
}

impl LookIntoOrder {
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
        let by = actor.allowed(Permission::PaymentsRecord)?;
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
        if theirs == member || actor.permissions.has(Permission::PaymentsRecord) { Ok(Self { payment }) } else { Err(Error::NotFound) }
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
        if buyer(conn, order)? == member { Ok(Self { order }) } else { Err(Error::NotFound) }
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

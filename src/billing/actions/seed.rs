//! Memberships from before the program ran: for the village. Called inside [`Tx::as_of`].

use super::ordering::{new_line, new_order};
use super::subscribing::{grace_days, look_after};
use super::taking::{Incoming, take};
use super::{
    Billing, NewOrder, NewSale, Recorded, advance, ask, give, make_plan, make_promotion, record_sale, set_price, store, turn, verify,
};
use crate::access::{Actor, Permissions, Permit, Scopes};
use crate::billing::model::{
    Every, GrantEvent, GrantRow, GrantSource, GrantState, Method, NewGrant, NewPlan, NewPrice, NewPromotion, OrderState, Plan, PlanRow,
    Price, StrangeRow, SubscriptionRow, SubscriptionStatus, access_until,
};
use crate::billing::policy::{Buy, EditPlan, EditPlans, GiveGrants, TakeMoney};
use crate::billing::providers::ProviderKind;
use crate::billing::providers::test::{Session, Stage, checkout_truth};
use crate::clock::Millis;
use crate::error::{Error, Found, Result};
use crate::ids::{Ids, MemberId, OrderId, PlanId, PriceId};
use crate::money::Money;
use crate::storage::{Conn, Tx};

fn owner(by: MemberId, now: Millis) -> Actor {
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

/// Makes a promotion code as the owner `by` would have made it then.
///
/// # Errors
/// Those of [`make_promotion`].
pub fn place_promotion(tx: &mut Tx<'_>, by: MemberId, new: &NewPromotion) -> Result<()> {
    let actor = owner(by, tx.now());
    let may = EditPlans::check(tx, &actor, ())?;
    make_promotion(tx, &may, &actor, new).map(|_| ())
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

/// Says what a plan costs as the owner `by` would have said it then.
///
/// # Errors
/// Those of [`set_price`].
pub fn place_price(tx: &mut Tx<'_>, by: MemberId, plan: PlanId, new: NewPrice) -> Result<PriceId> {
    let actor = owner(by, tx.now());
    let may = EditPlan::check(tx, &actor, plan)?;
    set_price(tx, &may, &actor, new).map(|price| price.id)
}

/// What a plan costs each period of this length.
///
/// # Errors
/// When it has no such price.
pub fn price_of(conn: &mut Conn, plan: PlanId, every: Every) -> Result<Price> {
    let all = super::plans(conn, true)?.into_iter().find(|one| one.id == plan).map(|plan| plan.prices).unwrap_or_default();
    all.into_iter().find(|price| price.every == every).ok_or_else(|| Error::broken("a plan without this price"))
}

/// Every price by which a plan is sold by the month.
///
/// # Errors
/// When the database cannot be read.
pub fn monthly_prices(conn: &mut Conn) -> Result<Vec<Price>> {
    let prices = super::plans(conn, false)?.into_iter().flat_map(|plan| plan.prices);
    Ok(prices.filter(|price| price.every == Every::Month && !price.archived).collect())
}

/// What time did by then to what a member pays for by hand.
///
/// # Errors
/// When the database refuses.
pub fn place_advance(tx: &mut Tx<'_>, billing: &Billing, member: MemberId) -> Result<()> {
    store::subscriptions::going_on(tx, member)?.into_iter().try_for_each(|row| advance(tx, billing, row.id))
}

/// A wish as the member would have placed it then.
///
/// # Errors
/// Those of [`ask`].
pub fn place_ask(tx: &mut Tx<'_>, member: MemberId, new: &NewOrder) -> Result<OrderId> {
    let actor = Actor { member: Some(member), ..Actor::stranger(None, tx.now()) };
    let may = Buy::check(tx, &actor, ())?;
    ask(tx, &may, new).map(|order| order.id)
}

/// Money as the owner `by` would have written it down then.
///
/// # Errors
/// Those of [`record_sale`].
pub fn place_sale(tx: &mut Tx<'_>, billing: &Billing, member: MemberId, by: MemberId, new: &NewSale) -> Result<Recorded> {
    let actor = owner(by, tx.now());
    let may = TakeMoney::check(tx, &actor, member)?;
    record_sale(tx, &may, &actor, billing, new)
}

/// A checkout of the test page that a member paid then with another sum than its order says: nothing was given, and somebody must look.
///
/// # Errors
/// When the database refuses.
pub fn place_strange(tx: &mut Tx<'_>, member: MemberId, plan: PlanId, price: &Price, paid: i64) -> Result<()> {
    let (plan, now, money) = (store::plans::by_id(tx, plan)?.found()?, tx.now(), price.money);
    let mut order = new_order(tx, member, ProviderKind::Test, (money.amount, money.currency.code().to_owned()), None, String::new());
    let (id, expires_at) = (format!("test_order_{}_try_1", order.id), now + 30 * 60_000);
    (order.attempt, order.session, order.url) = (1, Some(id.clone()), Some(format!("/pay/test/{id}")));
    order.expires_at = Some(expires_at);
    let line = new_line(tx, order.id, &plan, Some(price.id), Some(price.every.number()), money.amount);
    store::orders::insert(tx, &order, &line)?;
    let session = Session {
        id: id.clone(),
        order: order.id,
        member,
        text: plan.name,
        plan: Some(plan.id),
        price_id: Some(price.id),
        price: Money { amount: paid, ..money },
        every: Every::Once,
        trial_days: 0,
        return_to: format!("/orders/{}", order.id),
        back_to: "/settings/membership".to_owned(),
        expires_at,
        stage: Stage::Complete,
        paid_at: Some(now),
        refunded: 0,
        discount: None,
        reduced: Vec::new(),
    };
    store::test_objects::put(tx, &id, member, &session)?;
    // As settling leaves it, without its line in the log: nothing is amiss here.
    let strange = StrangeRow::of(order.id, &checkout_truth(tx, &id, now)?, None, now);
    store::strange::put(tx, &strange)
}

/// A membership that is paid by hand, period after period.
#[derive(Clone, Copy, Debug)]
pub struct Periods<'a> {
    /// Whose.
    pub member: MemberId,
    /// By which of its plan's prices; each month, or each year.
    pub price: &'a Price,
    /// Who took the money.
    pub by: MemberId,
    /// When the first period began.
    pub began: Millis,
    /// How many were paid, each when it began.
    pub paid: i32,
}

/// Puts a subscription there with everything that was paid for it, as time has left it by now: the quick way for many. Nobody is told, and no
/// sign is put beside a name.
///
/// # Errors
/// When the database refuses.
pub fn place_periods(tx: &mut Tx<'_>, ids: &Ids, story: &Periods<'_>) -> Result<()> {
    let plan = store::plans::by_id(tx, story.price.plan)?.found()?;
    store::payers::ensure(tx, story.member)?;
    let (now, grace) = (tx.now(), grace_days(tx)?);
    let row = begun(tx, story).advance(now, grace).row;
    store::subscriptions::insert(tx, &row)?;
    look_after(tx, &row)?;
    let grant = tx.as_of(story.began, ids, |tx| granted(tx, story, &row, grace))?;
    settle_phase(tx, grant.clone())?;
    for n in 0..story.paid {
        let (from, until) = (row.end_of(n), row.end_of(n + 1));
        tx.as_of(from, ids, |tx| pay_period(tx, story, (&plan, &row, &grant), (from, until)))?;
    }
    Ok(())
}

/// The subscription as it is paid, before time does anything to it.
fn begun(tx: &Tx<'_>, story: &Periods<'_>) -> SubscriptionRow {
    let (began, price) = (story.began, story.price);
    let mut row = SubscriptionRow {
        id: tx.new_id(),
        member: story.member,
        plan: price.plan,
        price: Some(price.id),
        provider: ProviderKind::Manual.number(),
        external_id: None,
        status: SubscriptionStatus::Active.number(),
        every: price.every.number(),
        amount: price.money.amount,
        currency: price.money.currency.code().to_owned(),
        started_at: began,
        anchor_at: began,
        periods: story.paid,
        period_start: began,
        period_end: began,
        trial_end: None,
        cancels_at_end: false,
        past_due_since: None,
        ended_at: None,
        fetched_at: tx.now(),
        next_plan: None,
        next_price: None,
        next_amount: None,
        next_at: None,
        promotion: None,
        next_every: None,
        next_paid: 0,
        promotion_left: None,
    };
    (row.period_start, row.period_end) = (row.end_of(story.paid - 1), row.end_of(story.paid));
    row
}

/// What it gives its member, and until when.
fn granted(tx: &mut Tx<'_>, story: &Periods<'_>, row: &SubscriptionRow, grace: u32) -> Result<GrantRow> {
    let ends_at = access_until(&row.terms(), grace).or(row.ended_at);
    let new = NewGrant { plan: row.plan, source: Some(GrantSource::Manual), starts_at: None, ends_at, note: String::new() };
    super::giving::insert(tx, story.member, &new, Some(format!("subscription.{}", row.id)), Some(story.by))
}

/// What has ended by now is written down as that.
fn settle_phase(tx: &mut Tx<'_>, mut grant: GrantRow) -> Result<()> {
    let state = grant.period().state(tx.now());
    if state != GrantState::Ended {
        return Ok(());
    }
    grant.phase = state.number();
    store::grants::save(tx, &grant)?;
    super::giving::log(tx, &grant, GrantEvent::Ended, None, "")
}

/// The order of one period with its payment.
fn pay_period(
    tx: &mut Tx<'_>,
    story: &Periods<'_>,
    (plan, row, grant): (&PlanRow, &SubscriptionRow, &GrantRow),
    (from, until): (Millis, Millis),
) -> Result<()> {
    let money = story.price.money;
    let mut order =
        new_order(tx, story.member, ProviderKind::Manual, (money.amount, money.currency.code().to_owned()), None, String::new());
    (order.state, order.paid_at, order.subscription) = (OrderState::Fulfilled.number(), Some(from), Some(row.id));
    let line = new_line(tx, order.id, plan, Some(story.price.id), Some(story.price.every.number()), money.amount);
    store::orders::insert(tx, &order, &line)?;
    let by = Some(story.by);
    let incoming = Incoming { method: Method::Bank, external_id: None, money, received_at: from, reference: String::new(), by };
    take(tx, &order, &incoming)?;
    store::orders::fulfil(tx, line.id, grant.id.0, (from, Some(until)))
}

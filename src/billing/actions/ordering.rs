//! Orders: asked for by members, given up, turned down; and how they are shown.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::checkout::{give_way, look};
use super::fulfilling::has_for_good;
use super::promoting::{Counts, claim, count_use, counting, hold_uses, runs_already};
use super::telling::orders_changed;
use super::{Billing, hold, letters, note, store, trace};
use crate::access::Actor;
use crate::billing::model::{
    Back, DisputeState, Fact, LineKind, LineRow, Order, OrderRow, OrderState, Payment, PaymentRow, Plan, PlanName, PlanRow, PriceRow,
    SubscriptionRow,
};
use crate::billing::policy::{Buy, HandleOrder, OwnOrder};
use crate::billing::providers::ProviderKind;
use crate::error::{Error, Found, Result};
use crate::ids::{MemberId, OrderId, PaymentId, PlanId, PriceId};
use crate::money::add_days;
use crate::settings::Settings;
use crate::storage::{Conn, Tx};

/// Most orders of one member that wait at one time.
pub(super) const MOST: i64 = 20;
/// Days in which an order by hand is paid that has taken a use of a promotion code.
const PROMOTED_DAYS: u32 = 14;
/// Characters of a buyer's key.
const KEY: std::ops::RangeInclusive<usize> = 1..=64;

/// A wish for a membership.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
pub struct NewOrder {
    /// Which plan.
    pub plan: PlanId,
    /// By which of its prices; missing only where it has none.
    #[serde(default)]
    pub price: Option<PriceId>,
    /// Is it for somebody else? Its buyer gets a code.
    #[serde(default)]
    pub gift: bool,
    /// A promotion code; capitals, dashes and spaces do not matter.
    #[serde(default)]
    pub promotion: Option<String>,
    /// 1–64 characters of the client's choice: under one key there is one order.
    pub client_key: String,
    /// At most 500 characters for the administrator.
    #[serde(default)]
    pub note: String,
}

/// An order with its payments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct OrderLines {
    /// The order.
    #[serde(flatten)]
    pub order: Order,
    /// Money that came for it, and went back; the first ones first.
    pub payments: Vec<Payment>,
}

/// The plan and the price that a wish names, if they are on offer.
fn wanted(conn: &mut Conn, plan: PlanId, price: Option<PriceId>) -> Result<(PlanRow, Option<PriceRow>)> {
    let unknown = || Error::invalid("plan", "billing.plan_unknown");
    let row = store::plans::by_id(conn, plan)?.filter(|row| !row.hidden).ok_or_else(unknown)?;
    if row.archived_at.is_some() {
        return Err(Error::invalid("plan", "billing.plan_archived"));
    }
    Ok((row, priced(conn, plan, price)?))
}

/// The price of a plan that is on sale; none only where the plan has no price.
pub(super) fn priced(conn: &mut Conn, plan: PlanId, price: Option<PriceId>) -> Result<Option<PriceRow>> {
    let Some(price) = price else {
        let has_prices = store::prices::count(conn, plan)? > 0;
        return if has_prices { Err(Error::invalid("price", "billing.price_needed")) } else { Ok(None) };
    };
    let row = store::prices::by_id(conn, price)?
        .filter(|row| row.plan == plan)
        .ok_or_else(|| Error::invalid("price", "billing.price_unknown"))?;
    if row.archived_at.is_some() { Err(Error::invalid("price", "billing.price_gone")) } else { Ok(Some(row)) }
}

/// Asks for a membership. It waits for an administrator, who hears of it on the dashboard. The same wish again is the same order, and
/// another one for the same plan takes its place.
///
/// # Errors
/// `billing.order_key`, `billing.plan_unknown`, `billing.plan_archived`, `billing.price_needed`, `billing.price_unknown`,
/// `billing.price_gone`, `billing.has_for_good`, `billing.no_gift`, `billing.order_count`, `billing.note`, and those of promotion codes on
/// `promotion`.
pub fn ask(tx: &mut Tx<'_>, may: &Buy, new: &NewOrder) -> Result<Order> {
    let (member, text) = (may.member(), note(&new.note)?);
    let length = new.client_key.chars().count();
    if !KEY.contains(&length) || new.client_key.contains('\0') {
        return Err(Error::invalid("client_key", "billing.order_key"));
    }
    hold(tx, member)?;
    if let Some(row) = store::orders::by_key(tx, member, &new.client_key)? {
        return one(tx, row);
    }
    let (plan, price) = wanted(tx, new.plan, new.price)?;
    let kind = LineKind::of(new.gift);
    may_be_gift(&plan, price.is_some(), kind)?;
    let now = tx.now();
    if kind == LineKind::Membership && has_for_good(tx, (member, plan.id), ProviderKind::Manual, now)? {
        return Err(Error::conflict("billing.has_for_good"));
    }
    let counts = match &price {
        Some(price) => counting(tx, new.promotion.as_deref(), member, (price, kind), now)?,
        None => None,
    };
    if counts.is_some() && kind == LineKind::Membership && runs_already(tx, member, plan.id)? {
        return Err(Error::invalid("promotion", "billing.promotion_runs"));
    }
    let promotion = counts.as_ref().map(|counts| counts.row.id);
    let waiting = store::orders::awaiting(tx, member, plan.id, kind)?;
    hold_uses(tx, waiting.iter().filter_map(|row| row.promotion).chain(promotion).collect())?;
    for row in waiting {
        let line = store::orders::line(tx, row.id)?;
        let is_same = line.price == price.as_ref().map(|row| row.id) && row.promotion == promotion;
        if row.provider() == ProviderKind::Manual && is_same {
            return one(tx, row);
        }
        if row.subscription.is_none() {
            give_way(tx, row, member)?;
        }
    }
    if store::orders::count_awaiting(tx, member)? >= MOST {
        return Err(Error::conflict("billing.order_count"));
    }
    store::payers::ensure(tx, member)?;
    if let Some(promotion) = promotion {
        claim(tx, promotion)?;
    }
    let row = place(tx, member, (&plan, price.as_ref(), kind), counts, Some(new.client_key.clone()), text)?;
    orders_changed(tx, &row, Some(member))?;
    one(tx, row)
}

/// Stores an order that waits to be paid by hand.
pub(super) fn place(
    tx: &mut Tx<'_>,
    buyer: MemberId,
    (plan, price, kind): (&PlanRow, Option<&PriceRow>, LineKind),
    counts: Option<Counts>,
    client_key: Option<String>,
    note: String,
) -> Result<OrderRow> {
    let currency = match price {
        Some(price) => price.currency.clone(),
        None => Settings::load(tx)?.currency.code().to_owned(),
    };
    let amount = price.map_or(0, |price| price.amount);
    let mut row = new_order(tx, buyer, ProviderKind::Manual, (amount, currency), client_key, note);
    if let Some(counts) = counts {
        counts.apply(&mut row);
        row.expires_at = Some(add_days(row.placed_at, PROMOTED_DAYS));
    }
    let line =
        LineRow { kind: kind.number(), ..new_line(tx, row.id, plan, price.map(|price| price.id), price.map(|price| price.every), amount) };
    store::orders::insert(tx, &row, &line)?;
    if row.expires_at.is_some() {
        look(tx, row.id, row.expires_at, false)?;
    }
    Ok(row)
}

/// Is this sold as a gift, if it is one? Its price says for how long it is.
pub(super) fn may_be_gift(plan: &PlanRow, has_price: bool, kind: LineKind) -> Result<()> {
    if kind == LineKind::Gift && !(plan.gifts && has_price) { Err(Error::invalid("gift", "billing.no_gift")) } else { Ok(()) }
}

/// Stores the order by which a subscription goes on.
pub(super) fn place_renewal(tx: &mut Tx<'_>, subscription: &SubscriptionRow, plan: &PlanRow) -> Result<OrderRow> {
    let next = subscription.next_price.map(|price| store::prices::by_id(tx, price)).transpose()?.flatten();
    let (price, every, amount) = match &next {
        Some(price) if subscription.provider() == ProviderKind::Manual => (Some(price.id), price.every, price.amount),
        _ => (subscription.price, subscription.every, subscription.amount),
    };
    let total = (amount, subscription.currency.clone());
    let mut row = new_order(tx, subscription.member, subscription.provider(), total, None, String::new());
    row.subscription = Some(subscription.id);
    super::promoting::renewed(tx, subscription, plan.id, &mut row)?;
    let line = new_line(tx, row.id, plan, price, Some(every), amount);
    store::orders::insert(tx, &row, &line)?;
    Ok(row)
}

pub(super) fn new_order(
    tx: &Tx<'_>,
    buyer: MemberId,
    provider: ProviderKind,
    (amount, currency): (i64, String),
    client_key: Option<String>,
    note: String,
) -> OrderRow {
    OrderRow {
        id: tx.new_id(),
        buyer,
        client_key,
        provider: provider.number(),
        state: OrderState::Awaiting.number(),
        amount,
        currency,
        attempt: 0,
        session: None,
        url: None,
        subscription: None,
        note,
        answer: String::new(),
        placed_at: tx.now(),
        expires_at: None,
        paid_at: None,
        closed_at: None,
        closed_by: None,
        promotion: None,
        promotion_code: None,
    }
}

pub(super) fn new_line(tx: &Tx<'_>, order: OrderId, plan: &PlanRow, price: Option<PriceId>, every: Option<i16>, amount: i64) -> LineRow {
    LineRow {
        id: tx.new_id(),
        order,
        kind: LineKind::Membership.number(),
        price,
        plan: Some(plan.id),
        every,
        quantity: 1,
        amount,
        text: plan.name.clone(),
    }
}

/// Ends an order otherwise than by money.
///
/// # Errors
/// `billing.order_over` when that cannot happen to it any more.
pub(super) fn close(tx: &mut Tx<'_>, mut row: OrderRow, fact: Fact, by: Option<MemberId>) -> Result<OrderRow> {
    let after = row.state().after(fact).ok_or_else(|| Error::conflict("billing.order_over"))?;
    if after != row.state() {
        row.state = after.number();
        row.closed_at = Some(tx.now());
        row.closed_by = by;
        store::orders::save(tx, &row)?;
        if matches!(fact, Fact::Declined | Fact::Cancelled | Fact::Expired) {
            count_use(tx, &row, false)?;
        }
    }
    Ok(row)
}

/// Ends an order without a checkout whose time is over.
pub(super) fn expire(tx: &mut Tx<'_>, order: OrderId) -> Result<Order> {
    let buyer = store::orders::by_id(tx, order)?.found()?.buyer;
    hold(tx, buyer)?;
    let (mut row, now) = (store::orders::by_id(tx, order)?.found()?, tx.now());
    let is_late = row.session.is_none() && row.expires_at.is_some_and(|end| end <= now);
    if is_late && row.state() == OrderState::Awaiting {
        row = close(tx, row, Fact::Expired, None)?;
        orders_changed(tx, &row, None)?;
    }
    one(tx, row)
}

/// Gives an own order up.
///
/// # Errors
/// `billing.order_over` when it does not wait any more.
pub fn cancel_order(tx: &mut Tx<'_>, may: &OwnOrder) -> Result<Order> {
    hold(tx, may.member())?;
    let row = store::orders::by_id(tx, may.order())?.found()?;
    let row = close(tx, row, Fact::Cancelled, Some(may.member()))?;
    // Nobody is to pay there any more; if somebody has, that counts.
    if row.session.is_some() {
        look(tx, row.id, None, true)?;
    }
    orders_changed(tx, &row, Some(may.member()))?;
    one(tx, row)
}

/// Turns an order down, with a word that its buyer reads.
///
/// # Errors
/// `billing.note`, `billing.order_over`.
pub fn decline(tx: &mut Tx<'_>, may: &HandleOrder, actor: &Actor, billing: &Billing, word: &str) -> Result<Order> {
    let text = note(word)?;
    hold(tx, may.buyer())?;
    let mut row = store::orders::by_id(tx, may.order())?.found()?;
    if row.state() != OrderState::Awaiting {
        return Err(Error::conflict("billing.order_over"));
    }
    row.answer.clone_from(&text);
    let row = close(tx, row, Fact::Declined, Some(may.by()))?;
    let plan = store::orders::line(tx, row.id)?.text;
    trace(tx, actor, "orders.decline", row.buyer, (Some(serde_json::json!({ "plan": plan })), None), &text)?;
    orders_changed(tx, &row, Some(may.by()))?;
    letters::declined(tx, billing, &row, &plan)?;
    one(tx, row)
}

/// The order as it is shown.
pub(super) fn one(conn: &mut Conn, row: OrderRow) -> Result<Order> {
    let line = store::orders::line(conn, row.id)?;
    shown(row, Some(&line))
}

fn shown(row: OrderRow, line: Option<&LineRow>) -> Result<Order> {
    let every = line.and_then(LineRow::every);
    let total = if every.is_some() { Some(row.total()?) } else { None };
    let full = line.filter(|line| row.promotion_code.is_some() && line.amount != row.amount).map(|line| line.amount);
    let is_by_hand = row.provider() == ProviderKind::Manual && row.state() == OrderState::Awaiting;
    let pay_until = row.expires_at.filter(|_| is_by_hand);
    Ok(Order {
        full: full.map(|amount| Ok::<_, Error>(crate::money::Money { amount, ..row.total()? })).transpose()?,
        promotion: row.promotion_code.clone().filter(|_| full.is_some()),
        plan: line.and_then(|line| Some(PlanName { id: line.plan?, name: line.text.clone() })),
        every,
        gift: line.is_some_and(LineRow::is_gift),
        change: line.is_some_and(LineRow::is_change),
        total,
        provider: row.provider(),
        state: row.state(),
        renews: row.subscription.is_some() && row.state() == OrderState::Awaiting && !line.is_some_and(LineRow::is_change),
        id: row.id,
        buyer: row.buyer,
        note: row.note,
        answer: row.answer,
        placed_at: row.placed_at,
        pay_until,
        paid_at: row.paid_at,
        closed_at: row.closed_at,
    })
}

/// Orders with their payments, in the same order.
pub(super) fn with_payments(conn: &mut Conn, rows: Vec<OrderRow>) -> Result<Vec<OrderLines>> {
    let ids: Vec<OrderId> = rows.iter().map(|row| row.id).collect();
    let lines = store::orders::lines(conn, &ids)?;
    let mut payments = store::payments::of_orders(conn, &ids)?;
    let all: Vec<PaymentId> = payments.values().flatten().map(|one| one.id).collect();
    let (open, disputes) = (store::refunds::under_way(conn, &all)?, store::refunds::disputes_of(conn, &all)?);
    rows.into_iter()
        .map(|row| {
            let own = payments.remove(&row.id).unwrap_or_default();
            let payments = own.iter().map(|one| one.clone().payment(back(one, &own, &open, &disputes))).collect::<Result<_>>()?;
            let line = lines.get(&row.id);
            Ok(OrderLines { order: shown(row, line)?, payments })
        })
        .collect()
}

/// What of a payment went back, as the rows of its order say.
fn back(one: &PaymentRow, own: &[PaymentRow], open: &[PaymentId], disputes: &HashMap<PaymentId, DisputeState>) -> Back {
    let rows = || own.iter().filter(|row| row.reverses == Some(one.id));
    Back {
        amount: -rows().map(|row| row.amount).sum::<i64>(),
        by: rows().next_back().map(|row| row.id),
        is_under_way: open.contains(&one.id),
        dispute: disputes.get(&one.id).copied(),
    }
}

/// Is this plan offered to somebody who does not have it?
#[must_use]
pub fn is_offered(plan: &Plan) -> bool {
    !plan.archived && !plan.hidden
}

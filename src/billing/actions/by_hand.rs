//! Another plan for what is paid by hand: planned, or at once; its difference asked for, paid, taken back, and out of date.

use super::changing::{Weighed, must_not_have};
use super::fulfilling::{answer_wishes, grant_of};
use super::ordering::{close, new_line, new_order, one};
use super::subscribing::{later, look_after};
use super::telling::{changed, orders_changed, turn};
use super::{Billing, store};
use crate::billing::model::{Fact, LineKind, LineRow, Order, OrderRow, OrderState, PriceRow, SubscriptionRow};
use crate::billing::providers::ProviderKind;
use crate::error::{Error, Found, Result};
use crate::ids::{GrantId, MemberId, SubscriptionId};
use crate::storage::Tx;

/// Where the next payment is asked for already, nobody is to pay it any more.
pub(super) fn drop_renewal(tx: &mut Tx<'_>, subscription: SubscriptionId, by: Option<MemberId>) -> Result<()> {
    if let Some(order) = store::orders::renewal(tx, subscription)? {
        let order = close(tx, order, Fact::Cancelled, by)?;
        orders_changed(tx, &order, by)?;
    }
    Ok(())
}

/// Where the next payment is asked for already, it is asked for at what is right now.
pub(super) fn ask_anew(tx: &mut Tx<'_>, row: &SubscriptionRow, by: Option<MemberId>) -> Result<()> {
    drop_renewal(tx, row.id, by)?;
    let now = tx.now();
    look_after(tx, row)?;
    later(tx, row.id, now)
}

/// The difference that is asked for is that of one period and one plan: where either is another one, nobody is to pay it any more.
pub(super) fn drop_difference(tx: &mut Tx<'_>, subscription: SubscriptionId, by: Option<MemberId>) -> Result<()> {
    if let Some(order) = store::orders::change(tx, subscription)? {
        let order = close(tx, order, Fact::Cancelled, by)?;
        orders_changed(tx, &order, by)?;
    }
    Ok(())
}

/// Another plan takes the place of this one where its period ends.
pub(super) fn plan(tx: &mut Tx<'_>, billing: &Billing, weighed: &Weighed, by: Option<MemberId>) -> Result<()> {
    let (mut row, price) = (weighed.row.clone(), &weighed.price);
    row.plan_next(price.plan, price.id, (price.amount, price.every), weighed.quote.at);
    store::subscriptions::save(tx, &row)?;
    drop_difference(tx, row.id, by)?;
    ask_anew(tx, &row, by)?;
    changed(tx, billing, row.member, by)
}

/// The order for the difference, which is good until the period ends; another wish, or the same for another sum by now, takes its place.
pub(super) fn ask_difference(tx: &mut Tx<'_>, weighed: &Weighed) -> Result<Order> {
    let Weighed { row, plan, price, quote, .. } = weighed;
    if let Some(order) = store::orders::change(tx, row.id)? {
        if store::orders::line(tx, order.id)?.price == Some(price.id) && order.amount == quote.due.amount {
            return one(tx, order);
        }
        close(tx, order, Fact::Cancelled, Some(row.member))?;
    }
    if store::orders::count_awaiting(tx, row.member)? >= super::ordering::MOST {
        return Err(Error::conflict("billing.order_count"));
    }
    store::payers::ensure(tx, row.member)?;
    let total = (quote.due.amount, price.currency.clone());
    let mut order = new_order(tx, row.member, ProviderKind::Manual, total, None, String::new());
    (order.subscription, order.expires_at) = (Some(row.id), Some(row.period_end));
    let line = new_line(tx, order.id, plan, Some(price.id), Some(price.every), quote.due.amount);
    store::orders::insert(tx, &order, &LineRow { kind: LineKind::Change.number(), ..line })?;
    orders_changed(tx, &order, Some(row.member))?;
    one(tx, order)
}

/// A dearer plan takes the place of this one, for the rest of the period and from then on.
pub(super) fn take_place(
    tx: &mut Tx<'_>,
    billing: &Billing,
    row: &mut SubscriptionRow,
    price: &PriceRow,
    by: Option<MemberId>,
) -> Result<GrantId> {
    turn(tx, billing, row.member)?;
    (row.plan, row.price, row.amount) = (price.plan, Some(price.id), price.amount);
    row.forget_next();
    store::subscriptions::save(tx, row)?;
    ask_anew(tx, row, by)?;
    let grant = grant_of(tx, billing, row, by)?;
    changed(tx, billing, row.member, by)?;
    Ok(grant)
}

/// The difference was paid.
///
/// # Errors
/// `billing.subscription_over` when there is nothing left of which it is one; `billing.change_stale` when it was that of another period;
/// `billing.has_for_good` and `billing.has_subscription` when the plan is paid for otherwise by now.
pub(super) fn fulfil(tx: &mut Tx<'_>, billing: &Billing, order: &mut OrderRow, line: &LineRow, by: Option<MemberId>) -> Result<()> {
    let (now, subscription) = (tx.now(), order.subscription.found()?);
    let mut row = store::subscriptions::by_id(tx, subscription)?.filter(|row| row.ended_at.is_none() && row.period_end > now);
    let row = row.as_mut().ok_or_else(|| Error::conflict("billing.subscription_over"))?;
    if order.expires_at != Some(row.period_end) {
        return Err(Error::conflict("billing.change_stale"));
    }
    let price = store::prices::by_id(tx, line.price.found()?)?.found()?;
    must_not_have(tx, row, price.plan, now)?;
    store::subscriptions::keep_before(tx, line.id, row)?;
    let grant = take_place(tx, billing, row, &price, by)?;
    store::orders::fulfil(tx, line.id, grant.0, (now, Some(row.period_end)))?;
    (order.state, order.paid_at) = (OrderState::Fulfilled.number(), Some(now));
    store::orders::save(tx, order)?;
    answer_wishes(tx, order, price.plan)?;
    orders_changed(tx, order, by)
}

/// The difference went back: the plan is the one that it was before, unless another took its place meanwhile, or a further period was paid
/// for in it; then the money alone goes back.
pub(super) fn undo(tx: &mut Tx<'_>, billing: &Billing, line: &LineRow, by: Option<MemberId>) -> Result<()> {
    let Some((subscription, plan, price, amount)) = store::subscriptions::before(tx, line.id)? else { return Ok(()) };
    let Some(mut row) = store::subscriptions::by_id(tx, subscription)?.filter(|row| row.ended_at.is_none()) else { return Ok(()) };
    let was_for = store::orders::paid_until(tx, line.id)?;
    if row.price == line.price && was_for == Some(row.period_end) {
        (row.plan, row.price, row.amount) = (plan, price, amount);
        row.forget_next();
        store::subscriptions::save(tx, &row)?;
        drop_difference(tx, row.id, by)?;
        ask_anew(tx, &row, by)?;
        grant_of(tx, billing, &row, by)?;
    }
    Ok(())
}

/// The difference was not paid while there was a period of which it is one.
pub(super) fn expire(tx: &mut Tx<'_>, subscription: SubscriptionId) -> Result<()> {
    let now = tx.now();
    if let Some(order) = store::orders::change(tx, subscription)?.filter(|order| order.expires_at.is_some_and(|end| end <= now)) {
        let order = close(tx, order, Fact::Expired, None)?;
        orders_changed(tx, &order, None)?;
    }
    Ok(())
}

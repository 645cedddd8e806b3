//! Settling: what a provider says of a checkout or a subscription becomes rows, in one transaction. Whoever calls, and however often, it
//! happens once.

use super::fulfilling::{fulfil, grant_of, rewrite, undo};
use super::ordering::{close, one, place_renewal};
use super::taking::{Incoming, give_back, take};
use super::telling::{changed, orders_changed, turn};
use super::{Billing, hold, store};
use crate::billing::model::{Fact, GrantSource, Order, OrderState, SubscriptionRow, Verdict, settle as verdict};
use crate::billing::providers::{CheckoutTruth, PaymentState, PaymentTruth, ProviderKind, SubscriptionTruth};
use crate::error::{Error, Found, Result};
use crate::ids::OrderId;
use crate::storage::Tx;

/// Brings an order to what its provider says of its checkout. Called by whoever learns that something may have happened; again it does
/// nothing.
///
/// # Errors
/// `billing.foreign_checkout`, for a person to look at, when what the provider says does not belong to this order.
pub fn settle(tx: &mut Tx<'_>, billing: &Billing, order: OrderId, truth: &CheckoutTruth) -> Result<Order> {
    let buyer = store::orders::by_id(tx, order)?.found()?.buyer;
    hold(tx, buyer)?;
    let mut row = store::orders::by_id(tx, order)?.found()?;
    let line = store::orders::line(tx, order)?;
    match verdict(order, row.state(), row.total()?, truth) {
        Verdict::Wait => {}
        Verdict::Expire => {
            row = close(tx, row, Fact::Expired, None)?;
            orders_changed(tx, &row, None)?;
        }
        Verdict::Foreign => return Err(Error::conflict("billing.foreign_checkout")),
        Verdict::Fulfil => {
            let after = row.state().after(Fact::Paid).ok_or_else(|| Error::conflict("billing.order_over"))?;
            if row.state() != after {
                if let Some(payment) = &truth.payment
                    && store::payments::by_external_id(tx, row.provider(), &payment.external_id)?.is_none()
                {
                    take(tx, &row, &Incoming::at_provider(payment))?;
                }
                fulfil(tx, billing, &mut row, &line, truth.subscription.as_ref(), None)?;
            }
            if let Some(subscription) = &truth.subscription {
                mirror(tx, billing, row.provider(), subscription)?;
            } else if let Some(payment) = &truth.payment {
                take_back(tx, billing, row.provider(), payment)?;
                row = store::orders::by_id(tx, order)?.found()?;
            }
        }
    }
    one(tx, row)
}

/// Brings a subscription to what its provider says of it: the mirror, its grant, and every payment that is not written down yet. One that
/// this program never sold is left alone.
///
/// # Errors
/// When the database refuses.
pub fn mirror(tx: &mut Tx<'_>, billing: &Billing, provider: ProviderKind, truth: &SubscriptionTruth) -> Result<()> {
    let Some(known) = store::subscriptions::by_external_id(tx, provider, &truth.external_id)? else { return Ok(()) };
    hold(tx, known.member)?;
    let is_there = super::founding::is_there(tx, known.member)?;
    let row = rewrite(tx, provider, (known.member, known.plan, known.price), truth)?;
    if is_there {
        turn(tx, billing, known.member)?;
        grant_of(tx, &row, None)?;
    }
    let mut is_moved = row != SubscriptionRow { fetched_at: row.fetched_at, ..known.clone() };
    let plan = store::plans::by_id(tx, row.plan)?.found()?;
    for payment in &truth.payments {
        match store::payments::by_external_id(tx, provider, &payment.external_id)? {
            None if payment.state == PaymentState::Succeeded => {
                is_moved = true;
                let mut order = place_renewal(tx, &row, &plan)?;
                let line = store::orders::line(tx, order.id)?;
                take(tx, &order, &Incoming::at_provider(payment))?;
                let source = format!("subscription.{}", row.id);
                let grant = store::grants::of_source(tx, GrantSource::paid_by(provider), &source)?.found()?.id;
                store::orders::fulfil(tx, line.id, grant.0, (row.period_start, Some(row.period_end)))?;
                (order.state, order.paid_at) = (OrderState::Fulfilled.number(), Some(payment.at));
                store::orders::save(tx, &order)?;
            }
            _ => take_back(tx, billing, provider, payment)?,
        }
    }
    if is_moved && is_there { changed(tx, billing, known.member, None) } else { Ok(()) }
}

/// Takes a payment back that was written down and of which its provider says that all of it went back; once.
fn take_back(tx: &mut Tx<'_>, billing: &Billing, provider: ProviderKind, payment: &PaymentTruth) -> Result<()> {
    let Some(taken) = store::payments::by_external_id(tx, provider, &payment.external_id)? else { return Ok(()) };
    if payment.refunded < taken.amount || store::payments::reversal(tx, taken.id)?.is_some() {
        return Ok(());
    }
    let refund = format!("{}.refund", payment.external_id);
    give_back(tx, &taken, taken.money()?, Some(refund), None, String::new())?;
    undo(tx, billing, taken.order, None).map(|_| ())
}

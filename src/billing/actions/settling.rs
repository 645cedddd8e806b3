//! Settling: what a provider says of a checkout or a subscription becomes rows, in one transaction. Whoever calls, and however often, it
//! happens once.

use super::checkout::end_elsewhere;
use super::fulfilling::{fulfil, grant_of, has_for_good, rewrite, undo};
use super::ordering::{close, new_line, new_order, one, place_renewal};
use super::refunding::owe_rest;
use super::taking::{Incoming, give_back, take};
use super::telling::{changed, orders_changed, turn};
use super::{Billing, hold, letters, store};
use crate::billing::model::{
    AfterRefund, Fact, GrantSource, LineKind, LineRow, Order, OrderRow, OrderState, PaymentRow, PlanRow, RefundRow, RefundState,
    StrangeRow, SubscriptionRow, Verdict, settle as verdict, told_apart,
};
use crate::billing::providers::{CheckoutTruth, PaymentState, PaymentTruth, ProviderKind, SubscriptionTruth};
use crate::clock::Millis;
use crate::error::{Error, Found, Result};
use crate::ids::OrderId;
use crate::money::Money;
use crate::storage::Tx;

/// When a subscription of somebody who is gone is ended once more, should it still go on.
const END_AGAIN: Millis = 10 * 60_000;

/// Brings an order to what its provider says of its checkout. Called by whoever learns that something may have happened; again it does
/// nothing. What does not belong to this order is written down for a person to look at, and nothing is given.
///
/// # Errors
/// When the database refuses.
pub fn settle(tx: &mut Tx<'_>, billing: &Billing, order: OrderId, truth: &CheckoutTruth) -> Result<Order> {
    let buyer = store::orders::by_id(tx, order)?.found()?.buyer;
    hold(tx, buyer)?;
    let mut row = store::orders::by_id(tx, order)?.found()?;
    let line = store::orders::line(tx, order)?;
    let said = verdict(order, row.state(), row.total()?, truth);
    // While its payment waits, for a bank to judge a dispute for example, what was strange stays so.
    if matches!(said, Verdict::Fulfil | Verdict::Expire) {
        store::strange::resolve(tx, order)?;
    }
    match said {
        Verdict::Wait => {
            // What was paid may be asked back meanwhile by its payer's bank.
            if let Some(payment) = truth.payment.as_ref().filter(|_| truth.subscription.is_none()) {
                take_back(tx, billing, row.provider(), (payment, truth.asked_at))?;
                row = store::orders::by_id(tx, order)?.found()?;
            }
        }
        Verdict::Expire => {
            row = close(tx, row, Fact::Expired, None)?;
            orders_changed(tx, &row, None)?;
        }
        Verdict::Foreign => {
            let known = store::strange::of_order(tx, order)?;
            let strange = StrangeRow::of(order, truth, known.clone(), tx.now());
            if known.as_ref() != Some(&strange) {
                if known.is_none_or(|known| known.seen_at != strange.seen_at) {
                    tracing::error!(%order, "what a provider says of a checkout does not belong to its order");
                }
                store::strange::put(tx, &strange)?;
            }
        }
        Verdict::Fulfil => {
            let after = row.state().after(Fact::Paid).ok_or_else(|| Error::conflict("billing.order_over"))?;
            if row.state() != after {
                if row.state() != OrderState::Awaiting {
                    super::promoting::count_use(tx, &row, true)?;
                }
                let mut taken = None;
                if let Some(payment) = &truth.payment
                    && store::payments::by_external_id(tx, row.provider(), &payment.external_id)?.is_none()
                {
                    taken = Some(take(tx, &row, &Incoming::at_provider(payment))?);
                }
                if !super::founding::is_there(tx, buyer)? || is_paid_twice(tx, &row, &line, truth)? || was_unwanted(tx, &row, truth)? {
                    return unwanted(tx, billing, row, &line, truth);
                }
                fulfil(tx, billing, &mut row, &line, truth.subscription.as_ref(), None)?;
                if let Some(payment) = taken.filter(|_| truth.payment.as_ref().is_some_and(is_held)) {
                    letters::paid(tx, billing, &row, &line, &payment)?;
                }
            }
            if let Some(subscription) = &truth.subscription {
                mirror(tx, billing, row.provider(), subscription)?;
            } else if let Some(payment) = &truth.payment {
                take_back(tx, billing, row.provider(), (payment, truth.asked_at))?;
                row = store::orders::by_id(tx, order)?.found()?;
            }
        }
    }
    one(tx, row)
}

/// Did the buyer begin to pay for the same plan in two tabs at once? Then it is paid already: for good, or from period to period, also by
/// what becomes this plan. What is paid once may follow what is paid each month, if that went on before. A second trial, whatever of, is one
/// of a second tab, too: there is one for each member.
fn is_paid_twice(tx: &mut Tx<'_>, row: &OrderRow, line: &LineRow, truth: &CheckoutTruth) -> Result<bool> {
    let (Some(plan), now) = (line.plan.filter(|_| !line.is_gift()), tx.now()) else { return Ok(false) };
    let own = truth.subscription.as_ref().map(|own| own.external_id.as_str());
    if has_for_good(tx, (row.buyer, plan), row.provider(), now)?
        || truth.payment.is_none() && store::subscriptions::had_trial(tx, row.buyer, own)?
    {
        return Ok(true);
    }
    let mut others = store::subscriptions::going_on(tx, row.buyer)?;
    others.retain(|one| one.is_for(plan) && one.status().is_open() && one.external_id.is_some());
    Ok(others.iter().any(|one| if own.is_some() { one.external_id.as_deref() != own } else { one.started_at >= row.placed_at }))
}

/// Somebody paid whose account was deleted meanwhile, or who pays for it already: nothing is given, what would be charged next is ended, what
/// a code takes off can be used by others, and the money goes back.
fn unwanted(tx: &mut Tx<'_>, billing: &Billing, mut row: OrderRow, line: &LineRow, truth: &CheckoutTruth) -> Result<Order> {
    let provider = row.provider();
    if let Some(subscription) = &truth.subscription {
        let whose = (row.buyer, line.plan.found()?, line.price);
        row.subscription = Some(rewrite(tx, provider, whose, subscription)?.id);
        end_elsewhere(tx, provider, &subscription.external_id, None)?;
    }
    if truth.payment.is_some() {
        (row.state, row.paid_at) = (OrderState::Fulfilled.number(), Some(tx.now()));
    } else if row.state() == OrderState::Awaiting {
        // In a trial nothing was paid, so nothing goes back.
        (row.state, row.closed_at) = (OrderState::Cancelled.number(), Some(tx.now()));
    }
    super::promoting::count_use(tx, &row, false)?;
    store::orders::save(tx, &row)?;
    if let Some(payment) = &truth.payment {
        give_all_back(tx, billing, provider, (payment, truth.asked_at))?;
    }
    let row = store::orders::by_id(tx, row.id)?.found()?;
    one(tx, row)
}

/// Money came that nobody is to have: what its provider has not given back yet goes back.
fn give_all_back(tx: &mut Tx<'_>, billing: &Billing, provider: ProviderKind, (payment, asked_at): (&PaymentTruth, Millis)) -> Result<()> {
    take_back(tx, billing, provider, (payment, asked_at))?;
    let taken = store::payments::by_external_id(tx, provider, &payment.external_id)?;
    taken.map_or(Ok(()), |taken| owe_rest(tx, &taken))
}

/// Was what goes on after this checkout turned away before?
fn was_unwanted(tx: &mut Tx<'_>, row: &OrderRow, truth: &CheckoutTruth) -> Result<bool> {
    let Some(subscription) = &truth.subscription else { return Ok(false) };
    let known = store::subscriptions::by_external_id(tx, row.provider(), &subscription.external_id)?;
    known.map_or(Ok(false), |known| is_unwanted(tx, &known))
}

/// Was a subscription turned away when it began? What is wanted has its grant from then on, and what has none never gets one.
fn is_unwanted(tx: &mut Tx<'_>, row: &SubscriptionRow) -> Result<bool> {
    let source = (GrantSource::paid_by(row.provider()), format!("subscription.{}", row.id));
    Ok(store::grants::of_source(tx, source.0, &source.1)?.is_none())
}

/// Brings a subscription to what its provider says of it: the mirror, its grant, and every payment that is not written down yet. One that
/// this program never sold is left alone; of one that nobody wants any more all money goes back, and it is ended until it is over.
///
/// # Errors
/// When the database refuses.
pub fn mirror(tx: &mut Tx<'_>, billing: &Billing, provider: ProviderKind, truth: &SubscriptionTruth) -> Result<()> {
    let Some(known) = store::subscriptions::by_external_id(tx, provider, &truth.external_id)? else { return Ok(()) };
    hold(tx, known.member)?;
    let is_wanted = super::founding::is_there(tx, known.member)? && !is_unwanted(tx, &known)?;
    let row = rewrite(tx, provider, (known.member, known.plan, known.price), truth)?;
    if is_wanted {
        turn(tx, billing, known.member)?;
        grant_of(tx, billing, &row, None)?;
        letters::dun(tx, billing, &row)?;
    }
    let mut is_moved = row != SubscriptionRow { fetched_at: row.fetched_at, ..known.clone() };
    let plan = store::plans::by_id(tx, row.plan)?.found()?;
    for payment in &truth.payments {
        match store::payments::by_external_id(tx, provider, &payment.external_id)? {
            None if payment.state == PaymentState::Succeeded => {
                is_moved = true;
                let (mut order, line) = place_paid(tx, &row, &plan, payment)?;
                let taken = take(tx, &order, &Incoming::at_provider(payment))?;
                (order.state, order.paid_at) = (OrderState::Fulfilled.number(), Some(payment.at));
                store::orders::save(tx, &order)?;
                if is_wanted {
                    let source = format!("subscription.{}", row.id);
                    let grant = store::grants::of_source(tx, GrantSource::paid_by(provider), &source)?.found()?.id;
                    let start = if payment.is_difference { payment.at } else { row.period_start };
                    store::orders::fulfil(tx, line.id, grant.0, (start, Some(row.period_end)))?;
                    if is_held(payment) {
                        letters::paid(tx, billing, &order, &line, &taken)?;
                    }
                    take_back(tx, billing, provider, (payment, truth.asked_at))?;
                } else {
                    give_all_back(tx, billing, provider, (payment, truth.asked_at))?;
                }
            }
            // What an older answer does not know of did not come back.
            _ if known.fetched_at <= truth.asked_at => take_back(tx, billing, provider, (payment, truth.asked_at))?,
            _ => {}
        }
    }
    if is_wanted {
        // What went back may have been what let them in, and what came may be what does.
        grant_of(tx, billing, &row, None)?;
    } else if row.ended_at.is_none() {
        // Nobody has anything of it any more. Not at once: this may be the answer to just that.
        let at = tx.now() + END_AGAIN;
        end_elsewhere(tx, provider, &truth.external_id, Some(at))?;
    }
    if is_moved && is_wanted { changed(tx, billing, known.member, None) } else { Ok(()) }
}

/// The order of a payment that a provider took by itself: for a period, or for the rest of one in a dearer plan.
fn place_paid(tx: &mut Tx<'_>, row: &SubscriptionRow, plan: &PlanRow, payment: &PaymentTruth) -> Result<(OrderRow, LineRow)> {
    let Money { amount, currency } = payment.amount;
    if payment.is_difference {
        let mut order = new_order(tx, row.member, row.provider(), (amount, currency.code().to_owned()), None, String::new());
        order.subscription = Some(row.id);
        let line = new_line(tx, order.id, plan, row.price, Some(row.every), amount);
        let line = LineRow { kind: LineKind::Change.number(), ..line };
        store::orders::insert(tx, &order, &line)?;
        return Ok((order, line));
    }
    let mut order = place_renewal(tx, row, plan)?;
    let mut line = store::orders::line(tx, order.id)?;
    if payment.amount != order.total()? {
        (order.amount, order.currency, line.amount) = (amount, currency.code().to_owned(), amount);
        store::orders::save_line(tx, &line)?;
    }
    Ok((order, line))
}

/// Is there anything of this money that did not go back?
const fn is_held(payment: &PaymentTruth) -> bool {
    payment.refunded < payment.amount.amount
}

/// Follows what its provider said of a payment that was written down, when it was asked: what went back of it, and whether its payer's bank
/// asks for it. What was bought goes with the last of the money, unless an administrator wanted otherwise.
fn take_back(tx: &mut Tx<'_>, billing: &Billing, provider: ProviderKind, (payment, asked_at): (&PaymentTruth, Millis)) -> Result<()> {
    let Some(taken) = store::payments::by_external_id(tx, provider, &payment.external_id)? else { return Ok(()) };
    let more = payment.refunded - store::payments::returned(tx, taken.id)?;
    // An answer from before the last row that took something back knows less, and not that it is here again.
    if more < 0 && store::payments::last_returned_at(tx, taken.id)?.is_some_and(|at| at > asked_at) {
        return Ok(());
    }
    let order = store::orders::by_id(tx, taken.order)?.found()?;
    let mut is_other = false;
    if let Some(state) = payment.dispute
        && store::refunds::dispute(tx, taken.id)? != Some(state)
    {
        store::refunds::put_dispute(tx, taken.id, order.buyer, state)?;
        is_other = true;
    }
    if more != 0 {
        let wish = book_back(tx, &taken, payment, more)?;
        let (after, by) = wish.map_or((AfterRefund::End, None), |wish| (wish.after(), wish.asked_by));
        if payment.refunded >= taken.amount && after == AfterRefund::End && order.state() == OrderState::Fulfilled {
            return undo(tx, billing, taken.order, by).map(|_| ());
        }
    }
    if more != 0 || is_other { orders_changed(tx, &order, None) } else { Ok(()) }
}

/// Writes down what went back of a payment since the last time, each part in a row of its own where its provider tells them apart. `more`:
/// what they come to; below zero, money that was on its way back never arrived there, and is here again. Answers with the wish that the newest
/// part fulfils.
fn book_back(tx: &mut Tx<'_>, taken: &PaymentRow, payment: &PaymentTruth, more: i64) -> Result<Option<RefundRow>> {
    let provider = ProviderKind::from_number(taken.provider);
    let mut new = Vec::new();
    for part in &payment.parts {
        if store::payments::by_external_id(tx, provider, &part.external_id)?.is_none() {
            new.push(part);
        }
    }
    let amounts: Vec<i64> = new.iter().map(|part| part.amount).collect();
    let mut newest = None;
    let Some(count) = told_apart(&amounts, more) else {
        let wish = store::refunds::open(tx, taken.id)?.filter(|wish| wish.amount == more);
        let name = format!("{}.refund.{}", payment.external_id, store::payments::count_reversals(tx, taken.id)? + 1);
        book_part(tx, taken, (name, more), wish.as_ref())?;
        return Ok(wish);
    };
    for part in new[..count].iter().rev() {
        let wish = part.wish.map(|id| store::refunds::by_id(tx, id)).transpose()?.flatten().filter(|wish| wish.payment == taken.id);
        book_part(tx, taken, (part.external_id.clone(), part.amount), wish.as_ref())?;
        newest = wish;
    }
    Ok(newest)
}

/// Writes one part down, with the reason of whoever wished it.
fn book_part(tx: &mut Tx<'_>, taken: &PaymentRow, (name, amount): (String, i64), wish: Option<&RefundRow>) -> Result<()> {
    let (by, note) = wish.map_or((None, String::new()), |wish| (wish.asked_by, wish.note.clone()));
    give_back(tx, taken, Money { amount, ..taken.money()? }, Some(name), by, note)?;
    wish.map_or(Ok(()), |wish| store::refunds::set_state(tx, wish.id, RefundState::Done))
}

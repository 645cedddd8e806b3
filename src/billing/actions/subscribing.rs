//! Subscriptions: what time does to those that are paid by hand, and what their members do: cancel, resume.

use serde::{Deserialize, Serialize};

use super::checkout::{end_elsewhere, look};
use super::fulfilling::grant_of;
use super::ordering::{close, place_renewal};
use super::switching::back_later;
use super::telling::{changed, orders_changed, turn};
use super::{Billing, hold, letters, store};
use crate::billing::model::{
    Advance, Fact, NextTerms, OrderRow, Owed, PlanName, Subscription, SubscriptionRow, access_until, next_dunning,
};
use crate::billing::policy::OwnSubscription;
use crate::billing::providers::ProviderKind;
use crate::clock::Millis;
use crate::error::{Error, Found, Result};
use crate::ids::{MemberId, PlanId, SubscriptionId};
use crate::jobs::{Enqueue, enqueue};
use crate::money::add_days;
use crate::settings::Settings;
use crate::storage::{Conn, Tx};

/// Jobs at instants at which time does something to a subscription.
pub const SUBSCRIPTION: &str = "billing.subscription";

/// What a job of the kind [`SUBSCRIPTION`] needs to know.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Due {
    pub subscription: SubscriptionId,
}

/// Has the next instant looked after at which time does something to a subscription.
pub(super) fn look_after(tx: &mut Tx<'_>, row: &SubscriptionRow) -> Result<()> {
    let now = tx.now();
    let next_at = match row.provider() {
        ProviderKind::Manual => next_step(&row.advance(now, grace_days(tx)?), grace_days(tx)?, now),
        ProviderKind::Test | ProviderKind::Stripe => row.ended_at.is_none().then(|| looked_at(row, now)),
    };
    next_at.map_or(Ok(()), |at| later(tx, row.id, at))
}

/// When time does something next to one that is paid by hand, or its member is told again that they owe.
fn next_step(step: &Advance, grace: u32, now: Millis) -> Option<Millis> {
    let told = step.row.past_due_since.and_then(|since| next_dunning(since, grace, now));
    let turns = step.row.next_at.filter(|at| *at > now);
    [step.next_at, told, turns].into_iter().flatten().min()
}

/// When a subscription that its provider keeps is looked at next: where a period ends, and each day while a payment is owed.
fn looked_at(row: &SubscriptionRow, now: Millis) -> Millis {
    if row.past_due_since.is_some() || row.period_end <= now { add_days(now, 1) } else { row.period_end }
}

pub(super) fn later(tx: &mut Tx<'_>, subscription: SubscriptionId, at: Millis) -> Result<()> {
    let options = Enqueue { run_at: Some(at), unique_key: Some(format!("{SUBSCRIPTION}/{subscription}/{at}")), ..Enqueue::default() };
    enqueue(tx, SUBSCRIPTION, &Due { subscription }, options).map(|_| ())
}

/// For how many days a payment may be owed.
pub(super) fn grace_days(conn: &mut Conn) -> Result<u32> {
    Ok(u32::from(Settings::load(conn)?.payment_grace_days))
}

/// What time did to a subscription that is paid by hand is written down: asked for, owed, over. Again it does nothing.
///
/// # Errors
/// When the database refuses.
pub fn advance(tx: &mut Tx<'_>, billing: &Billing, subscription: SubscriptionId) -> Result<()> {
    let Some(row) = store::subscriptions::by_id(tx, subscription)? else { return Ok(()) };
    hold(tx, row.member)?;
    let row = store::subscriptions::by_id(tx, subscription)?.found()?;
    if row.provider() != ProviderKind::Manual {
        return Ok(());
    }
    let (now, grace) = (tx.now(), grace_days(tx)?);
    let step = row.advance(now, grace);
    super::by_hand::expire(tx, subscription)?;
    if let Some(at) = next_step(&step, grace, now) {
        later(tx, subscription, at)?;
    }
    let renewal = store::orders::renewal(tx, subscription)?;
    let order = match renewal {
        None if step.asks => {
            let plan = store::plans::by_id(tx, step.row.next_plan.unwrap_or(step.row.plan))?.found()?;
            let order = place_renewal(tx, &step.row, &plan)?;
            // Who hears of it late hears that it is owed.
            if step.row.past_due_since.is_none() {
                letters::due(tx, billing, &row, &order)?;
            }
            Some(order)
        }
        Some(order) if step.row.ended_at.is_some() => Some(close(tx, order, Fact::Expired, None)?),
        _ => None,
    };
    if let Some(order) = &order {
        orders_changed(tx, order, None)?;
    }
    letters::dun(tx, billing, &step.row)?;
    if step.row == row {
        return Ok(());
    }
    turn(tx, billing, row.member)?;
    store::subscriptions::save(tx, &step.row)?;
    if let Some(since) = step.row.past_due_since {
        store::subscriptions::note_failure(tx, row.id, since)?;
    }
    grant_of(tx, billing, &step.row, None)?;
    changed(tx, billing, row.member, None)
}

/// Has an own subscription end with the period that is paid, or go on after all: `cancels`.
///
/// # Errors
/// `billing.subscription_over`, `billing.subscription_elsewhere` for one that its provider keeps.
pub fn cancel_at_end(tx: &mut Tx<'_>, may: &OwnSubscription, billing: &Billing, cancels: bool) -> Result<Subscription> {
    let member = may.member();
    hold(tx, member)?;
    let mut row = store::subscriptions::by_id(tx, may.subscription())?.found()?;
    if row.ended_at.is_some() {
        return Err(Error::conflict("billing.subscription_over"));
    }
    if row.provider() != ProviderKind::Manual {
        return Err(Error::conflict("billing.subscription_elsewhere"));
    }
    let now = tx.now();
    if row.cancels_at_end != cancels {
        row.cancels_at_end = cancels;
        // What is owed already is not owed any more: it ends where it was paid up to.
        if cancels && row.period_end <= now {
            row.end(now);
        }
        if cancels {
            super::by_hand::drop_renewal(tx, row.id, Some(member))?;
        }
        turn(tx, billing, member)?;
        store::subscriptions::save(tx, &row)?;
        // Now, and not at the next instant: a payment may be due already.
        later(tx, row.id, now)?;
        grant_of(tx, billing, &row, Some(member))?;
        changed(tx, billing, member, Some(member))?;
    }
    shown(tx, row)
}

pub(super) fn shown(conn: &mut Conn, row: SubscriptionRow) -> Result<Subscription> {
    let (name, grace) = (store::plans::by_id(conn, row.plan)?.found()?.name, grace_days(conn)?);
    let next = next_terms(conn, &row)?;
    row.subscription(name, next, grace)
}

/// What a member owes, the most pressing first of several; none: nothing. What has lapsed or was cancelled is not asked for any more, and what
/// is owed at the test provider is nothing while that is refused.
///
/// # Errors
/// When the database cannot be read.
pub fn owed(conn: &mut Conn, billing: &Billing, member: MemberId, now: Millis) -> Result<Option<Owed>> {
    let mut rows = store::subscriptions::going_on(conn, member)?;
    let counts = |row: &SubscriptionRow| row.provider() != ProviderKind::Test || billing.standings.counts_test();
    rows.retain(|row| row.past_due_since.is_some() && !row.cancels_at_end && counts(row));
    if rows.is_empty() {
        return Ok(None);
    }
    let grace = grace_days(conn)?;
    let until = |row: SubscriptionRow| access_until(&row.terms(), grace).filter(|until| *until > now).map(|until| (until, row));
    let Some((until, row)) = rows.into_iter().filter_map(until).min_by_key(|(until, _)| *until) else { return Ok(None) };
    let plan = store::plans::by_id(conn, row.plan)?.found()?.name;
    Ok(Some(Owed { subscription: row.id, plan, until }))
}

/// Subscriptions as they are shown, with the names of their plans.
pub(super) fn all_shown(conn: &mut Conn, rows: Vec<(SubscriptionRow, String)>) -> Result<Vec<Subscription>> {
    let grace = grace_days(conn)?;
    let mut found = Vec::with_capacity(rows.len());
    for (row, plan) in rows {
        let next = next_terms(conn, &row)?;
        found.push(row.subscription(plan, next, grace)?);
    }
    Ok(found)
}

/// What was planned for the end of its period.
fn next_terms(conn: &mut Conn, row: &SubscriptionRow) -> Result<Option<NextTerms>> {
    let (Some(id), Some(at)) = (row.next_price, row.next_at) else { return Ok(None) };
    let price = store::prices::by_id(conn, id)?.found()?;
    let plan = PlanName { id: price.plan, name: store::plans::by_id(conn, price.plan)?.found()?.name };
    Ok(Some(NextTerms { plan, price: id, money: price.money()?, every: price.every(), at, paid: row.is_next_paid() }))
}

/// The subscription that a member began last, if there is one.
///
/// # Errors
/// When the database cannot be read.
pub fn newest_subscription(conn: &mut Conn, member: MemberId) -> Result<Option<SubscriptionId>> {
    Ok(store::subscriptions::of_member(conn, member, 1)?.pop().map(|(row, _)| row.id))
}

/// One subscription, as it is shown.
pub(super) fn by_id(conn: &mut Conn, subscription: SubscriptionId) -> Result<Subscription> {
    let row = store::subscriptions::by_id(conn, subscription)?.found()?;
    shown(conn, row)
}

/// A member's subscriptions, newest first; also those that are over.
pub(super) fn of_member(conn: &mut Conn, member: MemberId, limit: i64) -> Result<Vec<Subscription>> {
    let rows = store::subscriptions::of_member(conn, member, limit)?;
    all_shown(conn, rows)
}

/// What an order bought for good is not paid from period to period beside it any more, and nothing becomes it; but a period of another plan that
/// is paid already stays. What was paid at the test provider ends nothing but what is paid there.
pub(super) fn end_had_for_good(tx: &mut Tx<'_>, billing: &Billing, order: &OrderRow, plan: PlanId, by: Option<MemberId>) -> Result<()> {
    let now = tx.now();
    for mut row in store::subscriptions::going_on(tx, order.buyer)? {
        let counts = order.provider() != ProviderKind::Test || row.provider() == ProviderKind::Test;
        if !counts || !row.is_for(plan) || row.is_next_paid() {
            continue;
        }
        match (row.plan == plan, row.external_id.clone()) {
            (true, Some(external_id)) => end_elsewhere(tx, row.provider(), &external_id, None)?,
            (false, Some(_)) => back_later(tx, row.id)?,
            (true, None) => {
                super::by_hand::drop_difference(tx, row.id, by)?;
                super::by_hand::drop_renewal(tx, row.id, by)?;
                row.end(now);
                store::subscriptions::save(tx, &row)?;
                grant_of(tx, billing, &row, by)?;
            }
            (false, None) => {
                row.forget_next();
                store::subscriptions::save(tx, &row)?;
                super::by_hand::ask_anew(tx, &row, by)?;
            }
        }
    }
    Ok(())
}

/// An account was deleted: what it paid for by hand is over, and nothing waits for it any more.
pub(super) fn end_all(tx: &mut Tx<'_>, member: MemberId) -> Result<()> {
    let now = tx.now();
    for mut row in store::subscriptions::going_on(tx, member)? {
        match row.external_id.clone() {
            Some(external_id) => end_elsewhere(tx, row.provider(), &external_id, None)?,
            None => {
                row.end(now);
                store::subscriptions::save(tx, &row)?;
            }
        }
    }
    let filter = store::orders::OrderFilter {
        buyer: Some(member),
        state: Some(crate::billing::model::OrderState::Awaiting),
        limit: 200,
        ..Default::default()
    };
    let waiting = store::orders::find(tx, &filter)?;
    super::promoting::hold_uses(tx, waiting.iter().filter_map(|order| order.promotion).collect())?;
    for order in waiting {
        let order = close(tx, order, Fact::Cancelled, None)?;
        // Nobody is to pay there any more; if somebody has, it goes back.
        if order.session.is_some() {
            look(tx, order.id, None, true)?;
        }
    }
    Ok(())
}

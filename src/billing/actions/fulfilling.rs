//! What was bought: given once, whoever asks; kept in step with what is paid; and taken back with its money.

use super::checkout::look;
use super::gifting::{place_bought, take_back_bought};
use super::giving::{end_for_good, insert, log};
use super::ordering::close;
use super::subscribing::{later, look_after};
use super::switching::back_later;
use super::telling::{changed, orders_changed, remind, turn};
use super::{Billing, letters, store};
use crate::billing::model::{
    Every, Fact, GrantEvent, GrantSource, GrantState, LineKind, LineRow, NewGrant, OrderRow, OrderState, SubscriptionRow,
    SubscriptionStatus, access_until,
};
use crate::billing::providers::{ProviderKind, SubscriptionTruth};
use crate::clock::Millis;
use crate::error::{Error, Found, Result};
use crate::ids::{GrantId, MemberId, OrderId, PlanId, PriceId};
use crate::money::Money;
use crate::settings::Settings;
use crate::storage::{Conn, Tx};

/// Gives what an order bought: once, whoever asks. `by`: the administrator who took the money.
pub(super) fn fulfil(
    tx: &mut Tx<'_>,
    billing: &Billing,
    row: &mut OrderRow,
    line: &LineRow,
    truth: Option<&SubscriptionTruth>,
    by: Option<MemberId>,
) -> Result<()> {
    let (now, member) = (tx.now(), row.buyer);
    let plan = line.plan.ok_or_else(|| Error::broken("an order for nothing"))?;
    let every = line.every().ok_or_else(|| Error::broken("an order without a price was paid"))?;
    if line.is_gift() {
        let gift = place_bought(tx, billing, row, plan, every)?;
        store::orders::fulfil(tx, line.id, gift.id.0, (now, None))?;
        (row.state, row.paid_at) = (OrderState::Fulfilled.number(), Some(now));
        store::orders::save(tx, row)?;
        letters::gift_bought(tx, billing, &gift, &line.text)?;
        return orders_changed(tx, row, by);
    }
    if line.is_change() {
        return super::by_hand::fulfil(tx, billing, row, line, by);
    }
    // The log tells things in their order: what ended by now comes before what begins.
    turn(tx, billing, member)?;
    let (grant, period) = match (every, truth) {
        (Every::Once, _) => {
            let source = (GrantSource::paid_by(row.provider()), format!("order.{}", row.id));
            let grant = keep_grant(tx, billing, (member, plan), source, Access::Until(None), by)?;
            super::subscribing::end_had_for_good(tx, billing, row, plan, by)?;
            (grant, (now, None))
        }
        (_, None) => {
            let (subscription, period) = pay_by_hand(tx, row, line, plan, every)?;
            row.subscription = Some(subscription.id);
            (grant_of(tx, billing, &subscription, by)?, (period.0, Some(period.1)))
        }
        (_, Some(truth)) => {
            let subscription = rewrite(tx, row.provider(), (member, plan, line.price), truth)?;
            row.subscription = Some(subscription.id);
            (grant_of(tx, billing, &subscription, by)?, (truth.period_start, Some(truth.period_end)))
        }
    };
    store::orders::fulfil(tx, line.id, grant.0, period)?;
    row.state = OrderState::Fulfilled.number();
    row.paid_at = Some(now);
    store::orders::save(tx, row)?;
    answer_wishes(tx, row, plan)?;
    orders_changed(tx, row, by)?;
    changed(tx, billing, member, by)
}

/// Other wishes for the same plan are answered with this order, also those of a subscription that was to become it: who paid both would have it
/// twice.
pub(super) fn answer_wishes(tx: &mut Tx<'_>, paid: &OrderRow, plan: PlanId) -> Result<()> {
    let mut others = store::orders::awaiting(tx, paid.buyer, plan, LineKind::Membership)?;
    others.extend(store::orders::awaiting(tx, paid.buyer, plan, LineKind::Change)?);
    super::promoting::hold_uses(tx, others.iter().filter_map(|other| other.promotion).collect())?;
    for other in others {
        if other.id != paid.id {
            let other = close(tx, other, Fact::Cancelled, None)?;
            // In another tab nobody is to pay for it again.
            if other.session.is_some() {
                look(tx, other.id, None, true)?;
            }
            orders_changed(tx, &other, None)?;
        }
    }
    Ok(())
}

/// The subscription by which a member pays for a plan by hand; otherwise the one that becomes it.
fn kept_by_hand(tx: &mut Tx<'_>, member: MemberId, plan: PlanId) -> Result<Option<SubscriptionRow>> {
    let mut rows = store::subscriptions::going_on(tx, member)?;
    rows.retain(|row| row.provider() == ProviderKind::Manual && row.is_for(plan));
    Ok(rows.iter().rposition(|row| row.plan == plan).or(rows.len().checked_sub(1)).map(|at| rows.swap_remove(at)))
}

/// Money for the plan as it is, where another one was chosen for later: it stays as it is.
fn stays(tx: &mut Tx<'_>, row: &mut SubscriptionRow, plan: PlanId) -> Result<()> {
    if row.is_next_paid() {
        return Err(Error::conflict("billing.change_paid"));
    }
    if row.plan != plan {
        return Err(Error::conflict("billing.change_planned"));
    }
    row.forget_next();
    super::by_hand::drop_renewal(tx, row.id, None)
}

/// The subscription that a payment by hand begins, or goes on with, and the period that it pays.
fn pay_by_hand(
    tx: &mut Tx<'_>,
    order: &OrderRow,
    line: &LineRow,
    plan: PlanId,
    every: Every,
) -> Result<(SubscriptionRow, (Millis, Millis))> {
    // What a period costs, whatever a code took off of this one.
    let (now, price, money) = (tx.now(), line.price, Money { amount: line.amount, ..order.total()? });
    // What is asked for to go on may be another plan by then.
    let own = order.subscription.map(|id| store::subscriptions::by_id(tx, id)).transpose()?.flatten().filter(|row| row.ended_at.is_none());
    let known = match own {
        Some(row) => Some(row),
        None => kept_by_hand(tx, order.buyer, plan)?,
    };
    if let Some(mut row) = known {
        if row.next_at.is_some() && row.next_price != price {
            stays(tx, &mut row, plan)?;
        }
        super::by_hand::drop_difference(tx, row.id, None)?;
        let period = row.pay(every, money);
        super::promoting::paid(tx, &mut row, order, (plan, every))?;
        row.price = if row.next_at.is_some() { row.price } else { price };
        // Who paid late for a dearer plan has it from now on.
        row.turn(now);
        row.fetched_at = now;
        store::subscriptions::save(tx, &row)?;
        look_after(tx, &row)?;
        return Ok((row, period));
    }
    let mut row = SubscriptionRow {
        id: tx.new_id(),
        member: order.buyer,
        plan,
        price,
        provider: ProviderKind::Manual.number(),
        external_id: None,
        status: SubscriptionStatus::Active.number(),
        every: every.number(),
        amount: money.amount,
        currency: money.currency.code().to_owned(),
        started_at: now,
        anchor_at: now,
        periods: 1,
        period_start: now,
        period_end: now,
        trial_end: None,
        cancels_at_end: false,
        past_due_since: None,
        ended_at: None,
        fetched_at: now,
        next_plan: None,
        next_price: None,
        next_amount: None,
        next_at: None,
        next_every: None,
        next_paid: 0,
        promotion_left: None,
        promotion: None,
    };
    row.period_end = row.end_of(1);
    super::promoting::paid(tx, &mut row, order, (plan, every))?;
    store::subscriptions::insert(tx, &row)?;
    look_after(tx, &row)?;
    let period = (row.period_start, row.period_end);
    Ok((row, period))
}

/// Rewrites the mirror of a provider's subscription from what the provider says; an older answer changes nothing.
pub(super) fn rewrite(
    tx: &mut Tx<'_>,
    provider: ProviderKind,
    (member, plan, price): (MemberId, PlanId, Option<PriceId>),
    truth: &SubscriptionTruth,
) -> Result<SubscriptionRow> {
    let now = tx.now();
    let known = store::subscriptions::by_external_id(tx, provider, &truth.external_id)?;
    if let Some(row) = known.as_ref().filter(|row| row.fetched_at > truth.asked_at) {
        return Ok(row.clone());
    }
    let is_new = known.is_none();
    let sold = truth.sold.map(|id| store::prices::by_id(tx, id)).transpose()?.flatten();
    let mut row = known.unwrap_or_else(|| SubscriptionRow {
        id: tx.new_id(),
        member,
        plan,
        price,
        provider: provider.number(),
        external_id: Some(truth.external_id.clone()),
        status: truth.status.number(),
        every: truth.every.number(),
        amount: 0,
        currency: String::new(),
        started_at: truth.period_start,
        anchor_at: truth.period_start,
        periods: 1,
        period_start: truth.period_start,
        period_end: truth.period_end,
        trial_end: None,
        cancels_at_end: false,
        past_due_since: None,
        ended_at: None,
        fetched_at: truth.asked_at,
        next_plan: None,
        next_price: None,
        next_amount: None,
        next_at: None,
        next_every: None,
        next_paid: 0,
        promotion_left: None,
        promotion: None,
    });
    (row.status, row.every) = (truth.status.number(), truth.every.number());
    (row.amount, row.currency) = (truth.price.amount, truth.price.currency.code().to_owned());
    (row.period_start, row.period_end, row.trial_end) = (truth.period_start, truth.period_end, truth.trial_end);
    (row.cancels_at_end, row.past_due_since, row.fetched_at) = (truth.cancels_at_end, truth.past_due_since, truth.asked_at);
    row.ended_at = if truth.status.is_open() { None } else { row.ended_at.or(Some(now)) };
    row.forget_next();
    if let Some(sold) = &sold {
        (row.plan, row.price) = (sold.plan, Some(sold.id));
        if let Some((next, at)) = truth.next
            && row.ended_at.is_none()
            && let Some(next) = store::prices::by_id(tx, next)?
        {
            row.amount = sold.amount;
            row.plan_next(next.plan, next.id, (next.amount, next.every), at);
        }
    }
    if is_new {
        store::subscriptions::insert(tx, &row)?;
    } else {
        store::subscriptions::save(tx, &row)?;
    }
    for at in truth.failures.iter().copied().chain(row.past_due_since) {
        store::subscriptions::note_failure(tx, row.id, at)?;
    }
    look_after(tx, &row)?;
    Ok(row)
}

/// What somebody has by something that is paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// It holds until then; none: without end.
    Until(Option<Millis>),
    /// It does not hold any more.
    Over,
}

/// Brings the grant of a subscription to what the subscription is worth now.
pub(super) fn grant_of(tx: &mut Tx<'_>, billing: &Billing, row: &SubscriptionRow, by: Option<MemberId>) -> Result<GrantId> {
    let grace = u32::from(Settings::load(tx)?.payment_grace_days);
    let is_by_hand = row.provider() == ProviderKind::Manual;
    // By hand, a payment that went back is a period less; elsewhere periods are the provider's.
    let is_paid = is_by_hand || !store::orders::newest_went_back(tx, row.id)?;
    let until = access_until(&row.terms(), grace).filter(|_| is_paid);
    let access = until.map_or(Access::Over, |until| Access::Until(Some(until)));
    let source = (GrantSource::paid_by(row.provider()), format!("subscription.{}", row.id));
    let grant = keep_grant(tx, billing, (row.member, row.plan), source, access, by)?;
    row.ends_at().map_or(Ok(()), |at| remind(tx, grant, at))?;
    Ok(grant)
}

/// Does a member have this plan without end, by money? What was paid at the test provider counts there alone.
pub(super) fn has_for_good(conn: &mut Conn, (member, plan): (MemberId, PlanId), provider: ProviderKind, now: Millis) -> Result<bool> {
    let is_test = GrantSource::paid_by(provider) == GrantSource::Test;
    let all = store::grants::open(conn, member, now)?;
    Ok(all.iter().any(|one| {
        let is_bought = one.source_id.as_deref().is_some_and(|id| id.starts_with("order.")) && one.ends_at.is_none();
        one.plan == plan && is_bought && (is_test || one.source() != GrantSource::Test)
    }))
}

/// Brings the one grant of a source to this end, and writes that into the member's log. The caller holds the member and tells.
fn keep_grant(
    tx: &mut Tx<'_>,
    billing: &Billing,
    (member, plan): (MemberId, PlanId),
    (source, source_id): (GrantSource, String),
    access: Access,
    by: Option<MemberId>,
) -> Result<GrantId> {
    let now = tx.now();
    let ends_at = match access {
        Access::Until(end) => end,
        Access::Over => Some(now),
    };
    let Some(mut row) = store::grants::of_source(tx, source, &source_id)? else {
        let new = NewGrant { plan, source: Some(source), starts_at: None, ends_at, note: String::new() };
        return Ok(insert(tx, member, &new, Some(source_id), by)?.id);
    };
    let before = row.period().state(now);
    let is_same = before == GrantState::Active && row.ends_at == ends_at && row.plan == plan;
    if is_same || before != GrantState::Active && access == Access::Over {
        return Ok(row.id);
    }
    (row.plan, row.ends_at, row.revoked_at) = (plan, ends_at, None);
    let after = row.period().state(now);
    row.phase = after.number();
    store::grants::save(tx, &row)?;
    let kind = match (before, after) {
        (_, GrantState::Ended) => GrantEvent::Ended,
        (GrantState::Ended | GrantState::Revoked, _) => GrantEvent::Resumed,
        _ => GrantEvent::Changed,
    };
    log(tx, &row, kind, by, "")?;
    if after == GrantState::Ended {
        letters::ended(tx, billing, &row)?;
    }
    Ok(row.id)
}

/// Takes back what an order gave: of a subscription by hand one period, of a provider's what the newest payment let in for.
pub(super) fn undo(tx: &mut Tx<'_>, billing: &Billing, order: OrderId, by: Option<MemberId>) -> Result<OrderRow> {
    let mut row = store::orders::by_id(tx, order)?.found()?;
    let line = store::orders::line(tx, order)?;
    turn(tx, billing, row.buyer)?;
    let is_undone = store::orders::undo(tx, line.id)?;
    row = close(tx, row, Fact::Refunded, by)?;
    if is_undone {
        match row.subscription {
            Some(subscription) if line.is_change() && row.provider() != ProviderKind::Manual => back_later(tx, subscription)?,
            Some(_) if line.is_change() => super::by_hand::undo(tx, billing, &line, by)?,
            None if line.is_gift() => take_back_bought(tx, &row, by)?,
            Some(subscription) => {
                let mut subscription = store::subscriptions::by_id(tx, subscription)?.found()?;
                if subscription.provider() != ProviderKind::Manual {
                    // Of somebody who is gone the grants are over for good.
                    if super::founding::is_there(tx, row.buyer)? {
                        grant_of(tx, billing, &subscription, by)?;
                    }
                } else if subscription.ended_at.is_none() {
                    let now = tx.now();
                    super::by_hand::drop_difference(tx, subscription.id, by)?;
                    super::promoting::unpaid(tx, &mut subscription, &row, line.every().unwrap_or(Every::Once))?;
                    subscription.unpay(line.price == subscription.next_price, now);
                    store::subscriptions::save(tx, &subscription)?;
                    // Now, and not at the next instant: it may owe already, and what was chosen for later comes sooner.
                    later(tx, subscription.id, now)?;
                    grant_of(tx, billing, &subscription, by)?;
                }
            }
            None => {
                let source = GrantSource::paid_by(row.provider());
                if let Some(grant) = store::grants::of_source(tx, source, &format!("order.{order}"))?.filter(|one| one.revoked_at.is_none())
                {
                    end_for_good(tx, grant, by, "")?;
                }
            }
        }
    }
    orders_changed(tx, &row, by)?;
    changed(tx, billing, row.buyer, by)?;
    Ok(row)
}

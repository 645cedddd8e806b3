//! What Stripe's answers mean to us: pure. An answer that cannot be understood is no answer.

use std::collections::HashMap;

use super::client::views::{Charge, Dispute, Invoice, Item, Line, PaymentIntent, Refund, Session, Subscription};
use super::minor::to_ours;
use crate::billing::model::{DisputeState, Every, Method, SubscriptionStatus};
use crate::billing::providers::{CheckoutState, CheckoutTruth, PartBack, PaymentState, PaymentTruth, Seen, SubscriptionTruth};
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::ids::{OrderId, PriceId, RefundId};
use crate::money::Money;

/// The name under which our order stands in what we write to their objects.
pub const ORDER: &str = "rialto_order";
/// The name under which a wish of ours to give money back stands in the refund that it became: its key.
pub const REFUND: &str = "rialto_refund";
/// The name under which a price of ours stands in theirs.
pub const PRICE: &str = "rialto_price";
/// The name of the price that still counts, where another one was chosen for the next period.
pub const BEFORE: &str = "rialto_before";
/// Until when it does, milliseconds UTC.
pub const UNTIL: &str = "rialto_until";

/// Attempts that went through and what the payers' banks take back, by payment.
#[derive(Clone, Debug, Default)]
pub struct Paid {
    /// The attempts.
    pub charges: Vec<Charge>,
    /// The disputes of those that are disputed.
    pub disputes: Vec<Dispute>,
}

fn ours(amount: i64, currency: &str) -> Result<Money> {
    to_ours(amount, currency).ok_or_else(|| Error::broken(format!("Stripe speaks of {amount} {currency}")))
}

const fn ms(seconds: i64) -> Millis {
    seconds.saturating_mul(1_000)
}

/// The order that an object was made for, as we wrote to it.
#[must_use]
pub fn order(tags: Option<&HashMap<String, String>>) -> Option<OrderId> {
    tags?.get(ORDER)?.parse().ok()
}

/// Where a subscription stands. What is new to us is known to be unknown.
#[must_use]
pub fn status(word: &str) -> SubscriptionStatus {
    match word {
        "trialing" => SubscriptionStatus::Trialing,
        "active" => SubscriptionStatus::Active,
        "past_due" => SubscriptionStatus::PastDue,
        "unpaid" => SubscriptionStatus::Unpaid,
        "paused" => SubscriptionStatus::Paused,
        "incomplete" => SubscriptionStatus::Incomplete,
        "incomplete_expired" => SubscriptionStatus::IncompleteExpired,
        "canceled" => SubscriptionStatus::Canceled,
        _ => SubscriptionStatus::Unknown,
    }
}

/// The payment by which a bill was paid, if it was.
pub fn paid_by(bill: &Invoice) -> Option<&str> {
    let by = bill.payments.iter().flat_map(|all| &all.data).find(|one| one.status == "paid")?;
    by.payment.payment_intent.as_deref().filter(|_| bill.amount_paid > 0)
}

/// Was a bill made since a price became another one, and is nothing on it for a whole period?
fn is_difference(bill: &Invoice) -> bool {
    let is_part = |line: &Line| {
        let of = line.parent.as_ref().and_then(|parent| parent.subscription_item_details.as_ref().or(parent.invoice_item_details.as_ref()));
        of.is_some_and(|of| of.proration)
    };
    is_update(bill) && !bill.lines.data.is_empty() && bill.lines.data.iter().all(is_part)
}

/// Was a bill made since something of its subscription became another one, and not because a period began?
fn is_update(bill: &Invoice) -> bool {
    bill.billing_reason.as_deref() == Some("subscription_update")
}

/// Does a bill wait for its money, or did it in vain?
fn is_unpaid(bill: &Invoice) -> bool {
    matches!(bill.status.as_deref(), Some("open" | "uncollectible"))
}

/// The wish of ours that a refund fulfils.
fn wish(refund: &Refund) -> Option<RefundId> {
    refund.metadata.as_ref()?.get(REFUND)?.strip_prefix("refund/")?.parse().ok()
}

impl Paid {
    /// When a payment went back, the newest first: what was given and did not fail, and what banks took.
    fn parts(&self, intent: &str) -> Result<Vec<PartBack>> {
        let is_of = |one: &Option<String>| one.as_deref() == Some(intent);
        let charges = self.charges.iter().filter(|charge| is_of(&charge.payment_intent));
        let given = charges.flat_map(|charge| charge.refunds.iter().flat_map(|all| &all.data));
        let given = given.filter(|refund| !matches!(refund.status.as_deref(), Some("failed" | "canceled")));
        let given = given.map(|refund| (refund.id.clone(), refund.amount, refund.currency.as_str(), wish(refund)));
        let lost = self.disputes.iter().filter(|dispute| is_of(&dispute.payment_intent) && dispute.status == "lost");
        let lost = lost.map(|dispute| (dispute.id.clone(), dispute.amount, dispute.currency.as_str(), None));
        lost.chain(given)
            .map(|(external_id, amount, currency, wish)| {
                ours(amount, currency).map(|money| PartBack { external_id, amount: money.amount, wish })
            })
            .collect()
    }

    /// How much of a payment went back, and whether its payer's bank asks for it. A dispute that was lost took the money; one that only
    /// warns (`warning_…`) took none, and may never.
    fn back(&self, intent: &str) -> (i64, Option<DisputeState>) {
        let is_of = |one: &Option<String>| one.as_deref() == Some(intent);
        let refunded: i64 = self.charges.iter().filter(|charge| is_of(&charge.payment_intent)).map(|charge| charge.amount_refunded).sum();
        let disputes = || self.disputes.iter().filter(|dispute| is_of(&dispute.payment_intent));
        let lost: i64 = disputes().filter(|dispute| dispute.status == "lost").map(|dispute| dispute.amount).sum();
        let state = |status: &str| match status {
            "needs_response" | "under_review" => Some(DisputeState::Open),
            "won" => Some(DisputeState::Won),
            "lost" => Some(DisputeState::Lost),
            _ => None,
        };
        // Of several the one that is open counts, then the one that was lost.
        let found: Vec<DisputeState> = disputes().filter_map(|dispute| state(&dispute.status)).collect();
        let counts = [DisputeState::Open, DisputeState::Lost, DisputeState::Won].into_iter().find(|state| found.contains(state));
        (refunded + lost, counts)
    }
}

/// A payment that was made for once.
///
/// # Errors
/// For a currency that is none.
pub fn payment(intent: &PaymentIntent, paid: &Paid) -> Result<PaymentTruth> {
    let amount = if intent.status == "succeeded" { intent.amount_received } else { intent.amount };
    let (back, dispute) = paid.back(&intent.id);
    let state = match intent.status.as_str() {
        "succeeded" if dispute == Some(DisputeState::Open) => PaymentState::Disputed,
        "succeeded" => PaymentState::Succeeded,
        "canceled" => PaymentState::Failed,
        _ => PaymentState::Pending,
    };
    let (amount, back) = (ours(amount, &intent.currency)?, ours(back, &intent.currency)?);
    Ok(PaymentTruth {
        external_id: intent.id.clone(),
        refunded: back.amount.min(amount.amount),
        parts: paid.parts(&intent.id)?,
        is_difference: false,
        amount,
        state,
        dispute,
        method: Method::Card,
        at: ms(intent.created),
    })
}

/// What was paid of a bill; none while nothing was, or for a bill over nothing.
///
/// # Errors
/// For a currency that is none.
pub fn paid_bill(invoice: &Invoice, paid: &Paid) -> Result<Option<PaymentTruth>> {
    let (Some(id), true) = (&invoice.id, invoice.amount_paid > 0) else { return Ok(None) };
    let external_id = paid_by(invoice).unwrap_or(id).to_owned();
    let (back, dispute) = paid.back(&external_id);
    let (amount, back) = (ours(invoice.amount_paid, &invoice.currency)?, ours(back, &invoice.currency)?);
    let state = if dispute == Some(DisputeState::Open) { PaymentState::Disputed } else { PaymentState::Succeeded };
    let (refunded, parts, is_difference) = (back.amount.min(amount.amount), paid.parts(&external_id)?, is_difference(invoice));
    let (method, at) = (Method::Card, ms(invoice.created));
    Ok(Some(PaymentTruth { external_id, amount, is_difference, refunded, parts, state, dispute, method, at }))
}

/// By which of our prices the period that goes on is paid, and by which one it goes on from when on. Their price is the next one as soon as
/// that was chosen; what we wrote beside it says what counts until then.
fn prices(it: &Subscription, item: &Item) -> (Option<PriceId>, Option<(PriceId, Millis)>) {
    let named = |tags: Option<&HashMap<String, String>>, name: &str| tags?.get(name)?.parse().ok();
    let current = named(item.price.metadata.as_ref(), PRICE).map(PriceId);
    let before = named(it.metadata.as_ref(), BEFORE).map(PriceId);
    let until = named(it.metadata.as_ref(), UNTIL).filter(|until| *until > ms(item.current_period_start));
    match (current, before, until) {
        (Some(next), Some(before), Some(until)) => (Some(before), Some((next, until))),
        _ => (current, None),
    }
}

/// What of a subscription a change of its price is weighed with.
#[must_use]
pub fn seen(it: &Subscription, item: &Item) -> Seen {
    let (price, next) = prices(it, item);
    Seen {
        price,
        next: next.map(|(price, _)| price),
        period_end: ms(item.current_period_end),
        status: status(&it.status),
        cancels_at_end: it.cancel_at_period_end,
    }
}

/// A subscription with its bills, the newest first as they are listed.
///
/// # Errors
/// When it has no item, renews in a way that we do not sell, or is in a currency that is none.
pub fn subscription(asked_at: Millis, it: &Subscription, bills: &[Invoice], paid: &Paid) -> Result<SubscriptionTruth> {
    let item = it.items.data.first().ok_or_else(|| Error::broken(format!("{} is a subscription to nothing", it.id)))?;
    let every = match item.price.recurring.as_ref().map(|how| (how.interval.as_str(), how.interval_count)) {
        Some(("month", 1)) => Every::Month,
        Some(("year", 1) | ("month", 12)) => Every::Year,
        other => return Err(Error::broken(format!("{} renews every {other:?}", it.id))),
    };
    let status = status(&it.status);
    let periods = || bills.iter().filter(|bill| !is_update(bill));
    // What was not paid before a bill that was is let rest there: only what came after that makes them wait.
    let owed =
        periods().take_while(|bill| bill.status.as_deref() != Some("paid")).filter(|bill| is_unpaid(bill)).map(|bill| bill.created).min();
    let failures = periods().filter(|bill| bill.attempt_count > u64::from(!is_unpaid(bill))).map(|bill| ms(bill.created)).collect();
    let is_owed = matches!(status, SubscriptionStatus::PastDue | SubscriptionStatus::Unpaid);
    let mut payments = Vec::new();
    for bill in bills.iter().rev() {
        payments.extend(paid_bill(bill, paid)?);
    }
    let (sold, next) = prices(it, item);
    Ok(SubscriptionTruth {
        asked_at,
        external_id: it.id.clone(),
        order: order(it.metadata.as_ref()),
        status,
        price: ours(item.price.unit_amount.unwrap_or(0), &item.price.currency)?,
        every,
        period_start: ms(item.current_period_start),
        period_end: ms(item.current_period_end),
        trial_end: it.trial_end.map(ms),
        cancels_at_end: it.cancel_at_period_end,
        past_due_since: is_owed.then(|| ms(owed.unwrap_or(item.current_period_start))),
        failures,
        sold,
        next,
        payments,
    })
}

/// A visit to the checkout, with what was paid in it and what goes on after it.
#[must_use]
pub fn checkout(asked_at: Millis, it: &Session, payment: Option<PaymentTruth>, subscription: Option<SubscriptionTruth>) -> CheckoutTruth {
    let state = match it.status.as_deref() {
        Some("complete") => CheckoutState::Complete,
        Some("expired") => CheckoutState::Expired,
        _ => CheckoutState::Open,
    };
    CheckoutTruth {
        asked_at,
        session: it.id.clone(),
        order: order(it.metadata.as_ref()),
        state,
        payment: payment.filter(|_| state == CheckoutState::Complete),
        subscription,
    }
}

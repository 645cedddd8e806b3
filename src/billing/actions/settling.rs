//! Settling: money that came, or went back, and what follows from it, in one transaction: the payment, the books, the order, the
//! subscription and its own grant. Whoever calls, and however often, it happens once.

use serde_json::json;

use super::giving::{end_for_good, insert, log};
use super::ordering::{close, one, place, place_renewal, priced};
use super::subscribing::look_after;
use super::telling::{changed, orders_changed, turn};
use super::{Billing, hold, store, trace};
use crate::access::Actor;
use crate::billing::model::{
    Every, Fact, GrantEvent, GrantSource, GrantState, LineRow, Method, NewGrant, Order, OrderRow, OrderState, Payment, PaymentRow,
    SubscriptionRow, SubscriptionStatus, Verdict, access_until, entries, settle as verdict,
};
use crate::billing::policy::{GiveGrants, HandleOrder, UndoPayment};
use crate::billing::providers::{CheckoutTruth, PaymentState, PaymentTruth, ProviderKind, SubscriptionTruth};
use crate::clock::Millis;
use crate::error::{Error, Found, Result};
use crate::ids::{GrantId, MemberId, OrderId, PlanId, PriceId};
use crate::money::{Currency, MOST, Money, year_of};
use crate::settings::Settings;
use crate::storage::Tx;
use crate::text::clean_line;

/// Most characters of what a bank's statement says.
const REFERENCE: usize = 140;
/// How far ahead of ours a day may be: somewhere it is tomorrow already.
const AHEAD: Millis = 15 * 3_600_000;
/// How long ago money may have come that is written down today.
const OLDEST: Millis = 2 * 366 * 86_400_000;

/// Money that an administrator has in hand.
#[derive(Clone, Debug, serde::Deserialize, utoipa::ToSchema)]
pub struct NewPayment {
    /// In the currency's smallest unit, from 1; what the order costs, where that is said.
    pub amount: i64,
    /// ISO 4217; missing: the order's.
    #[serde(default)]
    pub currency: Option<Currency>,
    /// For how long it pays, where the order does not say.
    #[serde(default)]
    pub every: Option<Every>,
    /// `cash`, `bank` or `other`.
    pub method: Method,
    /// What the bank's statement says, or the number of the paper; at most 140 characters.
    #[serde(default)]
    pub reference: String,
    /// When the money came, milliseconds UTC; missing: now.
    #[serde(default)]
    pub received_at: Option<Millis>,
}

/// Money for a membership that nobody asked for before.
#[derive(Clone, Debug, serde::Deserialize, utoipa::ToSchema)]
pub struct NewSale {
    /// Which plan.
    pub plan: PlanId,
    /// By which of its prices; missing only where it has none.
    #[serde(default)]
    pub price: Option<PriceId>,
    /// The money.
    #[serde(flatten)]
    pub payment: NewPayment,
}

/// A payment that was written down.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct Recorded {
    /// The payment, with the number of its receipt.
    pub payment: Payment,
    /// What it was for.
    pub order: Order,
}

/// Money as it came.
struct Incoming {
    method: Method,
    external_id: Option<String>,
    money: Money,
    received_at: Millis,
    reference: String,
    by: Option<MemberId>,
}

impl Incoming {
    fn at_provider(truth: &PaymentTruth) -> Self {
        let (method, money, received_at) = (truth.method, truth.amount, truth.at);
        Self { method, external_id: Some(truth.external_id.clone()), money, received_at, reference: String::new(), by: None }
    }

    /// As an administrator says it; `due`: what the order costs, where that is said.
    fn by_hand(new: &NewPayment, due: Option<Money>, currency: Currency, by: MemberId, now: Millis) -> Result<Self> {
        let money = Money::new(new.amount, new.currency.unwrap_or(currency));
        let received_at = new.received_at.unwrap_or(now);
        if !(1..=MOST).contains(&money.amount) || due.is_some_and(|due| due != money) {
            return Err(Error::invalid("amount", "billing.payment_amount"));
        }
        if new.method == Method::Card {
            return Err(Error::invalid("method", "billing.payment_method"));
        }
        if received_at > now + AHEAD || received_at < now - OLDEST {
            return Err(Error::invalid("received_at", "billing.received_at"));
        }
        let reference = clean_line(&new.reference, 0, REFERENCE, "reference", "billing.payment_reference")?;
        Ok(Self { method: new.method, external_id: None, money, received_at: received_at.min(now), reference, by: Some(by) })
    }
}

/// Writes down money that came for an order, and gives what was bought.
///
/// # Errors
/// `billing.order_over` for an order that does not wait, `billing.payment_amount`, `billing.payment_method`, `billing.received_at`,
/// `billing.payment_reference`, `billing.every_needed`, `billing.provider_order` for one that is paid elsewhere.
pub fn record_payment(tx: &mut Tx<'_>, may: &HandleOrder, actor: &Actor, billing: &Billing, new: &NewPayment) -> Result<Recorded> {
    hold(tx, may.buyer())?;
    let row = store::orders::by_id(tx, may.order())?.found()?;
    record(tx, row, may.by(), actor, billing, new)
}

/// The same for a membership that is bought in this moment; an order for it that waits is the one that is paid.
///
/// # Errors
/// As [`record_payment`], and `billing.plan_unknown`, `billing.plan_archived`, `billing.price_needed`, `billing.price_unknown`,
/// `billing.price_gone`, `billing.not_active`.
pub fn record_sale(tx: &mut Tx<'_>, may: &GiveGrants, actor: &Actor, billing: &Billing, new: &NewSale) -> Result<Recorded> {
    let member = may.member();
    let plan = store::plans::by_id(tx, new.plan)?.ok_or_else(|| Error::invalid("plan", "billing.plan_unknown"))?;
    if plan.archived_at.is_some() {
        return Err(Error::invalid("plan", "billing.plan_archived"));
    }
    let price = priced(tx, plan.id, new.price)?;
    hold(tx, member)?;
    super::founding::must_be_in(tx, member)?;
    store::payers::ensure(tx, member)?;
    let mut known = None;
    for row in store::orders::awaiting(tx, member, plan.id)? {
        let line = store::orders::line(tx, row.id)?;
        if row.provider() == ProviderKind::Manual && line.price == price.as_ref().map(|price| price.id) {
            known = Some(row);
            break;
        }
    }
    let row = match known {
        Some(row) => row,
        None => place(tx, member, &plan, price.as_ref(), None, String::new())?,
    };
    record(tx, row, may.by(), actor, billing, &new.payment)
}

fn record(tx: &mut Tx<'_>, mut row: OrderRow, by: MemberId, actor: &Actor, billing: &Billing, new: &NewPayment) -> Result<Recorded> {
    if row.state() != OrderState::Awaiting {
        return Err(Error::conflict("billing.order_over"));
    }
    if row.provider() != ProviderKind::Manual {
        return Err(Error::conflict("billing.provider_order"));
    }
    let mut line = store::orders::line(tx, row.id)?;
    let due = if line.every.is_some() { Some(row.total()?) } else { None };
    let (now, currency) = (tx.now(), row.total()?.currency);
    let incoming = Incoming::by_hand(new, due, currency, by, now)?;
    if due.is_none() {
        let every = new.every.ok_or_else(|| Error::invalid("every", "billing.every_needed"))?;
        (row.amount, row.currency) = (incoming.money.amount, incoming.money.currency.code().to_owned());
        (line.every, line.amount) = (Some(every.number()), incoming.money.amount);
        store::orders::save_line(tx, &line)?;
    }
    let payment = take(tx, &row, &incoming)?;
    fulfil(tx, billing, &mut row, &line, None, Some(by))?;
    let payment = payment.payment(None)?;
    let after = json!({ "plan": line.text, "amount": amount_text(incoming.money), "method": incoming.method, "receipt": payment.receipt,
        "reference": incoming.reference });
    trace(tx, actor, "payments.record", row.buyer, (None, Some(after)), "")?;
    Ok(Recorded { payment, order: one(tx, row)? })
}

fn amount_text(money: Money) -> String {
    format!("{} {}", money.decimal(), money.currency)
}

/// Stores money for an order and writes it into the books. What is paid to people gets a receipt of ours.
fn take(tx: &mut Tx<'_>, order: &OrderRow, incoming: &Incoming) -> Result<PaymentRow> {
    let (now, provider) = (tx.now(), order.provider());
    let mut row = PaymentRow {
        id: tx.new_id(),
        order: order.id,
        provider: order.provider,
        method: incoming.method.number(),
        external_id: incoming.external_id.clone(),
        amount: incoming.money.amount,
        currency: incoming.money.currency.code().to_owned(),
        state: PaymentState::Succeeded.number(),
        reverses: None,
        received_at: incoming.received_at,
        recorded_at: now,
        recorded_by: incoming.by,
        reference: incoming.reference.clone(),
        note: String::new(),
        receipt_year: None,
        receipt_number: None,
    };
    number(tx, &mut row)?;
    store::payments::insert(tx, &row)?;
    store::payments::book(tx, row.id, &entries(provider, incoming.method, incoming.money))?;
    Ok(row)
}

/// Gives a row the next number of this year's receipts.
fn number(tx: &mut Tx<'_>, row: &mut PaymentRow) -> Result<()> {
    if ProviderKind::from_number(row.provider) == ProviderKind::Manual {
        let year = year_of(tx.now());
        (row.receipt_year, row.receipt_number) = (Some(year), Some(store::payments::next_receipt(tx, year)?));
    }
    Ok(())
}

/// Gives what an order bought: once, whoever asks. `by`: the administrator who took the money.
fn fulfil(
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
    // The log tells things in their order: what ended by now comes before what begins.
    turn(tx, billing, member)?;
    let (grant, period) = match (every, truth) {
        (Every::Once, _) => {
            let source = (GrantSource::paid_by(row.provider()), format!("order.{}", row.id));
            (keep_grant(tx, member, plan, source, Access::Until(None), by)?, (now, None))
        }
        (_, None) => {
            let (subscription, period) = pay_by_hand(tx, row, plan, line.price, every)?;
            row.subscription = Some(subscription.id);
            (grant_of(tx, &subscription, by)?, (period.0, Some(period.1)))
        }
        (_, Some(truth)) => {
            let subscription = rewrite(tx, row.provider(), (member, plan, line.price), truth)?;
            row.subscription = Some(subscription.id);
            (grant_of(tx, &subscription, by)?, (truth.period_start, Some(truth.period_end)))
        }
    };
    store::orders::fulfil(tx, line.id, grant.0, period)?;
    row.state = OrderState::Fulfilled.number();
    row.paid_at = Some(now);
    store::orders::save(tx, row)?;
    // Other wishes for the same plan are answered with it.
    for other in store::orders::awaiting(tx, member, plan)? {
        if other.id != row.id {
            close(tx, other, Fact::Cancelled, None)?;
        }
    }
    orders_changed(tx, row, by)?;
    changed(tx, billing, member, by)
}

/// The subscription that a payment by hand begins, or goes on with, and the period that it pays.
fn pay_by_hand(
    tx: &mut Tx<'_>,
    order: &OrderRow,
    plan: PlanId,
    price: Option<PriceId>,
    every: Every,
) -> Result<(SubscriptionRow, (Millis, Millis))> {
    let (now, money) = (tx.now(), order.total()?);
    if let Some(mut row) = store::subscriptions::open(tx, order.buyer, plan, ProviderKind::Manual)? {
        let period = row.pay(every, money);
        row.price = price;
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
    };
    row.period_end = row.end_of(1);
    store::subscriptions::insert(tx, &row)?;
    look_after(tx, &row)?;
    let period = (row.period_start, row.period_end);
    Ok((row, period))
}

/// Rewrites the mirror of a provider's subscription from what the provider says; an older answer changes nothing.
fn rewrite(
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
    });
    (row.status, row.every) = (truth.status.number(), truth.every.number());
    (row.amount, row.currency) = (truth.price.amount, truth.price.currency.code().to_owned());
    (row.period_start, row.period_end, row.trial_end) = (truth.period_start, truth.period_end, truth.trial_end);
    (row.cancels_at_end, row.past_due_since, row.fetched_at) = (truth.cancels_at_end, truth.past_due_since, truth.asked_at);
    row.ended_at = if truth.status.is_open() { None } else { row.ended_at.or(Some(now)) };
    if is_new {
        store::subscriptions::insert(tx, &row)?;
    } else {
        store::subscriptions::save(tx, &row)?;
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
pub(super) fn grant_of(tx: &mut Tx<'_>, row: &SubscriptionRow, by: Option<MemberId>) -> Result<GrantId> {
    let grace = u32::from(Settings::load(tx)?.payment_grace_days);
    let access = access_until(&row.terms(), grace).map_or(Access::Over, |until| Access::Until(Some(until)));
    let source = (GrantSource::paid_by(row.provider()), format!("subscription.{}", row.id));
    keep_grant(tx, row.member, row.plan, source, access, by)
}

/// Brings the one grant of a source to this end, and writes that into the member's log. The caller holds the member and tells.
fn keep_grant(
    tx: &mut Tx<'_>,
    member: MemberId,
    plan: PlanId,
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
    if before == GrantState::Active && row.ends_at == ends_at || before != GrantState::Active && access == Access::Over {
        return Ok(row.id);
    }
    (row.ends_at, row.revoked_at) = (ends_at, None);
    let after = row.period().state(now);
    row.phase = after.number();
    store::grants::save(tx, &row)?;
    let kind = match (before, after) {
        (_, GrantState::Ended) => GrantEvent::Ended,
        (GrantState::Ended | GrantState::Revoked, _) => GrantEvent::Resumed,
        _ => GrantEvent::Changed,
    };
    log(tx, &row, kind, by, "")?;
    Ok(row.id)
}

/// Takes a payment back by a row that reverses it: the books, the order, and what it bought. Nothing is deleted.
///
/// # Errors
/// `billing.note`, `billing.payment_reversed` when it was taken back before or is itself a reversal, `billing.provider_payment` for money
/// that a provider holds.
pub fn reverse_payment(tx: &mut Tx<'_>, may: &UndoPayment, actor: &Actor, billing: &Billing, why: &str) -> Result<Recorded> {
    let text = super::note(why)?;
    if text.is_empty() {
        return Err(Error::invalid("note", "billing.reason_needed"));
    }
    hold(tx, may.buyer())?;
    let old = store::payments::by_id(tx, may.payment())?.found()?;
    if old.reverses.is_some() || store::payments::reversal(tx, old.id)?.is_some() {
        return Err(Error::conflict("billing.payment_reversed"));
    }
    if ProviderKind::from_number(old.provider) != ProviderKind::Manual {
        return Err(Error::conflict("billing.provider_payment"));
    }
    let payment = give_back(tx, &old, old.money()?, None, Some(may.by()), text.clone())?;
    let row = undo(tx, billing, old.order, Some(may.by()))?;
    let after = json!({ "amount": amount_text(payment.money()?), "receipt": payment.clone().payment(None)?.receipt });
    trace(tx, actor, "payments.reverse", row.buyer, (None, Some(after)), &text)?;
    Ok(Recorded { payment: payment.payment(None)?, order: one(tx, row)? })
}

/// Stores a row that takes so much of a payment back, and writes it into the books.
fn give_back(
    tx: &mut Tx<'_>,
    old: &PaymentRow,
    money: Money,
    external_id: Option<String>,
    by: Option<MemberId>,
    note: String,
) -> Result<PaymentRow> {
    let now = tx.now();
    let mut row = PaymentRow {
        id: tx.new_id(),
        external_id,
        amount: -money.amount,
        reverses: Some(old.id),
        received_at: now,
        recorded_at: now,
        recorded_by: by,
        reference: String::new(),
        note,
        receipt_year: None,
        receipt_number: None,
        ..old.clone()
    };
    number(tx, &mut row)?;
    store::payments::insert(tx, &row)?;
    let (provider, method) = (ProviderKind::from_number(row.provider), Method::from_number(row.method));
    store::payments::book(tx, row.id, &entries(provider, method, money.reversed()))?;
    Ok(row)
}

/// Takes back what an order gave: of a subscription by hand one period, of a provider's nothing (its own answer says what is left).
fn undo(tx: &mut Tx<'_>, billing: &Billing, order: OrderId, by: Option<MemberId>) -> Result<OrderRow> {
    let mut row = store::orders::by_id(tx, order)?.found()?;
    let line = store::orders::line(tx, order)?;
    turn(tx, billing, row.buyer)?;
    if store::orders::undo(tx, line.id)? {
        match row.subscription {
            Some(subscription) => {
                let mut subscription = store::subscriptions::by_id(tx, subscription)?.found()?;
                if subscription.provider() == ProviderKind::Manual && subscription.ended_at.is_none() {
                    let now = tx.now();
                    subscription.unpay(now);
                    store::subscriptions::save(tx, &subscription)?;
                    look_after(tx, &subscription)?;
                    grant_of(tx, &subscription, by)?;
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
    row = close(tx, row, Fact::Refunded, by)?;
    orders_changed(tx, &row, by)?;
    changed(tx, billing, row.buyer, by)?;
    Ok(row)
}

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
        Verdict::Fulfil { payment, subscription } => {
            let after = row.state().after(Fact::Paid).ok_or_else(|| Error::conflict("billing.order_over"))?;
            if row.state() != after {
                if let Some(payment) = &payment
                    && store::payments::by_external_id(tx, row.provider(), &payment.external_id)?.is_none()
                {
                    take(tx, &row, &Incoming::at_provider(payment))?;
                }
                fulfil(tx, billing, &mut row, &line, subscription.as_ref(), None)?;
            }
            if let Some(subscription) = &subscription {
                mirror(tx, billing, row.provider(), subscription)?;
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
    turn(tx, billing, known.member)?;
    let row = rewrite(tx, provider, (known.member, known.plan, known.price), truth)?;
    grant_of(tx, &row, None)?;
    let plan = store::plans::by_id(tx, row.plan)?.found()?;
    for payment in &truth.payments {
        match store::payments::by_external_id(tx, provider, &payment.external_id)? {
            None if payment.state == PaymentState::Succeeded => {
                let mut order = place_renewal(tx, &row, &plan)?;
                let line = store::orders::line(tx, order.id)?;
                take(tx, &order, &Incoming::at_provider(payment))?;
                let grant = grant_of(tx, &row, None)?;
                store::orders::fulfil(tx, line.id, grant.0, (row.period_start, Some(row.period_end)))?;
                (order.state, order.paid_at) = (OrderState::Fulfilled.number(), Some(payment.at));
                store::orders::save(tx, &order)?;
            }
            Some(taken) if payment.refunded >= taken.amount && store::payments::reversal(tx, taken.id)?.is_none() => {
                let refund = format!("{}.refund", payment.external_id);
                give_back(tx, &taken, taken.money()?, Some(refund), None, String::new())?;
                undo(tx, billing, taken.order, None)?;
            }
            _ => {}
        }
    }
    changed(tx, billing, known.member, None)
}

//! Money in people's hands, written down by an administrator, and taken back by a row that reverses it.

use serde_json::json;

use super::fulfilling::{fulfil, has_for_good, undo};
use super::ordering::{one, place, priced};
use super::taking::{Incoming, give_back, take};
use super::{Billing, hold, letters, store, trace};
use crate::access::Actor;
use crate::billing::model::{Back, Every, LineKind, Method, Order, OrderRow, OrderState, Payment};
use crate::billing::policy::{HandleOrder, TakeMoney, UndoPayment};
use crate::billing::providers::ProviderKind;
use crate::clock::Millis;
use crate::error::{Error, Found, Result};
use crate::ids::{MemberId, PlanId, PriceId};
use crate::money::{Currency, MOST, Money};
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
#[serde(deny_unknown_fields)]
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

/// As an administrator says it; `due`: what the order costs, where that is said.
fn by_hand(new: &NewPayment, due: Option<Money>, currency: Currency, by: MemberId, now: Millis) -> Result<Incoming> {
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
    Ok(Incoming { method: new.method, external_id: None, money, received_at: received_at.min(now), reference, by: Some(by) })
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
/// `billing.price_gone`, `billing.not_active`, `billing.has_for_good`; `billing.change_planned` and `billing.change_paid` where the member has chosen another plan for
/// later, and the money does not fit that.
pub fn record_sale(tx: &mut Tx<'_>, may: &TakeMoney, actor: &Actor, billing: &Billing, new: &NewSale) -> Result<Recorded> {
    let member = may.member();
    let plan = store::plans::by_id(tx, new.plan)?.ok_or_else(|| Error::invalid("plan", "billing.plan_unknown"))?;
    if plan.archived_at.is_some() {
        return Err(Error::invalid("plan", "billing.plan_archived"));
    }
    let price = priced(tx, plan.id, new.price)?;
    hold(tx, member)?;
    super::founding::must_be_in(tx, member)?;
    let now = tx.now();
    if has_for_good(tx, (member, plan.id), ProviderKind::Manual, now)? {
        return Err(Error::conflict("billing.has_for_good"));
    }
    store::payers::ensure(tx, member)?;
    let mut known = None;
    for row in store::orders::awaiting(tx, member, plan.id, LineKind::Membership)? {
        let line = store::orders::line(tx, row.id)?;
        // Money for the list price is not money for a wish with a code, nor for a reduced renewal.
        let is_its_sum = line.every.is_none() || row.amount == new.payment.amount;
        if row.provider() == ProviderKind::Manual && line.price == price.as_ref().map(|price| price.id) && is_its_sum {
            known = Some(row);
            break;
        }
    }
    let row = match known {
        Some(row) => row,
        None => place(tx, member, (&plan, price.as_ref(), LineKind::Membership), None, None, String::new())?,
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
    let incoming = by_hand(new, due, currency, by, now)?;
    if due.is_none() {
        let every = new.every.ok_or_else(|| Error::invalid("every", "billing.every_needed"))?;
        (row.amount, row.currency) = (incoming.money.amount, incoming.money.currency.code().to_owned());
        (line.every, line.amount) = (Some(every.number()), incoming.money.amount);
        store::orders::save_line(tx, &line)?;
    }
    let payment = take(tx, &row, &incoming)?;
    fulfil(tx, billing, &mut row, &line, None, Some(by))?;
    letters::paid(tx, billing, &row, &line, &payment)?;
    let payment = payment.payment(Back::default())?;
    let after = json!({ "plan": line.text, "amount": amount_text(incoming.money), "method": incoming.method, "receipt": payment.receipt,
        "reference": incoming.reference });
    trace(tx, actor, "payments.record", row.buyer, (None, Some(after)), "")?;
    Ok(Recorded { payment, order: one(tx, row)? })
}

fn amount_text(money: Money) -> String {
    format!("{} {}", money.decimal(), money.currency)
}

/// Takes a payment back by a row that reverses it: the books, the order, and what it bought. Nothing is deleted.
///
/// # Errors
/// `billing.note`, `billing.payment_reversed` when it was taken back before or is itself a reversal, `billing.provider_payment` for money
/// that a provider holds; `billing.gift_is_redeemed` for what somebody else has by now.
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
    let order = store::orders::by_id(tx, old.order)?.found()?;
    if super::gifting::is_redeemed(tx, &order)? {
        return Err(Error::conflict("billing.gift_is_redeemed"));
    }
    let payment = give_back(tx, &old, old.money()?, None, Some(may.by()), text.clone())?;
    let row = undo(tx, billing, old.order, Some(may.by()))?;
    let after = json!({ "amount": amount_text(payment.money()?), "receipt": payment.clone().payment(Back::default())?.receipt });
    trace(tx, actor, "payments.reverse", row.buyer, (None, Some(after)), &text)?;
    Ok(Recorded { payment: payment.payment(Back::default())?, order: one(tx, row)? })
}

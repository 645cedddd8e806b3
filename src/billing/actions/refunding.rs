//! Money goes back, all of it or a part: by hand at once; at a provider it is written down, asked for under its own key, and followed when
//! the provider says that it went.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::checkout::{mirror_now, settle_now};
use super::fulfilling::undo;
use super::ordering::one;
use super::taking::give_back;
use super::telling::orders_changed;
use super::{Billing, Recorded, hold, store, trace};
use crate::access::Actor;
use crate::billing::model::{AfterRefund, Back, PaymentRow, RefundRow, RefundState};
use crate::billing::policy::UndoPayment;
use crate::billing::providers::ProviderKind;
use crate::clock::Millis;
use crate::error::{Error, Found, Result};
use crate::ids::{OrderId, RefundId};
use crate::jobs::{Enqueue, enqueue};
use crate::money::Money;
use crate::storage::{Conn, Db, Tx};

/// Jobs that ask a provider to give money back, should whoever wanted it be gone.
pub const REFUND: &str = "billing.refund";
/// For how long whoever asked has it to themselves.
const AFTER_MS: Millis = 30_000;
/// Attempts of the job: with their pauses more than a day.
const ATTEMPTS: i32 = 60;

/// Money that is to go back.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
pub struct NewRefund {
    /// How much, in the currency's smallest unit; missing: all that is left of the payment.
    #[serde(default)]
    pub amount: Option<i64>,
    /// Why, 1–500 characters; both sides read it.
    pub note: String,
    /// What becomes of what was bought when nothing is left of its money.
    #[serde(default)]
    pub after: AfterRefund,
}

/// What a job of the kind [`REFUND`] needs to know.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Owed {
    pub refund: RefundId,
}

/// What came of a wish.
#[derive(Clone, Debug)]
pub enum Refunding {
    /// It is done.
    Done(Box<Recorded>),
    /// It is written down, and its provider is to be asked.
    At(RefundId),
}

/// Gives money back by hand, or writes down that its provider is to. The same wish again while its outcome is not known is the same one.
///
/// # Errors
/// `billing.note`, `billing.reason_needed`, `billing.payment_reversed` when nothing is left of it or it is itself a reversal,
/// `billing.refund_amount`, `billing.refund_when`, `billing.refund_open` while another one of the same payment is under way,
/// `billing.gift_is_redeemed` for what somebody else has by now, unless they keep it.
pub fn refund(tx: &mut Tx<'_>, may: &UndoPayment, actor: &Actor, billing: &Billing, new: &NewRefund) -> Result<Refunding> {
    let text = super::note(&new.note)?;
    if text.is_empty() {
        return Err(Error::invalid("note", "billing.reason_needed"));
    }
    hold(tx, may.buyer())?;
    let old = store::payments::by_id(tx, may.payment())?.found()?;
    let left = old.amount - store::payments::returned(tx, old.id)?;
    if old.reverses.is_some() || left <= 0 {
        return Err(Error::conflict("billing.payment_reversed"));
    }
    let order = store::orders::by_id(tx, old.order)?.found()?;
    if new.after != AfterRefund::Keep && super::gifting::is_redeemed(tx, &order)? {
        return Err(Error::conflict("billing.gift_is_redeemed"));
    }
    // The difference of a dearer plan takes nothing with it at a provider that would end by itself.
    let is_period = order.subscription.is_some() && !store::orders::line(tx, order.id)?.is_change();
    if new.after == AfterRefund::AtPeriodEnd && !is_period {
        return Err(Error::invalid("after", "billing.refund_when"));
    }
    let amount = new.amount.unwrap_or(left);
    if !(1..=left).contains(&amount) {
        return Err(Error::invalid("amount", "billing.refund_amount"));
    }
    let money = Money { amount, ..old.money()? };
    let after = json!({ "amount": format!("{} {}", money.decimal(), money.currency) });
    if ProviderKind::from_number(old.provider) == ProviderKind::Manual {
        if new.after == AfterRefund::AtPeriodEnd {
            return Err(Error::invalid("after", "billing.refund_when"));
        }
        let payment = give_back(tx, &old, money, None, Some(may.by()), text.clone())?;
        let row = if amount == left && new.after == AfterRefund::End {
            undo(tx, billing, old.order, Some(may.by()))?
        } else {
            orders_changed(tx, &order, Some(may.by()))?;
            order
        };
        trace(tx, actor, "payments.refund", may.buyer(), (None, Some(after)), &text)?;
        return Ok(Refunding::Done(Box::new(Recorded { payment: payment.payment(Back::default())?, order: one(tx, row)? })));
    }
    if let Some(open) = store::refunds::open(tx, old.id)? {
        return if open.amount == amount { Ok(Refunding::At(open.id)) } else { Err(Error::conflict("billing.refund_open")) };
    }
    let id = owe(tx, &old, amount, (text.clone(), new.after), Some(may))?;
    trace(tx, actor, "payments.refund", may.buyer(), (None, Some(after)), &text)?;
    Ok(Refunding::At(id))
}

/// The order that a payment was for.
///
/// # Errors
/// When the database cannot be read.
pub fn order_of_payment(conn: &mut Conn, may: &UndoPayment) -> Result<OrderId> {
    Ok(store::payments::by_id(conn, may.payment())?.found()?.order)
}

/// Writes down that a provider is to give so much back.
fn owe(
    tx: &mut Tx<'_>,
    old: &PaymentRow,
    amount: i64,
    (note, after): (String, AfterRefund),
    may: Option<&UndoPayment>,
) -> Result<RefundId> {
    let now = tx.now();
    let row = RefundRow {
        id: tx.new_id(),
        payment: old.id,
        amount,
        note,
        after: after.number(),
        state: RefundState::Open as i16,
        asked_at: now,
        asked_by: may.map(UndoPayment::by),
    };
    store::refunds::insert(tx, &row)?;
    let run_at = if may.is_some() { now + AFTER_MS } else { now };
    let options = Enqueue { run_at: Some(run_at), unique_key: Some(format!("{REFUND}/{}", row.id)), max_attempts: ATTEMPTS };
    enqueue(tx, REFUND, &Owed { refund: row.id }, options)?;
    Ok(row.id)
}

/// Money came that nobody is to have: what of it has not gone back goes back.
pub(super) fn owe_rest(tx: &mut Tx<'_>, payment: &PaymentRow) -> Result<()> {
    let left = payment.amount - store::payments::returned(tx, payment.id)?;
    if left <= 0 || store::refunds::open(tx, payment.id)?.is_some() {
        return Ok(());
    }
    owe(tx, payment, left, (String::new(), AfterRefund::End), None).map(|_| ())
}

/// Asks a provider to give back what was written down, and follows what it then says. Again it does nothing.
///
/// # Errors
/// `billing.provider_refused`, and then it is not asked again; [`Error::Busy`] and the like while the outcome is not known.
pub async fn refund_now(db: &Db, billing: &Billing, id: RefundId) -> Result<()> {
    let read = move |conn: &mut Conn| {
        let refund = store::refunds::by_id(conn, id)?.found()?;
        let payment = store::payments::by_id(conn, refund.payment)?.found()?;
        let order = store::orders::by_id(conn, payment.order)?.found()?;
        let subscription = match order.subscription {
            Some(id) => store::subscriptions::by_id(conn, id)?,
            None => None,
        };
        let is_newest = order.subscription.map(|id| store::orders::newest_paid(conn, id)).transpose()?.flatten() == Some(order.id);
        let open = if refund.state == RefundState::Open as i16 { refund.amount } else { 0 };
        let is_whole = store::payments::returned(conn, payment.id)? + open >= payment.amount;
        Ok((refund, payment, order, subscription, is_whole && is_newest))
    };
    let (refund, payment, order, subscription, ends) = db.read(read).await?;
    if refund.state == RefundState::Refused as i16 {
        return Err(Error::conflict("billing.provider_refused"));
    }
    let (kind, external) = (ProviderKind::from_number(payment.provider), payment.external_id.clone().found()?);
    let provider = billing.providers.of(kind)?;
    if refund.state == RefundState::Open as i16 {
        let money = Money { amount: refund.amount, ..payment.money()? };
        match provider.refund(&external, money, &format!("refund/{id}")).await {
            Err(error) if error.code() == "billing.provider_refused" => {
                db.write(move |tx| store::refunds::set_state(tx, id, RefundState::Refused)).await?;
                return Err(error);
            }
            done => done?,
        }
    }
    let Some(subscription) = subscription else {
        settle_now(db, billing, order.id, false).await?;
        return went(db, id).await;
    };
    if let Some(name) = subscription.external_id.as_deref().filter(|_| ends && subscription.ended_at.is_none()) {
        // Nothing more is to be charged for what was given back: what lets in now was paid with it.
        match refund.after() {
            AfterRefund::End => drop(provider.end(name, &format!("refund/{id}/end")).await?),
            AfterRefund::AtPeriodEnd => drop(provider.cancel_at_end(name, true, &format!("refund/{id}/cancel")).await?),
            AfterRefund::Keep => {}
        }
    }
    mirror_now(db, billing, subscription.id).await?;
    went(db, id).await
}

/// The provider gave it and was looked at since: where it could not be told apart from what was given back elsewhere, the books have both in
/// one row, and nothing waits for it any more.
async fn went(db: &Db, id: RefundId) -> Result<()> {
    db.write(move |tx| {
        let refund = store::refunds::by_id(tx, id)?.found()?;
        if refund.state == RefundState::Open as i16 { store::refunds::set_state(tx, id, RefundState::Done) } else { Ok(()) }
    })
    .await
}

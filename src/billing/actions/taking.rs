//! Money as it comes and goes back: the payment's row, its receipt, the books. Rows are added, and never changed.

use super::store;
use crate::billing::model::{Method, OrderRow, PaymentRow, entries};
use crate::billing::providers::{PaymentState, PaymentTruth, ProviderKind};
use crate::clock::Millis;
use crate::error::Result;
use crate::ids::MemberId;
use crate::money::{Money, year_of};
use crate::mutants::Mutant;
use crate::storage::Tx;

/// Money as it came.
pub(super) struct Incoming {
    pub method: Method,
    pub external_id: Option<String>,
    pub money: Money,
    pub received_at: Millis,
    pub reference: String,
    pub by: Option<MemberId>,
}

impl Incoming {
    /// As a provider tells it.
    pub fn at_provider(truth: &PaymentTruth) -> Self {
        let (method, money, received_at) = (truth.method, truth.amount, truth.at);
        Self { method, external_id: Some(truth.external_id.clone()), money, received_at, reference: String::new(), by: None }
    }
}

/// Stores money for an order and writes it into the books. What is paid to people gets a receipt of ours.
pub(super) fn take(tx: &mut Tx<'_>, order: &OrderRow, incoming: &Incoming) -> Result<PaymentRow> {
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

/// Stores a row that takes so much of a payment back, and writes it into the books.
pub(super) fn give_back(
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
    let both = entries(provider, method, money.reversed());
    store::payments::book(tx, row.id, if Mutant::MoneyOneSide.is_on() { &both[..1] } else { &both })?;
    Ok(row)
}

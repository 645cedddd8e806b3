//! Rows of `payments`, numbers of receipts, and the books.

use std::collections::HashMap;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::CHUNK;
use crate::billing::model::{Account, PaymentRow};
use crate::billing::providers::ProviderKind;
use crate::clock::Millis;
use crate::error::Result;
use crate::ids::{LedgerEntryId, MemberId, OrderId, PaymentId};
use crate::money::Money;
use crate::storage::schema::{ledger, order_lines, orders, payments, receipt_counters};
use crate::storage::{Conn, Tx, on_conflict, one_at_a_time};

/// One payment.
pub fn by_id(conn: &mut Conn, payment: PaymentId) -> Result<Option<PaymentRow>> {
    Ok(payments::table.find(payment.0).first(conn).optional()?)
}

/// The payment that a provider calls so.
pub fn by_external_id(conn: &mut Conn, provider: ProviderKind, external_id: &str) -> Result<Option<PaymentRow>> {
    let found = payments::table.filter(payments::provider.eq(provider.number())).filter(payments::external_id.eq(external_id));
    Ok(found.first(conn).optional()?)
}

/// The row that takes a payment back.
pub fn reversal(conn: &mut Conn, payment: PaymentId) -> Result<Option<PaymentId>> {
    Ok(payments::table.filter(payments::reverses.eq(payment.0)).select(payments::id).first(conn).optional()?)
}

/// How much of a payment went back so far, above zero.
pub fn returned(conn: &mut Conn, payment: PaymentId) -> Result<i64> {
    let back = payments::table.filter(payments::reverses.eq(payment.0)).select(payments::amount).load::<i64>(conn)?;
    Ok(-back.into_iter().sum::<i64>())
}

/// When the last row was written down that took something of a payment back.
pub fn last_returned_at(conn: &mut Conn, payment: PaymentId) -> Result<Option<Millis>> {
    let back = payments::table.filter(payments::reverses.eq(payment.0)).order(payments::id.desc());
    Ok(back.select(payments::recorded_at).first(conn).optional()?)
}

/// How many rows take something of a payment back.
pub fn count_reversals(conn: &mut Conn, payment: PaymentId) -> Result<i64> {
    Ok(payments::table.filter(payments::reverses.eq(payment.0)).count().get_result(conn)?)
}

/// The payments of these orders, the first ones first.
pub fn of_orders(conn: &mut Conn, ids: &[OrderId]) -> Result<HashMap<OrderId, Vec<PaymentRow>>> {
    let raw: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let mut found: HashMap<OrderId, Vec<PaymentRow>> = HashMap::new();
    for part in raw.chunks(CHUNK) {
        for row in payments::table.filter(payments::order_id.eq_any(part.to_vec())).order(payments::id).load::<PaymentRow>(conn)? {
            found.entry(row.order).or_default().push(row);
        }
    }
    Ok(found)
}

/// At most `limit` payments of everybody before `before`, newest first, each with who paid and what for.
pub fn newest(conn: &mut Conn, before: Option<PaymentId>, limit: i64) -> Result<Vec<(PaymentRow, MemberId, String)>> {
    Ok(payments::table
        .inner_join(orders::table.on(orders::id.eq(payments::order_id)))
        .inner_join(order_lines::table.on(order_lines::order_id.eq(payments::order_id)))
        .filter(payments::id.lt(before.map_or(i64::MAX, |id| id.0)))
        .order(payments::id.desc())
        .limit(limit)
        .select((payments::all_columns, orders::buyer, order_lines::text))
        .load(conn)?)
}

/// A day, a currency, what came in it, and what went back, below zero.
pub type TakenOnDay = (i64, String, i64, i64);

/// What came and went back from a day on, by day and currency: days since 1970 in UTC. What was paid at the test provider is no money. An
/// index has the days, so that nothing is sorted, and all that is added up.
pub fn taken_by_day(conn: &mut Conn, first: i64) -> Result<Vec<TakenOnDay>> {
    let (day, currency) = (|| sql::<BigInt>("received_at / 86400000"), || sql::<Text>("currency"));
    Ok(payments::table
        .filter(day().ge(first))
        .filter(payments::provider.ne(ProviderKind::Test.number()))
        .group_by((day(), currency()))
        .select((
            day(),
            currency(),
            sql::<BigInt>("CAST(SUM(CASE WHEN amount > 0 THEN amount ELSE 0 END) AS BIGINT)"),
            sql::<BigInt>("CAST(SUM(CASE WHEN amount < 0 THEN amount ELSE 0 END) AS BIGINT)"),
        ))
        .load(conn)?)
}

/// When money went back, from `since` on. What was paid at the test provider is no money.
pub fn returned_since(conn: &mut Conn, since: Millis) -> Result<Vec<Millis>> {
    let back = payments::table.filter(payments::received_at.ge(since)).filter(payments::reverses.is_not_null());
    Ok(back.filter(payments::provider.ne(ProviderKind::Test.number())).select(payments::received_at).load(conn)?)
}

/// The next number of a receipt in this year: without gaps, since it is given in the transaction that uses it.
pub fn next_receipt(tx: &mut Tx<'_>, year: i16) -> Result<i32> {
    one_at_a_time(tx, &format!("receipts of {year}"))?;
    diesel::insert_into(receipt_counters::table)
        .values(on_conflict(
            (receipt_counters::year.eq(year), receipt_counters::last.eq(1)),
            "ON CONFLICT (year) DO UPDATE SET last = receipt_counters.last + 1",
        ))
        .execute(&mut **tx)?;
    Ok(receipt_counters::table.find(year).select(receipt_counters::last).first(&mut **tx)?)
}

/// Stores a new payment.
pub fn insert(tx: &mut Tx<'_>, row: &PaymentRow) -> Result<()> {
    diesel::insert_into(payments::table)
        .values((
            payments::id.eq(row.id.0),
            payments::order_id.eq(row.order.0),
            payments::provider.eq(row.provider),
            payments::method.eq(row.method),
            payments::external_id.eq(row.external_id.as_deref()),
            payments::amount.eq(row.amount),
            payments::currency.eq(&row.currency),
            payments::state.eq(row.state),
            payments::reverses.eq(row.reverses.map(|id| id.0)),
            payments::received_at.eq(row.received_at),
            payments::recorded_at.eq(row.recorded_at),
            payments::recorded_by.eq(row.recorded_by.map(|id| id.0)),
            payments::reference.eq(&row.reference),
            payments::note.eq(&row.note),
            payments::receipt_year.eq(row.receipt_year),
            payments::receipt_number.eq(row.receipt_number),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Writes a transfer into the books.
pub fn book(tx: &mut Tx<'_>, transfer: PaymentId, entries: &[(Account, Money)]) -> Result<()> {
    let now = tx.now();
    for (account, money) in entries {
        let id = tx.new_id::<LedgerEntryId>();
        diesel::insert_into(ledger::table)
            .values((
                ledger::id.eq(id.0),
                ledger::transfer.eq(transfer.0),
                ledger::at.eq(now),
                ledger::account.eq(account.number()),
                ledger::amount.eq(money.amount),
                ledger::currency.eq(money.currency.code()),
            ))
            .execute(&mut **tx)?;
    }
    Ok(())
}

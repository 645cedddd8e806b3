//! Everything that was paid, and everything that goes on or is over, as tables for a spreadsheet: part by part, however long they are.

use std::collections::HashMap;

use serde::Serialize;

use super::store;
use super::store::subscriptions::SubscriptionFilter;
use crate::billing::model::{Back, PaymentRow, SubscriptionRow};
use crate::billing::policy::SeeOrders;
use crate::clock::Millis;
use crate::error::Result;
use crate::ids::{MemberId, PaymentId, SubscriptionId};
use crate::members::{self, Profile};
use crate::money::day_of;
use crate::storage::Conn;
use crate::text::csv_line;

/// Rows of one part: the first one is there at once, and none is long in the way of other readers.
const ROWS: i64 = 1_000;

const PAYMENTS: &str = "received,recorded,receipt,member,plan,provider,method,amount,currency,reference,note\r\n";
const SUBSCRIPTIONS: &str = "began,ended,member,plan,provider,status,amount,currency,every,period_end,ends_with_period,owed_since\r\n";

/// A part of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part<I> {
    /// Its lines; in the first part the names of the columns before them.
    pub text: String,
    /// The row behind which the next part begins; none: this is the last one.
    pub next: Option<I>,
}

/// The members of a part by their ids.
fn people(conn: &mut Conn, mut ids: Vec<MemberId>, now: Millis) -> Result<HashMap<MemberId, Profile>> {
    ids.sort_unstable();
    ids.dedup();
    Ok(members::profiles(conn, &ids, now)?.into_iter().map(|one| (one.id, one)).collect())
}

/// One of our words as it stands in JSON.
fn word(value: impl Serialize) -> Result<String> {
    Ok(serde_json::to_value(value)?.as_str().unwrap_or_default().to_owned())
}

/// Behind which row the next part begins.
fn next<T, I>(rows: &[T], id: impl Fn(&T) -> I) -> Option<I> {
    rows.last().filter(|_| i64::try_from(rows.len()).is_ok_and(|count| count >= ROWS)).map(id)
}

/// Payments of everybody behind one of them, newest first.
///
/// # Errors
/// When the database cannot be read.
pub fn payments_part(conn: &mut Conn, _: &SeeOrders, before: Option<PaymentId>, now: Millis) -> Result<Part<PaymentId>> {
    let rows = store::payments::newest(conn, before, ROWS)?;
    let next = next(&rows, |(row, _, _)| row.id);
    let payers = people(conn, rows.iter().map(|(_, buyer, _)| *buyer).collect(), now)?;
    let mut text = if before.is_none() { PAYMENTS.to_owned() } else { String::new() };
    for (row, buyer, what) in rows {
        text.push_str(&paid(row, payers.get(&buyer), what)?);
    }
    Ok(Part { text, next })
}

/// `payer`: none for somebody who is gone.
fn paid(row: PaymentRow, payer: Option<&Profile>, what: String) -> Result<String> {
    let payment = row.payment(Back::default())?;
    Ok(csv_line(&[
        day_of(payment.received_at),
        day_of(payment.recorded_at),
        payment.receipt.unwrap_or_default(),
        payer.map(|one| one.username.clone()).unwrap_or_default(),
        what,
        word(payment.provider)?,
        word(payment.method)?,
        payment.money.decimal(),
        payment.money.currency.to_string(),
        payment.reference,
        payment.note,
    ]))
}

/// Subscriptions of everybody behind one of them, newest first.
///
/// # Errors
/// When the database cannot be read.
pub fn subscriptions_part(conn: &mut Conn, _: &SeeOrders, before: Option<SubscriptionId>, now: Millis) -> Result<Part<SubscriptionId>> {
    let rows = store::subscriptions::find(conn, SubscriptionFilter { open: None, status: None, before, limit: ROWS })?;
    let next = next(&rows, |(row, _)| row.id);
    let whose = people(conn, rows.iter().map(|(row, _)| row.member).collect(), now)?;
    let mut text = if before.is_none() { SUBSCRIPTIONS.to_owned() } else { String::new() };
    for (row, plan) in rows {
        text.push_str(&subscribed(&row, whose.get(&row.member), plan)?);
    }
    Ok(Part { text, next })
}

fn subscribed(row: &SubscriptionRow, whose: Option<&Profile>, plan: String) -> Result<String> {
    let money = row.money()?;
    let day = |at: Option<Millis>| at.map(day_of).unwrap_or_default();
    Ok(csv_line(&[
        day_of(row.started_at),
        day(row.ended_at),
        whose.map(|one| one.username.clone()).unwrap_or_default(),
        plan,
        word(row.provider())?,
        word(row.status())?,
        money.decimal(),
        money.currency.to_string(),
        word(row.every())?,
        day_of(row.period_end),
        row.cancels_at_end.to_string(),
        day(row.past_due_since),
    ]))
}

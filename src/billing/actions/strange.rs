//! Checkouts of which their provider says what does not belong to their order: found by administrators, looked at again, set aside.

use serde_json::json;

use super::checkout::end_elsewhere;
use super::ordering::{OrderLines, close, one, with_payments};
use super::telling::orders_changed;
use super::{Billing, hold, letters, note, store, trace};
use crate::access::{Actor, Page};
use crate::billing::model::{Fact, Order, OrderState, StrangeCheckout, StrangeRow};
use crate::billing::policy::{LookIntoOrder, SeeOrders};
use crate::error::{Error, Found, Result};
use crate::ids::OrderId;
use crate::money::Money;
use crate::storage::{Conn, Tx};

/// How many somebody must look at.
///
/// # Errors
/// When the database cannot be read.
pub fn count_strange(conn: &mut Conn) -> Result<i64> {
    store::strange::count_open(conn)
}

/// Those that somebody must look at, the newest orders first.
///
/// # Errors
/// When the database cannot be read.
pub fn strange_checkouts(conn: &mut Conn, _: &SeeOrders, before: Option<OrderId>, limit: i64) -> Result<Page<StrangeCheckout>> {
    let rows = Page::of(store::strange::open(conn, before, limit + 1)?, limit, |row| row.order.to_string());
    let ids: Vec<OrderId> = rows.items.iter().map(|row| row.order).collect();
    let mut found = store::orders::by_ids(conn, &ids)?;
    let orders = ids.iter().map(|id| found.remove(id).found()).collect::<Result<Vec<_>>>()?;
    let sessions: Vec<Option<String>> = orders.iter().map(|order| order.session.clone()).collect();
    let shown = with_payments(conn, orders)?;
    let checkout = |((row, OrderLines { order, .. }), session): ((StrangeRow, OrderLines), Option<String>)| {
        let paid = row.paid()?;
        let returned = paid.filter(|_| row.returned > 0).map(|paid| Money { amount: row.returned, ..paid });
        let StrangeRow { said_order, payment, subscription, seen_at, .. } = row;
        Ok::<_, Error>(StrangeCheckout { order, session, said_order, paid, returned, payment, subscription, seen_at })
    };
    let items = rows.items.into_iter().zip(shown).zip(sessions).map(checkout).collect::<Result<_>>()?;
    Ok(Page { items, next: rows.next })
}

/// Somebody has the provider asked about an order, of which anything may come: it may be paid, or nothing at all.
///
/// # Errors
/// When the database refuses.
pub fn look_into(tx: &mut Tx<'_>, may: &LookIntoOrder, actor: &Actor) -> Result<OrderId> {
    trace(tx, actor, "orders.look", may.buyer(), (None, None), "")?;
    Ok(may.order())
}

/// Sets one aside that somebody has looked at: an order that still waits is turned down with their word, which its buyer reads, and what would
/// go on being charged for it is ended at its provider. Money that its provider holds stays there. Where it says something else later,
/// somebody must look again.
///
/// # Errors
/// `billing.note`, `billing.reason_needed`, `billing.not_strange` when there is nothing to look at.
pub fn set_aside(tx: &mut Tx<'_>, may: &LookIntoOrder, actor: &Actor, billing: &Billing, word: &str) -> Result<Order> {
    let text = note(word)?;
    if text.is_empty() {
        return Err(Error::invalid("note", "billing.reason_needed"));
    }
    hold(tx, may.buyer())?;
    let said = store::strange::of_order(tx, may.order())?.filter(|row| row.closed_at.is_none());
    let said = said.ok_or_else(|| Error::conflict("billing.not_strange"))?;
    store::strange::close(tx, may.order(), may.by())?;
    let mut row = store::orders::by_id(tx, may.order())?.found()?;
    let plan = store::orders::line(tx, row.id)?.text;
    if let Some(subscription) = &said.subscription {
        end_elsewhere(tx, row.provider(), subscription, None)?;
    }
    if row.state() == OrderState::Awaiting {
        row.answer.clone_from(&text);
        row = close(tx, row, Fact::Declined, Some(may.by()))?;
        orders_changed(tx, &row, Some(may.by()))?;
        letters::declined(tx, billing, &row, &plan)?;
    }
    let paid = said.paid()?.map(|money| format!("{} {}", money.decimal(), money.currency));
    trace(tx, actor, "orders.set_aside", row.buyer, (Some(json!({ "plan": plan, "amount": paid })), None), &text)?;
    one(tx, row)
}

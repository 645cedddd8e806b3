//! Lists of orders, payments and subscriptions: a member's own, and everybody's for whoever takes money.

use super::ordering::{OrderLines, with_payments};
use super::store;
use super::subscribing::all_shown;
use crate::access::Page;
use crate::billing::model::{OrderState, Payment, Subscription, SubscriptionStatus};
use crate::billing::policy::{SeeOrders, SeeReceipt};
use crate::billing::store::orders::OrderFilter;
use crate::billing::store::subscriptions::SubscriptionFilter;
use crate::error::{Found, Result};
use crate::ids::{MemberId, OrderId, SubscriptionId};
use crate::members::SeeMe;
use crate::storage::Conn;

/// Which orders a list shows.
#[derive(Clone, Copy, Debug)]
pub struct FindOrders {
    /// Only those that stand here.
    pub state: Option<OrderState>,
    /// Only those of this member.
    pub member: Option<MemberId>,
    /// Only those that are paid by hand?
    pub by_hand: bool,
    /// Only those before this one.
    pub before: Option<OrderId>,
    /// At most this many.
    pub limit: i64,
}

/// Which subscriptions a list shows.
#[derive(Clone, Copy, Debug)]
pub struct FindSubscriptions {
    /// Only those that go on, or only those that are over.
    pub open: Option<bool>,
    /// Only those that stand here.
    pub status: Option<SubscriptionStatus>,
    /// Only those before this one.
    pub before: Option<SubscriptionId>,
    /// At most this many.
    pub limit: i64,
}

fn page(conn: &mut Conn, find: &FindOrders) -> Result<Page<OrderLines>> {
    let filter = OrderFilter { buyer: find.member, state: find.state, by_hand: find.by_hand, before: find.before, limit: find.limit + 1 };
    let rows = Page::of(store::orders::find(conn, &filter)?, find.limit, |row| row.id.to_string());
    Ok(Page { items: with_payments(conn, rows.items)?, next: rows.next })
}

/// The orders of the member who asks.
///
/// # Errors
/// When the database cannot be read.
pub fn my_orders(conn: &mut Conn, may: &SeeMe, before: Option<OrderId>, limit: i64) -> Result<Page<OrderLines>> {
    page(conn, &FindOrders { state: None, member: Some(may.member()), by_hand: false, before, limit })
}

/// Everybody's orders.
///
/// # Errors
/// When the database cannot be read.
pub fn find_orders(conn: &mut Conn, _: &SeeOrders, find: &FindOrders) -> Result<Page<OrderLines>> {
    page(conn, find)
}

/// Everybody's subscriptions.
///
/// # Errors
/// When the database cannot be read.
pub fn find_subscriptions(conn: &mut Conn, _: &SeeOrders, find: FindSubscriptions) -> Result<Page<Subscription>> {
    let FindSubscriptions { open, status, before, limit } = find;
    let rows = store::subscriptions::find(conn, SubscriptionFilter { open, status, before, limit: limit + 1 })?;
    let rows = Page::of(rows, limit, |(row, _)| row.id.to_string());
    Ok(Page { items: all_shown(conn, rows.items)?, next: rows.next })
}

/// Who pays by this reference, as it stands in a bank's statement.
///
/// # Errors
/// `money.reference` for one with a typo.
pub fn payer(conn: &mut Conn, _: &SeeOrders, reference: &str) -> Result<Option<MemberId>> {
    store::payers::member(conn, reference.parse()?)
}

/// How many members wait for an answer of an administrator.
///
/// # Errors
/// When the database cannot be read.
pub fn count_asked(conn: &mut Conn) -> Result<i64> {
    store::orders::asked(conn)
}

/// A receipt: the payment, and what it was for.
///
/// # Errors
/// [`NotFound`](crate::error::Error::NotFound) for a payment of which no receipt is ours to write.
pub fn receipt(conn: &mut Conn, may: &SeeReceipt) -> Result<(Payment, OrderLines)> {
    let row = store::payments::by_id(conn, may.payment())?.found()?;
    let order = store::orders::by_id(conn, row.order)?.found()?;
    let lines = with_payments(conn, vec![order])?.pop().found()?;
    let payment = lines.payments.iter().find(|one| one.id == row.id && one.receipt.is_some()).cloned().found()?;
    Ok((payment, lines))
}

//! Rows of `strange_checkouts`: what a provider said of a checkout that does not belong to its order.

use diesel::prelude::*;

use crate::billing::model::StrangeRow;
use crate::error::Result;
use crate::ids::{MemberId, OrderId};
use crate::storage::schema::strange_checkouts as strange;
use crate::storage::{Conn, Tx};

/// What was said of the checkout of an order.
pub fn of_order(conn: &mut Conn, order: OrderId) -> Result<Option<StrangeRow>> {
    Ok(strange::table.find(order.0).first(conn).optional()?)
}

/// Is there something of this order that somebody must look at?
pub fn is_open(conn: &mut Conn, order: OrderId) -> Result<bool> {
    Ok(of_order(conn, order)?.is_some_and(|row| row.closed_at.is_none()))
}

/// Those that somebody must look at, below `before`, the newest orders first.
pub fn open(conn: &mut Conn, before: Option<OrderId>, limit: i64) -> Result<Vec<StrangeRow>> {
    let found = strange::table.filter(strange::closed_at.is_null()).filter(strange::order_id.lt(before.map_or(i64::MAX, |id| id.0)));
    Ok(found.order(strange::order_id.desc()).limit(limit).load(conn)?)
}

/// How many there are.
pub fn count_open(conn: &mut Conn) -> Result<i64> {
    Ok(strange::table.filter(strange::closed_at.is_null()).count().get_result(conn)?)
}

/// Stores what was said, in the place of what was said before.
pub fn put(tx: &mut Tx<'_>, row: &StrangeRow) -> Result<()> {
    resolve(tx, row.order)?;
    diesel::insert_into(strange::table)
        .values((
            strange::order_id.eq(row.order.0),
            strange::said_order.eq(row.said_order.map(|id| id.0)),
            strange::payment.eq(row.payment.as_deref()),
            strange::amount.eq(row.amount),
            strange::currency.eq(row.currency.as_deref()),
            strange::seen_at.eq(row.seen_at),
            strange::closed_at.eq(row.closed_at),
            strange::closed_by.eq(row.closed_by.map(|id| id.0)),
            strange::subscription.eq(row.subscription.as_deref()),
            strange::returned.eq(row.returned),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Stores that somebody has looked.
pub fn close(tx: &mut Tx<'_>, order: OrderId, by: MemberId) -> Result<()> {
    let now = tx.now();
    diesel::update(strange::table.find(order.0)).set((strange::closed_at.eq(now), strange::closed_by.eq(by.0))).execute(&mut **tx)?;
    Ok(())
}

/// What is said now belongs to the order.
pub fn resolve(tx: &mut Tx<'_>, order: OrderId) -> Result<()> {
    diesel::delete(strange::table.find(order.0)).execute(&mut **tx)?;
    Ok(())
}

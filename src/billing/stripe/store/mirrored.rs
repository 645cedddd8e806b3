//! Which of our rows mirror something at Stripe, and which of them were not looked at for long.

use diesel::prelude::*;

use crate::billing::model::{OrderState, SubscriptionRow};
use crate::billing::providers::ProviderKind;
use crate::clock::Millis;
use crate::error::Result;
use crate::ids::{OrderId, PlanId};
use crate::storage::Conn;
use crate::storage::schema::{orders, payments, plans, subscriptions};

const STRIPE: i16 = ProviderKind::Stripe.number();

/// The visit of an order, if one was opened.
pub fn session_of(conn: &mut Conn, order: OrderId) -> Result<Option<String>> {
    let found = orders::table.find(order.0).filter(orders::provider.eq(STRIPE)).select(orders::session);
    Ok(found.first::<Option<String>>(conn).optional()?.flatten())
}

/// What is paid by a payment of theirs: the visit, and the subscription that it is a period of.
pub fn of_payment(conn: &mut Conn, intent: &str) -> Result<Option<(Option<String>, Option<String>)>> {
    let found = payments::table
        .inner_join(orders::table.on(orders::id.eq(payments::order_id)))
        .filter(payments::provider.eq(STRIPE))
        .filter(payments::external_id.eq(intent))
        .select((orders::session, orders::subscription))
        .first::<(Option<String>, Option<i64>)>(conn)
        .optional()?;
    let Some((session, subscription)) = found else { return Ok(None) };
    let external = match subscription {
        Some(id) => subscriptions::table.find(id).select(subscriptions::external_id).first::<Option<String>>(conn).optional()?.flatten(),
        None => None,
    };
    Ok(Some((session, external)))
}

/// Visits that have been open since before this instant, the oldest first.
pub fn visits_open_since(conn: &mut Conn, before: Millis, limit: i64) -> Result<Vec<String>> {
    let found = orders::table
        .filter(orders::provider.eq(STRIPE))
        .filter(orders::state.eq(OrderState::Awaiting.number()))
        .filter(orders::placed_at.lt(before))
        .filter(orders::session.is_not_null())
        .order(orders::id)
        .limit(limit)
        .select(orders::session)
        .load::<Option<String>>(conn)?;
    Ok(found.into_iter().flatten().collect())
}

/// Subscriptions that go on and whose period is over, or that were not looked at since `before`; those longest ago first.
pub fn stale(conn: &mut Conn, now: Millis, before: Millis, limit: i64) -> Result<Vec<String>> {
    let found = subscriptions::table
        .filter(subscriptions::provider.eq(STRIPE))
        .filter(subscriptions::ended_at.is_null())
        .filter(subscriptions::fetched_at.lt(before).or(subscriptions::period_end.le(now)))
        .order(subscriptions::fetched_at)
        .limit(limit)
        .select(subscriptions::external_id)
        .load::<Option<String>>(conn)?;
    Ok(found.into_iter().flatten().collect())
}

/// What of a subscription may drift: everything but when it was looked at.
pub fn looks(conn: &mut Conn, external: &str) -> Result<Option<SubscriptionRow>> {
    let row = subscriptions::table.filter(subscriptions::provider.eq(STRIPE)).filter(subscriptions::external_id.eq(external));
    Ok(row.first::<SubscriptionRow>(conn).optional()?.map(|row| SubscriptionRow { fetched_at: 0, ..row }))
}

/// When a subscription was looked at last; 0: never.
pub fn looked_at(conn: &mut Conn, external: &str) -> Result<Millis> {
    let row = subscriptions::table.filter(subscriptions::provider.eq(STRIPE)).filter(subscriptions::external_id.eq(external));
    Ok(row.select(subscriptions::fetched_at).first(conn).optional()?.unwrap_or(0))
}

/// Where an order stands.
pub fn order_state(conn: &mut Conn, order: OrderId) -> Result<Option<i16>> {
    Ok(orders::table.find(order.0).select(orders::state).first(conn).optional()?)
}

/// A plan by which the account is looked at: the first one.
pub fn first_plan(conn: &mut Conn) -> Result<Option<(PlanId, String, String)>> {
    let all = plans::table.order((plans::position, plans::id)).select((plans::id, plans::name, plans::description));
    Ok(all.first(conn).optional()?)
}

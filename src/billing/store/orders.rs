//! Rows of `orders`, `order_lines` and `fulfilments`.

use std::collections::HashMap;

use diesel::prelude::*;

use super::CHUNK;
use crate::billing::model::{LineKind, LineRow, OrderRow, OrderState};
use crate::billing::providers::ProviderKind;
use crate::clock::Millis;
use crate::error::{Found, Result};
use crate::ids::{MemberId, OrderId, OrderLineId, PlanId, PriceId, SubscriptionId};
use crate::storage::schema::{fulfilments, order_lines, orders};
use crate::storage::{Conn, Tx};

/// One order.
pub fn by_id(conn: &mut Conn, order: OrderId) -> Result<Option<OrderRow>> {
    Ok(orders::table.find(order.0).first(conn).optional()?)
}

/// These orders.
pub fn by_ids(conn: &mut Conn, ids: &[OrderId]) -> Result<HashMap<OrderId, OrderRow>> {
    let raw: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let mut found = HashMap::new();
    for part in raw.chunks(CHUNK) {
        let rows = orders::table.filter(orders::id.eq_any(part.to_vec())).load::<OrderRow>(conn)?;
        found.extend(rows.into_iter().map(|row| (row.id, row)));
    }
    Ok(found)
}

/// The order that a buyer placed under this key.
pub fn by_key(conn: &mut Conn, buyer: MemberId, key: &str) -> Result<Option<OrderRow>> {
    Ok(orders::table.filter(orders::buyer.eq(buyer.0)).filter(orders::client_key.eq(key)).first(conn).optional()?)
}

/// The orders of a member for a plan, or for it as a gift, that wait, newest first.
pub fn awaiting(conn: &mut Conn, buyer: MemberId, plan: PlanId, kind: LineKind) -> Result<Vec<OrderRow>> {
    Ok(orders::table
        .inner_join(order_lines::table.on(order_lines::order_id.eq(orders::id)))
        .filter(orders::buyer.eq(buyer.0))
        .filter(orders::state.eq(OrderState::Awaiting.number()))
        .filter(order_lines::plan.eq(plan.0))
        .filter(order_lines::kind.eq(kind.number()))
        .order(orders::id.desc())
        .select(orders::all_columns)
        .load(conn)?)
}

/// The order that waits to go on with this subscription.
pub fn renewal(conn: &mut Conn, subscription: SubscriptionId) -> Result<Option<OrderRow>> {
    awaiting_of(conn, subscription, LineKind::Membership)
}

/// The order that waits for the difference of a dearer plan for this subscription.
pub fn change(conn: &mut Conn, subscription: SubscriptionId) -> Result<Option<OrderRow>> {
    awaiting_of(conn, subscription, LineKind::Change)
}

fn awaiting_of(conn: &mut Conn, subscription: SubscriptionId, kind: LineKind) -> Result<Option<OrderRow>> {
    Ok(orders::table
        .inner_join(order_lines::table.on(order_lines::order_id.eq(orders::id)))
        .filter(orders::subscription.eq(subscription.0))
        .filter(orders::state.eq(OrderState::Awaiting.number()))
        .filter(order_lines::kind.eq(kind.number()))
        .order(orders::id.desc())
        .select(orders::all_columns)
        .first(conn)
        .optional()?)
}

/// Did the money of the newest period of a subscription go back, and what it bought with it?
pub fn newest_went_back(conn: &mut Conn, subscription: SubscriptionId) -> Result<bool> {
    Ok(newest(conn, subscription)?.is_some_and(|(_, state)| state == OrderState::Refunded.number()))
}

/// The order by which the newest period of a subscription was paid, also when its money went back.
pub fn newest_paid(conn: &mut Conn, subscription: SubscriptionId) -> Result<Option<OrderId>> {
    Ok(newest(conn, subscription)?.map(|(order, _)| order))
}

/// The same with where it stands. The difference of a dearer plan pays for no period by itself.
fn newest(conn: &mut Conn, subscription: SubscriptionId) -> Result<Option<(OrderId, i16)>> {
    Ok(orders::table
        .inner_join(order_lines::table.on(order_lines::order_id.eq(orders::id)))
        .filter(orders::subscription.eq(subscription.0))
        .filter(orders::state.eq_any([OrderState::Fulfilled.number(), OrderState::Refunded.number()]))
        .filter(order_lines::kind.ne(LineKind::Change.number()))
        .order(orders::id.desc())
        .select((orders::id, orders::state))
        .first(conn)
        .optional()?)
}

/// How many orders of a member wait.
pub fn count_awaiting(conn: &mut Conn, buyer: MemberId) -> Result<i64> {
    let waiting = orders::table.filter(orders::buyer.eq(buyer.0)).filter(orders::state.eq(OrderState::Awaiting.number()));
    Ok(waiting.count().get_result(conn)?)
}

/// How many wait for an administrator: asked for, or owed.
pub fn asked(conn: &mut Conn) -> Result<i64> {
    Ok(orders::table
        .inner_join(order_lines::table.on(order_lines::order_id.eq(orders::id)))
        .filter(orders::state.eq(OrderState::Awaiting.number()))
        .filter(orders::provider.eq(ProviderKind::Manual.number()))
        .filter(orders::subscription.is_null().or(order_lines::kind.eq(LineKind::Change.number())))
        .count()
        .get_result(conn)?)
}

/// Which orders a list shows.
#[derive(Clone, Debug, Default)]
pub struct OrderFilter {
    /// Whose.
    pub buyer: Option<MemberId>,
    /// Only those that stand here.
    pub state: Option<OrderState>,
    /// Only those that are paid by hand?
    pub by_hand: bool,
    /// Only those placed before this one.
    pub before: Option<OrderId>,
    /// At most this many.
    pub limit: i64,
}

/// Orders, newest first.
pub fn find(conn: &mut Conn, filter: &OrderFilter) -> Result<Vec<OrderRow>> {
    let mut query = orders::table.order(orders::id.desc()).limit(filter.limit).into_boxed();
    if let Some(buyer) = filter.buyer {
        query = query.filter(orders::buyer.eq(buyer.0));
    }
    if let Some(state) = filter.state {
        query = query.filter(orders::state.eq(state.number()));
    }
    if filter.by_hand {
        query = query.filter(orders::provider.eq(ProviderKind::Manual.number()));
    }
    if let Some(before) = filter.before {
        query = query.filter(orders::id.lt(before.0));
    }
    Ok(query.load(conn)?)
}

/// The lines of these orders.
pub fn lines(conn: &mut Conn, ids: &[OrderId]) -> Result<HashMap<OrderId, LineRow>> {
    let raw: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let mut found = HashMap::new();
    for part in raw.chunks(CHUNK) {
        let rows = order_lines::table.filter(order_lines::order_id.eq_any(part.to_vec())).order(order_lines::id).load::<LineRow>(conn)?;
        found.extend(rows.into_iter().map(|row| (row.order, row)));
    }
    Ok(found)
}

/// The line of an order: each has one.
pub fn line(conn: &mut Conn, order: OrderId) -> Result<LineRow> {
    order_lines::table.filter(order_lines::order_id.eq(order.0)).order(order_lines::id).first(conn).optional()?.found()
}

/// Stores a new order with its line.
pub fn insert(tx: &mut Tx<'_>, row: &OrderRow, line: &LineRow) -> Result<()> {
    diesel::insert_into(orders::table)
        .values((
            orders::id.eq(row.id.0),
            orders::buyer.eq(row.buyer.0),
            orders::client_key.eq(row.client_key.as_deref()),
            orders::provider.eq(row.provider),
            orders::state.eq(row.state),
            orders::amount.eq(row.amount),
            orders::currency.eq(&row.currency),
            orders::attempt.eq(row.attempt),
            orders::session.eq(row.session.as_deref()),
            orders::url.eq(row.url.as_deref()),
            orders::subscription.eq(row.subscription.map(|id| id.0)),
            orders::note.eq(&row.note),
            orders::answer.eq(&row.answer),
            orders::placed_at.eq(row.placed_at),
            orders::expires_at.eq(row.expires_at),
            orders::paid_at.eq(row.paid_at),
            orders::closed_at.eq(row.closed_at),
            orders::closed_by.eq(row.closed_by.map(|id| id.0)),
            orders::promotion.eq(row.promotion.map(|id| id.0)),
            orders::promotion_code.eq(row.promotion_code.as_deref()),
        ))
        .execute(&mut **tx)?;
    diesel::insert_into(order_lines::table)
        .values((
            order_lines::id.eq(line.id.0),
            order_lines::order_id.eq(line.order.0),
            order_lines::kind.eq(line.kind),
            order_lines::ref_id.eq(line.price.map(|id| id.0)),
            order_lines::plan.eq(line.plan.map(|id| id.0)),
            order_lines::every.eq(line.every),
            order_lines::quantity.eq(line.quantity),
            order_lines::amount.eq(line.amount),
            order_lines::text.eq(&line.text),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Stores everything of an order that changes.
pub fn save(tx: &mut Tx<'_>, row: &OrderRow) -> Result<()> {
    diesel::update(orders::table.find(row.id.0))
        .set((
            orders::state.eq(row.state),
            orders::amount.eq(row.amount),
            orders::currency.eq(&row.currency),
            orders::attempt.eq(row.attempt),
            orders::session.eq(row.session.as_deref()),
            orders::url.eq(row.url.as_deref()),
            orders::subscription.eq(row.subscription.map(|id| id.0)),
            orders::answer.eq(&row.answer),
            orders::expires_at.eq(row.expires_at),
            orders::paid_at.eq(row.paid_at),
            orders::closed_at.eq(row.closed_at),
            orders::closed_by.eq(row.closed_by.map(|id| id.0)),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Stores what a line costs and how often, once that is said.
pub fn save_line(tx: &mut Tx<'_>, line: &LineRow) -> Result<()> {
    diesel::update(order_lines::table.find(line.id.0))
        .set((order_lines::every.eq(line.every), order_lines::amount.eq(line.amount)))
        .execute(&mut **tx)?;
    Ok(())
}

/// Stores what came of a line; it happens once, or the database refuses.
pub fn fulfil(tx: &mut Tx<'_>, line: OrderLineId, grant: i64, period: (Millis, Option<Millis>)) -> Result<()> {
    let now = tx.now();
    diesel::insert_into(fulfilments::table)
        .values((
            fulfilments::line.eq(line.0),
            fulfilments::state.eq(1_i16),
            fulfilments::result.eq(grant),
            fulfilments::period_start.eq(period.0),
            fulfilments::period_end.eq(period.1),
            fulfilments::done_at.eq(now),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Money with its line's kind and price, and from when until when it pays.
type Unexpired = (i64, i16, Option<PriceId>, Option<Millis>, Option<Millis>);

/// What was paid for a subscription and bought something that is not over yet, nor taken back.
pub fn unexpired(conn: &mut Conn, subscription: SubscriptionId, now: Millis) -> Result<Vec<Unexpired>> {
    Ok(orders::table
        .inner_join(order_lines::table.on(order_lines::order_id.eq(orders::id)))
        .inner_join(fulfilments::table.on(fulfilments::line.eq(order_lines::id)))
        .filter(orders::subscription.eq(subscription.0))
        .filter(fulfilments::undone_at.is_null())
        .filter(fulfilments::period_end.gt(now))
        .order(orders::id)
        .select((orders::amount, order_lines::kind, order_lines::ref_id, fulfilments::period_start, fulfilments::period_end))
        .load(conn)?)
}

/// The plan and the price of the newest order that paid for a subscription, a period or a difference, and whose money did not go back.
pub fn newest_kept(conn: &mut Conn, subscription: SubscriptionId) -> Result<Option<(PlanId, PriceId)>> {
    let found = orders::table
        .inner_join(order_lines::table.on(order_lines::order_id.eq(orders::id)))
        .filter(orders::subscription.eq(subscription.0))
        .filter(orders::state.eq(OrderState::Fulfilled.number()))
        .order(orders::id.desc())
        .select((order_lines::plan, order_lines::ref_id))
        .first::<(Option<PlanId>, Option<PriceId>)>(conn)
        .optional()?;
    Ok(found.and_then(|(plan, price)| plan.zip(price)))
}

/// Until when this line paid; none: it was not fulfilled, or holds without end.
pub fn paid_until(conn: &mut Conn, line: OrderLineId) -> Result<Option<Millis>> {
    let found = fulfilments::table.find(line.0).select(fulfilments::period_end).first::<Option<Millis>>(conn);
    Ok(found.optional()?.flatten())
}

/// Stores that it was undone; `false` when it was before, or never done.
pub fn undo(tx: &mut Tx<'_>, line: OrderLineId) -> Result<bool> {
    let now = tx.now();
    let stored = diesel::update(fulfilments::table.filter(fulfilments::line.eq(line.0)).filter(fulfilments::undone_at.is_null()))
        .set((fulfilments::state.eq(2_i16), fulfilments::undone_at.eq(now)))
        .execute(&mut **tx)?;
    Ok(stored == 1)
}

//! Rows of `subscriptions`.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::billing::model::{SubscriptionRow, SubscriptionStatus};
use crate::billing::providers::ProviderKind;
use crate::clock::Millis;
use crate::error::Result;
use crate::ids::{MemberId, OrderLineId, PlanId, PriceId, SubscriptionId};
use crate::storage::schema::{payment_failures, plan_changes, plans, subscriptions};
use crate::storage::{Conn, Tx, on_conflict};

/// One subscription.
pub fn by_id(conn: &mut Conn, subscription: SubscriptionId) -> Result<Option<SubscriptionRow>> {
    Ok(subscriptions::table.find(subscription.0).first(conn).optional()?)
}

/// The one that a provider calls so.
pub fn by_external_id(conn: &mut Conn, provider: ProviderKind, external_id: &str) -> Result<Option<SubscriptionRow>> {
    let found =
        subscriptions::table.filter(subscriptions::provider.eq(provider.number())).filter(subscriptions::external_id.eq(external_id));
    Ok(found.first(conn).optional()?)
}

/// Those of a member with the names of their plans, newest first; also those that are over.
pub fn of_member(conn: &mut Conn, member: MemberId, limit: i64) -> Result<Vec<(SubscriptionRow, String)>> {
    Ok(subscriptions::table
        .inner_join(plans::table.on(plans::id.eq(subscriptions::plan)))
        .filter(subscriptions::member.eq(member.0))
        .order(subscriptions::id.desc())
        .limit(limit)
        .select((subscriptions::all_columns, plans::name))
        .load(conn)?)
}

/// Which subscriptions a list shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct SubscriptionFilter {
    /// Only those that go on, or only those that are over.
    pub open: Option<bool>,
    /// Only those that stand here.
    pub status: Option<SubscriptionStatus>,
    /// Only those begun before this one.
    pub before: Option<SubscriptionId>,
    /// At most this many.
    pub limit: i64,
}

/// Subscriptions of everybody with the names of their plans, newest first.
pub fn find(conn: &mut Conn, filter: SubscriptionFilter) -> Result<Vec<(SubscriptionRow, String)>> {
    let mut query = subscriptions::table
        .inner_join(plans::table.on(plans::id.eq(subscriptions::plan)))
        .order(subscriptions::id.desc())
        .limit(filter.limit)
        .select((subscriptions::all_columns, plans::name))
        .into_boxed();
    query = match filter.open {
        Some(true) => query.filter(subscriptions::ended_at.is_null()),
        Some(false) => query.filter(subscriptions::ended_at.is_not_null()),
        None => query,
    };
    if let Some(status) = filter.status {
        query = query.filter(subscriptions::status.eq(status.number()));
    }
    if let Some(before) = filter.before {
        query = query.filter(subscriptions::id.lt(before.0));
    }
    Ok(query.load(conn)?)
}

/// Those of a member that go on.
pub fn going_on(conn: &mut Conn, member: MemberId) -> Result<Vec<SubscriptionRow>> {
    Ok(subscriptions::table
        .filter(subscriptions::member.eq(member.0))
        .filter(subscriptions::ended_at.is_null())
        .order(subscriptions::id)
        .load(conn)?)
}

/// Did a member ever have a trial, by another subscription than the one that its provider calls so? There is one for each.
pub fn had_trial(conn: &mut Conn, member: MemberId, but: Option<&str>) -> Result<bool> {
    let had = subscriptions::table.filter(subscriptions::member.eq(member.0)).filter(subscriptions::trial_end.is_not_null());
    // What is kept here alone has none.
    let had = had.filter(subscriptions::external_id.ne(but.unwrap_or_default()));
    Ok(diesel::select(diesel::dsl::exists(had)).get_result(conn)?)
}

/// Stores a new one.
pub fn insert(tx: &mut Tx<'_>, row: &SubscriptionRow) -> Result<()> {
    diesel::insert_into(subscriptions::table)
        .values((
            subscriptions::id.eq(row.id.0),
            subscriptions::member.eq(row.member.0),
            subscriptions::plan.eq(row.plan.0),
            subscriptions::price.eq(row.price.map(|id| id.0)),
            subscriptions::provider.eq(row.provider),
            subscriptions::external_id.eq(row.external_id.as_deref()),
            subscriptions::status.eq(row.status),
            subscriptions::every.eq(row.every),
            subscriptions::amount.eq(row.amount),
            subscriptions::currency.eq(&row.currency),
            subscriptions::started_at.eq(row.started_at),
            subscriptions::anchor_at.eq(row.anchor_at),
            subscriptions::periods.eq(row.periods),
            subscriptions::period_start.eq(row.period_start),
            subscriptions::period_end.eq(row.period_end),
            subscriptions::trial_end.eq(row.trial_end),
            subscriptions::cancels_at_end.eq(row.cancels_at_end),
            subscriptions::past_due_since.eq(row.past_due_since),
            subscriptions::ended_at.eq(row.ended_at),
            subscriptions::fetched_at.eq(row.fetched_at),
            subscriptions::next_plan.eq(row.next_plan.map(|id| id.0)),
            subscriptions::next_price.eq(row.next_price.map(|id| id.0)),
            subscriptions::next_amount.eq(row.next_amount),
            subscriptions::next_at.eq(row.next_at),
            subscriptions::promotion.eq(row.promotion.map(|id| id.0)),
            subscriptions::next_every.eq(row.next_every),
            subscriptions::next_paid.eq(row.next_paid),
            subscriptions::promotion_left.eq(row.promotion_left),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Stores everything of it that changes.
pub fn save(tx: &mut Tx<'_>, row: &SubscriptionRow) -> Result<()> {
    diesel::update(subscriptions::table.find(row.id.0))
        .set((
            subscriptions::plan.eq(row.plan.0),
            subscriptions::price.eq(row.price.map(|id| id.0)),
            subscriptions::status.eq(row.status),
            subscriptions::every.eq(row.every),
            subscriptions::amount.eq(row.amount),
            subscriptions::currency.eq(&row.currency),
            subscriptions::anchor_at.eq(row.anchor_at),
            subscriptions::periods.eq(row.periods),
            subscriptions::period_start.eq(row.period_start),
            subscriptions::period_end.eq(row.period_end),
            subscriptions::trial_end.eq(row.trial_end),
            subscriptions::cancels_at_end.eq(row.cancels_at_end),
            subscriptions::past_due_since.eq(row.past_due_since),
            subscriptions::ended_at.eq(row.ended_at),
            subscriptions::fetched_at.eq(row.fetched_at),
            subscriptions::next_plan.eq(row.next_plan.map(|id| id.0)),
            subscriptions::next_price.eq(row.next_price.map(|id| id.0)),
            subscriptions::next_amount.eq(row.next_amount),
            subscriptions::next_at.eq(row.next_at),
            subscriptions::promotion.eq(row.promotion.map(|id| id.0)),
            subscriptions::next_every.eq(row.next_every),
            subscriptions::next_paid.eq(row.next_paid),
            subscriptions::promotion_left.eq(row.promotion_left),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Keeps what a subscription was before the plan that this line paid took its place.
pub fn keep_before(tx: &mut Tx<'_>, line: OrderLineId, row: &SubscriptionRow) -> Result<()> {
    diesel::insert_into(plan_changes::table)
        .values((
            plan_changes::line.eq(line.0),
            plan_changes::subscription.eq(row.id.0),
            plan_changes::plan.eq(row.plan.0),
            plan_changes::price.eq(row.price.map(|id| id.0)),
            plan_changes::amount.eq(row.amount),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// A subscription; its plan, price and amount in minor units.
type Before = (SubscriptionId, PlanId, Option<PriceId>, i64);

/// Which subscription this line changed, and what it was before.
pub fn before(conn: &mut Conn, line: OrderLineId) -> Result<Option<Before>> {
    let found = plan_changes::table.find(line.0);
    let found = found.select((plan_changes::subscription, plan_changes::plan, plan_changes::price, plan_changes::amount));
    Ok(found.first(conn).optional()?)
}

/// When each that went on at `since` or later began and was over. What is paid at the test provider is none.
pub fn lives(conn: &mut Conn, since: Millis) -> Result<Vec<(Millis, Option<Millis>)>> {
    Ok(subscriptions::table
        .filter(subscriptions::provider.ne(ProviderKind::Test.number()))
        .filter(subscriptions::ended_at.is_null().or(subscriptions::ended_at.ge(since)))
        .select((subscriptions::started_at, subscriptions::ended_at))
        .load(conn)?)
}

/// How many go on; of those, how many owe a payment, and how many end with their period. What is paid at the test provider is none.
pub fn counts(conn: &mut Conn) -> Result<(i64, i64, i64)> {
    let open = subscriptions::table.filter(subscriptions::ended_at.is_null());
    let counts =
        (sql::<BigInt>("COUNT(*)"), sql::<BigInt>("COUNT(past_due_since)"), sql::<BigInt>("COUNT(CASE WHEN cancels_at_end THEN 1 END)"));
    Ok(open.filter(subscriptions::provider.ne(ProviderKind::Test.number())).select(counts).get_result(conn)?)
}

/// Notes since when a period of it was not paid; once.
pub fn note_failure(tx: &mut Tx<'_>, subscription: SubscriptionId, at: Millis) -> Result<()> {
    diesel::insert_into(payment_failures::table)
        .values(on_conflict(
            (payment_failures::subscription.eq(subscription.0), payment_failures::at.eq(at)),
            "ON CONFLICT (subscription, at) DO NOTHING",
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// When payments failed or were not made, from `since` on. What is paid at the test provider is none.
pub fn failures_since(conn: &mut Conn, since: Millis) -> Result<Vec<Millis>> {
    Ok(payment_failures::table
        .inner_join(subscriptions::table.on(subscriptions::id.eq(payment_failures::subscription)))
        .filter(payment_failures::at.ge(since))
        .filter(subscriptions::provider.ne(ProviderKind::Test.number()))
        .select(payment_failures::at)
        .load(conn)?)
}

//! Rows of `prices`.

use std::collections::HashMap;

use diesel::prelude::*;

use super::CHUNK;
use crate::billing::model::{Every, PriceRow};
use crate::clock::Millis;
use crate::error::Result;
use crate::ids::{PlanId, PriceId};
use crate::money::Currency;
use crate::storage::schema::{prices, subscriptions};
use crate::storage::{Conn, Tx};

/// One price.
pub fn by_id(conn: &mut Conn, price: PriceId) -> Result<Option<PriceRow>> {
    Ok(prices::table.find(price.0).first(conn).optional()?)
}

/// The prices by which these plans can be bought: each month first, then each year, then once.
pub fn on_sale(conn: &mut Conn, plans: &[PlanId]) -> Result<HashMap<PlanId, Vec<PriceRow>>> {
    let raw: Vec<i64> = plans.iter().map(|id| id.0).collect();
    let mut found: HashMap<PlanId, Vec<PriceRow>> = HashMap::new();
    for part in raw.chunks(CHUNK) {
        let rows = prices::table
            .filter(prices::plan.eq_any(part.to_vec()))
            .filter(prices::archived_at.is_null())
            .order((prices::currency, prices::id))
            .load::<PriceRow>(conn)?;
        for row in rows {
            found.entry(row.plan).or_default().push(row);
        }
    }
    for rows in found.values_mut() {
        rows.sort_by_key(|row| (row.every() == Every::Once, row.every()));
    }
    Ok(found)
}

/// The one by which a plan is bought in this currency and period.
pub fn taken(conn: &mut Conn, plan: PlanId, currency: Currency, every: Every) -> Result<Option<PriceRow>> {
    Ok(prices::table
        .filter(prices::plan.eq(plan.0))
        .filter(prices::currency.eq(currency.code()))
        .filter(prices::every.eq(every.number()))
        .filter(prices::archived_at.is_null())
        .first(conn)
        .optional()?)
}

/// How many are on sale.
pub fn count(conn: &mut Conn, plan: PlanId) -> Result<i64> {
    Ok(prices::table.filter(prices::plan.eq(plan.0)).filter(prices::archived_at.is_null()).count().get_result(conn)?)
}

/// Stores a new one.
pub fn insert(tx: &mut Tx<'_>, row: &PriceRow) -> Result<()> {
    diesel::insert_into(prices::table)
        .values((
            prices::id.eq(row.id.0),
            prices::plan.eq(row.plan.0),
            prices::amount.eq(row.amount),
            prices::currency.eq(&row.currency),
            prices::every.eq(row.every),
            prices::created_at.eq(row.created_at),
            prices::archived_at.eq(row.archived_at),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Puts one away; `false` when it was put away before.
pub fn archive(tx: &mut Tx<'_>, price: PriceId, at: Millis) -> Result<bool> {
    let stored = diesel::update(prices::table.filter(prices::id.eq(price.0)).filter(prices::archived_at.is_null()))
        .set(prices::archived_at.eq(at))
        .execute(&mut **tx)?;
    Ok(stored == 1)
}

/// How many subscriptions go on by each price.
pub fn payers(conn: &mut Conn) -> Result<HashMap<PriceId, i64>> {
    let rows = subscriptions::table
        .filter(subscriptions::ended_at.is_null())
        .filter(subscriptions::price.is_not_null())
        .group_by(subscriptions::price)
        .select((subscriptions::price, diesel::dsl::count_star()))
        .load::<(Option<PriceId>, i64)>(conn)?;
    Ok(rows.into_iter().filter_map(|(price, count)| Some((price?, count))).collect())
}

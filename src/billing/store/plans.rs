//! Rows of `plans` and `plan_entitlements`.

use std::collections::HashMap;

use diesel::prelude::*;
use serde_json::{Map, Value};

use super::{CHUNK, prices};
use crate::billing::model::{Entitlements, Plan, PlanRow, PriceRow};
use crate::error::{Error, Result};
use crate::ids::PlanId;
use crate::storage::schema::{plan_entitlements, plans};
use crate::storage::{Conn, Tx};

/// Every plan in its place; those that are not given any more only when asked for.
pub fn all(conn: &mut Conn, with_archived: bool) -> Result<Vec<PlanRow>> {
    let mut query = plans::table.order((plans::position, plans::id)).into_boxed();
    if !with_archived {
        query = query.filter(plans::archived_at.is_null());
    }
    Ok(query.load(conn)?)
}

/// One plan.
pub fn by_id(conn: &mut Conn, plan: PlanId) -> Result<Option<PlanRow>> {
    Ok(plans::table.find(plan.0).first(conn).optional()?)
}

/// The plan that was made first.
pub fn first(conn: &mut Conn) -> Result<Option<PlanRow>> {
    Ok(plans::table.order(plans::id).first(conn).optional()?)
}

/// Is there another plan with this name?
pub fn is_named(conn: &mut Conn, key: &str, but: Option<PlanId>) -> Result<bool> {
    let found = plans::table.filter(plans::name_key.eq(key)).select(plans::id).first::<PlanId>(conn).optional()?;
    Ok(found.is_some_and(|id| but != Some(id)))
}

/// Stores a new plan.
pub fn insert(tx: &mut Tx<'_>, row: &PlanRow) -> Result<()> {
    diesel::insert_into(plans::table)
        .values((
            plans::id.eq(row.id.0),
            plans::name.eq(&row.name),
            plans::name_key.eq(&row.name_key),
            plans::description.eq(&row.description),
            plans::position.eq(row.position),
            plans::created_at.eq(row.created_at),
            plans::archived_at.eq(row.archived_at),
            plans::hidden.eq(row.hidden),
            plans::trial_days.eq(row.trial_days),
            plans::gifts.eq(row.gifts),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Stores everything of the row that can be changed.
pub fn save(tx: &mut Tx<'_>, row: &PlanRow) -> Result<()> {
    diesel::update(plans::table.find(row.id.0))
        .set((
            plans::name.eq(&row.name),
            plans::name_key.eq(&row.name_key),
            plans::description.eq(&row.description),
            plans::position.eq(row.position),
            plans::archived_at.eq(row.archived_at),
            plans::hidden.eq(row.hidden),
            plans::trial_days.eq(row.trial_days),
            plans::gifts.eq(row.gifts),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

fn as_map(entitlements: &Entitlements) -> Result<Map<String, Value>> {
    match serde_json::to_value(entitlements)? {
        Value::Object(all) => Ok(all),
        _ => Err(Error::broken("entitlements are not an object")),
    }
}

/// Stores what a plan entitles to, in place of what it did.
pub fn set_entitlements(tx: &mut Tx<'_>, plan: PlanId, entitlements: &Entitlements) -> Result<()> {
    diesel::delete(plan_entitlements::table.filter(plan_entitlements::plan.eq(plan.0))).execute(&mut **tx)?;
    let nothing = as_map(&Entitlements::default())?;
    for (name, value) in as_map(entitlements)?.into_iter().filter(|(name, value)| nothing.get(name) != Some(value)) {
        diesel::insert_into(plan_entitlements::table)
            .values((plan_entitlements::plan.eq(plan.0), plan_entitlements::name.eq(name), plan_entitlements::value.eq(value.to_string())))
            .execute(&mut **tx)?;
    }
    Ok(())
}

/// What each of these plans entitles to.
pub fn entitlements_of(conn: &mut Conn, ids: &[PlanId]) -> Result<HashMap<PlanId, Entitlements>> {
    let mut known = as_map(&Entitlements::default())?;
    known.values_mut().for_each(|value| *value = Value::Null);
    let mut stored: HashMap<PlanId, Map<String, Value>> = ids.iter().map(|id| (*id, Map::new())).collect();
    let raw: Vec<i64> = ids.iter().map(|id| id.0).collect();
    for part in raw.chunks(CHUNK) {
        let rows = plan_entitlements::table.filter(plan_entitlements::plan.eq_any(part.to_vec())).load::<(PlanId, String, String)>(conn)?;
        // What this version does not know is left alone: the version after may come back.
        for (plan, name, value) in rows.into_iter().filter(|(_, name, _)| known.contains_key(name)) {
            stored.entry(plan).or_default().insert(name, serde_json::from_str(&value)?);
        }
    }
    stored.into_iter().map(|(plan, all)| Ok((plan, serde_json::from_value(Value::Object(all))?))).collect()
}

/// These rows with what they entitle to and what they cost, in the same order.
pub fn with_worth(conn: &mut Conn, rows: Vec<PlanRow>) -> Result<Vec<Plan>> {
    let ids: Vec<PlanId> = rows.iter().map(|row| row.id).collect();
    let mut all = entitlements_of(conn, &ids)?;
    let mut costs = prices::on_sale(conn, &ids)?;
    rows.into_iter()
        .map(|row| {
            let own = costs.remove(&row.id).unwrap_or_default().iter().map(PriceRow::price).collect::<Result<_>>()?;
            let worth = all.remove(&row.id).unwrap_or_default();
            Ok(row.plan(worth, own))
        })
        .collect()
}

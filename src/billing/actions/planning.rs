//! Plans: made, changed and put away; whoever has one hears at once what it is worth now.

use serde_json::{Value, json};

use super::telling::{Whom, changed_for};
use super::{Billing, store};
use crate::access::Actor;
use crate::billing::model::{NewPlan, Plan, PlanChange, PlanRow};
use crate::billing::policy::{EditPlan, EditPlans};
use crate::error::{Error, Found, Result};
use crate::ids::PlanId;
use crate::settings::Settings;
use crate::storage::{Act, Conn, Tx, one_at_a_time, record};
use crate::text::{clean_line, name_key};

/// Characters of a plan's name.
const NAME: std::ops::RangeInclusive<usize> = 1..=40;
/// Most characters of its description.
const DESCRIPTION: usize = 300;
/// Places in lists.
const POSITIONS: std::ops::RangeInclusive<i32> = 0..=1_000;
/// Days of a trial.
const TRIAL: std::ops::RangeInclusive<i16> = 0..=365;
/// Most plans of a community, also those that were put away.
const MOST: usize = 100;

fn named(conn: &mut Conn, name: &str, but: Option<PlanId>) -> Result<(String, String)> {
    let name = clean_line(name, *NAME.start(), *NAME.end(), "name", "billing.plan_name")?;
    let key = name_key(&name);
    if key.is_empty() {
        return Err(Error::invalid("name", "billing.plan_name"));
    }
    one_at_a_time(conn, "plans")?;
    if store::plans::is_named(conn, &key, but)? { Err(Error::invalid("name", "billing.plan_name_taken")) } else { Ok((name, key)) }
}

fn described(text: &str) -> Result<String> {
    clean_line(text, 0, DESCRIPTION, "description", "billing.plan_description")
}

fn placed(position: i32) -> Result<i32> {
    if POSITIONS.contains(&position) { Ok(position) } else { Err(Error::invalid("position", "billing.plan_position")) }
}

fn tried(days: i16) -> Result<i16> {
    if TRIAL.contains(&days) { Ok(days) } else { Err(Error::invalid("trial_days", "billing.trial_days")) }
}

/// The plan as the audit log keeps it: every entitlement under its own name.
fn told(plan: &Plan) -> Result<Value> {
    let mut all = json!({ "name": plan.name, "description": plan.description, "position": plan.position, "archived": plan.archived,
        "hidden": plan.hidden, "trial_days": plan.trial_days, "gifts": plan.gifts });
    if let (Some(all), Value::Object(worth)) = (all.as_object_mut(), serde_json::to_value(&plan.entitlements)?) {
        let badge = |value: Value| value.get("text").cloned().unwrap_or(Value::Null);
        all.extend(worth.into_iter().map(|(name, value)| if name == "badge" { (name, badge(value)) } else { (name, value) }));
    }
    Ok(all)
}

fn trace(tx: &mut Tx<'_>, actor: &Actor, act: &'static str, before: Option<&Plan>, after: &Plan) -> Result<()> {
    let subject = after.id.to_string();
    let (before, after) = (before.map(told).transpose()?, Some(told(after)?));
    record(tx, &Act { actor: actor.member, act, subject_kind: "plan", subject, before, after, reason: None, address: actor.address })?;
    Ok(())
}

/// Makes a plan.
///
/// # Errors
/// `billing.plan_name`, `billing.plan_name_taken`, `billing.plan_description`, `billing.plan_position`, `billing.trial_days`,
/// `billing.plan_count`, and the problems of its entitlements.
pub fn make_plan(tx: &mut Tx<'_>, _: &EditPlans, actor: &Actor, new: NewPlan) -> Result<Plan> {
    let (name, key) = named(tx, &new.name, None)?;
    let description = described(&new.description)?;
    let entitlements = new.entitlements.checked()?;
    let all = store::plans::all(tx, true)?;
    if all.len() >= MOST {
        return Err(Error::conflict("billing.plan_count"));
    }
    let last = all.iter().map(|row| row.position).max().unwrap_or(0);
    let position = placed(new.position.unwrap_or_else(|| last.saturating_add(1).min(*POSITIONS.end())))?;
    let (hidden, trial_days) = (new.hidden, tried(new.trial_days)?);
    let row = PlanRow {
        id: tx.new_id(),
        name,
        name_key: key,
        description,
        position,
        created_at: tx.now(),
        archived_at: None,
        hidden,
        trial_days,
        gifts: new.gifts,
    };
    store::plans::insert(tx, &row)?;
    store::plans::set_entitlements(tx, row.id, &entitlements)?;
    let plan = row.plan(entitlements, Vec::new());
    trace(tx, actor, "plans.make", None, &plan)?;
    Ok(plan)
}

/// Changes a plan.
///
/// # Errors
/// As [`make_plan`].
pub fn change_plan(tx: &mut Tx<'_>, may: &EditPlan, actor: &Actor, billing: &Billing, change: PlanChange) -> Result<Plan> {
    one_at_a_time(tx, "plans")?;
    let mut row = store::plans::by_id(tx, may.plan())?.found()?;
    let before = store::plans::with_worth(tx, vec![row.clone()])?.pop().found()?;
    if let Some(name) = change.name {
        (row.name, row.name_key) = named(tx, &name, Some(row.id))?;
    }
    if let Some(text) = change.description {
        row.description = described(&text)?;
    }
    if let Some(position) = change.position {
        row.position = placed(position)?;
    }
    let now = tx.now();
    match change.archived {
        Some(true) => row.archived_at = row.archived_at.or(Some(now)),
        Some(false) => row.archived_at = None,
        None => {}
    }
    row.hidden = change.hidden.unwrap_or(row.hidden);
    row.gifts = change.gifts.unwrap_or(row.gifts);
    if let Some(days) = change.trial_days {
        row.trial_days = tried(days)?;
    }
    let entitlements = change.entitlements.map_or(Ok(before.entitlements.clone()), super::super::model::Entitlements::checked)?;
    let after = row.clone().plan(entitlements, before.prices.clone());
    if after == before {
        return Ok(after);
    }
    store::plans::save(tx, &row)?;
    store::plans::set_entitlements(tx, row.id, &after.entitlements)?;
    trace(tx, actor, "plans.change", Some(&before), &after)?;
    if after.entitlements != before.entitlements || after.position != before.position {
        changed_for(tx, billing, Whom::Holders(row.id))?;
    }
    Ok(after)
}

/// The operator chose otherwise: whoever that concerns hears it.
///
/// # Errors
/// When the database refuses.
pub fn rules_changed(tx: &mut Tx<'_>, billing: &Billing, before: &Settings, after: &Settings) -> Result<()> {
    if before.calls_open_to != after.calls_open_to {
        changed_for(tx, billing, Whom::Online)?;
    }
    if before.verified_badge != after.verified_badge {
        changed_for(tx, billing, Whom::Signed)?;
    }
    Ok(())
}

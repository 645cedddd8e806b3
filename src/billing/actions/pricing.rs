//! Prices of plans: said and put away. One that is in use is never changed: whoever pays by it goes on paying it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::store;
use crate::access::Actor;
use crate::billing::model::{NewPrice, Price, PriceRow};
use crate::billing::policy::{EditPlan, EditPrice, SeePlans};
use crate::error::{Error, Found, Result};
use crate::ids::{PlanId, PriceId};
use crate::storage::{Act, Conn, Tx, one_at_a_time, record};

/// Most prices by which one plan can be bought.
const MOST: i64 = 12;

fn told(row: &PriceRow) -> Result<Value> {
    let money = row.money()?;
    Ok(json!({ "price": format!("{} {}", money.decimal(), money.currency), "every": row.every() }))
}

fn trace(tx: &mut Tx<'_>, actor: &Actor, act: &'static str, plan: PlanId, before: Option<Value>, after: Option<Value>) -> Result<()> {
    let name = store::plans::by_id(tx, plan)?.found()?.name;
    let named = |value: Option<Value>| {
        value.map(|mut value| {
            value["name"] = json!(name);
            value
        })
    };
    let (before, after, subject) = (named(before), named(after), plan.to_string());
    record(tx, &Act { actor: actor.member, act, subject_kind: "plan", subject, before, after, reason: None, address: actor.address })?;
    Ok(())
}

/// Says what a plan costs in a currency and period, in place of what it cost; the same again changes nothing.
///
/// # Errors
/// `billing.price_amount`, `billing.price_count`.
pub fn set_price(tx: &mut Tx<'_>, may: &EditPlan, actor: &Actor, new: NewPrice) -> Result<Price> {
    let money = new.money()?;
    one_at_a_time(tx, "plans")?;
    let old = store::prices::taken(tx, may.plan(), new.currency, new.every)?;
    if let Some(old) = old.as_ref().filter(|old| old.amount == money.amount) {
        return old.price();
    }
    let now = tx.now();
    match &old {
        Some(old) => {
            store::prices::archive(tx, old.id, now)?;
        }
        None if store::prices::count(tx, may.plan())? >= MOST => return Err(Error::conflict("billing.price_count")),
        None => {}
    }
    let row = PriceRow {
        id: tx.new_id(),
        plan: may.plan(),
        amount: money.amount,
        currency: money.currency.code().to_owned(),
        every: new.every.number(),
        created_at: now,
        archived_at: None,
    };
    store::prices::insert(tx, &row)?;
    let before = old.as_ref().map(told).transpose()?;
    trace(tx, actor, "prices.set", row.plan, before, Some(told(&row)?))?;
    row.price()
}

/// How many subscriptions go on by each price.
///
/// # Errors
/// When the database cannot be read.
pub fn price_payers(conn: &mut Conn, _: &SeePlans) -> Result<BTreeMap<PriceId, i64>> {
    Ok(store::prices::payers(conn)?.into_iter().collect())
}

/// Puts a price away: nobody new buys by it.
///
/// # Errors
/// `billing.price_gone` when it was put away before.
pub fn archive_price(tx: &mut Tx<'_>, may: &EditPrice, actor: &Actor) -> Result<()> {
    let row = store::prices::by_id(tx, may.price())?.found()?;
    let now = tx.now();
    if !store::prices::archive(tx, row.id, now)? {
        return Err(Error::conflict("billing.price_gone"));
    }
    trace(tx, actor, "prices.archive", row.plan, Some(told(&row)?), None)
}

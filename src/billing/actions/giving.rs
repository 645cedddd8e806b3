//! Grants: given, changed and taken back by administrators, each with a line in the member's log and one in the audit log.

use serde_json::json;

use super::founding::must_be_in;
use super::promoting::{count_use, hold_uses};
use super::telling::{changed, orders_changed, remind, turn};
use super::{Billing, hold, letters, note, store, trace};
use crate::access::Actor;
use crate::billing::model::{EndChange, Grant, GrantEvent, GrantRow, GrantSource, GrantState, LineKind, NewGrant, OrderState};
use crate::billing::policy::{ChangeGrant, GiveGrants};
use crate::billing::providers::ProviderKind;
use crate::billing::store::log::NewEntry;
use crate::clock::Millis;
use crate::error::{Error, Found, Result};
use crate::ids::MemberId;
use crate::storage::Tx;

/// Most grants of one member that hold or will hold.
const MOST: i64 = 100;
/// The farthest beginning or end: a hundred years.
const FARTHEST: Millis = 100 * 366 * 86_400_000;

/// Gives a grant.
///
/// # Errors
/// `billing.note`, `billing.plan_unknown`, `billing.plan_archived`, `billing.source_kind`, `billing.starts_past`, `billing.ends_past`,
/// `billing.too_far`, `billing.not_active`, `billing.grant_count`; `billing.trial_end` and `billing.trial_had` for a trial without end, and
/// for a second one of the same plan.
pub fn give(tx: &mut Tx<'_>, may: &GiveGrants, actor: &Actor, billing: &Billing, new: NewGrant) -> Result<Grant> {
    let member = may.member();
    let new = NewGrant { note: note(&new.note)?, ..new };
    let now = tx.now();
    check_times(new.starts_at, new.ends_at, now)?;
    if new.source.is_some_and(|source| !source.is_given()) {
        return Err(Error::invalid("source", "billing.source_kind"));
    }
    let plan = store::plans::by_id(tx, new.plan)?.ok_or_else(|| Error::invalid("plan", "billing.plan_unknown"))?;
    if plan.archived_at.is_some() {
        return Err(Error::invalid("plan", "billing.plan_archived"));
    }
    hold(tx, member)?;
    must_be_in(tx, member)?;
    if store::grants::count_open(tx, member, now)? >= MOST {
        return Err(Error::conflict("billing.grant_count"));
    }
    let source_id = (new.source == Some(GrantSource::Trial)).then(|| format!("trial.{member}.{}", plan.id));
    if let Some(name) = &source_id {
        if new.ends_at.is_none() {
            return Err(Error::invalid("ends_at", "billing.trial_end"));
        }
        if store::grants::of_source(tx, GrantSource::Trial, name)?.is_some() {
            return Err(Error::conflict("billing.trial_had"));
        }
    }
    let row = insert(tx, member, &new, source_id, Some(may.by()))?;
    let after = json!({ "plan": plan.name, "source": row.source(), "starts_at": new.starts_at, "ends_at": row.ends_at });
    answer_asks(tx, &row)?;
    letters::given(tx, billing, &row, &plan.name)?;
    trace(tx, actor, "grants.give", member, (None, Some(after)), &row.note)?;
    changed(tx, billing, member, Some(may.by()))?;
    Ok(row.grant(plan.name, now))
}

/// Whoever asked for this plan has it now: nobody needs to look at the wish again, and a code that it used was not paid with.
fn answer_asks(tx: &mut Tx<'_>, grant: &GrantRow) -> Result<()> {
    let asks = store::orders::awaiting(tx, grant.member, grant.plan, LineKind::Membership)?;
    hold_uses(tx, asks.iter().filter_map(|order| order.promotion).collect())?;
    for mut order in asks {
        if order.provider() == ProviderKind::Manual && order.subscription.is_none() {
            count_use(tx, &order, false)?;
            order.answer.clone_from(&grant.note);
            (order.state, order.closed_at, order.closed_by) = (OrderState::Fulfilled.number(), Some(tx.now()), grant.given_by);
            store::orders::save(tx, &order)?;
            orders_changed(tx, &order, grant.given_by)?;
        }
    }
    Ok(())
}

fn check_times(starts_at: Option<Millis>, ends_at: Option<Millis>, now: Millis) -> Result<()> {
    let too_far = |at: Option<Millis>| at.is_some_and(|at| at > now.saturating_add(FARTHEST));
    if starts_at.is_some_and(|at| at < now) {
        return Err(Error::invalid("starts_at", "billing.starts_past"));
    }
    if ends_at.is_some_and(|end| end <= starts_at.unwrap_or(now)) {
        return Err(Error::invalid("ends_at", "billing.ends_past"));
    }
    match (too_far(starts_at), too_far(ends_at)) {
        (true, _) => Err(Error::invalid("starts_at", "billing.too_far")),
        (_, true) => Err(Error::invalid("ends_at", "billing.too_far")),
        _ => Ok(()),
    }
}

/// Stores a grant with its line in the log. The caller holds the member and tells.
pub(super) fn insert(
    tx: &mut Tx<'_>,
    member: MemberId,
    new: &NewGrant,
    source_id: Option<String>,
    by: Option<MemberId>,
) -> Result<GrantRow> {
    let now = tx.now();
    let mut row = GrantRow {
        id: tx.new_id(),
        member,
        plan: new.plan,
        source: new.source.unwrap_or(GrantSource::Manual).number(),
        source_id,
        starts_at: new.starts_at.unwrap_or(now),
        ends_at: new.ends_at,
        revoked_at: None,
        given_by: by,
        given_at: now,
        note: new.note.clone(),
        phase: 0,
    };
    row.phase = row.period().state(now).number();
    store::grants::insert(tx, &row)?;
    log(tx, &row, GrantEvent::Given, by, &new.note)?;
    // What follows payments ends when they do, and says so itself.
    if let Some(at) = row.ends_at.filter(|_| !row.is_paid()) {
        remind(tx, row.id, at)?;
    }
    Ok(row)
}

pub(super) fn log(tx: &mut Tx<'_>, row: &GrantRow, kind: GrantEvent, actor: Option<MemberId>, note: &str) -> Result<()> {
    let (member, at, grant, plan, ends_at) = (row.member, tx.now(), Some(row.id), Some(row.plan), row.ends_at);
    store::log::insert(tx, &NewEntry { member, at, kind, grant, plan, actor, ends_at, note })
}

/// The grant as it is now, held until the end of the transaction, if it can still be changed.
fn open_grant(tx: &mut Tx<'_>, may: &ChangeGrant) -> Result<GrantRow> {
    hold(tx, may.member())?;
    let row = store::grants::by_id(tx, may.grant())?.found()?;
    if row.source() == GrantSource::Owner {
        return Err(Error::conflict("billing.owner_grant"));
    }
    if row.is_paid() {
        return Err(Error::conflict("billing.paid_grant"));
    }
    if row.revoked_at.is_some() { Err(Error::conflict("billing.grant_over")) } else { Ok(row) }
}

/// Changes when a grant ends, or only comments it. One that has ended may be given more time: its log then says that it goes on, and why.
///
/// # Errors
/// `billing.note`, `billing.note_needed` for one that has ended, `billing.ends_past`, `billing.too_far`, `billing.owner_grant`,
/// `billing.paid_grant` for one that follows what is paid, `billing.grant_over`, `billing.grant_count`.
pub fn change_end(tx: &mut Tx<'_>, may: &ChangeGrant, actor: &Actor, billing: &Billing, change: EndChange) -> Result<Grant> {
    let text = note(&change.note)?;
    // The log tells things in their order: what ended by now comes before what is changed now.
    turn(tx, billing, may.member())?;
    let mut row = open_grant(tx, may)?;
    let (now, before) = (tx.now(), row.ends_at);
    let was_over = row.period().state(now) == GrantState::Ended;
    if let Some(ends_at) = change.ends_at.filter(|ends_at| *ends_at != before) {
        check_times(Some(row.starts_at.max(now)), ends_at, now)?;
        if was_over {
            if text.is_empty() {
                return Err(Error::invalid("note", "billing.note_needed"));
            }
            if store::grants::count_open(tx, row.member, now)? >= MOST {
                return Err(Error::conflict("billing.grant_count"));
            }
        }
        row.ends_at = ends_at;
        row.phase = row.period().state(now).number();
        store::grants::save(tx, &row)?;
        row.ends_at.map_or(Ok(()), |at| remind(tx, row.id, at))?;
    }
    let event = match row.ends_at != before {
        true if was_over => GrantEvent::Resumed,
        true => GrantEvent::Changed,
        false if text.is_empty() => {
            let plan = plan_name(tx, &row)?;
            return Ok(row.grant(plan, now));
        }
        false => GrantEvent::Commented,
    };
    log(tx, &row, event, Some(may.by()), &text)?;
    let plan = plan_name(tx, &row)?;
    let end = |at: Option<Millis>| Some(json!({ "plan": plan, "ends_at": at }));
    trace(tx, actor, "grants.change", row.member, (end(before), end(row.ends_at)), &text)?;
    if row.ends_at != before {
        changed(tx, billing, row.member, Some(may.by()))?;
    }
    Ok(row.grant(plan, now))
}

fn plan_name(tx: &mut Tx<'_>, row: &GrantRow) -> Result<String> {
    Ok(store::plans::by_id(tx, row.plan)?.found()?.name)
}

/// Takes a grant back, from now on.
///
/// # Errors
/// `billing.note`, `billing.owner_grant`, `billing.paid_grant`, `billing.grant_over` also for one whose time is over.
pub fn revoke(tx: &mut Tx<'_>, may: &ChangeGrant, actor: &Actor, billing: &Billing, why: &str) -> Result<Grant> {
    let text = note(why)?;
    let row = open_grant(tx, may)?;
    let now = tx.now();
    if row.period().state(now) == GrantState::Ended {
        return Err(Error::conflict("billing.grant_over"));
    }
    let row = end_for_good(tx, row, Some(may.by()), &text)?;
    let plan = plan_name(tx, &row)?;
    trace(tx, actor, "grants.revoke", row.member, (Some(json!({ "plan": plan, "ends_at": row.ends_at })), None), &text)?;
    changed(tx, billing, row.member, Some(may.by()))?;
    Ok(row.grant(plan, now))
}

/// Stores that a grant was taken back, with its line in the log. The caller holds the member and tells.
pub(super) fn end_for_good(tx: &mut Tx<'_>, mut row: GrantRow, by: Option<MemberId>, note: &str) -> Result<GrantRow> {
    row.revoked_at = Some(tx.now());
    row.phase = GrantState::Revoked.number();
    store::grants::save(tx, &row)?;
    log(tx, &row, GrantEvent::Revoked, by, note)?;
    Ok(row)
}

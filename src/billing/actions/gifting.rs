//! Gifts: made by administrators or bought, redeemed once by whoever has the code, taken back while nobody has come.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::founding::must_be_in;
use super::giving::{end_for_good, insert};
use super::telling::{changed, turn};
use super::{Billing, hold, note, store, trace};
use crate::access::{Actor, Page, hash_token, typed_code};
use crate::billing::model::{
    Every, Gift, GiftRow, GiftState, Grant, GrantRow, GrantSource, GrantState, NewGift, NewGrant, OrderRow, gift_begins,
};
use crate::billing::policy::{MakeGifts, RedeemGift, WithdrawGift};
use crate::clock::Millis;
use crate::error::{Error, Found, Result};
use crate::ids::{GiftId, MemberId, PlanId};
use crate::jobs::{Enqueue, enqueue};
use crate::members::{Email, SeeMe};
use crate::storage::{Act, Conn, Tx, record};

/// Jobs that take from whoever redeemed a gift what it gave, since its money went back.
pub const GIFT_BACK: &str = "billing.gift_back";
/// Months of one gift.
const MONTHS: std::ops::RangeInclusive<i16> = 1..=120;
/// Most gifts of a community that wait for somebody.
const MOST: i64 = 10_000;
/// The latest end of a code: ten years.
const FARTHEST: Millis = 10 * 366 * 86_400_000;
/// Gifts of one member that are shown.
const BOUGHT: i64 = 100;

/// What a job of the kind [`GIFT_BACK`] needs to know.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct GoneGift {
    pub gift: GiftId,
    /// Who gave its money back; none: its provider.
    pub by: Option<MemberId>,
}

/// Makes a gift and, where a mail address is given, a letter with its code.
///
/// # Errors
/// `billing.note`, `billing.plan_unknown`, `billing.plan_archived`, `billing.gift_months`, `billing.ends_past`, `billing.too_far`,
/// `billing.gift_count`, `members.email_shape`.
pub fn make_gift(tx: &mut Tx<'_>, may: &MakeGifts, actor: &Actor, billing: &Billing, new: &NewGift) -> Result<Gift> {
    let (text, now) = (note(&new.note)?, tx.now());
    let to = new.email.as_deref().map(str::trim).filter(|email| !email.is_empty()).map(Email::parse).transpose()?;
    if new.months.is_some_and(|months| !MONTHS.contains(&months)) {
        return Err(Error::invalid("months", "billing.gift_months"));
    }
    match new.expires_at {
        Some(end) if end <= now => return Err(Error::invalid("expires_at", "billing.ends_past")),
        Some(end) if end > now + FARTHEST => return Err(Error::invalid("expires_at", "billing.too_far")),
        _ => {}
    }
    let plan = store::plans::by_id(tx, new.plan)?.ok_or_else(|| Error::invalid("plan", "billing.plan_unknown"))?;
    if plan.archived_at.is_some() {
        return Err(Error::invalid("plan", "billing.plan_archived"));
    }
    if store::gifts::count_open(tx, now)? >= MOST {
        return Err(Error::conflict("billing.gift_count"));
    }
    let row = place(tx, billing, (plan.id, new.months), may.by(), None, (text, new.expires_at))?;
    if let Some(to) = to {
        super::letters::gift_to(tx, billing, &row, &plan.name, to.as_str())?;
    }
    tell(tx, actor, "gifts.make", &row, &plan.name)?;
    shown(billing, row, plan.name, now)
}

/// Stores a gift with the hash of its code.
fn place(
    tx: &mut Tx<'_>,
    billing: &Billing,
    (plan, months): (PlanId, Option<i16>),
    by: MemberId,
    order: Option<&OrderRow>,
    (note, expires_at): (String, Option<Millis>),
) -> Result<GiftRow> {
    let id: GiftId = tx.new_id();
    let row = GiftRow {
        id,
        token: hash_token(&billing.gift_code(id)?),
        plan,
        months,
        note,
        made_by: by,
        made_at: tx.now(),
        expires_at,
        order: order.map(|order| order.id),
        claimed_by: None,
        claimed_at: None,
        withdrawn_at: None,
        withdrawn_by: None,
    };
    store::gifts::insert(tx, &row)?;
    Ok(row)
}

/// What an order for a gift bought: a code for as long as one period of its price, which waits without end.
pub(super) fn place_bought(tx: &mut Tx<'_>, billing: &Billing, order: &OrderRow, plan: PlanId, every: Every) -> Result<GiftRow> {
    let months = every.months().map(|months| i16::try_from(months).unwrap_or(i16::MAX));
    place(tx, billing, (plan, months), order.buyer, Some(order), (String::new(), None))
}

/// The money for a gift went back: nobody can redeem it any more, and who has redeemed it loses what it gave. That happens in a transaction
/// of its own: here its buyer is held, and two who gave each other something would wait for each other.
pub(super) fn take_back_bought(tx: &mut Tx<'_>, order: &OrderRow, by: Option<MemberId>) -> Result<()> {
    let Some(row) = store::gifts::of_order(tx, order.id)? else { return Ok(()) };
    if store::gifts::withdraw(tx, row.id, by)? {
        return Ok(());
    }
    let unique_key = Some(format!("{GIFT_BACK}/{}", row.id));
    enqueue(tx, GIFT_BACK, &GoneGift { gift: row.id, by }, Enqueue { unique_key, ..Enqueue::default() }).map(|_| ())
}

/// Takes from whoever redeemed a gift what it gave. Again it does nothing.
pub(super) fn take_from_redeemer(tx: &mut Tx<'_>, billing: &Billing, gone: GoneGift) -> Result<()> {
    let source_id = source_of(gone.gift);
    let Some(GrantRow { member, .. }) = store::grants::of_source(tx, GrantSource::Gift, &source_id)? else { return Ok(()) };
    hold(tx, member)?;
    if let Some(grant) = store::grants::of_source(tx, GrantSource::Gift, &source_id)?.filter(|grant| grant.revoked_at.is_none()) {
        end_for_good(tx, grant, gone.by, "")?;
        changed(tx, billing, member, gone.by)?;
    }
    Ok(())
}

/// Has somebody redeemed what this order bought?
pub(super) fn is_redeemed(conn: &mut Conn, order: &OrderRow) -> Result<bool> {
    Ok(store::gifts::of_order(conn, order.id)?.is_some_and(|row| row.claimed_at.is_some()))
}

/// The name of a gift at its source.
fn source_of(gift: GiftId) -> String {
    format!("gift.{gift}")
}

/// Redeems a code: once, whoever comes first. A code that never was, one that was used, taken back or is too old: all answer alike.
///
/// # Errors
/// `billing.gift_code` on `code`; `billing.gift_not_needed` for who has the plan without end; `billing.not_active`.
pub fn redeem(tx: &mut Tx<'_>, may: &RedeemGift, actor: &Actor, billing: &Billing, code: &str) -> Result<Grant> {
    let (member, now) = (may.member(), tx.now());
    turn(tx, billing, member)?;
    must_be_in(tx, member)?;
    let token = hash_token(&typed_code(code));
    let row = store::gifts::claim(tx, &token, member)?.ok_or_else(|| Error::invalid("code", "billing.gift_code"))?;
    let starts_at = begins(tx, member, row.plan, now)?.ok_or_else(|| Error::conflict("billing.gift_not_needed"))?;
    let plan = store::plans::by_id(tx, row.plan)?.found()?.name;
    let ends_at = row.ends_at(starts_at);
    let new = NewGrant { plan: row.plan, source: Some(GrantSource::Gift), starts_at: Some(starts_at), ends_at, note: row.note.clone() };
    let grant = insert(tx, member, &new, Some(source_of(row.id)), Some(row.made_by))?;
    let after = json!({ "plan": plan, "source": GrantSource::Gift, "starts_at": starts_at, "ends_at": ends_at });
    trace(tx, actor, "gifts.redeem", member, (None, Some(after)), "")?;
    changed(tx, billing, member, Some(member))?;
    Ok(grant.grant(plan, now))
}

/// When a gift of this plan begins for a member; none: they have it without end. A subscription counts as far as it is paid.
fn begins(conn: &mut Conn, member: MemberId, plan: PlanId, now: Millis) -> Result<Option<Millis>> {
    let mut held = Vec::new();
    for grant in store::grants::open(conn, member, now)?.into_iter().filter(|grant| grant.plan == plan) {
        let paid = grant.source_id.as_deref().and_then(|id| id.strip_prefix("subscription.")?.parse().ok());
        let row = paid.map(|id| store::subscriptions::by_id(conn, id)).transpose()?.flatten();
        let is_open = matches!(grant.period().state(now), GrantState::Active | GrantState::Future);
        if is_open {
            held.push(row.map_or(grant.ends_at, |row| Some(row.trial_end.unwrap_or(0).max(row.period_end))));
        }
    }
    Ok(gift_begins(&held, now))
}

/// Takes a gift back that nobody has redeemed.
///
/// # Errors
/// `billing.gift_over` when somebody has, or it was taken back before; `billing.gift_bought` for one that was paid for: its payment is
/// taken back instead.
pub fn withdraw_gift(tx: &mut Tx<'_>, may: &WithdrawGift, actor: &Actor, billing: &Billing) -> Result<Gift> {
    let row = store::gifts::by_id(tx, may.gift())?.found()?;
    if row.order.is_some() {
        return Err(Error::conflict("billing.gift_bought"));
    }
    if !store::gifts::withdraw(tx, row.id, Some(may.by()))? {
        return Err(Error::conflict("billing.gift_over"));
    }
    let plan = store::plans::by_id(tx, row.plan)?.found()?.name;
    tell(tx, actor, "gifts.withdraw", &row, &plan)?;
    let (row, now) = (store::gifts::by_id(tx, row.id)?.found()?, tx.now());
    shown(billing, row, plan, now)
}

fn tell(tx: &mut Tx<'_>, actor: &Actor, act: &'static str, row: &GiftRow, plan: &str) -> Result<()> {
    let (subject, address) = (row.plan.to_string(), actor.address);
    let after = Some(json!({ "name": plan, "months": row.months, "note": row.note, "expires_at": row.expires_at }));
    record(tx, &Act { actor: actor.member, act, subject_kind: "plan", subject, before: None, after, reason: None, address })?;
    Ok(())
}

/// With its code, while it can be redeemed.
fn shown(billing: &Billing, row: GiftRow, plan: String, now: Millis) -> Result<Gift> {
    let code = if row.state(now) == GiftState::Open { billing.gift_code(row.id)? } else { String::new() };
    Ok(row.gift(plan, code, billing.address(), now))
}

/// Every gift, newest first.
///
/// # Errors
/// When the database cannot be read.
pub fn gifts(conn: &mut Conn, _: &MakeGifts, billing: &Billing, before: Option<GiftId>, limit: i64, now: Millis) -> Result<Page<Gift>> {
    let rows = Page::of(store::gifts::find(conn, before, limit + 1)?, limit, |(row, _)| row.id.to_string());
    let items = rows.items.into_iter().map(|(row, plan)| shown(billing, row, plan, now)).collect::<Result<_>>()?;
    Ok(Page { items, next: rows.next })
}

/// The gifts that the member who asks has bought, newest first.
///
/// # Errors
/// When the database cannot be read.
pub fn my_gifts(conn: &mut Conn, may: &SeeMe, billing: &Billing, now: Millis) -> Result<Vec<Gift>> {
    let rows = store::gifts::bought_by(conn, may.member(), BOUGHT)?;
    // Who redeemed it is between them and their friend.
    rows.into_iter().map(|(row, plan)| shown(billing, GiftRow { claimed_by: None, ..row }, plan, now)).collect()
}

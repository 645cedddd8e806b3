//! Rows of `promotions`.

use std::collections::HashMap;

use diesel::prelude::*;

use crate::billing::model::{LineKind, OrderState, PlanName, PromotionRow};
use crate::clock::Millis;
use crate::error::Result;
use crate::ids::{MemberId, PlanId, PromotionId};
use crate::storage::schema::{order_lines, orders, plans, promotion_plans, promotions};
use crate::storage::{Conn, Tx};

/// One promotion.
pub fn by_id(conn: &mut Conn, promotion: PromotionId) -> Result<Option<PromotionRow>> {
    Ok(promotions::table.find(promotion.0).first(conn).optional()?)
}

/// The one with this code.
pub fn by_code(conn: &mut Conn, code: &str) -> Result<Option<PromotionRow>> {
    Ok(promotions::table.filter(promotions::code.eq(code)).first(conn).optional()?)
}

/// All of them, newest first.
pub fn find(conn: &mut Conn, before: Option<PromotionId>, limit: i64) -> Result<Vec<PromotionRow>> {
    let rows = promotions::table.filter(promotions::id.lt(before.map_or(i64::MAX, |id| id.0)));
    Ok(rows.order(promotions::id.desc()).limit(limit).load(conn)?)
}

/// How many there are.
pub fn count(conn: &mut Conn) -> Result<i64> {
    Ok(promotions::table.count().get_result(conn)?)
}

/// Can any of them be used?
pub fn has_open(conn: &mut Conn, now: Millis) -> Result<bool> {
    let open = promotions::table
        .filter(promotions::ended_at.is_null())
        .filter(promotions::expires_at.is_null().or(promotions::expires_at.gt(now)))
        .filter(promotions::max_uses.is_null().or(promotions::max_uses.assume_not_null().gt(promotions::uses)));
    Ok(diesel::select(diesel::dsl::exists(open)).get_result(conn)?)
}

/// For which plans these count; those that are not here count for all.
pub fn plans_of(conn: &mut Conn, ids: &[PromotionId]) -> Result<HashMap<PromotionId, Vec<PlanName>>> {
    let raw: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let mut found: HashMap<PromotionId, Vec<PlanName>> = HashMap::new();
    for part in raw.chunks(super::CHUNK) {
        let rows = promotion_plans::table
            .inner_join(plans::table.on(plans::id.eq(promotion_plans::plan)))
            .filter(promotion_plans::promotion.eq_any(part.to_vec()))
            .order((plans::position, plans::id))
            .select((promotion_plans::promotion, plans::id, plans::name))
            .load::<(PromotionId, PlanId, String)>(conn)?;
        for (promotion, id, name) in rows {
            found.entry(promotion).or_default().push(PlanName { id, name });
        }
    }
    Ok(found)
}

/// Did a member pay with it before?
pub fn has_paid(conn: &mut Conn, promotion: PromotionId, member: MemberId) -> Result<bool> {
    let paid = [OrderState::Fulfilled.number(), OrderState::Refunded.number()];
    // What was given to whoever asked for it was not paid.
    let own = orders::table.filter(orders::buyer.eq(member.0)).filter(orders::promotion.eq(promotion.0)).filter(orders::state.eq_any(paid));
    let own = own.filter(orders::paid_at.is_not_null());
    Ok(diesel::select(diesel::dsl::exists(own)).get_result(conn)?)
}

/// Does another order of a member wait to be paid with it: for something else than this plan, or than it as a gift? One for the same gives
/// way to a new one.
pub fn waits_elsewhere(conn: &mut Conn, promotion: PromotionId, member: MemberId, (plan, kind): (PlanId, LineKind)) -> Result<bool> {
    let other = orders::table
        .inner_join(order_lines::table.on(order_lines::order_id.eq(orders::id)))
        .filter(orders::buyer.eq(member.0))
        .filter(orders::promotion.eq(promotion.0))
        .filter(orders::state.eq(OrderState::Awaiting.number()))
        .filter(order_lines::plan.ne(plan.0).or(order_lines::kind.ne(kind.number())));
    Ok(diesel::select(diesel::dsl::exists(other)).get_result(conn)?)
}

/// Stores a new one.
pub fn insert(tx: &mut Tx<'_>, row: &PromotionRow, plans: &[PlanId]) -> Result<()> {
    diesel::insert_into(promotions::table)
        .values((
            promotions::id.eq(row.id.0),
            promotions::code.eq(&row.code),
            promotions::percent.eq(row.percent),
            promotions::amount.eq(row.amount),
            promotions::currency.eq(row.currency.as_deref()),
            promotions::lasts.eq(row.lasts),
            promotions::months.eq(row.months),
            promotions::expires_at.eq(row.expires_at),
            promotions::max_uses.eq(row.max_uses),
            promotions::uses.eq(row.uses),
            promotions::made_by.eq(row.made_by.0),
            promotions::made_at.eq(row.made_at),
            promotions::ended_at.eq(row.ended_at),
            promotions::ended_by.eq(row.ended_by.map(|id| id.0)),
        ))
        .execute(&mut **tx)?;
    for plan in plans {
        diesel::insert_into(promotion_plans::table)
            .values((promotion_plans::promotion.eq(row.id.0), promotion_plans::plan.eq(plan.0)))
            .execute(&mut **tx)?;
    }
    Ok(())
}

/// Holds its row until the end of the transaction.
pub fn lock(tx: &mut Tx<'_>, promotion: PromotionId) -> Result<()> {
    diesel::update(promotions::table.find(promotion.0)).set(promotions::uses.eq(promotions::uses)).execute(&mut **tx)?;
    Ok(())
}

/// Takes one use of it, by one conditional write; `false`: there is none left, or it cannot be used any more.
pub fn claim(tx: &mut Tx<'_>, promotion: PromotionId, now: Millis) -> Result<bool> {
    let open = promotions::table
        .filter(promotions::id.eq(promotion.0))
        .filter(promotions::ended_at.is_null())
        .filter(promotions::expires_at.is_null().or(promotions::expires_at.gt(now)))
        .filter(promotions::max_uses.is_null().or(promotions::max_uses.assume_not_null().gt(promotions::uses)));
    Ok(diesel::update(open).set(promotions::uses.eq(promotions::uses + 1)).execute(&mut **tx)? == 1)
}

/// Counts a use that was given back and is one after all: somebody paid late.
pub fn count_again(tx: &mut Tx<'_>, promotion: PromotionId) -> Result<()> {
    diesel::update(promotions::table.find(promotion.0)).set(promotions::uses.eq(promotions::uses + 1)).execute(&mut **tx)?;
    Ok(())
}

/// Gives a use back: nobody paid.
pub fn release(tx: &mut Tx<'_>, promotion: PromotionId) -> Result<()> {
    let used = promotions::table.filter(promotions::id.eq(promotion.0)).filter(promotions::uses.gt(0));
    diesel::update(used).set(promotions::uses.eq(promotions::uses - 1)).execute(&mut **tx)?;
    Ok(())
}

/// Ends one; `false` when it was ended before.
pub fn end(tx: &mut Tx<'_>, promotion: PromotionId, by: MemberId, now: Millis) -> Result<bool> {
    let open = promotions::table.filter(promotions::id.eq(promotion.0)).filter(promotions::ended_at.is_null());
    Ok(diesel::update(open).set((promotions::ended_at.eq(now), promotions::ended_by.eq(by.0))).execute(&mut **tx)? == 1)
}

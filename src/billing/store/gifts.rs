//! Rows of `gifts`.

use diesel::prelude::*;

use crate::billing::model::GiftRow;
use crate::clock::Millis;
use crate::error::Result;
use crate::ids::{GiftId, MemberId, OrderId};
use crate::storage::schema::{gifts, plans};
use crate::storage::{Conn, Tx};

/// One gift.
pub fn by_id(conn: &mut Conn, gift: GiftId) -> Result<Option<GiftRow>> {
    Ok(gifts::table.find(gift.0).first(conn).optional()?)
}

/// The one that an order bought.
pub fn of_order(conn: &mut Conn, order: OrderId) -> Result<Option<GiftRow>> {
    Ok(gifts::table.filter(gifts::order_id.eq(order.0)).first(conn).optional()?)
}

/// Those that a member bought with the names of their plans, newest first.
pub fn bought_by(conn: &mut Conn, member: MemberId, limit: i64) -> Result<Vec<(GiftRow, String)>> {
    Ok(gifts::table
        .inner_join(plans::table.on(plans::id.eq(gifts::plan)))
        .filter(gifts::made_by.eq(member.0))
        .filter(gifts::order_id.is_not_null())
        .order(gifts::id.desc())
        .limit(limit)
        .select((gifts::all_columns, plans::name))
        .load(conn)?)
}

/// Everybody's with the names of their plans, newest first.
pub fn find(conn: &mut Conn, before: Option<GiftId>, limit: i64) -> Result<Vec<(GiftRow, String)>> {
    Ok(gifts::table
        .inner_join(plans::table.on(plans::id.eq(gifts::plan)))
        .filter(gifts::id.lt(before.map_or(i64::MAX, |id| id.0)))
        .order(gifts::id.desc())
        .limit(limit)
        .select((gifts::all_columns, plans::name))
        .load(conn)?)
}

/// How many wait for somebody.
pub fn count_open(conn: &mut Conn, now: Millis) -> Result<i64> {
    Ok(gifts::table
        .filter(gifts::claimed_at.is_null())
        .filter(gifts::withdrawn_at.is_null())
        .filter(gifts::expires_at.is_null().or(gifts::expires_at.gt(now)))
        .count()
        .get_result(conn)?)
}

/// Stores a new one.
pub fn insert(tx: &mut Tx<'_>, row: &GiftRow) -> Result<()> {
    diesel::insert_into(gifts::table)
        .values((
            gifts::id.eq(row.id.0),
            gifts::token.eq(&row.token),
            gifts::plan.eq(row.plan.0),
            gifts::months.eq(row.months),
            gifts::note.eq(&row.note),
            gifts::made_by.eq(row.made_by.0),
            gifts::made_at.eq(row.made_at),
            gifts::expires_at.eq(row.expires_at),
            gifts::order_id.eq(row.order.map(|id| id.0)),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Gives the gift of this token to a member, once: of two who come at once one gets it. None for one that nobody can redeem, and for none.
pub fn claim(tx: &mut Tx<'_>, token: &[u8], member: MemberId) -> Result<Option<GiftRow>> {
    let now = tx.now();
    let open = gifts::table
        .filter(gifts::token.eq(token))
        .filter(gifts::claimed_at.is_null())
        .filter(gifts::withdrawn_at.is_null())
        .filter(gifts::expires_at.is_null().or(gifts::expires_at.gt(now)));
    let stored = diesel::update(open).set((gifts::claimed_by.eq(member.0), gifts::claimed_at.eq(now))).execute(&mut **tx)?;
    if stored == 0 {
        return Ok(None);
    }
    Ok(gifts::table.filter(gifts::token.eq(token)).first(&mut **tx).optional()?)
}

/// Takes one back that nobody has redeemed; `false` when somebody has, or it was taken back before.
pub fn withdraw(tx: &mut Tx<'_>, gift: GiftId, by: Option<MemberId>) -> Result<bool> {
    let now = tx.now();
    let open = gifts::table.find(gift.0).filter(gifts::claimed_at.is_null()).filter(gifts::withdrawn_at.is_null());
    let stored = diesel::update(open).set((gifts::withdrawn_at.eq(now), gifts::withdrawn_by.eq(by.map(|id| id.0)))).execute(&mut **tx)?;
    Ok(stored == 1)
}

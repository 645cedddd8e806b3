//! Rows of `refunds` and `disputes`.

use std::collections::HashMap;

use diesel::prelude::*;

use super::CHUNK;
use crate::billing::model::{DisputeState, RefundRow, RefundState};
use crate::clock::Millis;
use crate::error::Result;
use crate::ids::{MemberId, PaymentId, RefundId};
use crate::storage::schema::{disputes, refunds};
use crate::storage::{Conn, Tx, on_conflict};

/// One refund.
pub fn by_id(conn: &mut Conn, refund: RefundId) -> Result<Option<RefundRow>> {
    Ok(refunds::table.find(refund.0).first(conn).optional()?)
}

/// The refund of a payment whose outcome is not known: there is at most one.
pub fn open(conn: &mut Conn, payment: PaymentId) -> Result<Option<RefundRow>> {
    let found = refunds::table.filter(refunds::payment.eq(payment.0)).filter(refunds::state.eq(RefundState::Open as i16));
    Ok(found.first(conn).optional()?)
}

/// Of these payments, those with a refund whose outcome is not known.
pub fn under_way(conn: &mut Conn, payments: &[PaymentId]) -> Result<Vec<PaymentId>> {
    let raw: Vec<i64> = payments.iter().map(|id| id.0).collect();
    let mut found = Vec::new();
    for part in raw.chunks(CHUNK) {
        let open = refunds::table.filter(refunds::payment.eq_any(part.to_vec())).filter(refunds::state.eq(RefundState::Open as i16));
        found.extend(open.select(refunds::payment).load::<PaymentId>(conn)?);
    }
    Ok(found)
}

/// Stores a new one.
pub fn insert(tx: &mut Tx<'_>, row: &RefundRow) -> Result<()> {
    diesel::insert_into(refunds::table)
        .values((
            refunds::id.eq(row.id.0),
            refunds::payment.eq(row.payment.0),
            refunds::amount.eq(row.amount),
            refunds::note.eq(&row.note),
            refunds::after.eq(row.after),
            refunds::state.eq(row.state),
            refunds::asked_at.eq(row.asked_at),
            refunds::asked_by.eq(row.asked_by.map(|id| id.0)),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Stores where it stands now.
pub fn set_state(tx: &mut Tx<'_>, refund: RefundId, state: RefundState) -> Result<()> {
    diesel::update(refunds::table.find(refund.0)).set(refunds::state.eq(state as i16)).execute(&mut **tx)?;
    Ok(())
}

/// Where the dispute of a payment stands, if there is one.
pub fn dispute(conn: &mut Conn, payment: PaymentId) -> Result<Option<DisputeState>> {
    let state = disputes::table.find(payment.0).select(disputes::state).first::<i16>(conn).optional()?;
    Ok(state.map(DisputeState::from_number))
}

/// The disputes of these payments.
pub fn disputes_of(conn: &mut Conn, payments: &[PaymentId]) -> Result<HashMap<PaymentId, DisputeState>> {
    let raw: Vec<i64> = payments.iter().map(|id| id.0).collect();
    let mut found = HashMap::new();
    for part in raw.chunks(CHUNK) {
        let rows = disputes::table.filter(disputes::payment.eq_any(part.to_vec())).select((disputes::payment, disputes::state));
        found.extend(rows.load::<(PaymentId, i16)>(conn)?.into_iter().map(|(payment, state)| (payment, DisputeState::from_number(state))));
    }
    Ok(found)
}

/// Stores where the dispute of a payment stands now. What an administrator let rest was the one before.
pub fn put_dispute(tx: &mut Tx<'_>, payment: PaymentId, member: MemberId, state: DisputeState) -> Result<()> {
    let now = tx.now();
    let closed_at = (state != DisputeState::Open).then_some(now);
    diesel::insert_into(disputes::table)
        .values(on_conflict(
            (
                disputes::payment.eq(payment.0),
                disputes::member.eq(member.0),
                disputes::state.eq(state.number()),
                disputes::seen_at.eq(now),
                disputes::closed_at.eq(closed_at),
            ),
            "ON CONFLICT (payment) DO UPDATE SET state = excluded.state, closed_at = excluded.closed_at, forgiven_at = NULL, forgiven_by = NULL",
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Did a bank take money of this member back for good, and nobody has let that rest since?
pub fn has_lost(conn: &mut Conn, member: MemberId) -> Result<bool> {
    let lost = disputes::table
        .filter(disputes::member.eq(member.0))
        .filter(disputes::state.eq(DisputeState::Lost.number()))
        .filter(disputes::forgiven_at.is_null());
    Ok(diesel::select(diesel::dsl::exists(lost)).get_result(conn)?)
}

/// Lets what banks took back of a member so far rest; `false` when there was nothing.
pub fn forgive(tx: &mut Tx<'_>, member: MemberId, by: MemberId) -> Result<bool> {
    let now = tx.now();
    let lost = disputes::table
        .filter(disputes::member.eq(member.0))
        .filter(disputes::state.eq(DisputeState::Lost.number()))
        .filter(disputes::forgiven_at.is_null());
    let forgiven = diesel::update(lost).set((disputes::forgiven_at.eq(now), disputes::forgiven_by.eq(by.0))).execute(&mut **tx)?;
    Ok(forgiven > 0)
}

/// When disputes were first seen, from `since` on.
pub fn disputes_since(conn: &mut Conn, since: Millis) -> Result<Vec<Millis>> {
    Ok(disputes::table.filter(disputes::seen_at.ge(since)).select(disputes::seen_at).load(conn)?)
}

/// How many are not decided.
pub fn count_open_disputes(conn: &mut Conn) -> Result<i64> {
    Ok(disputes::table.filter(disputes::state.eq(DisputeState::Open.number())).count().get_result(conn)?)
}

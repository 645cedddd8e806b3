//! Rows of `grants`.

use std::sync::Arc;

use diesel::prelude::*;

use super::plans;
use crate::billing::model::{GrantRow, GrantSource, GrantState, Held, Period};
use crate::clock::Millis;
use crate::error::Result;
use crate::ids::{GrantId, MemberId, PlanId};
use crate::storage::schema::{grants, plans as plan_rows, verifications};
use crate::storage::{Conn, Tx};

/// What of a member's grants counts at `now` or later, with what their plans are worth; what was paid at the test provider only `with_test`.
pub fn held(conn: &mut Conn, member: MemberId, with_test: bool, now: Millis) -> Result<Vec<Held>> {
    type Row = (PlanId, i32, Millis, Option<Millis>, Option<Millis>);
    // A number that no source has.
    let left_out = if with_test { -1 } else { GrantSource::Test.number() };
    let rows = grants::table
        .inner_join(plan_rows::table.on(plan_rows::id.eq(grants::plan)))
        .filter(grants::member.eq(member.0))
        .filter(grants::source.ne(left_out))
        .filter(grants::revoked_at.is_null())
        .filter(grants::ends_at.is_null().or(grants::ends_at.gt(now)))
        .select((grants::plan, plan_rows::position, grants::starts_at, grants::ends_at, grants::revoked_at))
        .load::<Row>(conn)?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let mut ids: Vec<PlanId> = rows.iter().map(|row| row.0).collect();
    ids.sort_unstable();
    ids.dedup();
    let worth: Vec<(PlanId, Arc<_>)> = plans::entitlements_of(conn, &ids)?.into_iter().map(|(id, all)| (id, Arc::new(all))).collect();
    let of_plan = |plan| worth.iter().find(|(id, _)| *id == plan).map(|(_, all)| Arc::clone(all)).unwrap_or_default();
    let held = |(plan, position, starts_at, ends_at, revoked_at)| Held {
        plan,
        position,
        entitlements: of_plan(plan),
        period: Period { starts_at, ends_at, revoked_at },
    };
    Ok(rows.into_iter().map(held).collect())
}

/// One grant.
pub fn by_id(conn: &mut Conn, grant: GrantId) -> Result<Option<GrantRow>> {
    Ok(grants::table.find(grant.0).first(conn).optional()?)
}

/// At most `limit` grants of a member with the names of their plans, newest first.
pub fn of_member(conn: &mut Conn, member: MemberId, limit: i64) -> Result<Vec<(GrantRow, String)>> {
    Ok(grants::table
        .inner_join(plan_rows::table.on(plan_rows::id.eq(grants::plan)))
        .filter(grants::member.eq(member.0))
        .order(grants::id.desc())
        .limit(limit)
        .select((grants::all_columns, plan_rows::name))
        .load(conn)?)
}

/// How many grants of a member hold or will hold.
pub fn count_open(conn: &mut Conn, member: MemberId, now: Millis) -> Result<i64> {
    Ok(grants::table
        .filter(grants::member.eq(member.0))
        .filter(grants::revoked_at.is_null())
        .filter(grants::ends_at.is_null().or(grants::ends_at.gt(now)))
        .count()
        .get_result(conn)?)
}

/// The grant of what has this name at its source.
pub fn of_source(conn: &mut Conn, source: GrantSource, source_id: &str) -> Result<Option<GrantRow>> {
    Ok(grants::table.filter(grants::source.eq(source.number())).filter(grants::source_id.eq(source_id)).first(conn).optional()?)
}

/// The grant that a member has as an owner.
pub fn of_owner(conn: &mut Conn, member: MemberId) -> Result<Option<GrantRow>> {
    Ok(grants::table
        .filter(grants::member.eq(member.0))
        .filter(grants::source.eq(GrantSource::Owner.number()))
        .filter(grants::revoked_at.is_null())
        .first(conn)
        .optional()?)
}

/// The grants of a member of which the log has not told yet where they stand now.
pub fn untold(conn: &mut Conn, member: MemberId, now: Millis) -> Result<Vec<GrantRow>> {
    let (future, active) = (GrantState::Future.number(), GrantState::Active.number());
    Ok(grants::table
        .filter(grants::member.eq(member.0))
        .filter(grants::revoked_at.is_null())
        .filter(
            grants::phase.eq(future).and(grants::starts_at.le(now)).or(grants::phase.eq_any([future, active]).and(grants::ends_at.le(now))),
        )
        .order(grants::id)
        .load(conn)?)
}

/// The grants of a member that can still be taken back.
pub fn open(conn: &mut Conn, member: MemberId, now: Millis) -> Result<Vec<GrantRow>> {
    Ok(grants::table
        .filter(grants::member.eq(member.0))
        .filter(grants::revoked_at.is_null())
        .filter(grants::ends_at.is_null().or(grants::ends_at.gt(now)))
        .order(grants::id)
        .load(conn)?)
}

/// Stores a new grant.
pub fn insert(tx: &mut Tx<'_>, row: &GrantRow) -> Result<()> {
    diesel::insert_into(grants::table)
        .values((
            grants::id.eq(row.id.0),
            grants::member.eq(row.member.0),
            grants::plan.eq(row.plan.0),
            grants::source.eq(row.source),
            grants::source_id.eq(row.source_id.as_deref()),
            grants::starts_at.eq(row.starts_at),
            grants::ends_at.eq(row.ends_at),
            grants::revoked_at.eq(row.revoked_at),
            grants::given_by.eq(row.given_by.map(|id| id.0)),
            grants::given_at.eq(row.given_at),
            grants::note.eq(&row.note),
            grants::phase.eq(row.phase),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Stores another plan or end, when it was taken back, and what the log has told.
pub fn save(tx: &mut Tx<'_>, row: &GrantRow) -> Result<()> {
    diesel::update(grants::table.find(row.id.0))
        .set((
            grants::plan.eq(row.plan.0),
            grants::ends_at.eq(row.ends_at),
            grants::revoked_at.eq(row.revoked_at),
            grants::phase.eq(row.phase),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// At most `limit` members above `after` who have this plan, now or later.
pub fn holders(conn: &mut Conn, plan: PlanId, after: MemberId, now: Millis, limit: i64) -> Result<Vec<MemberId>> {
    Ok(grants::table
        .filter(grants::plan.eq(plan.0))
        .filter(grants::member.gt(after.0))
        .filter(grants::revoked_at.is_null())
        .filter(grants::ends_at.is_null().or(grants::ends_at.gt(now)))
        .select(grants::member)
        .distinct()
        .order(grants::member)
        .limit(limit)
        .load(conn)?)
}

/// At most `limit` members above `after` who may have a sign beside their name: those with any plan, and those who were verified.
pub fn signed(conn: &mut Conn, after: MemberId, now: Millis, limit: i64) -> Result<Vec<MemberId>> {
    let mut found: Vec<MemberId> = grants::table
        .filter(grants::member.gt(after.0))
        .filter(grants::revoked_at.is_null())
        .filter(grants::ends_at.is_null().or(grants::ends_at.gt(now)))
        .select(grants::member)
        .distinct()
        .order(grants::member)
        .limit(limit)
        .load(conn)?;
    let verified: Vec<MemberId> = verifications::table
        .filter(verifications::member.gt(after.0))
        .select(verifications::member)
        .order(verifications::member)
        .limit(limit)
        .load(conn)?;
    found.extend(verified);
    found.sort_unstable();
    found.dedup();
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(found)
}

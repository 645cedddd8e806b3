//! Rows of `sanctions`.

use diesel::prelude::*;

use crate::clock::Millis;
use crate::error::Result;
use crate::ids::{MemberId, SanctionId};
use crate::members::model::{MemberState, Sanction, SanctionKind};
use crate::storage::schema::{members, sanctions};
use crate::storage::{Conn, Tx};

const fn number(kind: SanctionKind) -> i16 {
    match kind {
        SanctionKind::Ban => 0,
        SanctionKind::Mute => 1,
    }
}

/// Every sanction of a member, newest first.
pub fn of_member(conn: &mut Conn, member: MemberId) -> Result<Vec<Sanction>> {
    type Row = (SanctionId, i16, String, Option<MemberId>, Millis, Option<Millis>, Option<Millis>);
    let rows = sanctions::table
        .filter(sanctions::member.eq(member.0))
        .order(sanctions::id.desc())
        .select((
            sanctions::id,
            sanctions::kind,
            sanctions::reason,
            sanctions::made_by,
            sanctions::made_at,
            sanctions::until,
            sanctions::lifted_at,
        ))
        .load::<Row>(conn)?;
    let kind = |n| if n == 0 { SanctionKind::Ban } else { SanctionKind::Mute };
    Ok(rows
        .into_iter()
        .map(|(id, n, reason, made_by, made_at, until, lifted_at)| Sanction {
            id,
            kind: kind(n),
            reason,
            made_by,
            made_at,
            until,
            lifted_at,
        })
        .collect())
}

/// Stores a sanction.
pub fn insert(
    tx: &mut Tx<'_>,
    member: MemberId,
    kind: SanctionKind,
    reason: &str,
    by: Option<MemberId>,
    until: Option<Millis>,
) -> Result<()> {
    let (id, now) = (tx.new_id::<SanctionId>(), tx.now());
    diesel::insert_into(sanctions::table)
        .values((
            sanctions::id.eq(id.0),
            sanctions::member.eq(member.0),
            sanctions::kind.eq(number(kind)),
            sanctions::reason.eq(reason),
            sanctions::made_by.eq(by.map(|id| id.0)),
            sanctions::made_at.eq(now),
            sanctions::until.eq(until),
            sanctions::lifted_at.eq(None::<Millis>),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Lifts what is in force of this kind.
pub fn lift(tx: &mut Tx<'_>, member: MemberId, kind: SanctionKind) -> Result<()> {
    let now = tx.now();
    diesel::update(
        sanctions::table
            .filter(sanctions::member.eq(member.0))
            .filter(sanctions::kind.eq(number(kind)))
            .filter(sanctions::lifted_at.is_null()),
    )
    .set(sanctions::lifted_at.eq(Some(now)))
    .execute(&mut **tx)?;
    Ok(())
}

/// Members who are banned although their ban has ended.
pub fn bans_over(conn: &mut Conn, now: Millis, limit: i64) -> Result<Vec<MemberId>> {
    let rows = sanctions::table
        .inner_join(members::table.on(members::id.eq(sanctions::member)))
        .filter(members::state.eq(MemberState::Banned.number()))
        .filter(sanctions::kind.eq(number(SanctionKind::Ban)))
        .filter(sanctions::lifted_at.is_null())
        .filter(sanctions::until.le(now))
        .select(sanctions::member)
        .limit(limit)
        .load::<i64>(conn)?;
    Ok(rows.into_iter().map(MemberId).collect())
}

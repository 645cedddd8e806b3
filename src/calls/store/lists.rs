//! Rows as lists show them: a member's calls, what they missed, everything that is over.

use diesel::dsl::{exists, sql};
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::{CallRow, PersonRow};
use crate::calls::model::{CallKind, Cause, Fate};
use crate::clock::Millis;
use crate::error::Result;
use crate::ids::{CallId, MemberId, RoomId};
use crate::storage::schema::{call_people, calls};
use crate::storage::{Conn, Tx};

/// Which of a member's calls.
#[derive(Clone, Copy, Debug, Default)]
pub struct Find {
    /// Only those before this one.
    pub before: Option<CallId>,
    /// Only those that they missed.
    pub missed: bool,
    /// Only those of this room.
    pub room: Option<RoomId>,
    /// Only those with this member alone.
    pub with: Option<MemberId>,
}

const MISSED: [i16; 3] = [Fate::Missed.number(), Fate::Unheard.number(), Fate::Busy.number()];

/// Calls of a member that they know of, newest first.
pub fn of_member(conn: &mut Conn, member: MemberId, find: &Find, limit: i64) -> Result<Vec<(CallRow, PersonRow)>> {
    let mut query = call_people::table
        .inner_join(calls::table.on(calls::id.eq(call_people::call)))
        .filter(call_people::member.eq(member.0))
        .filter(call_people::listed)
        .order(call_people::call.desc())
        .limit(limit)
        .select((CallRow::as_select(), PersonRow::as_select()))
        .into_boxed();
    if let Some(before) = find.before {
        query = query.filter(call_people::call.lt(before.0));
    }
    if find.missed {
        query = query.filter(call_people::fate.eq_any(MISSED));
    }
    if let Some(room) = find.room {
        query = query.filter(calls::room.eq(room.0));
    }
    if let Some(other) = find.with {
        let theirs = format!("EXISTS (SELECT 1 FROM call_people p WHERE p.call = calls.id AND p.member = {})", other.0);
        query = query.filter(calls::kind.eq(CallKind::Direct.number())).filter(sql::<Bool>(&theirs));
    }
    Ok(query.load(conn)?)
}

/// A member's line beside one call.
pub fn person(conn: &mut Conn, call: CallId, member: MemberId) -> Result<Option<PersonRow>> {
    Ok(call_people::table.find((call.0, member.0)).select(PersonRow::as_select()).first(conn).optional()?)
}

/// How many calls a member missed and has not seen, at most `most`.
pub fn missed(conn: &mut Conn, member: MemberId, most: i64) -> Result<usize> {
    let unseen =
        call_people::table.filter(call_people::member.eq(member.0)).filter(call_people::listed).filter(call_people::seen.eq(false));
    Ok(unseen.limit(most).select(call_people::call).load::<i64>(conn)?.len())
}

/// A member has seen what they missed of calls that began up to then; how many those were. Only the member's own lines are walked.
pub fn see(tx: &mut Tx<'_>, member: MemberId, until: Millis) -> Result<usize> {
    let begun = calls::table.filter(calls::id.eq(call_people::call)).filter(calls::started_at.le(until));
    let unseen = call_people::table
        .filter(call_people::member.eq(member.0))
        .filter(call_people::listed)
        .filter(call_people::seen.eq(false))
        .filter(exists(begun));
    Ok(diesel::update(unseen).set(call_people::seen.eq(true)).execute(&mut **tx)?)
}

/// Which calls an operator looks at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sought {
    /// Only those before this one.
    pub before: Option<CallId>,
    /// Only those of this sort.
    pub kind: Option<CallKind>,
    /// Only those that ended so.
    pub cause: Option<Cause>,
    /// Only those that concern this member.
    pub member: Option<MemberId>,
}

/// Calls that are over, newest first.
pub fn past(conn: &mut Conn, sought: &Sought, limit: i64) -> Result<Vec<CallRow>> {
    let mut query =
        calls::table.filter(calls::ended_at.is_not_null()).order(calls::id.desc()).limit(limit).select(CallRow::as_select()).into_boxed();
    if let Some(before) = sought.before {
        query = query.filter(calls::id.lt(before.0));
    }
    if let Some(kind) = sought.kind {
        query = query.filter(calls::kind.eq(kind.number()));
    }
    if let Some(cause) = sought.cause {
        query = query.filter(calls::cause.eq(cause.number()));
    }
    if let Some(member) = sought.member {
        let theirs = call_people::table.filter(call_people::member.eq(member.0)).filter(call_people::listed);
        query = query.filter(calls::id.eq_any(theirs.select(call_people::call)));
    }
    Ok(query.load(conn)?)
}

/// The worst mark of each member of these calls, 1–3.
pub fn qualities(conn: &mut Conn, ids: &[CallId]) -> Result<Vec<(CallId, MemberId, Option<i16>)>> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let all = call_people::table.filter(call_people::call.eq_any(ids));
    Ok(all.select((call_people::call, call_people::member, call_people::quality)).load(conn)?)
}

//! SQL of the figures: the table `day_figures`, and what is counted into it.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::days::Figure;
use crate::clock::Millis;
use crate::error::Result;
use crate::ids::{CallId, Ids};
use crate::members::MemberState;
use crate::storage::schema::{call_people, day_figures, members, messages};
use crate::storage::{Conn, Tx, fact, on_conflict, set_fact};

/// The fact up to which message all are counted.
const COUNTED: &str = "figures_counted";

/// What is kept of the days from this one on.
pub fn kept(conn: &mut Conn, since: i64) -> Result<Vec<(i64, i16, i64)>> {
    let columns = (day_figures::day, day_figures::figure, day_figures::value);
    Ok(day_figures::table.filter(day_figures::day.ge(since)).select(columns).load(conn)?)
}

/// Adds to a figure of a day.
pub fn add(tx: &mut Tx<'_>, day: i64, figure: i16, value: i64) -> Result<()> {
    let row = (day_figures::day.eq(day), day_figures::figure.eq(figure), day_figures::value.eq(value));
    let more = on_conflict(row, "ON CONFLICT (day, figure) DO UPDATE SET value = day_figures.value + excluded.value");
    diesel::insert_into(day_figures::table).values(more).execute(&mut **tx)?;
    Ok(())
}

/// Says what a figure of a day is.
pub fn set(tx: &mut Tx<'_>, day: i64, figure: Figure, value: i64) -> Result<()> {
    let row = (day_figures::day.eq(day), day_figures::figure.eq(figure as i16), day_figures::value.eq(value));
    let instead = on_conflict(row, "ON CONFLICT (day, figure) DO UPDATE SET value = excluded.value");
    diesel::insert_into(day_figures::table).values(instead).execute(&mut **tx)?;
    Ok(())
}

/// The newest day that was closed.
pub fn last_closed(conn: &mut Conn) -> Result<Option<i64>> {
    let closed = day_figures::table.filter(day_figures::figure.eq(Figure::Members as i16));
    Ok(closed.order(day_figures::day.desc()).select(day_figures::day).first(conn).optional()?)
}

/// The id of the newest message that is counted; 0: none is.
pub fn counted(conn: &mut Conn) -> Result<i64> {
    Ok(fact(conn, COUNTED)?.and_then(|id| id.parse().ok()).unwrap_or(0))
}

/// All messages up to this one are counted.
pub fn set_counted(tx: &mut Tx<'_>, id: i64) -> Result<()> {
    set_fact(tx, COUNTED, &id.to_string())
}

/// At most `limit` messages between two ids, by id: when each was sent. Those that were deleted were sent too.
pub fn sent(conn: &mut Conn, after: i64, before: i64, limit: i64) -> Result<Vec<(i64, Millis)>> {
    Ok(messages::table
        .filter(messages::id.gt(after))
        .filter(messages::id.lt(before))
        .order(messages::id)
        .limit(limit)
        .select((messages::id, messages::sent_at))
        .load(conn)?)
}

/// How many members there are.
pub fn count_members(conn: &mut Conn) -> Result<i64> {
    Ok(members::table.filter(members::state.eq(MemberState::Active.number())).count().get_result(conn)?)
}

/// How many of today's members came on each day. It reads all of them.
pub fn joined_by_day(conn: &mut Conn) -> Result<Vec<(i64, i64)>> {
    let day = || sql::<BigInt>("created_at / 86400000");
    Ok(members::table
        .filter(members::state.eq(MemberState::Active.number()))
        .group_by(day())
        .select((day(), sql::<BigInt>("COUNT(*)")))
        .load(conn)?)
}

/// Seconds in calls that began between two times, of all who were in them together.
pub fn call_seconds(conn: &mut Conn, from: Millis, until: Millis) -> Result<i64> {
    let (first, end): (CallId, CallId) = (Ids::at(from, 0), Ids::at(until, 0));
    Ok(call_people::table
        .filter(call_people::call.ge(first))
        .filter(call_people::call.lt(end))
        .select(sql::<BigInt>("COALESCE(CAST(SUM(seconds) AS BIGINT), 0)"))
        .get_result(conn)?)
}

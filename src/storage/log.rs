//! The logs: dense numbers given in the transaction, rows without words, and reading them back.

use diesel::prelude::*;

use super::dialect::{NextInRoom, NextOfMember, either, kept};
use super::schema::{member_events, member_heads, room_events, room_heads, room_log};
use super::{Conn, on_conflict};
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::ids::{MemberId, RoomId};
use crate::live::{LogId, Seq};

/// How many events of a member's own log are kept.
const MEMBER_LOG_KEPT: i64 = 1_000;
/// Old events of a member's log are removed in slices of this many.
const MEMBER_LOG_SLICE: i64 = 100;

/// One row of a log.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct LogRow {
    /// Place in the log.
    pub seq: Seq,
    /// When.
    pub at: Millis,
    /// Which kind of event; the numbers are the slices'.
    pub kind: i16,
    /// Who did it.
    pub actor: Option<MemberId>,
    /// What it is about.
    pub subject: Option<i64>,
    /// The event as JSON when it holds no words; otherwise they are joined at read time.
    pub data: Option<String>,
}

/// The newest and the oldest place of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable)]
pub struct Head {
    /// Newest.
    pub seq: Seq,
    /// Oldest that is still kept.
    pub first_seq: Seq,
}

/// The name of the kept INSERT into `room_events`.
enum InsertRoomEvent {}
/// The name of the kept INSERT into `member_events`.
enum InsertMemberEvent {}

/// Starts an empty log.
///
/// # Errors
/// When the database refuses.
pub fn start_log(conn: &mut Conn, log: LogId, now: Millis) -> Result<()> {
    match log {
        LogId::Room(room) => diesel::insert_into(room_heads::table)
            .values((room_heads::room.eq(room.0), room_heads::seq.eq(0), room_heads::first_seq.eq(1), room_heads::at.eq(now)))
            .execute(conn)?,
        LogId::Member(member) => diesel::insert_into(member_heads::table)
            .values(on_conflict(
                (member_heads::member.eq(member.0), member_heads::seq.eq(0), member_heads::first_seq.eq(1), member_heads::at.eq(now)),
                "ON CONFLICT DO NOTHING",
            ))
            .execute(conn)?,
    };
    Ok(())
}

/// Takes the next place of a log; the row of its head stays locked until COMMIT, so commit order is the order of places.
pub(super) fn next_place(conn: &mut Conn, log: LogId, now: Millis) -> Result<(Seq, Millis)> {
    match log {
        LogId::Room(room) => either!(conn, c => NextInRoom { room: room.0, now }.get_result(c))
            .optional()?
            .ok_or_else(|| Error::broken("a room without a log")),
        LogId::Member(member) => either!(conn, c => NextOfMember { member: member.0, now }.get_result(c))
            .optional()?
            .ok_or_else(|| Error::broken("a member without a log")),
    }
}

/// Writes a row at the place that was taken for it.
pub(super) fn append(conn: &mut Conn, log: LogId, row: &LogRow) -> Result<()> {
    match log {
        LogId::Room(room) => {
            use room_events::dsl as events;
            let insert = diesel::insert_into(events::room_events).values((
                events::room.eq(room.0),
                events::seq.eq(row.seq),
                events::at.eq(row.at),
                events::kind.eq(row.kind),
                events::actor.eq(row.actor.map(|id| id.0)),
                events::subject.eq(row.subject),
                events::data.eq(row.data.as_deref()),
            ));
            either!(conn, c => kept::<InsertRoomEvent, _>(insert).execute(c))?;
        }
        LogId::Member(member) => {
            use member_events::dsl as events;
            let insert = diesel::insert_into(events::member_events).values((
                events::member.eq(member.0),
                events::seq.eq(row.seq),
                events::at.eq(row.at),
                events::kind.eq(row.kind),
                events::actor.eq(row.actor.map(|id| id.0)),
                events::subject.eq(row.subject),
                events::data.eq(row.data.as_deref()),
            ));
            either!(conn, c => kept::<InsertMemberEvent, _>(insert).execute(c))?;
            if row.seq % MEMBER_LOG_SLICE == 0 && row.seq > MEMBER_LOG_KEPT {
                shorten(conn, member, row.seq - MEMBER_LOG_KEPT + 1)?;
            }
        }
    }
    Ok(())
}

/// Forgets what stands in a member's log before `first`.
fn shorten(conn: &mut Conn, member: MemberId, first: Seq) -> Result<()> {
    use member_events::dsl as events;
    use member_heads::dsl as heads;
    diesel::delete(events::member_events.filter(events::member.eq(member.0)).filter(events::seq.lt(first))).execute(conn)?;
    diesel::update(heads::member_heads.find(member.0)).set(heads::first_seq.eq(first)).execute(conn)?;
    Ok(())
}

/// The head of one log, if there is such a log.
///
/// # Errors
/// When the database cannot be read.
pub fn head(conn: &mut Conn, log: LogId) -> Result<Option<Head>> {
    Ok(match log {
        LogId::Room(room) => {
            room_heads::table.find(room.0).select((room_heads::seq, room_heads::first_seq)).first::<Head>(conn).optional()?
        }
        LogId::Member(member) => {
            member_heads::table.find(member.0).select((member_heads::seq, member_heads::first_seq)).first::<Head>(conn).optional()?
        }
    })
}

/// The heads of several rooms.
///
/// # Errors
/// When the database cannot be read.
pub fn room_heads_of(conn: &mut Conn, rooms: &[RoomId]) -> Result<Vec<(RoomId, Head)>> {
    let raw: Vec<i64> = rooms.iter().map(|id| id.0).collect();
    let rows = room_heads::table
        .filter(room_heads::room.eq_any(raw))
        .select((room_heads::room, (room_heads::seq, room_heads::first_seq)))
        .load::<(i64, Head)>(conn)?;
    Ok(rows.into_iter().map(|(room, head)| (RoomId(room), head)).collect())
}

/// On PostgreSQL, waits for whoever writes to the room and keeps others waiting until the end of this transaction. SQLite has one
/// writer, so it is everyone's turn already.
///
/// # Errors
/// When the database cannot be asked.
pub fn hold_room(conn: &mut Conn, room: RoomId) -> Result<()> {
    if let Conn::Pg(pg) = conn {
        diesel::sql_query("SELECT 1 FROM room_heads WHERE room = $1 FOR UPDATE")
            .bind::<diesel::sql_types::BigInt, _>(room.0)
            .execute(pg)?;
    }
    Ok(())
}

/// The same for the logs of these members. Whoever writes to several takes them in ascending order, all at once, before the first event:
/// so no two wait for each other. Rooms come before members, and how two stand to each other comes between them.
///
/// # Errors
/// When the database cannot be asked.
pub fn hold_members(conn: &mut Conn, members: &[MemberId]) -> Result<()> {
    if let Conn::Pg(pg) = conn {
        let ids: Vec<i64> = members.iter().map(|id| id.0).collect();
        diesel::sql_query("SELECT 1 FROM member_heads WHERE member = ANY($1) ORDER BY member FOR UPDATE")
            .bind::<diesel::sql_types::Array<diesel::sql_types::BigInt>, _>(ids)
            .execute(pg)?;
    }
    Ok(())
}

/// Every head: what publication starts from and is compared with.
///
/// # Errors
/// When the database cannot be read.
pub fn all_heads(conn: &mut Conn) -> Result<Vec<(LogId, Seq)>> {
    let rooms = room_heads::table.select((room_heads::room, room_heads::seq)).load::<(i64, Seq)>(conn)?;
    let members = member_heads::table.select((member_heads::member, member_heads::seq)).load::<(i64, Seq)>(conn)?;
    let rooms = rooms.into_iter().map(|(id, seq)| (LogId::Room(RoomId(id)), seq));
    Ok(rooms.chain(members.into_iter().map(|(id, seq)| (LogId::Member(MemberId(id)), seq))).collect())
}

/// The rows of a room above `after`, oldest first.
#[diesel::dsl::auto_type(no_type_alias)]
fn page(room: i64, after: Seq, limit: i64) -> _ {
    room_log::table.filter(room_log::room.eq(room)).filter(room_log::seq.gt(after)).order(room_log::seq).limit(limit).select((
        room_log::seq,
        room_log::at,
        room_log::kind,
        room_log::actor,
        room_log::subject,
        room_log::data,
    ))
}

/// At most `limit` events of a room above `after`, oldest first.
///
/// # Errors
/// When the database cannot be read.
pub fn room_rows(conn: &mut Conn, room: RoomId, after: Seq, limit: i64) -> Result<Vec<LogRow>> {
    Ok(page(room.0, after, limit).load(conn)?)
}

/// At most `limit` events of a member's own log above `after`, oldest first.
///
/// # Errors
/// When the database cannot be read.
pub fn member_rows(conn: &mut Conn, member: MemberId, after: Seq, limit: i64) -> Result<Vec<LogRow>> {
    use member_events::dsl as e;
    Ok(e::member_events
        .filter(e::member.eq(member.0))
        .filter(e::seq.gt(after))
        .order(e::seq)
        .limit(limit)
        .select((e::seq, e::at, e::kind, e::actor, e::subject, e::data))
        .load(conn)?)
}

#[cfg(test)]
mod tests {
    use diesel::sql_types::Text;

    use super::*;
    use crate::storage::{Target, migrate};

    #[derive(QueryableByName)]
    struct Step {
        #[diesel(sql_type = Text)]
        detail: String,
    }

    #[test]
    fn a_page_of_a_rooms_log_is_merged_from_two_indices_and_nothing_behind_it_is_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut conn = Target::Sqlite(folder.path().join("log.db")).writer().expect("a connection");
        migrate(&mut conn).expect("tables");
        let asked = diesel::debug_query::<diesel::sqlite::Sqlite, _>(&page(1, 2, 3)).to_string();
        let statement = asked.split(" -- ").next().expect("a statement");
        let steps: Vec<Step> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {statement}")).load(&mut conn).expect("a plan");
        let plan: Vec<String> = steps.into_iter().map(|step| step.detail).collect();
        assert_eq!(plan[0], "MERGE (UNION ALL)", "{plan:#?}");
        assert_eq!(plan.iter().filter(|step| step.starts_with("SEARCH") && step.ends_with("(room=? AND seq>?)")).count(), 2, "{plan:#?}");
    }
}

//! Counts and lists for the dashboard, read across the tables. It writes nothing: what changes goes through the slices.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::model::{MemberCounts, RoomItem};
use crate::chat::RoomKind;
use crate::clock::Millis;
use crate::error::Result;
use crate::ids::RoomId;
use crate::members::MemberState;
use crate::storage::Conn;
use crate::storage::schema::{invites, letters, members, rooms};

/// Members by state.
pub fn member_counts(conn: &mut Conn) -> Result<MemberCounts> {
    let rows = members::table.group_by(members::state).select((members::state, diesel::dsl::count_star())).load::<(i16, i64)>(conn)?;
    let mut counts = MemberCounts::default();
    for (state, count) in rows {
        match MemberState::from_number(state) {
            MemberState::Active => counts.active = count,
            MemberState::Pending => counts.pending = count,
            MemberState::Banned => counts.banned = count,
            MemberState::Deleted => {}
        }
    }
    Ok(counts)
}

/// Numbers of the kinds of room that the dashboard shows: conversations are nobody else's business.
const fn shown_kinds() -> [i16; 3] {
    [RoomKind::Public.number(), RoomKind::Private.number(), RoomKind::Announcement.number()]
}

/// Rooms that are not conversations and not archived.
pub fn room_count(conn: &mut Conn) -> Result<i64> {
    let named = rooms::table.filter(rooms::name_key.is_not_null());
    let open = named.filter(rooms::kind.eq_any(shown_kinds())).filter(rooms::archived_at.is_null());
    Ok(open.count().get_result(conn)?)
}

/// Invites that somebody can still use.
pub fn open_invites(conn: &mut Conn, now: Millis) -> Result<i64> {
    Ok(invites::table
        .filter(invites::revoked_at.is_null())
        .filter(invites::expires_at.is_null().or(invites::expires_at.gt(now)))
        .filter(invites::max_uses.is_null().or(sql::<Bool>("uses < max_uses")))
        .count()
        .get_result(conn)?)
}

/// Letters that the mail server has not taken.
pub fn letters_waiting(conn: &mut Conn) -> Result<i64> {
    Ok(letters::table.filter(letters::sent_at.is_null()).count().get_result(conn)?)
}

/// Which rooms a list shows.
#[derive(Clone, Debug, Default)]
pub struct RoomFilter {
    /// Part of a name.
    pub q: String,
    /// Only archived ones, or only those that are not.
    pub archived: Option<bool>,
    /// Only those made before this one.
    pub before: Option<RoomId>,
    /// At most this many.
    pub limit: i64,
}

/// Rooms that are not conversations, newest first.
pub fn rooms(conn: &mut Conn, filter: &RoomFilter) -> Result<Vec<RoomItem>> {
    type Row = (RoomId, i16, Option<String>, String, i32, Millis, Option<Millis>, i32, Option<i32>);
    let mut query = rooms::table
        .filter(rooms::name_key.is_not_null())
        .filter(rooms::kind.eq_any(shown_kinds()))
        .order(rooms::id.desc())
        .limit(filter.limit)
        .select((
            rooms::id,
            rooms::kind,
            rooms::name,
            rooms::topic,
            rooms::member_count,
            rooms::created_at,
            rooms::archived_at,
            rooms::slow_seconds,
            rooms::keep_days,
        ))
        .into_boxed();
    // In a pattern `_` stands for any one letter, which finds a little more; `%` and the escape sign stand for nothing that a name holds.
    let part = crate::text::name_key(&filter.q).replace(['%', '\\'], "");
    if !part.is_empty() {
        query = query.filter(rooms::name_key.like(format!("%{part}%")));
    }
    query = match filter.archived {
        Some(true) => query.filter(rooms::archived_at.is_not_null()),
        Some(false) => query.filter(rooms::archived_at.is_null()),
        None => query,
    };
    if let Some(before) = filter.before {
        query = query.filter(rooms::id.lt(before.0));
    }
    let rows = query.load::<Row>(conn)?;
    rows.into_iter()
        .map(|(id, kind, name, topic, member_count, created_at, archived_at, slow_seconds, keep_days)| {
            let (kind, name, archived) = (RoomKind::from_number(kind)?, name.unwrap_or_default(), archived_at.is_some());
            Ok(RoomItem { id, kind, name, topic, member_count, created_at, archived, slow_seconds, keep_days })
        })
        .collect()
}

/// The names under which the audit log speaks of these rooms.
pub fn room_names(conn: &mut Conn, ids: &[RoomId]) -> Result<Vec<(RoomId, String)>> {
    let raw: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let rows = rooms::table.filter(rooms::id.eq_any(raw)).select((rooms::id, rooms::name)).load::<(RoomId, Option<String>)>(conn)?;
    Ok(rows.into_iter().filter_map(|(id, name)| Some((id, name?))).collect())
}

//! Lists of people in order of the names under which they are shown, page by page, and the rooms that two have in common.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};

use crate::error::Result;
use crate::ids::{MemberId, RoomId};
use crate::members::MemberState;
use crate::social::model::{Edge, Edges, Shared};
use crate::storage::Conn;
use crate::storage::schema::{contact_notes as notes, members, room_members, rooms};
use crate::text::Wanted;

/// A list of people, seen from one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// To whom I have this edge; whom I shut out is only on the lists that say so.
    Mine(Edge),
    /// Who has this edge to me.
    Theirs(Edge),
}

/// Which page of it.
#[derive(Clone, Debug, Default)]
pub struct Paging {
    /// Part of a name, a username or one's own name for somebody, or `@` with the beginning of a username.
    pub q: String,
    /// Only behind this member.
    pub after: Option<MemberId>,
    /// At most this many.
    pub limit: i64,
}

/// Which rows of `relations` make the list.
fn condition(member: MemberId, list: List) -> String {
    let bits = |edges: &[Edge]| Edges::of(edges).bits();
    let shut = bits(&[Edge::Blocks, Edge::Never]);
    match list {
        List::Mine(edge @ (Edge::Blocks | Edge::Never | Edge::Mutes)) => {
            format!("members.id IN (SELECT other FROM relations WHERE member = {member} AND (bits & {}) <> 0)", bits(&[edge]))
        }
        List::Mine(edge) => format!(
            "members.id IN (SELECT other FROM relations WHERE member = {member} AND (bits & {}) <> 0 AND (bits & {shut}) = 0)",
            bits(&[edge])
        ),
        List::Theirs(edge) => format!(
            "members.id IN (SELECT member FROM relations WHERE other = {member} AND (bits & {}) <> 0) AND members.id NOT IN \
             (SELECT other FROM relations WHERE member = {member} AND (bits & {shut}) <> 0)",
            bits(&[edge])
        ),
    }
}

/// The key of the name under which the one who asks sees somebody: their own for them, or the one that they bear.
const SHOWN: &str = "COALESCE(NULLIF(contact_notes.name_key, ''), members.name_key)";

/// Ids of those on a page of a list, in order of the names under which they are shown. Tombstones are on none.
pub fn page(conn: &mut Conn, member: MemberId, list: List, paging: &Paging) -> Result<Vec<MemberId>> {
    let called = || members::table.left_join(notes::table.on(notes::member.eq(member.0).and(notes::other.eq(members::id))));
    let mut query = called()
        .filter(sql::<Bool>(&condition(member, list)))
        .filter(members::state.ne(MemberState::Deleted.number()))
        .order((sql::<Text>(SHOWN), members::id))
        .limit(paging.limit)
        .select(members::id)
        .into_boxed();
    if let Some(Wanted { pattern, is_username }) = Wanted::parse(&paging.q) {
        let is_named = members::username.like(pattern.clone()).escape('!');
        query = if is_username {
            query.filter(is_named)
        } else {
            let is_called = sql::<Bool>("COALESCE(contact_notes.name_key, '') LIKE ").bind::<Text, _>(pattern.clone()).sql(" ESCAPE '!'");
            query.filter(is_named.or(members::name_key.like(pattern).escape('!')).or(is_called))
        };
    }
    if let Some(after) = paging.after {
        let key = called().filter(members::id.eq(after.0)).select(sql::<Text>(SHOWN)).first::<String>(conn).optional()?.unwrap_or_default();
        let is_behind = sql::<Bool>(&format!("({SHOWN}, members.id) > ("));
        query = query.filter(is_behind.bind::<Text, _>(key).sql(", ").bind::<BigInt, _>(after.0).sql(")"));
    }
    Ok(query.load::<i64>(conn)?.into_iter().map(MemberId).collect())
}

/// Whom a member calls by a name of their own that holds this, at most `limit`.
pub fn called(conn: &mut Conn, member: MemberId, typed: &str, limit: i64) -> Result<Vec<MemberId>> {
    let Some(Wanted { pattern, .. }) = Wanted::parse(typed).filter(|wanted| !wanted.is_username) else { return Ok(Vec::new()) };
    let own = notes::table.filter(notes::member.eq(member.0)).filter(notes::name_key.like(pattern).escape('!'));
    Ok(own.order(notes::other).limit(limit).select(notes::other).load::<i64>(conn)?.into_iter().map(MemberId).collect())
}

/// Rooms with a name in which both are, in order of name.
pub fn shared_rooms(conn: &mut Conn, one: MemberId, other: MemberId, limit: i64) -> Result<Vec<Shared>> {
    let rooms_of = |member: MemberId| room_members::table.filter(room_members::member.eq(member.0)).select(room_members::room);
    let rows = rooms::table
        .filter(rooms::id.eq_any(rooms_of(one)))
        .filter(rooms::id.eq_any(rooms_of(other)))
        .filter(rooms::name_key.is_not_null())
        .filter(rooms::archived_at.is_null())
        .order(rooms::name_key)
        .limit(limit)
        .select((rooms::id, rooms::name))
        .load::<(i64, Option<String>)>(conn)?;
    Ok(rows.into_iter().filter_map(|(id, name)| Some(Shared { id: RoomId(id), name: name? })).collect())
}

/// The conversation of two, if there is one that this member is in.
pub fn conversation(conn: &mut Conn, one: MemberId, other: MemberId) -> Result<Option<RoomId>> {
    let circle = crate::social::model::pair(one, other);
    let found = rooms::table
        .inner_join(room_members::table.on(room_members::room.eq(rooms::id)))
        .filter(rooms::circle.eq(circle))
        .filter(room_members::member.eq(one.0))
        .select(rooms::id)
        .first::<i64>(conn)
        .optional()?;
    Ok(found.map(RoomId))
}

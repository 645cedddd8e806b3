//! Lists of people in order of the names under which they are shown, page by page, and the rooms that two have in common.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};

use crate::error::Result;
use crate::ids::{MemberId, RoleId, RoomId};
use crate::members::MemberState;
use crate::social::model::{Edge, Edges, Shared};
use crate::storage::Conn;
use crate::storage::schema::{contact_notes as notes, member_badges, member_roles, members, room_members, rooms};
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

/// Members with what the one who asks calls them.
macro_rules! called {
    ($member:expr) => {
        members::table.left_join(notes::table.on(notes::member.eq($member.0).and(notes::other.eq(members::id))))
    };
}

/// Of these, those whose names hold what was typed: their own, their username, or the one that the one who asks gave them.
macro_rules! named {
    ($query:expr, $typed:expr) => {
        match Wanted::parse($typed) {
            None => $query,
            Some(Wanted { pattern, is_username: true }) => $query.filter(members::username.like(pattern).escape('!')),
            Some(Wanted { pattern, .. }) => {
                let is_called =
                    sql::<Bool>("COALESCE(contact_notes.name_key, '') LIKE ").bind::<Text, _>(pattern.clone()).sql(" ESCAPE '!'");
                let is_named = members::username.like(pattern.clone()).escape('!');
                $query.filter(is_named.or(members::name_key.like(pattern).escape('!')).or(is_called))
            }
        }
    };
}

/// Behind this place of the order in which `key` and `id` stand.
macro_rules! behind {
    ($query:expr, $key:expr, $id:expr, $after:expr) => {
        match $after {
            None => $query,
            Some((key, after)) => {
                let is_behind = sql::<Bool>(&format!("({}, {}) > (", $key, $id));
                $query.filter(is_behind.bind::<Text, _>(key).sql(", ").bind::<BigInt, _>(after).sql(")"))
            }
        }
    };
}

/// Where a member stands in that order.
fn place(conn: &mut Conn, member: MemberId, after: Option<MemberId>) -> Result<Option<(String, i64)>> {
    let Some(after) = after else { return Ok(None) };
    let key = called!(member).filter(members::id.eq(after.0)).select(sql::<Text>(SHOWN)).first::<String>(conn).optional()?;
    Ok(Some((key.unwrap_or_default(), after.0)))
}

/// Ids of those on a page of a list, in order of the names under which they are shown. Tombstones are on none.
pub fn page(conn: &mut Conn, member: MemberId, list: List, paging: &Paging) -> Result<Vec<MemberId>> {
    let query = called!(member)
        .filter(sql::<Bool>(&condition(member, list)))
        .filter(members::state.ne(MemberState::Deleted.number()))
        .order((sql::<Text>(SHOWN), members::id))
        .limit(paging.limit)
        .select(members::id)
        .into_boxed();
    let query = behind!(named!(query, &paging.q), SHOWN, "members.id", place(conn, member, paging.after)?);
    Ok(query.load::<i64>(conn)?.into_iter().map(MemberId).collect())
}

/// Whom of everybody the directory shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sought {
    /// Only with this role.
    pub role: Option<RoleId>,
    /// Only with the verified badge.
    pub verified: bool,
}

/// Ids of those on a page of the directory, in the same order: whom the one who asks calls by a name of their own, and everybody else, each read
/// along its own index and put together. Active members only.
pub fn directory(conn: &mut Conn, member: MemberId, sought: Sought, paging: &Paging) -> Result<Vec<MemberId>> {
    let after = place(conn, member, paging.after)?;
    let mut all = stretch(conn, member, sought, paging, true, after.clone())?;
    all.extend(stretch(conn, member, sought, paging, false, after)?);
    all.sort_unstable();
    all.truncate(usize::try_from(paging.limit).unwrap_or(usize::MAX));
    Ok(all.into_iter().map(|(_, id)| MemberId(id)).collect())
}

/// The next of the directory among those who have a name of the reader's own, or among the others: keys and ids.
fn stretch(
    conn: &mut Conn,
    member: MemberId,
    sought: Sought,
    paging: &Paging,
    has_own: bool,
    after: Option<(String, i64)>,
) -> Result<Vec<(String, i64)>> {
    let (key, id, whose) = if has_own {
        ("contact_notes.name_key", "contact_notes.other", "contact_notes.name_key <> ''")
    } else {
        ("members.name_key", "members.id", "COALESCE(contact_notes.name_key, '') = ''")
    };
    let mut query = called!(member)
        .filter(sql::<Bool>(whose))
        .filter(members::state.eq(MemberState::Active.number()))
        .order((sql::<Text>(key), sql::<BigInt>(id)))
        .limit(paging.limit)
        .select((sql::<Text>(key), members::id))
        .into_boxed();
    if let Some(role) = sought.role {
        query = query.filter(members::id.eq_any(member_roles::table.filter(member_roles::role.eq(role.0)).select(member_roles::member)));
    }
    if sought.verified {
        query = query.filter(members::id.eq_any(member_badges::table.select(member_badges::member)));
    }
    Ok(behind!(named!(query, &paging.q), key, id, after).load(conn)?)
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

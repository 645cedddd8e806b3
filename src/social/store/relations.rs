//! Rows of `relations` and `contact_notes`.

use diesel::backend::Backend;
use diesel::dsl::sql;
use diesel::expression::{AppearsOnTable, Expression, ValidGrouping, is_aggregate};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, Bool, HasSqlType};

use crate::error::Result;
use crate::ids::{MemberId, RoleId};
use crate::members::{MemberState, RoleKind};
use crate::social::model::{Edge, Edges, Note, Relation};
use crate::storage::schema::{contact_notes as notes, member_roles, members, relations, roles};
use crate::storage::{Conn, NamedRow, Tx, on_conflict};
use crate::text::name_key;

/// Both directions between two members, by one statement that looks up two keys.
pub fn between(conn: &mut Conn, me: MemberId, other: MemberId) -> Result<Relation> {
    let rows = relations::table
        .filter(relations::member.eq_any([me.0, other.0]))
        .filter(relations::other.eq_any([me.0, other.0]))
        .select((relations::member, relations::bits))
        .load::<(i64, i16)>(conn)?;
    let of = |member: MemberId| rows.iter().find(|(id, _)| *id == member.0).map_or(Edges::NONE, |(_, bits)| Edges::from_bits(*bits));
    Ok(Relation { mine: of(me), theirs: of(other) })
}

/// Stores the edges of one direction; none leave no row.
pub fn set(tx: &mut Tx<'_>, member: MemberId, other: MemberId, edges: Edges) -> Result<()> {
    let now = tx.now();
    if edges == Edges::NONE {
        diesel::delete(relations::table.find((member.0, other.0))).execute(&mut **tx)?;
        return Ok(());
    }
    diesel::insert_into(relations::table)
        .values(on_conflict(
            (relations::member.eq(member.0), relations::other.eq(other.0), relations::bits.eq(edges.bits()), relations::changed_at.eq(now)),
            "ON CONFLICT (member, other) DO UPDATE SET bits = excluded.bits, changed_at = excluded.changed_at",
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// A condition on the edges of a row of `relations`.
pub(super) fn with(edge: Edge) -> diesel::expression::SqlLiteral<Bool> {
    sql::<Bool>(&format!("(relations.bits & {}) <> 0", Edges::of(&[edge]).bits()))
}

/// Whom a member blocks or mutes, with the edges, in ascending id, at most `limit`. The condition is that of the index, word for word.
pub fn shut(conn: &mut Conn, member: MemberId, limit: i64) -> Result<Vec<(MemberId, Edges)>> {
    let rows = relations::table
        .filter(relations::member.eq(member.0))
        .filter(sql::<Bool>("(bits & 48) <> 0"))
        .order(relations::other)
        .limit(limit)
        .select((relations::other, relations::bits))
        .load::<(i64, i16)>(conn)?;
    Ok(rows.into_iter().map(|(other, bits)| (MemberId(other), Edges::from_bits(bits))).collect())
}

/// The condition that a column names nobody whom a member blocks, or also nobody whom they muted: a part of other slices' queries, word for
/// word that of the index. Its text is the same for everybody, so that it is prepared once.
#[derive(Clone, Copy, Debug)]
pub struct UnlessShut {
    column: &'static str,
    member: i64,
    muted: bool,
}

/// See [`UnlessShut`].
pub const fn unless_shut(column: &'static str, member: MemberId, muted: bool) -> UnlessShut {
    UnlessShut { column, member: member.0, muted }
}

/// The condition that a column names somebody who may not let a member do something that everyone lets everyone do by default: they have
/// chosen, or shut the member out.
#[derive(Clone, Copy, Debug)]
pub struct MayRefuse {
    column: &'static str,
    member: i64,
}

/// See [`MayRefuse`].
pub const fn may_refuse(column: &'static str, member: MemberId) -> MayRefuse {
    MayRefuse { column, member: member.0 }
}

/// Makes a type a condition of queries.
macro_rules! condition {
    ($name:ident, |$this:ident, $out:ident| $walk:expr) => {
        impl Expression for $name {
            type SqlType = Bool;
        }

        impl<Source> AppearsOnTable<Source> for $name {}

        impl ValidGrouping<()> for $name {
            type IsAggregate = is_aggregate::Never;
        }

        impl QueryId for $name {
            type QueryId = ();
            const HAS_STATIC_QUERY_ID: bool = false;
        }

        impl<DB: Backend + HasSqlType<BigInt>> QueryFragment<DB> for $name
        where
            i64: ToSql<BigInt, DB>,
        {
            fn walk_ast<'b>(&'b self, mut $out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
                let $this = self;
                $walk;
                Ok(())
            }
        }
    };
}

condition!(UnlessShut, |this, out| {
    out.push_sql(this.column);
    out.push_sql(" NOT IN (SELECT other FROM relations WHERE member = ");
    out.push_bind_param::<BigInt, _>(&this.member)?;
    out.push_sql(" AND (bits & 48) <> 0");
    if !this.muted {
        out.push_sql(" AND (bits & 16) <> 0");
    }
    out.push_sql(")");
});

condition!(MayRefuse, |this, out| {
    out.push_sql("(");
    out.push_sql(this.column);
    out.push_sql(" IN (SELECT member FROM reach) OR ");
    out.push_sql(this.column);
    out.push_sql(" IN (SELECT member FROM relations WHERE other = ");
    out.push_bind_param::<BigInt, _>(&this.member)?;
    out.push_sql(" AND (bits & 272) <> 0))");
});

/// Everyone to whom a member stands in any way, with the edges.
pub fn all_of(conn: &mut Conn, member: MemberId, others: &[MemberId]) -> Result<Vec<(MemberId, Edges)>> {
    let raw: Vec<i64> = others.iter().map(|id| id.0).collect();
    let rows = relations::table
        .filter(relations::member.eq(member.0))
        .filter(relations::other.eq_any(raw))
        .select((relations::other, relations::bits))
        .load::<(i64, i16)>(conn)?;
    Ok(rows.into_iter().map(|(other, bits)| (MemberId(other), Edges::from_bits(bits))).collect())
}

/// How those stand to a member.
pub fn all_to(conn: &mut Conn, member: MemberId, others: &[MemberId]) -> Result<Vec<(MemberId, Edges)>> {
    let raw: Vec<i64> = others.iter().map(|id| id.0).collect();
    let rows = relations::table
        .filter(relations::other.eq(member.0))
        .filter(relations::member.eq_any(raw))
        .select((relations::member, relations::bits))
        .load::<(i64, i16)>(conn)?;
    Ok(rows.into_iter().map(|(other, bits)| (MemberId(other), Edges::from_bits(bits))).collect())
}

/// To how many active members whom they do not shut out a member has this edge.
pub fn count(conn: &mut Conn, member: MemberId, edge: Edge) -> Result<i64> {
    Ok(relations::table
        .inner_join(members::table.on(members::id.eq(relations::other)))
        .filter(relations::member.eq(member.0))
        .filter(with(edge))
        .filter(lets_in())
        .filter(members::state.eq(MemberState::Active.number()))
        .count()
        .get_result(conn)?)
}

/// A row of `relations` does not shut the other out.
fn lets_in() -> diesel::expression::SqlLiteral<Bool> {
    sql::<Bool>(&format!("(relations.bits & {}) = 0", Edges::of(&[Edge::Blocks, Edge::Never]).bits()))
}

/// Active members who have asked to follow a member, at most `limit`.
pub fn askers(conn: &mut Conn, member: MemberId, limit: i64) -> Result<Vec<MemberId>> {
    let asked = relations::table.inner_join(members::table.on(members::id.eq(relations::member)));
    Ok(asked
        .filter(relations::other.eq(member.0))
        .filter(with(Edge::AskedFollow))
        .filter(members::state.eq(MemberState::Active.number()))
        .order(relations::member)
        .limit(limit)
        .select(relations::member)
        .load::<i64>(conn)?
        .into_iter()
        .map(MemberId)
        .collect())
}

/// To how many a member stands in any way.
pub fn count_all(conn: &mut Conn, member: MemberId) -> Result<usize> {
    let count: i64 = relations::table.filter(relations::member.eq(member.0)).count().get_result(conn)?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// On how many a member has a note.
pub fn count_notes(conn: &mut Conn, member: MemberId) -> Result<usize> {
    let count: i64 = notes::table.filter(notes::member.eq(member.0)).count().get_result(conn)?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// How many active members whom they do not shut out follow a member and are followed back.
pub fn count_mutual(conn: &mut Conn, member: MemberId) -> Result<i64> {
    let back = diesel::alias!(relations as back);
    Ok(relations::table
        .inner_join(back.on(back.field(relations::member).eq(relations::other).and(back.field(relations::other).eq(relations::member))))
        .inner_join(members::table.on(members::id.eq(relations::other)))
        .filter(relations::member.eq(member.0))
        .filter(with(Edge::Follows))
        .filter(lets_in())
        .filter(members::state.eq(MemberState::Active.number()))
        .filter(sql::<Bool>(&format!("(back.bits & {}) <> 0", Edges::of(&[Edge::Follows]).bits())))
        .count()
        .get_result(conn)?)
}

/// Roles of a member, but for the one that everybody has: naming it would be another word for everyone.
pub fn roles_of(conn: &mut Conn, member: MemberId) -> Result<Vec<RoleId>> {
    let rows = member_roles::table
        .inner_join(roles::table.on(roles::id.eq(member_roles::role)))
        .filter(member_roles::member.eq(member.0))
        .filter(roles::kind.ne(RoleKind::Member.number()))
        .select(member_roles::role)
        .load::<i64>(conn)?;
    Ok(rows.into_iter().map(RoleId).collect())
}

/// What a member calls somebody and notes about them.
pub fn note(conn: &mut Conn, member: MemberId, other: MemberId) -> Result<Note> {
    let row = notes::table.find((member.0, other.0)).select((notes::name, notes::note)).first::<(String, String)>(conn).optional()?;
    Ok(row.map(|(own_name, note)| Note { own_name, note }).unwrap_or_default())
}

/// The same for several.
pub fn notes_on(conn: &mut Conn, member: MemberId, others: &[MemberId]) -> Result<Vec<(MemberId, Note)>> {
    let raw: Vec<i64> = others.iter().map(|id| id.0).collect();
    let rows = notes::table
        .filter(notes::member.eq(member.0))
        .filter(notes::other.eq_any(raw))
        .select((notes::other, notes::name, notes::note))
        .load::<(i64, String, String)>(conn)?;
    Ok(rows.into_iter().map(|(other, name, note)| (MemberId(other), Note { own_name: name, note })).collect())
}

/// What a member calls others, at most `limit` of them.
pub fn own_names(conn: &mut Conn, member: MemberId, limit: i64) -> Result<Vec<(MemberId, String)>> {
    let named = notes::table.filter(notes::member.eq(member.0)).filter(notes::name.ne(""));
    let rows = named.order(notes::other).limit(limit).select((notes::other, notes::name)).load::<(i64, String)>(conn)?;
    Ok(rows.into_iter().map(|(other, name)| (MemberId(other), name)).collect())
}

/// Stores a note; an empty one leaves no row.
pub fn set_note(tx: &mut Tx<'_>, member: MemberId, other: MemberId, note: &Note) -> Result<()> {
    if note.own_name.is_empty() && note.note.is_empty() {
        diesel::delete(notes::table.find((member.0, other.0))).execute(&mut **tx)?;
        return Ok(());
    }
    diesel::insert_into(notes::table)
        .values(on_conflict(
            (
                notes::member.eq(member.0),
                notes::other.eq(other.0),
                notes::name.eq(&note.own_name),
                notes::note.eq(&note.note),
                notes::name_key.eq(name_key(&note.own_name)),
            ),
            "ON CONFLICT (member, other) DO UPDATE SET name = excluded.name, note = excluded.note, name_key = excluded.name_key",
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// At most `limit` names of members' own for others behind this one: whose, for whom, the name, and the key that it has.
pub fn names_after(conn: &mut Conn, after: (MemberId, MemberId), limit: i64) -> Result<Vec<NamedRow<(MemberId, MemberId)>>> {
    let (member, other) = (after.0.0, after.1.0);
    let rows = notes::table
        .filter(notes::member.gt(member).or(notes::member.eq(member).and(notes::other.gt(other))))
        .order((notes::member, notes::other))
        .limit(limit)
        .select((notes::member, notes::other, notes::name, notes::name_key));
    let rows = rows.load::<(MemberId, MemberId, String, String)>(conn)?;
    Ok(rows.into_iter().map(|(member, other, name, key)| NamedRow { at: (member, other), name, key }).collect())
}

/// Stores another key of such a name.
pub fn set_name_key(tx: &mut Tx<'_>, member: MemberId, other: MemberId, key: &str) -> Result<()> {
    diesel::update(notes::table.find((member.0, other.0))).set(notes::name_key.eq(key)).execute(&mut **tx)?;
    Ok(())
}

/// Nothing leads to or from this member any more.
pub fn forget(tx: &mut Tx<'_>, member: MemberId) -> Result<()> {
    diesel::delete(relations::table.filter(relations::member.eq(member.0))).execute(&mut **tx)?;
    diesel::delete(relations::table.filter(relations::other.eq(member.0))).execute(&mut **tx)?;
    diesel::delete(notes::table.filter(notes::member.eq(member.0).or(notes::other.eq(member.0)))).execute(&mut **tx)?;
    Ok(())
}

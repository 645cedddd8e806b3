//! Rows of `roles` and `member_roles`, and the permissions that follow from them.

use std::collections::{BTreeMap, HashMap};

use diesel::prelude::*;

use super::CHUNK;
use crate::access::Permissions;
use crate::error::{Error, Result};
use crate::ids::{MemberId, RoleId};
use crate::members::model::{MemberState, RoleKind, RoleRow};
use crate::storage::schema::{invites, member_roles, members, roles};
use crate::storage::{Conn, Tx, on_conflict};

/// All roles, highest first.
pub fn all(conn: &mut Conn) -> Result<Vec<RoleRow>> {
    Ok(roles::table.order((roles::place, roles::id)).load(conn)?)
}

/// One role.
pub fn by_id(conn: &mut Conn, id: RoleId) -> Result<Option<RoleRow>> {
    Ok(roles::table.find(id.0).first(conn).optional()?)
}

/// A built-in role.
pub fn built_in(conn: &mut Conn, kind: RoleKind) -> Result<Option<RoleRow>> {
    Ok(roles::table.filter(roles::kind.eq(kind.number())).first(conn).optional()?)
}

/// How many members have each role.
pub fn counts(conn: &mut Conn) -> Result<HashMap<RoleId, i64>> {
    let rows = member_roles::table
        .group_by(member_roles::role)
        .select((member_roles::role, diesel::dsl::count_star()))
        .load::<(i64, i64)>(conn)?;
    Ok(rows.into_iter().map(|(role, count)| (RoleId(role), count)).collect())
}

/// The roles of each of these members, highest first.
pub fn ids_of(conn: &mut Conn, ids: &[MemberId]) -> Result<HashMap<MemberId, Vec<RoleId>>> {
    let raw: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let mut all: HashMap<MemberId, Vec<RoleId>> = HashMap::with_capacity(raw.len());
    for part in raw.chunks(CHUNK) {
        let rows = member_roles::table
            .inner_join(roles::table.on(roles::id.eq(member_roles::role)))
            .filter(member_roles::member.eq_any(part.to_vec()))
            .order((roles::place, roles::id))
            .select((member_roles::member, member_roles::role))
            .load::<(i64, i64)>(conn)?;
        for (member, role) in rows {
            all.entry(MemberId(member)).or_default().push(RoleId(role));
        }
    }
    Ok(all)
}

/// Everyone who has the role, in ascending id.
pub fn holders(conn: &mut Conn, role: RoleId) -> Result<Vec<MemberId>> {
    let rows = member_roles::table
        .filter(member_roles::role.eq(role.0))
        .order(member_roles::member)
        .select(member_roles::member)
        .load::<i64>(conn)?;
    Ok(rows.into_iter().map(MemberId).collect())
}

/// How many active members are owners. Locks the owners' role until COMMIT, so that two owners cannot go at once.
pub fn count_owners(tx: &mut Tx<'_>) -> Result<i64> {
    diesel::update(roles::table.filter(roles::kind.eq(RoleKind::Owner.number()))).set(roles::place.eq(roles::place)).execute(&mut **tx)?;
    Ok(member_roles::table
        .inner_join(roles::table.on(roles::id.eq(member_roles::role)))
        .inner_join(members::table.on(members::id.eq(member_roles::member)))
        .filter(roles::kind.eq(RoleKind::Owner.number()))
        .filter(members::state.eq(MemberState::Active.number()))
        .count()
        .get_result(&mut **tx)?)
}

/// Does anybody own this community?
pub fn has_owner(conn: &mut Conn) -> Result<bool> {
    let owners = member_roles::table
        .inner_join(roles::table.on(roles::id.eq(member_roles::role)))
        .filter(roles::kind.eq(RoleKind::Owner.number()))
        .select(member_roles::member)
        .limit(1)
        .load::<i64>(conn)?;
    Ok(!owners.is_empty())
}

/// Gives a role; a second time is nothing.
pub fn give(tx: &mut Tx<'_>, member: MemberId, role: RoleId) -> Result<()> {
    diesel::insert_into(member_roles::table)
        .values(on_conflict((member_roles::member.eq(member.0), member_roles::role.eq(role.0)), "ON CONFLICT DO NOTHING"))
        .execute(&mut **tx)?;
    Ok(())
}

/// Takes a role away.
pub fn take(tx: &mut Tx<'_>, member: MemberId, role: RoleId) -> Result<()> {
    diesel::delete(member_roles::table.find((member.0, role.0))).execute(&mut **tx)?;
    Ok(())
}

/// Writes the union of their roles' permissions to these members, in ascending id; tells whose changed.
pub fn rewrite_permissions(tx: &mut Tx<'_>, ids: &[MemberId]) -> Result<Vec<(MemberId, Permissions)>> {
    let mut raw: Vec<i64> = ids.iter().map(|id| id.0).collect();
    raw.sort_unstable();
    let mut changed = Vec::new();
    for part in raw.chunks(CHUNK) {
        let stored: Vec<(i64, i64)> = members::table
            .filter(members::id.eq_any(part.to_vec()))
            .order(members::id)
            .select((members::id, members::permissions))
            .load(&mut **tx)?;
        let granted: Vec<(i64, i64)> = member_roles::table
            .inner_join(roles::table.on(roles::id.eq(member_roles::role)))
            .filter(member_roles::member.eq_any(part.to_vec()))
            .select((member_roles::member, roles::permissions))
            .load(&mut **tx)?;
        let mut union: BTreeMap<i64, Permissions> = stored.iter().map(|(id, _)| (*id, Permissions::NONE)).collect();
        for (member, bits) in granted {
            union.entry(member).and_modify(|all| *all = all.and(Permissions::from_bits(bits)));
        }
        for (member, before) in stored {
            let now = union.get(&member).copied().unwrap_or(Permissions::NONE);
            if now.bits() != before {
                diesel::update(members::table.find(member)).set(members::permissions.eq(now.bits())).execute(&mut **tx)?;
                changed.push((MemberId(member), now));
            }
        }
    }
    Ok(changed)
}

/// Stores a new role.
pub fn insert(tx: &mut Tx<'_>, row: &RoleRow) -> Result<()> {
    diesel::insert_into(roles::table)
        .values((
            roles::id.eq(row.id.0),
            roles::name.eq(&row.name),
            roles::kind.eq(row.kind),
            roles::place.eq(row.place),
            roles::permissions.eq(row.permissions),
        ))
        .execute(&mut **tx)
        .map_err(name_taken)?;
    Ok(())
}

/// Stores name, place and permissions.
pub fn save(tx: &mut Tx<'_>, row: &RoleRow) -> Result<()> {
    diesel::update(roles::table.find(row.id.0))
        .set((roles::name.eq(&row.name), roles::place.eq(row.place), roles::permissions.eq(row.permissions)))
        .execute(&mut **tx)
        .map_err(name_taken)?;
    Ok(())
}

fn name_taken(error: diesel::result::Error) -> Error {
    use diesel::result::{DatabaseErrorKind, Error as Diesel};
    match error {
        Diesel::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => Error::invalid("name", "members.role_name_taken"),
        other => other.into(),
    }
}

/// Is there already a role with this name, other than `but`?
pub fn is_named(conn: &mut Conn, name: &str, but: Option<RoleId>) -> Result<bool> {
    let found = roles::table.filter(roles::name.eq(name)).select(roles::id).first::<i64>(conn).optional()?;
    Ok(found.is_some_and(|id| but != Some(RoleId(id))))
}

/// Deletes a role, takes it from everyone who has it, and from invites.
pub fn delete(tx: &mut Tx<'_>, role: RoleId) -> Result<()> {
    diesel::update(invites::table.filter(invites::role.eq(role.0))).set(invites::role.eq(None::<i64>)).execute(&mut **tx)?;
    diesel::delete(member_roles::table.filter(member_roles::role.eq(role.0))).execute(&mut **tx)?;
    diesel::delete(roles::table.find(role.0)).execute(&mut **tx)?;
    Ok(())
}

//! Roles: the built-in ones, own ones, and who has which.

use std::collections::BTreeSet;

use serde_json::json;

use super::{announce_look, announce_rights, store};
use crate::access::{Actor, Permission, Permissions};
use crate::error::{Error, Found, Result};
use crate::ids::{MemberId, RoleId};
use crate::members::model::{Line, NamedRole, NewRole, Role, RoleChange, RoleKind, RoleRow};
use crate::members::notices::{Notice, Notices};
use crate::members::policy::{ChangeRole, GiveRoles, MakeRoles};
use crate::storage::{Act, Conn, Tx, record};
use crate::text::mention_handle;

/// Most roles of a community.
const MOST: usize = 100;

/// Makes the built-in roles that are missing, and keeps what owners may do complete.
///
/// # Errors
/// When the database refuses.
pub fn ensure_built_in_roles(tx: &mut Tx<'_>) -> Result<()> {
    for (place, kind) in (0_i16..).zip(RoleKind::BUILT_IN) {
        if store::roles::built_in(tx, kind)?.is_none() {
            let place = if kind == RoleKind::Member { i16::MAX } else { place };
            let row = RoleRow {
                id: tx.new_id(),
                name: kind.first_name().to_owned(),
                kind: kind.number(),
                place,
                permissions: kind.first_permissions().bits(),
            };
            store::roles::insert(tx, &row)?;
        }
    }
    Ok(())
}

/// The id of a built-in role.
///
/// # Errors
/// When the built-in roles were not made.
pub fn built_in_role(conn: &mut Conn, kind: RoleKind) -> Result<RoleId> {
    store::roles::built_in(conn, kind)?.map(|row| row.id).ok_or_else(|| Error::broken("no built-in roles"))
}

/// Every role with its name, highest first: for mentions and profiles.
///
/// # Errors
/// When the database cannot be read.
pub fn role_names(conn: &mut Conn) -> Result<Vec<NamedRole>> {
    Ok(store::roles::all(conn)?.into_iter().map(RoleRow::named).collect())
}

/// What is written behind an `@` to call those who have a role, for each role that can be called, highest first; not for the one that
/// everyone has.
///
/// # Errors
/// When the database cannot be read.
pub fn role_handles(conn: &mut Conn) -> Result<Vec<(RoleId, String)>> {
    let mut handles: Vec<(RoleId, String)> = Vec::new();
    for row in store::roles::all(conn)?.into_iter().filter(|row| row.kind() != RoleKind::Member) {
        let handle = mention_handle(&row.name).filter(|handle| !["room", "all", "here"].contains(&handle.as_str()));
        if let Some(handle) = handle.filter(|handle| handles.iter().all(|(_, known)| known != handle)) {
            handles.push((row.id, handle));
        }
    }
    Ok(handles)
}

/// Every role as administrators see it, highest first.
///
/// # Errors
/// When the database cannot be read.
pub fn roles(conn: &mut Conn) -> Result<Vec<Role>> {
    let counts = store::roles::counts(conn)?;
    let rows = store::roles::all(conn)?;
    Ok(rows.into_iter().map(|row| (counts.get(&row.id).copied().unwrap_or(0), row)).map(|(count, row)| row.role(count)).collect())
}

fn role_name(text: &str) -> Result<String> {
    let name = Line::parse(text, 40, "name", "members.role_name_shape")?.into_string();
    if name.is_empty() { Err(Error::invalid("name", "members.role_name_shape")) } else { Ok(name) }
}

fn check_free(conn: &mut Conn, name: &str, but: Option<RoleId>) -> Result<()> {
    if store::roles::is_named(conn, name, but)? { Err(Error::invalid("name", "members.role_name_taken")) } else { Ok(()) }
}

fn trace_role(tx: &mut Tx<'_>, actor: &Actor, act: &'static str, before: Option<&RoleRow>, after: Option<&RoleRow>) -> Result<()> {
    let say = |row: &RoleRow| json!({ "name": row.name, "place": row.place, "permissions": row.permissions() });
    let id = after.or(before).map(|row| row.id.to_string()).unwrap_or_default();
    let (before, after) = (before.map(say), after.map(say));
    record(tx, &Act { actor: actor.member, act, subject_kind: "role", subject: id, before, after, reason: None, address: actor.address })?;
    Ok(())
}

/// Makes a role.
///
/// # Errors
/// `members.role_name_shape`, `members.role_name_taken`, `members.role_count`, or a refusal with `members.above_you`.
pub fn make_role(tx: &mut Tx<'_>, may: &MakeRoles, actor: &Actor, new: &NewRole) -> Result<Role> {
    may.may_make(new.permissions)?;
    let name = role_name(&new.name)?;
    check_free(tx, &name, None)?;
    let all = store::roles::all(tx)?;
    if all.len() >= MOST {
        return Err(Error::conflict("members.role_count"));
    }
    let last = all.iter().map(|row| row.place).filter(|place| *place < i16::MAX).max().unwrap_or(0);
    let place = new.place.unwrap_or(last.saturating_add(1)).clamp(0, i16::MAX - 1);
    let row = RoleRow { id: tx.new_id(), name, kind: RoleKind::Own.number(), place, permissions: new.permissions.bits() };
    store::roles::insert(tx, &row)?;
    trace_role(tx, actor, "roles.make", None, Some(&row))?;
    Ok(row.role(0))
}

/// Changes a role; everyone who has it hears at once what they may do now.
///
/// # Errors
/// As [`make_role`], `members.owner_role_fixed`, and `members.locks_you_out` when the actor's own rights to manage would be cut.
pub fn change_role(tx: &mut Tx<'_>, may: &ChangeRole, actor: &Actor, change: RoleChange) -> Result<Role> {
    let before = store::roles::by_id(tx, may.role())?.found()?;
    let mut row = before.clone();
    if let Some(name) = change.name {
        row.name = role_name(&name)?;
        check_free(tx, &row.name, Some(row.id))?;
    }
    if let Some(place) = change.place {
        row.place = place.clamp(0, i16::MAX - 1);
    }
    if let Some(permissions) = change.permissions {
        may.may_become(permissions)?;
        row.permissions = permissions.bits();
    }
    if row != before {
        store::roles::save(tx, &row)?;
        trace_role(tx, actor, "roles.change", Some(&before), Some(&row))?;
    }
    let holders = store::roles::holders(tx, row.id)?;
    if row.permissions != before.permissions {
        spread(tx, &holders, may.by())?;
        check_not_locked_out(tx, actor)?;
    }
    Ok(row.role(i64::try_from(holders.len()).unwrap_or(i64::MAX)))
}

/// Deletes a role of the community's own; nobody has it any more.
///
/// # Errors
/// `members.role_built_in`, `members.locks_you_out`.
pub fn delete_role(tx: &mut Tx<'_>, may: &ChangeRole, actor: &Actor, notices: &Notices) -> Result<()> {
    may.may_delete()?;
    let before = store::roles::by_id(tx, may.role())?.found()?;
    let holders = store::roles::holders(tx, may.role())?;
    store::roles::delete(tx, may.role())?;
    trace_role(tx, actor, "roles.delete", Some(&before), None)?;
    store::roles::rewrite_permissions(tx, &holders)?;
    check_not_locked_out(tx, actor)?;
    for member in holders {
        announce_rights(tx, member, Some(may.by()))?;
        announce_look(tx, notices, member, Some(may.by()))?;
    }
    notices.tell(tx, Notice::RoleDeleted { role: may.role() })
}

/// Writes the permissions of these members again; those who may do something else now hear it.
fn spread(tx: &mut Tx<'_>, members: &[MemberId], by: MemberId) -> Result<()> {
    for (member, _) in store::roles::rewrite_permissions(tx, members)? {
        announce_rights(tx, member, Some(by))?;
    }
    Ok(())
}

/// Says which roles a member has; the role of every member stays.
///
/// # Errors
/// `members.role_unknown`, `members.last_owner`, `members.locks_you_out`, or a refusal with `members.above_you` for a role with more than the actor has.
pub fn set_roles(tx: &mut Tx<'_>, may: &GiveRoles, actor: &Actor, notices: &Notices, wanted: &[RoleId]) -> Result<()> {
    let all = store::roles::all(tx)?;
    let row = |id: RoleId| all.iter().find(|row| row.id == id);
    if wanted.iter().any(|id| row(*id).is_none()) {
        return Err(Error::invalid("roles", "members.role_unknown"));
    }
    let everyone = all.iter().filter(|row| row.kind() == RoleKind::Member).map(|row| row.id);
    let after: BTreeSet<RoleId> = wanted.iter().copied().chain(everyone).collect();
    let before: BTreeSet<RoleId> =
        store::roles::ids_of(tx, &[may.member()])?.remove(&may.member()).unwrap_or_default().into_iter().collect();
    for moved in before.symmetric_difference(&after) {
        may.may_move(row(*moved).map_or(Permissions::NONE, RoleRow::permissions))?;
    }
    if before == after {
        return Ok(());
    }
    let loses_owner = before.difference(&after).any(|id| row(*id).is_some_and(|row| row.kind() == RoleKind::Owner));
    if loses_owner {
        check_not_last_owner(tx, may.member())?;
    }
    for gone in before.difference(&after) {
        store::roles::take(tx, may.member(), *gone)?;
    }
    for given in after.difference(&before) {
        store::roles::give(tx, may.member(), *given)?;
    }
    store::roles::rewrite_permissions(tx, &[may.member()])?;
    check_not_locked_out(tx, actor)?;
    let names = |ids: &BTreeSet<RoleId>| json!({ "roles": ids.iter().filter_map(|id| row(*id)).map(|row| &row.name).collect::<Vec<_>>() });
    let act = Act {
        actor: actor.member,
        act: "members.roles",
        subject_kind: "member",
        subject: may.member().to_string(),
        before: Some(names(&before)),
        after: Some(names(&after)),
        reason: None,
        address: actor.address,
    };
    record(tx, &act)?;
    announce_rights(tx, may.member(), Some(may.by()))?;
    announce_look(tx, notices, may.member(), Some(may.by()))
}

/// Refuses what would take from its own actor the right to manage members or roles: nobody below them could give it back, and an
/// administrator alone would have locked themselves out. Owners lose it only with their role, which the last of them keeps.
fn check_not_locked_out(tx: &mut Tx<'_>, actor: &Actor) -> Result<()> {
    let Some(member) = actor.member.filter(|_| actor.permissions != Permissions::ALL) else { return Ok(()) };
    let left = store::members::by_id(tx, member)?.found()?.permissions();
    let kept = [Permission::MembersManage, Permission::RolesManage].into_iter().all(|one| left.has(one) || !actor.permissions.has(one));
    if kept { Ok(()) } else { Err(Error::conflict("members.locks_you_out")) }
}

/// Refuses to leave the community without an active owner.
pub(super) fn check_not_last_owner(tx: &mut Tx<'_>, member: MemberId) -> Result<()> {
    let row = store::members::by_id(tx, member)?.found()?;
    if row.permissions() == Permissions::ALL && store::roles::count_owners(tx)? <= 1 {
        return Err(Error::conflict("members.last_owner"));
    }
    Ok(())
}

//! Permits about roles: who sees, makes and changes them.

use diesel::prelude::*;

use crate::access::{Actor, Permission, Permissions, Permit, Scope};
use crate::error::{Error, Found, Result};
use crate::ids::{MemberId, RoleId};
use crate::members::model::RoleKind;
use crate::storage::Conn;
use crate::storage::schema::roles;

/// See the roles and what they allow.
#[derive(Debug)]
pub struct SeeRoles(());

impl Permit for SeeRoles {
    type Target = ();
    const SCOPE: Scope = Scope::Admin;

    fn check(_: &mut Conn, actor: &Actor, (): ()) -> Result<Self> {
        let opens = [Permission::RolesManage, Permission::MembersManage, Permission::Invite];
        actor.signed_in()?;
        if opens.into_iter().any(|one| actor.permissions.has(one)) { Ok(Self(())) } else { Err(Error::forbidden("access.not_allowed")) }
    }
}

/// Make roles.
#[derive(Debug)]
pub struct MakeRoles {
    by: MemberId,
    permissions: Permissions,
}

impl Permit for MakeRoles {
    type Target = ();
    const SCOPE: Scope = Scope::Admin;

    fn check(_: &mut Conn, actor: &Actor, (): ()) -> Result<Self> {
        Ok(Self { by: actor.allowed(Permission::RolesManage)?, permissions: actor.permissions })
    }
}

impl MakeRoles {
    /// By whom.
    #[must_use]
    pub const fn by(&self) -> MemberId {
        self.by
    }

    /// Nobody makes a role that allows more than their own.
    ///
    /// # Errors
    /// A refusal with `members.above_you`.
    pub fn may_make(&self, role: Permissions) -> Result<()> {
        if self.permissions.covers(role) { Ok(()) } else { Err(Error::forbidden("members.above_you")) }
    }
}

/// Change or delete one role; nobody does that to a role with more than they have, or to the owners'.
#[derive(Debug)]
pub struct ChangeRole {
    role: RoleId,
    kind: RoleKind,
    by: MemberId,
    permissions: Permissions,
}

impl Permit for ChangeRole {
    type Target = RoleId;
    const SCOPE: Scope = Scope::Admin;

    fn check(conn: &mut Conn, actor: &Actor, role: RoleId) -> Result<Self> {
        let by = actor.allowed(Permission::RolesManage)?;
        let (kind, bits) =
            roles::table.find(role.0).select((roles::kind, roles::permissions)).first::<(i16, i64)>(conn).optional()?.found()?;
        let may = Self { role, kind: RoleKind::from_number(kind), by, permissions: actor.permissions };
        may.may_touch(Permissions::from_bits(bits))?;
        Ok(may)
    }
}

impl ChangeRole {
    /// Which.
    #[must_use]
    pub const fn role(&self) -> RoleId {
        self.role
    }

    /// By whom.
    #[must_use]
    pub const fn by(&self) -> MemberId {
        self.by
    }

    /// Nobody touches a role with more than they have.
    fn may_touch(&self, role: Permissions) -> Result<()> {
        if self.permissions.reaches(role) { Ok(()) } else { Err(Error::forbidden("members.above_you")) }
    }

    /// Nobody adds what they do not have; what owners may do is fixed.
    ///
    /// # Errors
    /// A refusal with `members.above_you` or `members.owner_role_fixed`.
    pub fn may_become(&self, permissions: Permissions) -> Result<()> {
        if self.kind == RoleKind::Owner {
            return Err(Error::conflict("members.owner_role_fixed"));
        }
        if self.permissions.covers(permissions) { Ok(()) } else { Err(Error::forbidden("members.above_you")) }
    }

    /// Built-in roles stay.
    ///
    /// # Errors
    /// A conflict with `members.role_built_in`.
    pub fn may_delete(&self) -> Result<()> {
        if self.kind == RoleKind::Own { Ok(()) } else { Err(Error::conflict("members.role_built_in")) }
    }
}

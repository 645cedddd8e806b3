//! Permits about invites, and what an invite may give.

use diesel::prelude::*;

use crate::access::{Actor, Permission, Permissions, Permit, Scope};
use crate::error::{Error, Found, Result};
use crate::ids::{InviteId, MemberId};
use crate::storage::Conn;
use crate::storage::schema::invites;

/// Make, see and take back invites.
#[derive(Debug)]
pub struct MakeInvites {
    by: MemberId,
    permissions: Permissions,
}

impl Permit for MakeInvites {
    type Target = ();
    const SCOPE: Scope = Scope::Admin;

    fn check(_: &mut Conn, actor: &Actor, (): ()) -> Result<Self> {
        Ok(Self { by: actor.allowed(Permission::Invite)?, permissions: actor.permissions })
    }
}

impl MakeInvites {
    /// By whom.
    #[must_use]
    pub const fn by(&self) -> MemberId {
        self.by
    }

    /// An invite gives no more than the inviter has, and never what administrators have.
    ///
    /// # Errors
    /// `members.invite_role` on `role`.
    pub fn may_give(&self, role: Permissions) -> Result<()> {
        if may_be_invited_to(self.permissions, role) { Ok(()) } else { Err(Error::invalid("role", "members.invite_role")) }
    }
}

/// May somebody with `inviter` give a role with `role` to a stranger?
#[must_use]
pub fn may_be_invited_to(inviter: Permissions, role: Permissions) -> bool {
    let powers = [
        Permission::MembersManage,
        Permission::MembersGrant,
        Permission::PaymentsRecord,
        Permission::RolesManage,
        Permission::PlansEdit,
        Permission::SettingsManage,
        Permission::MailRead,
        Permission::AuditRead,
    ];
    inviter.reaches(role) && role != Permissions::ALL && !powers.into_iter().any(|power| role.has(power))
}

/// Take one invite back.
#[derive(Debug)]
pub struct EndInvite {
    invite: InviteId,
    by: MemberId,
}

impl Permit for EndInvite {
    type Target = InviteId;
    const SCOPE: Scope = Scope::Admin;

    fn check(conn: &mut Conn, actor: &Actor, invite: InviteId) -> Result<Self> {
        let by = actor.allowed(Permission::Invite)?;
        invites::table.find(invite.0).filter(invites::revoked_at.is_null()).select(invites::id).first::<i64>(conn).optional()?.found()?;
        Ok(Self { invite, by })
    }
}

impl EndInvite {
    /// Which.
    #[must_use]
    pub const fn invite(&self) -> InviteId {
        self.invite
    }

    /// By whom.
    #[must_use]
    pub const fn by(&self) -> MemberId {
        self.by
    }
}

//! Who may do what to whom. The only place that makes the slice's permits.

use diesel::prelude::*;

use super::model::{MemberState, RoleKind, SessionKind};
use crate::access::{Actor, Permission, Permissions, Permit, Scope, Scopes};
use crate::error::{Error, Found, Result};
use crate::ids::{InviteId, MemberId, RoleId, SessionId};
use crate::storage::Conn;
use crate::storage::schema::{invites, members, roles, sessions};

/// Does `one` have everything that `other` has? Only an owner is equal to an owner, whatever the roles say.
#[must_use]
pub fn outranks(one: Permissions, other: Permissions) -> bool {
    if other == Permissions::ALL { one == Permissions::ALL } else { one.covers(other) }
}

/// A signed-in member reads what is theirs.
#[derive(Debug)]
pub struct SeeMe {
    member: MemberId,
}

/// A signed-in member changes what is theirs.
#[derive(Debug)]
pub struct ChangeMe {
    member: MemberId,
    scopes: Scopes,
}

impl Permit for SeeMe {
    type Target = ();
    const SCOPE: Scope = Scope::Read;

    fn check(_: &mut Conn, actor: &Actor, (): ()) -> Result<Self> {
        Ok(Self { member: actor.signed_in()? })
    }
}

impl SeeMe {
    /// Who.
    #[must_use]
    pub const fn member(&self) -> MemberId {
        self.member
    }
}

impl Permit for ChangeMe {
    type Target = ();
    const SCOPE: Scope = Scope::Account;

    fn check(_: &mut Conn, actor: &Actor, (): ()) -> Result<Self> {
        Ok(Self { member: actor.signed_in()?, scopes: actor.scopes })
    }
}

impl ChangeMe {
    /// Who.
    #[must_use]
    pub const fn member(&self) -> MemberId {
        self.member
    }

    /// What they ask with may itself be used for: a token made with it gets no more.
    #[must_use]
    pub const fn scopes(&self) -> Scopes {
        self.scopes
    }
}

/// A member ends a session or token of theirs.
#[derive(Debug)]
pub struct EndMine {
    member: MemberId,
    session: SessionId,
    kind: SessionKind,
}

impl Permit for EndMine {
    type Target = SessionId;
    const SCOPE: Scope = Scope::Account;

    fn check(conn: &mut Conn, actor: &Actor, session: SessionId) -> Result<Self> {
        let member = actor.signed_in()?;
        let kind =
            sessions::table.find(session.0).filter(sessions::member.eq(member.0)).select(sessions::kind).first(conn).optional()?.found()?;
        Ok(Self { member, session, kind: SessionKind::from_number(kind) })
    }
}

impl EndMine {
    /// Who.
    #[must_use]
    pub const fn member(&self) -> MemberId {
        self.member
    }

    /// Which.
    #[must_use]
    pub const fn session(&self) -> SessionId {
        self.session
    }

    /// Is it an API token?
    #[must_use]
    pub fn is_token(&self) -> bool {
        self.kind == SessionKind::Token
    }
}

/// A member looks at the list of members.
#[derive(Debug)]
pub struct SeeMembers(());

impl Permit for SeeMembers {
    type Target = ();
    const SCOPE: Scope = Scope::Read;

    fn check(_: &mut Conn, actor: &Actor, (): ()) -> Result<Self> {
        actor.signed_in().map(|_| Self(()))
    }
}

/// A member looks at another; those who still wait are not there yet.
#[derive(Debug)]
pub struct SeeMember {
    member: MemberId,
}

impl Permit for SeeMember {
    type Target = MemberId;
    const SCOPE: Scope = Scope::Read;

    fn check(conn: &mut Conn, actor: &Actor, member: MemberId) -> Result<Self> {
        actor.signed_in()?;
        let (state, _) = standing(conn, member)?;
        if state == MemberState::Pending { Err(Error::NotFound) } else { Ok(Self { member }) }
    }
}

impl SeeMember {
    /// Whom.
    #[must_use]
    pub const fn member(&self) -> MemberId {
        self.member
    }
}

fn standing(conn: &mut Conn, member: MemberId) -> Result<(MemberState, Permissions)> {
    let row = members::table.find(member.0).select((members::state, members::permissions)).first::<(i16, i64)>(conn).optional()?.found()?;
    Ok((MemberState::from_number(row.0), Permissions::from_bits(row.1)))
}

/// Those who may do anything about members in the dashboard.
fn keeps_members(actor: &Actor) -> Result<MemberId> {
    let member = actor.signed_in()?;
    let opens = [Permission::Approve, Permission::Moderate, Permission::Ban, Permission::MembersManage];
    if opens.into_iter().any(|one| actor.permissions.has(one)) { Ok(member) } else { Err(Error::forbidden("access.not_allowed")) }
}

/// The list of accounts in the dashboard.
#[derive(Debug)]
pub struct SeeAccounts(());

impl Permit for SeeAccounts {
    type Target = ();
    const SCOPE: Scope = Scope::Admin;

    fn check(_: &mut Conn, actor: &Actor, (): ()) -> Result<Self> {
        keeps_members(actor).map(|_| Self(()))
    }
}

/// One account in the dashboard.
#[derive(Debug)]
pub struct SeeAccount {
    member: MemberId,
    sees_private: bool,
}

impl Permit for SeeAccount {
    type Target = MemberId;
    const SCOPE: Scope = Scope::Admin;

    fn check(conn: &mut Conn, actor: &Actor, member: MemberId) -> Result<Self> {
        keeps_members(actor)?;
        standing(conn, member)?;
        Ok(Self { member, sees_private: actor.permissions.has(Permission::MembersManage) })
    }
}

impl SeeAccount {
    /// Whose.
    #[must_use]
    pub const fn member(&self) -> MemberId {
        self.member
    }

    /// Also mail address and sessions?
    #[must_use]
    pub const fn sees_private(&self) -> bool {
        self.sees_private
    }
}

/// May `actor`, by this permission, act on `member`? Never on themselves, never on someone with more, never on a tombstone.
fn over(conn: &mut Conn, actor: &Actor, permission: Permission, member: MemberId) -> Result<MemberId> {
    let by = actor.allowed(permission)?;
    let (state, permissions) = standing(conn, member)?;
    if state == MemberState::Deleted {
        return Err(Error::NotFound);
    }
    if by == member {
        return Err(Error::forbidden("members.not_yourself"));
    }
    if outranks(actor.permissions, permissions) { Ok(by) } else { Err(Error::forbidden("members.above_you")) }
}

macro_rules! over_a_member {
    ($($(#[$doc:meta])* $name:ident by $permission:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name { member: MemberId, by: MemberId }

        impl Permit for $name {
            type Target = MemberId;
            const SCOPE: Scope = Scope::Admin;

            fn check(conn: &mut Conn, actor: &Actor, member: MemberId) -> Result<Self> {
                Ok(Self { member, by: over(conn, actor, Permission::$permission, member)? })
            }
        }

        impl $name {
            /// To whom.
            #[must_use]
            pub const fn member(&self) -> MemberId { self.member }
            /// By whom.
            #[must_use]
            pub const fn by(&self) -> MemberId { self.by }
        }
    )+};
}

over_a_member! {
    /// Shut a member out, and let them in again.
    BanMember by Ban;
    /// Keep a member from writing for a time.
    MuteMember by Moderate;
    /// Say yes or no to somebody who waits.
    DecideSignUp by Approve;
    /// End a member's sessions, make a reset link, delete the account.
    ManageMember by MembersManage;
}

/// Say which roles a member has; also one's own, downwards.
#[derive(Debug)]
pub struct GiveRoles {
    member: MemberId,
    by: MemberId,
    permissions: Permissions,
}

impl Permit for GiveRoles {
    type Target = MemberId;
    const SCOPE: Scope = Scope::Admin;

    fn check(conn: &mut Conn, actor: &Actor, member: MemberId) -> Result<Self> {
        let by = actor.allowed(Permission::MembersManage)?;
        let (state, permissions) = standing(conn, member)?;
        if state == MemberState::Deleted {
            return Err(Error::NotFound);
        }
        if !outranks(actor.permissions, permissions) {
            return Err(Error::forbidden("members.above_you"));
        }
        Ok(Self { member, by, permissions: actor.permissions })
    }
}

impl GiveRoles {
    /// To whom.
    #[must_use]
    pub const fn member(&self) -> MemberId {
        self.member
    }

    /// By whom.
    #[must_use]
    pub const fn by(&self) -> MemberId {
        self.by
    }

    /// Nobody gives or takes what they do not have.
    ///
    /// # Errors
    /// A refusal with `members.above_you`.
    pub fn may_move(&self, role: Permissions) -> Result<()> {
        if outranks(self.permissions, role) { Ok(()) } else { Err(Error::forbidden("members.above_you")) }
    }
}

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
    let powers =
        [Permission::MembersManage, Permission::RolesManage, Permission::SettingsManage, Permission::MailRead, Permission::AuditRead];
    outranks(inviter, role) && role != Permissions::ALL && !powers.into_iter().any(|power| role.has(power))
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
        if !outranks(actor.permissions, Permissions::from_bits(bits)) {
            return Err(Error::forbidden("members.above_you"));
        }
        Ok(Self { role, kind: RoleKind::from_number(kind), by, permissions: actor.permissions })
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

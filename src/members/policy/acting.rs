//! Permits to act on another member: ban, mute, decide, manage, give roles.

use actix_web::HttpRequest;

use super::standing;
use crate::access::{Actor, Permission, Permissions, Permit, Scope, Target};
use crate::error::{Error, Result};
use crate::ids::MemberId;
use crate::members::model::MemberState;
use crate::storage::{Conn, hold_roles};

/// May `actor`, by this permission, act on `member`? Never on themselves, never on someone with more, never on a tombstone.
pub(super) fn over(conn: &mut Conn, actor: &Actor, permission: Permission, member: MemberId) -> Result<MemberId> {
    actor.allowed(permission)?;
    let standing = standing(conn, member)?;
    over_who_stands(actor, permission, member, standing)
}

/// The same where it is known where the member stands.
pub(super) fn over_who_stands(
    actor: &Actor,
    permission: Permission,
    member: MemberId,
    (state, permissions): (MemberState, Permissions),
) -> Result<MemberId> {
    let by = actor.allowed(permission)?;
    if state == MemberState::Deleted {
        return Err(Error::NotFound);
    }
    if by == member {
        return Err(Error::forbidden("members.not_yourself"));
    }
    if actor.permissions.reaches(permissions) { Ok(by) } else { Err(Error::forbidden("members.above_you")) }
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

/// Act on several members at once; about each of them the permit of the act is asked.
#[derive(Debug)]
pub struct ActOnMany(());

impl Permit for ActOnMany {
    type Target = ();
    const SCOPE: Scope = Scope::Admin;

    fn check(_: &mut Conn, actor: &Actor, (): ()) -> Result<Self> {
        actor.signed_in()?;
        let opens = [Permission::MembersManage, Permission::Ban];
        if opens.into_iter().any(|one| actor.permissions.has(one)) { Ok(Self(())) } else { Err(Error::forbidden("access.not_allowed")) }
    }
}

/// Take a table of several members along, with their addresses.
#[derive(Debug)]
pub struct ExportMembers {
    by: MemberId,
}

impl Permit for ExportMembers {
    type Target = ();
    const SCOPE: Scope = Scope::Admin;

    fn check(_: &mut Conn, actor: &Actor, (): ()) -> Result<Self> {
        Ok(Self { by: actor.allowed(Permission::MembersManage)? })
    }
}

impl ExportMembers {
    /// By whom.
    #[must_use]
    pub const fn by(&self) -> MemberId {
        self.by
    }
}

/// A member whose roles are to be said: in the turn of whoever says anything of roles.
#[derive(Clone, Copy, Debug)]
pub struct Holder(pub MemberId);

impl Target for Holder {
    fn from_path(request: &HttpRequest) -> Result<Self> {
        MemberId::from_path(request).map(Self)
    }

    fn take_turn(&self, conn: &mut Conn) -> Result<()> {
        hold_roles(conn)
    }
}

/// Say which roles a member has; also one's own, downwards.
#[derive(Debug)]
pub struct GiveRoles {
    member: MemberId,
    by: MemberId,
    permissions: Permissions,
}

impl Permit for GiveRoles {
    type Target = Holder;
    const SCOPE: Scope = Scope::Admin;

    fn check(conn: &mut Conn, actor: &Actor, Holder(member): Holder) -> Result<Self> {
        let by = actor.allowed(Permission::MembersManage)?;
        let (state, permissions) = standing(conn, member)?;
        if state == MemberState::Deleted {
            return Err(Error::NotFound);
        }
        if !actor.permissions.reaches(permissions) {
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
        if self.permissions.reaches(role) { Ok(()) } else { Err(Error::forbidden("members.above_you")) }
    }
}

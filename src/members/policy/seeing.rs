//! Permits to look at members: as another member, and in the dashboard.

use super::standing;
use crate::access::{Actor, Permission, Permit, Scope};
use crate::error::{Error, Result};
use crate::ids::MemberId;
use crate::members::model::MemberState;
use crate::storage::Conn;

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

/// Those who may do anything about members in the dashboard.
fn keeps_members(actor: &Actor) -> Result<MemberId> {
    let member = actor.signed_in()?;
    let opens = [
        Permission::Approve,
        Permission::Moderate,
        Permission::Ban,
        Permission::MembersManage,
        Permission::MembersGrant,
        Permission::PaymentsRecord,
    ];
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
    is_own: bool,
}

impl Permit for SeeAccount {
    type Target = MemberId;
    const SCOPE: Scope = Scope::Admin;

    fn check(conn: &mut Conn, actor: &Actor, member: MemberId) -> Result<Self> {
        keeps_members(actor)?;
        standing(conn, member)?;
        let sees_private = actor.permissions.has(Permission::MembersManage);
        Ok(Self { member, sees_private, is_own: actor.member == Some(member) })
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

    /// Is it their own? Then they learn of what was done to them what everybody does.
    #[must_use]
    pub const fn is_own(&self) -> bool {
        self.is_own
    }
}

//! Who may see and change what in the dashboard. The only place that makes the slice's permits.

use actix_web::HttpRequest;
use diesel::prelude::*;

use super::health;
use crate::access::{Actor, Ground, Permission, Permissions, Permit, Scope, Target};
use crate::error::{Error, Found, Result};
use crate::ids::{JobId, LetterId, MemberId};
use crate::jobs::{self, JobItem};
use crate::storage::Conn;
use crate::storage::schema::{letters, members};

/// Do the actor's roles allow at least one of these?
fn any_of(actor: &Actor, opens: &[Permission]) -> Result<MemberId> {
    let member = actor.signed_in()?;
    if opens.iter().any(|one| actor.permissions.has(*one)) { Ok(member) } else { Err(Error::forbidden("access.not_allowed")) }
}

/// The dashboard's front page and its numbers: everybody to whom any page of it is open.
#[derive(Debug)]
pub struct OpenDashboard {
    permissions: Permissions,
}

impl Permit for OpenDashboard {
    type Target = ();
    const SCOPE: Scope = Scope::Admin;

    fn check(_: &mut Conn, actor: &Actor, (): ()) -> Result<Self> {
        actor.signed_in()?;
        let opens = actor.permissions.iter().any(Permission::opens_dashboard);
        if opens { Ok(Self { permissions: actor.permissions }) } else { Err(Error::forbidden("access.not_allowed")) }
    }
}

impl OpenDashboard {
    /// What of it is open to them.
    #[must_use]
    pub const fn permissions(&self) -> Permissions {
        self.permissions
    }
}

macro_rules! pages {
    ($($(#[$doc:meta])* $name:ident by $($permission:ident)|+;)+) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name(());

        impl Permit for $name {
            type Target = ();
            const SCOPE: Scope = Scope::Admin;

            fn check(_: &mut Conn, actor: &Actor, (): ()) -> Result<Self> {
                any_of(actor, &[$(Permission::$permission),+]).map(|_| Self(()))
            }
        }
    )+};
}

pages! {
    /// Read the audit log.
    ReadAudit by AuditRead;
    /// Read the outbox.
    ReadMail by MailRead;
    /// The list of members.
    SeePeople by Approve | Moderate | Ban | MembersManage | MembersGrant | PaymentsRecord;
    /// Invites, the mode of sign-up and those who wait.
    SeeDoor by Invite | Approve | SettingsManage;
    /// What each role allows.
    SeeRights by RolesManage;
    /// Every room that is not a conversation.
    SeeRooms by RoomsManage;
    /// The last step of the set-up.
    FinishSetUp by Invite;
    /// See what work waits, runs and was set aside.
    SeeJobs by SettingsManage;
    /// Read the last lines of the log, and what the program says of itself.
    ReadLog by SettingsManage;
}

/// See and change the community's settings.
#[derive(Debug)]
pub struct ManageSettings {
    member: MemberId,
}

impl Permit for ManageSettings {
    type Target = ();
    const SCOPE: Scope = Scope::Admin;

    fn check(_: &mut Conn, actor: &Actor, (): ()) -> Result<Self> {
        Ok(Self { member: actor.allowed(Permission::SettingsManage)? })
    }
}

impl ManageSettings {
    /// Who.
    #[must_use]
    pub const fn member(&self) -> MemberId {
        self.member
    }
}

/// Let one job run again, or give it up.
#[derive(Debug)]
pub struct KeepJob {
    job: JobItem,
}

impl Permit for KeepJob {
    type Target = JobId;
    const SCOPE: Scope = Scope::Admin;

    fn check(conn: &mut Conn, actor: &Actor, job: JobId) -> Result<Self> {
        actor.allowed(Permission::SettingsManage)?;
        Ok(Self { job: jobs::by_id(conn, job, actor.now)?.found()? })
    }
}

impl KeepJob {
    /// Which.
    #[must_use]
    pub const fn job(&self) -> &JobItem {
        &self.job
    }
}

/// See the figures of each day.
#[derive(Debug)]
pub struct SeeFigures {
    permissions: Permissions,
}

impl Permit for SeeFigures {
    type Target = ();
    const SCOPE: Scope = Scope::Admin;

    fn check(_: &mut Conn, actor: &Actor, (): ()) -> Result<Self> {
        any_of(actor, &[Permission::SettingsManage, Permission::PaymentsRecord])?;
        Ok(Self { permissions: actor.permissions })
    }
}

impl SeeFigures {
    /// Those of the community?
    #[must_use]
    pub const fn sees_community(&self) -> bool {
        self.permissions.has(Permission::SettingsManage)
    }

    /// Those of money?
    #[must_use]
    pub const fn sees_money(&self) -> bool {
        self.permissions.has(Permission::PaymentsRecord)
    }
}

/// With what the health lights are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthDoor {
    /// A ticket made from the data folder's key: the operator, on the command line.
    is_operator: bool,
}

impl Target for HealthDoor {
    fn from_path(request: &HttpRequest) -> Result<Self> {
        let ground = Ground::of(request)?;
        let mut said = form_urlencoded::parse(request.query_string().as_bytes());
        let ticket = said.find(|(name, _)| name == "ticket");
        Ok(Self { is_operator: ticket.is_some_and(|(_, ticket)| health::is_ticket(&ground.keys, &ticket, ground.clock.now())) })
    }
}

/// Read the health lights.
#[derive(Debug)]
pub struct ReadHealth(());

impl Permit for ReadHealth {
    type Target = HealthDoor;
    const SCOPE: Scope = Scope::Admin;

    fn check(_: &mut Conn, actor: &Actor, door: HealthDoor) -> Result<Self> {
        if !door.is_operator {
            any_of(actor, &[Permission::SettingsManage, Permission::MetricsRead])?;
        }
        Ok(Self(()))
    }
}

/// Read one letter.
#[derive(Debug)]
pub struct ReadLetter {
    letter: LetterId,
}

impl Permit for ReadLetter {
    type Target = LetterId;
    const SCOPE: Scope = Scope::Admin;

    fn check(conn: &mut Conn, actor: &Actor, letter: LetterId) -> Result<Self> {
        actor.allowed(Permission::MailRead)?;
        let recipient = letters::table.find(letter.0).select(letters::recipient).first::<String>(conn).optional()?.found()?;
        let theirs = members::table.filter(members::email.eq(recipient)).select(members::permissions).first::<i64>(conn).optional()?;
        // A letter may hold a link that stands for its reader: nobody reads those of somebody with more rights.
        let theirs = Permissions::from_bits(theirs.unwrap_or(0));
        if actor.permissions.reaches(theirs) { Ok(Self { letter }) } else { Err(Error::forbidden("access.not_allowed")) }
    }
}

impl ReadLetter {
    /// Which.
    #[must_use]
    pub const fn letter(&self) -> LetterId {
        self.letter
    }
}

/// One account, with what may be done to it.
#[derive(Debug)]
pub struct SeePerson {
    member: MemberId,
    by: MemberId,
    permissions: Permissions,
}

impl Permit for SeePerson {
    type Target = MemberId;
    const SCOPE: Scope = Scope::Admin;

    fn check(conn: &mut Conn, actor: &Actor, member: MemberId) -> Result<Self> {
        let opens = [
            Permission::Approve,
            Permission::Moderate,
            Permission::Ban,
            Permission::MembersManage,
            Permission::MembersGrant,
            Permission::PaymentsRecord,
        ];
        let by = any_of(actor, &opens)?;
        members::table.find(member.0).select(members::id).first::<i64>(conn).optional()?.found()?;
        Ok(Self { member, by, permissions: actor.permissions })
    }
}

impl SeePerson {
    /// Whose.
    #[must_use]
    pub const fn member(&self) -> MemberId {
        self.member
    }

    /// Is it the account of the one who looks?
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.member == self.by
    }

    /// May the one who looks do this to somebody with these rights? Nobody acts on themselves or on someone with more.
    #[must_use]
    pub fn may(&self, permission: Permission, theirs: Permissions) -> bool {
        !self.is_own() && self.permissions.has(permission) && self.permissions.reaches(theirs)
    }

    /// What the one who looks may do.
    #[must_use]
    pub const fn permissions(&self) -> Permissions {
        self.permissions
    }

    /// Also mail address and sessions?
    #[must_use]
    pub const fn sees_private(&self) -> bool {
        self.permissions.has(Permission::MembersManage)
    }

    /// Does the one who looks see what the member has?
    #[must_use]
    pub const fn sees_membership(&self) -> bool {
        self.permissions.has(Permission::MembersManage)
            || self.permissions.has(Permission::MembersGrant)
            || self.permissions.has(Permission::PaymentsRecord)
    }

    /// May the one who looks say which roles the member has? Also their own, downwards.
    #[must_use]
    pub fn gives_roles(&self, theirs: Permissions) -> bool {
        self.permissions.has(Permission::MembersManage) && self.permissions.reaches(theirs)
    }
}

//! Who may make and rehearse backups, and who may carry them away. The only place that makes these permits.

use crate::access::{Actor, Permission, Permissions, Permit, Scope};
use crate::error::{Error, Found, Result};
use crate::ids::{BackupId, MemberId};
use crate::storage::Conn;

use super::model::Backup;
use super::store;

/// See the backups and make one.
#[derive(Debug)]
pub struct ManageBackups {
    by: MemberId,
    is_owner: bool,
}

impl Permit for ManageBackups {
    type Target = ();
    const SCOPE: Scope = Scope::Admin;

    fn check(_: &mut Conn, actor: &Actor, (): ()) -> Result<Self> {
        Ok(Self { by: actor.allowed(Permission::SettingsManage)?, is_owner: actor.permissions == Permissions::ALL })
    }
}

impl ManageBackups {
    /// Who.
    #[must_use]
    pub const fn by(&self) -> MemberId {
        self.by
    }

    /// May they also carry them away?
    #[must_use]
    pub const fn is_owner(&self) -> bool {
        self.is_owner
    }
}

/// See one backup, and have it rehearsed.
#[derive(Debug)]
pub struct RehearseBackup {
    backup: Backup,
}

impl Permit for RehearseBackup {
    type Target = BackupId;
    const SCOPE: Scope = Scope::Admin;

    fn check(conn: &mut Conn, actor: &Actor, backup: BackupId) -> Result<Self> {
        actor.allowed(Permission::SettingsManage)?;
        Ok(Self { backup: store::by_id(conn, backup)?.found()? })
    }
}

impl RehearseBackup {
    /// Which.
    #[must_use]
    pub const fn backup(&self) -> &Backup {
        &self.backup
    }
}

/// Carry one backup away, or delete it. Who has it reads what everybody wrote and holds every key: that is for owners.
#[derive(Debug)]
pub struct KeepBackup {
    backup: Backup,
    by: MemberId,
}

impl Permit for KeepBackup {
    type Target = BackupId;
    const SCOPE: Scope = Scope::Admin;

    fn check(conn: &mut Conn, actor: &Actor, backup: BackupId) -> Result<Self> {
        let by = actor.allowed(Permission::SettingsManage)?;
        if actor.permissions != Permissions::ALL {
            return Err(Error::forbidden("access.not_allowed"));
        }
        Ok(Self { backup: store::by_id(conn, backup)?.found()?, by })
    }
}

impl KeepBackup {
    /// Which.
    #[must_use]
    pub const fn backup(&self) -> &Backup {
        &self.backup
    }

    /// Who.
    #[must_use]
    pub const fn by(&self) -> MemberId {
        self.by
    }
}

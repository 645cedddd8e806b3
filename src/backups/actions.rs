//! What happens with backups: they are wanted, rehearsed, carried away and deleted, and made when they are due.

use std::io::ErrorKind;
use std::path::Path;

use serde::Serialize;
use serde_json::json;

use super::jobs::{ATTEMPTS, MAKE, REHEARSE, Wanted, key_of};
use super::model::{Backup, BackupState, RehearsalState, file_of, folder_of, name_of};
use super::policy::{KeepBackup, ManageBackups, RehearseBackup};
use super::schedule::{self, Past, Standing};
use super::store;
use crate::access::{Actor, Ground, Keys, Page};
use crate::clock::Millis;
use crate::error::{Error, Found, RefusalKind, Result};
use crate::ids::{BackupId, MemberId};
use crate::jobs::{Enqueue, enqueue, is_due};
use crate::settings::Settings;
use crate::storage::{Act, Conn, Db, Tx, record};

/// How long one may begin to download after the password was given.
const KEY_LIFE: Millis = 5 * 60_000;

/// What was done to a backup leaves a trace.
fn trace(tx: &mut Tx<'_>, actor: &Actor, act: &'static str, backup: BackupId, begun_at: Millis) -> Result<()> {
    let entry = Act {
        actor: actor.member,
        act,
        subject_kind: "backup",
        subject: backup.to_string(),
        before: None,
        after: Some(json!({ "name": name_of(begun_at) })),
        reason: None,
        address: actor.address,
    };
    record(tx, &entry).map(|_| ())
}

/// One more, unless one is being made: then that one.
fn begin(tx: &mut Tx<'_>, by: Option<MemberId>) -> Result<(Backup, bool)> {
    if let Some(backup) = store::being_made(tx)? {
        return Ok((backup, false));
    }
    let backup = store::begin(tx, by)?;
    let backup = store::by_id(tx, backup)?.found()?;
    have_done(tx, MAKE, &backup)?;
    Ok((backup, true))
}

/// A job of this kind for what is now under way with the backup.
fn have_done(tx: &mut Tx<'_>, kind: &'static str, backup: &Backup) -> Result<()> {
    let options = Enqueue { unique_key: Some(key_of(backup)), max_attempts: ATTEMPTS, ..Enqueue::default() };
    let job = enqueue(tx, kind, &Wanted { backup: backup.id }, options)?;
    job.map(drop).ok_or_else(|| Error::broken("a job for the same work is there already"))
}

/// Wants a backup now; the one that is being made already is as good.
///
/// # Errors
/// When the database refuses.
pub fn make(tx: &mut Tx<'_>, may: &ManageBackups, actor: &Actor) -> Result<Backup> {
    let (backup, is_new) = begin(tx, Some(may.by()))?;
    if is_new {
        trace(tx, actor, "backups.make", backup.id, backup.begun_at)?;
    }
    Ok(backup)
}

/// Wants to know whether a backup could be put back.
///
/// # Errors
/// 409 `backups.not_made` when there is nothing to put back.
pub fn ask_rehearsal(tx: &mut Tx<'_>, may: &RehearseBackup, actor: &Actor) -> Result<Backup> {
    let backup = may.backup();
    expect_made(backup)?;
    if backup.rehearsal.as_ref().is_some_and(|one| one.state == RehearsalState::Asked) {
        return Ok(backup.clone());
    }
    store::ask_rehearsal(tx, backup.id)?;
    let backup = store::by_id(tx, backup.id)?.found()?;
    have_done(tx, REHEARSE, &backup)?;
    trace(tx, actor, "backups.rehearse", backup.id, backup.begun_at)?;
    Ok(backup)
}

fn expect_made(backup: &Backup) -> Result<()> {
    if backup.state == BackupState::Made { Ok(()) } else { Err(Error::conflict("backups.not_made")) }
}

/// A key with which one member downloads one backup, for a short time.
#[derive(Serialize, utoipa::ToSchema)]
pub struct DownloadKey {
    /// To be given as `key`.
    pub key: String,
    /// Until when, milliseconds UTC.
    pub expires_at: Millis,
}

fn purpose(may: &KeepBackup) -> String {
    format!("backup {} for {}", may.backup().id, may.by())
}

/// Makes a key for a download; the caller has asked for the password.
///
/// # Errors
/// 409 `backups.not_made` when there is nothing to download.
pub fn unlock(tx: &mut Tx<'_>, may: &KeepBackup, actor: &Actor, keys: &Keys) -> Result<DownloadKey> {
    let backup = may.backup();
    expect_made(backup)?;
    trace(tx, actor, "backups.download", backup.id, backup.begun_at)?;
    let expires_at = actor.now + KEY_LIFE;
    Ok(DownloadKey { key: keys.code_for(&purpose(may), expires_at), expires_at })
}

/// Holds a key against who comes with it.
///
/// # Errors
/// [`Error::NotFound`] when it was never made for this member and this backup, 410 `backups.key_over` when it is too old.
pub fn check_key(may: &KeepBackup, keys: &Keys, key: &str, now: Millis) -> Result<()> {
    let expires_at = keys.id_of_code(&purpose(may), key).found()?;
    if now < expires_at { Ok(()) } else { Err(Error::refused(RefusalKind::Gone, "backups.key_over")) }
}

/// A backup is to go: [`remove`] follows. Until its file is gone the list says so, and what is ended in between is taken up again.
///
/// # Errors
/// 409 `backups.being_made` while it is made.
pub fn delete(tx: &mut Tx<'_>, may: &KeepBackup, actor: &Actor) -> Result<Backup> {
    let backup = may.backup();
    expect_still(backup)?;
    if backup.state != BackupState::Going {
        store::set_going(tx, &[backup.id])?;
        trace(tx, actor, "backups.delete", backup.id, backup.begun_at)?;
    }
    Ok(backup.clone())
}

/// Removes the file of a backup that is to go, and then its row.
///
/// # Errors
/// When the disk does not let it go; the row stays then, and so does the wish.
pub async fn remove(db: &Db, root: &Path, backup: &Backup) -> Result<()> {
    match tokio::fs::remove_file(file_of(root, backup.id, backup.begun_at)).await {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    // A name that comes back after a power failure would have no row.
    match tokio::fs::File::open(folder_of(root)).await {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
        Ok(folder) => folder.sync_all().await?,
        Err(_) => {}
    }
    let id = backup.id;
    db.write(move |tx| store::delete(tx, id)).await
}

/// Removes what is to go. What the disk keeps stays for the next time.
///
/// # Errors
/// When the database cannot be read.
pub(super) async fn remove_going(db: &Db, root: &Path) -> Result<()> {
    for backup in db.read(store::going).await? {
        if let Err(error) = remove(db, root, &backup).await {
            tracing::warn!(backup = %backup.id, %error, "a backup cannot be removed; it is tried again every minute");
        }
    }
    Ok(())
}

/// What is being made is not deleted under the hands of who makes it.
///
/// # Errors
/// 409 `backups.being_made`.
pub fn expect_still(backup: &Backup) -> Result<()> {
    if backup.state == BackupState::Making { Err(Error::conflict("backups.being_made")) } else { Ok(()) }
}

/// A page of them, newest first.
///
/// # Errors
/// When the database cannot be read.
pub fn page(conn: &mut Conn, _: &ManageBackups, before: Option<BackupId>, limit: i64) -> Result<Page<Backup>> {
    Ok(Page::of(store::page(conn, before, limit + 1)?, limit, |backup| backup.id.to_string()))
}

/// What was done so far, as the table and the data folder `root` say it: a backup whose file is not there, or goes, is none. What is yet to come
/// was done while the clock was wrong: the next one would wait for that time, and nobody would miss it.
pub(super) fn past(conn: &mut Conn, root: &Path, now: Millis) -> Result<Past> {
    let has_rows = matches!(conn, Conn::Pg(_));
    let is_none = |backup: &Backup| match backup.state {
        _ if backup.begun_at > now => true,
        BackupState::Going => true,
        // Rows of another version are not put back by this one.
        BackupState::Made => !is_there(root, backup) || has_rows && backup.version != env!("CARGO_PKG_VERSION"),
        _ => false,
    };
    let all: Vec<Backup> = store::all(conn)?.into_iter().filter(|backup| !is_none(backup)).collect();
    let newest = all.first();
    Ok(Past {
        since: store::since(conn)?.filter(|since| *since <= now),
        made: all.iter().find(|backup| backup.state == BackupState::Made).map(|backup| backup.begun_at),
        begun: newest.map(|backup| backup.begun_at),
        trouble: newest.and_then(|backup| backup.trouble.clone()),
    })
}

/// How the backups of this database and of the data folder `root` stand.
///
/// # Errors
/// When the database cannot be read.
pub fn standing(conn: &mut Conn, root: &Path, settings: &Settings, now: Millis) -> Result<Standing> {
    Ok(schedule::standing(settings, &past(conn, root, now)?, now))
}

/// Is the file of a backup where it was put?
#[must_use]
pub fn is_there(root: &Path, backup: &Backup) -> bool {
    backup.state == BackupState::Made && file_of(root, backup.id, backup.begun_at).is_file()
}

/// What is said to be under way, but nobody does.
fn abandoned(conn: &mut Conn) -> Result<Vec<Backup>> {
    let mut found = Vec::new();
    for backup in store::under_way(conn)? {
        if !is_due(conn, &key_of(&backup))? {
            found.push(backup);
        }
    }
    Ok(found)
}

/// Has a backup made when one is due, ends what nobody does any more, and removes what is to go. To be called often.
///
/// # Errors
/// When the database refuses.
pub async fn keep(ground: &Ground) -> Result<()> {
    remove_going(&ground.db, &ground.config.data).await?;
    // A demo is gone when it stops.
    let is_scheduled = !ground.is_demo;
    let (settings, now, root) = (ground.settings.get(), ground.clock.now(), ground.config.data.clone());
    let (past, abandoned) = ground.db.read(move |conn| Ok((past(conn, &root, now)?, abandoned(conn)?))).await?;
    let is_new = is_scheduled && past.since.is_none();
    let is_due = is_scheduled && schedule::next(&settings, &past).is_some_and(|at| at <= now);
    if !is_new && !is_due && abandoned.is_empty() {
        return Ok(());
    }
    let write = ground.db.write(move |tx| {
        abandoned.iter().try_for_each(|backup| store::interrupt(tx, backup))?;
        if is_new {
            store::set_since(tx, now)?;
        }
        if is_due {
            begin(tx, None)?;
        }
        Ok(())
    });
    write.await
}

//! The jobs of this slice: a backup is made, or rehearsed, on a thread of its own, and the table says how it went.

use std::path::PathBuf;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::model::{Backup, BackupState, Contents, RehearsalState, file_of};
use super::read::check;
use super::restore::rehearse;
use super::room::{LEFT_FREE, expect_room};
use super::store;
use super::trouble::Trouble;
use super::turn::Turn;
use super::write::write_in_turn;
use crate::access::Ground;
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::ids::BackupId;
use crate::jobs::{Job, JobHandler};
use crate::settings::SettingsCell;
use crate::storage::{Db, Target};

/// Jobs that make a backup.
pub(super) const MAKE: &str = "backups.make";
/// Jobs that rehearse one.
pub(super) const REHEARSE: &str = "backups.rehearse";
/// How often each is tried: the program may be stopped in the middle.
pub(super) const ATTEMPTS: i32 = 5;

/// What a job of either kind needs to know.
#[derive(Serialize, Deserialize)]
pub(super) struct Wanted {
    pub(super) backup: BackupId,
}

/// The key of the job by which what is under way with a backup goes on: none else has it, even while the job of an earlier rehearsal of the
/// same backup is not gone yet.
pub(super) fn key_of(backup: &Backup) -> String {
    match (&backup.state, &backup.rehearsal) {
        (BackupState::Making, _) => format!("{MAKE}/{}", backup.id),
        (_, rehearsal) => {
            let before = rehearsal.as_ref().and_then(|one| one.at).unwrap_or(0);
            format!("{REHEARSE}/{}/{before}", backup.id)
        }
    }
}

/// Does the jobs.
#[derive(Clone, Debug)]
pub struct Keeper {
    db: Db,
    clock: Clock,
    settings: SettingsCell,
    /// The data folder.
    root: PathBuf,
    target: Target,
}

impl Keeper {
    /// For the data folder and the database of this program.
    #[must_use]
    pub fn new(ground: &Ground) -> Self {
        let (config, settings) = (&ground.config, ground.settings.clone());
        Self { db: ground.db.clone(), clock: ground.clock.clone(), settings, root: config.data.clone(), target: config.target.clone() }
    }

    async fn make(&self, backup: Backup) -> Result<()> {
        let file = file_of(&self.root, backup.id, backup.begun_at);
        let (root, target, clock) = (self.root.clone(), self.target.clone(), self.clock.clone());
        let outcome = aside("rialto-backup", move || -> std::result::Result<_, Trouble> {
            let turn = Turn::wait_for(&root)?;
            // While this waited, an attempt that was thought dead may have made it.
            let now = target.reader().and_then(|mut conn| store::by_id(&mut conn, backup.id));
            let now = now.map_err(|error| Trouble::of_database(&root, &error))?;
            if now.is_none_or(|now| now.state != BackupState::Making) {
                return Ok(None);
            }
            // There only if the program ended between the file and the row.
            let _ = std::fs::remove_file(&file);
            let written = write_in_turn(&turn, &root, &target, &file, &clock)?;
            Ok(Some((written, turn)))
        });
        let outcome = outcome.await?;
        if let Err(trouble) = &outcome {
            tracing::error!(code = trouble.code(), "a backup could not be made: {trouble}");
        }
        // The turn is held until the row says that the file is there.
        let (outcome, _turn) = match outcome {
            Ok(None) => return Ok(()),
            Ok(Some((written, turn))) => (Ok(written), Some(turn)),
            Err(trouble) => (Err(trouble), None),
        };
        let write = self.db.write(move |tx| match outcome {
            Ok(written) => store::made(tx, backup.id, i64::try_from(written.bytes).unwrap_or(i64::MAX)),
            Err(trouble) => store::failed(tx, backup.id, trouble.code()),
        });
        write.await?;
        self.forget_surplus().await
    }

    /// The file goes first: what ends in the middle leaves a row without a file, which goes the next time.
    async fn forget_surplus(&self) -> Result<()> {
        let kept = self.settings.get().backups_kept;
        let surplus = self.db.read(move |conn| store::surplus(conn, kept)).await?;
        for backup in surplus {
            match tokio::fs::remove_file(file_of(&self.root, backup.id, backup.begun_at)).await {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    tracing::warn!(backup = %backup.id, %error, "an old backup cannot be removed");
                }
                _ => self.db.write(move |tx| store::delete(tx, backup.id)).await?,
            }
        }
        Ok(())
    }

    async fn rehearse(&self, backup: Backup) -> Result<()> {
        let file = file_of(&self.root, backup.id, backup.begun_at);
        let (root, clock) = (self.root.clone(), self.clock.clone());
        let outcome = aside("rialto-rehearsal", move || {
            let _turn = Turn::wait_for(&root)?;
            let checked = check(&file)?;
            let beside = root.join("backups");
            expect_room(&[(&beside, checked.bytes()), (&root, LEFT_FREE)])?;
            rehearse(&checked, &beside, &clock)
        });
        let outcome = outcome.await?;
        if let Err(trouble) = &outcome {
            tracing::error!(code = trouble.code(), "a backup could not be rehearsed: {trouble}");
        }
        let found = outcome.map(|report| Contents::from(&report)).map_err(|trouble| trouble.code());
        self.db.write(move |tx| store::rehearsed(tx, backup.id, &found)).await
    }
}

/// On a thread that the end of the program does not wait for.
async fn aside<T: Send + 'static>(name: &str, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let (done, outcome) = oneshot::channel();
    std::thread::Builder::new().name(name.to_owned()).spawn(move || done.send(work()))?;
    outcome.await.map_err(|_| Error::broken("the thread of a backup panicked"))
}

impl JobHandler for Keeper {
    fn run(&self, job: Job) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let Wanted { backup } = job.read()?;
            let Some(backup) = self.db.read(move |conn| store::by_id(conn, backup)).await? else { return Ok(()) };
            let is_wanted = backup.rehearsal.as_ref().is_some_and(|one| one.state == RehearsalState::Asked);
            match job.kind.as_str() {
                MAKE if backup.state == BackupState::Making => self.make(backup).await,
                REHEARSE if is_wanted => self.rehearse(backup).await,
                _ => Ok(()),
            }
        })
    }
}

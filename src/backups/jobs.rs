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
use super::write::write;
use crate::access::Ground;
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::ids::BackupId;
use crate::jobs::{Job, JobHandler};
use crate::settings::SettingsCell;
use crate::storage::{Db, Target};

/// Jobs that make a backup; of this key there is one at a time.
pub(super) const MAKE: &str = "backups.make";
/// Jobs that rehearse one.
pub(super) const REHEARSE: &str = "backups.rehearse";
/// How often each is tried: somebody else may be making one, or the program be stopped in the middle.
pub(super) const ATTEMPTS: i32 = 5;
/// When to ask again while somebody else makes one; the queue has pauses of its own.
const AGAIN_MS: u64 = 5_000;

/// What a job of either kind needs to know.
#[derive(Serialize, Deserialize)]
pub(super) struct Wanted {
    pub(super) backup: BackupId,
}

/// The key of a rehearsal's job.
pub(super) fn rehearsal_key(backup: BackupId) -> String {
    format!("{REHEARSE}/{backup}")
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

    async fn make(&self, backup: Backup, is_last_try: bool) -> Result<()> {
        let file = file_of(&self.root, backup.id, backup.begun_at);
        let (root, target, clock) = (self.root.clone(), self.target.clone(), self.clock.clone());
        let outcome = aside("rialto-backup", move || {
            // There only if the program ended between the file and the row.
            let _ = std::fs::remove_file(&file);
            write(&root, &target, &file, &clock)
        });
        let outcome = wait_for_turn(outcome.await?, is_last_try)?;
        if let Err(trouble) = &outcome {
            tracing::error!(code = trouble.code(), "a backup could not be made: {trouble}");
        }
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

    async fn rehearse(&self, backup: Backup, is_last_try: bool) -> Result<()> {
        let file = file_of(&self.root, backup.id, backup.begun_at);
        let (root, clock) = (self.root.clone(), self.clock.clone());
        let outcome = aside("rialto-rehearsal", move || {
            let _turn = Turn::take(&root)?;
            let checked = check(&file)?;
            let beside = root.join("backups");
            expect_room(&[(&beside, checked.bytes()), (&root, LEFT_FREE)])?;
            rehearse(&checked, &beside, &clock)
        });
        let outcome = wait_for_turn(outcome.await?, is_last_try)?;
        if let Err(trouble) = &outcome {
            tracing::error!(code = trouble.code(), "a backup could not be rehearsed: {trouble}");
        }
        let found = outcome.map(|report| Contents::from(&report)).map_err(|trouble| trouble.code());
        self.db.write(move |tx| store::rehearsed(tx, backup.id, &found)).await
    }
}

/// While somebody else has the turn the job is done later, but not for ever.
fn wait_for_turn<T>(outcome: std::result::Result<T, Trouble>, is_last_try: bool) -> Result<std::result::Result<T, Trouble>> {
    if matches!(outcome, Err(Trouble::Busy)) && !is_last_try { Err(Error::Busy { retry_after_ms: AGAIN_MS }) } else { Ok(outcome) }
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
            let is_last_try = job.attempt >= job.max_attempts;
            let is_wanted = backup.rehearsal.as_ref().is_some_and(|one| one.state == RehearsalState::Asked);
            match job.kind.as_str() {
                MAKE if backup.state == BackupState::Making => self.make(backup, is_last_try).await,
                REHEARSE if is_wanted => self.rehearse(backup, is_last_try).await,
                _ => Ok(()),
            }
        })
    }
}

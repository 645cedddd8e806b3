//! The jobs of this slice: a backup is made, or rehearsed, on a thread of its own, and the table says how it went.

use std::path::PathBuf;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::actions::remove_going;
use super::model::{Backup, Contents, RehearsalState, Written, file_of, folder_of};
use super::read::check;
use super::restore::rehearse;
use super::room::{LEFT_FREE, expect_room};
use super::store;
use super::trouble::Trouble;
use super::turn::{Turn, stay_behind};
use super::write::write_in_turn;
use crate::access::Ground;
use crate::clock::{Clock, Millis};
use crate::error::{Error, Result};
use crate::ids::BackupId;
use crate::jobs::{Job, Step, StepHandler};
use crate::settings::SettingsCell;
use crate::storage::{Db, Target};

/// Jobs that make a backup.
pub(super) const MAKE: &str = "backups.make";
/// Jobs that rehearse one.
pub(super) const REHEARSE: &str = "backups.rehearse";
/// How often each is tried: the program may be stopped in the middle.
pub(super) const ATTEMPTS: i32 = 5;

/// While another backup is made or rehearsed, a job looks this often whether that is over.
const TRY_AGAIN: Millis = 3_000;

/// What a job of either kind needs to know.
#[derive(Serialize, Deserialize)]
pub(super) struct Wanted {
    pub(super) backup: BackupId,
}

/// The key of the job by which what is under way with a backup goes on: none else has it, even while the job of an earlier rehearsal of the
/// same backup is not gone yet.
pub(super) fn key_of(backup: &Backup) -> String {
    match (&backup.state, &backup.rehearsal) {
        (state, _) if state.is_under_way() => format!("{MAKE}/{}", backup.id),
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

    /// The turn of this job; none while somebody else has it.
    async fn turn(&self) -> Result<std::result::Result<Option<Turn>, Trouble>> {
        let root = self.root.clone();
        let taken = aside("rialto-turn", move || Turn::take(&root)).await?;
        Ok(match taken {
            Ok(turn) => Ok(Some(turn)),
            Err(Trouble::Busy) => Ok(None),
            Err(trouble) => Err(trouble),
        })
    }

    /// Its turn is not yet: it has no slot until then.
    fn later(&self) -> Step {
        Step::GoOn(self.clock.now() + TRY_AGAIN)
    }

    async fn make(&self, backup: Backup) -> Result<Step> {
        let (id, turn) = (backup.id, self.turn().await?);
        let outcome = match turn {
            Ok(None) => {
                self.db.write(move |tx| store::put_off(tx, id)).await?;
                return Ok(self.later());
            }
            Err(trouble) => Err(trouble),
            Ok(Some(turn)) => {
                // While this waited it may have been deleted, or made by an attempt that was thought dead.
                if !self.db.write(move |tx| store::take_up(tx, id)).await? {
                    return Ok(Step::Done);
                }
                self.write(backup, turn).await?
            }
        };
        if let Err(trouble) = &outcome {
            tracing::error!(code = trouble.code(), "a backup could not be made: {trouble}");
        }
        // The turn is held until the row says that the file is there.
        let (outcome, _turn) = match outcome {
            Ok((written, turn)) => (Ok(written), Some(turn)),
            Err(trouble) => (Err(trouble), None),
        };
        let write = self.db.write(move |tx| match outcome {
            Ok(written) => store::made(tx, id, i64::try_from(written.bytes).unwrap_or(i64::MAX)),
            Err(trouble) => store::failed(tx, id, trouble.code()),
        });
        write.await?;
        self.forget_surplus().await?;
        Ok(Step::Done)
    }

    async fn write(&self, backup: Backup, turn: Turn) -> Result<std::result::Result<(Written, Turn), Trouble>> {
        let file = file_of(&self.root, backup.id, backup.begun_at);
        let (root, target, clock) = (self.root.clone(), self.target.clone(), self.clock.clone());
        let writing = move || {
            // There only if the program ended between the file and the row.
            let _ = std::fs::remove_file(&file);
            write_in_turn(&turn, &root, &target, &file, &clock).map(|written| (written, turn))
        };
        aside("rialto-backup", writing).await
    }

    async fn forget_surplus(&self) -> Result<()> {
        let kept = self.settings.get().backups_kept;
        let forget = self.db.write(move |tx| {
            let surplus: Vec<BackupId> = store::surplus(tx, kept)?.iter().map(|backup| backup.id).collect();
            store::set_going(tx, &surplus)
        });
        forget.await?;
        remove_going(&self.db, &self.root).await
    }

    async fn rehearse(&self, backup: Backup) -> Result<Step> {
        let outcome = match self.turn().await? {
            Ok(None) => return Ok(self.later()),
            Err(trouble) => Err(trouble),
            Ok(Some(turn)) => {
                let file = file_of(&self.root, backup.id, backup.begun_at);
                let (root, clock) = (self.root.clone(), self.clock.clone());
                let rehearsing = move || {
                    stay_behind(&turn);
                    let checked = check(&file)?;
                    let beside = folder_of(&root);
                    expect_room(&[(&beside, checked.room()), (&root, LEFT_FREE)])?;
                    let found = rehearse(&checked, &beside, &clock);
                    drop(turn);
                    found
                };
                aside("rialto-rehearsal", rehearsing).await?
            }
        };
        if let Err(trouble) = &outcome {
            tracing::error!(code = trouble.code(), "a backup could not be rehearsed: {trouble}");
        }
        let found = outcome.map(|report| Contents::from(&report)).map_err(|trouble| trouble.code());
        self.db.write(move |tx| store::rehearsed(tx, backup.id, &found)).await?;
        Ok(Step::Done)
    }
}

/// On a thread that the end of the program does not wait for.
async fn aside<T: Send + 'static>(name: &str, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let (done, outcome) = oneshot::channel();
    std::thread::Builder::new().name(name.to_owned()).spawn(move || done.send(work()))?;
    outcome.await.map_err(|_| Error::broken("the thread of a backup panicked"))
}

impl StepHandler for Keeper {
    fn step(&self, job: Job) -> BoxFuture<'_, Result<Step>> {
        Box::pin(async move {
            let Wanted { backup } = job.read()?;
            let Some(backup) = self.db.read(move |conn| store::by_id(conn, backup)).await? else { return Ok(Step::Done) };
            let is_wanted = backup.rehearsal.as_ref().is_some_and(|one| one.state == RehearsalState::Asked);
            match job.kind.as_str() {
                MAKE if backup.state.is_under_way() => self.make(backup).await,
                REHEARSE if is_wanted => self.rehearse(backup).await,
                _ => Ok(Step::Done),
            }
        })
    }
}

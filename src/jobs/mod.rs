//! Work for later: a durable queue in the database.
//!
//! A job is enqueued in the transaction that makes it necessary, so both happen or neither. It runs at least once: a handler
//! must do no harm when it runs again after a crash. A job that fails is tried again with growing pauses and in the end is
//! set aside for the administrator, who can let it run again.
//!
//! Long jobs have slots of their own, and those that can go on later give theirs back between two steps: others come in between.

mod lanes;
mod runner;
mod store;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Notify;

use crate::clock::Millis;
use crate::error::Result;
use crate::ids::JobId;
use crate::storage::Tx;

pub use runner::{Runner, Running};
pub use store::{
    Counts, JobItem, JobState, Shown, Sought, by_id, count_failing, counts, drop_dead, is_due, list, oldest_due, replay, settle_restored,
};

/// A job's attempts unless [`Enqueue::max_attempts`] says otherwise: with the pauses between them about an hour.
const ATTEMPTS: i32 = 10;

/// When and how often a job runs.
#[derive(Clone, Debug)]
pub struct Enqueue {
    /// Not before this time; `None` is now.
    pub run_at: Option<Millis>,
    /// While a job with this key waits or runs, another one with it is not enqueued.
    pub unique_key: Option<String>,
    /// After this many attempts it is set aside; at least 1.
    pub max_attempts: i32,
}

impl Default for Enqueue {
    fn default() -> Self {
        Self { run_at: None, unique_key: None, max_attempts: ATTEMPTS }
    }
}

/// A job that runs now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its id, the same at every attempt.
    pub id: JobId,
    /// Its kind.
    pub kind: String,
    /// What its handler needs to know, as JSON; see [`Job::read`].
    pub payload: String,
    /// Which attempt this is, from 1.
    pub attempt: i32,
    /// How many there may be.
    pub max_attempts: i32,
}

impl Job {
    /// The payload as it was enqueued.
    ///
    /// # Errors
    /// When it does not fit the type.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T> {
        Ok(serde_json::from_str(&self.payload)?)
    }
}

/// Does the jobs of one kind.
pub trait JobHandler: Send + Sync + 'static {
    /// Does the job. It may have been done before, in whole or in part.
    ///
    /// An error means another attempt later; [`Error::Invalid`](crate::error::Error::Invalid) that none will ever succeed.
    fn run(&self, job: Job) -> BoxFuture<'_, Result<()>>;
}

/// How a step of a long job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing is left to do.
    Done,
    /// It goes on at this time, with all its attempts; until then others have its slot.
    GoOn(Millis),
}

/// Does the long jobs of one kind, step by step. Where it stands is for the rows to say that it works on.
pub trait StepHandler: Send + Sync + 'static {
    /// Does one step. It may have been done before, in whole or in part; errors are as for [`JobHandler::run`].
    fn step(&self, job: Job) -> BoxFuture<'_, Result<Step>>;
}

/// What does a job in one go does it in one step.
impl<H: JobHandler> StepHandler for H {
    fn step(&self, job: Job) -> BoxFuture<'_, Result<Step>> {
        Box::pin(async move { self.run(job).await.map(|()| Step::Done) })
    }
}

/// Wakes the runner. Every clone is the same bell; ringing while the runner is busy is not lost.
#[derive(Clone, Debug, Default)]
pub struct Bell(Arc<Notify>);

impl Bell {
    /// Jobs may be due.
    pub fn ring(&self) {
        self.0.notify_one();
    }

    async fn rung(&self) {
        self.0.notified().await;
    }
}

/// Enqueues a job in this transaction and wakes the runner after COMMIT.
///
/// Answers `None` when a job with the same unique key waits already. One that was set aside makes room for the new one.
///
/// # Errors
/// When the payload is not JSON or the database refuses.
pub fn enqueue(tx: &mut Tx<'_>, kind: &'static str, payload: &impl Serialize, options: Enqueue) -> Result<Option<JobId>> {
    let payload = serde_json::to_string(payload)?;
    let id = store::insert(tx, kind, &payload, &options)?;
    if id.is_some() {
        tx.wake_jobs();
    }
    Ok(id)
}

#[cfg(test)]
pub(crate) mod tests;

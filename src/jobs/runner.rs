//! Runs jobs: takes what is due, holds it by a lease, and sleeps until the next is due or the bell rings.

use std::collections::{BTreeMap, HashMap};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

use super::lanes::Lane;
use super::store::{self, Held};
use super::{Bell, JobHandler, Step, StepHandler};
use crate::clock::{Clock, Millis};
use crate::error::{Error, Result};
use crate::ids::JobId;
use crate::storage::Db;

/// How long a job is held before others may think its holder gone.
const LEASE_MS: Millis = 60_000;
/// How often a running job's lease is prolonged.
const RENEW: Duration = Duration::from_secs(20);
/// On PostgreSQL another server may enqueue: we look at least this often.
const LOOK_SHARED: Duration = Duration::from_secs(2);
/// On SQLite every enqueue rings the bell; this only bounds the harm of a clock that jumps.
const LOOK_ALONE: Duration = Duration::from_secs(60);
/// How long jobs may go on after the wish to stop.
const GRACE: Duration = Duration::from_secs(10);
/// When the database does not answer, we ask again after this.
const PAUSE: Duration = Duration::from_secs(1);
/// The first pause before another attempt; it doubles with each.
const FIRST_PAUSE_MS: Millis = 5_000;
/// The longest pause.
const LONGEST_PAUSE_MS: Millis = 3_600_000;

/// The runner before it starts: knows the handlers.
pub struct Runner {
    db: Db,
    clock: Clock,
    bell: Bell,
    handlers: BTreeMap<&'static str, (Lane, Arc<dyn StepHandler>)>,
    grace: Duration,
}

impl std::fmt::Debug for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runner").field("kinds", &self.handlers.keys()).finish_non_exhaustive()
    }
}

/// The runner while it runs. Dropping it stops it as well, without waiting.
#[derive(Debug)]
pub struct Running {
    stop: watch::Sender<bool>,
    ended: watch::Receiver<u64>,
    task: JoinHandle<()>,
    kinds: Vec<&'static str>,
}

impl Running {
    /// Takes no more jobs, waits for those that run as long as [`Runner::grace`] says, and gives the rest back.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        let _ = self.task.await;
    }

    /// The kinds of jobs that it does.
    #[must_use]
    pub fn kinds(&self) -> &[&'static str] {
        &self.kinds
    }

    /// How many attempts have ended, well or badly, and been recorded.
    #[must_use]
    pub fn ended(&self) -> watch::Receiver<u64> {
        self.ended.clone()
    }
}

impl Runner {
    /// A runner without handlers. `bell` must be the one that [`Sink::wake_jobs`](crate::storage::Sink::wake_jobs) rings.
    #[must_use]
    pub const fn new(db: Db, clock: Clock, bell: Bell) -> Self {
        Self { db, clock, bell, handlers: BTreeMap::new(), grace: GRACE }
    }

    /// Adds the handler of a kind. Jobs of kinds without a handler wait untouched.
    #[must_use]
    pub fn register(mut self, kind: &'static str, handler: impl JobHandler) -> Self {
        self.handlers.insert(kind, (Lane::Short, Arc::new(handler)));
        self
    }

    /// Adds the handler of a kind whose jobs take long, in one go or step by step: short ones do not wait for them.
    #[must_use]
    pub fn register_long(mut self, kind: &'static str, handler: impl StepHandler) -> Self {
        self.handlers.insert(kind, (Lane::Long, Arc::new(handler)));
        self
    }

    /// How long jobs may go on after the wish to stop, instead of ten seconds.
    #[must_use]
    pub const fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Starts it on the current Tokio runtime.
    #[must_use]
    pub fn start(self) -> Running {
        let (stop, stopped) = watch::channel(false);
        let (count, ended) = watch::channel(0);
        let kinds = self.handlers.keys().copied().collect();
        let work = Arc::new(Work { runner: self, leases: Mutex::default(), count });
        Running { stop, ended, task: tokio::spawn(work.run(stopped)), kinds }
    }
}

struct Work {
    runner: Runner,
    /// Until when each running job is held.
    leases: Mutex<HashMap<JobId, Millis>>,
    count: watch::Sender<u64>,
}

impl Work {
    async fn run(self: Arc<Self>, mut stopped: watch::Receiver<bool>) {
        let (mut short, mut long) = (JoinSet::new(), JoinSet::new());
        loop {
            let pause = self.take(Lane::Short, &mut short).await.min(self.take(Lane::Long, &mut long).await);
            tokio::select! {
                biased;
                _ = stopped.changed() => break,
                Some(_) = short.join_next() => {}
                Some(_) = long.join_next() => {}
                () = self.runner.bell.rung() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        let deadline = Instant::now() + self.runner.grace;
        for mut running in [short, long] {
            while let Ok(Some(_)) = tokio::time::timeout_at(deadline, running.join_next()).await {}
            running.shutdown().await;
        }
        self.release_all().await;
    }

    /// Starts what is due of a lane, as far as there is room; answers how long nothing else of it can be due.
    async fn take(self: &Arc<Self>, lane: Lane, running: &mut JoinSet<()>) -> Duration {
        while running.try_join_next().is_some() {}
        let room = lane.room(running.len());
        let longest = if self.runner.db.target().is_sqlite() { LOOK_ALONE } else { LOOK_SHARED };
        if room == 0 {
            return longest;
        }
        match self.claim(lane, room).await {
            Ok(Claimed::Some(held)) => {
                for held in held {
                    self.leases().insert(held.job.id, held.until);
                    running.spawn(Arc::clone(self).attempt(held));
                }
                Duration::ZERO
            }
            Ok(Claimed::NothingBefore(next)) => {
                let wait = next.map_or(u64::MAX, |next| u64::try_from(next - self.runner.clock.now()).unwrap_or(0));
                longest.min(Duration::from_millis(wait))
            }
            Err(error) => {
                tracing::warn!(%error, "jobs cannot be taken now");
                PAUSE
            }
        }
    }

    async fn claim(&self, lane: Lane, room: usize) -> Result<Claimed> {
        let of_lane = self.runner.handlers.iter().filter(|(_, (own, _))| *own == lane);
        let kinds: Vec<&'static str> = of_lane.map(|(kind, _)| *kind).collect();
        if kinds.is_empty() {
            return Ok(Claimed::NothingBefore(None));
        }
        let now = self.runner.clock.now();
        let limit = i64::try_from(room).unwrap_or(1);
        let waiting = self.runner.db.read(move |conn| store::waiting(conn, &kinds, now, limit)).await?;
        if waiting.due.is_empty() {
            return Ok(Claimed::NothingBefore(waiting.next));
        }
        let held = self.runner.db.write(move |tx| store::claim(tx, &waiting.due, LEASE_MS)).await?;
        Ok(Claimed::Some(held))
    }

    /// One attempt of one job, from its claim to the record of how it ended.
    async fn attempt(self: Arc<Self>, held: Held) {
        let job = held.job;
        let id = job.id;
        let Some((_, handler)) = self.runner.handlers.get(job.kind.as_str()).cloned() else { return };
        let work = AssertUnwindSafe(async { handler.step(job.clone()).await }).catch_unwind();
        tokio::pin!(work);
        let mut renewals = tokio::time::interval_at(Instant::now() + RENEW, RENEW);
        let result = loop {
            tokio::select! {
                biased;
                result = &mut work => break result.unwrap_or_else(|_| Err(Error::broken("the handler panicked"))),
                _ = renewals.tick() => if !self.renew(id).await {
                    tracing::warn!(job = %id, kind = job.kind, "a job's lease was lost; the attempt is given up");
                    self.leases().remove(&id);
                    return;
                },
            }
        };
        let until = self.leases().remove(&id).unwrap_or(held.until);
        if let Err(error) = self.record(&job, until, result).await {
            tracing::error!(job = %id, kind = job.kind, %error, "how a job ended could not be stored; it will run again");
        }
        self.count.send_modify(|count| *count += 1);
    }

    async fn record(&self, job: &super::Job, held: Millis, result: Result<Step>) -> Result<()> {
        let id = job.id;
        let error = match result {
            Ok(Step::Done) => return self.runner.db.write(move |tx| store::finish(tx, id, held)).await,
            Ok(Step::GoOn(at)) => return self.runner.db.write(move |tx| store::go_on(tx, id, held, at)).await,
            Err(error) => error,
        };
        let hopeless = job.attempt >= job.max_attempts || matches!(error, Error::Invalid(_));
        if hopeless {
            tracing::error!(job = %id, kind = job.kind, attempt = job.attempt, %error, "a job was set aside");
        } else {
            tracing::warn!(job = %id, kind = job.kind, attempt = job.attempt, %error, "a job failed and will be tried again");
        }
        let again = (!hopeless).then(|| self.runner.clock.now() + pause_after(job.attempt, getrandom::u32().unwrap_or(0)));
        let text = error.to_string();
        self.runner.db.write(move |tx| store::fail(tx, id, held, &text, again)).await
    }

    /// Is the job still ours?
    async fn renew(&self, id: JobId) -> bool {
        let Some(held) = self.leases().get(&id).copied() else { return false };
        match self.runner.db.write(move |tx| store::renew(tx, id, held, LEASE_MS)).await {
            Ok(Some(until)) => {
                self.leases().insert(id, until);
                true
            }
            Ok(None) => false,
            // The lease outlives two failed renewals.
            Err(error) => {
                tracing::warn!(job = %id, %error, "a lease could not be prolonged");
                true
            }
        }
    }

    async fn release_all(&self) {
        let left: Vec<(JobId, Millis)> = self.leases().drain().collect();
        for (id, held) in left {
            if let Err(error) = self.runner.db.write(move |tx| store::release(tx, id, held)).await {
                tracing::warn!(job = %id, %error, "a job could not be given back; it waits until its lease ends");
            }
        }
    }

    fn leases(&self) -> MutexGuard<'_, HashMap<JobId, Millis>> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Claimed {
    /// These were due; some may have been taken by another server.
    Some(Vec<Held>),
    /// Nothing is due before this time.
    NothingBefore(Option<Millis>),
}

/// The pause after a failed attempt (from 1), a fifth more or less by chance so that failures of one cause do not return together.
pub(super) fn pause_after(attempt: i32, random: u32) -> Millis {
    let doublings = u32::try_from(attempt - 1).unwrap_or(0).min(20);
    let pause = (FIRST_PAUSE_MS << doublings).min(LONGEST_PAUSE_MS);
    pause - pause / 5 + (pause * 2 / 5) * i64::from(random) / i64::from(u32::MAX)
}

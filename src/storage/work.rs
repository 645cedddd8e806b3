//! What waits behind the doors: jobs that read and write, the threads that do them, and what follows a COMMIT.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::Receiver;
use diesel::connection::{AnsiTransactionManager as Ansi, Connection, TransactionManager};
use tokio::sync::oneshot;

use super::db::Sink;
use super::recall::Known;
use super::tx::Outbox;
use super::{Conn, Target, Tx};
use crate::clock::Clock;
use crate::error::{Error, RefusalKind, Result};
use crate::ids::Ids;
use crate::live::Answer;

type Manager = <Conn as Connection>::TransactionManager;

/// A queued read.
pub(super) type ReadJob = Box<dyn FnOnce(&mut Conn) + Send>;

/// What every writer needs beside its connection.
#[derive(Clone)]
pub(super) struct Context {
    pub(super) target: Target,
    pub(super) clock: Clock,
    pub(super) ids: Arc<Ids>,
    pub(super) sink: Arc<dyn Sink>,
}

impl Context {
    /// Runs one job in a transaction of its own. An error of the job itself stays with the job; one returned here ends the whole transaction.
    pub(super) fn run_job(&self, conn: &mut Conn, job: &mut dyn WriteJob, outbox: &mut Outbox) -> Result<()> {
        let mut own = Outbox::default();
        let now = self.clock.now();
        #[expect(clippy::disallowed_methods, reason = "the one place: a job alone in its transaction, on PostgreSQL")]
        let ran = conn.transaction::<(), Rollback, _>(|conn| {
            let mut tx = Tx { conn, now, ids: &self.ids, outbox: &mut own, known: None };
            if job.run(&mut tx) { Ok(()) } else { Err(Rollback::Job) }
        });
        match ran {
            Ok(()) => {
                outbox.append(own);
                Ok(())
            }
            Err(Rollback::Job) => Ok(()),
            Err(Rollback::Database(error)) => Err(error.into()),
        }
    }

    /// The same for a job of a group, inside the transaction that they share; `false` when what it wrote must be taken back.
    pub(super) fn run_grouped(&self, conn: &mut Conn, known: &mut Known, job: &mut dyn WriteJob, outbox: &mut Outbox) -> bool {
        let mut own = Outbox { memory_is_behind: outbox.memory_is_behind, ..Outbox::default() };
        let now = self.clock.now();
        let is_command = job.command_of().is_some();
        if !is_command {
            known.forget();
        }
        let known = is_command.then_some(known);
        let keeps = job.run(&mut Tx { conn, now, ids: &self.ids, outbox: &mut own, known });
        if keeps {
            outbox.append(own);
        }
        keeps
    }

    /// What is left for others on the disk of an SQLite database, if the system says.
    pub(super) fn free_bytes(&self) -> Option<u64> {
        let Target::Sqlite(path) = &self.target else { return None };
        let disk = nix::sys::statvfs::statvfs(path.as_path()).ok()?;
        Some(disk.blocks_available().saturating_mul(disk.fragment_size()))
    }

    /// What was committed leaves, and is answered: commands where their connections are, together with the events.
    pub(super) fn publish_and_finish(&self, outbox: Outbox, group: Vec<Box<dyn WriteJob>>) {
        let (mut answers, mut others) = (Vec::new(), Vec::new());
        for job in group {
            match job.command_of() {
                Some(shard) => answers.push(Answer { shard, give: Box::new(move || job.finish(Outcome::Committed)) }),
                None => others.push(job),
            }
        }
        self.publish(outbox, answers);
        others.into_iter().for_each(|job| job.finish(Outcome::Committed));
    }

    pub(super) fn publish(&self, outbox: Outbox, answers: Vec<Answer>) {
        // First of all: whoever hears of a change must find it in memory too.
        outbox.kept.run();
        if !outbox.events.is_empty() || !answers.is_empty() {
            self.sink.publish_and_answer(outbox.events, answers);
        }
        outbox.signals.into_iter().for_each(|signal| self.sink.signal(signal));
        if outbox.wakes_jobs {
            self.sink.wake_jobs();
        }
    }
}

/// Why a savepoint was rolled back.
enum Rollback {
    /// The job said no, or panicked.
    Job,
    /// The database itself failed.
    Database(diesel::result::Error),
}

impl From<diesel::result::Error> for Rollback {
    fn from(error: diesel::result::Error) -> Self {
        Self::Database(error)
    }
}

/// How the transaction around a job ended.
#[derive(Clone, Copy, Debug)]
pub(super) enum Outcome {
    /// COMMIT returned.
    Committed,
    /// Nothing was stored.
    RolledBack {
        /// Is it the disk that refuses?
        storage: bool,
    },
}

/// A queued write.
pub(super) trait WriteJob: Send {
    /// Runs it; `false` rolls it back.
    fn run(&mut self, tx: &mut Tx<'_>) -> bool;
    /// The shard whose connection said it; `None` for what is no command, which may change anything.
    fn command_of(&self) -> Option<usize>;
    /// Answers the caller.
    fn finish(self: Box<Self>, outcome: Outcome);
}

/// What a write does.
pub(super) type Work<T> = Box<dyn FnOnce(&mut Tx<'_>) -> Result<T> + Send>;

/// A write that somebody waits for.
pub(super) struct Pending<T> {
    pub(super) work: Option<Work<T>>,
    pub(super) command_of: Option<usize>,
    pub(super) result: Option<Result<T>>,
    pub(super) answer: oneshot::Sender<Result<T>>,
}

impl<T: Send + 'static> WriteJob for Pending<T> {
    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        let Some(work) = self.work.take() else { return false };
        let result = catch_unwind(AssertUnwindSafe(|| work(tx))).unwrap_or_else(|_| Err(Error::broken("a write panicked")));
        let commit = result.is_ok();
        self.result = Some(result);
        commit
    }

    fn command_of(&self) -> Option<usize> {
        self.command_of
    }

    fn finish(self: Box<Self>, outcome: Outcome) {
        let result = match (outcome, self.result) {
            (Outcome::Committed, Some(result)) => result,
            (_, Some(Err(error))) => Err(error),
            (Outcome::RolledBack { storage: true }, _) => Err(Error::Refused(crate::error::Refusal {
                kind: RefusalKind::Unavailable,
                code: "error.storage",
                retry_after_ms: Some(2_000),
                said: None,
            })),
            _ => Err(Error::Busy { retry_after_ms: 500 }),
        };
        let _ = self.answer.send(result);
    }
}

/// The next job of either queue; when both are closed, what is left in them, and then none.
fn next_job(jobs: &Receiver<Box<dyn WriteJob>>, own: &Receiver<Box<dyn WriteJob>>) -> Option<Box<dyn WriteJob>> {
    crossbeam_channel::select! {
        recv(own) -> job => job.ok().or_else(|| jobs.recv().ok()),
        recv(jobs) -> job => job.ok().or_else(|| own.recv().ok()),
    }
}

/// A writer of PostgreSQL: one transaction for each job.
pub(super) fn write_alone(jobs: &Receiver<Box<dyn WriteJob>>, own: &Receiver<Box<dyn WriteJob>>, context: &Context) {
    let mut held: Option<Conn> = None;
    while let Some(mut job) = next_job(jobs, own) {
        if held.is_none() {
            held = context.target.writer().inspect_err(|error| tracing::error!(%error, "PostgreSQL cannot be reached")).ok();
        }
        let Some(conn) = held.as_mut() else {
            job.finish(Outcome::RolledBack { storage: false });
            continue;
        };
        let mut outbox = Outbox::default();
        match context.run_job(conn, &mut *job, &mut outbox) {
            Ok(()) => {
                context.publish_and_finish(outbox, vec![job]);
            }
            Err(error) => {
                tracing::warn!(%error, "a write was rolled back");
                job.finish(Outcome::RolledBack { storage: false });
            }
        }
        drop_if_broken(&mut held);
    }
}

/// A reader without work for so long ends its thread, and with it gives back its connection and all that reading has taken: what the allocator
/// holds for a thread comes back with the thread alone. The next read begins another.
const REST: Duration = Duration::from_secs(5);

pub(super) fn read_jobs_until_closed(jobs: &Receiver<ReadJob>, target: &Target) {
    while let Ok(first) = jobs.recv() {
        let name = std::thread::current().name().unwrap_or("rialto-reader").to_owned();
        let begun = std::thread::scope(|scope| {
            // Jobs catch their own panics.
            let reading = std::thread::Builder::new().name(name).spawn_scoped(scope, move || read_until_idle(first, jobs, target));
            reading.map(|reading| drop(reading.join()))
        });
        if let Err(error) = begun {
            tracing::error!(%error, "no thread for reading");
        }
    }
}

fn read_until_idle(first: ReadJob, jobs: &Receiver<ReadJob>, target: &Target) {
    let mut held: Option<Conn> = None;
    let mut next = Ok(first);
    while let Ok(job) = next {
        if held.is_none() {
            held = target.reader().inspect_err(|error| tracing::error!(%error, "the database cannot be opened for reading")).ok();
        }
        // Without a connection the job is dropped, and its caller learns that nobody will answer.
        if let Some(conn) = held.as_mut() {
            job(conn);
            drop_if_broken(&mut held);
        }
        next = jobs.recv_timeout(REST);
    }
}

/// Reads in one transaction, so that a snapshot and the head it carries belong together.
pub(super) fn in_snapshot<T>(conn: &mut Conn, f: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
    match conn {
        Conn::Sqlite(c) => Ansi::begin_transaction_sql(c, "BEGIN")?,
        Conn::Pg(c) => Ansi::begin_transaction_sql(c, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?,
    }
    let result = f(conn);
    match &result {
        Ok(_) => Manager::commit_transaction(conn)?,
        Err(_) => Manager::rollback_transaction(conn)?,
    }
    result
}

/// Lets go of a connection that a failure left in an unknown state; the next job opens another.
fn drop_if_broken(held: &mut Option<Conn>) {
    if held.as_mut().is_some_and(Manager::is_broken_transaction_manager) {
        *held = None;
    }
}

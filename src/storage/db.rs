//! The two doors to the database, `read` and `write`, and the threads behind them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use diesel::RunQueryDsl;
use diesel::connection::{AnsiTransactionManager as Ansi, Connection, TransactionManager};
use tokio::sync::oneshot;

use super::dialect::{BeginJob, KeepJob, UndoJob};
use super::tx::Outbox;
use super::{Conn, Target, Tx, durability, group, migrate, migration_state};
use crate::clock::Clock;
use crate::error::{Error, RefusalKind, Result};
use crate::ids::Ids;
use crate::live::{Logged, Signal};
use crate::mutants::Mutant;

/// How much may wait, and how many threads serve.
#[derive(Clone, Copy, Debug)]
pub struct DbLimits {
    /// Threads that read.
    pub readers: usize,
    /// Threads that write, on PostgreSQL; SQLite has one.
    pub writers: usize,
    /// Reads or writes that may wait before "busy" is the answer.
    pub queue: usize,
}

impl Default for DbLimits {
    fn default() -> Self {
        Self { readers: 4, writers: 4, queue: 4_096 }
    }
}

/// Where committed events and the wish to run jobs go.
pub trait Sink: Send + Sync + 'static {
    /// Takes the events of one or more committed transactions, in commit order. Must not block.
    fn publish(&self, events: Vec<Logged>);
    /// Takes something passing. Must not block.
    fn signal(&self, signal: Signal);
    /// Jobs were enqueued.
    fn wake_jobs(&self);
}

type Manager = <Conn as Connection>::TransactionManager;
type ReadJob = Box<dyn FnOnce(&mut Conn) + Send>;

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

struct Inner {
    target: Target,
    reads: Sender<ReadJob>,
    writes: Sender<Box<dyn WriteJob>>,
    /// One queue for each writer of PostgreSQL: what is put into the same one keeps its order. SQLite has one writer and needs none.
    lanes: Vec<Sender<Box<dyn WriteJob>>>,
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Db").field("sqlite", &self.inner.target.is_sqlite()).finish_non_exhaustive()
    }
}

impl Db {
    /// Opens the database, migrates it and starts its threads.
    ///
    /// # Errors
    /// When it cannot be reached, comes from a newer program, or would lose acknowledged writes.
    pub fn open(target: Target, limits: DbLimits, clock: Clock, ids: Arc<Ids>, sink: Arc<dyn Sink>) -> Result<Self> {
        let mut first = target.writer()?;
        durability::check(&mut first)?;
        if !migration_state(&mut first)?.unknown.is_empty() {
            return Err(Error::broken("the database comes from a newer version of this program"));
        }
        migrate(&mut first)?;
        if Mutant::NoUniqueKey.is_on() {
            diesel::connection::SimpleConnection::batch_execute(&mut first, "DROP INDEX IF EXISTS messages_by_key")?;
        }
        let context = Context { target: target.clone(), clock, ids, sink };
        let (writes, write_jobs) = bounded(limits.queue);
        let (reads, read_jobs) = bounded(limits.queue);
        let mut lanes = Vec::new();
        if target.is_sqlite() {
            let context = context.clone();
            spawn("rialto-writer", move || group::run(first, &write_jobs, &context))?;
        } else {
            for n in 0..limits.writers.max(1) {
                let (lane, own_jobs) = bounded(limits.queue);
                lanes.push(lane);
                let (jobs, context) = (write_jobs.clone(), context.clone());
                spawn(&format!("rialto-writer-{n}"), move || write_alone(&jobs, &own_jobs, &context))?;
            }
        }
        for n in 0..limits.readers.max(1) {
            let (jobs, target) = (read_jobs.clone(), target.clone());
            spawn(&format!("rialto-reader-{n}"), move || read_jobs_until_closed(&jobs, &target))?;
        }
        Ok(Self { inner: Arc::new(Inner { target, reads, writes, lanes }) })
    }

    /// Which database this is.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.inner.target
    }

    /// Runs `f` on a connection that cannot write, in one snapshot: whatever it reads belongs together.
    ///
    /// # Errors
    /// What `f` returns, or [`Error::Busy`] when too much is waiting or the database cannot be reached.
    pub fn read<T, F>(&self, f: F) -> impl Future<Output = Result<T>> + Send + use<T, F>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T> + Send + 'static,
    {
        let (answer, wait) = oneshot::channel();
        let job: ReadJob = Box::new(move |conn| {
            let result = in_snapshot(conn, |conn| {
                catch_unwind(AssertUnwindSafe(|| f(conn))).unwrap_or_else(|_| Err(Error::broken("a read panicked")))
            });
            let _ = answer.send(result);
        });
        let sent = self.inner.reads.try_send(job).map_err(|error| refused(&error));
        async move {
            sent?;
            // The reader had no connection to read with.
            wait.await.unwrap_or(Err(Error::Busy { retry_after_ms: 1_000 }))
        }
    }

    /// Runs `f` in a write transaction. It is queued before this returns; the future is ready after COMMIT.
    ///
    /// # Errors
    /// What `f` returns (and then nothing was stored), [`Error::Busy`] when too much is waiting, or `error.storage` when the disk refuses.
    pub fn write<T, F>(&self, f: F) -> impl Future<Output = Result<T>> + Send + use<T, F>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        queue_write(&self.inner.writes, f)
    }

    /// Like [`Db::write`]; writes of the same `lane` are done in the order in which they were queued.
    ///
    /// # Errors
    /// As [`Db::write`].
    pub fn write_in_order<T, F>(&self, lane: u64, f: F) -> impl Future<Output = Result<T>> + Send + use<T, F>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        let count = self.inner.lanes.len().max(1) as u64;
        let own = usize::try_from(lane % count).ok().and_then(|place| self.inner.lanes.get(place));
        queue_write(own.unwrap_or(&self.inner.writes), f)
    }

    /// How many writes wait.
    #[must_use]
    pub fn writes_waiting(&self) -> usize {
        self.inner.writes.len() + self.inner.lanes.iter().map(Sender::len).sum::<usize>()
    }
}

fn queue_write<T, F>(queue: &Sender<Box<dyn WriteJob>>, f: F) -> impl Future<Output = Result<T>> + Send + use<T, F>
where
    T: Send + 'static,
    F: FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
{
    let (answer, wait) = oneshot::channel();
    let job = Pending { work: Some(Box::new(f)), result: None, answer };
    let sent = queue.try_send(Box::new(job)).map_err(|error| refused(&error));
    async move {
        sent?;
        wait.await.map_err(|_| Error::broken("the writer is gone"))?
    }
}

fn refused<T>(error: &TrySendError<T>) -> Error {
    match error {
        TrySendError::Full(_) => Error::Busy { retry_after_ms: 500 },
        TrySendError::Disconnected(_) => Error::broken("the database threads are gone"),
    }
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<()> {
    thread::Builder::new().name(name.to_owned()).spawn(body)?;
    Ok(())
}

/// What every writer needs beside its connection.
#[derive(Clone)]
pub(super) struct Context {
    target: Target,
    clock: Clock,
    ids: Arc<Ids>,
    sink: Arc<dyn Sink>,
}

impl Context {
    /// Runs one job in a transaction of its own. An error of the job itself stays with the job; one returned here ends the whole transaction.
    pub(super) fn run_job(&self, conn: &mut Conn, job: &mut dyn WriteJob, outbox: &mut Outbox) -> Result<()> {
        let mut own = Outbox::default();
        let now = self.clock.now();
        let ran = conn.transaction::<(), Rollback, _>(|conn| {
            let mut tx = Tx { conn, now, ids: &self.ids, outbox: &mut own };
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

    /// The same for a job of a group, inside the transaction that they share.
    pub(super) fn run_grouped(&self, conn: &mut Conn, job: &mut dyn WriteJob, outbox: &mut Outbox) -> Result<()> {
        BeginJob {}.execute(conn)?;
        let mut own = Outbox::default();
        let now = self.clock.now();
        if job.run(&mut Tx { conn, now, ids: &self.ids, outbox: &mut own }) {
            outbox.append(own);
        } else {
            UndoJob {}.execute(conn)?;
        }
        KeepJob {}.execute(conn)?;
        Ok(())
    }

    /// What is left for others on the disk of an SQLite database, if the system says.
    pub(super) fn free_bytes(&self) -> Option<u64> {
        let Target::Sqlite(path) = &self.target else { return None };
        let disk = nix::sys::statvfs::statvfs(path.as_path()).ok()?;
        Some(disk.blocks_available().saturating_mul(disk.fragment_size()))
    }

    pub(super) fn publish(&self, outbox: Outbox) {
        if !outbox.events.is_empty() {
            self.sink.publish(outbox.events);
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
    /// Answers the caller.
    fn finish(self: Box<Self>, outcome: Outcome);
}

type Work<T> = Box<dyn FnOnce(&mut Tx<'_>) -> Result<T> + Send>;

struct Pending<T> {
    work: Option<Work<T>>,
    result: Option<Result<T>>,
    answer: oneshot::Sender<Result<T>>,
}

impl<T: Send + 'static> WriteJob for Pending<T> {
    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        let Some(work) = self.work.take() else { return false };
        let result = catch_unwind(AssertUnwindSafe(|| work(tx))).unwrap_or_else(|_| Err(Error::broken("a write panicked")));
        let commit = result.is_ok();
        self.result = Some(result);
        commit
    }

    fn finish(self: Box<Self>, outcome: Outcome) {
        let result = match (outcome, self.result) {
            (Outcome::Committed, Some(result)) => result,
            (_, Some(Err(error))) => Err(error),
            (Outcome::RolledBack { storage: true }, _) => Err(Error::Refused(crate::error::Refusal {
                kind: RefusalKind::Unavailable,
                code: "error.storage",
                retry_after_ms: Some(2_000),
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
fn write_alone(jobs: &Receiver<Box<dyn WriteJob>>, own: &Receiver<Box<dyn WriteJob>>, context: &Context) {
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
                context.publish(outbox);
                job.finish(Outcome::Committed);
            }
            Err(error) => {
                tracing::warn!(%error, "a write was rolled back");
                job.finish(Outcome::RolledBack { storage: false });
            }
        }
        drop_if_broken(&mut held);
    }
}

fn read_jobs_until_closed(jobs: &Receiver<ReadJob>, target: &Target) {
    let mut held: Option<Conn> = None;
    while let Ok(job) = jobs.recv() {
        if held.is_none() {
            held = target.reader().inspect_err(|error| tracing::error!(%error, "the database cannot be opened for reading")).ok();
        }
        // Without a connection the job is dropped, and its caller learns that nobody will answer.
        if let Some(conn) = held.as_mut() {
            job(conn);
            drop_if_broken(&mut held);
        }
    }
}

/// Reads in one transaction, so that a snapshot and the head it carries belong together.
fn in_snapshot<T>(conn: &mut Conn, f: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
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

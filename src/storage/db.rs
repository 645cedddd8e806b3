//! The two doors to the database, `read` and `write`, and the threads behind them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use diesel::RunQueryDsl;
use diesel::connection::{AnsiTransactionManager as Ansi, Connection, TransactionManager};
use tokio::sync::{mpsc, oneshot};

use super::dialect::{BeginJob, KeepJob, UndoJob, either};
use super::recall::Known;
use super::tx::Outbox;
use super::{Conn, Target, Tx, durability, group, migrate, migration_state};
use crate::clock::Clock;
use crate::error::{Error, RefusalKind, Result};
use crate::ids::Ids;
use crate::live::{Answer, Logged, Signal};
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
    /// The same with the answers that are to be given for what was committed. Must not block.
    fn publish_and_answer(&self, events: Vec<Logged>, answers: Vec<Answer>) {
        self.publish(events);
        answers.into_iter().for_each(|answer| (answer.give)());
    }
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
    writes: Writes,
}

/// Where writes wait.
enum Writes {
    /// For the one writer of SQLite. This kind of channel sleeps at once when nothing waits; the other tries a few times first, which costs
    /// more than it gains where every message is waited for.
    One(mpsc::Sender<Box<dyn WriteJob>>),
    /// For the writers of PostgreSQL: one queue for all, and one for each, in which what is put into the same one keeps its order.
    Several { all: Sender<Box<dyn WriteJob>>, lanes: Vec<Sender<Box<dyn WriteJob>>> },
}

impl Writes {
    fn send(&self, lane: Option<u64>, job: Box<dyn WriteJob>) -> Result<()> {
        match self {
            Self::One(queue) => queue.try_send(job).map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => full(),
                mpsc::error::TrySendError::Closed(_) => gone(),
            }),
            Self::Several { all, lanes } => {
                let own = lane.and_then(|lane| lanes.get(usize::try_from(lane % lanes.len().max(1) as u64).ok()?));
                own.unwrap_or(all).try_send(job).map_err(|error| refused(&error))
            }
        }
    }

    fn waiting(&self) -> usize {
        match self {
            Self::One(queue) => queue.max_capacity() - queue.capacity(),
            Self::Several { all, lanes } => all.len() + lanes.iter().map(Sender::len).sum::<usize>(),
        }
    }
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
        let (reads, read_jobs) = bounded(limits.queue);
        let writes = if target.is_sqlite() {
            let (queue, mut jobs) = mpsc::channel(limits.queue);
            spawn("rialto-writer", move || group::run(first, &mut jobs, &context))?;
            Writes::One(queue)
        } else {
            let (all, shared) = bounded(limits.queue);
            let mut lanes = Vec::new();
            for n in 0..limits.writers.max(1) {
                let (lane, own) = bounded(limits.queue);
                lanes.push(lane);
                let (shared, context) = (shared.clone(), context.clone());
                spawn(&format!("rialto-writer-{n}"), move || write_alone(&shared, &own, &context))?;
            }
            Writes::Several { all, lanes }
        };
        for n in 0..limits.readers.max(1) {
            let (jobs, target) = (read_jobs.clone(), target.clone());
            spawn(&format!("rialto-reader-{n}"), move || read_jobs_until_closed(&jobs, &target))?;
        }
        Ok(Self { inner: Arc::new(Inner { target, reads, writes }) })
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
        self.queue_write(None, None, f)
    }

    /// Like [`Db::write`], for what members say over the live connection: commands of the same `lane` are done in the order in which they
    /// were queued. They change nothing that [`Tx::recall`] gives: who somebody is and where they may write stays as it was. What is
    /// committed is answered on the thread of `shard`, which has the connection.
    ///
    /// # Errors
    /// As [`Db::write`].
    pub fn write_command<T, F>(&self, lane: u64, shard: usize, f: F) -> impl Future<Output = Result<T>> + Send + use<T, F>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        self.queue_write(Some(lane), Some(shard), f)
    }

    /// How many writes wait.
    #[must_use]
    pub fn writes_waiting(&self) -> usize {
        self.inner.writes.waiting()
    }

    fn queue_write<T, F>(&self, lane: Option<u64>, command_of: Option<usize>, f: F) -> impl Future<Output = Result<T>> + Send + use<T, F>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        let (answer, wait) = oneshot::channel();
        let job = Pending { work: Some(Box::new(f)), command_of, result: None, answer };
        let sent = self.inner.writes.send(lane, Box::new(job));
        async move {
            sent?;
            wait.await.map_err(|_| Error::broken("the writer is gone"))?
        }
    }
}

fn refused<T>(error: &TrySendError<T>) -> Error {
    match error {
        TrySendError::Full(_) => full(),
        TrySendError::Disconnected(_) => gone(),
    }
}

const fn full() -> Error {
    Error::Busy { retry_after_ms: 500 }
}

fn gone() -> Error {
    Error::broken("the database threads are gone")
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

    /// The same for a job of a group, inside the transaction that they share.
    pub(super) fn run_grouped(&self, conn: &mut Conn, known: &mut Known, job: &mut dyn WriteJob, outbox: &mut Outbox) -> Result<()> {
        either!(conn, c => BeginJob {}.execute(c))?;
        let mut own = Outbox::default();
        let now = self.clock.now();
        let is_command = job.command_of().is_some();
        if !is_command {
            known.forget();
        }
        let known = is_command.then_some(known);
        if job.run(&mut Tx { conn, now, ids: &self.ids, outbox: &mut own, known }) {
            outbox.append(own);
        } else {
            either!(conn, c => UndoJob {}.execute(c))?;
        }
        either!(conn, c => KeepJob {}.execute(c))?;
        Ok(())
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

type Work<T> = Box<dyn FnOnce(&mut Tx<'_>) -> Result<T> + Send>;

struct Pending<T> {
    work: Option<Work<T>>,
    command_of: Option<usize>,
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

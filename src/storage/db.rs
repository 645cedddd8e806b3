//! The two doors to the database, `read` and `write`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crossbeam_channel::{Sender, TrySendError, bounded};
use diesel::connection::SimpleConnection;
use tokio::sync::{mpsc, oneshot};

use super::work::{Context, Pending, ReadJob, WriteJob, in_snapshot, read_jobs_until_closed, write_alone};
use super::{Conn, Target, Tx, durability, group, migrate, migration_state};
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::heap;
use crate::ids::Ids;
use crate::live::{Answer, Logged, Signal};
use crate::mutants::Mutant;
use crate::threads::vital;

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

    /// How many threads write.
    const fn count(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Several { lanes, .. } => lanes.len(),
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
            first.batch_execute("DROP INDEX IF EXISTS messages_by_key")?;
        }
        let context = Context { target: target.clone(), clock, ids, sink };
        let (reads, read_jobs) = bounded(limits.queue);
        let writes = if target.is_sqlite() {
            let (queue, mut jobs) = mpsc::channel(limits.queue);
            vital("rialto-writer", move || group::run(first, &mut jobs, &context))?;
            Writes::One(queue)
        } else {
            let (all, shared) = bounded(limits.queue);
            let mut lanes = Vec::new();
            for n in 0..limits.writers.max(1) {
                let (lane, own) = bounded(limits.queue);
                lanes.push(lane);
                let (shared, context) = (shared.clone(), context.clone());
                vital(&format!("rialto-writer-{n}"), move || write_alone(&shared, &own, &context))?;
            }
            Writes::Several { all, lanes }
        };
        for n in 0..limits.readers.max(1) {
            let (jobs, target) = (read_jobs.clone(), target.clone());
            vital(&format!("rialto-reader-{n}"), move || read_jobs_until_closed(&jobs, &target))?;
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

    /// Has the threads that write give back what a crowd that has gone made them take. What follows from a write is made on its thread, so it is
    /// they who have taken most of it, and SQLite keeps for its writer what was read of the file. (Those that read end when they rest.)
    pub async fn settle(&self) {
        for lane in 0..self.inner.writes.count() as u64 {
            let settled = self.queue_write(Some(lane), None, |tx| {
                if let Conn::Sqlite(conn) = &mut **tx {
                    conn.batch_execute("PRAGMA shrink_memory")?;
                }
                heap::settle();
                Ok(())
            });
            // One with too much to do does not rest.
            let _ = settled.await;
        }
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

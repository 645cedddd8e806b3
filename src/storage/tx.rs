//! A transaction that also collects what it will announce; a rollback drops that too.

use std::ops::{Deref, DerefMut};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::Conn;
use super::log::{self, LogRow};
use super::recall::Known;
use crate::clock::Millis;
use crate::error::Result;
use crate::ids::{Ids, MemberId};
use crate::live::{Effect, Instead, LogId, Logged, Seq, Signal};

/// An open write transaction.
pub struct Tx<'a> {
    pub(super) conn: &'a mut Conn,
    pub(super) now: Millis,
    pub(super) ids: &'a Ids,
    pub(super) outbox: &'a mut Outbox,
    /// What need not be read again; only for who changes none of it.
    pub(super) known: Option<&'a mut Known>,
}

/// What leaves after COMMIT.
#[derive(Debug, Default)]
pub struct Outbox {
    /// Events, in commit order.
    pub events: Vec<Logged>,
    /// What is passing.
    pub signals: Vec<Signal>,
    /// Were jobs enqueued?
    pub wakes_jobs: bool,
    /// What keeps memory in step with the rows.
    pub kept: Kept,
    /// Were rows changed from which memory answers? Until COMMIT it answers as they were.
    pub memory_is_behind: bool,
}

/// What runs after COMMIT, in order, before anybody is answered.
#[derive(Default)]
pub struct Kept(Vec<Box<dyn FnOnce() + Send>>);

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Kept({})", self.0.len())
    }
}

impl Kept {
    /// Runs it. What is committed is committed: a step that panics must not keep the others, and the answers, from being given.
    pub(super) fn run(self) {
        for step in self.0 {
            if catch_unwind(AssertUnwindSafe(step)).is_err() {
                tracing::error!("what follows a COMMIT panicked");
            }
        }
    }
}

impl Outbox {
    /// Takes in what another transaction of the same group has collected.
    pub(super) fn append(&mut self, mut other: Self) {
        self.events.append(&mut other.events);
        self.signals.append(&mut other.signals);
        self.wakes_jobs |= other.wakes_jobs;
        self.kept.0.append(&mut other.kept.0);
        self.memory_is_behind |= other.memory_is_behind;
    }
}

/// What of an event stands in its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogEntry {
    /// All of it.
    Whole,
    /// A row without the event, which holds words: they are joined when it is read.
    WithoutWords,
    /// Its subject's own row stands there, which whoever announces it writes in the same transaction, with the same place and time.
    AsItsSubject,
}

/// What is written to a log and told to the connections that hear it.
#[derive(Debug)]
pub struct Announcement {
    /// Number of the kind, stored.
    pub kind: i16,
    /// Who did it.
    pub actor: Option<MemberId>,
    /// What it is about.
    pub subject: Option<i64>,
    /// The event as JSON.
    pub event: String,
    /// What of it stands in the log.
    pub entry: LogEntry,
    /// What it does to connections.
    pub effect: Effect,
    /// What some members hear in its place.
    pub instead: Vec<Instead>,
}

impl Tx<'_> {
    /// The time at which this transaction began, milliseconds UTC.
    #[must_use]
    pub const fn now(&self) -> Millis {
        self.now
    }

    /// A new id.
    pub fn new_id<I: From<i64>>(&self) -> I {
        self.ids.next()
    }

    /// What `load` reads under these keys, which with the type name the row: on SQLite it is read again only when somebody may have
    /// changed it. It must depend on nothing but the database and the keys, and not on what commands write.
    ///
    /// # Errors
    /// What `load` returns; that is not kept.
    pub fn recall<T>(&mut self, keys: (i64, i64), load: impl Fn(&mut Conn) -> Result<T>) -> Result<T>
    where
        T: Clone + PartialEq + std::fmt::Debug + Send + 'static,
    {
        match &mut self.known {
            Some(known) => known.recall(keys, || load(self.conn)),
            None => load(self.conn),
        }
    }

    /// Has everything that was recalled read again: for the rare command that changes something of it. To be said after the change.
    pub fn forget_recalled(&mut self) {
        if let Some(known) = &mut self.known {
            known.forget();
        }
    }

    /// Appends to a log; connections hear of it after COMMIT.
    ///
    /// # Errors
    /// When the log does not exist or the database refuses.
    pub fn announce(&mut self, log: LogId, what: Announcement) -> Result<(Seq, Millis)> {
        let (seq, at) = log::next_place(self.conn, log, self.now)?;
        if what.entry != LogEntry::AsItsSubject {
            let data = (what.entry == LogEntry::Whole).then(|| what.event.clone());
            log::append(self.conn, log, &LogRow { seq, at, kind: what.kind, actor: what.actor, subject: what.subject, data })?;
        }
        self.outbox.events.push(Logged { log, seq, at, event: Arc::from(what.event), effect: what.effect, instead: what.instead });
        Ok((seq, at))
    }

    /// Runs `f` in this transaction as if it were `then`, with ids of that time: for what happened before the program ran. Its logs are
    /// written, but nobody is told: connections find it when they load.
    ///
    /// # Errors
    /// What `f` returns.
    pub fn as_of<T>(&mut self, then: Millis, ids: &Ids, f: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        let mut unheard = Outbox { memory_is_behind: self.outbox.memory_is_behind, ..Outbox::default() };
        let result = f(&mut Tx { conn: &mut *self.conn, now: then, ids, outbox: &mut unheard, known: None });
        self.outbox.wakes_jobs |= unheard.wakes_jobs;
        self.outbox.memory_is_behind |= unheard.memory_is_behind;
        self.outbox.kept.0.append(&mut unheard.kept.0);
        result
    }

    /// Tells something passing, after COMMIT; it may be lost.
    pub fn signal(&mut self, signal: Signal) {
        self.outbox.signals.push(signal);
    }

    /// Runs `step` after COMMIT, before anybody is answered: for what is remembered of the rows in memory. It must neither block nor panic.
    pub fn after_commit(&mut self, step: impl FnOnce() + Send + 'static) {
        self.outbox.kept.0.push(Box::new(step));
    }

    /// Rows were changed from which memory answers: from here to COMMIT they are read, also by whoever shares the COMMIT.
    pub fn leave_memory_behind(&mut self) {
        self.outbox.memory_is_behind = true;
    }

    /// Does memory answer as it was before this transaction?
    #[must_use]
    pub const fn memory_is_behind(&self) -> bool {
        self.outbox.memory_is_behind
    }

    /// A job was enqueued: wake the runner after COMMIT.
    pub fn wake_jobs(&mut self) {
        self.outbox.wakes_jobs = true;
    }
}

impl Deref for Tx<'_> {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        self.conn
    }
}

impl DerefMut for Tx<'_> {
    fn deref_mut(&mut self) -> &mut Conn {
        self.conn
    }
}

//! One connection as its worker knows it: what waits to be written, what it hears, what it has on its screen.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::{Rc, Weak};
use std::time::Instant;

use bytes::Bytes;

use super::unwritten::Unwritten;
use crate::ids::{MemberId, RoomId};
use crate::live::frames::CloseCode;
use crate::live::line::Line;
use crate::live::log::{Effect, LogId, Seq};
use crate::live::queue::{Class, Queue};
use crate::live::run::Run;
use crate::live::source::Caller;

/// One connection.
#[derive(Debug)]
pub struct Connection {
    /// Whose it is.
    pub caller: Caller,
    /// What waits to be written.
    pub queue: RefCell<Queue>,
    /// Logs that are being replayed, in order.
    pub replays: RefCell<VecDeque<Replay>>,
    pub(super) state: RefCell<State>,
    pub(super) heard_at: Cell<Instant>,
    /// When its socket is shut, once a close frame is in.
    pub(super) shut_at: Cell<Option<Instant>>,
    pub(super) gone: Cell<bool>,
    pub(super) descriptor: Option<i32>,
    /// The way past the dispatcher.
    pub(in crate::live) line: Line,
    unwritten: Weak<Unwritten>,
    is_unwritten: Cell<bool>,
}

/// The socket of a connection.
#[derive(Clone, Debug, Default)]
pub struct Socket {
    /// Its descriptor, if it is known.
    pub descriptor: Option<i32>,
    /// The way past the dispatcher.
    pub line: Line,
}

/// A log that is read from the database for one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replay {
    /// The log.
    pub log: LogId,
    /// The last place that was sent.
    pub after: Seq,
}

/// What of it changes as it goes.
#[derive(Debug, Default)]
pub(super) struct State {
    /// Sorted.
    pub(super) rooms: Vec<RoomId>,
    /// Before the snapshot is in: what happened meanwhile.
    pub(super) waiting: Option<Vec<(Seq, Effect)>>,
    /// Before the greeting is out: what was told meanwhile.
    pub(super) told: Vec<Bytes>,
    /// Events at or below these were in a replay or snapshot already.
    pub(super) floors: HashMap<LogId, Seq>,
    /// The room on the screen; `None` until the client says.
    pub(super) open: Option<Option<RoomId>>,
    pub(super) watches: Vec<MemberId>,
}

impl Connection {
    /// Not seated yet: what happens to its member waits for the snapshot.
    pub(super) fn new(caller: Caller, socket: Socket, unwritten: &Rc<Unwritten>, now: Instant) -> Self {
        Self {
            caller,
            queue: RefCell::default(),
            replays: RefCell::default(),
            state: RefCell::new(State { waiting: Some(Vec::new()), ..State::default() }),
            heard_at: Cell::new(now),
            shut_at: Cell::new(None),
            gone: Cell::new(false),
            descriptor: socket.descriptor,
            line: socket.line,
            unwritten: Rc::downgrade(unwritten),
            is_unwritten: Cell::new(false),
        }
    }

    /// Queues a frame. Without space the connection is closed.
    pub fn push(self: &Rc<Self>, frame: &Bytes, class: Class) {
        self.queue_joined(frame.clone(), 1, class);
    }

    /// Queues what this connection hears of a run. Without space it is closed.
    pub(super) fn hear(self: &Rc<Self>, run: &Run) {
        let Some(floor) = self.floor(run) else { return };
        let (frames, count) = run.above(floor, self.caller.member);
        if count > 0 {
            self.queue_joined(frames, count, Class::Event);
        }
    }

    fn queue_joined(self: &Rc<Self>, joined: Bytes, count: usize, class: Class) {
        let pushed = self.queue.borrow_mut().push(joined, count, class);
        let Some(unwritten) = self.unwritten.upgrade() else { return };
        if pushed.is_err() {
            unwritten.closes(Rc::clone(self));
        }
        if !self.is_unwritten.replace(true) {
            unwritten.add(Rc::clone(self));
        }
    }

    /// Closes it after what waits, or instead of it with `drop_rest`; a while later its socket is shut, whether or not that was read.
    pub fn close(self: &Rc<Self>, code: CloseCode, drop_rest: bool) {
        self.queue.borrow_mut().close(code, drop_rest);
        if let Some(unwritten) = self.unwritten.upgrade() {
            unwritten.closes(Rc::clone(self));
        }
    }

    /// Writes what waits, past the dispatcher if that is free; the rest is the dispatcher's.
    pub(super) fn write(&self) {
        self.is_unwritten.set(false);
        if self.gone.get() {
            return;
        }
        let mut queue = self.queue.borrow_mut();
        if !(self.line.is_free() && queue.write_with(|bytes| self.line.write(bytes))) {
            queue.wake();
        }
    }

    /// Something came from the client.
    pub fn heard(&self, now: Instant) {
        self.heard_at.set(now);
    }

    /// The place up to which this connection had the log already, from a snapshot or replay. `None` while the log is replayed: then
    /// nothing of it is for the queue.
    fn floor(&self, run: &Run) -> Option<Seq> {
        if self.replays.borrow().iter().any(|running| running.log == run.log) {
            return None;
        }
        let floors = &mut self.state.borrow_mut().floors;
        if floors.is_empty() {
            return Some(0);
        }
        let floor = floors.get(&run.log).copied().unwrap_or(0);
        if run.last() > floor {
            floors.remove(&run.log);
        }
        Some(floor)
    }
}

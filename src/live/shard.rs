//! The connections of one worker: who hears which log, and what each is told. Single-threaded: it takes no lock.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde::Serialize;

use super::frames::{self, CloseCode};
use super::log::{Effect, LogId, Seq};
use super::queue::{Class, Queue};
use super::source::{Caller, Standing};
use crate::ids::{MemberId, RoomId};

/// After the close frame of a slow consumer the socket itself is shut this much later, whether or not it was read.
pub const LINGER: Duration = Duration::from_secs(10);
/// A client that sends nothing, not even the answer to a ping, for this many heartbeats is gone.
const SILENT_BEATS: u32 = 3;
/// Most members whose presence one connection watches.
pub const WATCHED_MEMBERS: usize = 200;

/// One published event, framed.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Its log.
    pub log: LogId,
    /// Its place.
    pub seq: Seq,
    /// The frame, shared by all.
    pub frame: Bytes,
    /// What it does to connections.
    pub effect: Effect,
}

/// Something passing.
#[derive(Clone, Debug)]
pub enum Signal {
    /// To those who have the room open, but for the member who caused it.
    Room {
        /// The room.
        room: RoomId,
        /// Who caused it.
        but: MemberId,
        /// The frame.
        frame: Bytes,
    },
    /// To every connection.
    Everyone(Bytes),
    /// To the connections of one member.
    Member(MemberId, Bytes),
}

/// One connection.
#[derive(Debug)]
pub struct Connection {
    /// Whose it is.
    pub caller: Caller,
    /// What waits to be written.
    pub queue: RefCell<Queue>,
    /// Logs that are being replayed, in order.
    pub replays: RefCell<VecDeque<Replay>>,
    state: RefCell<State>,
    heard_at: Cell<Instant>,
    shut_at: Cell<Option<Instant>>,
    gone: Cell<bool>,
    descriptor: Option<i32>,
}

/// A log that is read from the database for one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replay {
    /// The log.
    pub log: LogId,
    /// The last place that was sent.
    pub after: Seq,
}

#[derive(Debug, Default)]
struct State {
    /// Sorted.
    rooms: Vec<RoomId>,
    /// Before the snapshot is in: what happened meanwhile.
    waiting: Option<Vec<(Seq, Effect)>>,
    /// Events at or below these were in a replay or snapshot already.
    floors: HashMap<LogId, Seq>,
    /// The room on the screen; `None` until the client says.
    open: Option<Option<RoomId>>,
    watches: Vec<MemberId>,
}

/// The connections of one worker.
#[derive(Debug)]
pub struct Shard {
    heartbeat: Duration,
    by_member: HashMap<MemberId, Vec<Rc<Connection>>>,
    by_room: HashMap<RoomId, Vec<Rc<Connection>>>,
    watchers: HashMap<MemberId, Vec<Rc<Connection>>>,
    /// The last event of each log that passed here, or was in a snapshot.
    seen: HashMap<LogId, Seq>,
    beats: VecDeque<(Instant, Rc<Connection>)>,
    lingering: Vec<Rc<Connection>>,
    presence: HashMap<MemberId, bool>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct Heartbeat<'a> {
    #[cfg_attr(test, ts(type = "\"heartbeat\""))]
    r#type: &'static str,
    n: u64,
    heads_digest: &'a str,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct PresenceSignal {
    #[cfg_attr(test, ts(type = "\"presence\""))]
    kind: &'static str,
    members: HashMap<String, bool>,
}

#[derive(Serialize)]
struct SignalFrame<T> {
    r#type: &'static str,
    signal: T,
}

/// The frame of a signal.
#[must_use]
pub fn signal_frame(signal: &impl Serialize) -> Bytes {
    frames::json(&SignalFrame { r#type: "signal", signal })
}

fn without(list: &mut Vec<Rc<Connection>>, connection: &Rc<Connection>) {
    if let Some(place) = list.iter().position(|one| Rc::ptr_eq(one, connection)) {
        list.swap_remove(place);
    }
}

impl Shard {
    /// An empty one.
    #[must_use]
    pub fn new(heartbeat: Duration) -> Self {
        Self {
            heartbeat,
            by_member: HashMap::new(),
            by_room: HashMap::new(),
            watchers: HashMap::new(),
            seen: HashMap::new(),
            beats: VecDeque::new(),
            lingering: Vec::new(),
            presence: HashMap::new(),
        }
    }

    /// Takes a connection in; it hears its member's log at once, rooms after [`Shard::seat`].
    pub fn connect(&mut self, caller: Caller, descriptor: Option<i32>, now: Instant) -> Rc<Connection> {
        let connection = Rc::new(Connection {
            caller,
            queue: RefCell::default(),
            replays: RefCell::default(),
            state: RefCell::new(State { waiting: Some(Vec::new()), ..State::default() }),
            heard_at: Cell::new(now),
            shut_at: Cell::new(None),
            gone: Cell::new(false),
            descriptor,
        });
        self.by_member.entry(caller.member).or_default().push(Rc::clone(&connection));
        connection
    }

    /// The snapshot is in: the connection hears its rooms from its heads on. What happened since the snapshot is replayed.
    pub fn seat(&mut self, connection: &Rc<Connection>, standing: &Standing, now: Instant) {
        if connection.gone.get() {
            return;
        }
        let me = LogId::Member(connection.caller.member);
        let mut rooms: Vec<RoomId> = standing.rooms.iter().map(|(room, _)| *room).collect();
        rooms.sort_unstable();
        let heads = standing.rooms.iter().map(|(room, head)| (LogId::Room(*room), *head)).chain([(me, standing.me_head)]);
        let mut replays = Vec::new();
        {
            let mut state = connection.state.borrow_mut();
            for (log, head) in heads {
                let seen = self.seen.entry(log).or_insert(head);
                if *seen > head {
                    replays.push(Replay { log, after: head });
                } else if *seen < head {
                    state.floors.insert(log, head);
                    *seen = head;
                }
            }
            for room in &rooms {
                self.by_room.entry(*room).or_default().push(Rc::clone(connection));
            }
            state.rooms = rooms;
        }
        let waiting = connection.state.borrow_mut().waiting.take().unwrap_or_default();
        for (seq, effect) in waiting {
            if effect == Effect::EndSession(connection.caller.session) {
                connection.queue.borrow_mut().close(CloseCode::SignedOut, false);
                self.linger(Rc::clone(connection), now);
            } else if seq > standing.me_head {
                self.apply(connection, effect);
            }
        }
        for replay in replays {
            self.replay(connection, replay);
        }
        self.beats.push_back((now + self.heartbeat, Rc::clone(connection)));
    }

    /// From now on this log comes from the database, until it meets the head.
    pub fn replay(&mut self, connection: &Rc<Connection>, replay: Replay) {
        // Who was removed while the cursor was looked up hears no more of the room.
        if let LogId::Room(room) = replay.log
            && connection.state.borrow().rooms.binary_search(&room).is_err()
        {
            return;
        }
        let mut replays = connection.replays.borrow_mut();
        replays.retain(|running| running.log != replay.log);
        replays.push_back(replay);
        drop(replays);
        connection.queue.borrow_mut().wake();
    }

    /// A page of a replay was written up to `after`, and `is_last` says that nothing was left above it: has it met the head?
    pub fn replayed(&mut self, connection: &Connection, log: LogId, after: Seq, is_last: bool) {
        let met = is_last && self.seen.get(&log).copied().unwrap_or(0) <= after;
        let mut replays = connection.replays.borrow_mut();
        if met {
            replays.retain(|running| running.log != log);
            connection.state.borrow_mut().floors.insert(log, after);
        } else if let Some(running) = replays.iter_mut().find(|running| running.log == log) {
            running.after = after;
        }
    }

    /// A client is up to date with a log again without a replay (`reset`), or is told that it is not its own (`gone`).
    pub fn end_replay(&mut self, connection: &Connection, log: LogId) {
        connection.replays.borrow_mut().retain(|running| running.log != log);
    }

    /// The connection is over.
    pub fn disconnect(&mut self, connection: &Rc<Connection>) {
        let state = connection.state.borrow();
        for room in &state.rooms {
            if let Some(list) = self.by_room.get_mut(room) {
                without(list, connection);
                if list.is_empty() {
                    self.by_room.remove(room);
                }
            }
        }
        for member in &state.watches {
            if let Some(list) = self.watchers.get_mut(member) {
                without(list, connection);
                if list.is_empty() {
                    self.watchers.remove(member);
                }
            }
        }
        if let Some(list) = self.by_member.get_mut(&connection.caller.member) {
            without(list, connection);
            if list.is_empty() {
                self.by_member.remove(&connection.caller.member);
                self.seen.remove(&LogId::Member(connection.caller.member));
            }
        }
        without(&mut self.lingering, connection);
        connection.shut_at.set(None);
        connection.gone.set(true);
    }

    /// An event whose turn it is: everyone who hears the log gets the same bytes.
    pub fn deliver(&mut self, delivery: &Delivery, now: Instant) {
        match delivery.log {
            LogId::Room(room) => {
                self.seen.insert(delivery.log, delivery.seq);
                let mut slow = Vec::new();
                for connection in self.by_room.get(&room).map_or(&[][..], Vec::as_slice) {
                    if connection.takes(delivery.log, delivery.seq) && !connection.push(&delivery.frame, Class::Event) {
                        slow.push(Rc::clone(connection));
                    }
                }
                slow.into_iter().for_each(|connection| self.linger(connection, now));
            }
            LogId::Member(member) => {
                let Some(list) = self.by_member.get(&member).cloned() else { return };
                self.seen.insert(delivery.log, delivery.seq);
                for connection in list {
                    if let Some(waiting) = &mut connection.state.borrow_mut().waiting {
                        waiting.push((delivery.seq, delivery.effect));
                        continue;
                    }
                    self.apply(&connection, delivery.effect);
                    if connection.takes(delivery.log, delivery.seq) && !connection.push(&delivery.frame, Class::Event) {
                        self.linger(Rc::clone(&connection), now);
                    }
                    if let Effect::EndSession(session) = delivery.effect
                        && session == connection.caller.session
                    {
                        connection.queue.borrow_mut().close(CloseCode::SignedOut, false);
                        self.linger(connection, now);
                    }
                }
            }
        }
    }

    fn apply(&mut self, connection: &Rc<Connection>, effect: Effect) {
        let mut state = connection.state.borrow_mut();
        match effect {
            Effect::Join { room, head } => {
                if let Err(place) = state.rooms.binary_search(&room) {
                    state.rooms.insert(place, room);
                    state.floors.insert(LogId::Room(room), head);
                    self.seen.entry(LogId::Room(room)).or_insert(head);
                    self.by_room.entry(room).or_default().push(Rc::clone(connection));
                }
            }
            Effect::Leave(room) => {
                if let Ok(place) = state.rooms.binary_search(&room) {
                    state.rooms.remove(place);
                    state.floors.remove(&LogId::Room(room));
                    connection.replays.borrow_mut().retain(|running| running.log != LogId::Room(room));
                    if let Some(list) = self.by_room.get_mut(&room) {
                        without(list, connection);
                    }
                }
            }
            Effect::None | Effect::EndSession(_) => {}
        }
    }

    /// Something passing.
    pub fn signal(&mut self, signal: &Signal) {
        match signal {
            Signal::Room { room, but, frame } => {
                for connection in self.by_room.get(room).map_or(&[][..], Vec::as_slice) {
                    let has_open = connection.state.borrow().open.is_none_or(|open| open == Some(*room));
                    if has_open && connection.caller.member != *but {
                        connection.push(frame, Class::Signal);
                    }
                }
            }
            Signal::Everyone(frame) => self.by_member.values().flatten().for_each(|connection| {
                connection.push(frame, Class::Signal);
            }),
            Signal::Member(member, frame) => {
                for connection in self.by_member.get(member).map_or(&[][..], Vec::as_slice) {
                    connection.push(frame, Class::Signal);
                }
            }
        }
    }

    /// A member came or went; watchers hear of it with the next tick.
    pub fn presence_changed(&mut self, member: MemberId, online: bool) {
        if self.watchers.contains_key(&member) {
            self.presence.insert(member, online);
        }
    }

    /// What a connection has on its screen: these members, and this room. `states` says who of them is online.
    pub fn watch(&mut self, connection: &Rc<Connection>, states: &[(MemberId, bool)], open: Option<RoomId>) {
        if connection.gone.get() {
            return;
        }
        let before = {
            let mut state = connection.state.borrow_mut();
            if let Some(room) = open {
                state.open = Some(Some(room));
            }
            std::mem::replace(&mut state.watches, states.iter().map(|(member, _)| *member).collect())
        };
        let known: HashSet<MemberId> = before.iter().copied().collect();
        let kept: HashSet<MemberId> = states.iter().map(|(member, _)| *member).collect();
        for gone in known.difference(&kept) {
            if let Some(list) = self.watchers.get_mut(gone) {
                without(list, connection);
            }
        }
        for new in kept.difference(&known) {
            self.watchers.entry(*new).or_default().push(Rc::clone(connection));
        }
        let members = states.iter().map(|(member, online)| (member.to_string(), *online)).collect();
        connection.push(&signal_frame(&PresenceSignal { kind: "presence", members }), Class::Signal);
    }

    /// Time has passed: presence, heartbeats, and connections whose time is over. Returns the sockets to shut.
    pub fn tick(&mut self, now: Instant) -> Vec<i32> {
        for (member, online) in std::mem::take(&mut self.presence) {
            let members = HashMap::from([(member.to_string(), online)]);
            let frame = signal_frame(&PresenceSignal { kind: "presence", members });
            for connection in self.watchers.get(&member).map_or(&[][..], Vec::as_slice) {
                connection.push(&frame, Class::Signal);
            }
        }
        while self.beats.front().is_some_and(|(due, _)| *due <= now) {
            let Some((_, connection)) = self.beats.pop_front() else { break };
            if self.beat(&connection, now) {
                self.beats.push_back((now + self.heartbeat, connection));
            }
        }
        let over = self.lingering.iter().filter(|connection| connection.shut_at.get().is_some_and(|at| at <= now));
        let over: Vec<i32> = over.filter_map(|connection| connection.descriptor).collect();
        self.lingering.retain(|connection| connection.shut_at.get().is_some_and(|at| at > now));
        over
    }

    /// Sends a heartbeat; `false` when the connection is over.
    fn beat(&mut self, connection: &Rc<Connection>, now: Instant) -> bool {
        if connection.gone.get() {
            return false;
        }
        if connection.queue.borrow().is_closing() {
            self.linger(Rc::clone(connection), now);
            return false;
        }
        if now.duration_since(connection.heard_at.get()) > self.heartbeat * SILENT_BEATS {
            connection.queue.borrow_mut().close(CloseCode::GoingAway, true);
            self.linger(Rc::clone(connection), now);
            return false;
        }
        let head = |log: LogId| self.seen.get(&log).copied().unwrap_or(0);
        let (digest, n) = {
            let state = connection.state.borrow();
            let rooms = state.rooms.iter().map(|room| (room.0, head(LogId::Room(*room))));
            (frames::heads_digest(rooms, head(LogId::Member(connection.caller.member))), connection.queue.borrow().events())
        };
        let frame = frames::json(&Heartbeat { r#type: "heartbeat", n, heads_digest: &digest });
        connection.push(&frame, Class::Signal);
        connection.push(&frames::ping(), Class::Signal);
        true
    }

    /// The program stops: every connection is told and closed.
    pub fn go_away(&mut self, notice: &Bytes, now: Instant) {
        let all: Vec<_> = self.by_member.values().flatten().cloned().collect();
        for connection in all {
            connection.push(notice, Class::Answer);
            connection.queue.borrow_mut().close(CloseCode::GoingAway, false);
            self.linger(connection, now);
        }
    }

    /// A close frame is in: give it time, then shut the socket.
    pub fn linger(&mut self, connection: Rc<Connection>, now: Instant) {
        // Once the connection is gone its descriptor may be somebody else's.
        if connection.gone.get() {
            return;
        }
        if connection.shut_at.get().is_none() {
            connection.shut_at.set(Some(now + LINGER));
            self.lingering.push(connection);
        }
    }
}

impl Connection {
    /// Queues a frame; `false` when the queue was full and the connection is being closed.
    pub fn push(&self, frame: &Bytes, class: Class) -> bool {
        self.queue.borrow_mut().push(frame.clone(), class).is_ok()
    }

    /// Something came from the client.
    pub fn heard(&self, now: Instant) {
        self.heard_at.set(now);
    }

    /// Is this event for the queue? Not while its log is replayed, nor when a snapshot or replay had it already.
    fn takes(&self, log: LogId, seq: Seq) -> bool {
        if self.replays.borrow().iter().any(|running| running.log == log) {
            return false;
        }
        let floors = &mut self.state.borrow_mut().floors;
        if floors.is_empty() {
            return true;
        }
        match floors.get(&log) {
            Some(floor) if seq <= *floor => false,
            Some(_) => {
                floors.remove(&log);
                true
            }
            None => true,
        }
    }
}

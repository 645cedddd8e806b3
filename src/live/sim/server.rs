//! The simulated program: a list for a store, a publisher around the real order, two real shards, and readings that take their time.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{Chance, Fault, Tally};
use crate::ids::{MemberId, RoomId, SessionId};
use crate::live::frames;
use crate::live::log::{Effect, LogId, Logged, Seq};
use crate::live::order::Order;
use crate::live::queue::Class;
use crate::live::run::{Run, runs};
use crate::live::shard::{Connection, Replay, Shard, Socket};
use crate::live::source::{Caller, CatchUp, Standing};

/// Who is further behind than this loads the newest page again.
const REPLAYED: Seq = 15;
/// Events of a page.
pub(super) const PAGE: usize = 4;
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How often what was delivered is compared with the heads.
const COMPARE: Duration = Duration::from_secs(10);

/// The rooms that everyone is in.
pub(super) const ROOMS: [RoomId; 2] = [RoomId(3), RoomId(11)];

/// A page that is being read; `None` in it when the reading failed.
pub(super) type Reading = Rc<RefCell<Option<Option<Vec<Logged>>>>>;

/// What was asked of the store and is not done yet: first it is read, later the answer arrives.
enum Task {
    Stand(Rc<Connection>, usize),
    Seat(Rc<Connection>, usize, Standing),
    CatchUp(Rc<Connection>, usize, BTreeMap<LogId, Seq>),
    Answer(Rc<Connection>, usize, Vec<(LogId, CatchUp)>),
    Read(Replay, Reading),
}

pub(super) struct Server {
    pub(super) now: Instant,
    pub(super) shards: [Shard; 2],
    pub(super) fault: Fault,
    pub(super) tally: Tally,
    store: BTreeMap<LogId, Vec<Logged>>,
    inbox: VecDeque<Vec<Logged>>,
    order: Order,
    told: [VecDeque<Run>; 2],
    tasks: Vec<Task>,
    compare_at: Instant,
    padding: usize,
    pub(super) is_calm: bool,
    numbered: i32,
}

impl Server {
    pub(super) fn new(fault: Fault, padding: usize) -> Self {
        let now = Instant::now();
        Self {
            now,
            shards: [Shard::new(HEARTBEAT), Shard::new(HEARTBEAT)],
            fault,
            tally: Tally::default(),
            store: BTreeMap::new(),
            inbox: VecDeque::new(),
            order: Order::default(),
            told: [VecDeque::new(), VecDeque::new()],
            tasks: Vec::new(),
            compare_at: now + COMPARE,
            padding,
            is_calm: false,
            numbered: 0,
        }
    }

    /// From now on nothing fails.
    pub(super) const fn calm(&mut self) {
        self.is_calm = true;
    }

    pub(super) fn head(&self, log: LogId) -> Seq {
        self.store.get(&log).map_or(0, |events| events.len() as Seq)
    }

    /// What stands at this place.
    pub(super) fn event(&self, log: LogId, seq: Seq) -> Option<&str> {
        let place = usize::try_from(seq - 1).ok()?;
        self.store.get(&log)?.get(place).map(|logged| &*logged.event)
    }

    fn page(&self, log: LogId, after: Seq, limit: usize) -> Vec<Logged> {
        let events = self.store.get(&log).map_or(&[][..], Vec::as_slice);
        events.iter().skip(usize::try_from(after).unwrap_or(0)).take(limit).cloned().collect()
    }

    /// Some events are committed in one log; their publication may get lost or come twice.
    pub(super) fn commit(&mut self, chance: &mut Chance) {
        let log = match chance.below(8) {
            n @ 0..3 => LogId::Member(MemberId(100 + n as i64)),
            n => LogId::Room(ROOMS[n % 2]),
        };
        let events = self.store.entry(log).or_default();
        let mut batch = Vec::new();
        for _ in 0..=chance.below(3) {
            let seq = events.len() as Seq + 1;
            let text = format!(r#"{{"kind":"said","id":{},"x":"{}"}}"#, chance.below(1 << 30), "x".repeat(self.padding));
            events.push(Logged { log, seq, at: 0, event: Arc::from(text), effect: Effect::None, instead: Vec::new() });
            batch.extend(events.last().cloned());
        }
        self.tally.events += batch.len() as u64;
        let (is_twice, is_lost) = (chance.percent(10), chance.percent(10));
        match (is_twice, is_lost) {
            (true, false) => self.tally.publications_doubled += 1,
            (false, true) => self.tally.publications_lost += 1,
            _ => {}
        }
        if is_twice {
            self.inbox.push_back(batch.clone());
        }
        if !is_lost {
            self.inbox.push_back(batch);
        }
    }

    /// The publisher takes a publication, now and then not the first.
    pub(super) fn publish(&mut self, chance: &mut Chance) {
        let place = if self.inbox.len() > 1 && chance.percent(25) { chance.below(self.inbox.len()) } else { 0 };
        let Some(batch) = self.inbox.remove(place) else { return };
        self.tally.publications_out_of_order += u64::from(place > 0);
        let ready = self.order.take(batch, self.now);
        self.tell(&ready);
    }

    fn tell(&mut self, ready: &[Logged]) {
        for run in runs(ready) {
            self.told.iter_mut().for_each(|queue| queue.push_back(run.clone()));
        }
    }

    /// A shard takes the next delivery.
    pub(super) fn deliver(&mut self, shard: usize) {
        if let Some(run) = self.told[shard].pop_front() {
            self.shards[shard].deliver(&run);
        }
    }

    /// Time goes by; what waited too long is read, and what was delivered is compared with the store.
    pub(super) fn pass(&mut self, time: Duration, readings_succeed: bool) {
        self.now += time;
        let mut late = self.order.overdue(self.now);
        if self.now >= self.compare_at && self.fault != Fault::NoCompare {
            self.compare_at = self.now + COMPARE;
            if readings_succeed {
                late.extend(self.order.behind(self.store.iter().map(|(log, events)| (*log, events.len() as Seq))));
            }
        }
        for (log, after) in late {
            if readings_succeed {
                let ready = self.order.take(self.page(log, after, 500), self.now);
                self.tell(&ready);
            } else {
                self.tally.readings_failed += 1;
            }
            self.order.postpone_unless_past(log, after, self.now);
        }
    }

    /// The sockets to shut.
    pub(super) fn tick(&mut self) -> Vec<i32> {
        let now = self.now;
        self.shards.iter_mut().flat_map(|shard| shard.tick(now)).collect()
    }

    /// All that is only in memory is gone.
    pub(super) fn crash(&mut self) {
        self.tally.crashes += 1;
        self.shards = [Shard::new(HEARTBEAT), Shard::new(HEARTBEAT)];
        self.order = Order::new(self.store.iter().map(|(log, events)| (*log, events.len() as Seq)));
        self.inbox.clear();
        self.tasks.clear();
        self.told.iter_mut().for_each(VecDeque::clear);
    }

    /// Is something left to do at this moment?
    pub(super) fn is_busy(&self) -> bool {
        !self.inbox.is_empty() || !self.tasks.is_empty() || self.told.iter().any(|queue| !queue.is_empty())
    }

    /// A connection of this member; its greeting is read later.
    pub(super) fn connect(&mut self, member: MemberId, shard: usize) -> (Rc<Connection>, i32) {
        self.numbered += 1;
        let caller = Caller {
            member,
            session: SessionId(i64::from(self.numbered)),
            address: None,
            language: "en",
            shard,
            connection: u64::from(self.numbered.unsigned_abs()),
        };
        let socket = Socket { descriptor: Some(self.numbered), ..Socket::default() };
        let connection = self.shards[shard].connect(caller, socket, self.now);
        self.tasks.push(Task::Stand(Rc::clone(&connection), shard));
        (connection, self.numbered)
    }

    /// A client says where it stands.
    pub(super) fn sync(&mut self, connection: &Rc<Connection>, shard: usize, cursors: BTreeMap<LogId, Seq>) {
        self.tasks.push(Task::CatchUp(Rc::clone(connection), shard, cursors));
    }

    /// The next page of a replay is asked for.
    pub(super) fn read(&mut self, replay: Replay) -> Reading {
        let reading = Reading::default();
        self.tasks.push(Task::Read(replay, Rc::clone(&reading)));
        reading
    }

    /// Something that was asked of the store goes on.
    pub(super) fn work(&mut self, chance: &mut Chance) {
        if self.tasks.is_empty() {
            return;
        }
        let place = chance.below(self.tasks.len());
        let next = match self.tasks.swap_remove(place) {
            Task::Stand(connection, shard) => {
                let rooms = ROOMS.map(|room| (room, self.head(LogId::Room(room))));
                let me_head = self.head(LogId::Member(connection.caller.member));
                let standing = Standing { epoch: "sim".to_owned(), me: json!({}), calls: json!([]), me_head, rooms: rooms.to_vec() };
                Some(Task::Seat(connection, shard, standing))
            }
            Task::Seat(connection, shard, standing) => {
                connection.push(&frames::json(&json!({ "type": "hello" })), Class::Answer);
                self.shards[shard].seat(&connection, &standing, self.now);
                None
            }
            Task::CatchUp(connection, shard, cursors) => {
                let answer = |(log, after): (LogId, Seq)| {
                    let head = self.head(log);
                    let is_near = after <= head && head - after <= REPLAYED;
                    (log, if is_near { CatchUp::Replay { after, head } } else { CatchUp::Reset { head } })
                };
                Some(Task::Answer(connection, shard, cursors.into_iter().map(answer).collect()))
            }
            Task::Answer(connection, shard, answers) => {
                self.answer(&connection, shard, answers);
                None
            }
            Task::Read(replay, reading) => {
                let after = replay.after + Seq::from(self.fault == Fault::LateReplay);
                let fails = !self.is_calm && chance.percent(3);
                self.tally.readings_failed += u64::from(fails);
                *reading.borrow_mut() = Some((!fails).then(|| self.page(replay.log, after, PAGE)));
                None
            }
        };
        self.tasks.extend(next);
    }

    /// As a dialogue answers `sync`.
    fn answer(&mut self, connection: &Rc<Connection>, shard: usize, answers: Vec<(LogId, CatchUp)>) {
        connection.push(&frames::json(&json!({ "type": "ack" })), Class::Answer);
        for (log, answer) in answers {
            match answer {
                CatchUp::Replay { after, head } if after == head => self.shards[shard].caught_up(connection, Replay { log, after }),
                CatchUp::Replay { after, .. } => self.shards[shard].replay(connection, Replay { log, after }),
                CatchUp::Reset { .. } | CatchUp::Gone => {
                    self.shards[shard].end_replay(connection, log);
                    connection.push(&frames::json(&json!({ "type": "reset", "room": log.name() })), Class::Answer);
                }
            }
        }
    }
}

//! The connections of one worker: who hears which log, and what each is told. Single-threaded: it takes no lock.

mod beat;
mod connection;
mod notice;
mod signal;
mod unwritten;

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::frames::CloseCode;
use super::log::{Effect, LogId, Seq};
use super::run::Run;
use super::source::{Caller, Standing};
use crate::ids::{MemberId, RoomId};

#[cfg(test)]
pub(super) use beat::Heartbeat;
pub use connection::{Connection, Replay, Socket};
pub use notice::{Addressee, frame_of};
#[cfg(test)]
pub(super) use signal::PresenceSignal;
pub(super) use signal::numbered_frame;
pub use signal::{Signal, WATCHED_MEMBERS, signal_frame, to_everyone};
pub use unwritten::Unwritten;

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
    /// The number of the latest signal to everyone.
    signals: u64,
    unwritten: Rc<Unwritten>,
}

/// Takes a connection out of the list of a key; an empty list goes too. Says whether it went.
fn leaves<K: Eq + Hash>(lists: &mut HashMap<K, Vec<Rc<Connection>>>, key: &K, connection: &Rc<Connection>) -> bool {
    let Some(list) = lists.get_mut(key) else { return false };
    without(list, connection);
    list.is_empty() && lists.remove(key).is_some()
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
            signals: 0,
            unwritten: Rc::default(),
        }
    }

    /// It begins after the signal to everyone with this number.
    #[must_use]
    pub const fn after_signal(mut self, n: u64) -> Self {
        self.signals = n;
        self
    }

    /// Its connections for which something waits: they are written to by whoever keeps this.
    #[must_use]
    pub fn unwritten(&self) -> Rc<Unwritten> {
        Rc::clone(&self.unwritten)
    }

    /// Takes a connection in; it hears its member's log at once, rooms after [`Shard::seat`].
    pub fn connect(&mut self, caller: Caller, socket: Socket, now: Instant) -> Rc<Connection> {
        let connection = Rc::new(Connection::new(caller, socket, &self.unwritten, now));
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
                connection.close(CloseCode::SignedOut, false);
            } else if seq > standing.me_head {
                self.apply(connection, effect);
            }
        }
        for replay in replays {
            self.replay(connection, replay);
        }
        self.tell_waiting(connection);
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

    /// A client stands at what was the head when it was read. A replay that runs goes on from there: what was delivered while it ran is in
    /// no queue.
    pub fn caught_up(&mut self, connection: &Rc<Connection>, replay: Replay) {
        let is_running = connection.replays.borrow().iter().any(|running| running.log == replay.log);
        if is_running {
            self.replay(connection, replay);
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
            leaves(&mut self.by_room, room, connection);
        }
        for member in &state.watches {
            leaves(&mut self.watchers, member, connection);
        }
        if leaves(&mut self.by_member, &connection.caller.member, connection) {
            self.seen.remove(&LogId::Member(connection.caller.member));
        }
        without(&mut self.lingering, connection);
        connection.shut_at.set(None);
        connection.gone.set(true);
    }

    /// Events whose turn it is: everyone who hears the log gets the same bytes.
    pub fn deliver(&mut self, run: &Run) {
        match run.log {
            LogId::Room(room) => {
                self.seen.insert(run.log, run.last());
                self.by_room.get(&room).map_or(&[][..], Vec::as_slice).iter().for_each(|connection| connection.hear(run));
            }
            LogId::Member(member) => {
                let Some(list) = self.by_member.get(&member).cloned() else { return };
                self.seen.insert(run.log, run.last());
                for connection in list {
                    if let Some(waiting) = &mut connection.state.borrow_mut().waiting {
                        waiting.push((run.last(), run.effect));
                        continue;
                    }
                    self.apply(&connection, run.effect);
                    connection.hear(run);
                    if let Effect::EndSession(session) = run.effect
                        && session == connection.caller.session
                    {
                        connection.close(CloseCode::SignedOut, false);
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
                    leaves(&mut self.by_room, &room, connection);
                }
            }
            Effect::None | Effect::EndSession(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::ids::SessionId;
    use crate::live::log::Logged;
    use crate::live::run::runs;

    const ROOM: RoomId = RoomId(3);

    fn delivery(seq: Seq) -> Run {
        let event = Logged { log: LogId::Room(ROOM), seq, at: 0, event: Arc::from("{}"), effect: Effect::None, instead: Vec::new() };
        runs(&[event]).remove(0)
    }

    #[test]
    fn what_was_delivered_during_a_replay_is_not_lost_when_the_client_says_again_where_it_stands() {
        let (mut shard, now, log) = (Shard::new(Duration::from_secs(9)), Instant::now(), LogId::Room(ROOM));
        let caller = Caller { member: MemberId(1), session: SessionId(1), address: None, language: "en", shard: 0, connection: 1 };
        let connection = shard.connect(caller, Socket::default(), now);
        let standing = Standing {
            epoch: String::new(),
            me: serde_json::Value::Null,
            calls: serde_json::Value::Null,
            me_head: 0,
            rooms: vec![(ROOM, 3)],
        };
        shard.seat(&connection, &standing, now);
        shard.caught_up(&connection, Replay { log, after: 3 });
        assert!(connection.replays.borrow().is_empty(), "nothing was missing");
        shard.replay(&connection, Replay { log, after: 0 });
        shard.deliver(&delivery(4));
        // Its answer was read before the fourth event was committed.
        shard.caught_up(&connection, Replay { log, after: 3 });
        shard.deliver(&delivery(5));
        assert!(connection.queue.borrow().is_empty(), "the fourth comes first");
        assert_eq!(connection.replays.borrow().front(), Some(&Replay { log, after: 3 }));
        shard.replayed(&connection, log, 5, true);
        shard.deliver(&delivery(6));
        assert_eq!(connection.queue.borrow().events(), 1);
    }
}

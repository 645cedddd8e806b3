//! What passes and may be lost: typing, presence, and whatever a slice sends to many.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use bytes::Bytes;
use serde::Serialize;

use super::connection::Connection;
use super::{Shard, leaves};
use crate::ids::{MemberId, RoomId};
use crate::live::frames;
use crate::live::queue::Class;

/// Most members whose presence one connection watches.
pub const WATCHED_MEMBERS: usize = 200;

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
    /// To every connection: what is said, as JSON; see [`to_everyone`].
    Everyone(String),
    /// To the connections of one member.
    Member(MemberId, Bytes),
}

#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::live) struct PresenceSignal {
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

/// Something to be said to everyone. It is numbered as it leaves, so that whoever missed one knows.
#[must_use]
pub fn to_everyone(signal: &impl Serialize) -> Signal {
    Signal::Everyone(serde_json::to_string(signal).expect("signals are plain structs with string keys"))
}

/// The frame of a signal to everyone, with its number.
pub(in crate::live) fn numbered_frame(n: u64, signal: &str) -> Bytes {
    frames::text(&format!(r#"{{"type":"signal","n":{n},"signal":{signal}}}"#))
}

/// The frame that says who is online and who is not.
pub(super) fn presence_frame(members: HashMap<String, bool>) -> Bytes {
    signal_frame(&PresenceSignal { kind: "presence", members })
}

impl Shard {
    /// Something passing, to those who have the room open, but for the member who caused it.
    pub fn signal_room(&mut self, room: RoomId, but: MemberId, frame: &Bytes) {
        for connection in self.by_room.get(&room).map_or(&[][..], Vec::as_slice) {
            let has_open = connection.state.borrow().open.is_none_or(|open| open == Some(room));
            if has_open && connection.caller.member != but {
                connection.push(frame, Class::Signal);
            }
        }
    }

    /// Something passing, to the connections of one member.
    pub fn signal_member(&mut self, member: MemberId, frame: &Bytes) {
        for connection in self.by_member.get(&member).map_or(&[][..], Vec::as_slice) {
            connection.push(frame, Class::Signal);
        }
    }

    /// The signal of this number, to everyone. Where it is dropped, the next heartbeat tells of it.
    pub fn signal_everyone(&mut self, n: u64, frame: &Bytes) {
        self.signals = n;
        self.by_member.values().flatten().for_each(|connection| connection.push(frame, Class::Signal));
    }

    /// The number of the latest signal to everyone that went to the connections of this shard.
    #[must_use]
    pub const fn signals(&self) -> u64 {
        self.signals
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
            leaves(&mut self.watchers, gone, connection);
        }
        for new in kept.difference(&known) {
            self.watchers.entry(*new).or_default().push(Rc::clone(connection));
        }
        let members = states.iter().map(|(member, online)| (member.to_string(), *online)).collect();
        connection.push(&presence_frame(members), Class::Signal);
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::ids::SessionId;
    use crate::live::queue::QUEUE_BYTES;
    use crate::live::shard::Socket;
    use crate::live::source::{Caller, Standing};

    #[test]
    fn a_signal_to_everyone_has_a_number_and_the_next_heartbeat_tells_of_one_that_was_dropped() {
        let (beat, now) = (Duration::from_secs(9), Instant::now());
        let mut shard = Shard::new(beat).after_signal(7);
        let caller = Caller { member: MemberId(1), session: SessionId(5), address: None, language: "en", shard: 0, connection: 1 };
        let one = shard.connect(caller, Socket::default(), now);
        let (me, calls) = (serde_json::Value::Null, serde_json::Value::Null);
        shard.seat(&one, &Standing { epoch: String::new(), me, calls, me_head: 0, rooms: Vec::new() }, now);
        let told = |what: &str| one.queue.borrow_mut().take().is_some_and(|bytes| String::from_utf8_lossy(&bytes).contains(what));
        assert_eq!(shard.signals(), 7);
        shard.signal_everyone(8, &numbered_frame(8, r#"{"kind":"x"}"#));
        assert!(told(r#"{"type":"signal","n":8,"signal":{"kind":"x"}}"#));
        one.push(&Bytes::from(vec![b'x'; QUEUE_BYTES / 2]), Class::Event);
        shard.signal_everyone(9, &numbered_frame(9, r#"{"kind":"x"}"#));
        assert!(!told(r#""n":9"#), "there was no room for it");
        one.heard(now + beat);
        shard.tick(now + beat);
        assert!(told(r#""signals":9}"#), "and that is said");
    }
}

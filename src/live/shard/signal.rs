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
    /// To every connection.
    Everyone(Bytes),
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

/// The frame that says who is online and who is not.
pub(super) fn presence_frame(members: HashMap<String, bool>) -> Bytes {
    signal_frame(&PresenceSignal { kind: "presence", members })
}

impl Shard {
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
            leaves(&mut self.watchers, gone, connection);
        }
        for new in kept.difference(&known) {
            self.watchers.entry(*new).or_default().push(Rc::clone(connection));
        }
        let members = states.iter().map(|(member, online)| (member.to_string(), *online)).collect();
        connection.push(&presence_frame(members), Class::Signal);
    }
}

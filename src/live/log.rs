//! What an event is before it is a frame: which log it belongs to, its place there and what it does to connections.

use std::sync::Arc;

use crate::clock::Millis;
use crate::ids::{MemberId, RoomId, SessionId};

/// Position in a log: dense, from 1.
pub type Seq = i64;

/// An ordered list of events: a room's or a member's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LogId {
    /// Everything durable that happens in a room.
    Room(RoomId),
    /// Everything durable that concerns one member alone; `"me"` on the wire.
    Member(MemberId),
}

impl LogId {
    /// As the wire writes it: the room's id, or `me`.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Room(room) => room.to_string(),
            Self::Member(_) => "me".to_owned(),
        }
    }
}

/// What committing an event does to the connections of the log's member, before later frames are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing but the frame.
    None,
    /// From now on these connections hear the room, above `head`.
    Join {
        /// The room.
        room: RoomId,
        /// Its head when the member joined.
        head: Seq,
    },
    /// These connections hear the room no longer.
    Leave(RoomId),
    /// The connections of this session close with 4001.
    EndSession(SessionId),
}

/// A committed event, ready to be published.
#[derive(Clone, Debug)]
pub struct Logged {
    /// Its log.
    pub log: LogId,
    /// Its place there.
    pub seq: Seq,
    /// When, never earlier than the event before it in the log.
    pub at: Millis,
    /// The event as JSON, `{"kind":…}`.
    pub event: Arc<str>,
    /// What it does to connections.
    pub effect: Effect,
    /// What some members hear in its place; empty but for few.
    pub instead: Vec<Instead>,
}

/// What one member hears in the place of an event: something of it is not for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instead {
    /// Who.
    pub member: MemberId,
    /// The event as JSON.
    pub event: Arc<str>,
}

impl Logged {
    /// The event as this member hears it.
    #[must_use]
    pub fn heard_by(&self, member: MemberId) -> &Arc<str> {
        self.instead.iter().find(|instead| instead.member == member).map_or(&self.event, |instead| &instead.event)
    }
}

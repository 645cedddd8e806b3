//! What is told of calls: notices to those who are concerned, lines in the log of a room, entries in a member's own log.

use std::collections::BTreeMap;

use serde::Serialize;

use super::model::{CallLimits, CallRole, CallSource, CallView, Cause, Entry, Mark, MyCall, Participant, Parting, Slot, Trouble};
use crate::clock::Millis;
use crate::error::Result;
use crate::ids::{CallId, MemberId, RoomId};
use crate::live::Effect;
use crate::storage::{Announcement, LogEntry};

/// The names of all notices, in the order of `docs/protocol.md`.
pub const NOTICES: &[&str] = &[
    "call.ring",
    "call.state",
    "call.room",
    "call.ended",
    "call.joined",
    "pc.answer",
    "call.slots",
    "call.layers",
    "call.speakers",
    "call.members",
    "call.quality",
    "call.grow",
    "call.moderated",
    "call.parted",
];

/// The third class of frames beside events and signals: not durable, never dropped, outside `n`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "type")]
#[allow(missing_docs, reason = "docs/protocol.md describes every field, and a test holds both together")]
pub enum CallNotice {
    #[serde(rename = "call.ring")]
    Ring { call: CallView, waiting: bool },
    #[serde(rename = "call.state")]
    State(MyCall),
    #[serde(rename = "call.room")]
    Room { room: RoomId, call: Option<CallView> },
    #[serde(rename = "call.ended")]
    Ended { call: CallId, cause: Cause },
    #[serde(rename = "call.joined")]
    Joined {
        call: CallView,
        number: u32,
        role: CallRole,
        hand: bool,
        held: Vec<CallSource>,
        resume: String,
        resumed: bool,
        limits: CallLimits,
        members: Vec<Participant>,
    },
    #[serde(rename = "pc.answer")]
    Answer { call: CallId, r#gen: u32, sdp: String },
    #[serde(rename = "call.slots")]
    Slots { call: CallId, rev: u64, full: bool, slots: Vec<Slot> },
    #[serde(rename = "call.layers")]
    Layers { call: CallId, source: CallSource, rids: BTreeMap<String, bool> },
    #[serde(rename = "call.speakers")]
    Speakers { call: CallId, speakers: Vec<MemberId> },
    #[serde(rename = "call.members")]
    Members { call: CallId, full: bool, members: Vec<Participant>, left: BTreeMap<MemberId, Parting> },
    #[serde(rename = "call.quality")]
    Quality {
        call: CallId,
        marks: Vec<Mark>,
        heard: bool,
        link: Option<Trouble>,
        sending: BTreeMap<CallSource, Trouble>,
        receiving: BTreeMap<String, Trouble>,
    },
    #[serde(rename = "call.grow")]
    Grow { call: CallId, audio: u8, video: u8 },
    #[serde(rename = "call.moderated")]
    Moderated { call: CallId, by: MemberId, act: Moderation },
    #[serde(rename = "call.parted")]
    Parted { call: CallId, why: Parting },
}

/// What a host did to me.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "snake_case")]
#[allow(missing_docs, reason = "docs/protocol.md describes every field")]
pub enum Moderation {
    Muted { source: CallSource },
    MayUnmute { source: CallSource },
    Role { role: CallRole },
    HandLowered,
}

/// A notice as a frame: `seq` when it is one of those to somebody in the call, dense for their stay.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct NoticeFrame<'a> {
    /// The notice.
    #[serde(flatten)]
    pub notice: &'a CallNotice,
    /// Its place among the notices of this stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub seq: Option<u64>,
}

/// An event of a room: kinds 20–29 of its log. They hold no words.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "snake_case")]
#[allow(missing_docs, reason = "docs/protocol.md describes every field, and a test holds both together")]
pub enum CallEvent {
    CallStarted { call: CallId, actor: MemberId, video: bool },
    CallEnded { call: CallId, actor: MemberId, video: bool, cause: Cause, started_at: Millis, seconds: i64, members: i32 },
}

impl CallEvent {
    /// The event as it is written to the room's log.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn announcement(&self) -> Result<Announcement> {
        let (kind, call, actor) = match self {
            Self::CallStarted { call, actor, .. } => (20, call, actor),
            Self::CallEnded { call, actor, .. } => (21, call, actor),
        };
        let event = serde_json::to_string(self)?;
        Ok(Announcement {
            kind,
            actor: Some(*actor),
            subject: Some(call.0),
            event,
            entry: LogEntry::Whole,
            effect: Effect::None,
            instead: Vec::new(),
        })
    }
}

/// An event of a member's own log: kinds 500–599. They hold no words.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "snake_case")]
#[allow(missing_docs, reason = "docs/protocol.md describes every field, and a test holds both together")]
pub enum CallsEvent {
    CallLogged { entry: Entry, missed: usize },
    CallsSeen { until: Millis, missed: usize },
}

impl CallsEvent {
    /// The event as it is written to the member's log.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn announcement(&self, actor: MemberId) -> Result<Announcement> {
        let (kind, subject) = match self {
            Self::CallLogged { entry, .. } => (500, Some(entry.call.0)),
            Self::CallsSeen { .. } => (501, None),
        };
        let event = serde_json::to_string(self)?;
        Ok(Announcement { kind, actor: Some(actor), subject, event, entry: LogEntry::Whole, effect: Effect::None, instead: Vec::new() })
    }
}

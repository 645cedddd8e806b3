//! What a call is made of: kinds, states, causes, roles, and the objects that stand for them on the wire.

mod kinds;
mod media;

use std::collections::BTreeMap;

use serde::Serialize;

pub use kinds::{CallKind, CallRole, CallState, Cause, Fate, Parting};
pub use media::{CallSource, Link, Mark, Slot, SlotState, SourceState, Trouble};

use crate::clock::Millis;
use crate::ids::{CallId, MemberId, RoomId};

/// A call as everyone who may know of it sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(rename = "Call"))]
#[schema(as = Call)]
pub struct CallView {
    /// Its id.
    pub id: CallId,
    /// What sort of call it is.
    pub kind: CallKind,
    /// Its room; null for a call between two, whose place is their conversation.
    pub room: Option<RoomId>,
    /// Was it begun with cameras?
    pub video: bool,
    /// May cameras and screens be on in it?
    pub pictures: bool,
    /// Who began it.
    pub starter: MemberId,
    /// When, milliseconds UTC.
    pub started_at: Millis,
    /// Since when one talks, milliseconds UTC: when it was answered, or the room's call opened; null while it rings.
    pub answered_at: Option<Millis>,
    /// Where it stands.
    pub state: CallState,
    /// While it rings: when every device stops by itself, milliseconds UTC.
    pub expires_at: Option<Millis>,
    /// When it ends by its starter's plan, milliseconds UTC.
    pub ends_at: Option<Millis>,
    /// Does it take in nobody new?
    pub locked: bool,
    /// Who was asked to come, in the order of asking.
    pub rung: Vec<MemberId>,
    /// Who is in it, in the order of coming.
    pub members: Vec<MemberId>,
    /// Why it is over.
    pub cause: Option<Cause>,
}

/// What I am to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// I may come in.
    Outside,
    /// It rings for me.
    Ringing,
    /// I called, or accepted, and am not in it yet.
    Accepted,
    /// I am in it.
    In,
}

/// A call of mine as a connection is greeted with it, and as its changes are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct MyCall {
    /// The call.
    pub call: CallView,
    /// What I am to it.
    pub part: Part,
    /// On which connection I accepted it or am in it: the other devices fall silent.
    pub connection: Option<String>,
}

/// Somebody in a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Participant {
    /// Who.
    pub member: MemberId,
    /// Their number in this call: what a slot's packets carry as their contributing source.
    pub number: u32,
    /// What they may do.
    pub role: CallRole,
    /// Do they ask to speak?
    pub hand: bool,
    /// How their media stands.
    pub link: Link,
    /// What they send, each with how it stands; what they never began is absent.
    pub sources: BTreeMap<CallSource, SourceState>,
    /// Since when, milliseconds UTC.
    pub joined_at: Millis,
}

/// Numbers that a client shows and keeps to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct CallLimits {
    /// Most members of the call.
    pub members: u32,
    /// Receive sections for sound to offer at first.
    pub audio_slots: u8,
    /// Receive sections for pictures to offer at first.
    pub video_slots: u8,
    /// Receive sections for pictures that are ever answered.
    pub most_video_slots: u8,
    /// The place is kept this long without socket and media, milliseconds.
    pub keep_ms: u64,
}

/// A call in a member's list of calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(rename = "CallEntry"))]
#[schema(as = CallEntry)]
pub struct Entry {
    /// The call.
    pub call: CallId,
    /// What sort of call.
    pub kind: CallKind,
    /// The room in which its card stands: that of the call, or the conversation of the two if I am in it.
    pub room: Option<RoomId>,
    /// Was it with cameras?
    pub video: bool,
    /// Who began it.
    pub starter: MemberId,
    /// The others, at most 8: who was called, or was in it.
    pub others: Vec<MemberId>,
    /// Did I begin it?
    pub outgoing: bool,
    /// How it ended for me; null while it goes on.
    pub fate: Option<Fate>,
    /// When it began, milliseconds UTC.
    pub at: Millis,
    /// For how long I was in it, seconds.
    pub seconds: i64,
    /// How good my connection was at its worst, 1–3; null when I talked with nobody.
    pub quality: Option<i16>,
    /// Have I seen it among the missed ones?
    pub seen: bool,
}

//! What a call is made of: kinds, states, causes, roles, and the objects that stand for them on the wire.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::ids::{CallId, MemberId, RoomId};

/// Declares an enum that is stored as a number and stands as a word on the wire.
macro_rules! stored {
    ($(#[$doc:meta])* $name:ident { $($(#[$each:meta])* $variant:ident = $number:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        #[cfg_attr(test, derive(ts_rs::TS))]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$each])* $variant = $number,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// As stored.
            #[must_use]
            pub const fn number(self) -> i16 {
                self as i16
            }

            /// From the database.
            ///
            /// # Errors
            /// When the number is none of ours.
            pub fn from_number(number: i16) -> crate::error::Result<Self> {
                let found = Self::ALL.iter().find(|each| each.number() == number).copied();
                found.ok_or_else(|| crate::error::Error::broken(format!("{number} is no {}", stringify!($name))))
            }
        }
    };
}

stored! {
    /// What sort of call it is.
    CallKind {
        /// Between two members.
        Direct = 0,
        /// In a group conversation, or between several.
        Group = 1,
        /// Open, in a voice room.
        Room = 2,
    }
}

stored! {
    /// Where a call stands.
    CallState {
        /// It rings, and nobody has accepted.
        Ringing = 0,
        /// Somebody accepted; media is not there both ways yet.
        Connecting = 1,
        /// People are in it.
        Active = 2,
        /// It is over.
        Ended = 3,
    }
}

stored! {
    /// Why a call is over.
    Cause {
        /// The last one left.
        Left = 0,
        /// Nobody answered within the time.
        NoAnswer = 1,
        /// Whoever was called declined.
        Declined = 2,
        /// Whoever was called is in a call.
        Busy = 3,
        /// The caller took it back, or was gone while it rang.
        Cancelled = 4,
        /// It was accepted and no media came.
        Failed = 5,
        /// Nobody was in it any more.
        Empty = 6,
        /// One was left in it alone.
        Alone = 7,
        /// The longest time of its starter's plan is over.
        TimeOver = 8,
        /// A host ended it for all.
        EndedByHost = 9,
        /// Its room is archived or gone, or has no voice any more.
        RoomClosed = 10,
        /// The program stopped while it went on, and nobody came back.
        Interrupted = 11,
    }
}

stored! {
    /// Why somebody is no longer in a call.
    Parting {
        /// They went.
        Left = 0,
        /// Neither their socket nor their media came back.
        Lost = 1,
        /// A host removed them.
        Removed = 2,
        /// They were banned, or their account is gone.
        Banned = 3,
        /// Their session ended.
        SignedOut = 4,
        /// They are no longer in the call's room.
        RoomLeft = 5,
        /// The call is over.
        Ended = 6,
        /// They go on in another tab or device.
        Moved = 7,
        /// The media server gave them up.
        Failed = 8,
    }
}

stored! {
    /// What somebody may do in a call.
    CallRole {
        /// Moderates it, and speaks.
        Host = 0,
        /// Speaks and is seen.
        Speaker = 1,
        /// Hears and sees.
        Listener = 2,
    }
}

stored! {
    /// How a call ended for one member, as their list of calls shows it.
    Fate {
        /// It rang and was not answered.
        Missed = 0,
        /// It came while the member let nothing ring: quiet hours, or somebody unknown.
        Unheard = 1,
        /// It came while the member was in another call.
        Busy = 2,
        /// The member declined; of a call that they began, everybody else did.
        Declined = 3,
        /// The member was in it.
        Taken = 4,
        /// The member called, and nobody came.
        Unanswered = 5,
        /// It went on without the member, who was asked to come and did not.
        Passed = 6,
    }
}

/// Where something that is seen or heard comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum CallSource {
    /// A microphone.
    Mic,
    /// A camera.
    Cam,
    /// A shared screen.
    Screen,
    /// What the shared screen sounds like.
    ScreenAudio,
}

impl CallSource {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Mic, Self::Cam, Self::Screen, Self::ScreenAudio];

    const fn bit(self) -> i16 {
        1 << self as i16
    }

    /// Several, as stored.
    pub fn to_bits<'a>(sources: impl IntoIterator<Item = &'a Self>) -> i16 {
        sources.into_iter().fold(0, |bits, source| bits | source.bit())
    }

    /// Several, from the database.
    #[must_use]
    pub fn from_bits(bits: i16) -> BTreeSet<Self> {
        Self::ALL.into_iter().filter(|source| bits & source.bit() != 0).collect()
    }
}

/// How one source of a member stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum SourceState {
    /// It is sent.
    Live,
    /// The member turned it off.
    Muted,
    /// A host turned it off, or the call or the role does not have it.
    Held,
}

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

/// How somebody's media stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// It is being connected.
    Connecting,
    /// It is there.
    Live,
    /// Nothing came for some seconds.
    Weak,
    /// It is gone, and their place is kept for a while.
    Away,
}

/// What is heard or seen in one receive slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Slot {
    /// The `mid` of its section.
    pub slot: String,
    /// Whose it is; null: nobody's.
    pub member: Option<MemberId>,
    /// What of them.
    pub source: Option<CallSource>,
    /// How it stands.
    pub state: SlotState,
}

/// How a slot stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum SlotState {
    /// Packets come.
    Live,
    /// It is not wanted now, or there is no room for it on the way.
    Paused,
    /// Whoever sends turned it off.
    Muted,
    /// It is free.
    Empty,
}

/// Why somebody is not seen or heard, by the first hop that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// No way to the media server was found.
    NoIce,
    /// The keys could not be agreed on.
    NoDtls,
    /// Connected, and no packets come.
    NoPackets,
    /// Packets come, and no picture can be begun from them.
    NoKeyframe,
    /// Whoever sends turned it off.
    Muted,
    /// A role, a host or the call's plan keeps it off.
    Policy,
}

impl Trouble {
    /// Its name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoIce => "no_ice",
            Self::NoDtls => "no_dtls",
            Self::NoPackets => "no_packets",
            Self::NoKeyframe => "no_keyframe",
            Self::Muted => "muted",
            Self::Policy => "policy",
        }
    }

    /// By its name; none for a name that is not one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let all = [Self::NoIce, Self::NoDtls, Self::NoPackets, Self::NoKeyframe, Self::Muted, Self::Policy];
        all.into_iter().find(|one| one.name() == name)
    }
}

/// How well the way between somebody and the server is, as everyone in the call sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Mark {
    /// Whose.
    pub member: MemberId,
    /// 0: nothing comes; 1: poor; 2: fair; 3: good.
    pub mark: u8,
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
    /// How good my connection was at its worst, 1–3; null when I was not in it.
    pub quality: Option<i16>,
    /// Have I seen it among the missed ones?
    pub seen: bool,
}

//! What is seen and heard in a call: sources, slots, how somebody's media stands, and what keeps it from flowing.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::ids::MemberId;

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

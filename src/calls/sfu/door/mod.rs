//! The door of the media server: plain types, and nothing of members, rooms, databases or sockets.
//!
//! Everything that goes in is an [`Input`], everything that comes out an [`Output`]. The caller names calls and participants;
//! the server keeps nothing of them when they have ended. No output ever carries a network address.

mod config;
mod input;
mod output;
mod reasons;
mod statistics;

use std::net::SocketAddr;
use std::sync::Arc;

pub use config::{Config, LOST, Limits};
pub use input::{Input, Permissions, TrackIntent, View};
pub use output::{LayerWish, Output, Route, Slot, SlotState, Track};
pub use reasons::{EndCause, Hop, Refusal};
pub use statistics::{ParticipantStatistics, Totals, TrackStatistics};

/// Monotonic microseconds since the media server started: the only time that its modules know, always an argument.
pub type Micros = u64;

/// A call, named by the caller; not to be used again after [`Input::CloseCall`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(pub u64);

/// A participant, unique within its call and never 0. It travels in the list of contributing sources of every forwarded
/// packet, so `getContributingSources()` names who is heard in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParticipantId(pub u32);

/// One participant of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Who {
    /// The call.
    pub call: CallId,
    /// The participant in it.
    pub participant: ParticipantId,
}

/// What a track shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// A voice.
    Microphone,
    /// A face.
    Camera,
    /// A shared screen.
    Screen,
    /// The sound of a shared screen.
    ScreenAudio,
}

impl Source {
    /// Whether it is sound.
    #[must_use]
    pub const fn is_audio(self) -> bool {
        matches!(self, Self::Microphone | Self::ScreenAudio)
    }
}

/// Where outputs go. Called on a media thread: it must neither block nor panic.
pub type Sink = Arc<dyn Fn(Output) + Send + Sync>;

/// Where a started media server listens, one for each media thread.
pub type Listening = Vec<SocketAddr>;

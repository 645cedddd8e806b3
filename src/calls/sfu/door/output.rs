//! What comes out: answers, who is where, what the slots show, and what was measured.

use super::{CallId, EndCause, Hop, ParticipantId, ParticipantStatistics, Refusal, Source, Who};

/// What comes out, in order for each call.
#[derive(Clone, Debug)]
pub enum Output {
    /// The answer to an offer.
    Answer {
        /// Who.
        who: Who,
        /// The offer's.
        generation: u32,
        /// For `setRemoteDescription`.
        sdp: String,
    },
    /// The offer was refused; what stood before it still stands.
    Refused {
        /// Who.
        who: Who,
        /// The offer's.
        generation: u32,
        /// Why.
        refusal: Refusal,
    },
    /// Somebody could not enter.
    TurnedAway {
        /// Who.
        who: Who,
        /// Why.
        refusal: Refusal,
    },
    /// ICE and DTLS stand; media flows. Told again after each time it was weak.
    Connected {
        /// Who.
        who: Who,
        /// How its packets travel.
        route: Route,
    },
    /// Nothing has come from a participant for [`Limits::weak`](super::Limits::weak).
    Weak {
        /// Who.
        who: Who,
    },
    /// A participant is gone from the media server. The last word about it.
    Ended {
        /// Who.
        who: Who,
        /// Why.
        cause: EndCause,
    },
    /// What the slots of a participant show. A slot that is not named has not changed.
    Slots {
        /// Whose slots.
        who: Who,
        /// Higher by one each time.
        revision: u32,
        /// Those that changed; all of them after each answer.
        slots: Vec<Slot>,
    },
    /// A participant's tracks as the others may see them, told at each change.
    Tracks {
        /// Whose.
        who: Who,
        /// All of them.
        tracks: Vec<Track>,
    },
    /// Who speaks, loudest first; only when that changes, at most every 300 ms.
    Speakers {
        /// The call.
        call: CallId,
        /// Who.
        speakers: Vec<ParticipantId>,
    },
    /// Which layers of a track anyone watches: for `RTCRtpSender.setParameters`.
    Layers {
        /// Whose track.
        who: Who,
        /// Its `mid`.
        mid: String,
        /// All of its layers, in the order of the offer.
        layers: Vec<LayerWish>,
    },
    /// Which hop keeps media from flowing, five seconds after it should; `None` when it flows again.
    Trouble {
        /// Who.
        who: Who,
        /// The first hop that fails.
        hop: Option<Hop>,
    },
    /// The answer to [`Input::Statistics`](super::Input::Statistics), and the last one when a call closes.
    Statistics {
        /// The call.
        call: CallId,
        /// One for each participant.
        participants: Vec<ParticipantStatistics>,
    },
    /// A media thread failed, and everything on it is over. The last word about these calls.
    ThreadFailed {
        /// The calls that lived on it.
        calls: Vec<CallId>,
        /// How many threads still work: with none there is no media server any more.
        left: usize,
    },
}

/// What one slot shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The `mid` of the receiving section.
    pub mid: String,
    /// Who and what is in it; `None` when it is empty.
    pub shows: Option<(ParticipantId, Source)>,
    /// Whether anything flows.
    pub state: SlotState,
}

/// Whether anything flows in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotState {
    /// Nothing is in it.
    Empty,
    /// Media flows, or will with the next keyframe.
    Live,
    /// The server holds it back: no room for it, or not wanted.
    Paused,
    /// The other side has muted it.
    Muted,
}

/// One published track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    /// The `mid` of the sending section.
    pub mid: String,
    /// What it shows.
    pub source: Source,
    /// Muted by its sender or by a host.
    pub muted: bool,
    /// Packets are coming.
    pub live: bool,
}

/// Whether a layer is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerWish {
    /// The layer's `rid`; empty for a track with one layer.
    pub rid: String,
    /// Anyone watches it.
    pub on: bool,
}

/// How a participant's packets travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// UDP over IPv4.
    UdpV4,
    /// UDP over IPv6.
    UdpV6,
    /// TCP over IPv4: a network that lets no UDP through.
    TcpV4,
    /// TCP over IPv6.
    TcpV6,
}

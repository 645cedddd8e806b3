//! The door of the media server: plain types, and nothing of members, rooms, databases or sockets.
//!
//! Everything that goes in is an [`Input`], everything that comes out an [`Output`]. The caller names calls and participants;
//! the server keeps nothing of them when they have ended. No output ever carries a network address.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

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

/// What the media server is started with.
#[derive(Clone, Debug)]
pub struct Config {
    /// First UDP port; thread `n` takes `port + n`. With 0 each thread takes a free port.
    pub port: u16,
    /// Media threads, 1 to 64. A call lives on one of them.
    pub threads: u16,
    /// Addresses that are offered to browsers, best first: the public one, private ones, loopback when the public URL is
    /// loopback. Never empty.
    pub addresses: Vec<IpAddr>,
    /// What bounds calls and participants.
    pub limits: Limits,
    /// The core that each media thread keeps to, for measuring; empty leaves that to the kernel.
    pub cores: Vec<usize>,
}

/// What bounds calls and participants. Past each of them stands a refusal with its own code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most calls at a time.
    pub calls: usize,
    /// Most participants of one call.
    pub participants: usize,
    /// Most participants of all calls of one media thread.
    pub participants_per_thread: usize,
    /// Most handshakes of one media thread that have not ended.
    pub handshakes: usize,
    /// Most tracks that one participant publishes: microphone, camera, screen and its sound.
    pub tracks: usize,
    /// Most slots in which one participant receives.
    pub slots: usize,
    /// How long a participant may take from the answer to the end of the handshake.
    pub connect: Duration,
    /// Without a packet for this long a participant counts as weak.
    pub weak: Duration,
    /// Without a packet for this long a participant has been lost.
    pub lost: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            calls: 1_000,
            participants: 400,
            participants_per_thread: 2_000,
            handshakes: 500,
            tracks: 4,
            slots: 40,
            connect: Duration::from_secs(20),
            weak: Duration::from_millis(2_500),
            lost: Duration::from_secs(30),
        }
    }
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

/// What a participant may send. What it may not is dropped at once, whatever its browser does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permissions {
    /// Be heard.
    pub microphone: bool,
    /// Be seen.
    pub camera: bool,
    /// Share a screen, with its sound.
    pub screen: bool,
}

impl Permissions {
    /// A speaker with everything.
    pub const ALL: Self = Self { microphone: true, camera: true, screen: true };
    /// A listener.
    pub const NONE: Self = Self { microphone: false, camera: false, screen: false };

    /// Whether this source may be sent.
    #[must_use]
    pub const fn allows(self, source: Source) -> bool {
        match source {
            Source::Microphone => self.microphone,
            Source::Camera => self.camera,
            Source::Screen | Source::ScreenAudio => self.screen,
        }
    }
}

/// A section of an offer in which the browser sends, and what it will send there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackIntent {
    /// The section's `mid`.
    pub mid: String,
    /// What it shows.
    pub source: Source,
}

/// What a participant wants to see. It replaces the one before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Participants on the stage, first comes first: served before all tiles.
    pub stage: Vec<ParticipantId>,
    /// Cameras on the screen with their height in device pixels. Who is not named is not sent. Empty at first: then the
    /// server fills the slots with the latest speakers at [`View::DEFAULT_HEIGHT`].
    pub tiles: Vec<(ParticipantId, u16)>,
    /// Height of the shared screen in device pixels; 0 sends no screen.
    pub screen: u16,
    /// The page is hidden: no video at all, sound goes on.
    pub hidden: bool,
    /// Most kilobits per second towards this participant; `None` leaves it to the server.
    pub max_kbps: Option<u32>,
}

impl View {
    /// Height of a tile before the first view is told.
    pub const DEFAULT_HEIGHT: u16 = 180;
}

/// What goes in. An input that names an unknown call or participant has no effect; an [`Input::Offer`] is then refused.
#[derive(Clone, Debug)]
pub enum Input {
    /// A call begins.
    OpenCall {
        /// Its name.
        call: CallId,
    },
    /// A call is over: everyone in it ends with [`EndCause::CallClosed`].
    CloseCall {
        /// Its name.
        call: CallId,
    },
    /// A participant enters. Its first [`Input::Offer`] follows.
    Join {
        /// Who.
        who: Who,
        /// What it may send.
        may: Permissions,
    },
    /// The browser's offer, first or later. Answered by [`Output::Answer`] or [`Output::Refused`] with the same generation.
    /// A later offer with the same certificate keeps the connection; one with a new `ice-ufrag` restarts ICE.
    Offer {
        /// Who.
        who: Who,
        /// Counted by the client, higher with each offer.
        generation: u32,
        /// The session description as the browser wrote it.
        sdp: String,
        /// What the sending sections show. A sending section that is not named is a microphone or a camera by its kind.
        tracks: Vec<TrackIntent>,
    },
    /// What a participant wants to see.
    View {
        /// Who.
        who: Who,
        /// What.
        view: View,
    },
    /// The participant muted or unmuted one of its own tracks, or a host did. A muted track is not forwarded.
    Mute {
        /// Whose track.
        who: Who,
        /// Which.
        source: Source,
        /// Muted or not.
        muted: bool,
    },
    /// What a participant may send has changed.
    Restrict {
        /// Who.
        who: Who,
        /// What it may send from now on.
        may: Permissions,
    },
    /// A participant leaves or is removed: its media is cut before this input is done.
    Leave {
        /// Who.
        who: Who,
    },
    /// Everything measured in a call is wanted; answered by [`Output::Statistics`].
    Statistics {
        /// Its name.
        call: CallId,
    },
    /// For tests, and only in debug builds: the handling of this participant's next packet panics.
    #[cfg(debug_assertions)]
    SeedPanic {
        /// Who.
        who: Who,
    },
}

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
        /// The offer's; 0 when the entering itself was refused.
        generation: u32,
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
    /// Nothing has come from a participant for [`Limits::weak`].
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
    /// The answer to [`Input::Statistics`], and the last one when a call closes.
    Statistics {
        /// The call.
        call: CallId,
        /// One for each participant.
        participants: Vec<ParticipantStatistics>,
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
}

/// Why a participant is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndCause {
    /// [`Input::Leave`].
    Left,
    /// [`Input::CloseCall`].
    CallClosed,
    /// The browser closed its connection.
    ClosedByPeer,
    /// Nothing came for [`Limits::lost`].
    Lost,
    /// It never connected, and this hop failed.
    NeverConnected(Hop),
    /// Handling its packets failed; no one else was touched.
    Panicked,
}

/// The hop at which media stops, in the order in which they must work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hop {
    /// No authenticated check has come in.
    NoIce,
    /// The handshake has not ended.
    NoDtls,
    /// No packet has come in, though a track is not muted.
    NoPackets,
    /// Packets come in, but no keyframe.
    NoKeyframe,
}

impl Hop {
    /// The stable word for it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoIce => "no_ice",
            Self::NoDtls => "no_dtls",
            Self::NoPackets => "no_packets",
            Self::NoKeyframe => "no_keyframe",
        }
    }
}

/// Why an offer or an entering was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The participant has not entered, or has ended.
    NotInCall,
    /// The call has as many participants as it may have.
    CallFull,
    /// The media server has as many calls, participants or handshakes as it may have.
    ServerFull,
    /// A generation that is not higher than the last.
    StaleOffer,
    /// The offer is longer than any browser writes.
    OfferTooLarge,
    /// The offer cannot be read, or lacks what WebRTC demands.
    OfferInvalid,
    /// More sending sections than a participant may publish.
    TooManyTracks,
    /// More receiving sections than a participant may have.
    TooManySlots,
    /// No codec that the server forwards in a section.
    NoCommonCodec,
    /// The offer comes with another certificate than the connection that stands.
    CertificateChanged,
}

impl Refusal {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotInCall => "calls.not_in_call",
            Self::CallFull => "calls.full",
            Self::ServerFull => "calls.server_full",
            Self::StaleOffer => "calls.offer_stale",
            Self::OfferTooLarge => "calls.offer_too_large",
            Self::OfferInvalid => "calls.offer_invalid",
            Self::TooManyTracks => "calls.too_many_tracks",
            Self::TooManySlots => "calls.too_many_slots",
            Self::NoCommonCodec => "calls.no_common_codec",
            Self::CertificateChanged => "calls.certificate_changed",
        }
    }
}

/// What was measured about one participant since it entered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ParticipantStatistics {
    /// Who; `None` only in a default value.
    pub participant: Option<ParticipantId>,
    /// How its packets travel; `None` before it connected.
    pub route: Option<Route>,
    /// Bytes in, as they came from the network.
    pub bytes_in: u64,
    /// Bytes out.
    pub bytes_out: u64,
    /// Round trip, microseconds, from its reports; 0 before the first.
    pub round_trip_us: u32,
    /// What it publishes.
    pub published: Vec<TrackStatistics>,
    /// What it receives, by slot.
    pub received: Vec<TrackStatistics>,
    /// Packets that failed authentication.
    pub forged: u64,
    /// Packets that had been seen before or were too old.
    pub replayed: u64,
    /// Packets that the parse guard refused.
    pub malformed: u64,
}

/// What was measured about one track or slot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrackStatistics {
    /// The `mid`.
    pub mid: String,
    /// Who is in the slot; `None` for a published track.
    pub from: Option<ParticipantId>,
    /// What it shows.
    pub source: Option<Source>,
    /// The layer's `rid`, for published tracks with several.
    pub rid: String,
    /// Packets.
    pub packets: u64,
    /// Bytes of payload.
    pub bytes: u64,
    /// Packets that never came: towards the server for published tracks, as the browser reports for slots.
    pub lost: u64,
    /// Jitter in microseconds.
    pub jitter_us: u32,
    /// Packets asked for again.
    pub nacks: u64,
    /// Packets sent again.
    pub retransmitted: u64,
    /// Keyframes asked for.
    pub keyframe_requests: u64,
}

/// Counts of the whole media server since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Calls open now.
    pub calls: u64,
    /// Participants in them now.
    pub participants: u64,
    /// Datagrams in.
    pub packets_in: u64,
    /// Media packets forwarded, one for each receiver.
    pub forwarded: u64,
    /// Datagrams that the kernel did not take.
    pub unsent: u64,
    /// Datagrams that belonged to no one.
    pub stray: u64,
    /// Participants whose handling panicked.
    pub panics: u64,
    /// Processor time of the media threads, nanoseconds.
    pub cpu_ns: u64,
}

/// Where outputs go. Called on a media thread: it must neither block nor panic.
pub type Sink = Arc<dyn Fn(Output) + Send + Sync>;

/// Where a started media server listens, one for each media thread.
pub type Listening = Vec<SocketAddr>;

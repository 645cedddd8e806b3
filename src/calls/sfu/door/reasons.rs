//! Why something ended, does not flow, or was refused, each with its stable code.

/// Why a participant is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndCause {
    /// [`Input::Leave`](super::Input::Leave).
    Left,
    /// [`Input::CloseCall`](super::Input::CloseCall).
    CallClosed,
    /// The browser closed its connection.
    ClosedByPeer,
    /// Nothing came for [`Limits::lost`](super::Limits::lost).
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

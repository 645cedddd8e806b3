//! Session descriptions: what a browser offers, read into plain facts, and the answer to it.
//!
//! Nothing of an offer is repeated in an answer that has not been checked, and no candidate of the other side is ever looked
//! at: the server answers where authenticated checks come from.

mod answer;
mod attributes;
mod formats;
mod offer;
mod terms;
#[cfg(test)]
mod tests;

pub use answer::{Candidate, Local, SlotIds, answer};
pub use terms::{Flow, Terms, terms};

use super::codec::Codec;
use super::door::Refusal;

/// Bytes of an offer. A browser that does not limit its codecs passes this with some thirty sections.
pub const MAX_BYTES: usize = 64 << 10;
/// Bytes of one line.
pub const MAX_LINE: usize = 1_024;
/// Sections of an offer.
pub const MAX_SECTIONS: usize = 64;
/// Payload types of one section.
pub const MAX_FORMATS: usize = 64;
/// Candidates in an offer. None is used, but no browser has more.
pub const MAX_CANDIDATES: usize = 256;
/// Layers of one section.
pub const MAX_RIDS: usize = 3;
/// Streams that one section names.
pub const MAX_SSRCS: usize = 16;
/// Bytes of a `mid` or `rid`: as many as fit into a header's extension.
pub const MAX_NAME: usize = 16;

/// What is wrong with an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Fault {
    /// More bytes than [`MAX_BYTES`].
    #[error("the offer is too long")]
    TooLarge,
    /// A line of more bytes than [`MAX_LINE`].
    #[error("a line is too long")]
    LongLine,
    /// More candidates than [`MAX_CANDIDATES`].
    #[error("too many candidates")]
    TooManyCandidates,
    /// More sections than [`MAX_SECTIONS`].
    #[error("too many sections")]
    TooManySections,
    /// More payload types than [`MAX_FORMATS`] in one section.
    #[error("too many payload types")]
    TooManyFormats,
    /// More layers than [`MAX_RIDS`] or streams than [`MAX_SSRCS`] in one section.
    #[error("too many layers or streams")]
    TooManyStreams,
    /// Not a session description.
    #[error("not a session description")]
    NotSdp,
    /// A value that the standard forbids.
    #[error("a value cannot be read")]
    Value,
    /// A section without a `mid`, or two with the same.
    #[error("a section without a name of its own")]
    Mid,
    /// Not all sections share one transport.
    #[error("sections are not bundled")]
    NotBundled,
    /// Reports would need a port of their own.
    #[error("no rtcp-mux")]
    NoMux,
    /// No `ice-ufrag` and `ice-pwd` as the standard wants them.
    #[error("no ICE credentials")]
    NoIce,
    /// No fingerprint by SHA-256.
    #[error("no certificate")]
    NoFingerprint,
    /// The browser insists on waiting for our handshake, and we on its.
    #[error("nobody would begin the handshake")]
    Setup,
    /// A section without any codec that is forwarded.
    #[error("no common codec")]
    NoCommonCodec,
}

impl Fault {
    /// The refusal that the other side is told.
    #[must_use]
    pub const fn refusal(self) -> Refusal {
        match self {
            Self::TooLarge
            | Self::LongLine
            | Self::TooManyCandidates
            | Self::TooManySections
            | Self::TooManyFormats
            | Self::TooManyStreams => Refusal::OfferTooLarge,
            Self::NoCommonCodec => Refusal::NoCommonCodec,
            Self::NotSdp | Self::Value | Self::Mid | Self::NotBundled | Self::NoMux | Self::NoIce | Self::NoFingerprint | Self::Setup => {
                Refusal::OfferInvalid
            }
        }
    }
}

/// An offer, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The name under which the browser expects checks to be answered.
    pub ufrag: String,
    /// Its password for checks that it receives.
    pub password: String,
    /// SHA-256 of its certificate.
    pub fingerprint: [u8; 32],
    /// Headers may have extensions in the long form, of more than 16 bytes (RFC 8285, section 6).
    pub mixed: bool,
    /// The sections in their order. Answers have as many.
    pub sections: Vec<Section>,
}

/// What a section is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Sound.
    Audio,
    /// Pictures.
    Video,
    /// Anything else, which is rejected.
    Other,
}

/// Where media flows, as the browser sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Both ways.
    Both,
    /// From the browser.
    Send,
    /// To the browser.
    Receive,
    /// Not now.
    Inactive,
}

/// One section of an offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its name.
    pub mid: String,
    /// What it is about.
    pub kind: Kind,
    /// Where media flows.
    pub direction: Direction,
    /// The browser has stopped it, or it is nothing that is forwarded.
    pub stopped: bool,
    /// Reports may come without the parts that the first standard demands.
    pub reduced: bool,
    /// The codecs that are forwarded, in the browser's order.
    pub formats: Vec<Format>,
    /// The extensions of headers that are understood.
    pub extensions: Vec<(Extension, u8)>,
    /// Layers that it sends, in the browser's order; empty for one without a name.
    pub rids: Vec<String>,
    /// Streams that it names, first ones first.
    pub ssrcs: Vec<u32>,
    /// Streams for packets sent again: the original and its pair.
    pub pairs: Vec<(u32, u32)>,
    /// The names of the media stream and of its track.
    pub msid: Option<(String, String)>,
    /// The media type, protocol and payload types as they came, for rejecting it.
    raw: (String, String, String),
}

/// One payload type of a codec that is forwarded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Format {
    /// The codec.
    pub codec: Codec,
    /// Its number.
    pub payload_type: u8,
    /// The number of packets sent again.
    pub rtx: Option<u8>,
    /// Its parameters as they came.
    pub parameters: String,
    /// Missing packets may be asked for.
    pub nack: bool,
    /// Keyframes may be asked for.
    pub pli: bool,
    /// Arrival times are told.
    pub transport_cc: bool,
}

/// The extensions of headers that are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Extension {
    /// The section.
    Mid,
    /// The layer.
    Rid,
    /// The layer that a packet sent again belongs to.
    RepairedRid,
    /// How loud a packet is.
    AudioLevel,
    /// The transport-wide number.
    TransportCc,
    /// How a phone is held.
    Orientation,
    /// What a picture of AV1 depends on.
    Dependency,
}

impl Extension {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Mid, Self::Rid, Self::RepairedRid, Self::AudioLevel, Self::TransportCc, Self::Orientation, Self::Dependency];

    /// Its name in session descriptions.
    #[must_use]
    pub const fn uri(self) -> &'static str {
        match self {
            Self::Mid => "urn:ietf:params:rtp-hdrext:sdes:mid",
            Self::Rid => "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
            Self::RepairedRid => "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
            Self::AudioLevel => "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
            Self::TransportCc => "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
            Self::Orientation => "urn:3gpp:video-orientation",
            Self::Dependency => "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension",
        }
    }
}

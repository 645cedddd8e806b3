//! What holds between the browser and the server in each section of an offer.

use super::{Direction, Extension, Format, Kind, Offer, Section};
use crate::calls::sfu::codec::Codec;

/// In which order a browser should send, best first: what everyone decodes, and sound with copies of itself.
const ORDER: [Codec; 6] = [Codec::Red, Codec::Opus, Codec::Vp8, Codec::H264, Codec::Vp9, Codec::Av1];

/// Where media flows in a section, as the server sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flow {
    /// Nothing, ever: stopped, or nothing that is forwarded.
    Rejected,
    /// Nothing now.
    Idle,
    /// From the browser.
    Up,
    /// To the browser: a slot.
    Down,
}

/// What was agreed for one section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The section.
    pub mid: String,
    /// What it is about.
    pub kind: Kind,
    /// Where media flows.
    pub flow: Flow,
    /// The codecs, best first. Of each there is one payload type.
    pub formats: Vec<Format>,
    /// The numbers of header extensions.
    pub extensions: Vec<(Extension, u8)>,
    /// Layers that the browser sends, in its order; empty for one without a name.
    pub rids: Vec<String>,
    /// Streams that the browser names.
    pub ssrcs: Vec<u32>,
    /// Streams for packets sent again: the original and its pair.
    pub pairs: Vec<(u32, u32)>,
}

impl Terms {
    /// The payload type of a codec here.
    #[must_use]
    #[cfg(test)]
    pub fn format(&self, codec: Codec) -> Option<&Format> {
        self.formats.iter().find(|format| format.codec == codec)
    }

    /// The codec of a payload type, and whether it is that of packets sent again.
    #[must_use]
    #[cfg(test)]
    pub fn codec(&self, payload_type: u8) -> Option<(Codec, bool)> {
        let own = |format: &&Format| format.payload_type == payload_type || format.rtx == Some(payload_type);
        self.formats.iter().find(own).map(|format| (format.codec, format.payload_type != payload_type))
    }

    /// The number of a header extension.
    #[must_use]
    pub fn extension(&self, extension: Extension) -> Option<u8> {
        self.extensions.iter().find(|(known, _)| *known == extension).map(|(_, id)| *id)
    }
}

/// What holds for every section of an offer, in their order.
#[must_use]
pub fn terms(offer: &Offer) -> Vec<Terms> {
    offer.sections.iter().map(agree).collect()
}

fn agree(section: &Section) -> Terms {
    let flow = match section.direction {
        _ if section.stopped => Flow::Rejected,
        Direction::Inactive => Flow::Idle,
        Direction::Receive => Flow::Down,
        Direction::Send | Direction::Both => Flow::Up,
    };
    let mut formats = section.formats.clone();
    formats.sort_by_key(|format| ORDER.iter().position(|codec| *codec == format.codec));
    let fits = |extension: Extension| match extension {
        Extension::Rid | Extension::RepairedRid => !section.rids.is_empty(),
        Extension::AudioLevel => section.kind == Kind::Audio,
        Extension::Orientation => section.kind == Kind::Video,
        // Browsers would send it with every codec; of others than AV1 it is not passed on.
        Extension::Dependency if flow == Flow::Up => formats.first().is_some_and(|format| format.codec == Codec::Av1),
        Extension::Dependency => formats.iter().any(|format| format.codec == Codec::Av1),
        Extension::Mid | Extension::TransportCc => true,
    };
    let extensions = section.extensions.iter().copied().filter(|(extension, _)| fits(*extension)).collect();
    Terms {
        mid: section.mid.clone(),
        kind: section.kind,
        flow,
        formats,
        extensions,
        rids: section.rids.clone(),
        ssrcs: section.ssrcs.clone(),
        pairs: section.pairs.clone(),
    }
}

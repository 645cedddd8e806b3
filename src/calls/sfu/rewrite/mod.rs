//! From many streams that come in to the one stream of a slot: continuous numbers, time that never goes back, and changes of
//! layer or of participant only where decoding may begin.
//!
//! A slot has one SSRC for its whole life. What it forwards is decided here, packet by packet; bytes are written elsewhere.

mod audio;
mod frames;
mod numbers;
mod once;
mod timeline;
mod video;
mod vp8;

#[cfg(test)]
mod tests;

pub use audio::AudioSlot;
pub use timeline::Moment;
pub use video::VideoSlot;

use super::codec::Glance;
use super::codec::vp8::MAX_DESCRIPTOR;

/// One stream that comes in: a layer of a published track.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Stream {
    /// The published track, by a number that is unique in the call and not used again.
    pub track: u32,
    /// The layer, 0 for the smallest picture.
    pub layer: u8,
}

/// A packet that came in, as far as rewriting needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Incoming {
    /// Whose.
    pub stream: Stream,
    /// Its number, continued to 64 bits for its stream.
    pub number: u64,
    /// Its time, the timestamp continued to 64 bits.
    pub moment: Moment,
    /// The last packet of a picture, or the first after silence.
    pub marker: bool,
    /// Nothing but padding.
    pub padding: bool,
    /// What its payload tells.
    pub glance: Glance,
}

/// A packet that goes out: the payload that came in behind a new header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outgoing {
    /// Its number; the lowest 16 bits are the sequence number, those above count its turns.
    pub number: u64,
    /// The timestamp.
    pub timestamp: u32,
    /// The marker.
    pub marker: bool,
    /// What stands in front of the payload instead of what came in.
    pub head: Head,
    /// The number of the picture in its dependency descriptor, where it has one.
    pub frame: Option<u16>,
    /// Its payload is left out: a late packet of a picture that does not go on, which only fills its number.
    pub empty: bool,
    /// The slot has just changed to the packet's stream. Packets of the stream that came before this one but stand after it are in
    /// its history: they are to be given again now.
    pub switched: bool,
}

/// `bytes[..length]` take the place of the first `replaces` bytes of a payload.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Head {
    /// Bytes taken away.
    pub replaces: u8,
    /// Bytes put there.
    pub length: u8,
    /// Which.
    pub bytes: [u8; MAX_DESCRIPTOR],
}

impl Head {
    /// Writes the payload with its new head and returns its length; `None` when there is no room, or less payload than is replaced.
    #[must_use]
    pub fn write(&self, payload: &[u8], out: &mut [u8]) -> Option<usize> {
        let head = &self.bytes[..usize::from(self.length)];
        let rest = payload.get(usize::from(self.replaces)..)?;
        let end = head.len() + rest.len();
        let out = out.get_mut(..end)?;
        out[..head.len()].copy_from_slice(head);
        out[head.len()..].copy_from_slice(rest);
        Some(end)
    }
}

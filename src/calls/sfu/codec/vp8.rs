//! The descriptor in front of every VP8 payload (RFC 7741, section 4.2), read and written anew.

use super::{Glance, Size};
use crate::calls::sfu::packet::be16;

/// Bytes of the longest descriptor.
pub const MAX_DESCRIPTOR: usize = 6;

/// The numbers of a picture that must stay continuous for a decoder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Descriptor {
    /// Bytes before the payload proper.
    pub length: u8,
    /// The first packet of a picture.
    pub starts: bool,
    /// No other picture refers to this one.
    pub disposable: bool,
    /// Counts pictures, 15 bits; a short number of 7 bits is given as it is.
    pub picture: Option<u16>,
    /// The picture's number had 7 bits on the wire.
    pub short: bool,
    /// Counts pictures of the lowest temporal layer.
    pub base: Option<u8>,
    /// The temporal layer and whether it needs only the lowest one.
    pub temporal: Option<(u8, bool)>,
    /// Counts keyframes, 5 bits.
    pub key: Option<u8>,
    partition: u8,
}

impl Descriptor {
    /// Reads it; `None` when the payload ends before it does.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let first = *payload.first()?;
        let mut found = Self {
            starts: first & 0x10 != 0 && first & 0x07 == 0,
            disposable: first & 0x20 != 0,
            partition: first & 0x17,
            length: 1,
            ..Self::default()
        };
        if first & 0x80 == 0 {
            return (payload.len() > 1).then_some(found);
        }
        let fields = *payload.get(1)?;
        let mut at = 2;
        if fields & 0x80 != 0 {
            let byte = *payload.get(at)?;
            found.short = byte & 0x80 == 0;
            found.picture = Some(if found.short { u16::from(byte) } else { be16(payload, at)? & 0x7fff });
            at += if found.short { 1 } else { 2 };
        }
        if fields & 0x40 != 0 {
            found.base = Some(*payload.get(at)?);
            at += 1;
        }
        if fields & 0x30 != 0 {
            let byte = *payload.get(at)?;
            found.temporal = (fields & 0x20 != 0).then_some((byte >> 6, byte & 0x20 != 0));
            found.key = (fields & 0x10 != 0).then_some(byte & 0x1f);
            at += 1;
        }
        found.length = at as u8;
        (payload.len() > at).then_some(found)
    }

    /// Writes it with whatever numbers it has now and returns its length. A picture's number always takes 15 bits, so that a
    /// stream which changes to a source with longer numbers goes on without a jump.
    #[must_use]
    pub fn write(&self, out: &mut [u8; MAX_DESCRIPTOR]) -> usize {
        let has = |there: bool, bit: u8| if there { bit } else { 0 };
        let fields = has(self.picture.is_some(), 0x80)
            | has(self.base.is_some(), 0x40)
            | has(self.temporal.is_some(), 0x20)
            | has(self.key.is_some(), 0x10);
        out[0] = self.partition | has(self.disposable, 0x20);
        if fields == 0 {
            return 1;
        }
        out[0] |= 0x80;
        out[1] = fields;
        let mut at = 2;
        if let Some(picture) = self.picture {
            out[at..at + 2].copy_from_slice(&(picture | 0x8000).to_be_bytes());
            at += 2;
        }
        if let Some(base) = self.base {
            out[at] = base;
            at += 1;
        }
        if fields & 0x30 != 0 {
            let (layer, sync) = self.temporal.unwrap_or_default();
            out[at] = layer << 6 | has(sync, 0x20) | self.key.unwrap_or_default() & 0x1f;
            at += 1;
        }
        at
    }
}

/// Reads the descriptor, and of a keyframe its size (RFC 6386, section 9.1).
pub(super) fn look(payload: &[u8]) -> Glance {
    let Some(descriptor) = Descriptor::parse(payload) else { return Glance::default() };
    let frame = &payload[usize::from(descriptor.length)..];
    let keyframe = descriptor.starts && frame[0] & 1 == 0;
    Glance { keyframe, size: if keyframe { size(frame) } else { None }, vp8: Some(descriptor), frame: None }
}

fn size(frame: &[u8]) -> Option<Size> {
    if frame.get(3..6)? != [0x9d, 0x01, 0x2a] {
        return None;
    }
    let sides = |at| Some(u16::from_le_bytes(*frame.get(at..)?.first_chunk()?) & 0x3fff);
    Some(Size { width: sides(6)?, height: sides(8)? })
}

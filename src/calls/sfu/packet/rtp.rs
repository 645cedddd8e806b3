//! Media packets: their header read in place, and the header that a subscriber gets (RFC 3550, RFC 8285).

use std::ops::Range;

use super::{Malformed, be16, be32};

/// Bytes of a header without sources and extensions.
pub const FIXED: usize = 12;
/// Bytes of all extensions together that are let through.
const MAX_EXTENSIONS: usize = 1_024;

/// Most bytes of an extension in the short form.
pub const SHORT: usize = 16;

const ONE_BYTE: u16 = 0xbede;
const TWO_BYTES: u16 = 0x1000;

/// A header, read. It borrows nothing: the bytes may be decrypted in place while it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The last packet of a picture, or the first after silence.
    pub marker: bool,
    /// Which codec, by the numbers of this peer.
    pub payload_type: u8,
    /// Number of the packet.
    pub sequence: u16,
    /// Time of the media in it.
    pub timestamp: u32,
    /// Whose stream.
    pub ssrc: u32,
    /// Bytes before the payload.
    pub length: usize,
    padded: bool,
    contributors: u8,
    profile: u16,
    extensions: u16,
}

impl Header {
    /// Reads the header, of an encrypted packet as well: it is sent in the clear.
    ///
    /// # Errors
    /// When the version is not 2 or a length goes over the end.
    pub fn parse(packet: &[u8]) -> Result<Self, Malformed> {
        if packet.len() < FIXED {
            return Err(Malformed::TooShort);
        }
        if packet[0] >> 6 != 2 {
            return Err(Malformed::Version);
        }
        let contributors = packet[0] & 0x0f;
        let mut header = Self {
            marker: packet[1] & 0x80 != 0,
            payload_type: packet[1] & 0x7f,
            sequence: be16(packet, 2).ok_or(Malformed::TooShort)?,
            timestamp: be32(packet, 4).ok_or(Malformed::TooShort)?,
            ssrc: be32(packet, 8).ok_or(Malformed::TooShort)?,
            length: FIXED + usize::from(contributors) * 4,
            padded: packet[0] & 0x20 != 0,
            contributors,
            profile: 0,
            extensions: 0,
        };
        if packet[0] & 0x10 != 0 {
            let words = be16(packet, header.length + 2).ok_or(Malformed::Length)?;
            header.profile = be16(packet, header.length).ok_or(Malformed::Length)?;
            header.extensions = words.checked_mul(4).filter(|bytes| usize::from(*bytes) <= MAX_EXTENSIONS).ok_or(Malformed::TooLong)?;
            header.length += 4 + usize::from(header.extensions);
        }
        if header.length > packet.len() {
            return Err(Malformed::Length);
        }
        Ok(header)
    }

    /// Where the payload is in a decrypted packet, without padding. Empty for a packet of padding alone.
    ///
    /// # Errors
    /// When the padding claims more than there is.
    pub fn payload(&self, packet: &[u8]) -> Result<Range<usize>, Malformed> {
        if self.length > packet.len() {
            return Err(Malformed::Length);
        }
        if !self.padded {
            return Ok(self.length..packet.len());
        }
        let padding = usize::from(*packet.last().ok_or(Malformed::TooShort)?);
        let end = packet.len() - padding.min(packet.len());
        if padding == 0 || end < self.length {
            return Err(Malformed::Length);
        }
        Ok(self.length..end)
    }

    /// The sources that were mixed into it.
    #[cfg(test)]
    pub fn contributors<'a>(&self, packet: &'a [u8]) -> impl Iterator<Item = u32> + use<'a> {
        let count = usize::from(self.contributors);
        (0..count).filter_map(move |index| be32(packet, FIXED + index * 4))
    }

    /// The header's extensions, in their order: negotiated number and value.
    #[must_use]
    pub fn extensions<'a>(&self, packet: &'a [u8]) -> Extensions<'a> {
        let end = self.length.min(packet.len());
        let start = end.saturating_sub(usize::from(self.extensions));
        let rest = if self.profile == ONE_BYTE || self.profile & 0xfff0 == TWO_BYTES { &packet[start..end] } else { &[] };
        Extensions { rest, short: self.profile == ONE_BYTE }
    }

    /// The value of one extension.
    #[must_use]
    pub fn extension<'a>(&self, packet: &'a [u8], id: u8) -> Option<&'a [u8]> {
        self.extensions(packet).find(|(found, _)| *found == id).map(|(_, value)| value)
    }
}

/// Walks the extensions of a header; stops at the first that goes over the end.
#[derive(Debug, Clone)]
pub struct Extensions<'a> {
    rest: &'a [u8],
    short: bool,
}

impl<'a> Iterator for Extensions<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        while self.rest.first() == Some(&0) {
            self.rest = &self.rest[1..];
        }
        let (id, length, head) = if self.short {
            let first = *self.rest.first()?;
            (first >> 4, usize::from(first & 0x0f) + 1, 1)
        } else {
            (*self.rest.first()?, usize::from(*self.rest.get(1)?), 2)
        };
        // In the short form 15 ends the list (RFC 8285, section 4.2), and 0 with a length is not an element.
        let stop = self.short && (id == 15 || id == 0);
        let value = if stop { None } else { self.rest.get(head..head + length) };
        self.rest = value.map_or(&[], |_| &self.rest[head + length..]);
        value.map(|value| (id, value))
    }
}

/// The header that a subscriber gets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outline {
    /// The last packet of a picture, or the first after silence.
    pub marker: bool,
    /// Which codec, by the numbers of the subscriber.
    pub payload_type: u8,
    /// Number of the packet.
    pub sequence: u16,
    /// Time of the media in it.
    pub timestamp: u32,
    /// The stream of the slot.
    pub ssrc: u32,
    /// Who is heard or seen in it, by a number of the call.
    pub contributor: Option<u32>,
    /// Whether bytes of padding follow the payload.
    pub padded: bool,
}

impl Outline {
    /// Writes the header in front of a payload and returns its length; `None` when it does not fit in.
    ///
    /// Extensions are written in the short form if all of them fit into it, with ids from 1 and values of at most 255 bytes.
    #[must_use]
    pub fn write(&self, extensions: &[(u8, &[u8])], out: &mut [u8]) -> Option<usize> {
        let sources = u8::from(self.contributor.is_some());
        let mut at = FIXED + usize::from(sources) * 4;
        let fixed = out.get_mut(..at)?;
        let flags = (u8::from(self.padded) << 5) | (u8::from(!extensions.is_empty()) << 4);
        fixed[0] = 0x80 | flags | sources;
        fixed[1] = (u8::from(self.marker) << 7) | (self.payload_type & 0x7f);
        fixed[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        fixed[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        fixed[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
        if let Some(contributor) = self.contributor {
            fixed[12..16].copy_from_slice(&contributor.to_be_bytes());
        }
        if extensions.is_empty() {
            return Some(at);
        }
        let short = extensions.iter().all(|(id, value)| (1..=14).contains(id) && (1..=SHORT).contains(&value.len()));
        let head = at;
        at += 4;
        for (id, value) in extensions {
            at = write_extension(*id, value, short, at, out)?;
        }
        let end = head + 4 + (at - head - 4).next_multiple_of(4);
        out.get_mut(at..end)?.fill(0);
        let words = u16::try_from((end - head - 4) / 4).ok()?;
        let profile = if short { ONE_BYTE } else { TWO_BYTES };
        out.get_mut(head..head + 2)?.copy_from_slice(&profile.to_be_bytes());
        out.get_mut(head + 2..head + 4)?.copy_from_slice(&words.to_be_bytes());
        Some(end)
    }
}

fn write_extension(id: u8, value: &[u8], short: bool, at: usize, out: &mut [u8]) -> Option<usize> {
    let length = u8::try_from(value.len()).ok()?;
    let start = if short {
        *out.get_mut(at)? = (id << 4) | (length - 1);
        at + 1
    } else {
        out.get_mut(at..at + 2)?.copy_from_slice(&[id, length]);
        at + 2
    };
    out.get_mut(start..start + value.len())?.copy_from_slice(value);
    Some(start + value.len())
}

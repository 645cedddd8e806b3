//! H.264 payloads (RFC 6184): where decoding may begin, which is a sequence's parameters, and the size in them.

use super::{Glance, Size};
use crate::calls::sfu::packet::be16;

const PARAMETERS: u8 = 7;
const AGGREGATE: u8 = 24;
const FRAGMENT: u8 = 28;
/// Units of one aggregate that are looked at.
const MAX_UNITS: usize = 16;

/// Browsers send the parameters of the sequence in front of every keyframe; a decoder that joins needs them first.
pub(super) fn look(payload: &[u8]) -> Glance {
    let parameters = find_parameters(payload);
    Glance { keyframe: parameters.is_some(), size: parameters.and_then(size), ..Glance::default() }
}

fn find_parameters(payload: &[u8]) -> Option<&[u8]> {
    match payload.first()? & 0x1f {
        PARAMETERS => Some(payload),
        AGGREGATE => Units { rest: &payload[1..] }.take(MAX_UNITS).find(|unit| unit[0] & 0x1f == PARAMETERS),
        // A first fragment of them; longer than a packet only if the sender is odd.
        FRAGMENT if payload.get(1)? & 0x9f == 0x80 | PARAMETERS => payload.get(1..),
        _ => None,
    }
}

struct Units<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Units<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let length = usize::from(be16(self.rest, 0)?);
        let (unit, rest) = self.rest[2..].split_at_checked(length)?;
        self.rest = rest;
        (!unit.is_empty()).then_some(unit)
    }
}

/// The size in a sequence's parameters (ITU-T H.264, 7.3.2.1.1); `None` for what no browser sends.
fn size(unit: &[u8]) -> Option<Size> {
    let mut bits = Bits { bytes: unit, at: 8, zeros: 0 };
    let profile = bits.take(8)?;
    bits.take(16)?;
    bits.golomb()?;
    let mut chroma = 1;
    if matches!(profile, 100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128) {
        chroma = bits.golomb()?;
        if chroma == 3 {
            bits.take(1)?;
        }
        bits.golomb()?;
        bits.golomb()?;
        bits.take(1)?;
        if bits.take(1)? == 1 {
            return None;
        }
    }
    bits.golomb()?;
    match bits.golomb()? {
        0 => {
            bits.golomb()?;
        }
        1 => {
            bits.take(1)?;
            bits.golomb()?;
            bits.golomb()?;
            for _ in 0..bits.golomb()?.min(255) {
                bits.golomb()?;
            }
        }
        _ => {}
    }
    bits.golomb()?;
    bits.take(1)?;
    picture(&mut bits, chroma)
}

fn picture(bits: &mut Bits, chroma: u32) -> Option<Size> {
    let width = bits.golomb()?.checked_add(1)?.checked_mul(16)?;
    let units = bits.golomb()?.checked_add(1)?;
    let frames = bits.take(1)?;
    if frames == 0 {
        bits.take(1)?;
    }
    let height = units.checked_mul(16)?.checked_mul(2 - frames)?;
    bits.take(1)?;
    let mut crop = [0; 4];
    if bits.take(1)? == 1 {
        for side in &mut crop {
            *side = bits.golomb()?;
        }
    }
    let across = if matches!(chroma, 1 | 2) { 2 } else { 1 };
    let down = if chroma == 1 { 2 } else { 1 } * (2 - frames);
    let width = width.checked_sub(crop[0].checked_add(crop[1])?.checked_mul(across)?)?;
    let height = height.checked_sub(crop[2].checked_add(crop[3])?.checked_mul(down)?)?;
    Some(Size { width: u16::try_from(width).ok()?, height: u16::try_from(height).ok()? })
}

/// Reads bits, leaving out the bytes that keep start codes from appearing.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    zeros: u32,
}

impl Bits<'_> {
    fn bit(&mut self) -> Option<u32> {
        if self.at.is_multiple_of(8) {
            let byte = *self.bytes.get(self.at / 8)?;
            if self.zeros >= 2 && byte == 3 {
                self.at += 8;
                self.zeros = 0;
            }
            let byte = *self.bytes.get(self.at / 8)?;
            self.zeros = if byte == 0 { self.zeros + 1 } else { 0 };
        }
        let byte = *self.bytes.get(self.at / 8)?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Some(u32::from(bit))
    }

    fn take(&mut self, count: u32) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            value = value << 1 | self.bit()?;
        }
        Some(value)
    }

    /// An exponential Golomb code; `None` above 2^24, which nothing here reaches.
    fn golomb(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.bit()? == 0 {
            zeros += 1;
            if zeros > 24 {
                return None;
            }
        }
        Some((1 << zeros) - 1 + self.take(zeros)?)
    }
}

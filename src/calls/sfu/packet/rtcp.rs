//! Reports and requests, read in place (RFC 3550, 4585, 5104, 5506).

use super::{Malformed, be16, be24, be32, be64};

/// Parts of one datagram that are looked at.
pub const MAX_PARTS: usize = 32;
/// Pairs of a NACK that are looked at; each asks for up to 17 packets.
pub const MAX_NACK_PAIRS: usize = 64;

const HEADER: usize = 8;
const BLOCK: usize = 24;

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const DESCRIPTION: u8 = 202;
const BYE: u8 = 203;
const TRANSPORT_FEEDBACK: u8 = 205;
const PAYLOAD_FEEDBACK: u8 = 206;

/// One part of a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// What a sender sent, and when by its clock; its reception follows.
    Sender(SenderInfo, Blocks<'a>),
    /// How streams are received, and by whom.
    Receiver(u32, Blocks<'a>),
    /// A stream that has ended; the first of the list.
    Bye(u32),
    /// Packets of `media` that are missing.
    Nack {
        /// The stream.
        media: u32,
        /// Which of its packets.
        lost: Lost<'a>,
    },
    /// A keyframe of `media` is wanted (picture loss, or full intra request).
    Keyframe {
        /// The stream.
        media: u32,
    },
    /// Arrival times, for [`crate::calls::sfu::twcc`]: what follows the two SSRCs.
    Arrivals(&'a [u8]),
    /// Bits a second that a receiver thinks it can take.
    Estimate(u64),
    /// Anything else.
    Other(u8),
}

/// The sender's own part of its report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderInfo {
    /// The stream.
    pub ssrc: u32,
    /// The sender's clock, NTP.
    pub ntp: u64,
    /// The same moment on the clock of the media.
    pub timestamp: u32,
    /// Packets sent.
    pub packets: u32,
    /// Bytes of payload sent.
    pub octets: u32,
}

/// How one stream is received.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Block {
    /// The stream.
    pub ssrc: u32,
    /// Of the packets since the last report, how many 256ths were lost.
    pub fraction: u8,
    /// Packets lost in all; duplicates can make it negative. 24 bits on the wire.
    pub lost: i32,
    /// The greatest sequence number, with the number of turns before it.
    pub greatest: u32,
    /// Jitter in ticks of the media clock.
    pub jitter: u32,
    /// Middle 32 bits of the NTP time of the last sender's report; 0 for none.
    pub last_report: u32,
    /// Time since that report, in 65,536ths of a second.
    pub delay: u32,
}

/// What can be told of a datagram before it is decrypted: only its first part is in the clear.
pub(super) fn guard_encrypted(datagram: &[u8]) -> Result<(), Malformed> {
    if datagram.len() < HEADER {
        return Err(Malformed::TooShort);
    }
    if datagram[0] >> 6 != 2 {
        return Err(Malformed::Version);
    }
    Ok(())
}

/// The parts of a decrypted datagram, all of them checked before the first is given out.
///
/// # Errors
/// When a version is not 2, a length goes over the end, or there are more parts than [`MAX_PARTS`].
pub fn parts(datagram: &[u8]) -> Result<Parts<'_>, Malformed> {
    let mut rest = datagram;
    let mut count = 0;
    while !rest.is_empty() {
        count += 1;
        if count > MAX_PARTS {
            return Err(Malformed::TooMany);
        }
        rest = cut(rest)?.1;
    }
    if count == 0 {
        return Err(Malformed::TooShort);
    }
    Ok(Parts { rest: datagram })
}

/// One part and what follows it.
fn cut(bytes: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    if bytes.len() < 4 {
        return Err(Malformed::TooShort);
    }
    if bytes[0] >> 6 != 2 {
        return Err(Malformed::Version);
    }
    let length = (usize::from(be16(bytes, 2).ok_or(Malformed::TooShort)?) + 1) * 4;
    let (part, rest) = bytes.split_at_checked(length).ok_or(Malformed::Length)?;
    if bytes[0] & 0x20 == 0 {
        return Ok((part, rest));
    }
    // Browsers pad feedback by one to three bytes, although the standard says four.
    let padding = usize::from(part[length - 1]);
    if padding == 0 || padding > length - 4 {
        return Err(Malformed::Length);
    }
    Ok((&part[..length - padding], rest))
}

/// Walks the parts of a datagram.
#[derive(Debug, Clone)]
pub struct Parts<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let (part, rest) = cut(self.rest).ok()?;
        self.rest = rest;
        Some(read(part).unwrap_or(Part::Other(part[1])))
    }
}

/// `None` for a part that lacks what its kind demands.
fn read(part: &[u8]) -> Option<Part<'_>> {
    let count = part[0] & 0x1f;
    Some(match (part[1], count) {
        (SENDER_REPORT, _) => {
            let info = SenderInfo {
                ssrc: be32(part, 4)?,
                ntp: be64(part, 8)?,
                timestamp: be32(part, 16)?,
                packets: be32(part, 20)?,
                octets: be32(part, 24)?,
            };
            Part::Sender(info, Blocks::new(part.get(28..)?, count))
        }
        (RECEIVER_REPORT, _) => Part::Receiver(be32(part, 4)?, Blocks::new(part.get(8..)?, count)),
        (BYE, 1..) => Part::Bye(be32(part, 4)?),
        (TRANSPORT_FEEDBACK, 1) => Part::Nack { media: be32(part, 8)?, lost: Lost::new(part.get(12..)?) },
        (TRANSPORT_FEEDBACK, 15) => Part::Arrivals(part.get(12..)?),
        (PAYLOAD_FEEDBACK, 1) => Part::Keyframe { media: be32(part, 8)? },
        // A full intra request names its stream in the first entry of a list.
        (PAYLOAD_FEEDBACK, 4) => Part::Keyframe { media: be32(part, 12)? },
        (PAYLOAD_FEEDBACK, 15) if part.get(12..16)? == b"REMB" => Part::Estimate(remb(be24(part, 17)?)),
        (DESCRIPTION, _) => Part::Other(DESCRIPTION),
        (kind, _) => Part::Other(kind),
    })
}

/// Six bits of exponent, 18 of mantissa.
fn remb(bits: u32) -> u64 {
    let (exponent, mantissa) = (bits >> 18, u64::from(bits & 0x3_ffff));
    if exponent > 45 { u64::MAX } else { mantissa << exponent }
}

/// Walks the reception blocks of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocks<'a> {
    rest: &'a [u8],
}

impl<'a> Blocks<'a> {
    fn new(bytes: &'a [u8], count: u8) -> Self {
        let end = bytes.len().min(usize::from(count) * BLOCK);
        Self { rest: &bytes[..end] }
    }
}

impl Iterator for Blocks<'_> {
    type Item = Block;

    fn next(&mut self) -> Option<Block> {
        let (block, rest) = self.rest.split_at_checked(BLOCK)?;
        self.rest = rest;
        let lost = (be24(block, 5)? << 8).cast_signed() >> 8;
        Some(Block {
            ssrc: be32(block, 0)?,
            fraction: block[4],
            lost,
            greatest: be32(block, 8)?,
            jitter: be32(block, 12)?,
            last_report: be32(block, 16)?,
            delay: be32(block, 20)?,
        })
    }
}

/// Walks the sequence numbers of a NACK.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost<'a> {
    rest: &'a [u8],
    base: u16,
    mask: u32,
}

impl<'a> Lost<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let end = bytes.len().min(MAX_NACK_PAIRS * 4);
        Self { rest: &bytes[..end], base: 0, mask: 0 }
    }
}

impl Iterator for Lost<'_> {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        if self.mask == 0 {
            let (pair, rest) = self.rest.split_at_checked(4)?;
            self.rest = rest;
            self.base = be16(pair, 0)?;
            self.mask = u32::from(be16(pair, 2)?) << 1 | 1;
        }
        let bit = self.mask.trailing_zeros();
        self.mask &= self.mask - 1;
        Some(self.base.wrapping_add(bit as u16))
    }
}

//! Reports and requests, written into a buffer that is there already.
//!
//! Every function appends one part at `at` and returns where it ended, or `None` when the buffer is full; then nothing counts.

use super::rtcp::{Block, SenderInfo};

/// Most reception blocks of one report.
pub const MAX_BLOCKS: usize = 31;

fn put(out: &mut [u8], at: usize, bytes: &[u8]) -> Option<usize> {
    out.get_mut(at..at + bytes.len())?.copy_from_slice(bytes);
    Some(at + bytes.len())
}

fn word(out: &mut [u8], at: usize, value: u32) -> Option<usize> {
    put(out, at, &value.to_be_bytes())
}

fn header(out: &mut [u8], at: usize, count: u8, kind: u8, ssrc: u32) -> Option<usize> {
    let at = put(out, at, &[0x80 | count, kind, 0, 0])?;
    word(out, at, ssrc)
}

/// Writes the length of the part that began at `start`.
fn close(out: &mut [u8], start: usize, end: usize) -> Option<usize> {
    let words = u16::try_from((end - start) / 4 - 1).ok()?;
    put(out, start + 2, &words.to_be_bytes())?;
    Some(end)
}

/// A sender's report without reception.
#[must_use]
pub fn sender_report(out: &mut [u8], at: usize, info: &SenderInfo) -> Option<usize> {
    let mut end = header(out, at, 0, 200, info.ssrc)?;
    end = put(out, end, &info.ntp.to_be_bytes())?;
    for value in [info.timestamp, info.packets, info.octets] {
        end = word(out, end, value)?;
    }
    close(out, at, end)
}

/// A receiver's report with at most [`MAX_BLOCKS`] blocks; later ones are left out.
#[must_use]
pub fn receiver_report(out: &mut [u8], at: usize, sender: u32, blocks: &[Block]) -> Option<usize> {
    let blocks = &blocks[..blocks.len().min(MAX_BLOCKS)];
    let mut end = header(out, at, blocks.len() as u8, 201, sender)?;
    for block in blocks {
        let lost = block.lost.clamp(-0x80_0000, 0x7f_ffff).cast_unsigned() & 0xff_ffff;
        let values = [block.ssrc, u32::from(block.fraction) << 24 | lost, block.greatest, block.jitter, block.last_report, block.delay];
        for value in values {
            end = word(out, end, value)?;
        }
    }
    close(out, at, end)
}

/// The canonical name of a sender, at most 255 bytes; longer ones are refused.
#[must_use]
#[cfg(test)]
pub fn description(out: &mut [u8], at: usize, ssrc: u32, name: &str) -> Option<usize> {
    let length = u8::try_from(name.len()).ok()?;
    let mut end = header(out, at, 1, 202, ssrc)?;
    end = put(out, end, &[1, length])?;
    end = put(out, end, name.as_bytes())?;
    // A list of items ends with at least one zero.
    let padded = at + (end + 1 - at).next_multiple_of(4);
    out.get_mut(end..padded)?.fill(0);
    close(out, at, padded)
}

/// A stream has ended.
#[must_use]
#[cfg(test)]
pub fn bye(out: &mut [u8], at: usize, ssrc: u32) -> Option<usize> {
    let end = header(out, at, 1, 203, ssrc)?;
    close(out, at, end)
}

/// A keyframe is wanted (picture loss indication).
#[must_use]
pub fn keyframe(out: &mut [u8], at: usize, sender: u32, media: u32) -> Option<usize> {
    let end = header(out, at, 1, 206, sender)?;
    let end = word(out, end, media)?;
    close(out, at, end)
}

/// Packets are missing. The numbers come in rising order; neighbours share a pair.
#[must_use]
pub fn nack(out: &mut [u8], at: usize, sender: u32, media: u32, lost: &[u16]) -> Option<usize> {
    let end = header(out, at, 1, 205, sender)?;
    let mut end = word(out, end, media)?;
    let mut rest = lost;
    while let Some((&first, others)) = rest.split_first() {
        let mut mask = 0_u16;
        rest = others;
        while let Some((&next, others)) = rest.split_first() {
            let ahead = next.wrapping_sub(first);
            if !(1..=16).contains(&ahead) {
                break;
            }
            mask |= 1 << (ahead - 1);
            rest = others;
        }
        end = word(out, end, u32::from(first) << 16 | u32::from(mask))?;
    }
    close(out, at, end)
}

/// Bits a second that may be sent, for `media` (REMB), for peers without transport-wide feedback.
#[must_use]
#[cfg_attr(not(test), expect(dead_code, reason = "for congestion control"))]
pub fn estimate(out: &mut [u8], at: usize, sender: u32, media: u32, bits: u64) -> Option<usize> {
    let exponent = 64_u32.saturating_sub(bits.leading_zeros()).saturating_sub(18);
    let mantissa = (bits >> exponent) as u32;
    let mut end = header(out, at, 15, 206, sender)?;
    end = word(out, end, 0)?;
    end = put(out, end, b"REMB")?;
    end = word(out, end, 1 << 24 | exponent << 18 | mantissa)?;
    end = word(out, end, media)?;
    close(out, at, end)
}

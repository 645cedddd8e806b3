//! The descriptor in front of every VP9 payload (RFC 9628, section 4.2): where a keyframe starts, and its size.

use super::Size;
use crate::calls::sfu::packet::be16;

const PICTURE_ID: u8 = 0x80;
const PREDICTED: u8 = 0x40;
const LAYERS: u8 = 0x20;
const FLEXIBLE: u8 = 0x10;
const BEGINS: u8 = 0x08;
const STRUCTURE: u8 = 0x02;

/// Where the fields after the picture's number begin.
fn after_picture(payload: &[u8]) -> Option<usize> {
    let first = *payload.first()?;
    if first & PICTURE_ID == 0 {
        return Some(1);
    }
    Some(if *payload.get(1)? & 0x80 == 0 { 2 } else { 3 })
}

/// The first packet of the lowest spatial layer of a picture that is predicted from none.
#[must_use]
pub fn starts_keyframe(payload: &[u8]) -> bool {
    let Some(first) = payload.first() else { return false };
    if first & PREDICTED != 0 || first & BEGINS == 0 {
        return false;
    }
    if first & LAYERS == 0 {
        return after_picture(payload).is_some();
    }
    after_picture(payload).and_then(|at| payload.get(at)).is_some_and(|layer| layer >> 1 & 7 == 0)
}

/// The size of the highest spatial layer, if the scalability structure is there.
#[must_use]
pub fn size(payload: &[u8]) -> Option<Size> {
    let first = *payload.first()?;
    if first & STRUCTURE == 0 || first & PREDICTED != 0 {
        return None;
    }
    let mut at = after_picture(payload)?;
    if first & LAYERS != 0 {
        at += if first & FLEXIBLE == 0 { 2 } else { 1 };
    }
    let structure = *payload.get(at)?;
    if structure & 0x10 == 0 {
        return None;
    }
    let highest = at + 1 + usize::from(structure >> 5) * 4;
    Some(Size { width: be16(payload, highest)?, height: be16(payload, highest + 2)? })
}

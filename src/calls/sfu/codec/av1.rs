//! AV1 (AV1 RTP specification): where a coded video sequence starts, and the numbers of pictures in dependency descriptors.

use crate::calls::sfu::packet::be16;

const CONTINUES: u8 = 0x80;
const NEW_SEQUENCE: u8 = 0x08;

/// Most bytes of a dependency descriptor that is passed on.
pub const MAX_DEPENDENCY: usize = 255;

/// The first packet of a coded video sequence, by the aggregation header.
#[must_use]
pub fn starts_sequence(payload: &[u8]) -> bool {
    payload.len() > 1 && payload[0] & NEW_SEQUENCE != 0 && payload[0] & CONTINUES == 0
}

/// The number of the picture: the 16 bits after the first byte of a descriptor.
#[must_use]
pub fn frame_number(descriptor: &[u8]) -> Option<u16> {
    be16(descriptor, 1)
}

/// The descriptor under another number of its picture. Everything else in it is relative to that, and passed on as it is.
#[must_use]
pub fn renumbered(descriptor: &[u8], frame: u16) -> Option<([u8; MAX_DEPENDENCY], usize)> {
    let mut bytes = [0; MAX_DEPENDENCY];
    bytes.get_mut(..descriptor.len())?.copy_from_slice(descriptor);
    bytes[1..3].copy_from_slice(&frame.to_be_bytes());
    (descriptor.len() >= 3).then_some((bytes, descriptor.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_descriptor_keeps_all_but_its_number() {
        let descriptor = [0xc0, 0x12, 0x34, 0x80, 5];
        assert_eq!(frame_number(&descriptor), Some(0x1234));
        let (bytes, length) = renumbered(&descriptor, 0xffff).expect("long enough");
        assert_eq!(bytes[..length], [0xc0, 0xff, 0xff, 0x80, 5]);
        assert_eq!((frame_number(&[0xc0, 1]), renumbered(&[0xc0, 1], 7)), (None, None));
        assert_eq!(renumbered(&[0; 256], 7), None);
    }
}

//! Sound with copies of what came before (RFC 2198): forwarded whole, or reduced to its newest block for who does not know it.

use std::ops::Range;

/// Blocks of one packet that are looked at; browsers send two or three.
const MAX_BLOCKS: usize = 16;

/// The newest block: its payload type and where it is. `None` when the headers do not agree with the length.
#[must_use]
pub fn primary(payload: &[u8]) -> Option<(u8, Range<usize>)> {
    let mut at = 0;
    let mut before = 0;
    for _ in 0..MAX_BLOCKS {
        let first = *payload.get(at)?;
        if first & 0x80 == 0 {
            let start = at + 1 + before;
            return (start <= payload.len()).then_some((first & 0x7f, start..payload.len()));
        }
        before += usize::from(payload.get(at + 2)? & 3) << 8 | usize::from(*payload.get(at + 3)?);
        at += 4;
    }
    None
}

/// Gives all blocks another payload type, in place: their sender has numbered them, and a subscriber may number its codecs
/// otherwise. Headers that do not agree with the length are left as they are.
pub fn renumber(payload: &mut [u8], payload_type: u8) {
    if primary(payload).is_none() {
        return;
    }
    let mut at = 0;
    while let Some(first) = payload.get_mut(at) {
        let more = *first & 0x80;
        *first = more | payload_type & 0x7f;
        if more == 0 {
            return;
        }
        at += 4;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::sfu::packet::tests::fuzz;

    #[test]
    fn the_newest_block_stands_last() {
        // One copy of three bytes, 960 ticks ago.
        let payload = [0x80 | 111, 0x0f, 0x00, 0x03, 111, 1, 2, 3, 4, 5];
        assert_eq!(primary(&payload), Some((111, 8..10)));
        assert_eq!(primary(&[111, 9, 9]), Some((111, 1..3)));
        assert_eq!(primary(&[111]), Some((111, 1..1)), "silence");
    }

    #[test]
    fn blocks_are_numbered_anew() {
        let mut payload = [0x80 | 111, 0x0f, 0x00, 0x03, 111, 1, 2, 3, 4, 5];
        renumber(&mut payload, 96);
        assert_eq!(payload, [0x80 | 96, 0x0f, 0x00, 0x03, 96, 1, 2, 3, 4, 5]);
        let mut cut = [0x80 | 111, 0x0f, 0x00, 0x09, 111, 1];
        renumber(&mut cut, 96);
        assert_eq!(cut[4], 111);
    }

    #[test]
    fn lengths_that_do_not_agree_are_refused() {
        assert_eq!(primary(&[]), None);
        assert_eq!(primary(&[0x80 | 111, 0, 0, 3, 111, 1, 2]), None);
        assert_eq!(primary(&[0x80 | 111, 0, 0]), None);
        assert_eq!(primary(&[0x80; 64]), None);
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let payload = vec![0x80 | 111, 0x0f, 0x00, 0x03, 111, 1, 2, 3, 4, 5];
        fuzz(&[payload], |bytes| {
            let mut renumbered = bytes.to_vec();
            renumber(&mut renumbered, 96);
            if let Some((_, range)) = primary(bytes) {
                assert!(range.end <= bytes.len());
                assert_eq!(primary(&renumbered), Some((96, range)));
            } else {
                assert_eq!(renumbered, bytes);
            }
        });
    }
}

//! Numbers of packets, unwrapped: how far a stream has come, and which of its packets have been seen.

/// Packets behind the newest that are still told apart; what is older counts as seen.
pub const WINDOW: u64 = 1_024;
const WORDS: usize = (WINDOW / 64) as usize;

/// The packets of one stream that have been seen.
#[derive(Clone, Debug, Default)]
pub struct Window {
    /// The newest index plus one; 0 before the first.
    end: u64,
    seen: [u64; WORDS],
}

impl Window {
    /// The index of a packet with this sequence number: the one nearest to the newest seen.
    #[must_use]
    pub fn index(&self, sequence: u16) -> u64 {
        let Some(newest) = self.end.checked_sub(1) else {
            return u64::from(sequence);
        };
        let step = i64::from(sequence.wrapping_sub(newest as u16) as i16);
        // Before the first turn of the counter nothing can lie a turn behind.
        newest.checked_add_signed(step).unwrap_or(u64::from(sequence))
    }

    /// Whether this index has not been seen and is not too old.
    #[must_use]
    pub fn is_fresh(&self, index: u64) -> bool {
        index >= self.end || (self.end - index <= WINDOW && self.seen[word(index)] & bit(index) == 0)
    }

    /// This index has been seen. Only to be called for an authentic packet.
    pub fn accept(&mut self, index: u64) {
        if index >= self.end {
            if index - self.end >= WINDOW {
                self.seen = [0; WORDS];
            } else {
                for skipped in self.end..=index {
                    self.seen[word(skipped)] &= !bit(skipped);
                }
            }
            self.end = index + 1;
        }
        if self.end - index <= WINDOW {
            self.seen[word(index)] |= bit(index);
        }
    }
}

const fn word(index: u64) -> usize {
    (index / 64) as usize % WORDS
}

const fn bit(index: u64) -> u64 {
    1 << (index % 64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    #[test]
    fn a_packet_is_fresh_once() {
        let mut window = Window::default();
        for index in [5, 7, 6, 2_000, 1_999] {
            assert!(window.is_fresh(index));
            window.accept(index);
            assert!(!window.is_fresh(index));
        }
        assert!(!window.is_fresh(7), "older than the window");
        assert!(window.is_fresh(2_001 - WINDOW), "at its edge");
        assert!(!window.is_fresh(2_000 - WINDOW), "past its edge");
    }

    #[test]
    fn the_counter_turns_over_and_late_packets_keep_their_turn() {
        let mut window = Window::default();
        window.accept(u64::from(u16::MAX));
        assert_eq!(window.index(0), 65_536);
        window.accept(65_536);
        assert_eq!(window.index(u16::MAX), 65_535);
        assert_eq!(window.index(1), 65_537);
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_set(steps in prop::collection::vec(-1_200_i64..1_500, 1..300)) {
            let (mut window, mut seen) = (Window::default(), HashSet::new());
            let mut newest = 30_000_i64;
            window.accept(30_000);
            seen.insert(30_000);
            for step in steps {
                let index = newest + step;
                let expected = index > newest || (newest - index < WINDOW as i64 && !seen.contains(&index));
                prop_assert_eq!(window.is_fresh(index as u64), expected);
                prop_assert_eq!(window.index(index as u16), index as u64);
                window.accept(index as u64);
                seen.insert(index);
                newest = newest.max(index);
            }
        }
    }
}

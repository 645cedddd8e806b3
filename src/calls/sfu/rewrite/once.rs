//! A number goes out once: two packets encrypted under one number would give away the key that proves them (RFC 7714, section 8).

const WORDS: usize = 16;
const BITS: u64 = WORDS as u64 * 64;

/// The numbers of the latest packets that went out.
#[derive(Debug, Clone, Default)]
pub struct Once {
    /// One more than the greatest.
    next: u64,
    bits: [u64; WORDS],
}

impl Once {
    /// Whether a number is new; from now on it is not. What is too old to be known counts as known.
    pub fn first(&mut self, number: u64) -> bool {
        if number + BITS < self.next {
            return false;
        }
        if number >= self.next {
            if number - self.next >= BITS {
                self.bits = [0; WORDS];
            } else {
                (self.next..number).for_each(|skipped| self.clear(skipped));
                self.clear(number);
            }
            self.next = number + 1;
        }
        let (word, bit) = place(number);
        let new = self.bits[word] & bit == 0;
        self.bits[word] |= bit;
        new
    }

    fn clear(&mut self, number: u64) {
        let (word, bit) = place(number);
        self.bits[word] &= !bit;
    }
}

fn place(number: u64) -> (usize, u64) {
    ((number / 64) as usize % WORDS, 1 << (number % 64))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn nothing_goes_out_twice_and_nothing_recent_is_held_back(
            start in 0_u64..100_000, steps in prop::collection::vec(prop_oneof![8 => -60_i64..60, 1 => -1_500_i64..1_500], 1..600)
        ) {
            let mut once = Once::default();
            let mut seen = std::collections::HashSet::new();
            let (mut number, mut newest) = (start, start);
            for step in steps {
                number = number.saturating_add_signed(step);
                newest = newest.max(number);
                let new = seen.insert(number);
                let first = once.first(number);
                prop_assert!(!first || new, "{} went out twice", number);
                prop_assert!(first || !new || number + BITS <= newest, "{} was held back", number);
            }
        }
    }
}

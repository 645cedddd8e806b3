//! Numbers that wrap around on the wire, continued to 64 bits.

/// Continues a number of `BITS` bits that wraps around. Each value is taken as the one nearest to the greatest seen so far.
///
/// What comes out starts above `1 << BITS`, so that what came before the first value still has a place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counter<const BITS: u32> {
    greatest: Option<u64>,
}

/// Sequence numbers.
pub type Sequence = Counter<16>;
/// Timestamps of media.
pub type Timestamp = Counter<32>;

impl<const BITS: u32> Counter<BITS> {
    const SPAN: u64 = 1 << BITS;

    /// The value continued, and remembered if it is the greatest.
    pub fn take(&mut self, value: u32) -> u64 {
        let full = self.place(value);
        if self.greatest.is_none_or(|greatest| full > greatest) {
            self.greatest = Some(full);
        }
        full
    }

    /// The value continued, without remembering it.
    #[must_use]
    pub fn place(&self, value: u32) -> u64 {
        match self.greatest {
            Some(greatest) => nearest(greatest, u64::from(value), BITS),
            None => Self::SPAN + (u64::from(value) & (Self::SPAN - 1)),
        }
    }

    /// The greatest value so far.
    #[must_use]
    pub fn greatest(&self) -> Option<u64> {
        self.greatest
    }
}

/// Of all numbers that end in these bits the one nearest to `greatest`; the later one when both are as near.
#[must_use]
pub fn nearest(greatest: u64, value: u64, bits: u32) -> u64 {
    let span = 1_u64 << bits;
    let ahead = value.wrapping_sub(greatest) & (span - 1);
    if ahead <= span / 2 {
        return greatest + ahead;
    }
    greatest.checked_sub(span - ahead).unwrap_or(greatest + ahead)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_goes_on_over_the_end_and_finds_late_ones() {
        let mut counter = Sequence::default();
        assert_eq!(counter.take(65_535), 131_071);
        assert_eq!(counter.take(1), 131_073);
        assert_eq!(counter.take(0), 131_072);
        assert_eq!(counter.take(65_530), 131_066);
        assert_eq!(counter.greatest(), Some(131_073));
    }

    #[test]
    fn what_comes_before_the_first_has_a_place() {
        let mut counter = Sequence::default();
        assert_eq!(counter.take(0), 65_536);
        assert_eq!(counter.take(65_535), 65_535);
    }

    proptest! {
        #[test]
        fn steps_of_less_than_half_are_followed(start: u16, steps in prop::collection::vec(-30_000_i64..30_000, 1..200)) {
            let mut counter = Sequence::default();
            let mut real = counter.take(u32::from(start)) as i64;
            let mut greatest = real;
            for step in steps {
                real = greatest + step;
                prop_assume!(real >= 0);
                prop_assert_eq!(counter.take((real & 0xffff) as u32) as i64, real);
                greatest = greatest.max(real);
            }
        }
    }
}

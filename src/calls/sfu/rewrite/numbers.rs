//! Which number goes out for which number that came in: continuous over what is left out, and the same again for late packets.

use crate::mutants::Mutant;

/// Stretches of numbers that are remembered: each packet or picture that is left out begins a new one.
const STRETCHES: usize = 64;

/// A greater leap of the numbers that come in is not one of those that go out: whoever leaps far could put receivers a turn of their
/// counters off. One number stays free instead, so that a receiver knows that something is missing.
const LEAP: u64 = 1_000;

#[derive(Debug, Clone, Copy, Default)]
struct Stretch {
    /// The first number in.
    start: u64,
    /// One after the last; of the newest stretch this is not kept.
    end: u64,
    /// What goes out for `start`.
    out: u64,
}

/// The numbers of one stream that comes in. Begun anew when a slot changes to another stream.
#[derive(Debug, Clone)]
pub struct Numbers {
    stretches: [Stretch; STRETCHES],
    /// Stretches begun so far; the newest is at `count - 1`, modulo the room.
    count: usize,
    next: u64,
}

impl Default for Numbers {
    fn default() -> Self {
        Self { stretches: [Stretch::default(); STRETCHES], count: 0, next: 0 }
    }
}

impl Numbers {
    /// Begins: the next packet that goes out is `first`, and goes out as `out`.
    pub fn begin(&mut self, first: u64, out: u64) {
        self.count = 0;
        self.next = first;
        self.push(Stretch { start: first, end: 0, out });
    }

    /// One more than the greatest number that came in.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.next
    }

    /// The number that goes out. `None` for what was left out, came before the beginning, or is too old to be known.
    pub fn pass(&mut self, number: u64) -> Option<u64> {
        if number > self.next + LEAP && self.count > 0 {
            let newest = &mut self.stretches[(self.count - 1) % STRETCHES];
            newest.end = self.next;
            let out = newest.out + (self.next - newest.start) + 1;
            self.push(Stretch { start: number, end: 0, out });
        }
        self.next = self.next.max(number + 1);
        self.find(number)
    }

    /// The number that has been kept free for a late packet.
    #[must_use]
    pub fn find(&self, number: u64) -> Option<u64> {
        let kept = self.count.min(STRETCHES);
        for back in 1..=kept {
            let stretch = &self.stretches[(self.count - back) % STRETCHES];
            if number >= stretch.start {
                let end = if back == 1 { self.next } else { stretch.end };
                return (number < end).then(|| stretch.out + (number - stretch.start));
            }
        }
        None
    }

    /// Leaves out this packet alone; the ones before it that have not come yet keep their numbers. Late packets are not affected.
    pub fn skip(&mut self, number: u64) {
        self.skip_from(number, number);
    }

    /// Leaves out this packet and everything before it that has not come yet.
    pub fn skip_up_to(&mut self, number: u64) {
        self.skip_from(self.next, number);
    }

    fn skip_from(&mut self, from: u64, to: u64) {
        if to < self.next || self.count == 0 {
            return;
        }
        let newest = &mut self.stretches[(self.count - 1) % STRETCHES];
        let hole = if Mutant::RewriteLeavesHoles.is_on() { to + 1 - from } else { 0 };
        let out = newest.out + (from - newest.start) + hole;
        self.next = to + 1;
        let stretch = Stretch { start: self.next, end: 0, out };
        if newest.start == from {
            *newest = stretch;
        } else {
            newest.end = from;
            self.push(stretch);
        }
    }

    fn push(&mut self, stretch: Stretch) {
        self.stretches[self.count % STRETCHES] = stretch;
        self.count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_leaves_no_hole() {
        let mut numbers = Numbers::default();
        numbers.begin(100, 7);
        assert_eq!(numbers.pass(100), Some(7));
        numbers.skip(101);
        numbers.skip(102);
        assert_eq!(numbers.pass(103), Some(8));
        assert_eq!((numbers.find(101), numbers.find(102), numbers.find(103)), (None, None, Some(8)));
    }

    #[test]
    fn a_great_leap_leaves_one_number_free() {
        let mut numbers = Numbers::default();
        numbers.begin(100, 7);
        assert_eq!(numbers.pass(100), Some(7));
        assert_eq!(numbers.pass(101 + LEAP), Some(8 + LEAP), "not so great");
        let leapt = 102 + LEAP + LEAP + 1;
        assert_eq!(numbers.pass(leapt), Some(10 + LEAP));
        assert_eq!(numbers.pass(leapt + 1), Some(11 + LEAP));
        assert_eq!(numbers.find(leapt - 1), None, "in the leap");
        assert_eq!(numbers.find(101 + LEAP), Some(8 + LEAP), "before it");
        let mut last = 11 + LEAP;
        for more in 1..100 {
            let out = numbers.pass(leapt + more * 30_000);
            assert_eq!(out, Some(last + 2), "however far each goes");
            last += 2;
        }
    }

    #[test]
    fn late_packets_find_the_number_kept_for_them() {
        let mut numbers = Numbers::default();
        numbers.begin(100, 7);
        numbers.pass(100);
        assert_eq!(numbers.pass(105), Some(12));
        numbers.skip(108);
        assert_eq!(numbers.pass(109), Some(15));
        assert_eq!(numbers.pass(106), Some(13));
        assert_eq!(numbers.pass(108), None);
        assert_eq!(numbers.pass(102), Some(9));
        assert_eq!(numbers.pass(99), None, "before the beginning");
        assert_eq!(numbers.next(), 110);
    }

    #[test]
    fn a_gap_inside_of_what_is_left_out_goes_with_it() {
        let mut numbers = Numbers::default();
        numbers.begin(10, 1);
        numbers.pass(10);
        numbers.skip(11);
        numbers.skip_up_to(14);
        assert_eq!(numbers.pass(15), Some(2));
        assert_eq!(numbers.find(12), None);
        numbers.skip_up_to(18);
        assert_eq!(numbers.find(17), None);
        assert_eq!(numbers.pass(19), Some(3));
    }

    #[test]
    fn what_is_older_than_all_stretches_is_unknown() {
        let mut numbers = Numbers::default();
        numbers.begin(0, 0);
        for pair in 0..STRETCHES as u64 {
            assert_eq!(numbers.pass(pair * 2), Some(pair));
            numbers.skip(pair * 2 + 1);
        }
        assert_eq!(numbers.find(0), None);
        assert_eq!(numbers.find(2), Some(1));
    }
}

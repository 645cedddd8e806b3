//! What went out in a slot under which number: so that a packet can be sent again as it was, from the history of its stream.

use super::rewrite::{Head, Outgoing, Stream};
use super::time::{MILLISECOND, Micros};
use crate::mutants::Mutant;

/// A packet that was sent again is not sent once more before this has passed.
pub const PAUSE: Micros = 100 * MILLISECOND;
/// A packet is sent again this many times.
pub const MAX_TIMES: u8 = 3;
/// After a keyframe, what went out before it is not sent again for this many packets.
pub const KEYFRAME_GATE: u64 = 2_000;

/// One packet that went out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// Under which number.
    pub number: u64,
    /// From which stream.
    pub stream: Stream,
    /// Its number there.
    pub source: u64,
    /// Its timestamp, going out.
    pub timestamp: u32,
    /// Its marker, going out.
    pub marker: bool,
    /// The number of the picture in its dependency descriptor.
    pub frame: Option<u16>,
    /// It had no payload.
    pub empty: bool,
    /// What stood in front of the payload.
    pub head: Head,
}

impl Record {
    /// What is to be kept of a packet that goes out.
    #[must_use]
    pub fn of(out: &Outgoing, stream: Stream, source: u64) -> Self {
        let Outgoing { number, timestamp, marker, frame, empty, head, .. } = *out;
        Self { number, stream, source, timestamp, marker, frame, empty, head }
    }
}

/// Why a packet is not sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withheld {
    /// It never went out, or is too long ago.
    Unknown,
    /// It was sent again a moment ago.
    TooSoon,
    /// It was sent again often enough.
    TooOften,
    /// A keyframe has gone out since: it is of no use any more.
    BeforeKeyframe,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    record: Record,
    last: Micros,
    times: u8,
}

/// What went out in one slot. All room is taken at once; pages of memory that are not reached cost nothing.
#[derive(Debug, Clone)]
pub struct Sent {
    entries: Vec<Option<Entry>>,
    room: usize,
    first: Option<u64>,
    newest: u64,
    keyframe: Option<u64>,
}

impl Sent {
    /// Room for so many packets, rounded up to a power of two.
    #[must_use]
    pub fn new(packets: usize) -> Self {
        let room = packets.max(1).next_power_of_two();
        Self { entries: Vec::with_capacity(room), room, first: None, newest: 0, keyframe: None }
    }

    /// Notes a packet; `keyframe` when one starts in it.
    pub fn push(&mut self, record: Record, keyframe: bool) {
        self.first.get_or_insert(record.number);
        let slot = self.slot(record.number);
        if slot >= self.entries.len() {
            self.entries.resize(slot + 1, None);
        }
        self.entries[slot] = Some(Entry { record, last: 0, times: 0 });
        self.newest = self.newest.max(record.number);
        if keyframe {
            self.keyframe = self.keyframe.max(Some(record.number));
        }
    }

    /// The packet that a subscriber asks for again, counted as sent.
    ///
    /// # Errors
    /// Why it is not sent.
    pub fn again(&mut self, sequence: u16, now: Micros) -> Result<Record, Withheld> {
        let number = super::counter::nearest(self.newest, u64::from(sequence), 16);
        let gate = self.keyframe.filter(|keyframe| self.newest - keyframe < KEYFRAME_GATE && !Mutant::NackBeforeKeyframe.is_on());
        if gate.is_some_and(|keyframe| number < keyframe) {
            return Err(Withheld::BeforeKeyframe);
        }
        let slot = self.slot(number);
        let entry =
            self.entries.get_mut(slot).and_then(Option::as_mut).filter(|entry| entry.record.number == number).ok_or(Withheld::Unknown)?;
        if entry.times >= MAX_TIMES {
            return Err(Withheld::TooOften);
        }
        if entry.times > 0 && now < entry.last + PAUSE {
            return Err(Withheld::TooSoon);
        }
        entry.times += 1;
        entry.last = now;
        let source = entry.record.source + u64::from(Mutant::NackNeighbour.is_on());
        Ok(Record { source, ..entry.record })
    }

    /// Counted from the first number, so that room is filled in order.
    fn slot(&self, number: u64) -> usize {
        number.wrapping_sub(self.first.unwrap_or(0)) as usize & (self.room - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: u64) -> Record {
        let stream = Stream { track: 1, layer: 0 };
        Record { number, stream, source: number + 7, timestamp: 3, marker: false, frame: None, empty: false, head: Head::default() }
    }

    #[test]
    fn a_packet_is_sent_again_three_times_with_a_pause_between() {
        let mut sent = Sent::new(64);
        sent.push(record(70_000), false);
        let sequence = (70_000 % 65_536) as u16;
        assert_eq!(sent.again(sequence, 10), Ok(record(70_000)));
        assert_eq!(sent.again(sequence, 10 + PAUSE - 1), Err(Withheld::TooSoon));
        assert_eq!(sent.again(sequence, 10 + PAUSE), Ok(record(70_000)));
        assert_eq!(sent.again(sequence, 10 + 2 * PAUSE), Ok(record(70_000)));
        assert_eq!(sent.again(sequence, 10 + 9 * PAUSE), Err(Withheld::TooOften));
    }

    #[test]
    fn nothing_from_before_a_keyframe_is_sent_again_for_a_while() {
        let mut sent = Sent::new(4_096);
        sent.push(record(99), false);
        sent.push(record(100), true);
        assert_eq!(sent.again(99, 0), Err(Withheld::BeforeKeyframe));
        assert_eq!(sent.again(100, 0), Ok(record(100)));
        sent.push(record(100 + KEYFRAME_GATE - 1), false);
        assert_eq!(sent.again(99, 0), Err(Withheld::BeforeKeyframe));
        sent.push(record(100 + KEYFRAME_GATE), false);
        assert_eq!(sent.again(99, 0), Ok(record(99)));
    }

    #[test]
    fn what_never_went_out_is_unknown() {
        let mut sent = Sent::new(8);
        assert_eq!(sent.again(5, 0), Err(Withheld::Unknown));
        for number in 0..20 {
            sent.push(record(number), false);
        }
        assert_eq!(sent.again(11, 0), Err(Withheld::Unknown), "overwritten");
        assert_eq!(sent.again(12, 0), Ok(record(12)));
        assert_eq!(sent.again(20, 0), Err(Withheld::Unknown));
    }
}

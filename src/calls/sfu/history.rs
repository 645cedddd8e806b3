//! The last second of one stream, kept once for all its subscribers: what is sent again, and what a newcomer begins with.

use super::time::Micros;

/// A newcomer is given the latest keyframe again when fewer packets than this have followed it.
pub const REPLAY: u64 = 40;

/// How much is kept: whichever ends first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Packets, rounded up to a power of two.
    pub packets: usize,
    /// Bytes of them together.
    pub bytes: usize,
}

impl Capacity {
    /// A second of the smallest picture, 200 kbit/s.
    pub const LOW: Self = Self { packets: 128, bytes: 24 << 10 };
    /// A second of the middle one, 640 kbit/s.
    pub const MIDDLE: Self = Self { packets: 256, bytes: 80 << 10 };
    /// A second of the largest, or of a shared screen: 2.6 Mbit/s.
    pub const HIGH: Self = Self { packets: 512, bytes: 320 << 10 };
}

/// A packet that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept<'a> {
    /// Its header and payload, as they came, decrypted.
    pub packet: &'a [u8],
    /// Its number.
    pub number: u64,
    /// Its timestamp, continued.
    pub timestamp: u64,
    /// When it arrived.
    pub arrival: Micros,
}

#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    number: u64,
    timestamp: u64,
    arrival: Micros,
    start: u64,
    length: u16,
}

/// One stream's packets, the oldest overwritten by the newest. All room is taken at once; nothing is allocated later.
#[derive(Debug, Clone)]
pub struct History {
    bytes: Box<[u8]>,
    entries: Box<[Entry]>,
    /// Bytes written so far, with those left free at the end of each round.
    head: u64,
    newest: Option<u64>,
    keyframe: Option<u64>,
}

impl History {
    /// Room for so much. Pages of memory that are never written cost nothing.
    #[must_use]
    pub fn new(capacity: Capacity) -> Self {
        let packets = capacity.packets.max(1).next_power_of_two();
        let bytes = vec![0; capacity.bytes.max(1)].into_boxed_slice();
        Self { bytes, entries: vec![Entry::default(); packets].into_boxed_slice(), head: 0, newest: None, keyframe: None }
    }

    /// Keeps a packet; `keyframe` when one starts in it. One that is longer than all the room is not kept.
    pub fn push(&mut self, kept: &Kept, keyframe: bool) {
        let room = self.bytes.len() as u64;
        let length = kept.packet.len() as u64;
        let Ok(short) = u16::try_from(length) else { return };
        if length > room {
            return;
        }
        let mut start = self.head;
        if start % room + length > room {
            start = (start / room + 1) * room;
        }
        let at = (start % room) as usize;
        self.bytes[at..at + kept.packet.len()].copy_from_slice(kept.packet);
        self.head = start + length;
        let slot = self.slot(kept.number);
        if self.entries[slot].length > 0 && self.entries[slot].number > kept.number {
            return;
        }
        self.entries[slot] = Entry { number: kept.number, timestamp: kept.timestamp, arrival: kept.arrival, start, length: short };
        self.newest = self.newest.max(Some(kept.number));
        if keyframe {
            self.keyframe = self.keyframe.max(Some(kept.number));
        }
    }

    /// A packet, if it is still there.
    #[must_use]
    pub fn get(&self, number: u64) -> Option<Kept<'_>> {
        let entry = &self.entries[self.slot(number)];
        let room = self.bytes.len() as u64;
        // What was written since must not reach around to where this one begins.
        if entry.length == 0 || entry.number != number || self.head > entry.start + room {
            return None;
        }
        let at = (entry.start % room) as usize;
        let packet = &self.bytes[at..at + usize::from(entry.length)];
        Some(Kept { packet, number, timestamp: entry.timestamp, arrival: entry.arrival })
    }

    /// The packets from the latest keyframe on, for a newcomer; `None` when it is too long ago or no longer there.
    pub fn replay(&self) -> Option<impl Iterator<Item = Kept<'_>>> {
        let (from, to) = (self.keyframe?, self.newest?);
        (to - from < REPLAY && self.get(from).is_some()).then(|| self.from(from))
    }

    /// The packets from a number on, in their order; missing ones are left out.
    pub fn from(&self, number: u64) -> impl Iterator<Item = Kept<'_>> {
        let to = self.newest.map_or(0, |newest| newest + 1);
        let first = number.max(to.saturating_sub(self.entries.len() as u64));
        (first..to).filter_map(|number| self.get(number))
    }

    /// Forgets everything: the stream has paused and will begin with a keyframe.
    pub fn clear(&mut self) {
        self.entries.fill(Entry::default());
        (self.newest, self.keyframe) = (None, None);
    }

    fn slot(&self, number: u64) -> usize {
        number as usize & (self.entries.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kept(number: u64, packet: &[u8]) -> Kept<'_> {
        Kept { packet, number, timestamp: number * 10, arrival: number }
    }

    #[test]
    fn a_newcomer_gets_a_keyframe_of_fewer_than_forty_packets() {
        let mut history = History::new(Capacity::LOW);
        assert!(history.replay().is_none());
        history.push(&kept(100, b"before"), false);
        history.push(&kept(101, b"key"), true);
        for number in 102..101 + REPLAY {
            history.push(&kept(number, b"more"), false);
        }
        let replay: Vec<u64> = history.replay().unwrap().map(|kept| kept.number).collect();
        assert_eq!(replay, (101..101 + REPLAY).collect::<Vec<_>>());
        history.push(&kept(101 + REPLAY, b"one too many"), false);
        assert!(history.replay().is_none());
    }

    #[test]
    fn what_is_cleared_is_gone() {
        let mut history = History::new(Capacity::LOW);
        history.push(&kept(5, b"key"), true);
        history.clear();
        assert_eq!(history.get(5), None);
        assert!(history.replay().is_none());
    }

    proptest! {
        #[test]
        fn what_is_found_is_what_was_kept(
            bytes in 1_usize..5_000, packets in 1_usize..100,
            steps in prop::collection::vec((0_u64..6, 1_usize..1_300), 1..400)
        ) {
            let mut history = History::new(Capacity { packets, bytes });
            let mut number = 1_000;
            let mut pushed: Vec<(u64, Vec<u8>)> = Vec::new();
            for (step, length) in steps {
                number = if step == 0 { number - 1 } else { number + step };
                if pushed.iter().any(|(known, _)| *known == number) {
                    continue;
                }
                let packet: Vec<u8> = (0..length).map(|at| (number as usize * 31 + at) as u8).collect();
                history.push(&kept(number, &packet), false);
                pushed.push((number, packet));
                let newest = pushed.iter().map(|(number, _)| *number).max().unwrap();
                // The latest packets that fit into half of the room, within the index, are always there.
                let mut sum = 0;
                for (number, packet) in pushed.iter().rev() {
                    sum += packet.len();
                    let found = history.get(*number);
                    if let Some(found) = found {
                        prop_assert_eq!(found.packet, packet.as_slice());
                    }
                    if sum * 2 <= bytes && sum + 1_300 <= bytes && newest - number < packets as u64 {
                        prop_assert!(found.is_some(), "{} of {}", number, newest);
                    }
                }
            }
        }
    }
}

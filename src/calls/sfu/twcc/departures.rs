//! What was sent to a subscriber and what it tells of the arrival: kept for whoever estimates its bandwidth.

use super::{LARGE, LOST, MAX_STATUSES, REFERENCE, SMALL, UNIT};
use crate::calls::sfu::counter::nearest;
use crate::calls::sfu::packet::{be16, be24};
use crate::calls::sfu::time::Micros;

/// One packet that was sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Departure {
    /// Its transport-wide number, continued.
    pub number: u64,
    /// Its bytes on the road.
    pub bytes: u16,
    /// When it was sent.
    pub sent: Micros,
    /// When it arrived, microseconds by the subscriber's clock; `None` as long as that is not known.
    pub arrived: Option<i64>,
}

/// What one feedback told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Told {
    /// Packets that arrived, not told of before.
    pub arrived: u32,
    /// Packets that had not arrived.
    pub missing: u32,
}

/// The latest packets that were sent on one connection. All room is taken at once.
#[derive(Debug, Clone)]
pub struct Departures {
    ring: Box<[Departure]>,
    next: u64,
}

impl Departures {
    /// Room for so many packets, rounded up to a power of two.
    #[must_use]
    pub fn new(packets: usize) -> Self {
        Self { ring: vec![Departure::default(); packets.max(1).next_power_of_two()].into_boxed_slice(), next: 1 << 16 }
    }

    /// Notes a packet and returns its number for the extension.
    pub fn sent(&mut self, bytes: u16, now: Micros) -> u16 {
        let number = self.next;
        self.next += 1;
        let slot = number as usize & (self.ring.len() - 1);
        self.ring[slot] = Departure { number, bytes, sent: now, arrived: None };
        number as u16
    }

    /// Notes what a feedback tells. Numbers that were never sent, or are too old, have no effect.
    pub fn told(&mut self, feedback: &Feedback) -> Told {
        let mut told = Told::default();
        let mask = self.ring.len() - 1;
        for (sequence, arrived) in feedback.statuses() {
            let number = nearest(self.next - 1, u64::from(sequence), 16);
            let departure = &mut self.ring[number as usize & mask];
            if departure.number != number || number >= self.next {
                continue;
            }
            match arrived {
                Some(at) if departure.arrived.is_none() => {
                    departure.arrived = Some(at);
                    told.arrived += 1;
                }
                Some(_) => {}
                None => told.missing += 1,
            }
        }
        told
    }

    /// A packet by its number, continued.
    #[must_use]
    #[cfg_attr(not(test), expect(dead_code, reason = "for congestion control"))]
    pub fn get(&self, number: u64) -> Option<&Departure> {
        let departure = &self.ring[number as usize & (self.ring.len() - 1)];
        (departure.number == number).then_some(departure)
    }

    /// The number of the next packet, continued.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.next
    }
}

/// A feedback, read in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Feedback<'a> {
    base: u16,
    count: usize,
    reference: i64,
    chunks: &'a [u8],
    deltas: &'a [u8],
}

impl<'a> Feedback<'a> {
    /// Reads what follows the two SSRCs. `None` when lengths do not agree or it tells of more than [`MAX_STATUSES`].
    #[must_use]
    pub fn parse(body: &'a [u8]) -> Option<Self> {
        let count = usize::from(be16(body, 2)?);
        if count > MAX_STATUSES {
            return None;
        }
        // 24 bits with a sign.
        let reference = i64::from((be24(body, 4)? << 8).cast_signed() >> 8);
        let rest = body.get(8..)?;
        let (mut at, mut told, mut bytes) = (0, 0, 0);
        while told < count {
            let chunk = Chunk(be16(rest, at)?);
            let length = chunk.length().min(count - told);
            bytes += (0..length).map(|index| size(chunk.status(index))).sum::<usize>();
            told += length;
            at += 2;
        }
        let (chunks, deltas) = rest.split_at_checked(at)?;
        (deltas.len() >= bytes).then_some(Self { base: be16(body, 0)?, count, reference, chunks, deltas })
    }

    /// Every number with the microsecond of its arrival by the subscriber's clock; `None` for what is missing.
    pub fn statuses(&self) -> impl Iterator<Item = (u16, Option<i64>)> + use<'a> {
        let base = self.base;
        let mut deltas = self.deltas;
        let mut units = self.reference * REFERENCE;
        let statuses = self.chunks.chunks_exact(2).flat_map(|chunk| Chunk(be16(chunk, 0).unwrap_or(0)).statuses());
        statuses.take(self.count).enumerate().map(move |(index, status)| {
            let delta = match status {
                SMALL => deltas.first().map(|delta| i64::from(*delta)),
                LARGE => be16(deltas, 0).map(|delta| i64::from(delta.cast_signed())),
                _ => None,
            };
            deltas = deltas.get(size(status)..).unwrap_or(&[]);
            let arrived = delta.map(|delta| {
                units += delta;
                units * UNIT.cast_signed()
            });
            (base.wrapping_add(index as u16), arrived)
        })
    }
}

fn size(status: u8) -> usize {
    match status {
        SMALL => 1,
        LARGE => 2,
        _ => 0,
    }
}

/// Two bytes that hold several statuses.
#[derive(Clone, Copy)]
struct Chunk(u16);

impl Chunk {
    fn length(self) -> usize {
        match self.0 >> 14 {
            0 | 1 => usize::from(self.0 & 0x1fff),
            2 => 14,
            _ => 7,
        }
        .max(1)
    }

    fn status(self, index: usize) -> u8 {
        let status = match self.0 >> 14 {
            0 | 1 => self.0 >> 13 & 3,
            2 => self.0 >> (13 - index) & 1,
            _ => self.0 >> (12 - 2 * index) & 3,
        };
        if status == 3 { LOST } else { status as u8 }
    }

    fn statuses(self) -> impl Iterator<Item = u8> {
        (0..self.length()).map(move |index| self.status(index))
    }
}

//! When the packets of a publisher arrived, and the feedback that tells it so.

use super::{LARGE, LOST, REFERENCE, SMALL, UNIT};
use crate::calls::sfu::counter::Sequence;
use crate::calls::sfu::time::Micros;

/// Packets that are remembered until they have been told of.
pub(super) const ROOM: usize = 1_024;
/// Packets of one feedback.
const MOST: usize = 400;

#[derive(Debug, Clone, Copy, Default)]
struct Arrival {
    /// 0 for none: numbers begin above 65,535.
    number: u64,
    /// In units.
    at: i64,
}

/// Arrivals that have not been told of. All room is taken at once.
#[derive(Debug, Clone)]
pub struct Arrivals {
    ring: Box<[Arrival]>,
    sequence: Sequence,
    /// The first number that has not been told of.
    base: Option<u64>,
    feedbacks: u8,
}

impl Default for Arrivals {
    fn default() -> Self {
        Self { ring: vec![Arrival::default(); ROOM].into_boxed_slice(), sequence: Sequence::default(), base: None, feedbacks: 0 }
    }
}

impl Arrivals {
    /// A packet with this number came. One that comes after others were told of is told of with them once more.
    pub fn came(&mut self, sequence: u16, now: Micros) {
        let number = self.sequence.take(u32::from(sequence));
        let newest = self.sequence.greatest().unwrap_or(number);
        if number + ROOM as u64 <= newest {
            return;
        }
        let entry = &mut self.ring[number as usize % ROOM];
        if entry.number == number {
            return;
        }
        *entry = Arrival { number, at: (now / UNIT).cast_signed() };
        let oldest = (newest + 1).saturating_sub(ROOM as u64);
        self.base = Some(self.base.map_or(number, |base| base.min(number)).max(oldest));
    }

    /// Whether anything is to be told.
    #[must_use]
    pub fn waiting(&self) -> bool {
        self.base.zip(self.sequence.greatest()).is_some_and(|(base, newest)| base <= newest)
    }

    /// Appends one feedback at `at`; returns where it ended. `None` when there is nothing to tell or no room: call it until then.
    #[must_use]
    pub fn feedback(&mut self, out: &mut [u8], at: usize, sender: u32, media: u32) -> Option<usize> {
        let room = out.len().checked_sub(at + 24)?;
        let most = MOST.min(room * 7 / 16);
        let newest = self.sequence.greatest()?;
        // It begins with a packet that came: what is missing before that is told by the next number.
        let base = (self.base?..=newest).find(|number| self.arrival(*number).is_some())?;
        let reference = self.arrival(base)?.div_euclid(REFERENCE);
        let mut statuses = [LOST; MOST];
        let mut last = reference * REFERENCE;
        let mut count = 0;
        for number in base..=newest.min(base + most as u64 - 1) {
            if let Some(units) = self.arrival(number) {
                let Ok(delta) = i16::try_from(units - last) else { break };
                statuses[count] = if (0..=255).contains(&delta) { SMALL } else { LARGE };
                last = units;
            }
            count += 1;
        }
        let statuses = &statuses[..count];
        let mut end = self.head(out, at, [sender, media], (base, count, reference))?;
        end = chunks(out, end, statuses)?;
        end = self.deltas(out, end, base, statuses)?;
        let end = close(out, at, end)?;
        self.base = Some(base + count as u64);
        self.feedbacks = self.feedbacks.wrapping_add(1);
        Some(end)
    }

    fn arrival(&self, number: u64) -> Option<i64> {
        let entry = self.ring[number as usize % ROOM];
        (entry.number == number).then_some(entry.at)
    }

    fn head(&self, out: &mut [u8], at: usize, ssrcs: [u32; 2], (base, count, reference): (u64, usize, i64)) -> Option<usize> {
        let mut end = put(out, at, &[0x80 | 15, 205, 0, 0])?;
        for ssrc in ssrcs {
            end = put(out, end, &ssrc.to_be_bytes())?;
        }
        end = put(out, end, &(base as u16).to_be_bytes())?;
        end = put(out, end, &(count as u16).to_be_bytes())?;
        let reference = (reference as u32).to_be_bytes();
        put(out, end, &[reference[1], reference[2], reference[3], self.feedbacks])
    }

    fn deltas(&self, out: &mut [u8], mut end: usize, base: u64, statuses: &[u8]) -> Option<usize> {
        let mut last = self.arrival(base)?.div_euclid(REFERENCE) * REFERENCE;
        for (index, status) in statuses.iter().enumerate() {
            if *status == LOST {
                continue;
            }
            let units = self.arrival(base + index as u64)?;
            let delta = units - last;
            last = units;
            end = if *status == SMALL { put(out, end, &[delta as u8])? } else { put(out, end, &(delta as i16).to_be_bytes())? };
        }
        Some(end)
    }
}

/// Runs of one status where they are long, vectors of 14 or 7 where they are mixed.
fn chunks(out: &mut [u8], mut end: usize, statuses: &[u8]) -> Option<usize> {
    let mut rest = statuses;
    while let Some(&first) = rest.first() {
        let run = rest.iter().take_while(|status| **status == first).count();
        let short = &rest[..rest.len().min(14)];
        let (chunk, taken) = if run >= 14 || run == rest.len() {
            (u16::from(first) << 13 | run as u16, run)
        } else if short.iter().all(|status| *status != LARGE) {
            let bits = short.iter().enumerate().fold(0, |bits, (index, status)| bits | u16::from(*status) << (13 - index));
            (0x8000 | bits, short.len())
        } else {
            let few = &short[..short.len().min(7)];
            let bits = few.iter().enumerate().fold(0, |bits, (index, status)| bits | u16::from(*status) << (12 - 2 * index));
            (0xc000 | bits, few.len())
        };
        end = put(out, end, &chunk.to_be_bytes())?;
        rest = &rest[taken..];
    }
    Some(end)
}

/// Pads to whole words and writes the length.
fn close(out: &mut [u8], start: usize, end: usize) -> Option<usize> {
    let padding = (end - start).next_multiple_of(4) - (end - start);
    let end = end + padding;
    if padding > 0 {
        out.get_mut(end - padding..end)?.fill(0);
        out[end - 1] = padding as u8;
        out[start] |= 0x20;
    }
    let words = u16::try_from((end - start) / 4 - 1).ok()?;
    put(out, start + 2, &words.to_be_bytes())?;
    Some(end)
}

fn put(out: &mut [u8], at: usize, bytes: &[u8]) -> Option<usize> {
    out.get_mut(at..at + bytes.len())?.copy_from_slice(bytes);
    Some(at + bytes.len())
}

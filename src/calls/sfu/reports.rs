//! Reports of senders and receivers (RFC 3550, section 6.4): one clock for all that a publisher sends, what of it arrives, and how
//! far away a subscriber is.

use super::packet::rtcp::{Block, SenderInfo};
use super::time::{Micros, SECOND, from_ntp, short_ntp, span, ticks, to_ntp};

/// Reports of which the one that was fastest on the road is taken.
const REMEMBERED: usize = 8;
/// A timestamp further than this from its report is not believed.
const BELIEVED: i64 = 600 * SECOND as i64;

/// The clock of one publisher against ours. All of its streams share it, so that they stay together.
#[derive(Debug, Clone, Copy, Default)]
pub struct PublisherClock {
    offsets: [i64; REMEMBERED],
    count: usize,
}

impl PublisherClock {
    /// A sender's report came: by the publisher's clock it was written at `ntp`.
    pub fn told(&mut self, ntp: u64, arrival: Micros) {
        self.offsets[self.count % REMEMBERED] = arrival.cast_signed() - from_ntp(ntp).cast_signed();
        self.count += 1;
    }

    /// That moment by our clock, later by the time that the fastest report took; `None` before the first report.
    #[must_use]
    pub fn place(&self, ntp: u64) -> Option<i64> {
        let offset = self.offsets[..self.count.min(REMEMBERED)].iter().min()?;
        Some(from_ntp(ntp).cast_signed() + offset)
    }
}

/// The clock of one stream against that of its publisher.
#[derive(Debug, Clone, Copy)]
pub struct StreamClock {
    rate: u32,
    reference: Option<(u64, u64)>,
}

impl StreamClock {
    /// Of a stream with so many ticks a second.
    #[must_use]
    pub fn new(rate: u32) -> Self {
        Self { rate, reference: None }
    }

    /// The sender's report: `timestamp`, continued as those of packets are, and `ntp` are the same moment.
    pub fn told(&mut self, ntp: u64, timestamp: u64) {
        self.reference = Some((ntp, timestamp));
    }

    /// When something was taken, by our clock. `None` before the first report, or when it cannot be right.
    #[must_use]
    pub fn taken(&self, timestamp: u64, publisher: &PublisherClock) -> Option<Micros> {
        let (ntp, reference) = self.reference?;
        let since = span(timestamp.wrapping_sub(reference).cast_signed(), self.rate);
        if since.abs() > BELIEVED {
            return None;
        }
        u64::try_from(publisher.place(ntp)? + since).ok()
    }
}

/// How one stream of a publisher is received.
#[derive(Debug, Clone, Copy)]
pub struct Reception {
    rate: u32,
    first: Option<u64>,
    greatest: u64,
    received: u64,
    expected_before: u64,
    received_before: u64,
    /// In 16ths of a tick.
    jitter: u64,
    transit: i64,
    report: Option<(u64, Micros)>,
    counted: u64,
}

impl Reception {
    /// Of a stream with so many ticks a second.
    #[must_use]
    pub fn new(rate: u32) -> Self {
        Self {
            rate,
            first: None,
            greatest: 0,
            received: 0,
            expected_before: 0,
            received_before: 0,
            jitter: 0,
            transit: 0,
            report: None,
            counted: 0,
        }
    }

    /// A packet came by itself, not sent again. Number and timestamp are continued to 64 bits.
    pub fn came(&mut self, number: u64, timestamp: u64, now: Micros) {
        let transit = ticks(now.cast_signed(), self.rate).wrapping_sub(timestamp.cast_signed());
        if let Some(first) = self.first {
            // The estimator of RFC 3550, appendix A.8. A jump of the clock is no jitter.
            let difference = transit.wrapping_sub(self.transit).unsigned_abs();
            if difference < u64::from(self.rate) * 10 {
                self.jitter = (self.jitter + difference).saturating_sub((self.jitter + 8) / 16);
            }
            self.first = Some(first.min(number));
            self.greatest = self.greatest.max(number);
        } else {
            self.first = Some(number);
            self.greatest = number;
        }
        self.transit = transit;
        self.received += 1;
    }

    /// A sender's report of the stream came.
    pub fn told(&mut self, ntp: u64, now: Micros) {
        self.report = Some((ntp, now));
    }

    /// The block of our next report; loss is counted from the last one.
    pub fn block(&mut self, ssrc: u32, now: Micros) -> Block {
        let expected = self.expected();
        let lost = (expected - self.expected_before).saturating_sub(self.received - self.received_before);
        let fraction = (lost * 256).checked_div(expected - self.expected_before).unwrap_or(0).min(255) as u8;
        (self.expected_before, self.received_before) = (expected, self.received);
        let delay = self.report.map_or(0, |(_, arrival)| (now.saturating_sub(arrival) << 16) / SECOND);
        Block {
            ssrc,
            fraction,
            lost: self.lost().clamp(-0x80_0000, 0x7f_ffff) as i32,
            greatest: self.greatest.saturating_sub(1 << 16) as u32,
            jitter: (self.jitter >> 4) as u32,
            last_report: self.report.map_or(0, |(ntp, _)| short_ntp(ntp)),
            delay: u32::try_from(delay).unwrap_or(u32::MAX),
        }
    }

    /// Packets that never came; duplicates count against them.
    #[must_use]
    pub fn lost(&self) -> i64 {
        self.expected().cast_signed() - self.received.cast_signed()
    }

    /// Packets that never came and were not counted here before.
    pub fn newly_lost(&mut self) -> u64 {
        let lost = self.lost().max(0).unsigned_abs();
        let new = lost.saturating_sub(self.counted);
        self.counted += new;
        new
    }

    /// Jitter in microseconds.
    #[must_use]
    pub fn jitter(&self) -> u32 {
        u32::try_from(span((self.jitter >> 4).cast_signed(), self.rate)).unwrap_or(u32::MAX)
    }

    fn expected(&self) -> u64 {
        self.first.map_or(0, |first| self.greatest - first + 1)
    }
}

/// What has been sent in one slot, not counting what was sent again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sending {
    packets: u64,
    octets: u64,
}

impl Sending {
    /// A packet with so many bytes of payload went out.
    pub fn went(&mut self, payload: usize) {
        self.packets += 1;
        self.octets += payload as u64;
    }

    /// Packets that went out.
    #[must_use]
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// Bytes of their payload.
    #[must_use]
    pub fn octets(&self) -> u64 {
        self.octets
    }

    /// Our report; `timestamp` is what the slot's clock shows now.
    #[must_use]
    pub fn report(&self, ssrc: u32, timestamp: u32, now: Micros) -> SenderInfo {
        SenderInfo { ssrc, ntp: to_ntp(now), timestamp, packets: self.packets as u32, octets: self.octets as u32 }
    }
}

/// The round trip to a subscriber, from its block about a stream of ours; `None` when it has no report of ours yet, or cannot be
/// right.
#[must_use]
pub fn round_trip(block: &Block, now: Micros) -> Option<Micros> {
    if block.last_report == 0 {
        return None;
    }
    let units = short_ntp(to_ntp(now)).wrapping_sub(block.last_report).wrapping_sub(block.delay);
    // Clocks that run a little apart make it seem negative.
    let units = if units > u32::MAX / 2 { 0 } else { units };
    let micros = (u64::from(units) * SECOND) >> 16;
    (micros < 60 * SECOND).then_some(micros)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::sfu::time::MILLISECOND;

    const START: u64 = 1 << 16;

    #[test]
    fn sound_and_picture_of_one_moment_are_placed_together() {
        let theirs = |micros: Micros| to_ntp(3_900_000_000 * SECOND + micros);
        let mut publisher = PublisherClock::default();
        let (mut voice, mut face) = (StreamClock::new(48_000), StreamClock::new(90_000));
        assert_eq!(voice.taken(7, &publisher), None);
        publisher.told(theirs(0), 10 * SECOND + 70 * MILLISECOND);
        voice.told(theirs(0), 1_000_000);
        publisher.told(theirs(500_000), 10 * SECOND + 520 * MILLISECOND);
        face.told(theirs(500_000), 5_000_000);
        // One second after the first report: the road took 20 ms at its best.
        let moment = Some(11 * SECOND + 20 * MILLISECOND);
        assert_eq!(voice.taken(1_048_000, &publisher), moment);
        assert_eq!(face.taken(5_045_000, &publisher), moment);
        assert_eq!(face.taken(5_000_000 + 90_000 * 601, &publisher), None);
    }

    #[test]
    fn loss_and_the_greatest_number_are_reported() {
        let mut reception = Reception::new(90_000);
        for number in (0..100).filter(|number| number % 4 != 1) {
            reception.came(START + 65_500 + number, 0, 0);
        }
        let block = reception.block(9, 0);
        assert_eq!((block.lost, block.fraction, block.greatest), (25, 64, 65_599));
        for number in 100..200 {
            reception.came(START + 65_500 + number, 0, 0);
        }
        let block = reception.block(9, 0);
        assert_eq!((block.lost, block.fraction), (25, 0), "since the last report");
        for _ in 0..30 {
            reception.came(START + 65_600, 0, 0);
        }
        assert_eq!(reception.block(9, 0).lost, -5, "duplicates");
        assert_eq!(Reception::new(1).block(9, 0), Block { ssrc: 9, ..Block::default() });
    }

    #[test]
    fn jitter_is_the_mean_of_what_arrives_unevenly() {
        let mut even = Reception::new(90_000);
        let mut uneven = Reception::new(90_000);
        for number in 0..400 {
            let at = number * 20 * MILLISECOND;
            even.came(START + number, number * 1_800, at);
            uneven.came(START + number, number * 1_800, at + number % 2 * 4 * MILLISECOND);
        }
        assert_eq!(even.jitter(), 0);
        assert!((3_800..=4_100).contains(&uneven.jitter()), "{}", uneven.jitter());
    }

    #[test]
    fn the_round_trip_is_what_neither_side_slept() {
        let sent = 5 * SECOND;
        let info = Sending::default().report(1, 2, sent);
        let mut theirs = Reception::new(90_000);
        theirs.told(info.ntp, 1_000 * SECOND);
        let block = theirs.block(1, 1_000 * SECOND + 300 * MILLISECOND);
        let measured = round_trip(&block, sent + 380 * MILLISECOND).unwrap();
        assert!(measured.abs_diff(80 * MILLISECOND) < 100, "{measured}");
        assert_eq!(round_trip(&block, sent + 200 * MILLISECOND), Some(0));
        assert_eq!(round_trip(&Block::default(), sent), None);
    }

    #[test]
    fn what_was_sent_is_counted() {
        let mut sending = Sending::default();
        sending.went(1_000);
        sending.went(200);
        let info = sending.report(7, 99, 3 * SECOND / 2);
        assert_eq!((info.packets, info.octets, info.timestamp, info.ntp), (2, 1_200, 99, 0x1_8000_0000));
    }
}

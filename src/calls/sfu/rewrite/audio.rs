//! A slot for sound: changes to another voice at any packet.

use super::numbers::Numbers;
use super::once::Once;
use super::timeline::Timeline;
use super::{Head, Incoming, Outgoing};
use crate::calls::sfu::time::{AUDIO_CLOCK, Micros};

/// Ticks of one packet where nothing better is known: 20 ms.
const FRAME: u32 = 960;

/// One slot of one subscriber.
#[derive(Debug, Clone)]
pub struct AudioSlot {
    current: Option<u32>,
    numbers: Numbers,
    once: Once,
    timeline: Timeline,
    next: u64,
}

impl AudioSlot {
    /// A slot whose first packet has this number, below 2^15 so that the turns of a receiver agree, and this timestamp.
    #[must_use]
    pub fn new(first_number: u16, first_timestamp: u32) -> Self {
        let timeline = Timeline::new(AUDIO_CLOCK, FRAME, first_timestamp);
        Self { current: None, numbers: Numbers::default(), once: Once::default(), timeline, next: u64::from(first_number & 0x7fff) }
    }

    /// The track no longer goes on here. If it comes back, that is a new beginning.
    pub fn release(&mut self) {
        self.current = None;
    }

    /// Decides about one packet; `None` for a late one that has no place any more, or one that came twice. A packet of another
    /// track than the last is where that track begins: numbers go on, and time jumps by what has passed.
    pub fn forward(&mut self, packet: &Incoming) -> Option<Outgoing> {
        let switched = self.current != Some(packet.stream.track);
        if switched {
            let joint = self.timeline.joint(&packet.moment);
            self.timeline.join(packet.moment.timestamp, &joint);
            self.numbers.begin(packet.number, self.next);
            self.current = Some(packet.stream.track);
        }
        let number = self.numbers.pass(packet.number).filter(|number| self.once.first(*number))?;
        self.next = self.next.max(number + 1);
        let timestamp = self.timeline.pass(&packet.moment);
        let marker = packet.marker || switched;
        Some(Outgoing { number, timestamp, marker, frame: None, head: Head::default(), empty: packet.padding, switched })
    }

    /// The timestamp that the slot's clock shows now, for a sender's report.
    #[must_use]
    pub fn clock_at(&self, now: Micros) -> Option<u32> {
        self.current.and_then(|_| self.timeline.at(now))
    }
}

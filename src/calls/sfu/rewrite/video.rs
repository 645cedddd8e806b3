//! A slot for pictures: changes stream at keyframes, and leaves out temporal layers of VP8.

use super::frames::Frames;
use super::numbers::Numbers;
use super::once::Once;
use super::timeline::Timeline;
use super::vp8::{Fate, Pictures};
use super::{Head, Incoming, Outgoing, Stream};
use crate::calls::sfu::time::{MILLISECOND, Micros, VIDEO_CLOCK};
use crate::mutants::Mutant;

/// Ticks of one picture where nothing better is known: 33 ms.
const FRAME: u32 = 2_970;
/// A keyframe of another layer that was taken this long before what has gone out is let pass once, for a younger one.
const TOO_FAR_BEHIND: Micros = 75 * MILLISECOND;
/// A keyframe is asked for again after twice the round trip, but neither sooner nor later than this.
const SOONEST: Micros = 200 * MILLISECOND;
const LATEST: Micros = 1_000 * MILLISECOND;

/// One slot of one subscriber.
#[derive(Debug, Clone)]
pub struct VideoSlot {
    current: Option<Stream>,
    target: Option<Stream>,
    asked: Option<Micros>,
    /// A keyframe of the target was let pass already.
    patient: bool,
    numbers: Numbers,
    once: Once,
    timeline: Timeline,
    pictures: Pictures,
    frames: Frames,
    next: u64,
    /// The greatest number that went out was the last of its picture.
    complete: bool,
}

impl VideoSlot {
    /// A slot whose first packet has this number, below 2^15 so that the turns of a receiver agree, and this timestamp.
    #[must_use]
    pub fn new(first_number: u16, first_timestamp: u32) -> Self {
        Self {
            current: None,
            target: None,
            asked: None,
            patient: false,
            numbers: Numbers::default(),
            once: Once::default(),
            timeline: Timeline::new(VIDEO_CLOCK, FRAME, first_timestamp),
            pictures: Pictures::default(),
            frames: Frames::default(),
            next: u64::from(first_number & 0x7fff),
            complete: true,
        }
    }

    /// What goes on now.
    #[must_use]
    pub fn current(&self) -> Option<Stream> {
        self.current
    }

    /// What should.
    #[must_use]
    pub fn target(&self) -> Option<Stream> {
        self.target
    }

    /// Aims at another stream. What goes on now goes on until a keyframe of the target comes; nothing at all stops at once.
    pub fn aim(&mut self, target: Option<Stream>) {
        if target == self.target {
            return;
        }
        self.target = target;
        self.asked = None;
        self.patient = false;
        if target.is_none() {
            self.current = None;
        }
    }

    /// Stops what goes on now, without waiting: its sender may not be seen any longer. The target stays.
    pub fn cut(&mut self) {
        self.current = None;
        self.asked = None;
    }

    /// The highest temporal layer that goes on, from now.
    #[cfg_attr(not(test), expect(dead_code, reason = "for congestion control"))]
    pub fn want_temporal(&mut self, layer: u8) {
        self.pictures.want(layer);
    }

    /// A subscriber lost what it needs: the stream that goes on must give a keyframe. Which one is to be asked.
    #[must_use]
    pub fn lost(&self) -> Option<Stream> {
        self.target.or(self.current)
    }

    /// The stream of which a keyframe is to be asked for now, if the target waits for one. Ask again when [`Self::ask_at`] comes.
    pub fn ask(&mut self, now: Micros, round_trip: Micros) -> Option<Stream> {
        if now < self.ask_at(round_trip)? {
            return None;
        }
        self.asked = Some(now);
        self.target
    }

    /// When a keyframe is to be asked for; 0 is at once, `None` is never.
    #[must_use]
    pub fn ask_at(&self, round_trip: Micros) -> Option<Micros> {
        if self.target.is_none() || self.target == self.current {
            return None;
        }
        Some(self.asked.map_or(0, |asked| asked + (2 * round_trip).clamp(SOONEST, LATEST)))
    }

    /// Decides about one packet; `None` when it does not go on. No number goes out twice, whatever comes twice.
    pub fn forward(&mut self, packet: &Incoming) -> Option<Outgoing> {
        let switched = Some(packet.stream) != self.current;
        let begins = packet.glance.keyframe || Mutant::RewriteAnySwitch.is_on();
        if switched && !(begins && self.accepts(packet.stream) && self.switch(packet)) {
            return None;
        }
        let fate = self.fate(packet);
        let late = packet.number < self.numbers.next();
        let (number, head) = match fate {
            Fate::Keep(head) => (self.numbers.pass(packet.number)?, Some(head)),
            // Only a number that was kept free before its picture's fate was known is filled.
            Fate::Drop if late => (self.numbers.find(packet.number)?, None),
            Fate::Drop => {
                if packet.padding {
                    self.numbers.skip(packet.number);
                } else {
                    self.numbers.skip_up_to(packet.number);
                }
                return None;
            }
        };
        if !self.once.first(number) && !Mutant::RewriteNumberTwice.is_on() {
            return None;
        }
        let timestamp = self.timeline.pass(&packet.moment);
        if number >= self.next {
            self.next = number + 1;
            self.complete = packet.marker && head.is_some();
        }
        let marker = packet.marker && head.is_some();
        let frame = packet.glance.frame.map(|frame| self.frames.pass(frame));
        Some(Outgoing { number, timestamp, marker, frame, head: head.unwrap_or_default(), empty: head.is_none(), switched })
    }

    /// The timestamp that the slot's clock shows now, for a sender's report.
    #[must_use]
    pub fn clock_at(&self, now: Micros) -> Option<u32> {
        self.current.and_then(|_| self.timeline.at(now))
    }

    fn fate(&mut self, packet: &Incoming) -> Fate {
        if packet.padding {
            return Fate::Drop;
        }
        let follows = packet.number == self.numbers.next();
        packet.glance.vp8.map_or(Fate::Keep(Head::default()), |vp8| self.pictures.decide(&vp8, follows))
    }

    /// The target, or a layer of the same track on the way from the current one to it.
    fn accepts(&self, stream: Stream) -> bool {
        let Some(target) = self.target else { return false };
        if stream == target {
            return true;
        }
        let Some(current) = self.current else { return false };
        let between = (current.layer.min(target.layer) + 1..current.layer.max(target.layer)).contains(&stream.layer);
        current.track == target.track && stream.track == target.track && between
    }

    fn switch(&mut self, packet: &Incoming) -> bool {
        let joint = self.timeline.joint(&packet.moment);
        let same_track = self.current.is_some_and(|current| current.track == packet.stream.track);
        if joint.behind > TOO_FAR_BEHIND && same_track && !self.patient {
            self.patient = true;
            self.asked = None;
            return false;
        }
        // A picture that was cut off leaves one number free, so that its receiver knows that it is not whole.
        let out = self.next + u64::from(!self.complete && !Mutant::RewriteCutUnseen.is_on());
        self.numbers.begin(packet.number, out);
        self.timeline.join(packet.moment.timestamp, &joint);
        if let Some(vp8) = &packet.glance.vp8 {
            self.pictures.begin(vp8);
        }
        if let Some(frame) = packet.glance.frame {
            self.frames.begin(frame);
        }
        self.current = Some(packet.stream);
        if self.current == self.target {
            self.asked = None;
            self.patient = false;
        }
        true
    }
}

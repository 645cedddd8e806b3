//! The timestamps of a slot: they never go back, whatever stream is in it, and follow the time at which pictures were taken.

use crate::calls::sfu::time::{MILLISECOND, Micros, SECOND, ticks};
use crate::mutants::Mutant;

/// A change may bring what goes out this much before the clock on the wall, and no more.
const AHEAD: i64 = 25 * MILLISECOND as i64;
/// When a stream seems this much slower than the clock on the wall, the wall is right.
const SLOW: i64 = 200 * MILLISECOND as i64;
/// After a silence of this length the wall is always right.
const SILENCE: i64 = 2 * SECOND as i64;

/// A moment of one stream that comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// By the stream's own clock.
    pub timestamp: u64,
    /// When it arrived.
    pub arrival: Micros,
    /// When it was taken, by the sender's reports.
    pub captured: Option<Micros>,
}

/// How another stream is joined on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Joint {
    /// Its first timestamp that goes out.
    pub out: u64,
    /// Microseconds by which it was taken before what has gone out already.
    pub behind: Micros,
}

/// A timestamp that went out, and the moment that it stood for.
#[derive(Debug, Clone, Copy)]
struct Mark<M> {
    out: u64,
    moment: M,
}

impl Mark<Micros> {
    /// What should go out for another moment.
    fn due(&self, moment: Micros, clock: u32) -> i64 {
        self.out.cast_signed() + ticks(moment.cast_signed() - self.moment.cast_signed(), clock)
    }
}

/// The timestamps that go out of one slot. Each joint is measured from the slot's beginning, so that what one had to bend the next
/// one sets right.
#[derive(Debug, Clone)]
pub struct Timeline {
    clock: u32,
    frame: u32,
    first: u32,
    /// What is added to timestamps of the current stream, wrapping.
    shift: u64,
    last: Option<Mark<Moment>>,
    /// The beginning by arrival, and by the first report.
    arrived: Option<Mark<Micros>>,
    captured: Option<Mark<Micros>>,
}

impl Timeline {
    /// A clock of so many ticks a second; `frame` ticks pass where nothing better is known; the first timestamp is `first`.
    #[must_use]
    pub fn new(clock: u32, frame: u32, first: u32) -> Self {
        Self { clock, frame, first, shift: 0, last: None, arrived: None, captured: None }
    }

    /// Where a stream that begins at this moment would go on.
    #[must_use]
    pub fn joint(&self, next: &Moment) -> Joint {
        let beginning = Joint { out: u64::from(self.first), behind: 0 };
        let (Some(last), Some(arrived)) = (self.last, self.arrived) else { return beginning };
        let elapsed = next.arrival.cast_signed() - last.moment.arrival.cast_signed();
        let taken = match (last.moment.captured, next.captured) {
            (Some(before), Some(after)) => after.cast_signed() - before.cast_signed(),
            _ => elapsed,
        };
        let reported = self.captured.zip(next.captured).filter(|_| elapsed <= SILENCE && elapsed - taken <= SLOW);
        let due = reported.map_or_else(|| arrived.due(next.arrival, self.clock), |(mark, captured)| mark.due(captured, self.clock));
        let step = due - last.out.cast_signed();
        let frame = i64::from(self.frame);
        let most = ticks(elapsed + AHEAD, self.clock).max(frame);
        let step = if step > 0 || Mutant::RewriteTimeBack.is_on() { step.min(most) } else { frame };
        let believed = if reported.is_some() { taken } else { elapsed };
        Joint { out: last.out + step.cast_unsigned(), behind: u64::try_from(-believed).unwrap_or(0) }
    }

    /// Joins a stream on: this timestamp of it goes out first.
    pub fn join(&mut self, timestamp: u64, joint: &Joint) {
        self.shift = joint.out.wrapping_sub(timestamp);
    }

    /// The timestamp that goes out, remembered as the last if it is the greatest.
    pub fn pass(&mut self, moment: &Moment) -> u32 {
        let out = moment.timestamp.wrapping_add(self.shift);
        if self.last.is_none_or(|last| out > last.out) {
            self.last = Some(Mark { out, moment: *moment });
            self.arrived.get_or_insert(Mark { out, moment: moment.arrival });
            self.captured = self.captured.or(moment.captured.map(|captured| Mark { out, moment: captured }));
        }
        out as u32
    }

    /// What the clock shows now, for a sender's report; `None` before the first packet.
    #[must_use]
    pub fn at(&self, now: Micros) -> Option<u32> {
        let last = self.last?;
        let since = now as i64 - last.moment.captured.unwrap_or(last.moment.arrival) as i64;
        Some(last.out.wrapping_add_signed(ticks(since, self.clock)) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOCK: u32 = 90_000;
    const FRAME: u32 = 2_970;

    fn moment(timestamp: u64, arrival_ms: u64, captured_ms: Option<u64>) -> Moment {
        Moment { timestamp, arrival: arrival_ms * MILLISECOND, captured: captured_ms.map(|ms| ms * MILLISECOND) }
    }

    fn begun(last: Moment) -> Timeline {
        let mut timeline = Timeline::new(CLOCK, FRAME, 500);
        let joint = timeline.joint(&last);
        timeline.join(last.timestamp, &joint);
        assert_eq!(timeline.pass(&last), 500);
        timeline
    }

    #[test]
    fn reports_say_how_much_time_passed_between_two_streams() {
        let timeline = begun(moment(1_000, 10_000, Some(9_950)));
        let joint = timeline.joint(&moment(77, 10_050, Some(9_990)));
        assert_eq!((joint.out, joint.behind), (500 + 3_600, 0));
    }

    #[test]
    fn without_reports_the_arrival_says_it() {
        let timeline = begun(moment(1_000, 10_000, None));
        assert_eq!(timeline.joint(&moment(77, 10_050, Some(9_000))).out, 500 + 4_500);
    }

    #[test]
    fn what_was_taken_earlier_goes_on_one_frame_later() {
        let timeline = begun(moment(1_000, 10_000, Some(9_950)));
        let joint = timeline.joint(&moment(77, 10_010, Some(9_850)));
        assert_eq!((joint.out, joint.behind), (500 + 2_970, 100 * MILLISECOND));
        assert_eq!(timeline.joint(&moment(77, 10_010, Some(9_950))).out, 500 + 2_970);
    }

    #[test]
    fn what_went_out_too_late_is_made_good_at_the_next_joint() {
        let mut timeline = begun(moment(1_000, 10_000, Some(9_950)));
        let early = moment(77, 10_010, Some(9_930));
        let joint = timeline.joint(&early);
        timeline.join(early.timestamp, &joint);
        assert_eq!(timeline.pass(&early), 500 + 2_970);
        let joint = timeline.joint(&moment(900, 10_110, Some(10_030)));
        assert_eq!(joint.out, 500 + 80 * 90, "as if nothing had been early");
    }

    #[test]
    fn nothing_runs_ahead_of_the_wall() {
        let timeline = begun(moment(1_000, 10_000, Some(9_950)));
        assert_eq!(timeline.joint(&moment(77, 10_010, Some(10_100))).out, 500 + 35 * 90);
        assert_eq!(timeline.joint(&moment(77, 10_050, Some(10_024))).out, 500 + 6_660, "24 ms ahead is let be");
    }

    #[test]
    fn no_time_is_lost_when_the_road_was_slow_before() {
        let mut timeline = begun(moment(1_000, 10_080, Some(10_000)));
        let next = moment(77, 11_020, Some(11_000));
        let joint = timeline.joint(&next);
        assert_eq!(joint.out, 500 + (940 + 25) * 90);
        timeline.join(next.timestamp, &joint);
        timeline.pass(&next);
        assert_eq!(timeline.joint(&moment(9, 11_520, Some(11_500))).out, 500 + 1_490 * 90, "as far as the wall lets it, again");
        assert_eq!(timeline.joint(&moment(9, 11_600, Some(11_500))).out, 500 + 1_500 * 90);
    }

    #[test]
    fn after_a_silence_the_wall_is_right() {
        let timeline = begun(moment(1_000, 10_000, Some(9_950)));
        assert_eq!(timeline.joint(&moment(77, 13_000, Some(10_000))).out, 500 + 270_000);
        assert_eq!(timeline.joint(&moment(77, 10_500, Some(10_000))).out, 500 + 45_000, "slower by 250 ms");
        assert_eq!(timeline.joint(&moment(77, 13_000, Some(12_850))).out, 500 + 270_000, "slower by 100 ms after three seconds");
        assert_eq!(timeline.joint(&moment(77, 10_500, Some(10_260))).out, 500 + 27_900, "slower by 190 ms");
    }

    #[test]
    fn a_report_follows_the_clock_between_packets() {
        let mut timeline = begun(moment(1_000, 10_000, Some(9_950)));
        assert_eq!(timeline.at(9_960 * MILLISECOND), Some(500 + 900));
        timeline.pass(&moment(4_000, 10_040, None));
        assert_eq!(timeline.at(10_040 * MILLISECOND), Some(3_500));
        assert_eq!(Timeline::new(CLOCK, FRAME, 1).at(5), None);
    }
}

//! Time as a value: wall-clock milliseconds that tests can hold still.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970, UTC. Order never rests on it: logs are ordered by `seq`.
pub type Millis = i64;

/// Where the program reads the time of day.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Shifted(i64),
    Held(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that begins at `start` and then runs like the machine's.
    #[must_use]
    pub fn from(start: Millis) -> Self {
        Self(Source::Shifted(start - Self::system().now()))
    }

    /// A clock that stands at `now` until the returned handle is changed.
    #[must_use]
    pub fn held(now: Millis) -> (Self, Arc<AtomicI64>) {
        let hand = Arc::new(AtomicI64::new(now));
        (Self(Source::Held(Arc::clone(&hand))), hand)
    }

    /// The time now, in milliseconds since 1970.
    #[must_use]
    pub fn now(&self) -> Millis {
        match &self.0 {
            Source::System => machine_now(),
            Source::Shifted(by) => machine_now() + by,
            Source::Held(hand) => hand.load(Ordering::Relaxed),
        }
    }
}

/// The clock has jumped when it went on by so much more or less than time did.
const JUMP: Duration = Duration::from_secs(300);

/// A clock that jumps ahead by so much may have been set wrong. A machine that slept comes back in less.
const FAR: Millis = 7 * 86_400_000;
/// For so long afterwards it is not believed where that would delete something: somebody may set it right.
const DOUBT: Duration = Duration::from_secs(86_400);

/// Notices a clock that jumps.
#[derive(Debug, Default)]
pub struct Jumps {
    last: Option<(Millis, Instant)>,
    doubted: Option<Instant>,
}

impl Jumps {
    /// By how many milliseconds the clock has jumped since the last look, if it has: ahead when positive. The first look compares with nothing.
    pub fn look(&mut self, now: Millis, at: Instant) -> Option<Millis> {
        let (before, then) = self.last.replace((now, at))?;
        let passed = i64::try_from(at.duration_since(then).as_millis()).unwrap_or(i64::MAX);
        let by = now.saturating_sub(before).saturating_sub(passed);
        if by >= FAR {
            self.doubted = Some(at);
        } else if by <= -FAR {
            self.doubted = None;
        }
        (u128::from(by.unsigned_abs()) >= JUMP.as_millis()).then_some(by)
    }

    /// Is the clock believed where that deletes something? Not on the day after it jumped far ahead, unless it came back.
    #[must_use]
    pub fn is_believed(&self, at: Instant) -> bool {
        self.doubted.is_none_or(|since| at.duration_since(since) >= DOUBT)
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
fn machine_now() -> Millis {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_jumps_by_five_minutes_is_noticed_once_and_one_that_drifts_is_not() {
        let (mut jumps, start) = (Jumps::default(), Instant::now());
        let minute = |n: u64| start + Duration::from_secs(60 * n);
        assert_eq!(jumps.look(5_000, start), None, "nothing to compare with");
        assert_eq!(jumps.look(5_000 + 60_000 + 299_999, minute(1)), None);
        assert_eq!(jumps.look(5_000 + 120_000 + 299_999 + 300_000, minute(2)), Some(300_000));
        assert_eq!(jumps.look(5_000 + 180_000 + 599_999, minute(3)), None, "it goes on from there");
        assert_eq!(jumps.look(5_000 + 240_000 + 299_999, minute(4)), Some(-300_000));
        assert!(jumps.is_believed(minute(4)));
    }

    #[test]
    fn a_clock_that_jumped_by_a_week_deletes_nothing_for_a_day_or_until_it_is_set_right() {
        let (mut jumps, start) = (Jumps::default(), Instant::now());
        let minute = |n: u64| start + Duration::from_secs(60 * n);
        jumps.look(0, start);
        jumps.look(60_000 + FAR - 1, minute(1));
        assert!(jumps.is_believed(minute(1)), "a machine may have slept");
        jumps.look(120_000 + 2 * FAR, minute(2));
        assert!(!jumps.is_believed(minute(2)) && !jumps.is_believed(minute(2 + 1_439)) && jumps.is_believed(minute(2 + 1_440)));
        jumps.look(180_000, minute(3));
        assert!(jumps.is_believed(minute(3)), "it was set right");
    }
}

//! How many handshakes are let in a second: when everyone comes back at once, those who wait their turn keep the others quick.

use std::time::{Duration, Instant};

/// Nobody is asked to come back sooner than this.
const SOONEST: Duration = Duration::from_secs(1);

/// Counts handshakes, in constant space: each takes its part of a second, and a second's worth may come at once.
#[derive(Debug, Default)]
pub struct Admission {
    /// Until when the handshakes that were let in have used up their time.
    busy_until: Option<Instant>,
}

impl Admission {
    /// Lets one more in, at most `per_second`.
    ///
    /// # Errors
    /// After how long to try again.
    pub fn admit(&mut self, now: Instant, per_second: u32) -> Result<(), Duration> {
        let part = Duration::from_secs(1) / per_second.max(1);
        let from = self.busy_until.map_or(now, |until| until.max(now));
        let ahead = from.duration_since(now) + part;
        // The parts of a second are rounded down, so that the last of them always fits.
        if ahead > Duration::from_secs(1) {
            return Err(SOONEST.max(ahead - Duration::from_secs(1)));
        }
        self.busy_until = Some(from + part);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seconds_worth_comes_at_once_and_not_one_more() {
        let (mut admission, now) = (Admission::default(), Instant::now());
        for per_second in [1, 3, 200, 7_777] {
            let now = now + Duration::from_secs(u64::from(per_second) * 10);
            assert!((0..per_second).all(|_| admission.admit(now, per_second).is_ok()), "{per_second}");
            assert_eq!(admission.admit(now, per_second), Err(SOONEST), "{per_second}");
        }
    }

    #[test]
    fn what_is_let_in_over_time_is_the_rate() {
        let (mut admission, begin) = (Admission::default(), Instant::now());
        let let_in = (0..10_000).filter(|ms| admission.admit(begin + Duration::from_millis(*ms), 200).is_ok()).count();
        assert_eq!(let_in, 200 + 200 * 10 - 1, "a second's worth, and then the rate for ten seconds");
    }

    #[test]
    fn those_who_were_refused_do_not_push_the_others_back() {
        let (mut admission, now) = (Admission::default(), Instant::now());
        while admission.admit(now, 10).is_ok() {}
        assert!((0..1_000).all(|_| admission.admit(now, 10).is_err()));
        assert!(admission.admit(now + Duration::from_millis(100), 10).is_ok());
    }
}

//! Slow mode: how much time lies between two messages of one member in a room.

use std::ops::RangeInclusive;

use crate::clock::Millis;

/// Seconds that may lie between two messages, beside none.
const SLOW_SECONDS: RangeInclusive<i32> = 5..=21_600;

/// Seconds that dashboards and dialogs offer; none first.
pub const PACES: [i32; 12] = [0, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600];

/// May a room be this slow?
#[must_use]
pub fn is_pace(seconds: i32) -> bool {
    seconds == 0 || SLOW_SECONDS.contains(&seconds)
}

/// For how many milliseconds a member who last wrote at `last` waits in a room that is slow by `seconds`; 0: they may write. Of a clock that
/// went back nobody waits longer than the whole pause.
#[must_use]
pub fn wait(seconds: i32, last: Option<Millis>, now: Millis) -> Millis {
    let pause = Millis::from(seconds) * 1_000;
    last.map_or(0, |last| (last + pause - now).clamp(0, pause))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_is_not_slow_or_slow_by_five_seconds_to_six_hours() {
        for (seconds, fits) in [(-5, false), (-1, false), (0, true), (1, false), (4, false), (5, true), (21_600, true), (21_601, false)] {
            assert_eq!(is_pace(seconds), fits, "{seconds}");
        }
        assert!(PACES.into_iter().all(is_pace) && PACES.is_sorted());
    }

    #[test]
    fn the_pause_ends_to_the_millisecond() {
        let at = 1_793_534_400_000;
        assert_eq!(wait(30, None, at), 0, "the first word is free");
        for (passed, left) in [(0, 30_000), (1, 29_999), (29_999, 1), (30_000, 0), (30_001, 0), (-1, 30_000), (-86_400_000, 30_000)] {
            assert_eq!(wait(30, Some(at), at + passed), left, "after {passed} ms");
        }
        assert_eq!(wait(0, Some(at), at), 0);
        assert_eq!(wait(21_600, Some(at), at), 21_600_000);
    }
}

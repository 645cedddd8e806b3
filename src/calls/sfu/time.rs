//! Time in the media server: microseconds of one monotonic clock, always an argument, and its form in reports.

pub use super::door::Micros;

/// One millisecond.
pub const MILLISECOND: Micros = 1_000;
/// One second.
pub const SECOND: Micros = 1_000_000;

/// Ticks a second of every video payload that is forwarded.
pub const VIDEO_CLOCK: u32 = 90_000;
/// Ticks a second of Opus.
pub const AUDIO_CLOCK: u32 = 48_000;

/// The monotonic clock as an NTP timestamp: 32 bits of seconds, 32 of their fraction.
///
/// Receivers only compare NTP times of one sender with each other, so any steady zero will do (RFC 3550, section 4).
#[must_use]
pub fn to_ntp(now: Micros) -> u64 {
    let seconds = now / SECOND;
    let fraction = ((now % SECOND) << 32) / SECOND;
    (seconds << 32) | fraction
}

/// Microseconds since the zero of that NTP clock.
#[must_use]
pub fn from_ntp(ntp: u64) -> Micros {
    let fraction = ((ntp & 0xffff_ffff) * SECOND + (1 << 31)) >> 32;
    (ntp >> 32) * SECOND + fraction
}

/// The middle 32 bits, as reports quote it.
#[must_use]
pub fn short_ntp(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}

/// Ticks of a media clock that pass in a span of microseconds, rounded to the nearest.
#[must_use]
pub fn ticks(span: i64, clock: u32) -> i64 {
    let product = i128::from(span) * i128::from(clock);
    let half = i128::from(SECOND / 2) * product.signum();
    ((product + half) / i128::from(SECOND)) as i64
}

/// Microseconds that a number of ticks lasts, rounded to the nearest.
#[must_use]
pub fn span(ticks: i64, clock: u32) -> i64 {
    let product = i128::from(ticks) * i128::from(SECOND);
    let half = i128::from(clock / 2) * product.signum();
    ((product + half) / i128::from(clock.max(1))) as i64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ntp_keeps_the_microsecond(now in 0..u64::from(u32::MAX) * SECOND) {
            prop_assert_eq!(from_ntp(to_ntp(now)), now);
        }

        #[test]
        fn ticks_and_spans_are_inverse(count in -1_000_000_000_i64..1_000_000_000) {
            prop_assert_eq!(ticks(span(count, VIDEO_CLOCK), VIDEO_CLOCK), count);
        }
    }
}

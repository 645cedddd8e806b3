//! Days and months as the calendar counts them, in UTC.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::clock::Millis;

fn zoned(at: Millis) -> Option<jiff::Zoned> {
    Timestamp::from_millisecond(at).ok().map(|moment| moment.to_zoned(TimeZone::UTC))
}

/// The same time of day so many months later; where the month is shorter, on its last day: from 31 January one month on is 28 or 29
/// February. Count from the beginning, and not from month to month, or the 31st is lost for good. Beyond what a calendar knows the time
/// stays as it is.
#[must_use]
pub fn add_months(at: Millis, months: u32) -> Millis {
    let Some(then) = zoned(at) else { return at };
    then.checked_add(i64::from(months).months()).map_or(at, |later| later.timestamp().as_millisecond())
}

/// So many days later.
#[must_use]
pub const fn add_days(at: Millis, days: u32) -> Millis {
    at.saturating_add(days as Millis * 86_400_000)
}

/// The first instant of its month.
#[must_use]
pub fn month_of(at: Millis) -> Millis {
    let first = zoned(at).and_then(|then| then.date().first_of_month().to_zoned(TimeZone::UTC).ok());
    first.map_or(at, |first| first.timestamp().as_millisecond())
}

/// The day, `2026-11-29`.
#[must_use]
pub fn day_of(at: Millis) -> String {
    zoned(at).map_or_else(String::new, |then| then.date().to_string())
}

/// Day, month and year where the clocks show this zone, an IANA name; in UTC where there is no such zone.
#[must_use]
pub fn date_in(at: Millis, zone: &str) -> (i8, i8, i16) {
    let zone = if zone.is_empty() { TimeZone::UTC } else { TimeZone::get(zone).unwrap_or(TimeZone::UTC) };
    let then = Timestamp::from_millisecond(at).unwrap_or_default().to_zoned(zone);
    (then.day(), then.month(), then.year())
}

/// The time of day where the clocks show this zone, with the zone's name, `14:30 Europe/Paris`; in UTC where there is no such zone.
#[must_use]
pub fn clock_in(at: Millis, zone: &str) -> String {
    let known = TimeZone::get(zone).ok().filter(|_| !zone.is_empty());
    let name = if known.is_some() { zone } else { "UTC" };
    let then = Timestamp::from_millisecond(at).unwrap_or_default().to_zoned(known.unwrap_or(TimeZone::UTC));
    format!("{:02}:{:02} {name}", then.hour(), then.minute())
}

/// The year.
#[must_use]
pub fn year_of(at: Millis) -> i16 {
    zoned(at).map_or(1970, |then| then.year())
}

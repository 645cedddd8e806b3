//! Days, what is counted on them, and the series that a chart shows. Pure.

use std::ops::Range;

use serde::Serialize;

use crate::clock::Millis;
use crate::http::WITHIN_MS;
use crate::money::{Currency, day_of};

/// A day.
pub(super) const DAY: Millis = 86_400_000;
/// Over how many days a chart goes.
pub const SPANS: [i64; 2] = [30, 90];
/// Of a hundred answers, so many are given within the time that is shown.
const OF_A_HUNDRED: u64 = 95;

/// What is kept of a day. The numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Figure {
    /// Messages that were sent.
    Messages = 1,
    /// Members at its end. It is written when a day is closed, so a day that has it is.
    Members = 2,
    /// Seconds in calls that began on it, of all who were in them together.
    CallSeconds = 3,
    /// Size of the database when it was closed.
    DatabaseBytes = 4,
}

/// Answers of the first class of time; those of the others follow.
pub(super) const FIRST_TIME: i16 = 100;

/// A chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChartName {
    /// Members at the end of the day.
    Members,
    /// Messages sent.
    Messages,
    /// Minutes that members were in calls.
    CallMinutes,
    /// Bytes of the database at the end of the day.
    Storage,
    /// Milliseconds within which 95 of 100 pages and answers were given; 10,000 stands for more as well.
    Latency,
    /// What came less what went back, in the smallest unit of the currency.
    Revenue,
}

impl ChartName {
    /// Are its values of each day by itself, to be added up, or of something that goes on?
    #[must_use]
    pub const fn adds_up(self) -> bool {
        matches!(self, Self::Messages | Self::CallMinutes | Self::Revenue)
    }
}

/// A day of a chart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Point {
    /// Which, in UTC: `2026-11-29`. The last one is today so far.
    pub day: String,
    /// Its value; none where nothing is known.
    pub value: Option<i64>,
}

/// A figure over the days, the oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Chart {
    /// What it shows.
    pub name: ChartName,
    /// Of money, in which currency.
    pub currency: Option<Currency>,
    /// Each day.
    pub points: Vec<Point>,
}

/// The day of a time, counted from 1970 in UTC.
pub(super) const fn day(at: Millis) -> i64 {
    at.div_euclid(DAY)
}

/// The days that a chart over `span` days shows at `now`.
pub(super) const fn days(span: i64, now: Millis) -> Range<i64> {
    let today = day(now);
    today + 1 - span..today + 1
}

/// What is kept: day, number of the figure, value.
pub(super) struct Kept(pub Vec<(i64, i16, i64)>);

impl Kept {
    fn value(&self, day: i64, figure: i16) -> Option<i64> {
        self.0.iter().find(|(of, number, _)| *of == day && *number == figure).map(|(_, _, value)| *value)
    }

    /// A figure on each of the days.
    pub(super) fn series(&self, figure: Figure, days: &Range<i64>) -> Vec<Option<i64>> {
        days.clone().map(|day| self.value(day, figure as i16)).collect()
    }

    /// Messages on each of the days. Of a day that was closed it is known that there were none; none is known of one before the community.
    pub(super) fn messages(&self, days: &Range<i64>) -> Vec<Option<i64>> {
        let none = |day| self.value(day, Figure::Members as i16).map(|_| 0);
        days.clone().map(|day| self.value(day, Figure::Messages as i16).or_else(|| none(day))).collect()
    }

    /// Within which time most answers were given on each of the days.
    pub(super) fn times(&self, days: &Range<i64>) -> Vec<Option<i64>> {
        let of = |day| {
            let mut counts = [0; WITHIN_MS.len()];
            for (_, number, value) in self.0.iter().filter(|(of, _, _)| *of == day) {
                if let Some(count) = usize::try_from(number - FIRST_TIME).ok().and_then(|n| counts.get_mut(n)) {
                    *count = u64::try_from(*value).unwrap_or(0);
                }
            }
            within(&counts)
        };
        days.clone().map(of).collect()
    }
}

/// The time within which most of these answers were given.
fn within(counts: &[u64; WITHIN_MS.len()]) -> Option<i64> {
    let all: u64 = counts.iter().sum();
    let mut given = 0;
    let fits = |(_, count): &(&u64, &u64)| {
        given += **count;
        given * 100 >= all * OF_A_HUNDRED
    };
    let found = WITHIN_MS.iter().zip(counts).find(fits).filter(|_| all > 0);
    found.and_then(|(ms, _)| i64::try_from(*ms).ok())
}

/// The chart of a series.
pub(super) fn chart(name: ChartName, currency: Option<Currency>, values: Vec<Option<i64>>, days: &Range<i64>) -> Chart {
    let points = days.clone().zip(values).map(|(day, value)| Point { day: day_of(day * DAY), value }).collect();
    Chart { name, currency, points }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_end_with_today_and_begin_a_span_before() {
        let now = 20_000 * DAY + 5;
        assert_eq!((day(now), day(now - 6), day(-1)), (20_000, 19_999, -1));
        assert_eq!(days(30, now), 19_971..20_001);
        let drawn = chart(ChartName::Members, None, vec![Some(7), None], &(20_000..20_002));
        assert_eq!(drawn.points[0], Point { day: "2024-10-04".to_owned(), value: Some(7) });
        assert_eq!((drawn.points.len(), drawn.points[1].value), (2, None));
    }

    #[test]
    fn a_day_without_messages_is_told_from_one_of_which_nothing_is_known() {
        let kept = Kept(vec![(2, Figure::Members as i16, 5), (3, Figure::Members as i16, 6), (3, Figure::Messages as i16, 9)]);
        assert_eq!(kept.messages(&(1..5)), [None, Some(0), Some(9), None]);
        assert_eq!(kept.series(Figure::Members, &(1..5)), [None, Some(5), Some(6), None]);
    }

    #[test]
    fn most_answers_are_given_within_the_first_time_that_holds_95_of_100() {
        let time = |n: i16, count| (7, FIRST_TIME + n, count);
        let of = |rows: Vec<(i64, i16, i64)>| Kept(rows).times(&(7..8))[0];
        assert_eq!(of(vec![]), None);
        assert_eq!(of(vec![time(0, 95), time(5, 5)]), Some(1));
        assert_eq!(of(vec![time(0, 94), time(5, 6)]), Some(50));
        assert_eq!(of(vec![time(12, 1)]), Some(10_000));
        assert_eq!(of(vec![(7, Figure::Messages as i16, 3), (7, FIRST_TIME + 13, 3)]), None, "other figures are no answers");
    }
}

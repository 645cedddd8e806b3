//! The charts as they are shown: what is kept, and what is not counted yet.

use std::collections::BTreeMap;
use std::ops::Range;

use super::days::{Chart, ChartName, DAY, Figure, Kept, chart, day, days};
use super::keeping::by_day;
use super::store;
use crate::billing;
use crate::clock::Millis;
use crate::error::Result;
use crate::money::{Currency, Money};
use crate::storage::{Conn, database_bytes};

/// Most messages that a page counts by itself: those of the last minutes.
const FRESH: i64 = 20_000;

/// Whose figures somebody may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Those of the community.
    pub community: bool,
    /// Those of money.
    pub money: bool,
}

/// Every chart over so many days, for who may see it; money in `currency` where none came.
///
/// # Errors
/// When the database cannot be read.
pub fn charts(conn: &mut Conn, seen: Seen, span: i64, currency: Currency, now: Millis) -> Result<Vec<Chart>> {
    let mut all = if seen.community { of_community(conn, span, now)? } else { Vec::new() };
    if seen.money {
        let days = days(span, now);
        let earned = billing::earned_by_day(conn, days.start * DAY)?;
        all.extend(of_money(&earned, currency, &days));
    }
    Ok(all)
}

/// How many messages were sent today.
///
/// # Errors
/// When the database cannot be read.
pub fn messages_today(conn: &mut Conn, now: Millis) -> Result<i64> {
    let today = day(now);
    let kept = Kept(store::kept(conn, today)?);
    let counted = kept.series(Figure::Messages, &(today..today + 1))[0].unwrap_or(0);
    Ok(counted + fresh(conn)?.get(&today).copied().unwrap_or(0))
}

/// Messages that are not counted yet, by day.
fn fresh(conn: &mut Conn) -> Result<BTreeMap<i64, i64>> {
    let after = store::counted(conn)?;
    Ok(by_day(&store::sent(conn, after, i64::MAX, FRESH)?))
}

fn of_community(conn: &mut Conn, span: i64, now: Millis) -> Result<Vec<Chart>> {
    let days = days(span, now);
    let kept = Kept(store::kept(conn, days.start)?);
    let today = |mut series: Vec<Option<i64>>, value: i64| {
        if let Some(last) = series.last_mut() {
            *last = Some(value);
        }
        series
    };
    let members = today(kept.series(Figure::Members, &days), store::count_members(conn)?);
    let mut messages = kept.messages(&days);
    let fresh = fresh(conn)?;
    for (day, value) in days.clone().zip(&mut messages) {
        let more = fresh.get(&day).copied();
        if more.is_some() || day == days.end - 1 {
            *value = Some(value.unwrap_or(0) + more.unwrap_or(0));
        }
    }
    let called = store::call_seconds(conn, (days.end - 1) * DAY, days.end * DAY)?;
    let seconds = today(kept.series(Figure::CallSeconds, &days), called);
    let minutes = seconds.into_iter().map(|seconds| seconds.map(|seconds| (seconds + 30) / 60)).collect();
    let bytes = today(kept.series(Figure::DatabaseBytes, &days), database_bytes(conn)?);
    Ok(vec![
        chart(ChartName::Members, None, members, &days),
        chart(ChartName::Messages, None, messages, &days),
        chart(ChartName::CallMinutes, None, minutes, &days),
        chart(ChartName::Storage, None, bytes, &days),
        chart(ChartName::Latency, None, kept.times(&days), &days),
    ])
}

/// A chart of each currency, the usual one first.
fn of_money(earned: &[(i64, Money)], usual: Currency, days: &Range<i64>) -> Vec<Chart> {
    let mut currencies: Vec<Currency> = earned.iter().map(|(_, money)| money.currency).collect();
    currencies.push(usual);
    currencies.sort_unstable_by_key(|currency| (*currency != usual, *currency));
    currencies.dedup();
    let of = |currency: Currency| {
        let sum = |day: i64| -> i64 {
            let came = earned.iter().filter(|(on, money)| *on == day && money.currency == currency);
            came.map(|(_, money)| money.amount).sum()
        };
        chart(ChartName::Revenue, Some(currency), days.clone().map(|day| Some(sum(day))).collect(), days)
    };
    currencies.into_iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_currency_has_its_chart_and_the_usual_one_is_there_without_money() {
        let yen: Currency = "JPY".parse().expect("yen");
        let earned = [(1, Money::new(500, yen)), (2, Money::new(-200, yen)), (2, Money::new(300, yen))];
        let charts = of_money(&earned, Currency::EURO, &(1..4));
        let values = |chart: &Chart| chart.points.iter().map(|point| point.value.expect("known")).collect::<Vec<_>>();
        let told: Vec<_> = charts.iter().map(|chart| (chart.currency.expect("money").code(), values(chart))).collect();
        assert_eq!(told, [("EUR", vec![0, 0, 0]), ("JPY", vec![500, 100, 0])]);
    }
}

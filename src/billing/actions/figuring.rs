//! How selling goes: who pays, owes and leaves now, and month by month who came, who left, what went back and what banks asked back.

use serde::Serialize;

use super::{earning, store};
use crate::billing::policy::SeeOrders;
use crate::clock::Millis;
use crate::error::Result;
use crate::money::{add_months, day_of, month_of};
use crate::storage::Conn;

/// A month of people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct MonthFigures {
    /// Year and month, `2026-11`.
    pub name: String,
    /// Subscriptions that went on when it began.
    pub at_start: u32,
    /// Those that began in it.
    pub began: u32,
    /// Those that were over in it.
    pub ended: u32,
    /// How many of a hundred of those that went on when it began were over in it; null where none went on.
    pub churn_percent: Option<u32>,
    /// Times that money went back.
    pub refunds: u32,
    /// Payments that banks asked back.
    pub disputes: u32,
    /// Payments of a period that failed, or were not made when they were due.
    pub failed: u32,
}

/// How selling goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Figures {
    /// Subscriptions that go on now.
    pub open: u32,
    /// Of those, the ones whose payment failed, or is owed.
    pub failing: u32,
    /// Of those, the ones that end with their period.
    pub ending: u32,
    /// Disputes that are not decided.
    pub disputed: u32,
    /// The last twelve months, the newest first.
    pub months: Vec<MonthFigures>,
}

/// When things happened that are counted by the month.
#[derive(Clone, Copy, Debug, Default)]
pub struct Happened<'a> {
    /// Money went back.
    pub refunds: &'a [Millis],
    /// A bank asked money back.
    pub disputes: &'a [Millis],
    /// A payment failed, or was not made.
    pub failures: &'a [Millis],
}

/// When each subscription began and was over; pure. What began and was over in the same month counts in both, and not against the start.
#[must_use]
pub fn by_month(lives: &[(Millis, Option<Millis>)], happened: Happened<'_>, now: Millis) -> Vec<MonthFigures> {
    let count = |is_so: &mut dyn Iterator<Item = bool>| u32::try_from(is_so.filter(|one| *one).count()).unwrap_or(u32::MAX);
    let months = earning::months(now);
    let month = |(n, start): (usize, &Millis)| {
        let end = months.get(n + 1).copied().unwrap_or_else(|| add_months(*start, 1));
        let is_in = |at: Millis| (*start..end).contains(&at);
        let at_start = count(&mut lives.iter().map(|(began, over)| began < start && over.is_none_or(|over| over >= *start)));
        let left = count(&mut lives.iter().map(|(began, over)| began < start && over.is_some_and(is_in)));
        MonthFigures {
            name: day_of(*start)[..7].to_owned(),
            at_start,
            began: count(&mut lives.iter().map(|(began, _)| is_in(*began))),
            ended: count(&mut lives.iter().map(|(_, over)| over.is_some_and(is_in))),
            churn_percent: (at_start > 0).then(|| (left * 100 + at_start / 2) / at_start),
            refunds: count(&mut happened.refunds.iter().map(|at| is_in(*at))),
            disputes: count(&mut happened.disputes.iter().map(|at| is_in(*at))),
            failed: count(&mut happened.failures.iter().map(|at| is_in(*at))),
        }
    };
    months.iter().enumerate().map(month).rev().collect()
}

/// How selling goes now, and went in the last twelve months. What is paid at the test provider is not selling.
///
/// # Errors
/// When the database cannot be read.
pub fn figures(conn: &mut Conn, _: &SeeOrders, now: Millis) -> Result<Figures> {
    let since = earning::months(now).first().copied().unwrap_or(month_of(now));
    let lives = store::subscriptions::lives(conn, since)?;
    let (refunds, disputes) = (store::payments::returned_since(conn, since)?, store::refunds::disputes_since(conn, since)?);
    let failures = store::subscriptions::failures_since(conn, since)?;
    let (open, failing, ending) = store::subscriptions::counts(conn)?;
    let small = |count: i64| u32::try_from(count).unwrap_or(u32::MAX);
    Ok(Figures {
        open: small(open),
        failing: small(failing),
        ending: small(ending),
        disputed: small(store::refunds::count_open_disputes(conn)?),
        months: by_month(&lives, Happened { refunds: &refunds, disputes: &disputes, failures: &failures }, now),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Millis = 86_400_000;
    /// 15 November 2026, noon.
    const NOW: Millis = 1_794_744_000_000;

    #[test]
    fn who_left_is_counted_against_who_was_there() {
        let november = month_of(NOW);
        let lives = [
            (november - 40 * DAY, None),
            (november - 40 * DAY, Some(november + DAY)),
            (november - 40 * DAY, Some(november - DAY)),
            (november + DAY, Some(november + 2 * DAY)),
            (november - 400 * DAY, None),
        ];
        let happened = Happened { refunds: &[november, november - 1], disputes: &[november + DAY], failures: &[november - 1, november] };
        let months = by_month(&lives, happened, NOW);
        assert_eq!(months.len(), 12);
        let of = |n: usize| {
            let one: &MonthFigures = &months[n];
            (one.name.as_str(), one.at_start, one.began, one.ended, one.churn_percent, (one.refunds, one.disputes, one.failed))
        };
        assert_eq!(of(0), ("2026-11", 3, 1, 2, Some(33), (1, 1, 1)));
        assert_eq!(of(1), ("2026-10", 4, 0, 1, Some(25), (1, 0, 1)), "what began on 22 September was there on the first of October");
        assert_eq!(of(2), ("2026-09", 1, 3, 0, Some(0), (0, 0, 0)));
        assert_eq!(by_month(&[], Happened::default(), NOW)[11].churn_percent, None);
    }
}

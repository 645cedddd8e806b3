//! Money by month and by day.

use serde::Serialize;

use super::store;
use crate::billing::policy::SeeOrders;
use crate::clock::Millis;
use crate::error::Result;
use crate::money::{Currency, Money, add_months, day_of, month_of};
use crate::storage::Conn;

const DAY: Millis = 86_400_000;
/// Months that are shown.
const MONTHS: u32 = 12;

/// What came and went back in one month, in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Earned {
    /// Year and month, `2026-11`.
    pub name: String,
    /// The first instant of the month, milliseconds UTC.
    pub month: Millis,
    /// What came.
    pub received: Money,
    /// What went back, above zero.
    pub returned: Money,
    /// What is left of it.
    pub kept: Money,
}

/// What amounts with their times come to, month by month, the newest first; pure.
#[must_use]
pub fn by_month(rows: &[(Millis, Money)]) -> Vec<Earned> {
    let mut found: Vec<Earned> = Vec::new();
    for (at, money) in rows {
        let month = month_of(*at);
        let none = Money::new(0, money.currency);
        let known = found.iter().position(|one| one.month == month && one.received.currency == money.currency);
        let place = known.unwrap_or_else(|| {
            found.push(Earned { name: day_of(month)[..7].to_owned(), month, received: none, returned: none, kept: none });
            found.len() - 1
        });
        let one = &mut found[place];
        let side = if money.amount < 0 { &mut one.returned } else { &mut one.received };
        side.amount = side.amount.saturating_add(money.amount.saturating_abs());
        one.kept.amount = one.kept.amount.saturating_add(money.amount);
    }
    found.sort_by_key(|one| (std::cmp::Reverse(one.month), one.received.currency));
    found
}

/// Where each of the last twelve months began, the oldest first.
pub(super) fn months(now: Millis) -> Vec<Millis> {
    let first = month_of(now);
    // Counted back by the longest months, and cut at the twelfth.
    let since = month_of(first - Millis::from(MONTHS - 1) * 30 * 86_400_000);
    let since = if add_months(since, MONTHS - 1) < first { add_months(since, 1) } else { since };
    (0..MONTHS).map(|n| add_months(since, n)).collect()
}

/// What came in the last twelve months.
///
/// # Errors
/// When the database cannot be read.
pub fn earned(conn: &mut Conn, _: &SeeOrders, now: Millis) -> Result<Vec<Earned>> {
    let since = months(now).first().copied().unwrap_or(month_of(now));
    let mut sums: Vec<(Millis, Money)> = Vec::new();
    for (day, currency, came, went) in store::payments::taken_by_day(conn, since / DAY)? {
        let Ok(currency) = currency.parse::<Currency>() else { continue };
        sums.extend([came, went].into_iter().filter(|amount| *amount != 0).map(|amount| (day * DAY, Money::new(amount, currency))));
    }
    Ok(by_month(&sums))
}

/// What came and went back from `since` on, by day and currency: the days are counted from 1970 in UTC. The caller has shown that it may see it.
///
/// # Errors
/// When the database cannot be read.
pub fn earned_by_day(conn: &mut Conn, since: Millis) -> Result<Vec<(i64, Money)>> {
    let rows = store::payments::taken_by_day(conn, since / DAY)?;
    rows.into_iter().map(|(day, currency, came, went)| Ok((day, Money::new(came + went, currency.parse()?)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_counted_by_currency_and_what_went_back_beside() {
        let euro = |amount| Money::new(amount, Currency::EURO);
        let yen = |amount| Money::new(amount, "JPY".parse().expect("yen"));
        let (november, december) = (1_793_534_400_000, 1_796_126_400_000);
        let found = by_month(&[(november, euro(500)), (december, euro(500)), (november, yen(9)), (december, euro(-200))]);
        let told: Vec<_> =
            found.iter().map(|one| (one.received.currency.code(), one.received.amount, one.returned.amount, one.kept.amount)).collect();
        assert_eq!(told, [("EUR", 500, 200, 300), ("EUR", 500, 0, 500), ("JPY", 9, 0, 9)]);
        assert!(found[0].month > found[1].month && by_month(&[]).is_empty());
    }
}

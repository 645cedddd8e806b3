//! Money by month, and everything that was paid as a table for a spreadsheet.

use serde::Serialize;

use super::store;
use crate::billing::model::{Back, Payment, PaymentRow};
use crate::billing::policy::SeeOrders;
use crate::clock::Millis;
use crate::error::Result;
use crate::ids::MemberId;
use crate::members::{self, Profile};
use crate::money::{Currency, Money, add_months, day_of, month_of};
use crate::storage::Conn;
use crate::text::csv_line;

/// Months that are shown.
const MONTHS: u32 = 12;
/// Most payments of one table.
const ROWS: i64 = 50_000;

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

/// What amounts with their days come to, month by month, the newest first; pure.
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
    let rows = store::payments::received_since(conn, since)?;
    let rows: Vec<(Millis, Money)> =
        rows.into_iter().filter_map(|(at, amount, currency)| Some((at, Money::new(amount, currency.parse::<Currency>().ok()?)))).collect();
    Ok(by_month(&rows))
}

/// What came and went back from `since` on, by day and currency: the days are counted from 1970 in UTC. The caller has shown that it may see it.
///
/// # Errors
/// When the database cannot be read.
pub fn earned_by_day(conn: &mut Conn, since: Millis) -> Result<Vec<(i64, Money)>> {
    let rows = store::payments::received_by_day(conn, since)?;
    rows.into_iter().map(|(day, currency, amount)| Ok((day, Money::new(amount, currency.parse()?)))).collect()
}

/// One line of the table: a payment with the one who paid and what for.
#[derive(Clone, Debug)]
pub struct PaidLine {
    /// The payment.
    pub payment: Payment,
    /// Who paid; none: somebody who is gone.
    pub payer: Option<Profile>,
    /// What for, by the name that it had.
    pub text: String,
}

/// Every payment, newest first.
///
/// # Errors
/// When the database cannot be read.
pub fn all_payments(conn: &mut Conn, _: &SeeOrders, now: Millis) -> Result<Vec<PaidLine>> {
    let rows = store::payments::newest(conn, ROWS)?;
    let mut buyers: Vec<MemberId> = rows.iter().map(|(_, buyer, _)| *buyer).collect();
    buyers.sort_unstable();
    buyers.dedup();
    let people = members::profiles(conn, &buyers, now)?;
    let line = |(row, buyer, text): (PaymentRow, MemberId, String)| {
        Ok(PaidLine { payment: row.payment(Back::default())?, payer: people.iter().find(|one| one.id == buyer).cloned(), text })
    };
    rows.into_iter().map(line).collect()
}

/// The table of these payments.
#[must_use]
pub fn csv(lines: &[PaidLine]) -> String {
    let mut out = String::from("received,recorded,receipt,member,plan,provider,method,amount,currency,reference,note\r\n");
    for PaidLine { payment, payer, text } in lines {
        let word = |value: serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let fields = [
            day_of(payment.received_at),
            day_of(payment.recorded_at),
            payment.receipt.clone().unwrap_or_default(),
            payer.as_ref().map(|one| one.username.clone()).unwrap_or_default(),
            text.clone(),
            serde_json::to_value(payment.provider).map(word).unwrap_or_default(),
            serde_json::to_value(payment.method).map(word).unwrap_or_default(),
            payment.money.decimal(),
            payment.money.currency.to_string(),
            payment.reference.clone(),
            payment.note.clone(),
        ];
        out.push_str(&csv_line(&fields));
    }
    out
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

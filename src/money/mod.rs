//! Money: whole minor units of a currency, written as people write them, and months as the calendar counts them. No fraction is ever a float.

mod calendar;
mod currency;
mod reference;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

pub use calendar::{add_days, add_months, clock_in, date_in, day_of, month_of, year_of};
pub use currency::Currency;
pub use reference::Reference;

/// The greatest amount that anything costs, in minor units: sums of very many of them still fit.
pub const MOST: i64 = 1_000_000_000_000;

/// An amount of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "OnWire", into = "OnWire")]
pub struct Money {
    /// In the currency's smallest unit: 500 is 5.00 EUR, 500 JPY, 0.500 KWD.
    pub amount: i64,
    /// Which, as ISO 4217 names it.
    pub currency: Currency,
}

/// The same in JSON.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
struct OnWire {
    /// In the currency's smallest unit: 500 is 5.00 EUR, 500 JPY, 0.500 KWD.
    amount: i64,
    /// Which, as ISO 4217 names it.
    currency: Currency,
    /// Digits behind the point, for who writes it down; of no meaning where an amount is sent to us.
    #[serde(default)]
    exponent: u8,
}

impl From<OnWire> for Money {
    fn from(read: OnWire) -> Self {
        Self { amount: read.amount, currency: read.currency }
    }
}

impl From<Money> for OnWire {
    fn from(money: Money) -> Self {
        Self { amount: money.amount, currency: money.currency, exponent: money.currency.exponent() }
    }
}

impl utoipa::PartialSchema for Money {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        <OnWire as utoipa::PartialSchema>::schema()
    }
}

impl utoipa::ToSchema for Money {}

impl Money {
    /// So much of this currency.
    #[must_use]
    pub const fn new(amount: i64, currency: Currency) -> Self {
        Self { amount, currency }
    }

    /// The sum; nothing where the currencies differ or the sum does not fit.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        if self.currency != other.currency {
            return None;
        }
        Some(Self { amount: self.amount.checked_add(other.amount)?, ..self })
    }

    /// So many times as much; nothing where it does not fit.
    #[must_use]
    pub fn times(self, count: i64) -> Option<Self> {
        Some(Self { amount: self.amount.checked_mul(count)?, ..self })
    }

    /// The same with the other sign.
    #[must_use]
    pub const fn reversed(self) -> Self {
        Self { amount: -self.amount, currency: self.currency }
    }

    /// The number alone with a point: `-12.05`, `500`, `0.500`.
    #[must_use]
    pub fn decimal(self) -> String {
        let (whole, rest) = self.parts();
        let sign = if self.amount < 0 { "-" } else { "" };
        if rest.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest}") }
    }

    /// Reads what [`Money::decimal`] writes, also with a comma and with fewer digits behind it.
    ///
    /// # Errors
    /// `money.amount` on `amount` for anything else: more digits than the currency has, signs, spaces, or more than [`MOST`].
    pub fn parse(text: &str, currency: Currency) -> Result<Self> {
        let wrong = || Error::invalid("amount", "money.amount");
        let digits = usize::from(currency.exponent());
        let (whole, rest) = text.split_once(['.', ',']).unwrap_or((text, ""));
        let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let has_point = whole.len() < text.len();
        if whole.is_empty() || !is_number(whole) || !is_number(rest) || rest.len() > digits || (has_point && rest.is_empty()) {
            return Err(wrong());
        }
        let amount: i64 = format!("{whole}{rest:0<digits$}").parse().map_err(|_| wrong())?;
        if amount > MOST { Err(wrong()) } else { Ok(Self { amount, currency }) }
    }

    /// As readers of this language write it: `€1,234.50`, `1 234,50 €`, `CHF 5.00`. Nothing in it breaks at the end of a line.
    #[must_use]
    pub fn text(self, language: &str) -> String {
        let (whole, rest) = self.parts();
        let sign = if self.amount < 0 { "\u{2212}" } else { "" };
        let is_french = language == "fr";
        let (between, point) = if is_french { ('\u{202f}', ',') } else { (',', '.') };
        let mut number = String::new();
        for (n, digit) in whole.chars().enumerate() {
            if n > 0 && (whole.len() - n).is_multiple_of(3) {
                number.push(between);
            }
            number.push(digit);
        }
        if !rest.is_empty() {
            number.push(point);
            number.push_str(&rest);
        }
        match (self.currency.sign(), is_french) {
            (Some(mark), true) => format!("{sign}{number}\u{a0}{mark}"),
            (None, true) => format!("{sign}{number}\u{a0}{}", self.currency),
            (Some(mark), false) => format!("{sign}{mark}{number}"),
            (None, false) => format!("{sign}{}\u{a0}{number}", self.currency),
        }
    }

    /// Whole units and the digits behind the point, without the sign.
    fn parts(self) -> (String, String) {
        let digits = usize::from(self.currency.exponent());
        let all = format!("{:0>width$}", self.amount.unsigned_abs(), width = digits + 1);
        let (whole, rest) = all.split_at(all.len() - digits);
        (whole.to_owned(), rest.to_owned())
    }
}

//! Amounts as Stripe counts them, where it does not count as ISO 4217 does.

use crate::money::{Currency, Money};

/// Currencies whose whole units Stripe takes times a hundred, though they have no smaller unit any more.
const TIMES_HUNDRED: [&str; 2] = ["ISK", "UGX"];
/// Those that it takes in whole units, though they have smaller ones.
const WHOLE: [&str; 1] = ["MGA"];

/// The least that they charge, in our units, where they say it; what is less goes to the customer's balance there, or is refused.
const LEAST: [(&str, i64); 24] = [
    ("AED", 200),
    ("AUD", 50),
    ("BGN", 100),
    ("BRL", 50),
    ("CAD", 50),
    ("CHF", 50),
    ("CZK", 1_500),
    ("DKK", 250),
    ("EUR", 50),
    ("GBP", 30),
    ("HKD", 400),
    ("HUF", 17_500),
    ("INR", 50),
    ("JPY", 50),
    ("MXN", 1_000),
    ("MYR", 200),
    ("NOK", 300),
    ("NZD", 50),
    ("PLN", 200),
    ("RON", 200),
    ("SEK", 300),
    ("SGD", 50),
    ("THB", 1_000),
    ("USD", 50),
];

/// Is this too little for them to charge?
pub fn is_too_little(money: Money) -> bool {
    LEAST.iter().any(|(code, least)| *code == money.currency.code() && money.amount < *least)
}

/// Our amount in their units; none where they cannot say it: the last digit of three is always 0 with them, and some have no smaller unit.
pub fn to_theirs(money: Money) -> Option<i64> {
    let code = money.currency.code();
    if TIMES_HUNDRED.contains(&code) {
        return money.amount.checked_mul(100);
    }
    let whole = if WHOLE.contains(&code) { 100 } else { 1 };
    let step = if money.currency.exponent() == 3 { 10 } else { whole };
    (money.amount % step == 0).then_some(money.amount / whole)
}

/// Their amount in our units; none for a currency that we do not know, and for a part of a unit that is none.
pub fn to_ours(amount: i64, currency: &str) -> Option<Money> {
    let currency: Currency = currency.parse().ok()?;
    let amount = match currency.code() {
        code if TIMES_HUNDRED.contains(&code) => (amount % 100 == 0).then_some(amount / 100)?,
        code if WHOLE.contains(&code) => amount.checked_mul(100)?,
        _ => amount,
    };
    Some(Money::new(amount, currency))
}

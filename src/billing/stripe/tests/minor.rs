//! Amounts in their units and back.

use crate::billing::stripe::minor::{is_too_little, to_ours, to_theirs};
use crate::money::{Currency, Money};

fn money(amount: i64, currency: &str) -> Money {
    Money::new(amount, currency.parse().expect("a currency"))
}

#[test]
fn an_amount_is_told_as_they_count() {
    for (amount, currency, theirs) in [
        (1_200, "EUR", Some(1_200)),
        (500, "JPY", Some(500)),
        (5_000, "ISK", Some(500_000)),
        (5_000, "UGX", Some(500_000)),
        (1_230, "KWD", Some(1_230)),
        (1_234, "KWD", None),
        (500, "MGA", Some(5)),
        (510, "MGA", None),
        (i64::MAX, "ISK", None),
    ] {
        assert_eq!(to_theirs(money(amount, currency)), theirs, "{amount} {currency}");
    }
}

#[test]
fn what_is_less_than_their_least_is_too_little() {
    for (amount, currency, expected) in
        [(49, "EUR", true), (50, "EUR", false), (29, "GBP", true), (30, "GBP", false), (49, "JPY", true), (1, "KWD", false)]
    {
        assert_eq!(is_too_little(money(amount, currency)), expected, "{amount} {currency}");
    }
}

#[test]
fn there_and_back_is_the_same() {
    for currency in Currency::all() {
        for amount in [0, 1, 10, 99, 100, 1_000, 123_450, -500] {
            let money = Money::new(amount, currency);
            if let Some(theirs) = to_theirs(money) {
                assert_eq!(to_ours(theirs, &currency.code().to_ascii_lowercase()), Some(money), "{money:?}");
            }
        }
    }
    assert_eq!((to_ours(100, "zzz"), to_ours(150, "isk")), (None, None));
}

//! What money, references and months must be, whatever the numbers.

use proptest::prelude::*;

use super::*;
use crate::clock::Millis;

fn money(amount: i64, code: &str) -> Money {
    Money::new(amount, code.parse().expect("a currency"))
}

fn at(text: &str) -> Millis {
    text.parse::<jiff::Timestamp>().expect("a time").as_millisecond()
}

#[test]
fn amounts_are_written_as_each_language_does() {
    let table = [
        (money(500, "EUR"), "€5.00", "5,00\u{a0}€"),
        (money(123_456_789, "EUR"), "€1,234,567.89", "1\u{202f}234\u{202f}567,89\u{a0}€"),
        (money(-1_205, "USD"), "\u{2212}$12.05", "\u{2212}12,05\u{a0}$"),
        (money(500, "JPY"), "¥500", "500\u{a0}¥"),
        (money(500, "KWD"), "KWD\u{a0}0.500", "0,500\u{a0}KWD"),
        (money(5, "CHF"), "CHF\u{a0}0.05", "0,05\u{a0}CHF"),
        (money(0, "XOF"), "XOF\u{a0}0", "0\u{a0}XOF"),
    ];
    for (amount, english, french) in table {
        assert_eq!((amount.text("en").as_str(), amount.text("fr").as_str()), (english, french));
    }
}

#[test]
fn what_is_not_an_amount_is_refused() {
    for wrong in ["", ".", "5.", ".5", "-5", "+5", "5.000", "1 000", "5,0,0", "5e3", "٥", "10000000000.01", "99999999999999999999"] {
        assert_eq!(Money::parse(wrong, Currency::EURO).expect_err(wrong).code(), "money.amount", "{wrong}");
    }
    for (text, amount) in [("5", 500), ("5.5", 550), ("5,05", 505), ("0", 0), ("10000000000", MOST)] {
        assert_eq!(Money::parse(text, Currency::EURO).expect(text).amount, amount);
    }
    assert!(Money::parse("5.0", "JPY".parse().expect("yen")).is_err(), "yen have no smaller unit");
    assert_eq!(Money::parse("0.5", "TND".parse().expect("dinar")).expect("millimes").amount, 500);
}

#[test]
fn currencies_are_those_of_the_standard_with_their_digits() {
    assert!(Currency::all().zip(Currency::all().skip(1)).all(|(one, next)| one < next), "in order, each once");
    for (code, digits) in [("EUR", 2), ("JPY", 0), ("KRW", 0), ("BHD", 3), ("TND", 3), ("USD", 2)] {
        assert_eq!(code.parse::<Currency>().expect("known").exponent(), digits, "{code}");
    }
    assert_eq!("eur".parse::<Currency>().expect("known"), Currency::EURO);
    for wrong in ["", "EU", "EURO", "ZZZ", "DEM"] {
        assert!(wrong.parse::<Currency>().is_err(), "{wrong}");
    }
}

#[test]
fn currencies_are_never_mixed_and_sums_never_overflow() {
    assert_eq!(money(2, "EUR").plus(money(3, "EUR")), Some(money(5, "EUR")));
    assert_eq!(money(2, "EUR").plus(money(3, "USD")), None);
    assert_eq!(money(i64::MAX, "EUR").plus(money(1, "EUR")), None);
    assert_eq!(money(i64::MAX, "EUR").times(2), None);
}

#[test]
fn the_end_of_january_is_not_lost_in_february() {
    let start = at("2027-01-31T10:00:00Z");
    let ends = ["2027-02-28T10:00:00Z", "2027-03-31T10:00:00Z", "2027-04-30T10:00:00Z"];
    for (n, end) in ends.into_iter().enumerate() {
        assert_eq!(add_months(start, u32::try_from(n).expect("small") + 1), at(end));
    }
    assert_eq!(add_months(at("2027-01-31T00:00:00Z"), 13), at("2028-02-29T00:00:00Z"), "a leap year");
    assert_eq!(add_months(at("2028-02-29T12:00:00Z"), 12), at("2029-02-28T12:00:00Z"));
    assert_eq!(add_months(Millis::MAX, 1), Millis::MAX, "beyond every calendar");
    assert_eq!(month_of(at("2026-11-29T23:59:59Z")), at("2026-11-01T00:00:00Z"));
    assert_eq!((day_of(at("2026-11-29T23:59:59Z")).as_str(), day_of(Millis::MAX).as_str()), ("2026-11-29", ""));
    assert_eq!((year_of(at("2026-12-31T23:59:59Z")), year_of(at("2027-01-01T00:00:00Z"))), (2026, 2027));
}

#[test]
fn a_day_is_that_of_the_readers_clock() {
    let noon = at("2026-11-30T12:30:00Z");
    for (zone, date) in
        [("", (30, 11, 2026)), ("Europe/Paris", (30, 11, 2026)), ("Pacific/Auckland", (1, 12, 2026)), ("Nowhere/Land", (30, 11, 2026))]
    {
        assert_eq!(date_in(noon, zone), date, "{zone}");
    }
    assert_eq!(date_in(at("2026-12-31T23:30:00Z"), "Europe/Paris"), (1, 1, 2027));
    assert_eq!(date_in(Millis::MAX, ""), (1, 1, 1970), "beyond every calendar");
}

#[test]
fn references_are_short_and_read_as_people_write_them() {
    let first = Reference::new(1).to_string();
    assert_eq!(first, "RF74 0001");
    let written = Reference::new(123_456);
    let text = written.to_string();
    for other in [text.to_lowercase(), text.replace(' ', ""), text.replace(' ', "-"), format!("  {text} "), text.replace('0', "o")] {
        assert_eq!(other.parse::<Reference>().expect("readable"), written, "{other}");
    }
    for wrong in ["", "RF", "RF00", "RF18", "XX74 0001", "RF74", "RF74 1", "RF74 00001", "RF7é 0001", "RF18 5390 0754 7034 1234 5678"] {
        assert!(wrong.parse::<Reference>().is_err(), "{wrong}");
    }
}

#[test]
fn the_check_digits_are_those_of_the_standard() {
    // The example of ISO 11649.
    assert_eq!(reference::check("539007547034"), 18);
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(amount in 0..=MOST, n in 0..160_usize) {
        let currency = Currency::all().nth(n % Currency::all().count()).expect("one");
        let money = Money::new(amount, currency);
        prop_assert_eq!(Money::parse(&money.decimal(), currency).expect("readable"), money);
        prop_assert_eq!(Money::parse(&money.decimal().replace('.', ","), currency).expect("readable"), money);
        let digits: String = money.text("fr").chars().filter(char::is_ascii_digit).collect();
        prop_assert_eq!(digits.parse::<i64>().expect("digits"), amount);
    }

    #[test]
    fn every_number_has_its_reference(number in any::<u32>()) {
        let text = Reference::new(number).to_string();
        prop_assert_eq!(text.parse::<Reference>().expect("readable").number(), number);
        prop_assert!(text.len() <= 17);
    }

    #[test]
    fn one_wrong_sign_or_two_changed_places_are_noticed(number in any::<u32>(), place in 0..12_usize, other in 0..10_u8) {
        let text: Vec<char> = Reference::new(number).to_string().replace(' ', "").chars().collect();
        let place = 2 + place % (text.len() - 2);
        let mut mistyped = text.clone();
        mistyped[place] = char::from(b'0' + other);
        if mistyped != text {
            let mistyped: String = mistyped.iter().collect();
            prop_assert!(mistyped.parse::<Reference>().is_err(), "{mistyped}");
        }
        if place + 1 < text.len() && text[place] != text[place + 1] {
            let mut swapped = text.clone();
            swapped.swap(place, place + 1);
            let swapped: String = swapped.iter().collect();
            prop_assert!(swapped.parse::<Reference>().is_err(), "{swapped}");
        }
    }

    #[test]
    fn months_never_leave_their_month(day in 0..20_000_i64, months in 0..600_u32) {
        let start = day * 86_400_000;
        let then = |at: Millis| jiff::Timestamp::from_millisecond(at).expect("a time").to_zoned(jiff::tz::TimeZone::UTC);
        let (from, to) = (then(start), then(add_months(start, months)));
        let number = |when: &jiff::Zoned| i64::from(when.year()) * 12 + i64::from(when.month());
        prop_assert_eq!(number(&to) - number(&from), i64::from(months));
        prop_assert!(to.day() <= from.day() && (to.day() == from.day() || to.day() == to.days_in_month()));
    }
}

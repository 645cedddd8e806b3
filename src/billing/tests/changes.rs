//! What a change of plan comes to: who pays what, and when each holds.

use proptest::prelude::*;

use crate::billing::model::{ChangeTime, Every, Quote, Running, Tariff, quote, unused};
use crate::clock::Millis;
use crate::ids::PlanId;
use crate::money::{Currency, Money, add_months};

const DAY: Millis = 86_400_000;
/// 1 November 2026, noon.
const BEGIN: Millis = 1_793_534_400_000;
const END: Millis = BEGIN + 30 * DAY;

fn tariff(plan: i64, amount: i64, every: Every) -> Tariff {
    Tariff { plan: PlanId(plan), money: Money::new(amount, Currency::EURO), every }
}

fn running(amount: i64) -> Running {
    Running { tariff: tariff(1, amount, Every::Month), period: (BEGIN, END), is_trial: false, is_by_hand: false, unused: None }
}

/// When; what is paid at once; when a whole period is paid next.
fn said(quote: Option<Quote>) -> Option<(ChangeTime, i64, Millis)> {
    quote.map(|quote| (quote.when, quote.due.amount, quote.next_charge_at))
}

#[test]
fn a_dearer_plan_holds_now_and_costs_the_difference_of_what_is_left() {
    use ChangeTime::{AtPeriodEnd, Now};
    let from = running(500);
    let (dear, cheap) = (tariff(2, 900, Every::Month), tariff(3, 300, Every::Month));
    for (to, now, expected) in [
        (dear, BEGIN, Some((Now, 400, END))),
        (dear, BEGIN + 10 * DAY, Some((Now, 267, END))),
        (dear, BEGIN + 15 * DAY, Some((Now, 200, END))),
        (dear, END - 1, Some((Now, 0, END))),
        (tariff(2, 500, Every::Month), BEGIN + DAY, Some((Now, 0, END))),
        (cheap, BEGIN + 10 * DAY, Some((AtPeriodEnd, 0, END))),
        // A year takes the place of the month: its rest counts.
        (tariff(1, 5_000, Every::Year), BEGIN + 15 * DAY, Some((Now, 4_750, add_months(BEGIN + 15 * DAY, 12)))),
        (tariff(2, 9_000, Every::Year), BEGIN + 15 * DAY, Some((Now, 8_750, add_months(BEGIN + 15 * DAY, 12)))),
        (tariff(2, 5_999, Every::Year), BEGIN + 15 * DAY, None),
        // A year that costs less than what is left of the month.
        (tariff(1, 100, Every::Year), BEGIN, None),
        (tariff(1, 500, Every::Month), BEGIN, None),
        (tariff(2, 900, Every::Once), BEGIN, None),
    ] {
        assert_eq!(said(quote(&from, &to, now)), expected, "{to:?}");
    }
    let dollars = Tariff { money: Money::new(900, "USD".parse().expect("dollars")), ..dear };
    assert_eq!(quote(&from, &dollars, BEGIN), None, "another currency");
    let yearly = Running { tariff: tariff(1, 5_000, Every::Year), ..from };
    assert_eq!(quote(&yearly, &tariff(1, 500, Every::Month), BEGIN), None, "a year ends first");
}

#[test]
fn a_trial_pays_nothing_before_it_ends_and_by_hand_other_periods_begin_where_this_one_ends() {
    use ChangeTime::{AtPeriodEnd, Now};
    let trial = Running { is_trial: true, ..running(500) };
    assert_eq!(said(quote(&trial, &tariff(2, 900, Every::Month), BEGIN + DAY)), Some((Now, 0, END)));
    assert_eq!(said(quote(&trial, &tariff(1, 5_000, Every::Year), BEGIN + DAY)), Some((Now, 0, END)));
    let by_hand = Running { is_by_hand: true, ..running(500) };
    assert_eq!(said(quote(&by_hand, &tariff(1, 5_000, Every::Year), BEGIN + DAY)), Some((AtPeriodEnd, 0, END)));
    // In the last hour nothing is left of the period: the dearer plan is the next one's.
    assert_eq!(said(quote(&by_hand, &tariff(2, 900, Every::Month), END - 1)), Some((AtPeriodEnd, 0, END)));
    assert_eq!(said(quote(&by_hand, &tariff(2, 500, Every::Month), END - 1)), Some((Now, 0, END)), "as dear");
    let yearly = Running { tariff: tariff(1, 5_000, Every::Year), ..by_hand };
    assert_eq!(said(quote(&yearly, &tariff(2, 900, Every::Month), BEGIN + DAY)), Some((AtPeriodEnd, 0, END)));
    // Who has paid a period ahead pays the difference of that one too.
    let ahead = Running { period: (END, END + 30 * DAY), ..by_hand };
    assert_eq!(said(quote(&ahead, &tariff(2, 900, Every::Month), BEGIN)), Some((Now, 800, END + 30 * DAY)));
}

#[test]
fn what_a_code_took_off_is_no_credit() {
    // One of a hundred was paid for the month that is over half, and all of the next one.
    let paid = [(5, (BEGIN, END)), (500, (END, END + 30 * DAY))];
    assert_eq!([BEGIN, BEGIN + 15 * DAY, END, END + 15 * DAY, END + 30 * DAY].map(|now| unused(&paid, now)), [505, 503, 500, 250, 0]);
    let reduced = Running { unused: Some(unused(&paid[..1], BEGIN)), ..running(500) };
    assert_eq!(said(quote(&reduced, &tariff(2, 900, Every::Month), BEGIN)), Some((ChangeTime::Now, 895, END)));
    let found = quote(&reduced, &tariff(1, 5_000, Every::Year), BEGIN).expect("offered");
    assert_eq!((found.charge.amount, found.due.amount), (5_000, 4_995));
    // What is known of payments is never more than what the rest of the period costs.
    let twice = Running { unused: Some(2_000), ..running(500) };
    assert_eq!(said(quote(&twice, &tariff(2, 900, Every::Month), BEGIN)), Some((ChangeTime::Now, 400, END)));
}

#[test]
fn whole_units_stay_whole_where_there_are_no_smaller_ones() {
    let yen = |plan, amount| Tariff { plan: PlanId(plan), money: Money::new(amount, "JPY".parse().expect("yen")), every: Every::Month };
    let from = Running { tariff: yen(1, 500), ..running(0) };
    let found = quote(&from, &yen(2, 980), BEGIN + 7 * DAY).expect("offered");
    assert_eq!((found.charge.amount, found.credit.amount, found.due.amount, found.due.currency.code()), (751, 383, 368, "JPY"));
}

proptest! {
    #[test]
    fn what_is_paid_is_the_difference_for_what_is_left_to_the_unit(old in 1..1_000_000_i64, new in 1..1_000_000_i64, at in 0..29 * DAY) {
        let found = quote(&running(old), &tariff(2, new, Every::Month), BEGIN + at).expect("offered");
        prop_assert_eq!(found.when == ChangeTime::Now, new >= old);
        // Millisecond by millisecond of the period, in parts of a unit, and not each plan by itself.
        let whole = i128::from(END - BEGIN);
        let exact = i128::from((new - old).max(0)) * (whole - i128::from(at));
        let paid = i128::from(found.due.amount) * whole;
        prop_assert!(paid >= 0 && (paid - exact).abs() <= whole, "{found:?}");
    }

    #[test]
    fn a_year_costs_what_is_not_paid_already(old in 1..100_000_i64, more in 0..1_000_000_i64, at in 0..29 * DAY) {
        let (now, new) = (BEGIN + at, 12 * old + more);
        let found = quote(&running(old), &tariff(2, new, Every::Year), now).expect("offered");
        prop_assert_eq!((found.when, found.next_charge_at), (ChangeTime::Now, add_months(now, 12)));
        let whole = i128::from(END - BEGIN);
        let exact = i128::from(new) * whole - i128::from(old) * (whole - i128::from(at));
        prop_assert!((i128::from(found.due.amount) * whole - exact).abs() * 2 <= whole, "{found:?}");
    }
}

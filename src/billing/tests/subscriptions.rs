//! Until when a subscription lets somebody in, and what payments and time do to one that is paid by hand.

use proptest::prelude::*;

use crate::billing::model::{Every, SubscriptionRow, SubscriptionStatus, Terms, access_until, totals};
use crate::clock::Millis;
use crate::ids::{MemberId, PlanId, PriceId, SubscriptionId};
use crate::money::{Currency, Money, add_months};

const DAY: Millis = 86_400_000;
/// 31 January 2027, 10:00 UTC.
const BEGIN: Millis = 1_801_389_600_000;
const PRICE: Money = Money::new(500, Currency::EURO);

fn subscription() -> SubscriptionRow {
    let mut row = SubscriptionRow {
        id: SubscriptionId(1),
        member: MemberId(2),
        plan: PlanId(3),
        price: None,
        provider: 0,
        external_id: None,
        status: SubscriptionStatus::Active.number(),
        every: Every::Month.number(),
        amount: 500,
        currency: "EUR".to_owned(),
        started_at: BEGIN,
        anchor_at: BEGIN,
        periods: 1,
        period_start: BEGIN,
        period_end: 0,
        trial_end: None,
        cancels_at_end: false,
        past_due_since: None,
        ended_at: None,
        fetched_at: BEGIN,
        next_plan: None,
        next_price: None,
        next_amount: None,
        next_at: None,
        promotion: None,
        next_every: None,
        next_paid: 0,
        promotion_left: None,
    };
    row.period_end = row.end_of(1);
    row
}

#[test]
fn a_status_lets_in_until_its_own_end() {
    use SubscriptionStatus::{Active, Canceled, Incomplete, IncompleteExpired, PastDue, Paused, Trialing, Unknown, Unpaid};
    let terms = |status, cancels_at_end| Terms {
        status,
        period_end: 30 * DAY,
        trial_end: (status == Trialing).then_some(14 * DAY),
        cancels_at_end,
        past_due_since: (status == PastDue).then_some(30 * DAY),
    };
    let table = [
        (Trialing, false, Some(17 * DAY)),
        (Trialing, true, Some(14 * DAY)),
        (Active, false, Some(33 * DAY)),
        (Active, true, Some(30 * DAY)),
        (PastDue, false, Some(37 * DAY)),
        (PastDue, true, Some(37 * DAY)),
        (Unpaid, false, None),
        (Paused, false, None),
        (Incomplete, false, None),
        (IncompleteExpired, false, None),
        (Canceled, false, None),
        (Unknown, false, None),
    ];
    for (status, cancels, until) in table {
        assert_eq!(access_until(&terms(status, cancels), 7), until, "{status:?} {cancels}");
        assert_eq!(SubscriptionStatus::from_number(status.number()), status);
    }
    assert_eq!(access_until(&terms(PastDue, false), 0), Some(30 * DAY), "no grace at all");
    assert_eq!(SubscriptionStatus::from_number(99), Unknown, "what a later version stored lets nobody in");
}

#[test]
fn time_asks_then_owes_then_ends() {
    let row = subscription();
    let end = row.period_end;
    let at = |now| row.advance(now, 7);
    assert_eq!((at(BEGIN).asks, at(BEGIN).next_at), (false, Some(end - 7 * DAY)));
    assert_eq!((at(end - 7 * DAY - 1).asks, at(end - 7 * DAY).asks), (false, true));
    assert_eq!(at(end - 7 * DAY).next_at, Some(end));
    assert_eq!(at(end - 1).row, row, "paid to the last moment");
    let owed = at(end);
    assert_eq!((owed.row.status(), owed.row.past_due_since, owed.next_at), (SubscriptionStatus::PastDue, Some(end), Some(end + 7 * DAY)));
    assert_eq!(access_until(&owed.row.terms(), 7), Some(end + 7 * DAY));
    let over = at(end + 7 * DAY);
    assert_eq!((over.row.status(), over.row.ended_at, over.next_at), (SubscriptionStatus::Canceled, Some(end + 7 * DAY), None));
    assert_eq!(owed.row.advance(end + 7 * DAY, 7).row.ended_at, over.row.ended_at, "by way of owing, or at once");
    assert_eq!(over.row.advance(end + 99 * DAY, 7).row, over.row, "over is over");
}

#[test]
fn one_that_was_cancelled_asks_for_nothing_and_is_over_at_its_end() {
    let row = SubscriptionRow { cancels_at_end: true, ..subscription() };
    let end = row.period_end;
    assert!(!row.advance(end - DAY, 7).asks);
    assert_eq!(access_until(&row.terms(), 7), Some(end), "no grace");
    let over = row.advance(end, 7);
    assert_eq!((over.row.status(), over.row.ended_at), (SubscriptionStatus::Canceled, Some(end)));
}

#[test]
fn each_payment_adds_a_period_by_the_calendar() {
    let mut row = subscription();
    assert_eq!(row.period_end, add_months(BEGIN, 1), "28 February");
    assert_eq!(row.pay(Every::Month, PRICE), (add_months(BEGIN, 1), add_months(BEGIN, 2)), "31 March, not 28");
    let mut owing = row.advance(row.period_end + 3 * DAY, 7).row;
    owing.pay(Every::Month, PRICE);
    assert_eq!(
        (owing.period_end, owing.status(), owing.past_due_since),
        (add_months(BEGIN, 3), SubscriptionStatus::Active, None),
        "no day is lost or won"
    );
    owing.pay(Every::Year, Money::new(5_000, Currency::EURO));
    assert_eq!((owing.every(), owing.period_end, owing.amount), (Every::Year, add_months(add_months(BEGIN, 3), 12), 5_000));
    let mut cancelled = SubscriptionRow { cancels_at_end: true, ..subscription() };
    cancelled.pay(Every::Month, PRICE);
    assert!(!cancelled.cancels_at_end, "whoever pays goes on");
}

#[test]
fn what_is_paid_ahead_of_another_plan_is_counted_apart_and_taken_back_alone() {
    let year = Money::new(5_000, Currency::EURO);
    let mut row = subscription();
    let end = row.period_end;
    row.plan_next(PlanId(4), PriceId(5), (year.amount, Every::Year.number()), end);
    let planned = row.clone();
    assert_eq!(row.pay(Every::Year, year), (end, add_months(end, 12)));
    assert_eq!(
        (row.every(), row.amount, row.plan, row.is_next_paid()),
        (Every::Month, 500, PlanId(3), true),
        "until then it is what it is"
    );
    let mut back = row.clone();
    back.unpay(true, BEGIN);
    assert_eq!(back, planned, "as if nobody had paid");
    let mut less = row.clone();
    less.unpay(false, BEGIN - DAY);
    assert_eq!(
        (less.next_at, less.period_start, less.period_end),
        (Some(BEGIN), BEGIN, add_months(BEGIN, 12)),
        "the other plan comes sooner"
    );
    let turned = row.advance(end, 7).row;
    assert_eq!((turned.plan, turned.every(), turned.amount, turned.next_at), (PlanId(4), Every::Year, 5_000, None));
    assert_eq!((turned.period_start, turned.period_end), (end, add_months(end, 12)));
    let mut again = turned.clone();
    again.pay(Every::Year, year);
    again.unpay(false, BEGIN);
    assert_eq!((again.period_start, again.period_end), (turned.period_start, turned.period_end));
    // The 31st is not lost by a plan of the same length.
    let mut monthly = subscription();
    monthly.plan_next(PlanId(4), PriceId(5), (300, Every::Month.number()), end);
    monthly.pay(Every::Month, Money::new(300, Currency::EURO));
    assert_eq!(monthly.advance(end, 7).row.period_end, add_months(BEGIN, 2), "31 March");
}

#[test]
fn another_plan_begins_at_its_time_a_dearer_one_with_its_money_and_none_where_it_ends() {
    let planned = |amount, cancels_at_end| {
        let mut row = SubscriptionRow { cancels_at_end, ..subscription() };
        row.plan_next(PlanId(4), PriceId(5), (amount, Every::Month.number()), row.period_end);
        row
    };
    let end = subscription().period_end;
    let at_end = |row: &SubscriptionRow| row.advance(end, 7).row;
    let cheap = at_end(&planned(300, false));
    assert_eq!((cheap.plan, cheap.amount, cheap.status()), (PlanId(4), 300, SubscriptionStatus::PastDue));
    let dear = at_end(&planned(900, false));
    assert_eq!((dear.plan, dear.amount, dear.status(), dear.next_amount), (PlanId(3), 500, SubscriptionStatus::PastDue, Some(900)));
    let mut late = dear;
    late.pay(Every::Month, Money::new(900, Currency::EURO));
    late.turn(end + DAY);
    assert_eq!((late.plan, late.amount, late.next_at, late.period_end), (PlanId(4), 900, None, add_months(BEGIN, 2)));
    let over = at_end(&planned(300, true));
    assert_eq!((over.plan, over.amount, over.status()), (PlanId(3), 500, SubscriptionStatus::Canceled), "cancelled first");
}

#[test]
fn what_is_due_together_is_counted_by_currency_and_exactly() {
    let one = |every, amount, currency: &str, cancels| {
        let row = SubscriptionRow {
            every: Every::number(every),
            amount,
            currency: currency.to_owned(),
            cancels_at_end: cancels,
            ..subscription()
        };
        row.subscription("Member".to_owned(), None, 7).expect("shown")
    };
    let all = [
        one(Every::Month, 500, "EUR", false),
        one(Every::Year, 1_000, "EUR", false),
        one(Every::Month, 300, "CHF", false),
        one(Every::Month, 900, "EUR", true),
    ];
    let found: Vec<_> = totals(&all).into_iter().map(|one| (one.month.currency.code(), one.month.amount, one.year.amount)).collect();
    assert_eq!(found, [("CHF", 300, 3_600), ("EUR", 583, 7_000)], "what ends is not counted");
    assert!(totals(&[]).is_empty());
}

proptest! {
    #[test]
    fn taking_a_payment_back_undoes_it(count in 1..40_i32, now in 0..2_000_i64) {
        let mut row = subscription();
        for _ in 1..count {
            row.pay(Every::Month, PRICE);
        }
        let before = row.clone();
        row.pay(Every::Month, PRICE);
        row.unpay(false, BEGIN + now * DAY);
        prop_assert_eq!((row.period_end, row.periods), (before.period_end, before.periods));
        prop_assert_eq!(row.ended_at.is_some(), before.period_end <= BEGIN + now * DAY);
    }

    #[test]
    fn time_never_gives_more_than_was_paid_and_grace(days in 0..400_i64, grace in 0..60_u32, cancels in any::<bool>()) {
        let row = SubscriptionRow { cancels_at_end: cancels, ..subscription() };
        let now = BEGIN + days * DAY;
        let step = row.advance(now, grace);
        let until = access_until(&step.row.terms(), grace).unwrap_or(0);
        let most = row.period_end + if cancels { 0 } else { Millis::from(grace.max(3)) * DAY };
        prop_assert!(until <= most);
        prop_assert!(step.next_at.is_none_or(|next| next > now), "it is never looked after in a circle");
        if now < row.period_end {
            prop_assert!(until > now);
        }
        // In one step or in many: the same.
        let halfway = row.advance(BEGIN + days / 2 * DAY, grace).row;
        prop_assert_eq!(halfway.advance(now, grace).row, step.row);
    }
}

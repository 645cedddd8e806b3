//! The test provider's own rules: what its buttons do, and what time does to its subscriptions.

use proptest::prelude::*;

use crate::billing::model::{Every, SubscriptionStatus};
use crate::billing::providers::test::{Recurring, Session, Stage, TestAct};
use crate::clock::Millis;
use crate::ids::{MemberId, OrderId, PriceId};
use crate::money::{Currency, Money, add_months};

const DAY: Millis = 86_400_000;
const BEGIN: Millis = 1_801_389_600_000;
const ACTS: [TestAct; 7] =
    [TestAct::Pay, TestAct::PayOnce, TestAct::Fail, TestAct::AskBank, TestAct::Approve, TestAct::Reject, TestAct::Expire];

fn session(every: Every, trial_days: u32) -> Session {
    Session {
        id: "test_1".to_owned(),
        order: OrderId(1),
        member: MemberId(2),
        text: "Member".to_owned(),
        plan: None,
        price_id: Some(PriceId(9)),
        price: Money::new(500, Currency::EURO),
        every,
        trial_days,
        return_to: "/orders/1".to_owned(),
        back_to: "/settings/membership".to_owned(),
        expires_at: BEGIN + 30 * 60_000,
        stage: Stage::Open,
        paid_at: None,
        refunded: 0,
        discount: None,
        reduced: Vec::new(),
    }
}

fn paid(act: TestAct, trial_days: u32) -> Recurring {
    session(Every::Month, trial_days).after(act, BEGIN).begins(act).expect("a subscription")
}

#[test]
fn every_button_does_what_it_says() {
    use Stage::{Bank, Complete, Expired, Open, Refused};
    // In the order of ACTS: pay, pay once, fail, ask the bank, approve, reject, expire.
    let table = [
        (Open, [Complete, Complete, Refused, Bank, Open, Open, Expired]),
        (Refused, [Complete, Complete, Refused, Bank, Refused, Refused, Expired]),
        (Bank, [Bank, Bank, Bank, Bank, Complete, Refused, Expired]),
        (Complete, [Complete; 7]),
        (Expired, [Expired; 7]),
    ];
    for (stage, after) in table {
        let found = ACTS.map(|act| Session { stage, ..session(Every::Month, 0) }.after(act, BEGIN).stage);
        assert_eq!(found, after, "{stage:?}");
    }
    let late = session(Every::Month, 0).after(TestAct::Pay, BEGIN + 30 * 60_000);
    assert_eq!((late.stage, late.paid_at), (Expired, None), "too late");
    assert!(session(Every::Once, 0).after(TestAct::Pay, BEGIN).begins(TestAct::Pay).is_none(), "once is once");
    assert!(session(Every::Month, 0).after(TestAct::Fail, BEGIN).begins(TestAct::Fail).is_none());
}

#[test]
fn a_card_is_charged_where_a_period_begins_and_owes_when_it_fails() {
    let working = paid(TestAct::Pay, 0).by(add_months(BEGIN, 2));
    assert_eq!(working.charges, [BEGIN, add_months(BEGIN, 1), add_months(BEGIN, 2)], "28 February, then 31 March");
    let truth = working.truth(BEGIN);
    assert_eq!(
        (truth.status, truth.period_start, truth.period_end),
        (SubscriptionStatus::Active, add_months(BEGIN, 2), add_months(BEGIN, 3))
    );

    let due = add_months(BEGIN, 1);
    let failing = paid(TestAct::PayOnce, 0).by(due);
    assert_eq!((failing.truth(due).status, failing.owed_since), (SubscriptionStatus::PastDue, Some(due)));
    let mended = Recurring { card_fails: false, ..failing.clone() }.by(due + 3 * DAY);
    assert_eq!((mended.charges.len(), mended.owed_since, mended.truth(0).period_end), (2, None, add_months(BEGIN, 2)));
    let given_up = failing.by(due + 21 * DAY);
    assert_eq!((given_up.ended_at, given_up.truth(0).status), (Some(due + 21 * DAY), SubscriptionStatus::Canceled));
}

#[test]
fn a_trial_is_charged_at_its_end_unless_it_was_cancelled() {
    let trial = paid(TestAct::Pay, 14);
    let end = BEGIN + 14 * DAY;
    assert_eq!(
        (trial.clone().by(end - 1).truth(0).status, trial.clone().by(end - 1).truth(0).payments.len()),
        (SubscriptionStatus::Trialing, 0)
    );
    assert_eq!((trial.clone().by(end).truth(0).status, trial.clone().by(end).charges), (SubscriptionStatus::Active, vec![end]));
    let cancelled = Recurring { cancels_at_end: true, ..trial }.by(end);
    assert_eq!((cancelled.truth(0).status, cancelled.charges.len()), (SubscriptionStatus::Canceled, 0));
}

#[test]
fn a_period_that_is_let_end_is_over_on_whatever_day_that_is() {
    for day in 0..400 {
        let now = BEGIN + day * DAY;
        let skipped = paid(TestAct::Pay, 0).by(now).skipped(now);
        let after = skipped.clone().by(now);
        assert_eq!(after.charges.len(), skipped.charges.len() + 1, "day {day}: the next period is paid");
        assert!(after.charges.last().is_some_and(|at| *at <= now && *at > now - 4 * DAY), "day {day}: and began just now");
    }
}

proptest! {
    #[test]
    fn however_often_it_is_looked_at_it_charges_the_same(days in 0..900_i64, looks in proptest::collection::vec(0..900_i64, 0..6), fails in any::<bool>(), trial in 0..30_u32) {
        let act = if fails { TestAct::PayOnce } else { TestAct::Pay };
        let now = BEGIN + days * DAY;
        let at_once = paid(act, trial).by(now);
        let mut looks: Vec<i64> = looks.into_iter().filter(|look| *look <= days).collect();
        looks.sort_unstable();
        let often = looks.into_iter().fold(paid(act, trial), |one, look| one.by(BEGIN + look * DAY)).by(now);
        prop_assert_eq!(&often, &at_once);
        prop_assert!(at_once.charges.windows(2).all(|pair| pair[0] < pair[1]), "no period is charged twice");
        let truth = at_once.truth(now);
        prop_assert!(truth.period_start < truth.period_end);
        prop_assert!(at_once.ended_at.is_some() || at_once.owed_since.is_some() || truth.period_end > now);
    }
}

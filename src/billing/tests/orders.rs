//! What may follow what for an order, and what a provider's word is worth.

use proptest::prelude::*;

use crate::billing::model::{Account, Every, Fact, Method, OrderState, SubscriptionStatus, Verdict, entries, settle};
use crate::billing::providers::{CheckoutState, CheckoutTruth, PaymentState, PaymentTruth, ProviderKind, SubscriptionTruth};
use crate::ids::OrderId;
use crate::money::{Currency, Money};

const FACTS: [Fact; 5] = [Fact::Paid, Fact::Declined, Fact::Cancelled, Fact::Expired, Fact::Refunded];
const ORDER: OrderId = OrderId(7);
const PRICE: Money = Money::new(500, Currency::EURO);

#[test]
fn every_fact_has_its_answer_in_every_state() {
    use OrderState::{Awaiting, Cancelled, Declined, Expired, Fulfilled, Refunded};
    // In the order of FACTS: paid, declined, cancelled, expired, refunded.
    let table = [
        (Awaiting, [Some(Fulfilled), Some(Declined), Some(Cancelled), Some(Expired), None]),
        (Fulfilled, [Some(Fulfilled), None, None, None, Some(Refunded)]),
        (Declined, [Some(Fulfilled), Some(Declined), None, None, None]),
        (Cancelled, [Some(Fulfilled), None, Some(Cancelled), None, None]),
        (Expired, [Some(Fulfilled), None, None, Some(Expired), None]),
        (Refunded, [Some(Refunded), None, None, None, Some(Refunded)]),
    ];
    for (state, after) in table {
        let found = FACTS.map(|fact| state.after(fact));
        assert_eq!(found, after, "{state:?}");
        assert_eq!(OrderState::from_number(state.number()), state);
    }
}

proptest! {
    #[test]
    fn whatever_happens_in_whatever_order_money_that_went_back_never_buys_again(facts in proptest::collection::vec(0..5_usize, 0..20)) {
        let mut state = OrderState::Awaiting;
        let mut was_refunded = false;
        for fact in facts {
            if let Some(next) = state.after(FACTS[fact]) {
                state = next;
            }
            was_refunded |= state == OrderState::Refunded;
            prop_assert!(!was_refunded || state == OrderState::Refunded);
            // The same again is the same.
            if let Some(next) = state.after(FACTS[fact]) {
                prop_assert_eq!(next.after(FACTS[fact]), Some(next));
            }
        }
    }

    #[test]
    fn the_books_balance_for_any_amount(amount in -1_000_000_000_i64..1_000_000_000, method in 0..4_i16, provider in 0..3_i16) {
        let money = Money::new(amount, Currency::EURO);
        let written = entries(ProviderKind::from_number(provider), Method::from_number(method), money);
        prop_assert_eq!(written.iter().map(|(_, money)| money.amount).sum::<i64>(), 0);
        prop_assert!(written.iter().any(|(account, _)| *account == Account::Memberships));
    }
}

fn payment(amount: Money, state: PaymentState) -> PaymentTruth {
    PaymentTruth {
        external_id: "pay_1".to_owned(),
        amount,
        is_difference: false,
        refunded: 0,
        parts: Vec::new(),
        state,
        dispute: None,
        method: Method::Card,
        at: 0,
    }
}

fn subscription(trial_end: Option<i64>) -> SubscriptionTruth {
    SubscriptionTruth {
        asked_at: 0,
        external_id: "sub_1".to_owned(),
        order: Some(ORDER),
        status: SubscriptionStatus::Active,
        price: PRICE,
        every: Every::Month,
        period_start: 0,
        period_end: 1,
        trial_end,
        cancels_at_end: false,
        past_due_since: None,
        failures: Vec::new(),
        sold: None,
        next: None,
        payments: Vec::new(),
    }
}

fn checkout(state: CheckoutState, payment: Option<PaymentTruth>) -> CheckoutTruth {
    CheckoutTruth { asked_at: 0, session: "cs_1".to_owned(), order: Some(ORDER), state, payment, subscription: None }
}

#[test]
fn only_the_whole_amount_for_this_very_order_gives_anything() {
    let verdict = |truth: &CheckoutTruth| settle(ORDER, OrderState::Awaiting, PRICE, truth);
    let paid = checkout(CheckoutState::Complete, Some(payment(PRICE, PaymentState::Succeeded)));
    assert_eq!(verdict(&paid), Verdict::Fulfil);
    for (what, truth) in [
        ("less", checkout(CheckoutState::Complete, Some(payment(Money::new(499, Currency::EURO), PaymentState::Succeeded)))),
        (
            "other money",
            checkout(CheckoutState::Complete, Some(payment(Money::new(500, "USD".parse().expect("dollars")), PaymentState::Succeeded))),
        ),
        ("another order", CheckoutTruth { order: Some(OrderId(8)), ..paid.clone() }),
        ("no order", CheckoutTruth { order: None, ..paid.clone() }),
    ] {
        assert_eq!(verdict(&truth), Verdict::Foreign, "{what}");
    }
    for state in [PaymentState::Pending, PaymentState::Failed, PaymentState::Disputed] {
        assert_eq!(verdict(&checkout(CheckoutState::Complete, Some(payment(PRICE, state)))), Verdict::Wait, "{state:?}");
    }
    assert_eq!(verdict(&checkout(CheckoutState::Open, None)), Verdict::Wait);
    assert_eq!(verdict(&checkout(CheckoutState::Complete, None)), Verdict::Wait, "complete, and nothing came");
    assert_eq!(verdict(&checkout(CheckoutState::Expired, None)), Verdict::Expire);
    for state in OrderState::ALL.into_iter().filter(|state| *state != OrderState::Awaiting) {
        assert_eq!(settle(ORDER, state, PRICE, &checkout(CheckoutState::Expired, None)), Verdict::Wait, "{state:?}");
    }
}

#[test]
fn a_trial_begins_without_money_and_nothing_else_does() {
    let begun = |trial_end, price| CheckoutTruth {
        subscription: Some(SubscriptionTruth { price, ..subscription(trial_end) }),
        ..checkout(CheckoutState::Complete, None)
    };
    let verdict = |truth: &CheckoutTruth| settle(ORDER, OrderState::Awaiting, PRICE, truth);
    let trial = begun(Some(5), PRICE);
    assert_eq!(verdict(&trial), Verdict::Fulfil);
    assert_eq!(verdict(&begun(None, PRICE)), Verdict::Wait);
    assert_eq!(verdict(&begun(Some(5), Money::new(1, Currency::EURO))), Verdict::Wait, "a trial of something cheaper");
}

//! What their answers mean to us, as tables.

use serde_json::{Value, json};

use crate::billing::model::{Every, SubscriptionStatus};
use crate::billing::providers::{CheckoutState, PaymentState, PaymentTruth, SubscriptionTruth};
use crate::billing::stripe::truth::{Paid, checkout, paid_bill, payment, status, subscription};
use crate::error::Result;
use crate::ids::OrderId;
use crate::money::Money;

const START: i64 = 1_793_534_400;
const END: i64 = START + 30 * 86_400;

fn view<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("a view")
}

fn eur(amount: i64) -> Money {
    Money::new(amount, "EUR".parse().expect("a currency"))
}

fn sub() -> Value {
    json!({
        "id": "sub_1", "status": "active", "customer": "cus_1", "cancel_at_period_end": false, "created": START, "livemode": false,
        "metadata": { "rialto_order": "42" },
        "items": { "data": [{
            "id": "si_1", "current_period_start": START, "current_period_end": END,
            "price": { "id": "price_1", "unit_amount": 1_200, "currency": "eur", "product": "p", "recurring": { "interval": "month", "interval_count": 1 } },
        }] },
    })
}

fn bill(id: &str, paid: i64, status: &str, created: i64) -> Value {
    json!({
        "id": id, "status": status, "amount_due": 1_200, "amount_paid": paid, "total": 1_200, "currency": "eur", "created": created, "attempt_count": 1,
        "lines": { "data": [] },
        "payments": { "data": [{ "status": if paid > 0 { "paid" } else { "open" }, "payment": { "payment_intent": format!("pi_{id}") } }] },
    })
}

fn charge(intent: &str, refunded: i64) -> Value {
    json!({ "id": "ch", "amount": 1_200, "amount_refunded": refunded, "refunded": refunded == 1_200, "disputed": false, "payment_intent": intent })
}

fn dispute(intent: &str, status: &str) -> Value {
    json!({ "id": "dp", "status": status, "amount": 1_200, "currency": "eur", "payment_intent": intent, "reason": "fraudulent" })
}

fn told(it: Value, bills: Vec<Value>, paid: &Paid) -> Result<SubscriptionTruth> {
    subscription(7, &view(it), &bills.into_iter().map(view).collect::<Vec<_>>(), paid)
}

#[test]
fn every_status_is_known_and_a_new_one_is_known_to_be_unknown() {
    for (word, expected) in [
        ("trialing", SubscriptionStatus::Trialing),
        ("active", SubscriptionStatus::Active),
        ("past_due", SubscriptionStatus::PastDue),
        ("unpaid", SubscriptionStatus::Unpaid),
        ("paused", SubscriptionStatus::Paused),
        ("incomplete", SubscriptionStatus::Incomplete),
        ("incomplete_expired", SubscriptionStatus::IncompleteExpired),
        ("canceled", SubscriptionStatus::Canceled),
        ("resting", SubscriptionStatus::Unknown),
        ("", SubscriptionStatus::Unknown),
    ] {
        assert_eq!(status(word), expected, "{word}");
    }
}

#[test]
fn a_subscription_is_told_with_its_period_and_its_payments() {
    let bills = vec![bill("in_3", 0, "open", END), bill("in_2", 1_200, "paid", START + 9), bill("in_1", 0, "paid", START)];
    let truth = told(sub(), bills, &Paid::default()).expect("understood");
    let expected = SubscriptionTruth {
        asked_at: 7,
        external_id: "sub_1".to_owned(),
        order: Some(OrderId(42)),
        status: SubscriptionStatus::Active,
        price: eur(1_200),
        every: Every::Month,
        period_start: START * 1_000,
        period_end: END * 1_000,
        trial_end: None,
        cancels_at_end: false,
        past_due_since: None,
        failures: vec![END * 1_000],
        sold: None,
        next: None,
        payments: vec![PaymentTruth {
            external_id: "pi_in_2".to_owned(),
            amount: eur(1_200),
            is_difference: false,
            refunded: 0,
            parts: Vec::new(),
            state: PaymentState::Succeeded,
            dispute: None,
            method: crate::billing::model::Method::Card,
            at: (START + 9) * 1_000,
        }],
    };
    assert_eq!(truth, expected, "a bill over nothing is no payment, and an open one none yet");
}

#[test]
fn what_is_owed_is_owed_since_its_bill() {
    let with = |status: &str, bills| {
        let mut it = sub();
        it["status"] = json!(status);
        told(it, bills, &Paid::default()).expect("understood").past_due_since
    };
    let open = || bill("in_2", 0, "open", START + 60);
    assert_eq!(with("past_due", vec![open()]), Some((START + 60) * 1_000));
    assert_eq!(with("unpaid", vec![bill("in_3", 0, "open", END), open()]), Some((START + 60) * 1_000), "the oldest that is open");
    assert_eq!(with("past_due", vec![]), Some(START * 1_000), "since the period began, when no bill says it");
    assert_eq!(with("active", vec![open()]), None);
}

#[test]
fn what_cannot_be_understood_is_no_answer() {
    let with = |pointer: &str, value: Value| {
        let mut it = sub();
        *it.pointer_mut(pointer).expect("a field") = value;
        told(it, Vec::new(), &Paid::default())
    };
    assert!(with("/items/data", json!([])).is_err(), "to nothing");
    assert!(with("/items/data/0/price/recurring/interval", json!("week")).is_err());
    assert!(with("/items/data/0/price/recurring/interval_count", json!(3)).is_err());
    assert!(with("/items/data/0/price/currency", json!("zzz")).is_err());
    let yearly = with("/items/data/0/price/recurring", json!({ "interval": "month", "interval_count": 12 })).expect("understood");
    assert_eq!(yearly.every, Every::Year);
    let theirs = with("/metadata", json!({ "rialto_order": "not ours" })).expect("understood");
    assert_eq!(theirs.order, None);
    let mut krona = sub();
    krona["items"]["data"][0]["price"]["currency"] = json!("isk");
    krona["items"]["data"][0]["price"]["unit_amount"] = json!(120_000);
    assert_eq!(told(krona, Vec::new(), &Paid::default()).expect("understood").price.amount, 1_200);
}

#[test]
fn what_went_back_is_counted_by_payment() {
    let truth = |charges: Vec<Value>, disputes: Vec<Value>| {
        let paid = Paid { charges: charges.into_iter().map(view).collect(), disputes: disputes.into_iter().map(view).collect() };
        let bill = view(bill("in_1", 1_200, "paid", START));
        let truth = paid_bill(&bill, &paid).expect("understood").expect("paid");
        (truth.refunded, truth.state)
    };
    let mine = "pi_in_1";
    for (charges, disputes, expected) in [
        (vec![], vec![], (0, PaymentState::Succeeded)),
        (vec![charge(mine, 200)], vec![], (200, PaymentState::Succeeded)),
        (vec![charge(mine, 1_200)], vec![], (1_200, PaymentState::Succeeded)),
        (vec![charge("pi_other", 1_200)], vec![dispute("pi_other", "lost")], (0, PaymentState::Succeeded)),
        (vec![charge(mine, 0)], vec![dispute(mine, "needs_response")], (0, PaymentState::Disputed)),
        (vec![charge(mine, 0)], vec![dispute(mine, "under_review")], (0, PaymentState::Disputed)),
        (vec![charge(mine, 0)], vec![dispute(mine, "won")], (0, PaymentState::Succeeded)),
        (vec![charge(mine, 0)], vec![dispute(mine, "warning_closed")], (0, PaymentState::Succeeded)),
        (vec![charge(mine, 0)], vec![dispute(mine, "lost")], (1_200, PaymentState::Succeeded)),
        (vec![charge(mine, 300)], vec![dispute(mine, "lost")], (1_200, PaymentState::Succeeded)),
    ] {
        assert_eq!(truth(charges.clone(), disputes.clone()), expected, "{charges:?} {disputes:?}");
    }
}

#[test]
fn a_bill_that_was_paid_without_a_card_goes_by_its_own_name() {
    let mut cash = bill("in_1", 1_200, "paid", START);
    cash["payments"]["data"] = json!([]);
    let truth = paid_bill(&view(cash), &Paid::default()).expect("understood").expect("paid");
    assert_eq!(truth.external_id, "in_1");
}

#[test]
fn a_payment_stands_where_it_stands() {
    for (status, received, state) in [
        ("succeeded", 1_200, PaymentState::Succeeded),
        ("processing", 0, PaymentState::Pending),
        ("requires_action", 0, PaymentState::Pending),
        ("requires_payment_method", 0, PaymentState::Pending),
        ("canceled", 0, PaymentState::Failed),
    ] {
        let intent =
            json!({ "id": "pi_1", "status": status, "amount": 1_200, "amount_received": received, "currency": "eur", "created": START });
        let truth = payment(&view(intent), &Paid::default()).expect("understood");
        assert_eq!((truth.state, truth.amount), (state, eur(1_200)), "{status}");
    }
}

#[test]
fn a_visit_counts_only_when_it_is_complete() {
    let visit = |status: &str| {
        view(json!({
            "id": "cs_1", "status": status, "payment_status": "paid", "mode": "payment", "livemode": false, "created": START, "expires_at": END,
            "metadata": { "rialto_order": "42" },
        }))
    };
    let paid = || PaymentTruth {
        external_id: "pi_1".to_owned(),
        amount: eur(1_200),
        is_difference: false,
        refunded: 0,
        parts: Vec::new(),
        state: PaymentState::Succeeded,
        dispute: None,
        method: crate::billing::model::Method::Card,
        at: 0,
    };
    for (status, state, counts) in
        [("open", CheckoutState::Open, false), ("expired", CheckoutState::Expired, false), ("complete", CheckoutState::Complete, true)]
    {
        let truth = checkout(7, &visit(status), Some(paid()), None);
        assert_eq!((truth.state, truth.payment.is_some(), truth.order), (state, counts, Some(OrderId(42))), "{status}");
    }
}

#[test]
fn a_bill_is_a_difference_only_where_nothing_on_it_is_a_whole_period() {
    let told = |reason: &str, prorations: &[Option<bool>]| {
        let mut changed = bill("in_1", 800, "paid", START);
        let line = |is_part: &Option<bool>| {
            let parent = is_part.map(|proration| json!({ "subscription_item_details": { "proration": proration } }));
            json!({ "amount": 400, "period": { "start": START, "end": END }, "parent": parent })
        };
        changed["billing_reason"] = json!(reason);
        changed["lines"]["data"] = json!(prorations.iter().map(line).collect::<Vec<_>>());
        paid_bill(&view(changed), &Paid::default()).expect("understood").expect("paid").is_difference
    };
    let (part, whole) = (Some(true), Some(false));
    assert!(told("subscription_update", &[part, part]));
    assert!(!told("subscription_update", &[part, whole]), "a month that became a year");
    assert!(!told("subscription_cycle", &[part, part]));
    assert!(!told("subscription_update", &[]) && !told("subscription_update", &[None]), "nobody says so");
}

#[test]
fn each_period_that_failed_is_told_and_what_was_let_rest_makes_nobody_owe_again() {
    let tried = |name: &str, status: &str, created: i64, times: i64| {
        let mut one = bill(name, if status == "paid" { 1_200 } else { 0 }, status, created);
        one["attempt_count"] = json!(times);
        one
    };
    let mut waits = tried("in_5", "open", END + 9, 1);
    waits["billing_reason"] = json!("subscription_update");
    let bills = vec![
        waits,
        tried("in_4", "open", END, 1),
        tried("in_3", "paid", START + 90, 3),
        tried("in_2", "uncollectible", START + 60, 4),
        tried("in_1", "paid", START, 1),
    ];
    let mut it = sub();
    it["status"] = json!("past_due");
    let truth = told(it, bills, &Paid::default()).expect("understood");
    assert_eq!(truth.past_due_since, Some(END * 1_000), "and not since what was written off");
    assert_eq!(truth.failures, [END, START + 90, START + 60].map(|at| at * 1_000), "a change that waits is no period");
}

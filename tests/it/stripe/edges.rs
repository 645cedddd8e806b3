//! Bad days of paying at Stripe: two tabs, a ban in the middle, a price that changed meanwhile, money without cents.

use reqwest::Method;
use serde_json::{Value, json};

use super::Market;
use super::gone::held;
use crate::support::Person;
use crate::support::stripe::Fault;

async fn may_call(member: &Person) -> Value {
    member.get("/api/v1/me/membership").await["entitlements"]["calls.start"].clone()
}

#[actix_web::test]
async fn two_tabs_that_pay_for_one_plan_at_once_end_with_one_and_the_other_money_back() {
    let market = Market::open().await;
    let (month, year, ann) = (market.price("month").await, market.price("year").await, market.town.member("ann").await);
    let first = market.session_of(&ann.post("/api/v1/checkout", json!({ "price": month })).await);
    // Paid in the first tab before anybody knew, while the second one opens another: closing the first one does not go through.
    market.stripe.with(|world| world.pay(&first));
    market.stripe.fail(&format!("POST /v1/checkout/sessions/{first}/expire"), Fault::Status(500));
    let second = market.session_of(&ann.post("/api/v1/checkout", json!({ "price": year })).await);
    market.stripe.with(|world| world.pay(&second));
    market.deliver_new().await;
    market.quiet().await;
    market.deliver_new().await;
    market.quiet().await;
    assert_eq!(may_call(&ann).await, true);
    let there = market.stripe.with(|world| world.all("subscription"));
    let going_on = there.iter().filter(|one| one["status"] == "active").count();
    assert_eq!((there.len(), going_on), (2, 1), "nobody is charged twice from then on");
    let charges = market.stripe.with(|world| world.all("charge"));
    let back: i64 = charges.iter().map(|one| one["amount_refunded"].as_i64().unwrap_or(0)).sum();
    assert_eq!(back, 1_200, "one of both is given back");
    market.close().await;
}

#[actix_web::test]
async fn what_is_paid_for_good_in_two_tabs_or_beside_a_month_is_kept_once() {
    for (one, other) in [("once", "once"), ("once", "month"), ("month", "once")] {
        let market = Market::open().await;
        let (first, ann) = (market.price(one).await, market.town.member("ann").await);
        let first = market.session_of(&ann.post("/api/v1/checkout", json!({ "price": first })).await);
        market.stripe.with(|world| world.pay(&first));
        market.stripe.fail(&format!("POST /v1/checkout/sessions/{first}/expire"), Fault::Status(500));
        let plans = market.owner.get("/api/v1/admin/plans").await;
        let path = format!("/api/v1/admin/plans/{}/prices", plans["items"][0]["id"].as_str().expect("an id"));
        let second = market.owner.post(&path, json!({ "amount": 1_500, "currency": "EUR", "every": other })).await;
        let second = market.session_of(&ann.post("/api/v1/checkout", json!({ "price": second["id"] })).await);
        market.stripe.with(|world| world.pay(&second));
        for _ in 0..3 {
            market.deliver_new().await;
            market.quiet().await;
        }
        assert_eq!(may_call(&ann).await, true, "{one}, {other}");
        let charges = market.stripe.with(|world| world.all("charge"));
        let back: Vec<bool> = charges.iter().map(|one| one["amount_refunded"] == one["amount"]).collect();
        assert_eq!((back.len(), back.iter().filter(|one| **one).count()), (2, 1), "{one}, {other}: one of both is given back");
        if (one, other) == ("once", "once") {
            let third = market.owner.post(&path, json!({ "amount": 1_600, "currency": "EUR", "every": "month" })).await;
            ann.refused(Method::POST, "/api/v1/checkout", Some(json!({ "price": third["id"] })), 409, "billing.has_for_good").await;
        }
        market.close().await;
    }
}

#[actix_web::test]
async fn what_is_paid_for_good_after_a_month_ends_that_and_a_bank_that_took_money_back_is_charged_no_more() {
    let market = Market::open().await;
    let (month, ann) = (market.price("month").await, market.town.member("ann").await);
    let session = market.session_of(&ann.post("/api/v1/checkout", json!({ "price": month })).await);
    market.stripe.with(|world| world.pay(&session));
    market.deliver_new().await;
    market.quiet().await;
    market.pass(86_400_000);
    let ann = market.town.again(&ann).await;
    let once = market.price("once").await;
    let session = market.session_of(&ann.post("/api/v1/checkout", json!({ "price": once })).await);
    market.stripe.with(|world| world.pay(&session));
    for _ in 0..2 {
        market.deliver_new().await;
        market.quiet().await;
    }
    let there = market.stripe.with(|world| world.all("subscription").pop()).expect("a subscription");
    assert_eq!((&there["status"], may_call(&ann).await), (&json!("canceled"), json!(true)), "nothing more is charged");
    let back: i64 = market.stripe.with(|world| world.all("charge")).iter().filter_map(|one| one["amount_refunded"].as_i64()).sum();
    assert_eq!(back, 0, "what was paid was had");

    // Another plan each month; then the bank takes back what was paid for good.
    let plan = market.owner.post("/api/v1/admin/plans", json!({ "name": "Patron" })).await["id"].as_str().expect("an id").to_owned();
    let path = format!("/api/v1/admin/plans/{plan}/prices");
    let mut prices = Vec::new();
    for amount in [2_000, 3_000] {
        prices.push(market.owner.post(&path, json!({ "amount": amount, "currency": "EUR", "every": "month" })).await["id"].clone());
        if amount == 2_000 {
            let session = market.session_of(&ann.post("/api/v1/checkout", json!({ "price": prices[0] })).await);
            market.stripe.with(|world| world.pay(&session));
            market.deliver_new().await;
            market.quiet().await;
        }
    }
    let own = ann.get("/api/v1/me/membership").await["subscriptions"][0]["id"].as_str().expect("an id").to_owned();
    let changes = format!("/api/v1/me/subscriptions/{own}/changes");
    assert_eq!(ann.get(&changes).await["items"].as_array().map(Vec::len), Some(1));
    market.stripe.with(|world| {
        let intent = world.thing(&session)["payment_intent"].as_str().expect("paid").to_owned();
        let dispute = world.dispute(&intent);
        world.close_dispute(&dispute, "lost");
    });
    market.deliver_new().await;
    market.quiet().await;
    assert_eq!(ann.get(&changes).await["items"], json!([]));
    let change = json!({ "price": prices[1] });
    let preview = format!("/api/v1/me/subscriptions/{own}/change/preview");
    ann.refused(Method::POST, &preview, Some(change), 409, "billing.card_blocked").await;
    market.close().await;
}

#[actix_web::test]
async fn what_was_paid_in_one_tab_cannot_be_paid_in_another() {
    let market = Market::open().await;
    let (price, ann) = (market.price("month").await, market.town.member("ann").await);
    let first = market.session_of(&ann.post("/api/v1/checkout", json!({ "price": price })).await);
    let year = market.price("year").await;
    market.stripe.with(|world| world.pay(&first));
    let second = market.session_of(&ann.post("/api/v1/checkout", json!({ "price": year })).await);
    market.deliver_new().await;
    market.quiet().await;
    assert_eq!(market.stripe.with(|world| world.thing(&second))["status"], "expired");
    assert_eq!(may_call(&ann).await, true);
    market.close().await;
}

#[actix_web::test]
async fn whoever_is_banned_while_they_pay_has_it_when_they_are_back() {
    let market = Market::open().await;
    let (price, ann) = (market.price("month").await, market.town.member("ann").await);
    let session = market.session_of(&ann.post("/api/v1/checkout", json!({ "price": price })).await);
    market.owner.call(Method::POST, &format!("/api/v1/admin/members/{}/ban", ann.id), Some(json!({ "reason": "Shouting" }))).await;
    market.stripe.with(|world| world.pay(&session));
    market.deliver_new().await;
    market.quiet().await;
    let (status, _) = ann.call(Method::GET, "/api/v1/me/membership", None).await;
    assert!(status == 401 || status == 403, "{status}");
    let order = market.owner.get("/api/v1/admin/orders").await["items"][0].clone();
    assert_eq!((&order["state"], order["payments"].as_array().map(Vec::len)), (&json!("fulfilled"), Some(1)), "the money is in the books");
    market.owner.call(Method::POST, &format!("/api/v1/admin/members/{}/unban", ann.id), Some(json!({}))).await;
    assert_eq!(may_call(&market.town.again(&ann).await).await, true);
    market.close().await;
}

#[actix_web::test]
async fn a_price_that_changes_while_somebody_pays_counts_for_the_next_one() {
    let market = Market::open().await;
    let (old, ann, bob) = (market.price("month").await, market.town.member("ann").await, market.town.member("bob").await);
    let session = market.session_of(&ann.post("/api/v1/checkout", json!({ "price": old })).await);
    let plans = market.owner.get("/api/v1/admin/plans").await;
    let path = format!("/api/v1/admin/plans/{}/prices", plans["items"][0]["id"].as_str().expect("an id"));
    let new = market.owner.post(&path, json!({ "amount": 1_500, "currency": "EUR", "every": "month" })).await;
    market.stripe.with(|world| world.pay(&session));
    market.deliver_new().await;
    market.quiet().await;
    assert_eq!(may_call(&ann).await, true);
    let own = ann.get("/api/v1/me/membership").await["subscriptions"][0].clone();
    assert_eq!(own["money"]["amount"], 1_200, "what was shown is what is paid");
    bob.refused(Method::POST, "/api/v1/checkout", Some(json!({ "price": old })), 422, "billing.price_gone").await;
    let session = market.session_of(&bob.post("/api/v1/checkout", json!({ "price": new["id"] })).await);
    assert_eq!(market.stripe.with(|world| world.thing(&session))["amount_total"], 1_500);
    market.close().await;
}

#[actix_web::test]
async fn yen_are_whole_at_stripe_too() {
    let market = Market::open().await;
    let ann = market.town.member("ann").await;
    let plans = market.owner.get("/api/v1/admin/plans").await;
    let path = format!("/api/v1/admin/plans/{}/prices", plans["items"][0]["id"].as_str().expect("an id"));
    let price = market.owner.post(&path, json!({ "amount": 1_200, "currency": "JPY", "every": "month" })).await;
    let session = market.session_of(&ann.post("/api/v1/checkout", json!({ "price": price["id"] })).await);
    let there = market.stripe.with(|world| world.thing(&session));
    assert_eq!((&there["amount_total"], &there["currency"]), (&json!(1_200), &json!("jpy")));
    market.stripe.with(|world| world.pay(&session));
    market.deliver_new().await;
    market.quiet().await;
    let order = ann.get("/api/v1/me/orders").await["items"][0].clone();
    assert_eq!(order["payments"][0]["money"], json!({ "amount": 1_200, "currency": "JPY", "exponent": 0 }));
    assert_eq!(may_call(&ann).await, true);
    market.close().await;
}

/// Pays for a month in one tab and for a year in another, at once; the order in which Stripe was asked.
async fn paid_in_two_tabs(market: &Market, ann: &Person) -> [String; 2] {
    let (month, year) = (market.price("month").await, market.price("year").await);
    let first = market.session_of(&ann.post("/api/v1/checkout", json!({ "price": month })).await);
    market.stripe.with(|world| world.pay(&first));
    market.stripe.fail(&format!("POST /v1/checkout/sessions/{first}/expire"), Fault::Status(500));
    let second = market.session_of(&ann.post("/api/v1/checkout", json!({ "price": year })).await);
    market.stripe.with(|world| world.pay(&second));
    market.deliver_new().await;
    market.quiet().await;
    [first, second].map(|session| market.stripe.with(|world| world.thing(&session))["subscription"].as_str().expect("it renews").to_owned())
}

#[actix_web::test]
async fn what_was_paid_twice_gives_nothing_for_as_long_as_it_goes_on() {
    let market = Market::open().await;
    let ann = market.town.member("ann").await;
    (0..60).for_each(|_| market.stripe.fail("DELETE /v1/subscriptions", Fault::Status(500)));
    let [_, second] = paid_in_two_tabs(&market, &ann).await;
    assert_eq!(held(&market, &ann).await, 1);
    // Its end does not go through, and Stripe tells of it again and again.
    market.stripe.with(|world| world.becomes(&second, "active"));
    market.deliver_new().await;
    market.quiet().await;
    assert_eq!(held(&market, &ann).await, 1, "the second one has nothing to give");
    market.stripe.with(|world| world.renew(&second, true));
    market.deliver_new().await;
    market.quiet().await;
    assert_eq!(held(&market, &ann).await, 1);
    let refunds = market.stripe.with(|world| world.all("refund"));
    assert_eq!(
        refunds.iter().filter_map(|one| one["amount"].as_i64()).collect::<Vec<_>>(),
        [1_200, 1_200],
        "each of its payments goes back"
    );
    market.close().await;
}

#[actix_web::test]
async fn of_two_trials_of_one_plan_the_second_one_is_cancelled() {
    let market = Market::open().await;
    let ann = market.town.member("ann").await;
    let plans = market.owner.get("/api/v1/admin/plans").await;
    let path = format!("/api/v1/admin/plans/{}", plans["items"][0]["id"].as_str().expect("an id"));
    assert!(market.owner.call(Method::PATCH, &path, Some(json!({ "trial_days": 7 }))).await.0.is_success());
    let [first, second] = paid_in_two_tabs(&market, &ann).await;
    market.deliver_new().await;
    market.quiet().await;
    let status = |id: &str| market.stripe.with(|world| world.thing(id))["status"].clone();
    assert_eq!((status(&first), status(&second)), (json!("trialing"), json!("canceled")));
    let orders = ann.get("/api/v1/me/orders").await["items"].clone();
    assert_eq!((&orders[0]["state"], &orders[1]["state"]), (&json!("cancelled"), &json!("fulfilled")), "it has neither money nor a plan");
    assert_eq!(held(&market, &ann).await, 1);
    market.close().await;
}

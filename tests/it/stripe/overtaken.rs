//! What was overtaken: changes that nobody learnt of, calls that would be made again after a later one, and answers that are old when they come.

use reqwest::Method;
use serde_json::{Value, json};

use super::Market;
use super::changes::{Paid, own, paid};
use crate::support::stripe::Fault;

const DAY: i64 = 86_400_000;
/// After so long a call whose answer nobody got is made again.
const AGAIN: i64 = 61_000;

/// How much was charged, each time.
fn charged(market: &Market) -> Vec<i64> {
    market.stripe.with(|world| world.all("charge")).iter().filter_map(|one| one["amount"].as_i64()).collect()
}

/// What the subscription costs at Stripe.
fn price_there(paid: &Paid) -> Value {
    paid.there()["items"]["data"][0]["price"]["unit_amount"].clone()
}

#[actix_web::test]
async fn where_a_cheaper_plan_was_planned_unknown_to_us_no_difference_is_counted_from_it() {
    let paid = paid().await;
    let change = format!("{}/change", paid.path);
    let (dearer, cheaper) = (paid.preview(&paid.patron).await, paid.preview(&paid.friend).await);
    // It is done there; the program that had asked for it learns so later, and no webhook tells what became of it.
    paid.market.stripe.fail("POST /v1/subscriptions/", Fault::DoneHangup);
    assert_eq!(paid.ann.call(Method::POST, &change, Some(Paid::agreed(&paid.friend, &cheaper))).await.0, 503);
    paid.market.pass(AGAIN);
    paid.market.quiet().await;
    assert_eq!((price_there(&paid), &own(&paid.ann).await["next"]), (json!(600), &Value::Null), "our row does not know");
    // Twelve are paid, and six would count.
    let preview = json!({ "price": paid.patron });
    paid.ann.refused(Method::POST, &format!("{change}/preview"), Some(preview), 409, "billing.change_stale").await;
    assert_eq!(own(&paid.ann).await["next"]["plan"]["name"], "Friend", "now it does");
    paid.ann.refused(Method::POST, &change, Some(Paid::agreed(&paid.patron, &dearer)), 409, "billing.change_planned").await;
    assert_eq!(charged(&paid.market), [1_200]);
    // Given up, the difference is that of what is paid.
    paid.ann.post(&format!("{change}/cancel"), json!({})).await;
    assert_eq!(paid.preview(&paid.patron).await["due"]["amount"], 1_200);
    paid.market.close().await;
}

#[actix_web::test]
async fn what_was_decided_unknown_to_us_is_seen_when_a_change_is_decided() {
    let paid = paid().await;
    let change = format!("{}/change", paid.path);
    let shown = paid.preview(&paid.patron).await;
    let id = paid.there()["id"].as_str().expect("an id").to_owned();
    let differs = |field: &str, value: Value| {
        paid.market.stripe.with(|world| {
            let mut it = world.thing(&id);
            it[field] = value;
            world.put(&it);
        });
    };
    differs("schedule", json!("sub_sched_1"));
    paid.ann.refused(Method::POST, &change, Some(Paid::agreed(&paid.patron, &shown)), 409, "billing.change_elsewhere").await;
    differs("schedule", Value::Null);
    // Cancelled in the portal: nobody pays a difference for what ends.
    differs("cancel_at_period_end", json!(true));
    paid.ann.refused(Method::POST, &change, Some(Paid::agreed(&paid.patron, &shown)), 409, "billing.change_stale").await;
    assert_eq!(own(&paid.ann).await["cancels_at_end"], true);
    assert_eq!(charged(&paid.market), [1_200]);
    paid.market.close().await;
}

#[actix_web::test]
async fn a_change_whose_outcome_nobody_knows_comes_to_its_end_before_the_next_one() {
    let paid = paid().await;
    let change = format!("{}/change", paid.path);
    let (dearer, cheaper) = (paid.preview(&paid.patron).await, paid.preview(&paid.friend).await);
    // Stripe never heard of it; it is written down, and would be made again.
    paid.market.stripe.fail("POST /v1/subscriptions/", Fault::Hangup);
    assert_eq!(paid.ann.call(Method::POST, &change, Some(Paid::agreed(&paid.friend, &cheaper))).await.0, 503);
    paid.ann.refused(Method::POST, &change, Some(Paid::agreed(&paid.patron, &dearer)), 409, "billing.change_stale").await;
    assert_eq!(own(&paid.ann).await["next"]["plan"]["name"], "Friend", "what was decided first is done first");
    paid.ann.post(&format!("{change}/cancel"), json!({})).await;
    let shown = paid.preview(&paid.patron).await;
    paid.ann.post(&change, Paid::agreed(&paid.patron, &shown)).await;
    paid.market.pass(AGAIN);
    paid.market.deliver_new().await;
    paid.market.quiet().await;
    assert_eq!((price_there(&paid), &own(&paid.ann).await["plan"]["name"]), (json!(2_400), &json!("Patron")), "and not once more");
    paid.market.close().await;
}

#[actix_web::test]
async fn whoever_goes_on_after_all_is_not_cancelled_by_a_call_of_before() {
    let paid = paid().await;
    let (cancel, resume) = (format!("{}/cancel", paid.path), format!("{}/resume", paid.path));
    let id = paid.there()["id"].as_str().expect("an id").to_owned();
    paid.market.stripe.fail("POST /v1/subscriptions/", Fault::Hangup);
    assert_eq!(paid.ann.call(Method::POST, &cancel, Some(json!({}))).await.0, 503);
    // It was looked at meanwhile, so the next try is another call.
    paid.market.pass(1_000);
    paid.market.stripe.with(|world| world.becomes(&id, "active"));
    paid.market.deliver_new().await;
    paid.market.quiet().await;
    assert_eq!(paid.ann.post(&cancel, json!({})).await["cancels_at_end"], true);
    paid.market.pass(1_000);
    assert_eq!(paid.ann.post(&resume, json!({})).await["cancels_at_end"], false);
    paid.market.pass(AGAIN);
    paid.market.deliver_new().await;
    paid.market.quiet().await;
    assert_eq!((&paid.there()["cancel_at_period_end"], &own(&paid.ann).await["cancels_at_end"]), (&json!(false), &json!(false)));
    paid.market.close().await;
}

#[actix_web::test]
async fn of_two_changes_at_once_the_second_is_weighed_with_what_the_first_one_made() {
    let paid = paid().await;
    let change = format!("{}/change", paid.path);
    let (dearer, cheaper) = (paid.preview(&paid.patron).await, paid.preview(&paid.friend).await);
    // The cheaper plan is weighed with what is so before the dearer one is paid, and would be decided after it.
    let held = paid.market.stripe.hold("GET /v1/subscriptions/");
    let late = paid.ann.call(Method::POST, &change, Some(Paid::agreed(&paid.friend, &cheaper)));
    let first = async {
        held.came().await;
        let done = paid.ann.post(&change, Paid::agreed(&paid.patron, &dearer)).await;
        held.release();
        done
    };
    let ((status, answer), done) = futures_util::join!(late, first);
    assert_eq!((status.as_u16(), answer["code"].as_str()), (409, Some("billing.change_stale")), "{answer}");
    assert_eq!(done["subscription"]["plan"]["name"], "Patron");
    paid.market.deliver_new().await;
    paid.market.quiet().await;
    assert_eq!((price_there(&paid), &own(&paid.ann).await["plan"]["name"]), (json!(2_400), &json!("Patron")));
    assert_eq!(paid.there()["metadata"]["rialto_until"], Value::Null);
    paid.market.close().await;
}

#[actix_web::test]
async fn an_answer_from_before_a_change_does_not_undo_it_here() {
    let paid = paid().await;
    let id = paid.there()["id"].as_str().expect("an id").to_owned();
    let shown = paid.preview(&paid.patron).await;
    let held = paid.market.stripe.hold("GET /v1/subscriptions/");
    paid.market.stripe.with(|world| world.becomes(&id, "active"));
    paid.market.deliver_new().await;
    held.came().await;
    paid.market.pass(10);
    let changed = paid.ann.post(&format!("{}/change", paid.path), Paid::agreed(&paid.patron, &shown)).await;
    assert_eq!(changed["subscription"]["plan"]["name"], "Patron");
    // Nothing more is told: what comes now is how it was before.
    held.release();
    paid.market.quiet().await;
    assert_eq!((&own(&paid.ann).await["plan"]["name"], paid.worth("rooms.create").await), (&json!("Patron"), json!(true)));
    paid.market.close().await;
}

#[actix_web::test]
async fn an_answer_from_before_a_refund_books_nothing() {
    let market = Market::open().await;
    let (price, ann) = (market.price("once").await, market.town.member("ann").await);
    let session = market.session_of(&ann.post("/api/v1/checkout", json!({ "price": price })).await);
    market.stripe.with(|world| world.pay(&session));
    market.deliver_new().await;
    market.quiet().await;
    let payments = async || ann.get("/api/v1/me/orders").await["items"][0]["payments"].clone();
    let path = format!("/api/v1/admin/payments/{}/refund", payments().await[0]["id"].as_str().expect("an id"));
    let held = market.stripe.hold("GET /v1/charges");
    market.stripe.with(|world| world.happened("checkout.session.async_payment_succeeded", &session));
    market.deliver_new().await;
    held.came().await;
    market.pass(10);
    assert_eq!(market.owner.post(&path, json!({ "note": "All of it" })).await["state"], "refunded");
    market.pass(10);
    held.release();
    market.quiet().await;
    let sums = |all: &Value| all.as_array().expect("a list").iter().filter_map(|one| one["money"]["amount"].as_i64()).collect::<Vec<_>>();
    assert_eq!(sums(&payments().await), [1_200, -1_200], "what is old says nothing of what came later");
    // A refund that fails later is a row the other way all the same.
    market.pass(10);
    market.stripe.with(|world| {
        let refund = world.all("refund").pop().expect("a refund")["id"].as_str().expect("an id").to_owned();
        world.fail_refund(&refund);
    });
    market.deliver_new().await;
    market.quiet().await;
    assert_eq!(sums(&payments().await), [1_200, -1_200, 1_200]);
    market.close().await;
}

#[actix_web::test]
async fn a_checkout_of_which_nobody_learns_gives_its_use_back_after_a_day() {
    let market = Market::open().await;
    let (price, ann, ben) = (market.price("month").await, market.town.member("ann").await, market.town.member("ben").await);
    market.owner.post("/api/v1/admin/promotions", json!({ "code": "ONE", "percent": 25, "max_uses": 1 })).await;
    let wish = json!({ "price": price, "promotion": "ONE" });
    (0..40).for_each(|_| market.stripe.fail("POST /v1/checkout/sessions", Fault::Hangup));
    assert_eq!(ann.call(Method::POST, "/api/v1/checkout", Some(wish.clone())).await.0, 503, "nobody knows what became of it");
    ben.refused(Method::POST, "/api/v1/checkout", Some(wish.clone()), 422, "billing.promotion_used").await;
    for (pass, uses, state) in [(DAY - 60_000, 1, "awaiting"), (120_000, 0, "expired")] {
        market.pass(pass);
        market.quiet().await;
        let (owner, ann) = (market.town.again(&market.owner).await, market.town.again(&ann).await);
        assert_eq!(owner.get("/api/v1/admin/promotions").await["items"][0]["uses"], uses);
        assert_eq!(ann.get("/api/v1/me/orders").await["items"][0]["state"], state);
    }
    market.close().await;
}

#[actix_web::test]
async fn who_cancels_what_they_owe_is_not_asked_for_it_any_more() {
    let paid = paid().await;
    let id = paid.there()["id"].as_str().expect("an id").to_owned();
    paid.market.stripe.with(|world| world.renew(&id, false));
    paid.market.deliver_new().await;
    paid.market.quiet().await;
    let mut tab = paid.ann.connect().await;
    let owed = async || paid.ann.get("/api/v1/me/state").await["owed"]["plan"].clone();
    assert_eq!(owed().await, "Member");
    // Paid in another tab: it goes in this one.
    paid.market.stripe.with(|world| world.retry(&id));
    paid.market.deliver_new().await;
    while tab.event("entitlements_changed").await["event"]["owed"] != Value::Null {}
    assert_eq!(owed().await, Value::Null);
    paid.market.pass(1_000);
    paid.market.stripe.with(|world| world.renew(&id, false));
    paid.market.deliver_new().await;
    paid.market.quiet().await;
    let over = paid.ann.post(&format!("{}/cancel", paid.path), json!({})).await;
    assert_eq!((&over["status"], &paid.there()["status"]), (&json!("canceled"), &json!("canceled")), "its card is not tried again");
    assert_eq!((owed().await, paid.worth("calls.start").await), (Value::Null, json!(false)));
    paid.market.close().await;
}

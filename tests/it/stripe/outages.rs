//! Bad days between Stripe and us: webhooks before our own answer, twice at once, lost for three days; a hint that nobody follows.

use diesel::prelude::*;
use serde_json::json;

use super::Market;
use crate::support::Person;

async fn may_call(member: &Person) -> bool {
    member.get("/api/v1/me/membership").await["entitlements"]["calls.start"] == true
}

async fn payments(member: &Person) -> usize {
    let page = member.get("/api/v1/me/orders").await;
    page["items"].as_array().expect("a list").iter().filter_map(|one| one["payments"].as_array().map(Vec::len)).sum()
}

#[actix_web::test]
async fn a_webhook_may_come_before_the_answer_to_our_own_call() {
    let market = Market::open().await;
    let (price, ann) = (market.price("month").await, market.town.member("ann").await);
    let held = market.stripe.hold("POST /v1/checkout/sessions");
    let opens = ann.post("/api/v1/checkout", json!({ "price": price }));
    let meanwhile = async {
        held.came().await;
        let session = market.stripe.with(|world| world.all("checkout.session"))[0]["id"].as_str().expect("an id").to_owned();
        market.stripe.with(|world| world.pay(&session));
        market.deliver_new().await;
        market.until(async || may_call(&ann).await).await;
        held.release();
    };
    let (opened, ()) = tokio::join!(opens, meanwhile);
    market.quiet().await;
    let order = ann.get("/api/v1/me/orders").await["items"][0].clone();
    assert_eq!((&order["id"], &order["state"]), (&opened["order"], &json!("fulfilled")), "the late answer undoes nothing");
    assert_eq!(payments(&ann).await, 1);
    market.close().await;
}

#[actix_web::test]
async fn the_same_webhook_twelve_times_at_once_is_one() {
    let market = Market::open().await;
    let (price, ann) = (market.price("once").await, market.town.member("ann").await);
    let session = market.session_of(&ann.post("/api/v1/checkout", json!({ "price": price })).await);
    market.stripe.with(|world| world.pay(&session));
    let event = market.stripe.with(|world| world.events.last().cloned()).expect("it happened");
    futures_util::future::join_all((0..12).map(|_| market.deliver(event.clone()))).await;
    market.quiet().await;
    assert!(may_call(&ann).await);
    assert_eq!(payments(&ann).await, 1);
    assert_eq!(market.owner.get("/api/v1/admin/stripe/events").await["items"].as_array().map(Vec::len), Some(1));
    market.close().await;
}

#[actix_web::test]
async fn three_days_without_webhooks_end_in_the_same_state() {
    let market = Market::open().await;
    let (month, once) = (market.price("month").await, market.price("once").await);
    let mut people = Vec::new();
    for (name, price) in [("ann", &month), ("ben", &month), ("cat", &once)] {
        let member = market.town.member(name).await;
        let session = market.session_of(&member.post("/api/v1/checkout", json!({ "price": price })).await);
        market.stripe.with(|world| world.pay(&session));
        people.push((member, session));
    }
    let of = |n: usize, field: &str| {
        let visit = market.stripe.with(|world| world.thing(&people[n].1));
        visit[field].as_str().expect("an id").to_owned()
    };
    let (fails, ends, back) = (of(0, "subscription"), of(1, "subscription"), of(2, "payment_intent"));
    market.stripe.with(|world| {
        world.renew(&fails, false);
        world.end_subscription(&ends);
        world.give_back(&back, 1_200);
    });
    for _ in 0..12 {
        market.pass(6 * 3_600_000);
        market.quiet().await;
    }
    let owner = market.town.again(&market.owner).await;
    let page = owner.get("/api/v1/admin/subscriptions").await;
    let mut seen: Vec<&str> = page["items"].as_array().expect("a list").iter().filter_map(|one| one["status"].as_str()).collect();
    seen.sort_unstable();
    assert_eq!(seen, ["canceled", "past_due"]);
    let has = [true, false, false];
    for ((member, _), has) in people.iter().zip(has) {
        let member = market.town.again(member).await;
        assert_eq!(may_call(&member).await, has, "{}", member.name);
    }
    // Stripe sends them all the same once it can, and they change nothing.
    let before = owner.get("/api/v1/admin/earned").await;
    market.deliver_new().await;
    market.quiet().await;
    assert_eq!(owner.get("/api/v1/admin/earned").await, before);
    market.close().await;
}

#[actix_web::test]
async fn a_hint_that_is_lost_between_the_inbox_and_its_worker_is_made_up_for_by_the_next_round() {
    let market = Market::open().await;
    let (price, ann) = (market.price("month").await, market.town.member("ann").await);
    let session = market.session_of(&ann.post("/api/v1/checkout", json!({ "price": price })).await);
    market.stripe.with(|world| world.pay(&session));
    let held = market.stripe.hold("GET /v1/");
    market.deliver_new().await;
    held.came().await;
    let db = &market.town.app().ground.db;
    db.write(|tx| Ok(diesel::sql_query("DELETE FROM jobs WHERE kind = 'stripe.event'").execute(&mut **tx)?)).await.expect("lost");
    held.release();
    market.pass(15 * 60_000);
    market.quiet().await;
    assert!(may_call(&ann).await);
    assert_eq!(payments(&ann).await, 1);
    assert_eq!(market.owner.get("/api/v1/admin/stripe").await["waiting"], 0, "each is taken up again");
    market.close().await;
}

#[actix_web::test]
async fn a_payment_that_fails_is_counted_in_its_month_and_once() {
    let market = Market::open().await;
    let (price, ann, ben) = (market.price("month").await, market.town.member("ann").await, market.town.member("ben").await);
    let session = market.session_of(&ann.post("/api/v1/checkout", json!({ "price": price })).await);
    market.stripe.with(|world| world.pay(&session));
    let id = market.stripe.with(|world| world.thing(&session))["subscription"].as_str().expect("it renews").to_owned();
    let plan = market.owner.get("/api/v1/admin/plans").await["items"][0]["id"].clone();
    let sale = json!({ "plan": plan, "price": price, "amount": 1_200, "currency": "EUR", "method": "cash" });
    market.owner.post(&format!("/api/v1/admin/members/{}/payments", ben.id), sale).await;
    market.deliver_new().await;
    market.quiet().await;
    let failed = async |owner: &Person| {
        let months = owner.get("/api/v1/admin/figures").await["months"].clone();
        [months[0]["failed"].clone(), months[1]["failed"].clone()]
    };
    assert_eq!(failed(&market.owner).await, [json!(0), json!(0)]);
    // By card it fails in November; told again it is the same.
    market.stripe.with(|world| world.renew(&id, false));
    market.deliver_new().await;
    market.quiet().await;
    market.stripe.with(|world| world.becomes(&id, "past_due"));
    market.deliver_new().await;
    market.quiet().await;
    assert_eq!(failed(&market.owner).await, [json!(1), json!(0)]);
    // The next period fails as well, while the first is still owed: it is another one.
    market.pass(86_400_000);
    market.stripe.with(|world| world.renew(&id, false));
    market.deliver_new().await;
    market.quiet().await;
    assert_eq!(failed(&market.owner).await, [json!(2), json!(0)]);
    // By hand it is not made on the first of December.
    market.pass(31 * 86_400_000);
    market.quiet().await;
    let owner = market.town.again(&market.owner).await;
    assert_eq!(failed(&owner).await, [json!(1), json!(2)]);
    market.close().await;
}

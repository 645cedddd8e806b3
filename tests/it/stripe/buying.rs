//! Members pay at the double, and what they paid for is theirs: by webhooks in any order, by coming back, and without either.

use rand_order::Shuffle;
use reqwest::Method;
use serde_json::{Value, json};

use super::Market;
use crate::support::Person;
use crate::support::stripe::{Delivered, Fault};

/// A small generator of orders: the same ones in every run.
mod rand_order {
    /// Xorshift; not zero.
    pub struct Shuffle(pub u64);

    impl Shuffle {
        /// A number below `n`.
        pub fn below(&mut self, n: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 % u64::try_from(n).expect("small")).expect("small")
        }

        /// Another order.
        pub fn shuffle<T>(&mut self, all: &mut [T]) {
            for at in (1..all.len()).rev() {
                all.swap(at, self.below(at + 1));
            }
        }
    }
}

async fn may_call(member: &Person) -> bool {
    member.get("/api/v1/me/membership").await["entitlements"]["calls.start"] == true
}

async fn orders(member: &Person) -> Vec<(String, usize)> {
    let page = member.get("/api/v1/me/orders").await;
    let each = |one: &Value| (one["state"].as_str().expect("a state").to_owned(), one["payments"].as_array().expect("a list").len());
    page["items"].as_array().expect("a list").iter().map(each).collect()
}

async fn subscription(market: &Market, member: &Person) -> Value {
    let page = market.owner.get("/api/v1/admin/subscriptions").await;
    let own = page["items"].as_array().expect("a list").iter().find(|one| one["member"] == json!(member.id)).cloned();
    own.unwrap_or(Value::Null)
}

#[actix_web::test]
async fn what_is_paid_works_once_the_webhook_is_followed() {
    let market = Market::open().await;
    let (price, ann) = (market.price("month").await, market.town.member("ann").await);
    let opened = ann.post("/api/v1/checkout", json!({ "price": price })).await;
    let session = market.session_of(&opened);
    assert!(opened["url"].as_str().is_some_and(|url| url.ends_with(&session)));
    assert!(!may_call(&ann).await);
    market.stripe.with(|world| world.pay(&session));
    assert!(!may_call(&ann).await, "nobody has told us");
    market.deliver_new().await;
    market.quiet().await;
    assert!(may_call(&ann).await);
    assert_eq!(orders(&ann).await, [("fulfilled".to_owned(), 1)]);
    let own = subscription(&market, &ann).await;
    assert_eq!((&own["status"], &own["provider"], &own["money"]["amount"]), (&json!("active"), &json!("stripe"), &json!(1_200)));
    let made = market.stripe.with(|world| world.all("customer"));
    assert_eq!((made.len(), &made[0]["metadata"]["rialto_member"]), (1, &json!(ann.id)));
    ann.refused(Method::POST, "/api/v1/checkout", Some(json!({ "price": price })), 409, "billing.has_subscription").await;
    market.close().await;
}

#[actix_web::test]
async fn whoever_comes_back_has_it_without_any_webhook_and_nothing_is_taken_from_the_address() {
    let market = Market::open().await;
    let (price, ann, bob) = (market.price("once").await, market.town.member("ann").await, market.town.member("bob").await);
    let opened = ann.post("/api/v1/checkout", json!({ "price": price })).await;
    let (session, order) = (market.session_of(&opened), opened["order"].as_str().expect("an id"));
    let settle = format!("/api/v1/me/orders/{order}/settle");
    assert_eq!(ann.post(&settle, json!({ "state": "paid" })).await["state"], "awaiting", "what the browser says means nothing");
    assert!(!may_call(&ann).await);
    bob.refused(Method::POST, &settle, Some(json!({})), 404, "error.not_found").await;
    market.stripe.with(|world| world.pay(&session));
    assert_eq!(ann.post(&settle, json!({})).await["state"], "fulfilled");
    assert!(may_call(&ann).await && !may_call(&bob).await);
    assert_eq!(ann.post(&settle, json!({})).await["state"], "fulfilled", "again it does nothing");
    market.deliver_new().await;
    market.quiet().await;
    assert_eq!(orders(&ann).await, [("fulfilled".to_owned(), 1)]);
    market.close().await;
}

#[actix_web::test]
async fn two_clicks_and_a_lost_answer_are_one_checkout() {
    let market = Market::open().await;
    let (price, ann) = (market.price("month").await, market.town.member("ann").await);
    market.stripe.fail("POST /v1/checkout/sessions", Fault::DoneHangup);
    let body = json!({ "price": price });
    assert_eq!(ann.call(Method::POST, "/api/v1/checkout", Some(body.clone())).await.0, 503, "nobody knows what became of it");
    let first = ann.post("/api/v1/checkout", body.clone()).await;
    let second = ann.post("/api/v1/checkout", body).await;
    assert_eq!(first, second);
    let asked = market.stripe.asked("POST /v1/checkout/sessions");
    assert_eq!(asked.iter().filter(|asked| asked.had_effect).count(), 1);
    assert_eq!(market.stripe.with(|world| world.all("checkout.session").len()), 1);
    market.close().await;
}

#[actix_web::test]
async fn another_price_ends_the_checkout_before() {
    let market = Market::open().await;
    let (month, year, ann) = (market.price("month").await, market.price("year").await, market.town.member("ann").await);
    let first = market.session_of(&ann.post("/api/v1/checkout", json!({ "price": month })).await);
    let second = market.session_of(&ann.post("/api/v1/checkout", json!({ "price": year })).await);
    market.quiet().await;
    assert_eq!(market.stripe.with(|world| world.thing(&first))["status"], "expired", "only one can be paid");
    market.stripe.with(|world| world.pay(&second));
    market.deliver_new().await;
    market.quiet().await;
    assert!(may_call(&ann).await);
    assert_eq!(subscription(&market, &ann).await["every"], "year");
    market.close().await;
}

#[actix_web::test]
async fn what_goes_back_all_of_it_takes_the_right_with_it_and_a_part_does_not() {
    let market = Market::open().await;
    let (price, ann, bob) = (market.price("once").await, market.town.member("ann").await, market.town.member("bob").await);
    let mut paid = Vec::new();
    for buyer in [&ann, &bob] {
        let session = market.session_of(&buyer.post("/api/v1/checkout", json!({ "price": price })).await);
        market.stripe.with(|world| world.pay(&session));
        paid.push(market.stripe.with(|world| world.thing(&session))["payment_intent"].as_str().expect("paid").to_owned());
    }
    market.deliver_new().await;
    market.quiet().await;
    assert!(may_call(&ann).await && may_call(&bob).await);
    market.stripe.with(|world| world.give_back(&paid[0], 200));
    market.deliver_new().await;
    market.quiet().await;
    assert!(may_call(&ann).await, "a part of it");
    market.stripe.with(|world| world.give_back(&paid[0], 1_000));
    let dispute = market.stripe.with(|world| world.dispute(&paid[1]));
    market.deliver_new().await;
    market.quiet().await;
    assert!(!may_call(&ann).await && may_call(&bob).await, "a dispute decides nothing before its end");
    assert_eq!(orders(&ann).await, [("refunded".to_owned(), 3)], "each part is a row of its own");
    market.stripe.with(|world| world.close_dispute(&dispute, "lost"));
    market.deliver_new().await;
    market.quiet().await;
    assert!(!may_call(&bob).await);
    market.close().await;
}

#[actix_web::test]
async fn in_every_order_doubled_and_at_once_the_end_is_what_stripe_says() {
    let market = Market::open().await;
    let price = market.price("month").await;
    let mut chance = Shuffle(0x5eed);
    for round in 0..24_u32 {
        let ann = market.town.member(&format!("ann{round}")).await;
        let session = market.session_of(&ann.post("/api/v1/checkout", json!({ "price": price })).await);
        let from = market.stripe.with(|world| world.events.len());
        market.stripe.with(|world| world.pay(&session));
        let id = market.stripe.with(|world| world.thing(&session))["subscription"].as_str().expect("it renews").to_owned();
        market.stripe.with(|world| {
            if round % 3 > 0 {
                world.renew(&id, false);
            }
            if round % 3 > 1 {
                world.retry(&id);
            }
            if round % 2 > 0 {
                let mut it = world.thing(&id);
                it["cancel_at_period_end"] = json!(true);
                world.put(&it);
                world.happened("customer.subscription.updated", &id);
            }
        });
        let mut events: Vec<Value> = market.stripe.with(|world| world.events[from..].to_vec());
        assert!(events.len() >= 5, "{}", events.len());
        let again: Vec<Value> = events.iter().filter(|_| chance.below(2) == 0).cloned().collect();
        events.extend(again.iter().cloned());
        events.extend(again.into_iter().filter(|_| chance.below(2) == 0));
        chance.shuffle(&mut events);
        let address = market.town.running.as_ref().expect("it runs").address;
        for pair in events.chunks(2) {
            let send = |event: Value| market.deliver(event);
            let answers = futures_util::future::join_all(pair.iter().cloned().map(send)).await;
            assert!(answers.iter().all(|answer| *answer == Delivered::Answered(200)), "round {round}: {answers:?}");
            if chance.below(4) == 0 {
                market.stripe.deliver_and_leave(address, &pair[0], market.now_s()).await;
            }
        }
        market.quiet().await;
        let (own, theirs) = (subscription(&market, &ann).await, market.stripe.with(|world| world.thing(&id)));
        assert_eq!((&own["status"], &own["cancels_at_end"]), (&theirs["status"], &theirs["cancel_at_period_end"]), "round {round}");
        assert_eq!(
            own["period_end"],
            json!(theirs["items"]["data"][0]["current_period_end"].as_i64().expect("a time") * 1_000),
            "round {round}"
        );
        assert!(may_call(&ann).await, "round {round}: paid, or owed for less than the days of grace");
        let paid = market.stripe.with(|world| world.all("invoice")).into_iter().filter(|bill| {
            bill["status"] == "paid" && bill["parent"]["subscription_details"]["subscription"] == json!(id) && bill["amount_paid"] != 0
        });
        let payments: usize = orders(&ann).await.iter().map(|(_, payments)| payments).sum();
        assert_eq!(payments, paid.count(), "round {round}: each payment once");
    }
    assert_eq!(market.owner.get("/api/v1/admin/stripe").await["drift"], 0, "webhooks told it all");
    market.close().await;
}

#[actix_web::test]
async fn an_answer_that_is_late_does_not_undo_a_newer_one() {
    let market = Market::open().await;
    let (price, ann) = (market.price("month").await, market.town.member("ann").await);
    let session = market.session_of(&ann.post("/api/v1/checkout", json!({ "price": price })).await);
    market.stripe.with(|world| world.pay(&session));
    market.deliver_new().await;
    market.quiet().await;
    let id = market.stripe.with(|world| world.thing(&session))["subscription"].as_str().expect("it renews").to_owned();
    let held = market.stripe.hold(&format!("GET /v1/subscriptions/{id}"));
    market.stripe.with(|world| world.becomes(&id, "past_due"));
    market.deliver_new().await;
    held.came().await;
    market.stripe.with(|world| {
        let mut it = world.thing(&id);
        it["cancel_at_period_end"] = json!(true);
        world.put(&it);
        world.becomes(&id, "active");
    });
    market.deliver_new().await;
    market.until(async || subscription(&market, &ann).await["cancels_at_end"] == true).await;
    held.release();
    market.quiet().await;
    let own = subscription(&market, &ann).await;
    assert_eq!((&own["status"], &own["cancels_at_end"]), (&json!("active"), &json!(true)));
    market.close().await;
}

#[actix_web::test]
async fn without_any_webhook_it_is_found_within_a_quarter_of_an_hour_and_counted() {
    let market = Market::open().await;
    let (price, ann) = (market.price("month").await, market.town.member("ann").await);
    let session = market.session_of(&ann.post("/api/v1/checkout", json!({ "price": price })).await);
    market.stripe.with(|world| world.pay(&session));
    market.pass(15 * 60_000);
    market.quiet().await;
    assert!(may_call(&ann).await);
    let drift = market.owner.get("/api/v1/admin/stripe").await["drift"].as_i64().expect("a number");
    assert!(drift > 0);
    let id = market.stripe.with(|world| world.thing(&session))["subscription"].as_str().expect("it renews").to_owned();
    market.stripe.with(|world| world.end_subscription(&id));
    market.pass(15 * 60_000);
    market.quiet().await;
    assert_eq!(subscription(&market, &ann).await["status"], "canceled");
    assert!(!may_call(&ann).await);
    assert!(market.owner.get("/api/v1/admin/stripe").await["drift"].as_i64() > Some(drift));
    market.close().await;
}

#[actix_web::test]
async fn a_subscription_is_cancelled_and_resumed_there() {
    let market = Market::open().await;
    let (price, ann) = (market.price("year").await, market.town.member("ann").await);
    let session = market.session_of(&ann.post("/api/v1/checkout", json!({ "price": price })).await);
    market.stripe.with(|world| world.pay(&session));
    market.deliver_new().await;
    market.quiet().await;
    let id = subscription(&market, &ann).await["id"].as_str().expect("an id").to_owned();
    let external = market.stripe.with(|world| world.all("subscription"))[0]["id"].as_str().expect("an id").to_owned();
    for (verb, ends) in [("cancel", true), ("cancel", true), ("resume", false)] {
        let answer = ann.post(&format!("/api/v1/me/subscriptions/{id}/{verb}"), json!({})).await;
        assert_eq!(answer["cancels_at_end"], ends, "{verb}");
        assert_eq!(market.stripe.with(|world| world.thing(&external))["cancel_at_period_end"], ends, "{verb}");
    }
    let portal = ann.post(&format!("/api/v1/me/subscriptions/{id}/portal"), json!({})).await;
    assert!(portal["url"].as_str().is_some_and(|url| url.starts_with("https://")));
    market.close().await;
}

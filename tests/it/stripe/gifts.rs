//! Gifts bought at the double: paid once by a price of their own, passed on, and gone with their money.

use reqwest::Method;
use rialto::storage::{Conn, hold_members};
use serde_json::{Value, json};

use super::Market;
use crate::support::Person;

/// Buys a gift and comes back from paying: the order and the payment's name there.
async fn buy(market: &Market, ann: &Person, price: &str) -> (String, String) {
    let opened = ann.post("/api/v1/checkout", json!({ "price": price, "gift": true })).await;
    let (session, order) = (market.session_of(&opened), opened["order"].as_str().expect("an id").to_owned());
    market.stripe.with(|world| world.pay(&session));
    let settled = ann.post(&format!("/api/v1/me/orders/{order}/settle"), json!({})).await;
    assert_eq!((&settled["state"], &settled["gift"]), (&json!("fulfilled"), &json!(true)));
    let intent =
        market.stripe.with(|world| world.all("checkout.session").into_iter().find(|one| one["id"] == json!(session)).expect("a visit"));
    assert_eq!((&intent["mode"], &intent["amount_total"]), (&json!("payment"), &json!(1_200)));
    (order, intent["payment_intent"].as_str().expect("a payment").to_owned())
}

async fn may_call(member: &Person) -> Value {
    member.get("/api/v1/me").await["entitlements"]["calls.start"].clone()
}

async fn newest_code(ann: &Person) -> String {
    ann.get("/api/v1/me/gifts").await["items"][0]["code"].as_str().expect("a code").to_owned()
}

async fn redeem(person: &Person, code: &str) -> u16 {
    person.call(Method::POST, "/api/v1/me/gifts/redeem", Some(json!({ "code": code }))).await.0.as_u16()
}

#[actix_web::test]
async fn a_gift_is_paid_once_beside_a_membership_by_the_same_price_and_goes_back_with_its_money() {
    let market = Market::open().await;
    let price = market.price("month").await;
    let plan = market.owner.get("/api/v1/admin/plans").await["items"][0]["id"].as_str().expect("an id").to_owned();
    market.owner.call(Method::PATCH, &format!("/api/v1/admin/plans/{plan}"), Some(json!({ "gifts": true }))).await;
    let (ann, bob) = (market.town.member("ann").await, market.town.member("bob").await);

    // A membership of her own by the price, and two gifts beside it: neither is taken for the other.
    let own = ann.post("/api/v1/checkout", json!({ "price": price })).await;
    let session = market.session_of(&own);
    market.stripe.with(|world| world.pay(&session));
    let (_, first) = buy(&market, &ann, &price).await;
    let first_code = newest_code(&ann).await;
    let (_, second) = buy(&market, &ann, &price).await;
    let second_code = newest_code(&ann).await;
    market.deliver_new().await;
    market.quiet().await;
    assert_eq!(may_call(&ann).await, true);
    assert_eq!(ann.get("/api/v1/me/membership").await["subscriptions"].as_array().map(Vec::len), Some(1));
    let prices = market.stripe.with(|world| world.all("price"));
    let keys: Vec<_> = prices.iter().map(|one| (one["lookup_key"].clone(), one["recurring"].is_null())).collect();
    assert_eq!(keys, [(json!(format!("rialto_{price}")), false), (json!(format!("rialto_{price}_once")), true)]);

    // One is redeemed, and both go back at Stripe without asking us: nothing of what went back is worth anything.
    assert_eq!(redeem(&bob, &first_code).await, 200);
    assert_eq!(may_call(&bob).await, true);
    for intent in [&first, &second] {
        market.stripe.with(|world| world.give_back(intent, 1_200));
    }
    market.deliver_new().await;
    market.quiet().await;
    assert_eq!(may_call(&bob).await, false);
    assert_eq!(redeem(&bob, &second_code).await, 422);
    let gifts = ann.get("/api/v1/me/gifts").await;
    assert_eq!((&gifts["items"][0]["state"], &gifts["items"][1]["state"]), (&json!("withdrawn"), &json!("redeemed")));
    assert_eq!(may_call(&ann).await, true, "her own membership stays");
    market.close().await;
}

/// Two who gave each other a gift, both redeemed: they, and the payments at Stripe.
async fn crosswise(market: &Market) -> ([Person; 2], [String; 2], [String; 2]) {
    let price = market.price("once").await;
    let plan = market.owner.get("/api/v1/admin/plans").await["items"][0]["id"].as_str().expect("an id").to_owned();
    market.owner.call(Method::PATCH, &format!("/api/v1/admin/plans/{plan}"), Some(json!({ "gifts": true }))).await;
    let (ann, bob) = (market.town.member("ann").await, market.town.member("bob").await);
    let (first, paid) = buy(market, &ann, &price).await;
    let code = newest_code(&ann).await;
    let (second, paid_too) = buy(market, &bob, &price).await;
    let other = newest_code(&bob).await;
    assert_eq!((redeem(&bob, &code).await, redeem(&ann, &other).await), (200, 200));
    ([ann, bob], [first, second], [paid, paid_too])
}

#[actix_web::test]
async fn gifts_that_two_gave_each_other_go_back_at_once() {
    let market = Market::open().await;
    let ([ann, bob], _, paid) = crosswise(&market).await;
    market.deliver_new().await;
    market.quiet().await;
    market.stripe.with(|world| paid.iter().for_each(|intent| drop(world.give_back(intent, 1_200))));
    let events = market.stripe.with(|world| world.events.clone());
    let refunds: Vec<Value> = events.into_iter().filter(|one| one["type"] == "charge.refunded").collect();
    futures_util::future::join_all(refunds.into_iter().map(|event| market.deliver(event))).await;
    market.quiet().await;
    assert_eq!((may_call(&ann).await, may_call(&bob).await), (json!(false), json!(false)));
    let heard = market.owner.get("/api/v1/admin/stripe/events").await["items"].as_array().cloned().expect("a list");
    assert!(heard.iter().all(|one| one["attempts"] == 0), "nobody waited for the other: {heard:?}");
    market.close().await;
}

#[actix_web::test]
async fn money_for_a_gift_goes_back_whatever_becomes_of_whoever_redeemed_it() {
    let market = Market::open().await;
    let db = market.town.app().ground.db.clone();
    // SQLite has one writer: nobody waits for anybody.
    let is_postgres = db.read(|conn| Ok(matches!(conn, Conn::Pg(_)))).await.expect("asked");
    if !is_postgres {
        return market.close().await;
    }
    let ([ann, bob], [order, _], [paid, _]) = crosswise(&market).await;
    market.deliver_new().await;
    market.quiet().await;
    let ((holds, held), (go, goes)) = (tokio::sync::oneshot::channel(), std::sync::mpsc::channel::<()>());
    let member = bob.id;
    let writer = db.write(move |tx| {
        hold_members(tx, &[member])?;
        holds.send(()).expect("the test waits");
        Ok(goes.recv_timeout(std::time::Duration::from_secs(10)).is_ok())
    });
    let meanwhile = async {
        held.await.expect("held");
        market.stripe.with(|world| world.give_back(&paid, 1_200));
        market.deliver_new().await;
        market
            .until(async || {
                let orders = ann.get("/api/v1/me/orders").await["items"].as_array().cloned().expect("a list");
                orders.iter().any(|one| one["id"] == json!(order) && one["state"] == "refunded")
            })
            .await;
        go.send(()).expect("it waits");
    };
    let (was_let_go, ()) = tokio::join!(writer, meanwhile);
    assert!(was_let_go.expect("written"), "the buyer's money does not wait for whoever redeemed the gift");
    market.until(async || may_call(&bob).await == false).await;
    market.close().await;
}

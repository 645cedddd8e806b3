//! Whoever is gone, and what is complete and not paid: asked again where it was refused, looked at once for each sign, and nobody gains a right.

use diesel::prelude::*;
use reqwest::Method;
use rialto::storage::schema::grants;
use serde_json::{Value, json};

use super::Market;
use crate::support::Person;
use crate::support::stripe::Fault;

/// Somebody who pays each month: they, their subscription and its payment at Stripe.
async fn subscriber(market: &Market, name: &str) -> (Person, String, String) {
    let (price, member) = (market.price("month").await, market.town.member(name).await);
    let session = market.session_of(&member.post("/api/v1/checkout", json!({ "price": price })).await);
    market.stripe.with(|world| world.pay(&session));
    market.deliver_new().await;
    market.quiet().await;
    let id = |value: &Value| value.as_str().expect("an id").to_owned();
    let subscription = id(&market.stripe.with(|world| world.thing(&session))["subscription"]);
    let intent = id(&market.stripe.with(|world| world.all("payment_intent")).pop().expect("paid")["id"]);
    (member, subscription, intent)
}

async fn delete(market: &Market, member: &Person) {
    let path = format!("/api/v1/admin/members/{}", member.id);
    market.owner.call(Method::DELETE, &path, Some(json!({ "reason": "They wish it" }))).await;
}

/// Grants of somebody that hold.
pub async fn held(market: &Market, member: &Person) -> i64 {
    let (id, now) = (member.id, market.town.app().ground.clock.now());
    let counted = market.town.app().ground.db.read(move |conn| {
        let open = grants::table.filter(grants::member.eq(id.0)).filter(grants::revoked_at.is_null());
        Ok(open.filter(grants::ends_at.is_null().or(grants::ends_at.gt(now))).count().get_result::<i64>(conn)?)
    });
    counted.await.expect("counted")
}

#[actix_web::test]
async fn what_a_provider_refused_to_end_is_asked_for_again_under_another_key() {
    let market = Market::open().await;
    let (ann, subscription, _) = subscriber(&market, "ann").await;
    market.stripe.fail("DELETE /v1/subscriptions", Fault::Status(400));
    delete(&market, &ann).await;
    market.quiet().await;
    assert_eq!(market.stripe.with(|world| world.thing(&subscription))["status"], "active", "it was refused");
    for _ in 0..3 {
        market.pass(700_000);
        market.quiet().await;
    }
    assert_eq!(market.stripe.with(|world| world.thing(&subscription))["status"], "canceled");
    let keys: Vec<_> = market.stripe.asked("DELETE /v1/subscriptions").into_iter().map(|asked| asked.key).collect();
    assert!(keys.len() == 2 && keys[0] != keys[1], "{keys:?}");
    market.close().await;
}

#[actix_web::test]
async fn nobody_who_is_gone_has_a_right_again_whatever_of_their_money_comes_and_goes() {
    let market = Market::open().await;
    let (ann, subscription, first) = subscriber(&market, "ann").await;
    assert_eq!(held(&market, &ann).await, 1);
    // Stripe ends nothing and gives nothing back for now.
    (0..40).for_each(|_| market.stripe.fail("DELETE /v1/subscriptions", Fault::Status(500)));
    (0..40).for_each(|_| market.stripe.fail("POST /v1/refunds", Fault::Status(500)));
    delete(&market, &ann).await;
    market.quiet().await;
    market.stripe.with(|world| world.renew(&subscription, true));
    market.deliver_new().await;
    market.quiet().await;
    assert_eq!(held(&market, &ann).await, 0, "another period was paid");
    // The first period goes back there while the second is still to.
    market.stripe.with(|world| {
        let charge = world.thing(world.thing(&first)["latest_charge"].as_str().expect("a charge"));
        world.put(&{
            let mut back = charge;
            (back["amount_refunded"], back["refunded"]) = (json!(1_200), json!(true));
            back
        });
        world.becomes(&subscription, "active");
    });
    market.deliver_new().await;
    market.quiet().await;
    assert_eq!(held(&market, &ann).await, 0, "and the one before went back");
    market.close().await;
}

#[actix_web::test]
async fn of_what_somebody_who_is_gone_paid_the_rest_goes_back_once() {
    let market = Market::open().await;
    let (price, ann) = (market.price("once").await, market.town.member("ann").await);
    let session = market.session_of(&ann.post("/api/v1/checkout", json!({ "price": price })).await);
    delete(&market, &ann).await;
    // A part is given back on Stripe's own pages before anybody here has heard of the payment.
    market.stripe.with(|world| {
        world.pay(&session);
        let intent = world.thing(&session)["payment_intent"].as_str().expect("paid").to_owned();
        world.give_back(&intent, 200)
    });
    for _ in 0..3 {
        market.deliver_new().await;
        market.quiet().await;
    }
    let refunds = market.stripe.with(|world| world.all("refund"));
    assert_eq!(refunds.iter().filter_map(|one| one["amount"].as_i64()).collect::<Vec<_>>(), [200, 1_000]);
    assert_eq!(held(&market, &ann).await, 0);
    market.close().await;
}

#[actix_web::test]
async fn a_visit_that_is_complete_and_not_paid_is_looked_at_once_for_each_sign_and_opens_when_it_is_paid() {
    let market = Market::open().await;
    let (price, ann) = (market.price("month").await, market.town.member("ann").await);
    let session = market.session_of(&ann.post("/api/v1/checkout", json!({ "price": price })).await);
    market.stripe.forget_log();
    market.stripe.with(|world| world.pay_later(&session));
    // The sign of the subscription alone: it leads to the visit, and the visit back to it.
    let created = market.stripe.with(|world| world.events.iter().find(|one| one["type"] == "customer.subscription.created").cloned());
    market.deliver(created.expect("it happened")).await;
    market.until(async || market.owner.get("/api/v1/admin/stripe/events").await["items"][0]["attempts"] == 1).await;
    assert_eq!(market.stripe.asked("GET /v1/checkout/sessions").len(), 1, "it does not go round");
    assert_eq!(ann.get("/api/v1/me").await["entitlements"]["calls.start"], false);
    market.deliver_new().await;
    market.stripe.with(|world| {
        let bill = world.all("invoice")[0]["id"].as_str().expect("an id").to_owned();
        world.settle(&bill);
    });
    market.deliver_new().await;
    // The first sign comes back after its pause, which is the longer the oftener it came too early.
    let mut status = Value::Null;
    for _ in 0..20 {
        market.pass(60_000);
        market.quiet().await;
        status = market.owner.get("/api/v1/admin/stripe").await;
        if status["waiting"] == 0 {
            break;
        }
    }
    assert_eq!(ann.get("/api/v1/me").await["entitlements"]["calls.start"], true, "the bank has paid");
    assert_eq!((&status["waiting"], &status["dead"]), (&json!(0), &json!(0)));
    market.close().await;
}

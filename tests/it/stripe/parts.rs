//! Money that goes back in several ways at once, and of members with many payments: each part is one row, and none comes back by itself.

use diesel::prelude::*;
use reqwest::Method;
use rialto::billing::{Every, PartBack, PaymentState, PaymentTruth, ProviderKind, SubscriptionStatus, SubscriptionTruth, mirror};
use rialto::money::{Currency, Money};
use rialto::storage::schema::{letters, members};
use serde_json::{Value, json};

use super::Market;
use crate::support::Person;
use crate::support::stripe::Fault;

async fn may_call(member: &Person) -> bool {
    member.get("/api/v1/me/membership").await["entitlements"]["calls.start"] == true
}

/// Amounts and reasons of the rows of a member's newest order.
async fn rows(member: &Person) -> Vec<(i64, String)> {
    let payments = member.get("/api/v1/me/orders").await["items"][0]["payments"].as_array().cloned().expect("a list");
    let text = |one: &Value| one["note"].as_str().expect("a text").to_owned();
    payments.iter().map(|one| (one["money"]["amount"].as_i64().expect("so much"), text(one))).collect()
}

fn told(rows: &[(i64, String)]) -> Vec<(i64, &str)> {
    rows.iter().map(|(amount, note)| (*amount, note.as_str())).collect()
}

/// Somebody who has paid: they, the path at which their payment is given back, and its name at Stripe.
async fn paid(market: &Market, name: &str, every: &str) -> (Person, String, String) {
    let (price, member) = (market.price(every).await, market.town.member(name).await);
    let session = market.session_of(&member.post("/api/v1/checkout", json!({ "price": price })).await);
    market.stripe.with(|world| world.pay(&session));
    follow(market).await;
    let payment = member.get("/api/v1/me/orders").await["items"][0]["payments"][0]["id"].as_str().expect("an id").to_owned();
    let intent = market.stripe.with(|world| world.all("payment_intent")).pop().expect("paid")["id"].as_str().expect("an id").to_owned();
    (member, format!("/api/v1/admin/payments/{payment}/refund"), intent)
}

/// Webhooks come, and are followed.
async fn follow(market: &Market) {
    market.deliver_new().await;
    market.quiet().await;
}

#[actix_web::test]
async fn what_goes_back_close_together_is_a_row_each_with_its_own_reason() {
    let market = Market::open().await;
    let (ann, path, intent) = paid(&market, "ann", "once").await;
    // An administrator's wish whose answer is lost, and meanwhile two refunds on Stripe's own pages.
    market.stripe.fail("POST /v1/refunds", Fault::DoneHangup);
    let wish = json!({ "amount": 200, "note": "The lamp was out" });
    assert_eq!(market.owner.call(Method::POST, &path, Some(wish)).await.0, 503);
    market.stripe.with(|world| {
        world.give_back(&intent, 300);
        world.give_back(&intent, 100);
    });
    follow(&market).await;
    let found = rows(&ann).await;
    assert_eq!(told(&found), [(1_200, ""), (-200, "The lamp was out"), (-300, ""), (-100, "")]);
    assert_eq!(ann.get("/api/v1/me/orders").await["items"][0]["payments"][0]["returning"], false, "the wish is fulfilled");
    // One does not arrive, and another one of the same amount goes.
    let failed = market.stripe.with(|world| world.all("refund"))[1]["id"].as_str().expect("an id").to_owned();
    market.stripe.with(|world| world.fail_refund(&failed));
    follow(&market).await;
    market.stripe.with(|world| world.give_back(&intent, 300));
    follow(&market).await;
    let found = rows(&ann).await;
    assert_eq!(told(&found[4..]), [(300, ""), (-300, "")]);
    assert_eq!(market.owner.get("/api/v1/admin/earned").await["items"][0]["kept"]["amount"], 600);
    market.close().await;
}

#[actix_web::test]
async fn of_somebody_with_more_than_a_hundred_payments_what_went_back_stays_back() {
    let market = Market::open().await;
    let (ann, _, intent) = paid(&market, "ann", "month").await;
    market.stripe.with(|world| world.give_back(&intent, 200));
    follow(&market).await;
    assert_eq!(told(&rows(&ann).await), [(1_200, ""), (-200, "")]);
    let subscription = market.stripe.with(|world| {
        let customer = world.thing(&intent)["customer"].clone();
        world.pay_elsewhere(&customer, 250);
        let id = world.all("subscription")[0]["id"].as_str().expect("an id").to_owned();
        world.becomes(&id, "active");
        id
    });
    market.stripe.forget_log();
    follow(&market).await;
    assert_eq!(told(&rows(&ann).await), [(1_200, ""), (-200, "")], "it would be on the third page");
    let asked = market.stripe.asked("GET /v1/charges");
    assert_eq!((asked.len(), asked[0].params.get("payment_intent")), (1, Some(&intent)), "one payment is asked for by itself");
    // Of what is on no page of hers, each payment is asked for.
    market.stripe.with(|world| {
        let charge = world.all("charge")[0].clone();
        world.put(&json_with(charge, "customer", json!("cus_other")));
        world.becomes(&subscription, "active");
    });
    follow(&market).await;
    assert_eq!(told(&rows(&ann).await), [(1_200, ""), (-200, "")]);
    market.close().await;
}

fn json_with(mut thing: Value, field: &str, value: Value) -> Value {
    thing[field] = value;
    thing
}

#[actix_web::test]
async fn letters_say_nothing_of_money_that_is_back_already() {
    let market = Market::open().await;
    let price = market.price("once").await;
    for (name, back, count) in [("ann", 1_200, 0_i64), ("ben", 1_100, 1)] {
        let member = market.town.member(name).await;
        let (id, address) = (member.id.0, format!("{name}@example.org"));
        let email = address.clone();
        let stored = market
            .town
            .app()
            .ground
            .db
            .write(move |tx| Ok(diesel::update(members::table.find(id)).set(members::email.eq(email)).execute(&mut **tx)?));
        stored.await.expect("stored");
        let session = market.session_of(&member.post("/api/v1/checkout", json!({ "price": price })).await);
        market.stripe.with(|world| {
            world.pay(&session);
            let intent = world.thing(&session)["payment_intent"].as_str().expect("paid").to_owned();
            world.give_back(&intent, back);
        });
        follow(&market).await;
        let written = market.town.app().ground.db.read(move |conn| {
            let receipts = letters::table.filter(letters::recipient.eq(address)).filter(letters::kind.eq("billing.receipt"));
            Ok(receipts.count().get_result::<i64>(conn)?)
        });
        assert_eq!((written.await.expect("counted"), may_call(&member).await), (count, back < 1_200), "{name}");
    }
    market.close().await;
}

/// What Stripe says of the newest subscription, asked for then, with one payment of it: its name, how much, and what of it went back.
fn told_of(market: &Market, asked_at: i64, (intent, amount, refunded): (&str, Money, i64)) -> SubscriptionTruth {
    let theirs = market.stripe.with(|world| world.all("subscription")).pop().expect("it renews");
    let item = &theirs["items"]["data"][0];
    let at = |name: &str| item[name].as_i64().expect("a time") * 1_000;
    SubscriptionTruth {
        asked_at,
        external_id: theirs["id"].as_str().expect("an id").to_owned(),
        order: None,
        status: SubscriptionStatus::Active,
        price: euro(1_200),
        every: Every::Month,
        period_start: at("current_period_start"),
        period_end: at("current_period_end"),
        trial_end: None,
        cancels_at_end: false,
        past_due_since: None,
        failures: Vec::new(),
        sold: None,
        next: None,
        payments: vec![PaymentTruth {
            external_id: intent.to_owned(),
            amount,
            is_difference: false,
            refunded,
            parts: Vec::<PartBack>::new(),
            state: PaymentState::Succeeded,
            dispute: None,
            method: rialto::billing::Method::Card,
            at: asked_at,
        }],
    }
}

fn euro(amount: i64) -> Money {
    Money::new(amount, Currency::EURO)
}

/// Our rows follow what was said.
async fn hear(market: &Market, truth: SubscriptionTruth) {
    let billing = market.town.app().billing.clone();
    let heard = market.town.app().ground.db.write(move |tx| mirror(tx, &billing, ProviderKind::Stripe, &truth));
    heard.await.expect("mirrored");
}

#[actix_web::test]
async fn an_older_answer_brings_no_money_back() {
    let market = Market::open().await;
    let (ann, _, intent) = paid(&market, "ann", "month").await;
    let asked_at = market.town.app().ground.clock.now();
    market.pass(60_000);
    market.stripe.with(|world| world.give_back(&intent, 200));
    follow(&market).await;
    hear(&market, told_of(&market, asked_at, (&intent, euro(1_200), 0))).await;
    assert_eq!(told(&rows(&ann).await), [(1_200, ""), (-200, "")], "it was asked for before the money went");
    hear(&market, told_of(&market, asked_at + 3_600_000, (&intent, euro(1_200), 0))).await;
    assert_eq!(told(&rows(&ann).await), [(1_200, ""), (-200, ""), (200, "")], "a newer one counts");
    market.close().await;
}

#[actix_web::test]
async fn a_payment_that_stripe_took_in_another_currency_stands_in_the_books_in_it() {
    let market = Market::open().await;
    let (ann, _, _) = paid(&market, "ann", "month").await;
    let now = market.town.app().ground.clock.now();
    let dollars = Money::new(1_300, "USD".parse().expect("dollars"));
    hear(&market, told_of(&market, now, ("pi_dollars", dollars, 0))).await;
    let newest = ann.get("/api/v1/me/orders").await["items"][0].clone();
    let expected = json!({ "amount": 1_300, "currency": "USD", "exponent": 2 });
    assert_eq!((&newest["total"], &newest["payments"][0]["money"]), (&expected, &expected));
    market.close().await;
}

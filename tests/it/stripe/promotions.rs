//! Promotion codes at Stripe: a coupon is made there once, and less is charged for as long as it says; what would charge another sum is not opened.

use reqwest::Method;
use serde_json::{Value, json};

use super::Market;

const DAY: i64 = 86_400_000;

#[actix_web::test]
async fn a_code_is_a_coupon_there_and_what_stripe_charges_is_what_was_shown() {
    let market = Market::open().await;
    let (price, ann, bob) = (market.price("month").await, market.town.member("ann").await, market.town.member("bob").await);
    let made =
        market.owner.post("/api/v1/admin/promotions", json!({ "code": "SPRING", "percent": 25, "lasts": "months", "months": 2 })).await;
    let shown = ann.post("/api/v1/me/promotions/check", json!({ "code": "spring", "price": price })).await;
    assert_eq!(shown["total"]["amount"], 900);
    for buyer in [&ann, &bob] {
        let opened = buyer.post("/api/v1/checkout", json!({ "price": price, "promotion": "spring" })).await;
        let session = market.session_of(&opened);
        market.stripe.with(|world| world.pay(&session));
    }
    market.deliver_new().await;
    market.quiet().await;
    let coupons = market.stripe.with(|world| world.all("coupon"));
    assert_eq!(coupons.len(), 1, "made once, whoever uses it");
    assert_eq!((&coupons[0]["percent_off"], &coupons[0]["duration_in_months"]), (&json!(25), &json!(2)));
    assert_eq!(coupons[0]["metadata"]["rialto_promotion"], made["id"]);
    assert!(market.stripe.asked("POST /v1/promotion_codes").is_empty(), "nobody can type anything at Stripe");
    let order = ann.get("/api/v1/me/orders").await["items"][0].clone();
    assert_eq!((&order["state"], &order["total"]["amount"], &order["promotion"]), (&json!("fulfilled"), &json!(900), &json!("SPRING")));
    assert_eq!(market.owner.get("/api/v1/admin/promotions").await["items"][0]["uses"], 2);

    let id = market.stripe.with(|world| world.all("subscription")[0]["id"].as_str().expect("an id").to_owned());
    let mut ann = ann;
    for (n, expected) in [(1, 900), (2, 1_200)] {
        market.pass(30 * DAY);
        market.stripe.with(|world| world.renew(&id, true));
        market.deliver_new().await;
        market.quiet().await;
        ann = market.town.again(&ann).await;
        let orders = ann.get("/api/v1/me/orders").await["items"].clone();
        assert_eq!(orders.as_array().map(Vec::len), Some(n + 1));
        assert_eq!((&orders[0]["payments"][0]["money"]["amount"], &orders[0]["promotion"]), (&json!(expected), &Value::Null));
    }
    market.close().await;
}

#[actix_web::test]
async fn an_amount_off_what_is_paid_once_goes_to_stripe_in_its_currency() {
    let market = Market::open().await;
    let (price, ann) = (market.price("once").await, market.town.member("ann").await);
    market.owner.post("/api/v1/admin/promotions", json!({ "code": "FIVER", "amount": 500, "currency": "EUR" })).await;
    let opened = ann.post("/api/v1/checkout", json!({ "price": price, "promotion": "FIVER" })).await;
    let session = market.session_of(&opened);
    let coupon = market.stripe.with(|world| world.all("coupon").pop()).expect("a coupon");
    assert_eq!((&coupon["amount_off"], &coupon["currency"], &coupon["duration"]), (&json!(500), &json!("eur"), &json!("once")));
    market.stripe.with(|world| world.pay(&session));
    market.deliver_new().await;
    market.quiet().await;
    let order = ann.get("/api/v1/me/orders").await["items"][0].clone();
    assert_eq!((&order["state"], &order["payments"][0]["money"]["amount"]), (&json!("fulfilled"), &json!(700)));
    market.close().await;
}

/// A coupon of this name that takes a half off, as it may stand in the account already.
fn half(id: &str, tags: &Value) -> Value {
    json!({
        "id": id, "object": "coupon", "amount_off": null, "created": 0, "currency": null, "duration": "once", "duration_in_months": null, "livemode": false,
        "max_redemptions": null, "metadata": tags, "name": null, "percent_off": 50, "redeem_by": null, "times_redeemed": 0, "valid": true,
    })
}

#[actix_web::test]
async fn nobody_is_sent_where_another_sum_would_be_charged_and_the_use_is_given_back() {
    let market = Market::open().await;
    let (price, ann, bob) = (market.price("month").await, market.town.member("ann").await, market.town.member("bob").await);
    let made = market.owner.post("/api/v1/admin/promotions", json!({ "code": "SPRING", "percent": 25, "max_uses": 1 })).await;
    let name = format!("rialto_{}", made["id"].as_str().expect("an id"));
    let wish = json!({ "price": price, "promotion": "SPRING" });
    let uses = async || market.owner.get("/api/v1/admin/promotions").await["items"][0]["uses"].clone();
    // Somebody else's coupon of just this name.
    market.stripe.with(|world| world.put(&half(&name, &json!({}))));
    ann.refused(Method::POST, "/api/v1/checkout", Some(wish.clone()), 409, "billing.provider_refused").await;
    assert_eq!((uses().await, &ann.get("/api/v1/me/orders").await["items"][0]["state"]), (json!(0), &json!("cancelled")));
    // Our own, which somebody has made another one: the checkout would take 6.00 where 9.00 were shown.
    market.stripe.with(|world| world.put(&half(&name, &json!({ "rialto_promotion": made["id"] }))));
    ann.refused(Method::POST, "/api/v1/checkout", Some(wish.clone()), 409, "billing.checkout_differs").await;
    market.quiet().await;
    let visits = market.stripe.with(|world| world.all("checkout.session"));
    assert_eq!(
        (visits.len(), &visits[0]["amount_total"], &visits[0]["status"]),
        (1, &json!(600), &json!("expired")),
        "nobody can pay there"
    );
    assert_eq!(uses().await, 0);
    // Put right there, the same code is good for somebody else.
    market.stripe.with(|world| {
        let mut coupon = world.thing(&name);
        coupon["percent_off"] = json!(25);
        world.put(&coupon);
    });
    bob.post("/api/v1/checkout", wish).await;
    assert_eq!(uses().await, 1);
    market.close().await;
}

#[actix_web::test]
async fn a_code_that_leaves_less_than_stripe_charges_is_refused_and_stays_unused() {
    let market = Market::open().await;
    let (month, once, ann) = (market.price("month").await, market.price("once").await, market.town.member("ann").await);
    market.owner.post("/api/v1/admin/promotions", json!({ "code": "ALMOST", "percent": 96, "lasts": "ever" })).await;
    for price in [month, once.clone()] {
        let wish = json!({ "price": price, "promotion": "ALMOST" });
        ann.refused(Method::POST, "/api/v1/checkout", Some(wish), 409, "billing.provider_amount").await;
    }
    assert_eq!(market.owner.get("/api/v1/admin/promotions").await["items"][0]["uses"], 0);
    assert!(market.stripe.with(|world| world.all("coupon")).is_empty());
    ann.post("/api/v1/checkout", json!({ "price": once })).await;
    market.close().await;
}

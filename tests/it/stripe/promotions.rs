//! Promotion codes at Stripe: a coupon and a code are made there once, and less is charged for as long as it says.

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
    let coupons = market.stripe.with(|world| (world.all("coupon"), world.all("promotion_code")));
    assert_eq!((coupons.0.len(), coupons.1.len()), (1, 1), "made once, whoever uses it");
    assert_eq!((&coupons.0[0]["percent_off"], &coupons.0[0]["duration_in_months"]), (&json!(25), &json!(2)));
    assert_eq!((&coupons.1[0]["code"], &coupons.1[0]["metadata"]["rialto_promotion"]), (&json!("SPRING"), &made["id"]));
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

//! Money goes back by hand and at the test provider, whole or in parts; the books stay at 0, and access follows.

use reqwest::Method;
use serde_json::{Value, json};

use super::{entitlements, first_plan};
use crate::support::{Person, Town};

async fn price(owner: &Person, plan: &str, every: &str) -> String {
    let price = json!({ "amount": 500, "currency": "EUR", "every": every });
    owner.post(&format!("/api/v1/admin/plans/{plan}/prices"), price).await["id"].as_str().expect("an id").to_owned()
}

fn path(payment: &Value) -> String {
    format!("/api/v1/admin/payments/{}/refund", payment["id"].as_str().expect("an id"))
}

#[actix_web::test]
async fn cash_goes_back_in_parts_with_receipts_and_the_last_part_takes_the_period() {
    let town = Town::new().await;
    let (owner, ann) = (town.owner("olave").await, town.member("ann").await);
    let plan = first_plan(&owner).await;
    let price = price(&owner, &plan, "month").await;
    let sale = json!({ "plan": plan, "price": price, "amount": 500, "method": "cash" });
    let paid = owner.post(&format!("/api/v1/admin/members/{}/payments", ann.id), sale).await["payment"].clone();
    assert_eq!(owner.post(&path(&paid), json!({ "amount": 200, "note": "Two rainy weeks" })).await["state"], "fulfilled");
    assert_eq!(entitlements(&ann).await["calls.start"], true);
    for (body, code) in [
        (json!({ "amount": 301, "note": "x" }), "billing.refund_amount"),
        (json!({ "note": "x", "after": "at_period_end" }), "billing.refund_when"),
    ] {
        owner.refused(Method::POST, &path(&paid), Some(body), 422, code).await;
    }
    owner
        .refused(
            Method::POST,
            &format!("/api/v1/admin/payments/{}/reverse", paid["id"].as_str().expect("an id")),
            Some(json!({ "note": "x" })),
            409,
            "billing.payment_reversed",
        )
        .await;
    assert_eq!(owner.post(&path(&paid), json!({ "amount": 300, "note": "And the rest" })).await["state"], "refunded");
    assert_eq!(entitlements(&ann).await["calls.start"], false);
    let order = ann.get("/api/v1/me/orders").await["items"][0].clone();
    let seen: Vec<(i64, &str, &str)> = order["payments"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| {
            (
                one["money"]["amount"].as_i64().expect("so much"),
                one["receipt"].as_str().expect("a number"),
                one["note"].as_str().expect("why"),
            )
        })
        .collect();
    assert_eq!(seen, [(500, "2026-0001", ""), (-200, "2026-0002", "Two rainy weeks"), (-300, "2026-0003", "And the rest")]);
    let earned = owner.get("/api/v1/admin/earned").await;
    assert_eq!((&earned["items"][0]["returned"]["amount"], &earned["items"][0]["kept"]["amount"]), (&json!(500), &json!(0)));
    let audit = owner.get("/api/v1/admin/audit").await;
    let acts: Vec<&str> = audit["items"].as_array().expect("a list").iter().filter_map(|one| one["act"].as_str()).collect();
    assert_eq!(acts.iter().filter(|act| **act == "payments.refund").count(), 2);
    town.close().await;
}

#[actix_web::test]
async fn what_stays_stays_though_its_money_went_back() {
    let town = Town::new().await;
    let (owner, ann) = (town.owner("olave").await, town.member("ann").await);
    let plan = first_plan(&owner).await;
    let price = price(&owner, &plan, "month").await;
    let sale = json!({ "plan": plan, "price": price, "amount": 500, "method": "cash" });
    let paid = owner.post(&format!("/api/v1/admin/members/{}/payments", ann.id), sale).await["payment"].clone();
    owner.post(&path(&paid), json!({ "note": "On the house", "after": "keep" })).await;
    assert_eq!(entitlements(&ann).await["calls.start"], true);
    owner.refused(Method::POST, &path(&paid), Some(json!({ "note": "Again" })), 409, "billing.payment_reversed").await;
    town.close().await;
}

#[actix_web::test]
async fn a_test_payment_goes_back_and_what_it_renews_is_over() {
    let town = Town::new().await;
    let (owner, ann) = (town.owner("olave").await, town.member("ann").await);
    let plan = first_plan(&owner).await;
    let price = price(&owner, &plan, "month").await;
    owner.call(Method::PATCH, "/api/v1/admin/settings", Some(json!({ "test_payments": true }))).await;
    let opened = ann.post("/api/v1/checkout", json!({ "price": price })).await;
    let code = opened["url"].as_str().and_then(|url| url.rsplit('/').next()).expect("a page").to_owned();
    ann.post(&format!("/api/v1/pay/test/{code}"), json!({ "act": "pay" })).await;
    ann.post(&format!("/api/v1/me/orders/{}/settle", opened["order"].as_str().expect("an id")), json!({})).await;
    assert_eq!(entitlements(&ann).await["calls.start"], true);
    let payment = ann.get("/api/v1/me/orders").await["items"][0]["payments"][0].clone();
    assert_eq!(owner.post(&path(&payment), json!({ "amount": 100, "note": "A part" })).await["state"], "fulfilled");
    assert_eq!(entitlements(&ann).await["calls.start"], true);
    assert_eq!(owner.post(&path(&payment), json!({ "note": "The rest" })).await["state"], "refunded");
    assert_eq!(entitlements(&ann).await["calls.start"], false);
    let subscription = owner.get("/api/v1/admin/subscriptions").await["items"][0].clone();
    assert_eq!(subscription["member"], json!(ann.id));
    town.close().await;
}

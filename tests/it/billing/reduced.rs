//! How far a promotion code goes: it stays with the plans that it is for, gives no credit that was not paid, and is used by payments alone.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::paying::books;
use super::promotions::{DAY, MONTH, checkout, code, pay, renewal, sums, town, uses};
use super::{first_plan, ring};
use crate::support::{NOON, Person, Socket};

#[actix_web::test]
async fn by_hand_a_code_for_one_plan_goes_no_further_and_gives_no_credit_that_was_not_paid() {
    let (town, owner, ann, price) = town().await;
    let plan = first_plan(&owner).await;
    let dear = super::plan(&owner, "Patron", json!({})).await;
    let path = format!("/api/v1/admin/plans/{dear}/prices");
    let patron = owner.post(&path, json!({ "amount": 2_000, "currency": "EUR", "every": "month" })).await["id"].clone();
    code(&owner, json!({ "code": "HOME", "percent": 90, "lasts": "ever", "plans": [plan] })).await;
    code(&owner, json!({ "code": "DEAR", "percent": 50, "lasts": "ever" })).await;
    let pay = async |owner: &Person, order: &Value| {
        let path = format!("/api/v1/admin/orders/{}/payments", order["id"].as_str().expect("an id"));
        owner.post(&path, json!({ "amount": order["total"]["amount"], "method": "cash" })).await["payment"].clone()
    };
    let wish = json!({ "plan": plan, "price": price, "client_key": "a", "promotion": "HOME" });
    let order = ann.post("/api/v1/me/orders", wish).await;
    assert_eq!(order["total"]["amount"], 100);
    pay(&owner, &order).await;
    // One was paid, and not ten: twenty less one.
    let id = ann.get("/api/v1/me/membership").await["subscriptions"][0]["id"].as_str().expect("an id").to_owned();
    let change = format!("/api/v1/me/subscriptions/{id}/change");
    let shown = ann.post(&format!("{change}/preview"), json!({ "price": patron })).await;
    assert_eq!(shown["due"]["amount"], 1_900);
    let asked = ann.post(&change, json!({ "price": patron, "as_of": shown["as_of"] })).await["order"].clone();
    pay(&owner, &asked).await;
    town.hand.store(NOON + 24 * DAY, Ordering::Relaxed);
    ring(&town).await;
    let (owner, ann) = (town.again(&owner).await, town.again(&ann).await);
    let asked = renewal(&town, &ann).await;
    assert_eq!((&asked["total"]["amount"], &asked["promotion"]), (&json!(2_000), &Value::Null), "the code is for the other plan");
    // One that counts here may be used here.
    let wish = json!({ "plan": dear, "price": patron, "client_key": "b", "promotion": "DEAR" });
    let order = ann.post("/api/v1/me/orders", wish).await;
    assert_eq!(order["total"]["amount"], 1_000);
    pay(&owner, &order).await;
    assert_eq!(books(&town).await.0, Vec::new());
    town.close().await;
}

#[actix_web::test]
async fn at_the_test_page_a_code_for_one_plan_goes_no_further() {
    let (town, owner, ann, price) = town().await;
    let plan = first_plan(&owner).await;
    let dear = super::plan(&owner, "Patron", json!({})).await;
    let path = format!("/api/v1/admin/plans/{dear}/prices");
    let patron = owner.post(&path, json!({ "amount": 2_000, "currency": "EUR", "every": "month" })).await["id"].clone();
    code(&owner, json!({ "code": "HOME", "percent": 50, "lasts": "ever", "plans": [plan] })).await;
    pay(&ann, &checkout(&ann, &price, json!("HOME")).await).await;
    let id = ann.get("/api/v1/me/membership").await["subscriptions"][0]["id"].as_str().expect("an id").to_owned();
    let change = format!("/api/v1/me/subscriptions/{id}/change");
    ann.post(&change, json!({ "price": patron, "as_of": NOON })).await;
    assert_eq!(sums(&ann).await, [1_500, 500]);
    town.hand.store(NOON + 31 * DAY, Ordering::Relaxed);
    ring(&town).await;
    let ann = town.again(&ann).await;
    let mut tab = Socket::open(&town.url(""), &ann.token).await.expect("open");
    while sums(&ann).await.len() < 3 {
        tab.event("entitlements_changed").await;
    }
    assert_eq!(sums(&ann).await, [2_000, 1_500, 500]);
    town.close().await;
}

#[actix_web::test]
async fn what_is_given_to_whoever_asked_with_a_code_uses_nothing() {
    let (town, owner, ann, price) = town().await;
    let plan = first_plan(&owner).await;
    code(&owner, json!({ "code": "ONE", "percent": 50, "max_uses": 1 })).await;
    let wish = |key: &str| json!({ "plan": plan, "price": price, "client_key": key, "promotion": "ONE" });
    ann.post("/api/v1/me/orders", wish("a")).await;
    assert_eq!(uses(&owner).await, 1);
    super::give(&owner, ann.id, json!({ "plan": plan, "ends_at": NOON + MONTH })).await;
    assert_eq!((uses(&owner).await, &ann.get("/api/v1/me/orders").await["items"][0]["state"]), (json!(0), &json!("fulfilled")));
    assert_eq!(ann.post("/api/v1/me/orders", wish("b")).await["total"]["amount"], 500, "it was not paid with");
    town.close().await;
}

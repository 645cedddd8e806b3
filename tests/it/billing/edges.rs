//! Bad days of paying at the test page: two tabs at once, a ban in the middle, the last day of January, money without cents.

use std::sync::atomic::Ordering;

use reqwest::Method;
use serde_json::{Value, json};

use super::paying::books;
use super::{first_plan, ring};
use crate::support::{NOON, Person, Socket, Town};

const DAY: i64 = 86_400_000;

async fn town(amount: i64, currency: &str) -> (Town, Person, Person, String) {
    let town = Town::new().await;
    let (owner, ann) = (town.owner("olave").await, town.member("ann").await);
    owner.call(Method::PATCH, "/api/v1/admin/settings", Some(json!({ "test_payments": true }))).await;
    let path = format!("/api/v1/admin/plans/{}/prices", first_plan(&owner).await);
    let made = owner.post(&path, json!({ "amount": amount, "currency": currency, "every": "month" })).await;
    let price = made["id"].as_str().expect("an id").to_owned();
    (town, owner, ann, price)
}

async fn checkout(person: &Person, price: &str) -> (String, String) {
    let opened = person.post("/api/v1/checkout", json!({ "price": price, "provider": "test" })).await;
    (opened["order"].as_str().expect("an order").to_owned(), opened["url"].as_str().expect("an address").to_owned())
}

async fn settle(person: &Person, order: &str) -> Value {
    person.post(&format!("/api/v1/me/orders/{order}/settle"), json!({})).await
}

async fn own(person: &Person) -> Value {
    person.get("/api/v1/me/membership").await["subscriptions"][0].clone()
}

#[actix_web::test]
async fn two_tabs_of_one_checkout_pay_it_once() {
    let (town, _, ann, price) = town(500, "EUR").await;
    let (order, url) = checkout(&ann, &price).await;
    assert_eq!(checkout(&ann, &price).await.1, url, "the other tab shows the same one");
    let page = format!("/api/v1{url}");
    let presses = (0..6).map(|_| ann.call(Method::POST, &page, Some(json!({ "act": "pay" }))));
    for (status, _) in futures_util::future::join_all(presses).await {
        assert_eq!(status, 200);
    }
    futures_util::future::join_all((0..6).map(|_| settle(&ann, &order))).await;
    ring(&town).await;
    assert_eq!(ann.get("/api/v1/me/orders").await["items"][0]["payments"].as_array().map(Vec::len), Some(1));
    assert_eq!(books(&town).await, (Vec::new(), 2));
    town.close().await;
}

#[actix_web::test]
async fn whoever_is_banned_in_the_middle_pays_nothing_and_can_once_they_are_back() {
    let (town, owner, ann, price) = town(500, "EUR").await;
    let (order, url) = checkout(&ann, &price).await;
    let ban = format!("/api/v1/admin/members/{}/ban", ann.id);
    owner.call(Method::POST, &ban, Some(json!({ "reason": "Shouting" }))).await;
    let (status, _) = ann.call(Method::POST, &format!("/api/v1{url}"), Some(json!({ "act": "pay" }))).await;
    assert!(status == 401 || status == 403, "{status}");
    let (status, _) = ann.call(Method::POST, "/api/v1/checkout", Some(json!({ "price": price, "provider": "test" }))).await;
    assert!(status == 401 || status == 403, "{status}");
    assert_eq!(books(&town).await, (Vec::new(), 0));
    owner.call(Method::POST, &format!("/api/v1/admin/members/{}/unban", ann.id), Some(json!({}))).await;
    let ann = town.again(&ann).await;
    ann.post(&format!("/api/v1{url}"), json!({ "act": "pay" })).await;
    assert_eq!(settle(&ann, &order).await["state"], "fulfilled");
    town.close().await;
}

#[actix_web::test]
async fn from_the_last_of_january_on_each_month_has_its_own_last_day() {
    // 31 January 2027, noon; 28 February; 31 March; 30 April.
    let ends = [NOON + 91 * DAY, NOON + 119 * DAY, NOON + 150 * DAY, NOON + 180 * DAY];
    let (town, _, ann, price) = town(500, "EUR").await;
    town.hand.store(ends[0], Ordering::Relaxed);
    let mut ann = town.again(&ann).await;
    let (order, url) = checkout(&ann, &price).await;
    ann.post(&format!("/api/v1{url}"), json!({ "act": "pay" })).await;
    settle(&ann, &order).await;
    for pair in ends.windows(2) {
        let (start, end) = (pair[0], pair[1]);
        town.hand.store(start, Ordering::Relaxed);
        ring(&town).await;
        ann = town.again(&ann).await;
        let mut tab = Socket::open(&town.url(""), &ann.token).await.expect("open");
        while own(&ann).await["period_start"] != json!(start) {
            tab.event("entitlements_changed").await;
        }
        assert_eq!(own(&ann).await["period_end"], json!(end));
    }
    assert_eq!(books(&town).await, (Vec::new(), 6), "three months, three payments");
    town.close().await;
}

#[actix_web::test]
async fn money_without_cents_is_whole_everywhere() {
    let (town, owner, ann, price) = town(1_201, "JPY").await;
    owner.post("/api/v1/admin/promotions", json!({ "code": "HALF", "percent": 50 })).await;
    let opened = ann.post("/api/v1/checkout", json!({ "price": price, "provider": "test", "promotion": "half" })).await;
    let url = opened["url"].as_str().expect("an address");
    assert!(ann.page_text(url).await.contains("¥600"), "601 off, to the nearest yen");
    ann.post(&format!("/api/v1{url}"), json!({ "act": "pay" })).await;
    let order = settle(&ann, opened["order"].as_str().expect("an order")).await;
    assert_eq!(order["total"], json!({ "amount": 600, "currency": "JPY", "exponent": 0 }));
    let payment = ann.get("/api/v1/me/orders").await["items"][0]["payments"][0].clone();
    let refund = format!("/api/v1/admin/payments/{}/refund", payment["id"].as_str().expect("an id"));
    owner.post(&refund, json!({ "amount": 1, "note": "A yen" })).await;
    let csv = owner.page_text("/api/v1/admin/payments.csv").await;
    assert!(csv.contains("600,JPY") && csv.contains("-1,JPY"), "{csv}");
    assert_eq!(books(&town).await.0, Vec::new());
    town.close().await;
}

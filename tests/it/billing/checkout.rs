//! Memberships paid at the test provider: every button of its page, renewals by the clock, a card that fails and works again, trials.

use std::sync::atomic::Ordering;

use reqwest::Method;
use rialto::billing::{Billing, Notices};
use serde_json::{Value, json};

use super::paying::books;
use super::{entitlements, first_plan, ring};
use crate::support::{NOON, Person, Socket, Town};

const DAY: i64 = 86_400_000;
/// From NOON on, 1 November 2026: one month later.
const MONTH: i64 = 30 * DAY;

/// A town where members may try out how paying is, with a plan at 5 EUR each month.
async fn town() -> (Town, Person, Person, String) {
    let town = Town::new().await;
    let (owner, ann) = (town.owner("olave").await, town.member("ann").await);
    owner.call(Method::PATCH, "/api/v1/admin/settings", Some(json!({ "test_payments": true }))).await;
    let plan = first_plan(&owner).await;
    let path = format!("/api/v1/admin/plans/{plan}/prices");
    let price = owner.post(&path, json!({ "amount": 500, "currency": "EUR", "every": "month" })).await;
    let price = price["id"].as_str().expect("an id").to_owned();
    (town, owner, ann, price)
}

async fn checkout(person: &Person, price: &str) -> (String, String) {
    let opened = person.post("/api/v1/checkout", json!({ "price": price, "provider": "test" })).await;
    (opened["order"].as_str().expect("an order").to_owned(), opened["url"].as_str().expect("an address").to_owned())
}

async fn press(person: &Person, url: &str, act: &str) -> Value {
    person.post(&format!("/api/v1{url}"), json!({ "act": act })).await
}

async fn settle(person: &Person, order: &str) -> Value {
    person.post(&format!("/api/v1/me/orders/{order}/settle"), json!({})).await
}

async fn subscription(person: &Person) -> Value {
    person.get("/api/v1/me/membership").await["subscriptions"][0].clone()
}

/// Waits until the member's subscription stands here, by what open connections hear.
async fn until(tab: &mut Socket, person: &Person, status: &str) -> Value {
    loop {
        let own = subscription(person).await;
        if own["status"] == status {
            return own;
        }
        tab.event("entitlements_changed").await;
    }
}

#[actix_web::test]
async fn paying_at_the_page_gives_the_right_and_only_what_the_provider_says_counts() {
    let (town, _, ann, price) = town().await;
    let ben = town.member("ben").await;
    let mut tab = Socket::open(&town.url(""), &ann.token).await.expect("open");
    assert_eq!(ann.get("/api/v1/offers").await["ways"], json!(["test"]));
    let (order, url) = checkout(&ann, &price).await;
    assert_eq!(checkout(&ann, &price).await, (order.clone(), url.clone()), "pressed twice");
    ben.refused(Method::POST, &format!("/api/v1{url}"), Some(json!({ "act": "pay" })), 404, "error.not_found").await;
    ben.refused(Method::POST, &format!("/api/v1/me/orders/{order}/settle"), Some(json!({})), 404, "error.not_found").await;

    assert_eq!(settle(&ann, &order).await["state"], "awaiting", "the address one comes back to says nothing");
    assert_eq!(entitlements(&ann).await["calls.start"], false);
    let page = ann.page_text(&url).await;
    assert!(page.contains("€5.00") && page.contains("no money moves"), "{page}");
    assert_eq!(press(&ann, &url, "fail").await["paid"], false);
    assert!(ann.page_text(&url).await.contains("The card was refused"));
    press(&ann, &url, "ask_bank").await;
    press(&ann, &url, "reject").await;
    press(&ann, &url, "ask_bank").await;
    assert_eq!(settle(&ann, &order).await["state"], "awaiting");
    assert_eq!(press(&ann, &url, "approve").await["paid"], true);
    // Nobody comes back: the provider's hint is enough.
    while tab.event("entitlements_changed").await["event"]["entitlements"]["calls.start"] != json!(true) {}
    assert_eq!(settle(&ann, &order).await["state"], "fulfilled");
    let calls = (0..6).map(|_| settle(&ann, &order));
    futures_util::future::join_all(calls).await;
    let own = subscription(&ann).await;
    assert_eq!((&own["provider"], &own["status"], &own["period_end"]), (&json!("test"), &json!("active"), &json!(NOON + MONTH)));
    let orders = ann.get("/api/v1/me/orders").await["items"].clone();
    assert_eq!((orders.as_array().map(Vec::len), orders[0]["payments"].as_array().map(Vec::len)), (Some(1), Some(1)), "charged once");
    assert_eq!(books(&town).await, (Vec::new(), 2));
    ann.refused(Method::POST, "/api/v1/checkout", Some(json!({ "price": price })), 409, "billing.has_subscription").await;

    // Where others could reach it, what it gave counts for nothing.
    let elsewhere = Billing::new(Notices::none());
    let member = ann.id;
    let read = town.app().ground.db.read(move |conn| elsewhere.standings.entitlements_of(conn, member, NOON));
    assert!(!read.await.expect("entitlements").calls_start);
    town.close().await;
}

#[actix_web::test]
async fn a_checkout_that_expired_is_over_and_another_one_is_opened() {
    let (town, owner, ann, price) = town().await;
    let (first, url) = checkout(&ann, &price).await;
    press(&ann, &url, "expire").await;
    assert_eq!(settle(&ann, &first).await["state"], "expired");
    let (second, url) = checkout(&ann, &price).await;
    assert_ne!(second, first);
    // Nobody pays within its time: the timer looks, and nobody had to come back.
    town.hand.store(NOON + 32 * 60_000, Ordering::Relaxed);
    let mut tab = Socket::open(&town.url(""), &ann.token).await.expect("open");
    ring(&town).await;
    assert_eq!(tab.event("orders_changed").await["event"]["state"], "expired");
    assert_eq!(press(&ann, &url, "pay").await["paid"], false, "too late");
    assert_eq!(entitlements(&ann).await["calls.start"], false);

    // A price that is put away while somebody pays by it still counts for them.
    let (third, url) = checkout(&ann, &price).await;
    assert_eq!(owner.call(Method::DELETE, &format!("/api/v1/admin/prices/{price}"), None).await.0, 204);
    press(&ann, &url, "pay").await;
    assert_eq!(settle(&ann, &third).await["state"], "fulfilled");
    ann.refused(Method::POST, "/api/v1/checkout", Some(json!({ "price": price })), 422, "billing.price_gone").await;

    owner.call(Method::PATCH, "/api/v1/admin/settings", Some(json!({ "test_payments": false }))).await;
    assert_eq!(ann.get("/api/v1/offers").await["ways"], json!([]));
    ann.refused(Method::POST, "/api/v1/checkout", Some(json!({ "price": price, "provider": "test" })), 409, "billing.provider_off").await;
    ann.refused(Method::POST, "/api/v1/checkout", Some(json!({ "price": price, "provider": "stripe" })), 409, "billing.provider_off").await;
    town.close().await;
}

#[actix_web::test]
async fn the_card_is_charged_by_the_clock_fails_and_works_again() {
    let (town, _, ann, price) = town().await;
    let (order, url) = checkout(&ann, &price).await;
    press(&ann, &url, "pay_once").await;
    settle(&ann, &order).await;
    let end = NOON + MONTH;
    town.hand.store(end, Ordering::Relaxed);
    let ann = town.again(&ann).await;
    let mut tab = Socket::open(&town.url(""), &ann.token).await.expect("open");
    ring(&town).await;
    let own = until(&mut tab, &ann, "past_due").await;
    assert_eq!((&own["past_due_since"], &own["access_until"], &own["next_charge_at"]), (&json!(end), &json!(end + 7 * DAY), &Value::Null));
    assert_eq!(entitlements(&ann).await["calls.start"], true, "within its grace");
    let owed = ann.get("/api/v1/me/state").await["owed"].clone();
    assert_eq!((&owed["plan"], &owed["until"], &owed["subscription"]), (&json!("Member"), &json!(end + 7 * DAY), &own["id"]));
    assert!(ann.page_text("/").await.contains("A payment is due."), "it stands over the whole app");
    assert!(ann.page_text("/settings/membership").await.contains("A payment is due."));

    // The grace is over, and then the card works: what is owed is paid once.
    town.hand.store(end + 8 * DAY, Ordering::Relaxed);
    let ann = town.again(&ann).await;
    let mut tab = Socket::open(&town.url(""), &ann.token).await.expect("open");
    assert_eq!(entitlements(&ann).await["calls.start"], false);
    assert_eq!(ann.get("/api/v1/me/state").await["owed"], Value::Null, "what has lapsed is not asked for");
    let page = ann.page_text("/settings/membership").await;
    assert!(!page.contains("A payment is due.") && page.contains("payment due since") && page.contains("/portal"), "{page}");
    let path = format!("/api/v1/me/subscriptions/{}/portal", own["id"].as_str().expect("an id"));
    let page = ann.post(&path, json!({})).await["url"].as_str().expect("an address").to_owned();
    assert!(ann.page_text(&page).await.contains("A card that works"));
    assert_eq!(ann.call(Method::POST, &format!("/api/v1{page}"), Some(json!({ "works": true }))).await.0, 204);
    let own = until(&mut tab, &ann, "active").await;
    assert_eq!(own["period_end"], json!(end + 31 * DAY), "no day is won or lost");
    assert_eq!(ann.get("/api/v1/me/state").await["owed"], Value::Null);
    assert_eq!(entitlements(&ann).await["calls.start"], true);
    let paid = ann.get("/api/v1/me/orders").await["items"].clone();
    let states: Vec<_> =
        paid.as_array().expect("orders").iter().map(|one| (one["state"].clone(), one["payments"].as_array().map(Vec::len))).collect();
    assert_eq!(states, [(json!("fulfilled"), Some(1)), (json!("fulfilled"), Some(1))], "two periods, two payments");
    assert_eq!(books(&town).await, (Vec::new(), 4));
    town.close().await;
}

#[actix_web::test]
async fn it_is_cancelled_and_resumed_at_the_provider_and_ends_to_the_day() {
    let (town, _, ann, price) = town().await;
    let (order, url) = checkout(&ann, &price).await;
    press(&ann, &url, "pay").await;
    settle(&ann, &order).await;
    let id = subscription(&ann).await["id"].as_str().expect("an id").to_owned();
    let path = |act: &str| format!("/api/v1/me/subscriptions/{id}/{act}");
    let end = NOON + MONTH;
    let cancelled = ann.post(&path("cancel"), json!({})).await;
    assert_eq!((&cancelled["cancels_at_end"], &cancelled["access_until"]), (&json!(true), &json!(end)));
    let resumed = ann.post(&path("resume"), json!({})).await;
    assert_eq!((&resumed["cancels_at_end"], &resumed["next_charge_at"]), (&json!(false), &json!(end)));
    ann.post(&path("cancel"), json!({})).await;
    town.hand.store(end, Ordering::Relaxed);
    let ann = town.again(&ann).await;
    let mut tab = Socket::open(&town.url(""), &ann.token).await.expect("open");
    ring(&town).await;
    until(&mut tab, &ann, "canceled").await;
    assert_eq!(entitlements(&ann).await["calls.start"], false);
    assert_eq!(books(&town).await, (Vec::new(), 2), "nothing more was charged");
    ann.refused(Method::POST, &path("resume"), Some(json!({})), 409, "billing.subscription_over").await;
    town.close().await;
}

#[actix_web::test]
async fn a_trial_lets_in_without_money_is_charged_at_its_end_and_comes_once() {
    let (town, owner, ann, price) = town().await;
    let plan = first_plan(&owner).await;
    owner.call(Method::PATCH, &format!("/api/v1/admin/plans/{plan}"), Some(json!({ "trial_days": 14 }))).await;
    owner
        .refused(Method::PATCH, &format!("/api/v1/admin/plans/{plan}"), Some(json!({ "trial_days": 366 })), 422, "billing.trial_days")
        .await;
    let (order, url) = checkout(&ann, &price).await;
    press(&ann, &url, "pay").await;
    assert_eq!(settle(&ann, &order).await["state"], "fulfilled");
    let own = subscription(&ann).await;
    let trial_end = NOON + 14 * DAY;
    assert_eq!((&own["status"], &own["trial_end"], &own["next_charge_at"]), (&json!("trialing"), &json!(trial_end), &json!(trial_end)));
    assert_eq!(entitlements(&ann).await["calls.start"], true);
    assert_eq!(books(&town).await, (Vec::new(), 0), "no money yet");

    town.hand.store(trial_end, Ordering::Relaxed);
    let ann = town.again(&ann).await;
    let mut tab = Socket::open(&town.url(""), &ann.token).await.expect("open");
    ring(&town).await;
    let own = until(&mut tab, &ann, "active").await;
    assert_eq!(own["period_end"], json!(trial_end + MONTH));
    assert_eq!(books(&town).await, (Vec::new(), 2));

    let id = own["id"].as_str().expect("an id");
    ann.post(&format!("/api/v1/me/subscriptions/{id}/cancel"), json!({})).await;
    town.hand.store(trial_end + MONTH, Ordering::Relaxed);
    let ann = town.again(&ann).await;
    let mut tab = Socket::open(&town.url(""), &ann.token).await.expect("open");
    ring(&town).await;
    until(&mut tab, &ann, "canceled").await;
    let (order, url) = checkout(&ann, &price).await;
    press(&ann, &url, "pay").await;
    settle(&ann, &order).await;
    assert_eq!(subscription(&ann).await["status"], "active", "there is one trial for each member");
    town.close().await;
}

#[actix_web::test]
async fn whoever_is_deleted_is_not_charged_again() {
    let (town, owner, ann, price) = town().await;
    let (order, url) = checkout(&ann, &price).await;
    press(&ann, &url, "pay").await;
    settle(&ann, &order).await;
    assert_eq!(owner.call(Method::DELETE, &format!("/api/v1/admin/members/{}", ann.id), None).await.0, 204);
    ring(&town).await;
    let mut found = Value::Null;
    for _ in 0..1_000 {
        found = owner.get("/api/v1/admin/subscriptions").await["items"][0].clone();
        if found["status"] == "canceled" {
            break;
        }
    }
    assert_eq!(found["status"], "canceled", "its provider ended it");
    town.hand.store(NOON + 2 * MONTH, Ordering::Relaxed);
    let owner = town.again(&owner).await;
    ring(&town).await;
    assert_eq!(
        owner.get("/api/v1/admin/orders").await["items"].as_array().map(Vec::len),
        Some(1),
        "the accounts stay, and nothing comes to them"
    );
    town.close().await;
}

#[actix_web::test]
async fn what_is_owed_at_the_test_page_is_nothing_where_that_is_refused() {
    let (town, _, ann, price) = town().await;
    let (order, url) = checkout(&ann, &price).await;
    press(&ann, &url, "pay_once").await;
    settle(&ann, &order).await;
    town.hand.store(NOON + MONTH, Ordering::Relaxed);
    ring(&town).await;
    let ann = town.again(&ann).await;
    let mut tab = Socket::open(&town.url(""), &ann.token).await.expect("open");
    until(&mut tab, &ann, "past_due").await;
    assert_eq!(ann.get("/api/v1/me/state").await["owed"]["plan"], "Member");
    // Without that provider, as under an address that others reach, nobody could take it.
    let (elsewhere, id) = (Billing::new(Notices::none()), ann.id);
    let owed = town.app().ground.db.read(move |conn| rialto::billing::owed(conn, &elsewhere, id, NOON + MONTH));
    assert_eq!(owed.await.expect("read"), None);
    town.close().await;
}

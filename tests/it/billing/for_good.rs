//! What is paid for good ends what is paid from period to period, and is not sold again; and no plan is had twice by a difference that waits.

use reqwest::Method;
use serde_json::{Value, json};

use super::changes::{DAY, MONTH, Shop, agree, own, price, shop};
use super::paying::books;
use super::{entitlements, first_plan, ring};
use crate::support::{NOON, Person};

/// The id of the plan of this name.
async fn plan_named(owner: &Person, name: &str) -> String {
    let plans = owner.get("/api/v1/admin/plans").await["items"].clone();
    let found = plans.as_array().expect("plans").iter().find(|one| one["name"] == name).expect("the plan")["id"].clone();
    found.as_str().expect("an id").to_owned()
}

impl Shop {
    /// Money in hand for a plan: the answer.
    async fn sells(&self, plan: &str, price: &str, amount: i64) -> (u16, Value) {
        let owner = self.town.again(&self.owner).await;
        let sale = json!({ "plan": plan, "price": price, "amount": amount, "method": "cash" });
        let (status, answer) = owner.call(Method::POST, &format!("/api/v1/admin/members/{}/payments", self.ann.id), Some(sale)).await;
        (status.as_u16(), answer)
    }

    async fn takes(&self, order: &Value, amount: i64) -> (u16, Value) {
        let owner = self.town.again(&self.owner).await;
        let path = format!("/api/v1/admin/orders/{}/payments", order["id"].as_str().expect("an id"));
        let (status, answer) = owner.call(Method::POST, &path, Some(json!({ "amount": amount, "method": "cash" }))).await;
        (status.as_u16(), answer)
    }
}

/// What somebody pays from period to period: the plans and where each stands, the oldest first.
async fn paying(person: &Person) -> Vec<(String, String)> {
    let all = person.get("/api/v1/me/membership").await["subscriptions"].clone();
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    all.as_array().expect("a list").iter().rev().map(|one| (text(&one["plan"]["name"]), text(&one["status"]))).collect()
}

fn pair(plan: &str, status: &str) -> (String, String) {
    (plan.to_owned(), status.to_owned())
}

#[actix_web::test]
async fn what_is_paid_for_good_ends_the_month_and_is_sold_no_more() {
    let shop = shop().await;
    let first = first_plan(&shop.owner).await;
    let once = price(&shop.owner, &first, 9_900, "once").await;
    shop.in_cash().await;
    let friend = plan_named(&shop.owner, "Friend").await;
    assert_eq!(shop.sells(&friend, &shop.friend, 300).await.0, 201);
    // In the last week of the month its next payment is asked for.
    let ann = shop.until(NOON + 24 * DAY).await;
    let mut tab = ann.connect().await;
    while ann.get("/api/v1/offers").await["waiting"].as_array().map(Vec::len) != Some(2) {
        tab.event("orders_changed").await;
    }
    assert_eq!(shop.sells(&first, &once, 9_900).await.0, 201);
    assert_eq!(paying(&ann).await, [pair("Member", "canceled"), pair("Friend", "active")]);
    let waiting = ann.get("/api/v1/offers").await["waiting"].clone();
    assert_eq!((waiting.as_array().map(Vec::len), &waiting[0]["plan"]["name"]), (Some(1), &json!("Friend")), "{waiting}");
    assert_eq!(entitlements(&ann).await["calls.start"], true);

    // Nor is it sold again: by hand, or as what another one becomes.
    let (status, answer) = shop.sells(&first, &shop.member, 500).await;
    assert_eq!((status, &answer["code"]), (409, &json!("billing.has_for_good")));
    let path = format!("/api/v1/me/subscriptions/{}", own(&ann).await["id"].as_str().expect("an id"));
    let change = Some(json!({ "price": shop.member, "as_of": NOON + 24 * DAY }));
    ann.refused(Method::POST, &format!("{path}/change"), change, 409, "billing.has_for_good").await;
    let choices = ann.get(&format!("{path}/changes")).await["items"].clone();
    assert!(!choices.to_string().contains("Member") && choices.to_string().contains("Patron"), "{choices}");
    shop.town.close().await;
}

#[actix_web::test]
async fn what_becomes_it_stays_what_it_is() {
    let shop = shop().await;
    let friend = plan_named(&shop.owner, "Friend").await;
    let once = price(&shop.owner, &friend, 2_900, "once").await;
    let path = shop.in_cash().await;
    agree(&shop.ann, &path, &shop.friend).await;
    assert_eq!(own(&shop.ann).await["next"]["plan"]["name"], "Friend");
    assert_eq!(shop.sells(&friend, &once, 2_900).await.0, 201);
    let now = own(&shop.ann).await;
    assert_eq!((&now["plan"]["name"], &now["status"], &now["next"]), (&json!("Member"), &json!("active"), &Value::Null));
    shop.town.close().await;

    // The same where a provider keeps it.
    let shop = super::changes::shop().await;
    let friend = plan_named(&shop.owner, "Friend").await;
    let once = price(&shop.owner, &friend, 2_900, "once").await;
    let path = shop.at_the_page("pay").await;
    agree(&shop.ann, &path, &shop.friend).await;
    let ann = shop.until(NOON + DAY).await;
    let owner = shop.town.again(&shop.owner).await;
    let mut tab = ann.connect().await;
    let buys = async |price: &str| {
        let opened = ann.post("/api/v1/checkout", json!({ "price": price, "provider": "test" })).await;
        ann.post(&format!("/api/v1{}", opened["url"].as_str().expect("an address")), json!({ "act": "pay" })).await;
    };
    buys(&once).await;
    while own(&ann).await["next"] != Value::Null {
        tab.event("entitlements_changed").await;
    }
    assert_eq!(paying(&ann).await, [pair("Member", "active")]);
    // And what it is ends once that is paid for good.
    let first = first_plan(&owner).await;
    buys(&price(&owner, &first, 9_900, "once").await).await;
    while own(&ann).await["status"] != "canceled" {
        tab.event("entitlements_changed").await;
    }
    assert_eq!(entitlements(&ann).await["calls.start"], true);
    assert_eq!(books(&shop.town).await.0, Vec::new());
    shop.town.close().await;
}

#[actix_web::test]
async fn a_difference_that_waits_goes_when_its_plan_is_paid_otherwise() {
    let shop = shop().await;
    let (path, patron) = (shop.in_cash().await, plan_named(&shop.owner, "Patron").await);
    let asked = agree(&shop.ann, &path, &shop.patron).await["order"].clone();
    assert_eq!(asked["total"]["amount"], 400);
    // Ann brings the price of a whole month in the dearer plan instead.
    assert_eq!(shop.sells(&patron, &shop.patron, 900).await.0, 201);
    let (status, answer) = shop.takes(&asked, 400).await;
    assert_eq!((status, &answer["code"]), (409, &json!("billing.order_over")), "it would be had twice");
    assert_eq!(paying(&shop.ann).await, [pair("Member", "active"), pair("Patron", "active")]);
    shop.town.close().await;

    // Of two that would become it the first that is paid does.
    let shop = super::changes::shop().await;
    let (member, patron) = (shop.in_cash().await, plan_named(&shop.owner, "Patron").await);
    let friend = plan_named(&shop.owner, "Friend").await;
    assert_eq!(shop.sells(&friend, &shop.friend, 300).await.0, 201);
    let friend = format!("/api/v1/me/subscriptions/{}", own(&shop.ann).await["id"].as_str().expect("an id"));
    let (first, second) = (agree(&shop.ann, &member, &shop.patron).await, agree(&shop.ann, &friend, &shop.patron).await);
    assert_eq!(shop.takes(&second["order"], 600).await.0, 201);
    let (status, answer) = shop.takes(&first["order"], 400).await;
    assert_eq!((status, &answer["code"]), (409, &json!("billing.order_over")));
    assert_eq!(paying(&shop.ann).await, [pair("Member", "active"), pair("Patron", "active")]);
    let choices = shop.ann.get(&format!("{member}/changes")).await["items"].clone();
    assert!(!choices.to_string().contains(&patron), "{choices}");
    shop.town.close().await;
}

#[actix_web::test]
async fn a_difference_is_asked_for_at_what_it_comes_to_when_it_is_agreed_to() {
    let shop = shop().await;
    let path = shop.in_cash().await;
    let early = agree(&shop.ann, &path, &shop.patron).await["order"].clone();
    let ann = shop.until(NOON + 15 * DAY).await;
    let late = agree(&ann, &path, &shop.patron).await["order"].clone();
    assert_eq!((&early["total"]["amount"], &late["total"]["amount"]), (&json!(400), &json!(200)));
    let (status, answer) = shop.takes(&early, 400).await;
    assert_eq!((status, &answer["code"]), (409, &json!("billing.order_over")), "another sum was shown since");
    assert_eq!(shop.takes(&late, 200).await.0, 201);
    assert_eq!(own(&ann).await["period_end"], json!(NOON + MONTH));
    shop.town.close().await;
}

#[actix_web::test]
async fn of_two_trials_in_two_tabs_one_is_had() {
    let shop = shop().await;
    for name in ["Friend", "Patron"] {
        let plan = plan_named(&shop.owner, name).await;
        shop.owner.call(Method::PATCH, &format!("/api/v1/admin/plans/{plan}"), Some(json!({ "trial_days": 14 }))).await;
    }
    let mut tab = shop.ann.connect().await;
    let mut opened = Vec::new();
    for price in [&shop.friend, &shop.patron] {
        opened.push(shop.ann.post("/api/v1/checkout", json!({ "price": price, "provider": "test" })).await);
    }
    for one in &opened {
        shop.ann.post(&format!("/api/v1{}", one["url"].as_str().expect("an address")), json!({ "act": "pay" })).await;
        shop.ann.post(&format!("/api/v1/me/orders/{}/settle", one["order"].as_str().expect("an order")), json!({})).await;
    }
    ring(&shop.town).await;
    let orders = async || shop.ann.get("/api/v1/me/orders").await["items"].clone();
    assert_eq!((&orders().await[0]["state"], &orders().await[1]["state"]), (&json!("cancelled"), &json!("fulfilled")));
    assert_eq!(entitlements(&shop.ann).await["rooms.create"], false, "the second plan was never had");
    // It is bought for money once the provider has heard that the trial is none.
    let wish = json!({ "price": shop.patron, "provider": "test" });
    while shop.ann.call(Method::POST, "/api/v1/checkout", Some(wish.clone())).await.0 != 201 {
        tab.event("orders_changed").await;
    }
    shop.town.close().await;
}

//! Another plan for what is paid by hand, around payments: paid ahead, given up, taken back, and the order for a difference.

use std::sync::atomic::Ordering;

use reqwest::Method;
use serde_json::{Value, json};

use super::changes::{DAY, MONTH, Shop, agree, own, shop, until_plan};
use super::{entitlements, first_plan, ring};
use crate::support::{NOON, Person, Socket};

/// Waits for an order of this sum that waits itself.
async fn until_asked(tab: &mut Socket, person: &Person, amount: i64) -> Value {
    loop {
        let waiting = person.get("/api/v1/offers").await["waiting"].clone();
        if let Some(one) = waiting.as_array().expect("a list").iter().find(|one| one["total"]["amount"] == amount) {
            return one.clone();
        }
        tab.event("orders_changed").await;
    }
}

async fn waiting(person: &Person) -> Vec<i64> {
    let waiting = person.get("/api/v1/offers").await["waiting"].clone();
    waiting.as_array().expect("a list").iter().map(|one| one["total"]["amount"].as_i64().expect("a sum")).collect()
}

async fn state(person: &Person, order: &Value) -> Value {
    let orders = person.get("/api/v1/me/orders").await["items"].clone();
    orders.as_array().expect("a list").iter().find(|one| one["id"] == order["id"]).expect("the order")["state"].clone()
}

impl Shop {
    /// Another instant: what is looked after at the same one is looked after once.
    fn tick(&self) {
        self.town.hand.fetch_add(1_000, Ordering::Relaxed);
    }

    /// Money in hand for an order; the payment.
    async fn pays(&self, order: &Value, amount: i64) -> Value {
        let owner = self.town.again(&self.owner).await;
        let path = format!("/api/v1/admin/orders/{}/payments", order["id"].as_str().expect("an id"));
        owner.post(&path, json!({ "amount": amount, "method": "cash" })).await["payment"].clone()
    }

    async fn cannot_pay(&self, order: &Value, amount: i64, code: &str) {
        let owner = self.town.again(&self.owner).await;
        let path = format!("/api/v1/admin/orders/{}/payments", order["id"].as_str().expect("an id"));
        owner.refused(Method::POST, &path, Some(json!({ "amount": amount, "method": "cash" })), 409, code).await;
    }

    async fn reverses(&self, payment: &Value) {
        let owner = self.town.again(&self.owner).await;
        let path = format!("/api/v1/admin/payments/{}/reverse", payment["id"].as_str().expect("an id"));
        owner.post(&path, json!({ "note": "Typed wrongly" })).await;
    }
}

#[actix_web::test]
async fn what_was_planned_is_not_given_up_once_it_is_paid() {
    let shop = shop().await;
    let path = shop.in_cash().await;
    let ann = shop.until(NOON + 24 * DAY).await;
    let mut tab = Socket::open(&shop.town.url(""), &ann.token).await.expect("open");
    agree(&ann, &path, &shop.friend).await;
    ring(&shop.town).await;
    let renewal = until_asked(&mut tab, &ann, 300).await;
    assert!(ann.page_text("/settings/membership").await.contains("Keep Member"));
    let paid = shop.pays(&renewal, 300).await;
    let keep = format!("{path}/change/cancel");
    ann.refused(Method::POST, &keep, Some(json!({})), 409, "billing.change_paid").await;
    assert!(!ann.page_text("/settings/membership").await.contains("Keep Member"));
    let now = own(&ann).await;
    assert_eq!(
        (&now["plan"]["name"], &now["next"]["plan"]["name"], &now["next"]["paid"]),
        (&json!("Member"), &json!("Friend"), &json!(true))
    );
    assert_eq!(now["period_end"], json!(NOON + MONTH + 31 * DAY));

    // Taken back, it is only planned again, and can be given up.
    shop.tick();
    shop.reverses(&paid).await;
    let now = own(&ann).await;
    assert_eq!((&now["period_start"], &now["period_end"], &now["next"]["paid"]), (&json!(NOON), &json!(NOON + MONTH), &json!(false)));
    shop.tick();
    assert_eq!(ann.post(&keep, json!({})).await["next"], Value::Null);
    until_asked(&mut tab, &ann, 500).await;
    shop.town.close().await;
}

#[actix_web::test]
async fn a_year_that_is_paid_ahead_leaves_the_month_what_it_is() {
    let shop = shop().await;
    let path = shop.in_cash().await;
    let ann = shop.until(NOON + 24 * DAY).await;
    let mut tab = Socket::open(&shop.town.url(""), &ann.token).await.expect("open");
    agree(&ann, &path, &shop.yearly).await;
    ring(&shop.town).await;
    let paid = shop.pays(&until_asked(&mut tab, &ann, 5_000).await, 5_000).await;
    let now = own(&ann).await;
    assert_eq!((&now["every"], &now["money"]["amount"], &now["next"]["every"]), (&json!("month"), &json!(500), &json!("year")));
    assert_eq!(now["period_end"], json!(NOON + MONTH + 365 * DAY));
    ann.refused(Method::POST, &format!("{path}/change/cancel"), Some(json!({})), 409, "billing.change_paid").await;

    // Taken back and given up, it is a month at the price of a month.
    shop.tick();
    shop.reverses(&paid).await;
    shop.tick();
    ann.post(&format!("{path}/change/cancel"), json!({})).await;
    let now = own(&ann).await;
    assert_eq!((&now["every"], &now["period_start"], &now["period_end"]), (&json!("month"), &json!(NOON), &json!(NOON + MONTH)));
    until_asked(&mut tab, &ann, 500).await;

    shop.tick();
    agree(&ann, &path, &shop.yearly).await;
    ring(&shop.town).await;
    shop.pays(&until_asked(&mut tab, &ann, 5_000).await, 5_000).await;
    let ann = shop.until(NOON + MONTH).await;
    let mut tab = Socket::open(&shop.town.url(""), &ann.token).await.expect("open");
    loop {
        let now = own(&ann).await;
        if now["every"] == "year" {
            assert_eq!((&now["money"]["amount"], &now["next"]), (&json!(5_000), &Value::Null));
            assert_eq!(now["period_end"], json!(NOON + MONTH + 365 * DAY));
            break;
        }
        tab.event("entitlements_changed").await;
    }
    shop.town.close().await;
}

#[actix_web::test]
async fn a_dearer_plan_that_nobody_paid_begins_with_its_money() {
    let shop = shop().await;
    let path = shop.in_cash().await;
    // So late that nothing is left of the period: it is planned for the next one.
    let ann = shop.until(NOON + MONTH - 60_000).await;
    let mut tab = Socket::open(&shop.town.url(""), &ann.token).await.expect("open");
    let agreed = agree(&ann, &path, &shop.patron).await;
    assert_eq!((&agreed["order"], &agreed["subscription"]["next"]["plan"]["name"]), (&Value::Null, &json!("Patron")));
    assert_eq!(entitlements(&ann).await["rooms.create"], false);
    ring(&shop.town).await;
    let renewal = until_asked(&mut tab, &ann, 900).await;

    let ann = shop.until(NOON + MONTH).await;
    let mut tab = Socket::open(&shop.town.url(""), &ann.token).await.expect("open");
    while own(&ann).await["status"] != "past_due" {
        tab.event("entitlements_changed").await;
    }
    assert_eq!((&own(&ann).await["plan"]["name"], entitlements(&ann).await["rooms.create"].clone()), (&json!("Member"), json!(false)));
    shop.pays(&renewal, 900).await;
    let now = own(&ann).await;
    assert_eq!((&now["plan"]["name"], &now["money"]["amount"], &now["next"]), (&json!("Patron"), &json!(900), &Value::Null));
    assert_eq!((&now["period_end"], entitlements(&ann).await["rooms.create"].clone()), (&json!(NOON + MONTH + 31 * DAY), json!(true)));
    shop.town.close().await;
}

#[actix_web::test]
async fn who_planned_another_plan_and_then_cancels_ends_with_what_they_have() {
    let shop = shop().await;
    let path = shop.in_cash().await;
    agree(&shop.ann, &path, &shop.friend).await;
    shop.ann.post(&format!("{path}/cancel"), json!({})).await;
    let ann = shop.until(NOON + MONTH).await;
    let mut tab = Socket::open(&shop.town.url(""), &ann.token).await.expect("open");
    let over = loop {
        let now = own(&ann).await;
        if now["status"] == "canceled" {
            break now;
        }
        tab.event("entitlements_changed").await;
    };
    assert_eq!((&over["plan"]["name"], &over["money"]["amount"]), (&json!("Member"), &json!(500)));
    shop.town.close().await;
}

#[actix_web::test]
async fn a_difference_is_that_of_one_period_and_goes_with_it() {
    let shop = shop().await;
    let path = shop.in_cash().await;
    let ann = shop.until(NOON + 24 * DAY).await;
    let mut tab = Socket::open(&shop.town.url(""), &ann.token).await.expect("open");
    let renewal = until_asked(&mut tab, &ann, 500).await;
    let asked = agree(&ann, &path, &shop.patron).await["order"].clone();
    assert_eq!(asked["total"]["amount"], 80, "6 of 30 days");
    // The period is a month longer then.
    let paid = shop.pays(&renewal, 500).await;
    assert_eq!(state(&ann, &asked).await, "cancelled");
    shop.cannot_pay(&asked, 80, "billing.order_over").await;
    assert_eq!(own(&ann).await["plan"]["name"], "Member");
    let asked = agree(&ann, &path, &shop.patron).await["order"].clone();
    assert!(asked["total"]["amount"].as_i64().expect("a sum") > 400, "a whole month more: {asked}");
    // And a month shorter.
    shop.tick();
    shop.reverses(&paid).await;
    assert_eq!(state(&ann, &asked).await, "cancelled");
    // Something else was planned meanwhile: a difference that is paid would drop it.
    let asked = agree(&ann, &path, &shop.patron).await["order"].clone();
    shop.tick();
    agree(&ann, &path, &shop.friend).await;
    assert_eq!(state(&ann, &asked).await, "cancelled");
    assert_eq!(own(&ann).await["next"]["plan"]["name"], "Friend");
    shop.town.close().await;
}

#[actix_web::test]
async fn a_difference_that_goes_back_after_the_next_period_was_paid_leaves_the_plan() {
    let shop = shop().await;
    let path = shop.in_cash().await;
    let ann = shop.until(NOON + 10 * DAY).await;
    let difference = shop.pays(&agree(&ann, &path, &shop.patron).await["order"].clone(), 267).await;
    let ann = shop.until(NOON + 24 * DAY).await;
    let mut tab = Socket::open(&shop.town.url(""), &ann.token).await.expect("open");
    shop.pays(&until_asked(&mut tab, &ann, 900).await, 900).await;
    shop.reverses(&difference).await;
    let now = own(&ann).await;
    assert_eq!(
        (&now["plan"]["name"], &now["money"]["amount"], &now["period_end"]),
        (&json!("Patron"), &json!(900), &json!(NOON + MONTH + 31 * DAY))
    );
    assert_eq!(entitlements(&ann).await["rooms.create"], true);
    shop.town.close().await;
}

#[actix_web::test]
async fn money_for_the_plan_as_it_is_keeps_it_and_money_for_the_next_one_pays_that() {
    let shop = shop().await;
    let path = shop.in_cash().await;
    let sells = async |price: &str, plan: &Value, amount: i64| {
        let owner = shop.town.again(&shop.owner).await;
        let sale = json!({ "plan": plan, "price": price, "amount": amount, "method": "cash" });
        owner.call(Method::POST, &format!("/api/v1/admin/members/{}/payments", shop.ann.id), Some(sale)).await
    };
    let ann = shop.until(NOON + 24 * DAY).await;
    let mut tab = Socket::open(&shop.town.url(""), &ann.token).await.expect("open");
    until_asked(&mut tab, &ann, 500).await;
    agree(&ann, &path, &shop.friend).await;
    let friend = own(&ann).await["next"]["plan"]["id"].clone();
    let renewal = until_asked(&mut tab, &ann, 300).await;
    // Ann brings the price of what she has.
    let member = json!(first_plan(&shop.town.again(&shop.owner).await).await);
    assert_eq!(sells(&shop.member, &member, 500).await.0, 201);
    let now = own(&ann).await;
    assert_eq!((&now["plan"]["name"], &now["next"], &now["period_end"]), (&json!("Member"), &Value::Null, &json!(NOON + MONTH + 31 * DAY)));
    assert_eq!((state(&ann, &renewal).await, waiting(&ann).await), (json!("cancelled"), Vec::new()));

    // And then that of what she wants next, before anybody asks.
    shop.tick();
    agree(&ann, &path, &shop.friend).await;
    assert_eq!(sells(&shop.friend, &friend, 300).await.0, 201);
    let owned = ann.get("/api/v1/me/membership").await["subscriptions"].clone();
    assert_eq!((owned.as_array().map(Vec::len), &owned[0]["next"]["paid"]), (Some(1), &json!(true)), "{owned}");
    assert_eq!(owned[0]["plan"]["name"], "Member");
    let (status, answer) = sells(&shop.member, &member, 500).await;
    assert_eq!((status.as_u16(), &answer["code"]), (409, &json!("billing.change_paid")), "a period of the other one is paid");
    let ann = shop.until(NOON + MONTH + 31 * DAY).await;
    let mut tab = Socket::open(&shop.town.url(""), &ann.token).await.expect("open");
    until_plan(&mut tab, &ann, "Friend").await;
    shop.town.close().await;
}

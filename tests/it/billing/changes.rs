//! Another plan for what is paid already: at the test provider and by hand, at once and where the period ends, and given up.

use std::sync::atomic::Ordering;

use reqwest::Method;
use serde_json::{Value, json};

use super::paying::books;
use super::{entitlements, first_plan, plan, ring, told};
use crate::support::{NOON, Person, Socket, Town};

pub(super) const DAY: i64 = 86_400_000;
/// From NOON on, 1 November 2026: one month later.
pub(super) const MONTH: i64 = 30 * DAY;

/// A town with a plan at 5 EUR (and 50 for a year), a dearer one at 9 and a cheaper one at 3.
pub(super) struct Shop {
    pub(super) town: Town,
    pub(super) owner: Person,
    pub(super) ann: Person,
    pub(super) member: String,
    pub(super) yearly: String,
    pub(super) patron: String,
    pub(super) friend: String,
}

pub(super) async fn price(owner: &Person, plan: &str, amount: i64, every: &str) -> String {
    let made =
        owner.post(&format!("/api/v1/admin/plans/{plan}/prices"), json!({ "amount": amount, "currency": "EUR", "every": every })).await;
    made["id"].as_str().expect("an id").to_owned()
}

pub(super) async fn shop() -> Shop {
    let town = Town::new().await;
    let (owner, ann) = (town.owner("olave").await, town.member("ann").await);
    owner.call(Method::PATCH, "/api/v1/admin/settings", Some(json!({ "test_payments": true }))).await;
    let first = first_plan(&owner).await;
    let dear = plan(&owner, "Patron", json!({ "calls.start": true, "rooms.create": true })).await;
    let cheap = plan(&owner, "Friend", json!({ "upload.max_mb": 50 })).await;
    let member = price(&owner, &first, 500, "month").await;
    let (yearly, patron) = (price(&owner, &first, 5_000, "year").await, price(&owner, &dear, 900, "month").await);
    let friend = price(&owner, &cheap, 300, "month").await;
    Shop { town, owner, ann, member, yearly, patron, friend }
}

impl Shop {
    /// Ann pays for the first plan at the test page; her subscription's address.
    pub(super) async fn at_the_page(&self, act: &str) -> String {
        let opened = self.ann.post("/api/v1/checkout", json!({ "price": self.member, "provider": "test" })).await;
        self.ann.post(&format!("/api/v1{}", opened["url"].as_str().expect("an address")), json!({ "act": act })).await;
        self.ann.post(&format!("/api/v1/me/orders/{}/settle", opened["order"].as_str().expect("an order")), json!({})).await;
        self.path().await
    }

    /// Ann pays for the first plan in cash; her subscription's address.
    pub(super) async fn in_cash(&self) -> String {
        let plan = first_plan(&self.owner).await;
        let sale = json!({ "plan": plan, "price": self.member, "amount": 500, "method": "cash" });
        self.owner.post(&format!("/api/v1/admin/members/{}/payments", self.ann.id), sale).await;
        self.path().await
    }

    async fn path(&self) -> String {
        format!("/api/v1/me/subscriptions/{}", own(&self.ann).await["id"].as_str().expect("an id"))
    }

    /// Lets time pass and jobs run; Ann as she then is.
    pub(super) async fn until(&self, at: i64) -> Person {
        self.town.hand.store(at, Ordering::Relaxed);
        ring(&self.town).await;
        self.town.again(&self.ann).await
    }
}

pub(super) async fn own(person: &Person) -> Value {
    person.get("/api/v1/me/membership").await["subscriptions"][0].clone()
}

pub(super) async fn preview(person: &Person, path: &str, price: &str) -> Value {
    person.post(&format!("{path}/change/preview"), json!({ "price": price })).await
}

/// Looks at what a change comes to, and agrees.
pub(super) async fn agree(person: &Person, path: &str, price: &str) -> Value {
    let shown = preview(person, path, price).await;
    person.post(&format!("{path}/change"), json!({ "price": price, "as_of": shown["as_of"] })).await
}

/// Waits until the plan of the subscription has this name, by what open connections hear.
pub(super) async fn until_plan(tab: &mut Socket, person: &Person, name: &str) -> Value {
    loop {
        let own = own(person).await;
        if own["plan"]["name"] == name {
            return own;
        }
        tab.event("entitlements_changed").await;
    }
}

#[actix_web::test]
async fn a_dearer_plan_is_shown_with_its_price_paid_and_works_at_once() {
    let shop = shop().await;
    let path = shop.at_the_page("pay").await;
    let ann = shop.until(NOON + 10 * DAY).await;
    let mut tab = Socket::open(&shop.town.url(""), &ann.token).await.expect("open");
    let choices = ann.get(&format!("{path}/changes")).await["items"].clone();
    let offered: Vec<_> = choices.as_array().expect("a list").iter().map(|one| (one["price"]["id"].clone(), one["when"].clone())).collect();
    assert_eq!(
        offered,
        [(json!(shop.yearly), json!("now")), (json!(shop.patron), json!("now")), (json!(shop.friend), json!("at_period_end"))]
    );
    let shown = preview(&ann, &path, &shop.patron).await;
    assert_eq!((&shown["due"]["amount"], &shown["money"]["amount"]), (&json!(267), &json!(900)), "20 of 30 days");
    assert_eq!((&shown["when"], &shown["next_charge_at"]), (&json!("now"), &json!(NOON + MONTH)));
    assert_eq!(books(&shop.town).await.1, 2, "looking costs nothing");
    let agreed = json!({ "price": shop.patron, "as_of": shown["as_of"] });
    let change = format!("{path}/change");
    let (first, second) = futures_util::join!(ann.post(&change, agreed.clone()), ann.post(&change, agreed.clone()));
    assert_eq!(first["subscription"]["plan"]["name"], "Patron");
    assert_eq!(second["subscription"]["plan"]["name"], "Patron", "pressed twice");
    loop {
        let heard = tab.event("entitlements_changed").await;
        if heard["event"]["entitlements"]["rooms.create"] == json!(true) {
            break;
        }
    }
    assert_eq!(books(&shop.town).await, (Vec::new(), 4), "the difference was paid once");
    let orders = ann.get("/api/v1/me/orders").await["items"].clone();
    assert_eq!((&orders[0]["total"]["amount"], &orders[0]["payments"][0]["money"]["amount"]), (&json!(267), &json!(267)));
    assert_eq!(ann.get("/api/v1/me/membership").await["plans"].as_array().map(Vec::len), Some(1), "one takes the place of the other");
    assert_eq!(told(&ann).await.last().map(String::as_str), Some("changed"));

    let ann = shop.until(NOON + MONTH).await;
    let mut tab = Socket::open(&shop.town.url(""), &ann.token).await.expect("open");
    while own(&ann).await["period_start"] != json!(NOON + MONTH) {
        tab.event("entitlements_changed").await;
    }
    let orders = ann.get("/api/v1/me/orders").await["items"].clone();
    assert_eq!(orders[0]["total"]["amount"], 900, "from then on the whole price");
    shop.town.close().await;
}

#[actix_web::test]
async fn a_cheaper_plan_waits_for_the_end_of_the_period_and_can_be_given_up() {
    let shop = shop().await;
    let path = shop.at_the_page("pay").await;
    let ann = &shop.ann;
    let shown = preview(ann, &path, &shop.friend).await;
    assert_eq!((&shown["when"], &shown["at"], &shown["due"]["amount"]), (&json!("at_period_end"), &json!(NOON + MONTH), &json!(0)));
    let agreed = agree(ann, &path, &shop.friend).await["subscription"].clone();
    assert_eq!((&agreed["plan"]["name"], &agreed["money"]["amount"]), (&json!("Member"), &json!(500)));
    assert_eq!((&agreed["next"]["plan"]["name"], &agreed["next"]["at"]), (&json!("Friend"), &json!(NOON + MONTH)));
    assert_eq!(ann.get("/api/v1/me/membership").await["totals"][0]["month"]["amount"], 300);
    assert_eq!(entitlements(ann).await["calls.start"], true);
    let page = ann.page_text("/settings/membership").await;
    assert!(page.contains("Keep Member"), "{page}");
    let change = format!("{path}/change");
    let too_many = json!({ "price": shop.patron, "as_of": NOON });
    ann.refused(Method::POST, &change, Some(too_many), 409, "billing.change_planned").await;
    assert_eq!(ann.get(&format!("{path}/changes")).await["items"], json!([]));

    let kept = ann.post(&format!("{change}/cancel"), json!({})).await;
    assert_eq!((&kept["next"], &kept["plan"]["name"]), (&Value::Null, &json!("Member")));
    assert_eq!(ann.post(&format!("{change}/cancel"), json!({})).await["next"], Value::Null, "again it does nothing");
    let ann = &shop.until(NOON + 1_000).await;
    agree(ann, &path, &shop.friend).await;

    let ann = shop.until(NOON + MONTH).await;
    let mut tab = Socket::open(&shop.town.url(""), &ann.token).await.expect("open");
    let own = until_plan(&mut tab, &ann, "Friend").await;
    assert_eq!((&own["money"]["amount"], &own["next"], &own["period_end"]), (&json!(300), &Value::Null, &json!(NOON + MONTH + 31 * DAY)));
    assert_eq!(entitlements(&ann).await["calls.start"], false);
    assert_eq!(ann.get("/api/v1/me/orders").await["items"][0]["total"]["amount"], 300);
    shop.town.close().await;
}

#[actix_web::test]
async fn what_cannot_be_changed_says_why() {
    let shop = shop().await;
    let path = shop.at_the_page("pay_once").await;
    let (ann, change) = (&shop.ann, format!("{path}/change"));
    let to = |price: &str, as_of: i64| Some(json!({ "price": price, "as_of": as_of }));
    ann.refused(Method::POST, &change, to("77", NOON), 422, "billing.price_unknown").await;
    ann.refused(Method::POST, &change, to(&shop.patron, NOON + 1), 409, "billing.change_stale").await;
    ann.refused(Method::POST, &change, to(&shop.patron, NOON - 30 * 60_000 - 1), 409, "billing.change_stale").await;
    let ben = shop.town.member("ben").await;
    ben.refused(Method::POST, &change, to(&shop.patron, NOON), 404, "error.not_found").await;
    // The card fails from now on: nothing is other than before.
    ann.refused(Method::POST, &change, to(&shop.patron, NOON), 409, "billing.card_refused").await;
    assert_eq!(own(ann).await["plan"]["name"], "Member");
    assert_eq!(books(&shop.town).await, (Vec::new(), 2));
    ann.post(&format!("{path}/cancel"), json!({})).await;
    ann.refused(Method::POST, &change, to(&shop.patron, NOON), 409, "billing.change_ending").await;
    ann.post(&format!("{path}/resume"), json!({})).await;
    assert_eq!(shop.owner.call(Method::DELETE, &format!("/api/v1/admin/prices/{}", shop.patron), None).await.0, 204);
    ann.refused(Method::POST, &change, to(&shop.patron, NOON), 422, "billing.price_gone").await;
    let dollars = json!({ "amount": 2_000, "currency": "USD", "every": "month" });
    let dollars = shop.owner.post(&format!("/api/v1/admin/plans/{}/prices", first_plan(&shop.owner).await), dollars).await;
    ann.refused(Method::POST, &change, to(dollars["id"].as_str().expect("an id"), NOON), 422, "billing.change_not_offered").await;

    let ann = shop.until(NOON + MONTH).await;
    let mut tab = Socket::open(&shop.town.url(""), &ann.token).await.expect("open");
    while own(&ann).await["status"] != "past_due" {
        tab.event("entitlements_changed").await;
    }
    ann.refused(Method::POST, &change, to(&shop.friend, NOON + MONTH), 409, "billing.change_owed").await;
    shop.town.close().await;
}

#[actix_web::test]
async fn a_year_takes_the_place_of_a_month_and_a_trial_costs_nothing_before_its_end() {
    let shop = shop().await;
    let path = shop.at_the_page("pay").await;
    let ann = shop.until(NOON + 15 * DAY).await;
    let shown = preview(&ann, &path, &shop.yearly).await;
    assert_eq!((&shown["due"]["amount"], &shown["next_charge_at"]), (&json!(4_750), &json!(NOON + 15 * DAY + 365 * DAY)));
    let changed = agree(&ann, &path, &shop.yearly).await["subscription"].clone();
    assert_eq!((&changed["every"], &changed["period_start"]), (&json!("year"), &json!(NOON + 15 * DAY)));
    assert_eq!(changed["period_end"], json!(NOON + 15 * DAY + 365 * DAY));
    assert_eq!(books(&shop.town).await, (Vec::new(), 4));

    let owner = shop.town.again(&shop.owner).await;
    let plan = first_plan(&owner).await;
    owner.call(Method::PATCH, &format!("/api/v1/admin/plans/{plan}"), Some(json!({ "trial_days": 14 }))).await;
    let ben = shop.town.again(&shop.town.member("ben").await).await;
    let opened = ben.post("/api/v1/checkout", json!({ "price": shop.member, "provider": "test" })).await;
    ben.post(&format!("/api/v1{}", opened["url"].as_str().expect("an address")), json!({ "act": "pay" })).await;
    ben.post(&format!("/api/v1/me/orders/{}/settle", opened["order"].as_str().expect("an order")), json!({})).await;
    let trial = own(&ben).await;
    assert_eq!(trial["status"], "trialing");
    let path = format!("/api/v1/me/subscriptions/{}", trial["id"].as_str().expect("an id"));
    let changed = agree(&ben, &path, &shop.patron).await["subscription"].clone();
    assert_eq!((&changed["plan"]["name"], &changed["trial_end"]), (&json!("Patron"), &trial["trial_end"]));
    assert_eq!(books(&shop.town).await.1, 4, "no money yet");
    shop.town.close().await;
}

#[actix_web::test]
async fn by_hand_the_difference_is_paid_first_and_its_reversal_brings_the_old_plan_back() {
    let shop = shop().await;
    let path = shop.in_cash().await;
    let ann = shop.until(NOON + 10 * DAY).await;
    let mut tab = Socket::open(&shop.town.url(""), &ann.token).await.expect("open");
    let asked = agree(&ann, &path, &shop.patron).await;
    let order = asked["order"].clone();
    assert_eq!((&order["total"]["amount"], &order["change"], &order["renews"]), (&json!(267), &json!(true), &json!(false)));
    assert_eq!(asked["subscription"]["plan"]["name"], "Member", "not before it is paid");
    assert_eq!(agree(&ann, &path, &shop.patron).await["order"]["id"], order["id"], "the same wish is the same order");
    let owner = shop.town.again(&shop.owner).await;
    let home = owner.page_text("/admin").await;
    assert!(home.contains("1 member asks"), "{home}");
    let pay = format!("/api/v1/admin/orders/{}/payments", order["id"].as_str().expect("an id"));
    owner.refused(Method::POST, &pay, Some(json!({ "amount": 266, "method": "cash" })), 422, "billing.payment_amount").await;
    let paid = owner.post(&pay, json!({ "amount": 267, "method": "cash" })).await;
    while tab.event("entitlements_changed").await["event"]["entitlements"]["rooms.create"] != json!(true) {}
    let now = own(&ann).await;
    assert_eq!((&now["plan"]["name"], &now["money"]["amount"], &now["period_end"]), (&json!("Patron"), &json!(900), &json!(NOON + MONTH)));
    let receipt = ann.page_text(&format!("/receipts/{}", paid["payment"]["id"].as_str().expect("an id"))).await;
    assert!(receipt.contains("the rest of the period"), "{receipt}");

    let reverse = format!("/api/v1/admin/payments/{}/reverse", paid["payment"]["id"].as_str().expect("an id"));
    owner.post(&reverse, json!({ "note": "Not wanted" })).await;
    let now = own(&ann).await;
    assert_eq!((&now["plan"]["name"], &now["money"]["amount"], &now["period_end"]), (&json!("Member"), &json!(500), &json!(NOON + MONTH)));
    assert_eq!(entitlements(&ann).await["rooms.create"], false);
    assert_eq!(books(&shop.town).await, (Vec::new(), 6));

    // What nobody pays before the period ends is over with it.
    let left = agree(&ann, &path, &shop.patron).await["order"]["id"].as_str().expect("an order").to_owned();
    let ann = shop.until(NOON + MONTH).await;
    let mut tab = Socket::open(&shop.town.url(""), &ann.token).await.expect("open");
    loop {
        let orders = ann.get("/api/v1/me/orders").await["items"].clone();
        let state = orders.as_array().expect("a list").iter().find(|one| one["id"] == left).expect("the order")["state"].clone();
        if state == "expired" {
            break;
        }
        tab.event("orders_changed").await;
    }
    shop.town.close().await;
}

#[actix_web::test]
async fn by_hand_a_cheaper_plan_is_what_the_next_payment_is_asked_for() {
    let shop = shop().await;
    let path = shop.in_cash().await;
    // The next payment is asked for already, at the old price.
    let ann = shop.until(NOON + 24 * DAY).await;
    let mut tab = Socket::open(&shop.town.url(""), &ann.token).await.expect("open");
    while ann.get("/api/v1/offers").await["waiting"][0]["total"]["amount"] != json!(500) {
        tab.event("orders_changed").await;
    }
    let agreed = agree(&ann, &path, &shop.friend).await["subscription"].clone();
    assert_eq!((&agreed["next"]["plan"]["name"], &agreed["plan"]["name"]), (&json!("Friend"), &json!("Member")));
    ring(&shop.town).await;
    while ann.get("/api/v1/offers").await["waiting"][0]["total"]["amount"] != json!(300) {
        tab.event("orders_changed").await;
    }
    let renewal = ann.get("/api/v1/offers").await["waiting"][0].clone();
    assert_eq!(renewal["plan"]["name"], "Friend");
    let owner = shop.town.again(&shop.owner).await;
    let pay = format!("/api/v1/admin/orders/{}/payments", renewal["id"].as_str().expect("an id"));
    owner.post(&pay, json!({ "amount": 300, "method": "bank" })).await;
    let now = own(&ann).await;
    assert_eq!((&now["plan"]["name"], &now["money"]["amount"]), (&json!("Member"), &json!(500)), "until the period is over");
    assert_eq!(entitlements(&ann).await["calls.start"], true);

    let ann = shop.until(NOON + MONTH).await;
    let mut tab = Socket::open(&shop.town.url(""), &ann.token).await.expect("open");
    let now = until_plan(&mut tab, &ann, "Friend").await;
    assert_eq!((&now["status"], &now["money"]["amount"]), (&json!("active"), &json!(300)));
    assert_eq!(now["period_end"], json!(NOON + MONTH + 31 * DAY));
    assert_eq!(entitlements(&ann).await["calls.start"], false);
    shop.town.close().await;
}

#[actix_web::test]
async fn what_a_plan_becomes_is_not_bought_beside_it() {
    let shop = shop().await;
    // A tab in which the cheaper plan is about to be paid.
    let ann = &shop.ann;
    let left_open = ann.post("/api/v1/checkout", json!({ "price": shop.friend, "provider": "test" })).await;
    let path = shop.at_the_page("pay").await;
    agree(ann, &path, &shop.friend).await;
    let buy = Some(json!({ "price": shop.friend, "provider": "test" }));
    ann.refused(Method::POST, "/api/v1/checkout", buy, 409, "billing.has_subscription").await;
    ann.post(&format!("/api/v1{}", left_open["url"].as_str().expect("an address")), json!({ "act": "pay" })).await;
    let order = left_open["order"].as_str().expect("an order");
    ann.post(&format!("/api/v1/me/orders/{order}/settle"), json!({})).await;
    let mut tab = Socket::open(&shop.town.url(""), &ann.token).await.expect("open");
    loop {
        let orders = ann.get("/api/v1/me/orders").await["items"].clone();
        let found = orders.as_array().expect("a list").iter().find(|one| one["id"] == order).expect("the order").clone();
        if found["payments"].as_array().is_some_and(|all| all.len() == 2) {
            assert_eq!(found["payments"][1]["money"]["amount"], -300, "it went back: {found}");
            break;
        }
        tab.event("orders_changed").await;
    }
    let all = ann.get("/api/v1/me/membership").await["subscriptions"].clone();
    let is_planned = |one: &Value| one["plan"]["name"] == "Member" && one["next"]["plan"]["name"] == "Friend";
    assert!(all.as_array().expect("a list").iter().any(is_planned), "what was planned still is: {all}");

    // Nor does another subscription become what one becomes already.
    let ben = shop.town.member("ben").await;
    let dear = json!({ "price": shop.patron, "provider": "test" });
    for price in [&shop.member, &shop.patron] {
        let opened = ben.post("/api/v1/checkout", json!({ "price": price, "provider": "test" })).await;
        ben.post(&format!("/api/v1{}", opened["url"].as_str().expect("an address")), json!({ "act": "pay" })).await;
        ben.post(&format!("/api/v1/me/orders/{}/settle", opened["order"].as_str().expect("an order")), json!({})).await;
    }
    ben.refused(Method::POST, "/api/v1/checkout", Some(dear), 409, "billing.has_subscription").await;
    let both = ben.get("/api/v1/me/membership").await["subscriptions"].clone();
    let path = |n: usize| format!("/api/v1/me/subscriptions/{}", both[n]["id"].as_str().expect("an id"));
    agree(&ben, &path(1), &shop.friend).await;
    let change = Some(json!({ "price": shop.friend, "as_of": NOON }));
    ben.refused(Method::POST, &format!("{}/change", path(0)), change, 409, "billing.has_subscription").await;
    let choices = ben.get(&format!("{}/changes", path(0))).await["items"].clone();
    assert!(!choices.to_string().contains("Friend"), "{choices}");
    shop.town.close().await;
}

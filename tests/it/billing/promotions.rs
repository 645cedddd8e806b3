//! Promotion codes: made, typed before one pays, counted by conditional writes, given back, ended; what is wrong says how.

use std::sync::atomic::Ordering;

use reqwest::Method;
use serde_json::{Value, json};

use super::paying::books;
use super::{first_plan, plan, ring};
use crate::support::{NOON, Person, Socket, Town};

pub(super) const DAY: i64 = 86_400_000;
pub(super) const MONTH: i64 = 30 * DAY;

/// A town whose first plan costs 10 EUR each month, also at the test page.
pub(super) async fn town() -> (Town, Person, Person, String) {
    let town = Town::new().await;
    let (owner, ann) = (town.owner("olave").await, town.member("ann").await);
    owner.call(Method::PATCH, "/api/v1/admin/settings", Some(json!({ "test_payments": true }))).await;
    let plan = first_plan(&owner).await;
    let price = priced(&owner, &plan, "month").await;
    (town, owner, ann, price)
}

async fn priced(owner: &Person, plan: &str, every: &str) -> String {
    let path = format!("/api/v1/admin/plans/{plan}/prices");
    let made = owner.post(&path, json!({ "amount": 1_000, "currency": "EUR", "every": every })).await;
    made["id"].as_str().expect("an id").to_owned()
}

pub(super) async fn code(owner: &Person, body: Value) -> Value {
    owner.post("/api/v1/admin/promotions", body).await
}

pub(super) async fn uses(owner: &Person) -> Value {
    owner.get("/api/v1/admin/promotions").await["items"][0]["uses"].clone()
}

pub(super) async fn checkout(person: &Person, price: &str, code: Value) -> (String, String) {
    let opened = person.post("/api/v1/checkout", json!({ "price": price, "provider": "test", "promotion": code })).await;
    (opened["order"].as_str().expect("an order").to_owned(), opened["url"].as_str().expect("an address").to_owned())
}

pub(super) async fn pay(person: &Person, (order, url): &(String, String)) -> Value {
    person.post(&format!("/api/v1{url}"), json!({ "act": "pay" })).await;
    person.post(&format!("/api/v1/me/orders/{order}/settle"), json!({})).await
}

/// What each payment came to, the newest first.
pub(super) async fn sums(person: &Person) -> Vec<i64> {
    let orders = person.get("/api/v1/me/orders").await["items"].clone();
    let all = orders.as_array().expect("orders").iter().flat_map(|one| one["payments"].as_array().expect("payments").clone());
    all.map(|one| one["money"]["amount"].as_i64().expect("a sum")).collect()
}

#[actix_web::test]
async fn less_is_paid_for_as_long_as_the_code_says() {
    let (town, owner, ann, price) = town().await;
    let made = code(&owner, json!({ "code": "spring-26", "percent": 30, "lasts": "months", "months": 2 })).await;
    assert_eq!((&made["code"], &made["state"], &made["uses"]), (&json!("SPRING26"), &json!("open"), &json!(0)));
    assert_eq!(ann.get("/api/v1/offers").await["promotions"], true);
    let tried = ann.post("/api/v1/me/promotions/check", json!({ "code": " Spring 26", "price": price })).await;
    assert_eq!((&tried["total"]["amount"], &tried["full"]["amount"], &tried["payments"]), (&json!(700), &json!(1_000), &json!(2)));
    assert_eq!(uses(&owner).await, 0, "trying uses nothing");

    let first = checkout(&ann, &price, json!("spring26")).await;
    assert_eq!(checkout(&ann, &price, json!("SPRING-26")).await, first, "the same wish is the same checkout");
    assert_eq!(uses(&owner).await, 1);
    assert!(ann.page_text(&first.1).await.contains("€7.00"));
    let order = pay(&ann, &first).await;
    assert_eq!((&order["state"], &order["total"]["amount"], &order["full"]["amount"]), (&json!("fulfilled"), &json!(700), &json!(1_000)));
    assert_eq!(order["promotion"], "SPRING26");
    assert_eq!(sums(&ann).await, [700]);
    assert!(ann.page_text("/settings/membership").await.contains("code SPRING26, instead of €10.00"));
    let own = ann.get("/api/v1/me/membership").await["subscriptions"][0].clone();
    assert_eq!(own["money"]["amount"], 1_000, "what it costs without the code");

    let mut now = ann;
    for (month, expected) in [(1, vec![700, 700]), (2, vec![1_000, 700, 700])] {
        town.hand.store(NOON + month * 31 * DAY, Ordering::Relaxed);
        ring(&town).await;
        now = town.again(&now).await;
        let mut tab = Socket::open(&town.url(""), &now.token).await.expect("open");
        while sums(&now).await.len() < expected.len() {
            tab.event("entitlements_changed").await;
        }
        assert_eq!(sums(&now).await, expected);
    }
    assert_eq!(books(&town).await, (Vec::new(), 6));
    town.close().await;
}

#[actix_web::test]
async fn the_last_use_goes_to_one_of_many_and_comes_back_when_nobody_pays() {
    let (town, owner, ann, price) = town().await;
    let made = code(&owner, json!({ "code": "ONCE", "amount": 250, "max_uses": 1 })).await;
    let (ben, eve) = (town.member("ben").await, town.member("eve").await);
    let body = json!({ "price": price, "provider": "test", "promotion": "once" });
    let calls = [&ann, &ben, &eve].map(|one| one.call(Method::POST, "/api/v1/checkout", Some(body.clone())));
    let mut found: Vec<u16> = futures_util::future::join_all(calls).await.into_iter().map(|(status, _)| status.as_u16()).collect();
    found.sort_unstable();
    assert_eq!(found, [201, 422, 422]);
    assert_eq!(uses(&owner).await, 1);

    // Whoever has it gives it up: it is there again, and then used.
    let mut lucky = None;
    for one in [&ann, &ben, &eve] {
        let orders = one.get("/api/v1/me/orders").await["items"].clone();
        if let Some(order) = orders.as_array().expect("orders").iter().find(|order| order["promotion"] == "ONCE") {
            one.post(&format!("/api/v1/me/orders/{}/cancel", order["id"].as_str().expect("an id")), json!({})).await;
            lucky = Some(one);
        }
    }
    let lucky = lucky.expect("one of them");
    assert_eq!(uses(&owner).await, 0);
    let again = checkout(lucky, &price, json!("ONCE")).await;
    assert_eq!(pay(lucky, &again).await["total"]["amount"], 750);
    let other = if lucky.id == ann.id { &ben } else { &ann };
    other.refused(Method::POST, "/api/v1/checkout", Some(body), 422, "billing.promotion_used").await;
    let check = json!({ "code": "ONCE", "price": price });
    other.refused(Method::POST, "/api/v1/me/promotions/check", Some(check), 422, "billing.promotion_used").await;
    assert_eq!(owner.get("/api/v1/admin/promotions").await["items"][0]["state"], "used");
    assert_eq!(made["max_uses"], 1);
    town.close().await;
}

#[actix_web::test]
async fn a_member_has_one_order_with_a_code_at_a_time() {
    let (town, owner, ann, price) = town().await;
    code(&owner, json!({ "code": "ONE", "percent": 50 })).await;
    let other = plan(&owner, "Patron", json!({})).await;
    let (first, dear) = (first_plan(&owner).await, priced(&owner, &other, "month").await);
    owner.call(Method::PATCH, &format!("/api/v1/admin/plans/{first}"), Some(json!({ "gifts": true }))).await;
    let open = checkout(&ann, &price, json!("ONE")).await;
    let checkout_of = |price: &str, gift: bool| Some(json!({ "price": price, "provider": "test", "gift": gift, "promotion": "one" }));
    for (price, gift) in [(&dear, false), (&price, true)] {
        ann.refused(Method::POST, "/api/v1/checkout", checkout_of(price, gift), 422, "billing.promotion_waits").await;
        let check = json!({ "code": "one", "price": price, "gift": gift });
        ann.refused(Method::POST, "/api/v1/me/promotions/check", Some(check), 422, "billing.promotion_waits").await;
    }
    let wish = json!({ "plan": other, "price": dear, "promotion": "ONE", "client_key": "a" });
    ann.refused(Method::POST, "/api/v1/me/orders", Some(wish.clone()), 422, "billing.promotion_waits").await;
    // For the same thing one gives way to another, by whatever way it is paid.
    let by_hand = json!({ "plan": first, "price": price, "promotion": "ONE", "client_key": "b" });
    assert_eq!(ann.post("/api/v1/me/orders", by_hand).await["total"]["amount"], 500);
    assert_eq!(uses(&owner).await, 1);
    let orders = ann.get("/api/v1/me/orders").await["items"].clone();
    assert_eq!((&orders[1]["id"], &orders[1]["state"]), (&json!(open.0), &json!("cancelled")));
    // Given up, it is free for something else.
    ann.post(&format!("/api/v1/me/orders/{}/cancel", orders[0]["id"].as_str().expect("an id")), json!({})).await;
    assert_eq!(ann.post("/api/v1/me/orders", wish).await["total"]["amount"], 500);
    town.close().await;
}

#[actix_web::test]
async fn two_who_swap_their_codes_do_not_wait_for_each_other() {
    let (town, owner, ann, price) = town().await;
    let ben = town.member("ben").await;
    for text in ["PEAR", "QUINCE"] {
        code(&owner, json!({ "code": text, "percent": 50 })).await;
    }
    let plan = first_plan(&owner).await;
    let asks = async |who: &Person, text: &str, n: i32| {
        let wish = json!({ "plan": plan, "price": price, "client_key": format!("{text}{n}"), "promotion": text });
        who.call(Method::POST, "/api/v1/me/orders", Some(wish)).await.0.as_u16()
    };
    let by_turns = async |who: &Person, texts: [&str; 2]| {
        let mut found = Vec::new();
        for n in 0..16 {
            found.push(asks(who, texts[0], n).await);
            found.push(asks(who, texts[1], n).await);
        }
        found
    };
    let (first, second) = futures_util::join!(by_turns(&ann, ["PEAR", "QUINCE"]), by_turns(&ben, ["QUINCE", "PEAR"]));
    assert_eq!((first, second), (vec![201; 32], vec![201; 32]));
    let all = owner.get("/api/v1/admin/promotions").await["items"].clone();
    let used: Vec<_> = all.as_array().expect("codes").iter().map(|one| one["uses"].as_i64()).collect();
    assert_eq!(used, [Some(1), Some(1)], "each has one");
    town.close().await;
}

#[actix_web::test]
async fn a_code_that_does_not_count_says_why_and_guessing_slows_down() {
    let (town, owner, ann, price) = town().await;
    let other = plan(&owner, "Patron", json!({})).await;
    code(&owner, json!({ "code": "PATRONS", "percent": 10, "plans": [other] })).await;
    code(&owner, json!({ "code": "TOOMUCH", "amount": 1_000 })).await;
    code(&owner, json!({ "code": "SOON", "percent": 10, "expires_at": NOON + DAY })).await;
    let ended = code(&owner, json!({ "code": "ENDED", "percent": 10 })).await;
    let end = format!("/api/v1/admin/promotions/{}/end", ended["id"].as_str().expect("an id"));
    assert_eq!(owner.post(&end, json!({})).await["state"], "ended");
    owner.refused(Method::POST, &end, Some(json!({})), 409, "billing.promotion_over").await;
    let body = |code: &str| Some(json!({ "price": price, "provider": "test", "promotion": code }));
    for (code, why) in [
        ("PATRONS", "billing.promotion_plan"),
        ("TOOMUCH", "billing.promotion_plan"),
        ("ENDED", "billing.promotion_code"),
        ("NOSUCH", "billing.promotion_code"),
    ] {
        ann.refused(Method::POST, "/api/v1/checkout", body(code), 422, why).await;
    }
    // Used once by oneself.
    code(&owner, json!({ "code": "MINE", "percent": 10 })).await;
    let mine = checkout(&ann, &price, json!("MINE")).await;
    pay(&ann, &mine).await;
    let yearly = priced(&owner, &other, "year").await;
    ann.refused(
        Method::POST,
        "/api/v1/checkout",
        Some(json!({ "price": yearly, "provider": "test", "promotion": "MINE" })),
        422,
        "billing.promotion_used",
    )
    .await;

    town.hand.store(NOON + DAY, Ordering::Relaxed);
    let ben = town.member("ben").await;
    ben.refused(Method::POST, "/api/v1/checkout", body("SOON"), 422, "billing.promotion_expired").await;
    for n in 0..9 {
        ben.refused(
            Method::POST,
            "/api/v1/me/promotions/check",
            Some(json!({ "code": format!("GUESS{n}"), "price": price })),
            422,
            "billing.promotion_code",
        )
        .await;
    }
    ben.refused(Method::POST, "/api/v1/checkout", body("PATRONS"), 429, "error.slow_down").await;
    // A code that many know does not make guesses forgotten: nine, one that is right, and the tenth is the last for a while.
    let joe = town.member("joe").await;
    code(&town.again(&owner).await, json!({ "code": "KNOWN", "percent": 10 })).await;
    let check = |code: &str| Some(json!({ "code": code, "price": price }));
    let path = "/api/v1/me/promotions/check";
    for n in 0..10 {
        joe.refused(Method::POST, path, check(&format!("GUESS{n}")), 422, "billing.promotion_code").await;
        if n < 9 {
            joe.post(path, check("KNOWN").expect("a body")).await;
        }
    }
    joe.refused(Method::POST, path, check("KNOWN"), 429, "error.slow_down").await;
    joe.refused(Method::POST, "/api/v1/me/gifts/redeem", Some(json!({ "code": "ABCD" })), 429, "error.slow_down").await;
    // Without a code nobody waits.
    assert_eq!(ben.call(Method::POST, "/api/v1/checkout", Some(json!({ "price": price, "provider": "test" }))).await.0, 201);
    town.close().await;
}

#[actix_web::test]
async fn by_hand_the_wish_costs_less_and_so_do_renewals_while_it_lasts() {
    let (town, owner, ann, price) = town().await;
    code(&owner, json!({ "code": "TWO", "percent": 50, "lasts": "months", "months": 2 })).await;
    let plan = first_plan(&owner).await;
    let wish = json!({ "plan": plan, "price": price, "client_key": "a", "promotion": "two" });
    let order = ann.post("/api/v1/me/orders", wish).await;
    assert_eq!((&order["total"]["amount"], &order["promotion"]), (&json!(500), &json!("TWO")));
    let id = order["id"].as_str().expect("an id").to_owned();
    let pay = |id: &str| format!("/api/v1/admin/orders/{id}/payments");
    owner.refused(Method::POST, &pay(&id), Some(json!({ "amount": 1_000, "method": "cash" })), 422, "billing.payment_amount").await;
    let paid = owner.post(&pay(&id), json!({ "amount": 500, "method": "cash" })).await;
    let receipt = ann.page_text(&format!("/receipts/{}", paid["payment"]["id"].as_str().expect("an id"))).await;
    assert!(receipt.contains("code TWO, instead of €10.00"), "{receipt}");

    let (mut owner, mut ann, mut at) = (owner, ann, NOON);
    for expected in [500, 1_000] {
        at += MONTH - 6 * DAY + if expected == 1_000 { 7 * DAY } else { 0 };
        town.hand.store(at, Ordering::Relaxed);
        ring(&town).await;
        (owner, ann) = (town.again(&owner).await, town.again(&ann).await);
        let mut tab = Socket::open(&town.url(""), &ann.token).await.expect("open");
        while ann.get("/api/v1/offers").await["waiting"].as_array().is_none_or(Vec::is_empty) {
            tab.event("orders_changed").await;
        }
        let renewal = ann.get("/api/v1/offers").await["waiting"][0].clone();
        assert_eq!(renewal["total"]["amount"], expected, "{renewal}");
        owner.post(&pay(renewal["id"].as_str().expect("an id")), json!({ "amount": expected, "method": "cash" })).await;
    }
    assert_eq!(uses(&owner).await, 1, "one use, however often it is paid");
    assert_eq!(ann.get("/api/v1/me/membership").await["subscriptions"][0]["money"]["amount"], 1_000);
    assert_eq!(books(&town).await.0, Vec::new());
    town.close().await;
}

/// Waits for the next payment that is asked for, and for what it comes to.
pub(super) async fn renewal(town: &Town, ann: &Person) -> Value {
    let mut tab = Socket::open(&town.url(""), &ann.token).await.expect("open");
    loop {
        let waiting = ann.get("/api/v1/offers").await["waiting"][0].clone();
        if !waiting.is_null() {
            return waiting;
        }
        tab.event("orders_changed").await;
    }
}

#[actix_web::test]
async fn by_hand_a_code_counts_from_where_it_is_used_and_one_at_a_time() {
    let (town, owner, ann, price) = town().await;
    for (text, lasts, months) in [("THREE", "months", Some(3)), ("NOW", "once", None), ("ALWAYS", "ever", None)] {
        code(&owner, json!({ "code": text, "percent": 50, "lasts": lasts, "months": months })).await;
    }
    let plan = first_plan(&owner).await;
    let wish = |key: &str, code: Option<&str>| json!({ "plan": plan, "price": price, "client_key": key, "promotion": code });
    let pay = async |owner: &Person, order: &Value| {
        let path = format!("/api/v1/admin/orders/{}/payments", order["id"].as_str().expect("an id"));
        owner.post(&path, json!({ "amount": order["total"]["amount"], "method": "cash" })).await["payment"].clone()
    };
    // Two months without a code, then one for three.
    for key in ["a", "b"] {
        pay(&owner, &ann.post("/api/v1/me/orders", wish(key, None)).await).await;
    }
    pay(&owner, &ann.post("/api/v1/me/orders", wish("c", Some("THREE"))).await).await;
    for other in ["NOW", "ALWAYS"] {
        ann.refused(Method::POST, "/api/v1/me/orders", Some(wish("d", Some(other))), 422, "billing.promotion_runs").await;
    }
    let (mut owner, mut ann, mut found) = (owner, ann, Vec::new());
    // The third month ends on 1 February; each month is asked for a week before its end.
    for (n, end) in [92, 120, 151, 181].into_iter().enumerate() {
        town.hand.store(NOON + (end - 6) * DAY, Ordering::Relaxed);
        ring(&town).await;
        (owner, ann) = (town.again(&owner).await, town.again(&ann).await);
        let mut asked = renewal(&town, &ann).await;
        if n == 1 {
            // Taken back, it is left again.
            let paid = pay(&owner, &asked).await;
            let reverse = format!("/api/v1/admin/payments/{}/reverse", paid["id"].as_str().expect("an id"));
            owner.post(&reverse, json!({ "note": "Typed wrongly" })).await;
            asked = renewal(&town, &ann).await;
        }
        found.push(asked["total"]["amount"].as_i64().expect("a sum"));
        pay(&owner, &asked).await;
    }
    assert_eq!(found, [500, 500, 1_000, 1_000], "three payments from where it was used");
    // The list price is no money for a wish with a code.
    let half = ann.post("/api/v1/me/orders", wish("f", Some("NOW"))).await;
    let sale = json!({ "plan": plan, "price": price, "amount": 1_000, "method": "cash" });
    let sold = owner.post(&format!("/api/v1/admin/members/{}/payments", ann.id), sale).await;
    assert_eq!((&sold["payment"]["money"]["amount"], &sold["order"]["promotion"]), (&json!(1_000), &Value::Null));
    let orders = ann.get("/api/v1/me/orders").await["items"].clone();
    let closed = orders.as_array().expect("orders").iter().find(|one| one["id"] == half["id"]).expect("the wish")["state"].clone();
    assert_eq!(closed, "cancelled", "its use is free again");
    // Where none runs any more, another one may.
    let asked = ann.post("/api/v1/me/orders", wish("e", Some("ALWAYS"))).await;
    assert_eq!(asked["total"]["amount"], 500);
    pay(&owner, &asked).await;
    town.hand.store(NOON + (273 - 6) * DAY, Ordering::Relaxed);
    ring(&town).await;
    let ann = town.again(&ann).await;
    assert_eq!(renewal(&town, &ann).await["total"]["amount"], 500);
    town.close().await;
}

#[actix_web::test]
async fn an_order_by_hand_holds_a_use_for_fourteen_days() {
    let (town, owner, ann, price) = town().await;
    code(&owner, json!({ "code": "ONE", "percent": 50, "max_uses": 1, "expires_at": NOON + DAY })).await;
    let plan = first_plan(&owner).await;
    let wish = |key: &str, code: Option<&str>| json!({ "plan": plan, "price": price, "client_key": key, "promotion": code });
    assert_eq!(ann.post("/api/v1/me/orders", wish("a", None)).await["pay_until"], Value::Null);
    // Whoever ordered in time has time to bring the money, also after the code is over.
    let order = ann.post("/api/v1/me/orders", wish("b", Some("ONE"))).await;
    assert_eq!((&order["pay_until"], &order["total"]["amount"]), (&json!(NOON + 14 * DAY), &json!(500)));
    assert!(ann.page_text("/settings/membership").await.contains("to be paid by"));
    assert_eq!(uses(&owner).await, 1);
    for (at, state, used) in [(NOON + 14 * DAY - 1, "awaiting", 1), (NOON + 14 * DAY, "expired", 0)] {
        town.hand.store(at, Ordering::Relaxed);
        let (owner, ann) = (town.again(&owner).await, town.again(&ann).await);
        let mut tab = Socket::open(&town.url(""), &ann.token).await.expect("open");
        ring(&town).await;
        while ann.get("/api/v1/me/orders").await["items"][0]["state"] != state {
            tab.event("orders_changed").await;
        }
        assert_eq!(uses(&owner).await, used);
    }
    let owner = town.again(&owner).await;
    let pay = format!("/api/v1/admin/orders/{}/payments", order["id"].as_str().expect("an id"));
    owner.refused(Method::POST, &pay, Some(json!({ "amount": 500, "method": "cash" })), 409, "billing.order_over").await;
    town.close().await;
}

#[actix_web::test]
async fn what_is_no_code_is_not_made() {
    let (town, owner, ann, _) = town().await;
    code(&owner, json!({ "code": "GOOD", "percent": 99, "max_uses": 100_000 })).await;
    code(&owner, json!({ "code": "GOODTOO", "percent": 1, "lasts": "months", "months": 36 })).await;
    let path = "/api/v1/admin/promotions";
    for (body, why) in [
        (json!({ "code": "AB", "percent": 10 }), "billing.promotion_code_shape"),
        (json!({ "code": "ÉTÉ2026", "percent": 10 }), "billing.promotion_code_shape"),
        (json!({ "code": "good", "percent": 10 }), "billing.promotion_code_taken"),
        (json!({ "code": "NEW", "percent": 0 }), "billing.promotion_percent"),
        (json!({ "code": "NEW", "percent": 100 }), "billing.promotion_percent"),
        (json!({ "code": "NEW", "percent": 10, "amount": 10 }), "billing.promotion_percent"),
        (json!({ "code": "NEW" }), "billing.promotion_amount"),
        (json!({ "code": "NEW", "amount": 0 }), "billing.promotion_amount"),
        (json!({ "code": "NEW", "percent": 10, "months": 3 }), "billing.promotion_months"),
        (json!({ "code": "NEW", "percent": 10, "lasts": "months" }), "billing.promotion_months"),
        (json!({ "code": "NEW", "percent": 10, "lasts": "months", "months": 37 }), "billing.promotion_months"),
        (json!({ "code": "NEW", "percent": 10, "max_uses": 0 }), "billing.promotion_uses"),
        (json!({ "code": "NEW", "percent": 10, "max_uses": 100_001 }), "billing.promotion_uses"),
        (json!({ "code": "NEW", "percent": 10, "expires_at": NOON }), "billing.ends_past"),
        (json!({ "code": "NEW", "percent": 10, "plans": ["77"] }), "billing.plan_unknown"),
    ] {
        owner.refused(Method::POST, path, Some(body), 422, why).await;
    }
    ann.refused(Method::GET, path, None, 403, "access.not_allowed").await;
    let page = owner.page_text("/admin/promotions").await;
    assert!(page.contains("GOODTOO") && page.contains("99 %"), "{page}");
    let audit = owner.page_text("/admin/audit").await;
    assert!(audit.contains("GOODTOO"), "{audit}");
    town.close().await;
}

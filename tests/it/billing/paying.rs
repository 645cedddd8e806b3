//! Memberships paid by hand: asked for, paid in cash, renewed, cancelled, taken back; and the books that balance.

use std::sync::atomic::Ordering;

use diesel::prelude::*;
use reqwest::Method;
use rialto::storage::schema::{ledger, payments};
use serde_json::{Value, json};

use super::{entitlements, first_plan, ring, told};
use crate::support::{NOON, Person, Socket, Town};

const DAY: i64 = 86_400_000;
/// From NOON on, 1 November 2026: one month later.
const MONTH: i64 = 30 * DAY;

/// Says what the first plan costs each month, and answers plan and price.
async fn priced(owner: &Person, amount: i64) -> (String, String) {
    let plan = first_plan(owner).await;
    let path = format!("/api/v1/admin/plans/{plan}/prices");
    let made = owner.post(&path, json!({ "amount": amount, "currency": "EUR", "every": "month" })).await;
    let price = made["id"].as_str().expect("an id").to_owned();
    (plan, price)
}

async fn ask(person: &Person, plan: &str, price: Option<&str>, key: &str) -> Value {
    person.post("/api/v1/me/orders", json!({ "plan": plan, "price": price, "client_key": key, "note": "Please" })).await
}

async fn pay(owner: &Person, order: &Value, amount: i64) -> Value {
    let path = format!("/api/v1/admin/orders/{}/payments", order["id"].as_str().expect("an id"));
    owner.post(&path, json!({ "amount": amount, "method": "cash" })).await
}

async fn subscription(person: &Person) -> Value {
    person.get("/api/v1/me/membership").await["subscriptions"][0].clone()
}

/// The sum of the books in each transfer and currency that is not 0, and how many entries there are.
pub async fn books(town: &Town) -> (Vec<(i64, i64)>, usize) {
    let read = town.app().ground.db.read(|conn| {
        let rows = ledger::table.select((ledger::transfer, ledger::amount)).load::<(i64, i64)>(conn)?;
        let mut sums: std::collections::BTreeMap<i64, i64> = std::collections::BTreeMap::new();
        for (transfer, amount) in &rows {
            *sums.entry(*transfer).or_default() += amount;
        }
        Ok((sums.into_iter().filter(|(_, sum)| *sum != 0).collect::<Vec<_>>(), rows.len()))
    });
    read.await.expect("the books")
}

#[actix_web::test]
async fn a_member_asks_an_administrator_takes_cash_and_the_right_is_there_at_once() {
    let town = Town::new().await;
    let (owner, ann) = (town.owner("olave").await, town.member("ann").await);
    let (plan, price) = priced(&owner, 500).await;
    owner.call(Method::PATCH, "/api/v1/admin/settings", Some(json!({ "payment_words": "At the quay, on Fridays" }))).await;
    let mut tab = Socket::open(&town.url(""), &ann.token).await.expect("open");

    let offers = ann.get("/api/v1/offers").await;
    assert_eq!((&offers["words"], &offers["waiting"]), (&json!("At the quay, on Fridays"), &json!([])));
    assert_eq!(offers["plans"][0]["prices"][0]["money"], json!({ "amount": 500, "currency": "EUR", "exponent": 2 }));

    let order = ask(&ann, &plan, Some(&price), "once").await;
    assert_eq!((&order["state"], &order["total"]["amount"], &order["every"]), (&json!("awaiting"), &json!(500), &json!("month")));
    assert_eq!(tab.event("orders_changed").await["event"]["state"], "awaiting");
    assert_eq!(entitlements(&ann).await["calls.start"], false, "a wish gives nothing");
    let offers = ann.get("/api/v1/offers").await;
    assert_eq!(offers["reference"], "RF74 0001");
    assert_eq!(offers["waiting"][0]["id"], order["id"]);
    let waiting = owner.get("/api/v1/admin/orders?state=awaiting").await;
    assert_eq!((&waiting["items"][0]["id"], &waiting["items"][0]["note"]), (&order["id"], &json!("Please")));

    let paid = pay(&owner, &order, 500).await;
    assert_eq!((&paid["payment"]["receipt"], &paid["order"]["state"]), (&json!("2026-0001"), &json!("fulfilled")));
    assert_eq!(tab.event("entitlements_changed").await["event"]["entitlements"]["calls.start"], true);
    assert_eq!(entitlements(&ann).await["calls.start"], true);
    let own = subscription(&ann).await;
    assert_eq!(
        (&own["status"], &own["next_charge_at"], &own["access_until"]),
        (&json!("active"), &json!(NOON + MONTH), &json!(NOON + MONTH + 3 * DAY))
    );
    assert_eq!(ann.get("/api/v1/me/membership").await["totals"][0]["year"]["amount"], 6_000);
    let mine = ann.get("/api/v1/me/orders").await;
    let payment = mine["items"][0]["payments"][0].clone();
    assert_eq!((&payment["receipt"], &payment["method"]), (&json!("2026-0001"), &json!("cash")));
    let receipt = ann.page_text(&format!("/receipts/{}", payment["id"].as_str().expect("an id"))).await;
    assert!(receipt.contains("Receipt 2026-0001") && receipt.contains("€5.00") && receipt.contains("RF74 0001"), "{receipt}");
    assert_eq!(books(&town).await, (Vec::new(), 2));

    let acts = owner.get("/api/v1/admin/audit?act=payments.").await["items"].clone();
    assert_eq!((&acts[0]["act"], &acts[0]["after"]["amount"]), (&json!("payments.record"), &json!("5.00 EUR")));
    let path = format!("/api/v1/admin/orders/{}/payments", order["id"].as_str().expect("an id"));
    owner.refused(Method::POST, &path, Some(json!({ "amount": 500, "method": "cash" })), 409, "billing.order_over").await;
    town.close().await;
}

#[actix_web::test]
async fn the_same_wish_is_one_order_and_another_takes_its_place() {
    let town = Town::new().await;
    let (owner, ann, ben) = (town.owner("olave").await, town.member("ann").await, town.member("ben").await);
    let (plan, price) = priced(&owner, 500).await;
    let year =
        owner.post(&format!("/api/v1/admin/plans/{plan}/prices"), json!({ "amount": 5_000, "currency": "EUR", "every": "year" })).await;
    let year = year["id"].as_str().expect("an id");
    let first = ask(&ann, &plan, Some(&price), "a").await;
    assert_eq!(ask(&ann, &plan, Some(&price), "a").await["id"], first["id"], "the same key");
    assert_eq!(ask(&ann, &plan, Some(&price), "b").await["id"], first["id"], "the same wish");
    let second = ask(&ann, &plan, Some(year), "c").await;
    assert_ne!(second["id"], first["id"]);
    let states: Vec<Value> =
        ann.get("/api/v1/me/orders").await["items"].as_array().expect("orders").iter().map(|one| one["state"].clone()).collect();
    assert_eq!(states, [json!("awaiting"), json!("cancelled")]);

    let id = second["id"].as_str().expect("an id");
    ben.refused(Method::POST, &format!("/api/v1/me/orders/{id}/cancel"), Some(json!({})), 404, "error.not_found").await;
    owner.post(&format!("/api/v1/admin/orders/{id}/decline"), json!({ "note": "Come to the meeting first" })).await;
    let mine = ann.get("/api/v1/me/orders").await["items"][0].clone();
    assert_eq!((&mine["state"], &mine["answer"]), (&json!("declined"), &json!("Come to the meeting first")));
    owner.refused(Method::POST, &format!("/api/v1/admin/orders/{id}/decline"), Some(json!({})), 409, "billing.order_over").await;
    ann.refused(Method::POST, &format!("/api/v1/me/orders/{id}/cancel"), Some(json!({})), 409, "billing.order_over").await;

    for (body, code) in [
        (json!({ "plan": "77", "client_key": "x" }), "billing.plan_unknown"),
        (json!({ "plan": plan, "client_key": "x" }), "billing.price_needed"),
        (json!({ "plan": plan, "price": "77", "client_key": "x" }), "billing.price_unknown"),
        (json!({ "plan": plan, "price": price, "client_key": "" }), "billing.order_key"),
        (json!({ "plan": plan, "price": price, "client_key": "k".repeat(65) }), "billing.order_key"),
        (json!({ "plan": plan, "price": price, "client_key": "x", "note": "n".repeat(501) }), "billing.note"),
    ] {
        ann.refused(Method::POST, "/api/v1/me/orders", Some(body), 422, code).await;
    }
    assert_eq!(owner.call(Method::DELETE, &format!("/api/v1/admin/prices/{price}"), None).await.0, 204);
    ann.refused(
        Method::POST,
        "/api/v1/me/orders",
        Some(json!({ "plan": plan, "price": price, "client_key": "x" })),
        422,
        "billing.price_gone",
    )
    .await;
    owner.call(Method::PATCH, &format!("/api/v1/admin/plans/{plan}"), Some(json!({ "hidden": true }))).await;
    ann.refused(
        Method::POST,
        "/api/v1/me/orders",
        Some(json!({ "plan": plan, "price": year, "client_key": "x" })),
        422,
        "billing.plan_unknown",
    )
    .await;
    assert_eq!(ann.get("/api/v1/offers").await["plans"], json!([]), "a hidden plan is on no list");
    town.close().await;
}

#[actix_web::test]
async fn where_a_plan_has_no_price_one_is_agreed_on() {
    let town = Town::new().await;
    let (owner, ann, ben) = (town.owner("olave").await, town.member("ann").await, town.member("ben").await);
    let plan = first_plan(&owner).await;
    let order = ask(&ann, &plan, None, "a").await;
    assert_eq!((&order["total"], &order["every"]), (&Value::Null, &Value::Null));
    let path = format!("/api/v1/admin/orders/{}/payments", order["id"].as_str().expect("an id"));
    owner.refused(Method::POST, &path, Some(json!({ "amount": 300, "method": "cash" })), 422, "billing.every_needed").await;
    let paid = owner.post(&path, json!({ "amount": 300, "every": "once", "method": "bank", "reference": "RF74 0001" })).await;
    assert_eq!((&paid["order"]["total"]["amount"], &paid["order"]["every"]), (&json!(300), &json!("once")));
    let mine = ann.get("/api/v1/me/membership").await;
    assert_eq!(
        (&mine["grants"][0]["source"], &mine["grants"][0]["paid"], &mine["grants"][0]["ends_at"]),
        (&json!("manual"), &json!(true), &Value::Null)
    );
    assert_eq!(mine["subscriptions"], json!([]), "once is once");
    let grant = mine["grants"][0]["id"].as_str().expect("an id");
    owner.refused(Method::POST, &format!("/api/v1/admin/grants/{grant}/revoke"), Some(json!({})), 409, "billing.paid_grant").await;

    // What is given by hand answers the wish too.
    ask(&ben, &plan, None, "b").await;
    super::give(&owner, ben.id, json!({ "plan": plan, "source": "comp", "note": "For the crane" })).await;
    let answered = ben.get("/api/v1/me/orders").await["items"][0].clone();
    assert_eq!(
        (&answered["state"], &answered["answer"], &answered["paid_at"]),
        (&json!("fulfilled"), &json!("For the crane"), &Value::Null)
    );
    assert_eq!(owner.get("/api/v1/admin/orders?state=awaiting").await["items"], json!([]));
    town.close().await;
}

#[actix_web::test]
async fn a_month_is_asked_for_again_owed_and_over_and_a_late_payment_loses_no_day() {
    let town = Town::new().await;
    let (owner, ann) = (town.owner("olave").await, town.member("ann").await);
    let (plan, price) = priced(&owner, 500).await;
    let order = ask(&ann, &plan, Some(&price), "a").await;
    pay(&owner, &order, 500).await;
    let end = NOON + MONTH;
    town.hand.store(end - 8 * DAY, Ordering::Relaxed);
    let (owner, ann) = (town.again(&owner).await, town.again(&ann).await);
    let mut tab = Socket::open(&town.url(""), &ann.token).await.expect("open");

    town.hand.store(end - 7 * DAY, Ordering::Relaxed);
    ring(&town).await;
    assert_eq!(tab.event("orders_changed").await["event"]["state"], "awaiting");
    let renewal = ann.get("/api/v1/offers").await["waiting"][0].clone();
    assert_eq!((&renewal["renews"], &renewal["total"]["amount"]), (&json!(true), &json!(500)));

    town.hand.store(end, Ordering::Relaxed);
    ring(&town).await;
    tab.event("entitlements_changed").await;
    let own = subscription(&ann).await;
    assert_eq!((&own["status"], &own["past_due_since"], &own["access_until"]), (&json!("past_due"), &json!(end), &json!(end + 7 * DAY)));
    assert_eq!(entitlements(&ann).await["calls.start"], true, "within its grace");

    town.hand.store(end + 5 * DAY, Ordering::Relaxed);
    pay(&owner, &renewal, 500).await;
    let own = subscription(&ann).await;
    assert_eq!((&own["status"], &own["period_end"]), (&json!("active"), &json!(end + 31 * DAY)), "1 January: counted from the 1st");

    let end = end + 31 * DAY;
    town.hand.store(end + 7 * DAY, Ordering::Relaxed);
    let (owner, ann) = (town.again(&owner).await, town.again(&ann).await);
    let mut tab = Socket::open(&town.url(""), &ann.token).await.expect("open");
    ring(&town).await;
    while subscription(&ann).await["status"] != "canceled" {
        tab.event("entitlements_changed").await;
    }
    assert_eq!(entitlements(&ann).await["calls.start"], false);
    let own = subscription(&ann).await;
    assert_eq!((&own["status"], &own["ended_at"]), (&json!("canceled"), &json!(end + 7 * DAY)));
    assert_eq!(ann.get("/api/v1/offers").await["waiting"], json!([]), "nothing is asked for any more");
    assert_eq!(told(&ann).await.last().map(String::as_str), Some("ended"));

    let again = ask(&ann, &plan, Some(&price), "b").await;
    pay(&owner, &again, 500).await;
    assert_eq!(entitlements(&ann).await["calls.start"], true);
    let all = ann.get("/api/v1/me/membership").await["subscriptions"].clone();
    assert_eq!((all.as_array().map(Vec::len), &all[0]["started_at"]), (Some(2), &json!(end + 7 * DAY)), "a new one, from today");
    town.close().await;
}

#[actix_web::test]
async fn it_is_cancelled_with_its_end_and_resumed_before() {
    let town = Town::new().await;
    let (owner, ann) = (town.owner("olave").await, town.member("ann").await);
    let (plan, price) = priced(&owner, 500).await;
    pay(&owner, &ask(&ann, &plan, Some(&price), "a").await, 500).await;
    let id = subscription(&ann).await["id"].as_str().expect("an id").to_owned();
    let path = |act: &str| format!("/api/v1/me/subscriptions/{id}/{act}");
    let end = NOON + MONTH;

    let cancelled = ann.post(&path("cancel"), json!({})).await;
    assert_eq!(
        (&cancelled["cancels_at_end"], &cancelled["access_until"], &cancelled["next_charge_at"]),
        (&json!(true), &json!(end), &Value::Null)
    );
    assert_eq!(ann.get("/api/v1/me/membership").await["grants"][0]["ends_at"], json!(end), "to the day, without a grace");
    assert_eq!(ann.post(&path("cancel"), json!({})).await, cancelled, "again it is the same");
    let resumed = ann.post(&path("resume"), json!({})).await;
    assert_eq!((&resumed["cancels_at_end"], &resumed["next_charge_at"]), (&json!(false), &json!(end)));
    ann.post(&path("cancel"), json!({})).await;

    town.hand.store(end - DAY, Ordering::Relaxed);
    let ann = town.again(&ann).await;
    ring(&town).await;
    assert_eq!(ann.get("/api/v1/offers").await["waiting"], json!([]), "nothing is asked for");
    let mut tab = Socket::open(&town.url(""), &ann.token).await.expect("open");
    town.hand.store(end, Ordering::Relaxed);
    ring(&town).await;
    while subscription(&ann).await["status"] != "canceled" {
        tab.event("entitlements_changed").await;
    }
    assert_eq!(entitlements(&ann).await["calls.start"], false);
    ann.refused(Method::POST, &path("resume"), Some(json!({})), 409, "billing.subscription_over").await;
    town.close().await;
}

#[actix_web::test]
async fn a_payment_taken_back_takes_back_what_it_bought_and_receipts_have_no_gaps() {
    let town = Town::new().await;
    let (owner, ann, ben) = (town.owner("olave").await, town.member("ann").await, town.member("ben").await);
    let (plan, price) = priced(&owner, 500).await;
    let sale = |reference: &str| json!({ "plan": plan, "price": price, "amount": 500, "method": "bank", "reference": reference });
    let first = owner.post(&format!("/api/v1/admin/members/{}/payments", ann.id), sale("one")).await;
    let second = owner.post(&format!("/api/v1/admin/members/{}/payments", ann.id), sale("two")).await;
    owner
        .refused(
            Method::POST,
            &format!("/api/v1/admin/members/{}/payments", ben.id),
            Some(json!({ "plan": plan, "price": price, "amount": 499, "method": "bank" })),
            422,
            "billing.payment_amount",
        )
        .await;
    assert_eq!(subscription(&ann).await["period_end"], json!(NOON + 61 * DAY), "two months");

    let path = |recorded: &Value| format!("/api/v1/admin/payments/{}/reverse", recorded["payment"]["id"].as_str().expect("an id"));
    owner.refused(Method::POST, &path(&second), Some(json!({})), 422, "billing.reason_needed").await;
    let back = owner.post(&path(&second), json!({ "note": "Bounced" })).await;
    assert_eq!(
        (&back["payment"]["money"]["amount"], &back["payment"]["receipt"], &back["order"]["state"]),
        (&json!(-500), &json!("2026-0003"), &json!("refunded"))
    );
    assert_eq!(subscription(&ann).await["period_end"], json!(NOON + MONTH));
    assert_eq!(entitlements(&ann).await["calls.start"], true, "one month is still paid");
    owner.refused(Method::POST, &path(&second), Some(json!({ "note": "Again" })), 409, "billing.payment_reversed").await;
    owner.refused(Method::POST, &path(&back), Some(json!({ "note": "Again" })), 409, "billing.payment_reversed").await;

    owner.post(&path(&first), json!({ "note": "That too" })).await;
    assert_eq!(entitlements(&ann).await["calls.start"], false);
    assert_eq!(subscription(&ann).await["status"], "canceled");
    owner.post(&format!("/api/v1/admin/members/{}/payments", ben.id), sale("three")).await;
    let read = town.app().ground.db.read(|conn| {
        let all = payments::table.order(payments::receipt_number).select((payments::receipt_year, payments::receipt_number));
        Ok(all.load::<(Option<i16>, Option<i32>)>(conn)?)
    });
    assert_eq!(
        read.await.expect("payments"),
        (1..=5).map(|n| (Some(2026), Some(n))).collect::<Vec<_>>(),
        "what was refused took no number"
    );
    assert_eq!(books(&town).await, (Vec::new(), 10));
    town.close().await;
}

#[actix_web::test]
async fn two_administrators_at_once_take_the_money_once() {
    let town = Town::new().await;
    let (owner, second, ann) = (town.owner("olave").await, town.owner("second").await, town.member("ann").await);
    let (plan, price) = priced(&owner, 500).await;
    let order = ask(&ann, &plan, Some(&price), "a").await;
    let path = format!("/api/v1/admin/orders/{}/payments", order["id"].as_str().expect("an id"));
    let body = json!({ "amount": 500, "method": "cash" });
    let calls = (0..8).map(|n| if n % 2 == 0 { &owner } else { &second }).map(|who| who.call(Method::POST, &path, Some(body.clone())));
    let mut statuses: Vec<u16> = futures_util::future::join_all(calls).await.into_iter().map(|(status, _)| status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
    assert_eq!(subscription(&ann).await["period_end"], json!(NOON + MONTH));
    assert_eq!(books(&town).await, (Vec::new(), 2));
    town.close().await;
}

#[actix_web::test]
async fn a_price_is_replaced_and_whoever_pays_the_old_one_keeps_it() {
    let town = Town::new().await;
    let (owner, ann) = (town.owner("olave").await, town.member("ann").await);
    let (plan, price) = priced(&owner, 500).await;
    pay(&owner, &ask(&ann, &plan, Some(&price), "a").await, 500).await;
    let path = format!("/api/v1/admin/plans/{plan}/prices");
    let same = owner.post(&path, json!({ "amount": 500, "currency": "EUR", "every": "month" })).await;
    assert_eq!(same["id"], json!(price), "the same again is the same");
    let dearer = owner.post(&path, json!({ "amount": 700, "currency": "EUR", "every": "month" })).await;
    assert_ne!(dearer["id"], json!(price));
    assert_eq!(ann.get("/api/v1/offers").await["plans"][0]["prices"].as_array().map(Vec::len), Some(1));
    assert_eq!(subscription(&ann).await["money"]["amount"], 500);
    town.hand.store(NOON + MONTH - DAY, Ordering::Relaxed);
    let (owner, ann) = (town.again(&owner).await, town.again(&ann).await);
    ring(&town).await;
    let mut waiting = Value::Null;
    for _ in 0..200 {
        waiting = ann.get("/api/v1/offers").await["waiting"][0].clone();
        if !waiting.is_null() {
            break;
        }
        actix_web::rt::task::yield_now().await;
    }
    assert_eq!(waiting["total"]["amount"], 500, "the old price");
    for (body, code) in [
        (json!({ "amount": 0, "currency": "EUR", "every": "month" }), "billing.price_amount"),
        (json!({ "amount": -5, "currency": "EUR", "every": "month" }), "billing.price_amount"),
        (json!({ "amount": 1_000_000_000_001_i64, "currency": "EUR", "every": "month" }), "billing.price_amount"),
    ] {
        owner.refused(Method::POST, &path, Some(body), 422, code).await;
    }
    let (status, _) = owner.call(Method::POST, &path, Some(json!({ "amount": 5, "currency": "ZZZ", "every": "month" }))).await;
    assert_eq!(status.as_u16(), 422, "no such currency");
    town.close().await;
}

//! Letters about money: each once for what it tells, in its reader's language and zone, written with what it tells and never waited for.

use std::sync::atomic::Ordering;

use diesel::prelude::*;
use reqwest::Method;
use rialto::storage::schema::{letters, members};
use serde_json::{Value, json};

use super::{first_plan, give, ring};
use crate::support::{NOON, Person, Socket, Town};

const DAY: i64 = 86_400_000;
const MONTH: i64 = 30 * DAY;

/// A letter: kind, subject, text, HTML.
type Written = (String, String, String, String);

/// All letters to somebody, oldest first.
async fn to(town: &Town, email: &str) -> Vec<Written> {
    let email = email.to_owned();
    let read = town.app().ground.db.read(move |conn| {
        let rows = letters::table.filter(letters::recipient.eq(email)).order(letters::id);
        Ok(rows.select((letters::kind, letters::subject, letters::body_text, letters::body_html)).load::<Written>(conn)?)
    });
    read.await.expect("letters")
}

fn kinds(all: &[Written]) -> Vec<&str> {
    all.iter().map(|one| one.0.as_str()).collect()
}

/// Waits until so many letters are there: jobs write them.
async fn until(town: &Town, email: &str, count: usize) -> Vec<Written> {
    loop {
        let all = to(town, email).await;
        if all.len() >= count {
            return all;
        }
        ring(town).await;
    }
}

/// A member with a mail address.
async fn reader(town: &Town, name: &str) -> Person {
    let person = town.member(name).await;
    let (id, email) = (person.id.0, format!("{name}@example.org"));
    let stored = town.app().ground.db.write(move |tx| {
        diesel::update(members::table.find(id)).set(members::email.eq(email)).execute(&mut **tx)?;
        Ok(())
    });
    stored.await.expect("stored");
    person
}

async fn sell(owner: &Person, to: &Person, plan: &str) -> Value {
    let path = format!("/api/v1/admin/members/{}/payments", to.id);
    owner.post(&path, json!({ "plan": plan, "amount": 500, "every": "month", "method": "cash" })).await
}

#[actix_web::test]
async fn a_receipt_in_french_says_the_day_where_its_reader_is() {
    let town = Town::new().await;
    let (owner, ann) = (town.owner("olave").await, reader(&town, "ann").await);
    ann.call(Method::PATCH, "/api/v1/me", Some(json!({ "language": "fr", "time_zone": "Pacific/Auckland" }))).await;
    let plan = first_plan(&owner).await;
    let paid = sell(&owner, &ann, &plan).await;
    let all = to(&town, "ann@example.org").await;
    assert_eq!(kinds(&all), ["billing.receipt"]);
    let (_, subject, text, html) = &all[0];
    assert_eq!(subject, "Votre paiement pour Member");
    // Noon of 1 November is 2 November there.
    for part in ["Bonjour ann,", "Montant\u{a0}: 5,00\u{a0}€", "2 novembre 2026", "2026-0001", "2 décembre 2026"] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    let link = format!("/receipts/{}", paid["payment"]["id"].as_str().expect("an id"));
    assert!(text.contains(&link) && html.contains(&link) && html.contains("lang=\"fr\""), "{html}");
    town.close().await;
}

#[actix_web::test]
async fn whoever_gave_no_address_gets_no_letter_and_pays_all_the_same() {
    let town = Town::new().await;
    let (owner, ann) = (town.owner("olave").await, town.member("ann").await);
    let plan = first_plan(&owner).await;
    sell(&owner, &ann, &plan).await;
    let count = town.app().ground.db.read(|conn| Ok(letters::table.count().get_result::<i64>(conn)?));
    assert_eq!(count.await.expect("a count"), 0);
    town.close().await;
}

#[actix_web::test]
async fn what_is_paid_by_hand_is_asked_for_dunned_three_times_and_ends_each_said_once() {
    let town = Town::new().await;
    let (owner, ann) = (town.owner("olave").await, reader(&town, "ann").await);
    let plan = first_plan(&owner).await;
    owner.call(Method::PATCH, "/api/v1/admin/settings", Some(json!({ "payment_words": "At the quay, on Fridays" }))).await;
    sell(&owner, &ann, &plan).await;
    let mut expected = vec!["billing.receipt"];
    for (day, kind) in [(23, "billing.due"), (30, "billing.failed"), (33, "billing.failed"), (36, "billing.failed"), (37, "billing.ended")]
    {
        town.hand.store(NOON + day * DAY, Ordering::Relaxed);
        expected.push(kind);
        let all = until(&town, "ann@example.org", expected.len()).await;
        assert_eq!(kinds(&all), expected, "day {day}");
    }
    ring(&town).await;
    let all = to(&town, "ann@example.org").await;
    assert_eq!(kinds(&all), expected, "nothing twice");
    let (due, last) = (&all[1].2, &all[4]);
    for part in ["1 December 2026", "€5.00", "At the quay, on Fridays", "RF"] {
        assert!(due.contains(part), "{part} is missing in {due}");
    }
    assert_eq!(last.1, "Member ends tomorrow: a payment is missing");
    assert!(last.2.contains("8 December 2026") && last.2.contains("At the quay, on Fridays"), "{}", last.2);
    town.close().await;
}

#[actix_web::test]
async fn what_a_letter_says_is_due_is_what_is_taken() {
    let town = Town::new().await;
    let (owner, ann) = (town.owner("olave").await, reader(&town, "ann").await);
    let plan = first_plan(&owner).await;
    let cheap = super::plan(&owner, "Friend", json!({})).await;
    let price_of = async |plan: &str, amount: i64| {
        let body = json!({ "amount": amount, "currency": "EUR", "every": "month" });
        owner.post(&format!("/api/v1/admin/plans/{plan}/prices"), body).await["id"].as_str().expect("an id").to_owned()
    };
    let (price, friend) = (price_of(&plan, 500).await, price_of(&cheap, 300).await);
    owner.post("/api/v1/admin/promotions", json!({ "code": "HALF", "percent": 50, "lasts": "ever" })).await;
    let wish = json!({ "plan": plan, "price": price, "client_key": "a", "promotion": "HALF" });
    let order = ann.post("/api/v1/me/orders", wish).await;
    let pay = format!("/api/v1/admin/orders/{}/payments", order["id"].as_str().expect("an id"));
    owner.post(&pay, json!({ "amount": 250, "method": "cash" })).await;
    let asked_at = NOON + 23 * DAY + 60_000;
    town.hand.store(asked_at, Ordering::Relaxed);
    let all = until(&town, "ann@example.org", 2).await;
    assert_eq!(kinds(&all), ["billing.receipt", "billing.due"]);
    assert!(all[1].2.contains("€2.50") && !all[1].2.contains("€5.00"), "with the code: {}", all[1].2);

    // Another plan is chosen: it is said again, for that one; and what is owed is that, too.
    let ann = town.again(&ann).await;
    let own = ann.get("/api/v1/me/membership").await["subscriptions"][0].clone();
    let change = format!("/api/v1/me/subscriptions/{}/change", own["id"].as_str().expect("an id"));
    ann.post(&change, json!({ "price": friend, "as_of": asked_at })).await;
    let all = until(&town, "ann@example.org", 3).await;
    assert!(all[2].1.contains("Friend") && all[2].2.contains("€1.50"), "{}", all[2].2);
    town.hand.store(NOON + MONTH, Ordering::Relaxed);
    let all = until(&town, "ann@example.org", 4).await;
    assert_eq!(kinds(&all)[3], "billing.failed");
    assert!(all[3].2.contains("Friend") && all[3].2.contains("€1.50"), "{}", all[3].2);
    town.close().await;
}

#[actix_web::test]
async fn a_card_that_fails_is_told_and_works_again_with_its_receipt() {
    let town = Town::new().await;
    let (owner, ann) = (town.owner("olave").await, reader(&town, "ann").await);
    owner.call(Method::PATCH, "/api/v1/admin/settings", Some(json!({ "test_payments": true }))).await;
    let plan = first_plan(&owner).await;
    let price =
        owner.post(&format!("/api/v1/admin/plans/{plan}/prices"), json!({ "amount": 500, "currency": "EUR", "every": "month" })).await;
    let opened = ann.post("/api/v1/checkout", json!({ "price": price["id"], "provider": "test" })).await;
    ann.post(&format!("/api/v1{}", opened["url"].as_str().expect("an address")), json!({ "act": "pay_once" })).await;
    until(&town, "ann@example.org", 1).await;
    town.hand.store(NOON + MONTH + 60_000, Ordering::Relaxed);
    let all = until(&town, "ann@example.org", 2).await;
    assert_eq!(kinds(&all), ["billing.receipt", "billing.failed"]);
    // The session before ended with the month.
    let ann = town.again(&ann).await;
    let page = ann.page_text("/settings/membership").await;
    assert!(page.contains("7 days are left to pay") && page.contains("Pay now"), "{page}");
    let own = ann.get("/api/v1/me/membership").await["subscriptions"][0].clone();
    let portal =
        ann.call(Method::POST, &format!("/api/v1/me/subscriptions/{}/portal", own["id"].as_str().expect("an id")), Some(json!({}))).await;
    let card = portal.1["url"].as_str().expect("an address").to_owned();
    ann.call(Method::POST, &format!("/api/v1{card}"), Some(json!({ "works": true }))).await;
    let all = until(&town, "ann@example.org", 3).await;
    assert_eq!(kinds(&all), ["billing.receipt", "billing.failed", "billing.receipt"]);
    town.close().await;
}

#[actix_web::test]
async fn a_trial_by_hand_is_given_announced_and_over_in_the_open_tab() {
    let town = Town::new().await;
    let (owner, ann) = (town.owner("olave").await, reader(&town, "ann").await);
    let plan = first_plan(&owner).await;
    let mut tab = Socket::open(&town.url(""), &ann.token).await.expect("open");
    give(&owner, ann.id, json!({ "plan": plan, "source": "trial", "ends_at": NOON + 14 * DAY, "note": "Try it" })).await;
    assert_eq!(tab.event("entitlements_changed").await["event"]["entitlements"]["calls.start"], true);
    town.hand.store(NOON + 11 * DAY, Ordering::Relaxed);
    let all = until(&town, "ann@example.org", 2).await;
    assert_eq!(
        (kinds(&all), all[1].1.as_str()),
        (vec!["billing.given", "billing.ending"], "Your trial of Member ends on 15 November 2026")
    );
    assert!(all[0].2.contains("Try it"), "{}", all[0].2);
    town.hand.store(NOON + 14 * DAY, Ordering::Relaxed);
    ring(&town).await;
    assert_eq!(tab.event("entitlements_changed").await["event"]["entitlements"]["calls.start"], false);
    let all = until(&town, "ann@example.org", 3).await;
    assert_eq!(kinds(&all), ["billing.given", "billing.ending", "billing.ended"]);
    town.close().await;
}

#[actix_web::test]
async fn what_is_given_without_end_and_a_difference_say_what_they_are() {
    let town = Town::new().await;
    let (owner, ann) = (town.owner("olave").await, reader(&town, "ann").await);
    let (plan, dear) = (first_plan(&owner).await, super::plan(&owner, "Patron", json!({})).await);
    give(&owner, ann.id, json!({ "plan": dear })).await;
    let mut prices = Vec::new();
    for (plan, amount) in [(&plan, 500), (&dear, 900)] {
        let body = json!({ "amount": amount, "currency": "EUR", "every": "month" });
        prices.push(owner.post(&format!("/api/v1/admin/plans/{plan}/prices"), body).await["id"].clone());
    }
    let sale = json!({ "plan": plan, "price": prices[0], "amount": 500, "method": "cash" });
    owner.post(&format!("/api/v1/admin/members/{}/payments", ann.id), sale).await;
    let own = ann.get("/api/v1/me/membership").await["subscriptions"][0].clone();
    let change = format!("/api/v1/me/subscriptions/{}/change", own["id"].as_str().expect("an id"));
    let order = ann.post(&change, json!({ "price": prices[1], "as_of": NOON })).await["order"].clone();
    let pay = format!("/api/v1/admin/orders/{}/payments", order["id"].as_str().expect("an id"));
    owner.post(&pay, json!({ "amount": 400, "method": "cash" })).await;
    let all = to(&town, "ann@example.org").await;
    assert_eq!(kinds(&all), ["billing.given", "billing.receipt", "billing.receipt"]);
    assert!(all[0].2.contains("For how long: without end"), "{}", all[0].2);
    assert!(all[2].2.contains("Patron, the rest of the period"), "{}", all[2].2);
    town.close().await;
}

#[actix_web::test]
async fn gifts_and_what_is_turned_down_are_told() {
    let town = Town::new().await;
    let (owner, ann) = (town.owner("olave").await, reader(&town, "ann").await);
    let plan = first_plan(&owner).await;
    let gift =
        owner.post("/api/v1/admin/gifts", json!({ "plan": plan, "months": 3, "note": "For <you>", "email": "Friend@example.org" })).await;
    let all = to(&town, "friend@example.org").await;
    let (kind, subject, text, html) = &all[0];
    assert_eq!((kind.as_str(), subject.as_str()), ("billing.gift", "A gift for you: Member"));
    let code = gift["code"].as_str().expect("a code");
    assert!(text.contains(code) && text.contains("for 3 months") && text.contains(&format!("/redeem/{code}")), "{text}");
    assert!(html.contains("For &lt;you&gt;") && html.contains("Hello,"), "{html}");

    let price =
        owner.post(&format!("/api/v1/admin/plans/{plan}/prices"), json!({ "amount": 500, "currency": "EUR", "every": "month" })).await;
    owner.call(Method::PATCH, &format!("/api/v1/admin/plans/{plan}"), Some(json!({ "gifts": true }))).await;
    let wish = |key: &str, gift: bool| json!({ "plan": plan, "price": price["id"], "client_key": key, "gift": gift });
    let order = ann.post("/api/v1/me/orders", wish("a", true)).await;
    owner
        .post(
            &format!("/api/v1/admin/orders/{}/payments", order["id"].as_str().expect("an id")),
            json!({ "amount": 500, "method": "bank" }),
        )
        .await;
    let order = ann.post("/api/v1/me/orders", wish("b", false)).await;
    owner
        .post(&format!("/api/v1/admin/orders/{}/decline", order["id"].as_str().expect("an id")), json!({ "note": "Come to the meeting" }))
        .await;
    let all = to(&town, "ann@example.org").await;
    assert_eq!(kinds(&all), ["billing.gift", "billing.receipt", "billing.declined"]);
    assert!(all[1].2.contains("Member, a gift for a month"), "{}", all[1].2);
    assert!(all[2].2.contains("Come to the meeting"), "{}", all[2].2);
    town.close().await;
}

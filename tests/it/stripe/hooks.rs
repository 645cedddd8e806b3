//! Webhooks: which are believed, that each is kept once, and that none of them says what is so.

use reqwest::Method;
use serde_json::{Value, json};

use super::Market;
use crate::support::NOON;
use crate::support::stripe::{Fault, SECRET, sign};

fn event(id: &str, kind: &str, object: &str) -> Value {
    json!({
        "id": id, "object": "event", "type": kind, "created": NOON / 1_000, "livemode": false, "api_version": "2026-09-30.endive",
        "data": { "object": { "id": object, "status": "active" } },
    })
}

/// What the dashboard lists of the events, the oldest first: their id and where they stand.
async fn heard(market: &Market) -> Vec<(String, String)> {
    let page = market.owner.get("/api/v1/admin/stripe/events").await;
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let mut all: Vec<_> = page["items"].as_array().expect("a list").iter().map(|one| (text(&one["event"]), text(&one["state"]))).collect();
    all.reverse();
    all
}

#[actix_web::test]
async fn who_does_not_sign_is_not_heard_and_nothing_is_kept() {
    let market = Market::open().await;
    let body = event("evt_1", "invoice.paid", "in_1").to_string();
    let now = NOON / 1_000;
    for (what, header, code) in [
        ("no header", None, "billing.webhook_unsigned"),
        ("no signature", Some("t=1".to_owned()), "billing.webhook_signature"),
        ("nonsense", Some("lalala".to_owned()), "billing.webhook_unsigned"),
        ("another secret", Some(sign(&body, "whsec_other", now)), "billing.webhook_signature"),
        ("other bytes", Some(sign("{}", SECRET, now)), "billing.webhook_signature"),
        ("301 s ago", Some(sign(&body, SECRET, now - 301)), "billing.webhook_stale"),
        ("301 s ahead", Some(sign(&body, SECRET, now + 301)), "billing.webhook_stale"),
    ] {
        let (status, answer) = market.send(header.as_deref(), body.clone()).await;
        assert_eq!((status, answer["code"].as_str()), (422, Some(code)), "{what}");
    }
    assert_eq!(heard(&market).await, []);
    assert!(market.stripe.log().is_empty(), "nobody is asked because of a stranger");
    market.close().await;
}

#[actix_web::test]
async fn a_clock_may_be_299_seconds_off() {
    let market = Market::open().await;
    for (n, behind) in [299, -299].into_iter().enumerate() {
        let body = event(&format!("evt_{n}"), "treasury.moved", "x_1").to_string();
        let header = sign(&body, SECRET, NOON / 1_000 - behind);
        assert_eq!(market.send(Some(&header), body).await.0, 200);
        let status = market.owner.get("/api/v1/admin/stripe").await;
        assert_eq!((&status["last_webhook_skew_s"], &status["last_webhook_at"]), (&json!(behind), &json!(NOON)));
    }
    market.close().await;
}

#[actix_web::test]
async fn what_is_signed_is_kept_once_and_says_what_becomes_of_it() {
    let market = Market::open().await;
    let with = |mut event: Value, field: &str, value: Value| {
        event[field] = value;
        event
    };
    let missing = event("evt_1", "customer.subscription.updated", "sub_none");
    let all = [
        (missing.to_string(), "evt_1", "done"),
        (with(event("evt_2", "invoice.paid", "in_1"), "livemode", json!(true)).to_string(), "evt_2", "wrong_mode"),
        (with(event("evt_3", "invoice.paid", "in_1"), "account", json!("acct_other")).to_string(), "evt_3", "foreign_account"),
        (event("evt_4", "treasury.moved", "x_1").to_string(), "evt_4", "unconcerning"),
        ("{\"id\":\"evt_5\"}".to_owned(), "unread_", "parked"),
        ("not json".to_owned(), "unread_", "parked"),
    ];
    for round in 0..3 {
        for (body, _, _) in &all {
            let header = sign(body, SECRET, NOON / 1_000);
            assert_eq!(market.send(Some(&header), body.clone()).await.0, 200, "round {round}: {body}");
        }
    }
    market.quiet().await;
    let heard = heard(&market).await;
    assert_eq!(heard.len(), all.len(), "each once: {heard:?}");
    for ((id, state), (_, expected, becomes)) in heard.iter().zip(&all) {
        assert!(id.starts_with(expected) && state == becomes, "{id} {state}: {expected} {becomes}");
    }
    assert_eq!(market.stripe.asked("GET /v1/subscriptions/sub_none").len(), 1, "fetched once, however often it was told");
    let status = market.owner.get("/api/v1/admin/stripe").await;
    assert_eq!((&status["parked"], &status["waiting"], &status["dead"]), (&json!(2), &json!(0), &json!(0)));
    market.close().await;
}

#[actix_web::test]
async fn a_webhook_of_more_than_256_kib_is_too_large() {
    let market = Market::open().await;
    for (bytes, status) in [(256 * 1024, 422), (256 * 1024 + 1, 413)] {
        assert_eq!(market.send(Some("t=1"), "x".repeat(bytes)).await.0, status, "{bytes}");
    }
    market.close().await;
}

#[actix_web::test]
async fn what_could_not_be_fetched_is_set_aside_and_goes_well_when_it_is_tried_again() {
    let market = Market::open().await;
    let body = event("evt_1", "invoice.paid", "in_none").to_string();
    (0..12).for_each(|_| market.stripe.fail("GET /v1/invoices/in_none", Fault::Status(400)));
    let header = sign(&body, SECRET, NOON / 1_000);
    assert_eq!(market.send(Some(&header), body).await.0, 200);
    market.until_dead().await;
    let page = market.owner.get("/api/v1/admin/stripe/events?state=dead").await;
    let (id, item) = (page["items"][0]["id"].as_str().expect("an id").to_owned(), &page["items"][0]);
    assert_eq!((&item["attempts"], &item["event"]), (&json!(12), &json!("evt_1")));
    assert!(item["error"].as_str().is_some_and(|error| !error.is_empty()));
    assert_eq!(market.owner.call(Method::POST, &format!("/api/v1/admin/stripe/events/{id}/replay"), Some(json!({}))).await.0, 202);
    market.quiet().await;
    assert_eq!(heard(&market).await, [("evt_1".to_owned(), "done".to_owned())]);
    let me = market.owner.get("/api/v1/me").await["id"].clone();
    let replays = async || market.owner.get("/api/v1/admin/audit?act=stripe.replay").await["items"].clone();
    let (rows, written) = (replays().await, json!({ "event": "evt_1" }));
    assert_eq!(rows.as_array().map(Vec::len), Some(1), "{rows}");
    assert_eq!((&rows[0]["actor"], &rows[0]["subject"], &rows[0]["after"]), (&me, &json!("stripe"), &written), "{rows}");
    market
        .owner
        .refused(Method::POST, &format!("/api/v1/admin/stripe/events/{id}/replay"), Some(json!({})), 409, "billing.event_done")
        .await;
    let parked = "still not json".to_owned();
    let header = sign(&parked, SECRET, market.now_s());
    assert_eq!(market.send(Some(&header), parked).await.0, 200);
    let page = market.owner.get("/api/v1/admin/stripe/events?state=parked").await;
    let id = page["items"][0]["id"].as_str().expect("an id");
    market
        .owner
        .refused(Method::POST, &format!("/api/v1/admin/stripe/events/{id}/replay"), Some(json!({})), 409, "billing.event_unread")
        .await;
    assert_eq!(replays().await.as_array().map(Vec::len), Some(1), "what was refused leaves none");
    market.close().await;
}

#[actix_web::test]
async fn without_an_account_stripe_is_told_to_come_back() {
    let town = crate::support::Town::new().await;
    let answer =
        town.http.post(town.url("/hooks/stripe")).header("stripe-signature", "t=1,v1=00").body("{}").send().await.expect("an answer");
    assert_eq!(answer.status(), 503);
    town.close().await;
}

#[actix_web::test]
async fn what_the_list_was_quicker_about_counts_as_sent_once_its_webhook_comes() {
    let market = Market::open().await;
    let (price, ann) = (market.price("once").await, market.town.member("ann").await);
    let session = market.session_of(&ann.post("/api/v1/checkout", json!({ "price": price })).await);
    market.stripe.with(|world| world.pay(&session));
    market.pass(15 * 60_000);
    market.quiet().await;
    let sources = async || {
        let page = market.owner.get("/api/v1/admin/stripe/events").await;
        page["items"].as_array().expect("a list").iter().map(|one| (one["source"].clone(), one["state"].clone())).collect::<Vec<_>>()
    };
    let found = sources().await;
    assert!(!found.is_empty() && found.iter().all(|one| *one == (json!("list"), json!("done"))), "{found:?}");
    assert_eq!(market.owner.get("/api/v1/admin/stripe").await["last_webhook_at"], Value::Null);
    market.stripe.forget_log();
    market.deliver_new().await;
    market.quiet().await;
    assert!(sources().await.iter().all(|one| *one == (json!("webhook"), json!("done"))));
    assert_ne!(market.owner.get("/api/v1/admin/stripe").await["last_webhook_at"], Value::Null, "webhooks come");
    assert!(market.stripe.log().is_empty(), "nothing is fetched again");
    market.close().await;
}

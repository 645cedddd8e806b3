//! The account: keys pasted in the dashboard or given at the start, never shown again; checked, rotated and let go.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use diesel::prelude::*;
use diesel::sql_types::Binary;
use reqwest::Method;
use serde_json::json;

use super::Market;
use crate::support::stripe::{KEY, Stripe};
use crate::support::{NOON, Town};

#[derive(QueryableByName)]
struct Sealed {
    #[diesel(sql_type = Binary)]
    sealed: Vec<u8>,
}

#[actix_web::test]
async fn a_key_that_is_pasted_is_tried_kept_closed_and_never_shown_again() {
    let stripe = Stripe::start(Arc::new(AtomicI64::new(NOON))).await;
    let url = stripe.url();
    let mut town = Town::with(|config| {
        config.stripe_url = Some(url);
        config.public_url = None;
    })
    .await;
    let (owner, ann) = (town.owner("olave").await, town.member("ann").await);
    assert_eq!(owner.get("/api/v1/admin/stripe").await["connected"], false);
    owner.refused(Method::POST, "/api/v1/admin/stripe/check", None, 409, "billing.stripe_off").await;
    for (key, code) in [
        ("", "billing.stripe_key"),
        ("hello", "billing.stripe_key"),
        ("pk_test_0000000000000000", "billing.stripe_publishable"),
        ("sk_test_ä00000000000000000", "billing.stripe_key"),
        ("sk_live_double0000000001", "billing.provider_key"),
        ("sk_test_somebody0000000001", "billing.provider_key"),
    ] {
        let status = if code == "billing.provider_key" { 503 } else { 422 };
        owner.refused(Method::PUT, "/api/v1/admin/stripe", Some(json!({ "key": key })), status, code).await;
    }
    owner
        .refused(Method::PUT, "/api/v1/admin/stripe", Some(json!({ "key": KEY, "webhook_secret": "x" })), 422, "billing.stripe_secret")
        .await;
    let asked = stripe.log().len();
    ann.refused(Method::PUT, "/api/v1/admin/stripe", Some(json!({ "key": KEY })), 403, "access.not_allowed").await;
    assert_eq!(stripe.log().len(), asked, "nobody has a key tried who may not connect one");

    let (status, connected) =
        owner.call(Method::PUT, "/api/v1/admin/stripe", Some(json!({ "key": KEY, "webhook_secret": "whsec_pasted" }))).await;
    assert_eq!(status, 200);
    assert_eq!(
        (&connected["connected"], &connected["live"], &connected["key_hint"], &connected["account"], &connected["takes_webhooks"]),
        (&json!(true), &json!(false), &json!("0001"), &json!("acct_1"), &json!(true))
    );
    assert!(!connected.to_string().contains(KEY) && !connected.to_string().contains("whsec_pasted"));
    let kept: Vec<Sealed> =
        town.app().ground.db.read(|conn| Ok(diesel::sql_query("SELECT sealed FROM secrets").load(conn)?)).await.expect("rows");
    assert_eq!(kept.len(), 2);
    assert!(kept.iter().all(|row| !String::from_utf8_lossy(&row.sealed).contains("double")), "closed");
    let audit = owner.get("/api/v1/admin/audit?act=stripe.").await;
    assert_eq!(audit["items"][0]["act"], "stripe.connect");
    assert!(!audit.to_string().contains(KEY));

    town.restart().await;
    let owner = owner.at(town.url(""));
    assert_eq!(owner.get("/api/v1/admin/stripe").await["connected"], true, "it is kept over a restart");
    assert_eq!(owner.call(Method::DELETE, "/api/v1/admin/stripe", None).await.0, 204);
    assert_eq!(owner.get("/api/v1/admin/stripe").await["connected"], false);
    owner.refused(Method::POST, "/api/v1/checkout", Some(json!({ "price": "1" })), 409, "billing.provider_off").await;
    town.close().await;
}

#[actix_web::test]
async fn a_key_given_at_the_start_is_changed_there() {
    let market = Market::open().await;
    let status = market.owner.get("/api/v1/admin/stripe").await;
    assert_eq!((&status["source"], &status["key_hint"]), (&json!("start"), &json!("0001")));
    market.owner.refused(Method::PUT, "/api/v1/admin/stripe", Some(json!({ "key": KEY })), 409, "billing.stripe_at_start").await;
    market.owner.refused(Method::DELETE, "/api/v1/admin/stripe", None, 409, "billing.stripe_at_start").await;
    market.close().await;
}

#[actix_web::test]
async fn a_check_goes_there_and_back_and_compares_clocks() {
    let market = Market::open().await;
    for (ahead_s, skewed) in [(0, false), (60, false), (61, true), (-61, true)] {
        market.town.hand.store(market.hand.load(Ordering::Relaxed) + ahead_s * 1_000, Ordering::Relaxed);
        let checked = market.owner.post("/api/v1/admin/stripe/check", json!({})).await["checked"].clone();
        assert_eq!((&checked["skew_s"], &checked["skewed"]), (&json!(ahead_s), &json!(skewed)));
    }
    assert_eq!(market.stripe.with(|world| world.all("product").len()), 1, "the plan is there, once");
    assert!(market.owner.get("/api/v1/admin/stripe").await["checked"]["round_trip_ms"].is_u64());
    market.close().await;
}

#[actix_web::test]
async fn the_endpoint_is_made_through_the_api_and_both_secrets_are_good_for_a_day() {
    let stripe = Stripe::start(Arc::new(AtomicI64::new(NOON))).await;
    let url = stripe.url();
    let town = Town::with(|config| {
        config.stripe_url = Some(url);
        config.public_url = Some("https://town.example".to_owned());
        config.trusted_proxies = vec!["127.0.0.1/32".parse().expect("a network")];
    })
    .await;
    let (app, owner) = (town.app().clone(), town.owner("olave").await);
    let connect = async || {
        let request = town.http.put(town.url("/api/v1/admin/stripe")).bearer_auth(&owner.token).json(&json!({ "key": KEY }));
        let answer = request.header("host", "town.example").header("x-forwarded-proto", "https").send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{:?}", answer.text().await);
    };
    connect().await;
    let first = stripe.with(|world| world.all("webhook_endpoint"));
    assert_eq!((first.len(), &first[0]["url"]), (1, &json!("https://town.example/hooks/stripe")));
    assert_eq!(first[0]["enabled_events"].as_array().map(Vec::len), Some(24));
    connect().await;
    let second = stripe.with(|world| world.all("webhook_endpoint"));
    assert_eq!(second.len(), 1, "the one before is gone");
    let secret = |endpoint: &serde_json::Value| endpoint["secret"].as_str().expect("a secret").to_owned();
    let good = || app.stripe.connection().expect("connected").secrets.clone();
    assert_eq!(good(), [secret(&second[0]), secret(&first[0])]);
    town.hand.fetch_add(86_400_001, Ordering::Relaxed);
    app.stripe.reload().await.expect("read");
    assert_eq!(good(), [secret(&second[0])], "after a day only the new one");
    town.close().await;
}

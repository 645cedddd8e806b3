//! Those who guess: tries are counted by account and by address, and headers that anybody can write change neither.

use std::sync::atomic::Ordering;

use reqwest::Method;
use serde_json::json;

use super::{Browser, PASSWORD, account};
use crate::support::Town;

#[actix_web::test]
async fn ten_tries_at_a_password_are_free_and_each_further_one_waits_twice_as_long() {
    let town = Town::new().await;
    account(&town, "marta").await;
    let browser = Browser::new(&town);
    let guess = |password: &'static str| {
        let browser = browser.clone();
        async move { browser.call(Method::POST, "/api/v1/sign-in", Some(json!({ "username": "marta", "password": password }))).await }
    };
    for _ in 0..10 {
        let wrong = guess("a bad guess of it").await;
        assert_eq!((wrong.status.as_u16(), wrong.json["code"].as_str()), (403, Some("members.sign_in_wrong")));
    }
    for wait in [60_000, 120_000, 240_000] {
        let refused = guess(PASSWORD).await;
        assert_eq!((refused.status.as_u16(), refused.json["retry_after_ms"].as_i64()), (429, Some(wait)), "also the right one waits");
        town.hand.fetch_add(wait, Ordering::Relaxed);
        assert_eq!(guess("a bad guess of it").await.status, 403);
    }
    town.hand.fetch_add(480_000, Ordering::Relaxed);
    assert_eq!(guess(PASSWORD).await.status, 200);
    town.close().await;
}

/// Statuses of as many sign-ups, each of which says that it comes from somewhere else.
async fn sign_ups(town: &Town, many: u8) -> Vec<u16> {
    let owner = town.owner("taken").await;
    let open = owner.call(Method::PATCH, "/api/v1/admin/settings", Some(json!({ "sign_up_mode": "open" }))).await;
    assert_eq!(open.0, 200, "{}", open.1);
    let mut statuses = Vec::new();
    for n in 0..many {
        let body = json!({ "username": "taken", "password": PASSWORD });
        let request = town.http.post(town.url("/api/v1/sign-up")).header("X-Forwarded-For", format!("198.51.100.{n}")).json(&body);
        statuses.push(request.send().await.expect("an answer").status().as_u16());
    }
    statuses
}

#[actix_web::test]
async fn where_a_request_says_it_comes_from_counts_only_behind_a_trusted_proxy() {
    let town = Town::new().await;
    let statuses = sign_ups(&town, 11).await;
    assert_eq!(statuses.iter().filter(|status| **status == 422).count(), 10, "{statuses:?}");
    assert_eq!(statuses.last(), Some(&429), "all are from here");
    town.close().await;

    let behind = Town::with(|config| config.trusted_proxies = vec!["127.0.0.1/32".parse().expect("a network")]).await;
    let statuses = sign_ups(&behind, 11).await;
    assert_eq!(statuses, [422; 11], "each has its own limit");
    behind.close().await;
}

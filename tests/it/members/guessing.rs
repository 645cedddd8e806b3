//! Those who guess: tries are counted by account and by address, and headers that anybody can write change neither.

use std::sync::atomic::Ordering;

use reqwest::Method;
use serde_json::json;

use rialto::members::{self, LinkPurpose};

use super::{Browser, PASSWORD, account};
use crate::support::{Town, tell};

#[actix_web::test]
async fn ten_tries_at_a_password_are_free_and_each_further_one_waits_twice_as_long() {
    let town = Town::new().await;
    account(&town, "marta").await;
    let browser = Browser::new(&town);
    let guess = |password: &'static str| {
        let browser = browser.clone();
        async move { browser.call(Method::POST, "/api/v1/sign-in", Some(json!({ "username": "marta", "password": password }))).await }
    };
    let mut free = 0;
    while guess("a bad guess of it").await.json["code"] == "members.sign_in_wrong" {
        free += 1;
    }
    tell("tries at a password before one waits", free);
    assert_eq!(free, 10);
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

#[actix_web::test]
async fn strangers_who_guess_do_not_keep_the_member_from_their_settings_nor_from_a_reset() {
    let town = Town::with(|config| config.trusted_proxies = vec!["127.0.0.1/32".parse().expect("a network")]).await;
    let marta = account(&town, "marta").await;
    let home = Browser::new(&town).sign_in("marta", PASSWORD).await;
    let from = |address: &'static str, password: &'static str| {
        let body = json!({ "username": "marta", "password": password });
        let asked = town.http.post(town.url("/api/v1/sign-in")).header("X-Forwarded-For", address).json(&body);
        async move { asked.send().await.expect("an answer").status().as_u16() }
    };
    for _ in 0..10 {
        assert_eq!(from("198.51.100.9", "a bad guess of it").await, 403);
    }
    assert_eq!(from("198.51.100.9", "a bad guess of it").await, 429, "who guesses waits");
    assert_eq!(from("198.51.100.10", "a bad guess of it").await, 403, "another address has tries of its own");

    let change = |current: &'static str| {
        home.call(Method::POST, "/api/v1/me/password", Some(json!({ "current": current, "new": "another tide tomorrow" })))
    };
    assert_eq!(change("not what it is").await.status, 422);
    let changed = change(PASSWORD).await;
    assert_eq!(changed.status, 204, "{}", changed.json);
    let home = home.with(&changed.cookie.expect("another cookie"));
    for _ in 0..10 {
        assert_eq!(home.call(Method::DELETE, "/api/v1/me", Some(json!({ "password": "a bad guess of it" }))).await.status, 422);
    }
    let thief = home.call(Method::DELETE, "/api/v1/me", Some(json!({ "password": "another tide tomorrow" }))).await;
    assert_eq!((thief.status.as_u16(), thief.json["retry_after_ms"].as_i64()), (429, Some(60_000)), "guesses in the session wait too");

    for address in ["203.0.113.5", "203.0.113.6"] {
        for _ in 0..10 {
            assert_eq!(from(address, "a bad guess of it").await, 403);
        }
        assert_eq!(from(address, "another tide tomorrow").await, 429);
    }
    let link = town.app().ground.db.write(move |tx| members::make_link(tx, LinkPurpose::Reset, Some(marta), None, 60_000)).await;
    let path = town.url(&format!("/api/v1/password-resets/{}", link.expect("a link").reveal()));
    let reset = town.http.post(path).header("X-Forwarded-For", "203.0.113.5").json(&json!({ "password": "a third tide comes" }));
    assert_eq!(reset.send().await.expect("an answer").status(), 204);
    assert_eq!(from("203.0.113.5", "a third tide comes").await, 200, "a reset opens the door where it was made");
    assert_eq!(from("203.0.113.6", "a third tide comes").await, 429, "and no other");
    town.close().await;
}

/// Behind a proxy that says where requests come from; a member of that name with a mail address and [`PASSWORD`].
async fn known_by_two_names(name: &str) -> Town {
    let town = Town::with(|config| config.trusted_proxies = vec!["127.0.0.1/32".parse().expect("a network")]).await;
    account(&town, name).await;
    let home = Browser::new(&town).sign_in(name, PASSWORD).await;
    let email = format!("{name}@people.example");
    let changed = home.call(Method::PATCH, "/api/v1/me", Some(json!({ "email": email, "password": PASSWORD }))).await;
    assert_eq!(changed.status, 200, "{}", changed.json);
    town
}

/// Asks from an address of the network: the status, and all that is said.
async fn from(town: &Town, address: &str, path: &str, form: serde_json::Value) -> (u16, String) {
    let asked = town.http.post(town.url(path)).header("X-Forwarded-For", address).json(&form);
    let answer = asked.send().await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("a body"))
}

#[actix_web::test]
async fn the_limit_of_a_name_does_not_show_at_the_mail_address_of_the_same_account() {
    let town = known_by_two_names("marta").await;
    let mut differ = 0;
    for (path, here) in [("/api/v1/sign-in", "198.51.100.9"), ("/api/v1/appeals", "198.51.100.10")] {
        let door = async |name: &str, password: &str| from(&town, here, path, json!({ "username": name, "password": password })).await;
        let wrong = door("nobody", "a bad guess of it").await;
        assert_eq!(wrong.0, 403, "{}", wrong.1);
        for spelled in ["marta", " MARTA"].into_iter().cycle().take(10) {
            assert_eq!(door(spelled, "a bad guess of it").await, wrong);
        }
        assert_eq!(door("marta", "a bad guess of it").await.0, 429);
        for _ in 0..10 {
            differ += usize::from(door("marta@people.example", "a bad guess of it").await != wrong);
        }
        assert_eq!(door("marta@people.example", "a bad guess of it").await.0, 429);
        // Both names together have as many tries as one, but for the first ones: what goes beyond is answered as a wrong password.
        town.hand.fetch_add(60_000, Ordering::Relaxed);
        assert_eq!(door("marta", "a bad guess of it").await, wrong);
        differ += usize::from(door("marta@people.example", PASSWORD).await != wrong);
        town.hand.fetch_add(120_000, Ordering::Relaxed);
        assert_ne!(door("marta@people.example", PASSWORD).await, wrong, "{path}: it was right, and it is time");
        for _ in 0..2 {
            assert_eq!(from(&town, "203.0.113.5", path, json!({ "username": "marta", "password": "a bad guess of it" })).await, wrong);
        }
    }
    let elsewhere = from(&town, "203.0.113.5", "/api/v1/sign-in", json!({ "username": "marta", "password": PASSWORD })).await;
    assert_eq!(elsewhere.0, 200, "strangers do not keep her out: {}", elsewhere.1);
    tell("answers at the limit of a name that tell whose address is whose", differ);
    assert_eq!(differ, 0);
    town.close().await;
}

#[actix_web::test]
async fn letters_that_are_asked_for_by_one_name_do_not_show_at_the_other() {
    let town = known_by_two_names("marta").await;
    let (mut told, mut n) = (Vec::new(), 0);
    for name in ["marta", "marta@people.example", "nobody", "nobody@people.example"] {
        let mut statuses = Vec::new();
        for _ in 0..4 {
            n += 1;
            let form = json!({ "username_or_email": name });
            statuses.push(from(&town, &format!("198.51.100.{n}"), "/api/v1/password-resets", form).await.0);
        }
        told.push(statuses);
    }
    assert_eq!(told, vec![vec![202, 202, 202, 429]; 4]);
    let letters = town.app().ground.db.read(|conn| Ok(rialto::mail::outbox(conn, None, 100)?.len())).await.expect("letters");
    assert_eq!(letters, 3, "however she is called");
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
    tell("sign-ups from one address that says it is another each time", statuses.iter().filter(|status| **status == 422).count());
    assert_eq!(statuses.iter().filter(|status| **status == 422).count(), 10, "{statuses:?}");
    assert_eq!(statuses.last(), Some(&429), "all are from here");
    town.close().await;

    let behind = Town::with(|config| config.trusted_proxies = vec!["127.0.0.1/32".parse().expect("a network")]).await;
    let statuses = sign_ups(&behind, 11).await;
    assert_eq!(statuses, [422; 11], "each has its own limit");
    behind.close().await;
}

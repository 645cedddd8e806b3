//! The life of a session: it is new at each sign-in, and over when its member, an administrator or the clock says so. A copied cookie
//! is worth no more than the session.

use std::sync::atomic::Ordering;

use reqwest::Method;
use serde_json::json;

use rialto::members;

use super::{Browser, PASSWORD, account};
use crate::support::{Socket, Town, tell};

const DAY: i64 = 86_400_000;

async fn scene() -> (Town, Browser) {
    let town = Town::with(|config| config.raised_limits = true).await;
    account(&town, "marta").await;
    let browser = Browser::new(&town);
    (town, browser)
}

#[actix_web::test]
async fn a_planted_cookie_does_not_become_the_session_of_who_signs_in() {
    let (town, browser) = scene().await;
    let chosen = "chosen-by-somebody-else-0123456789abcdefghi";
    let marta = browser.with(chosen).sign_in("marta", PASSWORD).await;
    assert_ne!(marta.cookie.as_deref(), Some(chosen));
    assert_eq!(browser.with(chosen).whose().await, None, "what was planted opens nothing");

    account(&town, "mallory").await;
    let mallory = browser.sign_in("mallory", PASSWORD).await;
    let planted = mallory.cookie.clone().expect("a cookie");
    let marta = browser.with(&planted).sign_in("marta", PASSWORD).await;
    assert_eq!(marta.whose().await.as_deref(), Some("marta"));
    assert_eq!(mallory.whose().await, None, "the session that was there is over, and never hers");
    town.close().await;
}

#[actix_web::test]
async fn every_sign_in_makes_another_session_and_ends_the_one_before() {
    let (town, browser) = scene().await;
    let first = browser.sign_in("marta", PASSWORD).await;
    let second = first.sign_in("marta", PASSWORD).await;
    assert_ne!(first.cookie, second.cookie);
    assert_eq!((first.whose().await, second.whose().await.as_deref()), (None, Some("marta")));
    town.close().await;
}

#[actix_web::test]
async fn a_change_of_password_makes_the_cookie_new_and_ends_every_copy_and_every_other() {
    let (town, browser) = scene().await;
    let (here, elsewhere) = (browser.sign_in("marta", PASSWORD).await, browser.sign_in("marta", PASSWORD).await);
    let changed = json!({ "current": PASSWORD, "new": "another tide tomorrow" });
    let answer = here.call(Method::POST, "/api/v1/me/password", Some(changed)).await;
    assert_eq!(answer.status, 204, "{}", answer.json);
    let fresh = here.with(&answer.cookie.expect("another cookie"));
    assert_ne!(fresh.cookie, here.cookie);
    assert_eq!(fresh.whose().await.as_deref(), Some("marta"));
    assert_eq!((here.whose().await, elsewhere.whose().await), (None, None));
    let old = browser.call(Method::POST, "/api/v1/sign-in", Some(json!({ "username": "marta", "password": PASSWORD }))).await;
    assert_eq!(old.status, 403);
    town.close().await;
}

#[actix_web::test]
async fn a_copied_cookie_is_worth_nothing_after_the_sign_out() {
    let (town, browser) = scene().await;
    let marta = browser.sign_in("marta", PASSWORD).await;
    let copy = marta.clone();
    let out = marta.call(Method::POST, "/api/v1/sign-out", None).await;
    assert_eq!((out.status.as_u16(), out.cookie.as_deref()), (204, Some("")), "the browser is told to forget it");
    assert_eq!(copy.whose().await, None);
    let write = copy.call(Method::PATCH, "/api/v1/me", Some(json!({ "bio": "stolen" }))).await;
    assert_eq!((write.status.as_u16(), write.json["code"].as_str()), (401, Some("error.sign_in")));
    let secret = copy.cookie.expect("a cookie");
    assert!(Socket::open(&town.url(""), &secret).await.is_err(), "nor does it open a connection");
    town.close().await;
}

#[actix_web::test]
async fn signing_out_everywhere_ends_the_others_and_an_administrator_ends_all() {
    let (town, browser) = scene().await;
    let owner = town.owner("olave").await;
    let (here, there) = (browser.sign_in("marta", PASSWORD).await, browser.sign_in("marta", PASSWORD).await);
    assert_eq!(here.call(Method::POST, "/api/v1/me/sessions/end-others", None).await.status, 204);
    assert_eq!((here.whose().await.as_deref(), there.whose().await), (Some("marta"), None));

    let made = here.call(Method::POST, "/api/v1/me/tokens", Some(json!({ "name": "bot", "scopes": ["read"] }))).await;
    let token = made.json["token"].as_str().expect("a token").to_owned();
    let by_token = || async { town.http.get(town.url("/api/v1/me")).bearer_auth(&token).send().await.expect("an answer").status() };
    assert_eq!(by_token().await, 200);
    let marta = here.call(Method::GET, "/api/v1/me", None).await.json["id"].as_str().expect("id").to_owned();
    owner.call(Method::POST, &format!("/api/v1/admin/members/{marta}/sign-out"), None).await;
    assert_eq!((here.whose().await, by_token().await.as_u16()), (None, 401));
    town.close().await;
}

#[actix_web::test]
async fn a_ban_ends_every_session_for_good() {
    let (town, browser) = scene().await;
    let owner = town.owner("olave").await;
    let marta = browser.sign_in("marta", PASSWORD).await;
    let id = marta.call(Method::GET, "/api/v1/me", None).await.json["id"].as_str().expect("id").to_owned();
    owner.call(Method::POST, &format!("/api/v1/admin/members/{id}/ban"), Some(json!({ "reason": "spam" }))).await;
    assert_eq!(marta.whose().await, None);
    let refused = browser.call(Method::POST, "/api/v1/sign-in", Some(json!({ "username": "marta", "password": PASSWORD }))).await;
    assert_eq!(refused.json["code"], "members.banned");
    owner.call(Method::POST, &format!("/api/v1/admin/members/{id}/unban"), None).await;
    assert_eq!(marta.whose().await, None, "what was ended stays ended");
    assert_eq!(browser.sign_in("marta", PASSWORD).await.whose().await.as_deref(), Some("marta"));
    town.close().await;
}

#[actix_web::test]
async fn a_silent_connection_ends_with_its_session() {
    let town = Town::with(|config| config.raised_limits = true).await;
    let ann = town.member("ann").await;
    let mut silent = ann.connect().await;
    town.hand.fetch_add(14 * DAY, Ordering::Relaxed);
    town.app().ground.db.write(members::clean_sessions).await.expect("cleaned");
    assert_eq!(silent.closed().await, Some(4001));
    assert_eq!(ann.call(Method::GET, "/api/v1/me", None).await.0, 401);
    town.close().await;
}

#[actix_web::test]
async fn a_session_ends_fourteen_days_after_its_last_use_and_ninety_after_its_beginning() {
    let (town, browser) = scene().await;
    let (idle, used) = (browser.sign_in("marta", PASSWORD).await, browser.sign_in("marta", PASSWORD).await);
    let mut day = 0;
    while day < 84 {
        town.hand.fetch_add(12 * DAY, Ordering::Relaxed);
        day += 12;
        assert_eq!(used.whose().await.as_deref(), Some("marta"), "day {day}");
        if day == 12 {
            assert_eq!(idle.whose().await.as_deref(), Some("marta"), "day 12");
        }
    }
    assert_eq!(idle.whose().await, None, "not used since day 12");
    town.hand.fetch_add(6 * DAY - 1, Ordering::Relaxed);
    assert_eq!(used.whose().await.as_deref(), Some("marta"), "a millisecond before ninety days");
    town.hand.fetch_add(1, Ordering::Relaxed);
    assert_eq!(used.whose().await, None);
    town.close().await;
}

/// Ways by which somebody's other session ends.
const ENDS: [&str; 7] = ["one by one", "all others", "by the office", "by a ban", "by another password", "by a link", "with the account"];

#[actix_web::test]
async fn a_connection_ends_with_its_session_whichever_way_that_ends() {
    let town = Town::with(|config| config.raised_limits = true).await;
    let (owner, mut slowest) = (town.owner("olave").await, std::time::Duration::ZERO);
    for (n, way) in ENDS.into_iter().enumerate() {
        let here = town.member(&format!("member{n}")).await;
        let there = town.again(&here).await;
        let mut socket = there.connect().await;
        let admin = format!("/api/v1/admin/members/{}", here.id);
        let link = owner.post(&format!("{admin}/reset-link"), json!({})).await["url"].as_str().expect("a link").to_owned();
        let reset = format!("/api/v1/password-resets/{}", link.rsplit('/').next().expect("a code"));
        let (by, method, path, body) = match way {
            "one by one" => (&here, Method::DELETE, format!("/api/v1/me/sessions/{}", there.session), json!({})),
            "all others" => (&here, Method::POST, "/api/v1/me/sessions/end-others".to_owned(), json!({})),
            "by the office" => (&owner, Method::POST, format!("{admin}/sign-out"), json!({})),
            "by a ban" => (&owner, Method::POST, format!("{admin}/ban"), json!({})),
            "by another password" => (&here, Method::POST, "/api/v1/me/password".to_owned(), json!({ "current": "", "new": PASSWORD })),
            "by a link" => (&here, Method::POST, reset, json!({ "password": PASSWORD })),
            _ => (&here, Method::DELETE, "/api/v1/me".to_owned(), json!({ "password": "" })),
        };
        assert_eq!(by.call(method, &path, Some(body)).await.0, 204, "{way}");
        let ended = std::time::Instant::now();
        assert_eq!(socket.closed().await, Some(4001), "{way}");
        slowest = slowest.max(ended.elapsed());
        assert_eq!(there.call(Method::GET, "/api/v1/me", None).await.0, 401, "{way}");
        assert!(Socket::open(&town.url(""), &there.token).await.is_err(), "{way}");
    }
    tell("ways in which a session ends", ENDS.len());
    tell("milliseconds until its connection is over, at most", usize::try_from(slowest.as_millis()).unwrap_or(usize::MAX));
    town.close().await;
}

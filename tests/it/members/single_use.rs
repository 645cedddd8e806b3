//! What works once works once, also when fifty try at the same moment.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Browser, account};
use crate::support::{Town, tell};

const MANY: usize = 50;

/// Asks until there is an answer other than "come back".
async fn insist(browser: &Browser, path: &str, body: &Value) -> Answer {
    loop {
        let answer = browser.call(Method::POST, path, Some(body.clone())).await;
        if ![429, 503].contains(&answer.status.as_u16()) {
            return answer;
        }
    }
}

/// How many of these succeeded; all others must be told that it is over.
fn successes(answers: &[Answer], code: &str) -> Vec<usize> {
    for answer in answers.iter().filter(|answer| !answer.status.is_success()) {
        assert_eq!((answer.status.as_u16(), answer.json["code"].as_str()), (410, Some(code)));
    }
    answers.iter().enumerate().filter(|(_, answer)| answer.status.is_success()).map(|(n, _)| n).collect()
}

#[actix_web::test]
async fn of_fifty_resets_by_one_link_exactly_one_succeeds() {
    let town = Town::with(|config| config.raised_limits = true).await;
    let owner = town.owner("olave").await;
    let marta = account(&town, "marta").await;
    let made = owner.post(&format!("/api/v1/admin/members/{marta}/reset-link"), json!({})).await;
    let code = made["url"].as_str().and_then(|url| url.rsplit_once('/')).expect("a link").1.to_owned();
    let (browser, path) = (Browser::new(&town), format!("/api/v1/password-resets/{code}"));
    let password = |n: usize| format!("the tide at quay {n}");
    let tries = (0..MANY).map(|n| {
        let body = json!({ "password": password(n) });
        let (browser, path) = (&browser, &path);
        async move { insist(browser, path, &body).await }
    });
    let winners = successes(&join_all(tries).await, "members.link_over");
    tell("resets by one link, tried fifty times at once", winners.len());
    assert_eq!(winners.len(), 1, "{winners:?}");
    browser.sign_in("marta", &password(winners[0])).await;
    let loser = json!({ "username": "marta", "password": password((winners[0] + 1) % MANY) });
    assert_eq!(browser.call(Method::POST, "/api/v1/sign-in", Some(loser)).await.status, 403);
    town.close().await;
}

#[actix_web::test]
async fn of_fifty_sign_ups_by_an_invite_for_one_exactly_one_succeeds() {
    let town = Town::with(|config| config.raised_limits = true).await;
    let owner = town.owner("olave").await;
    let invite = owner.post("/api/v1/admin/invites", json!({ "max_uses": 1 })).await;
    let (browser, code) = (Browser::new(&town), invite["code"].clone());
    let tries = (0..MANY).map(|n| {
        let body = json!({ "username": format!("guest{n}"), "password": super::PASSWORD, "invite": code });
        let browser = &browser;
        async move { insist(browser, "/api/v1/sign-up", &body).await }
    });
    let winners = successes(&join_all(tries).await, "members.invite_over");
    tell("accounts by an invite for one, tried fifty times at once", winners.len());
    assert_eq!(winners.len(), 1, "{winners:?}");
    let members = owner.get("/api/v1/members?q=guest").await;
    assert_eq!(members["items"].as_array().map(Vec::len), Some(1), "{members}");
    town.close().await;
}

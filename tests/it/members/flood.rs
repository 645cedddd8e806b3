//! Five hundred people sign in at once: some get in, the others are told to come back, and everybody else is served meanwhile.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use super::{Browser, PASSWORD, account};
use crate::support::Town;

#[actix_web::test]
async fn five_hundred_sign_ins_at_once_leave_the_program_responsive() {
    let town = Town::with(|config| config.raised_limits = true).await;
    account(&town, "marta").await;
    let inside = town.member("idris").await;
    let browser = Browser::new(&town);
    let flood = join_all((0..500).map(|_| {
        let browser = browser.clone();
        async move { browser.call(Method::POST, "/api/v1/sign-in", Some(json!({ "username": "marta", "password": PASSWORD }))).await }
    }));
    let others = async {
        let mut served = 0;
        for _ in 0..20 {
            let health = town.http.get(town.url("/healthz")).send().await.expect("an answer");
            let me = inside.call(Method::GET, "/api/v1/me", None).await;
            served += usize::from(health.status() == 200 && me.0 == 200);
        }
        served
    };
    let (answers, served) = tokio::join!(flood, others);
    assert_eq!(served, 20);
    let (mut entered, mut busy) = (0, 0);
    for answer in &answers {
        match (answer.status.as_u16(), answer.json["code"].as_str()) {
            (200, None) => entered += 1,
            (429, Some("members.sign_in_busy")) => {
                busy += 1;
                assert!(answer.json["retry_after_ms"].as_u64().is_some_and(|wait| wait > 0));
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(entered >= 34 && busy > 0, "{entered} entered, {busy} were told to come back");
    assert!(browser.sign_in("marta", PASSWORD).await.whose().await.is_some(), "afterwards there is room again");
    town.close().await;
}

//! A wish to be a contact, or to follow, looks the same to whoever made it for as long as it stands, whatever became of it. It never runs out.

use std::sync::atomic::Ordering;

use reqwest::Method;
use serde_json::{Value, json};

use super::pages::page;
use super::untold::{plain, settled};
use super::{act, acts, newest_request, waiting};
use crate::support::{NOON, Person, Town};

/// What becomes of a wish, the first being that nobody looks at it.
const FATES: [&str; 7] = ["waits", "ignored", "reported", "blocked before", "blocked since", "blocked and let back", "never"];
const DAY: i64 = 86_400_000;

/// What bob does with ann's wish.
async fn meets(fate: &str, ann: &Person, bob: &Person) {
    let request = async || newest_request(bob).await;
    let block = format!("/api/v1/blocks/{}", ann.id);
    match fate {
        "ignored" => drop(act(bob, Method::POST, &format!("/api/v1/requests/{}/ignore", request().await)).await),
        "reported" => {
            let path = format!("/api/v1/requests/{}/report", request().await);
            acts(bob, Method::POST, &path, Some(json!({ "reason": "spam" }))).await;
        }
        "blocked since" => drop(act(bob, Method::PUT, &block).await),
        "blocked and let back" => {
            act(bob, Method::PUT, &block).await;
            act(bob, Method::DELETE, &block).await;
        }
        "never" => drop(act(bob, Method::PUT, &format!("/api/v1/me/never/{}", ann.id)).await),
        _ => {}
    }
}

/// Everything that ann sees of her wish, through a month, after taking it back, and after wishing anew.
async fn seen(fate: &str, list: &str) -> Vec<Value> {
    let town = Town::with(|config| config.raised_limits = true).await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    acts(&bob, Method::PUT, "/api/v1/me/reach", Some(json!({ "asks_before_follow": true }))).await;
    if fate == "blocked before" {
        act(&bob, Method::PUT, &format!("/api/v1/blocks/{}", ann.id)).await;
    }
    let known = [(ann.id.to_string(), "ann"), (bob.id.to_string(), "bob")];
    let (path, person) = (format!("/api/v1/{list}/{}", bob.id), format!("/people/{}", bob.id));
    let look = async |told: &mut Vec<Value>| {
        for what in [format!("/api/v1/people/{}", bob.id), format!("/api/v1/{list}"), "/api/v1/me/events?after=0".to_owned()] {
            told.push(plain(&ann.get(&what).await, &known));
        }
        for shown in [person.as_str(), "/people", "/people?list=following", "/people?list=contacts"] {
            told.push(json!(settled(&page(&town, &ann, shown, "en").await, &known)));
        }
    };
    let mut told = vec![act(&ann, Method::PUT, &path).await];
    meets(fate, &ann, &bob).await;
    assert_eq!(waiting(&bob).await.is_empty(), fate != "waits", "{fate}");
    for days in [0, 10, 20, 30] {
        town.hand.store(NOON + days * DAY, Ordering::Relaxed);
        look(&mut told).await;
    }
    assert_eq!(told[1][if list == "contacts" { "contact" } else { "follow" }], "asked");
    for method in [Method::PUT, Method::DELETE, Method::PUT] {
        told.push(act(&ann, method, &path).await);
        look(&mut told).await;
    }
    town.close().await;
    told
}

#[actix_web::test]
async fn nobody_tells_from_a_wish_whether_it_was_ignored_or_met_a_shut_door() {
    for list in ["contacts", "follows"] {
        let reference = seen(FATES[0], list).await;
        assert!(reference.len() > 40);
        for fate in &FATES[1..] {
            for (n, (expected, found)) in reference.iter().zip(seen(fate, list).await).enumerate() {
                assert_eq!(*expected, found, "{list}, {fate}, the {n}th look");
            }
        }
    }
}

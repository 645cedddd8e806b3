//! Beginnings and ends in time: the answer is right at the instant, and a job tells those who are connected.

use std::sync::atomic::Ordering;

use reqwest::Method;
use serde_json::json;

use super::{entitlements, first_plan, give, ring, told};
use crate::support::{NOON, Socket, Town};

const HOUR: i64 = 3_600_000;

#[actix_web::test]
async fn a_grant_begins_and_ends_at_its_instants_and_open_connections_hear_it() {
    let town = Town::new().await;
    let (owner, ann) = (town.owner("olave").await, town.member("ann").await);
    let plan = first_plan(&owner).await;
    let mut tab = Socket::open(&town.url(""), &ann.token).await.expect("open");
    let grant = give(&owner, ann.id, json!({ "plan": plan, "starts_at": NOON + HOUR, "ends_at": NOON + 2 * HOUR })).await;
    assert_eq!(grant["state"], "future");
    assert_eq!(tab.event("entitlements_changed").await["event"]["entitlements"]["calls.start"], false, "not yet");

    for (instant, has) in [(NOON + HOUR, true), (NOON + 2 * HOUR, false)] {
        town.hand.store(instant - 1, Ordering::Relaxed);
        assert_eq!(entitlements(&ann).await["calls.start"], !has, "an instant before");
        town.hand.store(instant, Ordering::Relaxed);
        assert_eq!(entitlements(&ann).await["calls.start"], has, "at the instant, whatever jobs do");
        ring(&town).await;
        assert_eq!(tab.event("entitlements_changed").await["event"]["entitlements"]["calls.start"], has);
    }
    assert_eq!(told(&ann).await, ["given", "began", "ended"]);
    let log = ann.get("/api/v1/me/membership").await["log"]["items"].clone();
    assert_eq!((&log[0]["at"], &log[1]["at"]), (&json!(NOON + 2 * HOUR), &json!(NOON + HOUR)), "the log names the instants themselves");
    town.close().await;
}

#[actix_web::test]
async fn an_end_that_is_moved_holds_and_one_that_has_passed_can_be_given_more_time() {
    let town = Town::new().await;
    let (owner, ann) = (town.owner("olave").await, town.member("ann").await);
    let plan = first_plan(&owner).await;
    let grant = give(&owner, ann.id, json!({ "plan": plan, "ends_at": NOON + HOUR })).await;
    let path = format!("/api/v1/admin/grants/{}", grant["id"].as_str().expect("an id"));
    let (_, moved) = owner.call(Method::PATCH, &path, Some(json!({ "ends_at": NOON + 3 * HOUR, "note": "paid for more" }))).await;
    assert_eq!(moved["ends_at"], NOON + 3 * HOUR);
    town.hand.store(NOON + HOUR, Ordering::Relaxed);
    assert_eq!(entitlements(&ann).await["calls.start"], true);
    town.hand.store(NOON + 3 * HOUR, Ordering::Relaxed);
    assert_eq!(entitlements(&ann).await["calls.start"], false);
    owner.refused(Method::PATCH, &path, Some(json!({ "ends_at": null })), 422, "billing.note_needed").await;
    let (_, again) = owner.call(Method::PATCH, &path, Some(json!({ "ends_at": null, "note": "paid after all" }))).await;
    assert_eq!((&again["state"], &again["ends_at"]), (&json!("active"), &json!(null)));
    assert_eq!(entitlements(&ann).await["calls.start"], true);
    let (_, comment) = owner.call(Method::PATCH, &path, Some(json!({ "note": "a word" }))).await;
    assert_eq!(comment["ends_at"], json!(null), "a comment changes nothing else");
    let (_, same) = owner.call(Method::PATCH, &path, Some(json!({}))).await;
    assert_eq!(same["ends_at"], json!(null), "and nothing is told of what says and changes nothing");
    assert_eq!(told(&ann).await, ["given", "changed", "ended", "resumed", "commented"], "nothing comes back without a word");
    let log = ann.get("/api/v1/me/membership").await["log"]["items"].clone();
    assert_eq!((&log[1]["kind"], &log[1]["note"], &log[1]["by"]), (&json!("resumed"), &json!("paid after all"), &json!(owner.id)));
    town.close().await;
}

#[actix_web::test]
async fn what_ended_while_the_program_was_stopped_is_known_and_told_when_it_starts() {
    let mut town = Town::new().await;
    let (owner, ann) = (town.owner("olave").await, town.member("ann").await);
    let plan = first_plan(&owner).await;
    give(&owner, ann.id, json!({ "plan": plan, "source": "gift", "ends_at": NOON + HOUR })).await;
    assert_eq!(entitlements(&ann).await["calls.start"], true);
    town.hand.store(NOON + 5 * HOUR, Ordering::Relaxed);
    town.restart().await;
    let ann = ann.at(town.url(""));
    assert_eq!(entitlements(&ann).await["calls.start"], false, "memory begins with nothing");
    let mut tab = Socket::open(&town.url(""), &ann.token).await.expect("open");
    assert_eq!(tab.hello["me"]["entitlements"]["calls.start"], false);
    ring(&town).await;
    // Either the job is done already, or it is heard: both end with the line in the log.
    let mut after = 0;
    while told(&ann).await.last().map(String::as_str) != Some("ended") {
        tab.event("entitlements_changed").await;
        after += 1;
        assert!(after < 2, "it is told once");
    }
    town.close().await;
}

#[actix_web::test]
async fn with_calls_for_all_everyone_may_and_those_who_are_connected_hear_it() {
    let town = Town::new().await;
    let (owner, ann) = (town.owner("olave").await, town.member("ann").await);
    let mut tab = Socket::open(&town.url(""), &ann.token).await.expect("open");
    assert_eq!(entitlements(&ann).await["calls.start"], false);
    for (open_to, has) in [("all_members", true), ("paying_members", false)] {
        let change = json!({ "calls_open_to": open_to });
        assert_eq!(owner.call(Method::PATCH, "/api/v1/admin/settings", Some(change)).await.0, 200);
        assert_eq!(entitlements(&ann).await["calls.start"], has);
        let heard = tab.event("entitlements_changed").await["event"]["entitlements"].clone();
        assert_eq!((&heard["calls.start"], &heard["calls.video"]), (&json!(has), &json!(has)));
    }
    owner.refused(Method::PATCH, "/api/v1/admin/settings", Some(json!({ "calls_open_to": "nobody" })), 422, "settings.value").await;
    town.close().await;
}

#[actix_web::test]
async fn the_ordinary_question_asks_no_database_and_a_commit_makes_it_forgotten() {
    let town = Town::new().await;
    let (owner, ann) = (town.owner("olave").await, town.member("ann").await);
    let plan = first_plan(&owner).await;
    let known = |now| town.app().billing.standings.known(ann.id, now).map(|standing| standing.entitlements.calls_start);
    assert_eq!(known(NOON), None, "nobody has asked");
    assert_eq!(entitlements(&ann).await["calls.start"], false);
    assert_eq!(known(NOON), Some(false));
    give(&owner, ann.id, json!({ "plan": plan, "ends_at": NOON + HOUR })).await;
    assert_eq!(known(NOON), None, "forgotten before the giver was answered");
    assert_eq!(entitlements(&ann).await["calls.start"], true);
    assert_eq!((known(NOON + HOUR - 1), known(NOON + HOUR)), (Some(true), None), "it is known until time alone changes it");
    town.close().await;
}

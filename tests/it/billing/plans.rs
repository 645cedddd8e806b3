//! Plans made, changed and put away, and what those who have them hear.

use reqwest::Method;
use serde_json::{Value, json};

use super::{entitlements, first_plan, give, plan};
use crate::support::{Person, Socket, Town};

#[actix_web::test]
async fn a_new_community_has_one_plan_that_opens_calls() {
    let town = Town::new().await;
    let ann = town.member("ann").await;
    let plans = ann.get("/api/v1/plans").await["items"].clone();
    assert_eq!(plans.as_array().expect("plans").len(), 1);
    assert_eq!((&plans[0]["name"], &plans[0]["archived"]), (&json!("Member"), &json!(false)));
    let worth = &plans[0]["entitlements"];
    assert_eq!((&worth["calls.start"], &worth["calls.video"], &worth["calls.record"]), (&json!(true), &json!(true), &json!(false)));
    town.close().await;
}

#[actix_web::test]
async fn whoever_has_a_plan_hears_what_it_is_worth_now_and_where_everything_comes_from() {
    let town = Town::new().await;
    let (owner, ann) = (town.owner("olave").await, town.member("ann").await);
    let member = first_plan(&owner).await;
    let crew = plan(&owner, "Crew", json!({ "calls.start": true, "calls.group_size": 8, "rooms.create": true, "upload.max_mb": 50 })).await;
    give(&owner, ann.id, json!({ "plan": crew })).await;
    assert_eq!(entitlements(&ann).await["calls.group_size"], 8);
    give(&owner, ann.id, json!({ "plan": member })).await;
    let mine = ann.get("/api/v1/me/membership").await;
    assert_eq!(mine["entitlements"]["calls.group_size"], Value::Null, "the first plan has no limit");
    let from = |name: &str| mine["origins"][name].as_array().cloned().unwrap_or_default();
    let names = |name: &str| from(name).iter().map(|one| one["name"].clone()).collect::<Vec<_>>();
    assert_eq!(names("calls.start"), [json!("Member"), json!("Crew")]);
    assert_eq!(names("calls.group_size"), [json!("Member")], "it is the one that has no limit");
    assert_eq!(names("upload.max_mb"), [json!("Crew")]);
    assert!(from("calls.record").is_empty());

    let mut tab = Socket::open(&town.url(""), &ann.token).await.expect("open");
    let change = json!({ "entitlements": { "calls.start": true, "calls.record": true, "storage.quota_mb": 900 } });
    let (status, changed) = owner.call(Method::PATCH, &format!("/api/v1/admin/plans/{crew}"), Some(change)).await;
    assert_eq!((status.as_u16(), &changed["entitlements"]["rooms.create"]), (200, &json!(false)), "all of it is said anew");
    let now = entitlements(&ann).await;
    assert_eq!((&now["calls.record"], &now["upload.max_mb"], &now["storage.quota_mb"]), (&json!(true), &Value::Null, &json!(900)));
    assert_eq!(tab.event("entitlements_changed").await["event"]["entitlements"], now);
    let acts = owner.get("/api/v1/admin/audit?act=plans.").await["items"].clone();
    assert_eq!((&acts[0]["act"], &acts[1]["act"]), (&json!("plans.change"), &json!("plans.make")));
    assert_eq!((&acts[0]["before"]["calls.group_size"], &acts[0]["after"]["calls.group_size"]), (&json!(8), &Value::Null));
    town.close().await;
}

#[actix_web::test]
async fn rooms_need_a_plan_only_where_the_operator_says_so() {
    let town = Town::new().await;
    let (owner, ann, bob) = (town.owner("olave").await, town.member("ann").await, town.member("bob").await);
    let room = |name: &str| Some(json!({ "kind": "private", "name": name }));
    assert_eq!(ann.call(Method::POST, "/api/v1/rooms", room("Free")).await.0, 201);
    assert_eq!(owner.call(Method::PATCH, "/api/v1/admin/settings", Some(json!({ "rooms_need_plan": true }))).await.0, 200);
    ann.refused(Method::POST, "/api/v1/rooms", room("Not free"), 402, "chat.plan_needed").await;
    assert_eq!(ann.call(Method::POST, "/api/v1/rooms", Some(json!({ "kind": "direct", "members": [bob.id] }))).await.0, 201);
    assert_eq!(owner.call(Method::POST, "/api/v1/rooms", room("Kept")).await.0, 201, "who manages rooms is free of it");
    let crew = plan(&owner, "Crew", json!({ "rooms.create": true })).await;
    let grant = give(&owner, ann.id, json!({ "plan": crew })).await;
    assert_eq!(ann.call(Method::POST, "/api/v1/rooms", room("Paid")).await.0, 201);
    let path = format!("/api/v1/admin/grants/{}/revoke", grant["id"].as_str().expect("an id"));
    assert_eq!(owner.call(Method::POST, &path, Some(json!({}))).await.0, 200);
    ann.refused(Method::POST, "/api/v1/rooms", room("Over"), 402, "chat.plan_needed").await;
    town.close().await;
}

async fn refused(owner: &Person, body: Value, code: &str) {
    owner.refused(Method::POST, "/api/v1/admin/plans", Some(body), 422, code).await;
}

#[actix_web::test]
async fn a_plan_that_does_not_fit_is_refused() {
    let town = Town::with(|config| config.raised_limits = true).await;
    let owner = town.owner("olave").await;
    refused(&owner, json!({ "name": " " }), "billing.plan_name").await;
    refused(&owner, json!({ "name": "x".repeat(41) }), "billing.plan_name").await;
    refused(&owner, json!({ "name": "MEMBER" }), "billing.plan_name_taken").await;
    refused(&owner, json!({ "name": "Crew", "description": "x".repeat(301) }), "billing.plan_description").await;
    refused(&owner, json!({ "name": "Crew", "position": 1_001 }), "billing.plan_position").await;
    refused(&owner, json!({ "name": "Crew", "entitlements": { "calls.group_size": 1 } }), "billing.group_size").await;
    refused(&owner, json!({ "name": "Crew", "entitlements": { "calls.fly": true } }), "error.body").await;
    refused(&owner, json!({ "name": "Crew", "entitlements": { "badge": { "text": "", "hue": 3 } } }), "billing.badge_text").await;
    let crew = plan(&owner, &"é".repeat(40), json!({})).await;
    let path = format!("/api/v1/admin/plans/{crew}");
    owner.refused(Method::PATCH, &path, Some(json!({ "name": "member" })), 422, "billing.plan_name_taken").await;
    assert_eq!(owner.call(Method::PATCH, &path, Some(json!({ "name": "Crew", "position": 1_000 }))).await.0, 200);
    owner.refused(Method::PATCH, "/api/v1/admin/plans/77", Some(json!({})), 404, "error.not_found").await;
    for n in 0..98 {
        plan(&owner, &format!("Plan {n}"), json!({})).await;
    }
    owner.refused(Method::POST, "/api/v1/admin/plans", Some(json!({ "name": "One too many" })), 409, "billing.plan_count").await;
    town.close().await;
}

//! Grants given, changed and taken back by administrators.

use std::sync::atomic::Ordering;

use reqwest::Method;
use rialto::members::RoleKind;
use serde_json::{Value, json};

use super::{entitlements, first_plan, give, told};
use crate::support::{NOON, Socket, Town};

const DAY: i64 = 86_400_000;

#[actix_web::test]
async fn a_right_that_is_given_works_in_an_open_connection_and_its_end_too() {
    let town = Town::new().await;
    let (owner, ann) = (town.owner("olave").await, town.member("ann").await);
    let mut tab = Socket::open(&town.url(""), &ann.token).await.expect("open");
    assert_eq!(tab.hello["me"]["entitlements"]["calls.start"], false);
    let plan = first_plan(&owner).await;
    let grant = give(&owner, ann.id, json!({ "plan": plan, "source": "comp", "note": "Mended the crane" })).await;
    assert_eq!((&grant["state"], &grant["source"], &grant["plan"]["name"]), (&json!("active"), &json!("comp"), &json!("Member")));

    let heard = tab.event("entitlements_changed").await;
    assert_eq!(heard["room"], "me");
    let rights = &heard["event"]["entitlements"];
    assert_eq!((&rights["calls.start"], &rights["calls.video"], &rights["calls.group_size"]), (&json!(true), &json!(true), &Value::Null));
    assert_eq!(heard["event"]["plans"], json!([plan]));
    assert_eq!(&entitlements(&ann).await, rights, "the event says what is");

    let path = format!("/api/v1/admin/grants/{}/revoke", grant["id"].as_str().expect("an id"));
    let (status, revoked) = owner.call(Method::POST, &path, Some(json!({ "note": "Broke it again" }))).await;
    assert_eq!((status.as_u16(), &revoked["state"]), (200, &json!("revoked")));
    assert_eq!(tab.event("entitlements_changed").await["event"]["entitlements"]["calls.start"], false);
    assert_eq!(entitlements(&ann).await["calls.start"], false);
    owner.refused(Method::POST, &path, Some(json!({})), 409, "billing.grant_over").await;

    let mine = ann.get("/api/v1/me/membership").await;
    assert_eq!(told(&ann).await, ["given", "revoked"]);
    let notes: Vec<&Value> = mine["log"]["items"].as_array().expect("a log").iter().map(|one| &one["note"]).collect();
    assert_eq!(notes, [&json!("Broke it again"), &json!("Mended the crane")], "newest first, and the member reads why");
    assert_eq!(mine["members"][0]["id"], json!(owner.id), "whoever did it is named");
    assert_eq!(mine["plans"], json!([]));
    let seen = owner.get(&format!("/api/v1/admin/members/{}/grants", ann.id)).await;
    assert_eq!(seen["log"], mine["log"], "support reads the same");

    let acts = owner.get("/api/v1/admin/audit?act=grants.").await["items"].clone();
    let traced: Vec<_> = acts.as_array().expect("acts").iter().map(|one| (one["act"].clone(), one["reason"].clone())).collect();
    assert_eq!(traced, [(json!("grants.revoke"), json!("Broke it again")), (json!("grants.give"), json!("Mended the crane"))]);
    town.close().await;
}

#[actix_web::test]
async fn a_field_that_nothing_reads_is_refused_and_gives_nothing() {
    let town = Town::new().await;
    let (owner, ann) = (town.owner("olave").await, town.member("ann").await);
    let plan = first_plan(&owner).await;
    let grants = format!("/api/v1/admin/members/{}/grants", ann.id);
    let misspelt = json!({ "plan": plan, "ends_At": NOON + DAY });
    let (status, answer) = owner.call(Method::POST, &grants, Some(misspelt)).await;
    assert_eq!((status.as_u16(), &answer["code"]), (422, &json!("error.body")), "{answer}");
    assert_eq!(answer["problems"][0]["field"], "ends_At");
    assert_eq!(ann.get("/api/v1/me/membership").await["grants"], json!([]), "an end that nobody reads is no grant without an end");
    let grant = give(&owner, ann.id, json!({ "plan": plan, "ends_at": NOON + DAY })).await;
    let change = format!("/api/v1/admin/grants/{}", grant["id"].as_str().expect("an id"));
    owner.refused(Method::PATCH, &change, Some(json!({ "end_at": null, "note": "Longer" })), 422, "error.body").await;
    assert_eq!(ann.get("/api/v1/me/membership").await["grants"][0]["ends_at"], json!(NOON + DAY));
    // What is flattened into another answers for itself.
    let sale = json!({ "plan": plan, "amount": 900, "method": "cash", "receivd_at": NOON });
    let path = format!("/api/v1/admin/members/{}/payments", ann.id);
    let (status, answer) = owner.call(Method::POST, &path, Some(sale)).await;
    assert_eq!((status.as_u16(), &answer["problems"][0]["field"]), (422, &json!("receivd_at")), "{answer}");
    town.close().await;
}

#[actix_web::test]
async fn the_owner_has_a_grant_without_end_and_keeps_it_as_long_as_they_own() {
    let mut town = Town::new().await;
    let (owner, second) = (town.owner("olave").await, town.member("second").await);
    assert_eq!(entitlements(&owner).await["calls.start"], false, "made past every way in, so nobody was told");
    town.restart().await;
    let (owner, second) = (owner.at(town.url("")), second.at(town.url("")));
    assert_eq!(entitlements(&owner).await["calls.start"], true, "the start makes what is missing");
    let mine = owner.get("/api/v1/me/membership").await;
    assert_eq!((&mine["grants"][0]["source"], &mine["grants"][0]["ends_at"]), (&json!("owner"), &Value::Null));
    let id = mine["grants"][0]["id"].as_str().expect("an id");
    owner.refused(Method::POST, &format!("/api/v1/admin/grants/{id}/revoke"), Some(json!({})), 409, "billing.owner_grant").await;
    owner
        .refused(Method::PATCH, &format!("/api/v1/admin/grants/{id}"), Some(json!({ "ends_at": NOON + DAY })), 409, "billing.owner_grant")
        .await;

    let roles = owner.get("/api/v1/admin/roles").await["items"].clone();
    let role = roles.as_array().expect("roles").iter().find(|role| role["kind"] == "owner").expect("owners")["id"].clone();
    let path = format!("/api/v1/admin/members/{}/roles", second.id);
    assert_eq!(owner.call(Method::PUT, &path, Some(json!({ "roles": [role] }))).await.0, 204);
    assert_eq!(entitlements(&second).await["calls.start"], true, "with the role comes the grant");
    assert_eq!(owner.call(Method::PUT, &path, Some(json!({ "roles": [] }))).await.0, 204);
    assert_eq!(entitlements(&second).await["calls.start"], false);
    assert_eq!(told(&second).await, ["given", "revoked"]);
    town.close().await;
}

#[actix_web::test]
async fn what_does_not_fit_is_named() {
    let town = Town::with(|config| config.raised_limits = true).await;
    let (owner, ann) = (town.owner("olave").await, town.member("ann").await);
    let plan = first_plan(&owner).await;
    let path = format!("/api/v1/admin/members/{}/grants", ann.id);
    let with = |more: Value| {
        let mut body = json!({ "plan": plan });
        body.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
        Some(body)
    };
    for (more, code) in [
        (json!({ "plan": "77" }), "billing.plan_unknown"),
        (json!({ "source": "owner" }), "billing.source_kind"),
        (json!({ "starts_at": NOON - 1 }), "billing.starts_past"),
        (json!({ "ends_at": NOON }), "billing.ends_past"),
        (json!({ "starts_at": NOON + 5, "ends_at": NOON + 5 }), "billing.ends_past"),
        (json!({ "ends_at": NOON + 101 * 366 * DAY }), "billing.too_far"),
        (json!({ "note": "x".repeat(501) }), "billing.note"),
    ] {
        owner.refused(Method::POST, &path, with(more), 422, code).await;
    }
    assert_eq!(owner.call(Method::POST, &path, with(json!({ "note": "é".repeat(500), "ends_at": NOON + 1 }))).await.0, 201);
    let grant = give(&owner, ann.id, json!({ "plan": plan, "ends_at": NOON + DAY })).await;
    let change = format!("/api/v1/admin/grants/{}", grant["id"].as_str().expect("an id"));
    owner.refused(Method::PATCH, &change, Some(json!({ "ends_at": NOON })), 422, "billing.ends_past").await;
    owner.refused(Method::PATCH, "/api/v1/admin/grants/77", Some(json!({ "ends_at": NOON + 5 })), 404, "error.not_found").await;
    owner.refused(Method::POST, "/api/v1/admin/members/77/grants", with(json!({})), 404, "error.not_found").await;
    assert_eq!(owner.call(Method::PATCH, &format!("/api/v1/admin/plans/{plan}"), Some(json!({ "archived": true }))).await.0, 200);
    owner.refused(Method::POST, &path, with(json!({})), 422, "billing.plan_archived").await;
    assert_eq!(entitlements(&ann).await["calls.start"], true, "whoever has a plan that was put away keeps it");
    assert_eq!(owner.get("/api/v1/plans").await["items"], json!([]));

    let gone = town.member("gone").await;
    assert_eq!(owner.call(Method::DELETE, &format!("/api/v1/admin/members/{}", gone.id), Some(json!({}))).await.0, 204);
    owner.refused(Method::POST, &format!("/api/v1/admin/members/{}/grants", gone.id), with(json!({})), 404, "error.not_found").await;
    town.close().await;
}

#[actix_web::test]
async fn a_hundred_grants_of_one_member_are_enough() {
    let town = Town::with(|config| config.raised_limits = true).await;
    let (owner, ann) = (town.owner("olave").await, town.member("ann").await);
    let plan = first_plan(&owner).await;
    for n in 0..100 {
        give(&owner, ann.id, json!({ "plan": plan, "ends_at": NOON + DAY + n })).await;
    }
    let path = format!("/api/v1/admin/members/{}/grants", ann.id);
    owner.refused(Method::POST, &path, Some(json!({ "plan": plan })), 409, "billing.grant_count").await;
    town.hand.store(NOON + DAY, Ordering::Relaxed);
    assert_eq!(owner.call(Method::POST, &path, Some(json!({ "plan": plan }))).await.0, 201, "one that is over makes room");
    town.close().await;
}

#[actix_web::test]
async fn only_those_who_may_give_memberships_do_and_others_look_at_most() {
    let town = Town::with(|config| config.raised_limits = true).await;
    let owner = town.owner("olave").await;
    let (administrator, moderator, ann) =
        (town.person("ada", &[RoleKind::Administrator]).await, town.person("mo", &[RoleKind::Moderator]).await, town.member("ann").await);
    let plan = first_plan(&owner).await;
    let path = format!("/api/v1/admin/members/{}/grants", ann.id);
    for person in [&moderator, &ann] {
        person.refused(Method::POST, &path, Some(json!({ "plan": plan })), 403, "access.not_allowed").await;
        person.refused(Method::GET, &path, None, 403, "access.not_allowed").await;
        person.refused(Method::POST, "/api/v1/admin/plans", Some(json!({ "name": "Mine" })), 403, "access.not_allowed").await;
    }
    give(&administrator, administrator.id, json!({ "plan": plan, "note": "for the trial" })).await;
    assert_eq!(entitlements(&administrator).await["calls.start"], true);
    town.close().await;
}

#[actix_web::test]
async fn two_who_take_the_same_grant_back_at_once_are_told_who_was_second() {
    let town = Town::new().await;
    let (owner, ann) = (town.owner("olave").await, town.member("ann").await);
    let plan = first_plan(&owner).await;
    let grant = give(&owner, ann.id, json!({ "plan": plan })).await;
    let path = format!("/api/v1/admin/grants/{}/revoke", grant["id"].as_str().expect("an id"));
    let revoke = || owner.call(Method::POST, &path, Some(json!({})));
    let (one, two) = tokio::join!(revoke(), revoke());
    let mut statuses = [one.0.as_u16(), two.0.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    assert_eq!(told(&ann).await, ["given", "revoked"]);
    town.close().await;
}

#[actix_web::test]
async fn a_repeated_request_with_its_key_gives_one_grant() {
    let town = Town::new().await;
    let (owner, ann) = (town.owner("olave").await, town.member("ann").await);
    let plan = first_plan(&owner).await;
    let send = || async {
        let request = town.http.post(town.url(&format!("/api/v1/admin/members/{}/grants", ann.id)));
        let request = request.bearer_auth(&owner.token).header("Idempotency-Key", "once").json(&json!({ "plan": plan }));
        request.send().await.expect("an answer").json::<Value>().await.expect("json")
    };
    let (first, again) = (send().await, send().await);
    assert_eq!(first, again);
    // Also when they come at once, under another key.
    let send = || async {
        let request = town.http.post(town.url(&format!("/api/v1/admin/members/{}/grants", owner.id)));
        let request = request.bearer_auth(&owner.token).header("Idempotency-Key", "at once").json(&json!({ "plan": plan }));
        request.send().await.expect("an answer").json::<Value>().await.expect("json")
    };
    let all = futures_util::future::join_all((0..8).map(|_| send())).await;
    assert!(all.iter().all(|one| *one == all[0] && one["id"].is_string()), "{all:?}");
    assert_eq!(ann.get("/api/v1/me/membership").await["grants"].as_array().expect("grants").len(), 1);
    town.close().await;
}

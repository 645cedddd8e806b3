//! Who is verified, by a plan or by an administrator, and what others see of it.

use reqwest::Method;
use serde_json::{Value, json};

use super::{give, plan, told};
use crate::support::{Person, Socket, Town};

async fn badge(reader: &Person, of: &Person) -> Value {
    reader.get(&format!("/api/v1/members/{}", of.id)).await["badge"].clone()
}

#[actix_web::test]
async fn a_plan_with_a_badge_puts_it_beside_the_name_and_everyone_hears_it() {
    let town = Town::new().await;
    let (owner, ann, bob) = (town.owner("olave").await, town.member("ann").await, town.member("bob").await);
    let friends = plan(&owner, "Friends", json!({ "badge": { "text": "Friend", "hue": 4 } })).await;
    let mut watching = Socket::open(&town.url(""), &bob.token).await.expect("open");
    let grant = give(&owner, ann.id, json!({ "plan": friends })).await;
    let seen = badge(&bob, &ann).await;
    assert_eq!(
        (&seen["by"], &seen["text"], &seen["hue"], &seen["since"]),
        (&json!("plan"), &json!("Friend"), &json!(4), &grant["starts_at"])
    );
    let signal = watching.next("signal").await["signal"].clone();
    assert_eq!((&signal["kind"], &signal["member"]["badge"]["text"]), (&json!("member_changed"), &json!("Friend")));
    assert_eq!(ann.get("/api/v1/me").await["badge"], seen);

    let change = json!({ "entitlements": { "badge": { "text": "Old friend", "hue": 5 } } });
    assert_eq!(owner.call(Method::PATCH, &format!("/api/v1/admin/plans/{friends}"), Some(change)).await.0, 200);
    assert_eq!(watching.next("signal").await["signal"]["member"]["badge"]["text"], "Old friend");
    for (rule, text) in [("off", Value::Null), ("plan", json!("Old friend")), ("administrator", Value::Null)] {
        assert_eq!(owner.call(Method::PATCH, "/api/v1/admin/settings", Some(json!({ "verified_badge": rule }))).await.0, 200);
        while watching.next("signal").await["signal"]["kind"] != "member_changed" {}
        assert_eq!(badge(&bob, &ann).await["text"], text, "{rule}");
    }
    town.close().await;
}

#[actix_web::test]
async fn an_administrator_verifies_and_who_when_and_why_is_kept() {
    let town = Town::new().await;
    let (owner, ann, bob) = (town.owner("olave").await, town.member("ann").await, town.member("bob").await);
    let path = format!("/api/v1/admin/members/{}/verification", ann.id);
    owner.refused(Method::DELETE, &path, Some(json!({})), 409, "billing.not_verified").await;
    assert_eq!(owner.call(Method::PUT, &path, Some(json!({ "note": "Saw her passport" }))).await.0, 204);
    owner.refused(Method::PUT, &path, Some(json!({})), 409, "billing.is_verified").await;
    let seen = badge(&bob, &ann).await;
    assert_eq!((&seen["by"], &seen["text"]), (&json!("administrator"), &json!("")));
    assert!(!seen.to_string().contains("passport"), "why is for her and for support");
    assert_eq!(ann.get("/api/v1/me/membership").await["verified"], seen);
    bob.refused(Method::PUT, &path, Some(json!({})), 403, "access.not_allowed").await;
    assert_eq!(owner.call(Method::DELETE, &path, Some(json!({ "note": "It was not hers" }))).await.0, 204);
    assert_eq!(badge(&bob, &ann).await, Value::Null);
    assert_eq!(told(&ann).await, ["verified", "unverified"]);
    let acts = owner.get("/api/v1/admin/audit?act=members.").await["items"].clone();
    assert_eq!((&acts[0]["act"], &acts[1]["act"]), (&json!("members.unverify"), &json!("members.verify")));
    town.close().await;
}

#[actix_web::test]
async fn a_deleted_member_leaves_no_badge_and_no_plan() {
    let town = Town::new().await;
    let (owner, ann, bob) = (town.owner("olave").await, town.member("ann").await, town.member("bob").await);
    let friends = plan(&owner, "Friends", json!({ "badge": { "text": "Friend", "hue": 4 } })).await;
    give(&owner, ann.id, json!({ "plan": friends })).await;
    assert_eq!(owner.call(Method::PUT, &format!("/api/v1/admin/members/{}/verification", ann.id), Some(json!({}))).await.0, 204);
    assert_eq!(owner.call(Method::DELETE, &format!("/api/v1/admin/members/{}", ann.id), Some(json!({}))).await.0, 204);
    assert_eq!(badge(&bob, &ann).await, Value::Null);
    let left = owner.get(&format!("/api/v1/admin/members/{}/grants", ann.id)).await;
    assert_eq!((&left["grants"][0]["state"], &left["plans"], &left["verified"]), (&json!("revoked"), &json!([]), &Value::Null));
    town.close().await;
}

//! How many rooms somebody makes, and with how many in them.

use std::sync::atomic::Ordering;

use reqwest::Method;
use rialto::members::{self, DisplayName, NewMember, Username};
use serde_json::{Value, json};

use crate::support::{NOON, Person, Town};

const DAY: i64 = 86_400_000;

async fn make(person: &Person, name: &str) -> (u16, Value) {
    let (status, answer) = person.call(Method::POST, "/api/v1/rooms", Some(json!({ "kind": "private", "name": name }))).await;
    (status.as_u16(), answer)
}

#[actix_web::test]
async fn a_member_makes_so_many_rooms_in_a_day_and_conversations_count() {
    let town = Town::new().await;
    let (keeper, ann, bob) = (town.owner("keeper").await, town.member("ann").await, town.member("bob").await);
    assert_eq!(keeper.call(Method::PATCH, "/api/v1/admin/settings", Some(json!({ "rooms_per_day": 3 }))).await.0, 200);
    let direct = json!({ "kind": "direct", "members": [bob.id] });
    assert_eq!(make(&ann, "One").await.0, 201);
    town.hand.store(NOON + 60_000, Ordering::Relaxed);
    let talk = ann.post("/api/v1/rooms", direct.clone()).await["id"].clone();
    assert_eq!(make(&ann, "Two").await.0, 201);
    let (status, answer) = make(&ann, "Three").await;
    let refused = (status, answer["code"].as_str(), answer["retry_after_ms"].as_i64());
    assert_eq!(refused, (429, Some("chat.too_many_rooms"), Some(DAY - 60_000)), "until the first is a day old");
    assert_eq!(ann.post("/api/v1/rooms", direct).await["id"], talk, "what is there already is not made");
    assert_eq!(make(&bob, "Four").await.0, 201, "a member's rooms are counted by who makes them");
    town.hand.store(NOON + DAY - 1, Ordering::Relaxed);
    assert_eq!(make(&ann, "Three").await.0, 429);
    town.hand.store(NOON + DAY, Ordering::Relaxed);
    assert_eq!(make(&ann, "Three").await.0, 201);
    assert_eq!(make(&ann, "Five").await.0, 429);
    for n in 0..5 {
        assert_eq!(make(&keeper, &format!("Kept {n}")).await.0, 201, "who manages rooms makes what is needed");
    }
    town.close().await;
}

#[actix_web::test]
async fn a_room_begins_with_two_hundred_others_at_most() {
    let town = Town::new().await;
    let ann = town.member("ann").await;
    let made = town.app().ground.db.write(|tx| {
        let mut ids = Vec::new();
        for n in 0..201 {
            let name = format!("guest{n}");
            ids.push(members::create_member(tx, &NewMember::named(Username::parse(&name)?, DisplayName::parse(&name)?))?);
        }
        Ok(ids)
    });
    let ids = made.await.expect("members");
    let room = |count: usize| json!({ "kind": "private", "name": "Harbour", "members": &ids[..count] });
    ann.refused(Method::POST, "/api/v1/rooms", Some(room(201)), 422, "chat.too_many_members").await;
    let made = ann.post("/api/v1/rooms", room(200)).await;
    let path = format!("/api/v1/rooms/{}/members", made["id"].as_str().expect("id"));
    assert_eq!(ann.get(&path).await["invited"].as_array().map(Vec::len), Some(200));
    town.close().await;
}

#[actix_web::test]
async fn a_member_invites_so_often_in_a_day() {
    let town = Town::new().await;
    let keeper = town.owner("keeper").await;
    assert_eq!(keeper.call(Method::PATCH, "/api/v1/admin/settings", Some(json!({ "invitations_per_day": 2 }))).await.0, 200);
    let (ann, bob, cleo) = (town.member("ann").await, town.member("bob").await, town.member("cleo").await);
    let room = |name: &str, members: Value| json!({ "kind": "private", "name": name, "members": members });
    let made = ann.post("/api/v1/rooms", room("Attic", json!([bob.id, cleo.id]))).await;
    let again = format!("/api/v1/rooms/{}/members/{}", made["id"].as_str().expect("id"), bob.id);
    assert_eq!(ann.call(Method::PUT, &again, None).await.0, 200, "who is invited already counts no more");
    ann.refused(Method::POST, "/api/v1/rooms", Some(room("Cellar", json!([bob.id]))), 429, "social.too_many_invitations").await;
    town.hand.store(NOON + DAY, Ordering::Relaxed);
    ann.post("/api/v1/rooms", room("Cellar", json!([bob.id]))).await;
    town.close().await;
}

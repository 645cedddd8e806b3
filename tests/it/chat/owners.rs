//! Who owns a room when its owner is gone.

use std::sync::atomic::Ordering;

use reqwest::Method;
use rialto::chat::RoomKind;
use rialto::ids::RoomId;
use rialto::members::RoleKind;
use serde_json::{Value, json};

use crate::support::{NOON, Person, Town};

fn place(room: RoomId, person: &Person) -> String {
    format!("/api/v1/rooms/{room}/members/{}", person.id)
}

async fn make(by: &Person, room: RoomId, person: &Person, role: &str) {
    let (status, answer) = by.call(Method::PUT, &format!("{}/role", place(room, person)), Some(json!({ "role": role }))).await;
    assert_eq!(status, 204, "{answer}");
}

async fn role(room: RoomId, person: &Person) -> Value {
    person.get(&format!("/api/v1/rooms/{room}")).await["role"].clone()
}

/// Every change of a role in the room's log: by whom, whose, which.
async fn roles_set(room: RoomId, person: &Person) -> Vec<(Value, String, String)> {
    let log = person.get(&format!("/api/v1/rooms/{room}/events?after=0")).await;
    let events = log["items"].as_array().expect("items").iter().map(|item| &item["event"]);
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    events
        .filter(|event| event["kind"] == "room_role_set")
        .map(|event| (event["actor"].clone(), text(&event["member"]), text(&event["role"])))
        .collect()
}

fn passed_on(person: &Person) -> (Value, String, String) {
    (Value::Null, person.id.to_string(), "owner".to_owned())
}

#[actix_web::test]
async fn the_longest_standing_moderator_follows_the_last_owner_and_else_the_member() {
    let town = Town::new().await;
    let (ann, bob, cleo, dora) = (town.member("ann").await, town.member("bob").await, town.member("cleo").await, town.member("dora").await);
    let room = town.room(&ann, RoomKind::Private, "Harbour", &[&bob, &cleo, &dora]).await;
    make(&ann, room, &dora, "moderator").await;
    make(&ann, room, &cleo, "moderator").await;
    let mut socket = cleo.connect().await;
    assert_eq!(ann.call(Method::DELETE, &place(room, &ann), None).await.0, 204);
    let heard = socket.event("room_role_set").await["event"].clone();
    assert_eq!(heard, json!({ "kind": "room_role_set", "actor": null, "member": cleo.id, "role": "owner" }));
    assert_eq!((role(room, &bob).await, role(room, &cleo).await), (json!("member"), json!("owner")));
    assert_eq!(cleo.call(Method::DELETE, &place(room, &cleo), None).await.0, 204);
    assert_eq!(role(room, &dora).await, "owner");
    assert_eq!(dora.call(Method::DELETE, &place(room, &dora), None).await.0, 204);
    assert_eq!(role(room, &bob).await, "owner", "who is left takes over, moderator or not");
    let passed: Vec<_> = roles_set(room, &bob).await.into_iter().filter(|(actor, _, _)| actor.is_null()).collect();
    assert_eq!(passed, [passed_on(&cleo), passed_on(&dora), passed_on(&bob)]);
    assert_eq!(bob.call(Method::PATCH, &format!("/api/v1/rooms/{room}"), Some(json!({ "topic": "Mine now" }))).await.0, 200);
    assert_eq!(bob.call(Method::DELETE, &place(room, &bob), None).await.0, 204, "the last one of all may go too");
    town.close().await;
}

#[actix_web::test]
async fn a_room_passes_on_when_its_owner_is_banned_deleted_or_removed_and_not_while_another_is_there() {
    let town = Town::with(|config| config.raised_limits = true).await;
    let keeper = town.person("keeper", &[RoleKind::Owner]).await;
    for (n, how) in ["banned", "deleted", "removed"].into_iter().enumerate() {
        let name = |name: &str| format!("{name}{n}");
        let (ann, bob, cleo) = (town.member(&name("ann")).await, town.member(&name("bob")).await, town.member(&name("cleo")).await);
        let room = town.room(&ann, RoomKind::Public, &name("Harbour"), &[&bob, &cleo]).await;
        make(&ann, room, &bob, "owner").await;
        make(&ann, room, &cleo, "moderator").await;
        let member = format!("/api/v1/admin/members/{}", ann.id);
        let (method, path, body) = match how {
            "banned" => (Method::POST, format!("{member}/ban"), Some(json!({ "reason": "spam" }))),
            "deleted" => (Method::DELETE, member, Some(json!({ "reason": "asked for it" }))),
            _ => (Method::DELETE, place(room, &ann), None),
        };
        let (status, answer) = keeper.call(method, &path, body).await;
        assert!(status.is_success(), "{how}: {status} {answer}");
        assert_eq!(roles_set(room, &cleo).await.len(), 2, "{how}: bob is an owner still");
        assert_eq!(bob.call(Method::DELETE, &place(room, &bob), None).await.0, 204);
        assert_eq!(roles_set(room, &cleo).await.last(), Some(&passed_on(&cleo)), "{how}");
        let (method, path, body) = match how {
            "banned" => (Method::POST, format!("/api/v1/admin/members/{}/ban", cleo.id), Some(json!({ "reason": "spam" }))),
            "deleted" => (Method::DELETE, format!("/api/v1/admin/members/{}", cleo.id), Some(json!({ "reason": "asked for it" }))),
            _ => (Method::DELETE, place(room, &cleo), None),
        };
        let late = town.member(&name("late")).await;
        assert_eq!(late.call(Method::PUT, &place(room, &late), None).await.0, 200);
        make(&cleo, room, &late, "moderator").await;
        let (status, answer) = keeper.call(method, &path, body).await;
        assert!(status.is_success(), "{how}: {status} {answer}");
        assert_eq!(role(room, &late).await, "owner", "{how}");
    }
    town.close().await;
}

#[actix_web::test]
async fn a_room_that_anybody_may_enter_passes_on_to_moderators_only() {
    let town = Town::new().await;
    let (ann, bob, cleo) = (town.member("ann").await, town.member("bob").await, town.member("cleo").await);
    let keeper = town.person("keeper", &[RoleKind::Administrator]).await;
    for (kind, name) in [(RoomKind::Announcement, "News"), (RoomKind::Public, "Square")] {
        let room = town.room(&ann, kind, name, &[&bob, &cleo]).await;
        make(&ann, room, &cleo, "moderator").await;
        ann.call(Method::DELETE, &place(room, &ann), None).await;
        assert_eq!((role(room, &bob).await, role(room, &cleo).await), (json!("member"), json!("owner")), "{kind:?}");
        cleo.call(Method::DELETE, &place(room, &cleo), None).await;
        assert_eq!(role(room, &bob).await, "member", "{kind:?}: who only waited is not put in charge");
        make(&keeper, room, &bob, "owner").await;
        assert_eq!(role(room, &bob).await, "owner", "{kind:?}: those who keep all rooms in order give it to somebody");
    }
    town.close().await;
}

#[actix_web::test]
async fn a_closed_room_does_not_pass_on_to_who_is_muted() {
    let town = Town::new().await;
    let keeper = town.person("keeper", &[RoleKind::Owner]).await;
    let (ann, bob, cleo) = (town.member("ann").await, town.member("bob").await, town.member("cleo").await);
    let mute = |person: &Person, until: i64| {
        (format!("/api/v1/admin/members/{}/mute", person.id), json!({ "until": until, "reason": "shouting" }))
    };
    for (name, others, heir) in [("Harbour", vec![&bob, &cleo], Some(&cleo)), ("Quay", vec![&bob], None)] {
        let room = town.room(&ann, RoomKind::Private, name, &others).await;
        let (path, body) = mute(&bob, NOON + 60_000);
        let (status, answer) = keeper.call(Method::POST, &path, Some(body)).await;
        assert!(status.is_success(), "{status} {answer}");
        assert_eq!(ann.call(Method::DELETE, &place(room, &ann), None).await.0, 204);
        assert_eq!(role(room, &bob).await, "member", "{name}");
        if let Some(heir) = heir {
            assert_eq!(role(room, heir).await, "owner", "{name}");
        }
    }
    let later = town.room(&ann, RoomKind::Private, "Slip", &[&bob, &cleo]).await;
    town.hand.fetch_add(60_000, Ordering::Relaxed);
    assert_eq!(ann.call(Method::DELETE, &place(later, &ann), None).await.0, 204);
    assert_eq!(role(later, &bob).await, "owner", "the mute is over");
    town.close().await;
}

#[actix_web::test]
async fn the_last_owner_cannot_step_down_before_there_is_another() {
    let town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let room = town.room(&ann, RoomKind::Private, "Harbour", &[&bob]).await;
    let down = format!("{}/role", place(room, &ann));
    ann.refused(Method::PUT, &down, Some(json!({ "role": "member" })), 409, "chat.last_owner").await;
    assert_eq!(role(room, &ann).await, "owner");
    make(&ann, room, &ann, "owner").await;
    assert_eq!(roles_set(room, &ann).await, [], "nothing has changed, so nothing is told");
    make(&ann, room, &bob, "owner").await;
    make(&ann, room, &ann, "member").await;
    assert_eq!((role(room, &ann).await, role(room, &bob).await), (json!("member"), json!("owner")));
    town.close().await;
}

//! Slow mode: who waits between two messages, for how long, and who chooses it.

use std::sync::atomic::Ordering;

use futures_util::future::join_all;
use reqwest::Method;
use rialto::chat::RoomKind;
use rialto::ids::RoomId;
use rialto::members::RoleKind;
use serde_json::{Value, json};

use super::{message, messages};
use crate::support::{Person, Socket, Town};

fn room_at(room: RoomId) -> String {
    format!("/api/v1/rooms/{room}")
}

/// Ann leads a room with bob in it that is slow by half a minute.
async fn slow_room() -> (Town, Person, Person, RoomId) {
    let town = Town::with(|config| config.raised_limits = true).await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let room = town.room(&ann, RoomKind::Public, "Harbour", &[&bob]).await;
    slow(&ann, room, 30).await;
    (town, ann, bob, room)
}

async fn slow(by: &Person, room: RoomId, seconds: i32) {
    let (status, answer) = by.call(Method::PATCH, &room_at(room), Some(json!({ "slow_seconds": seconds }))).await;
    assert_eq!((status.as_u16(), &answer["slow_seconds"]), (200, &json!(seconds)), "{answer}");
}

fn draft(key: &str) -> Value {
    json!({ "client_key": key, "body": "Ahoy" })
}

/// The pause that a message over HTTP is told to wait.
async fn told(by: &Person, room: RoomId, body: Value) -> Value {
    let (status, answer) = by.call(Method::POST, &messages(room), Some(body)).await;
    assert_eq!((status.as_u16(), answer["code"].as_str()), (429, Some("chat.slow_mode")), "{answer}");
    answer["retry_after_ms"].clone()
}

async fn told_live(socket: &mut Socket, room: RoomId, key: &str) -> Value {
    let answer = socket.ask(json!({ "type": "chat.send", "room": room, "client_key": key, "body": "Ahoy" })).await;
    assert_eq!((&answer["type"], &answer["code"]), (&json!("refused"), &json!("chat.slow_mode")), "{answer}");
    answer["retry_after_ms"].clone()
}

#[actix_web::test]
async fn the_next_message_waits_to_the_millisecond_on_both_ways_and_nothing_is_stored() {
    let (town, ann, bob, room) = slow_room().await;
    let mut socket = bob.connect().await;
    let first = bob.post(&messages(room), draft("k1")).await;
    let head = ann.get(&room_at(room)).await["seq"].clone();
    let half_a_minute = json!(30_000);
    assert_eq!(told(&bob, room, draft("k2")).await, half_a_minute);
    assert_eq!(told_live(&mut socket, room, "k2").await, half_a_minute);
    let mut answer = draft("k2");
    answer["thread"] = first["id"].clone();
    assert_eq!(told(&bob, room, answer).await, half_a_minute, "an answer in a thread is a message");
    let root = ann.get(&message(room, first["id"].as_str().expect("id"))).await;
    assert_eq!((&root["thread_count"], &ann.get(&room_at(room)).await["seq"]), (&json!(0), &head), "nothing is stored");
    assert_eq!(bob.post(&messages(room), draft("k1")).await, first, "a key keeps its answer");
    assert_eq!(bob.get(&room_at(room)).await["said_at"], first["at"]);
    assert_eq!((&bob.get(&room_at(room)).await["wait_ms"], &ann.get(&room_at(room)).await["wait_ms"]), (&half_a_minute, &json!(0)));

    town.hand.fetch_add(29_999, Ordering::SeqCst);
    let rooms = bob.get("/api/v1/me/state").await["rooms"].clone();
    let mine = rooms.as_array().expect("rooms").iter().find(|one| one["id"] == json!(room)).expect("mine").clone();
    assert_eq!(mine["wait_ms"], json!(1), "no client has to hold its clock against the server's");
    assert_eq!(told_live(&mut socket, room, "k2").await, json!(1));
    town.hand.fetch_add(1, Ordering::SeqCst);
    let ack = socket.done(json!({ "type": "chat.send", "room": room, "client_key": "k2", "body": "Ahoy" })).await;
    assert_eq!(ack["at"].as_i64(), first["at"].as_i64().map(|at| at + 30_000));
    assert_eq!(told(&bob, room, draft("k3")).await, half_a_minute);
    town.close().await;
}

#[actix_web::test]
async fn edits_and_reactions_are_free_and_so_are_those_who_lead_or_moderate() {
    let (town, ann, bob, room) = slow_room().await;
    let mo = town.person("mo", &[RoleKind::Moderator]).await;
    mo.call(Method::PUT, &format!("{}/members/{}", room_at(room), mo.id), None).await;
    for free in [&ann, &mo] {
        free.says(room, "k1", "One").await;
        free.says(room, "k2", "Two at once").await;
    }
    let (id, _) = bob.says(room, "k1", "Ahoy").await;
    assert_eq!(bob.call(Method::PATCH, &message(room, &id), Some(json!({ "body": "Ahoy there" }))).await.0, 200);
    assert_eq!(bob.call(Method::PUT, &format!("{}/reactions/🌊", message(room, &id)), None).await.0, 200);
    assert_eq!(bob.call(Method::DELETE, &message(room, &id), None).await.0, 200);
    assert_eq!(told(&bob, room, draft("k2")).await, json!(30_000), "a deleted message was one");
    let me = format!("{}/members/{}", room_at(room), bob.id);
    bob.call(Method::DELETE, &me, None).await;
    bob.call(Method::PUT, &me, None).await;
    assert_eq!(told(&bob, room, draft("k2")).await, json!(30_000), "leaving and coming back shortens nothing");
    let role = format!("{me}/role");
    ann.call(Method::PUT, &role, Some(json!({ "role": "moderator" }))).await;
    bob.says(room, "k2", "Now I lead").await;
    ann.call(Method::PUT, &role, Some(json!({ "role": "member" }))).await;
    assert_eq!(told(&bob, room, draft("k3")).await, json!(30_000), "what was said while free counts afterwards");
    slow(&ann, room, 0).await;
    bob.says(room, "k3", "As often").await;
    bob.says(room, "k4", "as I like").await;
    town.close().await;
}

#[actix_web::test]
async fn of_many_sends_at_once_one_is_stored() {
    let (town, ann, bob, room) = slow_room().await;
    let mut sockets: Vec<Socket> = join_all((0..10).map(|_| bob.connect())).await;
    let path = messages(room);
    let live = join_all(
        sockets
            .iter_mut()
            .enumerate()
            .map(|(n, socket)| socket.ask(json!({ "type": "chat.send", "room": room, "client_key": format!("s{n}"), "body": "Ahoy" }))),
    );
    let posted = join_all((0..10).map(|n| bob.call(Method::POST, &path, Some(draft(&format!("h{n}"))))));
    let (live, posted) = futures_util::future::join(live, posted).await;
    let stored = live.iter().filter(|answer| answer["type"] == "ack").count() + posted.iter().filter(|(status, _)| *status == 201).count();
    assert_eq!(stored, 1, "{live:?} {posted:?}");
    assert_eq!(ann.get(&path).await["items"].as_array().expect("items").len(), 1);
    town.close().await;
}

#[actix_web::test]
async fn who_leads_the_room_chooses_the_pause_which_is_bounded_told_and_on_record() {
    let (town, ann, bob, room) = slow_room().await;
    let keeper = town.owner("keeper").await;
    let mut socket = bob.connect().await;
    for seconds in [-1, 1, 4, 21_601] {
        let change = Some(json!({ "slow_seconds": seconds }));
        ann.refused(Method::PATCH, &room_at(room), change, 422, "chat.slow_seconds").await;
    }
    for seconds in [5, 21_600, 60] {
        slow(&ann, room, seconds).await;
        assert_eq!(socket.event("room_changed").await["event"]["slow_seconds"], json!(seconds));
    }
    bob.refused(Method::PATCH, &room_at(room), Some(json!({ "slow_seconds": 0 })), 403, "access.not_allowed").await;
    let trace = keeper.get("/api/v1/admin/audit?act=rooms.").await["items"][0].clone();
    let told = (&trace["subject"], &trace["actor"], &trace["before"]["slow_seconds"], &trace["after"]["slow_seconds"]);
    assert_eq!(told, (&json!(room), &json!(ann.id), &json!(21_600), &json!(60)));
    let cleo = town.member("cleo").await;
    let group = ann.post("/api/v1/rooms", json!({ "kind": "group", "members": [bob.id, cleo.id] })).await;
    let path = format!("/api/v1/rooms/{}", group["id"].as_str().expect("id"));
    ann.refused(Method::PATCH, &path, Some(json!({ "slow_seconds": 30 })), 422, "chat.slow_seconds").await;
    let page = keeper.page_text(&format!("/admin/rooms?edit={room}")).await;
    assert!(page.contains("<option value=\"60\" selected>1 minute</option>"), "the form shows what is chosen");
    slow(&keeper, room, 0).await;
    assert_eq!(socket.event("room_changed").await["event"]["slow_seconds"], json!(0));
    town.close().await;
}

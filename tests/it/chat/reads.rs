//! Read marks and counts: what is unread agrees on every device.

use reqwest::Method;
use rialto::chat::RoomKind;
use rialto::ids::RoomId;
use serde_json::{Value, json};

use super::{message, messages};
use crate::support::{Person, Town};

/// How the room stands for this member: read up to, unread, mentions.
async fn standing(person: &Person, room: RoomId) -> (i64, i64, i64) {
    let state = person.get("/api/v1/me/state").await;
    let rooms = state["rooms"].as_array().expect("rooms");
    let mine = rooms.iter().find(|one| one["id"] == room.to_string()).expect("the room");
    let shown = person.get(&format!("/api/v1/rooms/{room}")).await;
    for name in ["read_seq", "unread", "mentions"] {
        assert_eq!(mine[name], shown[name], "{name} is the same in the state and in the room");
    }
    let number = |value: &Value| value.as_i64().expect("a number");
    (number(&mine["read_seq"]), number(&mine["unread"]), number(&mine["mentions"]))
}

async fn mark(person: &Person, room: RoomId, seq: i64) {
    let (status, body) = person.call(Method::POST, &format!("/api/v1/rooms/{room}/read"), Some(json!({ "seq": seq }))).await;
    assert_eq!(status, 204, "{body}");
}

#[actix_web::test]
async fn unread_are_messages_of_others_after_the_mark() {
    let town = Town::with(|config| config.raised_limits = true).await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let room = town.room(&ann, RoomKind::Private, "Harbour", &[&bob]).await;
    assert_eq!(standing(&bob, room).await.1, 0, "an empty room has nothing unread");
    let (first, one) = ann.says(room, "k1", "One").await;
    let (second, two) = ann.says(room, "k2", "Two for @bob").await;
    bob.says(room, "k3", "Mine").await;
    ann.post(&messages(room), json!({ "client_key": "k4", "body": "In the thread", "thread": first })).await;
    ann.call(Method::PUT, &format!("{}/reactions/🌊", message(room, &first)), None).await;
    let (_, unread, mentions) = standing(&bob, room).await;
    assert_eq!((unread, mentions), (2, 1), "neither mine, nor the thread's, nor a reaction");
    mark(&bob, room, one).await;
    assert_eq!(standing(&bob, room).await, (one, 1, 1));
    ann.call(Method::DELETE, &message(room, &second), None).await;
    assert_eq!(standing(&bob, room).await, (one, 0, 0), "what was deleted is not unread, nor a mention");
    mark(&bob, room, two).await;
    assert_eq!(standing(&bob, room).await, (two, 0, 0));
    town.close().await;
}

#[actix_web::test]
async fn a_mark_goes_forward_by_itself_and_back_only_on_purpose() {
    let town = Town::with(|config| config.raised_limits = true).await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let room = town.room(&ann, RoomKind::Private, "Harbour", &[&bob]).await;
    let (_, one) = ann.says(room, "k1", "One").await;
    let (_, two) = ann.says(room, "k2", "Two").await;
    let read = format!("/api/v1/rooms/{room}/read");
    mark(&bob, room, two).await;
    bob.refused(Method::POST, &read, Some(json!({ "seq": one })), 422, "chat.read_back").await;
    bob.refused(Method::POST, &read, Some(json!({ "seq": two + 1 })), 422, "chat.read_ahead").await;
    bob.refused(Method::POST, &read, Some(json!({ "seq": -1, "unread": true })), 422, "chat.read_ahead").await;
    assert_eq!(standing(&bob, room).await, (two, 0, 0));
    let mut socket = bob.connect().await;
    assert_eq!(socket.ask(json!({ "type": "chat.read", "room": room, "seq": one })).await["code"], "chat.read_back");
    socket.done(json!({ "type": "chat.read", "room": room, "seq": one, "unread": true })).await;
    assert_eq!(standing(&bob, room).await, (one, 1, 0));
    town.close().await;
}

#[actix_web::test]
async fn marks_of_two_devices_agree_by_the_members_log() {
    let town = Town::with(|config| config.raised_limits = true).await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let room = town.room(&ann, RoomKind::Private, "Harbour", &[&bob]).await;
    let mut head = 0;
    for n in 0..10 {
        head = ann.says(room, &format!("k{n}"), "Again").await.1;
    }
    let (mut phone, mut desk) = (bob.connect().await, bob.connect().await);
    let before = bob.get("/api/v1/me/state").await["seq"].as_i64().expect("seq");
    // Both at once, up and down: some are refused as going back, the rest are in one order for both.
    for seq in [head - 7, head - 3, head - 5, head] {
        phone.say(json!({ "type": "chat.read", "room": room, "seq": seq })).await;
        desk.say(json!({ "type": "chat.read", "room": room, "seq": seq - 1 })).await;
    }
    phone.done(json!({ "type": "chat.read", "room": room, "seq": head - 2, "unread": true })).await;
    // Refused, but in order: what the desk said before it is done.
    desk.ask(json!({ "type": "chat.read", "room": room, "seq": -1 })).await;
    let last = bob.get("/api/v1/me/state").await["seq"].as_i64().expect("seq");
    let (mut by_phone, mut by_desk) = (Vec::new(), Vec::new());
    for _ in before..last {
        by_phone.push(phone.next("event").await);
        by_desk.push(desk.next("event").await);
    }
    assert_eq!(by_phone, by_desk);
    let seqs: Vec<i64> = by_phone.iter().map(|event| event["seq"].as_i64().expect("seq")).collect();
    assert_eq!(seqs, (before + 1..=last).collect::<Vec<_>>());
    let end = by_phone.last().expect("a last one");
    assert_eq!(end["event"], json!({ "kind": "read_marked", "room": room, "thread": null, "seq": standing(&bob, room).await.0 }));
    town.close().await;
}

#[actix_web::test]
async fn counts_stop_at_a_thousand() {
    let town = Town::with(|config| config.raised_limits = true).await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let room = town.room(&ann, RoomKind::Private, "Harbour", &[&bob]).await;
    let mut socket = ann.connect().await;
    let mut first = 0;
    for n in 0..1_010 {
        let reference = socket.say(json!({ "type": "chat.send", "room": room, "client_key": format!("k{n}"), "body": "Again" })).await;
        if n % 50 == 49 || n == 0 {
            loop {
                let frame = socket.frame().await.expect("a frame");
                if frame["ref"] == reference.as_str() {
                    assert_eq!(frame["type"], "ack", "{frame}");
                    first = if n == 0 { frame["seq"].as_i64().expect("seq") } else { first };
                    break;
                }
            }
        }
    }
    let last =
        socket.done(json!({ "type": "chat.send", "room": room, "client_key": "last", "body": "Last" })).await["seq"].as_i64().expect("seq");
    assert_eq!(last, first + 1_010);
    assert_eq!(standing(&bob, room).await.1, 1_000);
    mark(&bob, room, last - 999).await;
    assert_eq!(standing(&bob, room).await.1, 999);
    mark(&bob, room, last).await;
    assert_eq!(standing(&bob, room).await.1, 0);
    assert_eq!(standing(&ann, room).await.1, 0, "one's own are never unread");
    town.close().await;
}

#[actix_web::test]
async fn a_thread_has_its_own_mark() {
    let town = Town::with(|config| config.raised_limits = true).await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let room = town.room(&ann, RoomKind::Private, "Harbour", &[&bob]).await;
    let (root, _) = ann.says(room, "k1", "Root").await;
    let answer = ann.post(&messages(room), json!({ "client_key": "k2", "body": "Answer", "thread": root })).await;
    let before = standing(&bob, room).await;
    let mut socket = bob.connect().await;
    socket.done(json!({ "type": "chat.read", "room": room, "thread": root, "seq": answer["seq"] })).await;
    let event = socket.event("read_marked").await["event"].clone();
    assert_eq!(event, json!({ "kind": "read_marked", "room": room, "thread": root, "seq": answer["seq"] }));
    assert_eq!(standing(&bob, room).await, before, "the main timeline stands where it stood");
    for thread in ["77", answer["id"].as_str().expect("id")] {
        let refused = socket.ask(json!({ "type": "chat.read", "room": room, "thread": thread, "seq": answer["seq"] })).await;
        assert_eq!(refused["code"], "chat.thread", "{thread} is no thread of this room: {refused}");
    }
    town.close().await;
}

#[actix_web::test]
async fn who_comes_back_has_nothing_unread_from_the_time_away() {
    let town = Town::with(|config| config.raised_limits = true).await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let room = town.room(&ann, RoomKind::Private, "Harbour", &[&bob]).await;
    let (_, seq) = ann.says(room, "k1", "Before").await;
    mark(&bob, room, seq).await;
    let place = format!("/api/v1/rooms/{room}/members/{}", bob.id);
    assert_eq!(ann.call(Method::PATCH, &format!("/api/v1/rooms/{room}"), Some(json!({ "history": "since_join" }))).await.0, 200);
    bob.call(Method::DELETE, &place, None).await;
    ann.says(room, "k2", "While away, to @room").await;
    ann.call(Method::PUT, &place, None).await;
    bob.says_yes().await;
    let (read, unread, mentions) = standing(&bob, room).await;
    let joined = bob.get(&format!("/api/v1/rooms/{room}")).await["joined_seq"].as_i64().expect("joined");
    assert_eq!((unread, mentions), (0, 0), "what one may not read is not unread");
    assert!(read >= joined, "read up to {read}, joined at {joined}");
    ann.says(room, "k3", "Welcome back").await;
    assert_eq!(standing(&bob, room).await.1, 1);
    town.close().await;
}

#[actix_web::test]
async fn a_level_is_kept_and_told_to_every_device() {
    let town = Town::with(|config| config.raised_limits = true).await;
    let bob = town.member("bob").await;
    let room = town.room(&bob, RoomKind::Private, "Harbour", &[]).await;
    let mut socket = bob.connect().await;
    for _ in 0..2 {
        bob.call(Method::PUT, &format!("/api/v1/rooms/{room}/own"), Some(json!({ "level": "nothing" }))).await;
    }
    bob.call(Method::PUT, &format!("/api/v1/rooms/{room}/own"), Some(json!({ "level": "mentions" }))).await;
    assert_eq!(socket.event("level_set").await["event"]["level"], "nothing");
    assert_eq!(socket.event("level_set").await["event"]["level"], "mentions", "the same again is no event");
    assert_eq!(bob.get(&format!("/api/v1/rooms/{room}")).await["level"], "mentions");
    town.close().await;
}

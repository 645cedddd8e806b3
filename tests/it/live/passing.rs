//! Passing signals, too many frames, and the member's own log.

use rialto::chat::RoomKind;
use serde_json::{Value, json};

use crate::support::{Socket, Town};

/// The next signal of this kind.
async fn signal(socket: &mut Socket, kind: &str) -> Value {
    loop {
        let signal = socket.next("signal").await["signal"].clone();
        if signal["kind"] == kind {
            return signal;
        }
    }
}

#[actix_web::test]
async fn presence_is_told_to_those_who_watch() {
    let town = Town::new().await;
    let (ann, bob, cleo) = (town.member("ann").await, town.member("bob").await, town.member("cleo").await);
    let mut socket = ann.connect().await;
    socket.say(json!({ "type": "presence.watch", "members": [bob.id, cleo.id] })).await;
    let (b, c) = (bob.id.to_string(), cleo.id.to_string());
    assert_eq!(signal(&mut socket, "presence").await["members"], json!({ &b: false, &c: false }));
    let (phone, desk) = (bob.connect().await, bob.connect().await);
    assert_eq!(signal(&mut socket, "presence").await["members"], json!({ &b: true }));
    drop(phone);
    let other = cleo.connect().await;
    assert_eq!(signal(&mut socket, "presence").await["members"], json!({ &c: true }), "bob has another device");
    drop(desk);
    assert_eq!(signal(&mut socket, "presence").await["members"], json!({ &b: false }));
    socket.say(json!({ "type": "presence.watch", "members": [bob.id] })).await;
    assert_eq!(signal(&mut socket, "presence").await["members"], json!({ &b: false }));
    drop(other);
    let _back = bob.connect().await;
    assert_eq!(signal(&mut socket, "presence").await["members"], json!({ &b: true }), "cleo is not watched any more");
    town.close().await;
}

#[actix_web::test]
async fn signals_to_everyone_are_numbered_and_others_are_not() {
    let town = Town::with(|config| config.heartbeat_ms = 1_000).await;
    let (keeper, bob) = (town.owner("keeper").await, town.member("bob").await);
    let mut socket = bob.connect().await;
    let known = socket.hello["signals"].as_u64().expect("a number");
    socket.say(json!({ "type": "presence.watch", "members": [keeper.id] })).await;
    assert_eq!(socket.next("signal").await.get("n"), None, "who is online passes");
    for (n, name) in [(known + 1, "Quay"), (known + 2, "Tide")] {
        keeper.call(reqwest::Method::PATCH, "/api/v1/admin/settings", Some(json!({ "community_name": name }))).await;
        let told = socket.next("signal").await;
        assert_eq!((&told["n"], &told["signal"]["community"]["name"]), (&json!(n), &json!(name)));
    }
    assert_eq!(bob.get("/api/v1/me/state").await["signals"], json!(known + 2));
    assert_eq!(socket.next("heartbeat").await["signals"], json!(known + 2));
    town.close().await;
}

#[actix_web::test]
async fn typing_is_heard_where_the_room_is_open_and_by_nobody_outside() {
    let town = Town::new().await;
    let (ann, bob, cleo) = (town.member("ann").await, town.member("bob").await, town.member("cleo").await);
    let harbour = town.room(&ann, RoomKind::Private, "Harbour", &[&bob]).await;
    let quay = town.room(&ann, RoomKind::Private, "Quay", &[&bob]).await;
    let (mut at_harbour, mut at_quay, mut outside) = (bob.connect().await, bob.connect().await, cleo.connect().await);
    for (socket, open) in [(&mut at_harbour, harbour), (&mut at_quay, quay)] {
        socket.say(json!({ "type": "presence.watch", "members": [], "open": open })).await;
        signal(socket, "presence").await;
    }
    let (mut typist, mut own) = (ann.connect().await, ann.connect().await);
    typist.say(json!({ "type": "chat.typing", "room": harbour })).await;
    assert_eq!(signal(&mut at_harbour, "typing").await, json!({ "kind": "typing", "room": harbour, "member": ann.id }));
    typist.say(json!({ "type": "chat.typing", "room": quay })).await;
    assert_eq!(signal(&mut at_quay, "typing").await["room"], quay.to_string(), "the first one was not for this room");
    for socket in [&mut outside, &mut own] {
        let reference = socket.say(json!({ "type": "ping" })).await;
        assert_eq!(socket.frame().await.expect("a frame")["ref"], reference.as_str(), "nothing passed by");
    }
    let refused = outside.ask(json!({ "type": "chat.typing", "room": harbour })).await;
    assert_eq!(refused["code"], "error.not_found");
    town.close().await;
}

#[actix_web::test]
async fn a_flood_of_commands_is_answered_one_by_one() {
    let town = Town::with(|config| config.raised_limits = true).await;
    let ann = town.member("ann").await;
    let mut socket = ann.connect().await;
    let mut refs = std::collections::BTreeSet::new();
    for _ in 0..900 {
        refs.insert(socket.say(json!({ "type": "ping" })).await);
    }
    while !refs.is_empty() {
        let frame = socket.frame().await.expect("a frame");
        assert!(refs.remove(frame["ref"].as_str().expect("ref")), "{frame}");
    }
    town.close().await;
}

#[actix_web::test]
async fn fields_that_are_wrong_are_refused_and_unknown_ones_ignored() {
    let town = Town::new().await;
    let ann = town.member("ann").await;
    let room = town.room(&ann, RoomKind::Private, "Harbour", &[]).await;
    let mut socket = ann.connect().await;
    socket.done(json!({ "type": "ping", "later": { "than": "this" } })).await;
    socket.done(json!({ "type": "chat.send", "room": room, "client_key": "k", "body": "x", "colour": "blue" })).await;
    for wrong in [
        json!({ "type": "chat.send", "room": room, "body": "x" }),
        json!({ "type": "chat.send", "room": 5, "client_key": "k", "body": "x" }),
        json!({ "type": "chat.edit", "room": room }),
        json!({ "type": "chat.read", "room": room, "seq": "1" }),
        json!({ "type": "chat.react", "room": room, "id": "01", "emoji": "x" }),
    ] {
        let answer = socket.ask(wrong.clone()).await;
        assert_eq!((answer["type"].as_str(), answer["code"].as_str()), (Some("refused"), Some("live.fields")), "{wrong}");
    }
    town.close().await;
}

#[actix_web::test]
async fn the_members_own_log_is_caught_up_like_a_room() {
    let town = Town::with(|config| config.raised_limits = true).await;
    let ann = town.member("ann").await;
    let mut rooms = Vec::new();
    for n in 0..5 {
        rooms.push(town.room(&ann, RoomKind::Private, &format!("Room {n}"), &[]).await);
    }
    let head = ann.get("/api/v1/me/state").await["seq"].as_i64().expect("seq");
    let mut socket = ann.connect().await;
    let ack = socket.done(json!({ "type": "sync", "rooms": { "me": head - 3 } })).await;
    assert_eq!(ack["heads"], json!({ "me": head }));
    for (n, seq) in (head - 2..=head).enumerate() {
        let event = socket.next("event").await;
        assert_eq!((event["room"].as_str(), event["seq"].as_i64()), (Some("me"), Some(seq)));
        assert_eq!(event["event"]["room"], rooms[2 + n].to_string());
    }
    socket.done(json!({ "type": "sync", "rooms": { "me": head + 5 } })).await;
    assert_eq!(socket.next("reset").await["room"], "me");
    let listed = ann.get(&format!("/api/v1/me/events?after={}", head - 3)).await;
    assert_eq!((listed["items"].as_array().map(Vec::len), &listed["seq"]), (Some(3), &json!(head)));
    town.close().await;
}

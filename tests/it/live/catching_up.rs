//! Catching up after an absence: replay, reset, gone.

use reqwest::Method;
use rialto::chat::RoomKind;
use rialto::live::{LogId, Page, Source};
use rialto::wire::Wire;
use serde_json::json;

use crate::support::Town;

#[actix_web::test]
async fn missed_events_come_in_order_and_live_ones_after_them() {
    let town = Town::with(|config| config.raised_limits = true).await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let room = town.room(&ann, RoomKind::Private, "Harbour", &[&bob]).await;
    let start = ann.get(&format!("/api/v1/rooms/{room}")).await["seq"].as_i64().expect("head");
    for n in 0..300 {
        ann.says(room, &format!("k{n}"), &format!("Line {n}")).await;
    }
    let mut socket = bob.connect().await;
    let ack = socket.done(json!({ "type": "sync", "rooms": { room.to_string(): start } })).await;
    assert_eq!(ack["heads"][room.to_string()], start + 300);
    ann.says(room, "after", "And one more").await;
    for seq in start + 1..=start + 301 {
        let event = socket.next("event").await;
        assert_eq!((event["seq"].as_i64(), event["room"].as_str()), (Some(seq), Some(room.to_string().as_str())));
    }
    town.close().await;
}

#[actix_web::test]
async fn far_behind_or_ahead_is_a_reset_and_a_foreign_room_is_gone() {
    let town = Town::with(|config| config.raised_limits = true).await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let room = town.room(&ann, RoomKind::Private, "Harbour", &[]).await;
    let mut head = 0;
    for n in 0..502 {
        head = ann.says(room, &format!("k{n}"), "again").await.1;
    }
    let mut socket = ann.connect().await;
    socket.done(json!({ "type": "sync", "rooms": { room.to_string(): head - 501 } })).await;
    assert_eq!(socket.next("reset").await["room"], room.to_string());
    socket.done(json!({ "type": "sync", "rooms": { room.to_string(): head + 1 } })).await;
    assert_eq!(socket.next("reset").await["room"], room.to_string());
    socket.done(json!({ "type": "sync", "rooms": { room.to_string(): head - 500 } })).await;
    assert_eq!(socket.next("event").await["seq"], head - 499);
    let mut other = bob.connect().await;
    other.done(json!({ "type": "sync", "rooms": { room.to_string(): 1, "123": 4, "nonsense": 1 } })).await;
    let gone: Vec<String> = [other.next("gone").await, other.next("gone").await, other.next("gone").await]
        .iter()
        .map(|frame| frame["room"].as_str().expect("room").to_owned())
        .collect();
    for name in [room.to_string(), "123".to_owned(), "nonsense".to_owned()] {
        assert!(gone.contains(&name), "{name} in {gone:?}");
    }
    town.close().await;
}

#[actix_web::test]
async fn joining_and_leaving_change_what_open_connections_hear() {
    let town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let room = town.room(&ann, RoomKind::Public, "Harbour", &[]).await;
    let (mut first, mut second) = (bob.connect().await, bob.connect().await);
    let (status, _) = bob.call(reqwest::Method::PUT, &format!("/api/v1/rooms/{room}/members/{}", bob.id), None).await;
    assert!(status.is_success());
    for socket in [&mut first, &mut second] {
        assert_eq!(socket.event("room_joined").await["event"]["room"], room.to_string());
    }
    ann.says(room, "k1", "Welcome").await;
    for socket in [&mut first, &mut second] {
        assert_eq!(socket.event("message_sent").await["event"]["body"], "Welcome");
    }
    let (status, _) = ann.call(reqwest::Method::DELETE, &format!("/api/v1/rooms/{room}/members/{}", bob.id), None).await;
    assert_eq!(status.as_u16(), 204);
    ann.says(room, "k2", "Not for you").await;
    for socket in [&mut first, &mut second] {
        assert_eq!(socket.event("room_left").await["event"]["reason"], "removed");
        let answer = socket.ask(json!({ "type": "ping" })).await;
        assert_eq!(answer["type"], "ack");
    }
    town.close().await;
}

/// What a replay reads, asked for directly: a worker that is behind has not told the connection yet that its member was removed.
#[actix_web::test]
async fn a_replay_reads_nothing_of_a_room_that_its_member_has_left_meanwhile() {
    let town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let room = town.room(&ann, RoomKind::Private, "Harbour", &[&bob]).await;
    ann.says(room, "k1", "For both").await;
    let app = town.app();
    let wire = Wire::new(app.ground.clone(), app.billing.clone(), app.calls.clone(), app.automod.clone(), app.members.clone());
    let page = async |reader, after| match wire.page(LogId::Room(room), reader, after, 100).await.expect("a page") {
        Page::Events(events) => Ok(events.len()),
        Page::Reset => Err("reset"),
        Page::Gone => Err("gone"),
    };
    let before = page(Some(bob.id), 0).await.expect("whoever is in hears all");
    assert!(before > 0 && page(None, 0).await == Ok(before));
    let place = format!("/api/v1/rooms/{room}/members/{}", bob.id);
    assert_eq!(ann.call(Method::DELETE, &place, None).await.0.as_u16(), 204);
    let (_, last) = ann.says(room, "k2", "Not for you").await;
    assert_eq!(page(Some(bob.id), 0).await, Err("gone"));
    assert!(page(None, 0).await.is_ok_and(|count| count > before), "the hub itself reads on");
    assert_eq!(ann.call(Method::PATCH, &format!("/api/v1/rooms/{room}"), Some(json!({ "history": "since_join" }))).await.0, 200);
    assert!(ann.call(Method::PUT, &place, None).await.0.is_success());
    bob.says_yes().await;
    assert_eq!(page(Some(bob.id), last).await, Err("reset"), "nor of what was said while they were away");
    let (_, after) = ann.says(room, "k3", "For both again").await;
    assert_eq!(page(Some(bob.id), after - 1).await, Ok(1));
    town.close().await;
}

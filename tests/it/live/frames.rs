//! Single frames: greetings, answers, and what nobody understands.

use rialto::chat::RoomKind;
use serde_json::json;

use crate::support::Town;

#[actix_web::test]
async fn the_greeting_names_every_log_and_its_head() {
    let town = Town::new().await;
    let ann = town.member("ann").await;
    let room = town.room(&ann, RoomKind::Private, "Harbour", &[]).await;
    let (_, seq) = ann.says(room, "k1", "Ahoy").await;
    let socket = ann.connect().await;
    assert_eq!(socket.hello["v"], 1);
    assert_eq!(socket.hello["me"]["username"], "ann");
    assert_eq!(socket.hello["heads"][room.to_string()], seq);
    assert!(socket.hello["heads"]["me"].as_i64().expect("a head") >= 1);
    assert!(socket.hello["epoch"].as_str().is_some_and(|epoch| epoch.len() >= 8));
    town.close().await;
}

#[actix_web::test]
async fn unknown_and_malformed_frames_are_refused_and_the_tenth_ends_the_connection() {
    let town = Town::new().await;
    let ann = town.member("ann").await;
    let mut socket = ann.connect().await;
    socket.send_text(r#"{"type":"chat.fly","ref":"9"}"#).await;
    let refused = socket.next("refused").await;
    assert_eq!((refused["ref"].as_str(), refused["code"].as_str()), (Some("9"), Some("live.unknown")));
    for _ in 0..9 {
        socket.send_text("{nonsense").await;
    }
    let refused = socket.next("refused").await;
    assert_eq!((refused["ref"].as_str(), refused["code"].as_str()), (None, Some("live.malformed")));
    assert_eq!(socket.closed().await, Some(4000));
    town.close().await;
}

#[actix_web::test]
async fn a_frame_above_the_limit_closes_with_1009() {
    let town = Town::new().await;
    let ann = town.member("ann").await;
    let mut socket = ann.connect().await;
    socket.send_text(format!(r#"{{"type":"ping","ref":"1","pad":"{}"}}"#, "x".repeat(60_000))).await;
    assert_eq!(socket.next("ack").await["ref"], "1");
    socket.send_text("x".repeat(70_000)).await;
    assert_eq!(socket.closed().await, Some(1009));
    town.close().await;
}

#[actix_web::test]
async fn without_a_session_there_is_no_connection() {
    let town = Town::new().await;
    let refused = crate::support::Socket::open(&town.url(""), "nobody").await;
    assert!(refused.is_err());
    town.close().await;
}

#[actix_web::test]
async fn a_message_reaches_everyone_in_the_room_with_the_same_bytes() {
    let town = Town::new().await;
    let (ann, bob, cleo) = (town.member("ann").await, town.member("bob").await, town.member("cleo").await);
    let room = town.room(&ann, RoomKind::Private, "Harbour", &[&bob]).await;
    let (mut a, mut b, mut c) = (ann.connect().await, bob.connect().await, cleo.connect().await);
    let ack = a.done(json!({ "type": "chat.send", "room": room, "client_key": "k1", "body": "Two *boats*" })).await;
    let (seen_by_a, seen_by_b) = (a.event("message_sent").await, b.event("message_sent").await);
    assert_eq!(seen_by_a, seen_by_b);
    assert_eq!(seen_by_b["seq"], ack["seq"]);
    assert_eq!(seen_by_b["event"]["body"], "Two *boats*");
    assert!(seen_by_b["event"]["body_html"].as_str().expect("html").contains("<em>boats</em>"));
    assert_eq!(seen_by_b["event"]["client_key"], "k1");
    c.done(json!({ "type": "ping" })).await;
    let answer = c.ask(json!({ "type": "sync", "rooms": { room.to_string(): 0 } })).await;
    assert_eq!(answer["type"], "ack");
    assert_eq!(c.next("gone").await["room"], room.to_string(), "an outsider hears nothing, not even that it exists");
    town.close().await;
}

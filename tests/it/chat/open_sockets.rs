//! Rights are looked at again for those who are connected already: what was taken away does not work a moment later.

use std::time::{Duration, Instant};

use reqwest::Method;
use rialto::chat::RoomKind;
use rialto::ids::RoomId;
use rialto::members::RoleKind;
use serde_json::json;

use super::messages;
use crate::support::{NOON, Person, Socket, Town};

async fn scene() -> (Town, Person, Person, RoomId, Socket) {
    let town = Town::with(|config| config.raised_limits = true).await;
    let keeper = town.person("keeper", &[RoleKind::Administrator]).await;
    let bob = town.member("bob").await;
    let room = town.room(&keeper, RoomKind::Private, "Harbour", &[&bob]).await;
    let mut socket = bob.connect().await;
    socket.done(json!({ "type": "chat.send", "room": room, "client_key": "first", "body": "Ahoy" })).await;
    (town, keeper, bob, room, socket)
}

async fn send(socket: &mut Socket, room: RoomId, key: &str) -> String {
    let answer = socket.ask(json!({ "type": "chat.send", "room": room, "client_key": key, "body": "Me again" })).await;
    answer["code"].as_str().unwrap_or("ack").to_owned()
}

#[actix_web::test]
async fn a_mute_holds_at_once_and_ends_by_itself() {
    let (town, keeper, bob, room, mut socket) = scene().await;
    let path = format!("/api/v1/admin/members/{}/mute", bob.id);
    keeper.call(Method::POST, &path, Some(json!({ "until": NOON + 60_000, "reason": "shouting" }))).await;
    assert_eq!(send(&mut socket, room, "k1").await, "chat.muted");
    let event = socket.event("rights_changed").await["event"].clone();
    assert_eq!(event["muted_until"], NOON + 60_000);
    assert_eq!(bob.call(Method::POST, &messages(room), Some(json!({ "client_key": "k2", "body": "x" }))).await.0, 403);
    town.hand.store(NOON + 60_001, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(send(&mut socket, room, "k1").await, "ack", "the key was not used up by the refusal");
    town.close().await;
}

#[actix_web::test]
async fn whoever_is_removed_hears_and_says_nothing_more() {
    let (town, keeper, bob, room, mut socket) = scene().await;
    let (status, _) = keeper.call(Method::DELETE, &format!("/api/v1/rooms/{room}/members/{}", bob.id), None).await;
    assert_eq!(status, 204);
    assert_eq!(send(&mut socket, room, "k1").await, "error.not_found");
    let again = socket.ask(json!({ "type": "chat.send", "room": room, "client_key": "first", "body": "Ahoy" })).await;
    assert_eq!(again["type"], "ack", "what was acked stays acked under its key");
    keeper.says(room, "k2", "Canary").await;
    let mut frames = Vec::new();
    let answer = socket.say(json!({ "type": "ping" })).await;
    loop {
        let frame = socket.frame().await.expect("a frame");
        if frame["ref"] == answer.as_str() {
            break;
        }
        frames.push(frame.to_string());
    }
    assert!(frames.iter().all(|frame| !frame.contains("Canary") && !frame.contains("member_left")), "{frames:?}");
    assert_eq!(frames.iter().filter(|frame| frame.contains("room_left")).count(), 1);
    town.close().await;
}

#[actix_web::test]
async fn a_member_removed_while_sending_gets_an_ack_for_what_is_stored_and_a_refusal_for_the_rest() {
    let (town, keeper, bob, room, mut socket) = scene().await;
    let mut refs = Vec::new();
    for n in 0..200 {
        refs.push(
            socket.say(json!({ "type": "chat.send", "room": room, "client_key": format!("k{n}"), "body": format!("Line {n}") })).await,
        );
        if n == 100 {
            let (status, _) = keeper.call(Method::DELETE, &format!("/api/v1/rooms/{room}/members/{}", bob.id), None).await;
            assert_eq!(status, 204);
        }
    }
    let (mut acked, mut refused) = (Vec::new(), 0);
    while acked.len() + refused < refs.len() {
        let frame = socket.frame().await.expect("a frame");
        match frame["type"].as_str() {
            Some("ack") => acked.push(frame["id"].as_str().expect("id").to_owned()),
            Some("refused") => refused += 1,
            _ => {}
        }
    }
    let (mut stored, mut query) = (Vec::new(), String::new());
    loop {
        let page = keeper.get(&format!("{}?limit=100{query}", messages(room))).await;
        stored.extend(
            page["items"]
                .as_array()
                .expect("items")
                .iter()
                .filter(|item| item["body"] != "Ahoy")
                .map(|item| item["id"].as_str().expect("id").to_owned()),
        );
        match page["next"].as_str() {
            Some(next) => query = format!("&before={next}"),
            None => break,
        }
    }
    // Answers carry their `ref`; they need not come in the order of the questions.
    stored.sort();
    acked.sort();
    assert_eq!(stored, acked);
    assert!(refused >= 99, "{refused} refused");
    town.close().await;
}

#[actix_web::test]
async fn a_ban_closes_every_connection_with_4001_within_a_second() {
    let (town, keeper, bob, room, first) = scene().await;
    let sockets = vec![first, bob.connect().await, bob.connect().await];
    let (status, _) = keeper.call(Method::POST, &format!("/api/v1/admin/members/{}/ban", bob.id), Some(json!({ "reason": "spam" }))).await;
    assert_eq!(status, 204);
    let started = Instant::now();
    for mut socket in sockets {
        assert_eq!(socket.closed().await, Some(4001));
    }
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    assert_eq!(bob.call(Method::GET, "/api/v1/me", None).await.0, 401);
    assert!(Socket::open(&town.url(""), &bob.token).await.is_err());
    let profile = keeper.get(&format!("/api/v1/members/{}", bob.id)).await;
    assert_eq!(profile["state"], "banned");
    let left = keeper.get(&format!("/api/v1/rooms/{room}/events?after=0")).await;
    assert!(left.to_string().contains(r#""reason":"banned""#), "{left}");
    town.close().await;
}

#[actix_web::test]
async fn ending_a_session_closes_its_connections_and_no_others() {
    let (town, _, bob, _, mut socket) = scene().await;
    let other = town.app().ground.db.write({
        let id = bob.id;
        move |tx| {
            use rialto::{access::Scopes, members};
            let (session, token) = members::make_session(tx, id, members::SessionKind::Bearer, Scopes::ALL, "phone", None)?;
            Ok((session, token.reveal().to_owned()))
        }
    });
    let (session, token) = other.await.expect("a session");
    let mut phone = Socket::open(&town.url(""), &token).await.expect("a connection");
    assert_eq!(bob.call(Method::DELETE, &format!("/api/v1/me/sessions/{session}"), None).await.0, 204);
    let started = Instant::now();
    assert_eq!(phone.closed().await, Some(4001));
    assert!(started.elapsed() < Duration::from_secs(1));
    socket.done(json!({ "type": "ping" })).await;
    assert_eq!(socket.event("session_ended").await["event"]["session"], session.to_string());
    assert!(Socket::open(&town.url(""), &token).await.is_err(), "the token opens nothing any more");
    town.close().await;
}

#[actix_web::test]
async fn a_role_taken_away_is_gone_for_the_open_connection() {
    let (town, keeper, bob, _, mut socket) = scene().await;
    let news = town.room(&keeper, RoomKind::Announcement, "News", &[&bob]).await;
    assert_eq!(send(&mut socket, news, "k1").await, "chat.announcements_only");
    let roles = keeper.get("/api/v1/admin/roles").await;
    let moderator =
        roles["items"].as_array().expect("roles").iter().find(|role| role["kind"] == "moderator").expect("moderators")["id"].clone();
    let path = format!("/api/v1/admin/members/{}/roles", bob.id);
    assert_eq!(keeper.call(Method::PUT, &path, Some(json!({ "roles": [moderator] }))).await.0, 204);
    assert_eq!(send(&mut socket, news, "k1").await, "ack");
    let told = socket.event("rights_changed").await["event"].clone();
    assert!(told["permissions"].to_string().contains("announce"), "{told}");
    assert_eq!(keeper.call(Method::PUT, &path, Some(json!({ "roles": [] }))).await.0, 204);
    assert_eq!(send(&mut socket, news, "k2").await, "chat.announcements_only");
    town.close().await;
}

#[actix_web::test]
async fn others_see_at_once_when_somebody_looks_different() {
    let (town, keeper, bob, _, mut socket) = scene().await;
    let mut other = keeper.connect().await;
    assert_eq!(bob.call(Method::PATCH, "/api/v1/me", Some(json!({ "display_name": "Bob the Boatman" }))).await.0, 200);
    let signal = loop {
        let signal = other.next("signal").await["signal"].clone();
        if signal["kind"] == "member_changed" {
            break signal;
        }
    };
    assert_eq!(signal["member"], keeper.get(&format!("/api/v1/members/{}", bob.id)).await);
    assert_eq!(socket.event("me_changed").await["event"]["me"], signal["member"]);
    town.close().await;
}

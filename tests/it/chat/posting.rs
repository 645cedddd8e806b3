//! Sending, changing, deleting, reacting, pinning, mentioning.

use futures_util::future::join_all;
use reqwest::Method;
use rialto::chat::RoomKind;
use rialto::members::RoleKind;
use serde_json::{Value, json};

use super::{message, messages};
use crate::support::{Person, Socket, Town};

/// A town without limits of rate, two members and their room.
async fn two() -> (Town, Person, Person, rialto::ids::RoomId) {
    let town = Town::with(|config| config.raised_limits = true).await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let room = town.room(&ann, RoomKind::Private, "Harbour", &[&bob]).await;
    (town, ann, bob, room)
}

fn send(room: rialto::ids::RoomId, key: &str, body: &str) -> Value {
    json!({ "type": "chat.send", "room": room, "client_key": key, "body": body })
}

#[actix_web::test]
async fn a_key_sent_twice_gives_the_same_answer_over_both_ways_and_after_deletion() {
    let (town, ann, _, room) = two().await;
    let first = ann.post(&messages(room), json!({ "client_key": "k1", "body": "Ahoy" })).await;
    assert_eq!(ann.post(&messages(room), json!({ "client_key": "k1", "body": "Ahoy" })).await, first);
    let mut socket = ann.connect().await;
    let ack = socket.done(send(room, "k1", "Ahoy")).await;
    assert_eq!([&ack["id"], &ack["seq"], &ack["at"]], [&first["id"], &first["seq"], &first["at"]]);
    socket.done(json!({ "type": "chat.delete", "room": room, "id": first["id"] })).await;
    assert_eq!(ann.post(&messages(room), json!({ "client_key": "k1", "body": "Ahoy" })).await, first, "the key stays on the tombstone");
    assert_eq!(ann.get(&messages(room)).await["items"].as_array().expect("items").len(), 1);
    town.close().await;
}

#[actix_web::test]
async fn a_key_with_another_body_room_or_place_is_refused_and_keys_of_others_are_their_own() {
    let (town, ann, bob, room) = two().await;
    let other = town.room(&ann, RoomKind::Private, "Quay", &[]).await;
    let (root, _) = ann.says(room, "root", "A root").await;
    ann.says(room, "k1", "Ahoy").await;
    ann.refused(Method::POST, &messages(room), Some(json!({ "client_key": "k1", "body": "Aho" })), 409, "chat.key_reused").await;
    ann.refused(Method::POST, &messages(other), Some(json!({ "client_key": "k1", "body": "Ahoy" })), 409, "chat.key_reused").await;
    for field in ["thread", "reply_to"] {
        let mut body = json!({ "client_key": "k1", "body": "Ahoy" });
        body[field] = json!(root);
        ann.refused(Method::POST, &messages(room), Some(body), 409, "chat.key_reused").await;
    }
    let mut socket = ann.connect().await;
    let refused = socket.ask(send(room, "k1", "Another")).await;
    assert_eq!((refused["type"].as_str(), refused["code"].as_str()), (Some("refused"), Some("chat.key_reused")));
    bob.says(room, "k1", "Mine").await;
    town.close().await;
}

#[actix_web::test]
async fn one_key_over_fifty_sockets_at_once_makes_one_message() {
    let (town, ann, bob, room) = two().await;
    let mut sockets: Vec<Socket> = join_all((0..50).map(|_| ann.connect())).await;
    let mut listener = bob.connect().await;
    let acks = join_all(sockets.iter_mut().map(|socket| socket.done(send(room, "once", "Only once")))).await;
    assert!(acks.iter().all(|ack| (&ack["id"], &ack["seq"], &ack["at"]) == (&acks[0]["id"], &acks[0]["seq"], &acks[0]["at"])));
    let (_, after) = ann.says(room, "after", "After").await;
    assert_eq!(listener.event("message_sent").await["seq"], acks[0]["seq"]);
    assert_eq!(listener.event("message_sent").await["seq"], after, "nothing lies between");
    assert_eq!(Some(after), acks[0]["seq"].as_i64().map(|seq| seq + 1));
    town.close().await;
}

#[actix_web::test]
async fn one_key_in_fifty_requests_with_two_bodies_makes_one_message() {
    let (town, ann, _, room) = two().await;
    let bodies = ["One", "Two"];
    let path = messages(room);
    let answers =
        join_all((0..50).map(|n| ann.call(Method::POST, &path, Some(json!({ "client_key": "once", "body": bodies[n % 2] }))))).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|(status, _)| *status == 201);
    assert_eq!((won.len(), lost.len()), (25, 25));
    assert!(won.iter().all(|(_, body)| body == &won[0].1));
    assert!(lost.iter().all(|(status, body)| *status == 409 && body["code"] == "chat.key_reused"));
    assert_eq!(ann.get(&path).await["items"].as_array().expect("items").len(), 1);
    town.close().await;
}

#[actix_web::test]
async fn keys_are_one_to_sixty_four_plain_characters() {
    let (town, ann, _, room) = two().await;
    for key in [String::new(), "k".repeat(65), "a\nb".to_owned()] {
        ann.refused(Method::POST, &messages(room), Some(json!({ "client_key": key, "body": "Ahoy" })), 422, "chat.client_key").await;
    }
    ann.says(room, &"é".repeat(64), "Ahoy").await;
    town.close().await;
}

/// What a body becomes over HTTP, over the socket, and as an edit over both: the same each time.
async fn four_ways(ann: &Person, room: rialto::ids::RoomId, socket: &mut Socket, n: usize, body: &str) -> Vec<Result<String, String>> {
    let read = async |id: &str| ann.get(&message(room, id)).await["body"].as_str().expect("a body").to_owned();
    let mut all = Vec::new();
    let (status, answer) = ann.call(Method::POST, &messages(room), Some(json!({ "client_key": format!("h{n}"), "body": body }))).await;
    all.push(if status == 201 {
        Ok(read(answer["id"].as_str().expect("id")).await)
    } else {
        Err(answer["code"].as_str().expect("code").to_owned())
    });
    let answer = socket.ask(send(room, &format!("s{n}"), body)).await;
    all.push(if answer["type"] == "ack" {
        Ok(read(answer["id"].as_str().expect("id")).await)
    } else {
        Err(answer["code"].as_str().expect("code").to_owned())
    });
    let (id, _) = ann.says(room, &format!("e{n}"), "Before").await;
    let (status, answer) = ann.call(Method::PATCH, &message(room, &id), Some(json!({ "body": body }))).await;
    all.push(if status == 200 { Ok(read(&id).await) } else { Err(answer["code"].as_str().expect("code").to_owned()) });
    let (id, _) = ann.says(room, &format!("f{n}"), "Before").await;
    let answer = socket.ask(json!({ "type": "chat.edit", "room": room, "id": id, "body": body })).await;
    all.push(if answer["type"] == "ack" { Ok(read(&id).await) } else { Err(answer["code"].as_str().expect("code").to_owned()) });
    all
}

#[actix_web::test]
async fn bodies_are_cleaned_or_refused_alike_over_http_and_socket_and_as_edits() {
    let (town, ann, _, room) = two().await;
    let mut socket = ann.connect().await;
    let full = "x".repeat(16_384);
    let emoji = "🌊".repeat(4_096);
    let cases: Vec<(String, Result<String, &str>)> = vec![
        ("a\0b".to_owned(), Err("text.nul")),
        (String::new(), Err("chat.message_empty")),
        (" \n\t ".to_owned(), Err("chat.message_empty")),
        ("\u{7}\u{1b}\u{8}".to_owned(), Err("chat.message_empty")),
        ("a\u{7}b\u{1b}[31mc\r\nd\re".to_owned(), Ok("ab[31mc\nd\ne".to_owned())),
        ("\n\n  code\n\n".to_owned(), Ok("  code".to_owned())),
        (full.clone(), Ok(full.clone())),
        (format!("{full}y"), Err("chat.message_too_long")),
        (emoji.clone(), Ok(emoji.clone())),
        ("🌊".repeat(10_000), Err("chat.message_too_long")),
    ];
    for (n, (body, expected)) in cases.into_iter().enumerate() {
        for (way, found) in four_ways(&ann, room, &mut socket, n, &body).await.into_iter().enumerate() {
            assert_eq!(found, expected.clone().map_err(str::to_owned), "case {n}, way {way}");
        }
    }
    town.close().await;
}

#[actix_web::test]
async fn what_is_rendered_is_what_is_stored() {
    let (town, ann, _, room) = two().await;
    let mut socket = ann.connect().await;
    let written = "a\u{7}b *c*\r\nd";
    let sent = ann.post(&messages(room), json!({ "client_key": "k1", "body": written })).await;
    let html = ann.get(&message(room, sent["id"].as_str().expect("id"))).await["body_html"].clone();
    let (other, _) = ann.says(room, "k2", "Before").await;
    socket.done(json!({ "type": "chat.edit", "room": room, "id": other, "body": written })).await;
    let edited = ann.get(&message(room, &other)).await;
    assert_eq!(edited["body_html"], html);
    assert!(!html.to_string().contains("\\u0007"), "{html}");
    town.close().await;
}

#[actix_web::test]
async fn hostile_bodies_are_rendered_in_time_and_without_live_markup() {
    let (town, ann, _, room) = two().await;
    let walls = [
        "*".repeat(16_384),
        "_a ".repeat(5_000),
        "**a ".repeat(4_000),
        "[".repeat(16_000),
        "> ".repeat(8_000),
        "- ".repeat(8_000),
        "`".repeat(16_000),
        "@ann ".repeat(3_000),
        "&".repeat(16_000),
        "<b>".repeat(5_000),
        "![](".repeat(4_000),
        "🌊 ".repeat(3_000),
        "<script>alert(1)</script><img src=x onerror=alert(1)>[x](javascript:alert(1))".to_owned(),
    ];
    for (n, body) in walls.iter().enumerate() {
        let started = std::time::Instant::now();
        let (id, _) = ann.says(room, &format!("k{n}"), body).await;
        assert!(started.elapsed().as_secs() < 5, "wall {n} took {:?}", started.elapsed());
        let html = ann.get(&message(room, &id)).await["body_html"].as_str().expect("html").to_lowercase();
        for danger in ["<script", "<img", "onerror=\"", "href=\"javascript"] {
            assert!(!html.contains(danger), "wall {n} has {danger}");
        }
    }
    town.close().await;
}

#[actix_web::test]
async fn a_reply_carries_its_quote_and_a_deleted_one_says_nothing() {
    let (town, ann, bob, room) = two().await;
    let (first, seq) = ann.says(room, "k1", "The *tide* turns at noon").await;
    let mut socket = bob.connect().await;
    let reply = bob.post(&messages(room), json!({ "client_key": "k1", "body": "Thanks", "reply_to": first })).await;
    let quote = json!({ "id": first, "seq": seq, "author": ann.id, "excerpt": "The tide turns at noon" });
    assert_eq!(socket.event("message_sent").await["event"]["reply_to"], quote);
    let id = reply["id"].as_str().expect("id");
    assert_eq!(bob.get(&message(room, id)).await["reply_to"], quote);
    ann.call(Method::DELETE, &message(room, &first), None).await;
    let quote = &bob.get(&message(room, id)).await["reply_to"];
    assert_eq!((&quote["id"], &quote["excerpt"]), (&json!(first), &Value::Null));
    let later = bob.post(&messages(room), json!({ "client_key": "k2", "body": "What was it?", "reply_to": first })).await;
    assert_eq!(bob.get(&message(room, later["id"].as_str().expect("id"))).await["reply_to"]["excerpt"], Value::Null);
    let other = town.room(&ann, RoomKind::Private, "Quay", &[]).await;
    let (hidden, _) = ann.says(other, "k9", "Hidden").await;
    for target in [hidden.as_str(), "77"] {
        bob.refused(
            Method::POST,
            &messages(room),
            Some(json!({ "client_key": "k3", "body": "x", "reply_to": target })),
            422,
            "chat.reply_to",
        )
        .await;
        bob.refused(Method::POST, &messages(room), Some(json!({ "client_key": "k3", "body": "x", "thread": target })), 422, "chat.thread")
            .await;
    }
    town.close().await;
}

#[actix_web::test]
async fn threads_stay_out_of_the_main_timeline_and_count_their_answers() {
    let (town, ann, bob, room) = two().await;
    let (root, _) = ann.says(room, "k1", "Who brings the boat?").await;
    let mut socket = ann.connect().await;
    let mut answers = Vec::new();
    for n in 1..=3 {
        let body = json!({ "client_key": format!("a{n}"), "body": format!("Answer {n}"), "thread": root });
        answers.push(bob.post(&messages(room), body).await["id"].as_str().expect("id").to_owned());
        let event = socket.event("message_sent").await["event"].clone();
        assert_eq!((&event["thread"], &event["thread_total"]), (&json!(root), &json!(n)));
    }
    bob.refused(
        Method::POST,
        &messages(room),
        Some(json!({ "client_key": "deep", "body": "x", "thread": answers[0] })),
        422,
        "chat.thread",
    )
    .await;
    assert_eq!(ann.get(&messages(room)).await["items"].as_array().expect("items").len(), 1);
    assert_eq!(ann.get(&format!("{}?thread={root}", messages(room))).await["items"].as_array().expect("items").len(), 3);
    assert_eq!(ann.get(&message(room, &root)).await["thread_count"], 3);
    bob.call(Method::DELETE, &message(room, &answers[1]), None).await;
    let event = socket.event("message_deleted").await["event"].clone();
    assert_eq!((&event["thread"], &event["thread_total"]), (&json!(root), &json!(2)));
    bob.call(Method::DELETE, &message(room, &answers[1]), None).await;
    assert_eq!(ann.get(&message(room, &root)).await["thread_count"], 2, "deleting twice counts once");
    town.close().await;
}

#[actix_web::test]
async fn only_the_author_edits_and_nothing_changes_after_deletion() {
    let (town, ann, bob, room) = two().await;
    let (id, _) = ann.says(room, "k1", "Ahoy").await;
    bob.refused(Method::PATCH, &message(room, &id), Some(json!({ "body": "Hacked" })), 403, "chat.not_yours").await;
    let mut socket = bob.connect().await;
    let (_, first) = ann.call(Method::PATCH, &message(room, &id), Some(json!({ "body": "Ahoy there" }))).await;
    let event = socket.event("message_edited").await;
    assert_eq!((&event["seq"], &event["event"]["body"], &event["event"]["id"]), (&first["seq"], &json!("Ahoy there"), &json!(id)));
    let (_, again) = ann.call(Method::PATCH, &message(room, &id), Some(json!({ "body": "Ahoy there" }))).await;
    assert_eq!(again, first, "the same words make no event");
    let (_, gone) = ann.call(Method::DELETE, &message(room, &id), None).await;
    let (status, twice) = ann.call(Method::DELETE, &message(room, &id), None).await;
    assert_eq!((status.as_u16(), twice), (200, gone), "deleting twice is a no-op at the current place");
    let calls = [
        (Method::PATCH, message(room, &id), Some(json!({ "body": "Back" }))),
        (Method::PUT, format!("{}/reactions/🌊", message(room, &id)), None),
    ];
    for (method, path, body) in calls {
        ann.refused(method, &path, body, 410, "chat.deleted").await;
    }
    let tomb = ann.get(&message(room, &id)).await;
    assert_eq!(
        (&tomb["deleted"], &tomb["body"], &tomb["body_html"], &tomb["reactions"]),
        (&json!(true), &Value::Null, &Value::Null, &json!([]))
    );
    let events = bob.get(&format!("/api/v1/rooms/{room}/events?after=0")).await;
    assert!(!events.to_string().contains("Ahoy"), "the log holds no words: {events}");
    town.close().await;
}

#[actix_web::test]
async fn a_reaction_counts_once_and_the_twenty_first_emoji_is_too_many() {
    let (town, ann, bob, room) = two().await;
    let (id, seq) = ann.says(room, "k1", "Ahoy").await;
    let react = |emoji: &str| format!("{}/reactions/{emoji}", message(room, &id));
    let emoji = ["🌊", "👍", "🎉", "🚀", "🐟", "🐙", "🦀", "🐚", "⚓", "🛶", "🚣", "🌅", "🌙", "⭐", "🔥", "🍎", "🍋", "🍇", "🍒", "🥕"];
    for (n, one) in emoji.iter().enumerate() {
        let (status, place) = ann.call(Method::PUT, &react(one), None).await;
        assert_eq!((status.as_u16(), place["seq"].as_i64()), (200, Some(seq + 1 + n as i64)));
    }
    let (_, place) = ann.call(Method::PUT, &react("🌊"), None).await;
    assert_eq!(place["seq"], seq + 20, "reacting twice is a no-op");
    bob.refused(Method::PUT, &react("🥝"), None, 409, "chat.too_many_emoji").await;
    assert_eq!(bob.call(Method::PUT, &react("👍"), None).await.0, 200, "one that is there already may be joined");
    for bad in ["x", "🌊🌊", "%3Cb%3E"] {
        bob.refused(Method::PUT, &react(bad), None, 422, "chat.not_an_emoji").await;
    }
    let reactions = ann.get(&message(room, &id)).await["reactions"].clone();
    assert_eq!(reactions[0], json!({ "emoji": "🌊", "members": [ann.id] }));
    assert_eq!(reactions[1], json!({ "emoji": "👍", "members": [ann.id, bob.id] }));
    let (_, before) = bob.call(Method::DELETE, &react("👍"), None).await;
    let (_, after) = bob.call(Method::DELETE, &react("👍"), None).await;
    assert_eq!(before, after, "taking away what is not there is a no-op");
    town.close().await;
}

#[actix_web::test]
async fn leaders_and_moderators_pin_and_in_a_conversation_everyone() {
    let (town, ann, bob, room) = two().await;
    let keeper = town.person("keeper", &[RoleKind::Moderator]).await;
    let square = town.room(&ann, RoomKind::Public, "Square", &[&bob, &keeper]).await;
    let (id, _) = bob.says(square, "k1", "Ahoy").await;
    let pin = format!("{}/pin", message(square, &id));
    bob.refused(Method::PUT, &pin, None, 403, "access.not_allowed").await;
    assert_eq!(keeper.call(Method::PUT, &pin, None).await.0, 200);
    assert_eq!(bob.get(&format!("/api/v1/rooms/{square}/pins")).await["items"][0]["id"], json!(id));
    let (_, first) = ann.call(Method::PUT, &pin, None).await;
    let (_, again) = ann.call(Method::PUT, &pin, None).await;
    assert_eq!(first, again);
    assert_eq!(ann.call(Method::DELETE, &pin, None).await.0, 200);
    let direct =
        ann.post("/api/v1/rooms", json!({ "kind": "direct", "members": [bob.id] })).await["id"].as_str().expect("id").parse().expect("id");
    let (id, _) = ann.says(direct, "k2", "Between us").await;
    assert_eq!(bob.call(Method::PUT, &format!("{}/pin", message(direct, &id)), None).await.0, 200);
    let _ = room;
    town.close().await;
}

#[actix_web::test]
async fn only_those_present_are_mentioned_and_the_whole_room_only_by_those_who_may() {
    let (town, ann, bob, room) = two().await;
    let cleo = town.member("cleo").await;
    let id = |sent: (String, i64)| sent.0;
    let sent = id(bob.says(room, "k1", "Hello @ann and @cleo and @nobody and @room").await);
    let mentions = bob.get(&message(room, &sent)).await["mentions"].clone();
    assert_eq!(
        mentions,
        json!({ "members": [ann.id], "roles": [], "room": false, "here": [] }),
        "cleo is not here, bob may not call the room"
    );
    let sent = id(ann.says(room, "k2", "Hello @room").await);
    assert_eq!(ann.get(&message(room, &sent)).await["mentions"]["room"], true, "the room's owner may");
    let sent = id(bob.says(room, "k3", "Nothing").await);
    bob.call(Method::PATCH, &message(room, &sent), Some(json!({ "body": "@room @ann" }))).await;
    assert_eq!(bob.get(&message(room, &sent)).await["mentions"], json!({ "members": [ann.id], "roles": [], "room": false, "here": [] }));
    let sent = id(ann.says(room, "k4", "Nothing").await);
    ann.call(Method::PATCH, &message(room, &sent), Some(json!({ "body": "@room" }))).await;
    assert_eq!(ann.get(&message(room, &sent)).await["mentions"]["room"], false, "an edit calls nobody together");
    assert_eq!(cleo.call(Method::GET, &message(room, &sent), None).await.0, 404);
    town.close().await;
}

#[actix_web::test]
async fn a_flood_is_told_to_slow_down_and_what_was_acked_is_stored() {
    let town = Town::new().await;
    let ann = town.member("ann").await;
    let room = town.room(&ann, RoomKind::Private, "Harbour", &[]).await;
    let mut socket = ann.connect().await;
    let mut acked = 0;
    let mut refused = Vec::new();
    for n in 0..60 {
        let answer = socket.ask(send(room, &format!("k{n}"), "Again")).await;
        if answer["type"] == "ack" {
            acked += 1;
        } else {
            refused.push(answer);
        }
    }
    assert!(acked >= 20 && refused.len() >= 20, "{acked} acked, {} refused", refused.len());
    assert!(refused.iter().all(|answer| answer["code"] == "error.slow_down" && answer["retry_after_ms"].as_i64().is_some_and(|ms| ms > 0)));
    let stored = ann.get(&format!("{}?limit=100", messages(room))).await["items"].as_array().expect("items").len();
    assert_eq!(stored, acked);
    town.close().await;
}

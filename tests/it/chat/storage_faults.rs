//! The disk is full, or the database is locked: whoever sends is told when to try again, nothing is acked that is not stored, and
//! reading goes on. On SQLite, whose file a test can fill and lock.

use std::path::PathBuf;

use diesel::Connection;
use diesel::connection::SimpleConnection;
use diesel::sqlite::SqliteConnection;
use reqwest::Method;
use rialto::chat::RoomKind;
use rialto::ids::RoomId;
use rialto::storage::{Conn, Target};
use serde_json::{Value, json};

use super::messages;
use crate::support::{Person, Socket, Town};

/// The database's file; `None` on a server of its own.
fn file(town: &Town) -> Option<PathBuf> {
    match &town.app().ground.config.target {
        Target::Sqlite(path) => Some(path.clone()),
        Target::Postgres(_) => None,
    }
}

/// The database may have so many pages: one that it has outgrown holds it where it is, like a disk that is full.
async fn may_have_pages(town: &Town, pages: u32) {
    let set = move |tx: &mut rialto::storage::Tx<'_>| {
        if let Conn::Sqlite(conn) = &mut **tx {
            conn.batch_execute(&format!("PRAGMA max_page_count = {pages}")).map_err(rialto::error::Error::from)?;
        }
        Ok(())
    };
    town.app().ground.db.write(set).await.expect("set");
}

fn send(room: RoomId, key: &str) -> Value {
    json!({ "type": "chat.send", "room": room, "client_key": key, "body": format!("{key} {}", "x".repeat(15_000)) })
}

/// The keys of all messages of the room.
async fn stored(person: &Person, room: RoomId) -> Vec<String> {
    let page = person.get(&format!("{}?limit=100", messages(room))).await;
    page["items"].as_array().expect("items").iter().map(|item| item["client_key"].as_str().expect("a key").to_owned()).collect()
}

/// What reading needs goes on.
async fn reads(socket: &mut Socket, person: &Person, room: RoomId) {
    socket.done(json!({ "type": "ping" })).await;
    socket.done(json!({ "type": "sync", "rooms": { room.to_string(): 1, "me": 1 } })).await;
    person.get("/api/v1/me/state").await;
    person.get(&messages(room)).await;
    person.connect().await.done(json!({ "type": "ping" })).await;
}

#[actix_web::test]
async fn a_full_disk_refuses_what_is_sent_and_nothing_else() {
    let town = Town::with(|config| config.raised_limits = true).await;
    if file(&town).is_none() {
        return town.close().await;
    }
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let room = town.room(&ann, RoomKind::Private, "Harbour", &[&bob]).await;
    let (mut socket, mut other) = (ann.connect().await, bob.connect().await);
    may_have_pages(&town, 1).await;
    let mut acked = Vec::new();
    let refused = loop {
        let key = format!("k{}", acked.len());
        let answer = socket.ask(send(room, &key)).await;
        if answer["type"] == "refused" {
            break (key, answer);
        }
        assert_eq!(answer["type"], "ack");
        acked.push(key);
        assert!(acked.len() < 40, "the disk is never full");
    };
    let (late, answer) = refused;
    assert_eq!((&answer["code"], &answer["retry_after_ms"]), (&json!("error.storage"), &json!(2_000)));
    assert!(!answer["message"].as_str().expect("a sentence").is_empty());
    let body = send(room, "over http");
    let posted = json!({ "client_key": "over http", "body": body["body"] });
    let answer = town.http.post(town.url(&messages(room))).bearer_auth(&ann.token).json(&posted).send().await.expect("an answer");
    assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].to_str().expect("text")), (503, "2"));
    assert_eq!(answer.json::<Value>().await.expect("JSON")["code"], "error.storage");
    let edit = json!({ "type": "chat.edit", "room": room, "id": "1", "body": "x" });
    assert_eq!(socket.ask(edit).await["code"], "error.not_found", "what is wrong for another reason says so");
    reads(&mut socket, &bob, room).await;
    let mut kept = stored(&bob, room).await;
    kept.reverse();
    assert_eq!(kept, acked, "what is acked is stored, and what is refused is not");
    may_have_pages(&town, 1_000_000).await;
    socket.done(send(room, &late)).await;
    acked.push(late);
    for key in &acked {
        assert_eq!(other.event("message_sent").await["event"]["client_key"], *key, "each is heard once, in order");
    }
    town.close().await;
}

#[actix_web::test]
async fn a_locked_database_delays_what_is_sent_and_lets_reading_go_on() {
    let town = Town::with(|config| config.raised_limits = true).await;
    let Some(path) = file(&town) else { return town.close().await };
    let ann = town.member("ann").await;
    let room = town.room(&ann, RoomKind::Private, "Harbour", &[]).await;
    let mut socket = ann.connect().await;
    let mut stranger = SqliteConnection::establish(&path.display().to_string()).expect("another program");
    // What the program does by itself may have it just now.
    stranger.batch_execute("PRAGMA busy_timeout = 10000; BEGIN IMMEDIATE").expect("its lock");
    let waiting = socket.say(send(room, "patient")).await;
    reads(&mut socket, &ann, room).await;
    stranger.batch_execute("ROLLBACK").expect("released");
    let mut ack = socket.next("ack").await;
    while ack["ref"] != waiting.as_str() {
        ack = socket.next("ack").await;
    }
    stranger.batch_execute("BEGIN IMMEDIATE").expect("its lock");
    // For longer than the database waits.
    let refused = socket.ask(send(room, "late")).await;
    assert_eq!((&refused["type"], &refused["code"]), (&json!("refused"), &json!("error.busy")), "{refused}");
    assert!(refused["retry_after_ms"].as_u64().is_some_and(|ms| ms > 0), "{refused}");
    reads(&mut socket, &ann, room).await;
    ann.refused(Method::POST, &messages(room), Some(json!({ "client_key": "http", "body": "x" })), 503, "error.busy").await;
    stranger.batch_execute("ROLLBACK").expect("released");
    socket.done(send(room, "late")).await;
    assert_eq!(stored(&ann, room).await, ["late", "patient"]);
    town.close().await;
}

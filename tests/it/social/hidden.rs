//! What was hidden in a conversation is leapt over: pages and counts are those of who was not to hear it, and take as long as without it.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use reqwest::Method;
use rialto::ids::{MemberId, RoomId};
use rialto::storage::Conn;
use serde_json::{Value, json};

use super::{act, lets, talk};
use crate::support::{Person, Town};

/// Bodies of a page, oldest first, and where the next ones begin before and behind it.
async fn bodies(who: &Person, room: RoomId, query: &str) -> (Vec<String>, Option<String>, Option<String>) {
    let page = who.get(&format!("/api/v1/rooms/{room}/messages?{query}")).await;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let mut all: Vec<String> = page["items"].as_array().expect("items").iter().map(|one| text(&one["body"]).unwrap_or_default()).collect();
    all.reverse();
    (all, text(&page["next"]), text(&page["prev"]))
}

/// One field of a room in a member's sidebar.
async fn of_mine(who: &Person, room: RoomId, field: &str) -> Value {
    let state = who.get("/api/v1/me/state").await;
    let rooms = state["rooms"].as_array().expect("rooms");
    rooms.iter().find(|one| one["id"] == room.to_string()).expect("theirs")[field].clone()
}

#[actix_web::test]
async fn pages_and_counts_leap_over_every_row_of_hidden_words() {
    let town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let room = talk(&ann, &bob).await;
    let block = format!("/api/v1/blocks/{}", ann.id);
    let (root, _) = ann.says(room, "a1", "A1").await;
    bob.says(room, "b1", "B1").await;
    for (n, heard) in ["A2", "A3", "A4"].iter().enumerate() {
        act(&bob, Method::PUT, &block).await;
        for m in 0..3 {
            let (id, _) = ann.says(room, &format!("h{n}{m}"), "@bob, hidden").await;
            match m {
                1 => drop(act(&ann, Method::DELETE, &format!("/api/v1/rooms/{room}/messages/{id}")).await),
                _ => drop(act(&ann, Method::PUT, &format!("/api/v1/rooms/{room}/messages/{id}/reactions/🌊")).await),
            }
        }
        let answer = json!({ "client_key": format!("t{n}"), "body": "Hidden answer", "thread": root });
        ann.post(&format!("/api/v1/rooms/{room}/messages"), answer).await;
        act(&bob, Method::DELETE, &block).await;
        ann.says(room, heard, heard).await;
    }
    let answer = json!({ "client_key": "t9", "body": "Answer", "thread": root });
    ann.post(&format!("/api/v1/rooms/{room}/messages"), answer).await;
    let heard = ["A1", "B1", "A2", "A3", "A4"];
    assert_eq!(bodies(&bob, room, "").await.0, heard);
    assert_eq!(bodies(&ann, room, "").await.0.len(), heard.len() + 9, "her own words are there for her, and their tombstones");
    assert_eq!(bodies(&bob, room, &format!("thread={root}")).await.0, ["Answer"]);
    assert_eq!(bodies(&ann, room, &format!("thread={root}")).await.0.len(), 4);
    assert_eq!((of_mine(&bob, room, "unread").await, of_mine(&bob, room, "mentions").await), (json!(4), json!(0)));
    // Page by page, back and forth.
    let (mut back, mut query) = (Vec::new(), "limit=2".to_owned());
    loop {
        let (mut page, next, _) = bodies(&bob, room, &query).await;
        page.append(&mut back);
        back = page;
        match next {
            Some(next) => query = format!("limit=2&before={next}"),
            None => break,
        }
    }
    assert_eq!(back, heard);
    let (mut forth, mut query) = (Vec::new(), "limit=1&after=0".to_owned());
    loop {
        let (page, _, prev) = bodies(&bob, room, &query).await;
        forth.extend(page);
        match prev {
            Some(prev) => query = format!("limit=1&after={prev}"),
            None => break,
        }
    }
    assert_eq!(forth, heard);
    town.close().await;
}

/// Hidden messages that an author sent.
const SENT: i64 = 30_000;

/// What takes the shortest of so many times that something is read.
async fn fastest(who: &Person, paths: &[String]) -> Duration {
    let mut least = Duration::MAX;
    for _ in 0..15 {
        let begun = Instant::now();
        for path in paths {
            who.get(path).await;
        }
        least = least.min(begun.elapsed());
    }
    least
}

/// Makes many more of an author's newest message in a room, and answers how long it takes to walk past them all.
async fn fill(town: &Town, room: RoomId, author: MemberId) -> Duration {
    let filled = town.app().ground.db.write(move |tx| {
        let made = match &mut **tx {
            Conn::Sqlite(_) => format!("WITH RECURSIVE made(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM made WHERE n < {SENT})"),
            Conn::Pg(_) => format!("WITH made(n) AS (SELECT generate_series(1, {SENT}))"),
        };
        tx.batch_execute(&format!(
            "INSERT INTO messages (id, room, seq, author, client_key, body_hash, body, body_html, renderer, thread_count, reactions, sent_at, \
             unheard, hides_from) {made} SELECT -n, room, seq + n, author, client_key || '-' || n, body_hash, body, body_html, renderer, 0, 0, \
             sent_at, unheard, hides_from FROM messages, made WHERE room = {room} AND author = {author} AND client_key = 'k4'"
        ))?;
        tx.batch_execute(&format!("UPDATE room_heads SET seq = seq + {SENT} WHERE room = {room}"))?;
        tx.forget_recalled();
        tx.batch_execute("ANALYZE")?;
        Ok(())
    });
    filled.await.expect("filled");
    let walked = town.app().ground.db.read(move |conn| {
        let mut least = Duration::MAX;
        for _ in 0..5 {
            let begun = Instant::now();
            conn.batch_execute(&format!("SELECT sent_at FROM messages WHERE room = {room} AND NOT unheard ORDER BY seq DESC LIMIT 1"))?;
            least = least.min(begun.elapsed());
        }
        Ok(least)
    });
    walked.await.expect("walked")
}

#[actix_web::test]
async fn nobody_walks_what_was_hidden_from_them() {
    let town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    lets(&bob, "message", &["contacts"]).await;
    let room = talk(&ann, &bob).await;
    let block = format!("/api/v1/blocks/{}", ann.id);
    ann.says(room, "k1", "Before").await;
    act(&bob, Method::PUT, &block).await;
    ann.says(room, "k2", "Hidden").await;
    act(&bob, Method::DELETE, &block).await;
    ann.says(room, "k3", "Heard").await;
    let inbox = ["/api/v1/requests".to_owned()];
    let waits = async || {
        let page = bob.get(&inbox[0]).await;
        (page["items"][0]["preview"].clone(), page["items"][0]["messages"].clone())
    };
    assert_eq!(waits().await, (json!("Heard"), json!(2)));
    let quick = fastest(&bob, &inbox).await;
    act(&bob, Method::PUT, &format!("/api/v1/blocks/{}", ann.id)).await;
    ann.says(room, "k4", "Hidden too").await;
    // Only the newest row of hidden words grows: the older one is alone.
    let of_newest = fill(&town, room, ann.id).await;
    act(&bob, Method::DELETE, &block).await;
    ann.says(room, "k5", "Heard again").await;
    assert_eq!(waits().await, (json!("Heard again"), json!(3)));
    let slow = fastest(&bob, &inbox).await;
    assert!(slow < quick + of_newest / 4, "the inbox: {slow:?} after {quick:?}, and {of_newest:?} to walk");

    bob.says_yes().await;
    let reads = [format!("/api/v1/rooms/{room}/messages?limit=50"), "/api/v1/me/state".to_owned()];
    assert_eq!(bodies(&bob, room, "").await.0, ["Before", "Heard", "Heard again"]);
    assert_eq!(of_mine(&bob, room, "unread").await, json!(3));
    let (cleo, dan) = (town.member("cleo").await, town.member("dan").await);
    let other = talk(&cleo, &dan).await;
    for n in 0..3 {
        cleo.says(other, &format!("c{n}"), "Hello").await;
    }
    let plain = fastest(&dan, &[format!("/api/v1/rooms/{other}/messages?limit=50"), reads[1].clone()]).await;
    let slow = fastest(&bob, &reads).await;
    assert!(slow < plain + of_newest / 4, "page and counts: {slow:?} after {plain:?}, and {of_newest:?} to walk");
    town.close().await;
}

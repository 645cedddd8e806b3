//! What was hidden in a conversation is leapt over: pages and counts are those of who was not to hear it, however much it is.

use std::sync::{Arc, Mutex};

use diesel::connection::{Connection, InstrumentationEvent, SimpleConnection};
use diesel::sql_types::{BigInt, Nullable};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use reqwest::Method;
use rialto::ids::{MemberId, RoomId};
use rialto::storage::Conn;
use serde_json::{Value, json};

use super::plans::by_author;
use super::{act, acts, lets, newest_request, talk};
use crate::support::plans::{Sought, plan};
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
    let renewed = town.app().ground.db.write(|tx| {
        let before = stretches(tx)?;
        let folder = if matches!(&**tx, Conn::Sqlite(_)) { "sqlite" } else { "postgres" };
        let file = format!("{}/migrations/{folder}/2026-11-29-000080_hidden/up.sql", env!("CARGO_MANIFEST_DIR"));
        let script = std::fs::read_to_string(file).expect("the migration");
        let at = script.find("UPDATE messages").expect("what it finds out")..script.find("DROP INDEX").expect("its end");
        tx.batch_execute("UPDATE messages SET hides_from = NULL")?;
        tx.batch_execute(&script[at])?;
        Ok((before, stretches(tx)?))
    });
    let (before, after) = renewed.await.expect("renewed");
    assert!(before.iter().filter(|(_, begins)| begins.is_some()).count() >= 12, "{before:?}");
    assert_eq!(before, after, "the migration finds what is written down as it happens");
    town.close().await;
}

/// Places of the messages, and where what is hidden begins.
fn stretches(conn: &mut Conn) -> rialto::error::Result<Vec<(i64, Option<i64>)>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        seq: i64,
        #[diesel(sql_type = Nullable<BigInt>)]
        hides_from: Option<i64>,
    }
    let rows: Vec<Row> = sql_query("SELECT seq, hides_from FROM messages ORDER BY room, seq").load(conn)?;
    Ok(rows.into_iter().map(|row| (row.seq, row.hides_from)).collect())
}

/// Hidden messages that an author sent.
const SENT: i64 = 30_000;

/// Makes many more of an author's newest message in a room.
async fn fill(town: &Town, room: RoomId, author: MemberId) {
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
}

#[actix_web::test]
async fn however_much_was_hidden_what_is_heard_is_counted_and_read() {
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
    let waits = async || {
        let page = bob.get("/api/v1/requests").await;
        (page["items"][0]["preview"].clone(), page["items"][0]["messages"].clone())
    };
    assert_eq!(waits().await, (json!("Heard"), json!(2)));
    act(&bob, Method::PUT, &format!("/api/v1/blocks/{}", ann.id)).await;
    ann.says(room, "k4", "Hidden too").await;
    // Only the newest row of hidden words grows: the older one is alone.
    fill(&town, room, ann.id).await;
    act(&bob, Method::DELETE, &block).await;
    ann.says(room, "k5", "Heard again").await;
    assert_eq!(waits().await, (json!("Heard again"), json!(3)));

    bob.says_yes().await;
    assert_eq!(bodies(&bob, room, "").await.0, ["Before", "Heard", "Heard again"]);
    assert_eq!(of_mine(&bob, room, "unread").await, json!(3));
    town.close().await;
}

/// More lanes of writers than either database has.
const LANES: u64 = 8;

/// What is asked of the database by those who write in it, while somebody does something.
async fn heard<T>(town: &Town, act: impl Future<Output = T>) -> (T, Vec<String>) {
    let all = Arc::new(Mutex::new(Vec::new()));
    let db = &town.app().ground.db;
    for lane in 0..LANES {
        let into = Arc::clone(&all);
        let listens = db.write_command(lane, 0, move |tx| {
            tx.set_instrumentation(move |event: InstrumentationEvent<'_>| {
                if let InstrumentationEvent::StartQuery { query, .. } = event {
                    into.lock().expect("not poisoned").push(query.to_string());
                }
            });
            Ok(())
        });
        listens.await.expect("it listens");
    }
    let done = act.await;
    for lane in 0..LANES {
        let ends = db.write_command(lane, 0, |tx| {
            tx.set_instrumentation(None::<fn(InstrumentationEvent<'_>)>);
            Ok(())
        });
        ends.await.expect("it listens no more");
    }
    let all = all.lock().expect("not poisoned").clone();
    (done, all)
}

/// Does a statement that reads messages go through more of them than those that it answers with? It does where a room's are walked, or all of an
/// author's, however few of them are wanted.
fn walks(sought: &[Sought], plan: &str) -> bool {
    let of_messages = |sought: &&Sought| sought.index.starts_with("messages_by");
    let by_room = sought.iter().filter(of_messages).any(|each| !each.keys.contains("seq"));
    by_room || ["SCAN messages", "Seq Scan on messages", "Backward using messages_pkey"].iter().any(|walk| plan.contains(walk))
}

#[actix_web::test]
async fn a_report_of_a_request_names_the_newest_heard_words_and_walks_no_hidden_ones_to_find_them() {
    let town = Town::new().await;
    let (keeper, ann, bob) = (town.owner("keeper").await, town.member("ann").await, town.member("bob").await);
    lets(&bob, "message", &["contacts"]).await;
    let room = talk(&ann, &bob).await;
    let block = format!("/api/v1/blocks/{}", ann.id);
    act(&bob, Method::PUT, &block).await;
    ann.says(room, "k4", "Hidden").await;
    fill(&town, room, ann.id).await;
    act(&bob, Method::DELETE, &block).await;
    ann.says(room, "k5", "Heard").await;
    let (me, request) = (bob.id, newest_request(&bob).await);
    act(&bob, Method::PUT, &block).await;
    ann.says(room, "k6", "Hidden again").await;
    let path = format!("/api/v1/requests/{request}/report");
    let (_, asked) = heard(&town, acts(&bob, Method::POST, &path, Some(json!({ "reason": "spam" })))).await;
    assert_eq!(keeper.get("/api/v1/admin/reports").await["items"][0]["excerpt"], "Heard", "nothing of what was not for bob");
    let explained = town.app().ground.db.read(move |conn| {
        let reads = |statement: &String| statement.contains("messages") && !statement.starts_with("INSERT");
        let plans: Vec<_> = asked.into_iter().filter(reads).map(|statement| (plan(conn, &statement), statement)).collect();
        // The same words, found by going through the room: a checker that lets this through sees nothing.
        let naive = format!(
            "SELECT body FROM messages WHERE room = $1 AND author = $2 AND NOT unheard ORDER BY id DESC LIMIT 1 -- binds: [{room}, {me}]"
        );
        Ok((plans, plan(conn, &naive)))
    });
    let (plans, naive) = explained.await.expect("explained");
    assert!(plans.iter().any(|((sought, _), _)| by_author(sought)), "hidden words are found by their author: {plans:#?}");
    for ((sought, plan), statement) in &plans {
        assert!(!walks(sought, plan), "{plan} for {statement}");
    }
    assert!(walks(&naive.0, &naive.1), "{}", naive.1);
    town.close().await;
}

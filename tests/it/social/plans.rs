//! How the databases find what was hidden in a conversation: by keys, however much of it there is.

use std::sync::{Arc, Mutex};

use diesel::RunQueryDsl;
use diesel::connection::{Connection, InstrumentationEvent, SimpleConnection};
use reqwest::Method;
use rialto::chat::{catch_up, render_room_rows};
use rialto::error::Result;
use rialto::storage::{Conn, room_rows};
use serde_json::json;

use super::{act, talk};
use crate::support::Town;

/// Messages that the blocked author sent.
const SENT: i64 = 5_000;

/// What `read` asks the database, each statement with the values that it was given.
fn asked<T>(conn: &mut Conn, read: impl FnOnce(&mut Conn) -> Result<T>) -> Vec<String> {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&heard);
    conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            into.lock().expect("one thread").push(query.to_string());
        }
    });
    read(conn).expect("it can be read");
    conn.set_instrumentation(None::<fn(InstrumentationEvent<'_>)>);
    heard.lock().expect("one thread").clone()
}

#[derive(diesel::QueryableByName)]
struct SqlitePlan {
    #[diesel(sql_type = diesel::sql_types::Text)]
    detail: String,
}

#[derive(diesel::QueryableByName)]
struct PostgresPlan {
    #[diesel(sql_type = diesel::sql_types::Text, column_name = "QUERY PLAN")]
    detail: String,
}

/// How the database goes about a statement.
fn plan(conn: &mut Conn, asked: &str) -> String {
    let (statement, values) = asked.split_once(" -- binds: ").expect("its values");
    match conn {
        Conn::Sqlite(conn) => {
            let rows: Vec<SqlitePlan> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {statement}")).load(conn).expect("a plan");
            rows.into_iter().map(|row| row.detail).collect::<Vec<_>>().join("; ")
        }
        Conn::Pg(conn) => {
            let values: serde_json::Value = serde_json::from_str(values).expect("numbers");
            let text = |value: &serde_json::Value| match value {
                serde_json::Value::Array(all) => {
                    format!("'{{{}}}'::bigint[]", all.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))
                }
                one => one.to_string(),
            };
            let values = values.as_array().expect("a list").iter().map(text).enumerate();
            let filled = values.fold(statement.to_owned(), |filled, (n, value)| filled.replace(&format!("${}", n + 1), &value));
            // Here nearly every row is what one of the statements looks for: any will do, and the table itself is read soonest.
            conn.batch_execute("SET enable_seqscan = off").expect("set");
            let rows: Vec<PostgresPlan> = diesel::sql_query(format!("EXPLAIN {filled}")).load(conn).expect("a plan");
            rows.into_iter().map(|row| row.detail).collect::<Vec<_>>().join("; ")
        }
    }
}

#[actix_web::test]
async fn what_was_hidden_is_found_by_its_author_and_nobody_walks_what_they_said_themselves() {
    let town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let room = talk(&ann, &bob).await;
    let (root, _) = ann.says(room, "k1", "Before").await;
    act(&bob, Method::PUT, &format!("/api/v1/blocks/{}", ann.id)).await;
    ann.post(&format!("/api/v1/rooms/{room}/messages"), json!({ "client_key": "k2", "body": "Canary", "thread": root })).await;
    let (author, reader) = (ann.id, bob.id);
    let filled = town.app().ground.db.write(move |tx| {
        let made = match &mut **tx {
            Conn::Sqlite(_) => format!("WITH RECURSIVE made(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM made WHERE n < {SENT})"),
            Conn::Pg(_) => format!("WITH made(n) AS (SELECT generate_series(1, {SENT}))"),
        };
        tx.batch_execute(&format!(
            "INSERT INTO messages (id, room, seq, author, client_key, body_hash, body, body_html, renderer, thread, thread_count, reactions, sent_at, unheard) \
             {made} SELECT id + n, room, seq + n, author, client_key || '-' || n, body_hash, body, body_html, renderer, \
             CASE WHEN n % 2 = 0 THEN thread END, 0, 0, sent_at, unheard FROM messages, made WHERE client_key = 'k2' AND author = {author}"
        ))?;
        tx.batch_execute("ANALYZE")?;
        Ok(())
    });
    filled.await.expect("filled");
    let explained = town.app().ground.db.read(move |conn| {
        let mut plans = Vec::new();
        for who in [author, reader] {
            let rows = room_rows(conn, room, 0, 50)?;
            let mut all = asked(conn, |conn| render_room_rows(conn, room, rows, Some(who)));
            all.extend(asked(conn, |conn| catch_up(conn, who, room, 0)));
            let about = |statement: &String| statement.contains("unheard)") || statement.contains("heard IS NOT NULL)");
            plans.extend(all.into_iter().filter(about).map(|statement| (plan(conn, &statement), statement)));
        }
        Ok(plans)
    });
    let plans = explained.await.expect("explained");
    assert!(plans.len() >= 5, "{plans:#?}");
    for (plan, statement) in &plans {
        let indices = ["messages_unheard", "messages_heard", "messages_unheard_answers"];
        assert!(indices.iter().any(|index| plan.contains(index)), "{plan} for {statement}");
        assert!(plan.contains("author"), "by its author: {plan} for {statement}");
    }
    assert!(plans.iter().any(|(plan, _)| plan.contains("messages_unheard_answers")), "{plans:#?}");
    town.close().await;
}

//! How the databases find what was hidden in a conversation: by keys, however much of it there is.

use std::sync::{Arc, Mutex};

use diesel::RunQueryDsl;
use diesel::connection::{Connection, InstrumentationEvent, SimpleConnection};
use reqwest::Method;
use rialto::chat::{catch_up, render_room_rows};
use rialto::error::Result;
use rialto::social::inbox;
use rialto::storage::{Conn, room_rows};
use serde_json::json;

use super::{act, lets, talk};
use crate::support::{NOON, Town};

/// Messages that the blocked author sent.
const SENT: i64 = 5_000;

/// What `read` asks the database, each statement with the values that it was given.
pub(super) fn asked<T>(conn: &mut Conn, read: impl FnOnce(&mut Conn) -> Result<T>) -> Vec<String> {
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

/// A statement with its values in it, for a database that plans by them.
fn filled(statement: &str, values: &serde_json::Value) -> String {
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::Array(all) => {
            format!("'{{{}}}'::bigint[]", all.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))
        }
        one => one.to_string(),
    };
    let values = values.as_array().expect("a list").iter().map(text).enumerate();
    // From the last one on: `$1` is also the beginning of `$10`.
    values.rev().fold(statement.to_owned(), |filled, (n, value)| filled.replace(&format!("${}", n + 1), &value))
}

/// An index that a plan looks keys up in, and the conditions that are keys: what else holds of the rows is asked of each that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sought {
    pub index: String,
    pub keys: String,
}

/// What SQLite looks up: `SEARCH messages USING INDEX messages_unheard (room=? AND author=?)`.
fn sought_by_sqlite(line: &str) -> Option<Sought> {
    let (_, found) = line.split_once(" INDEX ")?;
    let (index, keys) = found.split_once(' ')?;
    Some(Sought { index: index.to_owned(), keys: keys.to_owned() })
}

/// What PostgreSQL looks up: the condition of an index stands below the line that names it, and a filter is another line.
fn sought_by_postgres(lines: &[String]) -> Vec<Sought> {
    let (mut index, mut all) = (String::new(), Vec::new());
    for line in lines {
        if let Some((_, found)) = line.split_once(" using ").or_else(|| line.split_once("Bitmap Index Scan on ")) {
            found.split(' ').next().unwrap_or_default().clone_into(&mut index);
        }
        if let Some((_, keys)) = line.split_once("Index Cond: ") {
            all.push(Sought { index: index.clone(), keys: keys.to_owned() });
        }
    }
    all
}

/// How the database goes about a statement, and what it looks up by keys.
pub(super) fn plan(conn: &mut Conn, asked: &str) -> (Vec<Sought>, String) {
    let (statement, values) = asked.split_once(" -- binds: ").expect("its values");
    match conn {
        Conn::Sqlite(conn) => {
            let rows: Vec<SqlitePlan> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {statement}")).load(conn).expect("a plan");
            let lines: Vec<String> = rows.into_iter().map(|row| row.detail).collect();
            (lines.iter().filter_map(|line| sought_by_sqlite(line)).collect(), lines.join("; "))
        }
        Conn::Pg(conn) => {
            let filled = filled(statement, &serde_json::from_str(values).expect("numbers"));
            // Here nearly every row is what one of the statements looks for: any will do, and the table itself is read soonest.
            conn.batch_execute("SET enable_seqscan = off").expect("set");
            let rows: Vec<PostgresPlan> = diesel::sql_query(format!("EXPLAIN {filled}")).load(conn).expect("a plan");
            let lines: Vec<String> = rows.into_iter().map(|row| row.detail).collect();
            (sought_by_postgres(&lines), lines.join("; "))
        }
    }
}

/// The indices of what was hidden.
const HIDDEN: [&str; 3] = ["messages_unheard", "messages_heard", "messages_unheard_answers"];

/// Is one of these indices asked by its author?
pub(super) fn by_author(sought: &[Sought]) -> bool {
    sought.iter().any(|sought| HIDDEN.contains(&sought.index.as_str()) && sought.keys.contains("author"))
}

#[test]
fn a_key_is_told_from_a_filter_and_ten_values_from_one() {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let keyed =
        "Index Scan using messages_unheard on messages  (cost=0.1..2.3 rows=1 width=8)\n  Index Cond: ((room = 1) AND (author = 2))";
    let filtered =
        "Index Scan using messages_unheard on messages  (cost=0.1..2.3 rows=1 width=8)\n  Index Cond: (room = 1)\n  Filter: (author = 2)";
    let bitmap = "Bitmap Heap Scan on messages\n  Recheck Cond: ((room = 1) AND (author = 2) AND unheard)\n  ->  Bitmap Index Scan on messages_unheard  (cost=0)\n        Index Cond: ((room = 1) AND (author = 2))";
    let elsewhere = "Index Scan using messages_by_key on messages\n  Index Cond: (author = 2)";
    for (text, is) in [(keyed, true), (filtered, false), (bitmap, true), (elsewhere, false)] {
        assert_eq!(by_author(&sought_by_postgres(&lines(text))), is, "{text}");
    }
    for (line, is) in [
        ("SEARCH messages USING INDEX messages_unheard (room=? AND author=?)", true),
        ("SEARCH messages USING COVERING INDEX messages_unheard (room=? AND author=?)", true),
        ("SEARCH messages USING INDEX messages_unheard (room=?)", false),
        ("SCAN messages", false),
    ] {
        assert_eq!(by_author(&sought_by_sqlite(line).into_iter().collect::<Vec<_>>()), is, "{line}");
    }
    let values = json!([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, [11, 12]]);
    assert_eq!(filled("$1 $10 $2 $11", &values), "1 10 2 '{11,12}'::bigint[]");
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
            "INSERT INTO messages (id, room, seq, author, client_key, body_hash, body, body_html, renderer, thread, thread_count, reactions, sent_at, unheard, hides_from) \
             {made} SELECT id + n, room, seq + n, author, client_key || '-' || n, body_hash, body, body_html, renderer, \
             CASE WHEN n % 2 = 0 THEN thread END, 0, 0, sent_at, unheard, hides_from FROM messages, made WHERE client_key = 'k2' AND author = {author}"
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
        // The same rows, found otherwise: a checker that lets this through sees nothing.
        let control =
            plan(conn, &format!("SELECT id FROM messages WHERE room = $1 AND unheard AND author + 0 = $2 -- binds: [{room}, {author}]"));
        Ok((plans, control))
    });
    let (plans, control) = explained.await.expect("explained");
    assert!(plans.len() >= 5, "{plans:#?}");
    for ((sought, plan), statement) in &plans {
        assert!(by_author(sought), "by its author: {plan} for {statement}");
    }
    let of_answers = |sought: &[Sought]| sought.iter().any(|sought| sought.index == "messages_unheard_answers");
    assert!(plans.iter().any(|((sought, _), _)| of_answers(sought)), "{plans:#?}");
    assert!(!by_author(&control.0), "a filter is no key: {}", control.1);
    town.close().await;
}

#[actix_web::test]
async fn the_inbox_is_read_by_as_many_statements_however_many_wait() {
    let town = Town::with(|config| config.raised_limits = true).await;
    let bob = town.member("bob").await;
    lets(&bob, "message", &["contacts"]).await;
    let (me, mut counts) = (bob.id, Vec::new());
    for n in 0..12 {
        let asker = town.member(&format!("asker{n}")).await;
        let room = talk(&asker, &bob).await;
        for m in 0..=n % 3 {
            asker.says(room, &format!("k{m}"), &format!("Words *{m}* of {n}")).await;
        }
        let read = town.app().ground.db.read(move |conn| {
            let mut page = None;
            let asked = asked(conn, |conn| {
                page = Some(inbox(conn, me, None, 50, NOON)?);
                Ok(())
            });
            Ok((asked.len(), page.expect("read")))
        });
        let (count, page) = read.await.expect("read");
        counts.push(count);
        let newest = &page.items[0];
        assert_eq!((page.items.len(), newest.messages), (n + 1, n % 3 + 1));
        assert_eq!(newest.preview.as_deref(), Some(format!("Words {} of {n}", n % 3).as_str()));
    }
    assert!(counts[0] > 0 && counts.iter().all(|count| *count == counts[0]), "{counts:?}");
    town.close().await;
}

//! How the databases go about what is asked of people: by keys, and by as many statements however much there is.

use diesel::connection::SimpleConnection;
use reqwest::Method;
use rialto::chat::{catch_up, render_room_rows};
use rialto::settings::Settings;
use rialto::social::{self, Act, Asker, inbox};
use rialto::storage::{Conn, room_rows};
use serde_json::json;

use super::{act, acts, lets, talk};
use crate::support::plans::{Sought, asked, plan};
use crate::support::{NOON, Town};

/// Messages that the blocked author sent.
const SENT: i64 = 5_000;

/// The indices of what was hidden.
const HIDDEN: [&str; 3] = ["messages_unheard", "messages_heard", "messages_unheard_answers"];

/// Is one of these indices asked by its author?
pub(super) fn by_author(sought: &[Sought]) -> bool {
    sought.iter().any(|sought| HIDDEN.contains(&sought.index.as_str()) && sought.keys.contains("author"))
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

#[actix_web::test]
async fn who_reaches_whom_is_asked_by_two_statements_and_a_third_where_roles_are_named() {
    let town = Town::new().await;
    let (keeper, ann, bob) = (town.owner("keeper").await, town.member("ann").await, town.member("bob").await);
    for list in ["contacts", "follows", "me/always"] {
        act(&bob, Method::PUT, &format!("/api/v1/{list}/{}", ann.id)).await;
    }
    let (from, to) = (ann.id, bob.id);
    let statements = async |act| {
        let asked = town.app().ground.db.read(move |conn| {
            let settings = Settings::default();
            Ok(asked(conn, |conn| social::answer(conn, &settings, &Asker::plain(from, act), to, false, NOON)))
        });
        asked.await.expect("asked")
    };
    for act in Act::ALL {
        let asked = statements(act).await;
        assert_eq!(asked.len(), 2, "{act:?}: {asked:#?}");
        assert_eq!(asked.iter().filter(|statement| statement.contains("relations")).count(), 1, "both directions by one: {asked:#?}");
    }
    let role = keeper.post("/api/v1/admin/roles", json!({ "name": "Crew", "permissions": [] })).await["id"].clone();
    let rule = json!({ "call": { "from": ["roles"], "roles": [role] } });
    acts(&bob, Method::PUT, "/api/v1/me/reach", Some(rule)).await;
    assert_eq!((statements(Act::Call).await.len(), statements(Act::Message).await.len()), (3, 2));
    town.close().await;
}

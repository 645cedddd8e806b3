//! What the dashboard lists is read in the order of an index, and a further page begins in it: however much there is, as much is read.

use diesel::connection::SimpleConnection;
use rialto::access::Permit;
use rialto::billing;
use rialto::calls::{self, CallKind, Cause, OverseeCalls, Sought};
use rialto::ids::MemberId;
use rialto::members::{self, MemberFilter, MemberState};
use rialto::storage::{Conn, Tx, audit_rows};

use super::owner_of;
use crate::support::plans::{self, asked, plan, walks};
use crate::support::{NOON, Town};

/// Rows of each table while the plans are asked for.
const ROWS: i64 = 5_000;
const DAY: i64 = 86_400_000;

/// The numbers of so many rows, and a hash made of each.
fn made(conn: &Conn) -> (String, &'static str) {
    match conn {
        Conn::Sqlite(_) => {
            (format!("WITH RECURSIVE made(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM made WHERE n < {ROWS})"), "CAST('k' || n AS BLOB)")
        }
        Conn::Pg(_) => (format!("WITH made(n) AS (SELECT generate_series(1, {ROWS}))"), "convert_to('k' || n, 'UTF8')"),
    }
}

/// Members who are called like Ann, acts, and calls.
fn fill(tx: &mut Tx<'_>) -> rialto::error::Result<()> {
    let (made, _) = made(tx);
    let kept =
        "pronouns, bio, status_emoji, status_text, hue, language, time_zone, theme, state, permissions, welcomed, created_at, last_seen_at";
    tx.batch_execute(&format!(
        "INSERT INTO members (id, username, display_name, name_key, {kept}) \
         {made} SELECT id + n, username || n, display_name || n, name_key || n, {kept} FROM members, made WHERE username = 'ann'"
    ))?;
    tx.batch_execute(&format!(
        "INSERT INTO audit (id, at, act, subject_kind, subject) \
         {made} SELECT n, n, CASE WHEN n % 100 = 0 THEN 'members.mute' WHEN n % 100 = 1 THEN 'members.ban' ELSE 'rooms.change' END, 'room', '1' FROM made"
    ))?;
    tx.batch_execute(&format!(
        "INSERT INTO calls (id, kind, video, starter, client_key, started_at, locked, ended_at, cause, members, pictures) \
         {made} SELECT n, CASE WHEN n % 500 = 0 THEN 2 ELSE n % 2 END, FALSE, 1, 'k' || n, n, FALSE, n, n % 5, 2, FALSE FROM made"
    ))?;
    tx.batch_execute("ANALYZE")?;
    Ok(())
}

#[actix_web::test]
async fn sessions_that_are_over_are_found_by_keys_and_end_a_thousand_of_a_sort_at_a_time() {
    let town = Town::new().await;
    let ann = town.member("ann").await.id;
    let ended = town.app().ground.db.write(move |tx| {
        let (made, hash) = made(tx);
        // Each three: one that was forgotten, one that is old, a token that nobody uses, which stays.
        tx.batch_execute(&format!(
            "INSERT INTO sessions (id, member, kind, token_hash, name, address, scopes, created_at, last_seen_at, expires_at) \
             {made} SELECT n, {ann}, n % 3, {hash}, '', '', 0, 1, CASE n % 3 WHEN 1 THEN {NOON} ELSE 1 END, \
             CASE n % 3 WHEN 1 THEN {NOON} ELSE {NOON} + {DAY} END FROM made"
        ))?;
        let mut plans = Vec::new();
        for statement in asked(tx, |conn| members::sessions_over(conn, NOON).map(drop)) {
            plans.push((plan(tx, &statement), statement));
        }
        let mut rounds = Vec::new();
        loop {
            let over = members::sessions_over(tx, NOON)?;
            if over.is_empty() || rounds.len() > 5 {
                break;
            }
            rounds.push(over.len());
            members::clean_sessions(tx)?;
        }
        Ok((plans, rounds))
    });
    let (plans, rounds) = ended.await.expect("ended");
    assert_eq!(plans.len(), 2, "{plans:#?}");
    for ((sought, plan), statement) in &plans {
        assert!(!walks(sought, plan), "{plan} for {statement}");
    }
    assert_eq!(rounds, [2_000, 1_333], "all but the tokens");
    town.close().await;
}

/// How the database goes about the one statement that puts rows of this table in order.
fn list(conn: &mut Conn, table: &str, all: Vec<String>) -> (Vec<plans::Sought>, String) {
    let is_it = |statement: &&String| {
        let statement = statement.replace('`', "\"");
        statement.contains(&format!("FROM \"{table}\"")) && statement.contains("ORDER BY") && statement.contains("LIMIT")
    };
    let found: Vec<&String> = all.iter().filter(is_it).collect();
    assert_eq!(found.len(), 1, "{all:#?}");
    plan(conn, found[0])
}

fn is_sorted_anew(plan: &str) -> bool {
    plan.contains("TEMP B-TREE") || plan.contains("Sort")
}

#[actix_web::test]
async fn members_are_listed_in_the_order_of_an_index_from_wherever_the_page_begins() {
    let town = Town::new().await;
    let ann = town.member("ann").await.id;
    let after = Some(MemberId(ann.0 + 3_000));
    let explained = town.app().ground.db.write(move |tx| {
        fill(tx)?;
        let all = MemberFilter { limit: 50, ..MemberFilter::default() };
        let active = MemberFilter { state: Some(MemberState::Active), ..all.clone() };
        let filters = [
            ("members_by_name", "", all.clone()),
            ("members_by_name", "name_key", MemberFilter { after, ..all.clone() }),
            ("members_by_name", "", MemberFilter { q: "nobody".to_owned(), ..all }),
            ("members_by_state", "state", active.clone()),
            ("members_by_state", "name_key", MemberFilter { after, ..active.clone() }),
            ("members_by_state", "state", MemberFilter { q: "nobody".to_owned(), ..active }),
        ];
        let mut plans = Vec::new();
        for (index, key, filter) in filters {
            let told = format!("{filter:?}");
            let statements = asked(tx, |conn| members::accounts(conn, filter, NOON).map(drop));
            plans.push((index, key, told, list(tx, "members", statements)));
        }
        // The same list, put in order otherwise: a checker that lets this through sees nothing.
        let naive = plan(tx, "SELECT id FROM members WHERE state = $1 ORDER BY bio, id LIMIT 50 -- binds: [0]");
        Ok((plans, naive))
    });
    let (plans, naive) = explained.await.expect("explained");
    for (index, key, told, (sought, plan)) in plans {
        assert!(plan.contains(index) && !is_sorted_anew(&plan), "{told}: {plan}");
        assert!(key.is_empty() || sought.iter().any(|sought| sought.index == index && sought.keys.contains(key)), "{told}: {plan}");
    }
    assert!(is_sorted_anew(&naive.1), "{}", naive.1);
    town.close().await;
}

#[actix_web::test]
async fn acts_calls_and_money_are_found_by_their_keys() {
    let town = Town::new().await;
    let (owner, _) = (owner_of(&town).await, town.member("ann").await);
    let (owner, board) = (owner.id, town.app().calls.clone());
    let explained = town.app().ground.db.write(move |tx| {
        fill(tx)?;
        let actor = members::seed::actor_of(tx, owner)?;
        let may = OverseeCalls::check(tx, &actor, ())?;
        let mut plans = Vec::new();
        let mut acts = Vec::new();
        for statement in asked(tx, |conn| audit_rows(conn, None, Some("members."), 30).map(|rows| acts = rows)) {
            plans.push((plan(tx, &statement), statement));
        }
        for statement in asked(tx, |conn| billing::earned_by_day(conn, NOON - 90 * DAY).map(drop)) {
            plans.push((plan(tx, &statement), statement));
        }
        let subscription = "SELECT id FROM orders WHERE subscription = $1 ORDER BY id DESC LIMIT 1 -- binds: [7]".to_owned();
        plans.push((plan(tx, &subscription), subscription));
        let mut calls = Vec::new();
        for (index, sought) in [
            ("calls_by_cause", Sought { cause: Some(Cause::Failed), ..Sought::default() }),
            ("calls_by_kind", Sought { kind: Some(CallKind::Room), ..Sought::default() }),
        ] {
            let statements = asked(tx, |conn| calls::overseen(conn, &may, &board, false, (&sought, 50), NOON).map(drop));
            calls.push((index, list(tx, "calls", statements)));
        }
        Ok((acts, plans, calls))
    });
    let (acts, plans, calls) = explained.await.expect("explained");
    // Both acts that begin so, the newest first.
    let newest: Vec<i64> = acts.iter().map(|row| row.id.0).collect();
    let expected: Vec<i64> = (0..ROWS).rev().filter(|n| n % 100 < 2 && *n > 0).collect();
    let expected: Vec<i64> = std::iter::once(ROWS).chain(expected).take(30).collect();
    assert_eq!(newest, expected);
    assert!(plans.len() >= 7, "{plans:#?}");
    for ((sought, plan), statement) in &plans {
        assert!(!walks(sought, plan), "{plan} for {statement}");
    }
    for (index, (sought, plan)) in &calls {
        assert!(sought.iter().any(|sought| sought.index == *index), "{plan}");
        // The few that its index finds PostgreSQL may put in order itself.
        assert!(!is_sorted_anew(plan) || plan.contains("Bitmap"), "{plan}");
    }
    town.close().await;
}

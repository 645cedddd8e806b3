//! Figures of each day: counted once, kept when the day is over, for those who may see them, and never by reading everything.

use std::sync::atomic::Ordering;

use diesel::connection::SimpleConnection;
use reqwest::Method;
use rialto::admin::figures::{Seen, charts, keep, note_times};
use rialto::billing::{self, Every, NewPayment, NewSale};
use rialto::chat::RoomKind;
use rialto::ids::PlanId;
use rialto::money::Currency;
use rialto::storage::Conn;
use serde_json::{Value, json};

use super::{done, owner_of, with_rights};
use crate::support::plans::{asked, plan, walks};
use crate::support::{NOON, Person, Town};

const CHARTS: &str = "/api/v1/admin/charts";
const DAY: i64 = 86_400_000;

fn named<'a>(all: &'a Value, name: &str) -> Option<&'a Vec<Value>> {
    all["charts"].as_array().expect("charts").iter().find(|chart| chart["name"] == name).and_then(|chart| chart["points"].as_array())
}

/// The newest values of a chart, today last.
async fn newest(owner: &Person, name: &str, count: usize) -> Vec<Value> {
    let all = owner.get(CHARTS).await;
    let points = named(&all, name).expect("a chart");
    points[points.len() - count..].iter().map(|point| point["value"].clone()).collect()
}

#[actix_web::test]
async fn a_day_is_counted_once_and_stays_what_it_was_when_it_is_over() {
    let town = Town::new().await;
    let owner = owner_of(&town).await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let room = town.room(&ann, RoomKind::Public, "Harbour", &[&bob]).await;
    for n in 0..3 {
        ann.says(room, &format!("k{n}"), "Ahoy").await;
    }
    assert_eq!(newest(&owner, "messages", 2).await, [Value::Null, json!(3)], "before the community nothing is known");
    assert_eq!(newest(&owner, "members", 2).await, [Value::Null, json!(3)]);
    assert_eq!(owner.get("/api/v1/admin/summary").await["messages_today"], 3);

    // In the middle of the day they are counted, and one more comes.
    let ground = town.app().ground.clone();
    town.hand.fetch_add(120_000, Ordering::Relaxed);
    keep(&ground).await.expect("kept");
    let (late, _) = bob.says(room, "k9", "Late").await;
    assert_eq!(newest(&owner, "messages", 2).await, [Value::Null, json!(4)]);
    assert_eq!(owner.get("/api/v1/admin/summary").await["messages_today"], 4);

    // The day is over.
    town.hand.fetch_add(DAY, Ordering::Relaxed);
    let owner = town.again(&owner).await;
    keep(&ground).await.expect("kept");
    keep(&ground).await.expect("and once more");
    let bob = town.again(&bob).await;
    assert_eq!(bob.call(Method::DELETE, &format!("/api/v1/rooms/{room}/messages/{late}"), None).await.0, 200);
    bob.says(room, "k10", "Morning").await;
    town.member("new").await;
    assert_eq!(newest(&owner, "messages", 3).await, [Value::Null, json!(4), json!(1)], "what was sent stays counted");
    assert_eq!(newest(&owner, "members", 3).await, [Value::Null, json!(3), json!(4)]);
    assert_eq!(newest(&owner, "call_minutes", 3).await, [Value::Null, json!(0), json!(0)]);
    let sizes = newest(&owner, "storage", 3).await;
    assert!(sizes[0].is_null() && sizes[1].as_i64() > Some(0) && sizes[2].as_i64() > Some(0), "{sizes:?}");
    assert_eq!(owner.get("/api/v1/admin/summary").await["messages_today"], 1);

    // A community that was off for three days has them all the same.
    town.hand.fetch_add(3 * DAY, Ordering::Relaxed);
    let owner = town.again(&owner).await;
    keep(&ground).await.expect("kept");
    assert_eq!(newest(&owner, "messages", 6).await, [Value::Null, json!(4), json!(1), json!(0), json!(0), json!(0)]);
    assert_eq!(newest(&owner, "members", 4).await, [json!(4), json!(4), json!(4), json!(4)]);
    town.close().await;
}

#[actix_web::test]
async fn minutes_in_calls_count_on_the_day_on_which_the_call_began_whenever_it_ended() {
    let town = Town::new().await;
    let owner = owner_of(&town).await;
    let bob = town.member("bob").await;
    let story = rialto::calls::seed::CallStory {
        room: None,
        is_group: false,
        video: false,
        starter: owner.id,
        others: vec![(bob.id, rialto::calls::Fate::Taken)],
        seconds: 600,
        cause: Some(rialto::calls::Cause::Left),
        quality: None,
    };
    let placed = town.app().ground.db.write(move |tx| rialto::calls::seed::place_call(tx, &story));
    let call = placed.await.expect("a call");
    assert_eq!(newest(&owner, "call_minutes", 1).await, [json!(20)], "ten minutes of each of the two");
    let ground = town.app().ground.clone();
    town.hand.fetch_add(DAY, Ordering::Relaxed);
    keep(&ground).await.expect("closed");
    done(&town, format!("UPDATE call_people SET seconds = seconds + 300 WHERE call = {call}")).await;
    town.hand.fetch_add(DAY, Ordering::Relaxed);
    keep(&ground).await.expect("closed again");
    let owner = town.again(&owner).await;
    assert_eq!(newest(&owner, "call_minutes", 3).await, [json!(30), json!(0), json!(0)], "somebody stayed over midnight");
    town.close().await;
}

#[actix_web::test]
async fn how_long_answers_take_is_added_up_over_the_day() {
    let town = Town::new().await;
    let owner = owner_of(&town).await;
    assert_eq!(newest(&owner, "latency", 1).await, [Value::Null]);
    let times = town.app().metrics.take_times();
    assert!(times.iter().sum::<u64>() >= 2, "what was answered was timed: {times:?}");
    let mut counts = [0; 13];
    (counts[3], counts[6]) = (95, 5);
    for _ in 0..2 {
        town.app().ground.db.write(move |tx| note_times(tx, &counts)).await.expect("noted");
    }
    assert_eq!(newest(&owner, "latency", 1).await, [json!(10)]);
    counts = [0; 13];
    counts[12] = 1;
    town.app().ground.db.write(move |tx| note_times(tx, &counts)).await.expect("noted");
    assert_eq!(newest(&owner, "latency", 1).await, [json!(100)], "190 of 201 are less than 95 of 100");
    town.close().await;
}

#[actix_web::test]
async fn money_is_for_those_who_take_it_and_the_rest_for_those_who_keep_the_community() {
    let town = Town::new().await;
    let owner = owner_of(&town).await;
    let plan: PlanId = owner.get("/api/v1/plans").await["items"][0]["id"].as_str().expect("a plan").parse().expect("an id");
    let payment = NewPayment {
        amount: 500,
        currency: None,
        every: Some(Every::Month),
        method: rialto::billing::Method::Cash,
        reference: String::new(),
        received_at: Some(NOON - 2 * DAY),
    };
    let (payer, maker) = (town.member("payer").await.id, owner.id);
    let (sale, selling) = (NewSale { plan, price: None, payment }, town.app().billing.clone());
    town.app().ground.db.write(move |tx| billing::seed::place_sale(tx, &selling, payer, maker, &sale).map(drop)).await.expect("paid");
    assert_eq!(
        newest(&owner, "revenue", 3).await,
        [json!(500), json!(0), json!(0)],
        "on the day on which it came, whenever it was written down"
    );

    let names = |all: &Value| all["charts"].as_array().expect("charts").iter().map(|chart| chart["name"].clone()).collect::<Vec<_>>();
    let cashier = with_rights(&town, &owner, "cashier", &["payments.record"]).await;
    assert_eq!(names(&cashier.get(CHARTS).await), ["revenue"]);
    let keeper = with_rights(&town, &owner, "keeper", &["settings.manage"]).await;
    assert_eq!(names(&keeper.get(CHARTS).await), ["members", "messages", "call_minutes", "storage", "latency"]);
    let page = cashier.page_text("/admin/figures").await;
    assert!(page.contains("€5.00") && !page.contains("chart-members"), "{page}");
    town.member("plain").await.refused(Method::GET, CHARTS, None, 403, "access.not_allowed").await;
    town.close().await;
}

#[actix_web::test]
async fn the_page_draws_each_chart_with_its_numbers_over_either_span() {
    let town = Town::new().await;
    let owner = owner_of(&town).await;
    let room = town.room(&owner, RoomKind::Public, "Harbour", &[]).await;
    owner.says(room, "k1", "Ahoy").await;
    for (query, days) in [("", 30), ("?days=90", 90), ("?days=7", 30)] {
        let page = owner.page_text(&format!("/admin/figures{query}")).await;
        assert!(page.contains(&format!("viewBox=\"0 0 {} 1000\"", days * 10)), "{query}: {page}");
        let messages = page.split("data-chart=\"messages\"").nth(1).and_then(|rest| rest.split("</section>").next()).expect("a chart");
        assert_eq!((messages.matches("<tr>").count(), messages.matches("role=\"img\"").count()), (days + 1, 1), "{messages}");
        assert!(messages.contains(&format!("M{} 1000V0h8V1000Z", (days - 1) * 10 + 1)), "today's bar: {messages}");
        assert!(messages.contains("2026-11-01"), "{messages}");
    }
    assert_eq!(owner.get(&format!("{CHARTS}?days=90")).await["charts"][0]["points"].as_array().map(Vec::len), Some(90));
    let (status, answer) = owner.call(Method::GET, &format!("{CHARTS}?days=31"), None).await;
    assert_eq!((status.as_u16(), &answer["problems"][0]["code"]), (422, &json!("figures.days")), "{answer}");
    town.close().await;
}

/// Messages in the database while the plans are asked for.
const SENT: i64 = 5_000;

#[actix_web::test]
async fn no_page_of_figures_reads_what_grows_from_end_to_end() {
    let town = Town::new().await;
    let (ann, owner) = (town.member("ann").await, owner_of(&town).await);
    let room = town.room(&ann, RoomKind::Public, "Harbour", &[]).await;
    ann.says(room, "k1", "Ahoy").await;
    let filled = town.app().ground.db.write(move |tx| {
        let made = match &mut **tx {
            Conn::Sqlite(_) => format!("WITH RECURSIVE made(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM made WHERE n < {SENT})"),
            Conn::Pg(_) => format!("WITH made(n) AS (SELECT generate_series(1, {SENT}))"),
        };
        tx.batch_execute(&format!(
            "INSERT INTO messages (id, room, seq, author, client_key, body_hash, body, body_html, renderer, thread_count, reactions, sent_at, unheard) \
             {made} SELECT id + n, room, seq + n, author, client_key || '-' || n, body_hash, body, body_html, renderer, 0, 0, sent_at - n * 60000, unheard \
             FROM messages, made WHERE client_key = 'k1'"
        ))?;
        tx.batch_execute("ANALYZE messages")?;
        Ok(())
    });
    filled.await.expect("filled");
    let explained = town.app().ground.db.read(move |conn| {
        let seen = Seen { community: true, money: true };
        let mut all = asked(conn, |conn| charts(conn, seen, 90, Currency::EURO, NOON).map(drop));
        all.extend(asked(conn, |conn| rialto::admin::figures::messages_today(conn, NOON).map(drop)));
        all.extend(asked(conn, |conn| rialto::jobs::oldest_due(conn, NOON).map(drop)));
        all.extend(asked(conn, |conn| rialto::jobs::count_failing(conn).map(drop)));
        all.extend(asked(conn, |conn| rialto::mail::outcomes(conn, NOON - 7 * DAY, 3).map(drop)));
        let grows = ["messages", "members", "payments", "call_people", "day_figures", "jobs", "letters"];
        let about = |statement: &String| grows.iter().any(|table| statement.replace('`', "\"").contains(&format!("\"{table}\"")));
        let plans: Vec<_> = all.into_iter().filter(about).map(|statement| (plan(conn, &statement), statement)).collect();
        // The same counts, made otherwise: a checker that lets these through sees nothing.
        let naive = [
            "SELECT COUNT(*) FROM messages WHERE sent_at > $1 -- binds: [0]",
            "SELECT COUNT(*) FROM messages WHERE author + 0 = $1 -- binds: [7]",
        ];
        Ok((plans, naive.map(|statement| plan(conn, statement))))
    });
    let (plans, naive) = explained.await.expect("explained");
    assert!(plans.len() >= 9, "{plans:#?}");
    for ((sought, plan), statement) in &plans {
        assert!(!walks(sought, plan), "{plan} for {statement}");
    }
    for (sought, plan) in &naive {
        assert!(walks(sought, plan), "{plan}");
    }

    // Once they are counted they are all there, each on its day.
    town.hand.fetch_add(120_000, Ordering::Relaxed);
    keep(&town.app().ground).await.expect("kept");
    let all = owner.get(CHARTS).await;
    let sum: i64 = named(&all, "messages").expect("a chart").iter().filter_map(|point| point["value"].as_i64()).sum();
    assert_eq!(sum, SENT + 1);
    town.close().await;
}

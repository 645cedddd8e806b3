//! Retention: what is over goes, in time, in handfuls, and everywhere alike.

use std::sync::atomic::Ordering;

use reqwest::Method;
use rialto::chat::seed::{Said, place_plain_message};
use rialto::chat::{self, RoomKind};
use rialto::ids::RoomId;
use rialto::jobs;
use serde_json::{Value, json};

use super::{message, messages};
use crate::support::{Person, Town};

const DAY: i64 = 86_400_000;

fn room_at(room: RoomId) -> String {
    format!("/api/v1/rooms/{room}")
}

/// Ann leads a room with bob in it; the keeper manages all rooms.
async fn harbour() -> (Town, Person, Person, Person, RoomId) {
    let town = Town::with(|config| config.raised_limits = true).await;
    let (keeper, ann, bob) = (town.owner("keeper").await, town.member("ann").await, town.member("bob").await);
    keeper.takes_password(PASSWORD).await;
    ann.takes_password(PASSWORD).await;
    let room = town.room(&ann, RoomKind::Public, "Harbour", &[&bob]).await;
    (town, keeper, ann, bob, room)
}

const PASSWORD: &str = "along the old quay";

async fn keep(by: &Person, room: RoomId, days: Value) {
    let (status, answer) = by.call(Method::PATCH, &room_at(room), Some(json!({ "keep_days": days, "password": PASSWORD }))).await;
    assert_eq!((status.as_u16(), &answer["keep_days"]), (200, &days), "{answer}");
}

async fn settings(by: &Person, mut change: Value) {
    change["password"] = json!(PASSWORD);
    let (status, answer) = by.call(Method::PATCH, "/api/v1/admin/settings", Some(change)).await;
    assert_eq!(status, 200, "{answer}");
}

/// The places of the newest messages of a timeline, oldest first.
async fn places(by: &Person, path: &str) -> Vec<i64> {
    let page = by.get(path).await;
    let mut seqs: Vec<i64> = page["items"].as_array().expect("items").iter().filter_map(|item| item["seq"].as_i64()).collect();
    seqs.reverse();
    seqs
}

/// Waits until what is gone from the room reaches this place.
async fn gone_through(by: &Person, room: RoomId, seq: i64) {
    while by.get(&room_at(room)).await["expired_seq"].as_i64() < Some(seq) {
        tokio::task::yield_now().await;
    }
}

#[actix_web::test]
async fn what_is_over_goes_to_the_millisecond_with_all_that_hangs_on_it() {
    let (town, keeper, ann, bob, room) = harbour().await;
    let (old, old_seq) = ann.says(room, "k1", "@bob the *tide* turns").await;
    ann.call(Method::PUT, &format!("{}/pin", message(room, &old)), None).await;
    bob.call(Method::PUT, &format!("{}/reactions/🌊", message(room, &old)), None).await;
    town.hand.fetch_add(1, Ordering::SeqCst);
    let quoting = ann.post(&messages(room), json!({ "client_key": "k2", "body": "@bob as I said", "reply_to": old })).await;
    let young = quoting["seq"].as_i64().expect("seq");
    town.hand.fetch_add(DAY - 1, Ordering::SeqCst);

    let asked = keeper.get(&format!("{}/retention?days=1", room_at(room))).await;
    assert_eq!(asked, json!({ "days": 1, "messages": 1, "pinned": 1 }), "a day old to the millisecond, and one that lacks one");
    assert_eq!(keeper.get(&format!("{}/retention", room_at(room))).await, json!({ "days": null, "messages": 0, "pinned": 0 }));
    let before = bob.get(&room_at(room)).await;
    assert_eq!((&before["unread"], &before["mentions"]), (&json!(2), &json!(2)));
    let mut socket = bob.connect().await;
    keep(&keeper, room, json!(1)).await;
    let heard = socket.event("messages_expired").await;
    assert_eq!(heard["event"], json!({ "kind": "messages_expired", "through": old_seq, "threads": [] }));

    let after = bob.get(&room_at(room)).await;
    assert_eq!((&after["unread"], &after["mentions"], &after["expired_seq"]), (&json!(1), &json!(1), &json!(old_seq)));
    assert_eq!(places(&bob, &messages(room)).await, [young]);
    assert_eq!(bob.get(&format!("{}/pins", room_at(room))).await["items"], json!([]), "pinned ones go too");
    let tomb = bob.get(&message(room, &old)).await;
    let told = (&tomb["deleted"], &tomb["body"], &tomb["body_html"], &tomb["reactions"], &tomb["pinned"]);
    assert_eq!(told, (&json!(true), &Value::Null, &Value::Null, &json!([]), &json!(false)));
    assert_eq!(bob.get(&messages(room)).await["items"][0]["reply_to"]["excerpt"], Value::Null);
    let log = bob.get(&format!("{}/events?after={}", room_at(room), old_seq - 1)).await;
    let replayed = &log["items"][0]["event"];
    assert_eq!((&replayed["kind"], &replayed["body"], &replayed["deleted"]), (&json!("message_sent"), &Value::Null, &json!(true)));
    assert!(log["items"].as_array().expect("items").iter().any(|item| item["event"] == heard["event"] && item["seq"] == heard["seq"]));
    let again = ann.post(&messages(room), json!({ "client_key": "k1", "body": "@bob the *tide* turns" })).await;
    assert_eq!((&again["id"], &again["seq"]), (&json!(old), &json!(old_seq)), "its key keeps its answer");

    let trace = keeper.get("/api/v1/admin/audit?act=rooms.").await["items"][0].clone();
    let told = (&trace["subject"], &trace["before"]["keep_days"], &trace["after"]["keep_days"]);
    assert_eq!(told, (&json!(room), &Value::Null, &json!(1)));
    town.close().await;
}

#[actix_web::test]
async fn the_beginning_of_a_thread_stays_without_words_as_long_as_it_has_answers() {
    let (town, keeper, ann, bob, room) = harbour().await;
    let (root, root_seq) = ann.says(room, "k1", "Who brings the boat?").await;
    let answer = |key: &str| json!({ "client_key": key, "body": "I do", "thread": root });
    bob.post(&messages(room), answer("a1")).await;
    let (_, alone) = ann.says(room, "k2", "Alone").await;
    town.hand.fetch_add(DAY / 2, Ordering::SeqCst);
    let late = bob.post(&messages(room), answer("a2")).await["seq"].as_i64().expect("seq");
    let (_, young) = ann.says(room, "k3", "Young").await;
    town.hand.fetch_add(DAY / 2, Ordering::SeqCst);

    let mut socket = ann.connect().await;
    keep(&keeper, room, json!(1)).await;
    let told = socket.event("messages_expired").await["event"].clone();
    assert_eq!((&told["through"], &told["threads"]), (&json!(alone), &json!([{ "id": root, "total": 1 }])));
    assert_eq!(places(&ann, &messages(room)).await, [root_seq, young]);
    for (path, expected) in [
        (format!("{}?before={young}", messages(room)), vec![root_seq]),
        (format!("{}?after=0", messages(room)), vec![root_seq, young]),
        (format!("{}?after=0&limit=1", messages(room)), vec![root_seq]),
        (format!("{}?around={alone}", messages(room)), vec![root_seq, young]),
        (format!("{}?thread={root}", messages(room)), vec![late]),
    ] {
        assert_eq!(places(&ann, &path).await, expected, "{path}");
    }
    let tomb = ann.get(&message(room, &root)).await;
    assert_eq!((&tomb["body"], &tomb["thread_count"]), (&Value::Null, &json!(1)));

    town.hand.fetch_add(DAY / 2, Ordering::SeqCst);
    town.app().ground.db.write(|tx| chat::expire_soon(tx, None)).await.expect("a job");
    let told = socket.event("messages_expired").await["event"].clone();
    assert_eq!((&told["through"], &told["threads"]), (&json!(young), &json!([{ "id": root, "total": 0 }])));
    assert_eq!(ann.get(&messages(room)).await["items"], json!([]));
    town.close().await;
}

#[actix_web::test]
async fn many_go_in_handfuls_and_what_was_interrupted_goes_on() {
    let (mut town, keeper, ann, bob, room) = harbour().await;
    keep(&keeper, room, json!(1)).await;
    // What that asks for is done while there is nothing to delete.
    let wanted = format!("chat.expire/{room}");
    while town
        .app()
        .ground
        .db
        .read({
            let wanted = wanted.clone();
            move |conn| jobs::is_due(conn, &wanted)
        })
        .await
        .expect("read")
    {
        tokio::task::yield_now().await;
    }
    let author = ann.id;
    let placed = town.app().ground.db.write(move |tx| {
        // More than one step of the job deletes.
        for n in 0..650 {
            let key = format!("k{n}");
            place_plain_message(tx, &Said { room, author, client_key: &key, body: "Old words", reply_to: None, thread: None })?;
        }
        Ok(())
    });
    placed.await.expect("650 messages");
    let last = ann.get(&room_at(room)).await["seq"].as_i64().expect("seq");
    let first = last - 649;
    town.hand.fetch_add(DAY, Ordering::SeqCst);
    // One handful, and the program ends.
    assert!(town.app().ground.db.write(move |tx| chat::expire_handful(tx, room)).await.expect("deleted"), "there are more");
    assert_eq!(bob.get(&room_at(room)).await["expired_seq"], json!(first + 199));
    assert_eq!(bob.get(&room_at(room)).await["unread"], json!(450));
    town.restart().await;
    let bob = bob.at(town.url(""));
    town.app().ground.db.write(|tx| chat::expire_soon(tx, None)).await.expect("a job");
    gone_through(&bob, room, last).await;
    assert_eq!(bob.get(&messages(room)).await["items"], json!([]));
    let log = bob.get(&format!("{}/events?after={last}", room_at(room))).await;
    let told: Vec<i64> = log["items"].as_array().expect("items").iter().filter_map(|item| item["event"]["through"].as_i64()).collect();
    assert_eq!(told, [first + 199, first + 399, first + 599, last], "each handful once");
    assert!(!town.app().ground.db.write(move |tx| chat::expire_handful(tx, room)).await.expect("nothing"));
    town.close().await;
}

#[actix_web::test]
async fn rooms_keep_as_the_community_does_unless_they_may_and_do_choose_otherwise() {
    let (town, keeper, ann, bob, room) = harbour().await;
    let lasting = town.room(&ann, RoomKind::Private, "Archive", &[&bob]).await;
    let talk: RoomId = ann.post("/api/v1/rooms", json!({ "kind": "direct", "members": [bob.id] })).await["id"]
        .as_str()
        .and_then(|id| id.parse().ok())
        .expect("a conversation");
    for place in [room, lasting, talk] {
        ann.says(place, &format!("k{place}"), "Old words").await;
    }
    keep(&keeper, lasting, json!(0)).await;
    let change = |days: Value| Some(json!({ "keep_days": days }));
    for days in [-1, 3_651] {
        keeper.refused(Method::PATCH, &room_at(room), change(json!(days)), 422, "chat.keep_days").await;
        keeper.refused(Method::GET, &format!("{}/retention?days={days}", room_at(room)), None, 422, "chat.keep_days").await;
    }
    let group = ann.post("/api/v1/rooms", json!({ "kind": "group", "members": [bob.id, keeper.id] })).await;
    let group = format!("/api/v1/rooms/{}", group["id"].as_str().expect("id"));
    ann.refused(Method::PATCH, &group, change(json!(7)), 422, "chat.keep_days").await;
    bob.refused(Method::PATCH, &room_at(room), change(json!(7)), 403, "access.not_allowed").await;

    ann.refused(Method::PATCH, &room_at(room), change(json!(7)), 403, "chat.keep_bound").await;
    // What an administrator keeps for ever is not deleted by whoever leads the room, who says nothing of it.
    keep(&keeper, room, json!(0)).await;
    ann.refused(Method::PATCH, &room_at(room), change(Value::Null), 403, "chat.keep_bound").await;
    keep(&keeper, room, Value::Null).await;
    settings(&keeper, json!({ "keep_messages_days": 30, "rooms_may_keep": "shorter" })).await;
    for days in [json!(31), json!(0)] {
        ann.refused(Method::PATCH, &room_at(room), change(days), 403, "chat.keep_bound").await;
    }
    keep(&ann, room, json!(30)).await;
    settings(&keeper, json!({ "rooms_may_keep": "any" })).await;
    keep(&ann, room, json!(3_650)).await;
    keep(&ann, room, Value::Null).await;

    // A millisecond before the day that the community keeps them until now.
    town.hand.fetch_add(30 * DAY - 1, Ordering::SeqCst);
    let (keeper, ann) = (town.again(&keeper).await, town.again(&ann).await);
    let asked = keeper.get("/api/v1/admin/retention?days=29").await;
    assert_eq!(
        asked,
        json!({ "days": 29, "rooms": 1, "messages": 1, "pinned": 0, "own": 1 }),
        "conversations and who chose are not among them"
    );
    settings(&keeper, json!({ "keep_messages_days": 29 })).await;
    gone_through(&ann, room, 1).await;
    for place in [lasting, talk] {
        let kept = ann.get(&messages(place)).await;
        assert_eq!(kept["items"][0]["body"], "Old words", "{place}");
    }
    town.close().await;
}

#[actix_web::test]
async fn what_is_kept_for_a_shorter_time_wants_the_password_and_says_first_what_goes() {
    let (town, keeper, ann, _, room) = harbour().await;
    let quay = town.room(&ann, RoomKind::Public, "Quay", &[]).await;
    let (pinned, _) = ann.says(room, "k1", "Old words").await;
    ann.call(Method::PUT, &format!("{}/pin", message(room, &pinned)), None).await;
    ann.says(quay, "k2", "Old words").await;
    ann.says(quay, "k3", "More of them").await;
    town.hand.fetch_add(2 * DAY, Ordering::SeqCst);
    ann.says(quay, "k4", "Young words").await;

    let (everywhere, settings_at) = ("/api/v1/admin/retention", "/api/v1/admin/settings");
    let going = |days: Value, rooms: i64, messages: i64, pinned: i64| json!({ "days": days, "rooms": rooms, "messages": messages, "pinned": pinned, "own": 0 });
    assert_eq!(keeper.get(everywhere).await, going(Value::Null, 0, 0, 0), "as it is");
    assert_eq!(keeper.get(&format!("{everywhere}?days=1")).await, going(json!(1), 2, 3, 1));
    assert_eq!(keeper.get(&format!("{everywhere}?days=3")).await, going(json!(3), 0, 0, 0));
    keeper.refused(Method::GET, &format!("{everywhere}?days=3651"), None, 422, "settings.keep_messages_days").await;

    let wrong = "along the new quay";
    for change in [json!({ "keep_messages_days": 1 }), json!({ "keep_messages_days": 1, "password": wrong })] {
        let (status, answer) = keeper.call(Method::PATCH, settings_at, Some(change)).await;
        let told = (status.as_u16(), &answer["problems"][0]["field"], &answer["problems"][0]["code"]);
        assert_eq!(told, (422, &json!("password"), &json!("members.password_wrong")), "{answer}");
    }
    for change in [json!({ "keep_days": 1 }), json!({ "keep_days": 1, "password": wrong })] {
        let (status, answer) = ann.call(Method::PATCH, &room_at(room), Some(change)).await;
        assert!(status == 403 && answer["code"] == "chat.keep_bound", "what is not hers to choose asks for nothing: {answer}");
        let (status, answer) = keeper.call(Method::PATCH, &room_at(room), Some(json!({ "keep_days": 1, "password": wrong }))).await;
        assert_eq!((status.as_u16(), &answer["problems"][0]["field"]), (422, &json!("password")), "{answer}");
    }
    let unknown = town.owner("ulla").await;
    unknown.refused(Method::PATCH, settings_at, Some(json!({ "keep_messages_days": 1 })), 409, "members.password_needed").await;
    keeper.refused(Method::PATCH, settings_at, Some(json!({ "keep_messages_days": 1, "password": 5 })), 422, "error.body").await;
    assert_eq!(ann.get(&room_at(quay)).await["expired_seq"], json!(0), "nothing has gone");
    assert_eq!(keeper.get("/api/v1/admin/audit?act=settings.").await["items"], json!([]));

    // What keeps more asks nobody anything.
    for change in [json!({ "rooms_may_keep": "any" }), json!({ "keep_messages_days": 0 })] {
        assert_eq!(keeper.call(Method::PATCH, settings_at, Some(change)).await.0, 200);
    }
    settings(&keeper, json!({ "keep_messages_days": 1 })).await;
    gone_through(&ann, quay, 2).await;
    assert_eq!(keeper.call(Method::PATCH, settings_at, Some(json!({ "keep_messages_days": 3 }))).await.0, 200);
    let traces = keeper.get("/api/v1/admin/audit?act=settings.").await;
    assert!(!traces.to_string().contains("password"), "it is kept nowhere");
    town.close().await;
}

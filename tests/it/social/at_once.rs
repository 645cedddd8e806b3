//! Many at once between the same people: nobody waits for somebody who waits for them, and nothing is asked or stored twice.

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use futures_util::future::join_all;
use reqwest::Method;
use rialto::chat::RoomKind;
use rialto::ids::MemberId;
use rialto::social::seed::place_block;
use rialto::storage::{Conn, Tx, hold_room};
use serde_json::{Value, json};

use super::{act, acts, lets, talk, waiting};
use crate::support::turns::until_others_wait;
use crate::support::{Person, Town};

/// Calls that are made at once; each must be answered, whatever else is going on.
async fn all_at_once(calls: Vec<(&Person, Method, String, Option<Value>)>) -> Vec<(u16, Value)> {
    let calls = calls.into_iter().map(|(who, method, path, body)| async move {
        let (status, answer) = who.call(method.clone(), &path, body).await;
        assert!(status.as_u16() < 500, "{} {method} {path}: {status} {answer}", who.name);
        (status.as_u16(), answer)
    });
    join_all(calls).await
}

#[actix_web::test]
async fn who_follows_invites_and_gives_at_once_waits_for_nobody_for_ever() {
    let town = Town::with(|config| config.raised_limits = true).await;
    let keeper = town.owner("keeper").await;
    let people = [town.member("ann").await, town.member("bob").await, town.member("cleo").await];
    let role = keeper.post("/api/v1/admin/roles", json!({ "name": "Crew", "permissions": ["rooms.create"] })).await["id"].clone();
    let plan = keeper.get("/api/v1/plans").await["items"][0]["id"].clone();
    for n in 0..12 {
        let mut calls: Vec<(&Person, Method, String, Option<Value>)> = Vec::new();
        for (me, who) in people.iter().enumerate() {
            let others: Vec<&Person> = people.iter().filter(|other| other.id != who.id).collect();
            let ids: Vec<_> = others.iter().rev().map(|other| other.id).collect();
            calls.push((who, Method::POST, "/api/v1/rooms".to_owned(), Some(json!({ "kind": "group", "members": ids }))));
            for other in others {
                let method = if n % 2 == 0 { Method::PUT } else { Method::DELETE };
                for list in ["follows", "contacts", "mutes"] {
                    calls.push((who, method.clone(), format!("/api/v1/{list}/{}", other.id), None));
                }
                calls.push((who, Method::POST, "/api/v1/rooms".to_owned(), Some(json!({ "kind": "direct", "members": [other.id] }))));
            }
            let roles = if (n + me) % 2 == 0 { json!([role]) } else { json!([]) };
            calls.push((&keeper, Method::PUT, format!("/api/v1/admin/members/{}/roles", who.id), Some(json!({ "roles": roles }))));
            calls.push((&keeper, Method::POST, format!("/api/v1/admin/members/{}/grants", who.id), Some(json!({ "plan": plan }))));
        }
        let permissions = if n % 2 == 0 { json!([]) } else { json!(["rooms.create"]) };
        let path = format!("/api/v1/admin/roles/{}", role.as_str().expect("id"));
        calls.push((&keeper, Method::PATCH, path, Some(json!({ "permissions": permissions }))));
        all_at_once(calls).await;
    }
    town.close().await;
}

#[actix_web::test]
async fn who_is_banned_deleted_and_marks_as_read_at_once_waits_for_nobody_for_ever() {
    let town = Town::with(|config| config.raised_limits = true).await;
    let keeper = town.owner("keeper").await;
    for n in 0..6 {
        let mut people = Vec::new();
        for name in ["ann", "bob", "cleo", "dan"] {
            people.push(town.member(&format!("{name}{n}")).await);
        }
        let ids: Vec<_> = people.iter().map(|one| one.id).collect();
        let mut rooms = Vec::new();
        for who in &people {
            let room = who.post("/api/v1/rooms", json!({ "kind": "group", "members": ids })).await;
            rooms.push(room["id"].as_str().expect("id").to_owned());
            for other in people.iter().filter(|other| other.id != who.id) {
                act(who, Method::PUT, &format!("/api/v1/follows/{}", other.id)).await;
                act(who, Method::PUT, &format!("/api/v1/contacts/{}", other.id)).await;
            }
        }
        for who in &people {
            while !waiting(who).await.is_empty() {
                who.says_yes().await;
            }
        }
        for who in &people {
            let other = town.member(&format!("{}s", who.name)).await;
            for room in &rooms {
                act(who, Method::PUT, &format!("/api/v1/rooms/{room}/members/{}", other.id)).await;
            }
        }
        let mut calls: Vec<(&Person, Method, String, Option<Value>)> = Vec::new();
        for (at, who) in people.iter().enumerate() {
            for room in rooms.iter().rev() {
                calls.push((who, Method::POST, format!("/api/v1/rooms/{room}/read"), Some(json!({ "seq": 1, "unread": true }))));
                let words = json!({ "client_key": format!("k{room}"), "body": "Hello" });
                calls.push((who, Method::POST, format!("/api/v1/rooms/{room}/messages"), Some(words)));
            }
            let reason = Some(json!({ "reason": "x" }));
            if at % 2 == 0 {
                calls.push((&keeper, Method::POST, format!("/api/v1/admin/members/{}/ban", who.id), reason));
            } else {
                calls.push((&keeper, Method::DELETE, format!("/api/v1/admin/members/{}", who.id), reason));
            }
        }
        let answers = all_at_once(calls).await;
        assert!(answers.iter().filter(|(status, _)| (200..300).contains(status)).count() >= people.len(), "{answers:?}");
        for who in &people {
            assert_eq!(who.call(Method::GET, "/api/v1/me", None).await.0, 401, "{} is gone", who.name);
        }
    }
    town.close().await;
}

/// Is the log of this member free for whoever comes next?
fn is_log_free(tx: &mut Tx<'_>, member: MemberId) -> bool {
    let Conn::Pg(pg) = &mut **tx else { return true };
    let hold = diesel::sql_query("SELECT 1 FROM member_heads WHERE member = $1 FOR UPDATE NOWAIT").bind::<BigInt, _>(member.0);
    hold.execute(pg).is_ok()
}

#[actix_web::test]
async fn a_ban_holds_every_room_before_the_log_of_anybody() {
    let town = Town::with(|config| config.raised_limits = true).await;
    // SQLite has one writer: nobody waits for anybody.
    let is_postgres = town.app().ground.db.read(|conn| Ok(matches!(conn, Conn::Pg(_)))).await.expect("asked");
    if !is_postgres {
        return town.close().await;
    }
    let keeper = town.owner("keeper").await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    town.room(&bob, RoomKind::Public, "First", &[&ann]).await;
    let last = town.room(&bob, RoomKind::Public, "Last", &[&ann]).await;
    let (holds, held) = tokio::sync::oneshot::channel();
    let member = ann.id;
    let writer = town.app().ground.db.write(move |tx| {
        hold_room(tx, last)?;
        holds.send(()).expect("the test waits");
        until_others_wait(tx, 1)?;
        Ok(is_log_free(tx, member))
    });
    let ban = async {
        held.await.expect("held");
        acts(&keeper, Method::POST, &format!("/api/v1/admin/members/{}/ban", ann.id), Some(json!({ "reason": "x" }))).await
    };
    let (is_free, _) = tokio::join!(writer, ban);
    assert!(is_free.expect("written"), "whoever waits for the last room holds no log of a member yet");
    town.close().await;
}

#[actix_web::test]
async fn first_words_of_both_at_once_ask_once() {
    let town = Town::with(|config| config.raised_limits = true).await;
    for n in 0..8 {
        let (ann, bob) = (town.member(&format!("ann{n}")).await, town.member(&format!("bob{n}")).await);
        for who in [&ann, &bob] {
            lets(who, "message", &["contacts"]).await;
        }
        let direct = |with: &Person| Some(json!({ "kind": "direct", "members": [with.id] }));
        let begun = all_at_once(vec![
            (&ann, Method::POST, "/api/v1/rooms".to_owned(), direct(&bob)),
            (&bob, Method::POST, "/api/v1/rooms".to_owned(), direct(&ann)),
        ])
        .await;
        assert_eq!(begun[0].1["id"], begun[1].1["id"], "one conversation");
        let path = format!("/api/v1/rooms/{}/messages", begun[0].1["id"].as_str().expect("id"));
        let words = |key: &str| Some(json!({ "client_key": key, "body": "Hello" }));
        let said = all_at_once((0..6).map(|k| (&ann, Method::POST, path.clone(), words(&format!("k{k}")))).collect()).await;
        assert!(said.iter().all(|(status, _)| *status == 201), "{said:?}");
        assert!(waiting(&bob).await.len() <= 1, "asked once at most");
    }
    town.close().await;
}

#[actix_web::test]
async fn first_words_at_once_are_one_request_of_the_day() {
    let town = Town::new().await;
    let keeper = town.owner("keeper").await;
    acts(&keeper, Method::PATCH, "/api/v1/admin/settings", Some(json!({ "requests_per_day": 1 }))).await;
    for n in 0..6 {
        let (ann, bob) = (town.member(&format!("ann{n}")).await, town.member(&format!("bob{n}")).await);
        lets(&bob, "message", &["contacts"]).await;
        let (to_bob, to_keeper) = (talk(&ann, &bob).await, talk(&ann, &keeper).await);
        let words = |key: &str| Some(json!({ "client_key": key, "body": "Hello" }));
        let path = |room| format!("/api/v1/rooms/{room}/messages");
        let said = all_at_once((0..4).map(|k| (&ann, Method::POST, path(to_bob), words(&format!("k{k}")))).collect()).await;
        assert!(said.iter().all(|(status, _)| *status == 201), "the first is the one request, and the others follow it: {said:?}");
        assert_eq!(waiting(&bob).await.len(), 1);
        ann.refused(Method::POST, &path(to_keeper), words("k9"), 429, "social.too_many_requests").await;
    }
    town.close().await;
}

#[actix_web::test]
async fn words_that_are_changed_while_somebody_blocks_their_author_wait_for_the_block() {
    let town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let room = talk(&ann, &bob).await;
    let (said, _) = ann.says(room, "k1", "Before").await;
    let (blocks, blocked) = tokio::sync::oneshot::channel();
    let (blocker, author, social) = (bob.id, ann.id, town.app().social.clone());
    let block = town.app().ground.db.write(move |tx| {
        place_block(tx, blocker, author, &social)?;
        blocks.send(()).expect("the test waits");
        until_others_wait(tx, 1)
    });
    let edit = async {
        blocked.await.expect("blocked");
        acts(&ann, Method::PATCH, &format!("/api/v1/rooms/{room}/messages/{said}"), Some(json!({ "body": "Canary" }))).await
    };
    let (block, _) = tokio::join!(block, edit);
    block.expect("written");
    act(&bob, Method::DELETE, &format!("/api/v1/blocks/{}", ann.id)).await;
    let words = async |who: &Person| who.get(&format!("/api/v1/rooms/{room}/messages/{said}")).await["body"].clone();
    assert_eq!((words(&ann).await, words(&bob).await), (json!("Canary"), json!("Before")));
    town.close().await;
}

#[actix_web::test]
async fn choices_of_reach_at_once_are_all_kept() {
    let town = Town::with(|config| config.raised_limits = true).await;
    let bob = town.member("bob").await;
    for n in 0..6 {
        let class = if n % 2 == 0 { "nobody" } else { "contacts" };
        let ways = ["message", "call", "video_call", "invite", "mention"];
        let put = |way: &str| (&bob, Method::PUT, "/api/v1/me/reach".to_owned(), Some(json!({ way: { "from": [class] } })));
        let answers = all_at_once(ways.map(put).into()).await;
        assert!(answers.iter().all(|(status, _)| *status == 200), "{answers:?}");
        let view = bob.get("/api/v1/me/reach").await;
        for way in ways {
            assert_eq!(view[way]["from"], json!([class]), "{way}: {view}");
        }
    }
    acts(&bob, Method::PUT, "/api/v1/me/reach", Some(json!({}))).await;
    town.close().await;
}

//! Appeals: once, also from outside, decided by somebody else where there is one; and what those try who want more than one.

use std::sync::atomic::Ordering;

use diesel::RunQueryDsl;
use reqwest::{Method, StatusCode};
use rialto::chat::RoomKind;
use rialto::ids::SanctionId;
use rialto::members::seed::actor_of;
use rialto::members::{RoleKind, appeal};
use rialto::moderation::{appeal_cases, notices};
use rialto::storage::Conn;
use serde_json::{Value, json};
use tokio::sync::oneshot::channel;

use super::{DAY, Place, told};
use crate::support::plans::{asked, plan};
use crate::support::turns::until_others_wait;
use crate::support::{NOON, Person, Town};

const PASSWORD: &str = "along the old quay";
const QUEUE: &str = "/api/v1/admin/appeals";

/// The newest of what was done to somebody.
async fn newest(person: &Person) -> String {
    told(person).await[0]["id"].as_str().expect("an id").to_owned()
}

fn appeal_of(sanction: &str) -> String {
    format!("/api/v1/me/sanctions/{sanction}/appeal")
}

fn decide_of(sanction: &str) -> String {
    format!("{QUEUE}/{sanction}/decide")
}

async fn waiting(by: &Person) -> Vec<Value> {
    by.get(QUEUE).await["items"].as_array().expect("a list").clone()
}

/// What a stranger is answered.
async fn stranger(town: &Town, path: &str, body: Value) -> (u16, Value) {
    let answer = town.http.post(town.url(path)).json(&body).send().await.expect("an answer");
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or(Value::Null))
}

/// Bob has a password and is banned.
async fn banned() -> Place {
    let place = Place::in_town(Town::new().await, RoomKind::Public).await;
    let new = json!({ "current": "", "new": PASSWORD });
    assert_eq!(place.bob.call(Method::POST, "/api/v1/me/password", Some(new)).await.0, 204);
    let new = json!({ "outcome": "ban", "reason": "No selling", "until": NOON + 30 * DAY });
    assert_eq!(place.mo.call(Method::POST, &place.decide(), Some(new)).await.0, 204);
    place
}

#[actix_web::test]
async fn a_muted_member_appeals_once_and_writes_again_when_it_is_lifted() {
    let place = Place::new(RoomKind::Public).await;
    let new = json!({ "outcome": "mute", "reason": "No selling", "until": NOON + DAY });
    assert_eq!(place.mo.call(Method::POST, &place.decide(), Some(new)).await.0, 204);
    let sanction = newest(&place.bob).await;
    let words = json!({ "words": "It was a present.\n\nReally." });
    for wrong in [json!({ "words": "" }), json!({ "words": " \n\t " }), json!({ "words": "x".repeat(2_001) })] {
        place.bob.refused(Method::POST, &appeal_of(&sanction), Some(wrong), 422, "members.appeal_words").await;
    }
    // Somebody else's is not there for anybody but them.
    for other in [&place.ann, &place.mo, &place.keeper] {
        other.refused(Method::POST, &appeal_of(&sanction), Some(words.clone()), 404, "error.not_found").await;
    }
    place.bob.post(&appeal_of(&sanction), words.clone()).await;
    place.bob.refused(Method::POST, &appeal_of(&sanction), Some(words), 409, "members.appealed_already").await;
    let queue = waiting(&place.keeper).await;
    let told_to_us = (queue.len(), &queue[0]["sanction"]["appeal"]["words"], &queue[0]["may_decide"], &queue[0]["made_by"]["username"]);
    assert_eq!(told_to_us, (1, &json!("It was a present.\n\nReally."), &json!(true), &json!("mo")));
    // Who did it leaves it to another, and whom it is about finds nothing in the queue.
    let queue = waiting(&place.mo).await;
    assert_eq!((&queue[0]["may_decide"], &queue[0]["is_for_another"]), (&json!(false), &json!(true)));
    let lift = json!({ "outcome": "lift", "answer": "You are right" });
    place.mo.refused(Method::POST, &decide_of(&sanction), Some(lift.clone()), 403, "members.appeal_by_another").await;
    place.bob.refused(Method::POST, &decide_of(&sanction), Some(lift.clone()), 403, "access.not_allowed").await;
    let mut socket = place.bob.connect().await;
    assert_eq!(place.keeper.call(Method::POST, &decide_of(&sanction), Some(lift.clone())).await.0, 204);
    assert_eq!(socket.event("rights_changed").await["event"]["muted_until"], Value::Null);
    place.keeper.refused(Method::POST, &decide_of(&sanction), Some(lift), 409, "members.appeal_decided").await;
    place.bob.says(place.room, "k9", "Thank you").await;
    let mine = told(&place.bob).await.remove(0);
    let answer = (&mine["appeal"]["upheld"], &mine["appeal"]["answer"], &mine["appeal"]["same_person"], &mine["in_force"]);
    assert_eq!(answer, (&json!(false), &json!("You are right"), &json!(false), &json!(false)));
    assert!(!mine.to_string().contains(&place.keeper.id.to_string()), "by whom is not said: {mine}");
    let trace = place.keeper.get("/api/v1/admin/audit?act=appeals.").await["items"][0].clone();
    assert_eq!((&trace["act"], &trace["after"]["sanction"]), (&json!("appeals.lift"), &json!("mute")));
    assert!(waiting(&place.keeper).await.is_empty());
    assert_eq!(place.keeper.get(&format!("{QUEUE}?decided=true")).await["items"][0]["decided_by"]["username"], "keeper");
    for page in ["/admin/reports?show=appeals", "/admin/reports?show=decided"] {
        place.keeper.page_text(page).await;
    }
    place.town.close().await;
}

#[actix_web::test]
async fn whoever_is_alone_may_decide_and_it_is_said_that_it_was_the_same_person() {
    let town = Town::new().await;
    let (keeper, bob) = (town.owner("keeper").await, town.member("bob").await);
    keeper.post(&format!("/api/v1/admin/members/{}/mute", bob.id), json!({ "until": NOON + DAY })).await;
    let sanction = newest(&bob).await;
    bob.post(&appeal_of(&sanction), json!({ "words": "No" })).await;
    // One who has the right, but not over bob any more, is nobody who could decide.
    let mo = town.person("mo", &[RoleKind::Moderator]).await;
    keeper.post(&format!("/api/v1/admin/members/{}/ban", mo.id), json!({})).await;
    assert_eq!(keeper.call(Method::POST, &decide_of(&sanction), Some(json!({ "outcome": "uphold" }))).await.0, 204);
    let mine = told(&bob).await.remove(0);
    assert_eq!((&mine["appeal"]["upheld"], &mine["appeal"]["same_person"], &mine["in_force"]), (&json!(true), &json!(true), &json!(true)));
    assert!(bob.page_text("/settings/notices").await.contains("The same person decided"));
    town.close().await;
}

#[actix_web::test]
async fn whoever_is_banned_finds_why_at_the_door_and_comes_in_when_the_appeal_is_granted() {
    let place = banned().await;
    let door = json!({ "username": "bob", "password": PASSWORD });
    let (status, answer) = stranger(&place.town, "/api/v1/sign-in", door.clone()).await;
    assert_eq!((status, answer["code"].as_str()), (403, Some("members.banned")));
    let (status, answer) = stranger(&place.town, "/api/v1/appeals", door.clone()).await;
    assert_eq!(status, 201, "{answer}");
    let code = answer["code"].as_str().expect("a code").to_owned();
    let page = || async {
        let answer = place.town.http.get(place.town.url(&format!("/appeal/{code}"))).send().await.expect("an answer");
        answer.text().await.expect("a page").split("id=\"words\"").next().unwrap_or_default().to_owned()
    };
    let shown = page().await;
    assert!(shown.contains("No selling") && shown.contains("You are banned from"), "{shown}");
    assert!(!shown.contains(&place.mo.id.to_string()) && !shown.contains(&place.report), "{shown}");
    let path = format!("/api/v1/appeals/{code}");
    assert_eq!(stranger(&place.town, &path, json!({ "words": "I sell no more" })).await.0, 204);
    let (status, answer) = stranger(&place.town, &path, json!({ "words": "Please" })).await;
    assert_eq!((status, answer["code"].as_str()), (409, Some("members.appealed_already")));
    let shown = page().await;
    assert!(shown.contains("I sell no more") && shown.contains("waits for an answer"), "{shown}");
    let sanction = waiting(&place.keeper).await[0]["sanction"]["id"].as_str().expect("an id").to_owned();
    assert_eq!(place.keeper.call(Method::POST, &decide_of(&sanction), Some(json!({ "outcome": "lift" }))).await.0, 204);
    assert_eq!(stranger(&place.town, "/api/v1/sign-in", door.clone()).await.0, 200);
    assert!(page().await.contains("you may come in again"));
    let (status, answer) = stranger(&place.town, "/api/v1/appeals", door).await;
    assert_eq!((status, answer["code"].as_str()), (409, Some("members.not_banned")));
    place.town.close().await;
}

#[actix_web::test]
async fn the_door_of_appeals_is_no_way_around_the_patience_of_the_sign_in() {
    let place = banned().await;
    let wrong = || json!({ "username": "bob", "password": "a bad guess of it" });
    // Tries at both doors are the same tries.
    for n in 0..10 {
        let path = if n % 2 == 0 { "/api/v1/appeals" } else { "/api/v1/sign-in" };
        let (status, answer) = stranger(&place.town, path, wrong()).await;
        assert_eq!((status, answer["code"].as_str()), (403, Some("members.sign_in_wrong")), "{path}");
    }
    let right = json!({ "username": "bob", "password": PASSWORD });
    let (status, answer) = stranger(&place.town, "/api/v1/appeals", right.clone()).await;
    assert_eq!((status, answer["retry_after_ms"].as_i64()), (429, Some(60_000)), "{answer}");
    place.town.hand.fetch_add(60_000, Ordering::Relaxed);
    assert_eq!(stranger(&place.town, "/api/v1/appeals", right).await.0, 201);
    // Who is nobody, and who is somebody with another password, look alike.
    let nobody = stranger(&place.town, "/api/v1/appeals", json!({ "username": "nobody-at-all", "password": PASSWORD })).await;
    let somebody = stranger(&place.town, "/api/v1/appeals", json!({ "username": "ann", "password": PASSWORD })).await;
    assert_eq!(nobody, somebody);
    place.town.close().await;
}

#[actix_web::test]
async fn a_code_that_is_not_ours_opens_nothing_and_is_tried_only_so_often() {
    let place = banned().await;
    let answer = stranger(&place.town, "/api/v1/appeals", json!({ "username": "bob", "password": PASSWORD })).await.1;
    let code = answer["code"].as_str().expect("a code");
    let other = |at: usize| {
        let letter = if code.as_bytes()[at] == b'A' { "B" } else { "A" };
        format!("{}{letter}{}", &code[..at], &code[at + 1..])
    };
    let words = json!({ "words": "Let me in" });
    // What leads to another kind of thing, or was changed by a letter, leads nowhere.
    let keys = &place.town.app().ground.keys;
    let invite = keys.code_for("invite", 1);
    for wrong in [other(3), other(code.len() - 2), invite, "x".repeat(200)] {
        let (status, answer) = stranger(&place.town, &format!("/api/v1/appeals/{wrong}"), words.clone()).await;
        assert_eq!((status, answer["code"].as_str()), (410, Some("moderation.code_over")), "{wrong}");
        let page = place.town.http.get(place.town.url(&format!("/appeal/{wrong}"))).send().await.expect("an answer");
        assert_eq!(page.status(), 200);
        assert!(!page.text().await.expect("a page").contains("No selling"));
    }
    for _ in 4..10 {
        assert_eq!(stranger(&place.town, "/api/v1/appeals/nonsense", words.clone()).await.0, 410);
    }
    let (status, answer) = stranger(&place.town, &format!("/api/v1/appeals/{code}"), words).await;
    assert_eq!((status, answer["code"].as_str()), (429, Some("error.slow_down")), "ten from one address, then one a minute");
    assert!(waiting(&place.keeper).await.is_empty());
    place.town.close().await;
}

#[actix_web::test]
async fn of_many_appeals_at_once_there_is_one() {
    let town = Town::with(|config| config.raised_limits = true).await;
    let place = Place::in_town(town, RoomKind::Public).await;
    assert_eq!(place.mo.call(Method::POST, &place.decide(), Some(json!({ "outcome": "warn", "reason": "x" }))).await.0, 204);
    let sanction = newest(&place.bob).await;
    let code = place.town.app().ground.keys.code_for("appeal", sanction.parse().expect("a number"));
    let path = appeal_of(&sanction);
    let signed_in = (0..4).map(|n| place.bob.call(Method::POST, &path, Some(json!({ "words": format!("Mine {n}") }))));
    let by_code = (0..4).map(|n| {
        let body = json!({ "words": format!("By code {n}") });
        let (town, path) = (&place.town, format!("/api/v1/appeals/{code}"));
        async move { stranger(town, &path, body).await.0 }
    });
    let (signed_in, by_code) = futures_util::join!(futures_util::future::join_all(signed_in), futures_util::future::join_all(by_code));
    let statuses: Vec<u16> = signed_in.into_iter().map(|(status, _)| status.as_u16()).chain(by_code).collect();
    assert_eq!(statuses.iter().filter(|status| (200..300).contains(*status)).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [201, 204, 409].contains(status)), "{statuses:?}");
    assert_eq!(waiting(&place.keeper).await.len(), 1);
    place.town.close().await;
}

#[actix_web::test]
async fn what_is_over_cannot_be_appealed_and_what_a_member_who_goes_wrote_goes_too() {
    let place = banned().await;
    let answer = stranger(&place.town, "/api/v1/appeals", json!({ "username": "bob", "password": PASSWORD })).await.1;
    let path = format!("/api/v1/appeals/{}", answer["code"].as_str().expect("a code"));
    assert_eq!(stranger(&place.town, &path, json!({ "words": "zqbobappeal" })).await.0, 204);
    assert_eq!(waiting(&place.keeper).await.len(), 1);
    let delete = format!("/api/v1/admin/members/{}", place.bob.id);
    assert_eq!(place.keeper.call(Method::DELETE, &delete, Some(json!({}))).await.0, 204);
    assert!(waiting(&place.keeper).await.is_empty());
    let (status, answer) = stranger(&place.town, &path, json!({ "words": "Again" })).await;
    assert_eq!((status, answer["code"].as_str()), (409, Some("members.appeal_over")));
    assert!(!place.keeper.get("/api/v1/admin/appeals?decided=true").await.to_string().contains("zqbobappeal"));

    place.keeper.post(&format!("/api/v1/admin/members/{}/mute", place.ann.id), json!({ "until": NOON + 1_000 })).await;
    let sanction = newest(&place.ann).await;
    place.town.hand.fetch_add(1_000, Ordering::Relaxed);
    place.ann.refused(Method::POST, &appeal_of(&sanction), Some(json!({ "words": "No" })), 409, "members.appeal_over").await;
    place.town.close().await;
}

#[actix_web::test]
async fn whoever_goes_while_they_appeal_takes_their_words_along() {
    let place = Place::new(RoomKind::Public).await;
    assert_eq!(place.mo.call(Method::POST, &place.decide(), Some(json!({ "outcome": "warn", "reason": "x" }))).await.0, 204);
    let sanction: SanctionId = newest(&place.bob).await.parse().expect("an id");
    let (holds, held) = channel();
    let appeals = place.town.app().ground.db.write(move |tx| {
        appeal(tx, sanction, "zqbobappeal")?;
        holds.send(()).expect("the test waits");
        until_others_wait(tx, 1)
    });
    let goes = async {
        held.await.expect("held");
        place.keeper.call(Method::DELETE, &format!("/api/v1/admin/members/{}", place.bob.id), Some(json!({}))).await.0
    };
    let (appeals, goes) = futures_util::join!(appeals, goes);
    appeals.expect("written");
    assert_eq!(goes, 204);
    let left = place.town.app().ground.db.read(move |conn| rialto::members::sanction(conn, sanction)).await.expect("read");
    assert_eq!((left.appeal, left.appealed_at), (None, None));
    place.town.close().await;
}

#[actix_web::test]
async fn who_is_muted_anew_meanwhile_is_not_told_that_they_may_write_again() {
    let place = Place::new(RoomKind::Public).await;
    place.mo.post(&format!("/api/v1/admin/members/{}/mute", place.bob.id), json!({ "until": NOON + DAY })).await;
    let sanction = newest(&place.bob).await;
    place.bob.post(&appeal_of(&sanction), json!({ "words": "No" })).await;
    let id: SanctionId = sanction.parse().expect("an id");
    let (holds, held) = channel();
    // What whoever mutes anew does first.
    let mutes = place.town.app().ground.db.write(move |tx| {
        diesel::sql_query(format!("UPDATE sanctions SET lifted_at = {NOON} WHERE id = {}", id.0)).execute(&mut **tx)?;
        holds.send(()).expect("the test waits");
        until_others_wait(tx, 1)
    });
    let decides = async {
        held.await.expect("held");
        let body = json!({ "outcome": "lift", "answer": "We were wrong" });
        place.keeper.call(Method::POST, &decide_of(&sanction), Some(body)).await
    };
    let (mutes, (status, answer)) = futures_util::join!(mutes, decides);
    mutes.expect("written");
    assert_eq!((status, answer["code"].as_str()), (StatusCode::CONFLICT, Some("members.appeal_over")));
    let told = told(&place.bob).await;
    assert!(told[0]["appeal"]["decided_at"].is_null(), "{told:?}");
    place.town.close().await;
}

#[actix_web::test]
async fn appeals_and_notices_are_read_by_as_many_statements_however_many_there_are() {
    let place = Place::new(RoomKind::Public).await;
    let (viewer, member, mut counts) = (place.mo.id, place.bob.id, Vec::new());
    for n in 0..4 {
        let room = place.town.room(&place.keeper, RoomKind::Public, &format!("Quay {n}"), &[&place.ann, &place.bob]).await;
        let (said, _) = place.bob.says(room, &format!("r{n}"), "Buy my boat").await;
        let report = place.ann.post("/api/v1/reports", json!({ "message": said, "reason": "spam" })).await;
        let decide = format!("/api/v1/admin/reports/{}/decide", report["id"].as_str().expect("an id"));
        let remove = json!({ "outcome": "remove", "reason": "No selling" });
        assert_eq!(place.mo.call(Method::POST, &decide, Some(remove)).await.0, 204);
        place.bob.post(&appeal_of(&newest(&place.bob).await), json!({ "words": "No" })).await;
        let read = place.town.app().ground.db.write(move |tx| {
            let actor = actor_of(tx, viewer)?;
            let (mut left, mut rooms) = (0, 0);
            let queue = asked(tx, |conn| {
                let page = appeal_cases(conn, &actor, false, None, 50)?;
                left = page.items.iter().filter(|case| case.is_for_another && !case.may_decide).count();
                Ok(())
            });
            let own = asked(tx, |conn| {
                rooms = notices(conn, member, NOON)?.sanctions.iter().filter(|one| one.room_name.is_some()).count();
                Ok(())
            });
            Ok((left, rooms, queue.len(), own.len()))
        });
        let (left, rooms, queue, own) = read.await.expect("read");
        assert_eq!((left, rooms), (n + 1, n + 1));
        counts.push((queue, own));
    }
    assert!(counts.iter().all(|count| *count == counts[0]), "{counts:?}");
    place.town.close().await;
}

#[actix_web::test]
async fn what_was_decided_is_found_without_reading_all_that_was_ever_done() {
    let town = Town::new().await;
    let keeper = town.owner("keeper").await.id;
    let read = town.app().ground.db.write(move |tx| {
        let actor = actor_of(tx, keeper)?;
        let decided = asked(tx, |conn| appeal_cases(conn, &actor, true, None, 50)).remove(0);
        let is_sqlite = matches!(&**tx, Conn::Sqlite(_));
        Ok((plan(tx, &decided).1, is_sqlite))
    });
    let (plan, is_sqlite) = read.await.expect("read");
    // PostgreSQL plans by how much there is, and here is nothing.
    assert!(!is_sqlite || plan.contains("sanctions_decided"), "{plan}");
    town.close().await;
}

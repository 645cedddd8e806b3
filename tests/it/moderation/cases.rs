//! A case: what a moderator sees of it, each outcome with what follows, and what is refused whole.

use reqwest::Method;
use rialto::chat::RoomKind;
use rialto::members::RoleKind;
use rialto::storage::hold_room;
use serde_json::{Value, json};
use tokio::sync::oneshot::channel;

use super::{DAY, Place, acts, texts, told};
use crate::support::NOON;
use crate::support::turns::until_others_wait;

#[actix_web::test]
async fn a_case_shows_what_was_said_around_it_and_what_was_before() {
    let place = Place::new(RoomKind::Public).await;
    let other = place.keeper.post("/api/v1/reports", json!({ "member": place.bob.id, "reason": "other", "text": "He shouts" })).await;
    let case = place.case(&place.mo).await;
    let told: Vec<(&str, bool)> = case["around"]
        .as_array()
        .expect("messages")
        .iter()
        .map(|one| (one["body"].as_str().expect("words"), one["is_reported"].as_bool().expect("bool")))
        .collect();
    assert_eq!(told, [("Good morning", false), ("Buy *my* boat", true), ("Not again", false)]);
    assert_eq!((&case["room_name"], &case["sees_room"], &case["report"]["text"]), (&json!("Quay"), &json!(true), &json!("Every day")));
    assert_eq!((&case["others"][0]["id"], &case["sanctions"]), (&other["id"], &json!([])));
    // A moderator who is not in an open room may do there what moderators may.
    assert_eq!(texts(&case["may"]), ["none", "warn", "remove", "mute", "kick", "ban"]);
    let page = place.mo.page_text(&format!("/admin/reports/{}", place.report)).await;
    for words in ["Good morning", "Buy *my* boat", "He shouts", "Every day"] {
        assert!(page.contains(words), "{words}");
    }
    place.town.close().await;
}

#[actix_web::test]
async fn of_a_room_that_one_is_not_in_a_case_has_the_reported_words_alone() {
    let place = Place::new(RoomKind::Private).await;
    let case = place.case(&place.mo).await;
    let told = (&case["around"], &case["sees_room"], &case["room_name"], &case["report"]["excerpt"]);
    assert_eq!(told, (&json!([]), &json!(false), &Value::Null, &json!("Buy my boat")));
    assert_eq!(texts(&case["may"]), ["none", "warn", "mute", "ban"], "nothing in a room that one does not see");
    for outcome in ["remove", "kick"] {
        let done = json!({ "outcome": outcome, "reason": "spam" });
        place.mo.refused(Method::POST, &place.decide(), Some(done), 404, "error.not_found").await;
    }
    let words = place.keeper.get(&format!("/api/v1/rooms/{}/messages/{}", place.room, place.said)).await;
    assert_eq!(words["deleted"], false, "what was refused did nothing");
    assert!(place.case(&place.keeper).await["sees_room"].as_bool().expect("bool"), "the keeper is in it");
    place.town.close().await;
}

#[actix_web::test]
async fn each_outcome_is_done_told_and_on_record_in_one_go() {
    for (outcome, kind, trace) in [
        ("warn", "warning", "members.warn"),
        ("remove", "removal", "messages.remove"),
        ("mute", "mute", "members.mute"),
        ("kick", "kick", "rooms.remove_member"),
        ("ban", "ban", "members.ban"),
    ] {
        let place = Place::new(RoomKind::Public).await;
        let mut new = json!({ "outcome": outcome, "reason": "No selling", "note": "the third time" });
        if ["mute", "ban"].contains(&outcome) {
            new["until"] = json!(NOON + DAY);
        }
        let mut socket = place.bob.connect().await;
        let decided = place.mo.call(Method::POST, &place.decide(), Some(new.clone())).await;
        assert_eq!(decided.0, 204, "{outcome}: {}", decided.1);
        // The report is closed, and the act and its end are on record.
        assert_eq!(acts(&place.keeper).await[..2], [trace, "reports.close"], "{outcome}");
        let trace = place.keeper.get(&format!("/api/v1/admin/audit?act={trace}")).await["items"][0].clone();
        assert_eq!((&trace["actor"], &trace["reason"]), (&json!(place.mo.id), &json!("No selling")), "{outcome}");
        let closed = place.keeper.get("/api/v1/admin/reports?closed=true").await["items"][0].clone();
        assert_eq!((&closed["outcome"], &closed["note"]), (&json!("acted"), &json!("the third time")), "{outcome}");
        place.mo.refused(Method::POST, &place.decide(), Some(new), 409, "social.report_closed").await;
        // It is done.
        let message = place.keeper.get(&format!("/api/v1/rooms/{}/messages/{}", place.room, place.said)).await;
        assert_eq!(message["deleted"], json!(outcome == "remove"), "{outcome}");
        let there = place.keeper.get(&format!("/api/v1/rooms/{}/members", place.room)).await.to_string();
        assert_eq!(there.contains("\"bob\""), !["kick", "ban"].contains(&outcome), "{outcome}");
        let sanction = place.case(&place.keeper).await["sanctions"][0].clone();
        let told_to_us = (&sanction["kind"], &sanction["report"], &sanction["made_by"]);
        assert_eq!(told_to_us, (&json!(kind), &json!(place.report), &json!(place.mo.id)), "{outcome}");
        if outcome == "ban" {
            assert_eq!(socket.closed().await, Some(4001), "whoever is shut out hears nothing more");
            place.bob.refused(Method::GET, "/api/v1/me/notices", None, 401, "error.sign_in").await;
        } else {
            // Whom it was done to is told what, why and until when, on their open page at once; by whom is not said.
            let passing = socket.next("signal").await;
            assert_eq!(passing["signal"], json!({ "kind": "noticed", "notices": 1 }), "{outcome}");
            let mine = told(&place.bob).await.remove(0);
            // Of a room only where something was done in it: elsewhere it would tell who reported.
            let room = if ["remove", "kick"].contains(&outcome) { json!("Quay") } else { Value::Null };
            assert_eq!(mine["room"].is_null(), room.is_null(), "{outcome}");
            let until = if outcome == "mute" { json!(NOON + DAY) } else { Value::Null };
            assert_eq!((&mine["kind"], &mine["reason"], &mine["until"]), (&json!(kind), &json!("No selling"), &until), "{outcome}");
            assert_eq!((&mine["room_name"], &mine["may_appeal"], &mine["is_new"]), (&room, &json!(true), &json!(true)), "{outcome}");
            let text = mine.to_string();
            assert!(!text.contains(&place.mo.id.to_string()) && !text.contains(&place.report) && !text.contains("third time"), "{text}");
        }
        // Whoever reported learns that it was looked at, and nothing else.
        let mut answered = place.ann.get("/api/v1/me/notices").await;
        assert_eq!((&answered["reports"][0]["report"], &answered["unread"]), (&json!(place.report), &json!(1)), "{outcome}");
        // That somebody is shut out everybody sees of them.
        answered["reports"][0]["member"].take();
        for word in ["No selling", "third time", kind, "acted"] {
            assert!(!answered.to_string().contains(word), "{outcome}: {word} in {answered}");
        }
        place.town.close().await;
    }
}

#[actix_web::test]
async fn nothing_wrong_closes_the_report_and_only_whoever_reported_is_told() {
    let place = Place::new(RoomKind::Public).await;
    assert_eq!(place.mo.call(Method::POST, &place.decide(), Some(json!({ "outcome": "none" }))).await.0, 204);
    assert_eq!(place.keeper.get("/api/v1/admin/reports?closed=true").await["items"][0]["outcome"], "dismissed");
    assert!(told(&place.bob).await.is_empty());
    assert_eq!(place.ann.get("/api/v1/me/state").await["people"]["notices"], 1);
    let mut socket = place.ann.connect().await;
    let seen = json!({ "until": i64::MAX });
    assert_eq!(place.ann.call(Method::POST, "/api/v1/me/notices/seen", Some(seen)).await.0, 204);
    assert_eq!(socket.next("signal").await["signal"], json!({ "kind": "noticed", "notices": 0 }));
    let page = place.ann.get("/api/v1/me/notices").await;
    assert_eq!((&page["unread"], &page["reports"][0]["is_new"]), (&json!(0), &json!(false)));
    assert!(place.ann.page_text("/settings/notices").await.contains("was looked at"));
    place.town.close().await;
}

#[actix_web::test]
async fn what_does_not_fit_or_is_not_allowed_changes_nothing() {
    let place = Place::new(RoomKind::Public).await;
    for (new, field, code) in [
        (json!({ "outcome": "warn" }), "reason", "moderation.reason"),
        (json!({ "outcome": "warn", "reason": "x".repeat(501) }), "reason", "moderation.reason"),
        (json!({ "outcome": "warn", "reason": "x", "until": NOON + DAY }), "until", "moderation.until"),
        (json!({ "outcome": "mute", "reason": "x" }), "until", "members.until_past"),
        (json!({ "outcome": "mute", "reason": "x", "until": NOON }), "until", "members.until_past"),
        (json!({ "outcome": "mute", "reason": "x", "until": NOON + 400 * DAY }), "until", "members.until_far"),
        (json!({ "outcome": "ban", "reason": "x", "until": NOON }), "until", "members.until_past"),
        (json!({ "outcome": "ban", "reason": "x", "until": i64::MAX }), "until", "members.ban_far"),
        (json!({ "outcome": "warn", "reason": "x", "note": "x".repeat(1_001) }), "note", "social.report_text"),
        (json!({ "outcome": "scold", "reason": "x" }), "outcome", "error.body"),
    ] {
        let (status, answer) = place.mo.call(Method::POST, &place.decide(), Some(new.clone())).await;
        let told = (status.as_u16(), answer["problems"][0]["field"].as_str(), answer["problems"][0]["code"].as_str());
        assert_eq!(told, (422, Some(field), Some(code)), "{new}");
    }
    // Nobody acts on somebody with more rights, by no outcome.
    let administrator = place.town.person("ada", &[RoleKind::Administrator]).await;
    let of_ada = place.ann.post("/api/v1/reports", json!({ "member": administrator.id, "reason": "hate" })).await;
    let decide = format!("/api/v1/admin/reports/{}/decide", of_ada["id"].as_str().expect("an id"));
    for outcome in ["warn", "ban"] {
        place.mo.refused(Method::POST, &decide, Some(json!({ "outcome": outcome, "reason": "x" })), 403, "members.above_you").await;
    }
    // And nobody looks into what is reported of them.
    let case = format!("/api/v1/admin/reports/{}", of_ada["id"].as_str().expect("an id"));
    administrator.refused(Method::GET, &case, None, 404, "error.not_found").await;
    let own = Some(json!({ "outcome": "none" }));
    administrator.refused(Method::POST, &decide, own, 404, "error.not_found").await;
    assert_eq!(place.keeper.get("/api/v1/admin/reports").await["items"].as_array().map(Vec::len), Some(2), "both wait still");
    assert!(told(&place.bob).await.is_empty() && told(&administrator).await.is_empty());
    assert_eq!(place.ann.get("/api/v1/me/notices").await["unread"], 0);
    place.town.close().await;
}

#[actix_web::test]
async fn what_is_gone_already_is_said_and_not_done_twice() {
    let place = Place::new(RoomKind::Public).await;
    let message = format!("/api/v1/rooms/{}/messages/{}", place.room, place.said);
    assert!(place.bob.call(Method::DELETE, &message, None).await.0.is_success());
    let leave = format!("/api/v1/rooms/{}/members/{}", place.room, place.bob.id);
    assert!(place.bob.call(Method::DELETE, &leave, None).await.0.is_success());
    assert_eq!(texts(&place.case(&place.mo).await["may"]), ["none", "warn", "mute", "ban"]);
    for (outcome, code) in [("remove", "moderation.message_gone"), ("kick", "moderation.not_there")] {
        let new = json!({ "outcome": outcome, "reason": "x" });
        place.mo.refused(Method::POST, &place.decide(), Some(new), 409, code).await;
    }
    let of_bob = place.ann.post("/api/v1/reports", json!({ "member": place.bob.id, "reason": "spam" })).await;
    let decide = format!("/api/v1/admin/reports/{}/decide", of_bob["id"].as_str().expect("an id"));
    let new = Some(json!({ "outcome": "remove", "reason": "x" }));
    place.mo.refused(Method::POST, &decide, new, 409, "moderation.no_message").await;
    place.town.close().await;
}

#[actix_web::test]
async fn of_two_moderators_at_once_one_decides() {
    let place = Place::new(RoomKind::Public).await;
    let other = place.town.person("moe", &[RoleKind::Moderator]).await;
    let new = json!({ "outcome": "mute", "reason": "x", "until": NOON + DAY });
    let decide = place.decide();
    let all = (0..6).map(|n| {
        let by = if n % 2 == 0 { &place.mo } else { &other };
        by.call(Method::POST, &decide, Some(new.clone()))
    });
    let mut statuses: Vec<u16> = futures_util::future::join_all(all).await.into_iter().map(|(status, _)| status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409, 409, 409, 409, 409]);
    assert_eq!(told(&place.bob).await.len(), 1);
    place.town.close().await;
}

#[actix_web::test]
async fn a_ban_by_a_case_and_one_by_hand_at_once_wait_for_one_another_and_one_is_done() {
    let place = Place::new(RoomKind::Public).await;
    let room = place.room;
    let ((holds, held), (waits, waited)) = (channel(), channel());
    let writer = place.town.app().ground.db.write(move |tx| {
        hold_room(tx, room)?;
        holds.send(()).expect("the case waits");
        until_others_wait(tx, 1)?;
        waits.send(()).expect("the other ban waits");
        until_others_wait(tx, 2)
    });
    let case = async {
        held.await.expect("held");
        place.mo.call(Method::POST, &place.decide(), Some(json!({ "outcome": "ban", "reason": "No selling" }))).await
    };
    let by_hand = async {
        waited.await.expect("waited");
        place.keeper.call(Method::POST, &format!("/api/v1/admin/members/{}/ban", place.bob.id), Some(json!({ "reason": "x" }))).await
    };
    let (written, case, by_hand) = futures_util::join!(writer, case, by_hand);
    written.expect("written");
    // Where there is one writer, either may have been first: the other finds that it is done.
    let told = [&case, &by_hand].map(|(status, answer)| (status.as_u16(), answer["code"].as_str()));
    let [done, late] = if told[0].1.is_none() { told } else { [told[1], told[0]] };
    assert!([200, 204].contains(&done.0), "{case:?} {by_hand:?}");
    assert_eq!(late, (409, Some("members.not_active")), "{case:?} {by_hand:?}");
    let detail = place.keeper.get(&format!("/api/v1/admin/members/{}", place.bob.id)).await;
    assert_eq!(detail["sanctions"].as_array().map(Vec::len), Some(1), "{detail}");
    place.town.close().await;
}

#[actix_web::test]
async fn whatever_is_done_without_a_report_is_told_too_and_reasons_from_before_are_not() {
    let place = Place::new(RoomKind::Public).await;
    let path = |act: &str| format!("/api/v1/admin/members/{}/{act}", place.bob.id);
    place.mo.post(&path("mute"), json!({ "until": NOON + DAY, "reason": "Sleep on it" })).await;
    let mine = told(&place.bob).await.remove(0);
    assert_eq!((&mine["kind"], &mine["reason"], &mine["by_rule"]), (&json!("mute"), &json!("Sleep on it"), &json!(false)));
    let detail = place.keeper.get(&format!("/api/v1/admin/members/{}", place.bob.id)).await;
    assert_eq!((&detail["sanctions"][0]["reason"], &detail["sanctions"][0]["note"]), (&json!("Sleep on it"), &json!("")));
    place.town.close().await;
}

#[actix_web::test]
async fn whom_it_was_done_to_cannot_tell_that_or_by_whom_they_were_reported() {
    let place = Place::new(RoomKind::Public).await;
    let max = place.town.person("max", &[RoleKind::Moderator]).await;
    let report = place.ann.post("/api/v1/reports", json!({ "member": max.id, "reason": "harassment", "text": "He shouts" })).await;
    let report = report["id"].as_str().expect("an id").to_owned();
    let decide = format!("/api/v1/admin/reports/{report}/decide");
    let warned = json!({ "outcome": "warn", "reason": "Speak softly", "note": "Ann was right" });
    assert_eq!(place.keeper.call(Method::POST, &decide, Some(warned)).await.0, 204);
    let account = format!("/api/v1/admin/members/{}", max.id);
    assert_eq!(place.mo.get(&account).await["sanctions"][0]["report"], json!(report), "those who keep the peace find it");
    let own = max.get(&account).await;
    assert_eq!((&own["sanctions"][0]["reason"], &own["sanctions"][0]["report"]), (&json!("Speak softly"), &Value::Null));
    let (queue, audit) = ("/api/v1/admin/reports?closed=true", "/api/v1/admin/audit");
    for path in [account.as_str(), "/api/v1/me/notices", queue, audit, "/api/v1/me/state"] {
        let seen = max.call(Method::GET, path, None).await.1.to_string();
        assert!(!seen.contains(&report) && !seen.contains("He shouts") && !seen.contains("Ann was right"), "{path}: {seen}");
    }
    for page in [format!("/admin/members/{}", max.id), "/settings/notices".to_owned()] {
        let seen = max.page_text(&page).await;
        assert!(seen.contains("Speak softly") && !seen.contains(&report) && !seen.contains("Ann was right"), "{page}");
    }
    place.town.close().await;
}

#[actix_web::test]
async fn a_token_needs_the_scope_of_what_is_done_besides() {
    let place = Place::new(RoomKind::Public).await;
    let made = place.keeper.post("/api/v1/me/tokens", json!({ "name": "bot", "scopes": ["read", "admin"] })).await;
    let token = made["token"].as_str().expect("a token");
    for (outcome, status) in [("remove", 403), ("kick", 403), ("warn", 204)] {
        let decision = json!({ "outcome": outcome, "reason": "No selling" });
        let asked = place.town.http.post(place.town.url(&place.decide())).bearer_auth(token).json(&decision).send();
        assert_eq!(asked.await.expect("an answer").status(), status, "{outcome}");
    }
    assert_eq!(told(&place.bob).await.len(), 1, "the warning alone was done");
    place.town.close().await;
}

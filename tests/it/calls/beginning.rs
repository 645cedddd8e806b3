//! Who may begin a call: what plans give, asked at the start, at the answer and for each who is added; and how often.

use reqwest::Method;
use rialto::chat::RoomKind;
use serde_json::json;

use super::{Stage, about, begins, call_in, call_to, code, enters, group};
use crate::support::Person;

/// Gives somebody a plan that is worth this; the grant.
pub(super) async fn plan(stage: &Stage, who: &Person, name: &str, entitlements: serde_json::Value) -> String {
    let plan = stage.owner.post("/api/v1/admin/plans", json!({ "name": name, "entitlements": entitlements })).await;
    let grant =
        stage.owner.post(&format!("/api/v1/admin/members/{}/grants", who.id), json!({ "plan": plan["id"], "source": "comp" })).await;
    grant["id"].as_str().expect("an id").to_owned()
}

#[actix_web::test]
async fn starting_is_for_who_has_the_right_and_receiving_is_free() {
    let stage = Stage::for_payers().await;
    let (ann, ben) = (stage.reachable("ann").await, stage.reachable("ben").await);
    plan(&stage, &ann, "Voice", json!({ "calls.start": true })).await;
    let (mut payer, mut free) = (ann.connect().await, ben.connect().await);
    assert_eq!(code(&mut free, call_to(&ann, "k1")).await, "calls.plan_needed");
    assert_eq!(
        ben.get("/api/v1/calls/live").await["may_start"],
        json!({ "calls": false, "video": false, "group_size": null, "max_minutes": null, "closed": [] })
    );
    let mut video = call_to(&ben, "k1");
    video["video"] = json!(true);
    assert_eq!(code(&mut payer, video).await, "calls.video_needed");
    let call = begins(&mut payer, call_to(&ben, "k2")).await;
    free.next("call.ring").await;
    free.done(about("call.accept", &call)).await;
    enters(&mut free, &call).await;
    stage.close().await;
}

#[actix_web::test]
async fn a_right_that_ends_while_it_rings_ends_it_and_one_that_ends_later_does_not() {
    let stage = Stage::for_payers().await;
    let (ann, ben) = (stage.town.member("ann").await, stage.reachable("ben").await);
    let grant = plan(&stage, &ann, "Voice", json!({ "calls.start": true })).await;
    let (mut caller, mut callee) = (ann.connect().await, ben.connect().await);
    let call = begins(&mut caller, call_to(&ben, "k1")).await;
    callee.done(about("call.accept", &call)).await;
    enters(&mut caller, &call).await;
    enters(&mut callee, &call).await;
    stage.owner.post(&format!("/api/v1/admin/grants/{grant}/revoke"), json!({})).await;
    stage.passes(3_600_000);
    assert_eq!(ben.get("/api/v1/calls/live").await["items"][0]["call"]["members"], json!([ann.id, ben.id]), "a lapse never cuts");
    caller.done(about("call.leave", &call)).await;
    let grant = plan(&stage, &ann, "Voice again", json!({ "calls.start": true })).await;
    let call = begins(&mut caller, call_to(&ben, "k2")).await;
    stage.owner.post(&format!("/api/v1/admin/grants/{grant}/revoke"), json!({})).await;
    assert_eq!(code(&mut callee, about("call.accept", &call)).await, "calls.over");
    stage.close().await;
}

#[actix_web::test]
async fn a_right_that_ends_ends_no_call_that_somebody_has_answered_and_one_that_rings_also_for_who_comes_without_a_word() {
    let stage = Stage::for_payers().await;
    let (ann, ben, clo) = (stage.town.member("ann").await, stage.reachable("ben").await, stage.reachable("clo").await);
    let grant = plan(&stage, &ann, "Voice", json!({ "calls.start": true })).await;
    let room = group(&stage, &ann, &[&ben, &clo]).await;
    let (mut a, mut b, mut c) = (ann.connect().await, ben.connect().await, clo.connect().await);
    let call = begins(&mut a, call_in(room, "k1")).await;
    enters(&mut a, &call).await;
    b.done(about("call.accept", &call)).await;
    enters(&mut b, &call).await;
    stage.owner.post(&format!("/api/v1/admin/grants/{grant}/revoke"), json!({})).await;
    c.done(about("call.accept", &call)).await;
    enters(&mut c, &call).await;
    assert_eq!(ben.get("/api/v1/calls/live").await["items"][0]["call"]["members"], json!([ann.id, ben.id, clo.id]));
    for socket in [&mut a, &mut b, &mut c] {
        socket.done(about("call.leave", &call)).await;
    }
    let grant = plan(&stage, &ann, "Voice again", json!({ "calls.start": true })).await;
    let call = begins(&mut a, call_to(&ben, "k2")).await;
    stage.owner.post(&format!("/api/v1/admin/grants/{grant}/revoke"), json!({})).await;
    assert_eq!(code(&mut b, about("call.join", &call)).await, "calls.over");
    assert_eq!(ann.get("/api/v1/calls").await["items"][0]["call"], call);
    stage.close().await;
}

#[actix_web::test]
async fn so_many_comings_and_offers_of_one_member() {
    let stage = Stage::open().await;
    let (ann, ben) = (stage.town.member("ann").await, stage.town.member("ben").await);
    let room = super::being_in::voice_room(&stage, &ann, &[&ben]).await;
    let (mut a, mut b) = (ann.connect().await, ben.connect().await);
    let call = begins(&mut a, call_in(room, "k1")).await;
    let mut refused = 0;
    // Twenty at once; a few more come back while the test runs.
    while refused == 0 {
        let answer = a.ask(about("call.join", &call)).await;
        refused += usize::from(answer["code"] == "error.slow_down");
        assert!(answer["type"] == "ack" || answer["retry_after_ms"].as_u64().is_some_and(|ms| ms > 0), "{answer}");
    }
    let mut generation = 0;
    loop {
        generation += 1;
        let answer = a.ask(json!({ "type": "pc.offer", "call": call, "gen": generation, "sdp": "no" })).await;
        if answer["code"] == "error.slow_down" {
            break;
        }
        assert_eq!(answer["code"], "calls.offer_invalid", "{answer}");
    }
    assert!(generation > 30, "{generation}");
    enters(&mut b, &call).await;
    stage.close().await;
}

#[actix_web::test]
async fn the_starter_s_plan_binds_the_call_and_each_who_is_added() {
    let stage = Stage::for_payers().await;
    let (ann, ben, clo, dan) =
        (stage.town.member("ann").await, stage.reachable("ben").await, stage.reachable("clo").await, stage.reachable("dan").await);
    plan(&stage, &ann, "Three", json!({ "calls.start": true, "calls.group_size": 3, "calls.max_minutes": 30 })).await;
    let room = group(&stage, &ann, &[&ben, &clo, &dan]).await;
    let (mut a, mut b) = (ann.connect().await, ben.connect().await);
    assert_eq!(code(&mut a, call_in(room, "k1")).await, "calls.group_size");
    let mut two = call_in(room, "k2");
    two["ring"] = json!([ben.id]);
    let call = begins(&mut a, two).await;
    let joined = enters(&mut a, &call).await;
    let (started, ends) = (joined["call"]["started_at"].as_i64().expect("ms"), joined["call"]["ends_at"].as_i64().expect("ms"));
    assert_eq!((ends - started, &joined["limits"]["members"], &joined["limits"]["video_slots"]), (1_800_000, &json!(3), &json!(0)));
    b.done(about("call.accept", &call)).await;
    enters(&mut b, &call).await;
    let add = |who: &[&Person]| json!({ "type": "call.add", "call": call, "members": who.iter().map(|one| one.id).collect::<Vec<_>>() });
    assert_eq!(code(&mut b, add(&[&clo])).await, "calls.not_host");
    assert_eq!(code(&mut a, add(&[&clo, &dan])).await, "calls.group_size");
    assert_eq!(code(&mut a, add(&[])).await, "calls.members");
    a.done(add(&[&clo])).await;
    let mut c = clo.connect().await;
    assert_eq!(c.hello["calls"][0]["part"], "ringing");
    enters(&mut c, &call).await;
    let mut d = dan.connect().await;
    assert_eq!(code(&mut d, about("call.join", &call)).await, "calls.full");
    stage.passes(1_800_000);
    assert_eq!(b.next("call.ended").await["cause"], "time_over");
    stage.close().await;
}

#[actix_web::test]
async fn the_starter_s_plan_binds_the_call_also_once_they_are_gone() {
    let stage = Stage::for_payers().await;
    let town = &stage.town;
    let (ann, ben, clo, dan) = (town.member("ann").await, town.member("ben").await, town.member("clo").await, town.member("dan").await);
    let grant = plan(&stage, &ann, "Two", json!({ "calls.start": true, "calls.group_size": 2, "calls.max_minutes": 30 })).await;
    // Ben's own plan is worth more, and counts for calls that he begins.
    plan(&stage, &ben, "All", json!({ "calls.start": true, "calls.video": true })).await;
    let room = super::being_in::voice_room(&stage, &ann, &[&ben, &clo, &dan]).await;
    let (mut a, mut b, mut c, mut d) = (ann.connect().await, ben.connect().await, clo.connect().await, dan.connect().await);
    let call = begins(&mut a, call_in(room, "k1")).await;
    enters(&mut a, &call).await;
    enters(&mut b, &call).await;
    a.done(about("call.leave", &call)).await;
    stage.owner.post(&format!("/api/v1/admin/grants/{grant}/revoke"), json!({})).await;
    enters(&mut c, &call).await;
    assert_eq!(code(&mut d, about("call.join", &call)).await, "calls.full");
    for source in ["cam", "screen"] {
        let on = json!({ "type": "call.mute", "call": call, "source": source, "muted": false });
        assert_eq!(code(&mut b, on).await, "calls.held", "{source}: the one who began it had no pictures");
    }
    stage.passes(1_799_000);
    assert_eq!(ben.get("/api/v1/calls/live").await["items"][0]["call"]["members"], json!([ben.id, clo.id]));
    stage.passes(1_000);
    assert_eq!(c.next("call.ended").await["cause"], "time_over");
    stage.close().await;
}

#[actix_web::test]
async fn the_same_key_begins_the_same_call_and_a_room_has_one() {
    let stage = Stage::open().await;
    let (ann, ben) = (stage.town.member("ann").await, stage.reachable("ben").await);
    let room = stage.town.room(&ann, RoomKind::Private, "Quay", &[&ben]).await;
    let (mut a, mut b) = (ann.connect().await, ben.connect().await);
    assert_eq!(code(&mut a, call_in(room, "k1")).await, "calls.no_voice");
    let (status, changed) = ann.call(Method::PATCH, &format!("/api/v1/rooms/{room}"), Some(json!({ "voice": true }))).await;
    assert_eq!((status.as_u16(), &changed["voice"]), (200, &json!(true)));
    let call = begins(&mut a, call_in(room, "k1")).await;
    assert_eq!(begins(&mut a, call_in(room, "k1")).await, call);
    assert_eq!(begins(&mut b, call_in(room, "theirs")).await, call, "no other one beside it");
    assert_eq!(code(&mut a, call_to(&ben, "k1")).await, "calls.key_reused");
    let clo = stage.reachable("clo").await;
    let direct = begins(&mut b, call_to(&clo, "k2")).await;
    assert_eq!(begins(&mut b, call_to(&clo, "k2")).await, direct);
    assert_eq!(code(&mut b, call_to(&ann, "k2")).await, "calls.key_reused", "somebody else");
    assert_eq!(code(&mut a, call_in(room, "")).await, "calls.key");
    assert_eq!(code(&mut a, call_in(room, &"k".repeat(65))).await, "calls.key");
    assert_eq!(begins(&mut a, call_in(room, &"k".repeat(64))).await, call);
    stage.close().await;
}

#[actix_web::test]
async fn so_many_in_a_minute_in_a_day_and_to_one_who_does_not_answer() {
    let stage = Stage::open().await;
    let ann = stage.town.member("ann").await;
    let mut caller = ann.connect().await;
    let mut people = Vec::new();
    for n in 0..7 {
        people.push(stage.reachable(&format!("other{n}")).await);
    }
    for (n, person) in people.iter().take(6).enumerate() {
        let call = begins(&mut caller, call_to(person, &format!("k{n}"))).await;
        caller.done(about("call.cancel", &call)).await;
    }
    assert_eq!(code(&mut caller, call_to(&people[6], "k6")).await, "calls.too_many");
    stage.passes(60_000);
    let call = begins(&mut caller, call_to(&people[6], "k7")).await;
    caller.done(about("call.cancel", &call)).await;
    stage.set(json!({ "calls_per_day": 7 })).await;
    assert_eq!(code(&mut caller, call_to(&people[0], "k8")).await, "calls.too_many");
    stage.set(json!({ "calls_per_day": 60 })).await;
    // What one takes back oneself has rung as well: each of them was called once and not answered.
    for n in 0..2 {
        let call = begins(&mut caller, call_to(&people[0], &format!("again{n}"))).await;
        stage.passes(45_000);
        while super::entry(&mut caller).await["call"] != call {}
    }
    stage.passes(60_000);
    assert_eq!(code(&mut caller, call_to(&people[0], "once more")).await, "calls.no_answer_again");
    for n in 0..2 {
        let call = begins(&mut caller, call_to(&people[1], &format!("back{n}"))).await;
        caller.done(about("call.cancel", &call)).await;
        while super::entry(&mut caller).await["call"] != call {}
    }
    assert_eq!(code(&mut caller, call_to(&people[1], "back again")).await, "calls.no_answer_again");
    stage.passes(3_600_000);
    begins(&mut caller, call_to(&people[0], "later")).await;
    stage.close().await;
}

#[actix_web::test]
async fn the_community_has_so_many_calls_at_once() {
    let stage = Stage::open().await;
    stage.set(json!({ "calls_at_once": 1 })).await;
    let (ann, ben, clo) = (stage.town.member("ann").await, stage.reachable("ben").await, stage.town.member("clo").await);
    let (mut a, mut c) = (ann.connect().await, clo.connect().await);
    let call = begins(&mut a, call_to(&ben, "k1")).await;
    assert_eq!(code(&mut c, call_to(&ben, "k2")).await, "calls.too_many_calls");
    a.done(about("call.cancel", &call)).await;
    begins(&mut c, call_to(&ben, "k3")).await;
    stage.close().await;
}

#[actix_web::test]
async fn whoever_was_told_yes_may_call_once_more_however_often_nobody_answered_and_whatever_became_of_it() {
    for (always, since) in [(false, None), (true, None), (false, Some("blocks")), (true, Some("blocks")), (false, Some("me/never"))] {
        may_call_once_more(always, since).await;
    }
}

/// Ben says yes, for once or for good, and puts ann on a list afterwards: the rest is the same for her.
async fn may_call_once_more(always: bool, since: Option<&str>) {
    let stage = Stage::open().await;
    let (ann, ben) = (stage.town.member("ann").await, stage.town.member("ben").await);
    let (status, answer) = ben.call(Method::PUT, "/api/v1/me/reach", Some(json!({ "unknown_callers": "request" }))).await;
    assert!(status.is_success(), "{answer}");
    let mut caller = ann.connect().await;
    for n in 0..3 {
        let call = begins(&mut caller, call_to(&ben, &format!("k{n}"))).await;
        caller.done(about("call.cancel", &call)).await;
        while super::entry(&mut caller).await["call"] != call {}
    }
    assert_eq!(code(&mut caller, call_to(&ben, "k3")).await, "calls.no_answer_again");
    let waits = ben.get("/api/v1/requests").await["items"][0]["id"].clone();
    ben.post(&format!("/api/v1/requests/{}/accept", waits.as_str().expect("it waits")), json!({ "always": always })).await;
    if let Some(list) = since {
        let (status, answer) = ben.call(Method::PUT, &format!("/api/v1/{list}/{}", ann.id), None).await;
        assert!(status.is_success(), "{answer}");
    }
    let call = begins(&mut caller, call_to(&ben, "k4")).await;
    caller.done(about("call.cancel", &call)).await;
    while super::entry(&mut caller).await["call"] != call {}
    assert_eq!(code(&mut caller, call_to(&ben, "k5")).await, "calls.no_answer_again", "{always} {since:?}");
    stage.close().await;
}

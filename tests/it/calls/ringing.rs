//! Ring, accept, decline, cancel: on several devices, by several people, in whatever order.

use diesel::connection::SimpleConnection;
use rialto::calls::seed::{CallStory, place_call};
use rialto::calls::{Cause, Fate};
use rialto::ids::RoomId;
use serde_json::json;

use super::{Stage, about, begins, call_in, call_to, code, enters, entry, fates, group};

#[actix_web::test]
async fn it_rings_on_all_devices_and_the_first_that_accepts_has_it() {
    let stage = Stage::open().await;
    let (ann, ben) = (stage.town.member("ann").await, stage.reachable("ben").await);
    let mut caller = ann.connect().await;
    let (mut phone, mut desk) = (ben.connect().await, ben.connect().await);
    let call = begins(&mut caller, call_to(&ben, "k1")).await;
    for device in [&mut phone, &mut desk] {
        let ring = device.next("call.ring").await;
        assert_eq!((&ring["call"]["id"], &ring["call"]["starter"]), (&json!(call), &json!(ann.id)));
    }
    desk.done(about("call.accept", &call)).await;
    let answered = phone.next("call.state").await;
    assert_eq!((&answered["part"], &answered["connection"]), (&json!("accepted"), &desk.hello["connection"]), "answered elsewhere");
    assert_eq!(code(&mut phone, about("call.accept", &call)).await, "calls.answered_elsewhere");
    assert_eq!(caller.next("call.state").await["call"]["state"], "ringing");
    enters(&mut caller, &call).await;
    enters(&mut desk, &call).await;
    loop {
        if caller.next("call.state").await["call"]["state"] == "active" {
            break;
        }
    }
    stage.passes(65_000);
    desk.done(about("call.leave", &call)).await;
    for device in [&mut caller, &mut phone, &mut desk] {
        assert_eq!(device.next("call.ended").await["cause"], "left");
    }
    let (mine, theirs) = (entry(&mut caller).await, entry(&mut phone).await);
    assert_eq!((&mine["fate"], &mine["outgoing"], &mine["seconds"]), (&json!("taken"), &json!(true), &json!(65)));
    assert_eq!((&theirs["fate"], &theirs["outgoing"], &theirs["others"]), (&json!("taken"), &json!(false), &json!([ann.id])));
    stage.close().await;
}

#[actix_web::test]
async fn nobody_answers_and_it_is_missed_once_until_it_is_seen() {
    let stage = Stage::open().await;
    let (ann, ben) = (stage.town.member("ann").await, stage.reachable("ben").await);
    let (mut caller, mut callee) = (ann.connect().await, ben.connect().await);
    begins(&mut caller, call_to(&ben, "k1")).await;
    let ring = callee.next("call.ring").await;
    stage.passes(45_000);
    assert_eq!(callee.next("call.ended").await["cause"], "no_answer");
    let logged = callee.event("call_logged").await["event"].clone();
    assert_eq!((&logged["entry"]["fate"], &logged["missed"]), (&json!("missed"), &json!(1)));
    assert_eq!(entry(&mut caller).await["fate"], "unanswered");
    let page = ben.get("/api/v1/calls?missed=true").await;
    assert_eq!((&page["missed"], page["items"].as_array().map(Vec::len)), (&json!(1), Some(1)));
    let at = ring["call"]["started_at"].as_i64().expect("a time");
    let (status, _) = ben.call(reqwest::Method::POST, "/api/v1/calls/seen", Some(json!({ "until": at }))).await;
    assert_eq!(status, 204);
    let seen = callee.event("calls_seen").await["event"].clone();
    assert_eq!((&seen["until"], &seen["missed"]), (&json!(at), &json!(0)));
    assert_eq!(ben.get("/api/v1/calls").await["missed"], 0);
    // A client that comes too late never rings: it is greeted with nothing, and finds what it missed.
    assert_eq!(ben.connect().await.hello["calls"], json!([]));
    stage.close().await;
}

#[actix_web::test]
async fn a_late_device_is_greeted_with_the_ring_that_goes_on() {
    let stage = Stage::open().await;
    let (ann, ben) = (stage.town.member("ann").await, stage.reachable("ben").await);
    let mut caller = ann.connect().await;
    let call = begins(&mut caller, call_to(&ben, "k1")).await;
    stage.passes(20_000);
    let late = ben.connect().await;
    let calls = late.hello["calls"].as_array().expect("a list").clone();
    assert_eq!((&calls[0]["call"]["id"], &calls[0]["part"]), (&json!(call), &json!("ringing")));
    let expires = calls[0]["call"]["expires_at"].as_i64().expect("absolute");
    assert_eq!(expires, calls[0]["call"]["started_at"].as_i64().expect("a time") + 45_000);
    stage.close().await;
}

#[actix_web::test]
async fn declined_cancelled_and_busy_are_told_to_both() {
    let stage = Stage::open().await;
    let (ann, ben, clo) = (stage.town.member("ann").await, stage.reachable("ben").await, stage.town.member("clo").await);
    let (mut caller, mut callee) = (ann.connect().await, ben.connect().await);
    let call = begins(&mut caller, call_to(&ben, "k1")).await;
    assert_eq!(code(&mut callee, about("call.cancel", &call)).await, "calls.not_host");
    callee.done(about("call.decline", &call)).await;
    assert_eq!(caller.next("call.ended").await["cause"], "declined");
    assert_eq!((&entry(&mut callee).await["fate"], &entry(&mut caller).await["fate"]), (&json!("declined"), &json!("declined")));
    let call = begins(&mut caller, call_to(&ben, "k2")).await;
    caller.done(about("call.cancel", &call)).await;
    loop {
        if callee.next("call.ended").await["call"] == call {
            break;
        }
    }
    assert_eq!((&entry(&mut callee).await["fate"], &entry(&mut caller).await["fate"]), (&json!("missed"), &json!("cancelled")));
    assert_eq!(code(&mut callee, about("call.accept", &call)).await, "calls.over");
    let call = begins(&mut caller, call_to(&ben, "k3")).await;
    callee.done(about("call.accept", &call)).await;
    let mut other = clo.connect().await;
    begins(&mut other, call_to(&ben, "k4")).await;
    assert_eq!(other.next("call.ended").await["cause"], "busy");
    assert_eq!(entry(&mut callee).await["fate"], "busy");
    assert_eq!(code(&mut other, call_to(&clo, "k5")).await, "calls.yourself");
    stage.close().await;
}

#[actix_web::test]
async fn two_who_call_each_other_are_in_one_call() {
    let stage = Stage::open().await;
    let (ann, ben) = (stage.reachable("ann").await, stage.reachable("ben").await);
    let (mut one, mut other) = (ann.connect().await, ben.connect().await);
    let first = begins(&mut one, call_to(&ben, "k1")).await;
    let second = begins(&mut other, call_to(&ann, "k2")).await;
    assert_eq!(first, second);
    enters(&mut one, &first).await;
    enters(&mut other, &first).await;
    loop {
        if one.next("call.state").await["call"]["state"] == "active" {
            break;
        }
    }
    stage.close().await;
}

#[actix_web::test]
async fn two_who_call_each_other_at_the_same_instant_are_in_one_call_too() {
    let stage = Stage::open().await;
    let (ann, ben) = (stage.reachable("ann").await, stage.reachable("ben").await);
    let (mut one, mut other) = (ann.connect().await, ben.connect().await);
    for n in 0..8 {
        let (to_ben, to_ann) = (call_to(&ben, &format!("a{n}")), call_to(&ann, &format!("b{n}")));
        let (first, second) = futures_util::future::join(one.done(to_ben), other.done(to_ann)).await;
        assert_eq!(first["id"], second["id"], "round {n}");
        let call = first["id"].as_str().expect("an id").to_owned();
        enters(&mut one, &call).await;
        enters(&mut other, &call).await;
        one.done(about("call.leave", &call)).await;
        stage.passes(60_000);
    }
    stage.close().await;
}

#[actix_web::test]
async fn a_call_that_never_connects_was_no_talk_and_waiting_has_no_length() {
    let stage = Stage::open().await;
    let (ann, ben) = (stage.town.member("ann").await, stage.reachable("ben").await);
    let (mut a, mut b) = (ann.connect().await, ben.connect().await);
    let call = begins(&mut a, call_to(&ben, "k1")).await;
    b.done(about("call.accept", &call)).await;
    // Both come in, and no way for media is found.
    for socket in [&mut a, &mut b] {
        socket.done(about("call.join", &call)).await;
    }
    stage.passes(20_000);
    assert_eq!(a.next("call.ended").await["cause"], "failed");
    for (socket, fate) in [(&mut a, "unanswered"), (&mut b, "missed")] {
        let entry = entry(socket).await;
        assert_eq!((&entry["fate"], &entry["seconds"]), (&json!(fate), &json!(0)), "{entry}");
    }
    let call = begins(&mut a, call_to(&ben, "k2")).await;
    enters(&mut a, &call).await;
    stage.passes(7_000);
    b.done(about("call.decline", &call)).await;
    let entry = entry(&mut a).await;
    assert_eq!((&entry["fate"], &entry["seconds"]), (&json!("declined"), &json!(0)));
    stage.close().await;
}

#[actix_web::test]
async fn a_call_in_which_no_two_met_went_on_without_nobody() {
    let stage = Stage::open().await;
    let (ann, ben) = (stage.town.member("ann").await, stage.reachable("ben").await);
    let (mut a, mut b) = (ann.connect().await, ben.connect().await);
    // He says yes and does not come; then she goes, or nothing comes of it.
    for (key, goes) in [("k1", true), ("k2", false)] {
        let call = begins(&mut a, call_to(&ben, key)).await;
        enters(&mut a, &call).await;
        b.done(about("call.accept", &call)).await;
        if goes {
            a.done(about("call.leave", &call)).await;
        } else {
            stage.passes(20_000);
        }
        assert_eq!((&entry(&mut a).await["fate"], &entry(&mut b).await["fate"]), (&json!("unanswered"), &json!("missed")), "{key}");
    }
    stage.close().await;
}

#[actix_web::test]
async fn a_way_is_told_good_or_poor_only_to_who_talked_with_somebody() {
    let stage = Stage::open().await;
    let (ann, ben) = (stage.town.member("ann").await, stage.reachable("ben").await);
    let crew = group(&stage, &ann, &[&ben]).await;
    let (of_ann, of_ben) = (ann.id, ben.id);
    let story = move |room: Option<RoomId>, fate, seconds, cause| CallStory {
        room,
        is_group: room.is_some(),
        video: false,
        starter: of_ann,
        others: vec![(of_ben, fate)],
        seconds,
        cause: Some(cause),
        quality: Some(1),
    };
    let placed = stage.town.app().ground.db.write(move |tx| {
        place_call(tx, &story(None, Fate::Missed, 0, Cause::NoAnswer))?;
        place_call(tx, &story(Some(crew), Fate::Missed, 60, Cause::NoAnswer))?;
        place_call(tx, &story(None, Fate::Taken, 60, Cause::Left))?;
        // Waiting is measured too.
        Ok(tx.batch_execute("UPDATE call_people SET quality = 1")?)
    });
    placed.await.expect("calls that were");
    for who in [&ann, &ben] {
        let page = who.get("/api/v1/calls").await;
        let told: Vec<_> = page["items"].as_array().expect("items").iter().map(|item| item["quality"].clone()).collect();
        assert_eq!(told, [json!(1), json!(null), json!(null)], "{}: {page}", who.name);
    }
    stage.close().await;
}

#[actix_web::test]
async fn a_locked_call_says_so_at_the_answer() {
    let stage = Stage::open().await;
    let (ann, ben, clo) = (stage.town.member("ann").await, stage.reachable("ben").await, stage.reachable("clo").await);
    let crew = group(&stage, &ann, &[&ben, &clo]).await;
    let (mut a, mut b) = (ann.connect().await, ben.connect().await);
    let call = begins(&mut a, call_in(crew, "k1")).await;
    enters(&mut a, &call).await;
    a.done(json!({ "type": "call.mod.lock", "call": call, "locked": true })).await;
    assert_eq!(code(&mut b, about("call.accept", &call)).await, "calls.locked");
    a.done(json!({ "type": "call.mod.lock", "call": call, "locked": false })).await;
    b.done(about("call.accept", &call)).await;
    enters(&mut b, &call).await;
    stage.close().await;
}

#[actix_web::test]
async fn whoever_is_in_a_call_does_not_take_another_by_calling_back() {
    let stage = Stage::open().await;
    let (ann, ben, clo) = (stage.reachable("ann").await, stage.reachable("ben").await, stage.reachable("clo").await);
    let (mut one, mut other, mut third) = (ann.connect().await, ben.connect().await, clo.connect().await);
    let first = begins(&mut one, call_to(&ben, "k1")).await;
    let second = begins(&mut third, call_to(&ben, "k2")).await;
    other.done(about("call.accept", &second)).await;
    enters(&mut other, &second).await;
    assert_eq!(code(&mut other, call_to(&ann, "k3")).await, "calls.in_another");
    assert_eq!(ann.get("/api/v1/calls/live").await["items"][0]["call"]["state"], "ringing", "it rings on");
    one.done(about("call.cancel", &first)).await;
    stage.close().await;
}

#[actix_web::test]
async fn a_caller_whose_tab_is_closed_takes_it_back_after_ten_seconds() {
    let stage = Stage::open().await;
    let (ann, ben) = (stage.town.member("ann").await, stage.reachable("ben").await);
    let (mut caller, mut callee) = (ann.connect().await, ben.connect().await);
    begins(&mut caller, call_to(&ben, "k1")).await;
    callee.next("call.ring").await;
    drop(caller);
    // The program notices the end of the socket, and ten seconds pass by its clock.
    while stage.town.app().ground.hub.connections() > 1 {
        tokio::task::yield_now().await;
    }
    stage.passes(1);
    tokio::task::yield_now().await;
    let ended = loop {
        stage.passes(10_000);
        tokio::select! {
            ended = callee.next("call.ended") => break ended,
            () = tokio::time::sleep(std::time::Duration::from_millis(200)) => {}
        }
    };
    assert_eq!(ended["cause"], "cancelled");
    stage.close().await;
}

#[actix_web::test]
async fn a_group_rings_each_by_their_own_rules_and_stays_open() {
    let stage = Stage::open().await;
    let (ann, ben, clo, dan) =
        (stage.town.member("ann").await, stage.reachable("ben").await, stage.reachable("clo").await, stage.town.member("dan").await);
    super::reach(&dan, json!({ "call": { "from": ["nobody"] } })).await;
    let room = group(&stage, &ann, &[&ben, &clo, &dan]).await;
    let mut caller = ann.connect().await;
    let (mut b, mut c, mut d) = (ben.connect().await, clo.connect().await, dan.connect().await);
    let call = begins(&mut caller, call_in(room, "k1")).await;
    assert_eq!(d.event("call_started").await["event"]["call"], call, "who is not rung sees that it goes on");
    b.next("call.ring").await;
    c.next("call.ring").await;
    enters(&mut caller, &call).await;
    b.done(about("call.decline", &call)).await;
    assert_eq!(entry(&mut b).await["fate"], "declined");
    c.done(about("call.accept", &call)).await;
    enters(&mut c, &call).await;
    enters(&mut d, &call).await;
    enters(&mut b, &call).await;
    for socket in [&mut caller, &mut c, &mut d, &mut b] {
        socket.done(about("call.leave", &call)).await;
    }
    stage.passes(20_000);
    let ended = b.event("call_ended").await["event"].clone();
    assert_eq!((&ended["cause"], &ended["members"], &ended["actor"]), (&json!("left"), &json!(4), &json!(ann.id)));
    assert_eq!((fates(&ann).await, fates(&ben).await), (vec!["taken".to_owned()], vec!["taken".to_owned()]));
    assert_eq!((fates(&clo).await, fates(&dan).await), (vec!["taken".to_owned()], vec!["taken".to_owned()]));
    stage.close().await;
}

#[actix_web::test]
async fn a_group_that_rings_nobody_and_who_comes_unrung_are_calls_like_others() {
    let stage = Stage::open().await;
    let (ann, ben, clo) = (stage.town.member("ann").await, stage.reachable("ben").await, stage.reachable("clo").await);
    let crew = group(&stage, &ann, &[&ben, &clo]).await;
    let (mut a, mut b, mut c) = (ann.connect().await, ben.connect().await, clo.connect().await);
    let mut nobody = call_in(crew, "k1");
    nobody["ring"] = json!([]);
    let call = begins(&mut a, nobody).await;
    let joined = enters(&mut a, &call).await;
    assert_eq!((&joined["call"]["state"], &joined["call"]["expires_at"]), (&json!("active"), &json!(null)));
    stage.passes(600_000);
    enters(&mut b, &call).await;
    a.done(about("call.leave", &call)).await;
    assert_eq!(ben.get("/api/v1/calls/live").await["items"][0]["call"]["members"], json!([ben.id]), "it goes on without who began it");
    b.done(about("call.leave", &call)).await;
    stage.passes(20_000);
    assert_eq!(c.event("call_ended").await["event"]["cause"], "left");
    let mut one = call_in(crew, "k2");
    one["ring"] = json!([ben.id]);
    let call = begins(&mut a, one).await;
    enters(&mut a, &call).await;
    enters(&mut c, &call).await;
    b.done(about("call.decline", &call)).await;
    stage.passes(600_000);
    assert_eq!(ann.get("/api/v1/calls/live").await["items"][0]["call"]["members"], json!([ann.id, clo.id]), "two talk on");
    stage.close().await;
}

//! Cameras and screens in calls that began with voices: the plan of whoever began them, and what whoever answers lets the other do.

use serde_json::{Value, json};

use super::beginning::plan;
use super::{Stage, about, begins, call_in, call_to, code, enters, group, reach};
use crate::support::Socket;

/// May pictures be on, as the next word about the state of the call says?
async fn pictures(socket: &mut Socket, state: &str) -> Value {
    loop {
        let call = socket.next("call.state").await["call"].clone();
        if call["state"] == state {
            return call["pictures"].clone();
        }
    }
}

fn camera(call: &str) -> Value {
    json!({ "type": "call.mute", "call": call, "source": "cam", "muted": false })
}

#[actix_web::test]
async fn who_may_show_pictures_may_do_so_in_a_call_of_voices_too_and_so_may_the_other() {
    let stage = Stage::for_payers().await;
    let (ann, ben) = (stage.town.member("ann").await, stage.reachable("ben").await);
    plan(&stage, &ann, "All", json!({ "calls.start": true, "calls.video": true })).await;
    let (mut caller, mut callee) = (ann.connect().await, ben.connect().await);
    let call = begins(&mut caller, call_to(&ben, "k1")).await;
    let rung = callee.next("call.ring").await;
    assert_eq!((&rung["call"]["video"], &rung["call"]["pictures"]), (&json!(false), &json!(true)), "it rings as one of voices");
    let joined = enters(&mut caller, &call).await;
    assert_eq!(joined["limits"]["video_slots"], 6, "there is room for a picture from the beginning");
    callee.done(about("call.accept", &call)).await;
    enters(&mut callee, &call).await;
    for socket in [&mut caller, &mut callee] {
        socket.done(camera(&call)).await;
    }
    let live = ben.get("/api/v1/calls/live").await["items"][0]["call"].clone();
    assert_eq!((&live["video"], &live["pictures"]), (&json!(false), &json!(true)), "still one of voices");
    stage.close().await;
}

#[actix_web::test]
async fn whoever_lets_nobody_call_with_pictures_keeps_them_off_once_they_answer_and_not_before() {
    let stage = Stage::for_payers().await;
    let (ann, ben) = (stage.town.member("ann").await, stage.town.member("ben").await);
    plan(&stage, &ann, "All", json!({ "calls.start": true, "calls.video": true })).await;
    reach(&ben, json!({ "call": { "from": ["everyone"] }, "video_call": { "from": ["nobody"] } })).await;
    let (mut caller, mut callee) = (ann.connect().await, ben.connect().await);
    let call = begins(&mut caller, call_to(&ben, "k1")).await;
    assert_eq!(pictures(&mut caller, "ringing").await, true, "while it rings nothing is told of what the other lets through");
    enters(&mut caller, &call).await;
    caller.done(camera(&call)).await;
    callee.done(about("call.accept", &call)).await;
    enters(&mut callee, &call).await;
    while pictures(&mut caller, "connecting").await == true {}
    for socket in [&mut caller, &mut callee] {
        assert_eq!(code(socket, camera(&call)).await, "calls.held");
    }
    stage.close().await;
}

#[actix_web::test]
async fn both_who_call_each_other_are_asked_the_same() {
    let stage = Stage::open().await;
    let (ann, ben) = (stage.reachable("ann").await, stage.town.member("ben").await);
    reach(&ben, json!({ "call": { "from": ["everyone"] }, "video_call": { "from": ["nobody"] } })).await;
    let (mut a, mut b) = (ann.connect().await, ben.connect().await);
    let call = begins(&mut a, call_to(&ben, "k1")).await;
    enters(&mut a, &call).await;
    assert_eq!(begins(&mut b, call_to(&ann, "k2")).await, call);
    enters(&mut b, &call).await;
    assert_eq!(code(&mut a, camera(&call)).await, "calls.held");
    stage.close().await;
}

#[actix_web::test]
async fn where_ringing_with_a_camera_is_closed_a_call_of_several_has_its_cameras_and_one_of_two_has_none() {
    let stage = Stage::open().await;
    let (ann, ben, clo) = (stage.reachable("ann").await, stage.reachable("ben").await, stage.reachable("clo").await);
    let room = group(&stage, &ann, &[&ben, &clo]).await;
    stage.set(json!({ "reach_ceiling_video_call": ["nobody"] })).await;
    let (mut a, mut b) = (ann.connect().await, ben.connect().await);
    // The bound says who is reached in which way. What those send who are in a call already is the plan's.
    let with_camera = json!({ "type": "call.start", "room": room, "video": true, "key": "k0" });
    assert_eq!(code(&mut a, with_camera).await, "social.closed_video_call");
    let call = begins(&mut a, call_in(room, "k1")).await;
    enters(&mut a, &call).await;
    b.done(about("call.accept", &call)).await;
    assert_eq!(enters(&mut b, &call).await["call"]["pictures"], true);
    b.done(camera(&call)).await;
    a.done(about("call.mod.end", &call)).await;
    // Of two each is asked what they let the other do, and that is closed.
    let call = begins(&mut a, call_to(&ben, "k2")).await;
    enters(&mut a, &call).await;
    b.done(about("call.accept", &call)).await;
    enters(&mut b, &call).await;
    for socket in [&mut a, &mut b] {
        assert_eq!(code(socket, camera(&call)).await, "calls.held");
    }
    stage.close().await;
}

#[actix_web::test]
async fn a_call_of_several_has_what_the_plan_of_whoever_began_it_gives() {
    let stage = Stage::for_payers().await;
    let (ann, ben, clo) = (stage.town.member("ann").await, stage.reachable("ben").await, stage.reachable("clo").await);
    let room = group(&stage, &ann, &[&ben, &clo]).await;
    let (mut a, mut b) = (ann.connect().await, ben.connect().await);
    for (name, gives, key) in [("Voice", false, "k1"), ("All", true, "k2")] {
        plan(&stage, &ann, name, json!({ "calls.start": true, "calls.video": gives })).await;
        let call = begins(&mut a, call_in(room, key)).await;
        enters(&mut a, &call).await;
        b.done(about("call.accept", &call)).await;
        let joined = enters(&mut b, &call).await;
        assert_eq!((&joined["call"]["video"], &joined["call"]["pictures"]), (&json!(false), &json!(gives)));
        if gives {
            b.done(camera(&call)).await;
        } else {
            assert_eq!(code(&mut b, camera(&call)).await, "calls.held");
        }
        a.done(about("call.mod.end", &call)).await;
    }
    stage.close().await;
}

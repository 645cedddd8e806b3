//! Whoever is not let through sees what they see when nobody answers, and the other hears what they chose to hear.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Stage, about, begins, call_to, code, fates, reach};
use crate::support::{Person, Socket};

/// Why a call does not ring, and how it then stands in the callee's list: at most as a missed one.
const CAUSES: [(&str, &[&str]); 7] = [
    ("nobody answers", &["missed"]),
    ("unknown, silent", &["unheard"]),
    ("quiet hours", &["unheard"]),
    ("unknown, may ask", &[]),
    ("nobody", &[]),
    ("never", &[]),
    ("block", &[]),
];

async fn arrange(cause: &str, ben: &Person, ann: &Person) {
    match cause {
        "nobody answers" => reach(ben, json!({ "call": { "from": ["everyone"] } })).await,
        "unknown, silent" => reach(ben, json!({ "call": { "from": ["contacts"] }, "unknown_callers": "silent" })).await,
        "quiet hours" => reach(ben, json!({ "call": { "from": ["everyone"] }, "quiet": { "from": 600, "to": 900 } })).await,
        "unknown, may ask" => reach(ben, json!({ "call": { "from": ["contacts"] }, "unknown_callers": "request" })).await,
        "nobody" => reach(ben, json!({ "call": { "from": ["nobody"] } })).await,
        "never" => put(ben, &format!("/api/v1/me/never/{}", ann.id)).await,
        _ => put(ben, &format!("/api/v1/blocks/{}", ann.id)).await,
    }
}

async fn put(who: &Person, path: &str) {
    let (status, answer) = who.call(Method::PUT, path, None).await;
    assert!(status.is_success(), "{answer}");
}

/// Everything of calls that a caller sees until the end, without what names the two.
async fn seen(caller: &mut Socket, answer: &Value) -> Vec<String> {
    let mut seen = Vec::new();
    loop {
        let frame = caller.frame().await.expect("a frame");
        let kind = frame["type"].as_str().expect("a type").to_owned();
        if kind.starts_with("call.") {
            seen.push(frame.to_string().replace(answer["id"].as_str().expect("an id"), "CALL"));
        }
        if frame["event"]["kind"] == "call_logged" {
            seen.push(frame["event"].to_string().replace(answer["id"].as_str().expect("an id"), "CALL"));
            return seen;
        }
    }
}

#[actix_web::test]
async fn no_answer_tells_why_nobody_answers() {
    let mut all: Vec<(&str, Vec<String>)> = Vec::new();
    for (cause, fate) in CAUSES {
        let stage = Stage::open().await;
        let (ann, ben) = (stage.town.member("ann").await, stage.town.member("ben").await);
        arrange(cause, &ben, &ann).await;
        let (mut caller, mut callee) = (ann.connect().await, ben.connect().await);
        let answer = caller.done(call_to(&ben, "k1")).await;
        let call = answer["id"].as_str().expect("an id").to_owned();
        if cause == "nobody answers" {
            callee.next("call.ring").await;
        } else {
            for wish in ["call.accept", "call.decline", "call.join", "call.leave"] {
                let told = code(&mut callee, about(wish, &call)).await;
                let known = if fate.is_empty() { "error.not_found" } else { told.as_str() };
                assert_eq!(told, known, "{cause} {wish}");
                assert_ne!(told, "calls.over", "{cause} {wish}");
            }
        }
        stage.passes(45_000);
        let own = ann.id.to_string();
        let story = seen(&mut caller, &answer).await.into_iter().map(|line| line.replace(&own, "ANN").replace(&ben.id.to_string(), "BEN"));
        all.push((cause, story.collect()));
        assert_eq!(fates(&ben).await, fate.to_vec(), "{cause}");
        assert_eq!(fates(&ann).await, ["unanswered"], "{cause}");
        let asks = ben.get("/api/v1/requests").await["items"].as_array().expect("items").len();
        assert_eq!(asks, usize::from(cause == "unknown, may ask"), "{cause}");
        stage.close().await;
    }
    let first = all[0].1.clone();
    assert!(first.iter().any(|line| line.contains("no_answer")), "{first:?}");
    for (cause, story) in all {
        assert_eq!(story, first, "{cause}");
    }
}

#[actix_web::test]
async fn whoever_was_let_through_once_rings_once() {
    let stage = Stage::open().await;
    let (ann, ben) = (stage.town.member("ann").await, stage.town.member("ben").await);
    reach(&ben, json!({ "call": { "from": ["contacts"] }, "unknown_callers": "request" })).await;
    let (mut caller, mut callee) = (ann.connect().await, ben.connect().await);
    let call = begins(&mut caller, call_to(&ben, "k1")).await;
    let request = callee.event("request_came").await["event"]["request"].as_str().expect("a request").to_owned();
    let (status, _) = ben.call(Method::POST, &format!("/api/v1/requests/{request}/accept"), Some(json!({ "always": false }))).await;
    assert_eq!(status, 204);
    caller.done(about("call.cancel", &call)).await;
    let call = begins(&mut caller, call_to(&ben, "k2")).await;
    assert_eq!(callee.next("call.ring").await["call"]["id"], call);
    callee.done(about("call.decline", &call)).await;
    begins(&mut caller, call_to(&ben, "k3")).await;
    callee.event("request_came").await;
    stage.close().await;
}

/// Begins a call that becomes a request, takes it back and has the other say yes to it once.
async fn asks_and_is_told_yes(caller: &mut Socket, callee: &mut Socket, (ben, command): (&Person, Value)) {
    let call = begins(caller, command).await;
    let request = callee.event("request_came").await["event"]["request"].as_str().expect("a request").to_owned();
    caller.done(about("call.cancel", &call)).await;
    ben.post(&format!("/api/v1/requests/{request}/accept"), json!({})).await;
}

fn video_to(member: &Person, key: &str) -> Value {
    json!({ "type": "call.start", "to": member.id, "video": true, "key": key })
}

#[actix_web::test]
async fn a_yes_to_a_voice_lets_no_picture_in() {
    let stage = Stage::open().await;
    let (ann, ben) = (stage.town.member("ann").await, stage.town.member("ben").await);
    let known = json!({ "from": ["contacts"] });
    reach(&ben, json!({ "call": known, "video_call": known, "unknown_callers": "request" })).await;
    let (mut caller, mut callee) = (ann.connect().await, ben.connect().await);
    asks_and_is_told_yes(&mut caller, &mut callee, (&ben, call_to(&ben, "k1"))).await;
    let call = begins(&mut caller, video_to(&ben, "k2")).await;
    assert_eq!(callee.event("request_came").await["event"]["about"], "video_call", "that is another wish");
    caller.done(about("call.cancel", &call)).await;
    // The yes to a voice is still there.
    let call = begins(&mut caller, call_to(&ben, "k3")).await;
    assert_eq!(callee.next("call.ring").await["call"]["id"], call);
    stage.close().await;
}

#[actix_web::test]
async fn a_yes_to_a_picture_lets_one_call_of_either_sort_in() {
    for is_video in [true, false] {
        let stage = Stage::open().await;
        let (ann, ben) = (stage.town.member("ann").await, stage.town.member("ben").await);
        let known = json!({ "from": ["contacts"] });
        reach(&ben, json!({ "call": known, "video_call": known, "unknown_callers": "request" })).await;
        let (mut caller, mut callee) = (ann.connect().await, ben.connect().await);
        asks_and_is_told_yes(&mut caller, &mut callee, (&ben, video_to(&ben, "k1"))).await;
        let call = begins(&mut caller, if is_video { video_to(&ben, "k2") } else { call_to(&ben, "k2") }).await;
        assert_eq!(callee.next("call.ring").await["call"]["id"], call);
        callee.done(about("call.decline", &call)).await;
        begins(&mut caller, call_to(&ben, "k3")).await;
        callee.event("request_came").await;
        stage.close().await;
    }
}

#[actix_web::test]
async fn a_block_while_it_rings_hushes_it_and_the_caller_sees_it_ring_on() {
    let stage = Stage::open().await;
    let (ann, ben) = (stage.town.member("ann").await, stage.reachable("ben").await);
    let (mut caller, mut callee) = (ann.connect().await, ben.connect().await);
    let call = begins(&mut caller, call_to(&ben, "k1")).await;
    callee.next("call.ring").await;
    put(&ben, &format!("/api/v1/blocks/{}", ann.id)).await;
    assert_eq!(callee.next("call.state").await["part"], "outside");
    stage.passes(44_999);
    assert_eq!(ann.get("/api/v1/calls/live").await["items"][0]["call"]["state"], "ringing");
    assert_eq!(code(&mut caller, call_to(&ben, "k2")).await, "calls.in_another");
    stage.passes(1);
    let ended = caller.next("call.ended").await;
    assert_eq!((&ended["call"], &ended["cause"]), (&json!(call), &json!("no_answer")));
    assert_eq!((&super::entry(&mut caller).await["fate"], fates(&ben).await), (&json!("unanswered"), vec!["declined".to_owned()]));
    let (of_ben, of_ann) = (ben.get("/api/v1/calls").await, ann.get("/api/v1/calls").await);
    assert_eq!((&of_ben["missed"], &of_ben["blocked"]), (&json!(0), &json!([ann.id])), "whom one blocks was not missed");
    assert_eq!(of_ann["blocked"], json!([]), "the one who is blocked finds nothing of it");
    stage.close().await;
}

#[actix_web::test]
async fn a_block_by_the_caller_takes_the_call_back() {
    let stage = Stage::open().await;
    let (ann, ben) = (stage.town.member("ann").await, stage.reachable("ben").await);
    let (mut caller, mut callee) = (ann.connect().await, ben.connect().await);
    let call = begins(&mut caller, call_to(&ben, "k1")).await;
    callee.next("call.ring").await;
    put(&ann, &format!("/api/v1/blocks/{}", ben.id)).await;
    assert_eq!(callee.next("call.ended").await["cause"], "cancelled");
    assert_eq!(super::entry(&mut callee).await["fate"], "missed");
    assert_eq!(code(&mut callee, about("call.accept", &call)).await, "calls.over");
    stage.close().await;
}

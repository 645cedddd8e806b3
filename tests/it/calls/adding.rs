//! Calling more people into a call: who is left out, who keeps what they may do, how often, and whom one lets be.

use reqwest::Method;
use rialto::chat::RoomKind;
use serde_json::{Value, json};

use super::{Stage, about, begins, call_in, call_to, code, enters};
use crate::support::Person;

fn add(call: &str, who: &[&Person]) -> Value {
    json!({ "type": "call.add", "call": call, "members": who.iter().map(|one| one.id).collect::<Vec<_>>() })
}

#[actix_web::test]
async fn whoever_is_in_it_is_left_out_and_keeps_their_role() {
    let stage = Stage::open().await;
    let (ann, ben, clo) = (stage.reachable("ann").await, stage.reachable("ben").await, stage.reachable("clo").await);
    let (mut a, mut b, mut c) = (ann.connect().await, ben.connect().await, clo.connect().await);
    let call = begins(&mut a, call_to(&ben, "k1")).await;
    b.done(about("call.accept", &call)).await;
    enters(&mut a, &call).await;
    assert_eq!(enters(&mut b, &call).await["role"], "host");
    a.done(add(&call, &[&ben])).await;
    assert_eq!(ann.get("/api/v1/calls/live").await["items"][0]["call"]["kind"], "direct", "nobody was called");
    a.done(add(&call, &[&ben, &clo])).await;
    assert_eq!(c.next("call.ring").await["call"]["rung"], json!([ben.id, clo.id]));
    b.done(json!({ "type": "call.mod.lock", "call": call, "locked": true })).await;
    b.done(json!({ "type": "call.mod.lock", "call": call, "locked": false })).await;
    a.done(add(&call, &[&clo])).await;
    enters(&mut c, &call).await;
    assert_eq!(code(&mut c, json!({ "type": "call.mod.end", "call": call })).await, "calls.not_host");
    stage.close().await;
}

#[actix_web::test]
async fn who_is_called_hosts_nothing_before_they_come() {
    let stage = Stage::open().await;
    let (ann, ben, clo) = (stage.reachable("ann").await, stage.reachable("ben").await, stage.reachable("clo").await);
    let (mut a, mut b) = (ann.connect().await, ben.connect().await);
    let call = begins(&mut a, call_to(&ben, "k1")).await;
    for wish in [
        json!({ "type": "call.mod.lock", "call": call, "locked": true }),
        json!({ "type": "call.mod.end", "call": call }),
        add(&call, &[&clo]),
    ] {
        assert_eq!(code(&mut b, wish).await, "calls.not_host");
    }
    b.done(about("call.accept", &call)).await;
    enters(&mut b, &call).await;
    b.done(json!({ "type": "call.mod.lock", "call": call, "locked": true })).await;
    stage.close().await;
}

#[actix_web::test]
async fn whoever_said_no_is_let_be_and_whoever_was_removed_is_not_called() {
    let stage = Stage::open().await;
    let (ann, ben, clo) = (stage.reachable("ann").await, stage.reachable("ben").await, stage.reachable("clo").await);
    let (mut a, mut b, mut c) = (ann.connect().await, ben.connect().await, clo.connect().await);
    let call = begins(&mut a, call_to(&ben, "k1")).await;
    b.done(about("call.accept", &call)).await;
    enters(&mut a, &call).await;
    enters(&mut b, &call).await;
    a.done(add(&call, &[&clo])).await;
    c.next("call.ring").await;
    c.done(about("call.decline", &call)).await;
    assert_eq!(code(&mut a, add(&call, &[&clo])).await, "calls.declined_lately");
    stage.passes(299_999);
    assert_eq!(code(&mut a, add(&call, &[&clo])).await, "calls.declined_lately");
    stage.passes(1);
    a.done(add(&call, &[&clo])).await;
    c.next("call.ring").await;
    c.done(about("call.accept", &call)).await;
    enters(&mut c, &call).await;
    a.done(json!({ "type": "call.mod.remove", "call": call, "member": clo.id })).await;
    assert_eq!(code(&mut a, add(&call, &[&clo])).await, "calls.they_were_removed");
    stage.close().await;
}

#[actix_web::test]
async fn adding_counts_like_beginning() {
    let stage = Stage::open().await;
    let (ann, ben) = (stage.reachable("ann").await, stage.reachable("ben").await);
    let mut people = Vec::new();
    for n in 0..6 {
        people.push(stage.reachable(&format!("other{n}")).await);
    }
    let (mut a, mut b) = (ann.connect().await, ben.connect().await);
    let call = begins(&mut a, call_to(&ben, "k1")).await;
    b.done(about("call.accept", &call)).await;
    enters(&mut a, &call).await;
    enters(&mut b, &call).await;
    for person in people.iter().take(5) {
        a.done(add(&call, &[person])).await;
    }
    assert_eq!(code(&mut a, add(&call, &[&people[5]])).await, "calls.too_many", "one call and five times more within a minute");
    b.done(add(&call, &[&people[5]])).await;
    stage.passes(60_000);
    b.done(about("call.leave", &call)).await;
    stage.close().await;
}

#[actix_web::test]
async fn two_hosts_who_turn_things_off_at_the_same_moment_do_not_undo_each_other() {
    let mut stage = Stage::open().await;
    let (ann, ben, clo) = (stage.town.member("ann").await, stage.town.member("ben").await, stage.town.member("clo").await);
    let room = stage.town.room(&ann, RoomKind::Private, "Quay", &[&ben, &clo]).await;
    ann.call(Method::PATCH, &format!("/api/v1/rooms/{room}"), Some(json!({ "voice": true }))).await;
    let (mut a, mut b, mut c) = (ann.connect().await, ben.connect().await, clo.connect().await);
    let call = begins(&mut b, call_in(room, "k1")).await;
    for socket in [&mut a, &mut b, &mut c] {
        enters(socket, &call).await;
    }
    let hold = |source: &str| json!({ "type": "call.mod.mute", "call": call, "member": clo.id, "source": source });
    futures_util::future::join(a.done(hold("mic")), b.done(hold("cam"))).await;
    stage.town.restart().await;
    stage.studio = super::Studio::beside(&stage.town.app().calls);
    let mut c = clo.at(stage.town.url("")).connect().await;
    let mut held: Vec<Value> = enters(&mut c, &call).await["held"].as_array().expect("a list").clone();
    held.sort_by_key(ToString::to_string);
    assert_eq!(held, [json!("cam"), json!("mic")]);
    stage.close().await;
}

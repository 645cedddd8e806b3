//! No refusal takes noticeably longer than another, nor than being heard: by time nobody tells why somebody is not reached.

use std::time::{Duration, Instant};

use reqwest::Method;
use rialto::ids::RoomId;
use serde_json::{Value, json};

use super::pages::page;
use super::untold::{CAUSES, Scene, ignore_what_waits, scene};
use super::{act, acts, lets, talk, waiting};
use crate::support::Socket;

/// The shortest of so many times: what else the machine does can only add to it.
fn shortest(all: &[Duration]) -> Duration {
    all.iter().min().copied().expect("some")
}

/// The ways whose time is taken, in the order of [`timed`].
const WAYS: [&str; 14] = [
    "words",
    "edit",
    "mention",
    "edit in a room",
    "reaction",
    "invitation",
    "profile",
    "search",
    "directory",
    "contact",
    "follow",
    "call",
    "that it rings",
    "its end",
];

/// How long something takes.
async fn took<T>(what: impl Future<Output = T>) -> (Duration, T) {
    let clock = Instant::now();
    let answer = what.await;
    (clock.elapsed(), answer)
}

/// How long each way takes once.
async fn timed(scene: &Scene, tab: &mut Socket, talk: RoomId, attic: &str, n: usize) -> [Duration; WAYS.len()] {
    let Scene { town, ann, bob, quay, word, .. } = scene;
    let mut all = Vec::with_capacity(WAYS.len());
    let mut note = |(time, answer): (Duration, Value)| {
        all.push(time);
        answer
    };
    let said =
        note(took(ann.post(&format!("/api/v1/rooms/{talk}/messages"), json!({ "client_key": format!("w{n}"), "body": "Hello" }))).await);
    let edit = format!("/api/v1/rooms/{talk}/messages/{}", said["id"].as_str().expect("an id"));
    note(took(acts(ann, Method::PATCH, &edit, Some(json!({ "body": "Hello, @bob" })))).await);
    let mention = json!({ "client_key": format!("m{n}"), "body": "@bob, look" });
    let said = note(took(ann.post(&format!("/api/v1/rooms/{quay}/messages"), mention)).await);
    let edit = format!("/api/v1/rooms/{quay}/messages/{}", said["id"].as_str().expect("an id"));
    note(took(acts(ann, Method::PATCH, &edit, Some(json!({ "body": "@bob, look again" })))).await);
    let undone = [
        format!("/api/v1/rooms/{quay}/messages/{word}/reactions/🌊"),
        format!("/api/v1/rooms/{attic}/members/{}", bob.id),
        format!("/api/v1/contacts/{}", bob.id),
        format!("/api/v1/follows/{}", bob.id),
    ];
    for path in &undone[..2] {
        note(took(act(ann, Method::PUT, path)).await);
    }
    note(took(ann.get(&format!("/api/v1/people/{}", bob.id))).await);
    note(took(ann.get("/api/v1/members?q=%40bob")).await);
    note(took(async { json!(page(town, ann, "/people?q=%40bob", "en").await) }).await);
    for path in &undone[2..] {
        note(took(act(ann, Method::PUT, path)).await);
    }
    let begun = Instant::now();
    let call =
        note(took(tab.done(json!({ "type": "call.start", "to": bob.id, "video": false, "key": format!("c{n}") }))).await)["id"].clone();
    tab.next("call.state").await;
    note((begun.elapsed(), Value::Null));
    let end = async {
        tab.done(json!({ "type": "call.cancel", "call": call })).await;
        tab.next("call.ended").await;
        tab.event("call_logged").await
    };
    note(took(end).await);
    for path in &undone {
        act(ann, Method::DELETE, path).await;
    }
    all.try_into().expect("each way once")
}

/// One cause, made ready: what has become of the first wishes is known by the time that the others are timed.
async fn ready(cause: &str) -> (Scene, Socket, RoomId, String) {
    let scene = scene(cause).await;
    let (ann, bob) = (&scene.ann, &scene.bob);
    let keeper = scene.town.owner("keeper").await;
    acts(&keeper, Method::PATCH, "/api/v1/admin/settings", Some(json!({ "calls_open_to": "all_members" }))).await;
    if cause == "ignored" {
        acts(bob, Method::PUT, "/api/v1/me/reach", Some(json!({ "unknown_callers": "request" }))).await;
    } else if !["nobody", "other classes"].contains(&cause) {
        lets(bob, "call", &["everyone"]).await;
    }
    let room = talk(ann, bob).await;
    let attic = ann.post("/api/v1/rooms", json!({ "kind": "private", "name": "Attic" })).await["id"].as_str().expect("id").to_owned();
    let mut tab = ann.connect().await;
    timed(&scene, &mut tab, room, &attic, TIMES).await;
    if cause == "ignored" {
        assert!(!waiting(bob).await.is_empty(), "there is something to ignore");
        ignore_what_waits(bob).await;
    }
    (scene, tab, room, attic)
}

/// Each way is taken so often.
const TIMES: usize = 20;

#[actix_web::test]
async fn no_cause_takes_noticeably_longer_than_another() {
    let mut scenes = Vec::new();
    for cause in CAUSES {
        scenes.push(Box::pin(ready(cause)).await);
    }
    let mut all: [[Vec<Duration>; WAYS.len()]; CAUSES.len()] = Default::default();
    // In turns: what else the machine does meanwhile meets every cause.
    for n in 0..TIMES {
        for (times, (scene, tab, room, attic)) in all.iter_mut().zip(&mut scenes) {
            let once = timed(scene, tab, *room, attic, n).await;
            times.iter_mut().zip(once).for_each(|(all, one)| all.push(one));
        }
    }
    for (way, name) in WAYS.into_iter().enumerate() {
        let least: Vec<(&str, Duration)> = CAUSES.into_iter().zip(&all).map(|(cause, times)| (cause, shortest(&times[way]))).collect();
        let times = || least.iter().map(|(_, time)| *time);
        let (first, last) = (times().min().expect("some"), times().max().expect("some"));
        assert!(last - first <= Duration::from_millis(5), "{name}: {least:?}");
    }
    for (scene, ..) in scenes {
        scene.town.close().await;
    }
}

//! No refusal asks more of the database than another, nor than being heard: by the work, and so by the time, nobody tells why somebody
//! is not reached.

use std::sync::atomic::{AtomicUsize, Ordering};

use diesel::connection::{InstrumentationEvent, set_default_instrumentation};
use reqwest::Method;
use rialto::ids::RoomId;
use serde_json::{Value, json};

use super::pages::page;
use super::untold::{CAUSES, Scene, ignore_what_waits, scene};
use super::{act, acts, lets, talk, waiting};
use crate::support::Socket;

/// The ways whose statements are counted, in the order of [`counted`].
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

/// Statements that the database was asked in this process.
static ASKED: AtomicUsize = AtomicUsize::new(0);

/// How many statements go by until something is done.
async fn took<T>(what: impl Future<Output = T>) -> (usize, T) {
    let before = ASKED.load(Ordering::Relaxed);
    let answer = what.await;
    (ASKED.load(Ordering::Relaxed) - before, answer)
}

/// What each way asks once.
async fn counted(scene: &Scene, tab: &mut Socket, talk: RoomId, attic: &str, n: usize) -> [usize; WAYS.len()] {
    let Scene { town, ann, bob, quay, word, .. } = scene;
    let mut all = Vec::with_capacity(WAYS.len());
    let mut note = |(asked, answer): (usize, Value)| {
        all.push(asked);
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
    let begun = ASKED.load(Ordering::Relaxed);
    let call =
        note(took(tab.done(json!({ "type": "call.start", "to": bob.id, "video": false, "key": format!("c{n}") }))).await)["id"].clone();
    tab.next("call.state").await;
    note((ASKED.load(Ordering::Relaxed) - begun, Value::Null));
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

/// One cause, made ready: what has become of the first wishes is known by the time that the others are counted.
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
    counted(&scene, &mut tab, room, &attic, TIMES).await;
    if cause == "ignored" {
        assert!(!waiting(bob).await.is_empty(), "there is something to ignore");
        ignore_what_waits(bob).await;
    }
    (scene, tab, room, attic)
}

/// Each way is taken so often: what else the program does meanwhile can only add to the least of it.
const TIMES: usize = 10;
/// Statements that one way may ask for more than another: each takes some ten microseconds, so that all of them are lost in what a
/// network adds, and one for each of many rows is not.
const NOTICEABLE: usize = 20;

#[actix_web::test]
async fn no_cause_asks_more_of_the_database_than_another() {
    set_default_instrumentation(|| {
        let count = |event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::StartQuery { .. } = event {
                ASKED.fetch_add(1, Ordering::Relaxed);
            }
        };
        Some(Box::new(count))
    })
    .expect("counted");
    let mut scenes = Vec::new();
    for cause in CAUSES {
        scenes.push(Box::pin(ready(cause)).await);
    }
    let mut least = [[usize::MAX; WAYS.len()]; CAUSES.len()];
    for n in 0..TIMES {
        for (least, (scene, tab, room, attic)) in least.iter_mut().zip(&mut scenes) {
            let once = counted(scene, tab, *room, attic, n).await;
            least.iter_mut().zip(once).for_each(|(least, one)| *least = one.min(*least));
        }
    }
    for (way, name) in WAYS.into_iter().enumerate() {
        let all: Vec<(&str, usize)> = CAUSES.into_iter().zip(&least).map(|(cause, counts)| (cause, counts[way])).collect();
        let counts = || all.iter().map(|(_, asked)| *asked);
        let (fewest, most) = (counts().min().expect("some"), counts().max().expect("some"));
        assert!(fewest > 0, "{name} asks the database something: {all:?}");
        assert!(most - fewest <= NOTICEABLE, "{name}: {all:?}");
    }
    for (scene, ..) in scenes {
        scene.town.close().await;
    }
}

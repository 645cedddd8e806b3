//! No path lets a caller tell a block, the list of never, a policy, quiet hours and absence apart: not by an answer, not by what their own
//! tabs hear, and not by what others' pages say. That time does not tell them apart either: `timing`.

use reqwest::Method;
use rialto::chat::RoomKind;
use rialto::ids::RoomId;
use serde_json::{Value, json};

use super::pages::page;
use super::{act, acts, lets, newest_request, talk, waiting};
use crate::support::{Person, Town};

/// Why somebody is not reached.
pub(super) const CAUSES: [&str; 7] = ["block", "never", "nobody", "other classes", "quiet hours", "ignored", "absence"];

/// Puts the cause in the way of `ann`, on bob's side.
async fn put_in_the_way(cause: &str, ann: &Person, bob: &Person) {
    match cause {
        "block" => drop(act(bob, Method::PUT, &format!("/api/v1/blocks/{}", ann.id)).await),
        "never" => drop(act(bob, Method::PUT, &format!("/api/v1/me/never/{}", ann.id)).await),
        "nobody" | "other classes" => {
            for way in ["message", "invite", "mention", "call"] {
                lets(bob, way, &[if cause == "nobody" { "nobody" } else { "mutual" }]).await;
            }
        }
        "quiet hours" => {
            // Noon is in them.
            acts(bob, Method::PUT, "/api/v1/me/reach", Some(json!({ "quiet": { "from": 600, "to": 900 } }))).await;
        }
        // Words wait, and bob leaves them unanswered when they have come: see `ignore_what_waits`.
        "ignored" => lets(bob, "message", &["mutual"]).await,
        // Bob is simply not there.
        _ => {}
    }
}

/// Bob leaves everything unanswered that waits for him.
pub(super) async fn ignore_what_waits(bob: &Person) {
    while !waiting(bob).await.is_empty() {
        act(bob, Method::POST, &format!("/api/v1/requests/{}/ignore", newest_request(bob).await)).await;
    }
}

/// One town for each cause, alike to the last id but for it.
pub(super) struct Scene {
    pub town: Town,
    pub ann: Person,
    pub bob: Person,
    pub quay: RoomId,
    pub word: String,
    /// Does bob leave unanswered whatever comes?
    ignores: bool,
}

/// What was between ann and bob before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    /// Bob made their conversation and wrote first.
    BobWrote,
    /// Bob's words waited, and ann let them in.
    AnnSaidYes,
}

pub(super) async fn scene(cause: &str) -> Scene {
    scene_after(cause, Before::Nothing).await
}

async fn scene_after(cause: &str, before: Before) -> Scene {
    let town = Town::with(|config| config.raised_limits = true).await;
    let (ann, bob, cleo) = (town.member("ann").await, town.member("bob").await, town.member("cleo").await);
    let quay = town.room(&cleo, RoomKind::Public, "Quay", &[&ann, &bob]).await;
    let (word, _) = bob.says(quay, "k1", "A word of bob's").await;
    if before != Before::Nothing {
        if before == Before::AnnSaidYes {
            lets(&ann, "message", &["contacts"]).await;
        }
        let room = talk(&bob, &ann).await;
        bob.says(room, "b1", "Good morning").await;
        if before == Before::AnnSaidYes {
            let yes = format!("/api/v1/requests/{}/accept", newest_request(&ann).await);
            acts(&ann, Method::POST, &yes, Some(json!({}))).await;
        }
    }
    put_in_the_way(cause, &ann, &bob).await;
    Scene { town, ann, bob, quay, word, ignores: cause == "ignored" }
}

/// An answer without what differs from call to call: ids that were just made, and times.
pub(super) fn plain(value: &Value, known: &[(String, &str)]) -> Value {
    match value {
        Value::Object(all) => all
            .iter()
            .map(|(key, value)| {
                let passing = ["at", "created_at", "joined_at", "last_at", "edited_at", "epoch", "signals"].contains(&key.as_str());
                (key.clone(), if passing { json!("…") } else { plain(value, known) })
            })
            .collect(),
        Value::Array(all) => all.iter().map(|one| plain(one, known)).collect(),
        Value::String(text) => match known.iter().find(|(id, _)| id == text) {
            Some((_, name)) => json!(name),
            None if text.len() > 12 && text.bytes().all(|b| b.is_ascii_digit()) => json!("an id"),
            None => value.clone(),
        },
        other => other.clone(),
    }
}

/// What a page shows, without what differs from one run to another: ids that were just made, and the epoch of its log.
pub(super) fn settled(page: &str, known: &[(String, &str)]) -> String {
    let (_, shown) = page.split_once("<main").expect("what it shows");
    let shown = shown.split_once("</main>").expect("its end").0;
    let (before, behind) = shown.split_once("data-epoch=\"").expect("it follows the log");
    let shown = format!("{before}{}", behind.split_once('"').expect("the epoch's end").1);
    let named = known.iter().fold(shown, |shown, (id, name)| shown.replace(id.as_str(), name));
    let mut words = String::new();
    for word in named.split_inclusive(|c: char| !c.is_ascii_digit()) {
        words.push_str(if word.len() > 12 { "…" } else { word });
    }
    words
}

/// Everything that ann can try, and all that she is told.
async fn tried(scene: &Scene) -> Vec<(String, Value)> {
    let Scene { ann, bob, quay, word, ignores, .. } = scene;
    let known = [(ann.id.to_string(), "ann"), (bob.id.to_string(), "bob"), (quay.to_string(), "quay"), (word.clone(), "word")];
    let mut told: Vec<(String, Value)> = Vec::new();
    let mut socket = ann.connect().await;
    let mut ask = async |method: Method, path: String, body: Option<Value>| {
        let (status, answer) = ann.call(method.clone(), &path, body).await;
        let name = known.iter().fold(format!("{method} {path}"), |name, (id, said)| name.replace(id.as_str(), said));
        let name: String = name
            .split('/')
            .map(|part| if part.len() > 12 && part.bytes().all(|b| b.is_ascii_digit()) { "…" } else { part })
            .collect::<Vec<_>>()
            .join("/");
        told.push((name, json!({ "status": status.as_u16(), "answer": plain(&answer, &known) })));
        if *ignores {
            ignore_what_waits(bob).await;
        }
        answer
    };
    let get = Method::GET;
    // Profile, directory, contacts, follows.
    ask(get.clone(), format!("/api/v1/people/{}", bob.id), None).await;
    ask(get.clone(), format!("/api/v1/members/{}", bob.id), None).await;
    ask(get.clone(), "/api/v1/members?q=bob".to_owned(), None).await;
    for (method, list) in [(Method::PUT, "contacts"), (Method::PUT, "follows"), (get.clone(), "people")] {
        ask(method, format!("/api/v1/{list}/{}", bob.id), None).await;
    }
    // A conversation, words in it, a mention, an edit, a reaction, and reading it back.
    let room = ask(Method::POST, "/api/v1/rooms".to_owned(), Some(json!({ "kind": "direct", "members": [bob.id] }))).await;
    let room = room["id"].as_str().expect("a room").to_owned();
    for (n, body) in ["Hello", "Are you there, @bob?", "Well"].iter().enumerate() {
        let said =
            ask(Method::POST, format!("/api/v1/rooms/{room}/messages"), Some(json!({ "client_key": format!("k{n}"), "body": body }))).await;
        let id = said["id"].as_str().expect("an id").to_owned();
        ask(Method::PATCH, format!("/api/v1/rooms/{room}/messages/{id}"), Some(json!({ "body": format!("{body}!") }))).await;
        ask(Method::PUT, format!("/api/v1/rooms/{room}/messages/{id}/reactions/🌊"), None).await;
        ask(Method::PUT, format!("/api/v1/rooms/{room}/messages/{id}/pin"), None).await;
    }
    for what in ["", "/messages", "/members", "/events?after=0", "/pins"] {
        ask(get.clone(), format!("/api/v1/rooms/{room}{what}"), None).await;
    }
    // A shared room: a mention, a reaction to bob's words, an answer to them.
    ask(Method::POST, format!("/api/v1/rooms/{quay}/messages"), Some(json!({ "client_key": "q1", "body": "@bob, look" }))).await;
    ask(Method::POST, format!("/api/v1/rooms/{quay}/messages"), Some(json!({ "client_key": "q2", "body": "Yes", "reply_to": word }))).await;
    ask(Method::PUT, format!("/api/v1/rooms/{quay}/messages/{word}/reactions/🌊"), None).await;
    for what in ["", "/messages", "/members", "/events?after=0"] {
        ask(get.clone(), format!("/api/v1/rooms/{quay}{what}"), None).await;
    }
    // A group in which ann calls everyone.
    let cleo = ask(get.clone(), "/api/v1/members?q=cleo".to_owned(), None).await["items"][0]["id"].clone();
    let group = ask(Method::POST, "/api/v1/rooms".to_owned(), Some(json!({ "kind": "group", "members": [bob.id, cleo] }))).await;
    let group = group["id"].as_str().expect("a group").to_owned();
    let call = json!({ "client_key": "g1", "body": "@room and @here and @bob, look" });
    ask(Method::POST, format!("/api/v1/rooms/{group}/messages"), Some(call)).await;
    ask(get.clone(), format!("/api/v1/rooms/{group}/messages"), None).await;
    // A room of her own, into which she asks bob again and again.
    let attic = ask(Method::POST, "/api/v1/rooms".to_owned(), Some(json!({ "kind": "private", "name": "Attic" }))).await;
    let place = format!("/api/v1/rooms/{}/members/{}", attic["id"].as_str().expect("a room"), bob.id);
    for method in [Method::PUT, Method::PUT, Method::DELETE, Method::PUT] {
        ask(method, place.clone(), None).await;
    }
    ask(get.clone(), "/api/v1/me/state".to_owned(), None).await;
    ask(get.clone(), "/api/v1/me/events?after=0".to_owned(), None).await;
    // All that is kept of her.
    ask(get, "/api/v1/me/data".to_owned(), None).await;
    // What the pages show.
    let person = format!("/people/{}", bob.id);
    for path in [person.as_str(), "/people?q=%40bob", "/people", "/people?list=following", "/people/requests"] {
        let shown = settled(&page(&scene.town, ann, path, "en").await, &known);
        told.push((format!("the page {}", path.replace(&bob.id.to_string(), "bob")), json!(shown)));
    }
    // What an open tab has heard up to here.
    socket.done(json!({ "type": "chat.send", "room": quay, "client_key": "last", "body": "The end" })).await;
    let mut heard = Vec::new();
    loop {
        let frame = socket.next("event").await;
        let is_last = frame["event"]["client_key"] == "last";
        heard.push(plain(&frame, &known));
        if is_last {
            break;
        }
    }
    told.push(("the open tab".to_owned(), json!(heard)));
    told
}

#[actix_web::test]
async fn every_cause_looks_the_same_from_every_side() {
    every_cause_looks_the_same_after(Before::Nothing).await;
}

#[actix_web::test]
async fn every_cause_looks_the_same_where_the_other_wrote_first() {
    every_cause_looks_the_same_after(Before::BobWrote).await;
}

#[actix_web::test]
async fn every_cause_looks_the_same_to_whoever_was_let_in_by_a_yes() {
    every_cause_looks_the_same_after(Before::AnnSaidYes).await;
}

async fn every_cause_looks_the_same_after(before: Before) {
    let reference = {
        let scene = scene_after("absence", before).await;
        let told = tried(&scene).await;
        scene.town.close().await;
        told
    };
    assert!(reference.len() > 30, "{} things were tried", reference.len());
    for cause in CAUSES.into_iter().filter(|cause| *cause != "absence") {
        let scene = scene_after(cause, before).await;
        for ((name, expected), (_, found)) in reference.iter().zip(tried(&scene).await) {
            assert_eq!(*expected, found, "{cause}: {name}");
        }
        scene.town.close().await;
    }
}

#[actix_web::test]
async fn no_limit_tells_what_became_of_words() {
    for cause in CAUSES {
        let town = Town::new().await;
        let keeper = town.owner("keeper").await;
        acts(&keeper, Method::PATCH, "/api/v1/admin/settings", Some(json!({ "requests_per_day": 2 }))).await;
        let (ann, bob, cleo, dan) =
            (town.member("ann").await, town.member("bob").await, town.member("cleo").await, town.member("dan").await);
        let old = talk(&ann, &dan).await;
        dan.says(old, "d1", "Good morning").await;
        put_in_the_way(cause, &ann, &bob).await;
        put_in_the_way(cause, &ann, &dan).await;
        // Where words were before, none count and none are refused.
        ann.says(old, "o1", "Good evening").await;
        let (to_bob, to_cleo) = (talk(&ann, &bob).await, talk(&ann, &cleo).await);
        ann.says(to_bob, "b1", "Hello").await;
        if cause == "ignored" {
            assert_eq!(waiting(&bob).await.len(), 1, "there is something to ignore");
            ignore_what_waits(&bob).await;
        }
        ann.says(to_cleo, "c1", "Hello").await;
        let third = talk(&ann, &keeper).await;
        let words = Some(json!({ "client_key": "k1", "body": "Hello" }));
        ann.refused(Method::POST, &format!("/api/v1/rooms/{third}/messages"), words, 429, "social.too_many_requests").await;
        for (n, room) in [to_bob, to_cleo, old].into_iter().enumerate() {
            ann.says(room, &format!("again{n}"), "Hello again").await;
        }
        // A block in between changes nothing.
        act(&bob, Method::PUT, &format!("/api/v1/blocks/{}", ann.id)).await;
        ann.says(to_bob, "b3", "Are you there?").await;
        act(&bob, Method::DELETE, &format!("/api/v1/blocks/{}", ann.id)).await;
        ann.says(to_bob, "b4", "Well").await;
        town.close().await;
    }
}

#[actix_web::test]
async fn asking_again_counts_the_same_whatever_became_of_it() {
    for cause in ["waits", "ignored", "block"] {
        for list in ["contacts", "follows"] {
            let town = Town::new().await;
            let keeper = town.owner("keeper").await;
            acts(&keeper, Method::PATCH, "/api/v1/admin/settings", Some(json!({ "requests_per_day": 3 }))).await;
            let (ann, bob) = (town.member("ann").await, town.member("bob").await);
            acts(&bob, Method::PUT, "/api/v1/me/reach", Some(json!({ "asks_before_follow": true }))).await;
            let path = format!("/api/v1/{list}/{}", bob.id);
            if cause == "block" {
                act(&bob, Method::PUT, &format!("/api/v1/blocks/{}", ann.id)).await;
            }
            for n in 0..3 {
                assert_eq!(act(&ann, Method::PUT, &path).await["state"], "asked");
                if cause == "ignored" && n == 0 {
                    act(&bob, Method::POST, &format!("/api/v1/requests/{}/ignore", newest_request(&bob).await)).await;
                }
                let waits = usize::from(cause == "waits");
                assert_eq!(waiting(&bob).await.len(), waits, "{cause} {list}, time {n}: what was ignored once stays so");
                act(&ann, Method::DELETE, &path).await;
            }
            ann.refused(Method::PUT, &path, None, 429, "social.too_many_requests").await;
            town.close().await;
        }
        invites_until_refused(cause).await;
    }
}

/// The same for invitations into one room, made and taken back.
async fn invites_until_refused(cause: &str) {
    let town = Town::new().await;
    let keeper = town.owner("keeper").await;
    acts(&keeper, Method::PATCH, "/api/v1/admin/settings", Some(json!({ "invitations_per_day": 3 }))).await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let room = ann.post("/api/v1/rooms", json!({ "kind": "private", "name": "Attic" })).await;
    let place = format!("/api/v1/rooms/{}/members/{}", room["id"].as_str().expect("id"), bob.id);
    if cause == "block" {
        act(&bob, Method::PUT, &format!("/api/v1/blocks/{}", ann.id)).await;
    }
    for n in 0..3 {
        act(&ann, Method::PUT, &place).await;
        if cause == "ignored" && n == 0 {
            act(&bob, Method::POST, &format!("/api/v1/requests/{}/ignore", newest_request(&bob).await)).await;
        }
        assert_eq!(waiting(&bob).await.len(), usize::from(cause == "waits"), "{cause} invitation, time {n}");
        act(&ann, Method::DELETE, &place).await;
    }
    ann.refused(Method::PUT, &place, None, 429, "social.too_many_invitations").await;
    town.close().await;
}

#[actix_web::test]
async fn an_invitation_looks_the_same_to_everyone_in_the_room_whatever_becomes_of_it() {
    let mut answers = Vec::new();
    for cause in ["absence", "block", "never", "nobody", "other classes", "quiet hours", "contact", "always", "ignored"] {
        let Scene { town, ann, bob, .. } = scene(if cause == "ignored" { "absence" } else { cause }).await;
        match cause {
            "contact" => {
                act(&ann, Method::PUT, &format!("/api/v1/contacts/{}", bob.id)).await;
                bob.says_yes().await;
            }
            "always" => drop(act(&bob, Method::PUT, &format!("/api/v1/me/always/{}", ann.id)).await),
            _ => {}
        }
        let cleo = town.member("dora").await;
        let known = [(ann.id.to_string(), "ann"), (bob.id.to_string(), "bob"), (cleo.id.to_string(), "dora")];
        let mut told = Vec::new();
        for wish in [
            json!({ "kind": "private", "name": "Attic", "members": [bob.id, cleo.id] }),
            json!({ "kind": "public", "name": "Terrace", "members": [bob.id, cleo.id] }),
            json!({ "kind": "group", "members": [bob.id, cleo.id] }),
        ] {
            let room = ann.post("/api/v1/rooms", wish).await;
            let path = format!("/api/v1/rooms/{}", room["id"].as_str().expect("id"));
            cleo.says_yes().await;
            if cause == "ignored" {
                act(&bob, Method::POST, &format!("/api/v1/requests/{}/ignore", newest_request(&bob).await)).await;
            }
            let place = format!("{path}/members/{}", bob.id);
            // Asked for again, taken back, and asked for anew.
            let mut answers = vec![room];
            for method in [Method::PUT, Method::DELETE, Method::PUT] {
                let (status, answer) = ann.call(method, &place, None).await;
                answers.push(json!([status.as_u16(), answer]));
            }
            for who in [&ann, &cleo] {
                for what in ["", "/members", "/events?after=0"] {
                    answers.push(who.get(&format!("{path}{what}")).await);
                }
                answers.push(who.get("/api/v1/me/state").await["rooms"].clone());
            }
            told.push(plain(&json!(answers), &known));
        }
        answers.push((cause, told));
        town.close().await;
    }
    for (cause, told) in &answers {
        assert_eq!(told, &answers[0].1, "{cause}");
    }
}

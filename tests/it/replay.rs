//! State and events are the truth: for every kind of event, what a client knew before, the frames it then heard, and what a fresh snapshot
//! says after. Each case is checked against the logs here and written to `target/replay`, where `tests/js/chat/replay.test.js` runs the
//! client's own reducers over it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use reqwest::Method;
use rialto::calls::seed::{CallStory, place_call};
use rialto::calls::{Cause, Fate};
use rialto::chat::RoomKind;
use rialto::ids::RoomId;
use serde_json::{Value, json};

use crate::protocol::event_kinds;
use crate::support::{NOON, Person, Socket, Town};

/// What takes part in a case.
struct Scene<'a> {
    town: &'a Town,
    /// Makes names its own.
    n: usize,
    ann: Person,
    bob: Person,
    cleo: Person,
    room: RoomId,
    /// A group of ann's, with bob in it.
    group: RoomId,
    /// The conversation of ann and cleo, and words of cleo's that ann was not to hear.
    talk: RoomId,
    unheard: String,
    /// A message of ann's: pinned, with a reaction of bob's and an answer in its thread.
    message: String,
    /// A message of bob's, which mentions ann.
    other: String,
}

/// A case: the kind of event that it shows, and a name.
type Case = (&'static str, &'static str);

/// Every case; all are seen by ann, an ordinary member who owns the room.
const CASES: &[Case] = &[
    ("message_sent", "by another"),
    ("message_sent", "by myself"),
    ("message_sent", "with a quote and a mention"),
    ("message_sent", "in a thread"),
    ("message_sent", "to everyone"),
    ("message_sent", "by myself, where it is slow"),
    ("message_sent", "to those who are here"),
    ("message_sent", "to a role of mine"),
    ("message_edited", "of another, mention and all"),
    ("message_edited", "of mine"),
    ("message_deleted", "of another, which was unread"),
    ("message_deleted", "of mine, quoted"),
    ("message_deleted", "in a thread"),
    ("message_pinned", "by me"),
    ("message_unpinned", "by me"),
    ("reaction_added", "one more"),
    ("reaction_added", "another emoji"),
    ("reaction_removed", "the only one"),
    ("member_joined", "invited by me"),
    ("hidden", "an edit of words that were not for me"),
    ("member_invited", "into a group of mine"),
    ("member_uninvited", "from a group of mine"),
    ("member_left", "by themselves"),
    ("member_left", "removed"),
    ("room_changed", "name and topic"),
    ("room_changed", "archived"),
    ("room_changed", "slow"),
    ("room_role_set", "of another"),
    ("room_role_set", "of mine"),
    ("room_role_set", "passed on to me"),
    ("room_joined", "a public room"),
    ("room_joined", "a direct conversation"),
    ("room_left", "by myself"),
    ("room_left", "removed"),
    ("read_marked", "to the end"),
    ("read_marked", "back"),
    ("read_marked", "in a thread"),
    ("level_set", "to mentions"),
    ("me_changed", "profile"),
    ("rights_changed", "a role"),
    ("rights_changed", "a role that was called"),
    ("rights_changed", "a mute"),
    ("entitlements_changed", "a plan that is given"),
    ("entitlements_changed", "a plan that is taken back"),
    ("orders_changed", "a wish"),
    ("session_ended", "another one"),
    ("contact_changed", "asked"),
    ("follow_changed", "by me"),
    ("follower_changed", "by another"),
    ("blocked", "with unread words"),
    ("unblocked", "with words said meanwhile"),
    ("muted", "with a mention"),
    ("unmuted", "with a mention"),
    ("message_sent", "by somebody I block"),
    ("message_sent", "by somebody I muted"),
    ("request_came", "to be a contact"),
    ("request_ended", "accepted"),
    ("reach_changed", "asks before"),
    ("listed", "as one who may always"),
    ("listed", "as one who never may"),
    ("note_changed", "a name of my own"),
    ("may_call", "a yes"),
    ("may_call", "a yes that is hidden"),
    ("call_started", "by another"),
    ("call_ended", "after a while"),
    ("call_logged", "one that I missed"),
    ("calls_seen", "all of them"),
    // The last one: the clock goes on by a day.
    ("messages_expired", "with pins, answers and mentions"),
];

#[test]
fn every_kind_of_event_has_a_case_and_every_case_a_kind() {
    let cases: BTreeSet<String> = CASES.iter().map(|(kind, _)| (*kind).to_owned()).collect();
    assert_eq!(event_kinds(), cases);
}

async fn scene(town: &Town, n: usize) -> Scene<'_> {
    let name = |name: &str| format!("{name}{n}");
    let (ann, bob, cleo) = (town.member(&name("ann")).await, town.member(&name("bob")).await, town.member(&name("cleo")).await);
    let room = town.room(&ann, RoomKind::Private, &name("Harbour"), &[&bob]).await;
    let group = town.room(&ann, RoomKind::Group, &name("Crew"), &[&bob]).await;
    let messages = format!("/api/v1/rooms/{room}/messages");
    let (message, _) = ann.says(room, "m1", "The *tide* turns").await;
    bob.call(Method::PUT, &format!("{messages}/{message}/reactions/🌊"), None).await;
    ann.call(Method::PUT, &format!("{messages}/{message}/pin"), None).await;
    let (other, _) = bob.says(room, "m2", &format!("Hello @{}", ann.name)).await;
    bob.post(&messages, json!({ "client_key": "m3", "body": "It does", "thread": message })).await;
    bob.post(&messages, json!({ "client_key": "m4", "body": "Quoting", "reply_to": message })).await;
    let begun = cleo.post("/api/v1/rooms", json!({ "kind": "direct", "members": [ann.id] })).await;
    let talk: RoomId = begun["id"].as_str().expect("id").parse().expect("a room");
    cleo.says(talk, "t1", "Good morning").await;
    let block = format!("/api/v1/blocks/{}", cleo.id);
    ann.call(Method::PUT, &block, None).await;
    let (unheard, _) = cleo.says(talk, "t2", "Canary").await;
    ann.call(Method::DELETE, &block, None).await;
    Scene { town, n, ann, bob, cleo, room, group, talk, unheard, message, other }
}

impl Scene<'_> {
    fn messages(&self) -> String {
        format!("/api/v1/rooms/{}/messages", self.room)
    }

    async fn call(&self, who: &Person, method: Method, path: &str, body: Option<Value>) {
        let (status, answer) = who.call(method.clone(), path, body).await;
        assert!(status.is_success(), "{method} {path}: {status} {answer}");
    }

    async fn thread_reply(&self) -> String {
        let page = self.ann.get(&format!("{}?thread={}", self.messages(), self.message)).await;
        page["items"][0]["id"].as_str().expect("an answer").to_owned()
    }

    /// Ann becomes a moderator of the community.
    async fn promote_ann(&self) {
        let keeper = self.town.owner(&format!("keeper{}", self.n)).await;
        let roles = keeper.get("/api/v1/admin/roles").await;
        let is_moderator = |role: &&Value| role["kind"] == "moderator";
        let role = roles["items"].as_array().expect("roles").iter().find(is_moderator).expect("moderators")["id"].clone();
        self.call(&keeper, Method::PUT, &format!("/api/v1/admin/members/{}/roles", self.ann.id), Some(json!({ "roles": [role] }))).await;
    }

    /// Bob, who leads the room from now on, calls many.
    async fn bob_calls(&self, text: &str) {
        let path = format!("/api/v1/rooms/{}/members/{}/role", self.room, self.bob.id);
        self.call(&self.ann, Method::PUT, &path, Some(json!({ "role": "moderator" }))).await;
        drop(self.bob.says(self.room, "call", text).await);
    }

    /// Does what the case is about.
    async fn act(&self, case: Case) {
        let (ann, bob, messages, room) = (&self.ann, &self.bob, self.messages(), format!("/api/v1/rooms/{}", self.room));
        let at = |id: &str| format!("{messages}/{id}");
        let (put, delete) = (Method::PUT, Method::DELETE);
        match case {
            ("message_sent", "by another") => drop(bob.says(self.room, "n1", "And *more*").await),
            ("message_sent", "by myself") => drop(ann.says(self.room, "n1", "And *more*").await),
            ("message_sent", "with a quote and a mention") => {
                drop(
                    bob.post(&messages, json!({ "client_key": "n1", "body": format!("@{} look", ann.name), "reply_to": self.message }))
                        .await,
                );
            }
            ("message_sent", "in a thread") => {
                drop(bob.post(&messages, json!({ "client_key": "n1", "body": "Yes", "thread": self.message })).await)
            }
            ("message_sent", "to everyone") => self.bob_calls("@room look").await,
            ("message_sent", "by myself, where it is slow") => {
                self.call(ann, Method::PATCH, &room, Some(json!({ "slow_seconds": 30 }))).await;
                drop(ann.says(self.room, "n1", "Slowly now").await);
            }
            ("message_sent", "to those who are here") => self.bob_calls("@here look").await,
            ("message_sent", "to a role of mine") => {
                self.promote_ann().await;
                self.bob_calls("@moderator look").await;
            }
            ("message_edited", "of mine") => {
                self.call(ann, Method::PATCH, &at(&self.message), Some(json!({ "body": "It *turned*" }))).await
            }
            ("message_edited", _) => self.call(bob, Method::PATCH, &at(&self.other), Some(json!({ "body": "Hello all" }))).await,
            ("message_deleted", "of mine, quoted") => self.call(ann, delete, &at(&self.message), None).await,
            ("message_deleted", "in a thread") => self.call(bob, delete, &at(&self.thread_reply().await), None).await,
            ("message_deleted", _) => self.call(bob, delete, &at(&self.other), None).await,
            ("message_pinned", _) => self.call(ann, put, &format!("{}/pin", at(&self.other)), None).await,
            ("message_unpinned", _) => self.call(ann, delete, &format!("{}/pin", at(&self.message)), None).await,
            ("reaction_added", "one more") => self.call(ann, put, &format!("{}/reactions/🌊", at(&self.message)), None).await,
            ("reaction_added", _) => self.call(ann, put, &format!("{}/reactions/👍", at(&self.message)), None).await,
            ("reaction_removed", _) => self.call(bob, delete, &format!("{}/reactions/🌊", at(&self.message)), None).await,
            ("member_joined", _) => {
                self.call(ann, put, &format!("{room}/members/{}", self.cleo.id), None).await;
                self.cleo.says_yes().await;
            }
            ("hidden", _) => {
                let path = format!("/api/v1/rooms/{}/messages/{}", self.talk, self.unheard);
                self.call(&self.cleo, Method::PATCH, &path, Some(json!({ "body": "Canary, edited" }))).await;
            }
            ("member_invited" | "member_uninvited", _) => {
                let place = format!("/api/v1/rooms/{}/members/{}", self.group, self.cleo.id);
                self.call(ann, put, &place, None).await;
                if case.0 == "member_uninvited" {
                    self.call(ann, delete, &place, None).await;
                }
            }
            ("member_left", "removed") => self.call(ann, delete, &format!("{room}/members/{}", bob.id), None).await,
            ("member_left", _) => self.call(bob, delete, &format!("{room}/members/{}", bob.id), None).await,
            ("room_changed", "archived") => self.call(ann, Method::PATCH, &room, Some(json!({ "archived": true }))).await,
            ("room_changed", "slow") => self.call(ann, Method::PATCH, &room, Some(json!({ "slow_seconds": 300 }))).await,
            ("room_changed", _) => {
                self.call(ann, Method::PATCH, &room, Some(json!({ "name": format!("Quay{}", self.n), "topic": "Boats" }))).await
            }
            ("room_role_set", "of mine") => {
                self.call(ann, put.clone(), &format!("{room}/members/{}/role", bob.id), Some(json!({ "role": "owner" }))).await;
                self.call(bob, put, &format!("{room}/members/{}/role", ann.id), Some(json!({ "role": "moderator" }))).await;
            }
            ("room_role_set", "passed on to me") => {
                self.call(ann, put.clone(), &format!("{room}/members/{}/role", bob.id), Some(json!({ "role": "owner" }))).await;
                self.call(ann, put, &format!("{room}/members/{}/role", ann.id), Some(json!({ "role": "member" }))).await;
                self.call(bob, delete, &format!("{room}/members/{}", bob.id), None).await;
            }
            ("room_role_set", _) => {
                self.call(ann, put, &format!("{room}/members/{}/role", bob.id), Some(json!({ "role": "moderator" }))).await
            }
            ("room_joined", "a public room") => {
                let square = self.town.room(bob, RoomKind::Public, &format!("Square{}", self.n), &[]).await;
                bob.says(square, "s1", "Before ann").await;
                self.call(ann, put, &format!("/api/v1/rooms/{square}/members/{}", ann.id), None).await;
            }
            ("room_joined", _) => drop(bob.post("/api/v1/rooms", json!({ "kind": "direct", "members": [ann.id] })).await),
            ("room_left", "removed") => {
                self.call(ann, put.clone(), &format!("{room}/members/{}/role", bob.id), Some(json!({ "role": "owner" }))).await;
                self.call(bob, delete, &format!("{room}/members/{}", ann.id), None).await;
            }
            ("room_left", _) => self.call(ann, delete, &format!("{room}/members/{}", ann.id), None).await,
            ("read_marked", "in a thread") => {
                let reply = ann.get(&at(&self.thread_reply().await)).await;
                self.call(ann, Method::POST, &format!("{room}/read"), Some(json!({ "seq": reply["seq"], "thread": self.message }))).await;
            }
            ("read_marked", kind) => {
                let head = ann.get(&room).await["seq"].as_i64().expect("seq");
                self.call(ann, Method::POST, &format!("{room}/read"), Some(json!({ "seq": head }))).await;
                if kind == "back" {
                    self.call(ann, Method::POST, &format!("{room}/read"), Some(json!({ "seq": head - 3, "unread": true }))).await;
                }
            }
            ("level_set", _) => self.call(ann, put, &format!("{room}/own"), Some(json!({ "level": "mentions" }))).await,
            ("me_changed", _) => {
                let change = json!({ "display_name": "Ann of the Harbour", "pronouns": "she/her", "bio": "Ties *knots*" });
                self.call(ann, Method::PATCH, "/api/v1/me", Some(change)).await;
            }
            ("rights_changed", "a mute") => {
                let keeper = self.town.owner(&format!("keeper{}", self.n)).await;
                self.call(
                    &keeper,
                    Method::POST,
                    &format!("/api/v1/admin/members/{}/mute", ann.id),
                    Some(json!({ "until": NOON + 600_000 })),
                )
                .await;
            }
            ("rights_changed", "a role that was called") => {
                self.bob_calls("@moderator look").await;
                self.promote_ann().await;
            }
            ("rights_changed", _) => self.promote_ann().await,
            ("entitlements_changed", what) => {
                let keeper = self.town.owner(&format!("keeper{}", self.n)).await;
                let plan = keeper.get("/api/v1/plans").await["items"][0]["id"].clone();
                let given = keeper.post(&format!("/api/v1/admin/members/{}/grants", ann.id), json!({ "plan": plan })).await;
                if what == "a plan that is taken back" {
                    let path = format!("/api/v1/admin/grants/{}/revoke", given["id"].as_str().expect("an id"));
                    self.call(&keeper, Method::POST, &path, Some(json!({}))).await;
                }
            }
            ("orders_changed", _) => {
                let plan = ann.get("/api/v1/plans").await["items"][0]["id"].clone();
                ann.post("/api/v1/me/orders", json!({ "plan": plan, "client_key": "wish" })).await;
            }
            ("messages_expired", _) => {
                let keeper = self.town.owner(&format!("keeper{}", self.n)).await;
                self.town.hand.fetch_add(86_400_000, std::sync::atomic::Ordering::SeqCst);
                keeper.takes_password("along the old quay").await;
                self.call(&keeper, Method::PATCH, &room, Some(json!({ "keep_days": 1, "password": "along the old quay" }))).await;
                // The job does it, or this: whoever comes second finds nothing.
                let id = self.room;
                self.town.app().ground.db.write(move |tx| rialto::chat::expire_handful(tx, id)).await.expect("deleted");
            }
            ("session_ended", _) => {
                let id = ann.id;
                let made = self.town.app().ground.db.write(move |tx| {
                    use rialto::{access::Scopes, members};
                    Ok(members::make_session(tx, id, members::SessionKind::Bearer, Scopes::ALL, "phone", None)?.0)
                });
                self.call(ann, delete, &format!("/api/v1/me/sessions/{}", made.await.expect("a session")), None).await;
            }
            _ => self.act_among_people(case).await,
        }
    }

    /// The same between people.
    async fn act_among_people(&self, case: Case) {
        let (ann, bob) = (&self.ann, &self.bob);
        let (put, delete) = (Method::PUT, Method::DELETE);
        let to_bob = |list: &str| format!("/api/v1/{list}/{}", bob.id);
        let to_ann = |list: &str| format!("/api/v1/{list}/{}", ann.id);
        match case {
            ("contact_changed", _) => self.call(ann, put, &to_bob("contacts"), None).await,
            ("follow_changed", _) => self.call(ann, put, &to_bob("follows"), None).await,
            ("follower_changed", _) => self.call(bob, put, &to_ann("follows"), None).await,
            ("blocked", _) => self.call(ann, put, &to_bob("blocks"), None).await,
            ("muted", _) => self.call(ann, put, &to_bob("mutes"), None).await,
            ("unblocked", _) | ("message_sent", "by somebody I block") => {
                self.call(ann, put, &to_bob("blocks"), None).await;
                drop(bob.says(self.room, "n1", &format!("@{} hear me", ann.name)).await);
                if case.0 == "unblocked" {
                    self.call(ann, delete, &to_bob("blocks"), None).await;
                }
            }
            ("unmuted", _) | ("message_sent", "by somebody I muted") => {
                self.call(ann, put, &to_bob("mutes"), None).await;
                drop(bob.says(self.room, "n1", &format!("@{} hear me", ann.name)).await);
                if case.0 == "unmuted" {
                    self.call(ann, delete, &to_bob("mutes"), None).await;
                }
            }
            ("request_came", _) => self.call(bob, put, &to_ann("contacts"), None).await,
            ("request_ended", _) => {
                self.call(bob, put.clone(), &to_ann("contacts"), None).await;
                self.call(ann, put, &to_bob("contacts"), None).await;
            }
            ("listed", "as one who never may") => self.call(ann, put, &to_bob("me/never"), None).await,
            ("listed", _) => self.call(ann, put, &to_bob("me/always"), None).await,
            ("note_changed", _) => self.call(ann, Method::PATCH, &to_bob("contacts"), Some(json!({ "own_name": "Bob of the nets" }))).await,
            ("may_call", _) => {
                // As a call leaves it that does not ring.
                let (by, to) = (ann.id, bob.id);
                let asked = self.town.app().ground.db.write(move |tx| {
                    use rialto::social::{NewRequest, RequestKind, ask};
                    ask(tx, by, &NewRequest::of(RequestKind::VideoCall, to, true), None)
                });
                asked.await.expect("asked");
                bob.says_yes().await;
                if case.1.ends_with("hidden") {
                    self.call(ann, delete, &to_bob("me/may-call"), None).await;
                }
            }
            ("reach_changed", _) => self.call(ann, put, "/api/v1/me/reach", Some(json!({ "asks_before_follow": true }))).await,
            ("call_started", _) => self.call_of_bob(Some(self.room), None).await,
            ("call_ended", _) => self.call_of_bob(Some(self.room), Some(Cause::Left)).await,
            ("call_logged", _) => self.call_of_bob(None, Some(Cause::NoAnswer)).await,
            ("calls_seen", _) => {
                self.call_of_bob(None, Some(Cause::NoAnswer)).await;
                self.call(ann, Method::POST, "/api/v1/calls/seen", Some(json!({ "until": NOON + 1 }))).await;
            }
            other => panic!("{other:?} is told nowhere"),
        }
    }

    /// A call of bob's: in a room, or to ann, who missed it.
    async fn call_of_bob(&self, room: Option<RoomId>, cause: Option<Cause>) {
        let others = if room.is_some() { Vec::new() } else { vec![(self.ann.id, Fate::Missed)] };
        let seconds = if room.is_some() { 60 } else { 0 };
        let story = CallStory { room, is_group: false, video: false, starter: self.bob.id, others, seconds, cause, quality: None };
        self.town.app().ground.db.write(move |tx| place_call(tx, &story)).await.expect("a call");
    }

    /// What a client that starts now knows: the state, and the newest page of each of its rooms.
    async fn snapshot(&self) -> Value {
        let state = self.ann.get("/api/v1/me/state").await;
        let mut pages = serde_json::Map::new();
        for room in state["rooms"].as_array().expect("rooms") {
            let id = room["id"].as_str().expect("id");
            pages.insert(id.to_owned(), self.ann.get(&format!("/api/v1/rooms/{id}/messages")).await);
        }
        json!({ "state": state, "pages": pages })
    }
}

/// The events up to the heads of the later snapshot.
async fn frames(socket: &mut Socket, before: &Value, after: &Value) -> Vec<Value> {
    let place = |snapshot: &Value, log: &str| -> i64 {
        if log == "me" {
            return snapshot["state"]["seq"].as_i64().expect("seq");
        }
        let rooms = snapshot["state"]["rooms"].as_array().expect("rooms");
        rooms.iter().find(|room| room["id"] == log).map_or(0, |room| room["seq"].as_i64().expect("seq"))
    };
    let mut missing: Vec<(String, i64)> = vec![("me".to_owned(), place(after, "me"))];
    missing.extend(after["state"]["rooms"].as_array().expect("rooms").iter().map(|room| {
        let id = room["id"].as_str().expect("id").to_owned();
        let seq = room["seq"].as_i64().expect("seq");
        (id, seq)
    }));
    // A room that was entered meanwhile is heard above the head of its entry only.
    missing.retain(|(log, seq)| place(before, log) < *seq && (log == "me" || place(before, log) > 0));
    let mut heard = Vec::new();
    while !missing.is_empty() {
        let frame = socket.next("event").await;
        missing.retain(|(log, seq)| !(frame["room"] == log.as_str() && frame["seq"].as_i64() >= Some(*seq)));
        heard.push(frame);
    }
    heard
}

/// An empty folder: a case that is no more must not be played back.
fn empty_folder() -> PathBuf {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/target/replay"));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// The same event read from the log is the event that was heard, but for words that changed later.
async fn compare_with_the_log(scene: &Scene<'_>, heard: &[Value]) {
    for frame in heard {
        let seq = frame["seq"].as_i64().expect("seq");
        let path = match frame["room"].as_str().expect("room") {
            "me" => format!("/api/v1/me/events?after={}", seq - 1),
            room => format!("/api/v1/rooms/{room}/events?after={}", seq - 1),
        };
        let (status, listed) = scene.ann.call(Method::GET, &path, None).await;
        if status.is_success() {
            let item = &listed["items"][0];
            assert_eq!((&item["seq"], &item["at"], &item["event"]), (&frame["seq"], &frame["at"], &frame["event"]));
        }
    }
}

#[actix_web::test]
async fn every_event_is_recorded_between_two_snapshots() {
    let folder = empty_folder();
    let town = Town::with(|config| config.raised_limits = true).await;
    for (n, case) in CASES.iter().enumerate() {
        let scene = scene(&town, n).await;
        let mut socket = scene.ann.connect().await;
        let before = scene.snapshot().await;
        scene.act(*case).await;
        let after = scene.snapshot().await;
        let heard = frames(&mut socket, &before, &after).await;
        assert!(heard.iter().any(|frame| frame["event"]["kind"] == case.0), "{case:?} was not heard: {heard:?}");
        compare_with_the_log(&scene, &heard).await;
        let recorded = json!({ "kind": case.0, "case": case.1, "before": before, "events": heard, "after": after });
        let file = folder.join(format!("{n:02}-{}.json", case.0));
        std::fs::write(file, serde_json::to_string_pretty(&recorded).expect("JSON")).expect("written");
    }
    town.close().await;
}

//! Where history starts at joining: what was said before reaches no newcomer, by whatever happens to it later.

use reqwest::Method;
use rialto::ids::RoomId;
use serde_json::{Value, json};

use super::{message, messages};
use crate::support::{Person, Socket, Town};

/// The word that no newcomer may see.
const CANARY: &str = "Canary";

struct Scene {
    town: Town,
    ann: Person,
    bob: Person,
    room: RoomId,
    /// A message of bob's from before.
    old: String,
}

async fn scene() -> Scene {
    let town = Town::new().await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let wish = json!({ "kind": "private", "name": "Office", "history": "since_join", "members": [bob.id] });
    let room: RoomId = ann.post("/api/v1/rooms", wish).await["id"].as_str().expect("id").parse().expect("an id");
    bob.says_yes().await;
    let (old, _) = bob.says(room, "old", "Canary of old").await;
    assert_eq!(ann.call(Method::PUT, &format!("{}/reactions/🌊", message(room, &old)), None).await.0, 200, "nobody came after it yet");
    assert_eq!(bob.call(Method::PATCH, &message(room, &old), Some(json!({ "body": "Canary, edited" }))).await.0, 200);
    Scene { town, ann, bob, room, old }
}

impl Scene {
    async fn joins(&self, name: &str) -> (Person, Socket) {
        let newcomer = self.town.member(name).await;
        let mut socket = newcomer.connect().await;
        let path = format!("/api/v1/rooms/{}/members/{}", self.room, newcomer.id);
        assert_eq!(self.ann.call(Method::PUT, &path, None).await.0, 200);
        newcomer.says_yes().await;
        socket.event("room_joined").await;
        (newcomer, socket)
    }

    /// All that somebody may do with the old message; what comes of each.
    async fn stir(&self) {
        let (ann, bob, at) = (&self.ann, &self.bob, message(self.room, &self.old));
        let before = (403, "chat.before_somebody");
        bob.refused(Method::PATCH, &at, Some(json!({ "body": "Canary again" })), before.0, before.1).await;
        for (method, emoji) in [(Method::PUT, "👍"), (Method::DELETE, "🌊")] {
            ann.refused(method, &format!("{at}/reactions/{emoji}"), None, before.0, before.1).await;
        }
        let mut socket = ann.connect().await;
        for command in ["chat.react", "chat.unreact"] {
            let refused = socket.ask(json!({ "type": command, "room": self.room, "id": self.old, "emoji": "🌊" })).await;
            assert_eq!(refused["code"], before.1, "{command}");
        }
        let quoting = json!({ "client_key": "quote", "body": "As bob said", "reply_to": self.old });
        ann.post(&messages(self.room), quoting).await;
        bob.post(&messages(self.room), json!({ "client_key": "answer", "body": "In the thread", "thread": self.old })).await;
        assert_eq!(ann.call(Method::PUT, &format!("{at}/pin"), None).await.0, 200);
    }
}

/// Everything that is heard up to the event that sends `last`.
async fn heard(socket: &mut Socket, last: &str) -> Vec<Value> {
    let mut frames = Vec::new();
    loop {
        let frame = socket.frame().await.expect("a frame");
        let is_last = frame["event"]["body"] == last;
        frames.push(frame);
        if is_last {
            return frames;
        }
    }
}

fn said(frames: &[Value], kind: &str) -> usize {
    frames.iter().filter(|frame| frame["event"]["kind"] == kind).count()
}

#[actix_web::test]
async fn nothing_from_before_reaches_a_newcomer_live_replayed_or_loaded() {
    let scene = scene().await;
    let (dora, mut socket) = scene.joins("dora").await;
    scene.stir().await;
    scene.ann.says(scene.room, "end", "That is all").await;
    let live = heard(&mut socket, "That is all").await;
    let mut later = dora.connect().await;
    let joined = dora.get(&format!("/api/v1/rooms/{}", scene.room)).await["joined_seq"].as_i64().expect("a place");
    later.done(json!({ "type": "sync", "rooms": { scene.room.to_string(): joined } })).await;
    let replayed = heard(&mut later, "That is all").await;
    for frames in [&live, &replayed] {
        assert!(!json!(frames).to_string().contains(CANARY), "{frames:#?}");
        let counts = ["message_edited", "reaction_added", "reaction_removed", "message_sent"].map(|kind| said(frames, kind));
        assert_eq!(counts, [0, 0, 0, 3]);
    }
    let quotes = |frames: &[Value]| -> Vec<Value> {
        frames
            .iter()
            .filter(|frame| frame["event"]["reply_to"].is_object())
            .map(|frame| frame["event"]["reply_to"]["excerpt"].clone())
            .collect()
    };
    assert_eq!((quotes(&live), quotes(&replayed)), (vec![Value::Null], vec![Value::Null]));
    for path in [
        "/api/v1/me/state".to_owned(),
        messages(scene.room),
        format!("{}?after=0", messages(scene.room)),
        format!("{}?thread={}", messages(scene.room), scene.old),
        format!("/api/v1/rooms/{}/events?after=0", scene.room),
        format!("/api/v1/rooms/{}/pins", scene.room),
        format!("/r/{}", scene.room),
    ] {
        let answer = scene.town.http.get(scene.town.url(&path)).bearer_auth(&dora.token).send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
        assert!(!answer.text().await.expect("text").contains(CANARY), "{path}");
    }
    scene.town.close().await;
}

#[actix_web::test]
async fn what_is_said_after_the_joining_is_changed_and_reacted_to_until_the_next_one_comes() {
    let scene = scene().await;
    let (dora, _socket) = scene.joins("dora").await;
    let (new, _) = scene.ann.says(scene.room, "new", "Welcome").await;
    let at = message(scene.room, &new);
    assert_eq!(dora.call(Method::PUT, &format!("{at}/reactions/🌊"), None).await.0, 200);
    assert_eq!(scene.ann.call(Method::PATCH, &at, Some(json!({ "body": "Welcome!" }))).await.0, 200);
    scene.joins("emil").await;
    dora.refused(Method::DELETE, &format!("{at}/reactions/🌊"), None, 403, "chat.before_somebody").await;
    scene.ann.refused(Method::PATCH, &at, Some(json!({ "body": "Hello" })), 403, "chat.before_somebody").await;
    assert_eq!(scene.ann.call(Method::DELETE, &at, None).await.0, 200, "words may always be taken back");
    scene.town.close().await;
}

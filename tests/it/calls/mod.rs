//! Calls over the socket and the API: who rings whom, who may begin, who comes in and who is put out, and what is kept of it.

mod adding;
mod beginning;
mod being_in;
mod check;
mod full;
mod kept;
mod pages;
mod pictures;
mod probe;
mod resuming;
mod ringing;
mod silent;
mod studio;
mod with_media;

use std::sync::atomic::Ordering;

use reqwest::Method;
use rialto::chat::RoomKind;
use rialto::ids::RoomId;
use serde_json::{Value, json};

use crate::support::{Person, Socket, Town};
use studio::Studio;

/// A program with a media server in it that says what a real one would.
struct Stage {
    town: Town,
    studio: Studio,
    owner: Person,
}

impl Stage {
    /// In which everybody may begin calls.
    async fn open() -> Self {
        let stage = Self::for_payers().await;
        stage.set(json!({ "calls_open_to": "all_members" })).await;
        stage
    }

    /// In which whoever has a plan may.
    async fn for_payers() -> Self {
        let town = Town::new().await;
        let studio = Studio::beside(&town.app().calls);
        let owner = town.owner("keeper").await;
        Self { town, studio, owner }
    }

    async fn set(&self, settings: Value) {
        let (status, answer) = self.owner.call(Method::PATCH, "/api/v1/admin/settings", Some(settings)).await;
        assert!(status.is_success(), "{answer}");
    }

    /// A member whom everybody may call.
    async fn reachable(&self, name: &str) -> Person {
        let person = self.town.member(name).await;
        reach(&person, json!({ "call": { "from": ["everyone"] }, "video_call": { "from": ["everyone"] } })).await;
        person
    }

    /// Lets the clock of the program go on.
    fn passes(&self, ms: i64) {
        self.town.hand.fetch_add(ms, Ordering::SeqCst);
    }

    async fn close(self) {
        self.town.close().await;
    }
}

async fn reach(who: &Person, choice: Value) {
    let (status, answer) = who.call(Method::PUT, "/api/v1/me/reach", Some(choice)).await;
    assert!(status.is_success(), "{answer}");
}

fn call_to(member: &Person, key: &str) -> Value {
    json!({ "type": "call.start", "to": member.id, "video": false, "key": key })
}

fn call_in(room: RoomId, key: &str) -> Value {
    json!({ "type": "call.start", "room": room, "video": false, "key": key })
}

/// Begins a call; its id.
async fn begins(socket: &mut Socket, command: Value) -> String {
    socket.done(command).await["id"].as_str().expect("an id").to_owned()
}

fn about(kind: &str, call: &str) -> Value {
    json!({ "type": kind, "call": call })
}

/// The code with which a command is refused.
async fn code(socket: &mut Socket, command: Value) -> String {
    let answer = socket.ask(command).await;
    assert_eq!(answer["type"], "refused", "{answer}");
    answer["code"].as_str().expect("a code").to_owned()
}

/// Comes in, with media; what was said on coming in.
async fn enters(socket: &mut Socket, call: &str) -> Value {
    socket.done(about("call.join", call)).await;
    let joined = socket.next("call.joined").await;
    offers(socket, call, 1).await;
    joined
}

async fn offers(socket: &mut Socket, call: &str, generation: u32) {
    let offer = json!({ "type": "pc.offer", "call": call, "gen": generation, "sdp": "v=0", "tracks": [{ "mid": "0", "source": "mic" }] });
    socket.done(offer).await;
    assert_eq!(socket.next("pc.answer").await["gen"], generation);
}

/// The next entry of this call in a member's own log.
async fn entry(socket: &mut Socket) -> Value {
    socket.event("call_logged").await["event"]["entry"].clone()
}

/// Fates of a member's calls, newest first.
async fn fates(who: &Person) -> Vec<String> {
    let page = who.get("/api/v1/calls").await;
    page["items"].as_array().expect("items").iter().map(|item| item["fate"].as_str().unwrap_or("-").to_owned()).collect()
}

/// A group conversation of these, who have said yes to it.
async fn group(stage: &Stage, maker: &Person, others: &[&Person]) -> RoomId {
    stage.town.room(maker, RoomKind::Group, "Crew", others).await
}

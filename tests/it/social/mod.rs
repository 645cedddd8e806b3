//! People over the API: what members can do about each other, and what none of them learns.

mod admitted;
mod at_once;
mod closed;
mod conversations;
mod days;
mod hidden;
mod mentions;
mod pages;
mod people;
mod plans;
mod reach;
mod reports;
mod requests;
mod timing;
mod untold;
mod wishes;
mod yes;

use reqwest::Method;
use rialto::ids::RoomId;
use serde_json::{Value, json};

use crate::support::{Person, Socket};

/// A write that must succeed; answers its body.
async fn act(who: &Person, method: Method, path: &str) -> Value {
    acts(who, method, path, None).await
}

/// The same with a body.
async fn acts(who: &Person, method: Method, path: &str, body: Option<Value>) -> Value {
    let (status, answer) = who.call(method.clone(), path, body).await;
    assert!(status.is_success(), "{} {method} {path}: {status} {answer}", who.name);
    answer
}

/// Who may reach them in this way.
async fn lets(who: &Person, way: &str, from: &[&str]) {
    acts(who, Method::PUT, "/api/v1/me/reach", Some(json!({ way: { "from": from } }))).await;
}

/// The conversation of two, as `who` gets it.
async fn talk(who: &Person, with: &Person) -> RoomId {
    let room = who.post("/api/v1/rooms", json!({ "kind": "direct", "members": [with.id] })).await;
    room["id"].as_str().expect("an id").parse().expect("a room")
}

/// What waits for their answer: kinds and senders, newest first.
async fn waiting(who: &Person) -> Vec<(String, String)> {
    let page = who.get("/api/v1/requests").await;
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    page["items"].as_array().expect("items").iter().map(|one| (text(&one["kind"]), text(&one["sender"]["username"]))).collect()
}

/// The id of the newest request.
async fn newest_request(who: &Person) -> String {
    who.get("/api/v1/requests").await["items"][0]["id"].as_str().expect("a request").to_owned()
}

/// Names on a list, in order.
async fn names(who: &Person, path: &str) -> Vec<String> {
    let page = who.get(path).await;
    page["items"].as_array().expect("items").iter().map(|one| one["member"]["username"].as_str().expect("a name").to_owned()).collect()
}

/// Whether the room is among theirs.
async fn is_mine(who: &Person, room: RoomId) -> bool {
    let state = who.get("/api/v1/me/state").await;
    state["rooms"].as_array().expect("rooms").iter().any(|one| one["id"] == room.to_string())
}

/// The next event of this kind in their own log.
async fn hears(socket: &mut Socket, kind: &str) -> Value {
    socket.event(kind).await["event"].clone()
}

//! Every socket command × every visitor: who gets an ack, who is refused and how; and a foreign room answers like none.

use serde_json::{Value, json};

use super::cast::{Cast, NOTHING, VISITORS, Visitor};
use crate::support::{Socket, tell};

/// Who cannot even connect.
const OUT: &str = "401";

/// Command, permit, and for each visitor `ack`, `none` (done without an answer), or the code of the refusal without its `chat.` or
/// `access.`; first in a private room, then in a public one.
#[rustfmt::skip]
const TABLE: &[(&str, &str, &str, &str)] = &[
    ("ping", "SeeMe",           "401 401 401 ack ack ack ack ack ack ack ack 401", ""),
    ("sync", "SeeMe",           "401 401 401 ack ack ack ack ack ack ack ack 401", ""),
    ("presence.watch", "SeeMe", "401 401 401 none none none none none none none none 401", ""),
    ("chat.send", "PostIn",     "401 401 401 404 ack muted ack 404 404 404 scope 401",
                                "401 401 401 not_a_member ack muted ack not_a_member not_a_member not_a_member scope 401"),
    ("chat.edit", "ChangeMessage", "401 401 401 404 ack muted not_yours 404 404 404 scope 401",
                                "401 401 401 not_a_member ack muted not_yours not_a_member not_a_member not_a_member scope 401"),
    ("chat.delete", "RemoveMessage", "401 401 401 404 ack not_yours ack 404 404 404 scope 401",
                                "401 401 401 not_yours ack not_yours ack ack ack ack scope 401"),
    ("chat.pin", "PinMessage",  "401 401 401 404 not_allowed not_allowed ack 404 404 404 scope 401",
                                "401 401 401 not_a_member not_allowed not_allowed ack not_a_member not_a_member not_a_member scope 401"),
    ("chat.unpin", "PinMessage", "401 401 401 404 not_allowed not_allowed ack 404 404 404 scope 401",
                                "401 401 401 not_a_member not_allowed not_allowed ack not_a_member not_a_member not_a_member scope 401"),
    ("chat.react", "ReactTo",   "401 401 401 404 ack muted ack 404 404 404 scope 401",
                                "401 401 401 not_a_member ack muted ack not_a_member not_a_member not_a_member scope 401"),
    ("chat.unreact", "ReactTo", "401 401 401 404 ack muted ack 404 404 404 scope 401",
                                "401 401 401 not_a_member ack muted ack not_a_member not_a_member not_a_member scope 401"),
    ("chat.read", "BeIn",       "401 401 401 404 ack ack ack 404 404 404 scope 401",
                                "401 401 401 not_a_member ack ack ack not_a_member not_a_member not_a_member scope 401"),
    ("chat.typing", "PostIn",   "401 401 401 404 none muted none 404 404 404 scope 401",
                                "401 401 401 not_a_member none muted none not_a_member not_a_member not_a_member scope 401"),
    ("call.start", "StartCall", "401 401 401 404 ack muted ack 404 404 404 scope 401",
                                "401 401 401 not_a_member ack muted ack not_a_member not_a_member not_a_member scope 401"),
    ("call.add", "HostCall",    "401 401 401 404 not_host not_host plan_needed 404 404 404 scope 401", ""),
    ("call.accept", "TakePart", "401 401 401 404 over over over 404 404 404 scope 401", ""),
    ("call.decline", "TakePart", "401 401 401 404 over over over 404 404 404 scope 401", ""),
    ("call.cancel", "TakePart", "401 401 401 404 over over over 404 404 404 scope 401", ""),
    ("call.join", "TakePart", "401 401 401 404 over over over 404 404 404 scope 401", ""),
    ("call.leave", "TakePart", "401 401 401 404 over over over 404 404 404 scope 401", ""),
    ("call.view", "InCall", "401 401 401 not_in_call not_in_call not_in_call not_in_call not_in_call not_in_call not_in_call not_in_call 401", ""),
    ("call.mute", "InCall", "401 401 401 not_in_call not_in_call not_in_call not_in_call not_in_call not_in_call not_in_call not_in_call 401", ""),
    ("call.hand", "InCall", "401 401 401 not_in_call not_in_call not_in_call not_in_call not_in_call not_in_call not_in_call not_in_call 401", ""),
    ("call.mod.mute", "HostCall", "401 401 401 404 not_host not_host 404 404 404 404 scope 401", ""),
    ("call.mod.allow", "HostCall", "401 401 401 404 not_host not_host 404 404 404 404 scope 401", ""),
    ("call.mod.remove", "HostCall", "401 401 401 404 not_host not_host ack 404 404 404 scope 401", ""),
    ("call.mod.lock", "HostCall", "401 401 401 404 not_host not_host ack 404 404 404 scope 401", ""),
    ("call.mod.role", "HostCall", "401 401 401 404 not_host not_host ack 404 404 404 scope 401", ""),
    ("call.mod.lower", "HostCall", "401 401 401 404 not_host not_host ack 404 404 404 scope 401", ""),
    ("call.mod.end", "HostCall", "401 401 401 404 not_host not_host ack 404 404 404 scope 401", ""),
    ("call.stats", "InCall", "401 401 401 not_in_call not_in_call not_in_call not_in_call not_in_call not_in_call not_in_call not_in_call 401", ""),
    ("call.sync", "InCall", "401 401 401 not_in_call not_in_call not_in_call not_in_call not_in_call not_in_call not_in_call not_in_call 401", ""),
    ("pc.offer", "InCall", "401 401 401 not_in_call not_in_call not_in_call not_in_call not_in_call not_in_call not_in_call not_in_call 401", ""),
    ("pc.ice", "InCall", "401 401 401 not_in_call not_in_call not_in_call not_in_call not_in_call not_in_call not_in_call not_in_call 401", ""),
];

#[test]
fn every_command_has_a_row_and_every_row_a_command() {
    let rows = TABLE.iter().map(|(name, permit, _, _)| (*name, *permit)).collect();
    assert_eq!(rialto::wire::commands(), rows);
}

/// A command about a call.
fn frame_of_call(name: &str, call: &str, member: &str) -> Value {
    let mut frame = json!({ "call": call, "member": member, "members": [member] });
    let more = match name {
        "call.mute" => json!({ "source": "mic", "muted": true }),
        "call.mod.mute" | "call.mod.allow" => json!({ "source": "mic" }),
        "call.hand" => json!({ "raised": true }),
        "call.mod.lock" => json!({ "locked": true }),
        "call.mod.role" => json!({ "role": "speaker" }),
        "call.sync" => json!({ "seq": 0 }),
        "pc.offer" => json!({ "gen": 1, "sdp": "v=0" }),
        "pc.ice" => json!({ "gen": 1 }),
        _ => json!({}),
    };
    frame.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    frame["type"] = json!(name);
    frame
}

fn frame(name: &str, room: &str, message: &str, n: u32) -> Value {
    let mut frame = match name {
        "call.start" => json!({ "room": room, "video": false, "key": format!("call{n}") }),
        "ping" => json!({}),
        "sync" => json!({ "rooms": { "me": 0 } }),
        "presence.watch" => json!({ "members": [] }),
        "chat.send" => json!({ "room": room, "client_key": format!("said{n}"), "body": "Hello" }),
        "chat.edit" => json!({ "room": room, "id": message, "body": format!("Edited {n}") }),
        "chat.react" | "chat.unreact" => json!({ "room": room, "id": message, "emoji": "🌊" }),
        "chat.read" => json!({ "room": room, "seq": 0, "unread": true }),
        "chat.typing" => json!({ "room": room }),
        _ => json!({ "room": room, "id": message }),
    };
    frame["type"] = json!(name);
    frame
}

/// A connection, or the status of its refusal.
async fn connect(cast: &Cast, visitor: &Visitor) -> Result<Socket, String> {
    let token = visitor.person.as_ref().map_or("nobody", |person| person.token.as_str());
    Socket::open(&cast.town.url(""), token).await.map_err(|error| match error {
        tokio_tungstenite::tungstenite::Error::Http(answer) => answer.status().as_u16().to_string(),
        other => panic!("{other}"),
    })
}

fn short(answer: &Value) -> String {
    if answer["type"] == "ack" {
        return "ack".to_owned();
    }
    match answer["code"].as_str().expect("a code") {
        "error.not_found" => "404".to_owned(),
        code => code.rsplit('.').next().unwrap_or(code).to_owned(),
    }
}

/// What a command without an answer did: its passing signal is heard by somebody else in the room, or it was refused.
async fn quiet(cast: &Cast, socket: &mut Socket, visitor: &Visitor, name: &str, room: &str, declared: &str) -> String {
    let command = frame(name, room, "", 0);
    if name == "presence.watch" {
        socket.say(command).await;
        assert_eq!(socket.next("signal").await["signal"]["kind"], "presence");
        return "none".to_owned();
    }
    if declared != "none" {
        return short(&socket.ask(command).await);
    }
    let mut listener = cast.maker.connect().await;
    socket.say(command).await;
    let signal = listener.next("signal").await["signal"].clone();
    assert_eq!(signal, json!({ "kind": "typing", "room": room, "member": visitor.person.as_ref().expect("somebody").id }));
    "none".to_owned()
}

async fn hold(in_private: bool) {
    let cast = Cast::gather().await;
    let room = if in_private { cast.private } else { cast.open };
    let (mut wrong, spare) = (Vec::new(), cast.maker.id.to_string());
    let (mut cells, mut of_calls) = (0, 0);
    for (name, _, private, open) in TABLE {
        let call = cast.call_in(room).await;
        let is_of_call = *name != "call.start" && (name.starts_with("call.") || name.starts_with("pc."));
        let declared = if in_private || open.is_empty() { private } else { open };
        let mut found = Vec::new();
        assert_eq!(declared.split(' ').count(), VISITORS.len(), "{name}");
        for (visitor, declared) in cast.visitors.iter().zip(declared.split(' ')) {
            let targets = cast.targets("GET", "{message}", room, visitor).await;
            let answer = match connect(&cast, visitor).await {
                Err(status) => status,
                Ok(_) if declared == OUT => "in".to_owned(),
                Ok(mut socket) if matches!(*name, "chat.typing" | "presence.watch") => {
                    quiet(&cast, &mut socket, visitor, name, &room.to_string(), declared).await
                }
                Ok(mut socket) if is_of_call => short(&socket.ask(frame_of_call(name, &call, &spare)).await),
                Ok(mut socket) => short(&socket.ask(frame(name, &targets.room, &targets.message, cast.next())).await),
            };
            found.push(answer);
        }
        cells += found.len();
        of_calls += if name.starts_with("call.") || name.starts_with("pc.") { found.len() } else { 0 };
        if found.join(" ") != *declared {
            wrong.push(format!("{name}\n  declared {declared}\n  found    {}", found.join(" ")));
        }
    }
    tell("cells of commands and visitors", cells);
    tell("cells of call signalling", of_calls);
    tell("rows that differ from the declared ones", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    cast.town.close().await;
}

#[actix_web::test]
async fn commands_in_a_private_room_are_answered_as_declared() {
    hold(true).await;
}

#[actix_web::test]
async fn commands_in_a_public_room_are_answered_as_declared() {
    hold(false).await;
}

#[actix_web::test]
async fn commands_to_a_foreign_room_or_message_are_answered_like_none() {
    let (cast, mut pairs) = (Cast::gather().await, 0);
    for visitor in &cast.visitors {
        let Ok(mut socket) = connect(&cast, visitor).await else { continue };
        for (name, _, _, open) in TABLE {
            if open.is_empty() {
                continue;
            }
            let foreign = cast.foreign.to_string();
            let home = cast.private.to_string();
            let there = cast.message_elsewhere(true);
            for (known, unknown) in
                [((&foreign, &there), (&NOTHING.to_owned(), &NOTHING.to_owned())), ((&home, &there), (&home, &NOTHING.to_owned()))]
            {
                if known.0 == &home && !frame(name, "", "", 0).as_object().expect("an object").contains_key("id") {
                    continue;
                }
                let (mut one, mut other) =
                    (socket.ask(frame(name, known.0, known.1, 1)).await, socket.ask(frame(name, unknown.0, unknown.1, 1)).await);
                (one["ref"], other["ref"]) = (Value::Null, Value::Null);
                assert_eq!(one, other, "{name} by {}", visitor.name);
                assert_eq!(one["type"], "refused", "{name} by {}", visitor.name);
                pairs += 1;
            }
        }
    }
    tell("pairs of what is not for them and what is not there", pairs);
    cast.town.close().await;
}

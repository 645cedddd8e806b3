//! The heartbeat: what the server says it sent is what was heard, and its digest is that of the heads.

use std::collections::BTreeMap;

use reqwest::Method;
use rialto::chat::RoomKind;
use serde_json::{Value, json};

use crate::support::{Socket, Town};

/// What a client knows: the heads of its logs, and how many events it heard.
struct Client {
    rooms: BTreeMap<u64, i64>,
    me: i64,
    events: u64,
}

impl Client {
    fn greeted(hello: &Value) -> Self {
        let heads = hello["heads"].as_object().expect("heads");
        let rooms =
            heads.iter().filter(|(name, _)| *name != "me").map(|(id, seq)| (id.parse().expect("an id"), seq.as_i64().expect("a seq")));
        Self { rooms: rooms.collect(), me: heads["me"].as_i64().expect("me"), events: 0 }
    }

    fn heard(&mut self, frame: &Value) {
        if frame["type"] != "event" {
            return;
        }
        self.events += 1;
        let seq = frame["seq"].as_i64().expect("seq");
        let room = |id: &Value| id.as_str().expect("an id").parse::<u64>().expect("an id");
        if frame["room"] != "me" {
            self.rooms.entry(room(&frame["room"])).and_modify(|head| *head = (*head).max(seq)).or_insert(seq);
            return;
        }
        self.me = self.me.max(seq);
        match frame["event"]["kind"].as_str() {
            Some("room_joined") => {
                self.rooms.entry(room(&frame["event"]["room"])).or_insert(frame["event"]["head"].as_i64().expect("head"));
            }
            Some("room_left") => {
                self.rooms.remove(&room(&frame["event"]["room"]));
            }
            _ => {}
        }
    }

    /// FNV-1a, 32 bits, over `id:seq;` in ascending id, then `me:seq;`.
    fn digest(&self) -> String {
        let text: String = self.rooms.iter().map(|(id, seq)| format!("{id}:{seq};")).chain([format!("me:{};", self.me)]).collect();
        format!("{:08x}", text.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)))
    }

    /// Reads up to the next heartbeat and compares.
    async fn beat(&mut self, socket: &mut Socket) {
        loop {
            let frame = socket.frame().await.expect("a frame");
            if frame["type"] == "heartbeat" {
                assert_eq!((frame["n"].as_u64(), frame["heads_digest"].as_str()), (Some(self.events), Some(self.digest().as_str())));
                return;
            }
            self.heard(&frame);
        }
    }
}

#[actix_web::test]
async fn a_clients_own_count_and_digest_agree_with_every_heartbeat() {
    let town = Town::with(|config| (config.raised_limits, config.heartbeat_ms) = (true, 700)).await;
    let (ann, bob) = (town.member("ann").await, town.member("bob").await);
    let harbour = town.room(&ann, RoomKind::Private, "Harbour", &[&bob]).await;
    let square = town.room(&ann, RoomKind::Public, "Square", &[]).await;
    let mut socket = bob.connect().await;
    assert_eq!(socket.hello["heartbeat_ms"], 700);
    let mut client = Client::greeted(&socket.hello);
    client.beat(&mut socket).await;
    for n in 0..30 {
        ann.says(harbour, &format!("h{n}"), "Ahoy").await;
        ann.says(square, &format!("s{n}"), "Hello").await;
    }
    client.beat(&mut socket).await;
    let place = format!("/api/v1/rooms/{square}/members/{}", bob.id);
    bob.call(Method::PUT, &place, None).await;
    client.beat(&mut socket).await;
    client.beat(&mut socket).await;
    for n in 0..10 {
        ann.says(square, &format!("t{n}"), "Hello").await;
    }
    bob.call(Method::DELETE, &place, None).await;
    client.beat(&mut socket).await;
    client.beat(&mut socket).await;
    ann.says(harbour, "last", "Ahoy").await;
    ann.says(square, "last of the square", "Hello").await;
    client.beat(&mut socket).await;
    client.beat(&mut socket).await;
    assert!(client.events > 40);
    town.close().await;
}

#[actix_web::test]
async fn replayed_events_are_in_the_count() {
    let town = Town::with(|config| (config.raised_limits, config.heartbeat_ms) = (true, 700)).await;
    let ann = town.member("ann").await;
    let room = town.room(&ann, RoomKind::Private, "Harbour", &[]).await;
    for n in 0..100 {
        ann.says(room, &format!("k{n}"), "Ahoy").await;
    }
    let mut socket = ann.connect().await;
    let mut client = Client::greeted(&socket.hello);
    let head = client.rooms.values().next().copied().expect("a head");
    socket.say(json!({ "type": "sync", "rooms": { room.to_string(): head - 90, "me": 0 } })).await;
    while client.events < 90 {
        client.beat(&mut socket).await;
    }
    client.beat(&mut socket).await;
    town.close().await;
}

//! Floors: bare programs that do only the physical part of a scenario, to be measured beside the product in the same run.
//!
//! They speak just enough of the live protocol for the same load to drive them: the bearer token names the room, every frame is a message.

pub mod commit;
pub mod delivery;

use std::borrow::Cow;

use bytes::{BufMut, Bytes, BytesMut};
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, TcpSocket};

/// A message as it comes in.
#[derive(Deserialize)]
pub struct Said<'a> {
    /// Answered with the ack.
    pub r#ref: &'a str,
    /// The words.
    #[serde(borrow)]
    pub body: Cow<'a, str>,
}

#[derive(Serialize)]
struct Event<'a> {
    r#type: &'static str,
    room: u64,
    seq: u64,
    from: u64,
    body: &'a str,
}

/// The frame that all who hear the room get.
pub fn event(room: u64, seq: u64, from: u64, body: &str) -> Bytes {
    let payload = serde_json::to_vec(&Event { r#type: "event", room, seq, from, body }).expect("plain fields");
    let mut out = BytesMut::with_capacity(payload.len() + 4);
    frame(&payload, &mut out);
    out.freeze()
}

/// The frame that answers the sender.
pub fn ack(reference: &str, seq: u64) -> Bytes {
    let mut out = BytesMut::with_capacity(64);
    frame(format!(r#"{{"type":"ack","ref":"{reference}","seq":{seq}}}"#).as_bytes(), &mut out);
    out.freeze()
}

fn frame(payload: &[u8], out: &mut BytesMut) {
    out.put_u8(0x81);
    match payload.len() {
        n @ 0..=125 => out.put_u8(n as u8),
        n => {
            out.put_u8(126);
            out.put_u16(u16::try_from(n).expect("messages of a bench are short"));
        }
    }
    out.put_slice(payload);
}

/// Takes the handshake off the front: the room that the token names.
pub fn handshake(bytes: &mut BytesMut) -> Option<u64> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = bytes.split_to(end + 4);
    let head = String::from_utf8_lossy(&head);
    let token = head.lines().find_map(|line| line.strip_prefix("Authorization: Bearer "))?;
    token.trim().parse().ok()
}

/// What answers a handshake; the load does not check the key.
pub const WELCOME: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";

/// Takes one masked text frame off the front.
pub fn next_frame(bytes: &mut BytesMut) -> Option<BytesMut> {
    let (head, length) = match bytes.get(1)? & 0x7f {
        126 => (4, usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?))),
        n => (2, usize::from(n)),
    };
    if bytes.len() < head + 4 + length {
        return None;
    }
    let mask: [u8; 4] = bytes[head..head + 4].try_into().ok()?;
    let mut payload = bytes.split_to(head + 4 + length).split_off(head + 4);
    if mask != [0; 4] {
        payload.iter_mut().enumerate().for_each(|(at, byte)| *byte ^= mask[at & 3]);
    }
    Some(payload)
}

/// Opens a port of loopback and says so the way the product does.
pub fn listen() -> TcpListener {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
    let listener = socket.listen(4_096).expect("a listener");
    crate::say(&format!("listening on http://{}", listener.local_addr().expect("an address")));
    listener
}

/// Runs one floor until it is killed.
pub fn run(name: &str, data: &std::path::Path) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let local = tokio::task::LocalSet::new();
    match name {
        "writer" => local.block_on(&runtime, delivery::serve(delivery::Way::Writer)),
        "direct" => local.block_on(&runtime, delivery::serve(delivery::Way::Direct)),
        "commit" => local.block_on(&runtime, commit::serve(data)),
        other => panic!("no floor is called {other}"),
    }
}

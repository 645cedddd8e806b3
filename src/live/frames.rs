//! WebSocket frames built once and shared: the bytes of an event are the same for every connection (RFC 6455 section 5.2).

use bytes::{BufMut, Bytes, BytesMut};
use serde::Serialize;

use super::log::{Logged, Seq};
use crate::ids::MemberId;

const TEXT: u8 = 0x81;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;

/// Why the server ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseCode {
    /// The other side closed.
    Normal = 1000,
    /// A frame was larger than the limit.
    TooLarge = 1009,
    /// Ten frames in a minute that nobody could understand.
    BadFrames = 4000,
    /// The session is over.
    SignedOut = 4001,
    /// The client does not read.
    SlowConsumer = 4008,
    /// The program stops.
    GoingAway = 4009,
}

fn frame(opcode: u8, payload: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(payload.len() + 10);
    out.put_u8(opcode);
    match payload.len() {
        n @ 0..=125 => out.put_u8(u8::try_from(n).expect("below 126")),
        n @ 126..=0xffff => {
            out.put_u8(126);
            out.put_u16(u16::try_from(n).expect("below 65,536"));
        }
        n => {
            out.put_u8(127);
            out.put_u64(n as u64);
        }
    }
    out.put_slice(payload);
    out.freeze()
}

/// A text frame.
#[must_use]
pub fn text(json: &str) -> Bytes {
    frame(TEXT, json.as_bytes())
}

/// A text frame of something that serialises.
#[must_use]
pub fn json(value: &impl Serialize) -> Bytes {
    text(&serde_json::to_string(value).expect("frames are plain structs with string keys"))
}

/// A close frame.
#[must_use]
pub fn close(code: CloseCode) -> Bytes {
    frame(CLOSE, &(code as u16).to_be_bytes())
}

/// A ping; browsers answer it by themselves.
#[must_use]
pub fn ping() -> Bytes {
    frame(PING, b"")
}

/// The answer to a ping; a control frame carries at most 125 bytes.
#[must_use]
pub fn pong(payload: &[u8]) -> Bytes {
    frame(PONG, &payload[..payload.len().min(125)])
}

/// The frame of an event, the same bytes for all who hear its log.
#[must_use]
pub fn event(logged: &Logged) -> Bytes {
    event_as(logged, &logged.event)
}

/// The frame of an event as this member hears it.
#[must_use]
pub fn event_for(logged: &Logged, member: MemberId) -> Bytes {
    event_as(logged, logged.heard_by(member))
}

/// The frame of what some hear in an event's place.
#[must_use]
pub fn event_as(logged: &Logged, event: &str) -> Bytes {
    let room = logged.log.name();
    text(&format!(r#"{{"type":"event","room":"{room}","seq":{},"at":{},"event":{}}}"#, logged.seq, logged.at, event))
}

/// The heads of a connection's logs as eight hex digits: FNV-1a 32 over `id:seq;` in ascending numeric id, then `me:seq;`.
pub fn heads_digest(rooms: impl Iterator<Item = (i64, Seq)>, me: Seq) -> String {
    use std::fmt::Write;
    let mut hash = 0x811c_9dc5_u32;
    let mut text = String::with_capacity(32);
    let mut take = |text: &str| {
        for byte in text.bytes() {
            hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        }
    };
    for (id, seq) in rooms {
        text.clear();
        let _ = write!(text, "{id}:{seq};");
        take(&text);
    }
    take(&format!("me:{me};"));
    format!("{hash:08x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_written_in_one_three_or_nine_bytes() {
        assert_eq!(&text("hi")[..], b"\x81\x02hi");
        for (length, header) in [(125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let bytes = text(&"a".repeat(length));
            assert_eq!(bytes.len(), length + header, "{length}");
        }
        assert_eq!(&close(CloseCode::SlowConsumer)[..], [0x88, 2, 0x0f, 0xa8]);
        assert_eq!(pong(&[1; 200]).len(), 127);
    }

    #[test]
    fn the_digest_is_the_one_clients_compute() {
        assert_eq!(heads_digest(std::iter::empty(), 0), format!("{:08x}", fnv("me:0;")));
        assert_eq!(heads_digest([(7, 3), (12, 1)].into_iter(), 9), format!("{:08x}", fnv("7:3;12:1;me:9;")));
        assert_eq!(format!("{:08x}", fnv("foobar")), "bf9cf968", "the published vector of FNV-1a");
    }

    fn fnv(text: &str) -> u32 {
        text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
    }
}

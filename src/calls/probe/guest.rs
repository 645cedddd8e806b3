//! A member in a call without a browser: over the documented socket, on the probe's peer connection. It makes a village lived in, says
//! nothing but the silence of an open microphone, and costs a few packets a second.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::browser::{Kind, mid_of};
use super::peer::Peer;
use crate::error::{Error, Result};
use crate::ids::RoomId;

/// How long the way for media may take.
const CONNECT: Duration = Duration::from_secs(20);
/// Whoever says nothing sends a packet as often as browsers do then.
const HUSH: Duration = Duration::from_millis(400);
/// Longest frame that is read.
const FRAME: usize = 1 << 20;

/// Somebody who comes into a call.
#[derive(Clone)]
pub struct Guest {
    /// Where the program listens.
    pub address: SocketAddr,
    /// Their token.
    pub token: String,
    /// The room with voice.
    pub room: RoomId,
    /// Is their microphone open?
    pub speaks: bool,
}

/// A guest who is in.
pub struct Stay {
    line: Line,
    peer: Peer,
    speaks: bool,
}

impl Guest {
    /// Opens the call of the room, or comes into the one that goes on.
    ///
    /// # Errors
    /// When the program does not let them in, or no media connects.
    pub async fn enter(self) -> Result<Stay> {
        let mut line = Line::open(self.address, &self.token).await?;
        let start = json!({ "type": "call.start", "room": self.room, "video": false, "key": "guest" });
        let call = line.ask(start).await?["id"].clone();
        line.ask(json!({ "type": "call.join", "call": call })).await?;
        let peer = Box::pin(Peer::with_sound(&[self.address.ip()])).await?;
        match Box::pin(connect(&mut line, &peer, &call, self.speaks)).await {
            Ok(()) => Ok(Stay { line, peer, speaks: self.speaks }),
            Err(error) => {
                peer.close().await;
                Err(error)
            }
        }
    }
}

async fn connect(line: &mut Line, peer: &Peer, call: &Value, speaks: bool) -> Result<()> {
    let sdp = peer.offer().await?;
    let tracks = json!([{ "mid": mid_of(&sdp, Kind::Sound), "source": Kind::Sound.source() }]);
    line.ask(json!({ "type": "pc.offer", "call": call, "gen": 1, "sdp": sdp, "tracks": tracks })).await?;
    let answer = line.next(|frame| frame["type"] == "pc.answer").await?;
    let media = peer.connect(answer["sdp"].as_str().unwrap_or_default(), CONNECT).await?;
    if !media.dtls {
        return Err(Error::broken("a guest's media does not connect"));
    }
    if !speaks {
        line.ask(json!({ "type": "call.mute", "call": call, "source": "mic", "muted": true })).await?;
    }
    Ok(())
}

impl Stay {
    /// Stays until the call is over, or the program.
    pub async fn last(mut self) {
        let mut ticks = tokio::time::interval(HUSH);
        let mut sent = 0;
        loop {
            tokio::select! {
                frame = self.line.next(|frame| frame["type"] == "call.ended" || frame["type"] == "call.parted") => {
                    drop(frame);
                    break;
                }
                _ = ticks.tick(), if self.speaks => {
                    self.peer.hush(sent).await;
                    sent = sent.wrapping_add(1);
                }
            }
        }
        self.peer.close().await;
    }
}

/// A live connection, as far as a guest needs one.
struct Line {
    stream: TcpStream,
    /// What has come and is not read yet.
    held: Vec<u8>,
    /// Frames that nobody has wanted yet.
    aside: Vec<Value>,
    refs: u32,
}

impl Line {
    async fn open(address: SocketAddr, token: &str) -> Result<Self> {
        let mut stream = TcpStream::connect(address).await?;
        let request = format!(
            "GET /live HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {}\r\n\r\n",
            super::http::SOCKET_KEY
        );
        stream.write_all(request.as_bytes()).await?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") && head.len() < FRAME {
            head.push(stream.read_u8().await?);
        }
        if head.starts_with(b"HTTP/1.1 101 ") {
            Ok(Self { stream, held: Vec::new(), aside: Vec::new(), refs: 0 })
        } else {
            Err(Error::broken(String::from_utf8_lossy(&head)))
        }
    }

    /// Says a command and waits for its acknowledgement.
    async fn ask(&mut self, mut command: Value) -> Result<Value> {
        self.refs += 1;
        let reference = self.refs.to_string();
        command["ref"] = Value::from(reference.as_str());
        self.say(0x81, command.to_string().as_bytes()).await?;
        let answer = self.next(|frame| frame["ref"] == reference.as_str()).await?;
        if answer["type"] == "ack" { Ok(answer) } else { Err(Error::broken(answer)) }
    }

    /// The next frame that fits. May be given up and begun again.
    async fn next(&mut self, fits: impl Fn(&Value) -> bool) -> Result<Value> {
        if let Some(at) = self.aside.iter().position(&fits) {
            return Ok(self.aside.swap_remove(at));
        }
        loop {
            while let Some((kind, payload)) = take(&mut self.held) {
                match kind {
                    1 => {
                        let frame: Value = serde_json::from_slice(&payload).map_err(Error::broken)?;
                        if fits(&frame) {
                            return Ok(frame);
                        }
                        // An answer may come before it is asked for; of the rest nothing is wanted.
                        if frame["type"] == "pc.answer" {
                            self.aside.push(frame);
                        }
                    }
                    8 => return Err(Error::broken("the line was closed")),
                    9 => self.say(0x8a, &payload).await?,
                    _ => {}
                }
            }
            if self.held.len() > FRAME || self.stream.read_buf(&mut self.held).await? == 0 {
                return Err(Error::broken("the line is gone"));
            }
        }
    }

    /// One frame, with a mask of zeros, which leaves its payload as it is.
    async fn say(&mut self, first: u8, payload: &[u8]) -> Result<()> {
        let mut frame = vec![first];
        match u16::try_from(payload.len()) {
            Ok(length @ 0..=125) => frame.push(0x80 | length as u8),
            Ok(length) => {
                frame.push(0x80 | 126);
                frame.extend_from_slice(&length.to_be_bytes());
            }
            Err(_) => return Err(Error::broken("nothing that long is said")),
        }
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(payload);
        Ok(self.stream.write_all(&frame).await?)
    }
}

/// The first whole frame of what has come: what it is, and its payload. Servers do not mask.
fn take(held: &mut Vec<u8>) -> Option<(u8, Vec<u8>)> {
    let [first, second, ..] = held[..] else { return None };
    let (at, length): (usize, usize) = match second & 0x7f {
        126 => (4, usize::from(u16::from_be_bytes(held.get(2..4)?.try_into().ok()?))),
        127 => (10, usize::try_from(u64::from_be_bytes(held.get(2..10)?.try_into().ok()?)).ok()?),
        short => (2, usize::from(short)),
    };
    let payload = held.get(at..at.checked_add(length)?)?.to_vec();
    held.drain(..at + length);
    Some((first & 0x0f, payload))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_taken_whole_and_in_order() {
        let long = vec![b'x'; 70_000];
        let mut bytes = vec![0x81, 2, b'h', b'i', 0x89, 0, 0x81, 127];
        bytes.extend_from_slice(&(long.len() as u64).to_be_bytes());
        bytes.extend_from_slice(&long);
        bytes.extend_from_slice(&[0x81, 126, 0, 130]);
        bytes.extend_from_slice(&[b'y'; 130]);
        let (mut held, mut found) = (Vec::new(), Vec::new());
        for part in bytes.chunks(999) {
            held.extend_from_slice(part);
            while let Some(frame) = take(&mut held) {
                found.push(frame);
            }
        }
        let expected = [(1, b"hi".to_vec()), (9, Vec::new()), (1, long), (1, vec![b'y'; 130])];
        assert!(found == expected && held.is_empty());
    }
}

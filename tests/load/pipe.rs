//! A light socket: a WebSocket client that hands out frames without parsing them, so that a thousand of them cost little.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// The sending half; cheap to clone.
#[derive(Clone)]
pub struct Mouth(Arc<TcpStream>);

/// The reading half.
pub struct Ear {
    stream: Arc<TcpStream>,
    /// The beginning of a frame whose end has not come yet.
    held: Vec<u8>,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With this close code.
    Closed(u16),
    /// Without one.
    Cut,
}

/// What a server frame is, from the first letter of its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An event of a log.
    Event,
    /// The answer to a command.
    Ack,
    /// A refusal, or the advice to load again: nothing a load test wants.
    Refused,
    /// Anything else.
    Other,
}

impl Kind {
    /// Of this payload; every server frame begins with `{"type":"`.
    pub fn of(payload: &[u8]) -> Self {
        match payload.get(9) {
            Some(b'e') => Self::Event,
            Some(b'a') => Self::Ack,
            Some(b'r') => Self::Refused,
            _ => Self::Other,
        }
    }
}

/// Connects and shakes hands. A `window` in bytes makes the pipe narrow, so that little fills it.
pub async fn open(address: SocketAddr, token: &str, window: Option<u32>) -> Result<(Mouth, Ear), String> {
    let failed = |error: std::io::Error| format!("no connection: {error}");
    let socket = TcpSocket::new_v4().map_err(failed)?;
    if let Some(bytes) = window {
        socket.set_recv_buffer_size(bytes).map_err(failed)?;
    }
    let mut stream = socket.connect(address).await.map_err(failed)?;
    stream.set_nodelay(true).map_err(failed)?;
    let request = format!(
        "GET /live HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.map_err(failed)?;
    // Byte by byte up to the empty line: what follows are frames.
    let mut head = Vec::with_capacity(512);
    while !head.ends_with(b"\r\n\r\n") {
        let byte = stream.read_u8().await.map_err(failed)?;
        head.push(byte);
    }
    if !head.starts_with(b"HTTP/1.1 101") {
        return Err(format!("no handshake: {}", String::from_utf8_lossy(&head).lines().next().unwrap_or("")));
    }
    let stream = Arc::new(stream);
    Ok((Mouth(Arc::clone(&stream)), Ear { stream, held: Vec::new() }))
}

/// Appends a text frame; the mask is zero, which leaves the payload as it is.
pub fn frame_into(out: &mut Vec<u8>, text: &str) {
    out.push(0x81);
    match text.len() {
        n @ 0..=125 => out.push(0x80 | n as u8),
        n => {
            out.push(0x80 | 126);
            out.extend_from_slice(&u16::try_from(n).expect("commands are short").to_be_bytes());
        }
    }
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(text.as_bytes());
}

impl Mouth {
    /// Writes frames that were put together with [`frame_into`].
    pub async fn write(&self, mut bytes: &[u8]) -> std::io::Result<()> {
        while !bytes.is_empty() {
            match self.0.try_write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => self.0.writable().await?,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Sends one text frame.
    pub async fn say(&self, text: &str) -> std::io::Result<()> {
        let mut bytes = Vec::with_capacity(text.len() + 8);
        frame_into(&mut bytes, text);
        self.write(&bytes).await
    }
}

impl Ear {
    /// Our side's port.
    pub fn port(&self) -> u16 {
        self.stream.local_addr().map_or(0, |address| address.port())
    }

    /// Reads on until the connection ends; `None` when it does not within `patience`.
    pub async fn end(&mut self, scratch: &std::cell::RefCell<Vec<u8>>, patience: Duration) -> Option<End> {
        let ended = async {
            loop {
                if let Err(end) = self.listen(scratch, |_| ()).await {
                    return end;
                }
            }
        };
        tokio::time::timeout(patience, ended).await.ok()
    }

    /// Waits for bytes and gives each complete text frame to `hear`; `scratch` is shared by many ears.
    pub async fn listen(&mut self, scratch: &std::cell::RefCell<Vec<u8>>, mut hear: impl FnMut(&[u8])) -> Result<(), End> {
        loop {
            self.stream.readable().await.map_err(|_| End::Cut)?;
            let mut buffer = scratch.borrow_mut();
            let count = match self.stream.try_read(&mut buffer) {
                Ok(0) => return Err(End::Cut),
                Ok(count) => count,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => continue,
                Err(_) => return Err(End::Cut),
            };
            let fresh = &buffer[..count];
            let mut is_pinged = false;
            if self.held.is_empty() {
                let used = split(fresh, &mut hear, &mut is_pinged)?;
                self.held.extend_from_slice(&fresh[used..]);
            } else {
                self.held.extend_from_slice(fresh);
                let held = std::mem::take(&mut self.held);
                let used = split(&held, &mut hear, &mut is_pinged)?;
                self.held.extend_from_slice(&held[used..]);
            }
            if is_pinged {
                // Whoever says nothing for a while is taken to be gone.
                let _ = self.stream.try_write(PONG);
            }
            return Ok(());
        }
    }
}

/// An empty pong under a mask of zero.
const PONG: &[u8] = &[0x8a, 0x80, 0, 0, 0, 0];

/// Room for one reading.
pub fn scratch() -> std::cell::RefCell<Vec<u8>> {
    std::cell::RefCell::new(vec![0; 256 * 1024])
}

/// Gives each complete text frame to `hear` and notes pings; how many bytes the frames took.
fn split(bytes: &[u8], hear: &mut impl FnMut(&[u8]), is_pinged: &mut bool) -> Result<usize, End> {
    let mut used = 0;
    loop {
        let rest = &bytes[used..];
        let Some((head, length)) = header(rest) else { return Ok(used) };
        let Some(payload) = rest.get(head..head + length) else { return Ok(used) };
        match rest[0] & 0x0f {
            1 => hear(payload),
            9 => *is_pinged = true,
            8 => return Err(payload.get(..2).map_or(End::Cut, |code| End::Closed(u16::from_be_bytes([code[0], code[1]])))),
            _ => {}
        }
        used += head + length;
    }
}

/// The lengths of a frame's head and payload.
fn header(bytes: &[u8]) -> Option<(usize, usize)> {
    match bytes.get(1)? & 0x7f {
        126 => Some((4, usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)))),
        127 => Some((10, usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).ok()?)),
        length => Some((2, usize::from(length))),
    }
}

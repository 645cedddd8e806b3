//! A live connection as a test plays it: frames in and out, nothing hidden.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// How long a frame may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(15);

/// A connection to `/live`.
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The greeting.
    pub hello: Value,
    next_ref: u64,
    aside: std::collections::VecDeque<Value>,
}

impl Socket {
    /// Connects and waits for the greeting.
    pub async fn open(base: &str, token: &str) -> Result<Self, tungstenite::Error> {
        let mut request = format!("{}/live", base.replacen("http", "ws", 1)).into_client_request()?;
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().expect("a header"));
        let (stream, _) = tokio_tungstenite::connect_async(request).await?;
        let mut socket = Self { stream, hello: Value::Null, next_ref: 0, aside: std::collections::VecDeque::new() };
        socket.hello = socket.frame().await.expect("a greeting");
        assert_eq!(socket.hello["type"], "hello", "{}", socket.hello);
        Ok(socket)
    }

    /// The next frame that is JSON; `Err` with the close code when the connection ends.
    pub async fn frame(&mut self) -> Result<Value, Option<u16>> {
        if let Some(frame) = self.aside.pop_front() {
            return Ok(frame);
        }
        self.read().await
    }

    async fn read(&mut self) -> Result<Value, Option<u16>> {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.stream.next()).await.expect("a frame in time");
            match next {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).expect("frames are JSON")),
                Some(Ok(Message::Close(reason))) => return Err(reason.map(|reason| reason.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }

    /// The next frame of this type; others before it are dropped.
    pub async fn next(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.frame().await.unwrap_or_else(|code| panic!("closed with {code:?} while waiting for {kind}"));
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    /// The next event of this kind.
    pub async fn event(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.next("event").await;
            if frame["event"]["kind"] == kind {
                return frame;
            }
        }
    }

    /// Waits for the end and returns the close code.
    pub async fn closed(&mut self) -> Option<u16> {
        loop {
            if let Err(code) = self.frame().await {
                return code;
            }
        }
    }

    /// Sends a text frame as it is.
    pub async fn send_text(&mut self, text: impl Into<String>) {
        self.stream.send(Message::text(text.into())).await.expect("sent");
    }

    /// Sends a command without waiting and returns its `ref`.
    pub async fn say(&mut self, mut command: Value) -> String {
        self.next_ref += 1;
        let reference = self.next_ref.to_string();
        command["ref"] = json!(reference);
        self.send_text(command.to_string()).await;
        reference
    }

    /// Like [`Socket::say`] on a connection that may be over.
    pub async fn try_say(&mut self, mut command: Value) -> Option<String> {
        self.next_ref += 1;
        let reference = self.next_ref.to_string();
        command["ref"] = json!(reference);
        self.stream.send(Message::text(command.to_string())).await.is_ok().then_some(reference)
    }

    /// Sends a command and waits for its answer; events that come before it are kept for later.
    pub async fn ask(&mut self, command: Value) -> Value {
        let reference = self.say(command).await;
        let mut kept = Vec::new();
        loop {
            let frame = self.read().await.unwrap_or_else(|code| panic!("closed with {code:?} while waiting for an answer"));
            if frame["ref"] == reference.as_str() {
                self.aside.extend(kept);
                return frame;
            }
            kept.push(frame);
        }
    }

    /// Like [`Socket::ask`]; the answer must be an ack.
    pub async fn done(&mut self, command: Value) -> Value {
        let answer = self.ask(command.clone()).await;
        assert_eq!(answer["type"], "ack", "{command}: {answer}");
        answer
    }
}

//! A device's connection: the handshake, what it has never seen is loaded, what it missed is asked for.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::outbox::Act;
use super::{Device, REQUEST};
use crate::view::{Applied, RoomView};

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A connection that was greeted.
pub(super) struct Line {
    pub(super) sink: SplitSink<Stream, Message>,
    pub(super) stream: SplitStream<Stream>,
    /// The server has said where the logs stand for our `sync`.
    pub(super) heads: Option<HashMap<String, i64>>,
    /// Where its rooms stood when it said so in its last `sync`.
    pub(super) asked: HashMap<String, i64>,
    /// When that was.
    pub(super) asked_at: Instant,
    /// Event frames heard on this connection.
    pub(super) events: u64,
    /// Where the member's own log stands.
    pub(super) me: i64,
    /// The last heartbeat's digest was another than that of what was applied.
    pub(super) differed: bool,
}

impl Device {
    /// Connects, is greeted, loads what it has never seen and asks for what it missed.
    pub(super) async fn connect(&mut self) -> Result<Line, String> {
        let failed = |error: &dyn std::fmt::Display| error.to_string();
        let mut request = format!("ws://{}/live", self.profile.address).into_client_request().map_err(|error| failed(&error))?;
        let bearer = format!("Bearer {}", self.profile.token).parse().map_err(|_| "a token that is no header".to_owned())?;
        request.headers_mut().insert("authorization", bearer);
        let socket = TcpSocket::new_v4().map_err(|error| failed(&error))?;
        // A narrow pipe is for the first connection: who comes back reads as fast as others.
        if let Some(bytes) = self.profile.window.take() {
            socket.set_recv_buffer_size(bytes).map_err(|error| failed(&error))?;
        }
        let shaken = async {
            let stream = socket.connect(self.profile.address).await?;
            stream.set_nodelay(true)?;
            tokio_tungstenite::client_async(request, MaybeTlsStream::Plain(stream)).await
        };
        let begun = Instant::now();
        let late = |what: &str| {
            self.unanswered(what, begun);
            format!("no answer to {what}")
        };
        let opened = tokio::time::timeout(REQUEST, shaken).await.map_err(|_| late("a handshake"))?;
        let (stream, _) = opened.map_err(|error| {
            if let tokio_tungstenite::tungstenite::Error::Http(answer) = &error
                && answer.status() == 401
            {
                self.journal.violation('s', format!("{}: signed out", self.profile.name));
            }
            failed(&error)
        })?;
        let (sink, stream) = stream.split();
        let mut line =
            Line { sink, stream, heads: None, asked: HashMap::new(), asked_at: Instant::now(), events: 0, me: 0, differed: false };
        let hello = tokio::time::timeout(REQUEST, line.stream.next()).await.map_err(|_| late("a greeting"))?;
        let Some(Ok(Message::Text(hello))) = hello else { return Err("no greeting".to_owned()) };
        let hello: Value = serde_json::from_str(&hello).map_err(|error| failed(&error))?;
        line.me = hello["heads"]["me"].as_i64().ok_or("a greeting without heads")?;
        if !self.loaded {
            for room in self.profile.rooms.clone() {
                self.load(&room).await?;
            }
            self.loaded = true;
        }
        self.sync(&mut line).await?;
        // What was under way on the last connection is said again, under the same key.
        let again: Vec<Act> = self.under_way.drain().map(|(_, (act, _))| act).collect();
        again.into_iter().for_each(|act| self.outbox.push_front(act));
        self.journal.count("connections");
        self.status.connections.fetch_add(1, Ordering::Relaxed);
        Ok(line)
    }

    pub(super) async fn sync(&mut self, line: &mut Line) -> Result<(), String> {
        line.heads = None;
        line.asked_at = Instant::now();
        line.asked = self.profile.rooms.iter().map(|room| (room.clone(), self.applied(room))).collect();
        let frame = json!({ "type": "sync", "ref": "sync", "rooms": line.asked }).to_string();
        line.sink.send(Message::text(frame)).await.map_err(|error| error.to_string())
    }

    /// Loads all of a room, newest page first.
    pub(super) async fn load(&mut self, room: &str) -> Result<(), String> {
        let failed = |error: reqwest::Error, asked| {
            if error.is_timeout() {
                self.unanswered("a page", asked);
            }
            error.to_string()
        };
        let mut view = RoomView::default();
        let mut before = None;
        loop {
            let mut url = format!("http://{}/api/v1/rooms/{room}/messages?limit=50", self.profile.address);
            if let Some(seq) = before.take() {
                url = format!("{url}&before={seq}");
            }
            let asked = Instant::now();
            let answer = self.http.get(&url).bearer_auth(&self.profile.token).send().await.and_then(reqwest::Response::error_for_status);
            let page: Value = answer.map_err(|error| failed(error, asked))?.json().await.map_err(|error| failed(error, asked))?;
            if view.applied == 0 {
                view.applied = page["seq"].as_i64().unwrap_or(0);
            }
            for message in page["items"].as_array().into_iter().flatten() {
                let Some(seq) = message["seq"].as_i64().filter(|seq| *seq <= view.applied) else { continue };
                self.journal.heard(self.name(), room, seq, "message_sent", message);
                if let Applied::Wrong(sentence) = view.load(message) {
                    self.journal.violation('d', format!("{}: {sentence} (in a page)", self.name()));
                }
            }
            match page["next"].as_str() {
                Some(next) => before = Some(next.to_owned()),
                None => break,
            }
        }
        self.views.insert(room.to_owned(), view);
        Ok(())
    }
}

//! A fake device: an outbox that never gives up, a socket that comes back, a view that applies each event once.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::journal::Journal;
use crate::load::figures::Chance;
use crate::view::{Applied, RoomView};

/// What all devices are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Say new things.
    Talking,
    /// Only finish what was begun.
    Draining,
    /// Hand in what is on the screen.
    Over,
}

/// Who it is and what it may do.
#[derive(Clone)]
pub struct Profile {
    /// A name for sentences.
    pub name: String,
    /// The member's id.
    pub member: String,
    /// Their token.
    pub token: String,
    /// Where the server is.
    pub address: SocketAddr,
    /// The rooms it is in.
    pub rooms: Vec<String>,
    /// Time between two acts; `None` for one who only listens.
    pub pace: Option<Duration>,
    /// Bytes added to every message.
    pub padding: usize,
    /// Percent of acts that change or react rather than send.
    pub changes: u64,
    /// Percent of sends that go over plain HTTP.
    pub over_http: u64,
    /// Receive buffer of the first connection in bytes, for one whose pipe is soon full; the kernel's choice when missing.
    pub window: Option<u32>,
    /// Reads nothing for this long, once, after it was first greeted.
    pub deaf_for: Option<Duration>,
    /// Where its chance begins.
    pub seed: u64,
}

/// What others may look at while it runs.
#[derive(Default)]
pub struct Status {
    /// Nothing waits, nothing is under way, and it has caught up.
    pub idle: AtomicBool,
    /// Sum of the places that were applied.
    pub applied: AtomicI64,
    /// The last place in each room.
    pub places: Mutex<HashMap<String, i64>>,
}

/// One thing it wants done.
#[derive(Clone, Debug)]
enum Act {
    Send { key: String, room: String, body: String },
    Edit { room: String, id: String, body: String },
    React { room: String, id: String, emoji: &'static str, add: bool },
}

/// Acts under way at once.
const UNDER_WAY: usize = 8;
/// Acts that may wait before nothing new is thought of.
const OUTBOX: usize = 40;
/// How long a command may go unanswered on a connection that lives.
const ANSWER: Duration = Duration::from_secs(30);
/// How long a request may take.
const REQUEST: Duration = Duration::from_secs(20);
const EMOJI: &[&str] = &["👍", "🎉", "🚤"];

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

struct Line {
    sink: SplitSink<Stream, Message>,
    stream: SplitStream<Stream>,
    /// The server has said where the logs stand for our `sync`.
    heads: Option<HashMap<String, i64>>,
    /// Event frames heard on this connection.
    events: u64,
}

struct Device {
    profile: Profile,
    journal: Arc<Journal>,
    status: Arc<Status>,
    chance: Chance,
    http: reqwest::Client,
    views: HashMap<String, RoomView>,
    /// Known before; then a new connection needs only what was missed.
    loaded: bool,
    outbox: VecDeque<Act>,
    under_way: HashMap<String, (Act, Instant)>,
    /// Refused acts, and when they may be tried again.
    later: Vec<(Instant, Act)>,
    /// Messages of its own that were acknowledged: room and id.
    own: Vec<(String, String)>,
    numbered: u64,
    answers: mpsc::UnboundedSender<(String, Result<Value, String>)>,
}

/// Runs until it is told that it is over; then hands in what is on its screen.
pub async fn run(
    profile: Profile,
    journal: Arc<Journal>,
    status: Arc<Status>,
    mut phase: watch::Receiver<Phase>,
) -> HashMap<String, RoomView> {
    let (answers, mut inbox) = mpsc::unbounded_channel();
    let http = reqwest::Client::builder().timeout(REQUEST).build().expect("a client");
    let chance = Chance::new(profile.seed);
    let mut device = Device {
        profile,
        journal,
        status,
        chance,
        http,
        views: HashMap::new(),
        loaded: false,
        outbox: VecDeque::new(),
        under_way: HashMap::new(),
        later: Vec::new(),
        own: Vec::new(),
        numbered: 0,
        answers,
    };
    while *phase.borrow() != Phase::Over {
        device.report(None);
        let line = tokio::select! {
            line = device.connect() => line,
            _ = phase.wait_for(|phase| *phase == Phase::Over) => break,
        };
        if let Ok(mut line) = line {
            device.live(&mut line, &mut inbox, &mut phase).await;
        } else {
            let pause = Duration::from_millis(50 + device.chance.below(250));
            tokio::select! { () = tokio::time::sleep(pause) => {}, _ = phase.changed() => {} }
        }
    }
    device.views
}

impl Device {
    fn name(&self) -> &str {
        &self.profile.name
    }

    fn report(&self, line: Option<&Line>) {
        let caught_up =
            line.is_some_and(|line| line.heads.as_ref().is_some_and(|heads| heads.iter().all(|(room, head)| self.applied(room) >= *head)));
        let nothing_waits = self.outbox.is_empty() && self.under_way.is_empty() && self.later.is_empty();
        self.status.idle.store(caught_up && nothing_waits, Ordering::Relaxed);
        self.status.applied.store(self.views.values().map(|view| view.applied).sum(), Ordering::Relaxed);
        let places = self.views.iter().map(|(room, view)| (room.clone(), view.applied)).collect();
        *self.status.places.lock().unwrap_or_else(PoisonError::into_inner) = places;
    }

    fn applied(&self, room: &str) -> i64 {
        self.views.get(room).map_or(0, |view| view.applied)
    }

    /// Connects, is greeted, loads what it has never seen and asks for what it missed.
    async fn connect(&mut self) -> Result<Line, String> {
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
        let opened = tokio::time::timeout(REQUEST, shaken).await.map_err(|error| failed(&error))?;
        let (stream, _) = opened.map_err(|error| {
            if let tokio_tungstenite::tungstenite::Error::Http(answer) = &error
                && answer.status() == 401
            {
                self.journal.violation('s', format!("{}: signed out", self.profile.name));
            }
            failed(&error)
        })?;
        let (sink, stream) = stream.split();
        let mut line = Line { sink, stream, heads: None, events: 0 };
        let hello = tokio::time::timeout(REQUEST, line.stream.next()).await.map_err(|error| failed(&error))?;
        let Some(Ok(Message::Text(_))) = hello else { return Err("no greeting".to_owned()) };
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
        Ok(line)
    }

    async fn sync(&mut self, line: &mut Line) -> Result<(), String> {
        line.heads = None;
        let rooms: HashMap<&String, i64> = self.profile.rooms.iter().map(|room| (room, self.applied(room))).collect();
        let frame = json!({ "type": "sync", "ref": "sync", "rooms": rooms }).to_string();
        line.sink.send(Message::text(frame)).await.map_err(|error| error.to_string())
    }

    /// Loads all of a room, newest page first.
    async fn load(&mut self, room: &str) -> Result<(), String> {
        let mut view = RoomView::default();
        let mut before = None;
        loop {
            let mut url = format!("http://{}/api/v1/rooms/{room}/messages?limit=50", self.profile.address);
            if let Some(seq) = before.take() {
                url = format!("{url}&before={seq}");
            }
            let answer = self.http.get(&url).bearer_auth(&self.profile.token).send().await.map_err(|error| error.to_string())?;
            let page: Value =
                answer.error_for_status().map_err(|error| error.to_string())?.json().await.map_err(|error| error.to_string())?;
            if view.applied == 0 {
                view.applied = page["seq"].as_i64().unwrap_or(0);
            }
            for message in page["items"].as_array().into_iter().flatten() {
                if message["seq"].as_i64().is_some_and(|seq| seq <= view.applied)
                    && let Applied::Wrong(sentence) = view.load(message)
                {
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

    /// While the connection lives.
    async fn live(
        &mut self,
        line: &mut Line,
        inbox: &mut mpsc::UnboundedReceiver<(String, Result<Value, String>)>,
        phase: &mut watch::Receiver<Phase>,
    ) {
        let pace = self.profile.pace.unwrap_or(Duration::from_secs(3_600));
        let mut acts = tokio::time::interval_at(Instant::now() + pace.mul_f64(self.chance.below(100) as f64 / 100.0), pace);
        acts.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        let mut looks = tokio::time::interval(Duration::from_millis(100));
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        if let Some(time) = self.profile.deaf_for.take() {
            tokio::time::sleep(time).await;
        }
        loop {
            if self.pump(line).await.is_err() {
                return;
            }
            self.report(Some(line));
            let now = *phase.borrow();
            if now == Phase::Over {
                return;
            }
            let end = tokio::select! {
                frame = line.stream.next() => self.hear(line, frame).await,
                Some((key, answer)) = inbox.recv() => { self.answered(&key, answer); Ok(()) },
                _ = acts.tick(), if now == Phase::Talking && self.profile.pace.is_some() => { self.think(); Ok(()) },
                _ = looks.tick() => self.look(),
                _ = phase.changed() => Ok(()),
            };
            if end.is_err() {
                return;
            }
        }
    }

    /// Refused acts whose time has come are tried again; an answer that is far too late is a fault.
    fn look(&mut self) -> Result<(), ()> {
        let now = Instant::now();
        let (due, later): (Vec<_>, Vec<_>) = std::mem::take(&mut self.later).into_iter().partition(|(at, _)| *at <= now);
        self.later = later;
        self.outbox.extend(due.into_iter().map(|(_, act)| act));
        if let Some((reference, _)) = self.under_way.iter().find(|(_, (_, since))| now.duration_since(*since) > ANSWER) {
            self.journal.count("answers that never came");
            tracing_line(&format!("{}: no answer to {reference} in {ANSWER:?}", self.name()));
            return Err(());
        }
        Ok(())
    }

    /// Thinks of something to do.
    fn think(&mut self) {
        if self.outbox.len() + self.under_way.len() + self.later.len() >= OUTBOX {
            return;
        }
        self.numbered += 1;
        let chance = self.chance.next();
        let words = format!("{} says {chance} of {}", self.name(), self.numbered);
        if !self.own.is_empty() && self.chance.percent(self.profile.changes) {
            let (room, id) = self.chance.one(&self.own).clone();
            // Two acts on one message at once could be done in either order.
            let is_busy = self.under_way.values().map(|(act, _)| act).chain(&self.outbox).chain(self.later.iter().map(|(_, act)| act));
            if is_busy.into_iter().any(|act| act.message() == Some(&id)) {
                return;
            }
            self.outbox.push_back(if self.chance.percent(50) {
                Act::Edit { room, id, body: format!("{words}, changed") }
            } else {
                Act::React { room, id, emoji: self.chance.one::<&'static str>(EMOJI), add: self.chance.percent(70) }
            });
            return;
        }
        let room = self.chance.one(&self.profile.rooms).clone();
        let body = if self.profile.padding == 0 { words } else { format!("{words} {}", "x".repeat(self.profile.padding)) };
        // The letter at the end shows where a key ends when it is found among other bytes.
        let key = format!("{}-{}-{}k", self.name(), self.profile.seed % 100_000, self.numbered);
        self.outbox.push_back(Act::Send { key, room, body });
    }

    /// Sends what waits.
    async fn pump(&mut self, line: &mut Line) -> Result<(), ()> {
        while self.under_way.len() < UNDER_WAY {
            let Some(act) = self.outbox.pop_front() else { return Ok(()) };
            let reference = if let Act::Send { key, room, body } = &act {
                self.journal.issued(key, &self.profile.member, room, body);
                key.clone()
            } else {
                self.numbered += 1;
                format!("act-{}", self.numbered)
            };
            self.under_way.insert(reference.clone(), (act.clone(), Instant::now()));
            let over_http = matches!(act, Act::Send { .. }) && self.chance.percent(self.profile.over_http);
            if over_http {
                self.post(reference, &act);
                continue;
            }
            let frame = act.frame(&reference).to_string();
            line.sink.send(Message::text(frame)).await.map_err(|_| ())?;
            // Sometimes a device is impatient and says the same again before it has heard anything.
            if matches!(act, Act::Send { .. }) && self.chance.percent(5) {
                let again = act.frame(&format!("{reference}+")).to_string();
                line.sink.send(Message::text(again)).await.map_err(|_| ())?;
            }
        }
        Ok(())
    }

    fn post(&self, reference: String, act: &Act) {
        let Act::Send { key, room, body } = act else { return };
        let url = format!("http://{}/api/v1/rooms/{room}/messages", self.profile.address);
        let request = self.http.post(url).bearer_auth(&self.profile.token).json(&json!({ "client_key": key, "body": body }));
        let (answers, journal) = (self.answers.clone(), Arc::clone(&self.journal));
        tokio::spawn(async move {
            let answer = async {
                let answer = request.send().await.map_err(|error| error.to_string())?;
                let status = answer.status().as_u16();
                let body: Value = answer.json().await.map_err(|error| error.to_string())?;
                if status >= 500 && status != 503 {
                    journal.violation('x', format!("a send was answered with {status}: {body}"));
                }
                Ok(json!({ "status": status, "body": body }))
            };
            let _ = answers.send((reference, answer.await));
        });
    }

    /// The answer to a send over HTTP.
    fn answered(&mut self, key: &str, answer: Result<Value, String>) {
        let Some((act, _)) = self.under_way.remove(key) else { return };
        match answer {
            Ok(answer) if answer["status"] == 201 || answer["status"] == 200 => {
                let body = &answer["body"];
                self.done(&act, body["id"].as_str().unwrap_or_default(), body["seq"].as_i64().unwrap_or(0));
            }
            Ok(answer) => {
                let code = answer["body"]["code"].as_str().unwrap_or("no code").to_owned();
                self.refused(act, &code, answer["body"]["retry_after_ms"].as_u64());
            }
            Err(_) => self.outbox.push_front(act),
        }
    }

    fn done(&mut self, act: &Act, id: &str, seq: i64) {
        match act {
            Act::Send { key, room, .. } => {
                self.journal.acked(key, id, seq);
                self.own.push((room.clone(), id.to_owned()));
                if self.own.len() > 50 {
                    self.own.remove(0);
                }
            }
            Act::Edit { id, body, .. } => self.journal.edited(id, body),
            Act::React { id, emoji, add, .. } => self.journal.reacted(id, emoji, &self.profile.member, *add),
        }
    }

    /// What may pass is tried again; the rest is a fault.
    fn refused(&mut self, act: Act, code: &str, retry_after_ms: Option<u64>) {
        self.journal.refused(code);
        let Some(wait) = retry_after_ms else {
            self.journal.violation('r', format!("{}: refused for good with {code}: {act:?}", self.name()));
            return;
        };
        let jitter = self.chance.below(200);
        self.later.push((Instant::now() + Duration::from_millis(wait.min(5_000) + jitter), act));
    }

    async fn hear(&mut self, line: &mut Line, frame: Option<Result<Message, tokio_tungstenite::tungstenite::Error>>) -> Result<(), ()> {
        let text = match frame {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Close(reason))) => {
                if reason.is_some_and(|reason| u16::from(reason.code) == 4008) {
                    self.journal.count("closed as slow");
                }
                return Err(());
            }
            Some(Ok(_)) => return Ok(()),
            Some(Err(_)) | None => return Err(()),
        };
        let Ok(frame) = serde_json::from_str::<Value>(&text) else {
            self.journal.violation('p', format!("{}: a frame that is no JSON", self.name()));
            return Err(());
        };
        match frame["type"].as_str().unwrap_or_default() {
            "event" => self.event(line, &frame).await?,
            "ack" | "refused" => self.answer(line, &frame),
            "heartbeat" if line.heads.is_some() => self.heartbeat(line, &frame).await?,
            "reset" => {
                self.journal.count("resets");
                let room = frame["room"].as_str().unwrap_or_default().to_owned();
                self.load(&room).await.map_err(|_| ())?;
            }
            "gone" => self.journal.violation('p', format!("{}: a room is gone: {frame}", self.name())),
            _ => {}
        }
        Ok(())
    }

    async fn event(&mut self, line: &mut Line, frame: &Value) -> Result<(), ()> {
        line.events += 1;
        let room = frame["room"].as_str().unwrap_or_default();
        if room == "me" {
            return Ok(());
        }
        let applied = self.views.entry(room.to_owned()).or_default().apply(frame);
        match applied {
            Applied::Yes => {}
            Applied::Again => self.journal.count("events heard again"),
            Applied::Gap if line.heads.is_none() => self.journal.count("events before the answer to sync"),
            Applied::Gap => {
                let sentence = format!("{}: room {room} goes on with {} after {}", self.name(), frame["seq"], self.applied(room));
                self.journal.violation('d', sentence);
                self.sync(line).await.map_err(|_| ())?;
            }
            Applied::Wrong(sentence) => self.journal.violation('d', format!("{}: {sentence}", self.name())),
        }
        Ok(())
    }

    fn answer(&mut self, line: &mut Line, frame: &Value) {
        let reference = frame["ref"].as_str().unwrap_or_default();
        if reference == "sync" {
            if let Some(heads) = frame["heads"].as_object() {
                let own = heads.iter().filter(|(room, _)| *room != "me");
                line.heads = Some(own.filter_map(|(room, head)| Some((room.clone(), head.as_i64()?))).collect());
            }
            return;
        }
        let is_ack = frame["type"] == "ack";
        let (id, seq) = (frame["id"].as_str().unwrap_or_default(), frame["seq"].as_i64().unwrap_or(0));
        if let Some(key) = reference.strip_suffix('+') {
            if is_ack {
                self.journal.acked(key, id, seq);
            }
            return;
        }
        let Some((act, _)) = self.under_way.remove(reference) else { return };
        if is_ack {
            self.done(&act, id, seq);
        } else {
            self.refused(act, frame["code"].as_str().unwrap_or("no code"), frame["retry_after_ms"].as_u64());
        }
    }

    /// Compares how many events came with how many were queued, and where the logs stand.
    async fn heartbeat(&mut self, line: &mut Line, frame: &Value) -> Result<(), ()> {
        if frame["n"].as_u64().is_some_and(|n| n != line.events) {
            let sentence = format!("{}: heartbeat says {} events, {} came", self.name(), frame["n"], line.events);
            self.journal.violation('n', sentence);
        }
        Ok(())
    }
}

impl Act {
    fn message(&self) -> Option<&String> {
        match self {
            Self::Send { .. } => None,
            Self::Edit { id, .. } | Self::React { id, .. } => Some(id),
        }
    }

    fn frame(&self, reference: &str) -> Value {
        match self {
            Self::Send { key, room, body } => {
                json!({ "type": "chat.send", "ref": reference, "room": room, "client_key": key, "body": body })
            }
            Self::Edit { room, id, body } => {
                json!({ "type": "chat.edit", "ref": reference, "room": room, "id": id, "client_key": reference, "body": body })
            }
            Self::React { room, id, emoji, add } => {
                let name = if *add { "chat.react" } else { "chat.unreact" };
                json!({ "type": name, "ref": reference, "room": room, "id": id, "emoji": emoji })
            }
        }
    }
}

/// A line for whoever watches.
pub fn tracing_line(text: &str) {
    eprintln!("    {text}");
}

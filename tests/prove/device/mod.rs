//! A fake device: an outbox that never gives up, a socket that comes back, a view that applies each event once.

mod connection;
mod outbox;
mod reading;

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use serde_json::Value;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::journal::Journal;
use crate::load::figures::Chance;
use crate::view::RoomView;
use connection::Line;
use outbox::Act;

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
    /// The last place in each room.
    pub places: Mutex<HashMap<String, i64>>,
    /// Connections that were made.
    pub connections: AtomicU64,
    /// Heartbeats whose count and digest agreed with what was heard and applied.
    pub confirmed: AtomicU64,
}

/// How long a request may take.
const REQUEST: Duration = Duration::from_secs(20);

/// What came of a send over HTTP.
type Answer = Result<Value, reqwest::Error>;

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
    answers: mpsc::UnboundedSender<(String, Answer)>,
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

    /// Has it applied all that the server said there is?
    fn has_caught_up(&self, line: &Line) -> bool {
        line.heads.as_ref().is_some_and(|heads| heads.iter().all(|(room, head)| self.applied(room) >= *head))
    }

    fn report(&self, line: Option<&Line>) {
        let caught_up = line.is_some_and(|line| self.has_caught_up(line));
        let nothing_waits = self.outbox.is_empty() && self.under_way.is_empty() && self.later.is_empty();
        self.status.idle.store(caught_up && nothing_waits, Ordering::Relaxed);
        let places = self.views.iter().map(|(room, view)| (room.clone(), view.applied)).collect();
        *self.status.places.lock().unwrap_or_else(PoisonError::into_inner) = places;
    }

    fn applied(&self, room: &str) -> i64 {
        self.views.get(room).map_or(0, |view| view.applied)
    }

    /// While the connection lives.
    async fn live(&mut self, line: &mut Line, inbox: &mut mpsc::UnboundedReceiver<(String, Answer)>, phase: &mut watch::Receiver<Phase>) {
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
                _ = acts.tick(), if now == Phase::Talking && self.profile.pace.is_some() => {
                    // It may have been told otherwise while it waited.
                    if *phase.borrow() == Phase::Talking {
                        self.think();
                    }
                    Ok(())
                },
                _ = looks.tick() => self.look(line),
                _ = phase.changed() => Ok(()),
            };
            if end.is_err() {
                return;
            }
        }
    }
}

/// A line for whoever watches.
pub fn tracing_line(text: &str) {
    eprintln!("    {text}");
}

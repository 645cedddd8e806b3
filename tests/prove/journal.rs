//! What was said, what was acknowledged and when: the evidence that the checker weighs.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rialto::clock::{Clock, Millis};
use serde_json::Value;

/// A message that a device wants to send.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The author's member id.
    pub author: String,
    /// The room's id.
    pub room: String,
    /// The words as they were first sent.
    pub body: String,
    /// When it first left the device.
    pub issued: Duration,
    /// The answer.
    pub acked: Option<Acked>,
}

/// An answer to a send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acked {
    /// The message's id.
    pub id: String,
    /// Its place.
    pub seq: i64,
    /// When the answer came.
    pub at: Duration,
}

/// What a device applied at a place of a room's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The event's kind.
    pub kind: String,
    /// Whom or what it is about; empty where the event names nothing.
    pub id: String,
    /// The author's key, of a message.
    pub key: String,
    /// The device that applied it first.
    pub by: String,
}

/// Something that must not happen, by the letter of the rule that it breaks.
pub type Violation = (char, String);

#[derive(Default)]
struct State {
    sends: HashMap<String, Sent>,
    /// What a message's words must be in the end, by its id.
    edits: HashMap<String, String>,
    /// Whether a reaction must be there in the end, by message, emoji and member.
    reactions: BTreeMap<(String, String, String), bool>,
    /// All that any device ever applied, by room and place: what it shows is forgotten when it loads a room again, this is not.
    heard: BTreeMap<(String, i64), Vec<Heard>>,
    violations: Vec<Violation>,
    acks: Vec<Duration>,
    latencies: Vec<(Duration, Duration)>,
    refusals: HashMap<String, u64>,
    counts: BTreeMap<&'static str, u64>,
    ahead: Option<Millis>,
    /// What was asked before this need not be answered.
    excused: Option<Instant>,
}

/// The journal of one run; devices write into it.
pub struct Journal {
    begun: Instant,
    clock: Clock,
    state: Mutex<State>,
}

/// More examples of one fault help nobody.
const MOST_VIOLATIONS: usize = 500;

impl Journal {
    /// An empty one.
    pub fn new() -> Self {
        Self { begun: Instant::now(), clock: Clock::system(), state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Time since the run began; it never goes back.
    pub fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    /// A send leaves a device, for the first time or again.
    pub fn issued(&self, key: &str, author: &str, room: &str, body: &str) {
        let now = self.now();
        let mut state = self.state();
        state.sends.entry(key.to_owned()).or_insert_with(|| Sent {
            author: author.to_owned(),
            room: room.to_owned(),
            body: body.to_owned(),
            issued: now,
            acked: None,
        });
    }

    /// A send was acknowledged. A second answer must be the first one again.
    pub fn acked(&self, key: &str, answer: &Value) {
        let (id, seq) = (answer["id"].as_str().unwrap_or_default(), answer["seq"].as_i64().unwrap_or(0));
        let (at, ahead) = (self.now(), answer["at"].as_i64().map(|theirs| theirs - self.clock.now()));
        let mut state = self.state();
        state.acks.push(at);
        state.ahead = ahead.or(state.ahead);
        let Some(sent) = state.sends.get_mut(key) else { return };
        let issued = sent.issued;
        match &sent.acked {
            Some(first) if first.id == id && first.seq == seq => {}
            Some(first) => {
                let sentence = format!("{key} was answered with {}/{} and then with {id}/{seq}", first.id, first.seq);
                push(&mut state, 'b', sentence);
            }
            None => {
                sent.acked = Some(Acked { id: id.to_owned(), seq, at });
                state.latencies.push((at, at - issued));
            }
        }
    }

    /// By how many milliseconds the time of the last acknowledged message is ahead of the true time.
    pub fn ahead(&self) -> Option<Millis> {
        self.state().ahead
    }

    /// An edit was acknowledged: these are the words from now on.
    pub fn edited(&self, id: &str, body: &str) {
        let at = self.now();
        let mut state = self.state();
        state.acks.push(at);
        state.edits.insert(id.to_owned(), body.to_owned());
    }

    /// A reaction was put or taken away, acknowledged.
    pub fn reacted(&self, id: &str, emoji: &str, member: &str, add: bool) {
        let at = self.now();
        let mut state = self.state();
        state.acks.push(at);
        state.reactions.insert((id.to_owned(), emoji.to_owned(), member.to_owned()), add);
    }

    /// A device applied an event, or took a message of a page in.
    pub fn heard(&self, by: &str, room: &str, seq: i64, kind: &str, event: &Value) {
        let text = |name: &str| event[name].as_str().unwrap_or_default();
        let (id, key) = (text("id"), text("client_key"));
        let mut state = self.state();
        let there = state.heard.entry((room.to_owned(), seq)).or_default();
        if !there.iter().any(|one| one.kind == kind && one.id == id && one.key == key) {
            there.push(Heard { kind: kind.to_owned(), id: id.to_owned(), key: key.to_owned(), by: by.to_owned() });
        }
    }

    /// Something was refused with this code.
    pub fn refused(&self, code: &str) {
        *self.state().refusals.entry(code.to_owned()).or_default() += 1;
    }

    /// Counts something worth telling.
    pub fn count(&self, what: &'static str) {
        *self.state().counts.entry(what).or_default() += 1;
    }

    /// The proof has held up the program until now: what was asked of it before need not be answered.
    pub fn excuse(&self) {
        self.state().excused = Some(Instant::now());
    }

    /// Was this asked of a program that the proof held up?
    pub fn is_excused(&self, asked: Instant) -> bool {
        self.state().excused.is_some_and(|until| asked < until)
    }

    /// Notes a fault.
    pub fn violation(&self, rule: char, sentence: impl Into<String>) {
        push(&mut self.state(), rule, sentence.into());
    }

    /// When the first ack after `moment` came, as time from it.
    pub fn first_ack_after(&self, moment: Duration) -> Option<Duration> {
        self.state().acks.iter().find(|at| **at > moment).map(|at| *at - moment)
    }

    /// Acks so far.
    pub fn acks(&self) -> usize {
        self.state().acks.len()
    }

    /// Milliseconds from first issue to ack, of sends acknowledged between the two moments.
    pub fn latencies_ms(&self, from: Duration, to: Duration) -> Vec<f64> {
        let state = self.state();
        let within = state.latencies.iter().filter(|(at, _)| *at >= from && *at < to);
        within.map(|(_, took)| took.as_secs_f64() * 1_000.0).collect()
    }

    /// Refusals by code.
    pub fn refusals(&self) -> HashMap<String, u64> {
        self.state().refusals.clone()
    }

    /// How often each thing was counted.
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.state().counts.clone()
    }

    /// Every send by its key.
    pub fn sends(&self) -> HashMap<String, Sent> {
        self.state().sends.clone()
    }

    /// The words of edited messages in the end, by id.
    pub fn edits(&self) -> HashMap<String, String> {
        self.state().edits.clone()
    }

    /// Whether each reaction must be there in the end.
    pub fn reactions(&self) -> BTreeMap<(String, String, String), bool> {
        self.state().reactions.clone()
    }

    /// All that was ever applied, by room and place.
    pub fn all_heard(&self) -> BTreeMap<(String, i64), Vec<Heard>> {
        self.state().heard.clone()
    }

    /// The faults so far.
    pub fn violations(&self) -> Vec<Violation> {
        self.state().violations.clone()
    }
}

fn push(state: &mut State, rule: char, sentence: String) {
    if state.violations.len() < MOST_VIOLATIONS {
        state.violations.push((rule, sentence));
    }
}

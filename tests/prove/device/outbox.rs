//! What a device wants done: an outbox that never gives up, and what came of each act.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::SinkExt;
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use super::connection::Line;
use super::{Answer, Device};

/// One thing it wants done.
#[derive(Clone, Debug)]
pub(super) enum Act {
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
const EMOJI: &[&str] = &["👍", "🎉", "🚤"];

impl Device {
    /// Refused acts whose time has come are tried again; an answer that is far too late is a fault.
    pub(super) fn look(&mut self, line: &Line) -> Result<(), ()> {
        let now = Instant::now();
        let (due, later): (Vec<_>, Vec<_>) = std::mem::take(&mut self.later).into_iter().partition(|(at, _)| *at <= now);
        self.later = later;
        self.outbox.extend(due.into_iter().map(|(_, act)| act));
        let said = self.under_way.iter().map(|(reference, (_, since))| (reference.as_str(), *since));
        let asked = line.heads.is_none().then_some(("sync", line.asked_at));
        let late = said.chain(asked).find(|(_, since)| now.duration_since(*since) > ANSWER);
        let Some((reference, since)) = late else { return Ok(()) };
        self.unanswered(reference, since);
        Err(())
    }

    /// Who is there and does not answer is at fault, unless the proof itself held up what was asked of it at `since`.
    pub(super) fn unanswered(&self, what: &str, since: Instant) {
        if !self.journal.is_excused(since.into_std()) {
            let sentence = format!("{}: no answer to {what} in {:?}", self.name(), since.elapsed());
            self.journal.violation('w', sentence);
        }
    }

    /// Thinks of something to do.
    pub(super) fn think(&mut self) {
        if self.outbox.len() + self.under_way.len() + self.later.len() >= OUTBOX {
            return;
        }
        // At once: until the next report somebody may look.
        self.status.idle.store(false, Ordering::Relaxed);
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
    pub(super) async fn pump(&mut self, line: &mut Line) -> Result<(), ()> {
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
                let answer = request.send().await?;
                let status = answer.status().as_u16();
                let body: Value = answer.json().await?;
                if status >= 500 && status != 503 {
                    journal.violation('x', format!("a send was answered with {status}: {body}"));
                }
                Ok(json!({ "status": status, "body": body }))
            };
            let _ = answers.send((reference, answer.await));
        });
    }

    /// The answer to a send over HTTP.
    pub(super) fn answered(&mut self, key: &str, answer: Answer) {
        let Some((act, since)) = self.under_way.remove(key) else { return };
        match answer {
            Ok(answer) if answer["status"] == 201 || answer["status"] == 200 => {
                self.done(&act, &answer["body"]);
            }
            Ok(answer) => {
                let code = answer["body"]["code"].as_str().unwrap_or("no code").to_owned();
                self.refused(act, &code, answer["body"]["retry_after_ms"].as_u64());
            }
            Err(error) => {
                if error.is_timeout() {
                    self.unanswered(key, since);
                }
                self.outbox.push_front(act);
            }
        }
    }

    pub(super) fn done(&mut self, act: &Act, answer: &Value) {
        match act {
            Act::Send { key, room, .. } => {
                self.journal.acked(key, answer);
                self.own.push((room.clone(), answer["id"].as_str().unwrap_or_default().to_owned()));
                if self.own.len() > 50 {
                    self.own.remove(0);
                }
            }
            Act::Edit { id, body, .. } => self.journal.edited(id, body),
            Act::React { id, emoji, add, .. } => self.journal.reacted(id, emoji, &self.profile.member, *add),
        }
    }

    /// What may pass is tried again; the rest is a fault.
    pub(super) fn refused(&mut self, act: Act, code: &str, retry_after_ms: Option<u64>) {
        self.journal.refused(code);
        let Some(wait) = retry_after_ms else {
            self.journal.violation('r', format!("{}: refused for good with {code}: {act:?}", self.name()));
            return;
        };
        let jitter = self.chance.below(200);
        self.later.push((Instant::now() + Duration::from_millis(wait.min(5_000) + jitter), act));
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

//! What a device hears: events for its view, answers for its outbox, heartbeats to compare.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use serde_json::Value;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::Device;
use super::connection::Line;
use crate::view::Applied;

impl Device {
    pub(super) async fn hear(&mut self, line: &mut Line, frame: Option<Result<Message, Error>>) -> Result<(), ()> {
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
            "heartbeat" => self.heartbeat(line, &frame).await?,
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
            line.me = line.me.max(frame["seq"].as_i64().unwrap_or(0));
            return Ok(());
        }
        let applied = self.views.entry(room.to_owned()).or_default().apply(frame);
        match applied {
            Applied::Yes => self.note(frame),
            Applied::Again => self.journal.count("events heard again"),
            Applied::Gap if line.heads.is_none() => self.journal.count("events before the answer to sync"),
            Applied::Gap => {
                let sentence = format!("{}: room {room} goes on with {} after {}", self.name(), frame["seq"], self.applied(room));
                self.journal.violation('d', sentence);
                self.sync(line).await.map_err(|_| ())?;
            }
            Applied::Wrong(sentence) => {
                self.note(frame);
                self.journal.violation('d', format!("{}: {sentence}", self.name()));
            }
        }
        Ok(())
    }

    fn note(&self, frame: &Value) {
        let (room, event) = (frame["room"].as_str().unwrap_or_default(), &frame["event"]);
        let kind = event["kind"].as_str().unwrap_or_default();
        self.journal.heard(self.name(), room, frame["seq"].as_i64().unwrap_or(0), kind, event);
    }

    fn answer(&mut self, line: &mut Line, frame: &Value) {
        let reference = frame["ref"].as_str().unwrap_or_default();
        if reference == "sync" {
            if let Some(heads) = frame["heads"].as_object() {
                let own = heads.iter().filter(|(room, _)| *room != "me");
                let heads: HashMap<String, i64> = own.filter_map(|(room, head)| Some((room.clone(), head.as_i64()?))).collect();
                for (room, asked) in &line.asked {
                    if let Some(head) = heads.get(room).filter(|head| *head < asked) {
                        let sentence = format!("{}: applied {asked} of room {room}, whose head is {head}", self.name());
                        self.journal.violation('e', sentence);
                    }
                }
                line.heads = Some(heads);
            }
            return;
        }
        let is_ack = frame["type"] == "ack";
        if let Some(key) = reference.strip_suffix('+') {
            if is_ack {
                self.journal.acked(key, frame);
            }
            return;
        }
        let Some((act, _)) = self.under_way.remove(reference) else { return };
        if is_ack {
            self.done(&act, frame);
        } else {
            self.refused(act, frame["code"].as_str().unwrap_or("no code"), frame["retry_after_ms"].as_u64());
        }
    }

    /// Compares how many events came with how many were queued, and what was applied with where the server says that the logs stand.
    /// A digest may differ once, while a log is being replayed or a page was loaded before its events came; not again after a `sync`.
    async fn heartbeat(&mut self, line: &mut Line, frame: &Value) -> Result<(), ()> {
        let n = frame["n"].as_u64();
        if n != Some(line.events) {
            self.journal.violation('n', format!("{}: heartbeat says {} events, {} came", self.name(), frame["n"], line.events));
        }
        if !self.has_caught_up(line) {
            return Ok(());
        }
        let own = self.digest(line.me);
        self.journal.count("heartbeats compared");
        if frame["heads_digest"] == own {
            line.differed = false;
            if n == Some(line.events) {
                self.status.confirmed.fetch_add(1, Ordering::Relaxed);
            }
            return Ok(());
        }
        self.journal.count("digests that differed");
        if line.differed {
            let sentence = format!("{}: heartbeats say {} again after a sync, and {own} was applied", self.name(), frame["heads_digest"]);
            self.journal.violation('n', sentence);
        }
        line.differed = true;
        self.sync(line).await.map_err(|_| ())
    }

    /// The digest of what was applied: FNV-1a, 32 bits, over `id:seq;` of each room in ascending id, then `me:seq;`.
    fn digest(&self, me: i64) -> String {
        let mut rooms: Vec<(i64, &String)> = self.profile.rooms.iter().filter_map(|room| Some((room.parse().ok()?, room))).collect();
        rooms.sort_unstable();
        let lines = rooms.into_iter().map(|(_, room)| format!("{room}:{};", self.applied(room)));
        let text: String = lines.chain([format!("me:{me};")]).collect();
        let hash = text.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        format!("{hash:08x}")
    }
}

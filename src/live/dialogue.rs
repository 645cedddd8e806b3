//! What is said over one connection: the greeting, commands and their answers, catching up.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::sync::Semaphore;

use super::frames::{self, CloseCode};
use super::hub::LocalHub;
use super::log::Seq;
use super::queue::Class;
use super::shard::{Connection, Replay, WATCHED_MEMBERS};
use super::socket::{FRAME_BYTES, log_of};
use super::source::{Ack, CatchUp};
use crate::error::{Error, Result};
use crate::ids::{MemberId, RoomId};

/// Frames that nobody understands, within a minute, before the connection is closed.
const BAD_FRAMES: usize = 10;
const BAD_FRAMES_WITHIN: Duration = Duration::from_secs(60);
/// Commands of one connection that may be under way at once; more wait in the socket.
const COMMANDS_UNDER_WAY: usize = 64;
/// Most logs in one `sync`.
const SYNC_LOGS: usize = 1_000;
/// Most characters of a `ref`.
const REF_CHARACTERS: usize = 64;

#[derive(Deserialize)]
struct Head<'a> {
    r#type: &'a str,
    #[serde(borrow, default)]
    r#ref: Option<std::borrow::Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Sync {
    rooms: BTreeMap<String, Seq>,
}

#[derive(Deserialize)]
struct Watch {
    members: Vec<MemberId>,
    #[serde(default)]
    open: Option<RoomId>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct Hello<'a> {
    #[cfg_attr(test, ts(type = "\"hello\""))]
    r#type: &'static str,
    v: u8,
    epoch: &'a str,
    connection: String,
    #[cfg_attr(test, ts(type = "Member"))]
    me: &'a serde_json::Value,
    heads: BTreeMap<String, Seq>,
    signals: u64,
    #[cfg_attr(test, ts(type = "Array<MyCall>"))]
    calls: &'a serde_json::Value,
    heartbeat_ms: u64,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct AckFrame<'a> {
    #[cfg_attr(test, ts(type = "\"ack\""))]
    r#type: &'static str,
    r#ref: &'a str,
    #[serde(flatten)]
    ack: Ack,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    heads: Option<BTreeMap<String, Seq>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct RefusedFrame<'a> {
    #[cfg_attr(test, ts(type = "\"refused\""))]
    r#type: &'static str,
    r#ref: Option<&'a str>,
    code: &'a str,
    message: String,
    retry_after_ms: Option<u64>,
}

/// What to do with a log that cannot be replayed.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct Notice<'a> {
    #[cfg_attr(test, ts(type = "\"reset\" | \"gone\""))]
    r#type: &'static str,
    room: &'a str,
}

/// Tells a client that it must load a room anew (`reset`), or that it is not its own (`gone`).
pub(super) fn push_notice(connection: &Rc<Connection>, kind: &'static str, room: &str) {
    connection.push(&frames::json(&Notice { r#type: kind, room }), Class::Answer);
}

/// One connection's conversation.
pub(super) struct Dialogue {
    connection: Rc<Connection>,
    local: LocalHub,
    bad: VecDeque<Instant>,
    under_way: Arc<Semaphore>,
}

impl Dialogue {
    pub(super) fn new(connection: Rc<Connection>, local: LocalHub) -> Self {
        Self { connection, local, bad: VecDeque::new(), under_way: Arc::new(Semaphore::new(COMMANDS_UNDER_WAY)) }
    }

    /// Reads where the member stands, seats the connection and says hello. The connection is in the shard already, so what is committed
    /// after the reading is not missed.
    pub(super) async fn greet(&self) -> Result<()> {
        let standing = self.local.source.standing(self.connection.caller).await?;
        let heads = standing.rooms.iter().map(|(room, seq)| (room.to_string(), *seq));
        let hello = Hello {
            r#type: "hello",
            v: 1,
            epoch: &standing.epoch,
            connection: connection_name(self.connection.caller.connection),
            me: &standing.me,
            heads: heads.chain([("me".to_owned(), standing.me_head)]).collect(),
            // Those that went to this connection before are counted in it, and those to come follow it.
            signals: self.local.shard.borrow().signals(),
            calls: &standing.calls,
            heartbeat_ms: self.local.heartbeat_ms,
        };
        self.connection.push(&frames::json(&hello), Class::Answer);
        self.local.shard.borrow_mut().seat(&self.connection, &standing, Instant::now());
        Ok(())
    }

    /// One text frame.
    pub(super) async fn hear(&mut self, text: &str) {
        let Ok(head) = serde_json::from_str::<Head<'_>>(text) else {
            if text.len() > FRAME_BYTES {
                return self.end(CloseCode::TooLarge);
            }
            return self.malformed(reference(text).as_deref());
        };
        if text.len() > FRAME_BYTES && !self.local.commands.may_be_long(head.r#type) {
            return self.end(CloseCode::TooLarge);
        }
        if let Err(error) = self.local.commands.admit(self.connection.caller) {
            return push_refused(&self.connection, &self.local, head.r#ref.as_deref(), &error);
        }
        if head.r#ref.as_ref().is_some_and(|name| name.is_empty() || name.chars().count() > REF_CHARACTERS) {
            return push_refused(&self.connection, &self.local, None, &Error::invalid("ref", "live.fields"));
        }
        let known_ref = head.r#ref.filter(|name| !name.is_empty() && name.chars().count() <= REF_CHARACTERS);
        match head.r#type {
            "ping" => self.ack(known_ref.as_deref(), Ack::default(), None),
            "sync" => match serde_json::from_str::<Sync>(text) {
                Ok(sync) => self.sync(known_ref.as_deref(), &sync).await,
                Err(_) => self.malformed(known_ref.as_deref()),
            },
            "presence.watch" => match serde_json::from_str::<Watch>(text) {
                Ok(watch) if watch.members.len() > WATCHED_MEMBERS => {
                    let error = Error::invalid("members", "live.too_many_members");
                    push_refused(&self.connection, &self.local, known_ref.as_deref(), &error);
                }
                Ok(watch) => self.watch(watch),
                Err(_) => self.malformed(known_ref.as_deref()),
            },
            name => self.command(name, known_ref.map(std::borrow::Cow::into_owned), text).await,
        }
    }

    async fn command(&mut self, name: &str, reference: Option<String>, text: &str) {
        let Ok(permit) = Arc::clone(&self.under_way).acquire_owned().await else { return };
        let Some(answer) = self.local.commands.run(self.connection.caller, name, text) else {
            return self.bad_frame(reference.as_deref(), "live.unknown");
        };
        let (connection, local) = (Rc::clone(&self.connection), self.local.clone());
        actix_web::rt::spawn(async move {
            let answer = answer.await;
            drop(permit);
            match answer {
                Ok(Some(ack)) => push_ack(&connection, reference.as_deref(), ack, None),
                Ok(None) => {}
                Err(error) => push_refused(&connection, &local, reference.as_deref(), &error),
            }
        });
    }

    async fn sync(&self, reference: Option<&str>, sync: &Sync) {
        let caller = self.connection.caller;
        if sync.rooms.len() > SYNC_LOGS {
            return push_refused(&self.connection, &self.local, reference, &Error::invalid("rooms", "live.too_many_rooms"));
        }
        let (mut cursors, mut unknown) = (Vec::new(), Vec::new());
        for (name, seq) in &sync.rooms {
            match log_of(name, caller) {
                Some(log) => cursors.push((log, *seq)),
                None => unknown.push(name.clone()),
            }
        }
        let answers = match self.local.source.catch_up(caller, cursors).await {
            Ok(answers) => answers,
            Err(error) => return push_refused(&self.connection, &self.local, reference, &error),
        };
        let heads = answers.iter().filter_map(|(log, answer)| match answer {
            CatchUp::Replay { head, .. } | CatchUp::Reset { head } => Some((log.name(), *head)),
            CatchUp::Gone => None,
        });
        push_ack(&self.connection, reference, Ack::default(), Some(heads.collect()));
        for (log, answer) in answers {
            match answer {
                CatchUp::Replay { after, head } if after == head => {
                    self.local.shard.borrow_mut().caught_up(&self.connection, Replay { log, after });
                }
                CatchUp::Replay { after, .. } => self.local.shard.borrow_mut().replay(&self.connection, Replay { log, after }),
                CatchUp::Reset { .. } => {
                    self.local.shard.borrow_mut().end_replay(&self.connection, log);
                    push_notice(&self.connection, "reset", &log.name());
                }
                CatchUp::Gone => {
                    self.local.shard.borrow_mut().end_replay(&self.connection, log);
                    push_notice(&self.connection, "gone", &log.name());
                }
            }
        }
        for name in unknown {
            push_notice(&self.connection, "gone", &name);
        }
    }

    fn watch(&self, mut watch: Watch) {
        watch.members.sort_unstable();
        watch.members.dedup();
        // Where presence is not shown, nobody is watched.
        if !self.local.commands.shows_presence() {
            watch.members.clear();
        }
        let states = self.local.hub.online(&watch.members);
        self.local.shard.borrow_mut().watch(&self.connection, &states, watch.open);
    }

    fn ack(&self, reference: Option<&str>, ack: Ack, heads: Option<BTreeMap<String, Seq>>) {
        push_ack(&self.connection, reference, ack, heads);
    }

    /// A frame that is no command at all.
    pub(super) fn malformed(&mut self, reference: Option<&str>) {
        self.bad_frame(reference, "live.malformed");
    }

    fn bad_frame(&mut self, reference: Option<&str>, code: &'static str) {
        push_refused(&self.connection, &self.local, reference, &Error::invalid("", code));
        let now = Instant::now();
        self.bad.push_back(now);
        while self.bad.front().is_some_and(|at| now.duration_since(*at) > BAD_FRAMES_WITHIN) {
            self.bad.pop_front();
        }
        if self.bad.len() >= BAD_FRAMES {
            self.end(CloseCode::BadFrames);
        }
    }

    /// Closes from our side, or answers the client's close.
    pub(super) fn end(&self, code: CloseCode) {
        self.connection.close(code, false);
    }
}

/// A connection's number as it stands on the wire.
#[must_use]
pub fn connection_name(number: u64) -> String {
    format!("{number:x}")
}

/// The `ref` of a frame that is JSON but no command.
fn reference(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Only<'a> {
        #[serde(borrow)]
        r#ref: &'a RawValue,
    }
    serde_json::from_str::<Only<'_>>(text).ok().and_then(|only| serde_json::from_str(only.r#ref.get()).ok())
}

fn push_ack(connection: &Rc<Connection>, reference: Option<&str>, ack: Ack, heads: Option<BTreeMap<String, Seq>>) {
    if let Some(reference) = reference {
        connection.push(&frames::json(&AckFrame { r#type: "ack", r#ref: reference, ack, heads }), Class::Answer);
    }
}

fn push_refused(connection: &Rc<Connection>, local: &LocalHub, reference: Option<&str>, error: &Error) {
    if let Error::Broken(_) = error {
        tracing::error!(%error, "a command broke");
    }
    let code = error.code();
    let message = error.said().map_or_else(|| local.commands.sentence(connection.caller.language, code), str::to_owned);
    let frame = RefusedFrame { r#type: "refused", r#ref: reference, code, message, retry_after_ms: error.retry_after_ms() };
    connection.push(&frames::json(&frame), Class::Answer);
}

//! A simulated client and its connection: what was written and not read yet, and the rules of the protocol for applying it.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::server::{PAGE, ROOMS, Reading, Server};
use super::{Chance, Fault};
use crate::ids::MemberId;
use crate::live::frames::{self, CloseCode};
use crate::live::log::{LogId, Seq};
use crate::live::shard::{Connection, Replay};

/// What is heard of a frame.
#[derive(Deserialize)]
struct Heard<'a> {
    r#type: &'a str,
    room: Option<&'a str>,
    seq: Option<Seq>,
    n: Option<u64>,
    heads_digest: Option<&'a str>,
    #[serde(borrow)]
    event: Option<&'a RawValue>,
}

struct Line {
    connection: Rc<Connection>,
    descriptor: i32,
    page: Option<(Replay, Reading)>,
    /// With the dispatcher, not written.
    held: Option<Bytes>,
    /// Written, not read; `None` is the end.
    wire: VecDeque<Option<Bytes>>,
    /// The beginning of a frame whose rest was not read.
    begun: Vec<u8>,
    is_ending: bool,
    /// Event frames that came.
    events: u64,
    /// A `sync` is not answered yet.
    is_asking: bool,
    /// The answer to `sync` came: from here on there may be no gap.
    is_synced: bool,
}

impl Line {
    /// Writes what the kernel takes of the queue; `false` when there was nothing to write or it took nothing.
    fn write_past(&mut self, server: &Server, chance: &mut Chance) -> bool {
        let takes = if chance.percent(70) { usize::MAX } else { chance.below(300) };
        let taken = RefCell::new(Vec::new());
        let mut queue = self.connection.queue.borrow_mut();
        let is_all = queue.write_with(|bytes| {
            let mut taken = taken.borrow_mut();
            let count = bytes.len().min(takes - taken.len());
            taken.extend_from_slice(&bytes[..count]);
            count
        });
        if !is_all && server.fault == Fault::LostRest && !server.is_calm {
            drop(queue.take());
        }
        let taken = taken.into_inner();
        let is_some = !taken.is_empty();
        self.wire.extend(is_some.then(|| Some(Bytes::from(taken))));
        is_some
    }
}

pub(super) struct Client {
    member: MemberId,
    shard: usize,
    applied: BTreeMap<LogId, Seq>,
    line: Option<Line>,
}

impl Client {
    pub(super) fn new(number: usize) -> Self {
        let member = MemberId(100 + number as i64);
        let logs = ROOMS.map(LogId::Room).into_iter().chain([LogId::Member(member)]);
        Self { member, shard: number % 2, applied: logs.map(|log| (log, 0)).collect(), line: None }
    }

    pub(super) fn shows_all(&self, server: &Server) -> bool {
        self.behind(server).iter().all(|(_, applied, head)| applied == head)
    }

    /// Each log with what was applied and what there is.
    pub(super) fn behind(&self, server: &Server) -> Vec<(LogId, Seq, Seq)> {
        self.applied.iter().map(|(log, applied)| (*log, *applied, server.head(*log))).collect()
    }

    pub(super) fn has(&self, descriptor: i32) -> bool {
        self.line.as_ref().is_some_and(|line| line.descriptor == descriptor)
    }

    /// Is something there to be read or written?
    pub(super) fn hears(&self) -> bool {
        self.line.as_ref().is_none_or(|line| !line.wire.is_empty() || line.held.is_some() || line.page.is_some())
    }

    pub(super) fn connect(&mut self, server: &mut Server) {
        if self.line.is_none() {
            let (connection, descriptor) = server.connect(self.member, self.shard);
            self.line = Some(Line {
                connection,
                descriptor,
                page: None,
                held: None,
                wire: VecDeque::new(),
                begun: Vec::new(),
                is_ending: false,
                events: 0,
                is_asking: false,
                is_synced: false,
            });
        }
    }

    /// The connection is lost, and the server notices.
    pub(super) fn cut(&mut self, server: &mut Server) {
        if let Some(line) = self.line.take() {
            server.shards[self.shard].disconnect(&line.connection);
        }
    }

    /// The connection is lost with the server.
    pub(super) fn lose(&mut self) {
        self.line = None;
    }

    /// The server writes what it has for this client: its queue, past the dispatcher or through it; when that is empty, a page of a replay.
    pub(super) fn written(&mut self, server: &mut Server, chance: &mut Chance) {
        let Some(line) = &mut self.line else { return };
        if let Some(held) = line.held.take() {
            if server.fault == Fault::Overtaken && !server.is_calm && chance.percent(20) {
                line.write_past(server, chance);
            }
            line.wire.push_back(Some(held));
            return;
        }
        if chance.percent(50) && line.write_past(server, chance) {
            return;
        }
        let taken = line.connection.queue.borrow_mut().take();
        if let Some(bytes) = taken {
            let is_lost = server.fault == Fault::LostFrame && !server.is_calm && chance.percent(5);
            if !is_lost {
                line.held = Some(bytes);
            }
            return;
        }
        if line.connection.queue.borrow().is_closing() {
            if !std::mem::replace(&mut line.is_ending, true) {
                line.wire.push_back(None);
            }
            return;
        }
        let Some((replay, reading)) = line.page.take() else {
            let replay = line.connection.replays.borrow().front().copied();
            line.page = replay.map(|replay| (replay, server.read(replay)));
            return;
        };
        let page = reading.borrow_mut().take();
        match page {
            None => line.page = Some((replay, reading)),
            Some(None) => line.connection.close(CloseCode::GoingAway, true),
            // Meanwhile the client may have asked for something else.
            Some(Some(_)) if line.connection.replays.borrow().front() != Some(&replay) => {}
            Some(Some(events)) => {
                let after = events.last().map_or(replay.after, |event| event.seq);
                line.connection.queue.borrow_mut().count_replayed(events.len() as u64);
                server.shards[self.shard].replayed(&line.connection, replay.log, after, events.len() < PAGE);
                line.wire.extend(events.iter().map(|event| Some(frames::event(event))));
            }
        }
    }

    /// Reads what was written next.
    pub(super) fn read(&mut self, server: &mut Server) -> Result<(), String> {
        let Some(next) = self.line.as_mut().and_then(|line| line.wire.pop_front()) else { return Ok(()) };
        let Some(bytes) = next else {
            self.cut(server);
            return Ok(());
        };
        let mut all = self.line.as_mut().map_or_else(Vec::new, |line| std::mem::take(&mut line.begun));
        all.extend_from_slice(&bytes);
        let mut rest = &all[..];
        while let Some((opcode, payload, after)) = split(rest) {
            rest = after;
            match opcode {
                1 => self.hear(payload, server)?,
                9 => self.line.iter().for_each(|line| line.connection.heard(server.now)),
                _ => {}
            }
        }
        if let Some(line) = &mut self.line {
            line.begun.extend_from_slice(rest);
        }
        Ok(())
    }

    fn hear(&mut self, payload: &[u8], server: &mut Server) -> Result<(), String> {
        let frame: Heard<'_> = serde_json::from_slice(payload).map_err(|error| format!("a frame that is no JSON: {error}"))?;
        let Some(line) = &mut self.line else { return Ok(()) };
        match frame.r#type {
            "hello" => self.sync(server),
            "ack" => (line.is_synced, line.is_asking) = (true, false),
            "reset" => {
                let log = self.log(frame.room)?;
                self.applied.insert(log, server.head(log));
            }
            "event" => {
                line.events += 1;
                self.apply(&frame, server)?;
            }
            "heartbeat" if frame.n != Some(line.events) => {
                return Err(format!("a heartbeat says {:?} events, and {} came", frame.n, line.events));
            }
            "heartbeat" if frame.heads_digest != Some(&self.digest()) => self.sync(server),
            _ => {}
        }
        Ok(())
    }

    fn log(&self, name_of_log: Option<&str>) -> Result<LogId, String> {
        let found = self.applied.keys().find(|log| Some(log.name().as_str()) == name_of_log);
        found.copied().ok_or_else(|| format!("a log that nobody follows: {name_of_log:?}"))
    }

    fn sync(&mut self, server: &mut Server) {
        // A dialogue answers one after the other; a second question while one is open would say the same.
        if let Some(line) = self.line.as_mut().filter(|line| !line.is_asking) {
            (line.is_asking, line.is_synced) = (true, false);
            server.sync(&line.connection, self.shard, self.applied.clone());
        }
    }

    fn apply(&mut self, frame: &Heard<'_>, server: &mut Server) -> Result<(), String> {
        let (log, seq) = (self.log(frame.room)?, frame.seq.unwrap_or(0));
        let stored = server.event(log, seq);
        if stored.is_none() || stored != frame.event.map(RawValue::get) {
            return Err(format!("{log:?} shows another event at {seq} than is stored"));
        }
        let applied = self.applied.entry(log).or_insert(0);
        if seq == *applied + 1 {
            *applied = seq;
        } else if seq > *applied && self.line.as_ref().is_some_and(|line| line.is_synced) {
            return Err(format!("{log:?} goes on with {seq} after {applied} on a connection that was synced"));
        }
        Ok(())
    }

    fn digest(&self) -> String {
        let me = self.applied.get(&LogId::Member(self.member)).copied().unwrap_or(0);
        frames::heads_digest(ROOMS.iter().map(|room| (room.0, self.applied.get(&LogId::Room(*room)).copied().unwrap_or(0))), me)
    }
}

/// The opcode and payload of the first frame, and what follows it.
fn split(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (head, length) = match bytes.get(1)? {
        126 => (4, usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?))),
        127 => (10, usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).ok()?),
        n => (2, usize::from(*n)),
    };
    Some((bytes[0] & 0x0f, bytes.get(head..head + length)?, &bytes[head + length..]))
}

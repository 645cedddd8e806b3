//! Time in a worker: heartbeats, connections that fell silent, and those whose time is over.

use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde::Serialize;

use super::Shard;
use super::connection::Connection;
use super::signal::presence_frame;
use crate::live::frames::{self, CloseCode};
use crate::live::log::LogId;
use crate::live::queue::Class;
use crate::mutants::Mutant;

/// After the close frame of a slow consumer the socket itself is shut this much later, whether or not it was read.
pub const LINGER: Duration = Duration::from_secs(10);
/// A client that sends nothing, not even the answer to a ping, for this many heartbeats is gone.
const SILENT_BEATS: u32 = 3;
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::live) struct Heartbeat<'a> {
    #[cfg_attr(test, ts(type = "\"heartbeat\""))]
    r#type: &'static str,
    n: u64,
    heads_digest: &'a str,
    signals: u64,
}

impl Shard {
    /// Time has passed: presence, heartbeats, and connections whose time is over. Returns the sockets to shut.
    pub fn tick(&mut self, now: Instant) -> Vec<i32> {
        for (member, online) in std::mem::take(&mut self.presence) {
            let members = HashMap::from([(member.to_string(), online)]);
            let frame = presence_frame(members);
            for connection in self.watchers.get(&member).map_or(&[][..], Vec::as_slice) {
                connection.push(&frame, Class::Signal);
            }
        }
        while self.beats.front().is_some_and(|(due, _)| *due <= now) {
            let Some((_, connection)) = self.beats.pop_front() else { break };
            if self.beat(&connection, now) {
                self.beats.push_back((now + self.heartbeat, connection));
            }
        }
        for connection in self.unwritten.take_closing() {
            self.linger(connection, now);
        }
        let over = self.lingering.iter().filter(|connection| connection.shut_at.get().is_some_and(|at| at <= now));
        let over: Vec<i32> = over.filter_map(|connection| connection.descriptor).collect();
        self.lingering.retain(|connection| connection.shut_at.get().is_some_and(|at| at > now));
        over
    }

    /// Sends a heartbeat; `false` when the connection is over.
    fn beat(&mut self, connection: &Rc<Connection>, now: Instant) -> bool {
        if connection.gone.get() {
            return false;
        }
        if connection.queue.borrow().is_closing() {
            return false;
        }
        if now.duration_since(connection.heard_at.get()) > self.heartbeat * SILENT_BEATS {
            connection.close(CloseCode::GoingAway, true);
            return false;
        }
        let head = |log: LogId| self.seen.get(&log).copied().filter(|_| !Mutant::FrozenDigest.is_on()).unwrap_or(0);
        let (digest, n) = {
            let state = connection.state.borrow();
            let rooms = state.rooms.iter().map(|room| (room.0, head(LogId::Room(*room))));
            (frames::heads_digest(rooms, head(LogId::Member(connection.caller.member))), connection.queue.borrow().events())
        };
        let frame = frames::json(&Heartbeat { r#type: "heartbeat", n, heads_digest: &digest, signals: self.signals });
        connection.push(&frame, Class::Signal);
        connection.push(&frames::ping(), Class::Signal);
        true
    }

    /// The program stops: every connection is told and closed.
    pub fn go_away(&mut self, notice: &Bytes) {
        let all: Vec<_> = self.by_member.values().flatten().cloned().collect();
        for connection in all {
            connection.push(notice, Class::Answer);
            connection.close(CloseCode::GoingAway, false);
        }
    }

    /// A close frame is in: give it time, then shut the socket.
    fn linger(&mut self, connection: Rc<Connection>, now: Instant) {
        // Once the connection is gone its descriptor may be somebody else's.
        if connection.gone.get() {
            return;
        }
        if connection.shut_at.get().is_none() {
            connection.shut_at.set(Some(now + LINGER));
            self.lingering.push(connection);
        }
    }
}

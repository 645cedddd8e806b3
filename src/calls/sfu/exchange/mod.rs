//! What one media thread owns: its calls, who is in them, and who gets what.
//!
//! Inputs and datagrams come in with the time; outputs go to the sink, packets into the slab. Work for one participant runs
//! so that a panic in it ends that participant and nothing else.

mod arranging;
mod arrivals;
mod asking;
mod forwarding;
mod inputs;
mod measuring;
#[cfg(test)]
mod tests;
mod timing;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use rtc_crypto::RTCCryptoProvider;

use super::arena::{Arena, Key};
use super::call::Call;
use super::demux::Demux;
use super::door::{CallId, EndCause, Limits, Micros, Output, Sink, Totals, Who};
use super::dtls::Identity;
use super::lines::Lines;
use super::overload::{Overload, Without};
use super::participant::Participant;
use super::slab::Slab;
use super::socket::BATCH;
use super::wheel::Wheel;
use arrivals::Arrival;

/// What an exchange is made of.
pub struct Parts {
    /// The server's certificate.
    pub identity: Identity,
    /// Ciphers.
    pub provider: Arc<dyn RTCCryptoProvider>,
    /// Addresses that are offered.
    pub addresses: Vec<IpAddr>,
    /// Where the socket is bound.
    pub local: SocketAddr,
    /// Bounds.
    pub limits: Limits,
    /// The instant at time 0.
    pub origin: Instant,
    /// What waits to be sent.
    pub slab: Slab,
    /// Where outputs go.
    pub sink: Sink,
}

/// The calls of one media thread.
pub struct Exchange {
    identity: Identity,
    provider: Arc<dyn RTCCryptoProvider>,
    addresses: Vec<IpAddr>,
    local: SocketAddr,
    limits: Limits,
    origin: Instant,
    sink: Sink,
    slab: Slab,
    demux: Demux<Key>,
    wheel: Wheel<Timer>,
    due: Vec<Timer>,
    names: HashMap<CallId, Key>,
    calls: Arena<Call>,
    people: HashMap<Who, Key>,
    participants: Arena<Participant>,
    arrivals: Vec<Arrival>,
    /// Who is being worked for: a panic is its.
    acting: Option<Key>,
    tokens: u64,
    tally: Totals,
    overload: Overload,
    /// When connections over TCP were looked through last.
    looked_through: Micros,
}

/// What is done again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Timer {
    Participant(Key),
    Call(Key),
}

impl Exchange {
    /// An exchange with no call.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts { identity, provider, addresses, local, limits, origin, slab, sink } = parts;
        let now = origin.elapsed().as_micros() as Micros;
        Self {
            identity,
            provider,
            addresses,
            local,
            limits,
            origin,
            sink,
            slab,
            demux: Demux::new(),
            wheel: Wheel::new(now),
            due: Vec::new(),
            names: HashMap::new(),
            calls: Arena::new(),
            people: HashMap::new(),
            participants: Arena::new(),
            arrivals: Vec::with_capacity(BATCH),
            acting: None,
            tokens: 0,
            tally: Totals::default(),
            overload: Overload::default(),
            looked_through: now,
        }
    }

    /// Whether there is nothing to be done in time.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.calls.len() == 0
    }

    /// Gives back what the last calls took, once there is none.
    pub fn rest(&mut self) {
        self.participants.rest();
        self.calls.rest();
        self.people.shrink_to_fit();
        self.names.shrink_to_fit();
        self.demux.rest();
        self.wheel.rest();
        self.due.shrink_to_fit();
        self.arrivals.shrink_to(BATCH);
    }

    /// Those who come over TCP.
    pub const fn lines(&mut self) -> &mut Lines {
        &mut self.slab.lines
    }

    /// Sends what waits.
    pub fn flush(&mut self) {
        self.slab.flush();
    }

    /// Counts up to now.
    #[must_use]
    pub fn tally(&self) -> Totals {
        let (packets_out, bytes_out) = self.slab.committed();
        let (calls, participants) = (self.calls.len() as u64, self.participants.len() as u64);
        let (unsent, crowded_out) = (self.slab.unsent(), self.slab.lines.crowded_out());
        Totals { calls, participants, unsent, crowded_out, packets_out, bytes_out, ..self.tally }
    }

    /// The thread was at work for so much of its last second, thousandths: what it does without from now on.
    pub fn busy(&mut self, permille: u64, now: Micros) -> Without {
        if self.overload.told(permille, now) {
            let without = self.overload.without();
            tracing::warn!(permille, ?without, "what the media server does without for lack of time");
            let calls: Vec<_> = self.names.values().copied().collect();
            calls.into_iter().for_each(|call| self.work(None, now, |this| this.arrange(call, now)));
        }
        self.overload.without()
    }

    fn emit(&self, output: Output) {
        (self.sink)(output);
    }

    fn key_of(&self, who: Who) -> Option<Key> {
        self.people.get(&who).copied()
    }

    /// Does work for a participant. If that panics, the participant ends.
    fn work(&mut self, key: Option<Key>, now: Micros, work: impl FnOnce(&mut Self)) {
        self.acting = key;
        if catch_unwind(AssertUnwindSafe(|| work(self))).is_err() {
            self.tally.panics += 1;
            if let Some(guilty) = self.acting.take() {
                // What is left of it may be in any state: it is not asked to say good-bye.
                if let Some(connection) = self.participants.get_mut(guilty).and_then(|participant| participant.connection.as_mut()) {
                    connection.abandon();
                }
                let ended = catch_unwind(AssertUnwindSafe(|| self.end(guilty, EndCause::Panicked, now)));
                if ended.is_err() {
                    self.tally.panics += 1;
                }
            }
        }
        self.acting = None;
    }

    /// A participant is gone: its media is cut, its slots and those that showed it are free.
    fn end(&mut self, key: Key, cause: EndCause, now: Micros) {
        let Some(mut participant) = self.participants.remove(key) else { return };
        if let Some(mut connection) = participant.connection.take() {
            for fragment in connection.fragments() {
                self.demux.withdraw(fragment);
            }
            let paths = connection.paths().to_vec();
            for path in &paths {
                self.demux.unlearn(*path, key);
            }
            if let Some(to) = connection.to().copied() {
                let slab = &mut self.slab;
                connection.close(now, |datagram| slab.push(datagram, &to));
            }
            paths.iter().filter_map(|path| path.line).for_each(|line| self.slab.lines.close(line));
        }
        self.people.remove(&participant.who);
        if let Some(call) = self.calls.get_mut(participant.call) {
            call.members.retain(|member| *member != key);
            for at in &participant.publications {
                call.unpublish(*at);
            }
        }
        for at in &participant.publications {
            self.empty_slots(participant.call, *at);
        }
        self.emit(Output::Ended { who: participant.who, cause });
        self.arrange(participant.call, now);
    }

    /// Everyone leaves.
    pub fn close_all(&mut self, now: Micros) {
        let calls: Vec<_> = self.names.keys().copied().collect();
        for call in calls {
            self.close_call(call, now);
        }
        self.flush();
    }
}

//! One media thread: it waits, takes inputs and datagrams, turns its timers, and sends what came of them in one go.

use std::net::{IpAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use nix::sched::{CpuSet, sched_setaffinity};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;
use rtc_crypto::RTCCryptoProvider;

use super::door::{Input, Limits, Micros, Sink};
use super::dtls::Identity;
use super::exchange::Exchange;
use super::lines::Lines;
use super::overload::Without;
use super::slab::Slab;
use super::socket::{BATCH, Incoming};
use super::start::Counts;
use super::wake::Hatch;
use crate::heap::{self, Rest};

/// Longest wait for something to happen while anyone is there, milliseconds: a step of the timers.
const WAIT: u16 = 5;
/// And while no one is.
const IDLE: u16 = 1_000;
/// Batches that are taken before timers have their turn.
const BATCHES: usize = 16;
/// How often the thread's processor time is read.
const CPU_EVERY: Micros = 100_000;
/// Over how long it is told how busy the thread is.
const BUSY_OVER: Micros = 1_000_000;

/// What a media thread is told.
pub enum Order {
    /// An input of the door.
    Input(Input),
    /// End all calls and the thread.
    Stop,
}

/// What a media thread starts with.
pub struct Setup {
    /// Its socket.
    pub socket: UdpSocket,
    /// Where those come who have no UDP.
    pub listener: Option<TcpListener>,
    /// Where its orders come from.
    pub hatch: Hatch<Order>,
    /// The server's certificate.
    pub identity: Identity,
    /// Ciphers.
    pub provider: Arc<dyn RTCCryptoProvider>,
    /// Addresses that are offered.
    pub addresses: Vec<IpAddr>,
    /// Bounds.
    pub limits: Limits,
    /// The instant at time 0.
    pub origin: Instant,
    /// Where it counts.
    pub counts: Arc<Counts>,
    /// Where its outputs go.
    pub sink: Sink,
    /// The core to keep to.
    pub core: Option<usize>,
}

/// A media thread at work.
pub struct Worker {
    socket: UdpSocket,
    hatch: Hatch<Order>,
    incoming: Incoming,
    exchange: Exchange,
    counts: Arc<Counts>,
    origin: Instant,
    cpu_read: Micros,
    /// How long it waited for something to do since `busy_told`.
    waited: Micros,
    /// When the share of work was told last.
    busy_told: Micros,
    rest: Rest,
}

impl Worker {
    /// Made on the thread that will run it; `None` when the socket cannot be shared with the sending half.
    #[must_use]
    pub fn new(setup: Setup) -> Option<Self> {
        let Setup { socket, listener, hatch, identity, provider, addresses, limits, origin, counts, sink, core } = setup;
        if let Some(core) = core {
            let mut cores = CpuSet::new();
            let kept = cores.set(core).and_then(|()| sched_setaffinity(Pid::from_raw(0), &cores));
            if let Err(error) = kept {
                tracing::warn!(%error, core, "the media thread cannot keep to its core");
            }
        }
        let slab = Slab::new(socket.try_clone().ok()?, Lines::new(listener).ok()?);
        let local = socket.local_addr().ok()?;
        let exchange = Exchange::new(super::exchange::Parts { identity, provider, addresses, local, limits, origin, slab, sink });
        Some(Self {
            socket,
            hatch,
            incoming: Incoming::new(),
            exchange,
            counts,
            origin,
            cpu_read: 0,
            waited: 0,
            busy_told: 0,
            rest: Rest::new(Instant::now()),
        })
    }

    /// Works until it is told to stop.
    pub fn run(&mut self) {
        loop {
            let wait = if self.exchange.is_empty() { IDLE } else { WAIT };
            let idle = self.now();
            let (datagrams, lines) = self.hatch.wait(&self.socket, self.exchange.lines().fd(), wait);
            self.waited += self.now() - idle;
            while let Some(order) = self.hatch.next() {
                let now = self.now();
                self.rest.worked();
                match order {
                    Order::Input(input) => self.exchange.input(input, now),
                    Order::Stop => {
                        self.exchange.close_all(now);
                        return;
                    }
                }
            }
            if datagrams || lines {
                self.rest.worked();
            }
            if datagrams {
                self.receive();
            }
            if lines {
                self.receive_lines();
            }
            let now = self.now();
            self.exchange.turn(now);
            self.exchange.flush();
            self.count(now);
        }
    }

    fn receive(&mut self) {
        for _ in 0..BATCHES {
            let count = self.incoming.receive(&self.socket);
            if count == 0 {
                return;
            }
            let now = self.now();
            self.exchange.datagrams(&mut self.incoming, count, now);
            self.exchange.flush();
            if count < BATCH {
                return;
            }
        }
    }

    fn receive_lines(&mut self) {
        for _ in 0..BATCHES {
            let now = self.now();
            let count = self.exchange.lines().receive(&mut self.incoming, now);
            self.exchange.datagrams(&mut self.incoming, count, now);
            self.exchange.flush();
            if count < BATCH {
                return;
            }
        }
    }

    fn now(&self) -> Micros {
        self.origin.elapsed().as_micros() as Micros
    }

    fn count(&mut self, now: Micros) {
        if now < self.cpu_read + CPU_EVERY {
            return;
        }
        self.cpu_read = now;
        if self.exchange.is_empty() {
            self.exchange.rest();
            if self.rest.is_due(Instant::now()) {
                heap::settle();
            }
        }
        self.tell_busy(now);
        let mut totals = self.exchange.tally();
        if let Ok(spent) = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID) {
            totals.cpu_ns = spent.tv_sec().unsigned_abs() * 1_000_000_000 + spent.tv_nsec().unsigned_abs();
        }
        self.counts.keep(totals);
    }

    /// Busy is whatever it did not wait: a thread whose core others take from it has used little of it, and never comes to an end all the same.
    fn tell_busy(&mut self, now: Micros) {
        let passed = now - self.busy_told;
        if passed < BUSY_OVER {
            return;
        }
        let busy = passed.saturating_sub(self.waited) * 1_000 / passed;
        self.counts.busy_permille.store(busy, Ordering::Relaxed);
        let without = self.exchange.busy(busy, now);
        self.counts.is_full.store(without >= Without::Newcomers, Ordering::Relaxed);
        (self.busy_told, self.waited) = (now, 0);
    }
}

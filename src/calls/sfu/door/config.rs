//! What the media server is started with, and what bounds it.

use std::net::IpAddr;
use std::time::Duration;

use super::super::socket::EVERYWHERE;

/// What the media server is started with.
#[derive(Clone, Debug)]
pub struct Config {
    /// First port, over UDP and over TCP; thread `n` takes `port + n`. With 0 each thread takes a free port.
    pub port: u16,
    /// Media threads, 1 to 64. A call lives on one of them.
    pub threads: u16,
    /// Addresses that are offered to browsers, best first: the public one, private ones, loopback when the public URL is
    /// loopback. Never empty.
    pub addresses: Vec<IpAddr>,
    /// What bounds calls and participants.
    pub limits: Limits,
    /// The core that each media thread keeps to, for measuring; empty leaves that to the kernel.
    pub cores: Vec<usize>,
}

impl Config {
    /// Where its sockets are bound: to this machine's loopback where nothing else is offered, otherwise everywhere.
    #[must_use]
    pub fn at(&self) -> IpAddr {
        let alone = self.addresses.first().filter(|_| self.addresses.iter().all(IpAddr::is_loopback) && !self.has_both());
        alone.copied().unwrap_or(EVERYWHERE)
    }

    fn has_both(&self) -> bool {
        self.addresses.iter().any(IpAddr::is_ipv4) && self.addresses.iter().any(IpAddr::is_ipv6)
    }
}

/// Without a packet for this long a participant has been lost, and its place is another's.
pub const LOST: Duration = Duration::from_secs(30);

/// What bounds calls and participants. Past each of them stands a refusal with its own code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most calls at a time.
    pub calls: usize,
    /// Most participants of one call.
    pub participants: usize,
    /// Most participants of all calls of one media thread.
    pub participants_per_thread: usize,
    /// Most handshakes of one media thread that have not ended.
    pub handshakes: usize,
    /// Most tracks that one participant publishes: microphone, camera, screen and its sound.
    pub tracks: usize,
    /// Most slots in which one participant receives.
    pub slots: usize,
    /// How long a participant may take from the answer to the end of the handshake.
    pub connect: Duration,
    /// Without a packet for this long a participant counts as weak.
    pub weak: Duration,
    /// Without a packet for this long a participant has been lost.
    pub lost: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            calls: 1_000,
            participants: 400,
            participants_per_thread: 2_000,
            handshakes: 500,
            tracks: 4,
            slots: 40,
            connect: Duration::from_secs(20),
            weak: Duration::from_millis(2_500),
            lost: LOST,
        }
    }
}

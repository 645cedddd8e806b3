//! Those who come over TCP, where a network lets no UDP through: connections that browsers open to the media port (ICE-TCP, RFC 6544), packets
//! in them each behind its length (RFC 4571), and a bounded queue towards each.
//!
//! What is read is a datagram from there on. Nothing waits: what finds no room in a queue is dropped like a packet on a full link.

mod line;
mod strangers;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::num::NonZeroU32;
use std::os::fd::{AsFd, BorrowedFd};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use super::door::Micros;
use super::socket::{BATCH, Incoming, Remote, plain};
use super::time::SECOND;
use line::{Line, Taken};
pub use strangers::{STRANGE, STRANGERS};

/// Most bytes that wait for one connection: a keyframe and what comes while it leaves. Beyond stands a connection that is too slow.
pub const QUEUE: usize = 256 << 10;
/// For how long the other side may take nothing before it is given up.
pub const STALLED: Micros = 10 * SECOND;
/// What the kernel tells of at a time.
const EVENTS: usize = 64;
/// The listening socket among the connections, which begin with 1.
const DOOR: u64 = 0;
/// Between two words in the log about strangers who are put out.
const TOLD: Micros = 60 * SECOND;

/// The name of a connection, given anew only after four billion others, and never while it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineId(NonZeroU32);

impl LineId {
    /// The connection of this number; none has 0.
    #[cfg(test)]
    pub fn of(number: u32) -> Option<Self> {
        NonZeroU32::new(number).map(Self)
    }

    /// As a number, never 0.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0.get()
    }
}

/// The connections of one media thread.
pub struct Lines {
    listener: Option<TcpListener>,
    /// The listener is left alone until then: there were no descriptors.
    deaf_until: Option<Micros>,
    epoll: Epoll,
    lines: HashMap<LineId, Line>,
    last: NonZeroU32,
    scratch: Vec<u8>,
    /// Those with whole packets that found no room in the batch.
    full: VecDeque<LineId>,
    /// Those with something to be written.
    queued: Vec<LineId>,
    /// Those that ended, until they are asked for.
    gone: Vec<Remote>,
    unsent: u64,
    /// Strangers that were put out for others.
    crowded_out: u64,
    /// When the log was told of that last.
    crowd_told: Option<Micros>,
    now: Micros,
}

impl Lines {
    /// Takes connections from this listener; with none there are none.
    ///
    /// # Errors
    /// When the kernel has no descriptor left.
    pub fn new(listener: Option<TcpListener>) -> io::Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        if let Some(listener) = &listener {
            epoll.add(listener, EpollEvent::new(EpollFlags::EPOLLIN, DOOR))?;
        }
        Ok(Self {
            listener,
            deaf_until: None,
            epoll,
            lines: HashMap::new(),
            last: NonZeroU32::MAX,
            scratch: Vec::new(),
            full: VecDeque::new(),
            queued: Vec::new(),
            gone: Vec::new(),
            unsent: 0,
            crowded_out: 0,
            crowd_told: None,
            now: 0,
        })
    }

    /// Whether browsers can come over TCP.
    #[must_use]
    pub const fn are_open(&self) -> bool {
        self.listener.is_some()
    }

    /// Readable when there is something to be done.
    #[must_use]
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.epoll.0.as_fd()
    }

    /// Packets that found no room in a queue.
    #[must_use]
    pub const fn unsent(&self) -> u64 {
        self.unsent
    }

    /// Packets that found no room in the queue of this one.
    #[must_use]
    pub fn unsent_over(&self, id: LineId) -> u64 {
        self.lines.get(&id).map_or(0, |line| line.unsent)
    }

    /// Connections that were put out for others before anybody had proved to be at their other end.
    #[must_use]
    pub const fn crowded_out(&self) -> u64 {
        self.crowded_out
    }

    /// Whether it is still there.
    #[must_use]
    pub fn has(&self, id: LineId) -> bool {
        self.lines.contains_key(&id)
    }

    /// How many connections there are.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Takes in what came: new connections, and packets as far as the batch has room. Says how many packets.
    pub fn receive(&mut self, incoming: &mut Incoming, now: Micros) -> usize {
        self.now = now;
        let mut count = 0;
        for _ in 0..self.full.len() {
            if let Some(id) = self.full.pop_front() {
                count = self.take(id, incoming, count);
            }
        }
        let mut events = [EpollEvent::empty(); EVENTS];
        // What is not looked at now is told again.
        let told = self.epoll.wait(&mut events, EpollTimeout::ZERO).unwrap_or(0);
        for event in &events[..told] {
            let Some(id) = u32::try_from(event.data()).ok().and_then(NonZeroU32::new).map(LineId) else {
                self.accept();
                continue;
            };
            if event.events().contains(EpollFlags::EPOLLOUT) {
                self.freed(id);
            }
            if event.events().intersects(EpollFlags::EPOLLIN | EpollFlags::EPOLLHUP | EpollFlags::EPOLLERR) && count < BATCH {
                count = self.read(id, incoming, count);
            }
        }
        count
    }

    /// Somebody has proved to be at its other end.
    pub fn known(&mut self, id: LineId) {
        if let Some(line) = self.lines.get_mut(&id) {
            line.known = true;
        }
    }

    /// Queues a packet.
    pub fn push(&mut self, id: LineId, packet: &[u8]) {
        let Some(line) = self.lines.get_mut(&id) else { return };
        if !line.push(packet) {
            self.unsent += 1;
        } else if line.blocked.is_none() && !line.queued {
            line.queued = true;
            self.queued.push(id);
        }
    }

    /// Writes what waits, as far as the kernel takes it.
    pub fn flush(&mut self) {
        while let Some(id) = self.queued.pop() {
            self.write(id);
        }
    }

    /// Ends one, once what waits for it was tried.
    pub fn close(&mut self, id: LineId) {
        self.write(id);
        self.lines.remove(&id);
    }

    /// The other ends of those that ended by themselves since this was asked last.
    pub fn take_gone(&mut self) -> Option<Remote> {
        self.gone.pop()
    }

    /// Ends those over which nothing comes of it.
    pub fn turn(&mut self, now: Micros) {
        self.now = now;
        if self.deaf_until.is_some_and(|until| now >= until) {
            self.deaf_until = None;
            if let Some(listener) = &self.listener {
                let _ = self.epoll.add(listener, EpollEvent::new(EpollFlags::EPOLLIN, DOOR));
            }
        }
        let is_over =
            |line: &Line| (!line.known && now >= line.since + STRANGE) || line.blocked.is_some_and(|since| now >= since + STALLED);
        while let Some(id) = self.lines.iter().find(|(_, line)| is_over(line)).map(|(id, _)| *id) {
            self.lose(id);
        }
        if self.lines.is_empty() && self.lines.capacity() > 0 {
            (self.lines, self.scratch) = (HashMap::new(), Vec::new());
            self.full.shrink_to_fit();
            self.queued.shrink_to_fit();
            self.gone.shrink_to_fit();
        }
    }

    fn accept(&mut self) {
        let Some(listener) = &self.listener else { return };
        match listener.accept() {
            Ok((stream, from)) => {
                let _ = self.open(stream, plain(from));
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted | ErrorKind::ConnectionAborted) => {}
            Err(error) => {
                tracing::warn!(%error, "the media port takes no connections for a second");
                let _ = self.epoll.delete(listener);
                self.deaf_until = Some(self.now + SECOND);
            }
        }
    }

    fn open(&mut self, stream: TcpStream, from: SocketAddr) -> io::Result<()> {
        let line = Line::new(stream, from, self.now)?;
        self.make_room(from);
        let id = self.next_id();
        self.epoll.add(&line.stream, EpollEvent::new(EpollFlags::EPOLLIN, u64::from(id.number())))?;
        self.lines.insert(id, line);
        Ok(())
    }

    /// One stranger leaves for another where there are too many.
    fn make_room(&mut self, newcomer: SocketAddr) {
        let strangers = || self.lines.iter().filter(|(_, line)| !line.known).map(|(id, line)| (*id, line.from.ip(), line.since));
        if strangers().count() < STRANGERS {
            return;
        }
        let Some(id) = strangers::leaves(strangers(), newcomer.ip()) else { return };
        self.lose(id);
        self.crowded_out += 1;
        if self.crowd_told.is_none_or(|told| self.now >= told + TOLD) {
            self.crowd_told = Some(self.now);
            tracing::warn!(
                most = STRANGERS,
                "too many connections to the media port over which nobody proves to be a member; some are put out"
            );
        }
    }

    fn next_id(&mut self) -> LineId {
        loop {
            self.last = self.last.checked_add(1).unwrap_or(NonZeroU32::MIN);
            if !self.has(LineId(self.last)) {
                return LineId(self.last);
            }
        }
    }

    fn read(&mut self, id: LineId, incoming: &mut Incoming, count: usize) -> usize {
        let Some(line) = self.lines.get_mut(&id) else { return count };
        match line.read(&mut self.scratch) {
            Ok(true) => self.take(id, incoming, count),
            Ok(false) => count,
            Err(_) => {
                self.lose(id);
                count
            }
        }
    }

    /// Moves whole packets into the batch. Whatever is none that could be meant for us ends the connection.
    fn take(&mut self, id: LineId, incoming: &mut Incoming, mut count: usize) -> usize {
        let Some(line) = self.lines.get_mut(&id) else { return count };
        let remote = Remote { address: line.from, line: Some(id) };
        match line.take(remote, incoming, &mut count) {
            Taken::All => {}
            Taken::Full => self.full.push_back(id),
            Taken::Nonsense => self.lose(id),
        }
        count
    }

    fn write(&mut self, id: LineId) {
        let Some(line) = self.lines.get_mut(&id) else { return };
        match line.write() {
            Ok(true) => {}
            Ok(false) => {
                line.blocked = Some(self.now);
                let all = EpollFlags::EPOLLIN | EpollFlags::EPOLLOUT;
                let _ = self.epoll.modify(&line.stream, &mut EpollEvent::new(all, u64::from(id.number())));
            }
            Err(_) => self.lose(id),
        }
    }

    /// The kernel takes more again.
    fn freed(&mut self, id: LineId) {
        if let Some(line) = self.lines.get_mut(&id) {
            line.blocked = None;
            let _ = self.epoll.modify(&line.stream, &mut EpollEvent::new(EpollFlags::EPOLLIN, u64::from(id.number())));
        }
        self.write(id);
    }

    fn lose(&mut self, id: LineId) {
        if let Some(line) = self.lines.remove(&id) {
            self.gone.push(Remote { address: line.from, line: Some(id) });
        }
    }
}

//! Those who come over TCP, where a network lets no UDP through: connections that browsers open to the media port (ICE-TCP, RFC 6544), packets
//! in them each behind its length (RFC 4571), and a bounded queue towards each.
//!
//! What is read is a datagram from there on. Nothing waits: what finds no room in a queue is dropped like a packet on a full link.

use std::collections::{HashMap, VecDeque};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::num::NonZeroU32;
use std::os::fd::{AsFd, BorrowedFd};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::socket::{setsockopt, sockopt};

use super::door::Micros;
use super::packet::{Protocol, tell};
use super::socket::{BATCH, DATAGRAM, Incoming, Remote, plain};
use super::time::SECOND;

/// Most bytes that wait for one connection: a keyframe and what comes while it leaves. Beyond stands a connection that is too slow.
pub const QUEUE: usize = 256 << 10;
/// What the kernel keeps beside it for what was not acknowledged, bytes; left alone it would take megabytes, seconds of media.
const KERNEL: usize = 128 << 10;
/// Connections over which nobody has proved to be anybody; beyond it the oldest goes.
pub const STRANGERS: usize = 128;
/// How long it may take to prove it.
pub const STRANGE: Micros = 10 * SECOND;
/// For how long the other side may take nothing before it is given up.
pub const STALLED: Micros = 10 * SECOND;
/// Bytes that one read takes.
const READ: usize = 16 << 10;
/// Before each packet stands its length.
const PREFIX: usize = 2;
/// What the kernel tells of at a time.
const EVENTS: usize = 64;
/// The listening socket among the connections, which begin with 1.
const DOOR: u64 = 0;

/// The name of a connection, never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LineId(NonZeroU32);

impl LineId {
    /// As a number, never 0.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0.get()
    }
}

struct Line {
    stream: TcpStream,
    from: SocketAddr,
    /// Read and not yet taken: whole packets that found no room in a batch, and the beginning of one.
    held: Vec<u8>,
    /// Packets on their way out, with their lengths.
    queue: VecDeque<u8>,
    /// It waits for its turn to be written.
    queued: bool,
    /// The kernel takes no more for now.
    blocked: Option<Micros>,
    /// Somebody has proved to be at its other end.
    known: bool,
    since: Micros,
}

/// The connections of one media thread.
pub struct Lines {
    listener: Option<TcpListener>,
    /// The listener is left alone until then: there were no descriptors.
    deaf_until: Option<Micros>,
    epoll: Epoll,
    lines: HashMap<LineId, Line>,
    last: u32,
    scratch: Vec<u8>,
    /// Those with whole packets that found no room in the batch.
    full: VecDeque<LineId>,
    /// Those with something to be written.
    queued: Vec<LineId>,
    /// Those that ended, until they are asked for.
    gone: Vec<Remote>,
    unsent: u64,
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
            last: 0,
            scratch: Vec::new(),
            full: VecDeque::new(),
            queued: Vec::new(),
            gone: Vec::new(),
            unsent: 0,
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

    /// Packets that found no room in a queue, or never left one.
    #[must_use]
    pub const fn unsent(&self) -> u64 {
        self.unsent
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
        let length = u16::try_from(packet.len()).ok().filter(|_| line.queue.len() + PREFIX + packet.len() <= QUEUE);
        let Some(length) = length else {
            self.unsent += 1;
            return;
        };
        line.queue.extend(length.to_be_bytes());
        line.queue.extend(packet);
        if line.blocked.is_none() && !line.queued {
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
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        setsockopt(&stream, sockopt::SndBuf, &KERNEL)?;
        if self.lines.values().filter(|line| !line.known).count() >= STRANGERS
            && let Some(oldest) =
                self.lines.iter().filter(|(_, line)| !line.known).min_by_key(|(id, line)| (line.since, id.0)).map(|(id, _)| *id)
        {
            self.lose(oldest);
        }
        self.last = self.last.checked_add(1).ok_or(ErrorKind::QuotaExceeded)?;
        let id = LineId(NonZeroU32::new(self.last).ok_or(ErrorKind::QuotaExceeded)?);
        self.epoll.add(&stream, EpollEvent::new(EpollFlags::EPOLLIN, u64::from(self.last)))?;
        let (held, queue) = (Vec::new(), VecDeque::new());
        let line = Line { stream, from, held, queue, queued: false, blocked: None, known: false, since: self.now };
        self.lines.insert(id, line);
        Ok(())
    }

    /// Reads once.
    fn read(&mut self, id: LineId, incoming: &mut Incoming, count: usize) -> usize {
        let Some(line) = self.lines.get_mut(&id) else { return count };
        // Whoever has packets that found no room is read again when those are gone.
        if line.held.len() > PREFIX + DATAGRAM {
            return count;
        }
        self.scratch.resize(READ, 0);
        match line.stream.read(&mut self.scratch) {
            Ok(length @ 1..) => {
                line.held.extend_from_slice(&self.scratch[..length]);
                self.take(id, incoming, count)
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => count,
            Ok(0) | Err(_) => {
                self.lose(id);
                count
            }
        }
    }

    /// Moves whole packets into the batch. Whatever is none that could be meant for us ends the connection.
    fn take(&mut self, id: LineId, incoming: &mut Incoming, mut count: usize) -> usize {
        let Some(line) = self.lines.get_mut(&id) else { return count };
        let remote = Remote { address: line.from, line: Some(id) };
        let mut at = 0;
        while let Some([high, low]) = line.held.get(at..at + PREFIX).and_then(|prefix| <[u8; PREFIX]>::try_from(prefix).ok()) {
            let length = usize::from(u16::from_be_bytes([high, low]));
            if length > DATAGRAM {
                self.lose(id);
                return count;
            }
            let Some(packet) = line.held.get(at + PREFIX..at + PREFIX + length) else { break };
            if !packet.is_empty() {
                if !line.known && tell(packet) != Some(Protocol::Stun) {
                    self.lose(id);
                    return count;
                }
                if count == BATCH {
                    self.full.push_back(id);
                    break;
                }
                incoming.put(count, packet, remote);
                count += 1;
            }
            at += PREFIX + length;
        }
        line.held.drain(..at);
        if line.held.is_empty() {
            line.held = Vec::new();
        }
        count
    }

    fn write(&mut self, id: LineId) {
        let Some(line) = self.lines.get_mut(&id) else { return };
        line.queued = false;
        while !line.queue.is_empty() {
            match line.stream.write(line.queue.as_slices().0) {
                Ok(written @ 1..) => {
                    line.queue.drain(..written);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    line.blocked = Some(self.now);
                    let all = EpollFlags::EPOLLIN | EpollFlags::EPOLLOUT;
                    let _ = self.epoll.modify(&line.stream, &mut EpollEvent::new(all, u64::from(id.number())));
                    return;
                }
                Ok(_) | Err(_) => return self.lose(id),
            }
        }
        if line.queue.capacity() > READ {
            line.queue = VecDeque::new();
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A listener's lines and a browser that has connected to them.
    fn pair() -> (Lines, TcpStream, Incoming) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a listener");
        let browser = TcpStream::connect(listener.local_addr().expect("bound")).expect("connected");
        let mut lines = Lines::new(Some(listener)).expect("descriptors");
        let mut incoming = Incoming::new();
        until(&mut lines, &mut incoming, |lines, _| lines.len() == 1);
        (lines, browser, incoming)
    }

    /// Takes in what comes until this holds; how many packets came with the last step.
    fn until(lines: &mut Lines, incoming: &mut Incoming, mut holds: impl FnMut(&mut Lines, &[Vec<u8>]) -> bool) -> Vec<Vec<u8>> {
        let end = std::time::Instant::now() + std::time::Duration::from_secs(10);
        let mut all = Vec::new();
        loop {
            let count = lines.receive(incoming, 0);
            all.extend((0..count).map(|at| incoming.datagram(at).to_vec()));
            if holds(lines, &all) {
                return all;
            }
            assert!(std::time::Instant::now() < end, "it never held");
            std::thread::yield_now();
        }
    }

    fn framed(packets: &[&[u8]]) -> Vec<u8> {
        packets.iter().flat_map(|packet| [&(packet.len() as u16).to_be_bytes()[..], packet].concat()).collect()
    }

    fn only(lines: &Lines) -> LineId {
        *lines.lines.keys().next().expect("a line")
    }

    #[test]
    fn packets_come_whole_however_they_are_cut() {
        let (mut lines, mut browser, mut incoming) = pair();
        let packets: Vec<Vec<u8>> = (0..300_usize).map(|n| vec![(n % 4) as u8; 2 + n * 5]).collect();
        let whole: Vec<&[u8]> = packets.iter().map(Vec::as_slice).collect();
        let bytes = framed(&whole);
        let (sizes, mut at, mut got) = ([1, 2, 3, 700, 5_000, 40_000], 0, Vec::new());
        for size in sizes.iter().cycle() {
            let end = (at + size).min(bytes.len());
            browser.write_all(&bytes[at..end]).expect("sent");
            at = end;
            let count = lines.receive(&mut incoming, 0);
            got.extend((0..count).map(|at| incoming.datagram(at).to_vec()));
            if at == bytes.len() {
                break;
            }
        }
        got.extend(until(&mut lines, &mut incoming, |_, more| got.len() + more.len() == packets.len()));
        assert!(got == packets, "each once, in order, and none but them");
    }

    #[test]
    fn what_no_browser_says_ends_the_connection() {
        for said in [&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], &framed(&[&[22, 3, 1, 0, 0]]), &framed(&[&[0; DATAGRAM + 1]])] {
            let (mut lines, mut browser, mut incoming) = pair();
            browser.write_all(said).expect("sent");
            let came = until(&mut lines, &mut incoming, |lines, _| lines.len() == 0);
            assert_eq!((came.len(), lines.take_gone().is_some()), (0, true));
        }
    }

    #[test]
    fn whoever_reads_slowly_has_a_bounded_queue_and_is_given_up_in_the_end() {
        let (mut lines, mut browser, mut incoming) = pair();
        let id = only(&lines);
        lines.known(id);
        let packet = [0x80; 1_200];
        let mut pushed = 0_u64;
        while lines.unsent() == 0 {
            lines.push(id, &packet);
            lines.flush();
            pushed += 1;
            assert!(lines.lines[&id].queue.len() <= QUEUE);
        }
        lines.push(id, &packet);
        assert_eq!(lines.unsent(), 2, "each packet that finds no room is dropped whole");
        // It reads again: all that was queued arrives, in whole packets.
        browser.set_read_timeout(Some(std::time::Duration::from_secs(10))).expect("a deadline");
        let mut bytes = vec![0; (pushed as usize - 1) * (PREFIX + packet.len())];
        let reader = std::thread::spawn(move || {
            browser.read_exact(&mut bytes).expect("all of it");
            (browser, bytes)
        });
        until(&mut lines, &mut incoming, |lines, _| lines.lines[&id].queue.is_empty());
        let (browser, bytes) = reader.join().expect("read");
        assert!(bytes.chunks(PREFIX + packet.len()).all(|frame| frame == framed(&[&packet])));
        // And then no more, for too long.
        while lines.lines[&id].blocked.is_none() {
            lines.push(id, &packet);
            lines.flush();
        }
        lines.turn(STALLED - 1);
        assert_eq!(lines.len(), 1);
        lines.turn(STALLED);
        assert_eq!((lines.len(), lines.take_gone().map(|remote| remote.line)), (0, Some(Some(id))));
        drop(browser);
    }

    #[test]
    fn strangers_are_few_and_do_not_stay() {
        let (mut lines, first, mut incoming) = pair();
        let address = lines.listener.as_ref().and_then(|listener| listener.local_addr().ok()).expect("bound");
        let oldest = only(&lines);
        let mut others: Vec<_> = (1..STRANGERS).map(|_| TcpStream::connect(address).expect("connected")).collect();
        until(&mut lines, &mut incoming, |lines, _| lines.len() == STRANGERS);
        assert!(lines.lines.contains_key(&oldest), "so many there may be");
        others.push(TcpStream::connect(address).expect("connected"));
        until(&mut lines, &mut incoming, |lines, _| !lines.lines.contains_key(&oldest));
        assert_eq!(lines.len(), STRANGERS);
        let kept = only(&lines);
        lines.known(kept);
        lines.turn(STRANGE - 1);
        assert_eq!(lines.len(), STRANGERS);
        lines.turn(STRANGE);
        assert_eq!((lines.len(), only(&lines)), (1, kept), "whoever is known stays");
        drop((first, others));
    }
}

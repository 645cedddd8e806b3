//! One connection over TCP: what it brings is cut into packets, and what is to leave waits in a bounded queue.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

use nix::sys::socket::{setsockopt, sockopt};

use super::QUEUE;
use crate::calls::sfu::door::Micros;
use crate::calls::sfu::packet::{Protocol, tell};
use crate::calls::sfu::socket::{BATCH, DATAGRAM, Incoming, Remote};

/// What the kernel keeps beside the queue for what was not acknowledged, bytes; left alone it would take megabytes, seconds of media.
const KERNEL: usize = 128 << 10;
/// Bytes that one read takes.
const READ: usize = 16 << 10;
/// Before each packet stands its length.
pub(super) const PREFIX: usize = 2;

/// The connection.
pub(super) struct Line {
    pub(super) stream: TcpStream,
    pub(super) from: SocketAddr,
    /// Read and not yet taken: whole packets that found no room in a batch, and the beginning of one.
    held: Vec<u8>,
    /// Packets on their way out, with their lengths.
    pub(super) queue: VecDeque<u8>,
    /// It waits for its turn to be written.
    pub(super) queued: bool,
    /// Since when the kernel takes no more.
    pub(super) blocked: Option<Micros>,
    /// Packets that found no room in the queue.
    pub(super) unsent: u64,
    /// Somebody has proved to be at its other end.
    pub(super) known: bool,
    pub(super) since: Micros,
}

/// What became of the packets that a line holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// All that are whole were moved.
    All,
    /// The batch is full, and there are more.
    Full,
    /// No browser says this.
    Nonsense,
}

impl Line {
    /// A connection that was just accepted.
    ///
    /// # Errors
    /// When it is over already.
    pub(super) fn new(stream: TcpStream, from: SocketAddr, now: Micros) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        setsockopt(&stream, sockopt::SndBuf, &KERNEL)?;
        let (held, queue) = (Vec::new(), VecDeque::new());
        Ok(Self { stream, from, held, queue, queued: false, blocked: None, unsent: 0, known: false, since: now })
    }

    /// Reads once, and says whether anything came. Whoever has packets that found no room is read again when those are gone.
    ///
    /// # Errors
    /// When it is over.
    pub(super) fn read(&mut self, scratch: &mut Vec<u8>) -> io::Result<bool> {
        if self.held.len() > PREFIX + DATAGRAM {
            return Ok(false);
        }
        scratch.resize(READ, 0);
        match self.stream.read(scratch) {
            Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
            Ok(length) => {
                self.held.extend_from_slice(&scratch[..length]);
                Ok(true)
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Moves whole packets into the batch as `remote`'s, `count` of which is full so far. A stranger may say checks alone.
    pub(super) fn take(&mut self, remote: Remote, incoming: &mut Incoming, count: &mut usize) -> Taken {
        let (mut at, mut taken) = (0, Taken::All);
        while let Some(prefix) = self.held.get(at..at + PREFIX).and_then(|prefix| <[u8; PREFIX]>::try_from(prefix).ok()) {
            let length = usize::from(u16::from_be_bytes(prefix));
            if length > DATAGRAM {
                return Taken::Nonsense;
            }
            let Some(packet) = self.held.get(at + PREFIX..at + PREFIX + length) else { break };
            if !packet.is_empty() {
                if !self.known && tell(packet) != Some(Protocol::Stun) {
                    return Taken::Nonsense;
                }
                if *count == BATCH {
                    taken = Taken::Full;
                    break;
                }
                incoming.put(*count, packet, remote);
                *count += 1;
            }
            at += PREFIX + length;
        }
        self.held.drain(..at);
        if self.held.is_empty() {
            self.held = Vec::new();
        }
        taken
    }

    /// Queues a packet, unless there is no room for it: whether there was.
    pub(super) fn push(&mut self, packet: &[u8]) -> bool {
        let length = u16::try_from(packet.len()).ok().filter(|_| self.queue.len() + PREFIX + packet.len() <= QUEUE);
        let Some(length) = length else {
            self.unsent += 1;
            return false;
        };
        self.queue.extend(length.to_be_bytes());
        self.queue.extend(packet);
        true
    }

    /// Writes what waits, as far as the kernel takes it, and says whether that was all.
    ///
    /// # Errors
    /// When it is over.
    pub(super) fn write(&mut self) -> io::Result<bool> {
        self.queued = false;
        while !self.queue.is_empty() {
            match self.stream.write(self.queue.as_slices().0) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => drop(self.queue.drain(..written)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        if self.queue.capacity() > READ {
            self.queue = VecDeque::new();
        }
        Ok(true)
    }
}

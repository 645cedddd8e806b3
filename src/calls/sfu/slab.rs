//! What is sent in one go: packets written and encrypted in place, one beside the other, so that the kernel can cut them apart.
//!
//! Packets of equal length to one destination leave as one message (UDP GSO), and messages leave together (`sendmmsg`). The
//! order of packets is the order in which they were committed.

use std::io::IoSlice;
use std::net::{Ipv6Addr, UdpSocket};
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::libc::{in6_addr, in6_pktinfo};
use nix::sys::socket::{ControlMessage, MsgFlags, MultiHeaders, SockaddrStorage, sendmmsg, setsockopt, sockopt};

use super::lines::{LineId, Lines};
use super::socket::DATAGRAM;

/// Most packets that wait.
const PACKETS: usize = 1_024;
/// Most messages in one call to the kernel.
const MESSAGES: usize = 128;
/// Most packets in one message; the kernel's own limit is 64.
const SEGMENTS: u16 = 48;
/// Most bytes in one message: what an IP datagram can hold, less its headers.
const MESSAGE_BYTES: usize = 65_000;

/// Where packets go. Packets with the same token go to the same address.
#[derive(Clone, Copy, Debug)]
pub struct Destination {
    /// The address as the socket's family wants it.
    pub address: SockaddrStorage,
    /// Which of our addresses it comes from, as IPv6: the one that the other side knows. On machines with several the kernel
    /// might choose another.
    pub from: Ipv6Addr,
    /// Equal for packets that may be joined into one message.
    pub token: u64,
    /// The connection over which they leave instead, for those who come over TCP.
    pub line: Option<LineId>,
}

#[derive(Clone, Copy)]
struct Message {
    offset: usize,
    bytes: usize,
    /// Length of all its packets but the last, which may be shorter.
    segment: u16,
    packets: u16,
    /// Its last packet was shorter: nothing can follow.
    closed: bool,
    token: u64,
    from: Ipv6Addr,
}

/// Packets that wait to be sent.
pub struct Slab {
    socket: UdpSocket,
    arena: Box<[u8]>,
    used: usize,
    packets: usize,
    messages: Vec<Message>,
    addresses: Vec<Option<SockaddrStorage>>,
    plain: MultiHeaders<SockaddrStorage>,
    segmented: MultiHeaders<SockaddrStorage>,
    /// The socket has both families, and so can be told where packets come from.
    ipv6: bool,
    offload: bool,
    unsent: u64,
    /// Those who come over TCP.
    pub lines: Lines,
    committed: (u64, u64),
    /// For tests: the kernel refuses to cut messages apart, as some routes do.
    #[cfg(test)]
    refuses_segments: bool,
}

impl Slab {
    /// An empty slab for this socket. Whether the kernel can cut messages apart is asked here.
    #[must_use]
    pub fn new(socket: UdpSocket, lines: Lines) -> Self {
        let offload = setsockopt(&socket, sockopt::UdpGsoSegment, &0).is_ok();
        let ipv6 = socket.local_addr().is_ok_and(|address| address.is_ipv6());
        // The kernel reads all of the space for control messages, so there must be neither more nor less than is sent.
        let (plain, segmented) =
            if ipv6 { (Some(nix::cmsg_space!(in6_pktinfo)), nix::cmsg_space!(in6_pktinfo, u16)) } else { (None, nix::cmsg_space!(u16)) };
        Self {
            socket,
            arena: vec![0; PACKETS * DATAGRAM].into_boxed_slice(),
            used: 0,
            packets: 0,
            messages: Vec::with_capacity(PACKETS),
            addresses: Vec::with_capacity(PACKETS),
            plain: MultiHeaders::preallocate(MESSAGES, plain),
            segmented: MultiHeaders::preallocate(MESSAGES, Some(segmented)),
            ipv6,
            offload,
            unsent: 0,
            lines,
            committed: (0, 0),
            #[cfg(test)]
            refuses_segments: false,
        }
    }

    /// Space for one packet, to be filled before [`Slab::commit`]. Sends what waits when there is none left.
    pub fn space(&mut self) -> &mut [u8] {
        if self.packets == PACKETS {
            self.flush();
        }
        &mut self.arena[self.used..self.used + DATAGRAM]
    }

    /// The first `length` bytes of the space are a packet for `to`.
    pub fn commit(&mut self, length: usize, to: &Destination) {
        let offset = self.used;
        self.committed.0 += 1;
        self.committed.1 += length as u64;
        if let Some(line) = to.line {
            return self.lines.push(line, &self.arena[offset..offset + length]);
        }
        self.used += length;
        self.packets += 1;
        if self.offload
            && let Some(last) = self.messages.last_mut()
            && last.token == to.token
            && !last.closed
            && last.packets < SEGMENTS
            && length <= usize::from(last.segment)
            && last.bytes + length <= MESSAGE_BYTES
        {
            last.bytes += length;
            last.packets += 1;
            last.closed = length < usize::from(last.segment);
            return;
        }
        let segment = u16::try_from(length).unwrap_or(u16::MAX);
        self.messages.push(Message { offset, bytes: length, segment, packets: 1, closed: false, token: to.token, from: to.from });
        self.addresses.push(Some(to.address));
    }

    /// Copies a whole packet in.
    pub fn push(&mut self, packet: &[u8], to: &Destination) {
        if packet.len() <= DATAGRAM {
            self.space()[..packet.len()].copy_from_slice(packet);
            self.commit(packet.len(), to);
        }
    }

    /// Sends all that waits. It never blocks: what the kernel does not take is dropped and counted.
    pub fn flush(&mut self) {
        let mut start = 0;
        while start < self.messages.len() {
            let (end, segment) = run(&self.messages[start..]);
            match self.send(start, start + end, segment) {
                Ok(sent) => start += sent,
                Err(Errno::EAGAIN) => {
                    self.unsent += self.messages[start..].iter().map(|message| u64::from(message.packets)).sum::<u64>();
                    break;
                }
                Err(Errno::EIO | Errno::EINVAL) if self.messages[start].packets > 1 => {
                    self.offload = false;
                    self.cut_apart(start);
                }
                Err(Errno::EINTR) => {}
                Err(_) => {
                    self.unsent += u64::from(self.messages[start].packets);
                    start += 1;
                }
            }
        }
        self.messages.clear();
        self.addresses.clear();
        self.used = 0;
        self.packets = 0;
        self.lines.flush();
    }

    fn send(&mut self, start: usize, end: usize, segment: Option<u16>) -> nix::Result<usize> {
        #[cfg(test)]
        if self.refuses_segments && segment.is_some() {
            return Err(Errno::EIO);
        }
        let Self { socket, arena, messages, addresses, plain, segmented, ipv6, .. } = self;
        let slices: [[IoSlice<'_>; 1]; MESSAGES] = std::array::from_fn(|at| {
            let bytes = messages[..end].get(start + at).map_or(&[][..], |message| &arena[message.offset..message.offset + message.bytes]);
            [IoSlice::new(bytes)]
        });
        let to = &addresses[start..end];
        let fd = socket.as_raw_fd();
        let info = in6_pktinfo { ipi6_addr: in6_addr { s6_addr: messages[start].from.octets() }, ipi6_ifindex: 0 };
        let source = ControlMessage::Ipv6PacketInfo(&info);
        let flags = MsgFlags::MSG_DONTWAIT;
        let sent = match (segment, *ipv6) {
            (Some(segment), true) => {
                let control = [source, ControlMessage::UdpGsoSegments(&segment)];
                sendmmsg(fd, segmented, slices.iter(), to, control, flags)?.count()
            }
            (Some(segment), false) => {
                let control = [ControlMessage::UdpGsoSegments(&segment)];
                sendmmsg(fd, segmented, slices.iter(), to, control, flags)?.count()
            }
            (None, true) => sendmmsg(fd, plain, slices.iter(), to, [source], flags)?.count(),
            (None, false) => sendmmsg(fd, plain, slices.iter(), to, [], flags)?.count(),
        };
        Ok(sent)
    }

    /// This kernel or this route cannot cut messages apart: we do.
    fn cut_apart(&mut self, from: usize) {
        let whole = self.messages.split_off(from);
        let addresses = self.addresses.split_off(from);
        for (message, address) in whole.into_iter().zip(addresses) {
            let end = message.offset + message.bytes;
            let mut offset = message.offset;
            while offset < end {
                let bytes = usize::from(message.segment).min(end - offset);
                self.messages.push(Message { offset, bytes, packets: 1, ..message });
                self.addresses.push(address);
                offset += bytes;
            }
        }
    }

    /// Packets and bytes that were committed.
    #[must_use]
    pub const fn committed(&self) -> (u64, u64) {
        self.committed
    }

    /// Packets that the kernel did not take, or that found no room in the queue of a connection.
    #[must_use]
    pub const fn unsent(&self) -> u64 {
        self.unsent + self.lines.unsent()
    }

    /// Sends each packet as a message of its own, as on a kernel without GSO.
    #[cfg(test)]
    pub fn without_offload(&mut self) {
        self.offload = false;
    }
}

/// How many of the messages can leave in one call, and at which length they are cut. A call knows one length only and comes from
/// one address, but a message of one packet may ride along if it is not longer.
fn run(messages: &[Message]) -> (usize, Option<u16>) {
    let mut segment = None;
    let mut longest_single = 0;
    for (at, message) in messages.iter().take(MESSAGES).enumerate() {
        let fits = match segment {
            _ if message.from != messages[0].from => false,
            _ if message.packets == 1 => {
                longest_single = longest_single.max(message.bytes);
                segment.is_none_or(|segment: u16| message.bytes <= usize::from(segment))
            }
            None => {
                segment = Some(message.segment);
                longest_single <= usize::from(message.segment)
            }
            Some(segment) => segment == message.segment,
        };
        if !fits {
            // What broke the run must not decide its length.
            let decided = messages[..at].iter().find(|message| message.packets > 1).map(|message| message.segment);
            return (at, decided);
        }
    }
    (messages.len().min(MESSAGES), segment)
}

#[cfg(test)]
mod tests {
    use super::super::socket::{EVERYWHERE, bind, for_family};
    use super::*;

    fn receiver() -> (UdpSocket, std::net::SocketAddr) {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        socket.set_read_timeout(Some(std::time::Duration::from_secs(5))).expect("a deadline");
        let address = socket.local_addr().expect("bound");
        (socket, address)
    }

    /// What the kernel of a test can do.
    #[derive(Clone, Copy, PartialEq, Eq)]
    enum Kernel {
        Segments,
        /// It says that it can, and fails with EIO when it is to: what some drivers and tunnels do.
        Lies,
        Plain,
    }

    /// Sends packets of these lengths to two receivers in turn and returns what each got.
    fn sent(lengths: &[&[usize]], kernel: Kernel) -> [Vec<Vec<u8>>; 2] {
        let receivers = [receiver(), receiver()];
        let mut slab = Slab::new(bind(EVERYWHERE, 0).expect("a port"), Lines::new(None).expect("descriptors"));
        if kernel == Kernel::Plain {
            slab.without_offload();
        }
        slab.refuses_segments = kernel == Kernel::Lies;
        let mut number = 0_u8;
        for burst in lengths {
            for (token, (_, address)) in receivers.iter().enumerate() {
                let from = std::net::Ipv4Addr::LOCALHOST.to_ipv6_mapped();
                let to = Destination { address: for_family(*address, true), from, token: token as u64, line: None };
                for length in *burst {
                    slab.space()[..*length].fill(number);
                    slab.commit(*length, &to);
                    number = number.wrapping_add(1);
                }
            }
        }
        slab.flush();
        assert_eq!((slab.unsent(), slab.offload), (0, kernel == Kernel::Segments), "who lied once is not believed again");
        let total: usize = lengths.iter().map(|burst| burst.len()).sum();
        receivers.map(|(socket, _)| {
            let mut buffer = [0; 2_000];
            (0..total)
                .map(|_| {
                    let n = socket.recv(&mut buffer).expect("a packet");
                    buffer[..n].to_vec()
                })
                .collect()
        })
    }

    #[test]
    fn packets_arrive_whole_and_in_order_with_and_without_offload() {
        let bursts: &[&[usize]] = &[&[1_200, 1_200, 1_200, 700], &[90], &[1_200, 1_200], &[300, 1_000, 1_000], &[50, 40, 30]];
        let with = sent(bursts, Kernel::Segments);
        for kernel in [Kernel::Lies, Kernel::Plain] {
            assert!(sent(bursts, kernel) == with, "nothing is lost and all is in order");
        }
        let expected: Vec<usize> = bursts.iter().flat_map(|burst| burst.iter().copied()).collect();
        for got in &with {
            assert_eq!(got.iter().map(Vec::len).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn a_run_has_one_length_and_takes_shorter_single_packets_along() {
        let message = |bytes, packets| Message {
            offset: 0,
            bytes,
            segment: if packets == 1 { bytes as u16 } else { 1_200 },
            packets,
            closed: false,
            token: 0,
            from: Ipv6Addr::LOCALHOST,
        };
        assert_eq!(run(&[message(90, 1), message(2_400, 2), message(1_200, 1)]), (3, Some(1_200)));
        assert_eq!(run(&[message(1_300, 1), message(2_400, 2)]), (1, None));
        assert_eq!(run(&[message(2_400, 2), message(1_300, 1)]), (1, Some(1_200)));
        let other = Message { segment: 900, ..message(1_800, 2) };
        assert_eq!(run(&[message(2_400, 2), other]), (1, Some(1_200)));
        let elsewhere = Message { from: Ipv6Addr::UNSPECIFIED, ..message(90, 1) };
        assert_eq!(run(&[message(90, 1), elsewhere, message(90, 1)]), (1, None));
    }
}

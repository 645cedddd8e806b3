//! The sockets of one media thread, and the batch of datagrams that one call to the kernel brings in.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::os::fd::AsRawFd;

use nix::sys::socket::{ControlMessageOwned, MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg, setsockopt, sockopt};

use super::lines::LineId;

/// Longest datagram that is taken in or sent; longer ones are dropped.
pub const DATAGRAM: usize = 1_536;
/// Most datagrams that one receive brings in.
pub const BATCH: usize = 64;
/// Socket buffers, bytes each: about a quarter of a second of a full core's output. The kernel may give less.
const BUFFER: usize = 8 << 20;

/// Every address of this machine, of both families.
pub const EVERYWHERE: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

/// Binds a socket to an address; for [`EVERYWHERE`] both families, or IPv4 alone where the machine has no IPv6.
///
/// # Errors
/// What the kernel says, such as a port in use.
pub fn bind(to: IpAddr, port: u16) -> io::Result<UdpSocket> {
    let (wide, narrow) = match to {
        IpAddr::V4(ip) => (ip.to_ipv6_mapped(), Some(ip)),
        IpAddr::V6(ip) => (ip, (to == EVERYWHERE).then_some(Ipv4Addr::UNSPECIFIED)),
    };
    let socket = UdpSocket::bind((wide, port)).or_else(|error| match (error.kind(), narrow) {
        (io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied, _) | (_, None) => Err(error),
        (_, Some(ip)) => UdpSocket::bind((ip, port)),
    })?;
    socket.set_nonblocking(true)?;
    if socket.local_addr()?.is_ipv6() {
        setsockopt(&socket, sockopt::Ipv6RecvPacketInfo, &true)?;
    }
    if setsockopt(&socket, sockopt::RcvBufForce, &BUFFER).is_err() {
        let _ = setsockopt(&socket, sockopt::RcvBuf, &BUFFER);
    }
    if setsockopt(&socket, sockopt::SndBufForce, &BUFFER).is_err() {
        let _ = setsockopt(&socket, sockopt::SndBuf, &BUFFER);
    }
    Ok(socket)
}

/// Listens over TCP where a media socket is bound.
///
/// # Errors
/// What the kernel says, such as a port in use.
pub fn listen(at: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(at)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// The other end of a path: an address that datagrams come from, or a connection of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remote {
    /// Its address.
    pub address: SocketAddr,
    /// The connection over TCP; `None` for UDP.
    pub line: Option<LineId>,
}

impl Remote {
    /// An address that datagrams come from.
    #[must_use]
    pub const fn udp(address: SocketAddr) -> Self {
        Self { address, line: None }
    }
}

/// The address without the mapping of IPv4 into IPv6.
#[must_use]
pub fn plain(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// The address as a socket of this family wants it.
#[must_use]
pub fn for_family(address: SocketAddr, ipv6: bool) -> SockaddrStorage {
    match (address.ip(), ipv6) {
        (IpAddr::V4(ip), true) => SockaddrStorage::from(SocketAddr::new(IpAddr::V6(ip.to_ipv6_mapped()), address.port())),
        _ => SockaddrStorage::from(address),
    }
}

fn address_of(storage: &SockaddrStorage) -> Option<SocketAddr> {
    if let Some(v6) = storage.as_sockaddr_in6() {
        return Some(plain(SocketAddr::new(IpAddr::V6(v6.ip()), v6.port())));
    }
    storage.as_sockaddr_in().map(|v4| SocketAddr::new(IpAddr::V4(v4.ip()), v4.port()))
}

/// Media packets begin with a byte from here on.
const MEDIA: u8 = 128;

fn arrived_at(message: &nix::sys::socket::RecvMsg<'_, '_, SockaddrStorage>) -> Option<Ipv6Addr> {
    message.cmsgs().ok()?.find_map(|control| match control {
        ControlMessageOwned::Ipv6PacketInfo(info) => Some(Ipv6Addr::from(info.ipi6_addr.s6_addr)),
        _ => None,
    })
}

/// The address from which the kernel may choose any, for a peer of this family.
fn anywhere(peer: IpAddr) -> Ipv6Addr {
    if peer.is_ipv4() { Ipv4Addr::UNSPECIFIED.to_ipv6_mapped() } else { Ipv6Addr::UNSPECIFIED }
}

/// The datagrams of one receive, in place until the next.
pub struct Incoming {
    bytes: Box<[u8]>,
    lengths: [usize; BATCH],
    from: [Remote; BATCH],
    to: [Ipv6Addr; BATCH],
    headers: MultiHeaders<SockaddrStorage>,
}

impl Incoming {
    /// An empty batch.
    #[must_use]
    pub fn new() -> Self {
        Self {
            bytes: vec![0; BATCH * DATAGRAM].into_boxed_slice(),
            lengths: [0; BATCH],
            from: [Remote::udp(SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0)); BATCH],
            to: [Ipv6Addr::UNSPECIFIED; BATCH],
            headers: MultiHeaders::preallocate(BATCH, Some(nix::cmsg_space!(nix::libc::in6_pktinfo))),
        }
    }

    /// Takes what waits in the socket and says how many datagrams that are. What was longer than [`DATAGRAM`] has length 0.
    pub fn receive(&mut self, socket: &UdpSocket) -> usize {
        let Self { bytes, lengths, from, to, headers } = self;
        let mut chunks = bytes.chunks_exact_mut(DATAGRAM);
        let mut slices: [[IoSliceMut<'_>; 1]; BATCH] = std::array::from_fn(|_| [IoSliceMut::new(chunks.next().unwrap_or_default())]);
        let Ok(received) = recvmmsg(socket.as_raw_fd(), headers, slices.iter_mut(), MsgFlags::MSG_DONTWAIT, None) else {
            return 0;
        };
        let mut count = 0;
        for message in received {
            let sender = message.address.as_ref().and_then(address_of);
            let whole = !message.flags.contains(MsgFlags::MSG_TRUNC);
            lengths[count] = if whole && sender.is_some() { message.bytes } else { 0 };
            if let Some(sender) = sender {
                from[count] = Remote::udp(sender);
                // Only checks and handshakes say which of our addresses a path uses; media follows them.
                let first = message.iovs().next().and_then(|bytes| bytes.first().copied());
                if first.is_some_and(|first| first < MEDIA) {
                    to[count] = arrived_at(&message).unwrap_or_else(|| anywhere(sender.ip()));
                }
            }
            count += 1;
        }
        count
    }

    /// Puts in a packet, at most [`DATAGRAM`] long, that came by another way.
    pub fn put(&mut self, at: usize, packet: &[u8], from: Remote) {
        let start = at * DATAGRAM;
        self.bytes[start..start + packet.len()].copy_from_slice(packet);
        self.lengths[at] = packet.len();
        (self.from[at], self.to[at]) = (from, Ipv6Addr::UNSPECIFIED);
    }

    /// The datagram at this place, to be changed in place.
    pub fn datagram(&mut self, at: usize) -> &mut [u8] {
        let start = at * DATAGRAM;
        &mut self.bytes[start..start + self.lengths[at]]
    }

    /// The bytes of a datagram up to `length`, which may have shrunk by decryption.
    #[must_use]
    pub fn plaintext(&self, at: usize, length: usize) -> &[u8] {
        let start = at * DATAGRAM;
        &self.bytes[start..start + length]
    }

    /// To which of our addresses a check or handshake at this place came, as IPv6; unspecified where the kernel did not tell.
    #[must_use]
    pub const fn to(&self, at: usize) -> Ipv6Addr {
        self.to[at]
    }

    /// Where the datagram at this place came from.
    #[must_use]
    pub const fn from(&self, at: usize) -> Remote {
        self.from[at]
    }
}

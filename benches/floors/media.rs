//! The floor of forwarding: each packet sealed in place, and `sendmmsg` with 8 packets to a message, to sockets that are drained on the
//! other core. Nothing else: no header, no choice, no bookkeeping.

use std::io::IoSlice;
use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use nix::sys::socket::{ControlMessage, MsgFlags, MultiHeaders, SockaddrStorage, sendmmsg, setsockopt, sockopt};
use rtc_crypto::providers::RingProvider;
use rtc_crypto::{AeadAlgorithm, RTCCryptoProvider};

/// Microseconds of CPU for one packet on the machine on which the bars were set: sealed in 0.33, sent in 1.6.
pub const REFERENCE: f64 = 1.93;
/// Bytes of a packet before it is sealed.
pub const PACKET: usize = 1_200;
const TAG: usize = 16;
const HEADER: usize = 20;
/// Packets in one message.
const SEGMENTS: usize = 8;
/// Messages in one call.
const MESSAGES: usize = 50;

/// Microseconds of this thread's CPU for one packet, the best of some rounds.
pub fn measure(drained: &[UdpSocket], rounds: usize) -> f64 {
    (0..rounds).map(|_| round(drained)).fold(f64::MAX, f64::min)
}

fn round(drained: &[UdpSocket]) -> f64 {
    let socket = UdpSocket::bind("[::]:0").expect("a socket");
    let _ = setsockopt(&socket, sockopt::SndBufForce, &(8 << 20));
    let provider = RingProvider::default();
    let mut cipher = provider.crypto().new_aead(AeadAlgorithm::Aes128Gcm, &[7; 16]).expect("a cipher");
    let sealed = PACKET + TAG;
    let segment = u16::try_from(sealed).expect("short");
    let mut arena = vec![0x55_u8; MESSAGES * SEGMENTS * sealed];
    let addresses: Vec<Option<SockaddrStorage>> = drained
        .iter()
        .map(|socket| {
            let port = socket.local_addr().expect("bound").port();
            Some(SockaddrStorage::from(std::net::SocketAddr::new(std::net::Ipv4Addr::LOCALHOST.to_ipv6_mapped().into(), port)))
        })
        .collect();
    let mut headers = MultiHeaders::preallocate(MESSAGES, Some(nix::cmsg_space!(u16)));
    let (mut packets, mut number) = (0_u64, 0_u64);
    let (start, cpu) = (Instant::now(), crate::cpu::of_this_thread());
    while start.elapsed() < Duration::from_secs(1) {
        for group in addresses.chunks(MESSAGES) {
            for packet in arena.chunks_exact_mut(sealed).take(group.len() * SEGMENTS) {
                number += 1;
                let mut nonce = [0; 12];
                nonce[..8].copy_from_slice(&number.to_be_bytes());
                let (body, tag) = packet.split_at_mut(PACKET);
                let (clear, secret) = body.split_at_mut(HEADER);
                cipher.seal_in_place(&nonce, clear, secret, tag).expect("sealed");
            }
            let slices: [[IoSlice<'_>; 1]; MESSAGES] =
                std::array::from_fn(|at| [IoSlice::new(&arena[at * SEGMENTS * sealed..(at + 1) * SEGMENTS * sealed])]);
            let control = [ControlMessage::UdpGsoSegments(&segment)];
            let sent = sendmmsg(socket.as_raw_fd(), &mut headers, slices.iter(), group, control, MsgFlags::empty());
            packets += (sent.map_or(0, Iterator::count) * SEGMENTS) as u64;
        }
    }
    (crate::cpu::of_this_thread() - cpu) as f64 / 1_000.0 / packets.max(1) as f64
}

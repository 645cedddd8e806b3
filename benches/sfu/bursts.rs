//! A picture in bursts of packets: sealed before the clock runs, since the client must not disturb what is measured, and sent at a steady rate.

use std::net::{SocketAddr, UdpSocket};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::client::{Client, MARKER, VP8, packet, vp8};
use crate::cpu;

/// Packets a second.
pub const RATE: usize = 264;
/// Bytes of a packet before it is sealed.
pub const PACKET: usize = 1_200;

/// So many packets of this stream, the first of them a keyframe.
pub fn seal(publisher: &mut Client, ssrc: u32, burst: usize, count: usize) -> Vec<Vec<u8>> {
    let plain = |number: usize| {
        let mut body = vp8(number.is_multiple_of(burst), number == 0, (number / burst) as u16, &[]);
        body.resize(PACKET - 12, 0x55);
        let marker = if number % burst == burst - 1 { MARKER } else { 0 };
        packet(VP8 | marker, number as u16, (number / burst * 3_000) as u32, ssrc, &[], &body)
    };
    (0..count).map(|number| publisher.protect(&plain(number))).collect()
}

/// Sends sealed packets in bursts at the rate, from the clients' core.
pub fn send(socket: UdpSocket, to: SocketAddr, packets: Vec<Vec<u8>>, burst: usize) -> JoinHandle<()> {
    std::thread::spawn(move || {
        cpu::keep_to(1);
        let start = Instant::now();
        let pause = Duration::from_secs(1) * burst as u32 / RATE as u32;
        for (number, group) in (1..).zip(packets.chunks(burst)) {
            for packet in group {
                let _ = socket.send_to(packet, to);
            }
            std::thread::park_timeout((start + pause * number).saturating_duration_since(Instant::now()));
        }
    })
}

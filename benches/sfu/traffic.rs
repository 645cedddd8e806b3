//! Voices and pictures that clients send: sealed before the clock runs, since the clients must not disturb what is measured.

use std::net::{SocketAddr, UdpSocket};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::client::{Client, LEVEL, MARKER, MID, OPUS, RID, VP8, packet, vp8};
use crate::cpu;

/// Packets of a voice in a second, and bytes of one: 32 kbit/s.
const VOICE: (u64, usize) = (50, 80);
/// Frames of a picture in a second.
const FRAMES: u64 = 25;

/// A packet that is to be sent at a time.
struct Due {
    at: Duration,
    sender: usize,
    bytes: Vec<u8>,
}

/// Everything that clients will send, sealed beforehand.
pub struct Traffic {
    seconds: u64,
    senders: Vec<(UdpSocket, SocketAddr)>,
    packets: Vec<Due>,
}

impl Traffic {
    /// None yet; what is added lasts for so many seconds.
    pub const fn of(seconds: u64) -> Self {
        Self { seconds, senders: Vec::new(), packets: Vec::new() }
    }

    fn add(&mut self, client: &Client) -> usize {
        self.senders.push((client.socket.try_clone().expect("a descriptor"), client.server));
        self.senders.len() - 1
    }

    /// A voice of this loudness.
    pub fn voice(&mut self, client: &mut Client, ssrc: u32, level: u8) {
        let sender = self.add(client);
        for number in 0..VOICE.0 * self.seconds {
            let plain = packet(OPUS, number as u16, (number * 960) as u32, ssrc, &[(LEVEL, &[level])], &[0x55; VOICE.1]);
            let at = Duration::from_micros(number * 1_000_000 / VOICE.0 + sender as u64 * 131);
            self.packets.push(Due { at, sender, bytes: client.protect(&plain) });
        }
    }

    /// A picture of so many bits a second; `name` and `height` for a layer.
    pub fn picture(&mut self, client: &mut Client, ssrc: u32, bits: u64, layer: Option<(&str, u16)>) {
        let sender = self.add(client);
        let frame = (bits / 8 / FRAMES) as usize;
        let mut sequence = 0_u16;
        for number in 0..FRAMES * self.seconds {
            let keyframe = number % (FRAMES * 3) == 0;
            let parts = frame.div_ceil(1_150).max(1);
            for part in 0..parts {
                let mut body = vp8(part == 0, keyframe, number as u16, &[]);
                if let Some((_, height)) = layer.filter(|_| keyframe && part == 0) {
                    let at = body.len() - 2;
                    body[at..].copy_from_slice(&height.to_le_bytes());
                }
                body.resize(body.len().max(frame / parts), 0x55);
                let mid: &[u8] = b"0";
                let names = [(MID, mid), (RID, layer.map_or("", |(name, _)| name).as_bytes())];
                let extensions = if layer.is_some() { &names[..] } else { &[] };
                let plain = packet(
                    VP8 | if part + 1 == parts { MARKER } else { 0 },
                    sequence,
                    (number * 90_000 / FRAMES) as u32,
                    ssrc,
                    extensions,
                    &body,
                );
                let at = Duration::from_micros(number * 1_000_000 / FRAMES + sender as u64 * 173);
                self.packets.push(Due { at, sender, bytes: client.protect(&plain) });
                sequence = sequence.wrapping_add(1);
            }
        }
    }

    /// Sends all of it in its time, from the clients' core.
    pub fn send(mut self) -> JoinHandle<u64> {
        self.packets.sort_by_key(|due| due.at);
        std::thread::spawn(move || {
            cpu::keep_to(1);
            let start = Instant::now();
            for due in &self.packets {
                let wait = (start + due.at).saturating_duration_since(Instant::now());
                if wait > Duration::from_micros(300) {
                    std::thread::park_timeout(wait);
                }
                let (socket, to) = &self.senders[due.sender];
                let _ = socket.send_to(&due.bytes, to);
            }
            self.packets.len() as u64
        })
    }
}

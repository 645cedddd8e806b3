//! Whole calls at once: an audio room, a meeting, a webinar, many pairs. How busy the media thread's core is, is the figure.

use std::net::{SocketAddr, UdpSocket};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rialto::calls::sfu::{Input, ParticipantId, View, Who};

use crate::client::{Client, LEVEL, MARKER, MID, OPUS, RID, Section, VP8, packet, vp8};
use crate::cpu;
use crate::crowd::{Crowd, Drain};
use crate::report::{Report, Row};

/// A workload that adds its figures to a report.
pub type Scene = fn(&mut Report);

/// Workloads by their names.
pub const SCENES: &[(&str, Scene)] = &[("audio", audio), ("meeting", meeting), ("webinar", webinar), ("pairs", pairs)];

const SECONDS: u64 = 6;
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
#[derive(Default)]
struct Traffic {
    senders: Vec<(UdpSocket, SocketAddr)>,
    packets: Vec<Due>,
}

impl Traffic {
    fn add(&mut self, client: &Client) -> usize {
        self.senders.push((client.socket.try_clone().expect("a descriptor"), client.server));
        self.senders.len() - 1
    }

    fn voice(&mut self, client: &mut Client, ssrc: u32, level: u8) {
        let sender = self.add(client);
        for number in 0..VOICE.0 * (SECONDS + 3) {
            let plain = packet(OPUS, number as u16, (number * 960) as u32, ssrc, &[(LEVEL, &[level])], &[0x55; VOICE.1]);
            let at = Duration::from_micros(number * 1_000_000 / VOICE.0 + sender as u64 * 131);
            self.packets.push(Due { at, sender, bytes: client.protect(&plain) });
        }
    }

    /// A picture of so many bits a second; `name` and `height` for a layer.
    fn picture(&mut self, client: &mut Client, ssrc: u32, bits: u64, layer: Option<(&str, u16)>) {
        let sender = self.add(client);
        let frame = (bits / 8 / FRAMES) as usize;
        let mut sequence = 0_u16;
        for number in 0..FRAMES * (SECONDS + 3) {
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

    fn send(mut self) -> JoinHandle<u64> {
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

/// Lets traffic run and says how busy the media thread was.
fn run(report: &mut Report, name: &str, crowd: &Crowd, clients: &[Client], traffic: Traffic, most_busy: f64) {
    let drain = Drain::start(clients.iter().map(|client| client.socket.try_clone().expect("a descriptor")).collect());
    let begun = crowd.totals().forwarded;
    let sender = traffic.send();
    crowd.wait_forwarded(begun + 1);
    std::thread::park_timeout(Duration::from_secs(2));
    let (before, start, seen) = (crowd.totals(), Instant::now(), drain.count());
    let end = start + Duration::from_secs(SECONDS);
    while Instant::now() < end {
        std::thread::park_timeout(end.saturating_duration_since(Instant::now()));
    }
    let (after, passed, got) = (crowd.totals(), start.elapsed().as_secs_f64(), drain.count() - seen);
    sender.join().expect("all was sent");
    let client_cpu = drain.stop();
    let forwarded = (after.forwarded - before.forwarded) as f64;
    let busy = (after.cpu_ns - before.cpu_ns) as f64 / 1e7 / passed;
    let mut row = Row::new(&format!("{name}, busy"), "%", busy);
    row.bar = Some(most_busy);
    row.note = format!(
        "{:.0} out and {:.0} in a second, {got} arrived, {} not taken by the kernel, clients {:.0} % busy",
        forwarded / passed,
        (after.packets_in - before.packets_in) as f64 / passed,
        after.unsent - before.unsent,
        client_cpu / passed / 1e7,
    );
    report.add(row);
    report.add(Row::new(&format!("{name}, a packet"), "us", (after.cpu_ns - before.cpu_ns) as f64 / 1_000.0 / forwarded));
}

fn slots(audio: usize, video: usize) -> Vec<Section> {
    let mut sections = vec![Section::HearsOne; audio];
    sections.extend(vec![Section::SeesOne; video]);
    sections
}

fn audio(report: &mut Report) {
    eprintln!("… audio room: 10 talkers, 260 listeners");
    let mut crowd = Crowd::open(1, 1);
    let (mut clients, mut traffic) = (Vec::new(), Traffic::default());
    for number in 1..=270_u32 {
        let mut sections = slots(4, 0);
        if number <= 10 {
            sections.push(Section::Voice(number));
        }
        let mut client = crowd.join(0, number, &sections);
        if number <= 10 {
            traffic.voice(&mut client, number, if number <= 3 { 10 } else { 60 });
        }
        clients.push(client);
    }
    run(report, "audio room", &crowd, &clients, traffic, 80.0);
}

fn meeting(report: &mut Report) {
    eprintln!("… meeting: 50 cameras of three layers");
    let mut crowd = Crowd::open(1, 1);
    let (mut clients, mut traffic) = (Vec::new(), Traffic::default());
    for number in 1..=50_u32 {
        let mut sections = vec![Section::Layers(&["l", "m", "h"]), Section::Voice(number)];
        sections.extend(slots(4, 10));
        let mut client = crowd.join(0, number, &sections);
        for (at, (name, bits, height)) in [("l", 100_000, 180), ("m", 300_000, 360), ("h", 600_000, 720)].into_iter().enumerate() {
            traffic.picture(&mut client, 1_000 + number * 4 + at as u32, bits, Some((name, height)));
        }
        traffic.voice(&mut client, number, if number <= 3 { 10 } else { 60 });
        clients.push(client);
    }
    for number in 1..=50_u32 {
        let other = |step: u32| ParticipantId((number + step - 1) % 50 + 1);
        let mut tiles = vec![(other(1), 720)];
        tiles.extend((2..=10).map(|step| (other(step), 120)));
        let who = Who { call: rialto::calls::sfu::CallId(0), participant: ParticipantId(number) };
        crowd.send(Input::View { who, view: View { tiles, ..View::default() } });
    }
    run(report, "meeting", &crowd, &clients, traffic, 80.0);
}

fn webinar(report: &mut Report) {
    eprintln!("… webinar: one picture and voice to 150");
    let mut crowd = Crowd::open(1, 1);
    let mut speaker = crowd.join(0, 1, &[Section::Camera(7, 8), Section::Voice(9)]);
    let mut clients: Vec<_> = (2..=151).map(|number| crowd.join(0, number, &slots(1, 1))).collect();
    let mut traffic = Traffic::default();
    traffic.picture(&mut speaker, 7, 1_700_000, None);
    traffic.voice(&mut speaker, 9, 10);
    clients.push(speaker);
    run(report, "webinar", &crowd, &clients, traffic, 85.0);
}

fn pairs(report: &mut Report) {
    eprintln!("… 160 calls of two");
    let mut crowd = Crowd::open(160, 1);
    let (mut clients, mut traffic) = (Vec::new(), Traffic::default());
    for call in 0..160_u64 {
        for number in 1..=2_u32 {
            let mut client = crowd.join(call, number, &[Section::Voice(number), Section::HearsOne]);
            traffic.voice(&mut client, number, 10);
            clients.push(client);
        }
    }
    run(report, "pairs", &crowd, &clients, traffic, 50.0);
}

//! A world for slots: a publisher of three layers of VP8 behind a bad network, and a subscriber with an oracle that knows what it got.

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng};

use super::super::*;
use crate::calls::sfu::codec::vp8::Descriptor;
use crate::calls::sfu::codec::{Codec, look};
use crate::calls::sfu::counter::{Sequence, Timestamp};
use crate::calls::sfu::history::{Capacity, History, Kept};
use crate::calls::sfu::sent::{Record, Sent, Withheld};
use crate::calls::sfu::time::{MILLISECOND, Micros, SECOND};

const FRAME_US: Micros = 33_333;
pub const TRACKS: usize = 2;
pub const LAYERS: usize = 3;

/// What the network does.
#[derive(Debug, Clone, Copy)]
pub struct Road {
    pub loss: f64,
    pub jitter: Micros,
    pub twice: f64,
    pub reports: bool,
    /// Payloads of which nothing but the keyframes is known, as of H.264.
    pub opaque: bool,
    /// Packets of padding alone.
    pub padding: f64,
}

/// An encoder of one layer.
struct Encoder {
    sequence: u16,
    timestamp: u32,
    picture: u16,
    base: u8,
    key: u8,
    step: usize,
    keyframe_at: Option<Micros>,
}

struct Datagram {
    at: Micros,
    stream: usize,
    sequence: u16,
    timestamp: u32,
    captured: Micros,
    marker: bool,
    /// Counts the pictures of the stream, for the oracle alone.
    frame: u64,
    payload: Vec<u8>,
}

/// What a subscriber got, and what the oracle knows of it.
pub struct Got {
    pub number: u64,
    pub timestamp: u32,
    pub marker: bool,
    pub payload: Vec<u8>,
    pub record: Record,
    pub keyframe: bool,
    pub switched: bool,
    pub frame: u64,
    pub source: u64,
    pub at: Micros,
}

impl Encoder {
    pub fn new(random: &mut TestRng) -> Self {
        Self {
            sequence: random.random(),
            timestamp: random.random(),
            picture: random.random_range(0..0x8000),
            base: random.random(),
            key: random.random_range(0..32),
            step: 0,
            keyframe_at: Some(0),
        }
    }

    /// One picture: temporal layers 0, 2, 1, 2.
    fn encode(&mut self, (stream, now, frame): (usize, Micros, u64), padding: f64, random: &mut TestRng, out: &mut Vec<Datagram>) {
        let keyframe = self.keyframe_at.is_some_and(|at| at <= now);
        if keyframe {
            self.step = 0;
            self.keyframe_at = None;
            self.key = (self.key + 1) & 0x1f;
        }
        let (temporal, sync) = [(0, false), (2, true), (1, true), (2, false)][self.step % 4];
        self.base = self.base.wrapping_add(u8::from(temporal == 0));
        let count = if keyframe { random.random_range(3..8) } else { random.random_range(1..4) };
        for index in 0..count {
            let mut descriptor = Descriptor::parse(&[if index == 0 { 0x10 } else { 0x00 }, 0]).unwrap();
            descriptor.picture = Some(self.picture);
            (descriptor.base, descriptor.key, descriptor.temporal) = (Some(self.base), Some(self.key), Some((temporal, sync)));
            let mut head = [0; MAX_DESCRIPTOR];
            let length = descriptor.write(&mut head);
            let mut payload = head[..length].to_vec();
            payload.push(u8::from(!(keyframe && index == 0)));
            payload.extend((0..random.random_range(20..60)).map(|_| random.random::<u8>()));
            let marker = index + 1 == count;
            let (sequence, timestamp) = (self.sequence, self.timestamp);
            out.push(Datagram { at: now, stream, sequence, timestamp, captured: now, marker, frame, payload });
            self.sequence = self.sequence.wrapping_add(1);
        }
        if random.random_bool(padding) {
            let (sequence, timestamp) = (self.sequence, self.timestamp);
            out.push(Datagram { at: now, stream, sequence, timestamp, captured: now, marker: false, frame, payload: Vec::new() });
            self.sequence = self.sequence.wrapping_add(1);
        }
        self.step += 1;
        self.picture = (self.picture + 1) & 0x7fff;
        self.timestamp = self.timestamp.wrapping_add(3_000);
    }
}

/// The receiving side of the server for one stream.
struct Receiver {
    sequence: Sequence,
    timestamp: Timestamp,
    history: History,
    /// Of each number the picture, and when it was taken.
    frames: std::collections::HashMap<u64, (u64, Micros)>,
}

pub struct World {
    random: TestRng,
    pub road: Road,
    encoders: Vec<Encoder>,
    receivers: Vec<Receiver>,
    slot: VideoSlot,
    sent: Sent,
    pub got: Vec<Got>,
    pub asked_again: usize,
}

pub fn stream(index: usize) -> Stream {
    Stream { track: (index / LAYERS) as u32, layer: (index % LAYERS) as u8 }
}

impl World {
    pub fn new(seed: u64, road: Road) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let mut random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let receiver = || Receiver {
            sequence: Sequence::default(),
            timestamp: Timestamp::default(),
            history: History::new(Capacity::HIGH),
            frames: std::collections::HashMap::new(),
        };
        let encoders = (0..TRACKS * LAYERS).map(|_| Encoder::new(&mut random)).collect();
        let slot = VideoSlot::new(random.random(), random.random());
        let receivers = (0..TRACKS * LAYERS).map(|_| receiver()).collect();
        Self { random, road, encoders, receivers, slot, sent: Sent::new(1_024), got: Vec::new(), asked_again: 0 }
    }

    /// Sends for so many pictures; `act` may change what the slot aims at before each.
    pub fn run(&mut self, pictures: u64, mut act: impl FnMut(u64, &mut VideoSlot, &mut TestRng)) {
        let mut waiting: Vec<Datagram> = Vec::new();
        for frame in 0..pictures {
            let now = SECOND + frame * FRAME_US;
            act(frame, &mut self.slot, &mut self.random);
            if let Some(wanted) = self.slot.ask(now, 50 * MILLISECOND) {
                let index = wanted.track as usize * LAYERS + usize::from(wanted.layer);
                self.encoders[index].keyframe_at.get_or_insert(now + 60 * MILLISECOND);
            }
            let mut made = Vec::new();
            for (index, encoder) in self.encoders.iter_mut().enumerate() {
                encoder.encode((index, now, frame), self.road.padding, &mut self.random, &mut made);
            }
            for mut datagram in made {
                if self.random.random_bool(self.road.loss) {
                    continue;
                }
                datagram.at += 20 * MILLISECOND + self.random.random_range(0..=self.road.jitter);
                waiting.push(datagram);
            }
            waiting.sort_by_key(|datagram| datagram.at);
            let later = waiting.split_off(waiting.partition_point(|datagram| datagram.at < now + FRAME_US));
            for datagram in std::mem::replace(&mut waiting, later) {
                self.arrive(&datagram);
                if self.random.random_bool(self.road.twice) {
                    self.arrive(&datagram);
                }
            }
            self.ask_again(now + FRAME_US);
        }
    }

    fn arrive(&mut self, datagram: &Datagram) {
        let receiver = &mut self.receivers[datagram.stream];
        let number = receiver.sequence.take(u32::from(datagram.sequence));
        // A slot must do without this, when what was sent again comes after what was late.
        if receiver.history.get(number).is_some() && self.random.random() {
            return;
        }
        let timestamp = receiver.timestamp.take(datagram.timestamp);
        receiver.frames.insert(number, (datagram.frame, datagram.captured));
        // What the history keeps: a byte of the marker stands for the header.
        let mut packet = vec![u8::from(datagram.marker)];
        packet.extend_from_slice(&datagram.payload);
        let keyframe = look(Codec::Vp8, &datagram.payload).keyframe;
        receiver.history.push(&Kept { packet: &packet, number, timestamp, arrival: datagram.at }, keyframe);
        if self.give(datagram.stream, number) {
            let after: Vec<u64> = self.receivers[datagram.stream].history.from(number + 1).map(|kept| kept.number).collect();
            for number in after {
                self.give(datagram.stream, number);
            }
        }
    }

    /// Gives a packet of the history to the slot; tells whether the slot changed to its stream.
    fn give(&mut self, index: usize, number: u64) -> bool {
        let (frame, captured) = self.receivers[index].frames[&number];
        let captured = self.road.reports.then_some(captured);
        let kept = self.receivers[index].history.get(number).unwrap();
        let (marker, payload) = (kept.packet[0] == 1, &kept.packet[1..]);
        let moment = Moment { timestamp: kept.timestamp, arrival: kept.arrival, captured };
        let mut glance = look(Codec::Vp8, payload);
        glance.vp8 = glance.vp8.filter(|_| !self.road.opaque);
        let packet = Incoming { stream: stream(index), number, moment, marker, padding: payload.is_empty(), glance };
        let Some(out) = self.slot.forward(&packet) else { return false };
        let mut written = vec![0; 2_048];
        let length = if out.empty { 0 } else { out.head.write(payload, &mut written).unwrap() };
        written.truncate(length);
        let record = Record::of(&out, packet.stream, number);
        self.sent.push(record, glance.keyframe);
        self.got.push(Got {
            number: out.number,
            timestamp: out.timestamp,
            marker: out.marker,
            payload: written,
            record,
            keyframe: glance.keyframe,
            switched: out.switched,
            frame,
            source: number,
            at: kept.arrival,
        });
        out.switched
    }

    /// A subscriber asks again for something of the last second.
    fn ask_again(&mut self, now: Micros) {
        let recent = self.got.iter().rposition(|got| got.at + SECOND < now).map_or(0, |at| at + 1);
        if recent >= self.got.len() {
            return;
        }
        let got = &self.got[self.random.random_range(recent..self.got.len())];
        let gated = self.got.iter().any(|other| other.keyframe && other.number > got.number);
        match self.sent.again(got.number as u16, now) {
            Ok(record) => {
                assert!(!gated);
                assert_eq!(record, got.record);
                let index = record.stream.track as usize * LAYERS + usize::from(record.stream.layer);
                let kept = self.receivers[index].history.get(record.source).expect("a second of history");
                let mut written = vec![0; 2_048];
                let length = if record.empty { 0 } else { record.head.write(&kept.packet[1..], &mut written).unwrap() };
                assert_eq!(written[..length], got.payload, "the identical payload");
                self.asked_again += 1;
            }
            Err(Withheld::BeforeKeyframe) => assert!(gated),
            Err(why) => assert!(matches!(why, Withheld::TooSoon | Withheld::TooOften), "{why:?}"),
        }
    }

    /// All that went out, in the order of its numbers.
    pub fn ordered(&self) -> Vec<&Got> {
        let mut all: Vec<&Got> = self.got.iter().collect();
        all.sort_by_key(|got| got.number);
        all
    }
}

pub const CLEAN: Road = Road { loss: 0.0, jitter: 0, twice: 0.0, reports: true, opaque: false, padding: 0.0 };

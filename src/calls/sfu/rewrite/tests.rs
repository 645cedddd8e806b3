//! Slots against a publisher behind a bad network: three layers of VP8, loss, disorder, changes of layer, of participant and of
//! frame rate, all from one seed.

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng};

use super::*;
use crate::calls::sfu::codec::vp8::Descriptor;
use crate::calls::sfu::codec::{Codec, look};
use crate::calls::sfu::counter::{Sequence, Timestamp};
use crate::calls::sfu::history::{Capacity, History, Kept};
use crate::calls::sfu::sent::{Record, Sent, Withheld};
use crate::calls::sfu::time::{MILLISECOND, Micros, SECOND, VIDEO_CLOCK, span};

const FRAME_US: Micros = 33_333;
const TRACKS: usize = 2;
const LAYERS: usize = 3;

/// What the network does.
#[derive(Debug, Clone, Copy)]
struct Road {
    loss: f64,
    jitter: Micros,
    twice: f64,
    reports: bool,
    /// Payloads of which nothing but the keyframes is known, as of H.264.
    opaque: bool,
    /// Packets of padding alone.
    padding: f64,
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
struct Got {
    number: u64,
    timestamp: u32,
    marker: bool,
    payload: Vec<u8>,
    record: Record,
    keyframe: bool,
    switched: bool,
    frame: u64,
    source: u64,
    at: Micros,
}

impl Encoder {
    fn new(random: &mut TestRng) -> Self {
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

struct World {
    random: TestRng,
    road: Road,
    encoders: Vec<Encoder>,
    receivers: Vec<Receiver>,
    slot: VideoSlot,
    sent: Sent,
    got: Vec<Got>,
    asked_again: usize,
}

fn stream(index: usize) -> Stream {
    Stream { track: (index / LAYERS) as u32, layer: (index % LAYERS) as u8 }
}

impl World {
    fn new(seed: u64, road: Road) -> Self {
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
    fn run(&mut self, pictures: u64, mut act: impl FnMut(u64, &mut VideoSlot, &mut TestRng)) {
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
    fn ordered(&self) -> Vec<&Got> {
        let mut all: Vec<&Got> = self.got.iter().collect();
        all.sort_by_key(|got| got.number);
        all
    }
}

/// What must hold whatever the network did.
fn check(world: &World) {
    let all = world.ordered();
    for got in &all {
        let out = span(i64::from(got.timestamp.wrapping_sub(all[0].timestamp).cast_signed()), VIDEO_CLOCK);
        let real = got.at.cast_signed() - all[0].at.cast_signed();
        assert!((out - real).abs() < SECOND as i64, "time is off by {} µs", out - real);
    }
    for pair in all.windows(2) {
        let (before, after) = (pair[0], pair[1]);
        assert!(after.number > before.number, "a number goes out once");
        let step = after.timestamp.wrapping_sub(before.timestamp).cast_signed();
        assert!(step >= 0, "time goes back by {step}");
        let same = before.record.stream == after.record.stream && !after.switched;
        if !same {
            assert!(after.switched && after.keyframe, "a change begins with a keyframe");
            assert!(step > 0, "a change begins a picture");
            assert!(after.number - before.number <= 2 || world.road.loss > 0.0 || world.road.jitter > 0);
            assert!(after.number - before.number == 1 || !before.marker || world.road.loss > 0.0 || world.road.jitter > 0);
            continue;
        }
        assert_eq!(step == 0, before.frame == after.frame, "one time for each picture");
        assert!(after.source > before.source);
        if !world.road.opaque {
            pictures(before, after);
        }
    }
}

/// Numbers of pictures go up by one between neighbours, whatever was left out between them.
fn pictures(before: &Got, after: &Got) {
    let (Some(one), Some(two)) = (Descriptor::parse(&before.payload), Descriptor::parse(&after.payload)) else { return };
    let step = two.picture.unwrap().wrapping_sub(one.picture.unwrap()) & 0x7fff;
    if before.frame == after.frame {
        assert_eq!(step, 0);
    } else if after.number == before.number + 1 {
        assert_eq!(step, 1, "pictures {} and {}", before.frame, after.frame);
        assert!(before.marker && two.starts);
    } else {
        assert!((1..0x4000).contains(&step));
    }
}

/// Numbers of VP8 where a slot changes.
fn check_joints(world: &World) {
    let all = world.ordered();
    let mut last: Option<Descriptor> = None;
    for got in all {
        let Some(found) = Descriptor::parse(&got.payload) else { continue };
        if let Some(last) = last.filter(|_| got.switched) {
            assert_eq!(found.picture.unwrap(), (last.picture.unwrap() + 1) & 0x7fff);
            assert_eq!(found.base.unwrap(), last.base.unwrap().wrapping_add(1));
            assert_eq!(found.key.unwrap(), (last.key.unwrap() + 1) & 0x1f);
        }
        last = Some(found);
    }
}

const CLEAN: Road = Road { loss: 0.0, jitter: 0, twice: 0.0, reports: true, opaque: false, padding: 0.0 };

#[test]
fn on_a_clean_road_nothing_is_missing_and_half_the_pictures_can_be_left_out() {
    let mut world = World::new(1, CLEAN);
    world.run(300, |frame, slot, _| {
        slot.aim(Some(stream(if frame < 100 { 0 } else { 2 })));
        slot.want_temporal(if frame < 200 { 2 } else { 0 });
    });
    check(&world);
    check_joints(&world);
    let all = world.ordered();
    assert!(all.windows(2).all(|pair| pair[1].number == pair[0].number + 1), "no hole");
    let frames = |from: u64, to: u64| {
        let mut seen: Vec<u64> = all.iter().map(|got| got.frame).filter(|frame| (from..to).contains(frame)).collect();
        seen.dedup();
        seen.len()
    };
    assert_eq!(frames(120, 200), 80, "every picture");
    assert!((24..=26).contains(&frames(200, 300)), "every fourth picture: {}", frames(200, 300));
    assert_eq!(all.iter().filter(|got| got.switched).count(), 2);
    assert!(world.asked_again > 100);
}

#[test]
fn what_goes_on_now_goes_on_until_the_keyframe_comes() {
    let mut world = World::new(2, CLEAN);
    world.run(60, |frame, slot, _| slot.aim(Some(stream(if frame < 30 { 0 } else { 5 }))));
    let all = world.ordered();
    let change = all.iter().position(|got| got.record.stream == stream(5)).unwrap();
    assert!(all[change].frame > 30);
    assert!(all[change].frame - all[change - 1].frame <= 1, "no picture is missing at the change");
}

#[test]
fn nothing_goes_on_when_nothing_is_wanted() {
    let mut world = World::new(3, CLEAN);
    world.run(60, |frame, slot, _| slot.aim((frame < 30).then(|| stream(1))));
    assert!(world.got.iter().all(|got| got.frame < 30));
    let mut slot = VideoSlot::new(0, 0);
    assert_eq!(slot.ask(5, 0), None);
    slot.aim(Some(stream(1)));
    assert_eq!(slot.ask(5, 0), Some(stream(1)));
    assert_eq!(slot.ask(5 + 199 * MILLISECOND, 0), None);
    assert_eq!(slot.ask(5 + 200 * MILLISECOND, 0), Some(stream(1)));
    assert_eq!(slot.ask_at(2 * SECOND), Some(5 + 1_200 * MILLISECOND));
}

#[test]
fn a_layer_on_the_way_is_taken_but_not_at_the_beginning() {
    let key = look(Codec::Vp8, &[0x90, 0x80, 0x81, 0x23, 0x10, 0, 0]);
    let moment = Moment { timestamp: 0, arrival: 0, captured: None };
    let packet = |index, number| Incoming { stream: stream(index), number, moment, marker: true, padding: false, glance: key };
    let mut slot = VideoSlot::new(0, 0);
    slot.aim(Some(stream(2)));
    assert_eq!(slot.forward(&packet(1, 9)), None);
    slot.aim(Some(stream(0)));
    assert!(slot.forward(&packet(0, 9)).unwrap().switched);
    slot.aim(Some(stream(2)));
    assert_eq!(slot.forward(&packet(4, 9)), None, "of another track");
    assert!(slot.forward(&packet(1, 9)).unwrap().switched);
    assert_eq!((slot.current(), slot.target()), (Some(stream(1)), Some(stream(2))));
    slot.aim(Some(stream(1)));
    assert_eq!(slot.forward(&packet(2, 9)), None, "the change was called off");
}

#[test]
fn a_picture_that_was_cut_off_leaves_one_number_free() {
    let key = look(Codec::Vp8, &[0x90, 0x80, 0x81, 0x23, 0x10, 0, 0]);
    let moment = Moment { timestamp: 0, arrival: 0, captured: None };
    let mut slot = VideoSlot::new(40, 0);
    for (index, marker, number) in [(0, false, 40), (1, true, 42), (2, true, 43)] {
        slot.aim(Some(stream(index)));
        let packet = Incoming { stream: stream(index), number: 9, moment, marker, padding: false, glance: key };
        assert_eq!(slot.forward(&packet).unwrap().number, number);
    }
}

#[test]
fn a_keyframe_that_is_far_behind_is_let_pass_once() {
    let glance = Glance { keyframe: true, ..Glance::default() };
    let packet = |index, taken: u64| {
        let moment = Moment { timestamp: taken * 90, arrival: 500 * MILLISECOND, captured: Some(taken * MILLISECOND) };
        Incoming { stream: stream(index), number: taken, moment, marker: true, padding: false, glance }
    };
    let mut slot = VideoSlot::new(0, 0);
    slot.aim(Some(stream(0)));
    assert!(slot.forward(&packet(0, 400)).is_some());
    slot.aim(Some(stream(1)));
    assert_eq!(slot.ask(0, 0), Some(stream(1)));
    assert_eq!(slot.forward(&packet(1, 324)), None, "76 ms");
    assert_eq!(slot.ask(0, 0), Some(stream(1)), "another is asked for at once");
    assert_eq!(slot.forward(&packet(1, 324)).unwrap().timestamp, 2_970, "the second time it must do");
    slot.aim(Some(stream(2)));
    assert!(slot.forward(&packet(2, 260)).is_some(), "64 ms");
    slot.aim(Some(stream(4)));
    assert!(slot.forward(&packet(4, 100)).is_some(), "of another track it is taken as it is");
}

/// A slot that leaves out the upper temporal layer, and packets for it: number, picture, first of it, temporal layer.
fn sparse() -> (VideoSlot, impl Fn(u64, u8, bool, u8) -> Incoming) {
    let moment = Moment { timestamp: 0, arrival: 0, captured: None };
    let packet = move |number, picture, first: bool, layer: u8| {
        let payload = [if first { 0x90 } else { 0x80 }, 0xa0, 0x80, picture, layer << 6, u8::from(picture > 0)];
        let glance = look(Codec::Vp8, &payload);
        Incoming { stream: stream(0), number, moment, marker: false, padding: false, glance }
    };
    let mut slot = VideoSlot::new(40, 0);
    slot.aim(Some(stream(0)));
    slot.want_temporal(0);
    assert_eq!(slot.forward(&packet(9, 0, true, 0)).unwrap().number, 40);
    assert_eq!(slot.forward(&packet(10, 1, true, 2)), None);
    (slot, packet)
}

#[test]
fn what_is_missing_inside_of_a_picture_that_is_left_out_leaves_no_hole() {
    let (mut slot, packet) = sparse();
    assert_eq!(slot.forward(&packet(12, 1, false, 2)), None);
    assert_eq!(slot.forward(&packet(13, 2, true, 0)).unwrap().number, 41);
    assert_eq!(slot.forward(&packet(11, 1, false, 2)), None);
}

#[test]
fn a_picture_that_comes_late_as_a_whole_has_its_place() {
    let (mut slot, packet) = sparse();
    assert_eq!(slot.forward(&packet(12, 3, true, 0)).unwrap().number, 42);
    let late = slot.forward(&packet(11, 2, true, 2)).unwrap();
    assert_eq!((late.number, late.empty), (41, false));
    assert_eq!(Descriptor::parse(&[&late.head.bytes[..], &[0]].concat()).unwrap().picture, Some(1));
}

#[test]
fn more_pictures_a_second_begin_with_one_that_needs_only_the_lowest_layer() {
    let (mut slot, packet) = sparse();
    slot.want_temporal(2);
    assert_eq!(slot.forward(&packet(11, 2, true, 2)), None);
    let mut sync = packet(12, 3, true, 2);
    sync.glance.vp8.as_mut().unwrap().temporal = Some((2, true));
    assert_eq!(slot.forward(&sync).unwrap().number, 41);
    assert_eq!(slot.forward(&packet(13, 4, true, 2)).unwrap().number, 42);
}

#[test]
fn a_late_packet_of_a_picture_that_was_left_out_fills_its_number() {
    let (mut slot, packet) = sparse();
    assert_eq!(slot.forward(&packet(12, 2, true, 0)).unwrap().number, 42);
    let late = slot.forward(&packet(11, 1, false, 2)).unwrap();
    assert_eq!((late.number, late.empty), (41, true));
}

#[test]
fn padding_takes_no_number_unless_one_was_kept_for_it() {
    let mut slot = VideoSlot::new(40, 0);
    slot.aim(Some(stream(0)));
    let moment = Moment { timestamp: 0, arrival: 0, captured: None };
    let glance = Glance { keyframe: true, ..Glance::default() };
    let packet = |number, padding| Incoming { stream: stream(0), number, moment, marker: false, padding, glance };
    assert_eq!(slot.forward(&packet(9, false)).unwrap().number, 40);
    assert_eq!(slot.forward(&packet(10, true)), None);
    assert_eq!(slot.forward(&packet(11, false)).unwrap().number, 41);
    assert_eq!(slot.forward(&packet(13, false)).unwrap().number, 43);
    let late = slot.forward(&packet(12, true)).unwrap();
    assert_eq!((late.number, late.empty), (42, true));
}

#[test]
fn a_voice_begins_where_the_other_ended() {
    let mut slot = AudioSlot::new(5, 100);
    let packet = |track, number: u64, arrival_ms: u64| {
        let moment = Moment { timestamp: number * 960, arrival: arrival_ms * MILLISECOND, captured: None };
        Incoming { stream: Stream { track, layer: 0 }, number, moment, marker: false, padding: false, glance: Glance::default() }
    };
    let mut give = |track, number, at| slot.forward(&packet(track, number, at)).map(|out| (out.number, out.timestamp, out.marker));
    assert_eq!(give(1, 70, 1_000), Some((5, 100, true)));
    assert_eq!(give(1, 72, 1_040), Some((7, 100 + 2 * 960, false)));
    assert_eq!(give(1, 71, 1_045), Some((6, 100 + 960, false)));
    assert_eq!(give(1, 71, 1_046), None, "came twice");
    assert_eq!(give(2, 9_000, 1_140), Some((8, 100 + 2 * 960 + 4_800, true)));
    assert_eq!(give(2, 8_999, 1_150), None, "from before the beginning");
    slot.release();
    let out = slot.forward(&packet(2, 9_050, 6_140)).unwrap();
    assert_eq!((out.number, out.timestamp, out.marker), (9, 100 + 2 * 960 + 4_800 + 240_000, true));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn whatever_the_road_does_a_receiver_can_follow(
        seed: u64, loss in prop_oneof![Just(0.0), 0.0..0.2_f64], jitter in prop_oneof![Just(0), 0..80_000_u64],
        twice in 0.0..0.1_f64, padding in prop_oneof![Just(0.0), 0.0..0.5_f64], reports: bool, opaque: bool
    ) {
        let mut world = World::new(seed, Road { loss, jitter, twice, reports, opaque, padding });
        world.run(240, |_, slot, random| {
            if random.random_bool(0.06) {
                slot.aim(random.random_bool(0.9).then(|| stream(random.random_range(0..TRACKS * LAYERS))));
            }
            if random.random_bool(0.05) {
                slot.want_temporal(random.random_range(0..4));
            }
            if random.random_bool(0.01) {
                slot.cut();
            }
        });
        check(&world);
        if loss == 0.0 && jitter == 0 && !opaque {
            check_joints(&world);
        }
    }

    #[test]
    fn voices_that_change_places_make_one_stream(
        seed: u64, loss in 0.0..0.2_f64, jitter in 0..60_000_u64, starts in prop::collection::vec((any::<u32>(), 70_000_u64..80_000), 3)
    ) {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let mut random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let mut road = Vec::new();
        let mut heard = 0;
        for packet in 0..600_u64 {
            let now = SECOND + packet * 20 * MILLISECOND;
            if random.random_bool(0.05) {
                heard = random.random_range(0..3_usize);
            }
            if !random.random_bool(loss) {
                let (timestamp, number) = starts[heard];
                let arrival = now + random.random_range(0..=jitter);
                let moment = Moment { timestamp: (1 << 32) + u64::from(timestamp) + packet * 960, arrival, captured: None };
                let stream = Stream { track: heard as u32, layer: 0 };
                road.push(Incoming { stream, number: number + packet, moment, marker: false, padding: false, glance: Glance::default() });
            }
        }
        road.sort_by_key(|packet| packet.moment.arrival);
        let mut slot = AudioSlot::new(0, 0);
        let mut out: Vec<(Outgoing, Incoming)> =
            road.iter().filter_map(|packet| slot.forward(packet).map(|out| (out, *packet))).collect();
        out.sort_by_key(|(out, _)| out.number);
        for pair in out.windows(2) {
            let ((one, first), (two, second)) = (pair[0], pair[1]);
            let step = two.timestamp.wrapping_sub(one.timestamp).cast_signed();
            prop_assert!(two.number > one.number && step > 0);
            if first.stream != second.stream {
                prop_assert!(two.marker && two.switched && two.number == one.number + 1);
            }
            if !two.switched {
                prop_assert_eq!(two.number - one.number, second.number - first.number);
                prop_assert_eq!(step as u64, second.moment.timestamp - first.moment.timestamp);
            }
        }
    }
}

//! Slots of pictures, one behaviour each: changes, temporal layers, numbers that are left free, padding.

use super::super::*;
use super::oracle::{check, check_joints};
use super::world::{CLEAN, World, stream};
use crate::calls::sfu::codec::vp8::Descriptor;
use crate::calls::sfu::codec::{Codec, look};
use crate::calls::sfu::time::{MILLISECOND, SECOND};

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

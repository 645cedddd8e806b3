//! What is told is what happened, whatever was lost and however the numbers wrap.

use proptest::prelude::*;

use super::*;
use crate::calls::sfu::packet::rtcp::{Part, parts};
use crate::calls::sfu::packet::tests::fuzz;
use crate::calls::sfu::time::SECOND;

/// All feedback that is waiting, as the other side reads it.
fn tell(arrivals: &mut Arrivals, out: &mut [u8]) -> Vec<(u16, Option<i64>)> {
    let mut told = Vec::new();
    while let Some(end) = arrivals.feedback(out, 0, 1, 2) {
        assert_eq!(end % 4, 0);
        for part in parts(&out[..end]).unwrap() {
            let Part::Arrivals(body) = part else { panic!("{part:?}") };
            told.extend(Feedback::parse(body).unwrap().statuses());
        }
    }
    assert!(!arrivals.waiting());
    told
}

#[test]
fn a_late_packet_is_told_of_with_those_after_it() {
    let mut arrivals = Arrivals::default();
    for (sequence, at) in [(65_534, 1_000), (65_535, 2_000), (1, 4_000)] {
        arrivals.came(sequence, at);
    }
    let first = tell(&mut arrivals, &mut [0; 200]);
    assert_eq!(first, [(65_534, Some(1_000)), (65_535, Some(2_000)), (0, None), (1, Some(4_000))]);
    arrivals.came(0, 9_000);
    assert_eq!(tell(&mut arrivals, &mut [0; 200]), [(0, Some(9_000)), (1, Some(4_000))]);
    assert_eq!(tell(&mut arrivals, &mut [0; 200]), []);
}

#[test]
fn a_silence_longer_than_a_delta_begins_another_feedback() {
    let mut arrivals = Arrivals::default();
    arrivals.came(5, 0);
    arrivals.came(6, 20 * SECOND);
    let mut out = [0; 200];
    let end = arrivals.feedback(&mut out, 0, 1, 2).unwrap();
    assert!(arrivals.waiting());
    assert!(end < 40);
    assert_eq!(tell(&mut arrivals, &mut out), [(6, Some(20_000_000))]);
}

#[test]
fn no_room_is_no_feedback() {
    let mut arrivals = Arrivals::default();
    arrivals.came(5, 0);
    assert_eq!(arrivals.feedback(&mut [0; 20], 0, 1, 2), None);
    assert!(arrivals.waiting());
}

#[test]
fn what_was_sent_learns_of_its_arrival_once() {
    let mut departures = Departures::new(64);
    let numbers: Vec<u16> = (0..10).map(|number| departures.sent(1_200, number * 1_000)).collect();
    let mut arrivals = Arrivals::default();
    for number in [0, 1, 3, 9] {
        arrivals.came(numbers[number], 50_000 + number as u64 * 1_000);
    }
    let mut out = [0; 200];
    let end = arrivals.feedback(&mut out, 0, 1, 2).unwrap();
    let feedback = Feedback::parse(&out[12..end]).unwrap();
    assert_eq!(departures.told(&feedback), Told { arrived: 4, missing: 6 });
    assert_eq!(departures.told(&feedback), Told { arrived: 0, missing: 6 });
    let first = departures.next() - 10;
    assert_eq!(departures.get(first + 3).unwrap().arrived, Some(53_000));
    assert_eq!(departures.get(first + 2).unwrap().arrived, None);
    assert_eq!(departures.get(departures.next()), None);
}

#[test]
fn more_statuses_than_the_limit_are_refused() {
    let body = |count: u16| [&[0, 0][..], &count.to_be_bytes(), &[0, 0, 0, 0], &(count & 0x1fff).to_be_bytes()].concat();
    assert!(Feedback::parse(&body(MAX_STATUSES as u16)).is_some());
    assert!(Feedback::parse(&body(MAX_STATUSES as u16 + 1)).is_none());
}

#[test]
fn no_bytes_make_the_reader_panic() {
    let mut arrivals = Arrivals::default();
    for number in 0..100 {
        if number % 3 > 0 {
            arrivals.came(number, u64::from(number) * 7_000);
        }
    }
    let mut out = [0; 400];
    let end = arrivals.feedback(&mut out, 0, 1, 2).unwrap();
    let mut departures = Departures::new(16);
    departures.sent(1, 1);
    let mut read = 0;
    fuzz(&[out[12..end].to_vec()], |bytes| {
        if let Some(feedback) = Feedback::parse(bytes) {
            departures.told(&feedback);
            read += 1;
        }
    });
    assert!(read > 1_000, "{read}");
}

proptest! {
    #[test]
    fn every_arrival_is_told_to_the_quarter_of_a_millisecond(
        start: u16, room in 60_usize..1_200,
        steps in prop::collection::vec((1_u16..4, prop_oneof![0_u64..5_000, 0_u64..100_000, Just(9_000_000)]), 1..900)
    ) {
        let mut arrivals = Arrivals::default();
        let mut expected = Vec::new();
        let (mut sequence, mut now) = (start, 1_000_000);
        for (step, pause) in steps {
            sequence = sequence.wrapping_add(step);
            now += pause;
            arrivals.came(sequence, now);
            expected.push((sequence, (now / UNIT * UNIT) as i64));
        }
        let told = tell(&mut arrivals, &mut vec![0; room]);
        let arrived: Vec<(u16, i64)> = told.iter().filter_map(|(sequence, at)| at.map(|at| (*sequence, at))).collect();
        let newest = expected.len();
        let kept = &expected[newest - arrived.len()..];
        prop_assert_eq!(arrived.as_slice(), kept);
        let span = sequence.wrapping_sub(expected[0].0);
        prop_assert!(usize::from(span) >= arrivals::ROOM || arrived.len() == newest);
    }
}

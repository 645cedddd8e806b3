//! Slots of voices: one stream, whoever is heard in it.

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng};

use super::super::*;
use crate::calls::sfu::time::{MILLISECOND, SECOND};

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

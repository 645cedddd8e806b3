//! Whatever the network does, a receiver can follow: loss, disorder, changes of layer, of participant and of frame rate, from one seed.

use proptest::prelude::*;

use super::oracle::{check, check_joints};
use super::world::{LAYERS, Road, TRACKS, World, stream};

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
}

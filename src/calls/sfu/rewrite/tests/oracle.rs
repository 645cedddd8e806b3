//! What must hold of all that a slot let out, whatever the network did.

use super::world::{Got, World};
use crate::calls::sfu::codec::vp8::Descriptor;
use crate::calls::sfu::time::{SECOND, VIDEO_CLOCK, span};

/// What must hold whatever the network did.
pub fn check(world: &World) {
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
        let is_clean = world.road.loss == 0.0 && world.road.jitter == 0;
        let same = before.record.stream == after.record.stream && !after.switched;
        assert!(!same || !is_clean || after.number == before.number + 1, "nothing was lost, and {} is missing", before.number + 1);
        if !same {
            assert!(after.switched && after.keyframe, "a change begins with a keyframe");
            assert!(step > 0, "a change begins a picture");
            assert!(after.number - before.number <= 2 || !is_clean);
            assert!(after.number - before.number == 1 || !before.marker || !is_clean);
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
pub fn check_joints(world: &World) {
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

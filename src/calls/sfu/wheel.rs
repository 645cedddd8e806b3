//! Timers of one media thread: a wheel of short steps, so that setting and firing cost the same however many there are.

use super::door::Micros;

/// How fine it is: a timer fires at most this much late, and never early.
pub const STEP: Micros = 5_000;
const STEPS: usize = 512;
/// Timers of one step for which there is room at once. A step that was fuller keeps its room.
const ROOM: usize = 16;

/// Things to be done later.
#[derive(Debug)]
pub struct Wheel<T> {
    steps: Vec<Vec<(Micros, T)>>,
    /// Steps that have been gone through.
    done: u64,
}

impl<T> Wheel<T> {
    /// An empty wheel that stands at `now`.
    #[must_use]
    pub fn new(now: Micros) -> Self {
        Self { steps: (0..STEPS).map(|_| Vec::with_capacity(ROOM)).collect(), done: now / STEP }
    }

    /// Gives back the room of steps that were once fuller.
    pub fn rest(&mut self) {
        self.steps.iter_mut().for_each(|step| step.shrink_to(ROOM));
    }

    /// Does `item` at `at`, or with the next step if that is past. Longer than a turn of the wheel is no matter.
    pub fn set(&mut self, at: Micros, item: T) {
        let step = at.div_ceil(STEP).max(self.done + 1);
        self.steps[(step % STEPS as u64) as usize].push((step * STEP, item));
    }

    /// Moves what is due at `now` into `due`, in no particular order within a step.
    pub fn turn(&mut self, now: Micros, due: &mut Vec<T>) {
        let until = now / STEP;
        let last = until.min(self.done + STEPS as u64);
        for step in self.done + 1..=last {
            due.extend(self.steps[(step % STEPS as u64) as usize].extract_if(.., |(at, _)| *at <= now).map(|(_, item)| item));
        }
        self.done = until.max(self.done);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn each_fires_once_never_early_and_at_most_a_step_late(
            timers in prop::collection::vec(0_u64..10_000_000, 1..50),
            strides in prop::collection::vec(1_u64..4_000_000, 1..200),
        ) {
            let mut wheel = Wheel::new(0);
            timers.iter().for_each(|at| wheel.set(*at, *at));
            let (mut now, mut before, mut fired) = (0, 0, Vec::new());
            for stride in strides {
                now += stride;
                let mut due = Vec::new();
                wheel.turn(now, &mut due);
                for at in due {
                    prop_assert!(at <= now, "early");
                    prop_assert!(at + 2 * STEP > before || at == 0, "late: {at} at {now} after {before}");
                    fired.push(at);
                }
                before = now;
            }
            let mut expected: Vec<_> = timers.into_iter().filter(|at| at.div_ceil(STEP).max(1) * STEP <= now).collect();
            expected.sort_unstable();
            fired.sort_unstable();
            prop_assert_eq!(fired, expected);
        }
    }
}

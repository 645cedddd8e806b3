//! Which packets of a publisher are missing, when to ask for them again, and when only a keyframe helps.

use super::time::{MILLISECOND, Micros, SECOND};

/// A gap is let be for this long, since most of what is missing only comes late.
pub const WAIT: Micros = 10 * MILLISECOND;
/// A packet that this many others have overtaken is asked for at once.
pub const OVERTAKEN: u64 = 3;
/// A packet is asked for this many times.
pub const MAX_TIMES: u8 = 6;
/// A packet that has been missing for longer is of no use.
pub const MAX_AGE: Micros = SECOND;
/// Missing packets that are remembered; more of them are hopeless.
pub const MAX_MISSING: usize = 256;
/// Asked again after one and a half round trips, but neither sooner nor later than this.
const SOONEST: Micros = 20 * MILLISECOND;
const LATEST: Micros = 250 * MILLISECOND;

#[derive(Debug, Clone, Copy)]
struct Missing {
    number: u64,
    since: Micros,
    asked: Micros,
    times: u8,
}

/// What is missing of one stream. All room is taken at once.
#[derive(Debug, Clone)]
pub struct Gaps {
    /// In rising order of numbers.
    missing: Vec<Missing>,
    newest: Option<u64>,
    hopeless: bool,
    asked: u64,
}

impl Default for Gaps {
    fn default() -> Self {
        Self { missing: Vec::with_capacity(MAX_MISSING), newest: None, hopeless: false, asked: 0 }
    }
}

impl Gaps {
    /// A packet came, by itself or sent again. What is missing before a keyframe is no longer wanted.
    pub fn came(&mut self, number: u64, keyframe: bool, now: Micros) {
        let newest = *self.newest.get_or_insert(number);
        if number <= newest {
            if let Ok(at) = self.missing.binary_search_by_key(&number, |missing| missing.number) {
                self.missing.remove(at);
            }
        } else {
            self.open(newest + 1, number, keyframe, now);
            self.newest = Some(number);
        }
        if keyframe {
            self.missing.retain(|missing| missing.number > number);
            self.hopeless = false;
        }
    }

    fn open(&mut self, from: u64, to: u64, keyframe: bool, now: Micros) {
        if keyframe {
            return;
        }
        if (to - from) as usize > MAX_MISSING - self.missing.len() {
            self.give_up();
            return;
        }
        self.missing.extend((from..to).map(|number| Missing { number, since: now, asked: 0, times: 0 }));
    }

    /// Fills `out` with the numbers to ask for now, in rising order, and counts them as asked. Those for which there is no room
    /// come with the next call. A packet that is too old, or was asked for often enough, is given up, and with it all hope.
    pub fn due<'a>(&mut self, now: Micros, round_trip: Micros, out: &'a mut [u16]) -> &'a [u16] {
        let again = again(round_trip);
        let newest = self.newest.unwrap_or(0);
        let mut count = 0;
        let mut lost = false;
        for missing in &mut self.missing {
            if now >= missing.since + MAX_AGE || missing.times >= MAX_TIMES && now >= missing.asked + again {
                lost = true;
                break;
            }
            let due = if missing.times > 0 { now >= missing.asked + again } else { ready(missing, newest, now) };
            if due && count < out.len() {
                out[count] = missing.number as u16;
                missing.asked = now;
                missing.times += 1;
                count += 1;
            }
        }
        if lost {
            self.give_up();
            count = 0;
        }
        self.asked += count as u64;
        &out[..count]
    }

    /// When [`Self::due`] is to be called next; `None` while nothing is missing.
    #[must_use]
    #[cfg(test)]
    pub fn due_at(&self, round_trip: Micros) -> Option<Micros> {
        let newest = self.newest.unwrap_or(0);
        let at = |missing: &Missing| match missing.times {
            0 if newest - missing.number >= OVERTAKEN => 0,
            0 => missing.since + WAIT,
            _ => missing.asked + again(round_trip),
        };
        self.missing.iter().map(at).min()
    }

    /// Whether only a keyframe helps. Told once.
    pub fn take_hopeless(&mut self) -> bool {
        std::mem::take(&mut self.hopeless)
    }

    /// Packets that are missing now.
    #[must_use]
    #[cfg(test)]
    pub fn missing(&self) -> usize {
        self.missing.len()
    }

    /// Packets asked for since the beginning, each time counted.
    #[must_use]
    pub fn asked(&self) -> u64 {
        self.asked
    }

    fn give_up(&mut self) {
        self.missing.clear();
        self.hopeless = true;
    }
}

fn again(round_trip: Micros) -> Micros {
    (round_trip + round_trip / 2).clamp(SOONEST, LATEST)
}

fn ready(missing: &Missing, newest: u64, now: Micros) -> bool {
    now >= missing.since + WAIT || newest - missing.number >= OVERTAKEN
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUND: Micros = 40 * MILLISECOND;

    fn due(gaps: &mut Gaps, now: Micros) -> Vec<u16> {
        gaps.due(now, ROUND, &mut [0; 64]).to_vec()
    }

    #[test]
    fn a_gap_is_asked_for_after_a_short_wait_and_again_after_a_round_trip() {
        let mut gaps = Gaps::default();
        gaps.came(65_535, false, 0);
        gaps.came(65_538, false, 1_000);
        assert_eq!(gaps.due_at(ROUND), Some(1_000 + WAIT));
        assert_eq!(due(&mut gaps, 1_000 + WAIT - 1), [0_u16; 0]);
        assert_eq!(due(&mut gaps, 1_000 + WAIT), [0, 1]);
        let asked = 1_000 + WAIT;
        assert_eq!(gaps.due_at(ROUND), Some(asked + 60 * MILLISECOND));
        assert_eq!(due(&mut gaps, asked + 60 * MILLISECOND - 1), [0_u16; 0]);
        gaps.came(65_536, false, asked + 50 * MILLISECOND);
        assert_eq!(due(&mut gaps, asked + 60 * MILLISECOND), [1]);
        gaps.came(65_537, false, asked + 70 * MILLISECOND);
        assert_eq!((gaps.due_at(ROUND), gaps.asked()), (None, 3));
        assert!(!gaps.take_hopeless());
    }

    #[test]
    fn what_was_overtaken_by_three_is_asked_for_at_once_and_what_is_only_late_never() {
        let mut gaps = Gaps::default();
        gaps.came(1, false, 0);
        gaps.came(3, false, 0);
        gaps.came(2, false, WAIT - 1);
        assert_eq!(due(&mut gaps, WAIT), [0_u16; 0]);
        gaps.came(5, false, WAIT);
        gaps.came(6, false, WAIT);
        assert_eq!(due(&mut gaps, WAIT), [0_u16; 0]);
        gaps.came(7, false, WAIT);
        assert_eq!(due(&mut gaps, WAIT), [4]);
    }

    #[test]
    fn what_does_not_come_after_all_is_hopeless() {
        let mut gaps = Gaps::default();
        gaps.came(1, false, 0);
        gaps.came(3, false, 0);
        let mut times = 0;
        let mut now = 0;
        while let Some(at) = gaps.due_at(ROUND) {
            now = at;
            times += due(&mut gaps, now).len();
        }
        assert_eq!(times, usize::from(MAX_TIMES));
        assert!(now <= MAX_AGE);
        assert!(gaps.take_hopeless());
        assert!(!gaps.take_hopeless(), "told once");
    }

    #[test]
    fn too_many_at_once_are_hopeless_and_a_keyframe_forgives_all() {
        let mut gaps = Gaps::default();
        gaps.came(1, false, 0);
        gaps.came(2 + MAX_MISSING as u64, false, 0);
        assert_eq!((gaps.missing(), gaps.take_hopeless()), (MAX_MISSING, false));
        gaps.came(4 + MAX_MISSING as u64, false, 0);
        assert_eq!((gaps.missing(), gaps.take_hopeless()), (0, true));
        gaps.came(10 + MAX_MISSING as u64, false, 0);
        gaps.came(20 + MAX_MISSING as u64, true, 0);
        assert_eq!(gaps.missing(), 0);
        assert_eq!(due(&mut gaps, SECOND / 2), [0_u16; 0]);
    }

    #[test]
    fn what_finds_no_room_comes_with_the_next_call() {
        let mut gaps = Gaps::default();
        gaps.came(1, false, 0);
        gaps.came(6, false, 0);
        assert_eq!(gaps.due(WAIT, ROUND, &mut [0; 3]), [2, 3, 4]);
        assert_eq!(gaps.due(WAIT, ROUND, &mut [0; 3]), [5]);
        assert_eq!(gaps.due(WAIT, ROUND, &mut [0; 3]), [0_u16; 0]);
    }
}

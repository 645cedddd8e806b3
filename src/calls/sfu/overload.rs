//! What a media thread does without while it has more work than its core gives it time for: first newcomers, then large pictures, then faces, never voices.

use super::assignment::Wanted;
use super::door::Source;
use super::layers::LEAST;
use super::time::{Micros, SECOND};

/// From this share of its time on, thousandths, something is given up.
const TOO_MUCH: u64 = 850;
/// Below this share, something is taken up again.
const ENOUGH: u64 = 650;
/// Between two things that are given up: what the last one brought has to be seen first.
const WORSE_AFTER: Micros = 2 * SECOND;
/// Between two that are taken up again.
const BETTER_AFTER: Micros = 10 * SECOND;

/// What is done without. Each includes those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Without {
    /// Nothing.
    #[default]
    Nothing,
    /// Nobody new comes into a call.
    Newcomers,
    /// Cameras come in their smallest layer.
    LargePictures,
    /// Cameras are not shown, and a screen comes in the layer with the fewest pictures a second.
    Faces,
}

impl Without {
    const ALL: [Self; 4] = [Self::Nothing, Self::Newcomers, Self::LargePictures, Self::Faces];

    /// Takes out of what a viewer wants what there is no time for.
    pub fn spare(self, wanted: &mut Vec<Wanted>, source_of: impl Fn(usize) -> Option<Source>) {
        if self < Self::LargePictures {
            return;
        }
        let is_camera = |wanted: &Wanted| source_of(wanted.publication) == Some(Source::Camera);
        if self == Self::Faces {
            wanted.retain(|wanted| !is_camera(wanted));
        }
        for wanted in wanted.iter_mut() {
            if self == Self::Faces || is_camera(wanted) {
                wanted.height = LEAST;
            }
        }
    }
}

/// How a thread stands to its work.
#[derive(Clone, Copy, Debug, Default)]
pub struct Overload {
    without: Without,
    changed: Micros,
}

impl Overload {
    /// What is done without now.
    #[must_use]
    pub const fn without(&self) -> Without {
        self.without
    }

    /// The thread was at work for so much of its last second, thousandths; whether anything changes by that.
    pub fn told(&mut self, busy: u64, now: Micros) -> bool {
        let step = Without::ALL.iter().position(|each| *each == self.without).unwrap_or(0);
        let since = now.saturating_sub(self.changed);
        let next = if busy >= TOO_MUCH && since >= WORSE_AFTER {
            Without::ALL.get(step + 1)
        } else if busy < ENOUGH && since >= BETTER_AFTER {
            step.checked_sub(1).and_then(|step| Without::ALL.get(step))
        } else {
            None
        };
        let Some(next) = next else { return false };
        (self.without, self.changed) = (*next, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is done without after each second of these loads.
    fn through(loads: &[u64]) -> Vec<Without> {
        let mut overload = Overload { changed: 0, ..Overload::default() };
        let told = |(second, busy): (usize, &u64)| {
            overload.told(*busy, (second as Micros + 10) * SECOND);
            overload.without()
        };
        loads.iter().enumerate().map(told).collect()
    }

    #[test]
    fn newcomers_go_first_then_large_pictures_then_faces_and_they_come_back_in_turn() {
        use Without::{Faces, LargePictures, Newcomers, Nothing};
        assert_eq!(through(&[849, 849]), [Nothing, Nothing]);
        assert_eq!(
            through(&[850, 900, 900, 900, 900, 990, 990, 990]),
            [Newcomers, Newcomers, LargePictures, LargePictures, Faces, Faces, Faces, Faces]
        );
        let mut loads = vec![900, 900, 900];
        loads.extend([700; 30]);
        assert_eq!(through(&loads).last(), Some(&LargePictures), "between the two marks it stays as it is");
        let mut loads = vec![900, 900, 900];
        loads.extend([300; 10]);
        assert_eq!(through(&loads).last(), Some(&Newcomers));
        loads.extend([300; 10]);
        assert_eq!(through(&loads).last(), Some(&Nothing));
    }

    #[test]
    fn voices_are_never_spared_and_a_screen_last() {
        let sources = [Source::Screen, Source::Camera, Source::Camera];
        let spared = |without: Without| {
            let mut wanted: Vec<Wanted> = (0..3).map(|publication| Wanted { publication, height: 720 }).collect();
            without.spare(&mut wanted, |at| sources.get(at).copied());
            wanted.into_iter().map(|wanted| (wanted.publication, wanted.height)).collect::<Vec<_>>()
        };
        assert_eq!(spared(Without::Newcomers), [(0, 720), (1, 720), (2, 720)]);
        assert_eq!(spared(Without::LargePictures), [(0, 720), (1, LEAST), (2, LEAST)]);
        assert_eq!(spared(Without::Faces), [(0, LEAST)]);
    }
}

//! When a publisher is asked for a keyframe: many viewers may want one, each costs its sender and everyone's road dear.

use super::time::{MILLISECOND, Micros};

/// The least time between two requests for the smallest layer.
pub const LOW: Micros = 500 * MILLISECOND;
/// The same for the larger ones, whose keyframes are larger.
pub const HIGH: Micros = 1_000 * MILLISECOND;

/// Requests for keyframes of one layer.
#[derive(Debug, Clone, Copy)]
pub struct Keyframes {
    pause: Micros,
    last: Option<Micros>,
    /// Somebody asked during the pause.
    waiting: bool,
    sent: u64,
}

impl Keyframes {
    /// Of a layer, 0 for the smallest picture.
    #[must_use]
    pub fn of_layer(layer: u8) -> Self {
        Self { pause: if layer == 0 { LOW } else { HIGH }, last: None, waiting: false, sent: 0 }
    }

    /// Somebody needs a keyframe. Whether to ask the publisher now; if not, the request waits until [`Self::due_at`].
    pub fn want(&mut self, now: Micros) -> bool {
        self.waiting = true;
        self.due(now)
    }

    /// Whether a request that waited goes out now.
    pub fn due(&mut self, now: Micros) -> bool {
        if self.due_at().is_none_or(|at| now < at) {
            return false;
        }
        self.waiting = false;
        self.last = Some(now);
        self.sent += 1;
        true
    }

    /// When the request that waits goes out; 0 is at once.
    #[must_use]
    pub fn due_at(&self) -> Option<Micros> {
        self.waiting.then(|| self.last.map_or(0, |last| last + self.pause))
    }

    /// A keyframe came: everybody who waited has it.
    pub fn came(&mut self) {
        self.waiting = false;
    }

    /// Requests that went out.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.sent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_hundred_wishes_in_a_second_are_two_or_three_requests() {
        let mut low = Keyframes::of_layer(0);
        let mut high = Keyframes::of_layer(2);
        for wish in 0..200 {
            low.want(wish * 5 * MILLISECOND);
            high.want(wish * 5 * MILLISECOND);
        }
        assert_eq!((low.sent(), high.sent()), (2, 1));
        assert!(low.due(1_000 * MILLISECOND) && high.due(1_000 * MILLISECOND), "the last wish is remembered");
        assert_eq!((low.due_at(), high.due_at()), (None, None));
    }

    #[test]
    fn a_keyframe_fulfils_the_wish_that_waits() {
        let mut keyframes = Keyframes::of_layer(1);
        assert!(keyframes.want(5));
        assert!(!keyframes.want(6));
        assert_eq!(keyframes.due_at(), Some(5 + HIGH));
        keyframes.came();
        assert!(!keyframes.due(5 + HIGH));
        assert!(keyframes.want(6 + HIGH));
    }
}

//! Time as a value: wall-clock milliseconds that tests can hold still.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970, UTC. Order never rests on it: logs are ordered by `seq`.
pub type Millis = i64;

/// Where the program reads the time of day.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Shifted(i64),
    Held(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that begins at `start` and then runs like the machine's.
    #[must_use]
    pub fn from(start: Millis) -> Self {
        Self(Source::Shifted(start - Self::system().now()))
    }

    /// A clock that stands at `now` until the returned handle is changed.
    #[must_use]
    pub fn held(now: Millis) -> (Self, Arc<AtomicI64>) {
        let hand = Arc::new(AtomicI64::new(now));
        (Self(Source::Held(Arc::clone(&hand))), hand)
    }

    /// The time now, in milliseconds since 1970.
    #[must_use]
    pub fn now(&self) -> Millis {
        match &self.0 {
            Source::System => machine_now(),
            Source::Shifted(by) => machine_now() + by,
            Source::Held(hand) => hand.load(Ordering::Relaxed),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
fn machine_now() -> Millis {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

//! What the allocator holds for a thread: given back when the thread comes to rest after much work.
//!
//! mimalloc gives every thread pages of its own. What other threads free of them, and what it keeps in reserve, it looks through as the thread
//! allocates; of a thread that has nothing more to do it holds all of that for ever, and after a crowd has gone that is many times what is in use.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// Allocations after which all that a thread holds has been looked through. Of those that miss its fast path mimalloc counts every one: with each 1,000
/// it ages the empty pages that it keeps in reserve, which it gives up at an age of 16, and with each 10,000 it collects what others freed.
const ALLOCATIONS: usize = 20_000;
/// Bytes of each: past the fast path.
const BYTES: usize = 2_048;

/// Over how long a thread is watched for rest.
pub const WINDOW: Duration = Duration::from_secs(3);
/// Fewer things to do than this in a window are rest.
const CALM: u64 = 100;
/// Worth it after so many.
const MUCH: u64 = 1_000;
/// Once for what the thread itself let go of; once more when others have done the same; and a last time, since pages that were given up go back
/// to the system at the earliest a second later, and not before some thread looks.
pub const TIMES: u8 = 3;

/// Has the allocator give back what this thread no longer needs. Takes about a millisecond.
#[inline(never)]
pub fn settle() {
    for _ in 0..ALLOCATIONS {
        drop(black_box(Vec::<u8>::with_capacity(black_box(BYTES))));
    }
}

/// Watches a thread for rest after much work.
#[derive(Debug)]
pub struct Rest {
    since: Instant,
    /// In this window.
    recent: u64,
    /// Since it settled.
    work: u64,
    times: u8,
}

impl Rest {
    /// A thread that begins.
    #[must_use]
    pub const fn new(now: Instant) -> Self {
        Self { since: now, recent: 0, work: 0, times: 0 }
    }

    /// There was something to do.
    pub const fn worked(&mut self) {
        self.recent += 1;
    }

    /// Whether it should settle now; to be asked again and again.
    pub fn is_due(&mut self, now: Instant) -> bool {
        if now < self.since + WINDOW {
            return false;
        }
        self.work += self.recent;
        let is_calm = self.recent < CALM;
        (self.since, self.recent) = (now, 0);
        if !is_calm {
            self.times = 0;
        }
        if !is_calm || self.work < MUCH {
            return false;
        }
        self.times += 1;
        if self.times == TIMES {
            (self.work, self.times) = (0, 0);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_settles_three_times_once_it_rests_after_much_work() {
        let begun = Instant::now();
        let mut rest = Rest::new(begun);
        // What there was to do in each window of three seconds.
        let work = [MUCH - 1, 0, CALM - 1, CALM, 0, 0, 0, MUCH, MUCH, CALM - 1, CALM, 0, 0, 0, 0];
        let due: Vec<bool> = (1..)
            .zip(work)
            .map(|(window, count)| {
                (0..count).for_each(|_| rest.worked());
                let end = begun + WINDOW * window;
                assert!(!rest.is_due(end - Duration::from_millis(1)), "not before its time");
                rest.is_due(end)
            })
            .collect();
        let expected = [false, false, true, false, true, true, true, false, false, true, false, true, true, true, false];
        assert_eq!(due, expected);
    }
}

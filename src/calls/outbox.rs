//! What follows from what happened, on its way out: in order, and carried out with nothing held for which anybody waits.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError, TryLockError};

/// Room for so many is kept; what a storm took beyond that goes back once it is empty.
const KEPT: usize = 1_024;

/// A queue that its writers empty themselves, one at a time.
#[derive(Debug)]
pub struct Outbox<T> {
    waiting: Mutex<VecDeque<T>>,
    turn: Mutex<()>,
}

impl<T> Default for Outbox<T> {
    fn default() -> Self {
        Self { waiting: Mutex::default(), turn: Mutex::default() }
    }
}

impl<T> Outbox<T> {
    /// Puts these behind what waits. Whoever needs an order between writers holds their own lock meanwhile.
    pub fn put(&self, these: Vec<T>) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).extend(these);
    }

    /// Carries out what waits. Whoever finds another at it leaves the rest to them, and does not wait.
    pub fn carry_out(&self, mut one: impl FnMut(T)) {
        // What was put between the last look and the end of a turn would else lie there until the next time.
        while !self.is_empty() {
            let turn = match self.turn.try_lock() {
                Ok(turn) => turn,
                Err(TryLockError::Poisoned(left)) => left.into_inner(),
                Err(TryLockError::WouldBlock) => return,
            };
            while let Some(next) = self.next() {
                one(next);
            }
            drop(turn);
        }
    }

    fn is_empty(&self) -> bool {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    fn next(&self) -> Option<T> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let next = waiting.pop_front();
        if next.is_none() && waiting.capacity() > KEPT {
            *waiting = VecDeque::new();
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn the_room_that_a_storm_took_goes_back() {
        let outbox = Outbox::default();
        outbox.put(vec![1; KEPT * 8]);
        outbox.carry_out(|_| {});
        assert!(outbox.waiting.lock().expect("no panic").capacity() <= KEPT);
    }

    #[test]
    fn whatever_many_put_leaves_once_and_in_its_order() {
        const EACH: u32 = 2_000;
        let (outbox, source, left) = (Arc::new(Outbox::default()), Arc::new(Mutex::new(0_u32)), Arc::new(Mutex::new(Vec::new())));
        let at_once = Arc::new(AtomicU32::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                let (outbox, source, left, at_once) = (Arc::clone(&outbox), Arc::clone(&source), Arc::clone(&left), Arc::clone(&at_once));
                scope.spawn(move || {
                    for _ in 0..EACH {
                        let mut next = source.lock().expect("no panic");
                        outbox.put(vec![*next, *next + 1]);
                        *next += 2;
                        drop(next);
                        outbox.carry_out(|one| {
                            assert_eq!(at_once.fetch_add(1, Ordering::SeqCst), 0, "one at a time");
                            left.lock().expect("no panic").push(one);
                            at_once.fetch_sub(1, Ordering::SeqCst);
                        });
                    }
                });
            }
        });
        let left = left.lock().expect("no panic");
        assert_eq!(*left, (0..4 * EACH * 2).collect::<Vec<_>>());
    }

    #[test]
    fn what_follows_from_what_is_carried_out_follows_after_it() {
        let (outbox, mut left) = (Outbox::default(), Vec::new());
        outbox.put(vec![3_u32, 1]);
        outbox.carry_out(|one| {
            left.push(one);
            if one > 1 {
                outbox.put(vec![one - 1]);
                outbox.carry_out(|_| unreachable!("it is at it already"));
            }
        });
        assert_eq!(left, [3, 1, 2, 1]);
    }
}

//! What waits to be written to one connection: bounded, never blocking, and never dropping an event silently.

use std::collections::VecDeque;
use std::task::Waker;

use bytes::{Bytes, BytesMut};

use super::frames::{self, CloseCode};
use crate::mutants::Mutant;

/// Most bytes that wait; a single frame always fits.
pub const QUEUE_BYTES: usize = 256 * 1024;
/// Most frames that wait.
pub const QUEUE_FRAMES: usize = 1_024;

/// What a frame is, and so what happens to it when space is short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// An event: counted in `n`; without space the connection is closed.
    Event,
    /// An answer or notice: without space the connection is closed.
    Answer,
    /// Passing: dropped when the queue is half full.
    Signal,
}

/// The queue of one connection.
#[derive(Debug, Default)]
pub struct Queue {
    /// What the socket has taken a part of, or will take before anything else; it is no longer counted, and always finished.
    begun: Bytes,
    waiting: VecDeque<Bytes>,
    /// How many frames they are.
    frames: usize,
    bytes: usize,
    events: u64,
    closing: bool,
    waker: Option<Waker>,
}

/// The queue was full; it now holds nothing but a close frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow;

impl Queue {
    /// Adds `count` frames, joined. Whoever adds something sees to it that it is written.
    ///
    /// # Errors
    /// [`Overflow`] when there was no space: everything queued is dropped and close 4008 put in its place.
    pub fn push(&mut self, joined: Bytes, count: usize, class: Class) -> Result<(), Overflow> {
        if self.closing {
            return Ok(());
        }
        if class == Class::Signal && (self.bytes >= QUEUE_BYTES / 2 || self.frames >= QUEUE_FRAMES / 2) {
            return Ok(());
        }
        let full = self.frames + count > QUEUE_FRAMES || (!self.waiting.is_empty() && self.bytes + joined.len() > QUEUE_BYTES);
        if full && Mutant::DropWithoutClose.is_on() {
            return Ok(());
        }
        if full {
            self.close(CloseCode::SlowConsumer, true);
            return Err(Overflow);
        }
        if class == Class::Event {
            self.events += count as u64;
        }
        self.bytes += joined.len();
        self.frames += count;
        self.waiting.push_back(joined);
        Ok(())
    }

    /// Puts a close frame last; with `drop_rest` nothing else is sent before it. Nothing is queued after it.
    pub fn close(&mut self, code: CloseCode, drop_rest: bool) {
        if self.closing {
            return;
        }
        if drop_rest {
            self.waiting.clear();
            (self.frames, self.bytes) = (0, 0);
        }
        let frame = frames::close(code);
        self.bytes += frame.len();
        self.frames += 1;
        self.waiting.push_back(frame);
        self.closing = true;
        self.wake();
    }

    /// Everything that waits, joined into one write; `None` when nothing does.
    pub fn take(&mut self) -> Option<Bytes> {
        if !self.begun.is_empty() {
            return Some(std::mem::take(&mut self.begun));
        }
        let joined = match self.waiting.len() {
            0 => return None,
            1 => self.waiting.pop_front()?,
            _ => {
                let mut all = BytesMut::with_capacity(self.bytes);
                self.waiting.drain(..).for_each(|frame| all.extend_from_slice(&frame));
                all.freeze()
            }
        };
        if self.waiting.capacity() > 64 {
            self.waiting = VecDeque::new();
        }
        (self.frames, self.bytes) = (0, 0);
        Some(joined)
    }

    /// Writes all that waits with `write`, which says how many bytes were taken; `false` when something is left to be done by the dispatcher.
    pub fn write_with(&mut self, write: impl Fn(&[u8]) -> usize) -> bool {
        while let Some(bytes) = self.take() {
            let written = write(&bytes);
            if written < bytes.len() {
                self.begun = bytes.slice(written..);
                return false;
            }
        }
        !self.closing
    }

    /// Is the close frame in, or already taken?
    #[must_use]
    pub const fn is_closing(&self) -> bool {
        self.closing
    }

    /// Does nothing wait?
    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.begun.is_empty()
    }

    /// How many event frames were queued on this connection, replay included.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// Counts events that went past the queue, straight from the log.
    pub const fn count_replayed(&mut self, events: u64) {
        self.events += events;
    }

    /// Whom to wake when something waits.
    pub fn wait(&mut self, waker: &Waker) {
        if !self.waker.as_ref().is_some_and(|known| known.will_wake(waker)) {
            self.waker = Some(waker.clone());
        }
    }

    /// Wakes the writer.
    pub fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(length: usize) -> Bytes {
        Bytes::from(vec![b'x'; length])
    }

    #[test]
    fn what_waits_is_joined_in_order_and_a_single_frame_is_not_copied() {
        let mut queue = Queue::default();
        let only = of(3);
        queue.push(only.clone(), 1, Class::Event).expect("space");
        assert_eq!(queue.take().expect("one").as_ptr(), only.as_ptr());
        queue.push(Bytes::from_static(b"a"), 1, Class::Event).expect("space");
        queue.push(Bytes::from_static(b"b"), 1, Class::Answer).expect("space");
        assert_eq!(queue.take().as_deref(), Some(&b"ab"[..]));
        assert_eq!((queue.take(), queue.events()), (None, 2));
    }

    #[test]
    fn the_frame_limit_holds_at_its_edge() {
        let mut queue = Queue::default();
        for _ in 0..QUEUE_FRAMES {
            queue.push(of(1), 1, Class::Event).expect("space");
        }
        assert_eq!(queue.push(of(1), 1, Class::Event), Err(Overflow));
        assert_eq!(queue.take(), Some(frames::close(CloseCode::SlowConsumer)), "nothing but the close frame is left");
        queue.push(of(1), 1, Class::Event).expect("ignored");
        assert!(queue.is_empty() && queue.is_closing());
    }

    #[test]
    fn the_byte_limit_holds_at_its_edge_and_one_frame_always_fits() {
        let mut queue = Queue::default();
        queue.push(of(QUEUE_BYTES * 2), 1, Class::Event).expect("one frame always fits");
        assert_eq!(queue.push(of(1), 1, Class::Event), Err(Overflow));
        let mut queue = Queue::default();
        queue.push(of(QUEUE_BYTES - 1), 1, Class::Event).expect("space");
        queue.push(of(1), 1, Class::Event).expect("exactly full");
        assert_eq!(queue.push(of(1), 1, Class::Answer), Err(Overflow));
    }

    #[test]
    fn joined_frames_count_as_many() {
        let mut queue = Queue::default();
        queue.push(of(3), QUEUE_FRAMES - 1, Class::Event).expect("space");
        queue.push(of(1), 1, Class::Answer).expect("exactly full");
        assert_eq!(queue.events(), QUEUE_FRAMES as u64 - 1);
        assert_eq!(queue.push(of(2), 2, Class::Event), Err(Overflow));
    }

    #[test]
    fn what_was_begun_is_finished_before_anything_else_even_the_close_frame_of_a_slow_consumer() {
        let mut queue = Queue::default();
        queue.push(Bytes::from_static(b"first"), 1, Class::Event).expect("space");
        queue.push(Bytes::from_static(b"second"), 1, Class::Event).expect("space");
        assert!(!queue.write_with(|bytes| bytes.len().min(2)));
        queue.push(of(QUEUE_BYTES), 1, Class::Event).expect("what was begun is not counted");
        assert_eq!(queue.push(of(1), 1, Class::Event), Err(Overflow));
        assert!(!queue.write_with(|bytes| bytes.len().min(3)));
        assert_eq!(queue.take().as_deref(), Some(&b"second"[..]));
        assert_eq!(queue.take(), Some(frames::close(CloseCode::SlowConsumer)));
        assert!(!queue.write_with(|_| panic!("nothing is left")), "the dispatcher ends it");
    }

    #[test]
    fn all_that_waits_is_written_in_order() {
        let mut queue = Queue::default();
        let written = std::cell::RefCell::new(Vec::new());
        let write = |bytes: &[u8]| {
            written.borrow_mut().extend_from_slice(bytes);
            bytes.len()
        };
        assert!(queue.write_with(write));
        queue.push(Bytes::from_static(b"a"), 1, Class::Event).expect("space");
        queue.push(Bytes::from_static(b"b"), 1, Class::Answer).expect("space");
        assert!(queue.write_with(write) && queue.is_empty());
        assert_eq!(*written.borrow(), b"ab");
    }

    #[test]
    fn signals_go_first() {
        let mut queue = Queue::default();
        queue.push(of(QUEUE_BYTES / 2), 1, Class::Event).expect("space");
        queue.push(Bytes::from_static(b"typing"), 1, Class::Signal).expect("dropped");
        assert_eq!(queue.take().expect("event").len(), QUEUE_BYTES / 2);
    }
}

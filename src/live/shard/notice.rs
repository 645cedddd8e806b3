//! What is neither durable nor passing: told once, never dropped. Whoever has no space for it is closed, and asks anew.

use std::rc::Rc;

use bytes::Bytes;
use serde::Serialize;

use super::Shard;
use super::connection::Connection;
use crate::ids::{MemberId, RoomId};
use crate::live::frames;
use crate::live::queue::Class;

/// To whom something is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Addressee {
    /// All connections of a member.
    Member(MemberId),
    /// One connection of a member, by its number.
    Connection(MemberId, u64),
    /// Everybody who hears a room.
    Room(RoomId),
}

/// A frame of anything that serialises.
#[must_use]
pub fn frame_of(value: &impl Serialize) -> Bytes {
    frames::json(value)
}

impl Shard {
    /// Tells it. A connection that was not greeted yet hears it after the greeting.
    pub fn tell(&mut self, to: Addressee, frame: &Bytes) {
        let hears: Vec<Rc<Connection>> = match to {
            Addressee::Member(member) => self.by_member.get(&member).cloned().unwrap_or_default(),
            Addressee::Connection(member, number) => {
                let all = self.by_member.get(&member).map_or(&[][..], Vec::as_slice);
                all.iter().filter(|connection| connection.caller.connection == number).cloned().collect()
            }
            Addressee::Room(room) => self.by_room.get(&room).cloned().unwrap_or_default(),
        };
        for connection in hears {
            if connection.state.borrow().waiting.is_some() {
                connection.state.borrow_mut().told.push(frame.clone());
            } else {
                connection.push(frame, Class::Answer);
            }
        }
    }

    /// The greeting is out: what was told meanwhile follows it.
    pub(super) fn tell_waiting(&mut self, connection: &Rc<Connection>) {
        let told = std::mem::take(&mut connection.state.borrow_mut().told);
        for frame in told {
            connection.push(&frame, Class::Answer);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::ids::SessionId;
    use crate::live::frames::CloseCode;
    use crate::live::queue::{QUEUE_BYTES, QUEUE_FRAMES};
    use crate::live::shard::Socket;
    use crate::live::shard::beat::LINGER;
    use crate::live::source::{Caller, Standing};

    const ANN: MemberId = MemberId(1);

    fn caller(connection: u64) -> Caller {
        Caller { member: ANN, session: SessionId(1), address: None, language: "en", shard: 0, connection }
    }

    fn nowhere() -> Standing {
        let (me, calls) = (serde_json::Value::Null, serde_json::Value::Null);
        Standing { epoch: String::new(), me, calls, me_head: 0, rooms: Vec::new() }
    }

    #[test]
    fn one_connection_or_all_of_a_member_are_told_and_nothing_counts_as_an_event() {
        let (mut shard, now) = (Shard::new(Duration::from_secs(9)), Instant::now());
        let (one, other) = (shard.connect(caller(1), Socket::default(), now), shard.connect(caller(2), Socket::default(), now));
        shard.seat(&one, &nowhere(), now);
        shard.seat(&other, &nowhere(), now);
        let frame = frame_of(&"hello");
        shard.tell(Addressee::Connection(ANN, 2), &frame);
        assert!(one.queue.borrow().is_empty());
        shard.tell(Addressee::Member(ANN), &frame);
        assert_eq!(one.queue.borrow_mut().take().map(|bytes| bytes.len()), Some(frame.len()));
        assert_eq!(other.queue.borrow_mut().take().map(|bytes| bytes.len()), Some(2 * frame.len()));
        assert_eq!(other.queue.borrow().events(), 0);
    }

    #[test]
    fn what_comes_before_the_greeting_waits_for_it() {
        let (mut shard, now) = (Shard::new(Duration::from_secs(9)), Instant::now());
        let one = shard.connect(caller(1), Socket::default(), now);
        shard.tell(Addressee::Member(ANN), &frame_of(&1));
        assert!(one.queue.borrow().is_empty());
        shard.seat(&one, &nowhere(), now);
        assert_eq!(one.queue.borrow_mut().take(), Some(frame_of(&1)));
    }

    #[test]
    fn it_is_never_dropped_where_signals_are_and_without_space_the_connection_is_closed() {
        let (mut shard, now) = (Shard::new(Duration::from_secs(9)), Instant::now());
        let one = shard.connect(caller(1), Socket::default(), now);
        shard.seat(&one, &nowhere(), now);
        one.push(&Bytes::from(vec![b'x'; QUEUE_BYTES / 2]), Class::Event);
        for _ in 0..QUEUE_FRAMES - 1 {
            shard.tell(Addressee::Member(ANN), &frame_of(&1));
        }
        assert!(!one.queue.borrow().is_closing(), "past half of the queue");
        shard.tell(Addressee::Member(ANN), &frame_of(&1));
        assert!(one.queue.borrow().is_closing());
    }

    #[test]
    fn whoever_is_closed_is_shut_a_while_later_whatever_they_were_closed_by() {
        let (mut shard, now) = (Shard::new(Duration::from_secs(99)), Instant::now());
        let socket = |descriptor| Socket { descriptor: Some(descriptor), ..Socket::default() };
        let (flooded, ungreeted) = (shard.connect(caller(1), socket(7), now), shard.connect(caller(2), socket(8), now));
        let well = shard.connect(caller(3), socket(9), now);
        shard.seat(&flooded, &nowhere(), now);
        for _ in 0..=QUEUE_FRAMES {
            flooded.push(&frame_of(&1), Class::Answer);
        }
        ungreeted.close(CloseCode::GoingAway, true);
        assert_eq!(shard.tick(now), Vec::<i32>::new(), "they have time to read why");
        assert_eq!(shard.tick(now + LINGER - Duration::from_millis(1)), Vec::<i32>::new());
        assert_eq!(shard.tick(now + LINGER), [7, 8]);
        assert_eq!(shard.tick(now + LINGER), Vec::<i32>::new(), "once");
        assert!(!well.queue.borrow().is_closing());
    }
}

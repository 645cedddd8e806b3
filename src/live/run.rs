//! What is delivered: events of one log that follow each other, framed once and joined once, for everyone who hears them.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::frames;
use super::log::{Effect, LogId, Logged, Seq};
use super::queue::{QUEUE_BYTES, QUEUE_FRAMES};
use crate::ids::MemberId;

/// Most bytes of a run, unless it is a single frame: half of a queue, so that what is delivered to a writing client always fits.
pub const RUN_BYTES: usize = QUEUE_BYTES / 2;
/// Most frames of a run.
pub const RUN_FRAMES: usize = QUEUE_FRAMES / 2;

/// Events of one log with successive places. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Run {
    /// Their log.
    pub log: LogId,
    /// The place of the first.
    pub first: Seq,
    /// What it does to connections; a run that does something is a single event.
    pub effect: Effect,
    frames: Bytes,
    /// Where each frame ends.
    ends: Vec<usize>,
    /// The frames that some members hear in the place of the only one, in ascending id.
    instead: Arc<[(MemberId, Bytes)]>,
}

impl Run {
    /// The place of the last event.
    #[must_use]
    pub fn last(&self) -> Seq {
        self.first + Seq::try_from(self.ends.len()).unwrap_or(Seq::MAX) - 1
    }

    /// How many events they are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.ends.len()
    }

    /// How long all frames are.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.frames.len()
    }

    /// The frames of the events above `floor` as this member hears them, and how many; none when there are none.
    #[must_use]
    pub fn above(&self, floor: Seq, member: MemberId) -> (Bytes, usize) {
        if floor < self.first
            && let Ok(place) = self.instead.binary_search_by_key(&member, |(who, _)| *who)
        {
            return (self.instead[place].1.clone(), 1);
        }
        let skipped = usize::try_from(floor - self.first + 1).unwrap_or(0).min(self.ends.len());
        let from = skipped.checked_sub(1).map_or(0, |last| self.ends[last]);
        (self.frames.slice(from..), self.ends.len() - skipped)
    }
}

/// Joins events into runs. What is said in one log keeps its order; and nothing passes an event that changes who hears what.
#[must_use]
pub fn runs(events: &[Logged]) -> Vec<Run> {
    let (mut open, mut all) = (HashMap::<LogId, usize>::new(), Vec::<(Run, BytesMut)>::new());
    for event in events {
        let frame = frames::event(event);
        let is_alone = event.effect != Effect::None || !event.instead.is_empty();
        if event.effect != Effect::None {
            open.clear();
        }
        let place = open.get(&event.log).copied().filter(|place| {
            let (run, bytes) = &all[*place];
            !is_alone && event.seq == run.last() + 1 && run.ends.len() < RUN_FRAMES && bytes.len() + frame.len() <= RUN_BYTES
        });
        let place = place.unwrap_or_else(|| {
            let (log, first, effect, instead) = (event.log, event.seq, event.effect, framed_instead(event));
            let run = Run { log, first, effect, frames: Bytes::new(), ends: Vec::new(), instead };
            all.push((run, BytesMut::new()));
            all.len() - 1
        });
        if is_alone {
            open.remove(&event.log);
        } else {
            open.insert(event.log, place);
        }
        let (run, bytes) = &mut all[place];
        bytes.extend_from_slice(&frame);
        run.ends.push(bytes.len());
    }
    all.into_iter().map(|(run, bytes)| Run { frames: bytes.freeze(), ..run }).collect()
}

/// What some members hear in the place of an event, in ascending id. A text that several of them share is framed once: thousands may refuse
/// to be called by one message.
fn framed_instead(event: &Logged) -> Arc<[(MemberId, Bytes)]> {
    let mut framed = HashMap::<*const u8, Bytes>::new();
    let mut frame = |text: &Arc<str>| framed.entry(text.as_ptr()).or_insert_with(|| frames::event_as(event, text)).clone();
    let mut all: Vec<(MemberId, Bytes)> = event.instead.iter().map(|instead| (instead.member, frame(&instead.event))).collect();
    all.sort_unstable_by_key(|(member, _)| *member);
    all.into()
}

#[cfg(test)]
mod tests {
    use super::super::log::Instead;
    use super::*;
    use crate::ids::RoomId;

    fn event(log: LogId, seq: Seq, effect: Effect) -> Logged {
        Logged { log, seq, at: 0, event: Arc::from(format!("{{\"n\":{seq}}}")), effect, instead: Vec::new() }
    }

    const ROOM: LogId = LogId::Room(RoomId(1));
    const OTHER: LogId = LogId::Room(RoomId(2));
    const ME: LogId = LogId::Member(MemberId(3));

    fn shape(runs: &[Run]) -> Vec<(LogId, Seq, Seq)> {
        runs.iter().map(|run| (run.log, run.first, run.last())).collect()
    }

    #[test]
    fn events_of_a_log_are_joined_in_order_and_each_hears_what_is_above_their_floor() {
        let events = [(ROOM, 4), (OTHER, 9), (ROOM, 5), (OTHER, 10), (ROOM, 6)].map(|(log, seq)| event(log, seq, Effect::None));
        let runs = runs(&events);
        assert_eq!(shape(&runs), [(ROOM, 4, 6), (OTHER, 9, 10)]);
        let frames = [4, 5, 6].map(|seq| frames::event(&event(ROOM, seq, Effect::None)));
        for (floor, from) in [(0, 0), (3, 0), (4, 1), (5, 2), (6, 3), (99, 3)] {
            let (bytes, count) = runs[0].above(floor, MemberId(3));
            assert_eq!((&bytes[..], count), (&frames[from..].concat()[..], 3 - from), "{floor}");
        }
    }

    #[test]
    fn nothing_passes_what_changes_who_hears() {
        let leave = Effect::Leave(RoomId(1));
        let events = [
            event(ROOM, 4, Effect::None),
            event(ME, 1, Effect::None),
            event(ME, 2, leave),
            event(ME, 3, Effect::None),
            event(ROOM, 5, Effect::None),
        ];
        assert_eq!(shape(&runs(&events)), [(ROOM, 4, 4), (ME, 1, 1), (ME, 2, 2), (ME, 3, 3), (ROOM, 5, 5)]);
    }

    #[test]
    fn one_member_hears_another_event_in_its_place_and_nothing_is_joined_with_it() {
        let instead = vec![Instead { member: MemberId(3), event: Arc::from("{\"n\":0}") }];
        let events = [4, 5, 6].map(|seq| event(ROOM, seq, Effect::None));
        let mut hidden = events.clone();
        hidden[1].instead = instead;
        let runs = runs(&hidden);
        assert_eq!(shape(&runs), [(ROOM, 4, 4), (ROOM, 5, 5), (ROOM, 6, 6)]);
        assert_eq!(runs[1].above(4, MemberId(4)), (frames::event(&events[1]), 1));
        let (bytes, count) = runs[1].above(4, MemberId(3));
        assert_eq!((bytes, count), (frames::event_as(&hidden[1], "{\"n\":0}"), 1));
        assert_eq!(runs[1].above(5, MemberId(3)).1, 0, "heard already");
    }

    #[test]
    fn those_who_share_a_text_share_its_frame_however_many_they_are() {
        let (shared, own): (Arc<str>, Arc<str>) = (Arc::from("{\"n\":0}"), Arc::from("{\"n\":1}"));
        let text = |id: i64| if id == 7 { &own } else { &shared };
        // In no order, as they come.
        let instead = (1..=5_000).rev().map(|id| Instead { member: MemberId(id), event: Arc::clone(text(id)) }).collect();
        let called = Logged { instead, ..event(ROOM, 4, Effect::None) };
        let runs = runs(std::slice::from_ref(&called));
        let frames: Vec<Bytes> = (1..=5_000).map(|id| runs[0].above(3, MemberId(id)).0).collect();
        for (frame, id) in frames.iter().zip(1..) {
            assert_eq!(*frame, frames::event_as(&called, text(id)), "{id}");
        }
        let distinct: std::collections::HashSet<*const u8> = frames.iter().map(|frame| frame.as_ptr()).collect();
        assert_eq!(distinct.len(), 2, "one frame for each text");
        assert_eq!(runs[0].above(3, MemberId(5_001)).0, frames::event(&called), "whoever is not among them");
    }

    #[test]
    fn a_gap_begins_a_run_and_so_does_the_limit() {
        let gap = [event(ROOM, 4, Effect::None), event(ROOM, 6, Effect::None)];
        assert_eq!(shape(&runs(&gap)), [(ROOM, 4, 4), (ROOM, 6, 6)]);
        let many: Vec<_> = (1..=600).map(|seq| event(ROOM, seq, Effect::None)).collect();
        assert_eq!(shape(&runs(&many)), [(ROOM, 1, 512), (ROOM, 513, 600)]);
        let long = |seq| Logged { event: Arc::from("x".repeat(RUN_BYTES / 2)), ..event(ROOM, seq, Effect::None) };
        assert_eq!(shape(&runs(&[long(1), long(2), long(3)])), [(ROOM, 1, 1), (ROOM, 2, 2), (ROOM, 3, 3)]);
    }
}

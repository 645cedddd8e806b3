//! What is published, decided: each log leaves in order and without holes; state in, decisions out, time as an argument.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use super::log::{Effect, LogId, Logged, Seq};

/// How long a later event waits for an earlier one before the log is read.
pub const HOLD: Duration = Duration::from_millis(50);
/// After a reading that brought nothing, the next one is this much later.
const PAUSE: Duration = Duration::from_secs(1);

/// What has been delivered, and what waits for an earlier event.
#[derive(Debug, Default)]
pub struct Order {
    delivered: HashMap<LogId, Seq>,
    held: HashMap<LogId, Held>,
}

#[derive(Debug)]
struct Held {
    since: Instant,
    events: BTreeMap<Seq, Logged>,
}

impl Order {
    /// Starts from the heads in the database.
    #[must_use]
    pub fn new(heads: impl IntoIterator<Item = (LogId, Seq)>) -> Self {
        Self { delivered: heads.into_iter().collect(), held: HashMap::new() }
    }

    /// Takes committed events and returns those whose turn it is, in order. Members' own events come first, so that who was removed
    /// from a room hears nothing that came after.
    pub fn take(&mut self, mut batch: Vec<Logged>, now: Instant) -> Vec<Logged> {
        let changes_hearing = |event: &Logged| matches!(event.log, LogId::Member(_)) && event.effect != Effect::None;
        if batch.iter().any(changes_hearing) {
            batch.sort_by_key(|event| matches!(event.log, LogId::Room(_)));
        }
        let mut ready = Vec::with_capacity(batch.len());
        for event in batch {
            self.take_one(event, now, &mut ready);
        }
        ready
    }

    fn take_one(&mut self, event: Logged, now: Instant, ready: &mut Vec<Logged>) {
        let log = event.log;
        let delivered = self.delivered.entry(log).or_insert(0);
        if event.seq <= *delivered {
            return;
        }
        if event.seq > *delivered + 1 {
            let held = self.held.entry(log).or_insert_with(|| Held { since: now, events: BTreeMap::new() });
            held.events.insert(event.seq, event);
            return;
        }
        *delivered = event.seq;
        ready.push(event);
        if let Some(held) = self.held.get_mut(&log) {
            while let Some(next) = held.events.remove(&(*delivered + 1)) {
                *delivered = next.seq;
                ready.push(next);
            }
            held.events.retain(|seq, _| *seq > *delivered);
            if held.events.is_empty() {
                self.held.remove(&log);
            }
        }
    }

    /// The logs whose events have waited too long, each with the place after which to read.
    #[must_use]
    pub fn overdue(&self, now: Instant) -> Vec<(LogId, Seq)> {
        let late = self.held.iter().filter(|(_, held)| now.duration_since(held.since) >= HOLD);
        late.map(|(log, _)| (*log, self.delivered(*log))).collect()
    }

    /// This log was read above `after`. If that brought nothing, because the reading failed or the log has a hole there, the next one is a second
    /// later.
    pub fn postpone_unless_past(&mut self, log: LogId, after: Seq, now: Instant) {
        if self.delivered(log) > after {
            return;
        }
        if let Some(held) = self.held.get_mut(&log) {
            held.since = now + PAUSE;
        }
    }

    /// When the next event will have waited too long.
    #[must_use]
    pub fn next_overdue(&self) -> Option<Instant> {
        self.held.values().map(|held| held.since + HOLD).min()
    }

    /// Those of `heads` that are ahead of what was delivered, each with the place after which to read.
    pub fn behind(&self, heads: impl IntoIterator<Item = (LogId, Seq)>) -> Vec<(LogId, Seq)> {
        heads.into_iter().filter(|(log, head)| *head > self.delivered(*log)).map(|(log, _)| (log, self.delivered(log))).collect()
    }

    fn delivered(&self, log: LogId) -> Seq {
        self.delivered.get(&log).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::ids::{MemberId, RoomId};

    const ROOM: LogId = LogId::Room(RoomId(1));
    const MEMBER: LogId = LogId::Member(MemberId(2));

    fn event(log: LogId, seq: Seq) -> Logged {
        Logged { log, seq, at: 0, event: Arc::from("{}"), effect: Effect::None, instead: Vec::new() }
    }

    fn seqs(events: &[Logged]) -> Vec<Seq> {
        events.iter().map(|event| event.seq).collect()
    }

    #[test]
    fn later_events_wait_for_earlier_ones() {
        let now = Instant::now();
        let mut order = Order::new([(ROOM, 4)]);
        assert!(order.take(vec![event(ROOM, 7), event(ROOM, 6)], now).is_empty());
        assert_eq!(seqs(&order.take(vec![event(ROOM, 5)], now)), [5, 6, 7]);
        assert!(order.overdue(now + HOLD * 2).is_empty());
    }

    #[test]
    fn an_event_that_never_comes_is_read_after_the_hold() {
        let now = Instant::now();
        let mut order = Order::new([(ROOM, 4)]);
        order.take(vec![event(ROOM, 6)], now);
        assert!(order.overdue(now + HOLD / 2).is_empty());
        assert_eq!(order.overdue(now + HOLD), [(ROOM, 4)]);
        assert_eq!(order.next_overdue(), Some(now + HOLD));
        assert_eq!(seqs(&order.take(vec![event(ROOM, 5), event(ROOM, 6)], now)), [5, 6]);
        assert_eq!(order.next_overdue(), None);
    }

    #[test]
    fn a_reading_that_brings_nothing_is_not_tried_again_at_once() {
        let now = Instant::now();
        let mut order = Order::new([(ROOM, 4)]);
        order.take(vec![event(ROOM, 6)], now);
        order.postpone_unless_past(ROOM, 4, now + HOLD);
        assert_eq!(order.next_overdue(), Some(now + HOLD + PAUSE + HOLD));
        assert!(order.overdue(now + HOLD + PAUSE).is_empty());
        order.take(vec![event(ROOM, 8), event(ROOM, 5)], now + HOLD + PAUSE);
        order.postpone_unless_past(ROOM, 4, now + HOLD + PAUSE);
        assert_eq!(order.overdue(now + HOLD + PAUSE + HOLD), [(ROOM, 6)], "what came is no reason to wait with the next gap");
    }

    #[test]
    fn nothing_leaves_twice_and_a_lost_tail_is_found_by_comparing_heads() {
        let now = Instant::now();
        let mut order = Order::default();
        assert_eq!(seqs(&order.take(vec![event(ROOM, 1), event(ROOM, 1), event(ROOM, 2)], now)), [1, 2]);
        assert!(order.take(vec![event(ROOM, 2)], now).is_empty());
        assert_eq!(order.behind([(ROOM, 5), (MEMBER, 0)]), [(ROOM, 2)]);
    }

    #[test]
    fn who_is_removed_hears_of_it_before_the_room_goes_on() {
        let left = Logged { effect: Effect::Leave(RoomId(1)), ..event(MEMBER, 1) };
        let mut order = Order::new([(ROOM, 4)]);
        let now = Instant::now();
        order.take(vec![event(ROOM, 6)], now);
        let ready = order.take(vec![event(ROOM, 5), left], now);
        assert_eq!(ready.iter().map(|event| event.log).collect::<Vec<_>>(), [MEMBER, ROOM, ROOM]);
    }
}

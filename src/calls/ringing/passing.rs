//! What time alone does in a call: rings end, waits are over, the plan's longest time comes.

use super::{ALONE, CALLER_LOST, Callee, Decision, EMPTY, Ringing};
use crate::calls::model::{CallKind, CallState, Cause, Fate, Parting};
use crate::clock::Millis;

impl Ringing {
    /// The next instant at which time alone changes something.
    #[must_use]
    pub fn next_at(&self) -> Option<Millis> {
        if self.state == CallState::Ended {
            return None;
        }
        let rings = self.callees.values().filter_map(|callee| match callee {
            Callee::Rings(until) | Callee::Silent(until) => Some(*until),
            _ => None,
        });
        let after = |since: Option<Millis>, wait: Millis| since.map(|since| since + wait);
        let starter = after(self.starter_gone.filter(|_| self.is_unanswered()), CALLER_LOST);
        let rest = [starter, self.connect_by, after(self.empty_since, EMPTY), after(self.alone_since, ALONE), self.ends_at];
        rings.chain(rest.into_iter().flatten()).min()
    }

    /// What time alone does, at its own instants and in their order.
    pub(super) fn pass(&mut self, now: Millis, out: &mut Vec<Decision>) {
        while let Some(at) = self.next_at().filter(|at| *at <= now) {
            self.pass_at(at, out);
        }
    }

    fn pass_at(&mut self, at: Millis, out: &mut Vec<Decision>) {
        let due = |since: Option<Millis>, wait: Millis| since.is_some_and(|since| since + wait <= at);
        if self.ends_at.is_some_and(|ends| ends <= at) {
            return self.end(Cause::TimeOver, out);
        }
        if self.is_unanswered() && due(self.starter_gone, CALLER_LOST) {
            return self.end(Cause::Cancelled, out);
        }
        if self.connect_by.is_some_and(|by| by <= at) {
            self.connect_by = None;
            if self.kind == CallKind::Direct || self.present.is_empty() {
                return self.end(Cause::Failed, out);
            }
            self.turn(CallState::Active, out);
            self.count(at);
        }
        if due(self.empty_since, EMPTY) {
            let cause = match self.last_parting {
                _ if self.interrupted => Cause::Interrupted,
                Parting::Left => Cause::Left,
                _ => Cause::Empty,
            };
            return self.end(cause, out);
        }
        if due(self.alone_since, ALONE) {
            return self.end(if self.met { Cause::Alone } else { Cause::NoAnswer }, out);
        }
        self.ring_out(at, out);
    }

    /// Those for whom it has rung long enough.
    fn ring_out(&mut self, at: Millis, out: &mut Vec<Decision>) {
        let mut changed = false;
        for (member, callee) in &mut self.callees {
            match *callee {
                Callee::Rings(until) if until <= at => {
                    out.extend([Decision::Silence(*member, None), Decision::Fate(*member, Fate::Missed)]);
                    (*callee, changed) = (Callee::Over, true);
                }
                Callee::Silent(until) if until <= at => (*callee, changed) = (Callee::Over, true),
                _ => {}
            }
        }
        if !changed || self.waits_for_somebody() {
            return;
        }
        if self.state == CallState::Ringing {
            if self.kind == CallKind::Direct || self.present.is_empty() {
                return self.end(Cause::NoAnswer, out);
            }
            // A call of several stays open for a while for those who come late.
            self.turn(CallState::Active, out);
        }
        self.count(at);
    }

    /// Begins and stops the waits for company.
    pub(super) fn count(&mut self, now: Millis) {
        self.empty_since = if self.present.is_empty() && self.state == CallState::Active { self.empty_since.or(Some(now)) } else { None };
        let waits_alone = self.present.len() == 1 && self.state == CallState::Active && !self.waits_for_somebody();
        // Who rang nobody waits for whoever sees it, as in a room.
        let is_alone = waits_alone && self.kind != CallKind::Room && (self.met || !self.callees.is_empty());
        self.alone_since = if is_alone { self.alone_since.or(Some(now)) } else { None };
    }

    /// Does it still ring for somebody, as far as can be seen?
    pub(super) fn waits_for_somebody(&self) -> bool {
        self.callees.values().any(|callee| matches!(callee, Callee::Rings(_) | Callee::Silent(_)))
    }
}

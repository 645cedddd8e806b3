//! The life of one call as a pure machine: what happened and the time go in, decisions come out. It knows no socket, row or packet.
//!
//! ```text
//! NEW ─ rings ─> RINGING ─ first accept ─> CONNECTING ─ media both ways ─> ACTIVE ─> ENDED
//!                RINGING ─ declined, busy, cancelled, nobody answers ─> ENDED        CONNECTING ─ 20 s ─> ENDED
//! ```
//!
//! Whoever is not let through is rung all the same as far as the caller can see: the machine keeps them as [`Callee::Silent`], and only
//! time ends that.

mod answering;
mod passing;

use std::collections::BTreeMap;

use super::model::{CallKind, CallState, Cause, Fate, Parting};
use crate::clock::Millis;
use crate::ids::MemberId;

/// It rings for so long; every device stops at that instant by its own clock.
pub const RING: Millis = 45_000;
/// After an accept, media must be there both ways within this.
pub const CONNECT: Millis = 20_000;
/// A caller without a socket for this long takes the call back.
pub const CALLER_LOST: Millis = 10_000;
/// A call without anybody ends after this.
pub const EMPTY: Millis = 20_000;
/// A call that rang somebody, or in which two have met, ends this long after only one is left in it.
pub const ALONE: Millis = 60_000;

/// How the call comes to somebody who is called; what `decide` said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// It rings.
    Rings,
    /// It does not ring, and they find it among the calls that they missed.
    Quiet,
    /// It does not ring, and they never learn of it. Also what only became a request.
    Unheard,
    /// They are in a call, and the caller may know.
    Busy,
}

/// Where somebody who was called stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callee {
    /// It rings for them until then.
    Rings(Millis),
    /// It only looks like ringing, until then.
    Silent(Millis),
    /// They accepted, on this connection.
    Accepted(u64),
    /// They accepted, and went again: they may come back.
    Gone,
    /// They said no.
    Declined,
    /// They are in another call.
    Busy,
    /// It rang out, or was taken back.
    Over,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// Somebody who is rung says yes on this connection.
    Accepts(MemberId, u64),
    /// Somebody who is rung says no.
    Declines(MemberId),
    /// Whoever began it takes it back.
    Cancels,
    /// The starter's last socket is gone, or one is there again.
    StarterHere(bool),
    /// Somebody is in it.
    Enters(MemberId),
    /// Media of somebody in it is there.
    Links(MemberId),
    /// Somebody is no longer in it.
    Parts(MemberId, Parting),
    /// It ends for all.
    Ends(Cause),
    /// Time has passed.
    Passes,
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It rings on all devices of this member.
    Ring(MemberId),
    /// All devices of this member but this connection are silent: answered, declined or over.
    Silence(MemberId, Option<u64>),
    /// So the call ended for this member, who did not come in.
    Fate(MemberId, Fate),
    /// The state changed.
    Turn(CallState),
    /// It is over.
    End(Cause),
}

/// Why a member's wish about a call is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum No {
    /// It is over, or does not ring for them any more.
    Over,
    /// Another device of theirs has it.
    Elsewhere,
    /// It is not theirs to do that.
    NotTheirs,
}

/// One call.
#[derive(Clone, Debug)]
pub struct Ringing {
    kind: CallKind,
    starter: MemberId,
    state: CallState,
    callees: BTreeMap<MemberId, Callee>,
    /// Who is in it, and whether their media was ever there.
    present: BTreeMap<MemberId, bool>,
    /// Somebody other than the starter has been in it.
    met: bool,
    last_parting: Parting,
    /// It went on when the program stopped, and nobody has come back yet.
    interrupted: bool,
    starter_gone: Option<Millis>,
    connect_by: Option<Millis>,
    empty_since: Option<Millis>,
    alone_since: Option<Millis>,
    ends_at: Option<Millis>,
}

impl Ringing {
    /// A call that begins now. One of a room is open at once; another one rings those whom [`Ringing::call`] names next. A group's that
    /// names nobody is open then.
    #[must_use]
    pub fn begin(kind: CallKind, starter: MemberId, ends_at: Option<Millis>, now: Millis) -> Self {
        let is_room = matches!(kind, CallKind::Room);
        Self {
            kind,
            starter,
            state: if is_room { CallState::Active } else { CallState::Ringing },
            callees: BTreeMap::new(),
            present: BTreeMap::new(),
            met: false,
            last_parting: Parting::Left,
            interrupted: false,
            starter_gone: None,
            connect_by: None,
            empty_since: if is_room { Some(now) } else { None },
            alone_since: None,
            ends_at,
        }
    }

    /// A call that went on when the program stopped: its people come back within [`EMPTY`].
    #[must_use]
    pub fn resume(kind: CallKind, starter: MemberId, ends_at: Option<Millis>, now: Millis) -> Self {
        let begun = Self::begin(kind, starter, ends_at, now);
        Self { state: CallState::Active, met: true, interrupted: true, empty_since: Some(now), ..begun }
    }

    /// Somebody was in it before the program stopped, and may come back.
    pub fn expect(&mut self, member: MemberId) {
        self.callees.insert(member, Callee::Accepted(0));
    }

    /// Whoever accepted and is not in it is waited for no longer. They may come back all the same, or be called again.
    pub fn give_up(&mut self, member: MemberId) {
        if let Some(callee @ Callee::Accepted(_)) = self.callees.get_mut(&member)
            && !self.present.contains_key(&member)
        {
            *callee = Callee::Gone;
        }
    }

    /// Where it stands.
    #[must_use]
    pub const fn state(&self) -> CallState {
        self.state
    }

    /// Where somebody who was called stands.
    #[must_use]
    pub fn callee(&self, member: MemberId) -> Option<Callee> {
        self.callees.get(&member).copied()
    }

    /// Everyone who was called, in ascending id.
    pub fn callees(&self) -> impl Iterator<Item = (MemberId, Callee)> + '_ {
        self.callees.iter().map(|(member, callee)| (*member, *callee))
    }

    /// Is somebody in it?
    #[must_use]
    pub fn is_in(&self, member: MemberId) -> bool {
        self.present.contains_key(&member)
    }

    /// Until when it rings, seen from outside: for those whom it only seems to ring too.
    #[must_use]
    pub fn expires_at(&self) -> Option<Millis> {
        let until = |callee: &Callee| match callee {
            Callee::Rings(until) | Callee::Silent(until) => Some(*until),
            _ => None,
        };
        self.callees.values().filter_map(until).max().filter(|_| self.state != CallState::Ended)
    }

    /// May somebody come in: the starter, who accepted, and in a call of several everyone who was called or of whose room it is?
    ///
    /// # Errors
    /// [`No::Over`], [`No::NotTheirs`].
    pub fn may_enter(&self, member: MemberId, is_of_room: bool) -> Result<(), No> {
        if self.state == CallState::Ended {
            return Err(No::Over);
        }
        let accepted = matches!(self.callee(member), Some(Callee::Accepted(_) | Callee::Gone));
        let called = self.kind != CallKind::Direct && self.callee(member).is_some_and(|callee| !matches!(callee, Callee::Silent(_)));
        if member == self.starter || accepted || called || is_of_room || self.is_in(member) { Ok(()) } else { Err(No::NotTheirs) }
    }

    /// These are called, now: when the call begins, and whoever is added later.
    pub fn call(&mut self, whom: &[(MemberId, Way)], now: Millis, out: &mut Vec<Decision>) {
        self.pass(now, out);
        if self.state == CallState::Ended {
            return;
        }
        for (member, way) in whom {
            self.call_one(*member, *way, now, out);
        }
        // Those of the group see that it goes on, and come.
        if self.state == CallState::Ringing && self.kind == CallKind::Group && self.callees.is_empty() {
            self.turn(CallState::Active, out);
        }
        self.count(now);
        self.conclude(out);
    }

    /// A call of two to which somebody is added is one of several from then on.
    pub const fn widen(&mut self) {
        if matches!(self.kind, CallKind::Direct) {
            self.kind = CallKind::Group;
        }
    }

    /// What happens is taken in; what follows comes out. Time that has passed is looked at first, so that nobody accepts what is over.
    ///
    /// # Errors
    /// [`No`], when a member wants what they cannot have; nothing changed then but by time, and `out` tells that.
    pub fn take(&mut self, what: Happening, now: Millis, out: &mut Vec<Decision>) -> Result<(), No> {
        self.pass(now, out);
        if self.state == CallState::Ended {
            return if matches!(what, Happening::Accepts(..) | Happening::Declines(_) | Happening::Cancels) {
                Err(No::Over)
            } else {
                Ok(())
            };
        }
        match what {
            Happening::Accepts(member, connection) => self.accept(member, connection, now, out)?,
            Happening::Declines(member) => self.decline(member, out)?,
            Happening::Cancels if self.is_unanswered() => self.end(Cause::Cancelled, out),
            Happening::Cancels => return Err(No::NotTheirs),
            Happening::StarterHere(true) => self.starter_gone = None,
            Happening::StarterHere(false) => self.starter_gone = self.starter_gone.or(Some(now)),
            Happening::Enters(member) => self.enter(member, now, out),
            Happening::Links(member) => self.link(member, out),
            Happening::Parts(member, why) => self.part(member, why, now, out),
            Happening::Ends(cause) => self.end(cause, out),
            Happening::Passes => {}
        }
        self.conclude(out);
        Ok(())
    }

    /// Nobody has accepted or come in but the starter.
    fn is_unanswered(&self) -> bool {
        self.state == CallState::Ringing
    }

    fn call_one(&mut self, member: MemberId, way: Way, now: Millis, out: &mut Vec<Decision>) {
        if member == self.starter || self.is_in(member) || matches!(self.callee(member), Some(Callee::Rings(_) | Callee::Accepted(_))) {
            return;
        }
        let until = now + RING;
        let callee = match way {
            Way::Rings => Callee::Rings(until),
            Way::Quiet | Way::Unheard => Callee::Silent(until),
            Way::Busy => Callee::Busy,
        };
        self.callees.insert(member, callee);
        match way {
            Way::Rings => out.push(Decision::Ring(member)),
            Way::Quiet => out.push(Decision::Fate(member, Fate::Unheard)),
            Way::Busy => out.push(Decision::Fate(member, Fate::Busy)),
            Way::Unheard => {}
        }
    }

    fn enter(&mut self, member: MemberId, now: Millis, out: &mut Vec<Decision>) {
        // Who comes in without a word has accepted.
        if let Some(Callee::Rings(_)) = self.callee(member) {
            self.callees.insert(member, Callee::Accepted(0));
            out.push(Decision::Silence(member, None));
        }
        // Whoever comes answers, whether it rang for them or not.
        if self.state == CallState::Ringing && member != self.starter {
            self.connect_by = Some(now + CONNECT);
            self.turn(CallState::Connecting, out);
        }
        self.interrupted = false;
        self.present.entry(member).or_insert(false);
        self.met |= member != self.starter;
        self.count(now);
    }

    fn link(&mut self, member: MemberId, out: &mut Vec<Decision>) {
        if let Some(linked) = self.present.get_mut(&member) {
            *linked = true;
        }
        self.connect(out);
    }

    /// Media is there both ways: the call is active.
    fn connect(&mut self, out: &mut Vec<Decision>) {
        let linked = self.present.values().filter(|linked| **linked).count();
        if self.state == CallState::Connecting && linked >= 2 {
            self.connect_by = None;
            self.turn(CallState::Active, out);
        }
    }

    fn part(&mut self, member: MemberId, why: Parting, now: Millis, out: &mut Vec<Decision>) {
        let was_in = self.present.remove(&member).is_some();
        let had_accepted = matches!(self.callee(member), Some(Callee::Accepted(_)));
        if !was_in && !had_accepted && member != self.starter {
            return;
        }
        self.last_parting = why;
        // Whose media failed may come back.
        let comes_back = matches!(why, Parting::Lost | Parting::Moved | Parting::Failed);
        if !comes_back {
            self.give_up(member);
        }
        match (self.state, self.kind) {
            (CallState::Ringing, _) if member == self.starter && !comes_back => self.end(Cause::Cancelled, out),
            (CallState::Connecting, CallKind::Direct) if why == Parting::Failed => self.end(Cause::Failed, out),
            (_, CallKind::Direct) if !comes_back => self.end(Cause::Left, out),
            _ => self.count(now),
        }
    }

    fn turn(&mut self, state: CallState, out: &mut Vec<Decision>) {
        self.state = state;
        out.push(Decision::Turn(state));
    }

    /// A call that rings ends when everybody whom it rang has said no.
    fn conclude(&mut self, out: &mut Vec<Decision>) {
        if self.state != CallState::Ringing || self.callees.is_empty() || self.waits_for_somebody() {
            return;
        }
        let declined = self.callees.values().any(|callee| *callee == Callee::Declined);
        self.end(if declined { Cause::Declined } else { Cause::Busy }, out);
    }

    fn end(&mut self, cause: Cause, out: &mut Vec<Decision>) {
        for (member, callee) in &mut self.callees {
            match callee {
                Callee::Rings(_) => {
                    let fate = if cause == Cause::Cancelled || !self.met { Fate::Missed } else { Fate::Passed };
                    out.extend([Decision::Silence(*member, None), Decision::Fate(*member, fate)]);
                    *callee = Callee::Over;
                }
                Callee::Silent(_) => *callee = Callee::Over,
                _ => {}
            }
        }
        self.state = CallState::Ended;
        out.push(Decision::End(cause));
    }
}

#[cfg(test)]
#[path = "../tests/ringing.rs"]
mod tests;

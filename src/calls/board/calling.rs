//! How calls begin and who is rung: the machine of each call is asked, and what it decides is done.

use super::{Board, Known, Live, NewCall, Outgoing, Record, Voice, over};
use crate::calls::events::{CallNotice, NoticeFrame};
use crate::calls::model::{CallKind, CallState, Fate};
use crate::calls::ringing::{Callee, Decision, Happening, No, Way};
use crate::calls::sfu;
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::ids::{CallId, MemberId};
use crate::live::{Addressee, frame_of};

pub(super) fn refusal(no: No) -> Error {
    match no {
        No::Over => over(),
        No::Elsewhere => Error::conflict("calls.answered_elsewhere"),
        No::NotTheirs => Error::NotFound,
    }
}

impl Board {
    /// A call begins. Everyone who is called is rung as `way` says.
    pub fn open(&mut self, new: NewCall, whom: &[(MemberId, Way)], now: Millis, out: &mut Vec<Outgoing>) {
        let id = new.id;
        out.push(Outgoing::Media(sfu::Input::OpenCall { call: sfu::CallId(id.0.unsigned_abs()) }));
        self.calls.insert(id, Live::new(new, now));
        self.ring(id, whom, now, out);
        if let Some(live) = self.calls.get(&id) {
            live.tell_state(live.starter, out);
        }
    }

    /// A call that went on when the program stopped; its people come back, with the roles that they had.
    pub fn resume(&mut self, new: NewCall, known: Vec<(MemberId, Known)>, now: Millis, out: &mut Vec<Outgoing>) {
        out.push(Outgoing::Media(sfu::Input::OpenCall { call: sfu::CallId(new.id.0.unsigned_abs()) }));
        self.calls.insert(new.id, Live::resumed(new, known, now));
    }

    /// Somebody in it calls more people into a call that goes on.
    pub fn add(&mut self, call: CallId, by: MemberId, whom: &[(MemberId, Way)], now: Millis, out: &mut Vec<Outgoing>) {
        if let Some(live) = self.calls.get_mut(&call) {
            live.added.push((by, now));
        }
        self.ring(call, whom, now, out);
    }

    /// These are called into a call that goes on.
    pub fn ring(&mut self, call: CallId, whom: &[(MemberId, Way)], now: Millis, out: &mut Vec<Outgoing>) {
        let Some(live) = self.calls.get_mut(&call) else { return };
        if live.rung.len() + whom.len() > 1 {
            live.widen();
        }
        live.rung.extend(whom.iter().map(|(member, _)| *member).filter(|member| !live.rung.contains(member)).collect::<Vec<_>>());
        let mut decisions = Vec::new();
        live.ringing.call(whom, now, &mut decisions);
        self.follow(call, decisions, now, out);
    }

    /// Puts something to the machine of a call, and does what follows.
    pub(super) fn happens(&mut self, call: CallId, what: Happening, now: Millis, out: &mut Vec<Outgoing>) -> Result<()> {
        let live = self.live(call)?;
        let mut decisions = Vec::new();
        let answer = live.ringing.take(what, now, &mut decisions);
        self.follow(call, decisions, now, out);
        answer.map_err(refusal)
    }

    /// A member says yes on a connection.
    ///
    /// # Errors
    /// 409 `calls.answered_elsewhere`, 410 `calls.over`, 404 when it does not ring for them, 409 `calls.in_another`, and where nobody new
    /// comes in `calls.locked`, `calls.full`, `calls.removed`.
    pub fn accept(&mut self, call: CallId, voice: Voice, now: Millis, out: &mut Vec<Outgoing>) -> Result<()> {
        let live = self.live(call)?;
        if matches!(live.ringing.callee(voice.member), Some(Callee::Rings(_))) {
            live.admits(voice.member)?;
        }
        if self.taken_by(voice.member).is_some_and(|other| other != call) {
            return Err(Error::conflict("calls.in_another"));
        }
        self.happens(call, Happening::Accepts(voice.member, voice.connection), now, out)
    }

    /// Two call each other: the later one takes the earlier one's call.
    ///
    /// # Errors
    /// As [`Board::accept`].
    pub fn merge(&mut self, call: CallId, voice: Voice, now: Millis, out: &mut Vec<Outgoing>) -> Result<()> {
        let live = self.live(call)?;
        let mut decisions = Vec::new();
        let answer = live.ringing.merge(voice.member, voice.connection, now, &mut decisions);
        live.knows.insert(voice.member);
        self.follow(call, decisions, now, out);
        answer.map_err(refusal)
    }

    /// Whoever is called lets the other call, and not with pictures: cameras and screens stay off in a call of the two.
    pub fn keep_to_voices(&mut self, call: CallId, out: &mut Vec<Outgoing>) {
        let Some(live) = self.calls.get_mut(&call).filter(|live| live.pictures && live.kind() == CallKind::Direct) else { return };
        live.pictures = false;
        live.restrict_all(out);
        live.tell_all(out);
        out.push(Outgoing::Keep(Record::Voices { call }));
    }

    /// A member says no.
    ///
    /// # Errors
    /// 410 `calls.over`, 409 `calls.answered_elsewhere`, 404.
    pub fn decline(&mut self, call: CallId, member: MemberId, now: Millis, out: &mut Vec<Outgoing>) -> Result<()> {
        self.happens(call, Happening::Declines(member), now, out)
    }

    /// Whoever began it takes it back.
    ///
    /// # Errors
    /// 410 `calls.over`, 409 `calls.answered` once somebody accepted, 403 `calls.not_host`.
    pub fn cancel(&mut self, call: CallId, member: MemberId, now: Millis, out: &mut Vec<Outgoing>) -> Result<()> {
        if self.live(call)?.starter != member {
            return Err(Error::forbidden("calls.not_host"));
        }
        match self.happens(call, Happening::Cancels, now, out) {
            Err(Error::NotFound) => Err(Error::conflict("calls.answered")),
            other => other,
        }
    }

    /// Does what the machine decided.
    fn follow(&mut self, call: CallId, decisions: Vec<Decision>, now: Millis, out: &mut Vec<Outgoing>) {
        for decision in decisions {
            let Some(live) = self.calls.get_mut(&call) else { return };
            match decision {
                Decision::Ring(member) => {
                    live.knows.insert(member);
                    self.tell_ring(call, member, out);
                }
                Decision::Silence(member, _) => live.tell_state(member, out),
                Decision::Fate(member, fate) => {
                    if fate == Fate::Declined {
                        live.declined.insert(member, now);
                    }
                    out.push(Outgoing::Keep(Record::Fate { call, member, fate }));
                }
                Decision::Turn(state) => {
                    if state == CallState::Connecting {
                        live.answered_at = live.answered_at.or(Some(now));
                        out.push(Outgoing::Keep(Record::Answered { call, at: now }));
                    }
                    live.room_changed = true;
                    live.tell_all(out);
                }
                Decision::End(cause) => return self.close(call, cause, now, out),
            }
        }
    }

    fn tell_ring(&self, call: CallId, member: MemberId, out: &mut Vec<Outgoing>) {
        let rings = |live: &&Live| live.id != call && matches!(live.ringing.callee(member), Some(Callee::Rings(_)));
        let waiting = self.calls.values().any(|live| rings(&live));
        if let Some(live) = self.calls.get(&call) {
            let notice = CallNotice::Ring { call: live.view(), waiting };
            out.push(Outgoing::Tell(Addressee::Member(member), frame_of(&NoticeFrame { notice: &notice, seq: None })));
        }
    }
}

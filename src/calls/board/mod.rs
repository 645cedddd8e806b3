//! The calls that go on: what happens is taken in under one lock, and what follows comes out as a list. It knows no socket, row or packet.

mod live;
mod media;
mod moderation;
mod presence;
mod quality;
mod speaking;
mod stay;
#[cfg(test)]
#[path = "../tests/board/mod.rs"]
mod tests;

use std::collections::HashMap;

use bytes::Bytes;

pub use live::{Known, Live, LiveRow, LiveStay, NewCall};
pub use presence::{Joining, Standing};
pub use speaking::ViewWish;
pub use stay::Entrance;

use super::events::{CallNotice, NoticeFrame};
use super::model::{CallKind, CallRole, CallView, Cause, Fate, MyCall, Parting};
use super::ringing::{Callee, Decision, Happening, No, Way};
use super::sfu;
use crate::clock::Millis;
use crate::error::{Error, RefusalKind, Result};
use crate::ids::{CallId, MemberId, RoomId, SessionId, StayId};
use crate::live::{Addressee, frame_of};

/// Without a first offer within this a stay is over.
pub const OFFER_WITHIN: Millis = 30_000;
/// Between two measurements, milliseconds.
pub const MEASURE_MS: u64 = 5_000;
/// Sound sections that a browser offers at first.
pub const AUDIO_SLOTS: u8 = 4;
/// Picture sections that a browser offers at first, and by how many they grow.
pub const VIDEO_SLOTS: u8 = 6;
/// Picture sections that are ever answered.
pub const MOST_VIDEO_SLOTS: u8 = 18;

/// What follows from what happened, in order.
#[derive(Debug)]
pub enum Outgoing {
    /// A frame of the third class.
    Tell(Addressee, Bytes),
    /// A word to the media server.
    Media(sfu::Input),
    /// Something for the database.
    Keep(Record),
    /// An offer was answered or refused.
    Answered {
        /// Of whom.
        who: sfu::Who,
        /// Which.
        generation: u32,
        /// Why not.
        refused: Option<sfu::Refusal>,
    },
}

/// Something for the database, in the order in which it happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// A stay begins.
    Joined { stay: StayId, call: CallId, member: MemberId, role: CallRole, at: Millis },
    /// A stay is over.
    Parted(Box<Parted>),
    /// Somebody accepted.
    Answered { call: CallId, at: Millis },
    /// Cameras and screens stay off in it.
    Voices { call: CallId },
    /// The call ended for somebody who did not come in.
    Fate { call: CallId, member: MemberId, fate: Fate },
    /// Somebody's role changed by itself.
    Role { call: CallId, member: MemberId, role: CallRole },
    /// It is over.
    Ended { call: CallId, cause: Cause, at: Millis },
}

/// A stay that is over, with what was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Parted {
    /// Which.
    pub stay: StayId,
    /// The call.
    pub call: CallId,
    /// Who.
    pub member: MemberId,
    /// When, milliseconds UTC.
    pub at: Millis,
    /// Why.
    pub parting: Parting,
    /// How long, milliseconds.
    pub lasted: Millis,
    /// How long it took until media was there, milliseconds.
    pub connected_ms: Option<Millis>,
    /// How packets travelled.
    pub route: &'static str,
    /// Towards the server, at the end, kilobits in a second.
    pub kbps_in: i32,
    /// From the server, at the end.
    pub kbps_out: i32,
    /// Over the stay, thousandths.
    pub loss_permille: i32,
    /// The first hop that failed at the end, or empty.
    pub trouble: &'static str,
    /// The worst mark.
    pub quality: Option<u8>,
}

/// Whom a moment in a call concerns: the caller of a command.
#[derive(Clone, Copy, Debug)]
pub struct Voice {
    /// Who.
    pub member: MemberId,
    /// On which connection.
    pub connection: u64,
}

/// All calls that go on.
#[derive(Debug, Default)]
pub struct Board {
    calls: HashMap<CallId, Live>,
    /// Is there a media server?
    has_media: bool,
    /// Stays that are over. The thread that lets time pass drops them, since it made most of what they kept: the allocator has memory back
    /// at once where it was taken.
    gone: Vec<stay::Stay>,
}

pub(super) fn over() -> Error {
    Error::refused(RefusalKind::Gone, "calls.over")
}

fn refusal(no: No) -> Error {
    match no {
        No::Over => over(),
        No::Elsewhere => Error::conflict("calls.answered_elsewhere"),
        No::NotTheirs => Error::NotFound,
    }
}

impl Board {
    /// An empty one.
    #[must_use]
    pub fn new(has_media: bool) -> Self {
        Self { calls: HashMap::new(), has_media, gone: Vec::new() }
    }

    /// Whether there is a media server now.
    pub const fn set_media(&mut self, has_media: bool) {
        self.has_media = has_media;
    }

    /// Is there a media server?
    #[must_use]
    pub const fn has_media(&self) -> bool {
        self.has_media
    }

    /// Is there no call, and nothing left of one?
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        self.calls.is_empty() && self.gone.is_empty()
    }

    fn live(&mut self, call: CallId) -> Result<&mut Live> {
        self.calls.get_mut(&call).ok_or_else(over)
    }

    /// A call that goes on.
    #[must_use]
    pub fn call(&self, call: CallId) -> Option<&Live> {
        self.calls.get(&call)
    }

    /// How many go on.
    #[must_use]
    pub fn count(&self) -> usize {
        self.calls.len()
    }

    /// How many go on, and how many members are in them.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        (self.calls.len(), self.calls.values().map(|live| live.stays.len()).sum())
    }

    /// The one in which a member is, or which they accepted or began: another one has to wait.
    #[must_use]
    pub fn taken_by(&self, member: MemberId) -> Option<CallId> {
        self.calls.values().find(|live| live.takes(member)).map(|live| live.id)
    }

    /// Those that a member hears of: rung, called, in it; and those of these rooms. In ascending id.
    #[must_use]
    pub fn of_member(&self, member: MemberId, rooms: &[RoomId]) -> Vec<MyCall> {
        let concerns = |live: &&Live| live.concerns(member) || live.room.is_some_and(|room| rooms.contains(&room));
        let mut mine: Vec<MyCall> = self.calls.values().filter(concerns).map(|live| live.mine(member)).collect();
        mine.sort_by_key(|my| my.call.id);
        mine
    }

    /// Those that go on in these rooms.
    #[must_use]
    pub fn of_rooms(&self, rooms: &[RoomId]) -> HashMap<RoomId, CallView> {
        let of_room = |live: &Live| live.room.filter(|room| rooms.contains(room)).map(|room| (room, live.view()));
        self.calls.values().filter_map(of_room).collect()
    }

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

    /// How many members are in a call or on the way into it.
    #[must_use]
    pub fn size(&self, call: CallId) -> u32 {
        let Some(live) = self.calls.get(&call) else { return 0 };
        let coming = live.ringing.callees().filter(|(_, callee)| matches!(callee, Callee::Rings(_) | Callee::Silent(_))).count();
        u32::try_from(live.stays.len() + coming).unwrap_or(u32::MAX)
    }

    /// Puts something to the machine of a call, and does what follows.
    fn happens(&mut self, call: CallId, what: Happening, now: Millis, out: &mut Vec<Outgoing>) -> Result<()> {
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
                    if state == super::model::CallState::Connecting {
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

    /// It is over: media is cut, everyone concerned is told, the row gets its cause.
    fn close(&mut self, call: CallId, cause: Cause, now: Millis, out: &mut Vec<Outgoing>) {
        let Some(mut live) = self.calls.remove(&call) else { return };
        out.push(Outgoing::Media(sfu::Input::CloseCall { call: sfu::CallId(call.0.unsigned_abs()) }));
        for stay in std::mem::take(&mut live.stays) {
            out.push(Outgoing::Keep(Record::Parted(Box::new(live::parted(&stay, Parting::Ended, now)))));
            self.gone.push(stay);
        }
        let frame = frame_of(&NoticeFrame { notice: &CallNotice::Ended { call, cause }, seq: None });
        out.extend(live.knows.iter().map(|member| Outgoing::Tell(Addressee::Member(*member), frame.clone())));
        if let Some(room) = live.room {
            let notice = CallNotice::Room { room, call: None };
            out.push(Outgoing::Tell(Addressee::Room(room), frame_of(&NoticeFrame { notice: &notice, seq: None })));
        }
        out.push(Outgoing::Keep(Record::Ended { call, cause, at: now }));
    }

    /// Ends a call from outside: an administrator, a room that closes.
    ///
    /// # Errors
    /// 410 `calls.over`.
    pub fn end(&mut self, call: CallId, cause: Cause, now: Millis, out: &mut Vec<Outgoing>) -> Result<()> {
        self.happens(call, Happening::Ends(cause), now, out)
    }

    /// Time has passed: what is due is done, and what changed since the last time is told, so that a storm of changes is one notice.
    pub fn pass(&mut self, now: Millis, out: &mut Vec<Outgoing>) {
        self.gone = Vec::new();
        if self.calls.is_empty() {
            self.calls.shrink_to_fit();
        }
        let due = |live: &&Live| {
            live.ringing.next_at().is_some_and(|at| at <= now)
                || live.stays.iter().any(|stay| stay.waits_until().is_some_and(|by| by <= now))
        };
        let due: Vec<CallId> = self.calls.values().filter(due).map(|live| live.id).collect();
        for call in due {
            let late = |live: &Live| {
                let mut late = live.stays.iter().filter(|stay| stay.waits_until().is_some_and(|by| by <= now));
                late.next().map(|stay| stay.member)
            };
            while let Some(member) = self.calls.get(&call).and_then(late) {
                self.part(call, member, Parting::Lost, now, out);
            }
            let _ = self.happens(call, Happening::Passes, now, out);
        }
        for live in self.calls.values_mut() {
            live.give_up(now, out);
            live.flush(out);
        }
    }

    /// Every call that goes on, for the operator.
    #[must_use]
    pub fn rows(&self) -> Vec<LiveRow> {
        let mut rows: Vec<LiveRow> = self.calls.values().map(Live::row).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.id));
        rows
    }

    /// The session of a member is over, with all that went on in it.
    pub fn session_ended(&mut self, member: MemberId, session: SessionId, now: Millis, out: &mut Vec<Outgoing>) {
        self.part_where(Parting::SignedOut, now, out, |live, stay| stay.member == member && stay.session == session && live.is_in(member));
    }
}

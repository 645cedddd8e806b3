//! The calls that go on: what happens is taken in under one lock, and what follows comes out as a list. It knows no socket, row or packet.

mod calling;
mod live;
mod media;
mod moderation;
mod outgoing;
mod presence;
mod quality;
mod speaking;
mod stay;
#[cfg(test)]
#[path = "../tests/board/mod.rs"]
mod tests;

use std::collections::HashMap;

pub use live::{Known, Live, LiveRow, LiveStay, NewCall};
pub use outgoing::{Outgoing, Parted, Record};
pub use presence::{Joining, Standing};
pub use speaking::ViewWish;
pub use stay::Entrance;

use super::events::{CallNotice, NoticeFrame};
use super::model::{CallView, Cause, MyCall, Parting};
use super::ringing::{Callee, Happening};
use super::sfu;
use crate::clock::Millis;
use crate::error::{Error, RefusalKind, Result};
use crate::ids::{CallId, MemberId, RoomId, SessionId};
use crate::live::{Addressee, frame_of};

/// Without an offer that could be answered within this a stay is over.
pub const OFFER_WITHIN: Millis = 30_000;
/// Between two measurements, milliseconds.
pub const MEASURE_MS: u64 = 5_000;
/// Sound sections that a browser offers at first.
pub const AUDIO_SLOTS: u8 = 4;
/// Picture sections that a browser offers at first, and by how many they grow.
pub const VIDEO_SLOTS: u8 = 6;
/// Picture sections that are ever answered.
pub const MOST_VIDEO_SLOTS: u8 = 18;

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

    /// How many members are in a call or on the way into it.
    #[must_use]
    pub fn size(&self, call: CallId) -> u32 {
        let Some(live) = self.calls.get(&call) else { return 0 };
        let coming = live.ringing.callees().filter(|(_, callee)| matches!(callee, Callee::Rings(_) | Callee::Silent(_))).count();
        u32::try_from(live.stays.len() + coming).unwrap_or(u32::MAX)
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

//! Coming into a call, being in it, and going: by one's own wish, by loss, or because one may not be there any more.

use super::calling::refusal;
use super::live::parted;
use super::stay::{Entrance, Stay};
use super::{AUDIO_SLOTS, Board, Live, MOST_VIDEO_SLOTS, Outgoing, Record, VIDEO_SLOTS, Voice};
use crate::calls::events::{CallNotice, NoticeFrame};
use crate::calls::model::{CallKind, CallLimits, CallRole, CallState, Cause, Fate, Parting};
use crate::calls::ringing::Happening;
use crate::calls::sfu;
use crate::clock::Millis;
use crate::error::{Error, RefusalKind, Result};
use crate::ids::{CallId, MemberId, RoomId};
use crate::live::{Addressee, Caller, frame_of};

/// The place is kept this long without media, milliseconds: as long as the media server waits.
pub const KEEP_MS: u64 = sfu::LOST.as_secs() * 1_000;

/// How a member stands to the room of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Are they in it?
    pub is_of_room: bool,
    /// Do they lead it? Then they are hosts of its calls.
    pub leads_room: bool,
}

/// A wish to come in.
#[derive(Clone)]
pub struct Joining<'a> {
    /// Who, on which connection.
    pub voice: Voice,
    /// What the new stay begins with.
    pub entrance: Entrance,
    /// The token itself, to be told to them alone.
    pub token: &'a str,
    /// How they stand to its room.
    pub standing: Standing,
    /// The token of an earlier stay.
    pub resume: Option<&'a str>,
}

fn unavailable() -> Error {
    Error::refused(RefusalKind::Unavailable, "calls.media_unavailable")
}

pub(super) fn not_in_call() -> Error {
    Error::conflict("calls.not_in_call")
}

impl Live {
    /// May somebody new come in?
    pub(super) fn admits(&self, member: MemberId) -> Result<()> {
        let known = self.known.get(&member);
        if known.is_some_and(|known| known.removed) {
            return Err(Error::forbidden("calls.removed"));
        }
        // Whoever was in it has their place for as long as it goes on.
        let was_in = known.is_some_and(|known| known.role.is_some());
        if self.locked && !was_in && member != self.starter {
            return Err(Error::forbidden("calls.locked"));
        }
        if u32::try_from(self.stays.len()).unwrap_or(u32::MAX) >= self.most { Err(Error::conflict("calls.full")) } else { Ok(()) }
    }

    /// What somebody may do who comes in: what they could before; else who began it hosts it, as do those who lead its room.
    fn role_of(&self, member: MemberId, standing: Standing) -> CallRole {
        let before = self.known.get(&member).and_then(|known| known.role);
        let hosts = member == self.starter || standing.leads_room || self.kind() == CallKind::Direct;
        before.unwrap_or(if hosts { CallRole::Host } else { CallRole::Speaker })
    }

    /// Asks those who have fewer picture sections than there are others to offer more, as long as there may be more.
    fn grow(&mut self, out: &mut Vec<Outgoing>) {
        let (call, others) = (self.id, self.stays.len().saturating_sub(1));
        if !self.pictures {
            return;
        }
        for stay in &mut self.stays {
            let wanted = (stay.pictures..=MOST_VIDEO_SLOTS).step_by(usize::from(VIDEO_SLOTS)).find(|count| usize::from(*count) >= others);
            let wanted = wanted.unwrap_or(MOST_VIDEO_SLOTS);
            if wanted > stay.pictures {
                stay.pictures = wanted;
                stay.say(&CallNotice::Grow { call, audio: AUDIO_SLOTS, video: wanted }, out);
            }
        }
    }

    /// Says to somebody that they are in it, with everything that they need to begin.
    pub(super) fn welcome(&mut self, member: MemberId, token: &str, resumed: bool, out: &mut Vec<Outgoing>) {
        let (call, members) = (self.view(), self.participants());
        let limits = CallLimits {
            members: self.most,
            audio_slots: AUDIO_SLOTS,
            video_slots: if self.pictures { VIDEO_SLOTS } else { 0 },
            most_video_slots: if self.pictures { MOST_VIDEO_SLOTS } else { 0 },
            keep_ms: KEEP_MS,
        };
        let Some(stay) = self.stay(member) else { return };
        let (number, role, hand, held) = (stay.number, stay.role, stay.hand, stay.held.iter().copied().collect());
        let resume = token.to_owned();
        stay.say(&CallNotice::Joined { call, number, role, hand, held, resume, resumed, limits, members }, out);
    }
}

impl Board {
    /// Somebody comes in, comes back with a token, or moves here from another tab.
    ///
    /// # Errors
    /// 410 `calls.over`, 404, `calls.removed`, `calls.locked`, `calls.full`, 403 `calls.resume`, 409 `calls.in_another`,
    /// 503 `calls.media_unavailable`.
    pub fn join(&mut self, call: CallId, joining: &Joining<'_>, now: Millis, out: &mut Vec<Outgoing>) -> Result<()> {
        let member = joining.voice.member;
        let has_media = self.has_media;
        if self.taken_by_other(call, member) {
            return Err(Error::conflict("calls.in_another"));
        }
        // What is due comes first: nobody comes into what is over.
        self.happens(call, Happening::Passes, now, out)?;
        let live = self.live(call)?;
        if let Some(token) = joining.resume {
            let Some(stay) = live.stay(member).filter(|stay| stay.knows(token, joining.entrance.session)) else {
                return Err(Error::forbidden("calls.resume"));
            };
            // Whose way for media is gone needs another one, and has the place all the same.
            if stay.back_by.is_some() && has_media {
                return self.move_here(call, joining, now, out);
            }
            stay.take_up(&joining.entrance, out);
            live.welcome(member, joining.token, true, out);
            live.changed.insert(member);
            return self.starter_here(call, member, joining.voice.connection, now, out);
        }
        if !has_media {
            return Err(unavailable());
        }
        if live.is_in(member) {
            return self.move_here(call, joining, now, out);
        }
        live.ringing.may_enter(member, joining.standing.is_of_room).map_err(refusal)?;
        if live.known.get(&member).is_some_and(|known| known.left_room) && !joining.standing.is_of_room {
            return Err(Error::NotFound);
        }
        live.admits(member)?;
        let role = live.role_of(member, joining.standing);
        self.seat(call, joining, role, now, out)?;
        self.happens(call, Happening::Enters(member), now, out)?;
        self.greet(call, joining, now, out)
    }

    fn taken_by_other(&self, call: CallId, member: MemberId) -> bool {
        self.calls.values().any(|live| live.id != call && live.takes(member))
    }

    /// The member goes on in another tab or on another device, or in the same one after a loss: a new way for media, the same role.
    fn move_here(&mut self, call: CallId, joining: &Joining<'_>, now: Millis, out: &mut Vec<Outgoing>) -> Result<()> {
        let member = joining.voice.member;
        let live = self.live(call)?;
        let Some(place) = live.stays.iter().position(|stay| stay.member == member) else { return Err(not_in_call()) };
        let mut before = live.stays.remove(place);
        // Whoever comes anew over the same socket has not gone elsewhere.
        before.connection = before.connection.filter(|connection| *connection != joining.voice.connection);
        cut(&before, Parting::Moved, now, out);
        let (hand, role) = (before.hand, before.role);
        self.gone.push(before);
        self.seat(call, joining, role, now, out)?;
        if let Some(stay) = self.live(call)?.stay(member) {
            stay.hand = hand;
        }
        self.greet(call, joining, now, out)
    }

    /// Gives somebody a place, and a way for their media.
    fn seat(&mut self, call: CallId, joining: &Joining<'_>, role: CallRole, now: Millis, out: &mut Vec<Outgoing>) -> Result<()> {
        let live = self.live(call)?;
        let (member, number) = (joining.voice.member, live.next_number);
        live.next_number += 1;
        let known = live.known.entry(member).or_default();
        (known.role, known.awaited) = (Some(role), false);
        let mut stay = Stay::begin(call, member, number, role, &joining.entrance, now);
        stay.held.clone_from(&known.held);
        live.knows.insert(member);
        out.push(Outgoing::Media(sfu::Input::Join { who: stay.who(), may: stay.permissions(live.pictures) }));
        out.push(Outgoing::Keep(Record::Joined { stay: stay.id, call, member, role, at: now }));
        live.stays.push(stay);
        live.changed.insert(member);
        live.room_changed = true;
        Ok(())
    }

    fn greet(&mut self, call: CallId, joining: &Joining<'_>, now: Millis, out: &mut Vec<Outgoing>) -> Result<()> {
        let member = joining.voice.member;
        let live = self.live(call)?;
        live.welcome(member, joining.token, false, out);
        live.grow(out);
        live.tell_state(member, out);
        self.starter_here(call, member, joining.voice.connection, now, out)
    }

    fn starter_here(&mut self, call: CallId, member: MemberId, connection: u64, now: Millis, out: &mut Vec<Outgoing>) -> Result<()> {
        let live = self.live(call)?;
        if live.starter == member {
            live.starter_connection = Some(connection);
            self.happens(call, Happening::StarterHere(true), now, out)?;
        }
        Ok(())
    }

    /// Somebody goes.
    ///
    /// # Errors
    /// 410 `calls.over`, 409 `calls.not_in_call`.
    pub fn leave(&mut self, call: CallId, member: MemberId, now: Millis, out: &mut Vec<Outgoing>) -> Result<()> {
        let live = self.live(call)?;
        let accepted = live.takes(member);
        if !live.is_in(member) && !accepted {
            return Err(not_in_call());
        }
        self.part(call, member, Parting::Left, now, out);
        Ok(())
    }

    /// Somebody is no longer in it; their media is cut now.
    pub(super) fn part(&mut self, call: CallId, member: MemberId, why: Parting, now: Millis, out: &mut Vec<Outgoing>) {
        let Some(live) = self.calls.get_mut(&call) else { return };
        if let Some(place) = live.stays.iter().position(|stay| stay.member == member) {
            let stay = live.stays.remove(place);
            cut(&stay, why, now, out);
            live.changed.remove(&member);
            live.left.insert(member, why);
            live.room_changed = true;
            live.pass_on_host(None, out);
            self.gone.push(stay);
        }
        if let Some(known) = live.known.get_mut(&member) {
            known.awaited = false;
        }
        live.tell_state(member, out);
        let _ = self.happens(call, Happening::Parts(member, why), now, out);
    }

    /// Whoever came in over this connection may not be there any more.
    pub fn put_out(&mut self, call: CallId, voice: Voice, why: Parting, now: Millis, out: &mut Vec<Outgoing>) {
        if self.call(call).is_some_and(|live| live.is_held_by(voice)) {
            self.part(call, voice.member, why, now, out);
        }
    }

    /// All stays of which this is true are over.
    pub(super) fn part_where(&mut self, why: Parting, now: Millis, out: &mut Vec<Outgoing>, is_over: impl Fn(&Live, &Stay) -> bool) {
        let over: Vec<(CallId, MemberId)> = self
            .calls
            .values()
            .flat_map(|live| live.stays.iter().filter(|stay| is_over(live, stay)).map(|stay| (live.id, stay.member)))
            .collect();
        over.into_iter().for_each(|(call, member)| self.part(call, member, why, now, out));
    }

    /// A member is no longer in a room: not in its calls either, until they are in it again.
    pub fn room_left(&mut self, member: MemberId, room: RoomId, now: Millis, out: &mut Vec<Outgoing>) {
        for live in self.calls.values_mut().filter(|live| live.room == Some(room)) {
            live.known.entry(member).or_default().left_room = true;
        }
        self.part_where(Parting::RoomLeft, now, out, |live, stay| live.room == Some(room) && stay.member == member);
    }

    /// A member is banned or deleted: out of every call, and what rings for them or by them is over.
    pub fn member_removed(&mut self, member: MemberId, now: Millis, out: &mut Vec<Outgoing>) {
        self.part_where(Parting::Banned, now, out, |_, stay| stay.member == member);
        let concerned: Vec<CallId> =
            self.calls.values().filter(|live| live.takes(member) || live.concerns(member)).map(|live| live.id).collect();
        for call in concerned {
            let _ = self.decline(call, member, now, out);
            self.part(call, member, Parting::Banned, now, out);
        }
    }

    /// A room takes no calls any more.
    pub fn room_closed(&mut self, room: RoomId, now: Millis, out: &mut Vec<Outgoing>) {
        let of_room: Vec<CallId> = self.calls.values().filter(|live| live.room == Some(room)).map(|live| live.id).collect();
        for call in of_room {
            let _ = self.end(call, Cause::RoomClosed, now, out);
        }
    }

    /// One shuts the other out: a call of the two ends, or never comes about, and nobody learns why.
    pub fn shut_out(&mut self, member: MemberId, other: MemberId, now: Millis, out: &mut Vec<Outgoing>) {
        let between = |live: &&Live| {
            live.kind() == CallKind::Direct
                && [member, other].iter().all(|one| *one == live.starter || live.ringing.callee(*one).is_some() || live.is_in(*one))
        };
        let direct: Vec<CallId> = self.calls.values().filter(between).map(|live| live.id).collect();
        for call in direct {
            let Some(live) = self.calls.get_mut(&call) else { continue };
            if live.ringing.state() != CallState::Ringing {
                self.part(call, member, Parting::Left, now, out);
            } else if live.starter == member {
                let _ = self.cancel(call, member, now, out);
            } else {
                // For the other it rings on as one that nobody answers.
                if live.ringing.hush(member) {
                    out.push(Outgoing::Keep(Record::Fate { call, member, fate: Fate::Declined }));
                }
                live.tell_state(member, out);
            }
        }
    }

    /// A connection is over. Media goes on without it; a caller who does not come back takes the call back.
    pub fn connection_left(&mut self, caller: Caller, now: Millis, out: &mut Vec<Outgoing>) {
        let mut waiting = Vec::new();
        for live in self.calls.values_mut() {
            if let Some(stay) = live.stay(caller.member).filter(|stay| stay.connection == Some(caller.connection)) {
                stay.connection = None;
                live.changed.insert(caller.member);
            }
            if live.starter == caller.member && live.starter_connection == Some(caller.connection) {
                waiting.push(live.id);
            }
        }
        for call in waiting {
            let _ = self.happens(call, Happening::StarterHere(false), now, out);
        }
    }
}

/// Ends a stay: media is cut before anything else, then its socket is told.
fn cut(stay: &Stay, why: Parting, now: Millis, out: &mut Vec<Outgoing>) {
    out.push(Outgoing::Media(sfu::Input::Leave { who: stay.who() }));
    let notice = CallNotice::Parted { call: stay.call, why };
    if let Some(connection) = stay.connection {
        let frame = frame_of(&NoticeFrame { notice: &notice, seq: None });
        out.push(Outgoing::Tell(Addressee::Connection(stay.member, connection), frame));
    }
    out.push(Outgoing::Keep(Record::Parted(Box::new(parted(stay, why, now)))));
}

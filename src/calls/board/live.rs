//! One call that goes on: its machine, who is in it, what is known of those who were.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

use super::stay::Stay;
use super::{Outgoing, Parted, Voice};
use crate::calls::events::{CallNotice, NoticeFrame};
use crate::calls::model::{CallKind, CallRole, CallSource, CallState, CallView, MyCall, Part, Participant, Parting, SourceState, Trouble};
use crate::calls::ringing::{Callee, EMPTY, Ringing};
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::ids::{CallId, MemberId, RoomId};
use crate::live::{Addressee, connection_name, frame_of};

/// Whoever said no to a call is not rung again into it for so long.
pub const LET_BE: Millis = 300_000;

/// A call that begins.
#[derive(Clone, Debug)]
pub struct NewCall {
    /// Its id.
    pub id: CallId,
    /// What sort.
    pub kind: CallKind,
    /// Its room.
    pub room: Option<RoomId>,
    /// Is it begun with cameras?
    pub video: bool,
    /// May cameras and screens be on?
    pub pictures: bool,
    /// Who begins it.
    pub starter: MemberId,
    /// On which connection; none after a restart.
    pub connection: Option<u64>,
    /// When, milliseconds UTC.
    pub started_at: Millis,
    /// When it ends by the starter's plan.
    pub ends_at: Option<Millis>,
    /// Most members at once.
    pub most: u32,
    /// Does it take in nobody new?
    pub locked: bool,
}

/// What is remembered of a member of a call beyond a stay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The role that they had when they were in it; none: they never were.
    pub role: Option<CallRole>,
    /// What hosts turned off.
    pub held: BTreeSet<CallSource>,
    /// Were they removed?
    pub removed: bool,
    /// Were they in it when the program stopped?
    pub awaited: bool,
    /// Are they no longer in its room?
    pub left_room: bool,
}

/// A call that goes on.
#[derive(Debug)]
pub struct Live {
    /// Its id.
    pub id: CallId,
    kind: CallKind,
    /// Its room.
    pub room: Option<RoomId>,
    /// Was it begun with cameras?
    pub video: bool,
    pub(super) pictures: bool,
    /// Who began it.
    pub starter: MemberId,
    pub(super) starter_connection: Option<u64>,
    started_at: Millis,
    pub(super) answered_at: Option<Millis>,
    ends_at: Option<Millis>,
    pub(super) most: u32,
    pub(super) locked: bool,
    /// Its machine.
    pub ringing: Ringing,
    /// Who was asked to come, in order.
    pub rung: Vec<MemberId>,
    pub(super) stays: Vec<Stay>,
    pub(super) next_number: u32,
    pub(super) known: HashMap<MemberId, Known>,
    /// Who has heard of it: the starter, whom it rang, who was in it.
    pub(super) knows: BTreeSet<MemberId>,
    pub(super) changed: BTreeSet<MemberId>,
    pub(super) left: BTreeMap<MemberId, Parting>,
    pub(super) room_changed: bool,
    /// Who said no, and when.
    pub(super) declined: HashMap<MemberId, Millis>,
    /// Who called more people into it, and when.
    pub(super) added: Vec<(MemberId, Millis)>,
    /// After a restart: until when those who were in it are waited for.
    pub(super) awaited_until: Option<Millis>,
    pub(super) quality_changed: bool,
}

/// A live call as an operator sees it. No addresses.
#[derive(Clone, Debug, Serialize)]
pub struct LiveRow {
    /// Its id.
    pub id: CallId,
    /// Who is in it.
    pub stays: Vec<LiveStay>,
    /// It, as its members see it.
    pub call: CallView,
}

/// A stay as an operator sees it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct LiveStay {
    /// Who.
    pub member: MemberId,
    /// Since when, milliseconds UTC.
    pub joined_at: Millis,
    /// Towards the server, kilobits in a second.
    pub kbps_in: i32,
    /// From the server.
    pub kbps_out: i32,
    /// Loss over the stay, thousandths.
    pub loss_permille: i32,
    /// How packets travel: `udp4`, `udp6`, `tcp4`, `tcp6`, or empty.
    pub route: String,
    /// The first hop that fails.
    pub trouble: Option<Trouble>,
    /// How good the way was at its worst, 1–3; null before the first measurement.
    pub quality: Option<i16>,
    /// What they send, while they are in it.
    #[schema(value_type = BTreeMap<String, String>)]
    pub sources: BTreeMap<CallSource, SourceState>,
}

/// The record of a stay that is over.
pub(super) fn parted(stay: &Stay, parting: Parting, now: Millis) -> Parted {
    Parted {
        stay: stay.id,
        call: stay.call,
        member: stay.member,
        at: now,
        parting,
        lasted: now - stay.joined_at,
        connected_ms: stay.connected_at.map(|at| at - stay.joined_at),
        route: stay.quality.route,
        kbps_in: stay.quality.kbps_in,
        kbps_out: stay.quality.kbps_out,
        loss_permille: stay.quality.loss_permille,
        trouble: stay.trouble.map_or("", Trouble::name),
        quality: stay.quality.worst,
    }
}

impl Live {
    pub(super) fn new(new: NewCall, now: Millis) -> Self {
        let ringing = Ringing::begin(new.kind, new.starter, new.ends_at, now);
        Self::with(new, ringing)
    }

    pub(super) fn resumed(new: NewCall, known: Vec<(MemberId, Known)>, now: Millis) -> Self {
        let ringing = Ringing::resume(new.kind, new.starter, new.ends_at, now);
        let mut live = Self::with(new, ringing);
        // Calls that still rang were not resumed: this one was answered within the time of a ring.
        live.answered_at = Some(live.started_at);
        live.knows.extend(known.iter().map(|(member, _)| *member));
        known.iter().filter(|(_, known)| known.awaited).for_each(|(member, _)| live.ringing.expect(*member));
        live.known = known.into_iter().collect();
        live.awaited_until = Some(now + EMPTY);
        live
    }

    /// Whoever has not come back after a restart is waited for no longer: they may come as late as they like.
    pub(super) fn give_up(&mut self, now: Millis, out: &mut Vec<Outgoing>) {
        if self.awaited_until.is_none_or(|until| until > now) {
            return;
        }
        self.awaited_until = None;
        let gone: Vec<MemberId> = self.known.iter().filter(|(_, known)| known.awaited).map(|(member, _)| *member).collect();
        for member in gone {
            self.known.entry(member).or_default().awaited = false;
            self.ringing.give_up(member);
            self.tell_state(member, out);
        }
    }

    fn with(new: NewCall, ringing: Ringing) -> Self {
        Self {
            id: new.id,
            kind: new.kind,
            room: new.room,
            video: new.video,
            pictures: new.pictures,
            starter: new.starter,
            starter_connection: new.connection,
            started_at: new.started_at,
            answered_at: (new.kind == CallKind::Room).then_some(new.started_at),
            ends_at: new.ends_at,
            most: new.most,
            locked: new.locked,
            ringing,
            rung: Vec::new(),
            stays: Vec::new(),
            next_number: 1,
            known: HashMap::new(),
            knows: BTreeSet::from([new.starter]),
            changed: BTreeSet::new(),
            left: BTreeMap::new(),
            room_changed: true,
            declined: HashMap::new(),
            added: Vec::new(),
            awaited_until: None,
            quality_changed: false,
        }
    }

    /// One of two becomes one of several.
    pub(super) fn widen(&mut self) {
        if self.kind == CallKind::Direct {
            self.kind = CallKind::Group;
            self.ringing.widen();
        }
    }

    /// Most members at once.
    pub const fn most(&self) -> u32 {
        self.most
    }

    /// What sort.
    pub const fn kind(&self) -> CallKind {
        self.kind
    }

    /// It as everyone sees it.
    pub fn view(&self) -> CallView {
        CallView {
            id: self.id,
            kind: self.kind,
            room: self.room,
            video: self.video,
            pictures: self.pictures,
            starter: self.starter,
            started_at: self.started_at,
            answered_at: self.answered_at,
            state: self.ringing.state(),
            expires_at: self.ringing.expires_at(),
            ends_at: self.ends_at,
            locked: self.locked,
            rung: self.rung.clone(),
            members: self.stays.iter().map(|stay| stay.member).collect(),
            cause: None,
        }
    }

    /// It as one member stands to it.
    pub fn mine(&self, member: MemberId) -> MyCall {
        let stay = self.stays.iter().find(|stay| stay.member == member);
        let awaited = self.known.get(&member).is_some_and(|known| known.awaited);
        let (part, connection) = match (stay, self.ringing.callee(member)) {
            (Some(stay), _) => (Part::In, stay.connection),
            (None, _) if awaited => (Part::In, None),
            (None, Some(Callee::Rings(_))) => (Part::Ringing, None),
            (None, Some(Callee::Accepted(connection))) => (Part::Accepted, Some(connection)),
            (None, _) if member == self.starter && self.ringing.state() == CallState::Ringing => (Part::Accepted, self.starter_connection),
            (None, _) => (Part::Outside, None),
        };
        MyCall { call: self.view(), part, connection: connection.map(connection_name) }
    }

    /// Does a member hear of it beyond its room?
    pub fn concerns(&self, member: MemberId) -> bool {
        let may_come_back = self.kind != CallKind::Direct && self.knows.contains(&member);
        self.takes(member) || may_come_back || matches!(self.ringing.callee(member), Some(Callee::Rings(_)))
    }

    /// Is a member in it or on the way, or does it ring for them? Then there is no need to call them.
    pub fn is_called(&self, member: MemberId) -> bool {
        let comes = matches!(self.ringing.callee(member), Some(Callee::Rings(_) | Callee::Accepted(_)));
        member == self.starter || comes || self.is_in(member)
    }

    /// May somebody be called into it now?
    ///
    /// # Errors
    /// 409 `calls.they_were_removed`; 429 `calls.declined_lately` within [`LET_BE`] of their no.
    pub fn may_be_called(&self, member: MemberId, now: Millis) -> Result<()> {
        if self.known.get(&member).is_some_and(|known| known.removed) {
            return Err(Error::conflict("calls.they_were_removed"));
        }
        let wait = self.declined.get(&member).map_or(0, |at| at + LET_BE - now);
        if wait > 0 { Err(Error::slow_down("calls.declined_lately", wait.unsigned_abs())) } else { Ok(()) }
    }

    /// When a member called more people into it since then.
    pub fn added_since(&self, by: MemberId, since: Millis) -> Vec<Millis> {
        self.added.iter().filter(|(one, at)| *one == by && *at > since).map(|(_, at)| *at).collect()
    }

    /// Is a member busy with it: in it, on the way into it, or calling?
    pub fn takes(&self, member: MemberId) -> bool {
        let calls = member == self.starter && self.ringing.state() == CallState::Ringing;
        let comes = matches!(self.ringing.callee(member), Some(Callee::Accepted(_))) && self.ringing.state() == CallState::Connecting;
        let awaited = self.known.get(&member).is_some_and(|known| known.awaited);
        calls || comes || awaited || self.is_in(member)
    }

    /// Does it ring for a member, and has nobody answered?
    pub fn rings_unanswered(&self, member: MemberId) -> bool {
        self.ringing.state() == CallState::Ringing && matches!(self.ringing.callee(member), Some(Callee::Rings(_)))
    }

    /// Is a member in it?
    pub fn is_in(&self, member: MemberId) -> bool {
        self.stays.iter().any(|stay| stay.member == member)
    }

    /// Does this connection hold the place of its member?
    pub fn is_held_by(&self, voice: Voice) -> bool {
        self.stays.iter().any(|stay| stay.member == voice.member && stay.connection == Some(voice.connection))
    }

    /// The stay of a member.
    pub(super) fn stay(&mut self, member: MemberId) -> Option<&mut Stay> {
        self.stays.iter_mut().find(|stay| stay.member == member)
    }

    pub(super) fn tell_state(&self, member: MemberId, out: &mut Vec<Outgoing>) {
        let notice = CallNotice::State(self.mine(member));
        out.push(Outgoing::Tell(Addressee::Member(member), frame_of(&NoticeFrame { notice: &notice, seq: None })));
    }

    /// Everyone who knows of it is told its state.
    pub(super) fn tell_all(&self, out: &mut Vec<Outgoing>) {
        self.knows.iter().for_each(|member| self.tell_state(*member, out));
    }

    /// Who is in it, as they see each other.
    pub(super) fn participants(&self) -> Vec<Participant> {
        self.stays.iter().map(|stay| stay.participant(self.pictures)).collect()
    }

    /// Tells what changed since the last time.
    pub(super) fn flush(&mut self, out: &mut Vec<Outgoing>) {
        let (changed, left) = (std::mem::take(&mut self.changed), std::mem::take(&mut self.left));
        if !changed.is_empty() || !left.is_empty() {
            let members: Vec<Participant> =
                self.stays.iter().filter(|stay| changed.contains(&stay.member)).map(|stay| stay.participant(self.pictures)).collect();
            let left: BTreeMap<MemberId, Parting> = left.into_iter().filter(|(member, _)| !self.is_in(*member)).collect();
            let notice = CallNotice::Members { call: self.id, full: false, members, left };
            self.stays.iter_mut().for_each(|stay| stay.say(&notice, out));
        }
        if std::mem::take(&mut self.quality_changed) {
            self.tell_quality(out);
        }
        if std::mem::take(&mut self.room_changed)
            && let Some(room) = self.room
        {
            let notice = CallNotice::Room { room, call: Some(self.view()) };
            out.push(Outgoing::Tell(Addressee::Room(room), frame_of(&NoticeFrame { notice: &notice, seq: None })));
        }
    }

    pub(super) fn row(&self) -> LiveRow {
        let of = |stay: &Stay| LiveStay {
            member: stay.member,
            joined_at: stay.joined_at,
            kbps_in: stay.quality.kbps_in,
            kbps_out: stay.quality.kbps_out,
            loss_permille: stay.quality.loss_permille,
            route: stay.quality.route.to_owned(),
            trouble: stay.trouble,
            quality: stay.quality.worst.map(i16::from),
            sources: stay.sources(self.pictures),
        };
        LiveRow { id: self.id, stays: self.stays.iter().map(of).collect(), call: self.view() }
    }
}

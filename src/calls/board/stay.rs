//! One stay of a member in a call: their socket, the notices that they may ask for again, what they send, how well it goes.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;

use super::quality::Quality;
use super::{OFFER_WITHIN, Outgoing, VIDEO_SLOTS};
use crate::access::hash_token;
use crate::calls::events::{CallNotice, NoticeFrame};
use crate::calls::model::{CallRole, CallSource, Link, Participant, Parting, Slot, SourceState, Trouble};
use crate::calls::sfu;
use crate::clock::Millis;
use crate::ids::{CallId, MemberId, SessionId, StayId};
use crate::live::{Addressee, frame_of};

/// Notices that are kept to be said again.
pub const KEPT_NOTICES: usize = 200;

/// A source as the media server knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The section of the offer.
    pub mid: String,
    /// Did the member, or a host, turn it off?
    pub muted: bool,
}

/// A stay.
#[derive(Debug)]
pub struct Stay {
    /// Its id, that of its row.
    pub id: StayId,
    /// The call.
    pub call: CallId,
    /// Who.
    pub member: MemberId,
    /// The device.
    pub session: SessionId,
    /// The participant's number for the media server.
    pub number: u32,
    /// What they may do.
    pub role: CallRole,
    /// Do they ask to speak?
    pub hand: bool,
    /// What a host turned off.
    pub held: BTreeSet<CallSource>,
    /// The socket over which they are in it now.
    pub connection: Option<u64>,
    /// Since when, milliseconds UTC.
    pub joined_at: Millis,
    /// When media was there first.
    pub connected_at: Option<Millis>,
    /// How media stands.
    pub link: Link,
    /// The first hop that fails.
    pub trouble: Option<Trouble>,
    /// Until when an offer must have been answered; one that is refused is none.
    pub offer_by: Option<Millis>,
    /// The browser closed its way for media, and the place is kept until then.
    pub back_by: Option<Millis>,
    /// What they send.
    pub sent: BTreeMap<CallSource, Sent>,
    /// What they hear and see, by section.
    pub slots: BTreeMap<String, Slot>,
    /// Picture sections that they were asked to offer.
    pub pictures: u8,
    /// Counted with each change of the slots.
    pub slots_rev: u64,
    /// Which layers of what they send somebody looks at.
    pub layers: BTreeMap<CallSource, BTreeMap<String, bool>>,
    /// What was measured.
    pub quality: Quality,
    /// The quality that was told last, so that only changes are.
    pub told: Option<CallNotice>,
    token: Vec<u8>,
    said: u64,
    kept: VecDeque<(u64, Bytes)>,
}

/// What a stay begins with.
#[derive(Clone, Debug)]
pub struct Entrance {
    /// Its id.
    pub id: StayId,
    /// The device.
    pub session: SessionId,
    /// The socket.
    pub connection: u64,
    /// The hash of the token with which it can be taken up again.
    pub token: Vec<u8>,
}

impl Stay {
    /// One that begins.
    pub fn begin(call: CallId, member: MemberId, number: u32, role: CallRole, entrance: &Entrance, now: Millis) -> Self {
        Self {
            id: entrance.id,
            call,
            member,
            session: entrance.session,
            number,
            role,
            hand: false,
            held: BTreeSet::new(),
            connection: Some(entrance.connection),
            joined_at: now,
            connected_at: None,
            link: Link::Connecting,
            trouble: None,
            offer_by: Some(now + OFFER_WITHIN),
            back_by: None,
            sent: BTreeMap::new(),
            slots: BTreeMap::new(),
            pictures: VIDEO_SLOTS,
            slots_rev: 0,
            layers: BTreeMap::new(),
            quality: Quality::default(),
            told: None,
            token: entrance.token.clone(),
            said: 0,
            kept: VecDeque::new(),
        }
    }

    /// Who it is for the media server.
    pub const fn who(&self) -> sfu::Who {
        sfu::Who { call: sfu::CallId(self.call.0.unsigned_abs()), participant: sfu::ParticipantId(self.number) }
    }

    /// Until when something must come of whoever is in it, or it is over.
    pub fn waits_until(&self) -> Option<Millis> {
        self.offer_by.into_iter().chain(self.back_by).min()
    }

    /// Is this the token with which it can be taken up: its own, not used, and from the same device?
    pub fn knows(&self, token: &str, session: SessionId) -> bool {
        use subtle::ConstantTimeEq;
        bool::from(hash_token(token).ct_eq(&self.token)) && self.session == session
    }

    /// Takes the stay up again on another socket, over the way for media that stands.
    pub fn take_up(&mut self, entrance: &Entrance, out: &mut Vec<Outgoing>) {
        // A socket that was there still is not any more.
        if self.connection != Some(entrance.connection) {
            self.mention(&CallNotice::Parted { call: self.call, why: Parting::Moved }, out);
        }
        self.token.clone_from(&entrance.token);
        self.connection = Some(entrance.connection);
    }

    /// From now on another token takes it up.
    pub fn renew(&mut self, token: Vec<u8>) {
        self.token = token;
    }

    /// May this be sent, as far as role, host and call say?
    pub fn may_send(&self, source: CallSource, pictures: bool) -> bool {
        let of_call = match source {
            CallSource::Mic => true,
            CallSource::Cam | CallSource::Screen | CallSource::ScreenAudio => pictures,
        };
        of_call && self.role != CallRole::Listener && !self.held.contains(&source)
    }

    /// The same for the media server.
    pub fn permissions(&self, pictures: bool) -> sfu::Permissions {
        sfu::Permissions {
            microphone: self.may_send(CallSource::Mic, pictures),
            camera: self.may_send(CallSource::Cam, pictures),
            screen: self.may_send(CallSource::Screen, pictures),
        }
    }

    /// What they send, as the others see it.
    pub fn sources(&self, pictures: bool) -> BTreeMap<CallSource, SourceState> {
        let state = |source: CallSource, sent: &Sent| match (self.may_send(source, pictures), sent.muted) {
            (false, _) => SourceState::Held,
            (true, true) => SourceState::Muted,
            (true, false) => SourceState::Live,
        };
        self.sent.iter().map(|(source, sent)| (*source, state(*source, sent))).collect()
    }

    /// As the others see them.
    pub fn participant(&self, pictures: bool) -> Participant {
        let link = if self.link == Link::Weak && self.connection.is_none() { Link::Away } else { self.link };
        Participant {
            member: self.member,
            number: self.number,
            role: self.role,
            hand: self.hand,
            link,
            sources: self.sources(pictures),
            joined_at: self.joined_at,
        }
    }

    /// Says something to whoever is in it; kept, so that it can be said again.
    pub fn say(&mut self, notice: &CallNotice, out: &mut Vec<Outgoing>) {
        self.said += 1;
        let frame = frame_of(&NoticeFrame { notice, seq: Some(self.said) });
        self.kept.push_back((self.said, frame.clone()));
        if self.kept.len() > KEPT_NOTICES {
            self.kept.pop_front();
        }
        self.pass(frame, out);
    }

    /// Says something that the next one replaces: it has no place and is not kept.
    pub fn mention(&self, notice: &CallNotice, out: &mut Vec<Outgoing>) {
        self.pass(frame_of(&NoticeFrame { notice, seq: None }), out);
    }

    /// Passes on a frame that is the same for everybody in the call.
    pub fn pass(&self, frame: Bytes, out: &mut Vec<Outgoing>) {
        if let Some(connection) = self.connection {
            out.push(Outgoing::Tell(Addressee::Connection(self.member, connection), frame));
        }
    }

    /// Says again what came above `seq`; `false` when not all of it is kept any more, or it never was.
    pub fn repeat(&self, seq: u64, out: &mut Vec<Outgoing>) -> bool {
        let first = self.kept.front().map_or(self.said + 1, |(seq, _)| *seq);
        if seq > self.said || seq + 1 < first {
            return false;
        }
        for (_, frame) in self.kept.iter().filter(|(at, _)| *at > seq) {
            self.pass(frame.clone(), out);
        }
        true
    }
}

impl From<sfu::Source> for CallSource {
    fn from(source: sfu::Source) -> Self {
        match source {
            sfu::Source::Microphone => Self::Mic,
            sfu::Source::Camera => Self::Cam,
            sfu::Source::Screen => Self::Screen,
            sfu::Source::ScreenAudio => Self::ScreenAudio,
        }
    }
}

impl From<CallSource> for sfu::Source {
    fn from(source: CallSource) -> Self {
        match source {
            CallSource::Mic => Self::Microphone,
            CallSource::Cam => Self::Camera,
            CallSource::Screen => Self::Screen,
            CallSource::ScreenAudio => Self::ScreenAudio,
        }
    }
}

impl From<sfu::Hop> for Trouble {
    fn from(hop: sfu::Hop) -> Self {
        match hop {
            sfu::Hop::NoIce => Self::NoIce,
            sfu::Hop::NoDtls => Self::NoDtls,
            sfu::Hop::NoPackets => Self::NoPackets,
            sfu::Hop::NoKeyframe => Self::NoKeyframe,
        }
    }
}

//! What the door asks for.

use std::net::{IpAddr, SocketAddr};

use super::super::audio::Loudness;
use super::super::call::{Call, Format, Layer, Publication};
use super::super::connection::{Connection, Terms};
use super::super::door::{CallId, EndCause, Input, Micros, Output, Permissions, Refusal, Source, TrackIntent, View, Who};
use super::super::layers::{MAX_LAYERS, Wishes};
use super::super::participant::{Extensions, Inbound, Participant, STREAMS};
use super::super::sdp::{self, Candidate, Extension, Flow, Kind, Local, Offer, SlotIds, Terms as Agreed};
use super::super::slot::{Beginning, Slot};
use super::{Exchange, Key, Timer};

/// First turn of a participant's timer.
const SOON: Micros = 20_000;

impl Exchange {
    /// Takes an input.
    pub fn input(&mut self, input: Input, now: Micros) {
        let who = match &input {
            Input::OpenCall { .. } | Input::OpenEcho { .. } | Input::CloseCall { .. } | Input::Statistics { .. } => None,
            Input::Join { who, .. }
            | Input::Offer { who, .. }
            | Input::View { who, .. }
            | Input::Mute { who, .. }
            | Input::Restrict { who, .. }
            | Input::Leave { who } => Some(*who),
            #[cfg(debug_assertions)]
            Input::SeedPanic { who } => Some(*who),
            #[cfg(debug_assertions)]
            Input::SeedFailure { .. } => panic!("seeded"),
        };
        let key = who.and_then(|who| self.key_of(who));
        self.work(key, now, |this| this.take(input, now));
    }

    fn take(&mut self, input: Input, now: Micros) {
        match input {
            Input::OpenCall { call } => self.open_call(Call::new(call), now),
            Input::OpenEcho { call } => self.open_call(Call::echo(call), now),
            Input::CloseCall { call } => self.close_call(call, now),
            Input::Join { who, may } => self.join(who, may, now),
            Input::Offer { who, generation, sdp, tracks } => self.offer(who, generation, &sdp, &tracks, now),
            Input::View { who, view } => self.view(who, view, now),
            Input::Mute { who, source, muted } => self.mute(who, source, muted, now),
            Input::Restrict { who, may } => self.restrict(who, may, now),
            Input::Leave { who } => {
                if let Some(key) = self.key_of(who) {
                    self.end(key, EndCause::Left, now);
                }
            }
            Input::Statistics { call } => self.statistics(call),
            #[cfg(debug_assertions)]
            Input::SeedPanic { who } => {
                if let Some(participant) = self.key_of(who).and_then(|key| self.participants.get_mut(key)) {
                    participant.seeded_panic = true;
                }
            }
            #[cfg(debug_assertions)]
            Input::SeedFailure { .. } => {}
        }
    }

    fn open_call(&mut self, call: Call, now: Micros) {
        let id = call.id;
        if !self.names.contains_key(&id) {
            let key = self.calls.insert(call);
            self.names.insert(id, key);
            self.wheel.set(now + super::timing::CALL_EVERY, Timer::Call(key));
        }
    }

    pub(super) fn close_call(&mut self, id: CallId, now: Micros) {
        self.statistics(id);
        // Gone before its members, so that nothing is arranged anew for those who are about to go.
        let Some(call) = self.names.remove(&id).and_then(|key| self.calls.remove(key)) else { return };
        for member in call.members {
            self.end(member, EndCause::CallClosed, now);
        }
    }

    fn join(&mut self, who: Who, may: Permissions, now: Micros) {
        let refuse = |this: &Self, refusal| this.emit(Output::TurnedAway { who, refusal });
        let Some(call) = self.names.get(&who.call).copied() else {
            return refuse(self, Refusal::NotInCall);
        };
        if let Some(earlier) = self.key_of(who) {
            self.end(earlier, EndCause::Left, now);
        }
        if self.calls.get(call).is_none_or(|call| call.members.len() >= call.most(&self.limits)) {
            return refuse(self, Refusal::CallFull);
        }
        if self.participants.len() >= self.limits.participants_per_thread {
            return refuse(self, Refusal::ServerFull);
        }
        let key = self.participants.insert(Participant::new(who, call, may, now));
        self.people.insert(who, key);
        if let Some(call) = self.calls.get_mut(call) {
            call.members.push(key);
        }
        self.wheel.set(now + SOON, Timer::Participant(key));
    }

    fn offer(&mut self, who: Who, generation: u32, sdp: &str, tracks: &[TrackIntent], now: Micros) {
        let answer = self.negotiate(who, generation, sdp, tracks, now);
        match answer {
            Ok(sdp) => {
                self.emit(Output::Answer { who, generation, sdp });
                if let Some(key) = self.key_of(who)
                    && let Some(participant) = self.participants.get_mut(key)
                {
                    participant.slots.iter_mut().for_each(|slot| slot.told = None);
                    let call = participant.call;
                    self.tell_tracks(key);
                    self.arrange(call, now);
                }
            }
            Err(refusal) => self.emit(Output::Refused { who, generation, refusal }),
        }
    }

    fn negotiate(&mut self, who: Who, generation: u32, sdp: &str, tracks: &[TrackIntent], now: Micros) -> Result<String, Refusal> {
        let key = self.key_of(who).ok_or(Refusal::NotInCall)?;
        let participant = self.participants.get(key).ok_or(Refusal::NotInCall)?;
        if participant.generation.is_some_and(|last| generation <= last) {
            return Err(Refusal::StaleOffer);
        }
        let offer = Offer::parse(sdp).map_err(sdp::Fault::refusal)?;
        let agreed = sdp::terms(&offer);
        self.check_offer(&agreed)?;
        self.prepare_connection(key, &offer, now)?;
        if let Some(participant) = self.participants.get_mut(key) {
            participant.extensions = Extensions { mixed: offer.mixed, ..extensions(&agreed) };
        }
        self.publish(key, &agreed, tracks, now);
        self.make_slots(key, &agreed)?;
        let participant = self.participants.get_mut(key).ok_or(Refusal::NotInCall)?;
        participant.generation = Some(generation);
        let connection = participant.connection.as_ref().ok_or(Refusal::ServerFull)?;
        let (ufrag, password) = connection.credentials();
        let port = self.local.port();
        let candidate = |tcp: bool| move |ip: &IpAddr| Candidate { address: SocketAddr::new(*ip, port), tcp };
        let mut candidates: Vec<_> = self.addresses.iter().map(candidate(false)).collect();
        if self.slab.lines.are_open() {
            candidates.extend(self.addresses.iter().map(candidate(true)));
        }
        let local = Local {
            session: connection.number(),
            version: u64::from(generation),
            ufrag,
            password,
            fingerprint: &self.identity.fingerprint,
            candidates: &candidates,
        };
        let slots = &participant.slots;
        Ok(sdp::answer(&offer, &agreed, &local, CNAME, |index| slots.iter().find(|slot| slot.mid == agreed[index].mid).map(ids)))
    }

    fn check_offer(&self, agreed: &[Agreed]) -> Result<(), Refusal> {
        let count = |flow| agreed.iter().filter(|terms| terms.flow == flow).count();
        if count(Flow::Up) > self.limits.tracks {
            return Err(Refusal::TooManyTracks);
        }
        if count(Flow::Down) > self.limits.slots {
            return Err(Refusal::TooManySlots);
        }
        Ok(())
    }

    fn prepare_connection(&mut self, key: Key, offer: &Offer, now: Micros) -> Result<(), Refusal> {
        let shaking = self.participants.iter().filter(|(_, participant)| participant.is_shaking_hands()).count();
        let participant = self.participants.get_mut(key).ok_or(Refusal::NotInCall)?;
        if let Some(connection) = participant.connection.as_mut() {
            if connection.remote_fingerprint != offer.fingerprint {
                return Err(Refusal::CertificateChanged);
            }
            if connection.remote_fragment() != offer.ufrag {
                let withdrawn = connection.restart(&offer.ufrag, &self.provider).map_err(|_| Refusal::ServerFull)?;
                self.demux.give(connection.credentials().0, key);
                if let Some(fragment) = withdrawn {
                    self.demux.withdraw(&fragment);
                }
            }
            return Ok(());
        }
        if shaking >= self.limits.handshakes {
            return Err(Refusal::ServerFull);
        }
        self.tokens += 1;
        let terms = Terms {
            identity: &self.identity,
            remote_fragment: &offer.ufrag,
            remote_fingerprint: offer.fingerprint,
            origin: self.origin,
            ipv6_socket: self.local.is_ipv6(),
            token: self.tokens,
        };
        let connection = Connection::new(&terms, &self.provider, now).map_err(|_| Refusal::ServerFull)?;
        self.demux.give(connection.credentials().0, key);
        participant.connection = Some(connection);
        participant.since = now;
        Ok(())
    }

    /// What the offer sends becomes publications; what it no longer sends ends.
    fn publish(&mut self, key: Key, agreed: &[Agreed], tracks: &[TrackIntent], now: Micros) {
        let Some(participant) = self.participants.get_mut(key) else { return };
        let Some(call) = self.calls.get_mut(participant.call) else { return };
        let call_key = participant.call;
        let sends = |mid: &str| agreed.iter().any(|section| section.flow == Flow::Up && section.mid == mid);
        let ended: Vec<_> = (participant.publications.iter().copied())
            .filter(|at| call.publication(*at).is_none_or(|publication| !sends(&publication.mid)))
            .collect();
        for at in &ended {
            call.unpublish(*at);
        }
        participant.publications.retain(|at| !ended.contains(at));
        participant.forget(|inbound| ended.contains(&inbound.publication));
        for section in agreed.iter().filter(|section| section.flow == Flow::Up) {
            let known = participant
                .publications
                .iter()
                .copied()
                .find(|at| call.publication(*at).is_some_and(|publication| publication.mid == section.mid));
            let at = known.unwrap_or_else(|| {
                let publication = publication(call.next_track(), key, participant, section, tracks, now);
                let at = call.publish(publication);
                participant.publications.push(at);
                at
            });
            let track = call.next_track();
            if let Some(publication) = call.publication_mut(at) {
                let before = publication.track;
                adopt_streams(participant, publication, (at, track), section);
                if publication.track != before {
                    call.renumbered(before);
                }
            }
        }
        for at in ended {
            self.empty_slots(call_key, at);
        }
    }

    fn make_slots(&mut self, key: Key, agreed: &[Agreed]) -> Result<(), Refusal> {
        let mut taken = Vec::new();
        for section in agreed.iter().filter(|section| section.flow == Flow::Down) {
            let mut bytes = [0_u8; 14];
            self.provider.random().fill(&mut bytes).map_err(|_| Refusal::ServerFull)?;
            let [a, b, c, d, e, f, g, h, i, j, rest @ ..] = bytes;
            // Never 0, and the two never the same: they differ in their lowest bit.
            let ssrc = u32::from_be_bytes([a, b, c, d | 1]);
            let repair_ssrc = u32::from_be_bytes([e | 1, f, g, h & 0xfe]);
            let beginning = Beginning { ssrc, repair_ssrc, sequence: u16::from_be_bytes([i, j]), timestamp: u32::from_be_bytes(rest) };
            taken.push((section, beginning));
        }
        let Some(participant) = self.participants.get_mut(key) else { return Err(Refusal::NotInCall) };
        participant.slots.retain(|slot| taken.iter().any(|(section, _)| section.mid == slot.mid));
        for (section, beginning) in taken {
            if let Some(slot) = participant.slots.iter_mut().find(|slot| slot.mid == section.mid) {
                slot.formats = formats(section);
            } else {
                participant.slots.push(Slot::new(&section.mid, section.kind == Kind::Audio, beginning, formats(section)));
            }
        }
        Ok(())
    }

    fn view(&mut self, who: Who, view: View, now: Micros) {
        if let Some(participant) = self.key_of(who).and_then(|key| self.participants.get_mut(key)) {
            participant.view = Some(view);
            let call = participant.call;
            self.stir(call, now);
        }
    }

    fn mute(&mut self, who: Who, source: Source, muted: bool, now: Micros) {
        self.change_tracks(who, now, |publication, _| {
            if publication.source == source && publication.muted != muted {
                publication.muted = muted;
                publication.expected = now;
            }
        });
    }

    fn restrict(&mut self, who: Who, may: Permissions, now: Micros) {
        if let Some(participant) = self.key_of(who).and_then(|key| self.participants.get_mut(key)) {
            participant.may = may;
        }
        self.change_tracks(who, now, |publication, may| publication.allowed = may.allows(publication.source));
    }

    fn change_tracks(&mut self, who: Who, now: Micros, change: impl Fn(&mut Publication, Permissions)) {
        let Some(key) = self.key_of(who) else { return };
        let Some(participant) = self.participants.get(key) else { return };
        let (call_key, may) = (participant.call, participant.may);
        if let Some(call) = self.calls.get_mut(call_key) {
            for at in &participant.publications {
                if let Some(publication) = call.publication_mut(*at) {
                    change(publication, may);
                    if !publication.flows() {
                        publication.silence();
                        let track = publication.track;
                        call.heard.release(track);
                    }
                }
            }
        }
        self.tell_tracks(key);
        self.stir(call_key, now);
    }
}

/// Our canonical name in descriptions.
const CNAME: &str = "rialto";

fn ids(slot: &Slot) -> SlotIds {
    SlotIds {
        ssrc: slot.ssrc,
        rtx: slot.formats.iter().any(|format| format.repair.is_some()).then_some(slot.repair_ssrc),
        stream: format!("slot{}", slot.mid),
        track: format!("track{}", slot.mid),
    }
}

fn formats(section: &Agreed) -> Vec<Format> {
    let format = |format: &sdp::Format| Format { codec: format.codec, payload_type: format.payload_type, repair: format.rtx };
    section.formats.iter().map(format).collect()
}

/// Numbers are the same throughout a bundle; not every section knows all of them.
fn extensions(agreed: &[Agreed]) -> Extensions {
    let number = |extension| agreed.iter().find_map(|section| section.extension(extension)).unwrap_or(0);
    Extensions {
        mid: number(Extension::Mid),
        rid: number(Extension::Rid),
        repaired_rid: number(Extension::RepairedRid),
        transport: number(Extension::TransportCc),
        level: number(Extension::AudioLevel),
        orientation: number(Extension::Orientation),
        dependency: number(Extension::Dependency),
        mixed: false,
    }
}

fn publication(track: u32, owner: Key, participant: &Participant, section: &Agreed, tracks: &[TrackIntent], now: Micros) -> Publication {
    let audio = section.kind == Kind::Audio;
    let by_kind = if audio { Source::Microphone } else { Source::Camera };
    let told = tracks.iter().find(|track| track.mid == section.mid).map(|track| track.source);
    let source = told.filter(|source| source.is_audio() == audio).unwrap_or(by_kind);
    let names = if section.rids.is_empty() { vec![String::new()] } else { section.rids.clone() };
    let count = names.len().min(MAX_LAYERS);
    Publication {
        track,
        owner,
        participant: participant.who.participant,
        mid: section.mid.clone(),
        source,
        muted: false,
        allowed: participant.may.allows(source),
        formats: formats(section),
        codec: None,
        layers: names.into_iter().take(count).enumerate().map(|(at, name)| Layer::new(name, at, count, source)).collect(),
        watchers: Vec::new(),
        expected: now,
        began: None,
        clock: participant.clock,
        loudness: Loudness::default(),
        dependency: participant.extensions.dependency,
        orientation: 0,
        wishes: Wishes::new(count),
        alive: [false; MAX_LAYERS],
    }
}

/// Streams that the offer names by SSRC. Layers are known by name when their first packet comes.
fn adopt_streams(participant: &mut Participant, publication: &mut Publication, (at, track): (usize, u32), section: &Agreed) {
    publication.formats = formats(section);
    publication.dependency = participant.extensions.dependency;
    if section.rids.len() > 1 {
        return;
    }
    if let Some(ssrc) = section.ssrcs.first().copied() {
        let before = publication.track;
        publication.adopt(0, ssrc, track);
        if publication.track != before {
            participant.forget(|other| (other.publication, other.layer) == (at, 0) && other.ssrc != ssrc);
        }
        let repair = section.pairs.iter().find(|(original, _)| *original == ssrc).map(|(_, repair)| *repair);
        for (ssrc, repairs) in std::iter::once((ssrc, false)).chain(repair.map(|repair| (repair, true))) {
            if participant.stream(ssrc).is_none() && participant.inbound.len() < STREAMS {
                let window = participant.seen_of(ssrc);
                participant.inbound.push(Inbound { ssrc, publication: at, layer: 0, repairs, window });
            }
        }
    }
}

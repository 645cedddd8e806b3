//! Who is shown to whom: run at every change that may matter, never for a packet.

use super::super::assignment::{Candidate, FULL, Wanted, place, wanted};
use super::super::call::{Call, Watcher};
use super::super::door::{CallId, Micros, Output, ParticipantId, Slot as SlotNotice, SlotState, Source, Track};
use super::super::participant::Participant;
use super::super::rewrite::Stream;
use super::super::slot::Slot;
use super::{Exchange, Key};

/// Voices that are forwarded to each participant.
const VOICES: usize = 3;
/// No participant has this number: who looks with it sees its own pictures too.
const NOBODY: ParticipantId = ParticipantId(0);

impl Exchange {
    /// Puts everything in its slots anew, tells what has changed, and lets packets take their new ways.
    pub(super) fn arrange(&mut self, call_key: Key, now: Micros) {
        let without = self.overload.without();
        let Some(call) = self.calls.get_mut(call_key) else { return };
        call.stirred = false;
        let pictures = pictures(call);
        let voices = voices(call, now);
        let mut told = Vec::new();
        let mut aimed = Vec::new();
        for member in call.members.clone() {
            let Some(participant) = self.participants.get_mut(member) else { continue };
            let who = participant.who;
            let mut list = std::mem::take(&mut participant.wanted);
            let viewer = if call.echoes { NOBODY } else { who.participant };
            wanted(participant.view.as_ref(), viewer, &pictures, &mut list);
            without.spare(&mut list, |at| call.publication(at).map(|publication| publication.source));
            fill(participant, false, &list);
            participant.wanted = list;
            let heard = audible(&voices, call, member);
            fill(participant, true, &heard);
            let up = participant.is_up();
            for (number, slot) in participant.slots.iter_mut().enumerate() {
                let begins = settle(slot, call, now).filter(|_| up);
                aimed.extend(begins.map(|stream| (Watcher { participant: member, slot: number }, stream)));
            }
            let changed: Vec<_> = participant.slots.iter_mut().filter_map(|slot| notice(slot, call)).collect();
            if !changed.is_empty() {
                participant.revision += 1;
                told.push(Output::Slots { who, revision: participant.revision, slots: changed });
            }
        }
        self.watch(call_key);
        told.into_iter().for_each(|output| self.emit(output));
        for (watcher, stream) in aimed {
            self.replay(watcher, stream, now);
        }
        self.ask_for_keyframes(call_key, now);
        self.wish_for_layers(call_key, now);
    }

    /// Every publication learns its watchers anew.
    fn watch(&mut self, call_key: Key) {
        let Some(call) = self.calls.get_mut(call_key) else { return };
        let Call { publications, members, .. } = call;
        publications.iter_mut().flatten().for_each(|publication| publication.watchers.clear());
        for member in members.iter() {
            let Some(participant) = self.participants.get(*member).filter(|participant| participant.is_up()) else { continue };
            for (number, slot) in participant.slots.iter().enumerate() {
                let shown = slot.shows.filter(|_| slot.format.is_some()).and_then(|at| publications.get_mut(at)?.as_mut());
                if let Some(publication) = shown {
                    publication.watchers.push(Watcher { participant: *member, slot: number });
                }
            }
        }
    }

    /// Slots that showed this publication are free, before its place is used again.
    pub(super) fn empty_slots(&mut self, call_key: Key, at: usize) {
        let Some(call) = self.calls.get(call_key) else { return };
        for member in &call.members {
            if let Some(participant) = self.participants.get_mut(*member) {
                for slot in participant.slots.iter_mut().filter(|slot| slot.shows == Some(at)) {
                    slot.shows = None;
                }
            }
        }
    }

    /// Tells what a participant publishes.
    pub(super) fn tell_tracks(&self, key: Key) {
        let Some(participant) = self.participants.get(key) else { return };
        let Some(call) = self.calls.get(participant.call) else { return };
        let tracks = participant.publications.iter().filter_map(|at| call.publication(*at)).map(|publication| Track {
            mid: publication.mid.clone(),
            source: publication.source,
            muted: !publication.flows(),
            live: publication.heard().is_some(),
        });
        self.emit(Output::Tracks { who: participant.who, tracks: tracks.collect() });
    }

    pub(super) fn call_named(&self, id: CallId) -> Option<&Call> {
        self.calls.get(*self.names.get(&id)?)
    }
}

/// Pictures in the order in which a viewer without a view wants them: who spoke last comes first, muted ones last.
fn pictures(call: &Call) -> Vec<Candidate> {
    let mut list: Vec<_> = (call.publications.iter().enumerate())
        .filter_map(|(at, publication)| Some((at, publication.as_ref()?)))
        .filter(|(_, publication)| !publication.source.is_audio() && publication.allowed && publication.heard().is_some())
        .collect();
    let voice_of = |participant| {
        let is = |track: &u32| call.of_track(*track).is_some_and(|voice| voice.participant == participant);
        call.spoke.iter().position(is).unwrap_or(usize::MAX)
    };
    list.sort_by_key(|(_, publication)| (publication.muted, voice_of(publication.participant)));
    list.into_iter()
        .map(|(at, publication)| Candidate { publication: at, participant: publication.participant, source: publication.source })
        .collect()
}

/// Sounds in the order of their importance: a shared screen's, voices that speak, voices that are heard, others; of equals those
/// that spoke last.
fn voices(call: &Call, now: Micros) -> Vec<usize> {
    let spoke = |track| call.spoke.iter().position(|known| *known == track).unwrap_or(usize::MAX);
    let mut list: Vec<_> = (call.publications.iter().enumerate())
        .filter_map(|(at, publication)| Some((at, publication.as_ref()?)))
        .filter(|(_, publication)| publication.source.is_audio() && publication.allowed)
        .map(|(at, publication)| {
            let rank = match call.heard.place_of(publication.track) {
                _ if publication.source == Source::ScreenAudio => 0,
                Some(_) if !publication.loudness.quiet(now) => 1,
                Some(_) => 2,
                None => 3,
            };
            (rank, spoke(publication.track), at)
        })
        .collect();
    list.sort_unstable();
    list.into_iter().map(|(.., at)| at).collect()
}

/// What a member hears: everything shared, and the first voices of others.
fn audible(sounds: &[usize], call: &Call, member: Key) -> Vec<Wanted> {
    let mut left = VOICES;
    let others =
        sounds.iter().filter_map(|at| Some((*at, call.publication(*at)?))).filter(|(_, publication)| call.shows(publication.owner, member));
    others
        .filter(|(_, publication)| {
            let voice = publication.source == Source::Microphone;
            let heard = !voice || left > 0;
            left -= usize::from(voice && heard);
            heard
        })
        .map(|(publication, _)| Wanted { publication, height: FULL })
        .collect()
}

fn fill(participant: &mut Participant, audio: bool, list: &[Wanted]) {
    let mut places: Vec<_> = participant.slots.iter().filter(|slot| slot.audio == audio).map(|slot| slot.shows).collect();
    place(&mut places, list);
    for (slot, shows) in participant.slots.iter_mut().filter(|slot| slot.audio == audio).zip(places) {
        slot.shows = shows;
        slot.height = list.iter().find(|wanted| Some(wanted.publication) == shows).map_or(0, |wanted| wanted.height);
    }
}

/// Gives a slot the format and the state for what is in it, and aims at the layer for its height. Returns the stream with which
/// it begins, if nothing goes on in it yet.
fn settle(slot: &mut Slot, call: &mut Call, now: Micros) -> Option<Stream> {
    let publication = slot.shows.and_then(|at| call.publication_mut(at));
    slot.format = publication.as_ref().and_then(|publication| slot.format_for(publication));
    let track = publication.as_ref().filter(|_| slot.format.is_some()).map(|publication| publication.track);
    slot.change_track(track);
    slot.state = match &publication {
        None => SlotState::Empty,
        Some(publication) if !publication.flows() => SlotState::Muted,
        Some(_) if slot.format.is_none() => SlotState::Paused,
        Some(_) => SlotState::Live,
    };
    if slot.state != SlotState::Live {
        slot.cut();
        return None;
    }
    let stream = publication.filter(|publication| !publication.source.is_audio())?.choose(slot.height, now);
    stream.filter(|_| slot.aim(stream))
}

fn notice(slot: &mut Slot, call: &Call) -> Option<SlotNotice> {
    let shows = slot.shows.and_then(|at| call.publication(at)).map(|publication| (publication.participant, publication.source));
    if slot.told == Some((shows, slot.state)) {
        return None;
    }
    slot.told = Some((shows, slot.state));
    Some(SlotNotice { mid: slot.mid.clone(), shows, state: slot.state })
}

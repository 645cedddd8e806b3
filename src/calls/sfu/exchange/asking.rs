//! What publishers are asked for: lost packets, keyframes, and which layers to encode.

use super::super::call::{Call, Publication, Watcher};
use super::super::connection::Connection;
use super::super::door::{LayerWish, Micros, Output};
use super::super::layers::MAX_LAYERS;
use super::super::packet::rtcp_write;
use super::super::participant::Participant;
use super::super::rewrite::Stream;
use super::super::slab::Slab;
use super::super::srtp::OVERHEAD;
use super::{Exchange, Key};

/// Our own SSRC in reports: we send no media under it.
pub(super) const SELF: u32 = 1;
/// Packets that are asked for in one report.
const ASKED: usize = 64;
/// Round trip before one was measured.
const ROUND_TRIP: Micros = 100_000;

impl Exchange {
    /// Sends a report that `write` makes, returning its length.
    pub(super) fn send_report(&mut self, key: Key, write: impl FnOnce(&mut [u8]) -> Option<usize>) {
        let Some(participant) = self.participants.get_mut(key) else { return };
        let Participant { connection, bytes, .. } = participant;
        if let Some(connection) = connection {
            bytes.1 += write_report(connection, &mut self.slab, write) as u64;
        }
    }

    /// Asks for a keyframe of a stream, unless that was done a moment ago: then it waits.
    pub(super) fn want_keyframe(&mut self, call: Key, stream: Stream, now: Micros) {
        let Some(publication) = self.calls.get_mut(call).and_then(|call| call.of_track_mut(stream.track)) else { return };
        let owner = publication.owner;
        let Some(layer) = publication.layers.get_mut(usize::from(stream.layer)) else { return };
        if let Some(ssrc) = layer.ssrc
            && layer.keyframes.want(now)
        {
            self.send_report(owner, |out| rtcp_write::keyframe(out, 0, SELF, ssrc));
        }
    }

    /// Asks for the keyframes that slots of a call wait for.
    pub(super) fn ask_for_keyframes(&mut self, call_key: Key, now: Micros) {
        let members = self.calls.get(call_key).map(|call| call.members.len()).unwrap_or_default();
        for at in 0..members {
            if let Some(member) = self.calls.get(call_key).and_then(|call| call.members.get(at).copied()) {
                self.ask_for_slots(member, now);
            }
        }
    }

    /// Asks for the keyframes that the slots of one participant wait for.
    pub(super) fn ask_for_slots(&mut self, key: Key, now: Micros) {
        let Some(participant) = self.participants.get(key).filter(|participant| participant.is_up()) else { return };
        let call = participant.call;
        let round_trip = if participant.round_trip == 0 { ROUND_TRIP } else { participant.round_trip.into() };
        for at in 0..participant.slots.len() {
            let slot = self.participants.get_mut(key).and_then(|participant| participant.slots.get_mut(at));
            let wanted = slot.and_then(|slot| {
                let stream = slot.video()?.ask(now, round_trip)?;
                slot.keyframe_requests += 1;
                Some(stream)
            });
            if let Some(stream) = wanted {
                self.want_keyframe(call, stream, now);
            }
        }
    }

    /// A subscriber cannot go on without a keyframe in the slot of this SSRC.
    pub(super) fn lost_picture(&mut self, key: Key, ssrc: u32, now: Micros) {
        let Some(participant) = self.participants.get_mut(key) else { return };
        let call = participant.call;
        let Some(slot) = participant.slots.iter_mut().find(|slot| slot.ssrc == ssrc) else { return };
        slot.keyframe_requests += 1;
        if let Some(stream) = slot.video().and_then(|video| video.lost()) {
            self.want_keyframe(call, stream, now);
        }
    }

    /// Asks a publisher for what is missing of its pictures, and for keyframes that were held back.
    pub(super) fn ask_publisher(&mut self, key: Key, now: Micros) {
        let Some(participant) = self.participants.get(key) else { return };
        let call_key = participant.call;
        let round_trip = if participant.round_trip == 0 { ROUND_TRIP } else { participant.round_trip.into() };
        for number in 0..participant.publications.len() {
            let Some(at) = self.participants.get(key).and_then(|participant| participant.publications.get(number).copied()) else { return };
            for layer in 0..MAX_LAYERS {
                let mut asked = [0; ASKED];
                let Some(publication) = self.calls.get_mut(call_key).and_then(|call| call.publication_mut(at)) else { break };
                if !publication.flows() || publication.source.is_audio() {
                    break;
                }
                let Some(found) = publication.layers.get_mut(layer) else { break };
                let Some(ssrc) = found.ssrc else { continue };
                let asked = found.gaps.due(now, round_trip, &mut asked);
                let hopeless = found.gaps.take_hopeless();
                let keyframe = if hopeless { found.keyframes.want(now) } else { found.keyframes.due(now) };
                if !asked.is_empty() {
                    self.send_report(key, |out| rtcp_write::nack(out, 0, SELF, ssrc, asked));
                }
                if keyframe {
                    self.send_report(key, |out| rtcp_write::keyframe(out, 0, SELF, ssrc));
                }
            }
        }
    }

    /// Tells publishers which layers anyone wants.
    pub(super) fn wish_for_layers(&mut self, call_key: Key, now: Micros) {
        let Some(call) = self.calls.get_mut(call_key) else { return };
        let Call { publications, .. } = call;
        let mut told = Vec::new();
        for publication in publications.iter_mut().flatten().filter(|publication| publication.layers.len() > 1) {
            // Nobody can look at what never came: were its layers switched off, it never would.
            if publication.heard().is_none() {
                continue;
            }
            let mut wanted = [false; MAX_LAYERS];
            for Watcher { participant, slot } in &publication.watchers {
                let Some(slot) = self.participants.get_mut(*participant).and_then(|participant| participant.slots.get_mut(*slot)) else {
                    continue;
                };
                let height = slot.height;
                // What goes on now is wanted until the change is done; what is aimed at anyway.
                if let Some(video) = slot.video() {
                    for stream in [video.current(), video.target()].into_iter().flatten().filter(|stream| stream.track == publication.track)
                    {
                        wanted[usize::from(stream.layer)] = true;
                    }
                }
                wanted[ideal(publication, height)] = true;
            }
            let Publication { wishes, layers, mid, participant, .. } = publication;
            let Some(on) = wishes.update(wanted, now) else { continue };
            let who = super::super::door::Who { call: call.id, participant: *participant };
            let layers = layers.iter_mut().zip(on).map(|(layer, on)| {
                if *on {
                    layer.life.restart();
                }
                LayerWish { rid: layer.rid.clone(), on: *on }
            });
            told.push(Output::Layers { who, mid: mid.clone(), layers: layers.collect() });
        }
        told.into_iter().for_each(|output| self.emit(output));
    }
}

/// Writes, seals and commits a report; returns its bytes on the wire, 0 if there was none.
pub(super) fn write_report(connection: &mut Connection, slab: &mut Slab, write: impl FnOnce(&mut [u8]) -> Option<usize>) -> usize {
    let Some((context, to)) = connection.sender() else { return 0 };
    let space = slab.space();
    let room = space.len() - OVERHEAD;
    let Some(length) = write(&mut space[..room]).filter(|length| *length > 0) else { return 0 };
    let Ok(sealed) = context.protect_rtcp(space, length) else { return 0 };
    slab.commit(sealed, to);
    sealed
}

/// The layer that a tile of this height would have if all of them came.
fn ideal(publication: &Publication, height: u16) -> usize {
    let mut all = [super::super::layers::Layer::default(); MAX_LAYERS];
    for (choice, layer) in all.iter_mut().zip(&publication.layers) {
        *choice = super::super::layers::Layer { alive: true, height: layer.size.map(|size| size.height) };
    }
    super::super::layers::choose(&all[..publication.layers.len().min(MAX_LAYERS)], height).unwrap_or(0)
}

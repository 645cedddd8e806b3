//! Reports of browsers read, reports to them written, and everything measured told.

use super::super::call::{Call, Publication};
use super::super::connection::Connection;
use super::super::door::{CallId, Micros, Output, ParticipantStatistics, TrackStatistics};
use super::super::lines::Lines;
use super::super::packet::rtcp::{Block, Blocks, Part, SenderInfo, parts};
use super::super::packet::rtcp_write::{self, MAX_BLOCKS};
use super::super::participant::Participant;
use super::super::reports::round_trip;
use super::super::slot::Slot;
use super::super::srtp::Unusable;
use super::super::time::SECOND;
use super::super::twcc::{EVERY, Feedback};
use super::asking::{SELF, write_report};
use super::{Exchange, Key};

/// Slots that one report tells of.
const MAX_SENT: usize = 36;
/// Feedbacks that leave at a time.
const MOST_FEEDBACKS: usize = 4;

impl Exchange {
    /// Reads a report.
    pub(super) fn report(&mut self, key: Key, packet: &mut [u8], now: Micros) {
        let Some(participant) = self.participants.get_mut(key) else { return };
        let wire = packet.len();
        let Some(connection) = participant.connection.as_mut() else { return };
        // Before the end of the handshake there is nothing with which to open it.
        let Some(context) = connection.inward.as_mut() else { return };
        let length = match context.unprotect_rtcp(packet) {
            Ok(length) => length,
            Err(Unusable::Forged) => {
                participant.refused.forged += 1;
                return;
            }
            Err(Unusable::Replayed) => {
                participant.refused.replayed += 1;
                return;
            }
        };
        connection.heard = now;
        participant.bytes.0 += wire as u64;
        let Ok(parts) = parts(&packet[..length]) else {
            participant.refused.malformed += 1;
            return;
        };
        for part in parts {
            match part {
                Part::Keyframe { media } => self.lost_picture(key, media, now),
                Part::Nack { media, lost } => self.send_again(key, media, lost, now),
                Part::Sender(info, blocks) => {
                    self.told(key, &info, now);
                    self.received(key, blocks, now);
                }
                Part::Receiver(_, blocks) => self.received(key, blocks, now),
                Part::Arrivals(body) => {
                    if let Some((feedback, participant)) = Feedback::parse(body).zip(self.participants.get_mut(key)) {
                        participant.departures.told(&feedback);
                    }
                }
                Part::Bye(_) | Part::Estimate(_) | Part::Other(_) => {}
            }
        }
    }

    /// What a publisher says of the clocks of its streams.
    fn told(&mut self, key: Key, info: &SenderInfo, now: Micros) {
        let Some(participant) = self.participants.get_mut(key) else { return };
        let Some(stream) = participant.stream(info.ssrc).and_then(|at| participant.inbound.get(at)) else { return };
        let Some(call) = self.calls.get_mut(participant.call) else { return };
        participant.clock.told(info.ntp, now);
        for at in &participant.publications {
            if let Some(publication) = call.publication_mut(*at) {
                publication.clock = participant.clock;
            }
        }
        let layer = call.publication_mut(stream.publication).and_then(|publication| publication.layers.get_mut(stream.layer));
        if let Some(layer) = layer.filter(|_| !stream.repairs) {
            let timestamp = layer.timestamp.place(info.timestamp);
            layer.clock.told(info.ntp, timestamp);
            layer.reception.told(info.ntp, now);
        }
    }

    /// What a subscriber says of its slots.
    fn received(&mut self, key: Key, blocks: Blocks<'_>, now: Micros) {
        let Some(participant) = self.participants.get_mut(key) else { return };
        for block in blocks {
            if let Some(slot) = participant.slots.iter_mut().find(|slot| slot.ssrc == block.ssrc) {
                let lost = block.lost.max(0) as u64;
                self.tally.lost_out += lost.saturating_sub(slot.lost);
                slot.lost = lost;
                slot.jitter = block.jitter;
                if let Some(micros) = round_trip(&block, now) {
                    participant.round_trip = u32::try_from(micros).unwrap_or(u32::MAX).max(1);
                }
            }
        }
    }

    /// Sends what is due of reports: arrivals to publishers often, all else every second.
    pub(super) fn send_reports(&mut self, key: Key, now: Micros) {
        let Some(participant) = self.participants.get_mut(key).filter(|participant| participant.is_up()) else { return };
        let call_key = participant.call;
        if participant.extensions.transport > 0 && participant.arrivals.waiting() && now >= participant.feedback + EVERY {
            participant.feedback = now;
            self.send_feedback(key);
        }
        let Some(participant) = self.participants.get_mut(key).filter(|participant| now >= participant.reported + SECOND) else { return };
        participant.reported = now;
        let mut sent = [SenderInfo { ssrc: 0, ntp: 0, timestamp: 0, packets: 0, octets: 0 }; MAX_SENT];
        let clocks = participant.slots.iter().filter_map(|slot| Some(slot.sending.report(slot.ssrc, slot.clock_at(now)?, now)));
        let count = sent.iter_mut().zip(clocks).map(|(place, info)| *place = info).count();
        let mut blocks = [Block::default(); MAX_BLOCKS];
        let mut known = 0;
        if let Some(call) = self.calls.get_mut(call_key) {
            for at in &participant.publications {
                for layer in call.publication_mut(*at).into_iter().flat_map(|publication| &mut publication.layers) {
                    if let (Some(ssrc), Some(place)) = (layer.ssrc.filter(|_| layer.packets > 0), blocks.get_mut(known)) {
                        *place = layer.reception.block(ssrc, now);
                        self.tally.lost_in += layer.reception.newly_lost();
                        known += 1;
                    }
                }
            }
        }
        self.send_report(key, |out| {
            let mut at = 0;
            for info in &sent[..count] {
                at = rtcp_write::sender_report(out, at, info).unwrap_or(at);
            }
            if known > 0 { rtcp_write::receiver_report(out, at, SELF, &blocks[..known]) } else { Some(at) }
        });
    }

    fn send_feedback(&mut self, key: Key) {
        let Some(participant) = self.participants.get_mut(key) else { return };
        let media = participant.inbound.first().map_or(0, |inbound| inbound.ssrc);
        let Participant { connection: Some(connection), arrivals, bytes, .. } = participant else { return };
        for _ in 0..MOST_FEEDBACKS {
            if arrivals.waiting() {
                bytes.1 += write_report(connection, &mut self.slab, |out| arrivals.feedback(out, 0, SELF, media)) as u64;
            }
        }
    }

    /// Tells what was measured in a call.
    pub(super) fn statistics(&self, id: CallId) {
        let Some(call) = self.call_named(id) else { return };
        let participants = call.members.iter().filter_map(|key| self.participants.get(*key));
        let participants = participants.map(|participant| measured(participant, call, &self.slab.lines)).collect();
        self.emit(Output::Statistics { call: id, participants });
    }
}

fn measured(participant: &Participant, call: &Call, lines: &Lines) -> ParticipantStatistics {
    let line = participant.connection.as_ref().and_then(|connection| connection.to()?.line);
    let publications = participant.publications.iter().filter_map(|at| call.publication(*at));
    ParticipantStatistics {
        participant: Some(participant.who.participant),
        route: participant.connection.as_ref().and_then(Connection::route),
        bytes_in: participant.bytes.0,
        bytes_out: participant.bytes.1,
        round_trip_us: participant.round_trip,
        published: publications.flat_map(published).collect(),
        received: participant.slots.iter().map(|slot| received(slot, call)).collect(),
        forged: participant.refused.forged,
        replayed: participant.refused.replayed,
        malformed: participant.refused.malformed,
        unsent: line.map_or(0, |line| lines.unsent_over(line)),
    }
}

fn published(publication: &Publication) -> impl Iterator<Item = TrackStatistics> {
    publication.layers.iter().map(|layer| TrackStatistics {
        mid: publication.mid.clone(),
        from: None,
        source: Some(publication.source),
        rid: layer.rid.clone(),
        packets: layer.packets,
        bytes: layer.bytes,
        lost: layer.reception.lost().max(0).unsigned_abs(),
        jitter_us: layer.reception.jitter(),
        nacks: layer.gaps.asked(),
        keyframe_requests: layer.keyframes.sent(),
        ..TrackStatistics::default()
    })
}

fn received(slot: &Slot, call: &Call) -> TrackStatistics {
    let publication = slot.shows.and_then(|at| call.publication(at));
    TrackStatistics {
        mid: slot.mid.clone(),
        from: publication.map(|publication| publication.participant),
        source: publication.map(|publication| publication.source),
        rid: String::new(),
        packets: slot.sending.packets(),
        bytes: slot.sending.octets(),
        lost: slot.lost,
        jitter_us: u32::try_from(u64::from(slot.jitter) * 1_000_000 / if slot.audio { 48_000 } else { 90_000 }).unwrap_or(u32::MAX),
        nacks: slot.nacks,
        retransmitted: slot.retransmitted,
        keyframe_requests: slot.keyframe_requests,
    }
}

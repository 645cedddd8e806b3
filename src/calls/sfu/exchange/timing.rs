//! What happens with time: handshakes repeated, the lost told, feedback and reports sent.

use super::super::door::{EndCause, Hop, Micros, Output, Source};
use super::super::health::{Facts, Presence, presence, trouble};
use super::super::time::SECOND;
use super::{Exchange, Key, Timer};

/// How often a call is looked at: speakers are told that often.
pub(super) const CALL_EVERY: Micros = 300_000;
/// How often a participant is looked at while it shakes hands or publishes.
const OFTEN: Micros = 20_000;
/// And otherwise.
const SELDOM: Micros = 100_000;

impl Exchange {
    /// Does what is due.
    pub fn turn(&mut self, now: Micros) {
        if now >= self.looked_through + SECOND {
            self.looked_through = now;
            self.slab.lines.turn(now);
        }
        self.part_lines();
        let mut due = std::mem::take(&mut self.due);
        self.wheel.turn(now, &mut due);
        for timer in due.drain(..) {
            match timer {
                Timer::Participant(key) => {
                    self.work(Some(key), now, |this| this.tick(key, now));
                    if let Some(participant) = self.participants.get(key) {
                        let often = participant.connected.is_none() || !participant.publications.is_empty();
                        self.wheel.set(now + if often { OFTEN } else { SELDOM }, timer);
                    }
                }
                Timer::Call(key) => {
                    if self.calls.get(key).is_some() {
                        self.work(None, now, |this| this.tick_call(key, now));
                        self.wheel.set(now + CALL_EVERY, timer);
                    }
                }
            }
        }
        self.due = due;
    }

    /// Who speaks, and which layers are alive.
    fn tick_call(&mut self, key: Key, now: Micros) {
        let Some(call) = self.calls.get_mut(key) else { return };
        let voices = call.publications.iter_mut().flatten().filter(|publication| publication.source == Source::Microphone);
        let tracks = voices.filter(|publication| publication.flows()).map(|publication| (publication.track, &mut publication.loudness));
        if let Some(speaking) = call.speakers.update(tracks, now) {
            for track in speaking.iter().rev() {
                call.spoke.retain(|known| known != track);
                call.spoke.insert(0, *track);
            }
            let names = speaking.iter().filter_map(|track| call.publications.iter().flatten().find(|found| found.track == *track));
            let speakers = names.map(|publication| publication.participant).collect();
            let output = Output::Speakers { call: call.id, speakers };
            call.stirred = true;
            self.emit(output);
        }
        let Some(call) = self.calls.get_mut(key) else { return };
        for publication in call.publications.iter_mut().flatten().filter(|publication| !publication.source.is_audio()) {
            call.stirred |= publication.lives_have_changed(now);
        }
        self.settle_call(key, now);
        self.wish_for_layers(key, now);
    }

    fn tick(&mut self, key: Key, now: Micros) {
        let facts = self.facts(key);
        let slab = &mut self.slab;
        let Some(participant) = self.participants.get_mut(key) else { return };
        if let Some(connection) = participant.connection.as_mut()
            && let Some(to) = connection.to().copied()
        {
            connection.tick(now, |message| slab.push(message, &to));
        }
        if participant.connected.is_none() {
            // How long a first offer may take is not for us to say.
            if participant.connection.is_some() && now >= participant.since + self.limits.connect.as_micros() as Micros {
                let hop = if facts.checked.is_none() { Hop::NoIce } else { Hop::NoDtls };
                return self.end(key, EndCause::NeverConnected(hop), now);
            }
        } else {
            let (heard, consent) = participant.connection.as_ref().map_or((0, 0), |connection| (connection.heard, connection.consent));
            let (who, route) = (participant.who, participant.connection.as_ref().and_then(|connection| connection.route()));
            match (presence(heard, consent, now, &self.limits), participant.weak) {
                (Presence::Lost, _) => return self.end(key, EndCause::Lost, now),
                (Presence::Weak, false) => {
                    participant.weak = true;
                    self.emit(Output::Weak { who });
                }
                (Presence::Here, true) => {
                    participant.weak = false;
                    if let Some(route) = route {
                        self.emit(Output::Connected { who, route });
                    }
                }
                _ => {}
            }
        }
        if let Some(call) = self.participants.get(key).map(|participant| participant.call) {
            self.settle_call(call, now);
        }
        self.ask_publisher(key, now);
        self.ask_for_slots(key, now);
        self.send_reports(key, now);
        let hop = trouble(&facts, now);
        if let Some(participant) = self.participants.get_mut(key)
            && participant.trouble != hop
        {
            participant.trouble = hop;
            let who = participant.who;
            self.emit(Output::Trouble { who, hop });
        }
    }

    fn facts(&self, key: Key) -> Facts {
        let Some(participant) = self.participants.get(key) else { return Facts::default() };
        let call = self.calls.get(participant.call);
        let flowing = || participant.publications.iter().filter_map(|at| call?.publication(*at)).filter(|publication| publication.flows());
        Facts {
            since: participant.since,
            checked: participant.connection.as_ref().and_then(|connection| connection.checked),
            connected: participant.connected,
            expects_packets: flowing().map(|publication| publication.expected).min(),
            packet: participant.packet,
            awaits_keyframe: flowing()
                .filter(|publication| publication.awaits_keyframe())
                .filter_map(|publication| publication.began)
                .min(),
        }
    }
}

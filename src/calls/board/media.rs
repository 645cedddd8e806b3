//! What the media server says, put into words for those who are in a call.

use std::collections::{BTreeMap, HashMap};

use super::presence::KEEP_MS;
use super::stay::Sent;
use super::{Board, Live, Outgoing};
use crate::calls::events::{CallNotice, NoticeFrame};
use crate::calls::model::{CallSource, Cause, Link, Mark, Parting, Slot, SlotState, Trouble};
use crate::calls::ringing::Happening;
use crate::calls::sfu::{self, EndCause, Output};
use crate::clock::Millis;
use crate::ids::{CallId, MemberId};
use crate::live::frame_of;

fn id_of(call: sfu::CallId) -> CallId {
    CallId(i64::try_from(call.0).unwrap_or(0))
}

impl Live {
    fn member_of(&self, number: sfu::ParticipantId) -> Option<MemberId> {
        self.stays.iter().find(|stay| stay.number == number.0).map(|stay| stay.member)
    }

    fn slot(&self, slot: &sfu::Slot) -> Slot {
        let shows = slot.shows.and_then(|(number, source)| Some((self.member_of(number)?, CallSource::from(source))));
        let state = match slot.state {
            _ if shows.is_none() => SlotState::Empty,
            sfu::SlotState::Empty => SlotState::Empty,
            sfu::SlotState::Live => SlotState::Live,
            sfu::SlotState::Paused => SlotState::Paused,
            sfu::SlotState::Muted => SlotState::Muted,
        };
        Slot { slot: slot.mid.clone(), member: shows.map(|(member, _)| member), source: shows.map(|(_, source)| source), state }
    }

    /// How well everyone's way is, told to each who has not heard it.
    pub(super) fn tell_quality(&mut self, out: &mut Vec<Outgoing>) {
        let grade = |stay: &super::stay::Stay| if stay.link == Link::Live { stay.quality.mark } else { 0 };
        let marks: Vec<Mark> = self.stays.iter().map(|stay| Mark { member: stay.member, mark: grade(stay) }).collect();
        let troubles: HashMap<MemberId, Trouble> = self.stays.iter().filter_map(|stay| Some((stay.member, stay.trouble?))).collect();
        let (call, pictures) = (self.id, self.pictures);
        for stay in &mut self.stays {
            let sends = |source: &CallSource| stay.sent.get(source).is_some_and(|sent| !sent.muted) && stay.may_send(*source, pictures);
            let is_link = |trouble: &Trouble| matches!(trouble, Trouble::NoIce | Trouble::NoDtls);
            let is_cut_off = stay.trouble.is_some_and(|trouble| is_link(&trouble) || trouble == Trouble::NoPackets);
            let may_be_heard = stay.link != Link::Live || stay.quality.microphone || stay.quality.mark == 0;
            let heard = !sends(&CallSource::Mic) || !is_cut_off && may_be_heard;
            let of_source = |(source, sent): (&CallSource, &Sent)| {
                let trouble = match stay.trouble.filter(|trouble| !is_link(trouble)) {
                    _ if !stay.may_send(*source, pictures) => Trouble::Policy,
                    _ if sent.muted => Trouble::Muted,
                    Some(Trouble::NoKeyframe) if matches!(source, CallSource::Mic | CallSource::ScreenAudio) => return None,
                    Some(trouble) => trouble,
                    None => return None,
                };
                Some((*source, trouble))
            };
            let of_slot = |slot: &Slot| match (slot.state, slot.member) {
                (SlotState::Muted, _) => Some((slot.slot.clone(), Trouble::Muted)),
                (SlotState::Live, Some(member)) => Some((slot.slot.clone(), *troubles.get(&member)?)),
                _ => None,
            };
            let notice = CallNotice::Quality {
                call,
                marks: marks.clone(),
                heard,
                link: stay.trouble.filter(is_link),
                sending: stay.sent.iter().filter_map(of_source).collect(),
                receiving: stay.slots.values().filter_map(of_slot).collect(),
            };
            if stay.told.as_ref() != Some(&notice) {
                stay.mention(&notice, out);
                stay.told = Some(notice);
            }
        }
    }
}

impl Board {
    /// Takes in what the media server says.
    pub fn hear(&mut self, output: Output, now: Millis, out: &mut Vec<Outgoing>) {
        match output {
            Output::Answer { who, generation, sdp } => {
                self.answered(who, generation, sdp, out);
                out.push(Outgoing::Answered { who, generation, refused: None });
            }
            Output::TurnedAway { who, .. } => self.lose(who, Parting::Failed, now, out),
            Output::Refused { who, generation, refusal } => out.push(Outgoing::Answered { who, generation, refused: Some(refusal) }),
            Output::Connected { who, .. } => self.connected(who, now, out),
            Output::Weak { who } => self.link(who, Link::Weak),
            Output::Ended { who, cause } => self.ended(who, cause, now, out),
            Output::Slots { who, revision, slots } => self.slots(who, u64::from(revision), &slots, out),
            Output::Tracks { who, tracks } => self.tracks(who, tracks),
            Output::Speakers { call, speakers } => self.speakers(id_of(call), &speakers, out),
            Output::Layers { who, mid, layers } => self.layers(who, &mid, &layers, out),
            Output::Trouble { who, hop } => {
                if let Some((live, member)) = self.of(who) {
                    if let Some(stay) = live.stay(member) {
                        stay.trouble = hop.map(Trouble::from);
                    }
                    live.quality_changed = true;
                }
            }
            Output::Statistics { call, participants } => self.measured(id_of(call), &participants),
            Output::ThreadFailed { calls, left } => {
                self.has_media &= left > 0;
                calls.into_iter().for_each(|call| self.close(id_of(call), Cause::Interrupted, now, out));
            }
        }
    }

    /// The call and the member whom the media server means, if they are still in it by that number.
    fn of(&mut self, who: sfu::Who) -> Option<(&mut Live, MemberId)> {
        let live = self.calls.get_mut(&id_of(who.call))?;
        let member = live.member_of(who.participant)?;
        Some((live, member))
    }

    /// An offer was understood: there will be media, or an end. All slots are told after this, and those of an offer before it are no more.
    fn answered(&mut self, who: sfu::Who, generation: u32, sdp: String, out: &mut Vec<Outgoing>) {
        if let Some((live, member)) = self.of(who)
            && let Some(stay) = live.stay(member)
        {
            stay.offer_by = None;
            stay.slots.clear();
            stay.say(&CallNotice::Answer { call: id_of(who.call), r#gen: generation, sdp }, out);
        }
    }

    fn link(&mut self, who: sfu::Who, link: Link) {
        if let Some((live, member)) = self.of(who) {
            if let Some(stay) = live.stay(member) {
                stay.link = link;
            }
            live.changed.insert(member);
        }
    }

    fn connected(&mut self, who: sfu::Who, now: Millis, out: &mut Vec<Outgoing>) {
        self.link(who, Link::Live);
        let Some((live, member)) = self.of(who) else { return };
        let call = live.id;
        if let Some(stay) = live.stay(member) {
            stay.connected_at = stay.connected_at.or(Some(now));
        }
        let _ = self.happens(call, Happening::Links(member), now, out);
    }

    fn ended(&mut self, who: sfu::Who, cause: EndCause, now: Millis, out: &mut Vec<Outgoing>) {
        match cause {
            // Said by ourselves.
            EndCause::Left | EndCause::CallClosed => {}
            EndCause::ClosedByPeer => self.keep_place(who, now),
            EndCause::Lost => self.lose(who, Parting::Lost, now, out),
            EndCause::NeverConnected(hop) => {
                if let Some((live, member)) = self.of(who)
                    && let Some(stay) = live.stay(member)
                {
                    stay.trouble = Some(hop.into());
                }
                self.lose(who, Parting::Failed, now, out);
            }
            EndCause::Panicked => self.lose(who, Parting::Failed, now, out),
        }
    }

    /// A page that is loaded anew closes its way for media and comes back with another one: its place is kept for as long as that of one
    /// whose network is gone.
    fn keep_place(&mut self, who: sfu::Who, now: Millis) {
        let Some((live, member)) = self.of(who) else { return };
        if let Some(stay) = live.stay(member) {
            stay.link = Link::Weak;
            stay.back_by = Some(now + KEEP_MS.cast_signed());
        }
        live.changed.insert(member);
    }

    fn lose(&mut self, who: sfu::Who, why: Parting, now: Millis, out: &mut Vec<Outgoing>) {
        if let Some((live, member)) = self.of(who) {
            let call = live.id;
            self.part(call, member, why, now, out);
        }
    }

    fn slots(&mut self, who: sfu::Who, rev: u64, changed: &[sfu::Slot], out: &mut Vec<Outgoing>) {
        let Some((live, member)) = self.of(who) else { return };
        let slots: Vec<Slot> = changed.iter().map(|slot| live.slot(slot)).collect();
        let call = live.id;
        if let Some(stay) = live.stay(member) {
            stay.slots.extend(slots.iter().map(|slot| (slot.slot.clone(), slot.clone())));
            stay.slots_rev = rev;
            let full = slots.len() == stay.slots.len();
            stay.say(&CallNotice::Slots { call, rev, full, slots }, out);
        }
    }

    fn tracks(&mut self, who: sfu::Who, tracks: Vec<sfu::Track>) {
        if let Some((live, member)) = self.of(who) {
            if let Some(stay) = live.stay(member) {
                stay.sent = tracks.into_iter().map(|track| (track.source.into(), Sent { mid: track.mid, muted: track.muted })).collect();
            }
            live.changed.insert(member);
        }
    }

    fn speakers(&self, call: CallId, speakers: &[sfu::ParticipantId], out: &mut Vec<Outgoing>) {
        let Some(live) = self.calls.get(&call) else { return };
        let notice = CallNotice::Speakers { call, speakers: speakers.iter().filter_map(|number| live.member_of(*number)).collect() };
        let frame = frame_of(&NoticeFrame { notice: &notice, seq: None });
        live.stays.iter().for_each(|stay| stay.pass(frame.clone(), out));
    }

    fn layers(&mut self, who: sfu::Who, mid: &str, layers: &[sfu::LayerWish], out: &mut Vec<Outgoing>) {
        let Some((live, member)) = self.of(who) else { return };
        let call = live.id;
        let Some(stay) = live.stay(member) else { return };
        let Some(source) = stay.sent.iter().find(|(_, sent)| sent.mid == mid).map(|(source, _)| *source) else { return };
        let rids: BTreeMap<String, bool> = layers.iter().map(|layer| (layer.rid.clone(), layer.on)).collect();
        stay.layers.insert(source, rids.clone());
        stay.say(&CallNotice::Layers { call, source, rids }, out);
    }

    fn measured(&mut self, call: CallId, participants: &[sfu::ParticipantStatistics]) {
        let Some(live) = self.calls.get_mut(&call) else { return };
        for measured in participants {
            let stay = live.stays.iter_mut().find(|stay| measured.participant.is_some_and(|number| number.0 == stay.number));
            if let Some(stay) = stay {
                stay.quality.measure(measured, super::MEASURE_MS);
            }
        }
        live.quality_changed = true;
    }

    /// Asks for everything that was measured, of every call.
    pub fn ask_measurements(&self, out: &mut Vec<Outgoing>) {
        let ask = |live: &Live| Outgoing::Media(sfu::Input::Statistics { call: sfu::CallId(live.id.0.unsigned_abs()) });
        out.extend(self.calls.values().filter(|live| !live.stays.is_empty()).map(ask));
    }
}

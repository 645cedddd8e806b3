//! Echoes that go on: calls of one in the media server, one for each member, each for a minute. State in, words to the media server out.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use crate::calls::sfu::{self, CallId, EndCause, Input, Output, ParticipantId, Permissions, Refusal, TrackIntent, Who};
use crate::clock::Millis;
use crate::error::{Error, RefusalKind, Result};
use crate::ids::MemberId;

/// How long an echo lasts, milliseconds.
pub const LASTS_MS: Millis = 60_000;
/// Most echoes of members at a time, so that they never take the media server from those who talk.
pub const MOST: usize = 40;
/// Most echoes of probes at a time.
pub const MOST_PROBES: usize = 4;
/// The one participant of an echo.
const ALONE: ParticipantId = ParticipantId(1);
/// A voice alone: what a member hears back.
const VOICE: Permissions = Permissions { microphone: true, camera: false, screen: false };
/// And a picture, whose packets are as long as they come.
const VOICE_AND_PICTURE: Permissions = Permissions { microphone: true, camera: true, screen: false };

/// Whose echo it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Whose {
    /// A member's: their next one takes the place of the one before.
    Member(MemberId),
    /// A probe's, by its ticket.
    Probe(i64),
}

/// How an echo stands, as the media server measured it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EchoState {
    /// Do ICE and DTLS stand?
    pub connected: bool,
    /// Packets of sound that came in.
    pub audio_in: u64,
    /// Packets of sound that went back.
    pub audio_out: u64,
    /// Packets of pictures that came in.
    pub video_in: u64,
    /// Packets of pictures that went back.
    pub video_out: u64,
    /// Packets that never came in.
    pub lost_in: u64,
    /// The first hop that fails: `no_ice`, `no_dtls`, `no_packets`, `no_keyframe`.
    pub trouble: Option<String>,
    /// Is it over?
    pub ended: bool,
}

/// The answer to an offer.
pub type Answer = oneshot::Receiver<std::result::Result<String, Refusal>>;

#[derive(Debug)]
struct Echo {
    call: CallId,
    ends_at: Millis,
    answer: Option<oneshot::Sender<std::result::Result<String, Refusal>>>,
    asked: Vec<oneshot::Sender<EchoState>>,
    state: EchoState,
}

/// All that go on.
#[derive(Debug, Default)]
pub struct Echoes {
    by_owner: HashMap<Whose, Echo>,
    owners: HashMap<CallId, Whose>,
}

impl Echoes {
    /// Begins one under this name, which no call has had. The one before of the same owner ends.
    ///
    /// # Errors
    /// 503 `calls.echoes_full`.
    pub fn open(&mut self, whose: Whose, call: CallId, sdp: String, now: Millis, out: &mut Vec<Input>) -> Result<(Answer, Millis)> {
        let (most, may) = match whose {
            Whose::Member(_) => (MOST, VOICE),
            Whose::Probe(_) => (MOST_PROBES, VOICE_AND_PICTURE),
        };
        let is_alike = |other: &&Whose| std::mem::discriminant(*other) == std::mem::discriminant(&whose) && **other != whose;
        if self.by_owner.keys().filter(is_alike).count() >= most {
            return Err(Error::refused(RefusalKind::Unavailable, "calls.echoes_full"));
        }
        self.close(whose, out);
        let (sender, answer) = oneshot::channel();
        let who = Who { call, participant: ALONE };
        let tracks: Vec<TrackIntent> = Vec::new();
        out.extend([Input::OpenEcho { call }, Input::Join { who, may }, Input::Offer { who, generation: 1, sdp, tracks }]);
        let ends_at = now + LASTS_MS;
        let echo = Echo { call, ends_at, answer: Some(sender), asked: Vec::new(), state: EchoState::default() };
        self.by_owner.insert(whose, echo);
        self.owners.insert(call, whose);
        Ok((answer, ends_at))
    }

    /// Ends one; nothing happens when there is none.
    pub fn close(&mut self, whose: Whose, out: &mut Vec<Input>) {
        if let Some(echo) = self.by_owner.remove(&whose) {
            self.owners.remove(&echo.call);
            if !echo.state.ended {
                out.push(Input::CloseCall { call: echo.call });
            }
        }
    }

    /// Asks how one stands; `None` when there is none.
    pub fn ask(&mut self, whose: Whose, out: &mut Vec<Input>) -> Option<oneshot::Receiver<EchoState>> {
        let echo = self.by_owner.get_mut(&whose)?;
        let (sender, state) = oneshot::channel();
        if echo.state.ended {
            let _ = sender.send(echo.state.clone());
        } else {
            echo.asked.push(sender);
            out.push(Input::Statistics { call: echo.call });
        }
        Some(state)
    }

    /// Time passes: what has lasted long enough ends.
    pub fn pass(&mut self, now: Millis, out: &mut Vec<Input>) {
        let over: Vec<Whose> = self.by_owner.iter().filter(|(_, echo)| now >= echo.ends_at).map(|(whose, _)| *whose).collect();
        over.into_iter().for_each(|whose| self.close(whose, out));
    }

    /// Are there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_owner.is_empty()
    }

    /// How many go on beside this one.
    #[must_use]
    pub fn beside(&self, whose: Whose) -> usize {
        self.by_owner.keys().filter(|other| **other != whose).count()
    }

    /// Takes in what the media server says, if it is about an echo; whether it was about nothing else.
    pub fn hear(&mut self, output: &Output, out: &mut Vec<Input>) -> bool {
        if let Output::ThreadFailed { calls, .. } = output {
            for whose in calls.iter().filter_map(|call| self.owners.get(call)) {
                self.by_owner.get_mut(whose).into_iter().for_each(|echo| echo.ends(out));
            }
            return false;
        }
        let Some(whose) = call_of(output).and_then(|call| self.owners.get(&call)) else { return false };
        let Some(echo) = self.by_owner.get_mut(whose) else { return false };
        match output {
            Output::Answer { sdp, .. } => echo.answers(Ok(sdp.clone())),
            Output::Refused { refusal, .. } | Output::TurnedAway { refusal, .. } => {
                echo.answers(Err(*refusal));
                echo.ends(out);
            }
            Output::Connected { .. } => echo.state.connected = true,
            Output::Trouble { hop, .. } => echo.state.trouble = hop.map(|hop| hop.code().to_owned()),
            Output::Ended { cause, .. } => {
                if let EndCause::NeverConnected(hop) = cause {
                    echo.state.trouble = Some(hop.code().to_owned());
                }
                echo.ends(out);
            }
            Output::Statistics { participants, .. } => {
                participants.iter().for_each(|measured| echo.measure(measured));
                echo.tell();
            }
            Output::Weak { .. }
            | Output::Slots { .. }
            | Output::Tracks { .. }
            | Output::Speakers { .. }
            | Output::Layers { .. }
            | Output::ThreadFailed { .. } => {}
        }
        true
    }
}

impl Echo {
    fn answers(&mut self, answer: std::result::Result<String, Refusal>) {
        if let Some(waiting) = self.answer.take() {
            let _ = waiting.send(answer);
        }
    }

    /// What is known of it stays until its time is over, so that one may ask why it ended.
    fn ends(&mut self, out: &mut Vec<Input>) {
        if !std::mem::replace(&mut self.state.ended, true) {
            out.push(Input::CloseCall { call: self.call });
        }
        self.tell();
    }

    fn tell(&mut self) {
        for asked in self.asked.drain(..) {
            let _ = asked.send(self.state.clone());
        }
    }

    fn measure(&mut self, measured: &sfu::ParticipantStatistics) {
        let sum = |tracks: &[sfu::TrackStatistics], audio: bool| {
            let of = tracks.iter().filter(|track| track.source.is_some_and(|source| source.is_audio() == audio));
            of.map(|track| track.packets).sum::<u64>()
        };
        (self.state.audio_in, self.state.video_in) = (sum(&measured.published, true), sum(&measured.published, false));
        (self.state.audio_out, self.state.video_out) = (sum(&measured.received, true), sum(&measured.received, false));
        self.state.lost_in = measured.published.iter().map(|track| track.lost).sum();
    }
}

const fn call_of(output: &Output) -> Option<CallId> {
    match output {
        Output::Answer { who, .. }
        | Output::Refused { who, .. }
        | Output::TurnedAway { who, .. }
        | Output::Connected { who, .. }
        | Output::Weak { who }
        | Output::Ended { who, .. }
        | Output::Slots { who, .. }
        | Output::Tracks { who, .. }
        | Output::Layers { who, .. }
        | Output::Trouble { who, .. } => Some(who.call),
        Output::Speakers { call, .. } | Output::Statistics { call, .. } => Some(*call),
        // Of many calls at once.
        Output::ThreadFailed { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::sfu::{Hop, ParticipantStatistics, Route, Source, TrackStatistics};

    const fn member(number: i64) -> Whose {
        Whose::Member(MemberId(number))
    }

    fn who(call: u64) -> Who {
        Who { call: CallId(call), participant: ALONE }
    }

    /// An echo of this member under this name.
    fn open(echoes: &mut Echoes, whose: Whose, call: u64, out: &mut Vec<Input>) -> Result<Answer> {
        echoes.open(whose, CallId(call), "v=0".to_owned(), 1_000, out).map(|(answer, _)| answer)
    }

    fn closed(out: &[Input]) -> Vec<u64> {
        let closes = |input: &Input| if let Input::CloseCall { call } = input { Some(call.0) } else { None };
        out.iter().filter_map(closes).collect()
    }

    #[test]
    fn an_echo_is_a_call_of_one_that_may_send_a_voice_alone() {
        let (mut echoes, mut out) = (Echoes::default(), Vec::new());
        let mut answer = open(&mut echoes, member(1), 7, &mut out).expect("room");
        assert!(matches!(out[0], Input::OpenEcho { call: CallId(7) }));
        assert!(matches!(out[1], Input::Join { may: VOICE, .. }));
        assert!(matches!(&out[2], Input::Offer { generation: 1, sdp, .. } if sdp == "v=0"));
        assert!(echoes.hear(&Output::Answer { who: who(7), generation: 1, sdp: "v=0 answer".to_owned() }, &mut out));
        assert_eq!(answer.try_recv().expect("answered"), Ok("v=0 answer".to_owned()));
        assert!(!echoes.hear(&Output::Weak { who: who(8) }, &mut out), "of a call");
        open(&mut echoes, Whose::Probe(1), 9, &mut out).expect("room");
        assert!(matches!(out[4], Input::Join { may: VOICE_AND_PICTURE, .. }), "long packets are tried too");
    }

    #[test]
    fn a_member_has_one_and_all_have_so_many() {
        let (mut echoes, mut out) = (Echoes::default(), Vec::new());
        for number in 1..=MOST {
            open(&mut echoes, member(number as i64), number as u64, &mut out).expect("room");
        }
        let full = open(&mut echoes, member(500), 500, &mut out).expect_err("full");
        assert_eq!((full.code(), closed(&out).len()), ("calls.echoes_full", 0));
        drop(open(&mut echoes, member(1), 501, &mut out).expect("in place of their own"));
        assert_eq!((closed(&out), echoes.by_owner.len()), (vec![1], MOST));
        for number in 1..=MOST_PROBES {
            open(&mut echoes, Whose::Probe(number as i64), 600 + number as u64, &mut out).expect("members do not keep probes out");
        }
        assert!(open(&mut echoes, Whose::Probe(99), 700, &mut out).is_err());
    }

    #[test]
    fn it_ends_with_its_time() {
        let (mut echoes, mut out) = (Echoes::default(), Vec::new());
        let _ = open(&mut echoes, member(1), 7, &mut out);
        echoes.pass(1_000 + LASTS_MS - 1, &mut out);
        assert_eq!((closed(&out).len(), echoes.by_owner.len()), (0, 1));
        echoes.pass(1_000 + LASTS_MS, &mut out);
        assert_eq!((closed(&out), echoes.by_owner.len()), (vec![7], 0));
        assert!(echoes.ask(member(1), &mut out).is_none());
    }

    #[test]
    fn what_was_measured_is_told_to_whoever_asked() {
        let (mut echoes, mut out) = (Echoes::default(), Vec::new());
        let _ = open(&mut echoes, member(1), 7, &mut out);
        let mut asked = echoes.ask(member(1), &mut out).expect("there is one");
        assert!(matches!(out.last(), Some(Input::Statistics { call: CallId(7) })));
        echoes.hear(&Output::Connected { who: who(7), route: Route::UdpV4 }, &mut out);
        echoes.hear(&Output::Trouble { who: who(7), hop: Some(Hop::NoPackets) }, &mut out);
        let track = |packets, lost| TrackStatistics { source: Some(Source::Microphone), packets, lost, ..TrackStatistics::default() };
        let measured = ParticipantStatistics { published: vec![track(50, 2)], received: vec![track(49, 0)], ..Default::default() };
        echoes.hear(&Output::Statistics { call: CallId(7), participants: vec![measured] }, &mut out);
        let state = asked.try_recv().expect("told");
        let expected = EchoState {
            connected: true,
            audio_in: 50,
            audio_out: 49,
            lost_in: 2,
            trouble: Some("no_packets".to_owned()),
            ..EchoState::default()
        };
        assert_eq!(state, expected);
    }

    #[test]
    fn a_refusal_and_an_end_are_kept_until_one_has_asked_why() {
        let (mut echoes, mut out) = (Echoes::default(), Vec::new());
        let mut answer = open(&mut echoes, member(1), 7, &mut out).expect("room");
        echoes.hear(&Output::Refused { who: who(7), generation: 0, refusal: Refusal::ServerFull }, &mut out);
        assert_eq!((answer.try_recv().expect("told"), closed(&out)), (Err(Refusal::ServerFull), vec![7]));
        let _ = open(&mut echoes, member(1), 8, &mut out);
        echoes.hear(&Output::Ended { who: who(8), cause: EndCause::NeverConnected(Hop::NoIce) }, &mut out);
        let state = echoes.ask(member(1), &mut out).expect("kept").try_recv().expect("told at once");
        assert_eq!((state.ended, state.trouble.as_deref(), closed(&out)), (true, Some("no_ice"), vec![7, 8]));
        echoes.close(member(1), &mut out);
        assert_eq!(closed(&out), [7, 8], "closed once");
    }
}

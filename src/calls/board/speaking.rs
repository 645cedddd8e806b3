//! What somebody in a call says of themselves: offers, what they want to see, their microphone, their hand, and what they missed.

use std::collections::BTreeMap;

use super::presence::not_in_call;
use super::stay::Stay;
use super::{AUDIO_SLOTS, Board, Outgoing, VIDEO_SLOTS, Voice, over};
use crate::access::Token;
use crate::calls::events::CallNotice;
use crate::calls::model::CallSource;
use crate::calls::sfu;
use crate::error::{Error, Result};
use crate::ids::{CallId, MemberId};

/// What somebody wants to see.
#[derive(Clone, Debug, Default)]
pub struct ViewWish {
    /// On the stage, first comes first.
    pub stage: Vec<MemberId>,
    /// Cameras with their height in device pixels.
    pub tiles: Vec<(MemberId, u16)>,
    /// Height of the shared screen; 0: none.
    pub screen: u16,
    /// Is the page hidden?
    pub hidden: bool,
}

impl Board {
    /// The stay of whoever speaks, if it is over this connection.
    pub(super) fn stay_of(&mut self, call: CallId, voice: Voice) -> Result<&mut Stay> {
        let stay = self.calls.get_mut(&call).ok_or_else(over)?.stay(voice.member);
        stay.filter(|stay| stay.connection == Some(voice.connection)).ok_or_else(not_in_call)
    }

    /// An offer for the media server; its answer comes as [`Outgoing::Answered`].
    ///
    /// # Errors
    /// 410 `calls.over`, 409 `calls.not_in_call`.
    pub fn offer(
        &mut self,
        call: CallId,
        voice: Voice,
        offer: (u32, String, Vec<sfu::TrackIntent>),
        out: &mut Vec<Outgoing>,
    ) -> Result<sfu::Who> {
        let stay = self.stay_of(call, voice)?;
        if stay.back_by.is_some() {
            return Err(not_in_call());
        }
        let (generation, sdp, tracks) = offer;
        out.push(Outgoing::Media(sfu::Input::Offer { who: stay.who(), generation, sdp, tracks }));
        Ok(stay.who())
    }

    /// What somebody wants to see; members who are not in it are left out.
    ///
    /// # Errors
    /// 410 `calls.over`, 409 `calls.not_in_call`.
    pub fn view(&mut self, call: CallId, voice: Voice, wish: &ViewWish, out: &mut Vec<Outgoing>) -> Result<()> {
        let who = self.stay_of(call, voice)?.who();
        let live = self.live(call)?;
        let number = |member: &MemberId| live.stays.iter().find(|stay| stay.member == *member).map(|stay| sfu::ParticipantId(stay.number));
        let view = sfu::View {
            stage: wish.stage.iter().filter_map(number).collect(),
            tiles: wish.tiles.iter().filter_map(|(member, height)| Some((number(member)?, *height))).collect(),
            screen: wish.screen,
            hidden: wish.hidden,
        };
        out.push(Outgoing::Media(sfu::Input::View { who, view }));
        Ok(())
    }

    /// Somebody turns a source of theirs off or on.
    ///
    /// # Errors
    /// 410 `calls.over`, 409 `calls.not_in_call`, 403 `calls.held`.
    pub fn mute(&mut self, call: CallId, voice: Voice, source: CallSource, muted: bool, out: &mut Vec<Outgoing>) -> Result<()> {
        let pictures = self.live(call)?.pictures;
        let stay = self.stay_of(call, voice)?;
        if !muted && !stay.may_send(source, pictures) {
            return Err(Error::forbidden("calls.held"));
        }
        if let Some(sent) = stay.sent.get_mut(&source) {
            sent.muted = muted;
        }
        out.push(Outgoing::Media(sfu::Input::Mute { who: stay.who(), source: source.into(), muted }));
        self.live(call)?.changed.insert(voice.member);
        Ok(())
    }

    /// Somebody asks to speak, or not any more.
    ///
    /// # Errors
    /// 410 `calls.over`, 409 `calls.not_in_call`.
    pub fn raise_hand(&mut self, call: CallId, voice: Voice, raised: bool) -> Result<()> {
        self.stay_of(call, voice)?.hand = raised;
        self.live(call)?.changed.insert(voice.member);
        Ok(())
    }

    /// Says again what somebody missed, or everything anew when that is not kept any more; `anew` is the token that serves from then on.
    ///
    /// # Errors
    /// 410 `calls.over`, 409 `calls.not_in_call`.
    pub fn sync(&mut self, call: CallId, voice: Voice, seq: u64, anew: &Token, out: &mut Vec<Outgoing>) -> Result<()> {
        let members = self.live(call)?.participants();
        let stay = self.stay_of(call, voice)?;
        if stay.repeat(seq, out) {
            return Ok(());
        }
        // This one comes first: the count goes on from it.
        stay.say(&CallNotice::Members { call, full: true, members, left: BTreeMap::new() }, out);
        stay.renew(anew.hash());
        self.live(call)?.welcome(voice.member, anew.reveal(), true, out);
        let stay = self.stay_of(call, voice)?;
        let (rev, slots) = (stay.slots_rev, stay.slots.values().cloned().collect());
        stay.say(&CallNotice::Slots { call, rev, full: true, slots }, out);
        for (source, rids) in stay.layers.clone() {
            stay.say(&CallNotice::Layers { call, source, rids }, out);
        }
        if stay.pictures > VIDEO_SLOTS {
            stay.say(&CallNotice::Grow { call, audio: AUDIO_SLOTS, video: stay.pictures }, out);
        }
        Ok(())
    }
}

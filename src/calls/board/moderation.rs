//! What hosts do in a call. Whether somebody is a host was asked in the database; here it is done, and told.

use super::{Board, Live, Outgoing, Record};
use crate::calls::events::{CallNotice, Moderation};
use crate::calls::model::{CallKind, CallRole, CallSource, Parting};
use crate::calls::sfu;
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::ids::{CallId, MemberId};

impl Live {
    /// The last host has gone, or is one no longer: whoever else has been in it longest is one now. A room's calls have those who lead it.
    pub(super) fn pass_on_host(&mut self, but: Option<MemberId>, out: &mut Vec<Outgoing>) {
        if self.kind() == CallKind::Room || self.stays.iter().any(|stay| stay.role == CallRole::Host) {
            return;
        }
        // Alone, one stays one's own host.
        let next = self.stays.iter().position(|stay| Some(stay.member) != but).unwrap_or(0);
        let Some(stay) = self.stays.get_mut(next) else { return };
        stay.role = CallRole::Host;
        let (member, who, may) = (stay.member, stay.who(), stay.permissions(self.pictures));
        self.known.entry(member).or_default().role = Some(CallRole::Host);
        self.changed.insert(member);
        out.push(Outgoing::Media(sfu::Input::Restrict { who, may }));
        out.push(Outgoing::Keep(Record::Role { call: self.id, member, role: CallRole::Host }));
        self.say_to(member, member, Moderation::Role { role: CallRole::Host }, out);
    }

    fn restrict(&mut self, member: MemberId, out: &mut Vec<Outgoing>) {
        let pictures = self.pictures;
        if let Some(stay) = self.stay(member) {
            out.push(Outgoing::Media(sfu::Input::Restrict { who: stay.who(), may: stay.permissions(pictures) }));
        }
        self.changed.insert(member);
    }

    /// What the call itself allows is another than before.
    pub(super) fn restrict_all(&mut self, out: &mut Vec<Outgoing>) {
        let all: Vec<MemberId> = self.stays.iter().map(|stay| stay.member).collect();
        all.into_iter().for_each(|member| self.restrict(member, out));
    }

    fn say_to(&mut self, member: MemberId, by: MemberId, act: Moderation, out: &mut Vec<Outgoing>) {
        let call = self.id;
        if let Some(stay) = self.stay(member) {
            stay.say(&CallNotice::Moderated { call, by, act }, out);
        }
    }
}

impl Board {
    /// The call, if somebody of that name is in it.
    fn of_participant(&mut self, call: CallId, member: MemberId) -> Result<&mut Live> {
        let live = self.live(call)?;
        if live.is_in(member) { Ok(live) } else { Err(Error::NotFound) }
    }

    /// Turns a source of somebody's off at the server, or lets them turn it on again.
    ///
    /// # Errors
    /// 410 `calls.over`, 404 when they are not in it.
    pub fn hold(
        &mut self,
        call: CallId,
        by: MemberId,
        (member, source): (MemberId, CallSource),
        held: bool,
        out: &mut Vec<Outgoing>,
    ) -> Result<()> {
        let live = self.of_participant(call, member)?;
        if let Some(stay) = live.stay(member) {
            if held {
                stay.held.insert(source);
                // Once it is allowed again, it is the member who turns it on.
                if let Some(sent) = stay.sent.get_mut(&source) {
                    sent.muted = true;
                }
                out.push(Outgoing::Media(sfu::Input::Mute { who: stay.who(), source: source.into(), muted: true }));
            } else {
                stay.held.remove(&source);
            }
            let now_held = stay.held.clone();
            live.known.entry(member).or_default().held = now_held;
        }
        live.restrict(member, out);
        live.say_to(member, by, if held { Moderation::Muted { source } } else { Moderation::MayUnmute { source } }, out);
        Ok(())
    }

    /// Removes somebody for as long as the call goes on.
    ///
    /// # Errors
    /// 410 `calls.over`.
    pub fn remove(&mut self, call: CallId, member: MemberId, now: Millis, out: &mut Vec<Outgoing>) -> Result<()> {
        self.live(call)?.known.entry(member).or_default().removed = true;
        self.part(call, member, Parting::Removed, now, out);
        Ok(())
    }

    /// Nobody new comes in, or again everybody who may.
    ///
    /// # Errors
    /// 410 `calls.over`.
    pub fn lock(&mut self, call: CallId, locked: bool, out: &mut Vec<Outgoing>) -> Result<()> {
        let live = self.live(call)?;
        live.locked = locked;
        live.room_changed = true;
        live.tell_all(out);
        Ok(())
    }

    /// Gives somebody a role.
    ///
    /// # Errors
    /// 410 `calls.over`, 404 when they are not in it.
    pub fn set_role(&mut self, call: CallId, by: MemberId, member: MemberId, role: CallRole, out: &mut Vec<Outgoing>) -> Result<()> {
        let live = self.of_participant(call, member)?;
        if let Some(stay) = live.stay(member) {
            stay.role = role;
            stay.hand &= role == CallRole::Listener;
        }
        live.known.entry(member).or_default().role = Some(role);
        live.restrict(member, out);
        live.say_to(member, by, Moderation::Role { role }, out);
        live.pass_on_host(Some(member), out);
        Ok(())
    }

    /// Takes a raised hand down.
    ///
    /// # Errors
    /// 410 `calls.over`, 404 when they are not in it.
    pub fn lower_hand(&mut self, call: CallId, by: MemberId, member: MemberId, out: &mut Vec<Outgoing>) -> Result<()> {
        let live = self.of_participant(call, member)?;
        if let Some(stay) = live.stay(member) {
            stay.hand = false;
        }
        live.changed.insert(member);
        live.say_to(member, by, Moderation::HandLowered, out);
        Ok(())
    }
}

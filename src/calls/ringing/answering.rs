//! What those say who are called: yes on one device, no, or the same wish the other way round.

use super::{CONNECT, Callee, Decision, Happening, No, Ringing};
use crate::calls::model::{CallState, Fate};
use crate::clock::Millis;
use crate::ids::MemberId;

impl Ringing {
    pub(super) fn accept(&mut self, member: MemberId, connection: u64, now: Millis, out: &mut Vec<Decision>) -> Result<(), No> {
        match self.callee(member) {
            Some(Callee::Rings(_)) => {}
            // The same device says it again.
            Some(Callee::Accepted(by)) if by == connection => return Ok(()),
            Some(Callee::Accepted(_)) => return Err(No::Elsewhere),
            Some(Callee::Declined | Callee::Busy | Callee::Gone | Callee::Over) => return Err(No::Over),
            Some(Callee::Silent(_)) | None => return Err(No::NotTheirs),
        }
        self.callees.insert(member, Callee::Accepted(connection));
        out.push(Decision::Silence(member, Some(connection)));
        if self.state == CallState::Ringing {
            self.connect_by = Some(now + CONNECT);
            self.turn(CallState::Connecting, out);
            self.connect(out);
        }
        Ok(())
    }

    /// Two who call each other are connected: the one whose call came later takes the other's, whether it rang for them or not.
    ///
    /// # Errors
    /// As an accept.
    pub fn merge(&mut self, member: MemberId, connection: u64, now: Millis, out: &mut Vec<Decision>) -> Result<(), No> {
        if let Some(Callee::Silent(until)) = self.callee(member) {
            self.callees.insert(member, Callee::Rings(until));
        }
        self.take(Happening::Accepts(member, connection), now, out)
    }

    /// It stops ringing for a member without a word to anybody: from outside it rings on. Says whether it rang.
    pub fn hush(&mut self, member: MemberId) -> bool {
        let Some(Callee::Rings(until)) = self.callee(member) else { return false };
        self.callees.insert(member, Callee::Silent(until)).is_some()
    }

    pub(super) fn decline(&mut self, member: MemberId, out: &mut Vec<Decision>) -> Result<(), No> {
        match self.callee(member) {
            Some(Callee::Rings(_)) => {}
            Some(Callee::Declined) => return Ok(()),
            Some(Callee::Accepted(_)) => return Err(No::Elsewhere),
            Some(Callee::Busy | Callee::Gone | Callee::Over) => return Err(No::Over),
            Some(Callee::Silent(_)) | None => return Err(No::NotTheirs),
        }
        self.callees.insert(member, Callee::Declined);
        out.extend([Decision::Silence(member, None), Decision::Fate(member, Fate::Declined)]);
        Ok(())
    }
}

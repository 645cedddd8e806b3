//! Invitations: whoever is brought into a room by somebody else is asked, and until they come they look the same to everyone, whether
//! they have not answered yet, left it unanswered, or never learn of it.

use super::posting::announce;
use super::reaching::Reaching;
use crate::chat::events::Event;
use crate::chat::store;
use crate::error::{Error, Result};
use crate::ids::{MemberId, RoomId};
use crate::live::LogId;
use crate::social::{self, Act, NewRequest, Outcome, Own, RequestKind, Verdict};
use crate::storage::Tx;

impl Reaching {
    /// Invites somebody into a room. Inviting them again changes nothing for who sees the room, and counts no more; but whoever did not
    /// hear of it the first time may now, and where who invited them is not in the room any more, it is now who invites them again.
    ///
    /// # Errors
    /// `social.you_block`, 403 `social.closed_invite`, 429 `social.too_many_invitations`, `social.too_many_to_one`.
    pub(super) fn invite(&self, tx: &mut Tx<'_>, room: RoomId, member: MemberId, by: MemberId) -> Result<()> {
        social::hold_pairs(tx, by, &[member])?;
        let now = tx.now();
        let is_heard = match self.verdict(tx, Act::Invite, by, member, now)? {
            Verdict::Refused(Own::Closed) => return Err(Error::forbidden(Act::Invite.closed_code())),
            Verdict::Refused(_) => return Err(Error::conflict("social.you_block")),
            Verdict::Through | Verdict::Quietly | Verdict::Busy | Verdict::Asks => true,
            Verdict::Unheard => false,
        };
        let is_new = store::insert_invitation(tx, room, member, by)?;
        if let Some(former) = store::invited_by(tx, room, member)?.filter(|former| *former != by)
            && store::place(tx, room, former)?.is_none()
        {
            store::set_inviter(tx, room, member, by)?;
        }
        let request = NewRequest { room: Some(room), ..NewRequest::of(RequestKind::Invite, member, is_heard) };
        social::ask(tx, by, &request, is_new.then(|| self.invitations()))?;
        if is_new {
            announce(tx, room, &Event::MemberInvited { member, actor: by }, by)?;
        }
        Ok(())
    }
}

/// Somebody has come: what asked them to has its answer, whoever it was that asked.
pub(super) fn answered(tx: &mut Tx<'_>, room: RoomId, member: MemberId) -> Result<()> {
    if store::delete_invitation(tx, room, member)? {
        social::end_invitations(tx, room, member, Outcome::AcceptedOnce)?;
    }
    Ok(())
}

/// Takes an invitation back; `false` when there was none.
///
/// # Errors
/// When the database refuses.
pub(super) fn withdraw(tx: &mut Tx<'_>, room: RoomId, member: MemberId, actor: Option<MemberId>) -> Result<bool> {
    if !store::delete_invitation(tx, room, member)? {
        return Ok(false);
    }
    tx.announce(LogId::Room(room), Event::MemberUninvited { member, actor }.announcement(actor)?)?;
    social::end_invitations(tx, room, member, Outcome::Withdrawn)?;
    Ok(true)
}

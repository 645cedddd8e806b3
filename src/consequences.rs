//! When this happens there, that follows here: the one place where slices that do not know each other meet.

use crate::chat;
use crate::error::Result;
use crate::members::{Notice, Removed};
use crate::storage::Tx;

/// Runs inside the transaction of what happened.
///
/// # Errors
/// Those of what follows; the whole is then rolled back.
pub fn follow(tx: &mut Tx<'_>, notice: &Notice) -> Result<()> {
    match notice {
        Notice::MemberRemoved { member, reason } => chat::leave_everything(tx, *member, matches!(reason, Removed::Banned)),
        Notice::MemberJoined { member } => chat::join_announcements(tx, *member),
        Notice::MemberReturned { member } => chat::join_announcements(tx, *member),
        Notice::MemberChanged { .. } | Notice::RoleDeleted { .. } => Ok(()),
    }
}

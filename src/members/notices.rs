//! What this slice tells other slices, inside the transaction in which it happened.

use super::model::Removed;
use crate::ids::{MemberId, RoleId, SanctionId};

/// Something happened to a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// An account became active for the first time.
    MemberJoined {
        /// Whose.
        member: MemberId,
    },
    /// A member is about to be shut out or deleted, and nothing of theirs is held yet: who writes in rooms holds those first, and members'
    /// rows afterwards.
    MemberLeaves {
        /// Who.
        member: MemberId,
    },
    /// A member is no longer there. Their sessions end with it, and nothing was written to their log yet.
    MemberRemoved {
        /// Who.
        member: MemberId,
        /// Why.
        reason: Removed,
    },
    /// A ban was lifted.
    MemberReturned {
        /// Whose.
        member: MemberId,
    },
    /// Others see them differently now: name, status, roles, state.
    MemberChanged {
        /// Who.
        member: MemberId,
    },
    /// Something was done to a member, who is to be told.
    Sanctioned {
        /// To whom.
        member: MemberId,
        /// What.
        sanction: SanctionId,
    },
    /// An appeal was decided.
    AppealDecided {
        /// Whose.
        member: MemberId,
        /// Against what.
        sanction: SanctionId,
    },
    /// A role is gone.
    RoleDeleted {
        /// Which.
        role: RoleId,
    },
}

/// Where notices of this slice go.
pub type Notices = crate::storage::Notices<Notice>;

//! What this slice tells other slices, inside the transaction in which it happened.

use crate::ids::MemberId;

/// Something happened to somebody's membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The sign beside their name is another one, or gone.
    BadgeChanged {
        /// Whose.
        member: MemberId,
    },
}

/// Where notices of this slice go.
pub type Notices = crate::storage::Notices<Notice>;

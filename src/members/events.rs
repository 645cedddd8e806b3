//! Events of a member's own log that this slice writes: kinds 100–199.

use serde::Serialize;

use super::model::Profile;
use crate::access::Permissions;
use crate::clock::Millis;
use crate::ids::{RoleId, SessionId};

/// Number of `me_changed`, stored; the row holds no words.
pub const ME_CHANGED: i16 = 100;
/// Number of `rights_changed`, stored.
pub const RIGHTS_CHANGED: i16 = 101;
/// Number of `session_ended`, stored.
pub const SESSION_ENDED: i16 = 102;

/// An event on the wire.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum MemberEvent {
    /// Profile or status changed.
    MeChanged {
        /// As it is now.
        me: Profile,
    },
    /// Roles, or what they allow, or a mute.
    RightsChanged {
        /// Roles, highest first.
        roles: Vec<RoleId>,
        /// Everything that they allow.
        #[cfg_attr(test, ts(type = "string[]"))]
        permissions: Permissions,
        /// Until when they may not write.
        muted_until: Option<Millis>,
    },
    /// A session is over; its connections close.
    SessionEnded {
        /// Which.
        session: SessionId,
    },
}

impl MemberEvent {
    /// The stored number of its kind.
    #[must_use]
    pub const fn number(&self) -> i16 {
        match self {
            Self::MeChanged { .. } => ME_CHANGED,
            Self::RightsChanged { .. } => RIGHTS_CHANGED,
            Self::SessionEnded { .. } => SESSION_ENDED,
        }
    }
}

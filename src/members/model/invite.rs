//! Invites to the community, and links that work once.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::ids::{InviteId, MemberId, RoleId};

/// A row of `invites`.
#[derive(Clone, Debug, Queryable)]
pub struct InviteRow {
    /// Id; the code is derived from it.
    pub id: InviteId,
    /// Who invites.
    pub created_by: MemberId,
    /// When it was made.
    pub created_at: Millis,
    /// When it ends.
    pub expires_at: Option<Millis>,
    /// How many may use it.
    pub max_uses: Option<i32>,
    /// How many have.
    pub uses: i32,
    /// Role that it gives.
    pub role: Option<RoleId>,
    /// What it is for; only those see it who may make invites.
    pub note: String,
    /// When it was taken back.
    pub revoked_at: Option<Millis>,
}

impl InviteRow {
    /// Can it still be used?
    #[must_use]
    pub fn is_open(&self, now: Millis) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| end > now) && self.max_uses.is_none_or(|most| self.uses < most)
    }
}

/// An invite as those see it who may make invites.
#[derive(Clone, Serialize, utoipa::ToSchema)]
pub struct Invite {
    /// Id.
    pub id: InviteId,
    /// The secret in its address.
    pub code: String,
    /// Its address.
    pub url: String,
    /// Who invites.
    pub created_by: MemberId,
    /// When it was made, milliseconds UTC.
    pub created_at: Millis,
    /// When it ends; `null`: never by itself.
    pub expires_at: Option<Millis>,
    /// How many may use it; `null`: any number.
    pub max_uses: Option<i32>,
    /// How many have.
    pub uses: i32,
    /// Role that it gives.
    pub role: Option<RoleId>,
    /// What it is for.
    pub note: String,
    /// Can it still be used?
    pub open: bool,
}

/// Which, without the secret in its address.
impl std::fmt::Debug for Invite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Invite").field("id", &self.id).finish_non_exhaustive()
    }
}

/// An invite to be made.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
pub struct NewInvite {
    /// When it ends, milliseconds UTC; missing: never by itself.
    #[serde(default)]
    pub expires_at: Option<Millis>,
    /// How many may use it, 1–100,000; missing: any number.
    #[serde(default)]
    pub max_uses: Option<i32>,
    /// Role that it gives.
    #[serde(default)]
    pub role: Option<RoleId>,
    /// What it is for, at most 200 characters.
    #[serde(default)]
    pub note: Option<String>,
}

/// What a one-time link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkPurpose {
    /// A new password.
    Reset,
    /// Sign in as a member of the demo.
    SignIn,
    /// Set the community up.
    SetUp,
}

impl LinkPurpose {
    /// As stored.
    #[must_use]
    pub const fn number(self) -> i16 {
        self as i16
    }
}

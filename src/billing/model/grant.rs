//! Grants: who has which plan, from when until when, by whom and why.

use diesel::prelude::*;
use serde::{Deserialize, Deserializer, Serialize};

use super::PlanName;
use crate::billing::providers::ProviderKind;
use crate::clock::Millis;
use crate::ids::{GrantEntryId, GrantId, MemberId, PlanId};

/// Where a grant comes from. Each source owns its own rows; nothing is ever "restored to the plan before".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GrantSource {
    /// An administrator gave it: paid in cash, by bank, or in another way.
    Manual,
    /// For nothing.
    Comp,
    /// Somebody else's present.
    Gift,
    /// The community is theirs.
    Owner,
    /// Paid at the test provider; it holds only where that provider is allowed.
    Test,
    /// Paid through Stripe.
    Stripe,
    /// An administrator let somebody try a plan; once for each member and plan.
    Trial,
}

impl GrantSource {
    /// As stored.
    #[must_use]
    pub const fn number(self) -> i16 {
        self as i16
    }

    /// Where what is paid in this way comes from.
    #[must_use]
    pub const fn paid_by(provider: ProviderKind) -> Self {
        match provider {
            ProviderKind::Manual => Self::Manual,
            ProviderKind::Test => Self::Test,
            ProviderKind::Stripe => Self::Stripe,
        }
    }

    /// May an administrator choose it for a grant that they give?
    #[must_use]
    pub const fn is_given(self) -> bool {
        matches!(self, Self::Manual | Self::Comp | Self::Gift | Self::Trial)
    }

    /// Does what is paid say how long such a grant holds, where it has a name at its source?
    #[must_use]
    pub const fn follows_payments(self) -> bool {
        matches!(self, Self::Manual | Self::Test | Self::Stripe)
    }

    /// From the database.
    #[must_use]
    pub const fn from_number(number: i16) -> Self {
        match number {
            1 => Self::Comp,
            2 => Self::Gift,
            3 => Self::Owner,
            4 => Self::Test,
            5 => Self::Stripe,
            6 => Self::Trial,
            _ => Self::Manual,
        }
    }
}

/// Where a grant stands at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GrantState {
    /// It has not begun.
    Future,
    /// It holds.
    Active,
    /// Its time is over.
    Ended,
    /// It was taken back.
    Revoked,
}

impl GrantState {
    /// As stored in `grants.phase`: what the log has said last.
    #[must_use]
    pub const fn number(self) -> i16 {
        self as i16
    }
}

/// From when until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// From this instant on, milliseconds UTC.
    pub starts_at: Millis,
    /// Until before this instant; none: without end.
    pub ends_at: Option<Millis>,
    /// When it was taken back.
    pub revoked_at: Option<Millis>,
}

impl Period {
    /// Where it stands at `now`.
    #[must_use]
    pub fn state(&self, now: Millis) -> GrantState {
        if self.revoked_at.is_some_and(|at| at <= now) {
            GrantState::Revoked
        } else if self.ends_at.is_some_and(|at| at <= now) {
            GrantState::Ended
        } else if self.starts_at > now {
            GrantState::Future
        } else {
            GrantState::Active
        }
    }

    /// The next instant after `now` at which it stands elsewhere.
    #[must_use]
    pub fn changes_at(&self, now: Millis) -> Option<Millis> {
        [Some(self.starts_at), self.ends_at, self.revoked_at].into_iter().flatten().filter(|at| *at > now).min()
    }
}

/// A row of `grants`.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct GrantRow {
    /// Id.
    pub id: GrantId,
    /// Who has it.
    pub member: MemberId,
    /// Which plan.
    pub plan: PlanId,
    /// Number of a [`GrantSource`].
    pub source: i16,
    /// What it stands for at its source; unique there.
    pub source_id: Option<String>,
    /// From when on.
    pub starts_at: Millis,
    /// Until when; none: without end.
    pub ends_at: Option<Millis>,
    /// When it was taken back.
    pub revoked_at: Option<Millis>,
    /// Who gave it; none: the program.
    pub given_by: Option<MemberId>,
    /// When.
    pub given_at: Millis,
    /// Why.
    pub note: String,
    /// Number of the [`GrantState`] that the log has told last.
    pub phase: i16,
}

impl GrantRow {
    /// Where it comes from.
    #[must_use]
    pub const fn source(&self) -> GrantSource {
        GrantSource::from_number(self.source)
    }

    /// Does it follow a subscription or an order? Then nobody changes it by hand.
    #[must_use]
    pub const fn is_paid(&self) -> bool {
        self.source_id.is_some() && self.source().follows_payments()
    }

    /// From when until when.
    #[must_use]
    pub const fn period(&self) -> Period {
        Period { starts_at: self.starts_at, ends_at: self.ends_at, revoked_at: self.revoked_at }
    }

    /// As the API shows it at `now`, with the plan's name.
    #[must_use]
    pub fn grant(self, plan: String, now: Millis) -> Grant {
        Grant {
            id: self.id,
            plan: PlanName { id: self.plan, name: plan },
            source: self.source(),
            paid: self.is_paid(),
            state: self.period().state(now),
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            revoked_at: self.revoked_at,
            given_by: self.given_by,
            given_at: self.given_at,
            note: self.note,
        }
    }
}

/// A grant, as its member and administrators see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Grant {
    /// Id.
    pub id: GrantId,
    /// Which plan.
    pub plan: PlanName,
    /// Where it comes from.
    pub source: GrantSource,
    /// Does it follow a subscription or an order? Then it is not changed by hand.
    pub paid: bool,
    /// Where it stands.
    pub state: GrantState,
    /// From when on, milliseconds UTC.
    pub starts_at: Millis,
    /// Until when; null: without end.
    pub ends_at: Option<Millis>,
    /// When it was taken back.
    pub revoked_at: Option<Millis>,
    /// Who gave it; null: the program.
    pub given_by: Option<MemberId>,
    /// When, milliseconds UTC.
    pub given_at: Millis,
    /// Why; the member reads it.
    pub note: String,
}

/// A grant to be given.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
pub struct NewGrant {
    /// Which plan.
    pub plan: PlanId,
    /// `manual` (the default), `comp`, `gift` or `trial`.
    #[serde(default)]
    pub source: Option<GrantSource>,
    /// From when on, milliseconds UTC; missing: now.
    #[serde(default)]
    pub starts_at: Option<Millis>,
    /// Until when; missing: without end.
    #[serde(default)]
    pub ends_at: Option<Millis>,
    /// Why, at most 500 characters; the member reads it.
    #[serde(default)]
    pub note: String,
}

/// Tells a field that is missing from one that is `null`.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(d: D) -> std::result::Result<Option<Option<T>>, D::Error> {
    Option::deserialize(d).map(Some)
}

/// A change of a grant's end.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
pub struct EndChange {
    /// Until when, milliseconds UTC; `null`: without end; missing: as it is.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Millis>)]
    pub ends_at: Option<Option<Millis>>,
    /// Why, at most 500 characters; the member reads it.
    #[serde(default)]
    pub note: String,
}

/// What happened to a grant, or to somebody's verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GrantEvent {
    /// It was given.
    Given,
    /// Its time began.
    Began,
    /// Its end was changed.
    Changed,
    /// Its time is over.
    Ended,
    /// It was taken back.
    Revoked,
    /// The member was verified.
    Verified,
    /// The verification was taken back.
    Unverified,
    /// It was over, and was given more time.
    Resumed,
    /// Something was said about it.
    Commented,
}

impl GrantEvent {
    /// As stored.
    #[must_use]
    pub const fn number(self) -> i16 {
        self as i16
    }

    /// From the database.
    #[must_use]
    pub const fn from_number(number: i16) -> Self {
        match number {
            0 => Self::Given,
            1 => Self::Began,
            3 => Self::Ended,
            4 => Self::Revoked,
            5 => Self::Verified,
            6 => Self::Unverified,
            7 => Self::Resumed,
            8 => Self::Commented,
            _ => Self::Changed,
        }
    }
}

/// An entry of the log of a member's grants, which they and support read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct GrantEntry {
    /// Id.
    pub id: GrantEntryId,
    /// When, milliseconds UTC.
    pub at: Millis,
    /// What happened.
    pub kind: GrantEvent,
    /// Which grant; null for verifications.
    pub grant: Option<GrantId>,
    /// Of which plan.
    pub plan: Option<PlanName>,
    /// Who did it; null: the program.
    pub by: Option<MemberId>,
    /// Until when the grant holds after it; null: without end.
    pub ends_at: Option<Millis>,
    /// Why.
    pub note: String,
}

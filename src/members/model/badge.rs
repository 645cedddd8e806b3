//! The sign beside the name of a verified member, with its reason.

use serde::Serialize;

use crate::clock::Millis;

/// Why a sign stands beside a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum BadgeReason {
    /// The member has a plan that carries one.
    Plan,
    /// An administrator verified the member.
    Administrator,
}

impl BadgeReason {
    /// As stored.
    #[must_use]
    pub const fn number(self) -> i16 {
        self as i16
    }

    /// From the database.
    #[must_use]
    pub const fn from_number(number: i16) -> Self {
        if number == 0 { Self::Plan } else { Self::Administrator }
    }
}

/// The sign of a verified member, beside the name, with its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Badge {
    /// Why.
    pub by: BadgeReason,
    /// What it says; empty: the client's own word for a verified member.
    pub text: String,
    /// Its colour, 0–11; none: that of the community.
    pub hue: Option<i16>,
    /// Since when, milliseconds UTC.
    pub since: Millis,
}

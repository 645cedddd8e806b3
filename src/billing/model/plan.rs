//! Plans: named sets of entitlements that are given to members, and later sold.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Entitlements, Price};
use crate::clock::Millis;
use crate::ids::PlanId;

/// A row of `plans`.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct PlanRow {
    /// Id.
    pub id: PlanId,
    /// Unique name.
    pub name: String,
    /// What it is unique by.
    pub name_key: String,
    /// What one gets, or empty.
    pub description: String,
    /// Place in lists, smallest first.
    pub position: i32,
    /// When it was made.
    pub created_at: Millis,
    /// Since when it is not given any more.
    pub archived_at: Option<Millis>,
    /// Is it kept from members who do not have it?
    pub hidden: bool,
    /// Days before a member's first payment.
    pub trial_days: i16,
    /// Do members buy it as a gift?
    pub gifts: bool,
}

impl PlanRow {
    /// As the API shows it.
    #[must_use]
    pub fn plan(self, entitlements: Entitlements, prices: Vec<Price>) -> Plan {
        let Self { id, name, description, position, created_at, archived_at, hidden, trial_days, gifts, .. } = self;
        let archived = archived_at.is_some();
        Plan { id, name, description, position, archived, hidden, trial_days, gifts, created_at, entitlements, prices }
    }
}

/// A plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Plan {
    /// Id.
    pub id: PlanId,
    /// Unique name.
    pub name: String,
    /// What one gets, or empty.
    pub description: String,
    /// Place in lists, smallest first; of two badges that of the first plan is shown.
    pub position: i32,
    /// Is it not given any more? Whoever has it keeps it.
    pub archived: bool,
    /// Is it kept from members who do not have it? It can be given, and is not offered.
    pub hidden: bool,
    /// Days before the first payment of a member who never had a trial; 0: none.
    pub trial_days: i16,
    /// Can members buy it as a gift, for as long as one period of a price?
    pub gifts: bool,
    /// When it was made, milliseconds UTC.
    pub created_at: Millis,
    /// What it entitles to.
    pub entitlements: Entitlements,
    /// What it costs; those that are put away are not shown. Without one, the price is agreed on when somebody asks.
    pub prices: Vec<Price>,
}

/// A plan by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct PlanName {
    /// Id.
    pub id: PlanId,
    /// Its name now.
    pub name: String,
}

/// A plan to be made.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
pub struct NewPlan {
    /// Unique name, 1–40 characters.
    pub name: String,
    /// At most 300 characters.
    #[serde(default)]
    pub description: String,
    /// Place in lists, 0–1,000; missing: after the others.
    #[serde(default)]
    pub position: Option<i32>,
    /// Is it kept from members who do not have it?
    #[serde(default)]
    pub hidden: bool,
    /// Days before the first payment, 0–365.
    #[serde(default)]
    pub trial_days: i16,
    /// Can members buy it as a gift?
    #[serde(default)]
    pub gifts: bool,
    /// What it entitles to.
    #[serde(default)]
    pub entitlements: Entitlements,
}

/// A change of a plan; a field that is missing stays as it is.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
pub struct PlanChange {
    /// Unique name, 1–40 characters.
    pub name: Option<String>,
    /// At most 300 characters.
    pub description: Option<String>,
    /// Place in lists, 0–1,000.
    pub position: Option<i32>,
    /// `true`: it is not given any more, whoever has it keeps it.
    pub archived: Option<bool>,
    /// `true`: it is kept from members who do not have it.
    pub hidden: Option<bool>,
    /// Days before the first payment, 0–365.
    pub trial_days: Option<i16>,
    /// Can members buy it as a gift?
    pub gifts: Option<bool>,
    /// All that it entitles to from now on; whoever has it hears of it at once.
    pub entitlements: Option<Entitlements>,
}

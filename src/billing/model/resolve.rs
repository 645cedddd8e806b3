//! What a member's grants come to at an instant: pure, with the instant at which it may come to something else.

use std::sync::Arc;

use super::{Entitlements, GrantState, Period};
use crate::clock::Millis;
use crate::ids::PlanId;

/// A grant with what its plan is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Which plan.
    pub plan: PlanId,
    /// The plan's place in lists, smallest first.
    pub position: i32,
    /// What the plan entitles to.
    pub entitlements: Arc<Entitlements>,
    /// From when until when.
    pub period: Period,
}

/// What grants come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolved {
    /// All that they entitle to together.
    pub entitlements: Entitlements,
    /// The plans that hold, in ascending id, each once.
    pub plans: Vec<PlanId>,
    /// The next instant at which a grant begins or ends: until then the answer stays the same.
    pub changes_at: Option<Millis>,
    /// Since when the plan of the badge has held without a gap that is known here.
    pub badge_since: Option<Millis>,
}

/// What these grants come to at `now`, in whatever order they stand.
#[must_use]
pub fn resolve(grants: &[Held], now: Millis) -> Resolved {
    let mut resolved = Resolved { changes_at: grants.iter().filter_map(|held| held.period.changes_at(now)).min(), ..Resolved::default() };
    // The badge is that of the first plan in the plans' order.
    let mut sign: Option<(i32, PlanId, Millis)> = None;
    for held in grants.iter().filter(|held| held.period.state(now) == GrantState::Active) {
        let own = (held.position, held.plan, held.period.starts_at);
        if held.entitlements.badge.is_some() && sign.is_none_or(|best| own < best) {
            sign = Some(own);
            resolved.entitlements.badge.clone_from(&held.entitlements.badge);
        }
        resolved.entitlements.take_in(&held.entitlements);
        resolved.plans.push(held.plan);
    }
    resolved.badge_since = sign.map(|(_, _, since)| since);
    resolved.plans.sort_unstable();
    resolved.plans.dedup();
    resolved
}

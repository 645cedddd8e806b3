//! Where a member stands: entitlements, plans, and whether they are verified, with the reason.

use super::{Entitlements, Held, resolve};
use crate::clock::Millis;
use crate::ids::{MemberId, PlanId};
use crate::members::{Badge, BadgeReason};
use crate::settings::{CallsOpenTo, Settings, VerifiedBadge};

/// What the operator chose about memberships.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Who may start calls.
    pub calls_open_to: CallsOpenTo,
    /// What verifies a member.
    pub verified_badge: VerifiedBadge,
    /// Does what was paid at the test provider count? Only where nobody but this machine can reach it.
    pub test_counts: bool,
}

impl From<&Settings> for Rules {
    fn from(settings: &Settings) -> Self {
        Self { calls_open_to: settings.calls_open_to, verified_badge: settings.verified_badge, test_counts: false }
    }
}

/// Somebody's verification by an administrator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// By whom.
    pub by: Option<MemberId>,
    /// When.
    pub at: Millis,
    /// Why.
    pub note: String,
}

/// Where a member stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// All that they are entitled to, by their plans and by what is open to everyone.
    pub entitlements: Entitlements,
    /// The plans that they have, in ascending id.
    pub plans: Vec<PlanId>,
    /// The sign beside their name; with one they are verified, and it says why.
    pub verified: Option<Badge>,
    /// The next instant at which time alone may change this.
    pub changes_at: Option<Millis>,
}

impl Standing {
    /// Where a member with these grants and this verification stands at `now`.
    #[must_use]
    pub fn of(grants: &[Held], verification: Option<&Verification>, rules: Rules, now: Millis) -> Self {
        let resolved = resolve(grants, now);
        let mut entitlements = resolved.entitlements;
        let by_plan = entitlements.badge.clone().zip(resolved.badge_since).map(|(badge, since)| Badge {
            by: BadgeReason::Plan,
            text: badge.text,
            hue: Some(badge.hue),
            since,
        });
        let by_administrator =
            verification.map(|one| Badge { by: BadgeReason::Administrator, text: String::new(), hue: None, since: one.at });
        let verified = match rules.verified_badge {
            VerifiedBadge::Plan => by_plan,
            VerifiedBadge::Administrator => by_administrator,
            // What somebody looked at says more than what was paid for.
            VerifiedBadge::Either => by_administrator.or(by_plan),
            VerifiedBadge::Off => None,
        };
        entitlements.take_in(&Entitlements::of_everyone(rules.calls_open_to));
        Self { entitlements, plans: resolved.plans, verified, changes_at: resolved.changes_at }
    }
}

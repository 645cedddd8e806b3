//! What the slice keeps and shows: entitlements, plans, grants, and what they come to at an instant.

mod entitlements;
mod grant;
mod plan;
mod resolve;
mod standing;

pub use entitlements::{Entitlements, PlanBadge};
pub use grant::{EndChange, Grant, GrantEntry, GrantEvent, GrantRow, GrantSource, GrantState, NewGrant, Period};
pub use plan::{NewPlan, Plan, PlanChange, PlanName, PlanRow};
pub use resolve::{Held, Resolved, resolve};
pub use standing::{Rules, Standing, Verification};

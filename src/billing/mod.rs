//! Billing: plans and what they entitle to, grants, and who is verified.
//!
//! What a member may do is a pure function of grant rows and the clock. Every source of grants owns its own rows; prices and payment
//! providers stand above this and give grants like everyone else. Where members stand is kept in memory, made right by commits and by
//! time; beginnings and ends in time are jobs that write `entitlements_changed` to the member's log.

mod actions;
mod events;
mod model;
mod notices;
mod pages;
mod policy;
mod routes;
mod store;
#[cfg(test)]
mod tests;

pub use actions::*;
pub use events::BillingEvent;
pub use model::{
    Entitlements, Grant, GrantSource, GrantState, Held, NewGrant, NewPlan, Period, Plan, PlanBadge, PlanName, Resolved, Standing, resolve,
};
pub use notices::{Notice, Notices};
pub(crate) use pages::MembershipView;
pub use policy::{SeeGrants, SeePlans};

/// Registers every route of the slice.
pub fn mount(routes: &mut crate::access::Routes<'_>) {
    routes::mount(routes);
    pages::mount(routes);
}

/// The description of the slice's API.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    routes::openapi()
}

/// Adds what does this slice's jobs.
#[must_use]
pub fn work(runner: crate::jobs::Runner, turner: &Turner) -> crate::jobs::Runner {
    runner.register(actions::MEMBER, turner.clone()).register(actions::SPREAD, turner.clone())
}

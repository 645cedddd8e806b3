//! Automod: rules of the community that look at words before they are stored, in rooms that are no conversations.
//!
//! The rules are compiled once and kept in memory; a change puts others in force with its commit. What they say of a message is decided by a
//! pure function, in time that grows with the length of the message alone; what follows (a refusal, a report, a mute) is written in the
//! transaction of the send. Whoever leads the room or moderates is not looked at. Decision 0046.

mod actions;
mod fold;
mod matcher;
mod model;
mod policy;
mod routes;
mod store;

pub use actions::{Automod, Incident, Tried, account_made_at, follow, rules};
pub use matcher::{Hit, Said, Set, Verdict};
pub use model::{Looks, Outcome, Rule};
pub use policy::{KeepRule, ManageRules};

/// Registers every route of the slice.
pub fn mount(routes: &mut crate::access::Routes<'_>) {
    routes::mount(routes);
}

/// The description of the slice's API.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    routes::openapi()
}

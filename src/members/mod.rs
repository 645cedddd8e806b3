//! Members: accounts, sessions, roles, invites, sanctions.
//!
//! A member signs in with a username and a password and holds a session; every request finds its actor through the session, on the
//! connection that then acts. Roles are sets of permissions; their union stands in the member's row and is rewritten in the same
//! transaction as the roles. What administrators do leaves a row in the audit log. What others must know is told as a notice, inside
//! the transaction; what the member's own browsers must know is an event in the member's log.

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
pub use events::*;
pub use model::*;
pub use notices::{Notice, Notices};
pub use pages::own_path;
pub use policy::{AppealMine, BanMember, ChangeMe, DecideAppeal, Deciding, MuteMember, SeeMe, deciding, may_be_invited_to};
pub use routes::session_cookie;

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

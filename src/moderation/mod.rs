//! Moderation: a report with what surrounds it, what is done in answer, who is told, and appeals.
//!
//! Everything that is done to a member is a sanction of [`crate::members`], whichever slice does it. This slice looks into a report, does one
//! of a few things in one transaction with the end of the report, tells both sides, and lets whom it was done to appeal once. Decision 0051.

mod actions;
mod letters;
mod model;
mod pages;
mod routes;

#[cfg(test)]
pub(crate) use actions::Noticed;
pub use actions::{appeal_cases, case, decide, notices, tell_answered, tell_decided, tell_sanctioned};
pub use model::{AppealCase, AppealOutcome, Case, CaseMessage, CaseOutcome, Decision, MyNotices};

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

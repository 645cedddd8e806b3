//! People: contacts, follows, blocks, mutes, who may reach whom, what waits for a yes, and reports.
//!
//! All edges between two members stand in one row for each direction. Whoever wants to reach somebody, by a message, an invitation, a
//! mention or a call, asks [`answer`], which reads the facts by two statements and leaves the answer to the pure [`decide`]. What follows
//! in rooms is told as a notice, inside the transaction; what a member's own clients must know is an event in the member's log.

mod actions;
mod decide;
mod events;
mod jobs;
mod model;
mod notices;
mod pages;
mod policy;
mod routes;
mod store;
#[cfg(test)]
mod tests;

pub use actions::seed;
pub use actions::{
    Asker, Daily, MayCall, Mine, NewRequest, OWN_NAME_KEYS, OwnNames, RuleReport, admit, answer, answered_reports, answers, ask,
    blocked_of, close_report, come_through, end_invitations, forget, hold_all_of, hold_pairs, inbox, is_shut_out, may_call, may_refuse,
    mine, newest_request, open_reports, other_reports, own_names, report, report_by_rule, reports, reports_of, see_answers, see_yes,
    suspend, to_call, unless_shut, unread_notices, use_once, withdraw_all,
};
pub use decide::{Facts, Own, Verdict, decide};
pub use events::SocialEvent;
pub use jobs::work;
pub use model::{
    Act, Closing, ContactState, Edge, Edges, FollowState, HeardWords, Outcome, Quiet, Reach, ReachChoice, Relation, Report, ReportOutcome,
    ReportReason, RequestKind, Rule, Rules, SoughtReports, UnknownCallers, ceiling, closed_code, closed_ways, default_of, is_below,
    must_be_open, pair,
};
pub use notices::{Invitation, Notice, SeenMessage, Social};
pub use policy::{HandleReport, SeeReports};

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

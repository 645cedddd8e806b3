//! Rows and values of the slice: relations, reach, requests, reports.

mod reach;
mod relation;
mod report;
mod request;

pub use reach::{
    Act, Quiet, Reach, ReachChoice, ReachView, Rule, Rules, Sentence, UnknownCallers, ceiling, is_below, may_ring, within, zone,
};
pub use relation::{ContactState, Edge, Edges, FollowState, Note, NoteChange, Person, Relation, Shared, pair};
pub use report::{Closing, NewReport, Report, ReportOutcome, ReportReason, ReportRow};
pub use request::{Outcome, Request, RequestKind, RequestRow};

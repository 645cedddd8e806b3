//! Rows and values of the slice: relations, reach, requests, reports.

mod choice;
mod heard;
mod reach;
mod relation;
mod report;
mod request;

pub use choice::{ReachChoice, ReachView, Sentence};
pub use heard::HeardWords;
pub use reach::{
    Act, Quiet, Reach, Rule, Rules, UnknownCallers, ceiling, closed_code, closed_ways, default_of, is_below, is_closed, may_ring,
    must_be_open, within, zone,
};
pub use relation::{ContactState, Edge, Edges, FollowState, Note, NoteChange, Person, Relation, Shared, pair};
pub use report::{Closing, NewReport, Report, ReportOutcome, ReportReason, ReportRow, Said, SaidAgain, SoughtReports};
pub use request::{Outcome, Request, RequestKind, RequestRow};

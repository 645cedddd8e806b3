//! Calls: who rings whom, who is in which call, and what the media server is told.
//!
//! A call is a row, and while it goes on also a state in memory that one lock guards: what happens is put to pure cores (`ringing`), whose
//! decisions are then carried out, as rows, as notices to those whom they concern, as words to the media server. Who may begin a call is
//! asked of billing, who reaches whom of `social`; whoever is not let through looks to the caller like somebody who does not answer.

mod actions;
mod board;
mod check;
mod commands;
mod events;
mod exchange;
mod media;
mod model;
mod outbox;
mod pages;
mod policy;
pub mod probe;
mod ringing;
mod routes;
pub mod sfu;
mod store;

pub(crate) use actions::greeting;
pub use actions::seed;
pub use actions::{CallItem, CallItems, overseen};
pub use actions::{resume_all, run as keep};
pub use check::Checked;
pub use commands::{COMMANDS, LONG as LONG_COMMAND, run as run_command};
pub use events::{CallEvent, CallNotice, CallsEvent, NOTICES};
#[cfg(test)]
pub(crate) use events::{Moderation, NoticeFrame};
pub use exchange::{Calls, MediaFault, MediaServer};
pub use media::start_media;
pub use model::{CallKind, CallRole, CallSource, CallState, CallView, Cause, Entry, Fate, MyCall, Part, Parting, Trouble};
#[cfg(test)]
pub(crate) use model::{CallLimits, Link, Mark, Participant, Slot, SlotState, SourceState};
pub use policy::OverseeCalls;
pub use store::Sought;

/// Registers every route of the slice.
pub fn mount(routes: &mut crate::access::Routes<'_>) {
    check::routes::mount(routes);
    routes::mount(routes);
    pages::mount(routes);
}

/// The description of the slice's API.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    routes::openapi().merge_from(check::routes::openapi())
}

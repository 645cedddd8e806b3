//! Backups: everything lasting in one file, and the way back. Decision 0036 says what lives on after a restore and what does not.
//!
//! The file is a tar: `manifest.json` first, then `rialto.db`, or `rialto.lines` with the rows of a database of PostgreSQL (decision 0057), then the
//! folders `keys`, `lan`, `acme` and `files`, and last `checksums.json`, without which it was cut short. It is read whole before anything is changed.
//!
//! The program makes them by itself, on a schedule and for administrators: jobs do it, one at a time, and the table `backups` says what is in the
//! folder of that name. Decision 0041.

mod actions;
mod export;
mod import;
mod jobs;
mod lines;
mod model;
mod policy;
mod read;
mod restore;
mod room;
mod routes;
mod schedule;
pub mod seed;
mod store;
#[cfg(test)]
mod tests;
mod trouble;
mod turn;
mod write;

pub use actions::{is_there, keep, page, standing};
pub use export::export;
pub use import::{CheckedLines, check_lines, import};
pub use jobs::Keeper;
pub use model::{Backup, BackupState, Contents, Manifest, Part, Rehearsal, RehearsalState, Report, Written, file_of};
pub use policy::{KeepBackup, ManageBackups, RehearseBackup};
pub use read::{Checked, check};
pub use restore::{rehearse, restore};
pub use schedule::{Health, Standing};
pub use trouble::Trouble;
pub use write::write;

/// Registers every route of the slice.
pub fn mount(routes: &mut crate::access::Routes<'_>) {
    routes::mount(routes);
}

/// The description of the slice's API.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    routes::openapi()
}

/// Adds what does its jobs.
#[must_use]
pub fn work(runner: crate::jobs::Runner, keeper: &Keeper) -> crate::jobs::Runner {
    runner.register_long(jobs::MAKE, keeper.clone()).register_long(jobs::REHEARSE, keeper.clone())
}

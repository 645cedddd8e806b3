//! Backups: everything lasting in one file, and the way back. Decision 0036 says what lives on after a restore and what does not.
//!
//! The file is a tar: `manifest.json` first, then `rialto.db` and the folders `keys`, `lan`, `acme` and `files`, and last `checksums.json`,
//! without which it was cut short. It is read whole before anything is changed.

mod model;
mod read;
mod restore;
#[cfg(test)]
mod tests;
mod trouble;
mod write;

pub use model::{Manifest, Part, Report, Written};
pub use read::{Checked, check};
pub use restore::{rehearse, restore};
pub use trouble::Trouble;
pub use write::write;

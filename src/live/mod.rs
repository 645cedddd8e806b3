//! The hub.
mod log;
pub use log::{Effect, LogId, Logged, Seq};

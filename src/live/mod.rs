//! The hub.
mod hub;
mod log;
pub use hub::Hub;
pub use log::{Effect, LogId, Logged, Seq};

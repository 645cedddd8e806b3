//! HTTP: the front door and what every page and answer shares.
pub mod door;

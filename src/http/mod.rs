//! HTTP: pages, static files, the answer to errors, the front door.
pub mod door;

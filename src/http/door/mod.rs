//! The front door: who may come in by which name.
pub mod host;
pub mod proxy;

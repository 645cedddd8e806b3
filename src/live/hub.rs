//! The hub's handle.

/// The hub.
#[derive(Clone, Debug)]
pub struct Hub;

//! SQL of the slice, and nothing else.

pub(super) mod badges;
pub(super) mod invites;
pub(super) mod links;
pub(super) mod members;
pub(super) mod roles;
pub(super) mod sanctions;
pub(super) mod sessions;

/// At most this many values in one `IN (…)`.
const CHUNK: usize = 500;

//! SQL of the slice, and nothing else.

pub(super) mod lists;
pub(super) mod reach;
pub(super) mod relations;
pub(super) mod reports;
pub(super) mod requests;

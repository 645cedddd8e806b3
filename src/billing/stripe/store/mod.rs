//! SQL of what concerns Stripe, and nothing else.

pub(super) mod calls;
pub(super) mod events;
pub(super) mod mirrored;
pub(super) mod objects;
pub(super) mod secrets;

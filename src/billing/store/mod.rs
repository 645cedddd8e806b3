//! SQL of the slice, and nothing else.

pub(super) mod gifts;
pub(super) mod grants;
pub(super) mod letters;
pub(super) mod log;
pub(super) mod orders;
pub(super) mod payers;
pub(super) mod payments;
pub(super) mod plans;
pub(super) mod prices;
pub(super) mod promotions;
pub(super) mod refunds;
pub(super) mod standing;
pub(super) mod strange;
pub(super) mod subscriptions;
pub(super) mod test_objects;
pub(super) mod verifications;

/// At most this many values in one `IN (…)`.
const CHUNK: usize = 500;

//! Transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01): every packet of a connection has a number, and its
//! receiver tells when each one arrived.

mod arrivals;
mod departures;
#[cfg(test)]
mod tests;

pub use arrivals::Arrivals;
#[cfg(test)]
pub use departures::Told;
pub use departures::{Departures, Feedback};

use super::time::{MILLISECOND, Micros};

/// How often a publisher is told.
pub const EVERY: Micros = 50 * MILLISECOND;
/// Packets that one feedback may tell of.
pub const MAX_STATUSES: usize = 2_048;

/// Microseconds of one unit of arrival times.
const UNIT: Micros = 250;
/// Units of one unit of the time that a feedback refers to.
const REFERENCE: i64 = 256;

const LOST: u8 = 0;
const SMALL: u8 = 1;
const LARGE: u8 = 2;

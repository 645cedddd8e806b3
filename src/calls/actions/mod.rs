//! What happens with calls: begun, kept, looked at. Knows neither HTTP nor sockets.

mod gate;
mod hosting;
mod keeping;
mod listing;
pub mod seed;
mod starting;

pub(super) use gate::{Gate, MayStart};
pub(super) use hosting::*;
pub use keeping::{resume_all, run};
pub(crate) use listing::greeting;
pub use listing::{CallItem, CallItems, overseen};
pub(super) use listing::{Recents, joinable, one, recents, see};
use starting::known_of;
pub(super) use starting::{Starting, Still, add, start, still_may};

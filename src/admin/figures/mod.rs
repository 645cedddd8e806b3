//! Figures by day, for the charts of the dashboard: members, messages, minutes in calls, money, storage, and how long answers take.
//!
//! No page counts what grows: counts of days that are over stand in `day_figures` (`keeping` puts them there, a minute after what they count),
//! and a page adds what is not counted yet. Money is the exception, since payments are recorded with days that are past: an index has them.

mod days;
mod drawing;
mod keeping;
mod reading;
mod store;

pub use days::{Chart, ChartName, Point, SPANS};
pub use drawing::{WIDTH_OF_DAY, bars, line};
pub use keeping::{keep, note_times};
pub use reading::{Seen, charts, messages_today};

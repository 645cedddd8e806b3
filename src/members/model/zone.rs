//! Time zones by their IANA names, from the database that is compiled in: a machine without one of its own knows them too.

use jiff::tz::TimeZoneDatabase;

use crate::error::{Error, Result};

/// Every name, in order.
#[must_use]
pub fn zone_names() -> Vec<String> {
    let database = TimeZoneDatabase::bundled();
    let mut names: Vec<String> = database.available().map(|name| name.as_str().to_owned()).collect();
    names.sort_unstable();
    names
}

/// The name as the database writes it; empty stays empty.
///
/// # Errors
/// `members.time_zone_unknown` on `time_zone`.
pub fn zone_named(text: &str) -> Result<String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(String::new());
    }
    let database = TimeZoneDatabase::bundled();
    let known = database.available().find(|name| name.as_str().eq_ignore_ascii_case(text)).map(|name| name.as_str().to_owned());
    known.ok_or_else(|| Error::invalid("time_zone", "members.time_zone_unknown"))
}

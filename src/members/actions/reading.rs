//! Members as other slices show them, and the member's log read back.

use super::store;
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::ids::MemberId;
use crate::members::events::{ME_CHANGED, MemberEvent};
use crate::members::model::Profile;
use crate::storage::{Conn, LogRow};

/// The member objects of these ids, as they are at `now`; unknown ids are left out.
///
/// # Errors
/// When the database cannot be read.
pub fn profiles(conn: &mut Conn, ids: &[MemberId], now: Millis) -> Result<Vec<Profile>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = store::members::by_ids(conn, ids)?;
    store::members::with_roles(conn, rows, now)
}

/// A row of this slice in a member's log as an event: `me_changed` shows the member as they are now.
///
/// # Errors
/// When the database cannot be read, or the row has lost its words.
pub fn render(conn: &mut Conn, member: MemberId, row: &LogRow, now: Millis) -> Result<String> {
    match &row.data {
        Some(event) => Ok(event.clone()),
        None if row.kind == ME_CHANGED => {
            let me = profiles(conn, &[member], now)?.pop().ok_or_else(|| Error::broken("a log without a member"))?;
            Ok(serde_json::to_string(&MemberEvent::MeChanged { me })?)
        }
        None => Err(Error::broken("an event without words")),
    }
}

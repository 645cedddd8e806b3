//! Backups that were made before the program ran: for whoever needs a list of them, not their files.

use super::store;
use crate::error::Result;
use crate::ids::BackupId;
use crate::storage::Tx;

/// A backup of this size that the schedule made; no file comes with it.
///
/// # Errors
/// When the database refuses.
pub fn place_made(tx: &mut Tx<'_>, bytes: i64) -> Result<BackupId> {
    let id = store::begin(tx, None)?;
    store::made(tx, id, bytes)?;
    Ok(id)
}

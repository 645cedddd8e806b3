//! Collecting: all that the database holds of one member goes row by row into a file that has no name, as it was at one moment.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::Serialize;
use tokio::sync::Semaphore;

use super::store;
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::ids::MemberId;
use crate::storage::{Target, in_one_snapshot};

/// One member's data is collected at a time: it is a long walk through the database, and nobody is in a hurry.
static TURN: Semaphore = Semaphore::const_new(1);

/// What stands before the rows.
#[derive(Clone, Debug, Serialize)]
pub struct Head {
    /// Version of this form.
    pub format: u32,
    /// The community's name.
    pub community: String,
    /// Whose.
    pub member: MemberId,
    /// When it was asked for, milliseconds UTC.
    pub made_at: Millis,
}

/// Collects on a thread and a connection of its own, when it is its turn. The file stands at its beginning, on the disk of the data folder `root`,
/// and is gone when it is closed.
///
/// # Errors
/// When the database cannot be read, or the disk has no room.
pub async fn collect(target: Target, root: &Path, head: Head) -> Result<File> {
    let turn = TURN.acquire().await.map_err(Error::broken)?;
    let name = root.join(".own-data");
    let collecting = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o600).open(&name)?;
        std::fs::remove_file(&name)?;
        let mut out = BufWriter::with_capacity(1 << 16, file);
        let text = serde_json::to_string(&head)?;
        write!(out, "{},\"tables\":", text.trim_end_matches('}'))?;
        in_one_snapshot(&mut target.reader()?, |conn| store::write_of_member(conn, head.member, &mut out))?;
        out.write_all(b"}")?;
        let mut file = out.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        file.rewind()?;
        Ok(file)
    });
    collecting.await.map_err(Error::broken)?
}

//! The turn of one backup or rehearsal in a data folder: never two at once, by whomever.

use std::fs::{File, TryLockError};
use std::path::Path;

use super::read::make_folder;
use super::trouble::Trouble;

/// Beginnings of names under which something stands in the folder of backups only while it is made.
const PASSING: [&str; 3] = ["passing-", ".rialto-backup-", "rialto-rehearsal-"];

/// The lowest of priorities, `setpriority(2)`.
const LAST: i32 = 19;

/// The kernel's lock on the folder of backups: it ends with the process, however that ends.
#[derive(Debug)]
pub(super) struct Turn {
    _folder: File,
}

impl Turn {
    /// Takes it, and removes what a holder left behind that was ended in the middle.
    ///
    /// # Errors
    /// [`Trouble::Busy`] while somebody else has it.
    pub(super) fn take(root: &Path) -> Result<Self, Trouble> {
        let path = root.join("backups");
        make_folder(&path)?;
        let folder = File::open(&path).map_err(|error| Trouble::Unreadable { path: path.clone(), error })?;
        folder.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => Trouble::Busy,
            TryLockError::Error(error) => Trouble::unwritable(&path, &error),
        })?;
        clear(&path);
        Ok(Self { _folder: folder })
    }
}

/// The thread that uses a turn gets of the processors what nobody else wants: members who talk meanwhile wait no longer for it. It stays so until
/// that thread ends, since going back up takes rights that the program need not have; so a turn is used on a thread of its own.
pub(super) fn stay_behind(_: &Turn) {
    // Of no process in particular: on Linux a priority is the calling thread's.
    if let Err(error) = rustix::process::setpriority_process(None, LAST) {
        tracing::debug!(%error, "a backup runs as everything else does");
    }
}

/// What cannot be removed stays for the next time.
fn clear(backups: &Path) {
    let Ok(entries) = backups.read_dir() else { return };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        let is_passing =
            path.file_name().and_then(|name| name.to_str()).is_some_and(|name| PASSING.iter().any(|one| name.starts_with(one)));
        if !is_passing {
            continue;
        }
        let removed = if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
        if let Err(error) = removed {
            tracing::warn!(path = %path.display(), %error, "what was left of a backup cannot be removed");
        }
    }
}

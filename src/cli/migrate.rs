//! `rialto migrate`: the database brought up to this version, with a copy of how it was before.

use std::io::Write;
use std::path::Path;

use super::data_folder::DataFolder;
use super::offline::{connect, exists, look, sentence};
use crate::clock::Clock;
use crate::storage::{Target, backup_sqlite, migrate};

/// Brings the database up to this version; the server must not run. With `check` nothing is changed.
///
/// # Errors
/// One sentence.
pub fn run(data: &Path, target: &Target, check: bool, clock: &Clock, out: &mut dyn Write) -> Result<(), String> {
    let mut say = |line: &str| writeln!(out, "{line}").map_err(|error| format!("Standard output is closed ({error})."));
    if check {
        if !exists(target) {
            return say("There is no database yet; the first start makes it.");
        }
        let pending = look(&mut connect(target)?)?.pending;
        return if pending.is_empty() {
            say("The database is up to date.")
        } else {
            pending.iter().try_for_each(|name| say(&format!("Would run {name}.")))
        };
    }
    let folder = DataFolder::open(data, true)?;
    let done = bring_up(&folder, target, clock)?;
    if done.is_empty() { say("The database is up to date.") } else { done.iter().try_for_each(|name| say(&format!("Ran {name}."))) }
}

/// Applies what is missing and names it. SQLite is copied into the backups first, unless it is new. Whoever calls holds the folder's
/// lock.
///
/// # Errors
/// One sentence; the database is then as it was, or the copy tells how it was.
pub fn bring_up(folder: &DataFolder, target: &Target, clock: &Clock) -> Result<Vec<String>, String> {
    let mut conn = connect(target)?;
    let state = look(&mut conn)?;
    if state.pending.is_empty() {
        return Ok(state.pending);
    }
    if target.is_sqlite() && !state.is_empty {
        let copy = folder.backups().join(format!("before-{}-{}.db", state.pending[0], clock.now()));
        backup_sqlite(&mut conn, &copy).map_err(|error| {
            format!("The database could not be copied to {} before the change ({error}); look at the disk.", copy.display())
        })?;
    }
    migrate(&mut conn).map_err(|error| sentence(&error))?;
    Ok(state.pending)
}

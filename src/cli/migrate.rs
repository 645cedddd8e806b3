//! `rialto migrate`: the database brought up to this version, with a copy of how it was before.

use std::io::Write;
use std::path::Path;

use super::data_folder::DataFolder;
use super::offline::{connect, exists, look, sentence};
use crate::clock::Clock;
use crate::storage::{Target, backup_sqlite, migrate};

/// How many copies from before a migration are kept.
const COPIES: usize = 3;

/// What to do about a server's database before it is changed.
const SAVE_FIRST: &str = "PostgreSQL is not copied by this program before the change: first make a backup with the version that it has.";

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
        let state = look(&mut connect(target)?)?;
        if state.pending.is_empty() {
            return say("The database is up to date.");
        }
        state.pending.iter().try_for_each(|name| say(&format!("Would run {name}.")))?;
        return if target.is_sqlite() || state.is_empty { Ok(()) } else { say(SAVE_FIRST) };
    }
    let folder = DataFolder::open(data, true)?;
    let done = bring_up(&folder, target, clock)?;
    if done.is_empty() { say("The database is up to date.") } else { done.iter().try_for_each(|name| say(&format!("Ran {name}."))) }
}

/// Applies what is missing and names it. SQLite is copied into the backups first, unless it is new, and the last few such copies are kept.
/// Whoever calls holds the folder's lock.
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
    if !target.is_sqlite() && !state.is_empty {
        tracing::warn!(migrations = state.pending.len(), "the database is brought up to this version; PostgreSQL is not copied before");
    }
    migrate(&mut conn).map_err(|error| sentence(&error))?;
    forget_old_copies(&folder.backups());
    Ok(state.pending)
}

/// The time stands at the end of a copy's name. What cannot be removed stays for the next time.
fn forget_old_copies(backups: &Path) {
    let Ok(entries) = backups.read_dir() else { return };
    let mut copies: Vec<_> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let name = path.file_name()?.to_str()?.strip_prefix("before-")?.strip_suffix(".db")?;
            let at = name.rsplit_once('-')?.1.parse::<i64>().ok()?;
            Some((at, path))
        })
        .collect();
    copies.sort();
    for (_, path) in copies.iter().rev().skip(COPIES) {
        if let Err(error) = std::fs::remove_file(path) {
            tracing::warn!(%error, "an old copy of the database cannot be removed");
        }
    }
}

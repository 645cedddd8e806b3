//! `rialto restore`: a backup put into an empty data folder, or only rehearsed.

use std::io::Write;
use std::path::Path;

use super::data_folder::DataFolder;
use crate::backups::{self, Report};
use crate::clock::Clock;
use crate::storage::Target;

/// Puts the backup back; no server may run on the folder.
///
/// # Errors
/// One sentence with its code; the database is then as it was.
pub fn run(data: &Path, target: &Target, file: &Path, clock: &Clock, out: &mut dyn Write) -> Result<(), String> {
    let checked = backups::check(file)?;
    let _held = DataFolder::hold(data)?;
    let report = backups::restore(&checked, data, target, clock)?;
    tell(&report, "Restored", out)?;
    if report.letters_set_aside > 0 {
        say(out, &format!("{} letters that waited were set aside; the dashboard lists them among the jobs.", report.letters_set_aside))?;
    }
    say(out, "Everyone stays signed in; links that work once have ended. `rialto serve` starts the community.")
}

/// Tries it in a temporary folder.
///
/// # Errors
/// One sentence with its code: the backup could not be put back.
pub fn rehearse(file: &Path, clock: &Clock, out: &mut dyn Write) -> Result<(), String> {
    let checked = backups::check(file)?;
    let report = backups::rehearse(&checked, &std::env::temp_dir(), clock)?;
    tell(&report, "Can be restored", out)?;
    say(out, "Every checksum fits, and the database is whole. Nothing was changed.")
}

fn tell(report: &Report, done: &str, out: &mut dyn Write) -> Result<(), String> {
    let (manifest, tally) = (&report.manifest, &report.tally);
    say(out, &format!("{done}: the backup of {} by Rialto {}, {} bytes.", manifest.created_at, manifest.version, report.bytes))?;
    say(out, &format!("{} members, {} rooms, {} messages, {} files.", tally.members, tally.rooms, tally.messages, report.files))?;
    report.migrated.iter().try_for_each(|name| say(out, &format!("Ran {name}.")))
}

fn say(out: &mut dyn Write, line: &str) -> Result<(), String> {
    writeln!(out, "{line}").map_err(|error| format!("Standard output is closed ({error})."))
}

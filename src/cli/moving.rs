//! `rialto export` and `rialto import`: a community moves from one database to another.

use std::io::Write;
use std::path::Path;

use super::data_folder::DataFolder;
use crate::backups;
use crate::clock::Clock;
use crate::storage::Target;

/// Writes every row; no server may run on the folder, since what it says after would be lost.
///
/// # Errors
/// One sentence with its code; the file is then not there.
pub fn export(data: &Path, target: &Target, file: &Path, clock: &Clock, out: &mut dyn Write) -> Result<(), String> {
    let _held = DataFolder::open(data, true)?;
    let written = backups::export(target, file, clock)?;
    say(out, &format!("Exported {} bytes. Uploads, keys and certificates stay in the data folder: take it along.", written.bytes))
}

/// Puts the rows in; no server may run on the folder.
///
/// # Errors
/// One sentence with its code; the database then holds no rows.
pub fn import(data: &Path, target: &Target, file: &Path, out: &mut dyn Write) -> Result<(), String> {
    let checked = backups::check_lines(file)?;
    let _held = DataFolder::open(data, true)?;
    backups::import(&checked, target)?;
    let header = checked.header();
    say(out, &format!("Imported {} rows of the export of {} by Rialto {}.", checked.rows(), header.created_at, header.version))?;
    say(out, "Everyone stays signed in. `rialto serve` starts the community, with the data folder that it had.")
}

fn say(out: &mut dyn Write, line: &str) -> Result<(), String> {
    writeln!(out, "{line}").map_err(|error| format!("Standard output is closed ({error})."))
}

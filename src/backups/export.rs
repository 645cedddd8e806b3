//! Export: every row of the database into one file of lines, as it was at one moment.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::lines::{EXPORT, End, Header, LINES_FORMAT, TableEnd, TableStart, hexadecimal};
use super::model::Written;
use super::trouble::Trouble;
use super::write::{Passing, place_of, put_in_place};
use crate::clock::{Clock, Millis};
use crate::error::Error;
use crate::storage::{Conn, Table, Target, in_one_snapshot, migration_state, tables};

/// The fact that is no row of an export.
const LINEAGE: &str = "[\"epoch\",";

/// Writes the database into `file`, which appears only when it is whole and on the disk. No server may run on it: what it said after would be lost.
///
/// # Errors
/// Why not; `file` is then not there.
pub fn export(target: &Target, file: &Path, clock: &Clock) -> Result<Written, Trouble> {
    if file.symlink_metadata().is_ok() {
        return Err(Trouble::Taken(file.to_owned()));
    }
    if let Target::Sqlite(database) = target
        && !database.exists()
    {
        return Err(Trouble::Nothing(database.clone()));
    }
    let mut conn = target.writer().map_err(|error| Trouble::of_database(file, &error))?;
    let place = place_of(file);
    let partial = Passing(place.join(format!(".rialto-export-{}-{}", std::process::id(), clock.now())));
    let bytes = write_lines(&mut conn, &partial.0, clock.now())?;
    let cannot = |error: std::io::Error| Trouble::unwritable(file, &error);
    put_in_place(&partial.0, file).map_err(cannot)?;
    File::open(&place).and_then(|place| place.sync_all()).map_err(cannot)?;
    Ok(Written { bytes })
}

/// Writes every row, as it was at one moment, into the new file `to`, which is on the disk when this returns; how many bytes there are.
///
/// # Errors
/// Why not; what stands in `to` is then nothing.
pub(super) fn write_lines(conn: &mut Conn, to: &Path, now: Millis) -> Result<u64, Trouble> {
    let refuses = |error| Trouble::of_database(to, &error);
    let state = migration_state(conn).map_err(refuses)?;
    let schema = match (state.newest, state.pending.is_empty() && state.unknown.is_empty()) {
        (None, _) => return Err(Trouble::Nothing(to.to_owned())),
        (Some(_), false) => {
            return Err(Trouble::Refuses("it is of another version; save it with that version, or run `rialto migrate` first".to_owned()));
        }
        (Some(schema), true) => schema,
    };
    let cannot = |error: std::io::Error| Trouble::unwritable(to, &error);
    let new = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to).map_err(cannot)?;
    let mut lines = Lines { to: BufWriter::with_capacity(1 << 16, new), whole: Sha256::new(), bytes: 0, fault: None };
    let wrote = in_one_snapshot(conn, |conn| write_all(conn, &mut lines, header(schema, now)));
    if let Some(error) = lines.fault.take() {
        return Err(cannot(error));
    }
    wrote.map_err(refuses)?;
    let bytes = lines.bytes;
    lines.to.into_inner().map_err(std::io::IntoInnerError::into_error).and_then(|to| to.sync_all()).map_err(cannot)?;
    Ok(bytes)
}

fn header(schema: String, now: Millis) -> Header {
    let created_at = jiff::Timestamp::from_millisecond(now).map_or_else(|_| now.to_string(), |at| at.to_string());
    Header { export: EXPORT.to_owned(), format: LINES_FORMAT, version: env!("CARGO_PKG_VERSION").to_owned(), schema, created_at }
}

fn write_all(conn: &mut Conn, lines: &mut Lines, header: Header) -> Result<(), Error> {
    lines.value(&header)?;
    for table in tables() {
        write_table(conn, lines, table)?;
    }
    let sha256 = hexadecimal(lines.whole.clone());
    lines.value(&End { tables: tables().len(), sha256 })
}

fn write_table(conn: &mut Conn, lines: &mut Lines, table: &Table) -> Result<(), Error> {
    let columns = table.columns().into_iter().map(str::to_owned).collect();
    lines.value(&TableStart { table: table.name().to_owned(), columns })?;
    let (mut rows, mut hash) = (0, Sha256::new());
    table.each_row(conn, |row| {
        if table.name() == "facts" && row.starts_with(LINEAGE) {
            return Ok(());
        }
        rows += 1;
        hash.update(row.as_bytes());
        hash.update(b"\n");
        lines.line(row)
    })?;
    lines.value(&TableEnd { rows, sha256: hexadecimal(hash) })
}

/// The file as it grows.
struct Lines {
    to: BufWriter<File>,
    whole: Sha256,
    bytes: u64,
    /// What the disk said, beside the error that ends the transaction.
    fault: Option<std::io::Error>,
}

impl Lines {
    fn value(&mut self, value: &impl Serialize) -> Result<(), Error> {
        self.line(&serde_json::to_string(value)?)
    }

    fn line(&mut self, line: &str) -> Result<(), Error> {
        self.whole.update(line.as_bytes());
        self.whole.update(b"\n");
        self.bytes += line.len() as u64 + 1;
        self.to.write_all(line.as_bytes()).and_then(|()| self.to.write_all(b"\n")).map_err(|error| {
            let said = Error::broken(&error);
            self.fault = Some(error);
            said
        })
    }
}

//! Import: lines are read from the first to the last and held against their checksums, and only then put into an empty database.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::lines::{EXPORT, End, Header, LINES_FORMAT, LONGEST_LINE, TableEnd, TableStart, hexadecimal};
use super::trouble::Trouble;
use crate::storage::{
    Conn, Table, Target, in_one_transaction, knows_schema, migrate, migration_state, newest_schema, renew_epoch, table_in_use, tables,
};

/// Rows are put in by so many bytes at a time.
const HANDFUL: usize = 1 << 20;

/// An export whose every line is as it was written, and which this program understands.
#[derive(Clone, Debug)]
pub struct CheckedLines {
    file: PathBuf,
    header: Header,
    ends: Vec<TableEnd>,
}

impl CheckedLines {
    /// What the file says of itself.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// All rows of all tables.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.ends.iter().map(|end| end.rows).sum()
    }

    /// Each table with the checksum of its rows: equal where the rows are.
    pub fn checksums(&self) -> impl Iterator<Item = (&'static str, &str)> {
        tables().iter().map(Table::name).zip(self.ends.iter().map(|end| end.sha256.as_str()))
    }
}

/// Reads the whole file and changes nothing.
///
/// # Errors
/// What is wrong with it.
pub fn check_lines(file: &Path) -> Result<CheckedLines, Trouble> {
    walk(file, |_, _| Ok(()))
}

/// Puts them into the database, which must be empty, in one transaction, and gives it a lineage of its own.
///
/// # Errors
/// Why not; the database is then as it was, but for its tables.
pub fn import(checked: &CheckedLines, target: &Target) -> Result<(), Trouble> {
    import_and(checked, target, || Ok(()))
}

/// The same; `last` is done when every row is in, and what is put in lasts only if that was done.
pub(super) fn import_and(checked: &CheckedLines, target: &Target, last: impl FnOnce() -> Result<(), Trouble>) -> Result<(), Trouble> {
    let mut conn = open_unused(target)?;
    migrate(&mut conn)?;
    expect_bare(&mut conn)?;
    in_one_transaction(&mut conn, |conn| {
        let mut rows = Rows { text: String::new(), table: None };
        let again = walk(&checked.file, |table, row| rows.take(conn, table, row))?;
        rows.flush(conn)?;
        // Somebody may have written to the file meanwhile.
        if again.ends != checked.ends {
            return Err(damaged(&checked.file, "what changed just now"));
        }
        renew_epoch(conn)?;
        last()
    })
}

/// A connection to a database in which nothing stands; it is not changed.
pub(super) fn open_unused(target: &Target) -> Result<Conn, Trouble> {
    let mut conn = target.writer()?;
    let state = migration_state(&mut conn)?;
    if !state.unknown.is_empty() {
        return Err(Trouble::Occupied("tables of a newer version".to_owned()));
    }
    if !state.is_empty && !state.pending.is_empty() {
        // What stands in it is not looked at: it would have to be brought up to date first.
        return Err(Trouble::Occupied("tables of an older version".to_owned()));
    }
    if !state.is_empty {
        expect_bare(&mut conn)?;
    }
    Ok(conn)
}

fn expect_bare(conn: &mut Conn) -> Result<(), Trouble> {
    table_in_use(conn)?.map_or(Ok(()), |table| Err(Trouble::Occupied(format!("the table {table}"))))
}

/// Rows of one table that wait to be put in together.
struct Rows {
    text: String,
    table: Option<&'static Table>,
}

impl Rows {
    fn take(&mut self, conn: &mut Conn, table: &'static Table, row: &str) -> Result<(), Trouble> {
        let is_other = self.table.is_some_and(|waiting| waiting.name() != table.name());
        if is_other || self.text.len() + row.len() > HANDFUL {
            self.flush(conn)?;
        }
        self.table = Some(table);
        self.text.push(if self.text.is_empty() { '[' } else { ',' });
        self.text.push_str(row);
        Ok(())
    }

    fn flush(&mut self, conn: &mut Conn) -> crate::error::Result<()> {
        let Some(table) = self.table.take().filter(|_| !self.text.is_empty()) else { return Ok(()) };
        self.text.push(']');
        let put = table.insert_rows(conn, &self.text);
        self.text.clear();
        put
    }
}

fn damaged(file: &Path, part: &str) -> Trouble {
    Trouble::Damaged { path: file.to_owned(), part: part.to_owned() }
}

/// The lines of a file, and the checksum of those that were read.
struct Lines<'a> {
    file: &'a Path,
    from: BufReader<File>,
    whole: Sha256,
    line: String,
}

impl Lines<'_> {
    /// The next line without its end; it ends too early when there is none.
    fn next(&mut self, part: &str) -> Result<&str, Trouble> {
        self.line.clear();
        let read = self.from.by_ref().take(LONGEST_LINE).read_line(&mut self.line).map_err(|error| match error.kind() {
            std::io::ErrorKind::InvalidData => damaged(self.file, part),
            _ => Trouble::Unreadable { path: self.file.to_owned(), error },
        })?;
        match self.line.strip_suffix('\n') {
            Some(line) => {
                self.whole.update(line.as_bytes());
                self.whole.update(b"\n");
                Ok(line)
            }
            None if read as u64 == LONGEST_LINE => Err(damaged(self.file, part)),
            None => Err(Trouble::CutShort(self.file.to_owned())),
        }
    }

    fn value<T: DeserializeOwned>(&mut self, part: &str) -> Result<T, Trouble> {
        let file = self.file;
        let line = self.next(part)?;
        serde_json::from_str(line).map_err(|_| damaged(file, part))
    }
}

/// One way through the file: every table of the schema in its order, each row given to `each`.
fn walk(file: &Path, mut each: impl FnMut(&'static Table, &str) -> Result<(), Trouble>) -> Result<CheckedLines, Trouble> {
    let from = File::open(file).map_err(|error| Trouble::Unreadable { path: file.to_owned(), error })?;
    let mut lines = Lines { file, from: BufReader::with_capacity(1 << 16, from), whole: Sha256::new(), line: String::new() };
    let header = understood(file, &mut lines)?;
    let mut ends = Vec::new();
    for table in tables() {
        let name = table.name();
        let start: TableStart = lines.value(name)?;
        if start.table != name || start.columns != table.columns() {
            return Err(damaged(file, name));
        }
        let (mut rows, mut hash) = (0, Sha256::new());
        let end = loop {
            let line = lines.next(name)?;
            if !line.starts_with('[') {
                break serde_json::from_str::<TableEnd>(line).map_err(|_| damaged(file, name))?;
            }
            rows += 1;
            hash.update(line.as_bytes());
            hash.update(b"\n");
            each(table, line)?;
        };
        if (end.rows, &end.sha256) != (rows, &hexadecimal(hash)) {
            return Err(damaged(file, name));
        }
        ends.push(end);
    }
    let sha256 = hexadecimal(lines.whole.clone());
    let end: End = lines.value("its last line")?;
    let is_over = lines.from.fill_buf().map_err(|error| Trouble::Unreadable { path: file.to_owned(), error })?.is_empty();
    if end != (End { tables: tables().len(), sha256 }) || !is_over {
        return Err(damaged(file, "its last line"));
    }
    Ok(CheckedLines { file: file.to_owned(), header, ends })
}

/// The first line, if this program can do something with what it announces.
fn understood(file: &Path, lines: &mut Lines<'_>) -> Result<Header, Trouble> {
    let other = || Trouble::Other(file.to_owned());
    let first = lines.next("its first line").map_err(|trouble| match trouble {
        Trouble::Unreadable { .. } => trouble,
        _ => other(),
    })?;
    // Its first words stand apart, so that another form is named even when the rest of it has changed.
    let header: serde_json::Value = serde_json::from_str(first).map_err(|_| other())?;
    if header["export"] != EXPORT {
        return Err(other());
    }
    let format = header["format"].as_u64().and_then(|format| u32::try_from(format).ok()).ok_or_else(other)?;
    let version = header["version"].as_str().unwrap_or("?").to_owned();
    if format != LINES_FORMAT {
        return Err(Trouble::Format { format, version, ours: LINES_FORMAT });
    }
    let header: Header = serde_json::from_value(header).map_err(|_| damaged(file, "its first line"))?;
    if !knows_schema(&header.schema)? {
        return Err(Trouble::Newer(version));
    }
    if header.schema == newest_schema()? { Ok(header) } else { Err(Trouble::Older(version)) }
}

//! The form in which a database is moved: lines of JSON, the same from SQLite and from PostgreSQL, with a checksum of every table and of the whole.
//!
//! First a [`Header`]. Then for each table of the schema, in its order: a [`TableStart`], each row as an array of its columns in the order of the
//! key (integers as numbers, bytes in hexadecimal), and a [`TableEnd`] with the checksum of its rows. Last an [`End`] with the checksum of all
//! lines before it. Each line ends with a line feed. The lineage of the database is no row: whoever takes the lines in begins another.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Version of the form.
pub const LINES_FORMAT: u32 = 1;
/// The word by which the first line is known.
pub const EXPORT: &str = "rialto";
/// Longest line, in bytes: longer than any row that the program writes.
pub const LONGEST_LINE: u64 = 64 << 20;

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// [`EXPORT`].
    pub export: String,
    /// [`LINES_FORMAT`].
    pub format: u32,
    /// Version of the program that wrote it.
    pub version: String,
    /// Newest migration of the database.
    pub schema: String,
    /// RFC 3339, UTC.
    pub created_at: String,
}

/// The line before the rows of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableStart {
    /// Its name.
    pub table: String,
    /// What each array holds.
    pub columns: Vec<String>,
}

/// The line behind the rows of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableEnd {
    /// How many there were.
    pub rows: u64,
    /// Of their lines, in hexadecimal.
    pub sha256: String,
}

/// The last line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// How many tables there were.
    pub tables: usize,
    /// Of all lines before, in hexadecimal.
    pub sha256: String,
}

/// A checksum in hexadecimal.
pub fn hexadecimal(hash: Sha256) -> String {
    hash.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

//! What stands in a backup beside what it saves, and what is told about one.

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::storage::Tally;

/// Version of the layout of the file.
pub const FORMAT: u32 = 2;
/// The first part.
pub const MANIFEST: &str = "manifest.json";
/// The database.
pub const DATABASE: &str = "rialto.db";
/// The last part.
pub const CHECKSUMS: &str = "checksums.json";
/// What of the data folder is in the file beside the database.
pub const FOLDERS: [&str; 4] = ["keys", "lan", "acme", "files"];

/// What stands first in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Of the layout.
    pub format: u32,
    /// Version of the program that wrote it.
    pub version: String,
    /// Newest migration of the database; none of an empty one.
    #[serde(default)]
    pub schema: Option<String>,
    /// Lineage of the database; none before the first start.
    #[serde(default)]
    pub epoch: Option<String>,
    /// RFC 3339, UTC.
    pub created_at: String,
}

/// A part of the file, as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Path below the data folder.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// In hexadecimal.
    pub sha256: String,
}

/// What stands last in the file: every part before it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Checksums {
    /// In the order of the file.
    pub parts: Vec<Part>,
}

/// A backup that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Size of the file.
    pub bytes: u64,
}

/// What a restore, or the rehearsal of one, found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// What the file said of itself.
    pub manifest: Manifest,
    /// Bytes of all parts.
    pub bytes: u64,
    /// Uploaded files.
    pub files: usize,
    /// Migrations that brought the database up to this program.
    pub migrated: Vec<String>,
    /// What is in the database.
    pub tally: Tally,
    /// Letters that waited to be sent, set aside.
    pub letters_set_aside: usize,
    /// How long it took.
    pub took_ms: Millis,
}

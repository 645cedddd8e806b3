//! What stands in a backup beside what it saves, and what is told about one and about those that are kept.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::ids::{BackupId, MemberId};
use crate::storage::Tally;

/// Version of the layout of the file.
pub const FORMAT: u32 = 2;
/// The first part.
pub const MANIFEST: &str = "manifest.json";
/// The database, as SQLite's own file.
pub const DATABASE: &str = "rialto.db";
/// The rows of a database of PostgreSQL, in its place: an export.
pub const LINES: &str = "rialto.lines";
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
    /// Newest migration of the database; none of one without tables, which was saved once.
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

/// How far a backup is that this program makes by itself or for an administrator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BackupState {
    /// It is being made.
    Making,
    /// It is there.
    Made,
    /// It could not be made.
    Failed,
    /// Another one is being made or rehearsed, perhaps from the command line: it is made after that.
    Waiting,
    /// It is deleted; its file may still be there.
    Going,
}

impl BackupState {
    /// Those of what is to become a backup.
    pub(super) const UNDER_WAY: [i16; 2] = [Self::Making.number(), Self::Waiting.number()];

    /// Is it to become a backup?
    #[must_use]
    pub const fn is_under_way(self) -> bool {
        matches!(self, Self::Making | Self::Waiting)
    }

    /// As stored.
    #[must_use]
    pub const fn number(self) -> i16 {
        match self {
            Self::Making => 0,
            Self::Made => 1,
            Self::Failed => 2,
            Self::Waiting => 3,
            Self::Going => 4,
        }
    }

    /// From the database.
    #[must_use]
    pub const fn from_number(number: i16) -> Self {
        match number {
            0 => Self::Making,
            1 => Self::Made,
            3 => Self::Waiting,
            4 => Self::Going,
            _ => Self::Failed,
        }
    }
}

/// How far the rehearsal of a backup is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RehearsalState {
    /// Somebody wants one.
    Asked,
    /// It could be put back.
    Passed,
    /// It could not.
    Failed,
}

impl RehearsalState {
    /// As stored; 0 is that nobody ever wanted one.
    #[must_use]
    pub const fn number(self) -> i16 {
        match self {
            Self::Asked => 1,
            Self::Passed => 2,
            Self::Failed => 3,
        }
    }

    /// From the database.
    #[must_use]
    pub const fn from_number(number: i16) -> Option<Self> {
        match number {
            1 => Some(Self::Asked),
            2 => Some(Self::Passed),
            3 => Some(Self::Failed),
            _ => None,
        }
    }
}

/// What a rehearsal counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Contents {
    /// Accounts, also those that are over.
    pub member_count: i64,
    /// Rooms and conversations.
    pub room_count: i64,
    /// Messages, also deleted ones.
    pub message_count: i64,
    /// Uploaded files.
    pub file_count: i64,
    /// How long the rehearsal took, milliseconds.
    pub took_ms: Millis,
}

impl From<&Report> for Contents {
    fn from(report: &Report) -> Self {
        let Tally { members, rooms, messages } = report.tally;
        let file_count = i64::try_from(report.files).unwrap_or(i64::MAX);
        Self { member_count: members, room_count: rooms, message_count: messages, file_count, took_ms: report.took_ms }
    }
}

/// Whether a backup could be put back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Rehearsal {
    /// How far it is.
    pub state: RehearsalState,
    /// When it ended, milliseconds UTC.
    pub at: Option<Millis>,
    /// The code of what is wrong with the backup.
    pub trouble: Option<String>,
    /// What is in it.
    pub contents: Option<Contents>,
}

/// A backup in the data folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Backup {
    /// Its id.
    pub id: BackupId,
    /// How far it is.
    pub state: BackupState,
    /// When it was begun, milliseconds UTC: it holds what was acknowledged before.
    pub begun_at: Millis,
    /// When it was there, or given up.
    pub ended_at: Option<Millis>,
    /// Who wanted it; nobody means the schedule.
    pub by: Option<MemberId>,
    /// Its size.
    pub bytes: Option<i64>,
    /// Version of the program that made it.
    pub version: String,
    /// The code of what kept it from being made.
    pub trouble: Option<String>,
    /// Whether it could be put back; none while nobody tried.
    pub rehearsal: Option<Rehearsal>,
}

/// The name of a backup's file, for people: its time to the second, in UTC.
#[must_use]
pub fn name_of(begun_at: Millis) -> String {
    let at = jiff::Timestamp::from_millisecond(begun_at).unwrap_or_default();
    format!("rialto-{}", at.strftime("%Y-%m-%d-%H%M%S"))
}

/// Where backups stand in the data folder `root`.
pub(super) fn folder_of(root: &Path) -> PathBuf {
    root.join("backups")
}

/// Where a backup stands in the data folder `root`.
#[must_use]
pub fn file_of(root: &Path, backup: BackupId, begun_at: Millis) -> PathBuf {
    folder_of(root).join(format!("{}-{backup}.tar", name_of(begun_at)))
}

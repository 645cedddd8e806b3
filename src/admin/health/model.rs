//! What is known of each thing that must work, and how it is told.

use serde::{Deserialize, Serialize};

use crate::backups::Standing;
use crate::billing::CardPayments;
use crate::calls::{Checked, MediaFault};
use crate::clock::Millis;

/// So many letters in a row that the mail server did not take are more than somebody's mistyped address.
pub const LETTERS: usize = 3;

/// The colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = HealthLight)]
pub enum Light {
    /// Not set up, or not known: no trouble.
    Grey,
    /// It works.
    Green,
    /// It works, but somebody should look.
    Amber,
    /// It does not work, or will soon stop.
    Red,
}

/// The things that must work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = HealthPart)]
pub enum Part {
    /// It can be read, in time.
    Database,
    /// Room on the disk of the data folder.
    Disk,
    /// What the machine has left.
    Memory,
    /// The queue of the writer.
    Writes,
    /// The way of sound and pictures, from outside.
    Calls,
    /// The mail server takes letters.
    Mail,
    /// Payments by card: what the provider tells is followed.
    Payments,
    /// There is one to rely on.
    Backups,
    /// Work is done, and none was set aside.
    Jobs,
}

impl Part {
    /// Its name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Disk => "disk",
            Self::Memory => "memory",
            Self::Writes => "writes",
            Self::Calls => "calls",
            Self::Mail => "mail",
            Self::Payments => "payments",
            Self::Backups => "backups",
            Self::Jobs => "jobs",
        }
    }
}

/// How one of them is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HealthCheck {
    /// Which.
    pub name: Part,
    /// Its light.
    pub light: Light,
    /// A stable name for what was found.
    pub code: String,
    /// What was found, a sentence.
    pub what: String,
    /// What to do about it.
    pub todo: Option<String>,
    /// Where it is done.
    pub path: Option<String>,
    /// The time of which the sentence speaks, milliseconds UTC.
    pub at: Option<Millis>,
}

/// All of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HealthReport {
    /// The worst of the lights.
    pub light: Light,
    /// When it was looked, milliseconds UTC.
    pub at: Millis,
    /// Each.
    pub checks: Vec<HealthCheck>,
}

/// The database answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatabaseFacts {
    /// SQLite, or PostgreSQL?
    pub is_sqlite: bool,
    /// Its size.
    pub bytes: i64,
    /// How long the smallest question took, milliseconds.
    pub read_ms: u64,
}

/// The disk of the data folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskFacts {
    /// Bytes that the program may still write.
    pub free: u64,
    /// Bytes in all.
    pub total: u64,
}

/// The memory of the machine, or what of it the program may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryFacts {
    /// Bytes that can still be had.
    pub available: u64,
    /// Bytes in all.
    pub total: u64,
    /// Bytes that this program has.
    pub own: Option<u64>,
}

/// The queue of the writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteFacts {
    /// Writes that wait.
    pub waiting: usize,
    /// As many may.
    pub most: usize,
}

/// Whether calls come through.
#[derive(Clone, Debug)]
pub enum CallFacts {
    /// There is no media server.
    Off(MediaFault),
    /// What the last look from outside found.
    Looked(Checked),
    /// Nobody looked since the program started.
    Untried,
}

/// Letters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailFacts {
    /// Is there a mail server?
    pub is_set_up: bool,
    /// Were the last letters taken, the newest first? At most [`LETTERS`] of them, and none that has not been tried.
    pub taken: Vec<bool>,
    /// Letters of the last week that were not taken.
    pub failing: i64,
}

/// Work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobFacts {
    /// Jobs that were set aside.
    pub dead: i64,
    /// Since when the oldest one waits that is due.
    pub due_since: Option<Millis>,
}

/// What is known. What only the running program knows, or the machine does not say, is none.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The database.
    pub database: DatabaseFacts,
    /// The disk.
    pub disk: Option<DiskFacts>,
    /// The memory.
    pub memory: Option<MemoryFacts>,
    /// The writer.
    pub writes: Option<WriteFacts>,
    /// Calls.
    pub calls: Option<CallFacts>,
    /// Letters.
    pub mail: MailFacts,
    /// Payments by card; none: not set up.
    pub payments: Option<CardPayments>,
    /// Backups.
    pub backups: Standing,
    /// Work.
    pub jobs: JobFacts,
}

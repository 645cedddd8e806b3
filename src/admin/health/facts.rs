//! Looks at what must work: in the rows, at the machine, and in the program that serves.

use std::path::Path;
use std::time::Instant;

use super::machine;
use super::model::{CallFacts, DatabaseFacts, DiskFacts, Facts, JobFacts, LETTERS, MailFacts, MemoryFacts, WriteFacts};
use crate::access::Ground;
use crate::calls::Calls;
use crate::clock::Millis;
use crate::config::Config;
use crate::error::Result;
use crate::http::resident_bytes;
use crate::settings::Settings;
use crate::storage::{Conn, DbLimits, database_bytes, fact};
use crate::{backups, billing, jobs, mail};

/// How far back letters count.
const WEEK: Millis = 7 * 86_400_000;

/// What the machine says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vitals {
    /// The disk of the data folder.
    pub disk: Option<DiskFacts>,
    /// Its memory.
    pub memory: Option<MemoryFacts>,
}

impl Vitals {
    /// This one, for a program that has so much memory and this data folder.
    #[must_use]
    pub fn this(folder: &Path, own: Option<u64>) -> Self {
        Self { disk: machine::disk(folder), memory: machine::memory(own) }
    }
}

/// What is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// What the operator chose.
    pub config: &'a Config,
    /// Are letters sent?
    pub sends_letters: bool,
    /// What it runs on.
    pub machine: Vitals,
}

/// What the rows and the machine say, for a command beside the program too: of its queue and of calls that knows nothing.
///
/// # Errors
/// When the database cannot be read.
pub fn facts(conn: &mut Conn, place: &Place<'_>, now: Millis) -> Result<Facts> {
    let Place { config, sends_letters, machine } = *place;
    let before = Instant::now();
    fact(conn, "epoch")?;
    let read_ms = u64::try_from(before.elapsed().as_millis()).unwrap_or(u64::MAX);
    let is_sqlite = config.target.is_sqlite();
    let settings = Settings::load(conn)?;
    let backups = backups::standing(conn, &config.data, &settings, now)?;
    let mut mail = MailFacts { is_set_up: sends_letters, ..MailFacts::default() };
    if sends_letters {
        (mail.taken, mail.failing) = mail::outcomes(conn, now - WEEK, LETTERS)?;
    }
    Ok(Facts {
        database: DatabaseFacts { is_sqlite, bytes: database_bytes(conn)?, read_ms },
        disk: machine.disk,
        memory: machine.memory,
        writes: None,
        calls: None,
        mail,
        payments: billing::card_payments(conn, config)?,
        backups,
        jobs: JobFacts { dead: jobs::counts(conn)?.dead, due_since: jobs::oldest_due(conn, now)? },
    })
}

/// What the program that serves knows besides.
///
/// # Errors
/// When the database cannot be read.
pub fn facts_of_server(conn: &mut Conn, ground: &Ground, exchange: &Calls, now: Millis) -> Result<Facts> {
    let machine = Vitals::this(&ground.config.data, resident_bytes());
    let place = Place { config: &ground.config, sends_letters: ground.mailer.is_set_up(), machine };
    let calls = match exchange.media_fault() {
        Some(fault) => CallFacts::Off(fault),
        None => exchange.checks().last().map_or(CallFacts::Untried, CallFacts::Looked),
    };
    let writes = WriteFacts { waiting: ground.db.writes_waiting(), most: DbLimits::default().queue };
    Ok(Facts { writes: Some(writes), calls: Some(calls), ..facts(conn, &place, now)? })
}

//! The database without a server around it: for commands that do their work and end.

use std::path::Path;
use std::sync::Arc;

use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::ids::Ids;
use crate::live::{Logged, Signal};
use crate::storage::{Conn, Db, DbLimits, MigrationState, Sink, Target, migration_state};
use crate::text::Words;

/// Nobody is connected, so nobody is told; a server that runs beside finds in the logs what was written.
struct Nobody;

impl Sink for Nobody {
    fn publish(&self, _: Vec<Logged>) {}

    fn signal(&self, _: Signal) {}

    fn wake_jobs(&self) {}
}

/// Opens the database, and makes its tables when it is empty. One of another version is left alone.
///
/// # Errors
/// One sentence that says how to mend it.
pub fn open(target: &Target, clock: &Clock) -> std::result::Result<Db, String> {
    let state = look(&mut connect(target)?)?;
    if !state.pending.is_empty() && !state.is_empty {
        return Err("The database is older than this program; stop the server if one runs, and run `rialto migrate` first.".to_owned());
    }
    let ids = Arc::new(Ids::new(clock.clone()));
    let limits = DbLimits { readers: 1, writers: 1, ..DbLimits::default() };
    Db::open(target.clone(), limits, clock.clone(), ids, Arc::new(Nobody)).map_err(|error| sentence(&error))
}

/// A connection that may write.
///
/// # Errors
/// One sentence that says how to mend it.
pub fn connect(target: &Target) -> std::result::Result<Conn, String> {
    let why = |error: &Error| match error {
        Error::Broken(broken) => broken.source().to_owned(),
        other => other.to_string(),
    };
    target.writer().map_err(|error| match target {
        Target::Sqlite(path) => {
            format!("The database {} cannot be opened ({}); look at the rights of the folder and at the disk.", path.display(), why(&error))
        }
        Target::Postgres(_) => {
            format!("PostgreSQL cannot be reached ({}); look at DATABASE_URL and whether the server runs.", why(&error).replace('\n', " "))
        }
    })
}

/// How the database stands beside this program.
///
/// # Errors
/// One sentence; also when it comes from a newer program.
pub fn look(conn: &mut Conn) -> std::result::Result<MigrationState, String> {
    let state = migration_state(conn).map_err(|error| sentence(&error))?;
    if state.unknown.is_empty() {
        Ok(state)
    } else {
        Err("The database comes from a newer version of this program; run that version again, or go back to what was saved before it: a backup with \
             `rialto restore`, or a copy `before-….db` in the folder `backups`."
            .to_owned())
    }
}

/// Is there a database already? A server is always taken to have one.
#[must_use]
pub fn exists(target: &Target) -> bool {
    match target {
        Target::Sqlite(path) => Path::exists(path),
        Target::Postgres(_) => true,
    }
}

/// An error in words for the operator.
#[must_use]
pub fn sentence(error: &Error) -> String {
    match error {
        Error::Busy { .. } => "The database is busy; try again in a moment.".to_owned(),
        Error::Broken(broken) => format!("The database refuses: {}.", broken.source().trim_end_matches('.')),
        other => Words::load().map_or_else(|_| other.code().to_owned(), |words| words.t("en", other.code(), &[])),
    }
}

/// Runs what is asynchronous on this thread.
///
/// # Errors
/// As `work`, in words.
pub fn wait<T>(work: impl Future<Output = Result<T>>) -> std::result::Result<T, String> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().build().map_err(|error| format!("This machine gives no thread ({error})."))?;
    runtime.block_on(work).map_err(|error| sentence(&error))
}

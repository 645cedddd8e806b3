//! Opening connections, each with the settings that the delivery contract rests on.

use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;

use super::Conn;
use crate::error::{Error, Result};
use crate::mutants::Mutant;

/// Which database, and where.
#[derive(Clone, PartialEq, Eq)]
pub enum Target {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL URL, `postgres://…`.
    Postgres(String),
}

/// Without the address of a server, which may have a password in it.
impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(file) => f.debug_tuple("Sqlite").field(file).finish(),
            Self::Postgres(_) => f.debug_tuple("Postgres").finish_non_exhaustive(),
        }
    }
}

/// The log is written back after 8 MiB, not after SQLite's 4: what was changed several times meanwhile is written once. A longer one would
/// grow for longer before it is written over, and syncing what grows costs twice as much.
///
/// Writers ask for the lock first, so that the other pragmas wait rather than fail. `mmap` stays off: a truncated or failing file must be an
/// error, not a signal.
const EVERY: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
     PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0; PRAGMA journal_size_limit = 67108864; PRAGMA wal_autocheckpoint = 2000;";

/// How long a statement of PostgreSQL may take, and wait, and how long a transaction may stand between two of them.
pub(super) const IN_TIME: &str = "SET statement_timeout = 15000; SET lock_timeout = 3000; SET idle_in_transaction_session_timeout = 30000;";
/// For what must be done however long it takes.
pub(super) const HOWEVER_LONG: &str = "SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0;";

impl Target {
    /// Is it SQLite?
    #[must_use]
    pub const fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }

    /// Opens a connection that may write. What it deletes is written over: who goes leaves no words in pages that are free again.
    ///
    /// # Errors
    /// When the file or server cannot be reached.
    pub fn writer(&self) -> Result<Conn> {
        self.open("PRAGMA cache_size = -16384; PRAGMA secure_delete = ON;")
    }

    /// Opens a connection that cannot write: a mistaken write fails at once.
    ///
    /// # Errors
    /// When the file or server cannot be reached.
    pub fn reader(&self) -> Result<Conn> {
        self.open("PRAGMA cache_size = -4096; PRAGMA query_only = ON;")
    }

    fn open(&self, sqlite_extra: &str) -> Result<Conn> {
        match self {
            Self::Sqlite(path) => {
                let path = path.to_str().ok_or_else(|| Error::broken("the path of the database is not Unicode"))?;
                let mut conn = SqliteConnection::establish(path).map_err(Error::broken)?;
                conn.batch_execute(EVERY)?;
                if Mutant::SynchronousNormal.is_on() {
                    conn.batch_execute("PRAGMA synchronous = NORMAL")?;
                }
                conn.batch_execute(sqlite_extra)?;
                Ok(Conn::Sqlite(conn))
            }
            Self::Postgres(url) => {
                let mut conn = PgConnection::establish(url).map_err(Error::broken)?;
                conn.batch_execute("SET application_name = 'rialto'; SET client_min_messages = warning;")?;
                conn.batch_execute(IN_TIME)?;
                Ok(Conn::Pg(conn))
            }
        }
    }
}

/// Writes a consistent copy of a SQLite database into `to`, which must not exist, and syncs it.
///
/// # Errors
/// When the copy cannot be written or does not pass its own check.
pub fn backup_sqlite(conn: &mut Conn, to: &Path) -> Result<()> {
    let name = to.to_str().ok_or_else(|| Error::broken("the path of the copy is not Unicode"))?;
    diesel::sql_query("VACUUM INTO ?").bind::<diesel::sql_types::Text, _>(name).execute(as_sqlite(conn)?)?;
    std::fs::File::open(to)?.sync_all()?;
    let mut copy = SqliteConnection::establish(name).map_err(Error::broken)?;
    let found = diesel::sql_query("SELECT quick_check AS value FROM pragma_quick_check").load::<super::durability::Value>(&mut copy)?;
    if found.iter().any(|row| row.value != "ok") {
        return Err(Error::broken("the copy is damaged"));
    }
    Ok(())
}

fn as_sqlite(conn: &mut Conn) -> Result<&mut SqliteConnection> {
    match conn {
        Conn::Sqlite(conn) => Ok(conn),
        Conn::Pg(_) => Err(Error::broken("not a SQLite database")),
    }
}

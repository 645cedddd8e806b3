//! Migrations: two folders of the same names, applied at start under a lock; a newer database is refused.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::Conn;
use super::open::{HOWEVER_LONG, IN_TIME};
use crate::error::{Error, Result};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Key of the advisory lock under which PostgreSQL is migrated.
const LOCK: i64 = 7_203_451;

/// How a database stands beside this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationState {
    /// Names of the migrations that would run.
    pub pending: Vec<String>,
    /// Versions that the database has and this program does not know: it was written by a newer one.
    pub unknown: Vec<String>,
    /// Was nothing ever applied?
    pub is_empty: bool,
    /// Version of the newest one that was applied.
    pub newest: Option<String>,
}

/// Compares the database with this program, without changing it (but for the empty table of migrations).
///
/// # Errors
/// When the database cannot be asked.
pub fn migration_state(conn: &mut Conn) -> Result<MigrationState> {
    match conn {
        Conn::Sqlite(c) => state(c, SQLITE),
        Conn::Pg(c) => state(c, POSTGRES),
    }
}

fn state<DB: diesel::backend::Backend, C: MigrationHarness<DB>>(conn: &mut C, all: EmbeddedMigrations) -> Result<MigrationState>
where
    EmbeddedMigrations: diesel::migration::MigrationSource<DB>,
{
    use diesel::migration::MigrationSource;
    let known = MigrationSource::<DB>::migrations(&all).map_err(Error::broken)?;
    let known: Vec<String> = known.iter().map(|m| m.name().version().to_string()).collect();
    let applied: Vec<String> = conn.applied_migrations().map_err(Error::broken)?.iter().map(ToString::to_string).collect();
    let pending = conn.pending_migrations(all).map_err(Error::broken)?.iter().map(|m| m.name().to_string()).collect();
    let unknown = applied.iter().filter(|version| !known.contains(version)).cloned().collect();
    let newest = applied.iter().max().cloned();
    Ok(MigrationState { pending, unknown, is_empty: applied.is_empty(), newest })
}

/// Does this program know the migration of this version? If not, a newer one wrote it.
///
/// # Errors
/// When the migrations inside the program cannot be read.
pub fn knows_schema(version: &str) -> Result<bool> {
    use diesel::migration::MigrationSource;
    let known = MigrationSource::<diesel::sqlite::Sqlite>::migrations(&SQLITE).map_err(Error::broken)?;
    Ok(known.iter().any(|one| one.name().version().to_string() == version))
}

/// Version of the newest migration inside this program.
///
/// # Errors
/// When the migrations inside the program cannot be read.
pub fn newest_schema() -> Result<String> {
    use diesel::migration::MigrationSource;
    let known = MigrationSource::<diesel::sqlite::Sqlite>::migrations(&SQLITE).map_err(Error::broken)?;
    known.iter().map(|one| one.name().version().to_string()).max().ok_or_else(|| Error::broken("no migrations"))
}

/// Applies what is pending and returns the names.
///
/// # Errors
/// When a migration fails, or the database comes from a newer program.
pub fn migrate(conn: &mut Conn) -> Result<Vec<String>> {
    let names = |done: Vec<diesel::migration::MigrationVersion<'_>>| done.iter().map(ToString::to_string).collect();
    match conn {
        Conn::Sqlite(c) => Ok(names(c.run_pending_migrations(SQLITE).map_err(Error::broken)?)),
        Conn::Pg(c) => {
            // Several processes may start together: one migrates, the others wait and then find nothing to do. A large community takes its time.
            c.batch_execute(HOWEVER_LONG)?;
            diesel::sql_query(format!("SELECT pg_advisory_lock({LOCK})")).execute(c)?;
            let done = c.run_pending_migrations(POSTGRES).map(names).map_err(Error::broken);
            diesel::sql_query(format!("SELECT pg_advisory_unlock({LOCK})")).execute(c)?;
            c.batch_execute(IN_TIME)?;
            done
        }
    }
}

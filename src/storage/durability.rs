//! Checks at start that an acknowledged write is a synced write; refuses to run otherwise.

use diesel::prelude::*;
use diesel::sql_types::Text;

use super::Conn;
use crate::error::{Error, Result};
use crate::mutants::Mutant;

/// The first SQLite without the WAL-reset corruption bug.
const OLDEST_SQLITE: (u32, u32, u32) = (3, 51, 3);

/// One text that the database answered.
#[derive(QueryableByName)]
pub(super) struct Value {
    #[diesel(sql_type = Text)]
    pub(super) value: String,
}

/// Refuses a database that would lose acknowledged writes.
///
/// # Errors
/// One sentence that says which setting is wrong.
pub fn check(conn: &mut Conn) -> Result<()> {
    match conn {
        Conn::Sqlite(c) => {
            let version = diesel::sql_query("SELECT sqlite_version() AS value").get_result::<Value>(c)?.value;
            let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
            let mut next = || parts.next().unwrap_or(0);
            let version_is = (next(), next(), next());
            if version_is < OLDEST_SQLITE {
                return Err(Error::broken(format!("SQLite {version} has a corruption bug; 3.51.3 or later is needed")));
            }
            for (pragma, wanted) in [("journal_mode", "wal"), ("synchronous", "2")] {
                let query = format!("SELECT CAST({pragma} AS TEXT) AS value FROM pragma_{pragma}");
                let value = diesel::sql_query(query).get_result::<Value>(c)?.value;
                if value != wanted && !Mutant::SynchronousNormal.is_on() {
                    return Err(Error::broken(format!(
                        "SQLite runs with {pragma}={value} and could lose acknowledged messages; move the data folder to a local disk"
                    )));
                }
            }
            Ok(())
        }
        Conn::Pg(c) => {
            for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
                let value = diesel::sql_query(format!("SELECT current_setting('{setting}') AS value")).get_result::<Value>(c)?.value;
                if value == "off" && std::env::var_os(UNSAFE_POSTGRES).is_none() {
                    return Err(Error::broken(format!(
                        "PostgreSQL runs with {setting}=off and could lose acknowledged messages; turn it on"
                    )));
                }
            }
            Ok(())
        }
    }
}

/// Set by tests alone, whose PostgreSQL runs without fsync.
const UNSAFE_POSTGRES: &str = "RIALTO_TEST_UNSAFE_POSTGRES";

//! Whether a database is whole, and how much is in it: what makes a copy one to trust.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::Conn;
use super::durability::Value;
use super::schema::{members, messages, rooms};
use crate::error::Result;

/// How much is in a database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Tally {
    /// Accounts, also those that are over.
    pub members: i64,
    /// Rooms and conversations.
    pub rooms: i64,
    /// Messages, also deleted ones.
    pub messages: i64,
}

/// Counts what is in a database of this version.
///
/// # Errors
/// When it cannot be read.
pub fn tally(conn: &mut Conn) -> Result<Tally> {
    Ok(Tally {
        members: members::table.count().get_result(conn)?,
        rooms: rooms::table.count().get_result(conn)?,
        messages: messages::table.count().get_result(conn)?,
    })
}

/// Size of the database in bytes, with what waits in the log of a SQLite file.
///
/// # Errors
/// When it cannot be read.
pub fn database_bytes(conn: &mut Conn) -> Result<i64> {
    Ok(match conn {
        Conn::Sqlite(conn) => diesel::select(sql::<BigInt>("(SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size())"))
            .get_result(conn)?,
        Conn::Pg(conn) => diesel::select(sql::<BigInt>("pg_database_size(current_database())")).get_result(conn)?,
    })
}

/// A row that names another which is not there.
#[derive(QueryableByName)]
struct Orphans {
    #[diesel(sql_type = Text)]
    table: String,
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// What is wrong with an SQLite file, read from its first page to its last; `None` when it is whole. PostgreSQL looks after itself.
///
/// # Errors
/// When it cannot be read at all.
pub fn damage(conn: &mut Conn) -> Result<Option<String>> {
    let Conn::Sqlite(conn) = conn else { return Ok(None) };
    let found = diesel::sql_query("SELECT integrity_check AS value FROM pragma_integrity_check").load::<Value>(conn)?;
    if let Some(first) = found.iter().find(|row| row.value != "ok") {
        return Ok(Some(first.value.clone()));
    }
    let query = "SELECT \"table\", COUNT(*) AS count FROM pragma_foreign_key_check GROUP BY 1 LIMIT 1";
    let orphans = diesel::sql_query(query).load::<Orphans>(conn)?;
    Ok(orphans.first().map(|found| format!("{} rows of {} name others that are not there", found.count, found.table)))
}

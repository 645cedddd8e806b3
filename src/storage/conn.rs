//! The connection: an enum over both databases, so that every query is written once.

#![allow(missing_docs, reason = "the derive writes undocumented public types")]

/// A connection to either database.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    Pg(diesel::pg::PgConnection),
    Sqlite(diesel::sqlite::SqliteConnection),
}

//! Storage: one Diesel code base over SQLite and PostgreSQL, with two doors, `read` and `write`.
//!
//! SQLite has one writer thread with group commit; PostgreSQL a handful of writers. An answer leaves only after COMMIT,
//! and what a transaction announced is published only then. No connection ever crosses an `await`.

mod audit;
mod conn;
mod db;
mod dialect;
mod durability;
mod facts;
mod group;
mod idempotency;
mod log;
mod migrate;
mod name_keys;
mod notices;
mod open;
mod recall;
#[allow(missing_docs, reason = "generated names; the migrations describe the tables")]
pub mod schema;
mod tables;
mod tx;
mod whole;
mod work;

pub use audit::{Act, AuditRow, audit_row, audit_rows, audit_rows_of, record, record_alone};
pub use conn::{Conn, MultiBackend};
pub use db::{Db, DbLimits, Sink};
pub(crate) use dialect::either;
pub use dialect::{Kept, OnConflict, hold_roles, kept, on_conflict, one_at_a_time};
pub use facts::{epoch, fact, forget_fact, newest_id, renew_epoch, set_fact};
pub use idempotency::{Answered, forget_answers_before, forget_answers_to, remember_answer, remembered_answer};
pub use log::{Head, LogRow, all_heads, head, hold_members, hold_room, member_rows, room_heads_of, room_rows, start_log};
pub use migrate::{MigrationState, knows_schema, migrate, migration_state, newest_schema};
pub use name_keys::{NameKeys, NamedRow};
pub use notices::Notices;
pub use open::{Target, backup_sqlite};
pub use tables::{Table, in_one_snapshot, in_one_transaction, table_in_use, tables};
pub use tx::{Announcement, LogEntry, Tx};
pub use whole::{Tally, damage, database_bytes, tally};

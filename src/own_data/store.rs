//! What the database holds of a member, written as one document.

use std::io::Write;

use serde_json::{Map, Value};

use super::shares::SHARES;
use super::shares::Share::Rows;
use crate::error::{Error, Result};
use crate::ids::MemberId;
use crate::storage::{Conn, tables};

/// Integers up to this are the same to every reader of JSON.
const EXACT: u64 = 1 << 53;

/// Writes what the database holds of a member: one JSON object, by table a list of rows, each an object of its columns.
///
/// # Errors
/// When the database cannot be read, or `out` takes no more.
pub fn write_of_member(conn: &mut Conn, member: MemberId, out: &mut impl Write) -> Result<()> {
    let mut before_table: &[u8] = b"{";
    for table in tables() {
        let share = SHARES.iter().find(|(name, _)| *name == table.name()).map(|(_, share)| share);
        let Some(Rows(whose, given, _)) = share else { continue };
        let (columns, given): (_, Vec<&str>) = (table.columns(), given.split_whitespace().collect());
        out.write_all(std::mem::replace(&mut before_table, b","))?;
        write!(out, "\"{}\":", table.name())?;
        let mut before_row: &[u8] = b"[";
        table.each_row_where(conn, &whose.replace("{}", &member.to_string()), |row| {
            out.write_all(std::mem::replace(&mut before_row, b","))?;
            let Value::Array(values) = serde_json::from_str(row)? else { return Err(Error::broken("a row is an array")) };
            let own = columns.iter().zip(values).filter(|(column, _)| given.contains(column));
            let row: Map<String, Value> = own.map(|(column, value)| ((*column).to_owned(), exact(value))).collect();
            Ok(serde_json::to_writer(&mut *out, &row)?)
        })?;
        out.write_all(if before_row == b"[" { b"[]" } else { b"]" })?;
    }
    Ok(out.write_all(b"}")?)
}

/// An integer that some readers would round becomes a string.
fn exact(value: Value) -> Value {
    match value.as_i64() {
        Some(number) if number.unsigned_abs() > EXACT => Value::String(number.to_string()),
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use diesel::prelude::*;

    use super::*;
    use crate::storage::{Target, migrate};

    /// What is small in every community, and has no index on the member for it.
    const READ_WHOLE: [&str; 2] = ["invites", "gifts"];

    #[derive(QueryableByName)]
    struct Step {
        #[diesel(sql_type = diesel::sql_types::Text)]
        detail: String,
    }

    #[test]
    fn no_table_that_grows_is_read_whole_for_one_member() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut conn = Target::Sqlite(folder.path().join("rialto.db")).writer().expect("a database");
        migrate(&mut conn).expect("forward");
        let Conn::Sqlite(conn) = &mut conn else { unreachable!() };
        for (name, share) in &SHARES {
            let Rows(whose, ..) = share else { continue };
            let query = format!("EXPLAIN QUERY PLAN SELECT * FROM {name} WHERE {}", whose.replace("{}", "7"));
            let steps: Vec<Step> = diesel::sql_query(query).load(conn).expect("a plan");
            let scans = steps.iter().any(|step| step.detail.starts_with("SCAN"));
            assert_eq!(scans, READ_WHOLE.contains(name), "{name}");
        }
    }

    #[test]
    fn integers_that_readers_round_are_strings() {
        assert_eq!(exact(Value::from(1_795_000_000_000_i64)), Value::from(1_795_000_000_000_i64));
        assert_eq!(exact(Value::from(121_309_338_009_600_005_i64)), Value::from("121309338009600005"));
        assert_eq!(exact(Value::from("x")), Value::from("x"));
    }
}

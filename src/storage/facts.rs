//! Facts about this database as a whole: its epoch, and small things that are known once.

use diesel::prelude::*;

use super::schema::facts;
use super::{Conn, on_conflict};
use crate::error::{Error, Result};

/// The fact's value, if it is known.
///
/// # Errors
/// When the database cannot be read.
pub fn fact(conn: &mut Conn, name: &str) -> Result<Option<String>> {
    Ok(facts::table.find(name).select(facts::value).first(conn).optional()?)
}

/// Writes a fact, replacing it.
///
/// # Errors
/// When the database refuses.
pub fn set_fact(conn: &mut Conn, name: &str, value: &str) -> Result<()> {
    diesel::insert_into(facts::table)
        .values(on_conflict((facts::name.eq(name), facts::value.eq(value)), "ON CONFLICT (name) DO UPDATE SET value = excluded.value"))
        .execute(conn)?;
    Ok(())
}

/// It is known no more.
///
/// # Errors
/// When the database refuses.
pub fn forget_fact(conn: &mut Conn, name: &str) -> Result<()> {
    diesel::delete(facts::table.find(name)).execute(conn)?;
    Ok(())
}

/// The newest id that stands in the database, 0 when it is empty.
///
/// # Errors
/// When the database cannot be read.
pub fn newest_id(conn: &mut Conn) -> Result<i64> {
    use super::schema::{
        audit, backups, gifts, grant_log, grants, invites, jobs, ledger, letters, members, messages, order_lines, orders, payments, plans,
        prices, reports, requests, roles, rooms, sanctions, sessions, stripe_events, subscriptions,
    };
    let mut newest = 0;
    macro_rules! look {
        ($($table:ident)+) => {$(
            newest = newest.max($table::table.select(diesel::dsl::max($table::id)).first::<Option<i64>>(conn)?.unwrap_or(0));
        )+};
    }
    look!(audit backups gifts grant_log grants invites jobs ledger letters members messages order_lines orders payments plans prices reports
        requests roles rooms sanctions sessions stripe_events subscriptions);
    Ok(newest)
}

/// Gives the database a new lineage: clients of the one before load everything anew.
///
/// # Errors
/// When the system has no randomness or the database refuses.
pub fn renew_epoch(conn: &mut Conn) -> Result<()> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(Error::broken)?;
    set_fact(conn, "epoch", &format!("{:016x}", u64::from_be_bytes(bytes)))
}

/// The lineage of this database: clients with another epoch drop their cursors. Made on first start, changed by a restore.
///
/// # Errors
/// When the database has none.
pub fn epoch(conn: &mut Conn) -> Result<String> {
    fact(conn, "epoch")?.ok_or_else(|| Error::broken("the database has no epoch"))
}

//! The audit log: one row for each act of an administrator, in the transaction of the act.

use std::net::IpAddr;

use diesel::prelude::*;
use serde::Serialize;
use serde_json::Value;

use super::schema::audit;
use super::{Conn, Tx, newest_id};
use crate::clock::Millis;
use crate::error::Result;
use crate::ids::{AuditId, Ids, MemberId};

/// An act that leaves a trace. No secrets in `before` and `after`.
#[derive(Debug, Clone)]
pub struct Act<'a> {
    /// Who did it; nobody means the program itself or its operator on the command line.
    pub actor: Option<MemberId>,
    /// What: `members.ban`, `settings.change`.
    pub act: &'static str,
    /// On what kind of thing: `member`, `room`, `invite`, `settings`.
    pub subject_kind: &'static str,
    /// Which one.
    pub subject: String,
    /// How it was.
    pub before: Option<Value>,
    /// How it is now.
    pub after: Option<Value>,
    /// Why, in the actor's words.
    pub reason: Option<&'a str>,
    /// Where the actor was.
    pub address: Option<IpAddr>,
}

/// A row of the audit log.
#[derive(Debug, Clone, Queryable, Serialize, utoipa::ToSchema)]
pub struct AuditRow {
    /// Its id.
    pub id: AuditId,
    /// When, milliseconds UTC.
    pub at: Millis,
    /// Who.
    pub actor: Option<MemberId>,
    /// What.
    pub act: String,
    /// On what kind of thing.
    pub subject_kind: String,
    /// Which one.
    pub subject: String,
    /// How it was, JSON.
    pub before: Option<String>,
    /// How it is now, JSON.
    pub after: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Where the actor was.
    pub address: Option<String>,
}

/// Writes a row.
///
/// # Errors
/// When the database refuses.
pub fn record(tx: &mut Tx<'_>, act: &Act<'_>) -> Result<AuditId> {
    let (id, now) = (tx.new_id::<AuditId>(), tx.now());
    insert(tx, id, now, act)?;
    Ok(id)
}

/// Writes a row into a database that nobody serves, outside of any transaction.
///
/// # Errors
/// When the database refuses.
pub fn record_alone(conn: &mut Conn, ids: &Ids, now: Millis, act: &Act<'_>) -> Result<AuditId> {
    ids.start_after(newest_id(conn)?);
    let id = ids.next();
    insert(conn, id, now, act)?;
    Ok(id)
}

fn insert(conn: &mut Conn, id: AuditId, now: Millis, act: &Act<'_>) -> Result<()> {
    diesel::insert_into(audit::table)
        .values((
            audit::id.eq(id.0),
            audit::at.eq(now),
            audit::actor.eq(act.actor.map(|id| id.0)),
            audit::act.eq(act.act),
            audit::subject_kind.eq(act.subject_kind),
            audit::subject.eq(&act.subject),
            audit::before.eq(act.before.as_ref().map(Value::to_string)),
            audit::after.eq(act.after.as_ref().map(Value::to_string)),
            audit::reason.eq(act.reason),
            audit::address.eq(act.address.map(|ip| ip.to_string())),
        ))
        .execute(conn)?;
    Ok(())
}

/// One row.
///
/// # Errors
/// When the database cannot be read.
pub fn audit_row(conn: &mut Conn, id: AuditId) -> Result<Option<AuditRow>> {
    Ok(audit::table.find(id.0).first(conn).optional()?)
}

/// At most `limit` rows of exactly this act before `before`, newest first.
///
/// # Errors
/// When the database cannot be read.
pub fn audit_rows_of(conn: &mut Conn, act: &str, before: Option<AuditId>, limit: i64) -> Result<Vec<AuditRow>> {
    let mut query = audit::table.filter(audit::act.eq(act)).order(audit::id.desc()).limit(limit).into_boxed();
    if let Some(before) = before {
        query = query.filter(audit::id.lt(before.0));
    }
    Ok(query.load(conn)?)
}

/// At most `limit` rows before `before`, newest first; `act` filters by its beginning.
///
/// # Errors
/// When the database cannot be read.
pub fn audit_rows(conn: &mut Conn, before: Option<AuditId>, act: Option<&str>, limit: i64) -> Result<Vec<AuditRow>> {
    let before = before.map_or(i64::MAX, |id| id.0);
    let Some(beginning) = act.filter(|beginning| !beginning.is_empty()) else {
        return Ok(audit::table.filter(audit::id.lt(before)).order(audit::id.desc()).limit(limit).load(conn)?);
    };
    // The newest of each act by its key: a filter would be asked of every row of a log that grows for ever.
    let mut newest: Vec<i64> = Vec::new();
    for act in acts(conn)?.iter().filter(|act| act.starts_with(beginning)) {
        let of_act = audit::table.filter(audit::act.eq(act)).filter(audit::id.lt(before));
        newest.extend(of_act.order(audit::id.desc()).limit(limit).select(audit::id).load::<i64>(conn)?);
    }
    newest.sort_unstable_by(|a, b| b.cmp(a));
    newest.truncate(usize::try_from(limit).unwrap_or(0));
    Ok(audit::table.filter(audit::id.eq_any(newest)).order(audit::id.desc()).load(conn)?)
}

/// Every act that was ever written down, each found behind the one before: a few dozen among however many rows.
fn acts(conn: &mut Conn) -> Result<Vec<String>> {
    let mut found: Vec<String> = Vec::new();
    loop {
        let last = found.last().map_or("", String::as_str);
        let next = audit::table.filter(audit::act.gt(last)).select(diesel::dsl::min(audit::act)).get_result::<Option<String>>(conn)?;
        match next {
            Some(act) => found.push(act),
            None => return Ok(found),
        }
    }
}

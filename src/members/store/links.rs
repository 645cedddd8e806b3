//! Rows of `one_time_links`.

use diesel::prelude::*;

use crate::clock::Millis;
use crate::error::Result;
use crate::ids::MemberId;
use crate::members::model::LinkPurpose;
use crate::storage::schema::one_time_links as links;
use crate::storage::{Conn, Tx};

/// A link to be stored.
pub struct NewRow<'a> {
    /// What it is for.
    pub purpose: LinkPurpose,
    /// For whom.
    pub member: Option<MemberId>,
    /// Hash of its secret.
    pub token_hash: &'a [u8],
    /// Who made it.
    pub created_by: Option<MemberId>,
    /// When it ends.
    pub expires_at: Millis,
}

/// Stores a link.
pub fn insert(tx: &mut Tx<'_>, row: &NewRow<'_>) -> Result<()> {
    let (id, now) = (tx.new_id::<i64>(), tx.now());
    diesel::insert_into(links::table)
        .values((
            links::id.eq(id),
            links::purpose.eq(row.purpose.number()),
            links::member.eq(row.member.map(|id| id.0)),
            links::token_hash.eq(row.token_hash),
            links::created_at.eq(now),
            links::created_by.eq(row.created_by.map(|id| id.0)),
            links::expires_at.eq(row.expires_at),
            links::used_at.eq(None::<Millis>),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Whom an open link is for; `None` when there is no such link.
pub fn open(conn: &mut Conn, purpose: LinkPurpose, token_hash: &[u8], now: Millis) -> Result<Option<Option<MemberId>>> {
    let found = links::table
        .filter(links::token_hash.eq(token_hash))
        .filter(links::purpose.eq(purpose.number()))
        .filter(links::used_at.is_null())
        .filter(links::expires_at.gt(now))
        .select(links::member)
        .first::<Option<i64>>(conn)
        .optional()?;
    Ok(found.map(|member| member.map(MemberId)))
}

/// Uses a link up; `false` when somebody was faster.
pub fn spend(tx: &mut Tx<'_>, token_hash: &[u8]) -> Result<bool> {
    let now = tx.now();
    let spent = diesel::update(links::table.filter(links::token_hash.eq(token_hash)).filter(links::used_at.is_null()))
        .set(links::used_at.eq(Some(now)))
        .execute(&mut **tx)?;
    Ok(spent == 1)
}

/// Uses up every open link of a member.
pub fn spend_of(tx: &mut Tx<'_>, member: MemberId) -> Result<()> {
    let now = tx.now();
    diesel::update(links::table.filter(links::member.eq(member.0)).filter(links::used_at.is_null()))
        .set(links::used_at.eq(Some(now)))
        .execute(&mut **tx)?;
    Ok(())
}

/// Deletes links that ended before `before`.
pub fn delete_before(tx: &mut Tx<'_>, before: Millis) -> Result<usize> {
    Ok(diesel::delete(links::table.filter(links::expires_at.lt(before))).execute(&mut **tx)?)
}

/// Deletes one link.
pub fn delete(tx: &mut Tx<'_>, token_hash: &[u8]) -> Result<()> {
    diesel::delete(links::table.filter(links::token_hash.eq(token_hash))).execute(&mut **tx)?;
    Ok(())
}

/// Deletes every link: for a database that was put back from a copy, in which used ones stand open again.
pub fn delete_all(conn: &mut Conn) -> Result<usize> {
    Ok(diesel::delete(links::table).execute(conn)?)
}

//! Rows of `invites`.

use diesel::prelude::*;

use crate::clock::Millis;
use crate::error::Result;
use crate::ids::{InviteId, MemberId, RoleId};
use crate::members::model::InviteRow;
use crate::storage::schema::invites;
use crate::storage::{Conn, Tx};

/// One invite, open or not.
pub fn by_id(conn: &mut Conn, id: InviteId) -> Result<Option<InviteRow>> {
    Ok(invites::table.find(id.0).first(conn).optional()?)
}

/// Invites that were not taken back, newest first.
pub fn list(conn: &mut Conn, before: Option<InviteId>, limit: i64) -> Result<Vec<InviteRow>> {
    let mut query = invites::table.filter(invites::revoked_at.is_null()).order(invites::id.desc()).limit(limit).into_boxed();
    if let Some(before) = before {
        query = query.filter(invites::id.lt(before.0));
    }
    Ok(query.load(conn)?)
}

/// Stores an invite.
pub fn insert(tx: &mut Tx<'_>, row: &InviteRow) -> Result<()> {
    diesel::insert_into(invites::table)
        .values((
            invites::id.eq(row.id.0),
            invites::created_by.eq(row.created_by.0),
            invites::created_at.eq(row.created_at),
            invites::expires_at.eq(row.expires_at),
            invites::max_uses.eq(row.max_uses),
            invites::uses.eq(row.uses),
            invites::role.eq(row.role.map(|role: RoleId| role.0)),
            invites::note.eq(&row.note),
            invites::revoked_at.eq(row.revoked_at),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Counts one use; `false` when the invite is over. Check and count are one statement, so a last place is given once.
pub fn count_use(tx: &mut Tx<'_>, id: InviteId) -> Result<bool> {
    let now = tx.now();
    let counted = diesel::update(
        invites::table
            .find(id.0)
            .filter(invites::revoked_at.is_null())
            .filter(invites::expires_at.is_null().or(invites::expires_at.gt(now)))
            .filter(invites::max_uses.is_null().or(invites::max_uses.gt(invites::uses.nullable()))),
    )
    .set(invites::uses.eq(invites::uses + 1))
    .execute(&mut **tx)?;
    Ok(counted == 1)
}

/// Takes an invite back; `false` when it was before.
pub fn revoke(tx: &mut Tx<'_>, id: InviteId) -> Result<bool> {
    let now = tx.now();
    let gone = diesel::update(invites::table.find(id.0).filter(invites::revoked_at.is_null()))
        .set(invites::revoked_at.eq(Some(now)))
        .execute(&mut **tx)?;
    Ok(gone == 1)
}

/// Takes back every invite that a member made.
pub fn revoke_of(tx: &mut Tx<'_>, member: MemberId) -> Result<()> {
    let now: Option<Millis> = Some(tx.now());
    diesel::update(invites::table.filter(invites::created_by.eq(member.0))).set(invites::note.eq("")).execute(&mut **tx)?;
    diesel::update(invites::table.filter(invites::created_by.eq(member.0)).filter(invites::revoked_at.is_null()))
        .set(invites::revoked_at.eq(now))
        .execute(&mut **tx)?;
    Ok(())
}

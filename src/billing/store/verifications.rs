//! Rows of `verifications`.

use diesel::prelude::*;

use crate::billing::model::Verification;
use crate::clock::Millis;
use crate::error::Result;
use crate::ids::MemberId;
use crate::storage::schema::verifications;
use crate::storage::{Conn, Tx, on_conflict};

/// A member's verification by an administrator, if there is one.
pub fn of(conn: &mut Conn, member: MemberId) -> Result<Option<Verification>> {
    let row = verifications::table
        .find(member.0)
        .select((verifications::verified_by, verifications::verified_at, verifications::note))
        .first::<(Option<MemberId>, Millis, String)>(conn)
        .optional()?;
    Ok(row.map(|(by, at, note)| Verification { by, at, note }))
}

/// Stores one; `false` when the member is verified already.
pub fn insert(tx: &mut Tx<'_>, member: MemberId, by: MemberId, note: &str) -> Result<bool> {
    let now = tx.now();
    let stored = diesel::insert_into(verifications::table)
        .values(on_conflict(
            (
                verifications::member.eq(member.0),
                verifications::verified_by.eq(by.0),
                verifications::verified_at.eq(now),
                verifications::note.eq(note),
            ),
            "ON CONFLICT DO NOTHING",
        ))
        .execute(&mut **tx)?;
    Ok(stored == 1)
}

/// Takes it back; `false` when there is none.
pub fn remove(tx: &mut Tx<'_>, member: MemberId) -> Result<bool> {
    Ok(diesel::delete(verifications::table.find(member.0)).execute(&mut **tx)? == 1)
}

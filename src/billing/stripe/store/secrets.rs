//! Rows of `secrets`: closed under the master key.

use diesel::prelude::*;

use crate::clock::Millis;
use crate::error::Result;
use crate::ids::MemberId;
use crate::storage::schema::secrets;
use crate::storage::{Conn, Tx, on_conflict};

/// A secret as it is kept.
#[derive(Clone, Debug, Queryable)]
pub struct SecretRow {
    /// Closed.
    pub sealed: Vec<u8>,
    /// Since when it stands there.
    pub set_at: Millis,
}

/// One of them.
pub fn by_name(conn: &mut Conn, name: &str) -> Result<Option<SecretRow>> {
    Ok(secrets::table.find(name).select((secrets::sealed, secrets::set_at)).first(conn).optional()?)
}

/// Stores one in the place of what stood there.
pub fn put(tx: &mut Tx<'_>, name: &str, sealed: &[u8], by: Option<MemberId>) -> Result<()> {
    let now = tx.now();
    diesel::insert_into(secrets::table)
        .values(on_conflict(
            (secrets::name.eq(name), secrets::sealed.eq(sealed), secrets::set_at.eq(now), secrets::set_by.eq(by.map(|id| id.0))),
            "ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed, set_at = excluded.set_at, set_by = excluded.set_by",
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Removes one.
pub fn remove(tx: &mut Tx<'_>, name: &str) -> Result<()> {
    diesel::delete(secrets::table.find(name)).execute(&mut **tx)?;
    Ok(())
}

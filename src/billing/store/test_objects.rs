//! Rows of `test_objects`: what the test provider remembers.

use diesel::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Result;
use crate::ids::MemberId;
use crate::storage::schema::test_objects;
use crate::storage::{Conn, Tx, on_conflict};

/// One object.
pub fn get<T: DeserializeOwned>(conn: &mut Conn, id: &str) -> Result<Option<T>> {
    let body = test_objects::table.find(id).select(test_objects::body).first::<String>(conn).optional()?;
    Ok(body.map(|body| serde_json::from_str(&body)).transpose()?)
}

/// Stores an object, in place of what had this name.
pub fn put(tx: &mut Tx<'_>, id: &str, member: MemberId, object: &impl Serialize) -> Result<()> {
    diesel::insert_into(test_objects::table)
        .values(on_conflict(
            (test_objects::id.eq(id), test_objects::member.eq(member.0), test_objects::body.eq(serde_json::to_string(object)?)),
            "ON CONFLICT (id) DO UPDATE SET body = excluded.body",
        ))
        .execute(&mut **tx)?;
    Ok(())
}

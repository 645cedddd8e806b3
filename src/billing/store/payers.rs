//! Rows of `payers`: the numbers from which payment references are made.

use diesel::prelude::*;

use crate::error::{Error, Result};
use crate::ids::MemberId;
use crate::money::Reference;
use crate::storage::schema::payers;
use crate::storage::{Conn, Tx, one_at_a_time};

/// A member's reference, once they have one.
pub fn reference(conn: &mut Conn, member: MemberId) -> Result<Option<Reference>> {
    let number = payers::table.find(member.0).select(payers::number).first::<i32>(conn).optional()?;
    number.map(made).transpose()
}

fn made(number: i32) -> Result<Reference> {
    u32::try_from(number).map(Reference::new).map_err(|_| Error::broken("a payment reference below zero"))
}

/// Whose reference it is.
pub fn member(conn: &mut Conn, reference: Reference) -> Result<Option<MemberId>> {
    let Ok(number) = i32::try_from(reference.number()) else { return Ok(None) };
    Ok(payers::table.filter(payers::number.eq(number)).select(payers::member).first(conn).optional()?)
}

/// A member's reference, given now if there was none.
pub fn ensure(tx: &mut Tx<'_>, member: MemberId) -> Result<Reference> {
    if let Some(known) = reference(tx, member)? {
        return Ok(known);
    }
    one_at_a_time(tx, "payers")?;
    if let Some(known) = reference(tx, member)? {
        return Ok(known);
    }
    let last = payers::table.select(diesel::dsl::max(payers::number)).first::<Option<i32>>(&mut **tx)?.unwrap_or(0);
    let next = last.checked_add(1).ok_or_else(|| Error::broken("no payment references are left"))?;
    diesel::insert_into(payers::table).values((payers::member.eq(member.0), payers::number.eq(next))).execute(&mut **tx)?;
    made(next)
}

//! Rows of `stripe_objects`: which of their objects may have changed since we fetched them.
//!
//! Clocks do not order fetches: two may begin within a millisecond. A number does, which grows in the database with every sign of a change:
//! whoever fetches notes it before the fetch begins, and an answer counts only if nothing was noted later by a fetch whose answer is in
//! already. A fetch that began after the last sign holds the last state, and its number is the greatest.
//!
//! What we do to an object ourselves is counted in the same way, under a name of its own.

use diesel::prelude::*;

use crate::error::Result;
use crate::mutants::Mutant;
use crate::storage::schema::stripe_objects as objects;
use crate::storage::{Conn, Tx, on_conflict, one_at_a_time};

/// How far an object's signs and fetches are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable)]
pub struct Mark {
    /// Signs so far.
    pub wanted: i64,
    /// How many there were when the fetch began whose answer is in our rows.
    pub fetched: i64,
}

/// The object's mark; nothing was heard of it: zeros.
pub fn mark(conn: &mut Conn, object: &str) -> Result<Mark> {
    let row = objects::table.find(object).select((objects::wanted, objects::fetched)).first::<Mark>(conn).optional()?;
    Ok(row.unwrap_or(Mark { wanted: 0, fetched: 0 }))
}

/// From here to the end of the transaction nobody else writes about this object.
pub fn hold(tx: &mut Tx<'_>, object: &str) -> Result<()> {
    one_at_a_time(tx, &format!("stripe {object}"))
}

/// One more sign that it may have changed; how many there are now.
pub fn want(tx: &mut Tx<'_>, object: &str) -> Result<i64> {
    hold(tx, object)?;
    diesel::insert_into(objects::table)
        .values(on_conflict(
            (objects::object.eq(object), objects::wanted.eq(1_i64), objects::fetched.eq(0_i64), objects::fetched_at.eq(0_i64)),
            "ON CONFLICT (object) DO UPDATE SET wanted = stripe_objects.wanted + 1",
        ))
        .execute(&mut **tx)?;
    mark(tx, object).map(|mark| mark.wanted)
}

/// The same if there were just so many so far; `false`: there were further ones.
pub fn want_since(tx: &mut Tx<'_>, object: &str, so_far: i64) -> Result<bool> {
    hold(tx, object)?;
    if mark(tx, object)?.wanted != so_far {
        return Ok(false);
    }
    want(tx, object).map(|_| true)
}

/// An answer is here whose fetch began when there were so many signs. Does it count? From here to the end of the transaction no other does.
pub fn take(tx: &mut Tx<'_>, object: &str, wanted: i64) -> Result<bool> {
    hold(tx, object)?;
    let now = tx.now();
    // The greatest number of all lets every answer in.
    let limit = if Mutant::MoneyAnyAnswer.is_on() { i64::MAX } else { wanted };
    let taken = diesel::update(objects::table.find(object).filter(objects::fetched.lt(limit)))
        .set((objects::fetched.eq(wanted), objects::fetched_at.eq(now)))
        .execute(&mut **tx)?;
    Ok(taken == 1)
}

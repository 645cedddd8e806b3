//! Answers kept under a caller's key, so that a repeated POST gets the first answer and changes nothing.

use diesel::prelude::*;

use super::Conn;
use super::schema::idempotency as kept;
use crate::clock::Millis;
use crate::error::Result;
use crate::ids::MemberId;

/// An answer that was given before.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct Answered {
    /// Method and path of the request.
    pub route: String,
    /// SHA-256 of its body.
    pub body_hash: Vec<u8>,
    /// HTTP status.
    pub status: i16,
    /// JSON body.
    pub answer: String,
}

/// The answer given before under this key.
///
/// # Errors
/// When the database cannot be read.
pub fn remembered_answer(conn: &mut Conn, actor: MemberId, key: &str) -> Result<Option<Answered>> {
    Ok(kept::table.find((actor.0, key)).select((kept::route, kept::body_hash, kept::status, kept::answer)).first(conn).optional()?)
}

/// Keeps an answer, in the transaction of what it reports.
///
/// # Errors
/// When the database refuses.
pub fn remember_answer(conn: &mut Conn, actor: MemberId, key: &str, answer: &Answered, now: Millis) -> Result<()> {
    diesel::insert_into(kept::table)
        .values((
            kept::actor.eq(actor.0),
            kept::request_key.eq(key),
            kept::route.eq(&answer.route),
            kept::body_hash.eq(&answer.body_hash),
            kept::status.eq(answer.status),
            kept::answer.eq(&answer.answer),
            kept::at.eq(now),
        ))
        .execute(conn)?;
    Ok(())
}

/// Forgets what is older than `before`.
///
/// # Errors
/// When the database refuses.
pub fn forget_answers_before(conn: &mut Conn, before: Millis) -> Result<usize> {
    Ok(diesel::delete(kept::table.filter(kept::at.lt(before))).execute(conn)?)
}

/// Forgets every answer that was given to somebody who is gone.
///
/// # Errors
/// When the database refuses.
pub fn forget_answers_to(conn: &mut Conn, actor: MemberId) -> Result<usize> {
    Ok(diesel::delete(kept::table.filter(kept::actor.eq(actor.0))).execute(conn)?)
}

//! Rows of `stripe_calls`: what we ask for, word for word, with the key under which it happens once.

use diesel::prelude::*;

use crate::clock::Millis;
use crate::error::Result;
use crate::storage::schema::stripe_calls as calls;
use crate::storage::{Conn, Tx, on_conflict};

/// Where a call stands. The numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallState {
    /// Its answer is not known.
    Open = 0,
    /// It was done.
    Done = 1,
    /// It was refused.
    Refused = 2,
    /// Its answer never came within the time in which the key holds: a person must look.
    GivenUp = 3,
    /// It was refused: what it costs could not be charged.
    CardRefused = 4,
    /// It was refused: the card's bank wants to ask its owner first.
    BankAsks = 5,
}

impl CallState {
    /// From the database.
    pub const fn from_number(number: i16) -> Self {
        match number {
            1 => Self::Done,
            2 => Self::Refused,
            3 => Self::GivenUp,
            4 => Self::CardRefused,
            5 => Self::BankAsks,
            _ => Self::Open,
        }
    }
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct CallRow {
    /// The key.
    pub key: String,
    /// The call, JSON.
    pub call: String,
    /// Number of a [`CallState`].
    pub state: i16,
    /// How often it was made.
    pub attempts: i32,
    /// When it was written down; the key holds from the first attempt on, which comes later.
    pub made_at: Millis,
    /// When its answer came.
    pub answered_at: Option<Millis>,
    /// The answer, JSON.
    pub answer: Option<String>,
    /// Why there is none yet, or why it was refused.
    pub error: Option<String>,
}

impl CallRow {
    /// Where it stands.
    pub const fn state(&self) -> CallState {
        CallState::from_number(self.state)
    }
}

/// The call under a key.
pub fn by_key(conn: &mut Conn, key: &str) -> Result<Option<CallRow>> {
    Ok(calls::table.find(key).first(conn).optional()?)
}

/// Those whose answer is not known, the first ones first.
pub fn open(conn: &mut Conn) -> Result<Vec<CallRow>> {
    Ok(calls::table.filter(calls::state.eq(CallState::Open as i16)).order((calls::made_at, calls::idempotency_key)).load(conn)?)
}

/// Writes a call down, unless there is one under its key; the one that is there then.
pub fn place(tx: &mut Tx<'_>, key: &str, call: &str) -> Result<(CallRow, bool)> {
    let now = tx.now();
    let row = (
        calls::idempotency_key.eq(key),
        calls::call.eq(call),
        calls::state.eq(CallState::Open as i16),
        calls::attempts.eq(0),
        calls::made_at.eq(now),
    );
    let placed = diesel::insert_into(calls::table).values(on_conflict(row, "ON CONFLICT DO NOTHING")).execute(&mut **tx)?;
    Ok((calls::table.find(key).first(&mut **tx)?, placed == 1))
}

/// It is about to be made once more.
pub fn count_attempt(tx: &mut Tx<'_>, key: &str) -> Result<()> {
    diesel::update(calls::table.find(key)).set(calls::attempts.eq(calls::attempts + 1)).execute(&mut **tx)?;
    Ok(())
}

/// Stores how it went. What is answered stays so.
pub fn settle(tx: &mut Tx<'_>, key: &str, state: CallState, answer: Option<&str>, error: Option<&str>) -> Result<()> {
    let answered_at = (state != CallState::Open).then(|| tx.now());
    diesel::update(calls::table.find(key).filter(calls::state.eq(CallState::Open as i16)))
        .set((calls::state.eq(state as i16), calls::answered_at.eq(answered_at), calls::answer.eq(answer), calls::error.eq(error)))
        .execute(&mut **tx)?;
    Ok(())
}

/// How many have no answer, and how many were given up.
pub fn counts(conn: &mut Conn) -> Result<(i64, i64)> {
    let mut count = |state: CallState| calls::table.filter(calls::state.eq(state as i16)).count().get_result::<i64>(conn);
    Ok((count(CallState::Open)?, count(CallState::GivenUp)?))
}

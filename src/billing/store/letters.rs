//! Rows of `letter_causes`: what letters were written about.

use diesel::prelude::*;

use crate::error::Result;
use crate::ids::LetterId;
use crate::storage::schema::letter_causes;
use crate::storage::{Tx, on_conflict};

/// Notes that a letter is written about this; `false` when one was before.
pub fn is_first(tx: &mut Tx<'_>, cause: &str) -> Result<bool> {
    let now = tx.now();
    let stored = diesel::insert_into(letter_causes::table)
        .values(on_conflict((letter_causes::cause.eq(cause), letter_causes::at.eq(now)), "ON CONFLICT DO NOTHING"))
        .execute(&mut **tx)?;
    Ok(stored == 1)
}

/// Keeps which letter it is.
pub fn keep(tx: &mut Tx<'_>, cause: &str, letter: LetterId) -> Result<()> {
    diesel::update(letter_causes::table.find(cause)).set(letter_causes::letter.eq(letter.0)).execute(&mut **tx)?;
    Ok(())
}

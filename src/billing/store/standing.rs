//! Where a member stands, read in one snapshot, and the number by which memory knows how old that is.

use super::{grants, verifications};
use crate::billing::model::{Rules, Standing};
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::ids::MemberId;
use crate::settings::Settings;
use crate::storage::{Conn, Tx, fact, one_at_a_time, set_fact};

/// The fact that counts commits after which somebody stands elsewhere.
const REVISION: &str = "billing.revision";

/// How many commits have changed where somebody stands.
pub fn revision(conn: &mut Conn) -> Result<i64> {
    match fact(conn, REVISION)? {
        None => Ok(0),
        Some(text) => text.parse().map_err(|_| Error::broken("the revision of memberships is not a number")),
    }
}

/// Counts this transaction as one more; until its end no other does.
pub fn next_revision(tx: &mut Tx<'_>) -> Result<i64> {
    one_at_a_time(tx, REVISION)?;
    let next = revision(tx)? + 1;
    set_fact(tx, REVISION, &next.to_string())?;
    Ok(next)
}

/// What the operator chose, as this connection sees it.
pub fn rules(conn: &mut Conn) -> Result<Rules> {
    Ok(Rules::from(&Settings::load(conn)?))
}

/// Where a member stands at `now` by the rows that this connection sees.
pub fn standing(conn: &mut Conn, member: MemberId, rules: Rules, now: Millis) -> Result<Standing> {
    let held = grants::held(conn, member, rules.test_counts, now)?;
    let verification = verifications::of(conn, member)?;
    Ok(Standing::of(&held, verification.as_ref(), rules, now))
}

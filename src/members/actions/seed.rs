//! What happened to members before the program ran: for the village and for load. Called inside [`Tx::as_of`].

use super::{Members, ban, store, warn};
use crate::access::{Actor, Permit, Scopes};
use crate::clock::Millis;
use crate::error::{Found, Result};
use crate::ids::{MemberId, SanctionId};
use crate::members::model::Terms;
use crate::members::policy::{BanMember, MuteMember};
use crate::storage::{Conn, Tx};

/// Bans a member as `by` would have done it then; everything that follows from a ban follows.
///
/// # Errors
/// The refusal when `by` may not, and those of [`ban`].
pub fn place_ban(tx: &mut Tx<'_>, members: &Members, member: MemberId, by: MemberId, why: &str) -> Result<()> {
    let actor = actor_of(tx, by)?;
    let may = BanMember::check(tx, &actor, member)?;
    ban(tx, &may, &actor, members, &Terms { reason: why, ..Terms::default() }).map(|_| ())
}

/// Warns a member as `by` would have done it then.
///
/// # Errors
/// The refusal when `by` may not, and those of [`warn`].
pub fn place_warning(tx: &mut Tx<'_>, members: &Members, member: MemberId, by: MemberId, why: &str) -> Result<SanctionId> {
    let actor = actor_of(tx, by)?;
    let may = MuteMember::check(tx, &actor, member)?;
    warn(tx, &may, &actor, members, &Terms { reason: why, ..Terms::default() })
}

/// This member as the one who acts.
///
/// # Errors
/// [`crate::error::Error::NotFound`] when there is none.
pub fn actor_of(tx: &mut Tx<'_>, member: MemberId) -> Result<Actor> {
    let permissions = store::members::by_id(tx, member)?.found()?.permissions();
    Ok(Actor { member: Some(member), permissions, scopes: Scopes::ALL, ..Actor::stranger(None, tx.now()) })
}

/// Notes when a member was last there.
///
/// # Errors
/// When the database refuses.
pub fn place_visit(tx: &mut Tx<'_>, member: MemberId, at: Millis) -> Result<()> {
    store::members::set_seen(tx, member, at)
}

/// How many accounts there ever were, in whatever state.
///
/// # Errors
/// When the database cannot be read.
pub fn count_ever(conn: &mut Conn) -> Result<i64> {
    store::members::count_all(conn)
}

//! What happened to members before the program ran: for the village and for load. Called inside [`Tx::as_of`].

use super::{Members, ban, make_session, store, warn};
use crate::access::{Actor, Permissions, Permit, Scopes};
use crate::clock::Millis;
use crate::error::{Found, Result};
use crate::ids::{MemberId, RoleId, SanctionId};
use crate::members::model::{InviteRow, RoleKind, RoleRow, SessionKind, Terms};
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

/// A role of this name that allows nothing; the one that is there already.
///
/// # Errors
/// When the database refuses.
pub fn place_role(tx: &mut Tx<'_>, name: &str) -> Result<RoleId> {
    let all = store::roles::all(tx)?;
    if let Some(known) = all.iter().find(|row| row.name == name) {
        return Ok(known.id);
    }
    let last = all.iter().map(|row| row.place).filter(|place| *place < i16::MAX).max().unwrap_or(0);
    let row = RoleRow {
        id: tx.new_id(),
        name: name.to_owned(),
        kind: RoleKind::Own.number(),
        place: last.saturating_add(1),
        permissions: Permissions::NONE.bits(),
    };
    store::roles::insert(tx, &row)?;
    Ok(row.id)
}

/// A browser of a member that signed in then. Nobody has its secret.
///
/// # Errors
/// When the database refuses.
pub fn place_browser(tx: &mut Tx<'_>, member: MemberId, name: &str) -> Result<()> {
    make_session(tx, member, SessionKind::Browser, Scopes::ALL, name, None).map(|_| ())
}

/// An invite of a member that anybody may use.
///
/// # Errors
/// When the database refuses.
pub fn place_invite(tx: &mut Tx<'_>, by: MemberId, note: &str) -> Result<()> {
    let (id, created_at, note) = (tx.new_id(), tx.now(), note.to_owned());
    let row = InviteRow { id, created_by: by, created_at, expires_at: None, max_uses: None, uses: 0, role: None, note, revoked_at: None };
    store::invites::insert(tx, &row)
}

/// How many accounts there ever were, in whatever state.
///
/// # Errors
/// When the database cannot be read.
pub fn count_ever(conn: &mut Conn) -> Result<i64> {
    store::members::count_all(conn)
}

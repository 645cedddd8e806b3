//! Invites: links that bring people in, under what the inviter may give.

use serde_json::json;

use super::store;
use crate::access::{Actor, Keys, Permission};
use crate::clock::Millis;
use crate::error::{Error, Found, RefusalKind, Result};
use crate::ids::InviteId;
use crate::members::model::{Invite, InviteRow, Line, MemberState, NewInvite, Profile};
use crate::members::policy::{EndInvite, MakeInvites};
use crate::storage::{Act, Conn, Tx, record};

/// Most places of one invite.
const MOST_USES: i32 = 100_000;

fn shown(row: InviteRow, keys: &Keys, site: &str, now: Millis) -> Invite {
    let code = keys.code_for("invite", row.id.0);
    Invite {
        url: format!("{site}/invite/{code}"),
        open: row.is_open(now),
        code,
        id: row.id,
        created_by: row.created_by,
        created_at: row.created_at,
        expires_at: row.expires_at,
        max_uses: row.max_uses,
        uses: row.uses,
        role: row.role,
        note: row.note,
    }
}

/// Makes an invite.
///
/// # Errors
/// `members.until_past`, `members.invite_uses`, `members.invite_role`, `members.invite_note`.
pub fn make_invite(tx: &mut Tx<'_>, may: &MakeInvites, actor: &Actor, keys: &Keys, site: &str, new: NewInvite) -> Result<Invite> {
    let now = tx.now();
    if new.expires_at.is_some_and(|end| end <= now) {
        return Err(Error::invalid("expires_at", "members.until_past"));
    }
    if new.max_uses.is_some_and(|most| !(1..=MOST_USES).contains(&most)) {
        return Err(Error::invalid("max_uses", "members.invite_uses"));
    }
    if let Some(role) = new.role {
        let row = store::roles::by_id(tx, role)?.ok_or_else(|| Error::invalid("role", "members.role_unknown"))?;
        may.may_give(row.permissions())?;
    }
    let note = Line::parse(&new.note.unwrap_or_default(), 200, "note", "members.invite_note")?.into_string();
    let row = InviteRow {
        id: tx.new_id(),
        created_by: may.by(),
        created_at: now,
        expires_at: new.expires_at,
        max_uses: new.max_uses,
        uses: 0,
        role: new.role,
        note,
        revoked_at: None,
    };
    store::invites::insert(tx, &row)?;
    let after = json!({ "expires_at": row.expires_at, "max_uses": row.max_uses, "role": row.role, "note": row.note });
    trace(tx, actor, "invites.make", row.id, Some(after))?;
    Ok(shown(row, keys, site, now))
}

fn trace(tx: &mut Tx<'_>, actor: &Actor, act: &'static str, invite: InviteId, after: Option<serde_json::Value>) -> Result<()> {
    let subject = invite.to_string();
    let (by, address) = (actor.member, actor.address);
    record(tx, &Act { actor: by, act, subject_kind: "invite", subject, before: None, after, reason: None, address })?;
    Ok(())
}

/// Invites that were not taken back, newest first, with the id to go on from.
///
/// # Errors
/// When the database cannot be read.
pub fn invites(conn: &mut Conn, keys: &Keys, site: &str, after: Option<InviteId>, limit: i64, now: Millis) -> Result<Vec<Invite>> {
    Ok(store::invites::list(conn, after, limit)?.into_iter().map(|row| shown(row, keys, site, now)).collect())
}

/// Takes an invite back.
///
/// # Errors
/// [`Error::NotFound`] when it was before.
pub fn end_invite(tx: &mut Tx<'_>, may: &EndInvite, actor: &Actor) -> Result<()> {
    store::invites::revoke(tx, may.invite())?.then_some(()).found()?;
    trace(tx, actor, "invites.end", may.invite(), None)
}

/// Who invites, for the page behind the link.
///
/// # Errors
/// 410 `members.invite_over` when the code is not ours or the invite is over.
pub fn invite_of_code(conn: &mut Conn, keys: &Keys, code: &str, now: Millis) -> Result<Profile> {
    let over = || Error::refused(RefusalKind::Gone, "members.invite_over");
    let id = keys.id_of_code("invite", code).map(InviteId).ok_or_else(over)?;
    let row = store::invites::by_id(conn, id)?.filter(|row| row.is_open(now)).ok_or_else(over)?;
    let maker = store::members::by_id(conn, row.created_by)?.found()?;
    if maker.state() != MemberState::Active || !maker.permissions().has(Permission::Invite) {
        return Err(over());
    }
    Ok(maker.profile(Vec::new(), now))
}

//! What hosts do: kept as rows in one transaction, and done in the call once that is committed.

use super::keeping::{end_lost, is_lost};
use crate::calls::board::{Board, Outgoing};
use crate::calls::exchange::Calls;
use crate::calls::model::{CallRole, CallSource, Cause};
use crate::calls::policy::{HostCall, ModerateAnyCall};
use crate::calls::store;
use crate::clock::Millis;
use crate::error::{Error, Found, RefusalKind, Result};
use crate::ids::{CallId, MemberId};
use crate::storage::{Act, Tx, one_at_a_time, record};

/// What a host wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hosting {
    /// Turn a source of somebody's off, or let them turn it on again.
    Hold { member: MemberId, source: CallSource, held: bool },
    /// Out, for as long as the call goes on.
    Remove { member: MemberId },
    /// Nobody new comes in.
    Lock { locked: bool },
    /// A role.
    Role { member: MemberId, role: CallRole },
    /// A raised hand is taken down.
    Lower { member: MemberId },
    /// Over for all.
    End,
}

/// Keeps it and does it.
///
/// # Errors
/// 404 when the member is not in the call; 410 `calls.over`; `calls.yourself` when a host would remove themselves.
pub fn host(tx: &mut Tx<'_>, may: &HostCall, wish: Hosting, calls: &Calls) -> Result<()> {
    let (call, by) = (may.call(), may.member());
    let held = match wish {
        Hosting::Hold { member, source, held } => Some(held_after(tx, calls, call, (member, source), held)?),
        _ => None,
    };
    match wish {
        Hosting::Hold { member, .. } => store::set_held(tx, call, member, held.unwrap_or(0))?,
        Hosting::Remove { member } if member == by => return Err(Error::conflict("calls.yourself")),
        Hosting::Remove { member } => {
            store::person(tx, call, member)?.found()?;
            store::set_removed(tx, call, member)?;
        }
        Hosting::Lock { locked } => store::set_locked(tx, call, locked)?,
        Hosting::Role { member, role } => {
            store::person(tx, call, member)?.found()?;
            store::set_role(tx, call, member, role)?;
        }
        Hosting::Lower { .. } | Hosting::End => {}
    }
    let calls = calls.clone();
    tx.after_commit(move || {
        // Who went meanwhile needs nothing more.
        let _ = calls.with(|board, now, out| done(board, call, by, wish, now, out));
    });
    Ok(())
}

fn done(board: &mut Board, call: CallId, by: MemberId, wish: Hosting, now: Millis, out: &mut Vec<Outgoing>) -> Result<()> {
    match wish {
        Hosting::Hold { member, source, held } => board.hold(call, by, (member, source), held, out),
        Hosting::Remove { member } => board.remove(call, member, now, out),
        Hosting::Lock { locked } => board.lock(call, locked, out),
        Hosting::Role { member, role } => board.set_role(call, by, member, role, out),
        Hosting::Lower { member } => board.lower_hand(call, by, member, out),
        Hosting::End => board.end(call, Cause::EndedByHost, now, out),
    }
}

/// What hosts will have turned off of somebody then, as stored. It is read where it is written: another host may do the same at this moment.
fn held_after(tx: &mut Tx<'_>, calls: &Calls, call: CallId, (member, source): (MemberId, CallSource), held: bool) -> Result<i16> {
    calls.look(|board| board.call(call).filter(|live| live.is_in(member)).map(|_| ())).found()?;
    one_at_a_time(tx, &format!("held in {call}"))?;
    let person = store::person(tx, call, member)?.found()?;
    let mut sources = CallSource::from_bits(person.held);
    if held {
        sources.insert(source)
    } else {
        sources.remove(&source)
    };
    Ok(CallSource::to_bits(&sources))
}

/// An operator ends a call; it stands in the audit log.
///
/// # Errors
/// 404, or 410 `calls.over`.
pub fn end_by_office(tx: &mut Tx<'_>, may: &ModerateAnyCall, calls: &Calls) -> Result<()> {
    let call = may.call();
    let row = store::call(tx, call)?.found()?;
    if row.ended_at.is_some() {
        return Err(Error::refused(RefusalKind::Gone, "calls.over"));
    }
    note(tx, may, "calls.end", ("call", call.to_string()))?;
    if is_lost(calls, &row, tx.now()) {
        return end_lost(tx, &row);
    }
    let calls = calls.clone();
    tx.after_commit(move || {
        let _ = calls.with(|board, now, out| board.end(call, Cause::EndedByHost, now, out));
    });
    Ok(())
}

/// An operator turns off what somebody sends into a call, as a host does; it stands in the audit log.
///
/// # Errors
/// 404 when the member is not in it, or 410 `calls.over`.
pub fn mute_by_office(tx: &mut Tx<'_>, may: &ModerateAnyCall, (member, source): (MemberId, CallSource), calls: &Calls) -> Result<()> {
    let (call, by) = (may.call(), may.member());
    if store::call(tx, call)?.found()?.ended_at.is_some() {
        return Err(Error::refused(RefusalKind::Gone, "calls.over"));
    }
    let held = held_after(tx, calls, call, (member, source), true)?;
    store::set_held(tx, call, member, held)?;
    note(tx, may, "calls.mute", ("member", member.to_string()))?;
    let calls = calls.clone();
    tx.after_commit(move || {
        let _ = calls.with(|board, _, out| board.hold(call, by, (member, source), true, out));
    });
    Ok(())
}

fn note(tx: &mut Tx<'_>, may: &ModerateAnyCall, act: &'static str, (subject_kind, subject): (&'static str, String)) -> Result<()> {
    record(tx, &Act { actor: Some(may.member()), act, subject_kind, subject, before: None, after: None, reason: None, address: None })
        .map(|_| ())
}

//! Paying by card again: whose bank took money back pays by hand, until an administrator lets that rest, with a reason.

use super::{hold, note, store, trace};
use crate::access::Actor;
use crate::billing::policy::TakeMoney;
use crate::error::{Error, Result};
use crate::ids::MemberId;
use crate::storage::{Conn, Tx};

/// May a member not pay by card, because their bank took money back for good?
///
/// # Errors
/// When the database cannot be read.
pub fn is_card_blocked(conn: &mut Conn, member: MemberId) -> Result<bool> {
    store::refunds::has_lost(conn, member)
}

/// Lets a member pay by card again; the next dispute that is lost ends it again.
///
/// # Errors
/// `billing.note`, `billing.reason_needed`, `billing.card_free` for one who may pay by card.
pub fn allow_card(tx: &mut Tx<'_>, may: &TakeMoney, actor: &Actor, why: &str) -> Result<()> {
    let text = note(why)?;
    if text.is_empty() {
        return Err(Error::invalid("note", "billing.reason_needed"));
    }
    hold(tx, may.member())?;
    if !store::refunds::forgive(tx, may.member(), may.by())? {
        return Err(Error::conflict("billing.card_free"));
    }
    trace(tx, actor, "payments.allow_card", may.member(), (None, None), &text)
}

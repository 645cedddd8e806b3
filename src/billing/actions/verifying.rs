//! Members verified by an administrator: who did it, when and why is kept.

use super::founding::must_be_in;
use super::telling::changed;
use super::{Billing, hold, note, store, trace};
use crate::access::Actor;
use crate::billing::model::GrantEvent;
use crate::billing::policy::GiveGrants;
use crate::billing::store::log::NewEntry;
use crate::error::{Error, Result};
use crate::ids::MemberId;
use crate::storage::Tx;

fn log(tx: &mut Tx<'_>, member: MemberId, kind: GrantEvent, by: MemberId, note: &str) -> Result<()> {
    let at = tx.now();
    store::log::insert(tx, &NewEntry { member, at, kind, grant: None, plan: None, actor: Some(by), ends_at: None, note })
}

/// Verifies a member.
///
/// # Errors
/// `billing.note`, `billing.not_active`, `billing.is_verified`.
pub fn verify(tx: &mut Tx<'_>, may: &GiveGrants, actor: &Actor, billing: &Billing, why: &str) -> Result<()> {
    let text = note(why)?;
    hold(tx, may.member())?;
    must_be_in(tx, may.member())?;
    if !store::verifications::insert(tx, may.member(), may.by(), &text)? {
        return Err(Error::conflict("billing.is_verified"));
    }
    log(tx, may.member(), GrantEvent::Verified, may.by(), &text)?;
    trace(tx, actor, "members.verify", may.member(), (None, None), &text)?;
    changed(tx, billing, may.member(), Some(may.by()))
}

/// Takes a verification back.
///
/// # Errors
/// `billing.note`, `billing.not_verified`.
pub fn unverify(tx: &mut Tx<'_>, may: &GiveGrants, actor: &Actor, billing: &Billing, why: &str) -> Result<()> {
    let text = note(why)?;
    hold(tx, may.member())?;
    if !store::verifications::remove(tx, may.member())? {
        return Err(Error::conflict("billing.not_verified"));
    }
    log(tx, may.member(), GrantEvent::Unverified, may.by(), &text)?;
    trace(tx, actor, "members.unverify", may.member(), (None, None), &text)?;
    changed(tx, billing, may.member(), Some(may.by()))
}

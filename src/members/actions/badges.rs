//! The sign beside a name: put there and taken away by the slice that knows who is verified.

use super::{announce, store};
use crate::error::{Error, Found, Result};
use crate::ids::MemberId;
use crate::live::Effect;
use crate::members::events::MemberEvent;
use crate::members::model::Badge;
use crate::storage::Tx;

/// Has the member's name this sign from now on, or none? Says whether it was another; the member's own browsers then hear it, and the
/// caller tells everyone else.
///
/// # Errors
/// [`Error::NotFound`] when there is no such member.
pub fn set_badge(tx: &mut Tx<'_>, member: MemberId, by: Option<MemberId>, badge: Option<Badge>) -> Result<bool> {
    let before = store::badges::of(tx, &[member])?.remove(&member);
    if before == badge {
        return Ok(false);
    }
    match &badge {
        Some(badge) => store::badges::put(tx, member, badge)?,
        None => store::badges::remove(tx, member)?,
    }
    let row = store::members::by_id(tx, member)?.found()?;
    let now = tx.now();
    let me = store::members::with_roles(tx, vec![row], now)?.pop().ok_or_else(|| Error::broken("a member without a profile"))?;
    announce(tx, member, by, member.0, &MemberEvent::MeChanged { me }, Effect::None)?;
    Ok(true)
}

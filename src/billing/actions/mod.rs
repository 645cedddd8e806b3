//! What happens: plans change, grants are given and end, members are verified; log, events and signs follow. Knows neither HTTP nor sockets.

mod founding;
mod giving;
mod looking;
mod offering;
mod ordering;
mod planning;
mod pricing;
mod reading;
pub mod seed;
mod settling;
mod standings;
mod subscribing;
mod telling;
mod verifying;

pub use founding::{drop_everything, ensure, keep_owner_grant, welcome};
pub use giving::{change_end, give, revoke};
pub use looking::{FindOrders, FindSubscriptions, count_asked, find_orders, find_subscriptions, my_orders, payer, receipt};
pub use offering::{Offers, offers, reference_of};
pub use ordering::{NewOrder, OrderLines, ask, cancel_order, decline, is_offered};
pub use planning::{change_plan, make_plan, rules_changed};
pub use pricing::{archive_price, price_payers, set_price};
pub use reading::{Membership, MembershipEntry, Origin, grants_of, membership, plans};
pub use settling::{NewPayment, NewSale, Recorded, mirror, record_payment, record_sale, reverse_payment, settle};
pub use standings::Standings;
pub use subscribing::{advance, cancel_at_end, newest_subscription};
pub use telling::{Turner, turn};
pub use verifying::{unverify, verify};

pub(in crate::billing) use subscribing::SUBSCRIPTION;
pub(in crate::billing) use telling::{MEMBER, SPREAD};

use super::notices::Notices;
use super::store;
use crate::access::Actor;
use crate::error::Result;
use crate::ids::MemberId;
use crate::storage::{Act, Tx, hold_members, one_at_a_time, record};
use crate::text::clean_line;

/// Most characters of a note.
const NOTE: usize = 500;

/// What the slice's handlers need beside the ground: `web::Data<Billing>`.
#[derive(Clone, Debug)]
pub struct Billing {
    /// Where members stand, in memory.
    pub standings: Standings,
    /// Who hears what happens here.
    pub notices: Notices,
}

impl Billing {
    /// With nothing remembered yet.
    #[must_use]
    pub fn new(notices: Notices) -> Self {
        Self { standings: Standings::default(), notices }
    }

    /// For the command line, while nobody listens.
    #[must_use]
    pub fn alone() -> Self {
        Self::new(Notices::none())
    }
}

/// A note as it was written, which the member reads.
fn note(text: &str) -> Result<String> {
    clean_line(text, 0, NOTE, "note", "billing.note")
}

/// From here on nobody else changes what this member has, until the end of the transaction. Their log comes first, as where a change of
/// their roles leads here.
fn hold(tx: &mut Tx<'_>, member: MemberId) -> Result<()> {
    hold_members(tx, &[member])?;
    one_at_a_time(tx, &format!("grants of {member}"))
}

/// Leaves a trace of an act on a member: how it was before, and after.
fn trace(
    tx: &mut Tx<'_>,
    actor: &Actor,
    act: &'static str,
    member: MemberId,
    (before, after): (Option<serde_json::Value>, Option<serde_json::Value>),
    reason: &str,
) -> Result<()> {
    let reason = Some(reason).filter(|reason| !reason.is_empty());
    let (subject, address) = (member.to_string(), actor.address);
    record(tx, &Act { actor: actor.member, act, subject_kind: "member", subject, before, after, reason, address })?;
    Ok(())
}

//! What happens: plans change, grants are given and end, members are verified; log, events and signs follow. Knows neither HTTP nor sockets.

mod allowing;
mod by_hand;
mod changing;
mod checkout;
mod earning;
mod figuring;
mod founding;
mod fulfilling;
mod gifting;
mod giving;
mod letters;
mod looking;
mod offering;
mod ordering;
mod planning;
mod pricing;
mod promoting;
mod reading;
mod recording;
mod refunding;
pub mod seed;
mod settling;
mod standings;
mod strange;
mod subscribing;
mod switching;
mod tables;
mod taking;
mod telling;
mod verifying;

pub use allowing::{allow_card, is_card_blocked};
pub use changing::{
    ChangeChoice, ChangePreview, Changed, Changing, NewChange, can_change, change, change_choices, keep_plan, preview_change,
};
pub use checkout::{
    CheckoutPage, Elsewhere, NewCheckout, Prepared, cancel_elsewhere, elsewhere, hint, hint_subscription, keep_opened, mirror_now,
    not_opened, own_order, prepare, settle_now,
};
pub use earning::{Earned, earned, earned_by_day};
pub use figuring::{Figures, MonthFigures, figures};
pub use founding::{drop_everything, ensure, keep_owner_grant, welcome};
pub use gifting::{gifts, make_gift, my_gifts, redeem, withdraw_gift};
pub use giving::{change_end, give, revoke};
pub use letters::Pen;
pub use looking::{FindOrders, FindSubscriptions, count_asked, find_orders, find_subscriptions, my_orders, payer, receipt};
pub use offering::{Offers, offers, reference_of};
pub use ordering::{NewOrder, OrderLines, ask, cancel_order, decline, is_offered};
pub use planning::{change_plan, make_plan, rules_changed};
pub use pricing::{archive_price, price_payers, set_price};
pub use promoting::{Promoted, TypedPromotion, end_promotion, make_promotion, promoted, promotions};
pub use reading::{Membership, MembershipEntry, Origin, grants_of, membership, plans};
pub use recording::{NewPayment, NewSale, Recorded, record_payment, record_sale, reverse_payment};
pub use refunding::{NewRefund, Refunding, order_of_payment, refund, refund_now};
pub use settling::{mirror, settle};
pub use standings::Standings;
pub use strange::{count_strange, look_into, set_aside, strange_checkouts};
pub use subscribing::{advance, cancel_at_end, newest_subscription, owed};
pub use switching::{change_elsewhere, quote_elsewhere};
pub use tables::{Part, payments_part, subscriptions_part};
pub use telling::{Turner, turn};
pub use verifying::{unverify, verify};

pub(in crate::billing) use checkout::{END, SETTLE};
pub(in crate::billing) use gifting::GIFT_BACK;
pub(in crate::billing) use refunding::REFUND;
pub(in crate::billing) use subscribing::SUBSCRIPTION;
pub(in crate::billing) use switching::BACK;
pub(in crate::billing) use telling::{MEMBER, REMIND, SPREAD};

use std::sync::Arc;

use super::model::Rules;
use super::notices::Notices;
use super::providers::{ProviderKind, Providers};
use super::store;
use crate::access::Actor;
use crate::error::{Error, Result};
use crate::ids::{GiftId, MemberId};
use crate::settings::Settings;
use crate::storage::{Act, Conn, Tx, hold_members, one_at_a_time, record};
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
    /// By whom members can be charged, beside people's hands.
    pub providers: Providers,
    /// What letters and codes of gifts are written with; none on the command line.
    pen: Option<Arc<Pen>>,
}

impl Billing {
    /// With nothing remembered yet.
    #[must_use]
    pub fn new(notices: Notices) -> Self {
        Self { standings: Standings::default(), notices, providers: Providers::default(), pen: None }
    }

    /// The same with these providers.
    #[must_use]
    pub fn selling_through(self, providers: Providers) -> Self {
        let test_counts = providers.of(ProviderKind::Test).is_ok_and(super::providers::Provider::is_ready);
        Self { standings: Standings::counting_test(test_counts), providers, ..self }
    }

    /// The same with something to write letters and codes with.
    #[must_use]
    pub fn writing_with(self, pen: Pen) -> Self {
        Self { pen: Some(Arc::new(pen)), ..self }
    }

    /// What letters are written with.
    #[must_use]
    pub fn pen(&self) -> Option<&Pen> {
        self.pen.as_deref()
    }

    /// Where people reach the community, without a slash at the end.
    fn address(&self) -> &str {
        self.pen().map_or("", |pen| &pen.address)
    }

    /// What one types to redeem a gift.
    fn gift_code(&self, gift: GiftId) -> Result<String> {
        let pen = self.pen().ok_or_else(|| Error::broken("codes of gifts are made while the program serves"))?;
        Ok(pen.keys.typed_code_for("gift", gift.0))
    }

    /// By which providers members can pay now: the test provider only where the operator wants it.
    fn ways(&self, settings: &Settings) -> Vec<ProviderKind> {
        self.providers.ready().into_iter().filter(|kind| *kind != ProviderKind::Test || settings.test_payments).collect()
    }

    /// What the operator chose, and what counts here, as this connection sees it.
    fn rules(&self, conn: &mut Conn) -> Result<Rules> {
        Ok(Rules { test_counts: self.standings.counts_test(), ..store::standing::rules(conn)? })
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

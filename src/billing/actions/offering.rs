//! What a member without a membership reads: what there is, what it costs, how this community takes payment, and what they asked for.

use serde::Serialize;

use super::{Billing, ordering, store};
use crate::billing::model::{Order, OrderState, Plan};
use crate::billing::providers::ProviderKind;
use crate::clock::Millis;
use crate::error::Result;
use crate::ids::MemberId;
use crate::members::SeeMe;
use crate::settings::Settings;
use crate::storage::Conn;

/// Orders that are shown.
const ORDERS: i64 = 20;

/// What is on offer, and how it is paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Offers {
    /// The plans that are offered, in their order.
    pub plans: Vec<Plan>,
    /// Providers at which they can be paid now, the first one first; by hand they can be asked for in any case.
    pub ways: Vec<ProviderKind>,
    /// How this community takes payment, in its own words; may be empty.
    pub words: String,
    /// The member's own reference for bank transfers, `RF74 0001`; null until they have one.
    pub reference: Option<String>,
    /// What they asked for and what waits, newest first.
    pub waiting: Vec<Order>,
    /// Is there a promotion code that somebody may have?
    pub promotions: bool,
}

/// What is on offer to the member who asks.
///
/// # Errors
/// When the database cannot be read.
pub fn offers(conn: &mut Conn, may: &SeeMe, billing: &Billing, now: Millis) -> Result<Offers> {
    let member = may.member();
    let settings = Settings::load(conn)?;
    let filter = store::orders::OrderFilter { buyer: Some(member), state: Some(OrderState::Awaiting), limit: ORDERS, ..Default::default() };
    let rows = store::orders::find(conn, &filter)?;
    Ok(Offers {
        plans: super::plans(conn, false)?.into_iter().filter(ordering::is_offered).collect(),
        ways: billing.ways(&settings),
        words: settings.payment_words,
        reference: reference_of(conn, member)?,
        promotions: super::promoting::has_open(conn, now)?,
        waiting: rows.into_iter().map(|row| ordering::one(conn, row)).collect::<Result<_>>()?,
    })
}

/// A member's reference for bank transfers, once they have one.
///
/// # Errors
/// When the database cannot be read.
pub fn reference_of(conn: &mut Conn, member: MemberId) -> Result<Option<String>> {
    Ok(store::payers::reference(conn, member)?.map(|reference| reference.to_string()))
}

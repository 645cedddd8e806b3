//! Checkouts of which their provider says what does not belong to their order: nothing is given for them, and somebody must look.

use diesel::prelude::*;
use serde::Serialize;

use super::Order;
use super::price::money;
use crate::billing::providers::CheckoutTruth;
use crate::clock::Millis;
use crate::error::Result;
use crate::ids::{MemberId, OrderId};
use crate::money::Money;

/// A row of `strange_checkouts`.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct StrangeRow {
    /// Whose checkout it is.
    pub order: OrderId,
    /// The order that the provider names; none: it names none of ours.
    pub said_order: Option<OrderId>,
    /// The payment, by its name there.
    pub payment: Option<String>,
    /// What was paid, in minor units.
    pub amount: Option<i64>,
    /// In which currency.
    pub currency: Option<String>,
    /// When it was seen first.
    pub seen_at: Millis,
    /// When somebody set it aside.
    pub closed_at: Option<Millis>,
    /// Who.
    pub closed_by: Option<MemberId>,
    /// What goes on after it, by its name at the provider.
    pub subscription: Option<String>,
    /// How much of what was paid went back there, in minor units.
    pub returned: i64,
}

impl StrangeRow {
    /// What is to be kept of what was said of this order's checkout, with what is known of it. Said again it is no news, and neither is that its
    /// money went back: whoever set it aside knows that it does not fit.
    #[must_use]
    pub fn of(order: OrderId, truth: &CheckoutTruth, known: Option<Self>, now: Millis) -> Self {
        let paid = truth.payment.as_ref();
        let new = Self {
            order,
            said_order: truth.order,
            payment: paid.map(|payment| payment.external_id.clone()),
            amount: paid.map(|payment| payment.amount.amount),
            currency: paid.map(|payment| payment.amount.currency.code().to_owned()),
            seen_at: now,
            closed_at: None,
            closed_by: None,
            subscription: truth.subscription.as_ref().map(|one| one.external_id.clone()),
            returned: paid.map_or(0, |payment| payment.refunded),
        };
        let said = |row: &Self| (row.said_order, row.payment.clone(), row.amount, row.currency.clone());
        match known.filter(|known| said(known) == said(&new)) {
            Some(known) => Self { seen_at: known.seen_at, closed_at: known.closed_at, closed_by: known.closed_by, ..new },
            None => new,
        }
    }

    /// What was paid.
    ///
    /// # Errors
    /// When the stored currency is none.
    pub fn paid(&self) -> Result<Option<Money>> {
        let both = self.amount.zip(self.currency.as_deref());
        both.map(|(amount, currency)| money(amount, currency)).transpose()
    }
}

/// A checkout that somebody must look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct StrangeCheckout {
    /// The order that it was opened for.
    pub order: Order,
    /// Its name at the provider.
    pub session: Option<String>,
    /// The order that the provider names; null: none of ours.
    pub said_order: Option<OrderId>,
    /// What was paid there; null: nothing that is told.
    pub paid: Option<Money>,
    /// How much of that went back there; null: nothing did.
    pub returned: Option<Money>,
    /// The payment, by its name there.
    pub payment: Option<String>,
    /// What goes on after it, by its name there; setting it aside ends that.
    pub subscription: Option<String>,
    /// When it was seen first, milliseconds UTC.
    pub seen_at: Millis,
}

//! Payments, their receipts and the books: money that came, and money that went back.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::DisputeState;
use super::price::money;
use crate::billing::providers::{PaymentState, ProviderKind};
use crate::clock::Millis;
use crate::error::Result;
use crate::ids::{MemberId, OrderId, PaymentId};
use crate::money::Money;

/// How somebody paid. The numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Into somebody's hand.
    Cash,
    /// To the community's bank account.
    Bank,
    /// By card, at a provider.
    Card,
    /// In another way.
    Other,
}

impl Method {
    /// As stored.
    #[must_use]
    pub const fn number(self) -> i16 {
        self as i16
    }

    /// From the database.
    #[must_use]
    pub const fn from_number(number: i16) -> Self {
        match number {
            0 => Self::Cash,
            1 => Self::Bank,
            2 => Self::Card,
            _ => Self::Other,
        }
    }
}

impl PaymentState {
    /// As stored.
    #[must_use]
    pub const fn number(self) -> i16 {
        self as i16
    }

    /// From the database.
    #[must_use]
    pub const fn from_number(number: i16) -> Self {
        match number {
            1 => Self::Succeeded,
            2 => Self::Failed,
            3 => Self::Disputed,
            _ => Self::Pending,
        }
    }
}

/// A row of `payments`.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct PaymentRow {
    /// Id.
    pub id: PaymentId,
    /// For which order.
    pub order: OrderId,
    /// Number of a [`ProviderKind`].
    pub provider: i16,
    /// Number of a [`Method`].
    pub method: i16,
    /// Its name at the provider.
    pub external_id: Option<String>,
    /// In minor units; below zero in a row that reverses another.
    pub amount: i64,
    /// ISO 4217.
    pub currency: String,
    /// Number of a [`PaymentState`].
    pub state: i16,
    /// Which payment this takes back.
    pub reverses: Option<PaymentId>,
    /// When the money came, or went back.
    pub received_at: Millis,
    /// When it was written down.
    pub recorded_at: Millis,
    /// By whom; none: by the program.
    pub recorded_by: Option<MemberId>,
    /// What the bank's statement says, or the number of the paper.
    pub reference: String,
    /// Why, of a reversal.
    pub note: String,
    /// The year of its receipt.
    pub receipt_year: Option<i16>,
    /// The number of its receipt in that year, from 1, without gaps.
    pub receipt_number: Option<i32>,
}

impl PaymentRow {
    /// How much.
    ///
    /// # Errors
    /// When the stored currency is none.
    pub fn money(&self) -> Result<Money> {
        money(self.amount, &self.currency)
    }

    /// As the API shows it, with what has become of it.
    ///
    /// # Errors
    /// As [`PaymentRow::money`].
    pub fn payment(self, back: Back) -> Result<Payment> {
        let Back { amount, by, is_under_way, dispute } = back;
        let reversed_by = by.filter(|_| amount >= self.amount && self.reverses.is_none());
        Ok(Payment {
            returned: money(amount, &self.currency)?,
            returning: is_under_way,
            dispute,
            id: self.id,
            order: self.order,
            provider: ProviderKind::from_number(self.provider),
            method: Method::from_number(self.method),
            money: self.money()?,
            state: PaymentState::from_number(self.state),
            reverses: self.reverses,
            reversed_by,
            received_at: self.received_at,
            recorded_at: self.recorded_at,
            recorded_by: self.recorded_by,
            reference: self.reference,
            note: self.note,
            receipt: self.receipt_year.zip(self.receipt_number).map(|(year, number)| receipt(year, number)),
        })
    }
}

/// What of a payment went back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Back {
    /// How much, in minor units.
    pub amount: i64,
    /// The last row that took something back.
    pub by: Option<PaymentId>,
    /// Is more of it on its way?
    pub is_under_way: bool,
    /// Where its dispute stands.
    pub dispute: Option<DisputeState>,
}

/// The number of a receipt as it is written, `2026-0001`.
#[must_use]
pub fn receipt(year: i16, number: i32) -> String {
    format!("{year}-{number:04}")
}

/// A payment, or the row that takes one back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Payment {
    /// Id.
    pub id: PaymentId,
    /// For which order.
    pub order: OrderId,
    /// By which way it came.
    pub provider: ProviderKind,
    /// How it was paid.
    pub method: Method,
    /// How much; below zero in a row that takes another back.
    pub money: Money,
    /// Where it stands.
    pub state: PaymentState,
    /// Which payment this takes back.
    pub reverses: Option<PaymentId>,
    /// Which row takes this one back, when all of it went back; the last one.
    pub reversed_by: Option<PaymentId>,
    /// How much of it went back so far; as much as it is when nothing is left.
    pub returned: Money,
    /// Is more of it on its way back?
    pub returning: bool,
    /// Does its payer's bank ask it back, or did it?
    pub dispute: Option<DisputeState>,
    /// When the money came, milliseconds UTC.
    pub received_at: Millis,
    /// When it was written down.
    pub recorded_at: Millis,
    /// By whom; null: by the program.
    pub recorded_by: Option<MemberId>,
    /// What the bank's statement says, or the number of the paper.
    pub reference: String,
    /// Why, of a reversal.
    pub note: String,
    /// The number of its receipt, `2026-0001`; null where no receipt is ours to write.
    pub receipt: Option<String>,
}

/// Accounts of the books. The numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// Cash in hand.
    Cash = 0,
    /// The bank.
    Bank = 1,
    /// Money that lies elsewhere.
    Elsewhere = 2,
    /// What the test provider says it holds: no money.
    Test = 3,
    /// What Stripe holds for us.
    Stripe = 4,
    /// Memberships that were sold.
    Memberships = 10,
}

impl Account {
    /// As stored.
    #[must_use]
    pub const fn number(self) -> i16 {
        self as i16
    }

    /// Where money of this kind lies.
    #[must_use]
    pub const fn holding(provider: ProviderKind, method: Method) -> Self {
        match (provider, method) {
            (ProviderKind::Test, _) => Self::Test,
            (ProviderKind::Stripe, _) => Self::Stripe,
            (ProviderKind::Manual, Method::Cash) => Self::Cash,
            (ProviderKind::Manual, Method::Bank) => Self::Bank,
            (ProviderKind::Manual, _) => Self::Elsewhere,
        }
    }
}

/// The entries of the books for money that came (or, below zero, went back): where it lies now, and what was sold for it. Their sum is 0.
#[must_use]
pub const fn entries(provider: ProviderKind, method: Method, money: Money) -> [(Account, Money); 2] {
    [(Account::holding(provider, method), money), (Account::Memberships, money.reversed())]
}

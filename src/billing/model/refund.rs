//! Money that goes back at a provider, as it was asked for; and payments that their payers' banks ask back.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::ids::{MemberId, PaymentId, RefundId};

/// What becomes of what was bought when all of its money goes back. The numbers are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AfterRefund {
    /// It is over now, and so is what would be charged next.
    #[default]
    End,
    /// It holds until the end of the period, and is over then.
    AtPeriodEnd,
    /// It stays as it is.
    Keep,
}

impl AfterRefund {
    /// As stored.
    #[must_use]
    pub const fn number(self) -> i16 {
        self as i16
    }

    /// From the database.
    #[must_use]
    pub const fn from_number(number: i16) -> Self {
        match number {
            1 => Self::AtPeriodEnd,
            2 => Self::Keep,
            _ => Self::End,
        }
    }
}

/// Where a refund stands. The numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundState {
    /// Its outcome is not known.
    Open = 0,
    /// The money went back, and stands in the books.
    Done = 1,
    /// The provider refused it.
    Refused = 2,
}

/// A row of `refunds`.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct RefundRow {
    /// Id.
    pub id: RefundId,
    /// Of which payment.
    pub payment: PaymentId,
    /// How much, in minor units, above zero.
    pub amount: i64,
    /// Why; both sides read it.
    pub note: String,
    /// Number of an [`AfterRefund`].
    pub after: i16,
    /// Number of a [`RefundState`].
    pub state: i16,
    /// When it was asked for.
    pub asked_at: Millis,
    /// By whom; none: by the program, for somebody who is gone.
    pub asked_by: Option<MemberId>,
}

impl RefundRow {
    /// What becomes of what was bought.
    #[must_use]
    pub const fn after(&self) -> AfterRefund {
        AfterRefund::from_number(self.after)
    }
}

/// Where a payment stands that its payer's bank asks back. The numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DisputeState {
    /// Nothing is decided: what was bought stays.
    Open,
    /// The money stays here.
    Won,
    /// The money went back, and what was bought with it.
    Lost,
}

impl DisputeState {
    /// As stored.
    #[must_use]
    pub const fn number(self) -> i16 {
        self as i16
    }

    /// From the database.
    #[must_use]
    pub const fn from_number(number: i16) -> Self {
        match number {
            1 => Self::Won,
            2 => Self::Lost,
            _ => Self::Open,
        }
    }
}

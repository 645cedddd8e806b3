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

/// Of the times at which money went back that are not in the books by their names, the newest first with so much each: how many of them make
/// up just what the books lack. None: they do not tell it apart, as where some went back before the provider was asked for them. Pure.
#[must_use]
pub fn told_apart(amounts: &[i64], lacks: i64) -> Option<usize> {
    let mut sum = 0_i64;
    amounts
        .iter()
        .position(|amount| {
            sum = sum.saturating_add(*amount);
            sum >= lacks
        })
        .filter(|_| lacks > 0 && sum == lacks)
        .map(|last| last + 1)
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

#[cfg(test)]
mod tests {
    use super::told_apart;

    #[test]
    fn parts_are_told_apart_when_the_newest_of_them_make_up_what_is_missing() {
        for (amounts, lacks, found) in [
            (&[300, 200][..], 500, Some(2)),
            (&[300, 200], 300, Some(1)),
            (&[300, 200], 200, None),
            (&[300, 200], 501, None),
            (&[300], -300, None),
            (&[], 0, None),
            (&[], 5, None),
        ] {
            assert_eq!(told_apart(amounts, lacks), found, "{amounts:?} for {lacks}");
        }
    }
}

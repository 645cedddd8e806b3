//! Prices of plans: how much, and how often.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::ids::{PlanId, PriceId};
use crate::money::{Currency, MOST, Money};

/// How often something is paid. The numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Every {
    /// Once; it holds without end.
    Once,
    /// Each month.
    Month,
    /// Each year.
    Year,
}

impl Every {
    /// As stored.
    #[must_use]
    pub const fn number(self) -> i16 {
        self as i16
    }

    /// From the database.
    #[must_use]
    pub const fn from_number(number: i16) -> Self {
        match number {
            1 => Self::Month,
            2 => Self::Year,
            _ => Self::Once,
        }
    }

    /// What an amount that is paid so often comes to in a year; what is paid once stays what it is.
    #[must_use]
    pub const fn each_year(self, amount: i64) -> i64 {
        if matches!(self, Self::Month) { amount.saturating_mul(12) } else { amount }
    }

    /// Months of one period, to count with; 0: it has no end.
    #[must_use]
    pub const fn count_months(self) -> i32 {
        match self {
            Self::Once => 0,
            Self::Month => 1,
            Self::Year => 12,
        }
    }

    /// Months of one period; none: it has no end.
    #[must_use]
    pub const fn months(self) -> Option<u32> {
        match self {
            Self::Once => None,
            Self::Month => Some(1),
            Self::Year => Some(12),
        }
    }
}

/// A row of `prices`.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct PriceRow {
    /// Id.
    pub id: PriceId,
    /// Of which plan.
    pub plan: PlanId,
    /// In minor units.
    pub amount: i64,
    /// ISO 4217.
    pub currency: String,
    /// Number of an [`Every`].
    pub every: i16,
    /// When it was made.
    pub created_at: Millis,
    /// Since when nobody buys by it.
    pub archived_at: Option<Millis>,
}

impl PriceRow {
    /// How much.
    ///
    /// # Errors
    /// When the stored currency is none.
    pub fn money(&self) -> Result<Money> {
        money(self.amount, &self.currency)
    }

    /// How often.
    #[must_use]
    pub const fn every(&self) -> Every {
        Every::from_number(self.every)
    }

    /// As the API shows it.
    ///
    /// # Errors
    /// As [`PriceRow::money`].
    pub fn price(&self) -> Result<Price> {
        Ok(Price { id: self.id, plan: self.plan, money: self.money()?, every: self.every(), archived: self.archived_at.is_some() })
    }
}

/// An amount from the database.
///
/// # Errors
/// When the stored currency is none.
pub fn money(amount: i64, currency: &str) -> Result<Money> {
    let currency = currency.parse().map_err(|_| Error::broken(format!("{currency} is stored as a currency")))?;
    Ok(Money::new(amount, currency))
}

/// A price of a plan. It never changes: another one takes its place, and whoever pays by it goes on paying it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Price {
    /// Id.
    pub id: PriceId,
    /// Of which plan.
    pub plan: PlanId,
    /// How much.
    pub money: Money,
    /// How often.
    pub every: Every,
    /// Is it put away? Nobody new buys by it.
    pub archived: bool,
}

/// A price to be made; one of the same plan, period and currency is put away by it.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::ToSchema)]
pub struct NewPrice {
    /// In the currency's smallest unit, from 1.
    pub amount: i64,
    /// ISO 4217.
    pub currency: Currency,
    /// How often.
    pub every: Every,
}

impl NewPrice {
    /// How much.
    ///
    /// # Errors
    /// `billing.price_amount` on `amount` for nothing, less than nothing, and more than anything costs.
    pub fn money(self) -> Result<Money> {
        let fits = (1..=MOST).contains(&self.amount);
        if fits { Ok(Money::new(self.amount, self.currency)) } else { Err(Error::invalid("amount", "billing.price_amount")) }
    }
}

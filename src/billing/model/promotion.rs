//! Promotion codes: what they take off, for how long, and for whom they count; pure.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Every, PlanName};
use crate::clock::Millis;
use crate::ids::{MemberId, PlanId, PromotionId};
use crate::money::{Currency, Money};

/// For how long a code takes something off. The numbers are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Lasts {
    /// Of the first payment.
    #[default]
    Once,
    /// Of what is paid in the first months.
    Months,
    /// Of every payment.
    Ever,
}

impl Lasts {
    /// As stored.
    #[must_use]
    pub const fn number(self) -> i16 {
        self as i16
    }

    /// From the database.
    #[must_use]
    pub const fn from_number(number: i16) -> Self {
        match number {
            1 => Self::Months,
            2 => Self::Ever,
            _ => Self::Once,
        }
    }
}

/// What a code takes off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Off {
    /// So many in a hundred, 1–99.
    Percent {
        /// How many.
        percent: u8,
    },
    /// So much, of each payment.
    Amount {
        /// How much.
        money: Money,
    },
}

impl Off {
    /// What is left of an amount; none: nothing is, or it is another currency.
    #[must_use]
    pub fn of(self, full: Money) -> Option<Money> {
        let less = match self {
            Self::Percent { percent } => i64::try_from((i128::from(full.amount) * i128::from(percent) + 50) / 100).ok()?,
            Self::Amount { money } => (money.currency == full.currency).then_some(money.amount)?,
        };
        let left = full.amount - less;
        (left > 0).then_some(Money { amount: left, ..full })
    }
}

/// What a code takes off, and of how many payments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discount {
    /// How much.
    pub off: Off,
    /// For how long.
    pub lasts: Lasts,
    /// For how many months, where it lasts some.
    pub months: Option<i16>,
}

impl Discount {
    /// Of how many payments it takes something off; none: of all of them. A period that begins within the months counts whole.
    #[must_use]
    pub fn payments(&self, every: Every) -> Option<u32> {
        let months = u32::try_from(self.months.unwrap_or(1)).unwrap_or(1);
        match (self.lasts, every.months()) {
            (Lasts::Ever, _) => None,
            (Lasts::Once, _) | (Lasts::Months, None) => Some(1),
            (Lasts::Months, Some(each)) => Some(months.div_ceil(each)),
        }
    }

    /// For how many months it still takes something off once a period of this length was paid with it; none: always.
    #[must_use]
    pub fn left_after(&self, every: Every) -> Option<i32> {
        let months = self.months.map_or(1, i32::from);
        (self.lasts != Lasts::Ever).then(|| months - every.count_months())
    }

    /// What payment number `n`, counted from 0, comes to.
    #[must_use]
    pub fn payment(&self, full: Money, every: Every, n: u32) -> Money {
        let counts = self.payments(every).is_none_or(|payments| n < payments);
        self.off.of(full).filter(|_| counts).unwrap_or(full)
    }
}

/// A row of `promotions`.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct PromotionRow {
    /// Id.
    pub id: PromotionId,
    /// What one types: capital letters and digits.
    pub code: String,
    /// So many in a hundred off.
    pub percent: Option<i16>,
    /// Or so much, in minor units.
    pub amount: Option<i64>,
    /// In which currency.
    pub currency: Option<String>,
    /// Number of a [`Lasts`].
    pub lasts: i16,
    /// For how many months.
    pub months: Option<i16>,
    /// From when on nobody can use it.
    pub expires_at: Option<Millis>,
    /// How often it can be used.
    pub max_uses: Option<i32>,
    /// How often it is used, or waits to be paid with.
    pub uses: i32,
    /// Who made it.
    pub made_by: MemberId,
    /// When.
    pub made_at: Millis,
    /// When it was ended.
    pub ended_at: Option<Millis>,
    /// By whom.
    pub ended_by: Option<MemberId>,
}

impl PromotionRow {
    /// What it takes off; none when what is stored is nothing.
    #[must_use]
    pub fn discount(&self) -> Option<Discount> {
        let percent = self.percent.and_then(|percent| u8::try_from(percent).ok()).map(|percent| Off::Percent { percent });
        let amount = || {
            let currency: Currency = self.currency.as_deref()?.parse().ok()?;
            Some(Off::Amount { money: Money::new(self.amount?, currency) })
        };
        Some(Discount { off: percent.or_else(amount)?, lasts: Lasts::from_number(self.lasts), months: self.months })
    }

    /// Where it stands at `now`.
    #[must_use]
    pub fn state(&self, now: Millis) -> PromotionState {
        if self.ended_at.is_some() {
            PromotionState::Ended
        } else if self.expires_at.is_some_and(|end| end <= now) {
            PromotionState::Expired
        } else if self.max_uses.is_some_and(|most| self.uses >= most) {
            PromotionState::Used
        } else {
            PromotionState::Open
        }
    }
}

/// Where a code stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PromotionState {
    /// It can be used.
    Open,
    /// It was used as often as it can be.
    Used,
    /// Its time is over.
    Expired,
    /// An administrator ended it.
    Ended,
}

/// A promotion code, as administrators see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Promotion {
    /// Id.
    pub id: PromotionId,
    /// What one types.
    pub code: String,
    /// What it takes off.
    pub off: Off,
    /// For how long.
    pub lasts: Lasts,
    /// For how many months, where it lasts some.
    pub months: Option<i16>,
    /// For which plans; empty: for all of them.
    pub plans: Vec<PlanName>,
    /// From when on nobody can use it, milliseconds UTC.
    pub expires_at: Option<Millis>,
    /// How often it can be used; null: as often as people like.
    pub max_uses: Option<i32>,
    /// How often it is used, or waits to be paid with.
    pub uses: i32,
    /// Where it stands.
    pub state: PromotionState,
    /// Who made it.
    pub made_by: MemberId,
    /// When.
    pub made_at: Millis,
    /// When it was ended.
    pub ended_at: Option<Millis>,
}

/// A promotion code to be made.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
pub struct NewPromotion {
    /// 3–24 letters and digits; small ones are made capital, dashes and spaces are left out.
    pub code: String,
    /// So many in a hundred off, 1–99; or `amount`.
    #[serde(default)]
    pub percent: Option<u8>,
    /// So much off, in the currency's smallest unit, from 1; or `percent`.
    #[serde(default)]
    pub amount: Option<i64>,
    /// The currency of `amount`, ISO 4217; missing: the community's.
    #[serde(default)]
    pub currency: Option<Currency>,
    /// For how long.
    #[serde(default)]
    pub lasts: Lasts,
    /// For how many months, 1–36, where it lasts some.
    #[serde(default)]
    pub months: Option<i16>,
    /// For which plans; empty: for all of them.
    #[serde(default)]
    pub plans: Vec<PlanId>,
    /// From when on nobody can use it, milliseconds UTC.
    #[serde(default)]
    pub expires_at: Option<Millis>,
    /// How often it can be used, 1–100,000; missing: as often as people like.
    #[serde(default)]
    pub max_uses: Option<i32>,
}

/// A code as it is kept, from what somebody typed.
#[must_use]
pub fn promotion_code(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: Money = Money::new(999, Currency::EURO);

    fn percent(percent: u8) -> Off {
        Off::Percent { percent }
    }

    #[test]
    fn something_is_always_left_to_pay() {
        let euros = |amount| Off::Amount { money: Money::new(amount, Currency::EURO) };
        let left = |off: Off| off.of(FULL).map(|money| money.amount);
        assert_eq!([percent(1), percent(50), percent(99)].map(left), [Some(989), Some(499), Some(10)], "to the nearest cent");
        assert_eq!([euros(1), euros(998), euros(999), euros(2_000)].map(left), [Some(998), Some(1), None, None]);
        assert_eq!(Off::Amount { money: Money::new(1, "USD".parse().expect("dollars")) }.of(FULL), None, "another currency");
        let yen = Money::new(7, "JPY".parse().expect("yen"));
        assert_eq!(percent(50).of(yen).map(|money| money.amount), Some(3), "no half yen");
        assert_eq!(percent(99).of(Money::new(1, Currency::EURO)), None);
    }

    #[test]
    fn it_counts_for_as_many_payments_as_its_months_begin() {
        let of = |lasts, months| Discount { off: percent(50), lasts, months };
        assert_eq!(of(Lasts::Once, None).payments(Every::Month), Some(1));
        assert_eq!(of(Lasts::Ever, None).payments(Every::Month), None);
        let payments = |months, every| of(Lasts::Months, Some(months)).payments(every);
        assert_eq!(
            [payments(3, Every::Month), payments(3, Every::Year), payments(12, Every::Year), payments(13, Every::Year)],
            [Some(3), Some(1), Some(1), Some(2)]
        );
        let left = |lasts, months, every| of(lasts, months).left_after(every);
        assert_eq!(
            [
                left(Lasts::Once, None, Every::Month),
                left(Lasts::Months, Some(3), Every::Month),
                left(Lasts::Months, Some(13), Every::Year),
                left(Lasts::Once, None, Every::Year),
                left(Lasts::Ever, None, Every::Month)
            ],
            [Some(0), Some(2), Some(1), Some(-11), None]
        );
        let three = of(Lasts::Months, Some(3));
        let sums: Vec<i64> = (0..5).map(|n| three.payment(FULL, Every::Month, n).amount).collect();
        assert_eq!(sums, [499, 499, 499, 999, 999]);
    }

    #[test]
    fn what_somebody_types_is_read_kindly() {
        assert_eq!(promotion_code(" spring-2026 "), "SPRING2026");
        assert_eq!(promotion_code("été"), "T");
    }
}

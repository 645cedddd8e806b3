//! Gifts: codes that give a plan for a time to whoever redeems them first.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::PlanName;
use crate::clock::Millis;
use crate::ids::{GiftId, MemberId, OrderId, PlanId};
use crate::money::add_months;

/// Where a gift stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GiftState {
    /// It waits for somebody.
    Open,
    /// Somebody redeemed it.
    Redeemed,
    /// Its time was over before anybody came.
    Expired,
    /// It was taken back before anybody came.
    Withdrawn,
}

/// A row of `gifts`.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct GiftRow {
    /// Id; the code is derived from it.
    pub id: GiftId,
    /// The hash of its code.
    pub token: Vec<u8>,
    /// Which plan.
    pub plan: PlanId,
    /// For how many months; none: without end.
    pub months: Option<i16>,
    /// What whoever redeems it reads.
    pub note: String,
    /// Who made it, or bought it.
    pub made_by: MemberId,
    /// When.
    pub made_at: Millis,
    /// From when on nobody can redeem it.
    pub expires_at: Option<Millis>,
    /// The order by which it was bought.
    pub order: Option<OrderId>,
    /// Who redeemed it.
    pub claimed_by: Option<MemberId>,
    /// When.
    pub claimed_at: Option<Millis>,
    /// When it was taken back.
    pub withdrawn_at: Option<Millis>,
    /// By whom.
    pub withdrawn_by: Option<MemberId>,
}

impl GiftRow {
    /// Where it stands at `now`.
    #[must_use]
    pub fn state(&self, now: Millis) -> GiftState {
        if self.claimed_at.is_some() {
            GiftState::Redeemed
        } else if self.withdrawn_at.is_some() {
            GiftState::Withdrawn
        } else if self.expires_at.is_some_and(|end| end <= now) {
            GiftState::Expired
        } else {
            GiftState::Open
        }
    }

    /// Until when it holds if it begins then; none: without end.
    #[must_use]
    pub fn ends_at(&self, starts_at: Millis) -> Option<Millis> {
        self.months.map(|months| add_months(starts_at, u32::try_from(months).unwrap_or(0)))
    }

    /// As the API shows it at `now`; `code`: what one types, and `url`, while it can be redeemed.
    #[must_use]
    pub fn gift(self, plan: String, code: String, address: &str, now: Millis) -> Gift {
        let state = self.state(now);
        let is_open = state == GiftState::Open;
        Gift {
            id: self.id,
            plan: PlanName { id: self.plan, name: plan },
            months: self.months,
            state,
            url: is_open.then(|| format!("{address}/redeem/{code}")),
            code: is_open.then_some(code),
            note: self.note,
            bought: self.order.is_some(),
            made_by: self.made_by,
            made_at: self.made_at,
            expires_at: self.expires_at,
            redeemed_by: self.claimed_by,
            redeemed_at: self.claimed_at,
            withdrawn_at: self.withdrawn_at,
        }
    }
}

/// A gift, as whoever made it and administrators see it.
#[derive(Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Gift {
    /// Id.
    pub id: GiftId,
    /// Which plan.
    pub plan: PlanName,
    /// For how many months; null: without end.
    pub months: Option<i16>,
    /// Where it stands.
    pub state: GiftState,
    /// What one types to redeem it, `K7QM-4ZTP-9WRX-0H2D`; null once nobody can.
    pub code: Option<String>,
    /// The address at which it is redeemed.
    pub url: Option<String>,
    /// What whoever redeems it reads.
    pub note: String,
    /// Was it paid for?
    pub bought: bool,
    /// Who made or bought it.
    pub made_by: MemberId,
    /// When, milliseconds UTC.
    pub made_at: Millis,
    /// From when on nobody can redeem it; null: it waits without end.
    pub expires_at: Option<Millis>,
    /// Who redeemed it.
    pub redeemed_by: Option<MemberId>,
    /// When.
    pub redeemed_at: Option<Millis>,
    /// When it was taken back.
    pub withdrawn_at: Option<Millis>,
}

/// A gift to be made.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
pub struct NewGift {
    /// Which plan.
    pub plan: PlanId,
    /// For how many months, 1–120; missing: without end.
    #[serde(default)]
    pub months: Option<i16>,
    /// From when on nobody can redeem it, milliseconds UTC; missing: it waits without end.
    #[serde(default)]
    pub expires_at: Option<Millis>,
    /// At most 500 characters for whoever redeems it.
    #[serde(default)]
    pub note: String,
    /// A mail address to which a letter with the code is written.
    #[serde(default)]
    pub email: Option<String>,
}

/// When a gift of a plan begins for somebody who has that plan until these times already (none: without end): when all of it is over, so
/// that no day of either is lost; pure. None: they have it without end, and the gift would be wasted on them.
#[must_use]
pub fn gift_begins(held: &[Option<Millis>], now: Millis) -> Option<Millis> {
    held.iter().try_fold(now, |latest, end| end.map(|end| latest.max(end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gift_begins_when_everything_else_is_over() {
        for (held, begins) in [
            (vec![], Some(100)),
            (vec![Some(50)], Some(100)),
            (vec![Some(150), Some(300), Some(200)], Some(300)),
            (vec![Some(150), None], None),
            (vec![None], None),
        ] {
            assert_eq!(gift_begins(&held, 100), begins, "{held:?}");
        }
    }

    #[test]
    fn what_happened_to_a_gift_first_stays() {
        let row = GiftRow {
            id: GiftId(1),
            token: Vec::new(),
            plan: PlanId(2),
            months: Some(1),
            note: String::new(),
            made_by: MemberId(3),
            made_at: 0,
            expires_at: Some(100),
            order: None,
            claimed_by: None,
            claimed_at: None,
            withdrawn_at: None,
            withdrawn_by: None,
        };
        assert_eq!((row.state(99), row.state(100)), (GiftState::Open, GiftState::Expired), "at its edge");
        assert_eq!(GiftRow { claimed_at: Some(50), ..row.clone() }.state(200), GiftState::Redeemed);
        assert_eq!(GiftRow { withdrawn_at: Some(50), ..row.clone() }.state(20), GiftState::Withdrawn);
        // 31 January and a month.
        let january = 1_801_353_600_000;
        assert_eq!(row.ends_at(january), Some(add_months(january, 1)));
        assert_eq!(GiftRow { months: None, ..row }.ends_at(january), None);
    }
}

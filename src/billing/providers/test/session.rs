//! Checkouts of the test provider: what is done on their pages, and what comes of it; pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Recurring;
use crate::billing::model::{Discount, Every};
use crate::clock::Millis;
use crate::ids::{MemberId, OrderId, PlanId, PriceId};
use crate::money::{Money, add_days};

/// Where a checkout stands, as its page shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// It waits for a card.
    Open,
    /// The card was refused; another one may be tried.
    Refused,
    /// The card's bank wants to be asked.
    Bank,
    /// It was paid, or its trial began.
    Complete,
    /// Nobody can pay it any more.
    Expired,
}

/// A checkout as it remembers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its name.
    pub id: String,
    /// For which order.
    pub order: OrderId,
    /// Who pays.
    pub member: MemberId,
    /// What for.
    pub text: String,
    /// Of which plan.
    #[serde(default)]
    pub plan: Option<PlanId>,
    /// By which of our prices.
    #[serde(default)]
    pub price_id: Option<PriceId>,
    /// How much.
    pub price: Money,
    /// How often.
    pub every: Every,
    /// Days before the first payment.
    pub trial_days: u32,
    /// Where one goes afterwards.
    pub return_to: String,
    /// Where one turns back to.
    pub back_to: String,
    /// From when on nobody can pay.
    pub expires_at: Millis,
    /// Where it stands.
    pub stage: Stage,
    /// When it was paid.
    pub paid_at: Option<Millis>,
    /// How much of it went back.
    #[serde(default)]
    pub refunded: i64,
    /// What a promotion code takes off.
    #[serde(default)]
    pub discount: Option<Discount>,
    /// Of which plans, whatever it becomes; empty: of all of them.
    #[serde(default)]
    pub reduced: Vec<PlanId>,
}

/// What is done on its page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TestAct {
    /// With a card that works.
    Pay,
    /// With a card that works this once, and not when the next payment is due.
    PayOnce,
    /// With a card that is refused.
    Fail,
    /// With a card whose bank wants to be asked first.
    AskBank,
    /// The bank says yes.
    Approve,
    /// The bank says no.
    Reject,
    /// Its time is over.
    Expire,
}

impl Session {
    /// What is paid first.
    #[must_use]
    pub fn due(&self) -> Money {
        self.discount.map_or(self.price, |discount| discount.payment(self.price, self.every, 0))
    }

    /// Where it stands at `now`.
    #[must_use]
    pub fn stage(&self, now: Millis) -> Stage {
        let is_over = !matches!(self.stage, Stage::Complete) && now >= self.expires_at;
        if is_over { Stage::Expired } else { self.stage }
    }

    /// Does this on its page: pure. A checkout that is over stays as it is.
    #[must_use]
    pub fn after(mut self, act: TestAct, now: Millis) -> Self {
        let stage = self.stage(now);
        self.stage = match (stage, act) {
            (Stage::Open | Stage::Refused, TestAct::Pay | TestAct::PayOnce) | (Stage::Bank, TestAct::Approve) => Stage::Complete,
            (Stage::Open | Stage::Refused, TestAct::Fail) | (Stage::Bank, TestAct::Reject) => Stage::Refused,
            (Stage::Open | Stage::Refused, TestAct::AskBank) => Stage::Bank,
            (Stage::Open | Stage::Refused | Stage::Bank, TestAct::Expire) => Stage::Expired,
            (stage, _) => stage,
        };
        if self.stage == Stage::Complete && self.paid_at.is_none() {
            self.paid_at = Some(now);
        }
        self
    }

    /// The name of the subscription that it begins.
    #[must_use]
    pub fn subscription_id(&self) -> String {
        format!("sub_{}", self.id)
    }

    /// The subscription that it begins when it is paid with such a card.
    #[must_use]
    pub fn begins(&self, act: TestAct) -> Option<Recurring> {
        let begun_at = self.paid_at.filter(|_| self.every != Every::Once)?;
        let trial_end = (self.trial_days > 0).then(|| add_days(begun_at, self.trial_days));
        let charges = if trial_end.is_some() { Vec::new() } else { vec![begun_at] };
        Some(Recurring {
            sums: charges.iter().map(|_| self.due().amount).collect(),
            discount: self.discount,
            reduced: self.reduced.clone(),
            plan: self.plan,
            price_id: self.price_id,
            anchor: None,
            next: None,
            upgrades: Vec::new(),
            id: self.subscription_id(),
            order: self.order,
            member: self.member,
            price: self.price,
            every: self.every,
            begun_at,
            trial_end,
            cancels_at_end: false,
            card_fails: act == TestAct::PayOnce,
            charges,
            refunds: BTreeMap::new(),
            owed_since: None,
            ended_at: None,
        })
    }
}

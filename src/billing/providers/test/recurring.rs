//! Subscriptions of the test provider: what time, cards and changes of price do to them; pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::charge;
use crate::billing::model::{Discount, Every, SubscriptionStatus};
use crate::billing::providers::{PaymentTruth, Seen, SubscriptionTruth, Switch, SwitchTime};
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::ids::{MemberId, OrderId, PlanId, PriceId};
use crate::money::{Money, add_days, add_months};

/// Days after which it gives up asking for a payment that is owed.
const GIVES_UP: u32 = 21;

/// A subscription as it remembers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recurring {
    /// Its name.
    pub id: String,
    /// The order that began it.
    pub order: OrderId,
    /// Whose.
    pub member: MemberId,
    /// Of which plan.
    #[serde(default)]
    pub plan: Option<PlanId>,
    /// By which of our prices.
    #[serde(default)]
    pub price_id: Option<PriceId>,
    /// How much each period.
    pub price: Money,
    /// How long a period is.
    pub every: Every,
    /// When it began.
    pub begun_at: Millis,
    /// The end of its trial.
    pub trial_end: Option<Millis>,
    /// Does it end with its period?
    pub cancels_at_end: bool,
    /// Will the card be refused?
    pub card_fails: bool,
    /// When each period was paid.
    pub charges: Vec<Millis>,
    /// How much each time, in minor units.
    #[serde(default)]
    pub sums: Vec<i64>,
    /// From where periods are counted since their length became another one, and how many were paid before.
    #[serde(default)]
    pub anchor: Option<(Millis, usize)>,
    /// By what it is paid from its next period on.
    #[serde(default)]
    pub next: Option<NextPrice>,
    /// What a promotion code takes off.
    #[serde(default)]
    pub discount: Option<Discount>,
    /// Of which plans; empty: of all of them.
    #[serde(default)]
    pub reduced: Vec<PlanId>,
    /// When the difference of a dearer price was paid, and how much.
    #[serde(default)]
    pub upgrades: Vec<(Millis, i64)>,
    /// How much of which of these payments went back.
    #[serde(default)]
    pub refunds: BTreeMap<String, i64>,
    /// Since when a payment is owed.
    pub owed_since: Option<Millis>,
    /// When it was over.
    pub ended_at: Option<Millis>,
}

/// By what a subscription is paid later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextPrice {
    /// Of which plan.
    #[serde(default)]
    pub plan: Option<PlanId>,
    /// By which of our prices.
    pub price_id: PriceId,
    /// How much each period.
    pub price: Money,
    /// From when on.
    pub at: Millis,
}

impl Recurring {
    /// Where the period after `paid` periods begins.
    fn boundary(&self, paid: usize) -> Millis {
        let (from, before) = self.anchor.unwrap_or((self.trial_end.unwrap_or(self.begun_at), 0));
        let periods = u32::try_from(paid.saturating_sub(before)).unwrap_or(u32::MAX);
        add_months(from, self.every.months().unwrap_or(12).saturating_mul(periods))
    }

    /// What a promotion code takes off of what it is now.
    fn discount(&self) -> Option<Discount> {
        let counts = self.reduced.is_empty() || self.plan.is_some_and(|plan| self.reduced.contains(&plan));
        self.discount.filter(|_| counts)
    }

    /// Where it stands.
    const fn status(&self) -> SubscriptionStatus {
        match (self.ended_at, self.owed_since) {
            (Some(_), _) => SubscriptionStatus::Canceled,
            (None, Some(_)) => SubscriptionStatus::PastDue,
            (None, None) if self.is_trial() => SubscriptionStatus::Trialing,
            (None, None) => SubscriptionStatus::Active,
        }
    }

    /// Is nothing paid yet?
    const fn is_trial(&self) -> bool {
        self.charges.is_empty() && self.owed_since.is_none()
    }

    /// The period that goes on.
    fn period(&self) -> (Millis, Millis) {
        let paid = self.charges.len();
        match (paid, self.trial_end) {
            (0, Some(trial_end)) => (self.begun_at, trial_end),
            _ => (self.boundary(paid.saturating_sub(1)), self.boundary(paid)),
        }
    }

    /// Has it paid by another price.
    ///
    /// # Errors
    /// `billing.card_refused` when what is due now cannot be charged, `billing.change_stale` where it is not what the switch was weighed with.
    pub fn switched(mut self, switch: &Switch, now: Millis) -> Result<Self> {
        let (to, next) = (&switch.to, self.next.as_ref().map(|next| next.price_id));
        let (period_end, status, cancels_at_end) = (self.period().1, self.status(), self.cancels_at_end);
        if !switch.seen.is_still(Seen { price: self.price_id, next, period_end, status, cancels_at_end }) {
            return Err(Error::conflict("billing.change_stale"));
        }
        match switch.when {
            SwitchTime::Now { due, .. } if due.amount > 0 && self.card_fails => return Err(Error::conflict("billing.card_refused")),
            SwitchTime::Now { as_of, due } => {
                if due.amount > 0 {
                    self.upgrades.push((now, due.amount));
                }
                if to.every != self.every && !self.is_trial() {
                    // What was paid now is the first period of the new length.
                    self.anchor = Some((as_of, self.charges.len().saturating_sub(1)));
                }
                (self.plan, self.price_id) = (Some(to.plan), Some(to.price));
                (self.price, self.every, self.next) = (to.money, to.every, None);
            }
            SwitchTime::AtPeriodEnd { until, .. } => {
                self.next = Some(NextPrice { plan: Some(to.plan), price_id: to.price, price: to.money, at: until });
            }
            SwitchTime::Back => {
                (self.plan, self.price_id, self.price, self.next) = (Some(to.plan), Some(to.price), to.money, None);
            }
        }
        Ok(self)
    }

    /// Lets its period be over at `now`, as if time had passed: all of its past moves back.
    #[must_use]
    pub fn skipped(mut self, now: Millis) -> Self {
        // Months are of different length: what has moved back by as long as this one goes on may end a day or more later.
        while self.period().1 > now {
            let by = self.period().1 - now;
            self.move_back(by);
        }
        let end = self.period().1;
        if let Some(next) = &mut self.next {
            next.at = end;
        }
        self
    }

    fn move_back(&mut self, by: Millis) {
        let back = |at: &mut Millis| *at -= by;
        back(&mut self.begun_at);
        self.trial_end.as_mut().map(back);
        self.charges.iter_mut().for_each(back);
        self.upgrades.iter_mut().for_each(|(at, _)| *at -= by);
        if let Some((at, _)) = &mut self.anchor {
            *at -= by;
        }
    }

    /// How much was paid by the payment of this name.
    pub(super) fn paid_by(&self, payment: &str) -> i64 {
        self.payments().find(|one| one.external_id == payment).map_or(0, |one| one.amount.amount)
    }

    /// Every payment of it, the oldest first.
    fn payments(&self) -> impl Iterator<Item = PaymentTruth> {
        let of = |id: String, amount: i64, at: Millis| {
            let refunded = self.refunds.get(&id).copied().unwrap_or(0);
            charge(&id, Money { amount, ..self.price }, refunded, at)
        };
        let sum = |n: usize| self.sums.get(n).copied().unwrap_or(self.price.amount);
        let periods = self.charges.iter().enumerate().map(|(n, at)| of(format!("{}.{n}", self.id), sum(n), *at));
        // What was paid when its length became another one is a whole period of the new length.
        let whole = self.anchor.and_then(|(from, _)| self.upgrades.iter().position(|(at, _)| *at >= from));
        let upgrades = self.upgrades.iter().enumerate().map(|(n, (at, amount))| {
            let paid = of(format!("{}.up{n}", self.id), *amount, *at);
            PaymentTruth { is_difference: whole != Some(n), ..paid }
        });
        let mut all: Vec<PaymentTruth> = periods.chain(upgrades).collect();
        all.sort_by_key(|one| one.at);
        all.into_iter()
    }

    /// What time has done to it by `now`: pure. The card is charged where a period begins, for as long as it works.
    #[must_use]
    pub fn by(mut self, now: Millis) -> Self {
        // What was kept before sums were.
        while self.sums.len() < self.charges.len() {
            self.sums.push(self.price.amount);
        }
        while self.ended_at.is_none() {
            let due = self.boundary(self.charges.len());
            let gives_up = add_days(due, GIVES_UP);
            if due > now {
                break;
            } else if self.cancels_at_end && self.owed_since.is_none() {
                self.ended_at = Some(due);
                break;
            }
            if let Some(next) = self.next.take_if(|next| next.at <= due) {
                (self.plan, self.price_id, self.price) = (next.plan, Some(next.price_id), next.price);
            }
            if !self.card_fails {
                let n = u32::try_from(self.charges.len()).unwrap_or(u32::MAX);
                let sum = self.discount().map_or(self.price, |discount| discount.payment(self.price, self.every, n));
                self.charges.push(if self.owed_since.is_some() { now } else { due });
                self.sums.push(sum.amount);
                self.owed_since = None;
            } else if now >= gives_up {
                (self.owed_since, self.ended_at) = (Some(due), Some(gives_up));
            } else {
                self.owed_since = Some(due);
                break;
            }
        }
        self
    }

    /// What it says of itself when it is asked.
    #[must_use]
    pub fn truth(&self, asked_at: Millis) -> SubscriptionTruth {
        let (status, (start, end)) = (self.status(), self.period());
        SubscriptionTruth {
            asked_at,
            external_id: self.id.clone(),
            order: Some(self.order),
            status,
            price: self.price,
            every: self.every,
            period_start: start,
            period_end: end,
            trial_end: self.trial_end,
            cancels_at_end: self.cancels_at_end,
            past_due_since: self.owed_since,
            failures: self.owed_since.into_iter().collect(),
            sold: self.price_id,
            next: self.next.as_ref().map(|next| (next.price_id, next.at)),
            payments: self.payments().collect(),
        }
    }
}

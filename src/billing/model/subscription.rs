//! Subscriptions: what is paid for from period to period, where they stand, and until when that lets somebody in; pure.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::price::money;
use super::{Every, PlanName};
use crate::billing::providers::ProviderKind;
use crate::clock::Millis;
use crate::error::Result;
use crate::ids::{MemberId, PlanId, PriceId, PromotionId, SubscriptionId};
use crate::money::{Money, add_days, add_months};

/// Days that a renewal may come late before anybody loses something: the provider's news takes time.
const LATE_DAYS: u32 = 3;

/// Where a subscription stands. The numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionStatus {
    /// Nothing is paid yet.
    Trialing,
    /// It is paid.
    Active,
    /// A payment is owed.
    PastDue,
    /// A payment is owed, and the provider has given up asking.
    Unpaid,
    /// Its provider holds it.
    Paused,
    /// Its first payment is not there yet.
    Incomplete,
    /// Its first payment never came.
    IncompleteExpired,
    /// It is over.
    Canceled,
    /// Its provider says what this program does not know.
    Unknown,
}

impl SubscriptionStatus {
    /// Every one.
    pub const ALL: [Self; 9] = [
        Self::Trialing,
        Self::Active,
        Self::PastDue,
        Self::Unpaid,
        Self::Paused,
        Self::Incomplete,
        Self::IncompleteExpired,
        Self::Canceled,
        Self::Unknown,
    ];

    /// As stored.
    #[must_use]
    pub const fn number(self) -> i16 {
        self as i16
    }

    /// From the database.
    #[must_use]
    pub fn from_number(number: i16) -> Self {
        Self::ALL.into_iter().find(|one| one.number() == number).unwrap_or(Self::Unknown)
    }

    /// Can it still be paid, cancelled or resumed?
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Trialing | Self::Active | Self::PastDue | Self::Unpaid | Self::Paused)
    }
}

/// A row of `subscriptions`.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct SubscriptionRow {
    /// Id.
    pub id: SubscriptionId,
    /// Whose.
    pub member: MemberId,
    /// Which plan.
    pub plan: PlanId,
    /// By which price it began.
    pub price: Option<PriceId>,
    /// Number of a [`ProviderKind`].
    pub provider: i16,
    /// Its name there; none: it is kept here alone.
    pub external_id: Option<String>,
    /// Number of a [`SubscriptionStatus`].
    pub status: i16,
    /// Number of an [`Every`]: how long a period is.
    pub every: i16,
    /// What a period costs, in minor units.
    pub amount: i64,
    /// ISO 4217.
    pub currency: String,
    /// When it began.
    pub started_at: Millis,
    /// From where its periods are counted.
    pub anchor_at: Millis,
    /// How many of them are paid.
    pub periods: i32,
    /// The period that goes on.
    pub period_start: Millis,
    /// Its end.
    pub period_end: Millis,
    /// The end of its trial, if it had one.
    pub trial_end: Option<Millis>,
    /// Does it end with this period?
    pub cancels_at_end: bool,
    /// Since when a payment is owed.
    pub past_due_since: Option<Millis>,
    /// When it was over.
    pub ended_at: Option<Millis>,
    /// When its provider was asked last: an older answer never replaces a newer one.
    pub fetched_at: Millis,
    /// The plan that takes the place of this one, where another was chosen.
    pub next_plan: Option<PlanId>,
    /// By which price it is then paid.
    pub next_price: Option<PriceId>,
    /// What a period then costs, in minor units of the same currency.
    pub next_amount: Option<i64>,
    /// From when on.
    pub next_at: Option<Millis>,
    /// What takes something off of it, where it is paid by hand.
    pub promotion: Option<PromotionId>,
    /// Number of an [`Every`]: how long a period then is.
    pub next_every: Option<i16>,
    /// How many of those periods are paid already, by hand.
    pub next_paid: i32,
    /// For how many months that still does, a payment that begins within them whole; none: always. Below 1: no more.
    pub promotion_left: Option<i32>,
}

impl SubscriptionRow {
    /// Where it stands.
    #[must_use]
    pub fn status(&self) -> SubscriptionStatus {
        SubscriptionStatus::from_number(self.status)
    }

    /// By which way it is paid.
    #[must_use]
    pub const fn provider(&self) -> ProviderKind {
        ProviderKind::from_number(self.provider)
    }

    /// How long a period is.
    #[must_use]
    pub const fn every(&self) -> Every {
        Every::from_number(self.every)
    }

    /// What a period costs.
    ///
    /// # Errors
    /// When the stored currency is none.
    pub fn money(&self) -> Result<Money> {
        money(self.amount, &self.currency)
    }

    /// Where period number `n` ends, counted from 1; 0: where the first begins.
    #[must_use]
    pub fn end_of(&self, n: i32) -> Millis {
        after_periods(self.anchor_at, self.every(), n)
    }

    /// Does a code still take something off of the next payment, where it is paid by hand?
    #[must_use]
    pub fn is_reduced(&self) -> bool {
        self.promotion.is_some() && self.promotion_left.is_none_or(|months| months > 0)
    }

    /// Is it this plan, or does it become it?
    #[must_use]
    pub fn is_for(&self, plan: PlanId) -> bool {
        self.plan == plan || self.next_plan == Some(plan)
    }

    /// Is a period of the plan that was chosen for later paid already?
    #[must_use]
    pub const fn is_next_paid(&self) -> bool {
        self.next_paid > 0
    }

    /// Is another payment due where its period ends?
    #[must_use]
    pub fn is_charged_again(&self) -> bool {
        matches!(self.status(), SubscriptionStatus::Trialing | SubscriptionStatus::Active) && !self.cancels_at_end
    }

    /// When it ends by itself, or its trial does; none while it simply goes on.
    #[must_use]
    pub fn ends_at(&self) -> Option<Millis> {
        match self.status() {
            SubscriptionStatus::Trialing => Some(self.trial_end.unwrap_or(self.period_end)),
            SubscriptionStatus::Active if self.cancels_at_end => Some(self.period_end),
            _ => None,
        }
    }

    /// What of it says until when it lets somebody in.
    #[must_use]
    pub fn terms(&self) -> Terms {
        Terms {
            status: self.status(),
            period_end: self.period_end,
            trial_end: self.trial_end,
            cancels_at_end: self.cancels_at_end,
            past_due_since: self.past_due_since,
        }
    }

    /// As the API shows it.
    ///
    /// # Errors
    /// As [`SubscriptionRow::money`].
    pub fn subscription(&self, plan: String, next: Option<NextTerms>, grace_days: u32) -> Result<Subscription> {
        let (status, is_charged) = (self.status(), self.is_charged_again());
        Ok(Subscription {
            id: self.id,
            member: self.member,
            plan: PlanName { id: self.plan, name: plan },
            provider: self.provider(),
            status,
            money: self.money()?,
            every: self.every(),
            started_at: self.started_at,
            period_start: self.period_start,
            period_end: self.period_end,
            trial_end: self.trial_end,
            cancels_at_end: self.cancels_at_end,
            past_due_since: self.past_due_since,
            ended_at: self.ended_at,
            next_charge_at: is_charged.then_some(self.period_end),
            next,
            access_until: access_until(&self.terms(), grace_days),
        })
    }
}

/// Where so many periods end that are counted from there.
pub(super) fn after_periods(from: Millis, every: Every, count: i32) -> Millis {
    add_months(from, every.months().unwrap_or(0).saturating_mul(u32::try_from(count).unwrap_or(0)))
}

/// A subscription, as its member and administrators see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Subscription {
    /// Id.
    pub id: SubscriptionId,
    /// Whose.
    pub member: MemberId,
    /// Which plan.
    pub plan: PlanName,
    /// By which way it is paid.
    pub provider: ProviderKind,
    /// Where it stands.
    pub status: SubscriptionStatus,
    /// What a period costs.
    pub money: Money,
    /// How long a period is.
    pub every: Every,
    /// When it began, milliseconds UTC.
    pub started_at: Millis,
    /// The period that goes on.
    pub period_start: Millis,
    /// Its end.
    pub period_end: Millis,
    /// The end of its trial, if it had one.
    pub trial_end: Option<Millis>,
    /// Does it end with this period?
    pub cancels_at_end: bool,
    /// Since when a payment is owed.
    pub past_due_since: Option<Millis>,
    /// When it was over.
    pub ended_at: Option<Millis>,
    /// When the next payment is due; null: none is.
    pub next_charge_at: Option<Millis>,
    /// What takes the place of the plan at the end of the period; null: nothing was chosen.
    pub next: Option<NextTerms>,
    /// Until when it lets its member in as things stand; null: it does not.
    pub access_until: Option<Millis>,
}

/// A payment that is owed, as whoever owes it is told wherever they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Owed {
    /// For which subscription.
    pub subscription: SubscriptionId,
    /// The name of its plan.
    pub plan: String,
    /// Until when it can be paid before anything ends, milliseconds UTC.
    pub until: Millis,
}

/// What a subscription becomes at the end of its period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct NextTerms {
    /// Which plan.
    pub plan: PlanName,
    /// By which price.
    pub price: PriceId,
    /// What a period then costs.
    pub money: Money,
    /// How long a period then is.
    pub every: Every,
    /// From when on, milliseconds UTC.
    pub at: Millis,
    /// Is it paid already? Then it is not given up any more.
    pub paid: bool,
}

/// What of a subscription says until when it lets somebody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Where it stands.
    pub status: SubscriptionStatus,
    /// The end of the period that goes on.
    pub period_end: Millis,
    /// The end of the trial.
    pub trial_end: Option<Millis>,
    /// Does it end with this period?
    pub cancels_at_end: bool,
    /// Since when a payment is owed.
    pub past_due_since: Option<Millis>,
}

/// Until when a subscription lets somebody in; none: it does not. `grace_days`: for how long a payment may be owed.
///
/// | status | until |
/// |---|---|
/// | `trialing` | the end of the trial, and three days more unless it ends with it |
/// | `active` | the end of the period, and three days more unless it ends with it |
/// | `past_due` | `grace_days` from when the payment was owed |
/// | all others, and those that are not known | not at all |
#[must_use]
pub fn access_until(terms: &Terms, grace_days: u32) -> Option<Millis> {
    let late = if terms.cancels_at_end { 0 } else { LATE_DAYS };
    match terms.status {
        SubscriptionStatus::Trialing => Some(add_days(terms.trial_end.unwrap_or(terms.period_end), late)),
        SubscriptionStatus::Active => Some(add_days(terms.period_end, late)),
        SubscriptionStatus::PastDue => Some(add_days(terms.past_due_since.unwrap_or(terms.period_end), grace_days)),
        SubscriptionStatus::Unpaid
        | SubscriptionStatus::Paused
        | SubscriptionStatus::Incomplete
        | SubscriptionStatus::IncompleteExpired
        | SubscriptionStatus::Canceled
        | SubscriptionStatus::Unknown => None,
    }
}

impl SubscriptionRow {
    /// Another plan takes the place of this one at `at`.
    pub const fn plan_next(&mut self, plan: PlanId, price: PriceId, (amount, every): (i64, i16), at: Millis) {
        (self.next_plan, self.next_price, self.next_at) = (Some(plan), Some(price), Some(at));
        (self.next_amount, self.next_every, self.next_paid) = (Some(amount), Some(every), 0);
    }

    /// Nothing is chosen for later any more.
    pub const fn forget_next(&mut self) {
        (self.next_plan, self.next_price, self.next_at) = (None, None, None);
        (self.next_amount, self.next_every, self.next_paid) = (None, None, 0);
    }

    /// It is over.
    pub fn end(&mut self, now: Millis) {
        self.forget_next();
        self.status = SubscriptionStatus::Canceled.number();
        self.ended_at = Some(now);
        self.past_due_since = None;
    }
}

/// What subscriptions come to together in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Totals {
    /// Each month: of what is paid yearly a twelfth, to the nearest of the smallest unit.
    pub month: Money,
    /// Each year, exactly.
    pub year: Money,
}

/// The totals of what is charged again, one for each currency in the order of their codes.
#[must_use]
pub fn totals(all: &[Subscription]) -> Vec<Totals> {
    let mut found: Vec<(crate::money::Currency, i64)> = Vec::new();
    for one in all.iter().filter(|one| one.next_charge_at.is_some()) {
        let (money, every) = one.next.as_ref().map_or((one.money, one.every), |next| (next.money, next.every));
        if every == Every::Once {
            continue;
        }
        let yearly = every.each_year(money.amount);
        match found.iter_mut().find(|(currency, _)| *currency == money.currency) {
            Some((_, sum)) => *sum = sum.saturating_add(yearly),
            None => found.push((money.currency, yearly)),
        }
    }
    found.sort_unstable_by_key(|(currency, _)| *currency);
    let total =
        |(currency, yearly): (_, i64)| Totals { month: Money::new((yearly + 6) / 12, currency), year: Money::new(yearly, currency) };
    found.into_iter().map(total).collect()
}

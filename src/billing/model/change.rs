//! Changes of plan: what is paid at once, what is paid next, and from when on each holds; pure.
//!
//! | from, to | when | what is paid at once |
//! |---|---|---|
//! | as long a period, as dear or dearer | now | the rest of the period in the new plan, less the rest of it in the old one |
//! | as long a period, cheaper; paid by hand, also a dearer one once nothing is left of the period | where the period ends | nothing |
//! | a month, then a year, in the same plan or a dearer one | now: a new period begins | the year, less the rest of the month |
//! | another period, paid by hand | where the period ends | nothing |
//! | in a trial | as above | nothing: it is paid where the trial ends |
//!
//! From a year to a month, and into another currency, nobody changes: what is paid ends first.

use serde::{Deserialize, Serialize};

use super::Every;
use crate::clock::Millis;
use crate::ids::PlanId;
use crate::money::{Money, add_months};

/// What a period of a plan costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tariff {
    /// Which plan.
    pub plan: PlanId,
    /// How much.
    pub money: Money,
    /// How long a period is.
    pub every: Every,
}

/// A subscription, as far as a change of its plan depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Running {
    /// What it costs now.
    pub tariff: Tariff,
    /// From when until when is paid.
    pub period: (Millis, Millis),
    /// Is nothing paid yet?
    pub is_trial: bool,
    /// Is it paid in people's hands?
    pub is_by_hand: bool,
    /// What of its money is not used yet, where a code took something off: what was never paid is no credit. None: as its price says.
    pub unused: Option<i64>,
}

impl Running {
    /// What is paid already of the rest of the period.
    fn credit(&self, now: Millis) -> i64 {
        let full = share(self.tariff.money.amount, self.period, now);
        self.unused.map_or(full, |unused| unused.min(full))
    }
}

/// When another plan takes the place of this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeTime {
    /// Now, or as soon as the difference is paid.
    Now,
    /// Where the period ends.
    AtPeriodEnd,
}

/// What a change comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// When the plan is another one.
    pub when: ChangeTime,
    /// The instant of that.
    pub at: Millis,
    /// What the rest of the period costs in the new plan.
    pub charge: Money,
    /// What is paid of it already.
    pub credit: Money,
    /// What is paid at once: the difference, nothing or more.
    pub due: Money,
    /// When a whole period is paid next.
    pub next_charge_at: Millis,
}

/// What of an amount falls on the part of a period that is left, to the nearest of the smallest unit.
fn share(amount: i64, (start, end): (Millis, Millis), now: Millis) -> i64 {
    let (whole, left) = (i128::from((end - start).max(1)), i128::from((end - now).max(0)));
    i64::try_from((i128::from(amount) * left * 2 + whole) / (whole * 2)).unwrap_or(i64::MAX)
}

/// What of money that was paid for these periods, so much for each, is not used yet.
#[must_use]
pub fn unused(paid: &[(i64, (Millis, Millis))], now: Millis) -> i64 {
    paid.iter().map(|(amount, period)| share(*amount, *period, now.max(period.0))).sum()
}

/// What a change comes to at `now`; none: it is not offered.
#[must_use]
pub fn quote(from: &Running, to: &Tariff, now: Millis) -> Option<Quote> {
    let old = &from.tariff;
    if old.money.currency != to.money.currency || old == to || [old.every, to.every].contains(&Every::Once) {
        return None;
    }
    let of = |amount| Money::new(amount, to.money.currency);
    let end = from.period.1;
    let later = Quote { when: ChangeTime::AtPeriodEnd, at: end, charge: of(0), credit: of(0), due: of(0), next_charge_at: end };
    let at_once = |charge: i64, credit: i64, next_charge_at: Millis| Quote {
        when: ChangeTime::Now,
        at: now,
        charge: of(charge),
        credit: of(credit),
        due: of(charge - credit),
        next_charge_at,
    };
    if old.every == to.every {
        return Some(match to.money.amount >= old.money.amount {
            false => later,
            true if from.is_trial => at_once(0, 0, end),
            true => {
                let now = at_once(share(to.money.amount, from.period, now), from.credit(now), end);
                // By hand nobody asks for the next payment at once: a dearer plan is not had for nothing until somebody does.
                if from.is_by_hand && now.due.amount == 0 && to.money.amount > old.money.amount { later } else { now }
            }
        });
    }
    if from.is_by_hand {
        return Some(later);
    }
    let is_dearer = old.plan == to.plan || to.money.amount >= old.money.amount.saturating_mul(12);
    if old.every != Every::Month || !is_dearer {
        return None;
    }
    if from.is_trial {
        return Some(at_once(0, 0, end));
    }
    let credit = from.credit(now);
    (credit <= to.money.amount).then(|| at_once(to.money.amount, credit, add_months(now, 12)))
}

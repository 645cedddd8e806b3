//! Another plan for what somebody pays already: what it would come to, done at once or planned for the end of the period, and given up.

use serde::{Deserialize, Serialize};

use super::fulfilling::has_for_good;
use super::ordering::priced;
use super::subscribing::shown;
use super::switching::{must_not_turn, seen};
use super::telling::changed;
use super::{Billing, by_hand, hold, store};
use crate::billing::model::{
    ChangeTime, Every, LineKind, Order, PlanName, PlanRow, Price, PriceRow, Quote, Running, Subscription, SubscriptionRow,
    SubscriptionStatus, Tariff, quote, unused,
};
use crate::billing::policy::OwnSubscription;
use crate::billing::providers::{ProviderKind, Sold, Switch, SwitchTime};
use crate::clock::Millis;
use crate::error::{Error, Found, Result};
use crate::ids::{PlanId, PriceId, SubscriptionId};
use crate::money::Money;
use crate::storage::{Conn, Tx};

/// For how long what was shown may be agreed to.
const SHOWN_MS: Millis = 30 * 60_000;

/// Another price for an own subscription.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::ToSchema)]
pub struct NewChange {
    /// One of those that [`change_choices`] offers.
    pub price: PriceId,
    /// From when on is counted, as the preview said, milliseconds UTC; not older than half an hour. Missing in a preview: now.
    #[serde(default)]
    pub as_of: Option<Millis>,
}

/// A price to which an own subscription can change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ChangeChoice {
    /// Of which plan.
    pub plan: PlanName,
    /// Which.
    pub price: Price,
    /// When the plan is then another one.
    pub when: ChangeTime,
}

/// What a change comes to, before anybody decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ChangePreview {
    /// From when on is counted: to be said again with the decision.
    pub as_of: Millis,
    /// The plan as it is.
    pub from: PlanName,
    /// The plan that takes its place.
    pub plan: PlanName,
    /// By which way it is paid.
    pub provider: ProviderKind,
    /// When the plan is another one.
    pub when: ChangeTime,
    /// The instant of that, milliseconds UTC.
    pub at: Millis,
    /// What is paid at once.
    pub due: Money,
    /// What a period costs from then on.
    pub money: Money,
    /// How long a period then is.
    pub every: Every,
    /// When a whole period is paid next.
    pub next_charge_at: Millis,
}

/// What came of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Changed {
    /// The subscription as it is now.
    pub subscription: Subscription,
    /// The difference that is to be paid by hand first; null: nothing waits.
    pub order: Option<Order>,
    /// The provider's page where the payment is confirmed first, as the card's bank wants; null: nothing is to be confirmed.
    pub confirm_at: Option<String>,
}

/// What is to be done about a change.
#[derive(Clone, Debug)]
pub enum Changing {
    /// Nothing more.
    Done(Box<Changed>),
    /// Its provider is told, under this key.
    At(ProviderKind, Box<Switch>, String),
}

/// A change that is offered.
pub(super) struct Weighed {
    pub row: SubscriptionRow,
    pub plan: PlanRow,
    pub price: PriceRow,
    pub quote: Quote,
    as_of: Millis,
}

impl Weighed {
    /// What its provider is to be told.
    fn switch(&self, external_id: String) -> Result<Switch> {
        let when = match self.quote.when {
            ChangeTime::Now => SwitchTime::Now { as_of: self.as_of, due: self.quote.due },
            ChangeTime::AtPeriodEnd => SwitchTime::AtPeriodEnd { before: self.row.price.found()?, until: self.quote.at },
        };
        Ok(Switch { external_id, seen: seen(&self.row), to: sold(&self.plan, &self.price)?, when })
    }
}

pub(super) fn sold(plan: &PlanRow, price: &PriceRow) -> Result<Sold> {
    let (name, description) = (plan.name.clone(), plan.description.clone());
    Ok(Sold { price: price.id, plan: plan.id, name, description, money: price.money()?, every: price.every() })
}

fn running(conn: &mut Conn, row: &SubscriptionRow, now: Millis) -> Result<Running> {
    Ok(Running {
        tariff: Tariff { plan: row.plan, money: row.money()?, every: row.every() },
        period: (row.period_start, row.period_end),
        is_trial: row.status() == SubscriptionStatus::Trialing,
        is_by_hand: row.provider() == ProviderKind::Manual,
        unused: unused_of(conn, row, now)?,
    })
}

/// What of the money of a subscription is not used yet, where a code took something off of it.
fn unused_of(conn: &mut Conn, row: &SubscriptionRow, now: Millis) -> Result<Option<i64>> {
    let (mut paid, mut is_reduced) = (Vec::new(), false);
    for (amount, kind, price, start, end) in store::orders::unexpired(conn, row.id, now)? {
        let full = match price.filter(|_| kind == LineKind::Membership.number()) {
            Some(price) => store::prices::by_id(conn, price)?.map(|price| price.amount),
            None => None,
        };
        is_reduced |= full.is_some_and(|full| amount < full);
        paid.extend(start.zip(end).map(|period| (amount, period)));
    }
    Ok(is_reduced.then(|| unused(&paid, now)))
}

fn tariff(price: &PriceRow) -> Result<Tariff> {
    Ok(Tariff { plan: price.plan, money: price.money()?, every: price.every() })
}

/// Why its plan cannot be changed now; none: it can.
fn is_fixed(conn: &mut Conn, row: &SubscriptionRow) -> Result<Option<&'static str>> {
    Ok(if row.ended_at.is_some() {
        Some("billing.subscription_over")
    } else if !matches!(row.status(), SubscriptionStatus::Active | SubscriptionStatus::Trialing) {
        Some("billing.change_owed")
    } else if row.cancels_at_end {
        Some("billing.change_ending")
    } else if row.next_at.is_some() {
        // What is paid at once is counted from the plan that is paid: what was planned is given up first.
        Some("billing.change_planned")
    } else if row.external_id.is_some() && store::refunds::has_lost(conn, row.member)? {
        Some("billing.card_blocked")
    } else {
        None
    })
}

/// Why a subscription does not become this plan: its member has it for good, or by another subscription that is it or becomes it.
fn is_had(conn: &mut Conn, row: &SubscriptionRow, plan: PlanId, now: Millis) -> Result<Option<&'static str>> {
    if has_for_good(conn, (row.member, plan), row.provider(), now)? {
        return Ok(Some("billing.has_for_good"));
    }
    let has_other = store::subscriptions::going_on(conn, row.member)?.iter().any(|one| one.id != row.id && one.is_for(plan));
    Ok(has_other.then_some("billing.has_subscription"))
}

/// Refuses a plan that a subscription's member has already, for good or by another one.
///
/// # Errors
/// `billing.has_for_good`, `billing.has_subscription`.
pub(super) fn must_not_have(conn: &mut Conn, row: &SubscriptionRow, plan: PlanId, now: Millis) -> Result<()> {
    is_had(conn, row, plan, now)?.map_or(Ok(()), |code| Err(Error::conflict(code)))
}

/// What a change comes to, if it is offered.
fn weigh(conn: &mut Conn, row: SubscriptionRow, new: NewChange, now: Millis) -> Result<Weighed> {
    if let Some(code) = is_fixed(conn, &row)? {
        return Err(Error::conflict(code));
    }
    must_not_turn(&row, now)?;
    let as_of = new.as_of.unwrap_or(now);
    if as_of > now || as_of < now - SHOWN_MS || as_of < row.period_start.min(now) {
        return Err(Error::conflict("billing.change_stale"));
    }
    let plan = store::prices::by_id(conn, new.price)?.ok_or_else(|| Error::invalid("price", "billing.price_unknown"))?.plan;
    let plan = store::plans::by_id(conn, plan)?.filter(|row| !row.hidden).ok_or_else(|| Error::invalid("price", "billing.plan_unknown"))?;
    if plan.archived_at.is_some() {
        return Err(Error::invalid("price", "billing.plan_archived"));
    }
    let price = priced(conn, plan.id, Some(new.price))?.found()?;
    must_not_have(conn, &row, plan.id, now)?;
    let quote = quote(&running(conn, &row, as_of)?, &tariff(&price)?, as_of).filter(|quote| is_possible(&row, quote));
    let quote = quote.ok_or_else(|| Error::invalid("price", "billing.change_not_offered"))?;
    Ok(Weighed { row, plan, price, quote, as_of })
}

/// A provider is told by which price it was paid until then: where nobody knows, nothing is planned there.
fn is_possible(row: &SubscriptionRow, quote: &Quote) -> bool {
    quote.when == ChangeTime::Now || row.price.is_some() || row.provider() == ProviderKind::Manual
}

/// The prices to which an own subscription can change now, in the order of the plans.
///
/// # Errors
/// When the database cannot be read.
pub fn change_choices(conn: &mut Conn, may: &OwnSubscription, now: Millis) -> Result<Vec<ChangeChoice>> {
    let row = store::subscriptions::by_id(conn, may.subscription())?.found()?;
    choices(conn, &row, now)
}

/// Is there any?
///
/// # Errors
/// When the database cannot be read.
pub fn can_change(conn: &mut Conn, subscription: SubscriptionId, now: Millis) -> Result<bool> {
    let row = store::subscriptions::by_id(conn, subscription)?.found()?;
    Ok(!choices(conn, &row, now)?.is_empty())
}

fn choices(conn: &mut Conn, row: &SubscriptionRow, now: Millis) -> Result<Vec<ChangeChoice>> {
    if is_fixed(conn, row)?.is_some() {
        return Ok(Vec::new());
    }
    let (from, mut found) = (running(conn, row, now)?, Vec::new());
    let plans: Vec<PlanRow> = store::plans::all(conn, false)?.into_iter().filter(|plan| !plan.hidden).collect();
    let ids: Vec<_> = plans.iter().map(|plan| plan.id).collect();
    let mut on_sale = store::prices::on_sale(conn, &ids)?;
    for plan in plans {
        if is_had(conn, row, plan.id, now)?.is_some() {
            continue;
        }
        for price in on_sale.remove(&plan.id).unwrap_or_default() {
            let quote = quote(&from, &tariff(&price)?, now).filter(|quote| is_possible(row, quote));
            if let Some(quote) = quote {
                let plan = PlanName { id: plan.id, name: plan.name.clone() };
                found.push(ChangeChoice { plan, price: price.price()?, when: quote.when });
            }
        }
    }
    Ok(found)
}

/// What a change would come to by our own count, and what its provider is to be asked about it.
///
/// # Errors
/// `billing.subscription_over`, `billing.change_owed`, `billing.change_ending`, `billing.change_planned`, `billing.change_not_offered`,
/// `billing.change_stale`, `billing.has_subscription`, `billing.has_for_good`, `billing.card_blocked`, and those of prices and plans.
pub fn preview_change(
    conn: &mut Conn,
    may: &OwnSubscription,
    new: NewChange,
    now: Millis,
) -> Result<(ChangePreview, Option<(ProviderKind, Switch)>)> {
    let row = store::subscriptions::by_id(conn, may.subscription())?.found()?;
    let (kind, external_id) = (row.provider(), row.external_id.clone());
    let from = PlanName { id: row.plan, name: store::plans::by_id(conn, row.plan)?.found()?.name };
    let weighed = weigh(conn, row, new, now)?;
    let ask = external_id.map(|id| Ok::<_, Error>((kind, weighed.switch(id)?))).transpose()?;
    let Weighed { plan, price, quote, as_of, .. } = weighed;
    let preview = ChangePreview {
        as_of,
        from,
        plan: PlanName { id: plan.id, name: plan.name },
        provider: kind,
        when: quote.when,
        at: quote.at,
        due: quote.due,
        money: price.money()?,
        every: price.every(),
        next_charge_at: quote.next_charge_at,
    };
    Ok((preview, ask))
}

/// Changes the plan of an own subscription: by hand here, and once the difference is paid; elsewhere its provider is told. The same decision
/// again is the same change.
///
/// # Errors
/// As [`preview_change`], and `billing.order_count`.
pub fn change(tx: &mut Tx<'_>, may: &OwnSubscription, billing: &Billing, new: NewChange) -> Result<Changing> {
    hold(tx, may.member())?;
    let row = store::subscriptions::by_id(tx, may.subscription())?.found()?;
    let is_so = row.next_price == Some(new.price) || (row.price == Some(new.price) && row.next_price.is_none());
    if is_so && row.ended_at.is_none() {
        return Ok(Changing::Done(Box::new(Changed { subscription: shown(tx, row)?, order: None, confirm_at: None })));
    }
    let now = tx.now();
    let weighed = weigh(tx, row, new, now)?;
    if let Some(external_id) = weighed.row.external_id.clone() {
        // What was agreed to is one call, however often it is sent; what is agreed to later was shown at another time.
        let key = format!("change/{}/{}/{}", weighed.row.id, weighed.price.id, weighed.as_of);
        return Ok(Changing::At(weighed.row.provider(), Box::new(weighed.switch(external_id)?), key));
    }
    let by = Some(may.member());
    let order = match weighed.quote.when {
        ChangeTime::AtPeriodEnd => {
            by_hand::plan(tx, billing, &weighed, by)?;
            None
        }
        ChangeTime::Now if weighed.quote.due.amount == 0 => {
            let mut row = weighed.row.clone();
            by_hand::drop_difference(tx, row.id, by)?;
            by_hand::take_place(tx, billing, &mut row, &weighed.price, by)?;
            None
        }
        ChangeTime::Now => Some(by_hand::ask_difference(tx, &weighed)?),
    };
    let row = store::subscriptions::by_id(tx, may.subscription())?.found()?;
    Ok(Changing::Done(Box::new(Changed { subscription: shown(tx, row)?, order, confirm_at: None })))
}

/// Gives up what was planned for the end of the period; where nothing was, nothing happens.
///
/// # Errors
/// `billing.subscription_over`; `billing.change_paid` where a period of what was planned is paid already; `billing.change_stale` where a provider
/// begins the next period about now.
pub fn keep_plan(tx: &mut Tx<'_>, may: &OwnSubscription, billing: &Billing) -> Result<Changing> {
    let member = may.member();
    hold(tx, member)?;
    let mut row = store::subscriptions::by_id(tx, may.subscription())?.found()?;
    if row.ended_at.is_some() {
        return Err(Error::conflict("billing.subscription_over"));
    }
    if row.is_next_paid() {
        return Err(Error::conflict("billing.change_paid"));
    }
    by_hand::drop_difference(tx, row.id, Some(member))?;
    if row.next_at.is_some() {
        if let (Some(external_id), Some(price)) = (row.external_id.clone(), row.price) {
            must_not_turn(&row, tx.now())?;
            let price = store::prices::by_id(tx, price)?.found()?;
            let plan = store::plans::by_id(tx, price.plan)?.found()?;
            let key = format!("change/{}/back/{}", row.id, row.fetched_at);
            let switch = Switch { external_id, seen: seen(&row), to: sold(&plan, &price)?, when: SwitchTime::Back };
            return Ok(Changing::At(row.provider(), Box::new(switch), key));
        }
        row.forget_next();
        store::subscriptions::save(tx, &row)?;
        by_hand::ask_anew(tx, &row, Some(member))?;
        changed(tx, billing, member, Some(member))?;
    }
    Ok(Changing::Done(Box::new(Changed { subscription: shown(tx, row)?, order: None, confirm_at: None })))
}

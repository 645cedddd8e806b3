//! Checkouts at a provider: opened for an order, looked at again whenever something may have happened, closed when another took their place.

use serde::{Deserialize, Serialize};

use super::fulfilling::has_for_good;
use super::ordering::{close, may_be_gift, new_line, new_order, priced};
use super::promoting::{Counts, claim, counting, hold_uses};
use super::subscribing::{Due, SUBSCRIPTION};
use super::telling::orders_changed;
use super::{Billing, hold, store};
use crate::billing::model::{Every, Fact, LineKind, LineRow, Order, OrderRow, OrderState, Subscription};
use crate::billing::policy::{Buy, OwnSubscription};
use crate::billing::providers::{Checkout, Opened, Promotion, ProviderKind};
use crate::clock::Millis;
use crate::error::{Error, Found, Result};
use crate::ids::{MemberId, OrderId, PriceId, SubscriptionId};
use crate::jobs::{Enqueue, enqueue};
use crate::settings::Settings;
use crate::storage::{Conn, Db, Tx};

/// Jobs that look at an order's checkout again.
pub const SETTLE: &str = "billing.settle";
/// Jobs that end at its provider what nobody pays any more.
pub const END: &str = "billing.end";

/// What a provider says of a checkout does not belong to its order: it is written down, and a person looks.
pub(super) const FOREIGN: &str = "billing.foreign_checkout";
/// Attempts at ending something: with their pauses more than a day. It is tried again whenever the subscription is looked at.
const END_ATTEMPTS: i32 = 60;
/// Until it is looked at again whether a provider has ended something.
const END_PAUSE_MS: u64 = 60_000;
/// A checkout that is over so soon is not shown to anybody.
const LEAST_LEFT: Millis = 60_000;
/// A checkout is opened within so long or not at all: its provider forgets what was asked for, and what the order uses is free again.
const OPENED_WITHIN: Millis = 86_400_000;
/// How long after its end a checkout is looked at once more.
const LOOKED_AT_AFTER: Millis = 60_000;

/// A checkout to be opened.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
pub struct NewCheckout {
    /// What is bought: one of the prices on offer.
    pub price: PriceId,
    /// At which provider; missing: the first one that is ready.
    #[serde(default)]
    pub provider: Option<ProviderKind>,
    /// Is it for somebody else? It is paid once, and its buyer gets a code.
    #[serde(default)]
    pub gift: bool,
    /// A promotion code; capitals, dashes and spaces do not matter. With one there are no days without payment.
    #[serde(default)]
    pub promotion: Option<String>,
}

/// Where to pay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct CheckoutPage {
    /// For which order.
    pub order: OrderId,
    /// The address of the provider's page; one of ours begins with `/`.
    pub url: String,
}

/// What a job of the kind [`SETTLE`] needs to know.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Look {
    pub order: OrderId,
    /// Is the checkout to be closed, because another took its place?
    pub close: bool,
}

/// What a job of the kind [`END`] needs to know.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Ending {
    pub provider: ProviderKind,
    pub external_id: String,
}

/// An order that is ready for its checkout, or has one that is open.
#[derive(Clone, Debug)]
pub enum Prepared {
    /// It is open already.
    Open(CheckoutPage),
    /// It is to be opened, under this key.
    New(Box<Checkout>, String),
}

/// Places the order of a checkout, in a transaction of its own: its key is committed before the provider hears of it. The same wish again
/// is the same order and, while it can be paid, the same checkout.
///
/// # Errors
/// `billing.provider_off`, `billing.price_unknown`, `billing.price_gone`, `billing.plan_unknown`, `billing.plan_archived`, `billing.has_subscription`,
/// `billing.has_for_good`, `billing.no_gift`, `billing.order_count`, `billing.card_blocked` for those whose bank took money back; those of
/// promotion codes on `promotion`.
pub fn prepare(
    tx: &mut Tx<'_>,
    may: &Buy,
    billing: &Billing,
    (price, provider, kind, typed): (PriceId, ProviderKind, LineKind, Option<&str>),
    (base, language): (&str, &str),
) -> Result<Prepared> {
    let (member, now) = (may.member(), tx.now());
    if !billing.ways(&Settings::load(tx)?).contains(&provider) {
        return Err(Error::conflict("billing.provider_off"));
    }
    let plan = store::prices::by_id(tx, price)?.ok_or_else(|| Error::invalid("price", "billing.price_unknown"))?.plan;
    let plan = store::plans::by_id(tx, plan)?.filter(|row| !row.hidden).ok_or_else(|| Error::invalid("price", "billing.plan_unknown"))?;
    if plan.archived_at.is_some() {
        return Err(Error::invalid("price", "billing.plan_archived"));
    }
    let price = priced(tx, plan.id, Some(price))?.found()?;
    may_be_gift(&plan, true, kind)?;
    let is_gift = kind == LineKind::Gift;
    hold(tx, member)?;
    if store::refunds::has_lost(tx, member)? {
        return Err(Error::conflict("billing.card_blocked"));
    }
    if !is_gift && has_for_good(tx, (member, plan.id), provider, now)? {
        return Err(Error::conflict("billing.has_for_good"));
    }
    for row in store::subscriptions::going_on(tx, member)? {
        if row.is_for(plan.id) && row.provider() != ProviderKind::Manual && price.every() != Every::Once && !is_gift {
            return Err(Error::conflict("billing.has_subscription"));
        }
    }
    let counts = counting(tx, typed, member, (&price, kind), now)?;
    let promotion = counts.as_ref().map(|counts| counts.row.id);
    let mut known = None;
    let waiting = store::orders::awaiting(tx, member, plan.id, kind)?;
    hold_uses(tx, waiting.iter().filter_map(|row| row.promotion).chain(promotion).collect())?;
    for row in waiting {
        let line = store::orders::line(tx, row.id)?;
        let is_same = row.provider() == provider && line.price == Some(price.id) && row.promotion == promotion;
        if is_same && known.is_none() && row.expires_at.is_none_or(|end| end > now + LEAST_LEFT) {
            known = Some(row);
        } else if row.provider() != ProviderKind::Manual || row.subscription.is_none() {
            give_way(tx, row, member)?;
        }
    }
    let mut row = match known {
        Some(row) => row,
        None => {
            if store::orders::count_awaiting(tx, member)? >= super::ordering::MOST {
                return Err(Error::conflict("billing.order_count"));
            }
            store::payers::ensure(tx, member)?;
            if let Some(promotion) = promotion {
                claim(tx, promotion)?;
            }
            let mut row = new_order(tx, member, provider, (price.amount, price.currency.clone()), None, String::new());
            if let Some(counts) = &counts {
                counts.apply(&mut row);
            }
            row.expires_at = Some(now + OPENED_WITHIN);
            look(tx, row.id, row.expires_at, false)?;
            let line = new_line(tx, row.id, &plan, Some(price.id), Some(price.every), price.amount);
            let line = LineRow { kind: kind.number(), ..line };
            store::orders::insert(tx, &row, &line)?;
            row
        }
    };
    if let Some(url) = row.session.is_some().then(|| row.url.clone()).flatten() {
        return Ok(Prepared::Open(CheckoutPage { order: row.id, url }));
    }
    if row.attempt == 0 {
        row.attempt = 1;
        store::orders::save(tx, &row)?;
    }
    let trial_days = if is_gift || counts.is_some() || store::subscriptions::had_trial(tx, member, None)? { 0 } else { plan.trial_days };
    let checkout = Checkout {
        order: row.id,
        member,
        email: crate::members::address_of(tx, member)?,
        text: plan.name,
        plan: plan.id,
        price_id: price.id,
        price: price.money()?,
        total: row.total()?,
        promotion: counts.map(|Counts { row, discount, plans, .. }| Promotion { id: row.id, code: row.code, discount, plans }),
        every: if is_gift { Every::Once } else { price.every() },
        trial_days: u32::try_from(trial_days).unwrap_or(0),
        language: language.to_owned(),
        return_to: format!("{base}/orders/{}", row.id),
        back_to: format!("{base}/settings/membership"),
    };
    Ok(Prepared::New(Box::new(checkout), format!("order/{}/try/{}", row.id, row.attempt)))
}

/// Another order takes the place of this one: its checkout is closed, and if it was paid meanwhile that counts.
pub(super) fn give_way(tx: &mut Tx<'_>, row: OrderRow, member: MemberId) -> Result<()> {
    let has_checkout = row.session.is_some();
    let row = close(tx, row, Fact::Cancelled, Some(member))?;
    if has_checkout {
        look(tx, row.id, None, true)?;
    }
    orders_changed(tx, &row, Some(member))
}

/// Has the checkout of an order looked at, now or later. Each hint is a job of its own: one that comes while another is looked at must not
/// be lost.
pub(super) fn look(tx: &mut Tx<'_>, order: OrderId, at: Option<Millis>, close: bool) -> Result<()> {
    let unique_key = at.map(|at| format!("{SETTLE}/{order}/{at}"));
    enqueue(tx, SETTLE, &Look { order, close }, Enqueue { run_at: at, unique_key, ..Enqueue::default() }).map(|_| ())
}

/// Something may have happened to this order's checkout: a hint, after which the provider is asked.
///
/// # Errors
/// When the database refuses.
pub fn hint(tx: &mut Tx<'_>, order: OrderId) -> Result<()> {
    look(tx, order, None, false)
}

/// Keeps the checkout that was opened for an order, and has it looked at when its time is over, whatever its buyer does. None: its provider
/// would charge another sum than was shown, so nobody is sent there; the order is given up, and the checkout is closed.
///
/// # Errors
/// When the database refuses.
pub fn keep_opened(tx: &mut Tx<'_>, order: OrderId, opened: &Opened) -> Result<Option<CheckoutPage>> {
    let buyer = store::orders::by_id(tx, order)?.found()?.buyer;
    hold(tx, buyer)?;
    let mut row = store::orders::by_id(tx, order)?.found()?;
    (row.session, row.url, row.expires_at) = (Some(opened.session.clone()), Some(opened.url.clone()), Some(opened.expires_at));
    let (asked, total) = (row.total()?, opened.total.unwrap_or(row.total()?));
    // Of what a code takes off a provider may round a part of a unit the other way.
    let is_asked = total.currency == asked.currency && total.amount.abs_diff(asked.amount) <= u64::from(row.promotion.is_some());
    if is_asked {
        row.amount = total.amount;
    } else if row.state() == OrderState::Awaiting {
        tracing::error!(%order, asked = %asked.decimal(), there = %total.decimal(), "a provider would charge another sum than was shown");
        row = close(tx, row, Fact::Cancelled, None)?;
    }
    store::orders::save(tx, &row)?;
    look(tx, order, Some(opened.expires_at + LOOKED_AT_AFTER), false)?;
    // It was answered or given up while its provider opened the checkout: nobody is to pay there.
    if row.state() != OrderState::Awaiting {
        look(tx, order, None, true)?;
    }
    orders_changed(tx, &row, None)?;
    Ok(is_asked.then(|| CheckoutPage { order, url: opened.url.clone() }))
}

/// A provider will not open a checkout for this order, however often it is asked: the order is given up, so that what is wished next is asked
/// for anew, and a promotion code that it used can be used by others.
///
/// # Errors
/// When the database refuses.
pub fn not_opened(tx: &mut Tx<'_>, order: OrderId) -> Result<()> {
    let buyer = store::orders::by_id(tx, order)?.found()?.buyer;
    hold(tx, buyer)?;
    let row = store::orders::by_id(tx, order)?.found()?;
    if row.state() != OrderState::Awaiting || row.session.is_some() {
        return Ok(());
    }
    let row = close(tx, row, Fact::Cancelled, None)?;
    orders_changed(tx, &row, None)
}

/// Asks the provider where the checkout of an order stands, and settles it.
///
/// # Errors
/// Those of the provider; `billing.foreign_checkout` when what it says does not belong to this order: nothing is given then, and
/// administrators find it among what they must look at.
pub async fn settle_now(db: &Db, billing: &Billing, order: OrderId, close: bool) -> Result<Order> {
    let row = db.read(move |conn| store::orders::by_id(conn, order)?.found()).await?;
    let Some(session) = row.session.clone() else {
        if row.state() == OrderState::Awaiting && row.expires_at.is_some() {
            return db.write(move |tx| super::ordering::expire(tx, order)).await;
        }
        return db.read(move |conn| super::ordering::one(conn, row)).await;
    };
    let provider = billing.providers.of(row.provider())?;
    let truth = if close {
        provider.expire(&session, &format!("order/{order}/close/{}", row.attempt)).await?
    } else {
        provider.fetch_checkout(&session).await?
    };
    let within = billing.clone();
    let settled = db.write(move |tx| Ok((super::settle(tx, &within, order, &truth)?, store::strange::is_open(tx, order)?)));
    match settled.await? {
        (_, true) => Err(Error::conflict(FOREIGN)),
        (order, false) => Ok(order),
    }
}

/// Asks the provider where a subscription stands, and mirrors it.
///
/// # Errors
/// Those of the provider.
pub async fn mirror_now(db: &Db, billing: &Billing, subscription: SubscriptionId) -> Result<()> {
    let Some(row) = db.read(move |conn| store::subscriptions::by_id(conn, subscription)).await? else { return Ok(()) };
    let (kind, Some(external_id)) = (row.provider(), row.external_id) else { return Ok(()) };
    let truth = billing.providers.of(kind)?.fetch_subscription(&external_id).await?;
    let within = billing.clone();
    db.write(move |tx| super::mirror(tx, &within, kind, &truth)).await
}

/// What of an own subscription its provider must be told.
#[derive(Clone, Debug)]
pub struct Elsewhere {
    /// Which provider.
    pub provider: ProviderKind,
    /// Its name there.
    pub external_id: String,
    /// When it was asked last: a change after that is another one.
    pub fetched_at: Millis,
}

/// The provider that keeps an own subscription; none: it is kept here.
///
/// # Errors
/// When the database cannot be read.
pub fn elsewhere(conn: &mut Conn, may: &OwnSubscription) -> Result<Option<Elsewhere>> {
    let row = store::subscriptions::by_id(conn, may.subscription())?.found()?;
    Ok(row.external_id.map(|external_id| Elsewhere {
        provider: ProviderKind::from_number(row.provider),
        external_id,
        fetched_at: row.fetched_at,
    }))
}

/// Has an own subscription end with its period, or go on, at the provider that keeps it; shown is what the provider then says. One that owes is
/// over at once: its card is not tried again for what is not wanted any more.
///
/// # Errors
/// `billing.subscription_over`, and those of the provider.
pub async fn cancel_elsewhere(db: &Db, billing: &Billing, id: SubscriptionId, at: &Elsewhere, cancels: bool) -> Result<Subscription> {
    let row = db.read(move |conn| store::subscriptions::by_id(conn, id)?.found()).await?;
    if row.ended_at.is_some() {
        return Err(Error::conflict("billing.subscription_over"));
    }
    let key = format!("subscription/{id}/cancels/{cancels}/{}", at.fetched_at);
    let provider = billing.providers.of(at.provider)?;
    // It may be paid by now.
    let owes = cancels && row.past_due_since.is_some() && provider.fetch_subscription(&at.external_id).await?.past_due_since.is_some();
    let truth =
        if owes { provider.end(&at.external_id, &key).await? } else { provider.cancel_at_end(&at.external_id, cancels, &key).await? };
    let (within, kind) = (billing.clone(), at.provider);
    db.write(move |tx| {
        super::mirror(tx, &within, kind, &truth)?;
        super::subscribing::by_id(tx, id)
    })
    .await
}

/// The order of a return page, as it stands.
///
/// # Errors
/// When the database cannot be read.
pub fn own_order(conn: &mut Conn, order: OrderId) -> Result<Order> {
    let row = store::orders::by_id(conn, order)?.found()?;
    super::ordering::one(conn, row)
}

/// An account was deleted: its provider ends what it paid for, now or at an instant, before anything more is charged.
pub(super) fn end_elsewhere(tx: &mut Tx<'_>, provider: ProviderKind, external_id: &str, at: Option<Millis>) -> Result<()> {
    let unique_key = Some(format!("{END}/{external_id}"));
    let ending = Ending { provider, external_id: external_id.to_owned() };
    enqueue(tx, END, &ending, Enqueue { unique_key, run_at: at, max_attempts: END_ATTEMPTS }).map(|_| ())
}

/// Ends a subscription at its provider, and mirrors what it then says.
pub(super) async fn end_now(db: &Db, billing: &Billing, ending: Ending) -> Result<()> {
    let Ending { provider: kind, external_id } = ending;
    let name = external_id.clone();
    let known = db.read(move |conn| store::subscriptions::by_external_id(conn, kind, &name)).await?;
    // One key for each time that it was looked at: what was refused once is asked again when it still goes on.
    let key = format!("end/{external_id}/{}", known.map_or(0, |row| row.fetched_at));
    let truth = billing.providers.of(kind)?.end(&external_id, &key).await?;
    let (within, is_over) = (billing.clone(), !truth.status.is_open());
    db.write(move |tx| super::mirror(tx, &within, kind, &truth)).await?;
    if is_over { Ok(()) } else { Err(Error::Busy { retry_after_ms: END_PAUSE_MS }) }
}

/// Something may have happened to a provider's subscription: a hint, after which the provider is asked.
///
/// # Errors
/// When the database refuses.
pub fn hint_subscription(tx: &mut Tx<'_>, provider: ProviderKind, external_id: &str) -> Result<()> {
    let Some(row) = store::subscriptions::by_external_id(tx, provider, external_id)? else { return Ok(()) };
    enqueue(tx, SUBSCRIPTION, &Due { subscription: row.id }, Enqueue::default()).map(|_| ())
}

//! Another price at the provider that keeps a subscription: asked about and told only while our row of it is not old; and back to what is paid.

use serde::{Deserialize, Serialize};

use super::changing::sold;
use super::checkout::mirror_now;
use super::fulfilling::has_for_good;
use super::{Billing, Changed, store};
use crate::billing::model::SubscriptionRow;
use crate::billing::providers::{ProviderKind, Seen, Switch, SwitchTime, Switched};
use crate::clock::Millis;
use crate::error::{Error, Found, Result};
use crate::ids::SubscriptionId;
use crate::jobs::{Enqueue, enqueue};
use crate::money::Money;
use crate::storage::{Conn, Db, Tx};

/// Jobs that have a provider go on with what is paid.
pub const BACK: &str = "billing.back";

/// What was shown or planned is not so any more.
const STALE: &str = "billing.change_stale";
/// Until a subscription that was another one than our row is looked at again.
const AGAIN_MS: u64 = 1_000;
/// So long before the end of a period nothing is weighed any more: what is decided then may reach its provider in the next one.
const TURNS_MS: Millis = 60_000;

/// What a switch of this subscription is weighed with.
pub(super) fn seen(row: &SubscriptionRow) -> Seen {
    Seen { price: row.price, next: row.next_price, period_end: row.period_end, status: row.status(), cancels_at_end: row.cancels_at_end }
}

/// Refuses what would be weighed against a row whose provider begins the next period about now, or has begun it.
pub(super) fn must_not_turn(row: &SubscriptionRow, now: Millis) -> Result<()> {
    if row.external_id.is_some() && row.period_end <= now + TURNS_MS { Err(Error::conflict(STALE)) } else { Ok(()) }
}

/// What its provider says that a change would cost at once.
///
/// # Errors
/// `billing.change_stale` where the subscription is another there than here; it is mirrored then. And those of the provider.
pub async fn quote_elsewhere(db: &Db, billing: &Billing, id: SubscriptionId, (kind, switch): (ProviderKind, &Switch)) -> Result<Money> {
    let quoted = billing.providers.of(kind)?.quote(switch).await;
    mirrored_if_stale(db, billing, id, quoted).await
}

/// Has a provider do it, and shows what it then says.
///
/// # Errors
/// `billing.card_refused` when the difference cannot be charged, `billing.change_stale` where the subscription is another there than it was
/// when the change was weighed; it is mirrored then. And those of the provider.
pub async fn change_elsewhere(
    db: &Db,
    billing: &Billing,
    id: SubscriptionId,
    (kind, switch): (ProviderKind, &Switch),
    key: &str,
) -> Result<Changed> {
    let switched = billing.providers.of(kind)?.switch(switch, key).await;
    let Switched { truth, confirm_at } = mirrored_if_stale(db, billing, id, switched).await?;
    let within = billing.clone();
    db.write(move |tx| {
        super::mirror(tx, &within, kind, &truth)?;
        Ok(Changed { subscription: super::subscribing::by_id(tx, id)?, order: None, confirm_at })
    })
    .await
}

/// What a job of the kind [`BACK`] needs to know.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct ToPaid {
    pub subscription: SubscriptionId,
}

/// Has the provider of a subscription go on with what is paid: the difference of a dearer plan went back, or what it was to become is paid for
/// good.
pub(super) fn back_later(tx: &mut Tx<'_>, subscription: SubscriptionId) -> Result<()> {
    enqueue(tx, BACK, &ToPaid { subscription }, Enqueue::default()).map(|_| ())
}

/// The switch by which a subscription is what is paid of it, with its key; none: it is.
fn to_paid(conn: &mut Conn, id: SubscriptionId, now: Millis) -> Result<Option<(ProviderKind, Switch, String)>> {
    let row = store::subscriptions::by_id(conn, id)?.found()?;
    let (Some(external_id), Some((_, paid))) = (row.external_id.clone(), store::orders::newest_kept(conn, id)?) else { return Ok(None) };
    let is_sold = match row.next_plan {
        Some(next) => has_for_good(conn, (row.member, next), row.provider(), now)?,
        None => false,
    };
    let back_to = match row.price {
        Some(price) if is_sold => price,
        Some(price) if price != paid => paid,
        _ => return Ok(None),
    };
    if row.ended_at.is_some() {
        return Ok(None);
    }
    let price = store::prices::by_id(conn, back_to)?.found()?;
    let plan = store::plans::by_id(conn, price.plan)?.found()?;
    let (kind, key) = (row.provider(), format!("change/{id}/back/{}", row.fetched_at));
    Ok(Some((kind, Switch { external_id, seen: seen(&row), to: sold(&plan, &price)?, when: SwitchTime::Back }, key)))
}

/// Has the provider of a subscription go on with what is paid, by what it says now. Again it does nothing.
///
/// # Errors
/// Those of the provider.
pub(super) async fn back_now(db: &Db, billing: &Billing, id: SubscriptionId) -> Result<()> {
    mirror_now(db, billing, id).await?;
    let found = db.write(move |tx| {
        let now = tx.now();
        to_paid(tx, id, now)
    });
    let Some((kind, switch, key)) = found.await? else { return Ok(()) };
    match change_elsewhere(db, billing, id, (kind, &switch), &key).await {
        Err(error) if error.code() == STALE => Err(Error::Busy { retry_after_ms: AGAIN_MS }),
        done => done.map(|_| ()),
    }
}

/// Whoever is told that what they saw is old finds what is so when they look again.
async fn mirrored_if_stale<T>(db: &Db, billing: &Billing, id: SubscriptionId, answer: Result<T>) -> Result<T> {
    if let Err(error) = &answer
        && error.code() == STALE
    {
        mirror_now(db, billing, id).await?;
    }
    answer
}

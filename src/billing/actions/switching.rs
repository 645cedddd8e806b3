//! Another price at the provider that keeps a subscription: asked about and told only while our row of it is not old.

use super::checkout::mirror_now;
use super::{Billing, Changed};
use crate::billing::model::SubscriptionRow;
use crate::billing::providers::{ProviderKind, Seen, Switch, Switched};
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::ids::SubscriptionId;
use crate::money::Money;
use crate::storage::Db;

/// What was shown or planned is not so any more.
const STALE: &str = "billing.change_stale";
/// So long before the end of a period nothing is weighed any more: what is decided then may reach its provider in the next one.
const TURNS_MS: Millis = 60_000;

/// What a switch of this subscription is weighed with.
pub(super) const fn seen(row: &SubscriptionRow) -> Seen {
    Seen { price: row.price, period_end: row.period_end }
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

/// Whoever is told that what they saw is old finds what is so when they look again.
async fn mirrored_if_stale<T>(db: &Db, billing: &Billing, id: SubscriptionId, answer: Result<T>) -> Result<T> {
    if let Err(error) = &answer
        && error.code() == STALE
    {
        mirror_now(db, billing, id).await?;
    }
    answer
}

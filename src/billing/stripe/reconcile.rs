//! What holds without webhooks: every quarter of an hour what happened is listed, and what was not looked at for long is looked at.

use futures_util::future::BoxFuture;

use super::client::views::{Event, Subscription};
use super::connection::{Connection, Stripe};
use super::envelope::{self, Envelope, Object};
use super::inbox::{KEPT_MS, hear, take_up};
use super::mirror::Mirror;
use super::store::events::{self, EventSource};
use super::store::mirrored;
use super::truth;
use crate::clock::Millis;
use crate::error::Result;
use crate::jobs::{Enqueue, Job, JobHandler, enqueue};
use crate::storage::{Conn, Tx, fact, set_fact};

/// Jobs that look at what webhooks may not have told.
pub const ROUND: &str = "stripe.round";
/// Between two rounds.
pub const EVERY_MS: Millis = 15 * 60_000;
/// A checkout that is open for so long is looked at, whether or not anything was heard of it.
const VISIT_MS: Millis = 10 * 60_000;
/// A subscription that was not looked at for so long is.
const STALE_MS: Millis = 6 * 3_600_000;
/// Of each sort, at most so many in one round.
const MOST: i64 = 200;
/// How far back the first round looks, and how far each looks behind the one before: events are not listed in the order of their making.
const OVERLAP_S: i64 = 600;
/// Pages of events in one round.
const PAGES: usize = 50;
/// Between two comparisons of everything.
const COMPARE_MS: Millis = 86_400_000;
/// The fact of when everything was compared.
const COMPARED: &str = "stripe.compared_at";
/// The fact of up to when events were listed, in seconds.
const CURSOR: &str = "stripe.events_until";
/// The fact of how many corrections were made that no webhook had asked for.
const DRIFT: &str = "stripe.drift";

/// Has the next round begin, and no other one beside it.
///
/// # Errors
/// When the database refuses.
pub fn arrange(tx: &mut Tx<'_>, at: Millis) -> Result<()> {
    let options = Enqueue { run_at: Some(at), unique_key: Some(format!("{ROUND}/{}", at / EVERY_MS)), ..Enqueue::default() };
    enqueue(tx, ROUND, &(), options).map(|_| ())
}

/// How many corrections were made that no webhook had asked for.
///
/// # Errors
/// When the database cannot be read.
pub fn drift(conn: &mut Conn) -> Result<i64> {
    Ok(fact(conn, DRIFT)?.and_then(|text| text.parse().ok()).unwrap_or(0))
}

pub(super) fn count_drift(tx: &mut Tx<'_>) -> Result<()> {
    let now = drift(tx)? + 1;
    set_fact(tx, DRIFT, &now.to_string())
}

impl From<Event> for Envelope {
    fn from(event: Event) -> Self {
        Self {
            id: event.id,
            kind: event.kind,
            created_s: event.created,
            account: event.account,
            is_live: event.livemode,
            api_version: event.api_version,
            object: event.data.object.id.filter(|id| envelope::is_id(id)),
        }
    }
}

/// Looks at what webhooks may not have told.
#[derive(Clone, Debug)]
pub struct Rounds(pub Mirror);

impl Rounds {
    async fn go(&self) -> Result<()> {
        let stripe = &self.0.stripe;
        let now = stripe.now();
        stripe.reload().await?;
        // Whoever connects an account has the rounds begin again.
        let Some(to) = stripe.connection() else { return Ok(()) };
        // Before anything can go wrong: one round that fails is not the last.
        stripe
            .db()
            .write(move |tx| {
                arrange(tx, tx.now() + EVERY_MS)?;
                take_up(tx, MOST)?;
                events::forget_before(tx, now - KEPT_MS)
            })
            .await?;
        if let Err(error) = self.list(stripe, &to, now).await {
            // The next one looks as far back as this one would have.
            tracing::warn!(%error, "what happened at Stripe could not be listed");
        }
        let open = stripe.db().read(move |conn| mirrored::visits_open_since(conn, now - VISIT_MS, MOST)).await?;
        let stale = stripe.db().read(move |conn| mirrored::stale(conn, now, now - STALE_MS, MOST)).await?;
        let other = self.differing(stripe, &to, now).await?;
        let subscriptions = stale.into_iter().chain(other).map(Object::Subscription);
        for object in open.into_iter().map(Object::Session).chain(subscriptions) {
            match self.0.refetch(&object, None).await {
                Ok(true) => stripe.db().write(count_drift).await?,
                Ok(false) => {}
                // The others are looked at all the same, and this one in the next round.
                Err(error) => tracing::warn!(%error, object = object.id(), "an object at Stripe could not be looked at"),
            }
        }
        Ok(())
    }

    /// Once a day: every subscription of the account that stands elsewhere than our row of it, also one of our orders that has no row.
    async fn differing(&self, stripe: &Stripe, to: &Connection, now: Millis) -> Result<Vec<String>> {
        let last = stripe.db().read(|conn| fact(conn, COMPARED)).await?.and_then(|text| text.parse().ok());
        if last.is_some_and(|last: Millis| now < last + COMPARE_MS) {
            return Ok(Vec::new());
        }
        let (mut found, mut after) = (Vec::new(), None);
        for _ in 0..PAGES {
            let page = match to.client.subscriptions(after.as_deref()).await {
                Ok(page) => page,
                Err(failure) => {
                    tracing::warn!(%failure, "the subscriptions at Stripe could not be listed");
                    return Ok(found);
                }
            };
            after = page.data.last().map(|one| one.id.clone());
            let has_more = page.has_more && after.is_some();
            found.extend(stripe.db().read(move |conn| differing(conn, page.data)).await?);
            if !has_more {
                break;
            }
        }
        stripe.db().write(move |tx| set_fact(tx, COMPARED, &now.to_string())).await?;
        Ok(found)
    }

    /// Hears of what happened since the last round, as far as it was not told.
    async fn list(&self, stripe: &Stripe, to: &std::sync::Arc<Connection>, now: Millis) -> Result<()> {
        let cursor = stripe.db().read(|conn| fact(conn, CURSOR)).await?.and_then(|text| text.parse().ok());
        let since = cursor.unwrap_or(now / 1_000) - OVERLAP_S;
        let mut after = None;
        for _ in 0..PAGES {
            let page = to.client.events(since, after.as_deref()).await?;
            after = page.data.last().map(|event| event.id.clone());
            let (to, has_more) = (std::sync::Arc::clone(to), page.has_more && after.is_some());
            stripe
                .db()
                .write(move |tx| {
                    for event in page.data {
                        hear(tx, &to, &event.into(), EventSource::List, &[])?;
                    }
                    Ok(())
                })
                .await?;
            if !has_more {
                break;
            }
        }
        stripe.db().write(move |tx| set_fact(tx, CURSOR, &(now / 1_000).to_string())).await
    }
}

/// Those of these that stand elsewhere than our rows of them.
fn differing(conn: &mut Conn, all: Vec<Subscription>) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for one in all {
        let status = truth::status(&one.status);
        let differs = match mirrored::looks(conn, &one.id)? {
            Some(row) => row.status() != status || row.cancels_at_end != one.cancel_at_period_end,
            None => status.is_open() && truth::order(one.metadata.as_ref()).is_some(),
        };
        if differs {
            found.push(one.id);
        }
    }
    Ok(found)
}

impl JobHandler for Rounds {
    fn run(&self, _: Job) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.go())
    }
}

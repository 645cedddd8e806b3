//! What Stripe tells: believed if it is signed, kept once, answered at once; then its object is fetched, and what is found there counts.

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::connection::{Connection, Stripe};
use super::envelope::{self, Envelope, Object, Verdict, Why};
use super::mirror::Mirror;
use super::reconcile::count_drift;
use super::signature::{self, Rejected};
use super::store::events::{self, EventRow, EventSource, EventState};
use super::store::objects;
use crate::clock::Millis;
use crate::error::{Error, RefusalKind, Result};
use crate::ids::StripeEventId;
use crate::jobs::{Enqueue, Job, JobHandler, enqueue};
use crate::mutants::Mutant;
use crate::storage::Tx;

/// Jobs that fetch the object of an event.
pub const EVENT: &str = "stripe.event";
/// Attempts before a person must look: with their pauses about two hours.
const ATTEMPTS: i32 = 12;

/// For how long an event is taken up again that lost its job.
const TAKEN_UP_MS: Millis = 3 * 86_400_000;

#[derive(Serialize, Deserialize)]
struct ToFetch {
    event: StripeEventId,
}

/// The words of a refused webhook.
fn refused(why: Rejected) -> Error {
    Error::invalid(
        "",
        match why {
            Rejected::Header => "billing.webhook_unsigned",
            Rejected::Signature => "billing.webhook_signature",
            Rejected::Stale(_) => "billing.webhook_stale",
        },
    )
}

impl Stripe {
    /// Takes a webhook in. Nothing is done about it here but to keep it.
    ///
    /// # Errors
    /// `billing.stripe_off` while nothing is connected; `billing.webhook_unsigned`, `billing.webhook_signature`, `billing.webhook_stale`:
    /// nothing is stored then. When the database refuses, Stripe sends it again.
    pub async fn take_in(&self, header: &str, body: Vec<u8>) -> Result<()> {
        // Not found would say more to strangers, and Stripe tries again either way.
        let to = self.connection().ok_or_else(|| Error::refused(RefusalKind::Unavailable, "billing.stripe_off"))?;
        let behind = signature::verify(&body, header, &to.secrets, self.now()).map_err(|why| {
            if let Rejected::Stale(seconds) = why {
                tracing::warn!(seconds, "a webhook of Stripe was refused: its clock and ours differ too much");
            }
            refused(why)
        })?;
        self.note_skew(behind);
        if Mutant::MoneyAckUnstored.is_on() {
            let db = self.db().clone();
            actix_web::rt::spawn(async move {
                actix_web::rt::time::sleep(std::time::Duration::from_millis(200)).await;
                db.write(move |tx| keep(tx, &to, &body)).await
            });
            return Ok(());
        }
        self.db().write(move |tx| keep(tx, &to, &body)).await
    }
}

/// Keeps what came, once.
fn keep(tx: &mut Tx<'_>, to: &Connection, body: &[u8]) -> Result<()> {
    let Some(envelope) = envelope::read(body) else {
        // Its bytes are its name: the same ones again are no second event.
        let name: String = Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect();
        let row = row(tx, (format!("unread_{name}"), String::new()), EventSource::Webhook, EventState::Parked, None);
        tracing::error!("a webhook of Stripe cannot be read; it is kept");
        events::insert(tx, &row, body)?;
        return Ok(());
    };
    hear(tx, to, &envelope, EventSource::Webhook, body).map(|_| ())
}

fn row(tx: &Tx<'_>, (event, kind): (String, String), source: EventSource, state: EventState, object: Option<String>) -> EventRow {
    EventRow {
        id: tx.new_id(),
        event,
        kind,
        object,
        happened_at: tx.now(),
        received_at: tx.now(),
        api_version: None,
        source: source as i16,
        state: state as i16,
        attempts: 0,
        error: None,
        wanted: 0,
    }
}

/// Stores an event, and that its object is to be fetched; `false` when it is known.
pub(super) fn hear(tx: &mut Tx<'_>, to: &Connection, envelope: &Envelope, source: EventSource, body: &[u8]) -> Result<bool> {
    let verdict = envelope::judge(envelope, to.is_live, to.account.as_deref());
    let (state, object) = match &verdict {
        Verdict::Fetch(object) => (EventState::Waiting, Some(object)),
        Verdict::Nothing(Why::WrongMode) => (EventState::WrongMode, None),
        Verdict::Nothing(Why::ForeignAccount) => (EventState::ForeignAccount, None),
        Verdict::Nothing(Why::Unconcerning) => (EventState::Unconcerning, None),
    };
    let name = object.map(serde_json::to_string).transpose()?;
    let mut row = row(tx, (envelope.id.clone(), envelope.kind.clone()), source, state, name);
    row.happened_at = envelope.created_s.saturating_mul(1_000);
    row.api_version.clone_from(&envelope.api_version);
    if let Some(object) = object {
        // Before the event: whoever reads a list of them holds an object from the first event of it to the last.
        objects::hold(tx, object.id())?;
    }
    if !events::insert(tx, &row, body)? {
        if source == EventSource::Webhook {
            // The list was quicker; that its webhook came counts all the same.
            events::was_sent(tx, &row.event, body)?;
        }
        return Ok(false);
    }
    if let Some(object) = object {
        let wanted = objects::want(tx, object.id())?;
        events::set_wanted(tx, row.id, wanted)?;
        fetch_later(tx, row.id)?;
    }
    Ok(true)
}

/// What waits has a job that follows it, also where the program ended in each attempt of the one before; after three days a person must look.
pub(super) fn take_up(tx: &mut Tx<'_>, most: i64) -> Result<()> {
    let since = tx.now() - TAKEN_UP_MS;
    for event in events::find(tx, &[EventState::Waiting], None, most)? {
        if event.received_at < since {
            events::fail(tx, event.id, "it was never followed to its end", true)?;
        } else {
            fetch_later(tx, event.id)?;
        }
    }
    Ok(())
}

fn fetch_later(tx: &mut Tx<'_>, event: StripeEventId) -> Result<()> {
    let options = Enqueue { run_at: None, unique_key: Some(format!("{EVENT}/{event}")), max_attempts: ATTEMPTS };
    enqueue(tx, EVENT, &ToFetch { event }, options).map(|_| ())
}

/// Has an event that had no effect looked at again: its bytes are read anew, by what this version can read. Answers with their id of it.
///
/// # Errors
/// [`Error::NotFound`] for one that does not exist; `billing.event_done` for one that has had its effect; `billing.event_unread` for one
/// that still cannot be read.
pub(super) fn replay(tx: &mut Tx<'_>, to: &Connection, id: StripeEventId) -> Result<String> {
    let event = events::by_id(tx, id)?.ok_or(Error::NotFound)?;
    match EventState::from_number(event.state) {
        EventState::Dead => {
            events::set_state(tx, id, EventState::Waiting)?;
            fetch_later(tx, id)?;
        }
        EventState::Parked => {
            let body = events::body(tx, id)?;
            let envelope = envelope::read(&body).ok_or_else(|| Error::conflict("billing.event_unread"))?;
            events::set_state(tx, id, EventState::Done)?;
            hear(tx, to, &envelope, EventSource::Webhook, &body)?;
        }
        _ => return Err(Error::conflict("billing.event_done")),
    }
    Ok(event.event)
}

/// Fetches objects of which something was heard.
#[derive(Clone, Debug)]
pub struct Fetcher(pub Mirror);

impl JobHandler for Fetcher {
    fn run(&self, job: Job) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let ToFetch { event: id } = job.read()?;
            let stripe = &self.0.stripe;
            let Some(event) = stripe.db().read(move |conn| events::by_id(conn, id)).await? else { return Ok(()) };
            let Some(object) = event.object.as_deref().map(serde_json::from_str::<Object>).transpose()? else { return Ok(()) };
            match self.0.refetch(&object, Some(event.wanted)).await {
                Ok(changed) => {
                    let is_drift = changed && event.source == EventSource::List as i16;
                    let done = move |tx: &mut Tx<'_>| {
                        if is_drift {
                            count_drift(tx)?;
                        }
                        events::set_state(tx, id, EventState::Done)
                    };
                    stripe.db().write(done).await
                }
                Err(error) => {
                    let (text, is_last) = (error.to_string(), job.attempt >= job.max_attempts);
                    stripe.db().write(move |tx| events::fail(tx, id, &text, is_last)).await?;
                    Err(error)
                }
            }
        })
    }
}

/// For how long events are kept that need nobody any more.
pub(super) const KEPT_MS: Millis = 90 * 86_400_000;

//! An account is connected, checked and let go; what it told is looked at.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::client::call::{Call, Tags};
use super::client::views::Answer;
use super::connection::{ACCOUNT, KEY, KeySource, SIGNED, SIGNS, Stripe, hint, mode_of};
use super::envelope::EVENTS;
use super::policy::{ManageStripe, ReplayEvent};
use super::store::events::{EventRow, EventSource, EventState};
use super::store::{calls, events, mirrored, secrets};
use super::{inbox, reconcile};
use crate::access::{Actor, Page};
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::ids::StripeEventId;
use crate::members::site_address;
use crate::storage::{Act, Conn, Tx, record, set_fact};

/// The name under which an endpoint of ours is known again.
const ENDPOINT: &str = "rialto_site";
/// A clock that differs by more is worth a word: webhooks are refused at five minutes.
const SKEW_S: i64 = 60;

/// How things stand with the account.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct StripeStatus {
    /// Is one connected?
    pub connected: bool,
    /// Where its key comes from.
    pub source: Option<KeySource>,
    /// Is it about real money?
    pub live: bool,
    /// Whose account it is, where the key may tell.
    pub account: Option<String>,
    /// The last characters of the key; the rest is never shown.
    pub key_hint: Option<String>,
    /// Where webhooks are to be sent.
    pub webhook_url: String,
    /// Is there something that they are signed with?
    pub takes_webhooks: bool,
    /// When the newest came, milliseconds UTC.
    pub last_webhook_at: Option<Millis>,
    /// By how many seconds our clock was ahead of its signature.
    pub last_webhook_skew_s: Option<i64>,
    /// Events whose object is still to be fetched.
    pub waiting: i64,
    /// Events that cannot be read.
    pub parked: i64,
    /// Events whose object could not be fetched, however often we tried.
    pub dead: i64,
    /// Calls whose outcome is not known.
    pub calls_open: i64,
    /// Calls whose outcome was not learnt in time.
    pub calls_given_up: i64,
    /// Corrections that no webhook had asked for.
    pub drift: i64,
    /// What the last round trip showed; null: none was made since the start.
    pub checked: Option<StripeCheck>,
}

/// A key, pasted.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct NewKey {
    /// Secret or restricted.
    pub key: String,
    /// What webhooks are signed with; missing: the endpoint is made through the API, where this site can be reached by https.
    #[serde(default)]
    pub webhook_secret: Option<String>,
}

/// What the last round trip showed, since the start of the program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct StripeCheck {
    /// When it was made, milliseconds UTC.
    pub at: Millis,
    /// How long it took, in milliseconds.
    pub round_trip_ms: u64,
    /// By how many seconds our clock is ahead of theirs.
    pub skew_s: i64,
    /// Is that more than a minute? At five, webhooks are refused.
    pub skewed: bool,
    /// Is the endpoint of this site enabled there? Null: there is none of ours, or the key may not look.
    pub endpoint_enabled: Option<bool>,
    /// Are its events written in the version that this program speaks?
    pub endpoint_version_fits: Option<bool>,
}

/// An event, as administrators see it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct StripeEvent {
    /// Id.
    pub id: StripeEventId,
    /// Their id.
    pub event: String,
    /// What happened.
    pub kind: String,
    /// When, milliseconds UTC.
    pub happened_at: Millis,
    /// When we heard of it.
    pub received_at: Millis,
    /// How.
    pub source: EventSource,
    /// Where it stands.
    pub state: EventState,
    /// How often its object was fetched in vain.
    pub attempts: i32,
    /// Why, the last time.
    pub error: Option<String>,
}

impl From<EventRow> for StripeEvent {
    fn from(row: EventRow) -> Self {
        Self {
            id: row.id,
            event: row.event,
            kind: row.kind,
            happened_at: row.happened_at,
            received_at: row.received_at,
            source: if row.source == EventSource::List as i16 { EventSource::List } else { EventSource::Webhook },
            state: EventState::from_number(row.state),
            attempts: row.attempts,
            error: row.error,
        }
    }
}

/// A key that was tried, with what is to be stored of it.
pub struct Tried {
    key: String,
    account: String,
    secret: Option<String>,
}

impl Stripe {
    /// Where webhooks are to be sent.
    #[must_use]
    pub fn webhook_url(&self) -> String {
        format!("{}/hooks/stripe", site_address(self.config()))
    }

    /// How things stand.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn status(&self, conn: &mut Conn) -> Result<StripeStatus> {
        let to = self.connection();
        let (calls_open, calls_given_up) = calls::counts(conn)?;
        Ok(StripeStatus {
            connected: to.is_some(),
            source: to.as_ref().map(|to| to.source),
            live: to.as_ref().is_some_and(|to| to.is_live),
            account: to.as_ref().and_then(|to| to.account.clone()),
            key_hint: to.as_ref().map(|to| to.hint.clone()),
            webhook_url: self.webhook_url(),
            takes_webhooks: to.is_some_and(|to| !to.secrets.is_empty()),
            last_webhook_at: events::last_webhook(conn)?,
            last_webhook_skew_s: self.skew(),
            waiting: events::count(conn, EventState::Waiting)?,
            parked: events::count(conn, EventState::Parked)?,
            dead: events::count(conn, EventState::Dead)?,
            calls_open,
            calls_given_up,
            drift: reconcile::drift(conn)?,
            checked: self.checked(),
        })
    }

    /// Tries a key at Stripe, and has webhooks sent here where this site can be reached. Nothing is stored yet.
    ///
    /// # Errors
    /// `billing.stripe_key`, `billing.stripe_publishable`, `billing.stripe_secret`, `billing.stripe_at_start` while one was given at the
    /// start, `billing.provider_key` for one that is not accepted.
    pub async fn try_key(&self, new: &NewKey) -> Result<Tried> {
        if self.config().stripe_key.is_some() {
            return Err(Error::conflict("billing.stripe_at_start"));
        }
        let key = new.key.trim();
        let is_live = mode_of(key)?;
        let secret = new.webhook_secret.as_deref().map(str::trim).filter(|secret| !secret.is_empty());
        if secret.is_some_and(|secret| !secret.starts_with("whsec_") || secret.len() > 255 || !secret.bytes().all(|b| b.is_ascii_graphic()))
        {
            return Err(Error::invalid("webhook_secret", "billing.stripe_secret"));
        }
        let client = self.client(key)?;
        if client.balance().await?.livemode != is_live {
            return Err(Error::invalid("key", "billing.stripe_key"));
        }
        // A restricted key may not be allowed to ask who it is.
        let account = client.account().await.map(|account| account.id).unwrap_or_default();
        let secret = match secret {
            Some(secret) => Some(secret.to_owned()),
            None => self.make_endpoint(&client).await?,
        };
        Ok(Tried { key: key.to_owned(), account, secret })
    }

    /// Has webhooks sent here, in the place of an endpoint that was made before; none where this site cannot be reached by https, and
    /// where the key may not do it: then what happened is listed every quarter of an hour.
    async fn make_endpoint(&self, client: &super::client::Client) -> Result<Option<String>> {
        let url = self.webhook_url();
        if !url.starts_with("https://") {
            return Ok(None);
        }
        match client.endpoints().await {
            Ok(all) => {
                for old in all.into_iter().filter(|one| one.url == url) {
                    client.remove_endpoint(&old.id).await?;
                }
            }
            Err(super::client::Failure::Key { .. }) => return Ok(None),
            Err(failure) => return Err(failure.into()),
        }
        let tags: Tags = [(ENDPOINT.to_owned(), site_address(self.config()))].into();
        Ok(client.make_endpoint(&url, &EVENTS, &tags).await?.secret)
    }

    /// Stores a key that was tried, and what webhooks are signed with; the secret before it is good for another day.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn connect(&self, tx: &mut Tx<'_>, may: &ManageStripe, actor: &Actor, tried: &Tried) -> Result<()> {
        let by = Some(may.by());
        if let Some(old) = secrets::by_name(tx, SIGNS)?.and_then(|row| self.keys().open(SIGNS, &row.sealed)) {
            let sealed = self.keys().seal(SIGNED, &old)?;
            secrets::put(tx, SIGNED, &sealed, by)?;
        }
        let sealed = self.keys().seal(KEY, tried.key.as_bytes())?;
        secrets::put(tx, KEY, &sealed, by)?;
        match &tried.secret {
            Some(secret) => {
                let sealed = self.keys().seal(SIGNS, secret.as_bytes())?;
                secrets::put(tx, SIGNS, &sealed, by)?;
            }
            None => secrets::remove(tx, SIGNS)?,
        }
        set_fact(tx, ACCOUNT, &tried.account)?;
        let after = json!({ "account": tried.account, "key": hint(&tried.key) });
        trace(tx, actor, "stripe.connect", Some(after))?;
        self.in_force(tx)
    }

    /// Lets the account go: nobody can pay there any more. What was paid stays, until its end.
    ///
    /// # Errors
    /// `billing.stripe_at_start` while the key was given at the start.
    pub fn disconnect(&self, tx: &mut Tx<'_>, _: &ManageStripe, actor: &Actor) -> Result<()> {
        if self.config().stripe_key.is_some() {
            return Err(Error::conflict("billing.stripe_at_start"));
        }
        for name in [KEY, SIGNS, SIGNED] {
            secrets::remove(tx, name)?;
        }
        trace(tx, actor, "stripe.disconnect", None)?;
        self.in_force(tx)
    }

    /// Puts in force what this transaction stored, with its commit.
    fn in_force(&self, tx: &mut Tx<'_>) -> Result<()> {
        let (found, this) = (self.load(tx)?, self.clone());
        tx.after_commit(move || this.put(found));
        reconcile::arrange(tx, tx.now())
    }

    /// Makes a round trip that changes a little thing, whose answer says what time it is there.
    ///
    /// # Errors
    /// `billing.stripe_off`, `billing.provider_key`, [`Error::Busy`] when nothing comes back.
    pub async fn check(&self) -> Result<()> {
        let to = self.connected()?;
        let first = self.db().read(mirrored::first_plan).await?;
        let (plan, name, description) = first.ok_or_else(|| Error::conflict("billing.plan_unknown"))?;
        let product = self.product(&to, plan, &name, &description).await?;
        let began = self.now();
        let timer = std::time::Instant::now();
        let tags: Tags = [("rialto_checked".to_owned(), began.to_string())].into();
        let call = Call::ChangeProduct { id: product, name, is_active: true, tags };
        // Done twice it does no harm: the key is only of this moment.
        let answer = call.make(&to.client, &format!("{}/check/{began}", to.scope())).await?;
        let round_trip_ms = u64::try_from(timer.elapsed().as_millis()).unwrap_or(u64::MAX);
        let Answer::Product(product) = answer else { return Err(Error::broken("a product is none")) };
        let skew_s = (began + self.now()) / 2_000 - product.updated;
        let url = self.webhook_url();
        let endpoint = to.client.endpoints().await.ok().and_then(|all| all.into_iter().find(|one| one.url == url));
        self.note_check(StripeCheck {
            at: began,
            round_trip_ms,
            skew_s,
            skewed: skew_s.abs() > SKEW_S,
            endpoint_enabled: endpoint.as_ref().map(|one| one.status == "enabled"),
            endpoint_version_fits: endpoint.map(|one| one.api_version.as_deref() == Some(super::client::version())),
        });
        Ok(())
    }

    /// Has an event looked at again that had no effect.
    ///
    /// # Errors
    /// `billing.stripe_off`, `billing.event_done`, `billing.event_unread`.
    pub fn replay(&self, tx: &mut Tx<'_>, may: &ReplayEvent, actor: &Actor) -> Result<()> {
        let to = self.connected()?;
        let event = inbox::replay(tx, &to, may.event())?;
        trace(tx, actor, "stripe.replay", Some(json!({ "event": event })))
    }
}

fn trace(tx: &mut Tx<'_>, actor: &Actor, act: &'static str, after: Option<serde_json::Value>) -> Result<()> {
    let (subject, address) = ("stripe".to_owned(), actor.address);
    record(tx, &Act { actor: actor.member, act, subject_kind: "settings", subject, before: None, after, reason: None, address })?;
    Ok(())
}

/// What was heard, the newest first.
///
/// # Errors
/// When the database cannot be read.
pub fn events_page(
    conn: &mut Conn,
    _: &ManageStripe,
    state: Option<EventState>,
    before: Option<StripeEventId>,
    limit: i64,
) -> Result<Page<StripeEvent>> {
    let rows = events::find(conn, state.as_slice(), before, limit + 1)?;
    Ok(Page::of(rows.into_iter().map(StripeEvent::from).collect(), limit, |event| event.id.to_string()))
}

//! The way to the account: which key, in which mode, and what webhooks are signed with. In memory as it is stored.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::client::Client;
use super::manage::StripeCheck;
use super::store;
use crate::access::Keys;
use crate::clock::{Clock, Millis};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::storage::{Conn, Db, fact};

/// Names of what is kept closed.
pub(super) const KEY: &str = "stripe.key";
/// What webhooks are signed with.
pub(super) const SIGNS: &str = "stripe.webhook";
/// What they were signed with before; it goes on for a day.
pub(super) const SIGNED: &str = "stripe.webhook.old";
/// The fact of whose account it is.
pub(super) const ACCOUNT: &str = "stripe.account";
/// How long an old secret is good beside the new one.
const ROTATION_MS: Millis = 86_400_000;
/// Characters of a key that are shown.
const SHOWN: usize = 4;

/// Where the key comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeySource {
    /// It was given at the start, and can only be changed there.
    Start,
    /// It was pasted in the dashboard.
    Dashboard,
}

/// A way to one account.
#[derive(Clone)]
pub struct Connection {
    /// The client.
    pub client: Client,
    /// What webhooks may be signed with.
    pub secrets: Vec<String>,
    /// Is it about real money?
    pub is_live: bool,
    /// Whose account it is, where the key may tell.
    pub account: Option<String>,
    /// The last characters of the key.
    pub hint: String,
    /// Where the key comes from.
    pub source: KeySource,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("is_live", &self.is_live).field("account", &self.account).finish_non_exhaustive()
    }
}

impl Connection {
    /// What keys of calls begin with: what was made in one account and mode is not there in another.
    #[must_use]
    pub fn scope(&self) -> String {
        format!("{}/{}", self.account.as_deref().unwrap_or("account"), if self.is_live { "live" } else { "test" })
    }

    /// The key of a call in it.
    #[must_use]
    pub fn scoped(&self, key: &str) -> String {
        format!("{}/{key}", self.scope())
    }
}

/// Is this a key that may be given to us? Whose mode it is of.
///
/// # Errors
/// `billing.stripe_publishable` for a key that is for browsers, `billing.stripe_key` for anything else that is none.
pub fn mode_of(key: &str) -> Result<bool> {
    let fits = (16..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    match key {
        _ if !fits => Err(Error::invalid("key", "billing.stripe_key")),
        key if key.starts_with("sk_live_") || key.starts_with("rk_live_") => Ok(true),
        key if key.starts_with("sk_test_") || key.starts_with("rk_test_") => Ok(false),
        key if key.starts_with("pk_") => Err(Error::invalid("key", "billing.stripe_publishable")),
        _ => Err(Error::invalid("key", "billing.stripe_key")),
    }
}

/// The last characters of a secret.
pub(super) fn hint(secret: &str) -> String {
    secret[secret.len().saturating_sub(SHOWN)..].to_owned()
}

/// What everything about Stripe stands on: `web::Data<Stripe>`. Cheap to clone.
#[derive(Clone)]
pub struct Stripe(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Clock,
    keys: Keys,
    config: Arc<Config>,
    current: RwLock<Option<Arc<Connection>>>,
    /// How often it was changed here.
    changed: AtomicU64,
    /// By how many seconds our clock was ahead of the newest webhook's signature; [`i64::MIN`]: none came.
    skew: AtomicI64,
    /// What the last round trip showed.
    checked: RwLock<Option<StripeCheck>>,
}

impl std::fmt::Debug for Stripe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stripe").field("current", &self.0.current).finish_non_exhaustive()
    }
}

impl Stripe {
    /// With nothing connected before [`Stripe::reload`].
    #[must_use]
    pub fn new(db: Db, clock: Clock, keys: Keys, config: Arc<Config>) -> Self {
        Self(Arc::new(Inner {
            db,
            clock,
            keys,
            config,
            current: RwLock::new(None),
            changed: AtomicU64::new(0),
            skew: AtomicI64::new(i64::MIN),
            checked: RwLock::new(None),
        }))
    }

    /// The database.
    pub(super) fn db(&self) -> &Db {
        &self.0.db
    }

    /// The time.
    pub(super) fn now(&self) -> Millis {
        self.0.clock.now()
    }

    /// What closes secrets.
    pub(super) fn keys(&self) -> &Keys {
        &self.0.keys
    }

    /// What was chosen at the start.
    pub(super) fn config(&self) -> &Config {
        &self.0.config
    }

    /// The account, if one is connected.
    #[must_use]
    pub fn connection(&self) -> Option<Arc<Connection>> {
        self.0.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The account.
    ///
    /// # Errors
    /// `billing.stripe_off` when none is connected.
    pub(super) fn connected(&self) -> Result<Arc<Connection>> {
        self.connection().ok_or_else(|| Error::conflict("billing.stripe_off"))
    }

    /// Notes by how many seconds our clock is ahead of a webhook's signature.
    pub(super) fn note_skew(&self, seconds: i64) {
        self.0.skew.store(seconds, Ordering::Relaxed);
    }

    /// By how many it was ahead of the newest one's, since the start.
    pub(super) fn skew(&self) -> Option<i64> {
        Some(self.0.skew.load(Ordering::Relaxed)).filter(|seconds| *seconds != i64::MIN)
    }

    /// Keeps what a round trip showed.
    pub(super) fn note_check(&self, checked: StripeCheck) {
        *self.0.checked.write().unwrap_or_else(PoisonError::into_inner) = Some(checked);
    }

    /// What the last round trip showed.
    pub(super) fn checked(&self) -> Option<StripeCheck> {
        self.0.checked.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A client with another key, which is not kept.
    pub(super) fn client(&self, key: &str) -> Result<Client> {
        Client::new(key, self.0.config.stripe_url.as_deref())
    }

    /// Puts in force what is stored. What was stored while it was read is in force already, and stays.
    ///
    /// # Errors
    /// When the database cannot be read. A key that cannot be opened counts as none, and is said in the log.
    pub async fn reload(&self) -> Result<()> {
        let (this, before) = (self.clone(), self.0.changed.load(Ordering::Acquire));
        let found = self.0.db.read(move |conn| this.load(conn)).await?;
        let mut current = self.0.current.write().unwrap_or_else(PoisonError::into_inner);
        if self.0.changed.load(Ordering::Acquire) == before {
            *current = found.map(Arc::new);
        }
        Ok(())
    }

    /// Puts in force what was stored just now.
    pub(super) fn put(&self, connection: Option<Connection>) {
        let mut current = self.0.current.write().unwrap_or_else(PoisonError::into_inner);
        self.0.changed.fetch_add(1, Ordering::Release);
        *current = connection.map(Arc::new);
    }

    /// As this connection of the database sees it.
    pub(super) fn load(&self, conn: &mut Conn) -> Result<Option<Connection>> {
        let given = self.0.config.stripe_key.clone();
        let (key, source) = match given {
            Some(key) => (key, KeySource::Start),
            None => match self.open(conn, KEY, None)? {
                Some(key) => (key, KeySource::Dashboard),
                None => return Ok(None),
            },
        };
        let mut secrets = self.0.config.stripe_webhook_secrets.clone();
        if secrets.is_empty() {
            secrets.extend(self.open(conn, SIGNS, None)?);
            secrets.extend(self.open(conn, SIGNED, Some(ROTATION_MS))?);
        }
        let account = if source == KeySource::Dashboard { fact(conn, ACCOUNT)?.filter(|account| !account.is_empty()) } else { None };
        let Ok(is_live) = mode_of(&key) else {
            tracing::error!("the key of Stripe is none");
            return Ok(None);
        };
        Ok(Some(Connection { client: self.client(&key)?, secrets, is_live, account, hint: hint(&key), source }))
    }

    /// A secret that is kept, at most so old.
    fn open(&self, conn: &mut Conn, name: &'static str, at_most: Option<Millis>) -> Result<Option<String>> {
        let Some(row) = store::secrets::by_name(conn, name)? else { return Ok(None) };
        if at_most.is_some_and(|age| row.set_at < self.now() - age) {
            return Ok(None);
        }
        let opened = self.0.keys.open(name, &row.sealed).and_then(|bytes| String::from_utf8(bytes).ok());
        if opened.is_none() {
            tracing::error!(name, "a secret was closed with another master key: paste it again");
        }
        Ok(opened)
    }
}

//! The client: typed requests of the library, our own views of the answers, and what each failure means for what comes next.

pub mod call;
pub mod read;
pub mod views;

use std::time::Duration;

use stripe::{ClientBuilder, RequestStrategy, StripeError};
use stripe_client_core::CustomizableStripeRequest;

use crate::error::{Error, Result as Outcome};

/// Longest that one attempt may take; the library has no limit of its own.
const LIMIT: Duration = Duration::from_secs(10);
/// Attempts at a read, with pauses of one and two seconds.
const READS: u32 = 3;
/// Longest message of theirs that we keep, in bytes.
const MESSAGE: usize = 500;

/// The version of the API that this client speaks, and in which its webhooks are to be written.
#[must_use]
pub fn version() -> &'static str {
    stripe_client_core::VERSION.as_str()
}

/// Why a call has no answer, by what it means for the next one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Understood and refused; asked again it will be refused again.
    Refused {
        /// The HTTP status.
        status: u16,
        /// Their code, such as `resource_missing`.
        code: Option<String>,
        /// Their sentence.
        message: String,
    },
    /// The key is not good, or may not do this.
    Key {
        /// Their sentence.
        message: String,
    },
    /// Nothing was done: too often, or another call under the same key is under way.
    Later {
        /// Their sentence.
        message: String,
    },
    /// Whether it was done is not known: no answer, one that cannot be read, or a failure of theirs. Only the same call under the same key is safe.
    Unknown {
        /// What was seen.
        message: String,
    },
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused { status, code, message } => write!(f, "refused with {status} {}: {message}", code.as_deref().unwrap_or("-")),
            Self::Key { message } => write!(f, "the key is not accepted: {message}"),
            Self::Later { message } => write!(f, "not now: {message}"),
            Self::Unknown { message } => write!(f, "no answer that can be read: {message}"),
        }
    }
}

impl Failure {
    /// Is what was asked for not there?
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Refused { status: 404, .. })
    }

    /// May it go well another time?
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Later { .. } | Self::Unknown { .. } | Self::Key { .. })
    }
}

fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(MESSAGE)].to_owned()
}

impl From<StripeError> for Failure {
    fn from(error: StripeError) -> Self {
        match error {
            StripeError::Stripe(error, status) => {
                let message = cut(error.message.as_deref().unwrap_or("no message"));
                let code = error.code.as_ref().map(|code| cut(code.as_str()));
                match status {
                    401 | 403 => Self::Key { message },
                    409 | 429 => Self::Later { message },
                    500.. => Self::Unknown { message: format!("{status} {message}") },
                    _ => Self::Refused { status, code, message },
                }
            }
            // Also an error whose body is no JSON: its status is lost, so what it means is not known.
            StripeError::JSONDeserialize(message) | StripeError::ClientError(message) => Self::Unknown { message: cut(&message) },
            StripeError::Timeout => Self::Unknown { message: format!("nothing within {} s", LIMIT.as_secs()) },
            StripeError::ConfigError(message) => Self::Refused { status: 0, code: None, message: cut(&message) },
        }
    }
}

/// A way to one account, in test or live mode as the key is. Cheap to clone; shows no key.
#[derive(Clone, Debug)]
pub struct Client {
    inner: stripe::Client,
}

impl Client {
    /// With a secret or restricted key. `base` is where the API is, if not at Stripe.
    ///
    /// # Errors
    /// When the key or the address cannot be sent.
    pub fn new(key: &str, base: Option<&str>) -> Outcome<Self> {
        let mut builder = ClientBuilder::new(key)
            .timeout(LIMIT)
            .app_info("Rialto", Some(env!("CARGO_PKG_VERSION").to_owned()), None)
            .request_strategy(RequestStrategy::ExponentialBackoff(READS));
        if let Some(base) = base {
            // Without the stroke the library writes `v1` right behind the last letter.
            builder = builder.url(format!("{}/", base.trim_end_matches('/')));
        }
        // What it would say of a key that is no header may hold the key.
        let inner = builder.build().map_err(|_| Error::invalid("key", "billing.stripe_key"))?;
        Ok(Self { inner })
    }

    async fn send<T: miniserde::Deserialize>(&self, request: CustomizableStripeRequest<T>) -> Result<T, Failure> {
        request.send(&self.inner).await.map_err(Failure::from)
    }
}

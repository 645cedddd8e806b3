//! What a request says about who sent it, before the database is asked.

use std::net::IpAddr;

use actix_web::{HttpMessage, HttpRequest};

use crate::error::{Error, Result};

/// How somebody proves who they are. Only the hash of the secret goes further.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// The session cookie of a browser.
    Cookie(Vec<u8>),
    /// `Authorization: Bearer …`.
    Bearer(Vec<u8>),
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Cookie(_) => "Cookie([redacted])",
            Self::Bearer(_) => "Bearer([redacted])",
        })
    }
}

impl Credential {
    /// SHA-256 of the secret.
    #[must_use]
    pub fn token_hash(&self) -> &[u8] {
        match self {
            Self::Cookie(hash) | Self::Bearer(hash) => hash,
        }
    }
}

/// Who knocks, as far as the request tells. Put into every request by the middleware in `http`.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// Their secret, hashed.
    pub credential: Option<Credential>,
    /// Where they come from, behind trusted proxies only.
    pub address: Option<IpAddr>,
    /// The language that their browser asks for, one of ours.
    pub language: &'static str,
    /// Their program's name for itself, at most 200 characters.
    pub user_agent: String,
    /// Is it a browser, by `Origin` or `Sec-Fetch-Site`?
    pub is_browser: bool,
    /// Did the request come over TLS, to us or to a trusted proxy?
    pub is_secure: bool,
    /// Method and path.
    pub route: String,
    /// The caller's key for this request.
    pub idempotency_key: Option<String>,
    /// A short name for this request in the logs.
    pub request_id: String,
    /// The number of the latest signal to everyone when the request came: what it reads is at least as new.
    pub signals: u64,
}

impl Visitor {
    /// The visitor behind a request.
    ///
    /// # Errors
    /// When the middleware did not run.
    pub fn of(request: &HttpRequest) -> Result<Self> {
        request.extensions().get::<Self>().cloned().ok_or_else(|| Error::broken("a request without a visitor"))
    }
}

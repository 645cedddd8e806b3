//! What the operator chooses at start: flags, environment, `rialto.toml`; everything has a default that works.

use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;

use crate::storage::Target;

/// How requests reach the program, and whether it speaks TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsMode {
    /// Plain HTTP: loopback, or behind a trusted proxy.
    Off,
    /// A certificate for this name by ACME TLS-ALPN-01.
    Domain(String),
    /// These files, read again when they change.
    Files {
        /// PEM with the chain.
        cert: PathBuf,
        /// PEM with the key.
        key: PathBuf,
    },
    /// A local certificate authority in the data folder.
    Lan,
}

/// Everything that is fixed while the program runs.
#[derive(Clone, Debug)]
pub struct Config {
    /// The data folder.
    pub data: PathBuf,
    /// Which database.
    pub target: Target,
    /// Where to listen.
    pub listen: SocketAddr,
    /// The address that people use, without a trailing slash; `None` until known (then loopback only).
    pub public_url: Option<String>,
    /// TLS.
    pub tls: TlsMode,
    /// Directory of the ACME service; `None` is the public default.
    pub acme_directory: Option<String>,
    /// A PEM file with the authority of the ACME service's own certificate, for private ones.
    pub acme_ca: Option<PathBuf>,
    /// Mail address for the ACME account.
    pub acme_contact: Option<String>,
    /// Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` count.
    pub trusted_proxies: Vec<IpNet>,
    /// Where letters go: `smtp://user:pass@host:port` or `smtps://…`; `None` keeps them in the outbox.
    pub smtp_url: Option<String>,
    /// Sender of letters.
    pub mail_from: Option<String>,
    /// Threads that serve HTTP.
    pub workers: usize,
    /// Milliseconds between heartbeats on a live connection.
    pub heartbeat_ms: u64,
    /// Are the limits on how often things may be done raised out of the way (still evaluated)? For benches.
    pub raised_limits: bool,
    /// Write logs as JSON lines?
    pub log_json: bool,
}

//! What the operator chooses at start: flags, environment, `rialto.toml`; everything has a default that works.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use ipnet::IpNet;

use crate::storage::Target;

pub mod given;
pub mod machine;
pub mod origin;

pub use given::{Given, Place, Serving};
use origin::{Host, Origin};

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
#[derive(Clone)]
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
    /// Key of a Stripe account; `None` is the one that was pasted in the dashboard, if there is one.
    pub stripe_key: Option<String>,
    /// What Stripe signs its webhooks with; all of them are good.
    pub stripe_webhook_secrets: Vec<String>,
    /// Where its API is, on this machine, if not at Stripe; for tests.
    pub stripe_url: Option<String>,
    /// The first port, UDP and TCP, for media; 0 picks free ones.
    pub media_port: u16,
    /// Threads that forward media.
    pub media_threads: u16,
    /// Addresses at which browsers reach this machine from outside.
    pub public_ips: Vec<IpAddr>,
    /// Threads that serve HTTP.
    pub workers: usize,
    /// Milliseconds between heartbeats on a live connection.
    pub heartbeat_ms: u64,
    /// Are the limits on how often things may be done raised out of the way (still evaluated)? For benches.
    pub raised_limits: bool,
    /// Write logs as JSON lines?
    pub log_json: bool,
}

/// Without what is in it, which may be a secret.
impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config").finish_non_exhaustive()
    }
}

/// Where media goes when nothing is said.
const MEDIA_PORT: u16 = 7_882;
/// The port of an https address that names none.
const HTTPS: u16 = 443;

/// What the rules ask of the machine; a value, so that tests can hold it still.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Where other machines reach this one.
    pub address: Option<IpAddr>,
    /// How many threads it runs at once.
    pub processors: usize,
}

impl Machine {
    /// This machine.
    #[must_use]
    pub fn this() -> Self {
        Self { address: machine::address(), processors: std::thread::available_parallelism().map_or(1, usize::from) }
    }
}

impl Config {
    /// Checks what was asked for and fills in the rest. Reads no file and opens no port.
    ///
    /// # Errors
    /// One sentence that says what is wrong and how to mend it.
    pub fn from(given: Given, machine: &Machine) -> Result<Self, String> {
        let Given { place, serving } = given;
        let tls = tls_mode(&serving)?;
        let listen = serving.listen.unwrap_or_else(|| default_listen(&tls));
        let public_url = public_url(&serving, &tls, listen, machine)?;
        let trusted_proxies = serving.trusted_proxy.unwrap_or_default();
        let behind_proxy = !trusted_proxies.is_empty();
        may_meet(&tls, listen, public_url.as_deref(), behind_proxy)?;
        if !matches!(tls, TlsMode::Domain(_))
            && (serving.acme_directory.is_some() || serving.acme_ca.is_some() || serving.acme_contact.is_some())
        {
            return Err("The acme settings are for --domain; give the name that the certificate is for, or remove them.".to_owned());
        }
        if let Some(directory) = &serving.acme_directory
            && !directory.starts_with("https://")
        {
            return Err(format!(
                "\"{directory}\" is not the directory of a certificate service; write an address that begins with https://."
            ));
        }
        let (media_port, media_threads) = (serving.media_port.unwrap_or(MEDIA_PORT), serving.media_threads.unwrap_or(1));
        let public_ips = serving.public_ip.unwrap_or_default();
        media_fits(media_port, media_threads, &public_ips)?;
        let data = place.data.unwrap_or_else(|| PathBuf::from("data"));
        Ok(Self {
            target: place.database_url.map_or_else(|| Target::Sqlite(data.join("rialto.db")), Target::Postgres),
            data,
            listen,
            public_url,
            tls,
            acme_directory: serving.acme_directory,
            acme_ca: serving.acme_ca,
            acme_contact: serving.acme_contact,
            trusted_proxies,
            smtp_url: serving.smtp_url,
            mail_from: serving.mail_from,
            stripe_key: serving.stripe_key,
            stripe_webhook_secrets: serving.stripe_webhook_secret.unwrap_or_default(),
            stripe_url: serving.stripe_url,
            media_port,
            media_threads,
            public_ips,
            workers: serving.workers.unwrap_or_else(|| machine.processors.div_ceil(2)),
            heartbeat_ms: serving.heartbeat_ms.unwrap_or(25_000),
            raised_limits: serving.raised_limits.unwrap_or(false),
            log_json: serving.log_json.unwrap_or(false),
        })
    }

    /// Does every visitor come over https, by our own TLS or a proxy's? (Otherwise plain HTTP on this machine alone.)
    #[must_use]
    pub fn is_https(&self) -> bool {
        match &self.public_url {
            Some(url) => url.starts_with("https://"),
            None => self.tls != TlsMode::Off,
        }
    }

    /// Can nobody but this machine reach the program? It listens on loopback alone, and its address is loopback too: no proxy brings others.
    #[must_use]
    pub fn stays_here(&self) -> bool {
        let is_local = |url: &str| Origin::parse_url(url).is_ok_and(|origin| origin.is_loopback());
        self.listen.ip().to_canonical().is_loopback() && self.public_url.as_deref().is_none_or(is_local)
    }

    /// The address to print and to write into letters, without a trailing slash; `bound_port` is the port that was really opened.
    #[must_use]
    pub fn address(&self, bound_port: u16) -> String {
        self.public_url.clone().unwrap_or_else(|| {
            let scheme = if self.is_https() { "https" } else { "http" };
            let host = if self.listen.is_ipv6() { "[::1]" } else { "127.0.0.1" };
            format!("{scheme}://{host}:{bound_port}")
        })
    }
}

/// Every media thread has a port of its own, and what is offered to browsers is an address that they can reach.
fn media_fits(port: u16, threads: u16, public_ips: &[IpAddr]) -> Result<(), String> {
    if port.checked_add(threads.saturating_sub(1)).is_none() {
        let most = u32::from(u16::MAX) + 1 - u32::from(threads);
        return Err(format!(
            "{threads} media threads take the ports from {port} on, and there are none above 65535; choose --media-port {most} or less."
        ));
    }
    match public_ips.iter().find(|ip| ip.is_unspecified() || ip.is_multicast()) {
        Some(ip) => Err(format!(
            "--public-ip {ip} is no address that a browser can reach; write the one that this machine has outside, such as 203.0.113.7."
        )),
        None => Ok(()),
    }
}

/// At most one way to speak TLS.
fn tls_mode(serving: &Serving) -> Result<TlsMode, String> {
    let lan = serving.lan.unwrap_or(false);
    match (&serving.domain, lan, &serving.tls_cert, &serving.tls_key) {
        (None, false, None, None) => Ok(TlsMode::Off),
        (Some(name), false, None, None) => domain_name(name).map(TlsMode::Domain),
        (None, true, None, None) => Ok(TlsMode::Lan),
        (None, false, Some(cert), Some(key)) => Ok(TlsMode::Files { cert: cert.clone(), key: key.clone() }),
        (_, _, Some(_), None) => Err("--tls-cert needs --tls-key, the key that belongs to the certificate.".to_owned()),
        (_, _, None, Some(_)) => Err("--tls-key needs --tls-cert, the certificate that belongs to the key.".to_owned()),
        _ => Err("--domain, --lan and --tls-cert are three ways to one end; choose one of them.".to_owned()),
    }
}

/// A name that a public certificate service can certify.
fn domain_name(text: &str) -> Result<String, String> {
    let name = text.to_ascii_lowercase();
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let is_name = name.len() <= 253 && name.contains('.') && name.split('.').all(label) && name.parse::<IpAddr>().is_err();
    if is_name {
        return Ok(name);
    }
    Err(format!(
        "\"{text}\" is not the name of a site; write it like chat.example.org, without https:// and without a port (a name with accents in its xn-- form)."
    ))
}

fn default_listen(tls: &TlsMode) -> SocketAddr {
    match tls {
        TlsMode::Off | TlsMode::Files { .. } => SocketAddr::from(([127, 0, 0, 1], 8080)),
        TlsMode::Domain(_) => SocketAddr::from(([0, 0, 0, 0], HTTPS)),
        TlsMode::Lan => SocketAddr::from(([0, 0, 0, 0], 8443)),
    }
}

/// The address that people use: as asked for, else as the mode implies.
fn public_url(serving: &Serving, tls: &TlsMode, listen: SocketAddr, machine: &Machine) -> Result<Option<String>, String> {
    let told = serving.public_url.as_deref().map(Origin::parse_url).transpose()?;
    if let Some(origin) = &told
        && !origin.is_https
        && !origin.is_loopback()
    {
        return Err(format!(
            "The public URL {origin} must begin with https://: away from this machine, browsers need it for sign-in, camera and microphone."
        ));
    }
    if let Some(origin) = &told
        && !origin.is_https
        && *tls != TlsMode::Off
    {
        return Err(format!(
            "The public URL {origin} begins with http://, but a certificate was asked for; write https:// or leave --public-url out."
        ));
    }
    match tls {
        TlsMode::Domain(name) => match told {
            Some(origin) if origin.host != *name => {
                Err(format!("The public URL {origin} and --domain {name} name two places; leave --public-url out or give it that name."))
            }
            Some(origin) => Ok(Some(origin.to_string())),
            None => Ok(Some(format!("https://{name}"))),
        },
        TlsMode::Lan if told.is_none() => lan_url(listen, machine).map(Some),
        _ => Ok(told.map(|origin| origin.to_string())),
    }
}

fn lan_url(listen: SocketAddr, machine: &Machine) -> Result<String, String> {
    if listen.port() == 0 {
        return Err(
            "--lan needs a port that stays the same, since people write it down; give one with --listen, such as 0.0.0.0:8443.".to_owned()
        );
    }
    let own = if listen.ip().is_unspecified() { machine.address } else { Some(listen.ip()) };
    let ip = own.ok_or(
        "This machine has no address on a network; connect it, or say its address with --public-url, such as https://10.0.0.5:8443.",
    )?;
    let host = Host::from(ip);
    Ok(Origin { is_https: true, host: host.to_string(), port: listen.port() }.to_string())
}

/// Refuses what would not work or would not be safe, and names the ways out.
fn may_meet(tls: &TlsMode, listen: SocketAddr, public_url: Option<&str>, behind_proxy: bool) -> Result<(), String> {
    let loopback_only = listen.ip().to_canonical().is_loopback();
    let plain = *tls == TlsMode::Off;
    let https_url = public_url.is_some_and(|url| url.starts_with("https://"));
    if behind_proxy && matches!(tls, TlsMode::Lan | TlsMode::Domain(_)) {
        return Err(
            "--trusted-proxy does not go with --lan or --domain: behind a proxy the certificate is the proxy's; leave one of them out."
                .to_owned(),
        );
    }
    if !loopback_only && plain && !behind_proxy {
        return Err(format!(
            "{listen} is open to other machines, and nothing would protect what they send: add --domain NAME (a certificate by itself), --tls-cert and --tls-key (your own), \
             --lan (for the local network) or --trusted-proxy CIDR (a proxy that speaks https), or listen on 127.0.0.1."
        ));
    }
    if behind_proxy && !https_url {
        return Err("--trusted-proxy needs --public-url, the https address that people use, such as https://chat.example.org.".to_owned());
    }
    if !loopback_only && public_url.is_none() {
        return Err("The certificate needs the address it is for: add --public-url, such as https://chat.example.org.".to_owned());
    }
    if plain && https_url && !behind_proxy {
        return Err(
            "The public URL is https, but nothing here speaks it: add --trusted-proxy 127.0.0.1 if a proxy on this machine does, or --domain NAME, --lan, or --tls-cert and --tls-key."
                .to_owned(),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests;

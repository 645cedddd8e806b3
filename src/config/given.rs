//! What was asked for, by flag, environment or `rialto.toml`: three spellings of the same settings, merged in that order.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use clap::error::{ContextKind, ContextValue, Error as ClapError};
use clap::{Args, CommandFactory, FromArgMatches, Parser};
use ipnet::IpNet;

/// Where the data lives; every command asks it.
#[derive(Args, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The data folder: database, keys, certificates, backups [default: ./data]
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// A PostgreSQL database instead of the SQLite file in the data folder; also DATABASE_URL
    #[arg(long, global = true, value_name = "URL", value_parser = database_url)]
    pub database_url: Option<String>,
}

/// Without what is in it, which may be a secret.
impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Place").finish_non_exhaustive()
    }
}

/// How `serve` reaches people, and what it may use.
#[derive(Args, Clone, Default, PartialEq, Eq)]
pub struct Serving {
    /// The address and port to listen on; port 0 picks a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR:PORT", value_parser = socket_address)]
    pub listen: Option<SocketAddr>,
    /// The address that people type; must be https, except on this machine alone
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
    /// Get and renew a certificate for this name, and listen on port 443
    #[arg(long, value_name = "NAME")]
    pub domain: Option<String>,
    /// Serve the local network over HTTPS, with an authority of our own in the data folder
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true)]
    pub lan: Option<bool>,
    /// Your own certificate chain, PEM; read again when it changes
    #[arg(long, value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// The key of your own certificate, PEM
    #[arg(long, value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// A reverse proxy whose X-Forwarded-For and X-Forwarded-Proto are believed; may be repeated
    #[arg(long, value_name = "CIDR", value_parser = network, value_delimiter = ',')]
    pub trusted_proxy: Option<Vec<IpNet>>,
    /// Another certificate service than the public default, by its ACME directory
    #[arg(long, value_name = "URL")]
    pub acme_directory: Option<String>,
    /// The authority that signed the certificate service's own certificate, PEM; for private services
    #[arg(long, value_name = "FILE")]
    pub acme_ca: Option<PathBuf>,
    /// Where the certificate service may write to
    #[arg(long, value_name = "MAIL")]
    pub acme_contact: Option<String>,
    /// Where letters go: smtp://user:password@host:port or smtps://…
    #[arg(long, value_name = "URL", value_parser = smtp_url)]
    pub smtp_url: Option<String>,
    /// The sender of letters
    #[arg(long, value_name = "MAIL", value_parser = mail_address)]
    pub mail_from: Option<String>,
    /// The secret or restricted key of a Stripe account; without it, the one that was pasted in the dashboard
    #[arg(long, value_name = "KEY", value_parser = stripe_key)]
    pub stripe_key: Option<String>,
    /// What Stripe signs its webhooks with; several, while one takes the place of another
    #[arg(long, value_name = "SECRET", value_parser = stripe_webhook_secret, value_delimiter = ',')]
    pub stripe_webhook_secret: Option<Vec<String>>,
    /// Where the API of Stripe is, if not at Stripe
    #[arg(long, value_name = "URL", value_parser = loopback_url, hide = true)]
    pub stripe_url: Option<String>,
    /// The port, UDP and TCP, for the media of calls; port 0 picks a free one [default: 7882]
    #[arg(long, value_name = "PORT")]
    pub media_port: Option<u16>,
    /// Threads that forward media; each takes a port of its own, from the media port on [default: 1]
    #[arg(long, value_name = "N", value_parser = media_threads)]
    pub media_threads: Option<u16>,
    /// An address at which browsers reach this machine from outside, when it is not its own; may be repeated
    #[arg(long, value_name = "IP", value_parser = ip_address, value_delimiter = ',')]
    pub public_ip: Option<Vec<IpAddr>>,
    /// Threads that answer requests [default: one for two processors; the others store, read and forward media]
    #[arg(long, value_name = "N", value_parser = workers)]
    pub workers: Option<usize>,
    /// Milliseconds between heartbeats on a live connection [default: 25000]
    #[arg(long, value_name = "MS", value_parser = heartbeat, hide = true)]
    pub heartbeat_ms: Option<u64>,
    /// Raise the limits on how often things may be done out of the way, for measurements
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    pub raised_limits: Option<bool>,
    /// Write the log as JSON, one object a line
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true)]
    pub log_json: Option<bool>,
}

/// Without what is in it, which may be a secret.
impl std::fmt::Debug for Serving {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Serving").finish_non_exhaustive()
    }
}

/// Everything that can be asked for at start.
#[derive(Parser, Clone, Debug, Default, PartialEq, Eq)]
#[command(name = "rialto", no_binary_name = true, disable_help_flag = true)]
pub struct Given {
    /// Where the data lives.
    #[command(flatten)]
    pub place: Place,
    /// How people reach it.
    #[command(flatten)]
    pub serving: Serving,
}

/// Takes from the second where the first is silent, field by field.
macro_rules! first_of {
    ($first:expr, $second:expr, $kind:ident { $($field:ident),* $(,)? }) => {
        $kind { $($field: $first.$field.or($second.$field)),* }
    };
}

impl Place {
    /// This, and `other` where this is silent.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        first_of!(self, other, Place { data, database_url })
    }
}

impl Serving {
    /// This, and `other` where this is silent.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        first_of!(
            self,
            other,
            Serving {
                listen,
                public_url,
                domain,
                lan,
                tls_cert,
                tls_key,
                trusted_proxy,
                acme_directory,
                acme_ca,
                acme_contact,
                smtp_url,
                mail_from,
                stripe_key,
                stripe_webhook_secret,
                stripe_url,
                media_port,
                media_threads,
                public_ip,
                workers,
                heartbeat_ms,
                raised_limits,
                log_json,
            }
        )
    }
}

impl Given {
    /// This, and `other` where this is silent.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self { place: self.place.or(other.place), serving: self.serving.or(other.serving) }
    }

    /// What the environment asks for: `RIALTO_` and the flag in capitals, and `DATABASE_URL`. `RIALTO_TEST_…` belongs to tests,
    /// `RIALTO_CONFIG` to the search for the file, `RIALTO_LOG` to the log (`debug`, `rialto=trace`).
    ///
    /// # Errors
    /// One sentence for an unknown variable or a bad value.
    pub fn from_environment(variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, String> {
        let (mut ours, mut shared) = (Self::default(), Self::default());
        for (name, value) in variables {
            if name == "DATABASE_URL" {
                shared = Self::one("database_url", &value, &name)?;
                continue;
            }
            let Some(key) = name.strip_prefix("RIALTO_") else {
                continue;
            };
            if key.starts_with("TEST_") || ["CONFIG", "LOG"].contains(&key) {
                continue;
            }
            let key = key.to_ascii_lowercase();
            if !knows(&key) || name != format!("RIALTO_{}", key.to_ascii_uppercase()) {
                return Err(format!(
                    "The environment variable {name} is not a setting of Rialto{}; remove it or mend its name.",
                    nearest(&key, |key| format!("RIALTO_{}", key.to_ascii_uppercase()))
                ));
            }
            ours = ours.or(Self::one(&key, &value, &name)?);
        }
        Ok(ours.or(shared))
    }

    /// What the text of a `rialto.toml` asks for: the flags in snake_case.
    ///
    /// # Errors
    /// One sentence for a file that is not TOML, an unknown key or a bad value.
    pub fn from_file(text: &str, path: &Path) -> Result<Self, String> {
        let file = path.display();
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            format!(
                "{file}, line {line} is not TOML: {}; write settings as key = \"value\".",
                error.message().lines().next().unwrap_or_default()
            )
        })?;
        let mut given = Self::default();
        for (key, value) in table {
            if !knows(&key) {
                return Err(format!(
                    "{file} has the key \"{key}\", which is not a setting of Rialto{}; remove it or mend its name.",
                    nearest(&key, str::to_owned)
                ));
            }
            let origin = format!("\"{key}\" in {file}");
            given = given.or(Self::one(
                &key,
                &plain(&value).ok_or_else(|| format!("{origin} must be a text, a number, true or false, or a list of texts."))?,
                &origin,
            )?);
        }
        Ok(given)
    }

    /// One setting, read exactly as its flag would be.
    fn one(key: &str, value: &str, origin: &str) -> Result<Self, String> {
        if value.is_empty() {
            return Err(format!("{origin} is empty; give it a value or remove it."));
        }
        let flag = format!("--{}={value}", key.replace('_', "-"));
        Self::command()
            .try_get_matches_from([flag])
            .and_then(|matches| Self::from_arg_matches(&matches))
            .map_err(|error| format!("{origin} is wrong: {}", reason(&error, value)))
    }
}

/// A value of the file as a flag would say it.
fn plain(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(choice) => Some(choice.to_string()),
        toml::Value::Array(parts) => {
            parts.iter().map(|part| part.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>().map(|parts| parts.join(","))
        }
        _ => None,
    }
}

/// The sentence inside a parser's refusal.
fn reason(error: &ClapError, value: &str) -> String {
    if let Some(source) = std::error::Error::source(error) {
        return source.to_string();
    }
    match error.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(valid)) => {
            format!("\"{value}\" is not one of {}.", valid.join(", "))
        }
        _ => format!("\"{value}\" cannot be read."),
    }
}

fn keys() -> Vec<String> {
    Given::command().get_arguments().filter_map(|arg| arg.get_long()).map(|long| long.replace('-', "_")).collect()
}

fn knows(key: &str) -> bool {
    keys().iter().any(|known| known == key)
}

/// " (did you mean …?)" when a known key is close to `key`.
fn nearest(key: &str, spell: impl Fn(&str) -> String) -> String {
    let close = keys().into_iter().map(|known| (distance(key, &known), known)).min();
    match close {
        Some((steps, known)) if steps <= 3 && steps * 2 < key.chars().count() => format!(" (did you mean {}?)", spell(&known)),
        _ => String::new(),
    }
}

/// How many letters must be put in, taken out or changed to come from one word to the other (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let changed = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

fn socket_address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("\"{text}\" is not an address with a port; write it like 127.0.0.1:8080, 0.0.0.0:8443 or [::1]:8080."))
}

fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let net = text.parse::<IpNet>().ok().or_else(|| text.parse::<std::net::IpAddr>().ok().map(IpNet::from));
    net.map(|net| net.trunc()).ok_or_else(|| format!("\"{text}\" is not a network; write it like 127.0.0.1 or 10.0.0.0/8."))
}

fn database_url(text: &str) -> Result<String, String> {
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        return Ok(text.to_owned());
    }
    // The value is not repeated: it may hold a password.
    Err("the address of a database begins with postgres://; without one, a SQLite file in the data folder is used.".to_owned())
}

fn smtp_url(text: &str) -> Result<String, String> {
    let host = text.strip_prefix("smtp://").or_else(|| text.strip_prefix("smtps://"));
    if host.is_some_and(|host| !host.is_empty()) {
        return Ok(text.to_owned());
    }
    // The value is not repeated: it may hold a password.
    Err("the address of a mail server is written like smtp://user:password@mail.example.org:587 or smtps://….".to_owned())
}

fn mail_address(text: &str) -> Result<String, String> {
    match text.rsplit_once('@') {
        Some((name, host)) if !name.is_empty() && !host.is_empty() && !text.chars().any(char::is_control) => Ok(text.to_owned()),
        _ => Err(format!("\"{text}\" is not a mail address; write it like rialto@example.org.")),
    }
}

fn stripe_key(text: &str) -> Result<String, String> {
    if ["sk_test_", "sk_live_", "rk_test_", "rk_live_"].iter().any(|start| text.starts_with(start))
        && text.bytes().all(|b| b.is_ascii_graphic())
    {
        return Ok(text.to_owned());
    }
    // The value is not repeated: it may be a key.
    Err("the key of a Stripe account begins with sk_test_, sk_live_, rk_test_ or rk_live_.".to_owned())
}

fn stripe_webhook_secret(text: &str) -> Result<String, String> {
    if text.starts_with("whsec_") && text.bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(text.to_owned());
    }
    Err("what Stripe signs webhooks with begins with whsec_.".to_owned())
}

/// Keys go only to Stripe, or to a double of it on this machine.
fn loopback_url(text: &str) -> Result<String, String> {
    let host = text.strip_prefix("http://").and_then(|rest| rest.split(['/', '?']).next()).and_then(|host| host.parse::<SocketAddr>().ok());
    match host {
        Some(address) if address.ip().is_loopback() => Ok(text.trim_end_matches('/').to_owned()),
        _ => Err(format!("\"{text}\" is not on this machine; write it like http://127.0.0.1:12111.")),
    }
}

fn workers(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|n| (1..=1024).contains(n))
        .ok_or_else(|| format!("\"{text}\" is not a number of threads; write a number from 1 to 1024."))
}

fn media_threads(text: &str) -> Result<u16, String> {
    text.parse()
        .ok()
        .filter(|n| (1..=64).contains(n))
        .ok_or_else(|| format!("\"{text}\" is not a number of media threads; write a number from 1 to 64."))
}

fn ip_address(text: &str) -> Result<IpAddr, String> {
    text.trim().parse().map_err(|_| format!("\"{text}\" is not an address; write it like 203.0.113.7 or 2001:db8::7."))
}

fn heartbeat(text: &str) -> Result<u64, String> {
    text.parse()
        .ok()
        .filter(|n| (100..=600_000).contains(n))
        .ok_or_else(|| format!("\"{text}\" is not a time in milliseconds; write a number from 100 to 600000."))
}

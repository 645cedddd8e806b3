//! What the program says of itself, to be shown to whoever helps: versions, choices and lights, and nothing of anybody: no name, no address,
//! no secret, nothing that people wrote.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::access::Ground;
use crate::admin::health::{HealthReport, Light, Part};
use crate::config::TlsMode;
use crate::error::{Error, Result};
use crate::http::{LogLevel, Metrics, Recent};
use crate::settings::Settings;
use crate::storage::{Conn, database_bytes};

/// Settings whose text is one of a few words of ours.
const CHOICES: [&str; 6] = ["sign_up_mode", "default_language", "calls_open_to", "verified_badge", "currency", "rooms_may_keep"];
/// Settings that are lists of words of ours begin so.
const LISTS: &str = "reach_";

/// What the program says of itself.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Diagnostics {
    /// Version of the program.
    pub version: &'static str,
    /// The system that it runs on, and for which machine it was built.
    pub system: String,
    /// Was it built with payments by card?
    pub stripe: bool,
    /// `sqlite` or `postgresql`.
    pub database: &'static str,
    /// Its size.
    pub database_bytes: i64,
    /// Seconds since the program started.
    pub uptime_seconds: u64,
    /// What the operator chose at the start.
    pub started_with: StartedWith,
    /// What administrators chose, but for what they wrote.
    #[schema(value_type = Object)]
    pub settings: Map<String, Value>,
    /// The lights, without their sentences, which name places.
    pub health: Vec<Glance>,
    /// Lines of the log that are kept: errors.
    pub errors: usize,
    /// Lines of the log that are kept: warnings.
    pub warnings: usize,
}

/// What the operator chose at the start, as far as it names nothing.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct StartedWith {
    /// `off`, `domain`, `files` or `lan`.
    pub tls: &'static str,
    /// Was a public address given?
    pub public_url: bool,
    /// Is there a proxy before it?
    pub proxy: bool,
    /// Is there a mail server?
    pub mail: bool,
    /// Was a key of a payment provider given?
    pub stripe_key: bool,
    /// Were addresses given at which browsers reach calls?
    pub public_ip: bool,
    /// Threads that forward media.
    pub media_threads: u16,
    /// Threads that serve HTTP.
    pub workers: usize,
}

/// A light at a glance.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = HealthGlance)]
pub struct Glance {
    /// Of which part.
    pub name: Part,
    /// Which.
    pub light: Light,
    /// What was found.
    pub code: String,
}

/// The settings that hold nothing that somebody wrote.
fn shareable(settings: &Settings) -> Result<Map<String, Value>> {
    let Value::Object(all) = serde_json::to_value(settings)? else { return Err(Error::broken("settings are not an object")) };
    let is_ours = |name: &str, value: &Value| match value {
        Value::Bool(_) | Value::Number(_) => true,
        Value::String(_) => CHOICES.contains(&name),
        Value::Array(_) => name.starts_with(LISTS),
        Value::Null | Value::Object(_) => false,
    };
    Ok(all.into_iter().filter(|(name, value)| is_ours(name, value)).collect())
}

/// What the program says of itself now.
///
/// # Errors
/// When the database cannot be read.
pub fn diagnostics(conn: &mut Conn, ground: &Ground, health: &HealthReport, metrics: &Metrics, recent: &Recent) -> Result<Diagnostics> {
    let config = &ground.config;
    Ok(Diagnostics {
        version: env!("CARGO_PKG_VERSION"),
        system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        stripe: cfg!(feature = "stripe"),
        database: if ground.db.target().is_sqlite() { "sqlite" } else { "postgresql" },
        database_bytes: database_bytes(conn)?,
        uptime_seconds: metrics.uptime().as_secs(),
        started_with: StartedWith {
            tls: match config.tls {
                TlsMode::Off => "off",
                TlsMode::Domain(_) => "domain",
                TlsMode::Files { .. } => "files",
                TlsMode::Lan => "lan",
            },
            public_url: config.public_url.is_some(),
            proxy: !config.trusted_proxies.is_empty(),
            mail: ground.mailer.is_set_up(),
            stripe_key: config.stripe_key.is_some(),
            public_ip: !config.public_ips.is_empty(),
            media_threads: config.media_threads,
            workers: config.workers,
        },
        settings: shareable(&Settings::load(conn)?)?,
        health: health.checks.iter().map(|check| Glance { name: check.name, light: check.light, code: check.code.clone() }).collect(),
        errors: recent.count(LogLevel::Error),
        warnings: recent.count(LogLevel::Warning),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Settings in which people write: they stay out.
    const WRITTEN: [&str; 3] = ["community_name", "community_sentence", "payment_words"];

    #[test]
    fn whoever_adds_a_setting_says_whether_it_may_be_shown() {
        let all = serde_json::to_value(Settings::default()).expect("json");
        let shown = shareable(&Settings::default()).expect("shareable");
        for (name, value) in all.as_object().expect("an object") {
            assert_eq!(
                shown.contains_key(name),
                !WRITTEN.contains(&name.as_str()),
                "{name}: {value} is neither one of our words nor left out"
            );
        }
    }

    #[test]
    fn nothing_that_somebody_wrote_is_shown() {
        let mut settings =
            Settings { community_name: "zqname".to_owned(), community_sentence: "zqsentence".to_owned(), ..Settings::default() };
        settings.payment_words = "zqiban".to_owned();
        let shown = serde_json::to_string(&shareable(&settings).expect("shareable")).expect("json");
        assert!(!shown.contains("zq") && shown.contains("\"sign_up_mode\":\"invite\""), "{shown}");
    }
}

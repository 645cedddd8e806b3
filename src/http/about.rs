//! What this program is: version, licence, and the crates it is built from.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::web::Path;
use serde::{Deserialize, Serialize};

use super::{Looker, Site};
use crate::access::Public;
use crate::error::{Error, Result};

/// What `http/about.html` sees.
#[derive(Serialize)]
struct AboutPage {
    version: &'static str,
    licence: &'static str,
    crates: &'static [Crate],
}

#[derive(Debug, Deserialize, Serialize)]
struct Crate {
    name: String,
    version: String,
    licence: String,
}

/// The crates inside the program, as `bin/audit --notices` wrote them down; `bin/audit` fails when they are stale.
static CRATES: LazyLock<Vec<Crate>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../static/notices.json")).expect("a test reads the notices"));

/// `GET /about`.
///
/// # Errors
/// When the page cannot be made.
pub async fn about(gate: Public, site: Site) -> Result<HttpResponse> {
    let visitor = gate.visitor();
    let own = AboutPage { version: env!("CARGO_PKG_VERSION"), licence: env!("CARGO_PKG_LICENSE"), crates: &CRATES };
    // Calls ring here too for whoever is signed in.
    site.page(&site.looker(gate.ground(), visitor).await, visitor, "http/about.html", own)
}

/// `GET /parts`: every part in every state, for those who build and test screens.
///
/// # Errors
/// When the page cannot be made.
pub async fn parts(gate: Public, site: Site) -> Result<HttpResponse> {
    let visitor = gate.visitor();
    site.page(&Looker::stranger(visitor.language), visitor, "parts/index.html", ())
}

/// `GET /parts/errors/{kind}`: the page that people get on a bad day; `kind` is broken, restarting or slow_down.
///
/// # Errors
/// Always: that is what it is for.
pub async fn part_error(_: Public, kind: Path<String>) -> Result<HttpResponse> {
    Err(match kind.as_str() {
        "broken" => Error::broken("asked for by the page of parts"),
        "restarting" => Error::Busy { retry_after_ms: 1_000 },
        "slow_down" => Error::slow_down("error.slow_down", 1_000),
        _ => Error::NotFound,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Locked {
        name: String,
        version: String,
    }

    #[derive(Deserialize)]
    struct Lock {
        package: Vec<Locked>,
    }

    #[test]
    fn every_notice_names_a_crate_of_the_lock_file_and_its_licence() {
        let lock: Lock = toml::from_str(include_str!("../../Cargo.lock")).expect("the lock file");
        for each in CRATES.iter() {
            assert!(
                lock.package.iter().any(|locked| (&locked.name, &locked.version) == (&each.name, &each.version)),
                "{} {}",
                each.name,
                each.version
            );
            assert!(!each.licence.is_empty(), "{}", each.name);
        }
        let is_listed = |name: &str| CRATES.iter().any(|each| each.name == name);
        assert!(is_listed("actix-web") && is_listed("icondata_lu") && !is_listed("rialto") && !is_listed("ts-rs"));
    }
}

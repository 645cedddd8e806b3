//! What this program is: version, licence, and the crates it is built from.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};

use super::{Looker, Site};
use crate::access::Public;
use crate::error::Result;

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
    /// Where it comes from; our own package comes from nowhere.
    #[serde(skip_serializing)]
    source: Option<String>,
}

#[derive(Deserialize)]
struct Lock {
    package: Vec<Crate>,
}

/// The packages of the lock file, as it stood when the program was built.
static CRATES: LazyLock<Vec<Crate>> = LazyLock::new(|| {
    let lock: Result<Lock, _> = toml::from_str(include_str!("../../Cargo.lock"));
    lock.map(|lock| lock.package.into_iter().filter(|each| each.source.is_some()).collect()).unwrap_or_default()
});

/// `GET /about`.
///
/// # Errors
/// When the page cannot be made.
pub async fn about(gate: Public, site: Site) -> Result<HttpResponse> {
    let visitor = gate.visitor();
    let own = AboutPage { version: env!("CARGO_PKG_VERSION"), licence: env!("CARGO_PKG_LICENSE"), crates: &CRATES };
    site.page(&Looker::stranger(visitor.language), visitor, "http/about.html", own)
}

/// `GET /parts`: every part in every state, for those who build and test screens.
///
/// # Errors
/// When the page cannot be made.
pub async fn parts(gate: Public, site: Site) -> Result<HttpResponse> {
    let visitor = gate.visitor();
    site.page(&Looker::stranger(visitor.language), visitor, "parts/index.html", ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_crate_of_the_lock_file_is_listed_and_we_are_not() {
        assert!(CRATES.len() > 50);
        assert!(CRATES.iter().any(|each| each.name == "actix-web") && !CRATES.iter().any(|each| each.name == "rialto"));
    }
}

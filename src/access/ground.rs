//! What every slice stands on: one value, built once, passed on.

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::web::Data;

use super::{Authenticator, Keys, Rates};
use crate::clock::Clock;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::ids::Ids;
use crate::live::Hub;
use crate::mail::Mailer;
use crate::settings::SettingsCell;
use crate::storage::Db;
use crate::text::Words;

/// The ground.
#[derive(Clone)]
pub struct Ground {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Makes ids.
    pub ids: Arc<Ids>,
    /// Derived keys.
    pub keys: Keys,
    /// What the administrators chose.
    pub settings: SettingsCell,
    /// What the operator chose at start.
    pub config: Arc<Config>,
    /// Finds actors.
    pub authenticator: Arc<dyn Authenticator>,
    /// The hub of connections.
    pub hub: Hub,
    /// How often things may be done.
    pub rates: Rates,
    /// Letters.
    pub mailer: Mailer,
    /// Every word that people read.
    pub words: Arc<Words>,
    /// Is this the demo?
    pub is_demo: bool,
}

impl std::fmt::Debug for Ground {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ground")
    }
}

impl Ground {
    /// The ground behind a request.
    ///
    /// # Errors
    /// When the program was put together without one.
    pub fn of(request: &HttpRequest) -> Result<Data<Self>> {
        request.app_data::<Data<Self>>().cloned().ok_or_else(|| Error::broken("no ground"))
    }
}

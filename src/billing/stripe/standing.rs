//! How paying by card stands, as the rows tell it: for the server and for commands beside it.

use super::connection::KEY;
use super::store::events::{self, EventState};
use super::store::{calls, secrets};
use crate::billing::CardPayments;
use crate::config::Config;
use crate::error::Result;
use crate::storage::Conn;

/// How paying by card stands; none where no account is connected.
///
/// # Errors
/// When the database cannot be read.
pub fn card_payments(conn: &mut Conn, config: &Config) -> Result<Option<CardPayments>> {
    if config.stripe_key.is_none() && secrets::by_name(conn, KEY)?.is_none() {
        return Ok(None);
    }
    let (_, given_up) = calls::counts(conn)?;
    Ok(Some(CardPayments {
        last_webhook_at: events::last_webhook(conn)?,
        waiting_since: events::waiting_since(conn)?,
        lost: events::count(conn, EventState::Parked)? + events::count(conn, EventState::Dead)? + given_up,
    }))
}

//! Stripe: the one place that knows it. What it says unasked is a sign and no more; what counts is what it answers when it is asked.
//!
//! Webhooks are kept and answered (`inbox`), then their object is fetched and our rows follow (`mirror`); what no webhook told is found in
//! rounds (`reconcile`). What is to happen there is written down with its key first (`outbox`). `truth` says what answers mean, purely.
//! `provider` sells through it: `selling` makes what is sold, `fetching` asks where things stand, `switching` changes prices.

mod client;
mod connection;
mod envelope;
mod fetching;
mod inbox;
mod manage;
mod minor;
mod mirror;
mod outbox;
mod pages;
mod policy;
mod provider;
mod reconcile;
mod routes;
mod selling;
mod signature;
mod standing;
mod store;
mod switching;
#[cfg(test)]
mod tests;
mod truth;

pub use client::call::{Call, Checkout, Duration, Every, Tags};
pub use client::views;
pub use client::{Client, Failure};
pub use connection::{Connection, KeySource, Stripe};
pub use manage::{NewKey, StripeCheck, StripeEvent, StripeStatus};
pub use policy::{ManageStripe, ReplayEvent};
pub use standing::card_payments;
pub use store::events::{EventSource, EventState};

use super::actions::Billing;
use crate::error::Result;
use crate::jobs::Runner;

/// Registers every route of it.
pub fn mount(routes: &mut crate::access::Routes<'_>) {
    routes::mount(routes);
    pages::mount(routes);
}

/// The description of its API.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    routes::openapi()
}

/// Adds what does its jobs.
#[must_use]
pub fn work(runner: Runner, stripe: &Stripe, billing: &Billing) -> Runner {
    let mirror = mirror::Mirror { stripe: stripe.clone(), billing: billing.clone() };
    runner
        .register(outbox::CALL, outbox::Caller(stripe.clone()))
        .register(inbox::EVENT, inbox::Fetcher(mirror.clone()))
        .register_long(reconcile::ROUND, reconcile::Rounds(mirror))
}

/// Takes up what was stored, and has the rounds begin.
///
/// # Errors
/// When the database cannot be used.
pub async fn start(stripe: &Stripe) -> Result<()> {
    stripe.reload().await?;
    if stripe.connection().is_none() {
        return Ok(());
    }
    stripe.db().write(|tx| reconcile::arrange(tx, tx.now())).await
}

//! Seeded faults, each against the proof that is there to notice it, and against the bar that must be missed.

use crate::harness::{self, Found, Mutants};
use crate::options::Options;
use crate::{delivery, kills, orders};

const MUTANTS: Mutants = &[
    ("money-any-answer", "orders", "renewed: end otherwise than Stripe"),
    ("money-forgets-unwritten", "orders", "disputed: end otherwise than Stripe"),
    ("money-one-side", "delivery", "books that do not balance"),
    ("money-fulfil-unpaid", "kills", "entitled without payment"),
    ("money-new-key", "kills", "charged, opened or given back twice"),
    ("money-ack-unstored", "kills", "events lost"),
];

/// Runs every fault against its proof, small.
pub async fn killed(options: &Options) -> Found {
    harness::killed(options, MUTANTS, async |own, proof| match proof {
        "orders" => orders::all(&Options { count: Some(8), ..own.clone() }, proof),
        "delivery" => delivery::sampled(own, proof, 20).await,
        _ => kills::kills(own, proof, 60).await,
    })
    .await
}

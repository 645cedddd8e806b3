//! The control: faults that are seeded on purpose, each of which must be noticed by the proof that is named for it.

use crate::harness::{self, Found, Mutants};
use crate::options::Options;
use crate::{oracle, power, restarts, slow};

const MUTANTS: Mutants = &[
    ("ack-before-commit", "R2b", "acks before the sync"),
    ("fan-out-before-commit", "R2b", "events before the sync"),
    ("fan-out-before-commit", "R1", "phantoms"),
    ("synchronous-normal", "R2b", "acks before the sync"),
    ("synchronous-normal", "R2", "acknowledged and lost"),
    ("no-unique-key", "R1", "stored, answered or shown twice"),
    ("resume-off-by-one", "R1", "order broken"),
    ("survive-failed-sync", "R4", "it ended itself"),
    ("frozen-digest", "R18", "order broken"),
    ("drop-without-close", "R11", "order broken"),
];

/// Runs every fault against its proof, small.
pub async fn killed(options: &Options) -> Found {
    harness::killed(options, MUTANTS, async |own, proof| match proof {
        "R2b" => oracle::synced(own, proof, 200).await,
        "R2" => power::cuts(own, proof, 4).await,
        "R4" => oracle::failing_sync(own, proof).await,
        "R18" => restarts::graceful(own, proof, 2).await,
        "R1" => restarts::kills(own, proof, 6).await,
        _ => slow::readers(own, proof, 50).await,
    })
    .await
}

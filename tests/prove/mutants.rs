//! The control: faults that are seeded on purpose, each of which must be noticed by the proof that is named for it.

use crate::options::Options;
use crate::verdict::Line;
use crate::{oracle, power, restarts, slow};

/// Each fault with the proof that must notice it, and the beginning of the bar that must then be missed: another one does not count.
const MUTANTS: &[(&str, &str, &str)] = &[
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
pub async fn killed(options: &Options) -> Result<Vec<Line>, String> {
    let program = options.mutants.clone().ok_or("--mutants names the program that was built with the feature `mutants`")?;
    let mut lines = Vec::new();
    for (mutant, proof, bar) in MUTANTS {
        eprintln!("… mutant {mutant}");
        let own =
            Options { program: program.clone(), environment: vec![("RIALTO_TEST_MUTANT".into(), (*mutant).into())], ..options.clone() };
        let found = match *proof {
            "R2b" => oracle::synced(&own, proof, 200).await,
            "R2" => power::cuts(&own, proof, 4).await,
            "R4" => oracle::failing_sync(&own, proof).await,
            "R18" => restarts::graceful(&own, proof, 2).await,
            "R1" => restarts::kills(&own, proof, 6).await,
            _ => slow::readers(&own, proof, 50).await,
        };
        let missed: Vec<String> = match found {
            Ok(found) => found.into_iter().filter(|line| !line.holds).map(|line| format!("{}: {}", line.what, line.figure)).collect(),
            Err(sentence) => vec![format!("did not run to its end: {sentence}")],
        };
        let is_killed = missed.iter().any(|what| what.starts_with(bar));
        let figure = if is_killed { "noticed" } else { "SURVIVED" };
        lines.push(Line::must("mutants", &format!("{mutant} is noticed by {proof}: {bar}"), figure, is_killed).because(missed));
    }
    Ok(lines)
}

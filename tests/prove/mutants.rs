//! The control: faults that are seeded on purpose, each of which must be noticed by the proof that is named for it.

use crate::options::Options;
use crate::verdict::Line;
use crate::{oracle, restarts, slow};

/// Each fault with the proof that must notice it.
const MUTANTS: &[(&str, &str)] = &[
    ("ack-before-commit", "R2b"),
    ("fan-out-before-commit", "R2b"),
    ("synchronous-normal", "R2b"),
    ("no-unique-key", "R1"),
    ("resume-off-by-one", "R1"),
    ("drop-without-close", "R11"),
];

/// Runs every fault against its proof, small.
pub async fn killed(options: &Options) -> Result<Vec<Line>, String> {
    let program = options.mutants.clone().ok_or("--mutants names the program that was built with the feature `mutants`")?;
    let mut lines = Vec::new();
    for (mutant, proof) in MUTANTS {
        eprintln!("… mutant {mutant}");
        let own =
            Options { program: program.clone(), environment: vec![("RIALTO_TEST_MUTANT".into(), (*mutant).into())], ..options.clone() };
        let found = match *proof {
            "R2b" => oracle::synced(&own, proof, 200).await,
            "R1" => restarts::kills(&own, proof, 6).await,
            _ => slow::readers(&own, proof, 50).await,
        };
        let missed: Vec<String> = match found {
            Ok(found) => found.into_iter().filter(|line| !line.holds).map(|line| format!("{}: {}", line.what, line.figure)).collect(),
            Err(sentence) => vec![format!("did not run to its end: {sentence}")],
        };
        let is_killed = !missed.is_empty();
        let figure = if is_killed { format!("{} bars missed", missed.len()) } else { "SURVIVED".to_owned() };
        lines.push(Line::must("mutants", &format!("{mutant} is noticed by {proof}"), figure, is_killed).because(missed));
    }
    Ok(lines)
}

//! Seeded faults, each against the proof that is there to notice it, and against the bar that must be missed.

use crate::options::Options;
use crate::verdict::Line;
use crate::{delivery, kills, orders};

/// Each fault, the proof named for it, and the bar that it must miss.
const MUTANTS: &[(&str, &str, &str)] = &[
    ("money-any-answer", "orders", "renewed: end otherwise than Stripe"),
    ("money-forgets-unwritten", "orders", "disputed: end otherwise than Stripe"),
    ("money-one-side", "delivery", "books that do not balance"),
    ("money-fulfil-unpaid", "kills", "entitled without payment"),
    ("money-new-key", "kills", "charged, opened or given back twice"),
    ("money-ack-unstored", "kills", "events lost"),
];

/// Runs every fault against its proof, small.
pub async fn killed(options: &Options) -> Result<Vec<Line>, String> {
    let program = options.mutants.clone().ok_or("--mutants names the program that was built with the feature `mutants`")?;
    let mut lines = Vec::new();
    for (mutant, proof, bar) in MUTANTS {
        eprintln!("… mutant {mutant}");
        let own = Options {
            program: program.clone(),
            simulator: options.mutant_tests.clone(),
            count: None,
            environment: vec![("RIALTO_TEST_MUTANT".into(), (*mutant).into())],
            ..options.clone()
        };
        let found = match *proof {
            "orders" => orders::all(&Options { count: Some(8), ..own }, proof),
            "delivery" => delivery::sampled(&own, proof, 20).await,
            _ => kills::kills(&own, proof, 60).await,
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

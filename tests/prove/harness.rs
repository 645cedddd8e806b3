//! What the long proofs have in common: the command line, the table of figures beside their bars, and the control by seeded faults.

use std::io::Write;
use std::process::ExitCode;

use tokio::runtime::Runtime;

use crate::options::Options;
use crate::verdict::{self, Line};

/// What a proof found; an error is why it did not run to its end.
pub type Found = Result<Vec<Line>, String>;

/// Each seeded fault, the proof that must notice it, and the beginning of the bar that must then be missed: another one does not count.
pub type Mutants = &'static [(&'static str, &'static str, &'static str)];

/// Runs the proofs that the command line names, or all of them in their order, and tells what they found. Each of `proofs` has a name and what it
/// shows; `prove` runs one by its name.
pub fn main(
    proofs: &'static [(&'static str, &'static str)],
    runtime: std::io::Result<Runtime>,
    prove: impl AsyncFn(&Options, &str) -> Found,
) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|word| word == "--help") {
        let known: String = proofs.iter().map(|(proof, what)| format!("  {proof:12} {what}\n")).collect();
        let _ = write!(std::io::stdout().lock(), "{known}");
        return ExitCode::SUCCESS;
    }
    let options = match Options::parse(&arguments, proofs) {
        Ok(options) => options,
        Err(sentence) => {
            eprintln!("{sentence}");
            return ExitCode::from(2);
        }
    };
    let lines = runtime.expect("a runtime").block_on(run(&options, prove));
    let all_hold = lines.iter().all(|line| line.holds);
    let _ = write!(std::io::stdout().lock(), "{}", verdict::table(&lines, options.seed));
    if let Some(path) = &options.output {
        let all = serde_json::json!({ "seed": options.seed, "lines": lines.iter().map(Line::json).collect::<Vec<_>>() });
        if let Err(error) = std::fs::write(path, format!("{all:#}\n")) {
            eprintln!("{} cannot be written: {error}", path.display());
            return ExitCode::FAILURE;
        }
    }
    if all_hold { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn run(options: &Options, prove: impl AsyncFn(&Options, &str) -> Found) -> Vec<Line> {
    let mut lines = Vec::new();
    for proof in &options.proofs {
        eprintln!("… {proof}");
        let found = prove(options, proof).await.unwrap_or_else(|sentence| vec![Line::must(proof, "ran to its end", sentence, false)]);
        // Told at once: whoever ends a long run has what it found so far.
        found.iter().for_each(|line| eprintln!("{}", line.text()));
        lines.extend(found);
    }
    lines
}

/// How often a fault is looked for with another chance, before it is said that nobody notices it: a small proof may pass it by.
const TRIES: u64 = 3;

/// Runs every fault against its proof; `prove` runs one small, by its name.
pub async fn killed(options: &Options, mutants: Mutants, prove: impl AsyncFn(&Options, &str) -> Found) -> Found {
    let program = options.mutants.clone().ok_or("--mutants names the program that was built with the feature `mutants`")?;
    let mut lines = Vec::new();
    for (mutant, proof, bar) in mutants {
        let (mut missed, mut noticed) = (Vec::new(), None);
        for n in 0..TRIES {
            eprintln!("… mutant {mutant}, seed {}", options.seed + n);
            let own = Options {
                program: program.clone(),
                // The one that was built optimised has no faults in it.
                optimised: None,
                simulator: options.mutant_tests.clone(),
                count: None,
                seed: options.seed + n,
                environment: vec![("RIALTO_TEST_MUTANT".into(), (*mutant).into())],
                ..options.clone()
            };
            missed = match prove(&own, proof).await {
                Ok(found) => found.into_iter().filter(|line| !line.holds).map(|line| format!("{}: {}", line.what, line.figure)).collect(),
                Err(sentence) => vec![format!("did not run to its end: {sentence}")],
            };
            if missed.iter().any(|what| what.starts_with(bar)) {
                noticed = Some(n + 1);
                break;
            }
        }
        let figure = noticed
            .map_or_else(|| format!("SURVIVED {TRIES} tries"), |n| if n == 1 { "noticed".to_owned() } else { format!("noticed, try {n}") });
        let line = Line::must("mutants", &format!("{mutant} is noticed by {proof}: {bar}"), &figure, noticed.is_some());
        lines.push(line.because(missed));
    }
    Ok(lines)
}

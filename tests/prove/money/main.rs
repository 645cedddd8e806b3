//! The long proofs of money: all orders of what Stripe tells, and the program killed between any two steps of what members and
//! administrators do, weighed against the double's own books. `bin/prove money` builds what is needed and runs this.

mod books;
mod delivery;
mod elsewhere;
mod kills;
#[path = "../../load/mod.rs"]
mod load;
mod market;
mod mutants;
#[expect(dead_code, reason = "the proofs of chat ask more of it")]
#[path = "../options.rs"]
mod options;
mod orders;
#[expect(dead_code, unused_imports, reason = "the tests ask more of it")]
#[path = "../../it/support/stripe/mod.rs"]
mod stripe;
#[path = "../verdict.rs"]
mod verdict;

use std::io::Write;
use std::process::ExitCode;

use options::Options;
use verdict::Line;

/// Every proof with what it shows, in the order in which they run.
const PROOFS: &[(&str, &str)] = &[
    ("orders", "all 40,320 orders of eight events, of two stories, with answers that overtake each other"),
    ("delivery", "the whole program hears eight events in many orders, doubled, at once, with cut connections"),
    ("kills", "kill -9 between any two steps of checkout, webhook, renewal, refund, cancel, deletion"),
    ("localstripe", "somebody else's double, as a process of its own: refetch, refund, cancel, signed webhooks"),
    ("mutants", "seeded faults are noticed by the proofs named for them"),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|word| word == "--help") {
        let known: String = PROOFS.iter().map(|(proof, what)| format!("  {proof:12} {what}\n")).collect();
        let _ = write!(std::io::stdout().lock(), "{known}");
        return ExitCode::SUCCESS;
    }
    let options = match Options::parse(&arguments, PROOFS) {
        Ok(options) => options,
        Err(sentence) => {
            eprintln!("{sentence}");
            return ExitCode::from(2);
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let lines = runtime.block_on(run(&options));
    let all_hold = lines.iter().all(|line| line.holds);
    let mut out = std::io::stdout().lock();
    let _ = write!(out, "{}", verdict::table(&lines, options.seed));
    if let Some(path) = &options.output {
        let all = serde_json::json!({ "seed": options.seed, "lines": lines.iter().map(Line::json).collect::<Vec<_>>() });
        if let Err(error) = std::fs::write(path, format!("{all:#}\n")) {
            eprintln!("{} cannot be written: {error}", path.display());
            return ExitCode::FAILURE;
        }
    }
    if all_hold { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn run(options: &Options) -> Vec<Line> {
    let mut lines = Vec::new();
    for proof in &options.proofs {
        eprintln!("… {proof}");
        let found = match *proof {
            "orders" => orders::all(options, proof),
            "delivery" => delivery::sampled(options, proof, options.count.unwrap_or(400)).await,
            "kills" => kills::kills(options, proof, options.count.unwrap_or(100)).await,
            "localstripe" => elsewhere::localstripe(options, proof).await,
            _ => mutants::killed(options).await,
        };
        match found {
            Ok(found) => lines.extend(found),
            Err(sentence) => lines.push(Line::must(proof, "ran to its end", sentence, false)),
        }
    }
    lines
}

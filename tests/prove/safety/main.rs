//! The sweeps of safety: the tests of the whole program that are named for each row of the test plan, and what they counted beside its bar.
//! `bin/prove safety` builds what is needed and runs this.

#[expect(dead_code, reason = "no faults are seeded here")]
#[path = "../harness.rs"]
mod harness;
#[path = "../limited.rs"]
mod limited;
#[expect(dead_code, reason = "the proofs of chat ask more of it")]
#[path = "../options.rs"]
mod options;
mod rows;
#[path = "../verdict.rs"]
mod verdict;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

use harness::Found;
use limited::Done;
use options::Options;
use rows::{Bar, ROWS, TESTS, Test};
use serde_json::Value;
use tokio::runtime::Builder;
use verdict::Line;

/// Times of each that are compared, where times are.
const SAMPLES: usize = 200;
/// How long one test may take with as many samples: several times what the longest took. One that takes longer hangs, and is ended.
const LIMIT: Duration = Duration::from_secs(30 * 60);

fn main() -> ExitCode {
    harness::main(ROWS, Builder::new_current_thread().build(), prove)
}

async fn prove(options: &Options, row: &str) -> Found {
    let tests = options.tests.as_ref().ok_or("--tests names the tests of the whole program")?;
    let mut lines = Vec::new();
    for test in TESTS.iter().filter(|test| test.row == row) {
        lines.extend(run(tests, test, options.count.unwrap_or(SAMPLES))?);
    }
    if lines.is_empty() { Err("no test is named for it".to_owned()) } else { Ok(lines) }
}

/// One test by itself, on SQLite: that it ran and passed, and each figure that it owes.
fn run(tests: &Path, test: &Test, samples: usize) -> Found {
    let mut command = Command::new(tests);
    command.args([test.name, "--exact", "--nocapture"]).env_remove("RIALTO_TEST_POSTGRES");
    command.env("RIALTO_TEST_SAMPLES", samples.to_string());
    let times = u32::try_from(samples.div_ceil(SAMPLES)).unwrap_or(u32::MAX).max(1);
    let done = limited::run(&mut command, LIMIT.saturating_mul(times)).map_err(|error| format!("{}: {error}", tests.display()))?;
    let told = figures(&done);
    let verdict = match (done.status, done.out.contains("test result: ok. 1 passed"), done.out.contains("running 1 test")) {
        (None, ..) => "hung",
        (_, true, _) => "passed",
        (_, false, true) => "FAILED",
        (_, false, false) => "did not run",
    };
    let passed = Line::must(test.row, test.name, verdict, done.status.is_some_and(|status| status.success()) && verdict == "passed");
    let faults = done.err.lines().filter(|line| !passed.holds && !line.starts_with("figure ")).map(str::to_owned);
    let mut lines = vec![passed.clone().because(faults)];
    for (what, bar) in test.bars {
        lines.push(match (told.get(*what), bar) {
            (None, _) => Line::must(test.row, what, "not told", false),
            (Some(figure), Bar::Least(least)) => Line::least(test.row, what, *figure, *least),
            (Some(figure), Bar::Most(most, unit)) => Line::most(test.row, what, *figure, *most, unit),
        });
    }
    Ok(lines)
}

/// What a test counted, by name.
fn figures(done: &Done) -> BTreeMap<String, f64> {
    let told = done.err.lines().filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("figure ")?).ok());
    told.filter_map(|one| Some((one["what"].as_str()?.to_owned(), one["figure"].as_f64()?))).collect()
}

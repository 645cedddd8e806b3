//! The sweeps of safety: the tests of the whole program that are named for each row of the test plan, and what they counted beside its bar.
//! `bin/prove safety` builds what is needed and runs this.

#[expect(dead_code, reason = "no faults are seeded here")]
#[path = "../harness.rs"]
mod harness;
#[expect(dead_code, reason = "the proofs of chat ask more of it")]
#[path = "../options.rs"]
mod options;
mod rows;
#[path = "../verdict.rs"]
mod verdict;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, ExitCode, Output};

use harness::Found;
use options::Options;
use rows::{Bar, ROWS, TESTS, Test};
use serde_json::Value;
use tokio::runtime::Builder;
use verdict::Line;

/// Times of each that are compared, where times are.
const SAMPLES: usize = 200;

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
    let done = command.output().map_err(|error| format!("{}: {error}", tests.display()))?;
    let told = figures(&done);
    let said = String::from_utf8_lossy(&done.stdout);
    let verdict = match (said.contains("test result: ok. 1 passed"), said.contains("running 1 test")) {
        (true, _) => "passed",
        (false, true) => "FAILED",
        (false, false) => "did not run",
    };
    let passed = Line::must(test.row, test.name, verdict, done.status.success() && verdict == "passed");
    let text = String::from_utf8_lossy(&done.stderr);
    let faults = text.lines().filter(|line| !passed.holds && !line.starts_with("figure ")).map(str::to_owned);
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
fn figures(done: &Output) -> BTreeMap<String, f64> {
    let text = String::from_utf8_lossy(&done.stderr);
    let told = text.lines().filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("figure ")?).ok());
    told.filter_map(|one| Some((one["what"].as_str()?.to_owned(), one["figure"].as_f64()?))).collect()
}

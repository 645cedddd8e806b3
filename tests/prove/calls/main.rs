//! The proofs of calls that need no browser: the comparison with Janus, memory and churn of the real program, and a member on the `webrtc`
//! crate. `bin/prove calls` builds and runs this, one proof at a time.
//!
//! usage: `prove-calls janus|memory|churn|starved [--count N] [--minutes N] [--program FILE]`, one JSON object a line for each figure;
//! `prove-calls peer URL ROOM SECONDS`, the member's token on standard input.

#[path = "../../../benches/sfu/bursts.rs"]
mod bursts;
mod churn;
#[expect(dead_code, reason = "the tests ask more of it")]
#[path = "../../it/sfu/client/mod.rs"]
mod client;
#[path = "../../../benches/sfu/cpu.rs"]
mod cpu;
#[expect(dead_code, reason = "the benchmark asks more of it")]
#[path = "../../../benches/sfu/crowd.rs"]
mod crowd;
mod janus;
#[path = "../../load/mod.rs"]
mod load;
mod memory;
mod party;
mod peer;
mod rival;
mod starved;
#[path = "../../../benches/sfu/traffic.rs"]
mod traffic;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::{Value, json};

/// How much to do, and with which program.
pub struct Options {
    /// Repetitions; each proof has its own default.
    pub count: Option<usize>,
    /// How long a proof that takes a time goes on; each has its own default.
    pub minutes: Option<f64>,
    /// The server program.
    pub program: PathBuf,
}

/// What a figure has to keep to.
#[derive(Clone, Copy)]
pub enum Bar {
    /// It may be at most this.
    Most(f64),
    /// It must be at least this.
    Least(f64),
    /// It is only told.
    None,
}

/// Tells one figure.
pub fn tell(test: &str, figure: f64, unit: &str, bar: Bar, note: &str) {
    let (bar, holds) = match bar {
        Bar::Most(most) => (format!("≤ {most}"), figure <= most),
        Bar::Least(least) => (format!("≥ {least}"), figure >= least),
        Bar::None => ("–".to_owned(), true),
    };
    say(
        &json!({ "test": test, "figure": rounded(figure), "unit": unit, "bar": bar, "verdict": if holds { "kept" } else { "missed" }, "note": note }),
    );
}

/// To as many places as say something.
fn rounded(figure: f64) -> f64 {
    let places = if figure.abs() < 1.0 {
        1_000.0
    } else if figure.abs() < 100.0 {
        100.0
    } else {
        1.0
    };
    (figure * places).round() / places
}

/// One JSON object on a line of standard output.
pub fn say(value: &Value) {
    say_line(&value.to_string());
}

/// A line of standard output, at once.
pub fn say_line(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let options = Options {
        count: option(&words, "--count").and_then(|word| word.parse().ok()),
        minutes: option(&words, "--minutes").and_then(|word| word.parse().ok()),
        program: option(&words, "--program").unwrap_or_else(|| env!("CARGO_BIN_EXE_rialto").to_owned()).into(),
    };
    let done = match words.first().map(String::as_str) {
        Some("janus") => janus::compare(&options),
        Some("memory") => memory::weigh(&options),
        Some("churn") => churn::churn(&options),
        Some("starved") => starved::starve(&options),
        Some("peer") => peer::visit(&words[1..]),
        _ => Err("usage: prove-calls janus|memory|churn|starved|peer …".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("{sentence}");
            ExitCode::FAILURE
        }
    }
}

fn option(words: &[String], name: &str) -> Option<String> {
    let at = words.iter().position(|word| word == name)?;
    words.get(at + 1).cloned()
}

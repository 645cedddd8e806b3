//! `cargo bench --bench reach`: what the questions cost that are asked before anybody reaches anybody. JSON on standard output, a table on
//! standard error; fails when a bar does not hold.

mod report;
mod resolve;

use std::io::Write;
use std::process::ExitCode;

use report::Report;

fn main() -> ExitCode {
    let mut report = Report::default();
    report.add(resolve::measure());
    eprint!("{}", report.table());
    let mut out = std::io::stdout().lock();
    let written = writeln!(out, "{}", report.json()).and_then(|()| out.flush());
    if report.holds() && written.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

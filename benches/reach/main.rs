//! `cargo bench --bench reach`: what the questions cost that are asked before anybody reaches anybody, of a large community on the SQLite
//! of the product, and how soon the real program answers whoever does not reach somebody; `-- --scale 0.01` for a small run. JSON on standard
//! output, a table on standard error; fails when a bar does not hold.

#[path = "../../tests/load/mod.rs"]
mod load;
mod people;
mod refusals;
#[path = "../report/mod.rs"]
mod report;
mod resolve;

use std::io::Write;
use std::process::ExitCode;

use report::Report;

/// Counts every allocation of the process: while decisions are counted, nothing else runs.
#[global_allocator]
static ALLOCATIONS: &stats_alloc::StatsAlloc<std::alloc::System> = &stats_alloc::INSTRUMENTED_SYSTEM;

fn scale() -> f64 {
    let arguments: Vec<String> = std::env::args().collect();
    let at = arguments.iter().position(|word| word == "--scale");
    at.and_then(|at| arguments.get(at + 1)?.parse().ok()).unwrap_or(1.0)
}

fn main() -> ExitCode {
    let mut report = Report::of("reach");
    let rows = resolve::measure().into_iter().chain(people::measure(scale())).chain(refusals::measure(scale()));
    rows.for_each(|row| report.add(row));
    eprint!("{}", report.table());
    let mut out = std::io::stdout().lock();
    let written = writeln!(out, "{}", report.json()).and_then(|()| out.flush());
    if report.holds() && written.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

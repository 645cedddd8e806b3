//! `cargo bench --bench sfu`: what forwarding costs, with clients that do real ICE, DTLS and SRTP, beside the floor of the same run.
//!
//! The media thread keeps to one core, all clients to the other. CPU for one forwarded packet is the figure. JSON on standard output, a
//! table on standard error; fails when a bar does not hold. Words after `--` choose scenes: `fan-out`, `audio`, `meeting`, `webinar`,
//! `pairs`, `leaving`; all of them by default.

mod bursts;
#[expect(dead_code, reason = "the tests ask more of it")]
#[path = "../../tests/it/sfu/client/mod.rs"]
mod client;
mod cpu;
#[expect(dead_code, reason = "a proof asks more of it")]
mod crowd;
mod fan_out;
#[path = "../floors/media.rs"]
mod floor;
mod leaving;
#[path = "../report/mod.rs"]
mod report;
mod rooms;
mod traffic;

use std::io::Write;
use std::process::ExitCode;

use report::{Report, Row};

/// Counts every allocation of the process: in a scene's steady state only the media thread has any to make.
#[global_allocator]
static ALLOCATIONS: &stats_alloc::StatsAlloc<std::alloc::System> = &stats_alloc::INSTRUMENTED_SYSTEM;

/// A floor that is so much dearer than on the reference machine voids the run.
const FLOOR_BAR: f64 = 1.5;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let chosen = |scene: &str| words.is_empty() || words.iter().any(|word| word == scene);
    let mut report = Report::of("sfu");
    let floor = fan_out::floor(200);
    let mut row = Row::new("floor", "us", floor);
    row.note = format!("reference {}; more than {FLOOR_BAR} times that voids the run", floor::REFERENCE);
    row.bar = Some(floor::REFERENCE * FLOOR_BAR);
    report.add(row);
    if chosen("fan-out") {
        for burst in [8, 16, 50] {
            fan_out::measure(&mut report, burst, 200, floor);
        }
    }
    for (name, scene) in rooms::SCENES {
        if chosen(name) {
            scene(&mut report);
        }
    }
    if chosen("leaving") {
        leaving::measure(&mut report);
    }
    eprint!("{}", report.table());
    let mut out = std::io::stdout().lock();
    let written = writeln!(out, "{}", report.json()).and_then(|()| out.flush());
    if report.holds() && written.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

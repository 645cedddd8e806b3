//! The program while it does nothing: it is waited for, weighed, and asked who is there.

use std::time::{Duration, Instant};

use crate::load::machine::memory_kib;
use crate::load::program::Program;

const KIB_OF_MIB: f64 = 1_024.0;
const LOOK: Duration = Duration::from_millis(500);
/// Longest that something is waited for.
const PATIENCE: Duration = Duration::from_secs(300);
/// CPU between two looks of a program that does nothing, in milliseconds.
const IDLE: f64 = 20.0;
/// How many looks in a row must find it so.
const LOOKS: u32 = 4;

/// Waits until the program uses no CPU to speak of.
pub async fn until_idle(program: &Program) {
    let (begun, mut before, mut quiet) = (Instant::now(), program.cpu_ms(), 0);
    while quiet < LOOKS && begun.elapsed() < PATIENCE {
        tokio::time::sleep(LOOK).await;
        let now = program.cpu_ms();
        quiet = if now - before < IDLE { quiet + 1 } else { 0 };
        before = now;
    }
}

/// Its memory once that stands still.
pub async fn resident_mib(program: &Program) -> f64 {
    let (begun, mut last, mut quiet) = (Instant::now(), 0.0, 0);
    while quiet < LOOKS && begun.elapsed() < PATIENCE {
        tokio::time::sleep(LOOK).await;
        let now = memory_kib(program.pid(), "Rss");
        quiet = if (now - last).abs() < now / 100.0 { quiet + 1 } else { 0 };
        last = now;
    }
    last / KIB_OF_MIB
}

/// How many members the program says are online; the owner may ask.
pub async fn members_online(program: &Program, owner: &str) -> Result<f64, String> {
    let url = format!("http://{}/metrics", program.address);
    let answer = reqwest::Client::new().get(url).bearer_auth(owner).send().await.and_then(reqwest::Response::error_for_status);
    let text = answer.map_err(|error| error.to_string())?.text().await.map_err(|error| error.to_string())?;
    let number = text.lines().find_map(|line| line.strip_prefix("rialto_members_online ")?.trim().parse().ok());
    number.ok_or_else(|| "the metrics do not count who is online".to_owned())
}

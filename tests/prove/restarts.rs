//! R1 and R18: the program is killed, or told to stop, again and again while people talk.

use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::field::{Crowd, Field, Outcome, integrity};
use crate::load::figures::{Chance, quantile};
use crate::options::Options;
use crate::verdict::Line;

/// From a start to the first ack, in seconds, in 95 of 100 cases.
const FIRST_ACK: f64 = 3.0;
/// A graceful stop takes at most this, in seconds.
const STOP: f64 = 10.0;

/// Heartbeats whose digest was compared, as devices count them.
const COMPARED: &str = "heartbeats compared";

/// Lines that every torture ends with.
pub fn contract(proof: &str, outcome: &Outcome) -> Vec<Line> {
    let row = |what: &str, rules: &str| {
        let faults = outcome.violations.iter().filter(|(rule, _)| rules.contains(*rule));
        Line::most(proof, what, outcome.of(rules) as f64, 0.0, "").because(faults.map(|(rule, text)| format!("({rule}) {text}")))
    };
    let mut lines = vec![
        row(&format!("acknowledged and lost, of {} acks", outcome.acks), "a"),
        row("stored, answered or shown twice", "b"),
        row("order broken: holes, gaps, repeats, real time", "cdfn"),
        row(&format!("phantoms, beside {} stored", outcome.messages), "e"),
        row("screens or words that differ in the end", "ghl"),
        row("commands without an answer while the connection lived", "w"),
        row("refusals for good, sign-outs, panics, 5xx other than 503", "rsxp"),
        Line::least(proof, COMPARED, outcome.counts.get(COMPARED).copied().unwrap_or(0) as f64, outcome.devices as f64),
    ];
    let others = outcome.counts.iter().filter(|(what, _)| **what != COMPARED);
    lines.extend(others.map(|(what, count)| Line::told(proof, what, *count as f64)));
    lines
}

/// Each write to the write-ahead log takes at least this long on a slow disk, in microseconds. Most kills then fall into a COMMIT before
/// its last write, which is what counts after a kill: the kernel keeps what was written, synced or not.
const SLOW_WRITE: u32 = 5_000;
/// Every so many starts are on a slow disk.
const SLOW_EVERY: usize = 3;

/// What runs a program as if its disk was slow to take the log of this database.
fn slow_disk(database: &Path) -> Vec<OsString> {
    let inject = format!("inject=write,pwrite64:delay_enter={SLOW_WRITE}");
    let words =
        ["strace", "-f", "--seccomp-bpf", "-e", "signal=none", "-e", "trace=write,pwrite64", "-e", &inject, "-o", "/dev/null", "-P"];
    words.into_iter().map(Into::into).chain([format!("{}-wal", database.display()).into()]).collect()
}

/// kill -9 at random points under load, also while it starts, and while it commits.
pub async fn kills(options: &Options, proof: &str, count: usize) -> Result<Vec<Line>, String> {
    let mut field = Field::lay(&options.program, options.database_url.as_deref(), None, Crowd::default(), options.seed).await?;
    field.plan.environment.clone_from(&options.environment);
    let mut chance = Chance::new(options.seed);
    field.talk();
    let (mut first_acks, mut damaged, mut killed_early, mut killed_slow) = (Vec::new(), Vec::new(), 0, 0);
    for round in 0..count {
        let is_slow = field.target.is_sqlite() && round % SLOW_EVERY == SLOW_EVERY - 1;
        field.plan.wrapper = if is_slow { slow_disk(&field.database()) } else { Vec::new() };
        killed_slow += usize::from(is_slow);
        if !is_slow && chance.percent(10) {
            // In the middle of a start: recovery, migration, the first connections.
            let starting = field.plan.spawn()?;
            tokio::time::sleep(Duration::from_millis(chance.below(400))).await;
            drop(starting);
            killed_early += 1;
        } else {
            let moment = field.journal.now();
            let (program, _) = field.plan.spawn()?.ready().await?;
            let came = crate::field::until(Duration::from_secs(20), || field.journal.first_ack_after(moment).is_some()).await;
            if came.is_err() {
                return Err(format!("no ack came after start {round}; seed {}", options.seed));
            }
            let took = field.journal.first_ack_after(moment).filter(|_| !is_slow);
            first_acks.extend(took.map(|took| took.as_secs_f64()));
            tokio::time::sleep(Duration::from_millis(chance.below(1_500))).await;
            program.kill();
        }
        if field.target.is_sqlite()
            && let Err(what) = integrity(&field.database())
        {
            damaged.push(format!("after kill {round}: {what}"));
        }
        if (round + 1) % 20 == 0 {
            crate::device::tracing_line(&format!("{proof}: {} of {count} kills, {} acks", round + 1, field.journal.acks()));
        }
    }
    field.plan.wrapper.clear();
    let program = field.plan.start().await?;
    let outcome = field.settle().await?;
    drop(program);
    let mut lines = contract(proof, &outcome);
    let what = format!("damaged after {count} kills ({killed_early} while starting, {killed_slow} on a slow disk)");
    lines.push(Line::most(proof, &what, damaged.len() as f64, 0.0, "").because(damaged));
    lines.push(Line::most(proof, "start to first ack, p95", quantile(&first_acks, 0.95), FIRST_ACK, "s"));
    Ok(lines)
}

/// SIGTERM under load.
pub async fn graceful(options: &Options, proof: &str, count: usize) -> Result<Vec<Line>, String> {
    let mut field = Field::lay(&options.program, options.database_url.as_deref(), None, Crowd::default(), options.seed).await?;
    field.plan.environment.clone_from(&options.environment);
    let mut chance = Chance::new(options.seed);
    field.talk();
    let (mut stops, mut bad_ends) = (Vec::new(), Vec::new());
    for round in 0..count {
        let program = field.plan.start().await?;
        field.acks(20, Duration::from_secs(20)).await?;
        tokio::time::sleep(Duration::from_millis(chance.below(700))).await;
        let begun = Instant::now();
        let (took, status) = program.stop().await;
        stops.push(took.as_secs_f64());
        if !status.success() {
            bad_ends.push(format!("stop {round} ended with {status} after {:?}", begun.elapsed()));
        }
    }
    let program = field.plan.start().await?;
    let outcome = field.settle().await?;
    drop(program);
    let mut lines = contract(proof, &outcome);
    lines.push(Line::most(proof, &format!("slowest of {count} stops"), quantile(&stops, 1.0), STOP, "s"));
    lines.push(Line::most(proof, "stops that did not end with 0", bad_ends.len() as f64, 0.0, "").because(bad_ends));
    Ok(lines)
}

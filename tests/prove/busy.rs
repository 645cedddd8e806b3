//! R5: another process holds the database's write lock for a while; a backup is taken while people talk, and what that costs them.

use std::process::Command;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;

use crate::field::{Crowd, Field, integrity};
use crate::options::Options;
use crate::restarts::contract;
use crate::verdict::Line;

fn refusals(field: &Field) -> u64 {
    field.journal.refusals().values().sum()
}

/// What was committed before the lock was taken may be answered for so long.
const UNDER_WAY: Duration = Duration::from_millis(500);

/// What was answered while the lock was held.
struct Held {
    acks: usize,
    refusals: u64,
}

/// Holds the lock, then gives it back.
async fn hold(field: &Field, time: Duration) -> Result<Held, String> {
    let path = field.database();
    let mut conn = SqliteConnection::establish(&path.to_string_lossy()).map_err(|error| error.to_string())?;
    conn.batch_execute("PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE").map_err(|error| error.to_string())?;
    let before = refusals(field);
    tokio::time::sleep(UNDER_WAY).await;
    let acks = field.journal.acks();
    tokio::time::sleep(time.saturating_sub(UNDER_WAY)).await;
    let held = Held { acks: field.journal.acks() - acks, refusals: refusals(field) - before };
    conn.batch_execute("ROLLBACK").map_err(|error| error.to_string())?;
    Ok(held)
}

/// A backup while people talk: what it ended with, and whether it is whole.
async fn back_up(field: &Field) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let file = folder.path().join("all.rialto");
    let mut command = Command::new(&field.plan.binary);
    command.arg("--data").arg(&field.plan.data).arg("backup").arg(&file).env_remove("DATABASE_URL");
    let done = tokio::task::spawn_blocking(move || command.output()).await.map_err(|error| error.to_string())?;
    let done = done.map_err(|error| error.to_string())?;
    if !done.status.success() {
        return Err(format!("backup ended with {}: {}", done.status, String::from_utf8_lossy(&done.stderr).trim()));
    }
    let mut command = Command::new(&field.plan.binary);
    command.args(["restore", "--rehearse"]).arg(&file).env_remove("DATABASE_URL");
    let rehearsed = tokio::task::spawn_blocking(move || command.output()).await.map_err(|error| error.to_string())?;
    let rehearsed = rehearsed.map_err(|error| error.to_string())?;
    if !rehearsed.status.success() {
        return Err(format!("its rehearsal ended with {}: {}", rehearsed.status, String::from_utf8_lossy(&rehearsed.stderr).trim()));
    }
    let unpacked = Command::new("tar").arg("-xf").arg(&file).arg("-C").arg(folder.path()).output().map_err(|error| error.to_string())?;
    if !unpacked.status.success() {
        return Err(format!("the backup is no archive: {}", String::from_utf8_lossy(&unpacked.stderr).trim()));
    }
    let found = Command::new("find").arg(folder.path()).args(["-name", "*.db"]).output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&found.stdout).into_owned();
    let database = text.lines().next().ok_or("the backup holds no database")?;
    integrity(std::path::Path::new(database))
}

/// Locks of 1, 4 and 10 seconds, and a backup.
pub async fn locked(options: &Options, proof: &str) -> Result<Vec<Line>, String> {
    let mut field = Field::lay(&options.program, None, None, Crowd { rate: 20.0, ..Crowd::default() }, options.seed).await?;
    field.plan.environment.clone_from(&options.environment);
    let program = field.plan.start().await?;
    field.talk();
    field.acks(20, Duration::from_secs(20)).await?;
    let mut lines = Vec::new();
    for seconds in [1, 4] {
        let before = refusals(&field);
        let held = hold(&field, Duration::from_secs(seconds)).await?;
        field.acks(20, Duration::from_secs(20)).await?;
        lines.push(Line::most(proof, &format!("acks while locked for {seconds} s"), held.acks as f64, 0.0, ""));
        lines.push(Line::most(proof, &format!("refusals while locked for {seconds} s"), (refusals(&field) - before) as f64, 0.0, ""));
    }
    let held = hold(&field, Duration::from_secs(10)).await?;
    field.acks(20, Duration::from_secs(20)).await?;
    lines.push(Line::most(proof, "acks while locked for 10 s", held.acks as f64, 0.0, ""));
    lines.push(Line::least(proof, "refusals while locked for 10 s", held.refusals as f64, 1.0));
    let others: Vec<String> = field.journal.refusals().into_keys().filter(|code| code != "error.busy").collect();
    lines.push(Line::most(proof, "codes other than error.busy while locked for 10 s", others.len() as f64, 0.0, "").because(others));
    let backup = back_up(&field).await;
    lines.push(Line::must(
        proof,
        "a backup while people talk is whole",
        backup.clone().err().unwrap_or("whole".to_owned()),
        backup.is_ok(),
    ));
    let outcome = field.settle().await?;
    drop(program);
    lines.extend(contract(proof, &outcome));
    Ok(lines)
}

/// Acks of one window.
const WINDOW: usize = 2_000;
/// Pairs of windows, one without and one with backups.
const PAIRS: usize = 3;
/// Acks a second while the cost of a backup is measured.
const RATE: f64 = 200.0;
/// How long a window may take.
const WINDOW_PATIENCE: Duration = Duration::from_secs(60);
/// Thousands of members and tens of thousands of messages in the database that is saved.
const SCALE: usize = 5;

/// The value below which so many hundredths of all lie.
fn percentile(all: &mut [f64], hundredths: usize) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get((all.len() * hundredths / 100).min(all.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}

async fn run(mut command: Command) -> Result<(), String> {
    let done = tokio::task::spawn_blocking(move || command.output()).await.map_err(|error| error.to_string())?;
    let done = done.map_err(|error| error.to_string())?;
    if done.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&done.stderr).trim().to_owned()) }
}

fn rialto(field: &Field, line: &[&str]) -> Command {
    let mut command = Command::new(&field.plan.binary);
    command.arg("--data").arg(&field.plan.data).args(line).env_remove("DATABASE_URL");
    command
}

/// One backup after the other until so many acks have come; how many were made.
async fn saved_meanwhile(field: &Field) -> Result<usize, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let wanted = field.journal.acks() + WINDOW;
    let mut made = 0;
    while field.journal.acks() < wanted {
        let file = folder.path().join(format!("{made}.tar"));
        run(rialto(field, &["backup", &file.to_string_lossy()])).await?;
        std::fs::remove_file(&file).map_err(|error| error.to_string())?;
        made += 1;
    }
    Ok(made)
}

/// How long acknowledgements take while backups are made, beside windows without, in turn.
pub async fn cost(options: &Options, proof: &str) -> Result<Vec<Line>, String> {
    let mut field = Field::lay(options.optimised(), None, None, Crowd { rate: RATE, changes: 0, ..Crowd::default() }, options.seed).await?;
    field.plan.environment.clone_from(&options.environment);
    let scale = options.count.unwrap_or(SCALE).to_string();
    run(rialto(&field, &["seed", "--scale", &scale])).await?;
    let program = field.plan.start().await?;
    field.talk();
    field.acks(WINDOW, WINDOW_PATIENCE).await?;
    let (mut quiet, mut busy, mut made) = (Vec::new(), Vec::new(), 0);
    for _ in 0..PAIRS {
        let begun = field.journal.now();
        field.acks(WINDOW, WINDOW_PATIENCE).await?;
        let between = field.journal.now();
        made += saved_meanwhile(&field).await?;
        quiet.extend(field.journal.latencies_ms(begun, between));
        busy.extend(field.journal.latencies_ms(between, field.journal.now()));
    }
    let bytes = std::fs::metadata(field.database()).map_or(0, |found| found.len());
    let (calm, slow) = ([50, 99].map(|part| percentile(&mut quiet, part)), [50, 99].map(|part| percentile(&mut busy, part)));
    let said = |(name, value): (&str, f64)| format!("{name} {value:.1} ms");
    let figures = [("p50 without", calm[0]), ("p50 with", slow[0]), ("p99 without", calm[1]), ("p99 with", slow[1])].map(said);
    let mut lines = vec![
        Line::most(proof, "p50 of an ack while backups are made, beside without", slow[0] / calm[0], 1.2, "×").because(figures),
        Line::most(proof, "p99 of an ack while backups are made", slow[1], (calm[1] * 1.5).max(calm[1] + 20.0), " ms"),
        Line::least(proof, "backups made", made as f64, PAIRS as f64),
        Line::least(proof, "bytes of the database", bytes as f64, 1.0),
    ];
    let outcome = field.settle().await?;
    drop(program);
    lines.extend(contract(proof, &outcome));
    Ok(lines)
}

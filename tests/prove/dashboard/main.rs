//! The long proof of the dashboard: every page of it, asked of the real program on a hundred thousand members, is there within a tenth of a second.
//! `bin/prove dashboard` builds what is needed and runs this.

mod addresses;
mod asking;
#[allow(dead_code, reason = "nothing is broken here on purpose")]
#[path = "../harness.rs"]
mod harness;
#[path = "../../load/mod.rs"]
mod load;
#[allow(dead_code, reason = "the proofs of chat ask more of it")]
#[path = "../options.rs"]
mod options;
mod still;
#[allow(dead_code, reason = "only the addresses of what can be read are taken")]
#[path = "../../it/sweep/table.rs"]
mod table;
#[path = "../verdict.rs"]
mod verdict;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use harness::Found;
use load::program::{Plan, Program};
use load::town::{Seat, Town};
use options::Options;
use tokio::runtime::Builder;
use verdict::Line;

/// The one proof.
const PROOFS: &[(&str, &str)] =
    &[("pages", "every page of the dashboard with 100,000 members, 1,000,000 messages and 10,000 subscriptions: start, time, memory")];
/// Thousands of members, unless `--count` says otherwise.
const SCALE: usize = 100;
/// Members who are online.
const ONLINE: usize = 1_000;
/// From the start of the program until it listens, in milliseconds.
const START_BAR: f64 = 3_000.0;

fn main() -> ExitCode {
    harness::main(PROOFS, Builder::new_multi_thread().worker_threads(2).enable_all().build(), prove)
}

async fn prove(options: &Options, proof: &str) -> Found {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let data = folder.path().join("data");
    let scale = options.count.unwrap_or(SCALE);
    let mut lines = vec![seed(options, &data, scale)?];
    let seats = Town::found(&data, options.database_url.as_deref()).await?.seats(ONLINE).await?;
    let (owner, online) = seats.split_first().ok_or("nobody owns what was seeded")?;
    let plan = Plan { database_url: options.database_url.clone(), ..Plan::new(options.optimised(), &data) };
    let (program, took) = plan.spawn()?.ready().await?;
    lines.push(Line::most(proof, "start to ready", took.as_secs_f64() * 1_000.0, START_BAR, "ms"));
    // What a start sets about in the background is no part of a page.
    still::until_idle(&program).await;
    lines.push(Line::told(proof, "resident memory with nobody connected, MiB", still::resident_mib(&program).await));
    lines.extend(asking::every_page(&program, owner).await?.into_iter().map(|page| page.line(proof)));
    lines.push(Line::told(proof, "resident memory after every page, MiB", still::resident_mib(&program).await));
    lines.extend(with_members_online(proof, &program, (owner, online)).await?);
    drop(program);
    Ok(lines)
}

/// Has the program fill an empty folder, and says how long that took.
fn seed(options: &Options, data: &Path, scale: usize) -> Result<Line, String> {
    let begun = Instant::now();
    let program: PathBuf = options.optimised().to_owned();
    let mut command = Command::new(&program);
    command.arg("--data").arg(data);
    if let Some(url) = &options.database_url {
        command.arg("--database-url").arg(url);
    }
    command.arg("seed").arg("--scale").arg(scale.to_string()).stdin(Stdio::null());
    let done = command.output().map_err(|error| format!("{} cannot be started: {error}", program.display()))?;
    if !done.status.success() {
        return Err(format!("it could not be filled: {}", String::from_utf8_lossy(&done.stderr)));
    }
    eprintln!("{}", String::from_utf8_lossy(&done.stdout).trim());
    Ok(Line::told("pages", &format!("`rialto seed --scale {scale}`, s"), begun.elapsed().as_secs_f64()))
}

/// Memory with real sockets of so many members.
async fn with_members_online(proof: &str, program: &Program, (owner, seats): (&Seat, &[Seat])) -> Result<[Line; 2], String> {
    let mut sockets = Vec::with_capacity(seats.len());
    for seat in seats {
        sockets.push(load::pipe::open(program.address, &seat.token, None).await?);
    }
    let resident = still::resident_mib(program).await;
    let there = still::members_online(program, &owner.token).await?;
    drop(sockets);
    Ok([
        Line::least(proof, "members online by a real socket each", there, ONLINE as f64),
        Line::told(proof, "resident memory with them online, MiB", resident),
    ])
}

//! The long proofs of the delivery contract: fake devices talk to the real program while it is killed, starved and lied to, and a checker
//! weighs what was acknowledged, stored and shown. `bin/prove chat` builds what is needed and runs this.

#[path = "../load/mod.rs"]
mod load;

mod busy;
mod checker;
mod clock;
mod cluster;
mod device;
mod disk;
mod field;
mod harness;
mod journal;
mod mutants;
mod options;
mod oracle;
mod power;
mod restarts;
mod simulator;
mod slow;
mod verdict;
mod view;
mod volatile;

use std::process::ExitCode;

use disk::Log;
use harness::Found;
use options::Options;
use tokio::runtime::Builder;

/// Every proof with what it shows, in the order in which they run.
const PROOFS: &[(&str, &str)] = &[
    ("sim", "a million schedules of the delivery core under the simulator"),
    ("R1", "kill -9 under load: nothing acknowledged is lost, shown twice or out of order"),
    ("R1-postgres", "the same on a PostgreSQL of its own"),
    ("R2", "the power goes: a disk that forgets what was not synced (FUSE)"),
    ("R2b", "every ack and event leaves after the log that carries it was synced (strace)"),
    ("R3", "full disk on tmpfs: reads go on, sends wait, nothing restarts"),
    ("R3-ext4", "the same on ext4"),
    ("R3-log", "the same with the program's log on the full disk"),
    ("R4", "every sync fails with EIO: nothing more is acknowledged"),
    ("R4-ext4", "the file system turns read-only: nothing more is acknowledged"),
    ("R5", "another process holds the write lock; a backup under load"),
    ("R5b", "what a backup costs those who talk: p50 and p99 of acks, in turn with windows without"),
    ("R6", "PostgreSQL restarted without warning, and frozen"),
    ("R11", "a fifth of all connections does not read"),
    ("R13", "the clock jumps"),
    ("R18", "graceful restarts under load"),
    ("mutants", "seeded faults are noticed by the proofs named for them"),
];

fn main() -> ExitCode {
    harness::main(PROOFS, Builder::new_current_thread().enable_all().build(), prove)
}

async fn prove(options: &Options, proof: &str) -> Found {
    match proof {
        "sim" => simulator::schedules(options, proof, options.count.unwrap_or(1_000_000)),
        "R1" => restarts::kills(options, proof, options.count.unwrap_or(100)).await,
        "R1-postgres" => {
            let cluster = cluster::Cluster::start()?;
            let own = Options { database_url: Some(cluster.database("prove")?), ..options.clone() };
            restarts::kills(&own, proof, options.count.unwrap_or(100)).await
        }
        "R2" => power::cuts(options, proof, options.count.unwrap_or(50)).await,
        "R2b" => oracle::synced(options, proof, options.count.unwrap_or(1_000)).await,
        "R3" => disk::full(options, proof, "tmpfs", Log::Elsewhere).await,
        "R3-ext4" => disk::full(options, proof, "ext4", Log::Elsewhere).await,
        "R3-log" => disk::full(options, proof, "tmpfs", Log::OnTheDisk).await,
        "R4" => oracle::failing_sync(options, proof).await,
        "R4-ext4" => disk::read_only(options, proof).await,
        "R5" => busy::locked(options, proof).await,
        "R5b" => busy::cost(options, proof).await,
        "R6" => cluster::restarts(options, proof, options.count.unwrap_or(20)).await,
        "R11" => slow::readers(options, proof, options.count.unwrap_or(1_000)).await,
        "R13" => clock::jumps(options, proof).await,
        "R18" => restarts::graceful(options, proof, options.count.unwrap_or(50)).await,
        _ => mutants::killed(options).await,
    }
}

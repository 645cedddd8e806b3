//! Memory: of the program alone, and of a connection that does nothing.

use std::time::{Duration, Instant};

use crate::crowd::{Stage, open_all};
use crate::load::figures::median;
use crate::load::machine::memory_kib;
use crate::load::program::Program;
use crate::options::Options;
use crate::report::{Bar, Row};

const MIB: f64 = 1_024.0;
/// Memory stands still when it has changed by less than a hundredth for this long.
const STILL: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(20);

/// The size in KiB once it stands still.
async fn at_rest(program: &Program, name: &str) -> f64 {
    let begun = Instant::now();
    let (mut last, mut since) = (memory_kib(program.pid(), name), Instant::now());
    while since.elapsed() < STILL && begun.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(250)).await;
        let now = memory_kib(program.pid(), name);
        if (now - last).abs() > last / 100.0 {
            (last, since) = (now, Instant::now());
        }
    }
    memory_kib(program.pid(), name)
}

/// 5,000 members, each with a socket, in rooms of ten.
pub async fn idle(options: &Options) -> Result<Vec<Row>, String> {
    let count = options.count(5_000);
    let stage = Stage::set(count / 10, 10).await?;
    let program = stage.product(options).await?;
    let before = at_rest(&program, "Pss").await;
    let (cpu, connections) = (program.cpu_ms(), open_all(&program, &stage.places).await?);
    let cpu = program.cpu_ms() - cpu;
    let after = at_rest(&program, "Pss").await;
    let there = connections_of(&program, &stage.places[0].token).await?;
    drop(connections);
    if there < count {
        return Err(format!("only {there} of {count} connections were still there when memory was read"));
    }
    let each = (after - before) * 1.024 / count as f64;
    Ok(vec![Row {
        name: format!("{count} idle authenticated sockets, each"),
        unit: "kB PSS",
        value: each,
        rounds: vec![each],
        floor: None,
        bar: Bar::Value(25.0),
        aim: Some(18.0),
        note: format!("{:.2} ms CPU to come in", cpu / count as f64),
    }])
}

/// How many live connections the program says that it has; the first of all is the owner, who may ask.
async fn connections_of(program: &Program, owner: &str) -> Result<usize, String> {
    let url = format!("http://{}/metrics", program.address);
    let answer = reqwest::Client::new().get(url).bearer_auth(owner).send().await.and_then(reqwest::Response::error_for_status);
    let text = answer.map_err(|error| error.to_string())?.text().await.map_err(|error| error.to_string())?;
    let number = text.lines().find_map(|line| line.strip_prefix("rialto_connections ")?.trim().parse().ok());
    number.ok_or_else(|| "the metrics do not count connections".to_owned())
}

/// The program with nobody connected.
pub async fn resident(options: &Options) -> Result<Vec<Row>, String> {
    let stage = Stage::set(1, 10).await?;
    let program_bytes = std::fs::metadata(&options.binary).map_err(|error| error.to_string())?.len();
    let mut sizes = Vec::new();
    for _ in 0..options.rounds.min(3) {
        let program = stage.product(options).await?;
        sizes.push(at_rest(&program, "Rss").await / MIB);
    }
    Ok(vec![Row {
        name: "resident with no connection".to_owned(),
        unit: "MiB",
        value: median(&sizes),
        rounds: sizes,
        floor: None,
        bar: Bar::Value(64.0),
        aim: Some(40.0),
        note: format!("the program's file has {:.1} MB", program_bytes as f64 / 1e6),
    }])
}

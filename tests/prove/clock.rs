//! R13: the machine's clock jumps while people talk; order does not care, times never go back in a room, nobody is signed out.

use std::path::PathBuf;
use std::time::Duration;

use crate::field::{Crowd, Field};
use crate::options::Options;
use crate::restarts::contract;
use crate::verdict::Line;

/// Jumps in turn, from the true time; steps back are in it.
const JUMPS: &[&str] = &["+1h", "-1h", "+0", "+23h", "+2h", "-23h", "+0", "+300", "-300", "+0"];

/// The library that lies about the time, in its variant for threads.
pub fn library() -> Option<PathBuf> {
    let folders = ["/usr/lib/x86_64-linux-gnu/faketime", "/usr/lib/aarch64-linux-gnu/faketime", "/usr/lib/faketime"];
    folders.iter().map(|folder| PathBuf::from(folder).join("libfaketimeMT.so.1")).find(|file| file.exists())
}

/// A few seconds in each time.
pub async fn jumps(options: &Options, proof: &str) -> Result<Vec<Line>, String> {
    let library = library().ok_or("libfaketime is not installed")?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let hand = folder.path().join("time");
    let set = |offset: &str| std::fs::write(&hand, format!("{offset}\n")).map_err(|error| error.to_string());
    set("+0")?;
    let mut field = Field::lay(&options.program, None, None, Crowd::default(), options.seed).await?;
    field.plan.environment = vec![
        ("LD_PRELOAD".into(), library.into()),
        ("FAKETIME_TIMESTAMP_FILE".into(), hand.clone().into()),
        ("FAKETIME_NO_CACHE".into(), "1".into()),
        ("FAKETIME_DONT_FAKE_MONOTONIC".into(), "1".into()),
    ];
    field.plan.environment.extend(options.environment.iter().cloned());
    let mut program = field.plan.start().await?;
    field.talk();
    field.acks(30, Duration::from_secs(30)).await?;
    for jump in JUMPS {
        set(jump)?;
        field.acks(60, Duration::from_secs(30)).await.map_err(|error| format!("{error} after a jump to {jump}"))?;
    }
    // Whoever comes back in another time is still who they are.
    set("+23h")?;
    let fresh = field.profile(0, "returning".to_owned());
    field.join(crate::device::Profile { pace: None, ..fresh });
    field.acks(60, Duration::from_secs(30)).await?;
    let is_alive = program.ended().is_none();
    let outcome = field.settle().await?;
    drop(program);
    let mut lines = vec![Line::must(proof, "it stayed through the jumps", format!("{} jumps", JUMPS.len()), is_alive)];
    lines.extend(contract(proof, &outcome));
    Ok(lines)
}

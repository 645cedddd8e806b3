//! R3: the disk is full, stays full for a while, and has space again: reads go on, sends are refused honestly, nothing restarts.
//! R4-ext4: the file system turns read-only, as ext4 does when it finds itself damaged: nothing more is acknowledged, nothing was lost.

use std::fs::File;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::field::{Crowd, Field, integrity, until};
use crate::load::figures::quantile;
use crate::options::Options;
use crate::restarts::contract;
use crate::verdict::Line;

/// A small file system that is unmounted again.
struct Small {
    folder: tempfile::TempDir,
}

fn run(line: &[&str]) -> Result<(), String> {
    let done = Command::new(line[0]).args(&line[1..]).output().map_err(|error| format!("{}: {error}", line[0]))?;
    if done.status.success() { Ok(()) } else { Err(format!("{line:?}: {}", String::from_utf8_lossy(&done.stderr).trim())) }
}

impl Small {
    /// `tmpfs`, or `ext4` on a loop device, of so many MiB.
    fn mount(kind: &str, mib: u64) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let point = folder.path().join("disk");
        std::fs::create_dir(&point).map_err(|error| error.to_string())?;
        let point_text = point.to_string_lossy().into_owned();
        if kind == "tmpfs" {
            run(&["mount", "-t", "tmpfs", "-o", &format!("size={mib}m"), "none", &point_text])?;
            return Ok(Self { folder });
        }
        let image = folder.path().join("image");
        File::create(&image).and_then(|file| file.set_len(mib << 20)).map_err(|error| error.to_string())?;
        run(&["mkfs.ext4", "-qFm0", &image.to_string_lossy()])?;
        let small = Self { folder };
        small.attach()?;
        Ok(small)
    }

    /// Mounts the image.
    fn attach(&self) -> Result<(), String> {
        run(&["mount", "-o", "loop", &self.folder.path().join("image").to_string_lossy(), &self.point().to_string_lossy()])
    }

    /// From here on every change fails with EROFS, open files included: an ordinary `remount,ro` refuses while something is open.
    fn turn_read_only(&self) -> Result<(), String> {
        run(&["mount", "-o", "remount,abort", &self.point().to_string_lossy()])
    }

    /// Unmounts and mounts again, which reads the file system's own journal back.
    fn repair(&self) -> Result<(), String> {
        run(&["umount", &self.point().to_string_lossy()])?;
        self.attach()
    }

    fn point(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    /// A file that takes space until it is removed, leaving `left` bytes.
    fn fill(&self, left: u64) -> Result<PathBuf, String> {
        let told = Command::new("stat").args(["-f", "-c", "%a %S"]).arg(self.point()).output().map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&told.stdout).into_owned();
        let numbers: Vec<u64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let [blocks, size] = numbers.as_slice() else { return Err(format!("stat says {text}")) };
        let ballast = self.point().join("ballast");
        run(&["fallocate", "-l", &(blocks * size).saturating_sub(left).to_string(), &ballast.to_string_lossy()])?;
        Ok(ballast)
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = run(&["umount", "-l", &self.point().to_string_lossy()]);
    }
}

/// Large messages, so that the space is soon gone.
const TALK: Crowd = Crowd { senders: 8, listeners: 4, rooms: 2, rate: 50.0, padding: 6_000, changes: 20, over_http: 20 };
/// A line of the table.
const LOGGED: &str = "errors and warnings logged a second while full";
/// Space left when the talking begins.
const LEFT: u64 = 3 << 20;

/// Where the program's standard error goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Log {
    /// To a disk with space.
    Elsewhere,
    /// To the disk that is filled: what cannot be told must not end anything.
    OnTheDisk,
}

/// On this kind of file system.
pub async fn full(options: &Options, proof: &str, kind: &str, log: Log) -> Result<Vec<Line>, String> {
    let small = Small::mount(kind, if kind == "tmpfs" { 32 } else { 64 })?;
    let data = small.point().join("data");
    let mut field = Field::lay(&options.program, None, Some(data), TALK, options.seed).await?;
    field.plan.environment.clone_from(&options.environment);
    let place = if log == Log::OnTheDisk { small.point() } else { small.folder.path().to_owned() };
    field.plan.log = place.join("program.log");
    let mut program = field.plan.start().await?;
    field.talk();
    field.acks(20, Duration::from_secs(20)).await?;
    let ballast = small.fill(LEFT)?;
    let refused = |field: &Field| field.journal.refusals().get("error.storage").copied().unwrap_or(0);
    let is_full = until(Duration::from_secs(60), || refused(&field) > 0).await.is_ok();
    // Of the fault: what was answered is told line by line at any time.
    let complaints = |field: &Field| field.plan.log_text().lines().filter(|line| line.contains("ERROR") || line.contains("WARN")).count();
    let (lines_before, hold) = (complaints(&field), Duration::from_secs(options.count.unwrap_or(30) as u64));
    let (reads, failed_reads) = read_meanwhile(&field, hold).await;
    let log_lines = complaints(&field) - lines_before;
    let refused_while_full = refused(&field);
    std::fs::remove_file(&ballast).map_err(|error| error.to_string())?;
    let freed = field.journal.now();
    let came = until(Duration::from_secs(30), || field.journal.first_ack_after(freed).is_some()).await.is_ok();
    let back = field.journal.first_ack_after(freed).map_or(f64::INFINITY, |took| took.as_secs_f64());
    let is_alive = program.ended().is_none();
    let outcome = field.settle().await?;
    drop(program);
    let codes = field.journal.refusals();
    let others: Vec<String> =
        codes.iter().filter(|(code, _)| *code != "error.storage").map(|(code, count)| format!("{code} × {count}")).collect();
    let mut lines = vec![
        Line::must(proof, "the disk was full", format!("{refused_while_full} refusals"), is_full),
        Line::most(proof, "refusals other than error.storage", others.len() as f64, 0.0, "").because(others),
        Line::most(proof, &format!("reads while full that failed, of {}", reads.len() + failed_reads), failed_reads as f64, 0.0, ""),
        Line::most(proof, "reads while full, p99", quantile(&reads, 0.99), 500.0, "ms"),
        Line::most(proof, LOGGED, log_lines as f64 / hold.as_secs_f64(), 1.0, ""),
        Line::must(proof, "it did not restart or end", if is_alive { "alive" } else { "ended" }, is_alive),
        Line::most(proof, "sends again after space came back", if came { back } else { f64::INFINITY }, 5.0, "s"),
    ];
    // Of a log without space nobody can say how long it would have become.
    lines.retain(|line| log == Log::Elsewhere || !line.what.starts_with(LOGGED));
    lines.extend(contract(proof, &outcome));
    Ok(lines)
}

/// Milliseconds of each read, and how many failed.
async fn read_meanwhile(field: &Field, hold: Duration) -> (Vec<f64>, usize) {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(5)).build().expect("a client");
    let url = format!("http://{}/api/v1/rooms/{}/messages?limit=50", field.plan.listen, field.rooms[0]);
    let (mut times, mut failed) = (Vec::new(), 0);
    let begun = Instant::now();
    while begun.elapsed() < hold {
        let asked = Instant::now();
        let answer = client.get(&url).bearer_auth(&field.seats[0].token).send().await.and_then(reqwest::Response::error_for_status);
        let is_whole = match answer {
            Ok(answer) => answer.bytes().await.is_ok(),
            Err(_) => false,
        };
        if is_whole {
            times.push(asked.elapsed().as_secs_f64() * 1_000.0);
        } else {
            failed += 1;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    (times, failed)
}

/// With so many MiB free nobody can take it for a full disk.
const ROOMY: u64 = 256;
/// What was synced before the fault may be answered for so long.
const UNDER_WAY: Duration = Duration::from_secs(1);
/// How long the disk stays read-only.
const READ_ONLY: Duration = Duration::from_secs(10);

/// The file system turns read-only while people talk; then it is mounted again.
pub async fn read_only(options: &Options, proof: &str) -> Result<Vec<Line>, String> {
    let small = Small::mount("ext4", ROOMY)?;
    let mut field = Field::lay(&options.program, None, Some(small.point().join("data")), Crowd::default(), options.seed).await?;
    field.plan.environment.clone_from(&options.environment);
    field.plan.log = small.folder.path().join("program.log");
    let mut program = field.plan.start().await?;
    field.talk();
    field.acks(100, Duration::from_secs(30)).await?;
    small.turn_read_only()?;
    tokio::time::sleep(UNDER_WAY).await;
    let acks = field.journal.acks();
    tokio::time::sleep(READ_ONLY).await;
    let late = field.journal.acks() - acks;
    let end = program.ended().map_or_else(|| "it stays".to_owned(), |status| status.to_string());
    let refusals = field.journal.refusals();
    let others: Vec<String> = refusals.into_keys().filter(|code| code != "error.storage").collect();
    drop(program);
    small.repair()?;
    let whole = integrity(&field.database());
    let program = field.plan.start().await?;
    let moment = field.journal.now();
    let came = until(Duration::from_secs(20), || field.journal.first_ack_after(moment).is_some()).await.is_ok();
    let outcome = field.settle().await?;
    drop(program);
    let mut lines = vec![
        Line::most(proof, &format!("acks while the disk was read-only ({end})"), late as f64, 0.0, ""),
        Line::most(proof, "refusals other than error.storage", others.len() as f64, 0.0, "").because(others),
        Line::must(proof, "the database is whole", whole.clone().err().unwrap_or_else(|| "whole".to_owned()), whole.is_ok()),
        Line::must(proof, "sends go on after a new start", if came { "so" } else { "no ack" }, came),
    ];
    lines.extend(contract(proof, &outcome));
    Ok(lines)
}

//! R2b and R4: every ack and every event leaves only after the write-ahead log that carries it was synced, as strace sees it; and where
//! a COMMIT's sync fails, the program ends itself and its next start reads what is there.

use std::collections::HashMap;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::field::{Crowd, Field, until};
use crate::options::Options;
use crate::restarts::contract;
use crate::verdict::Line;

/// What the trace of a run says.
#[derive(Debug, Default)]
pub struct Weighed {
    /// Acks of sends that were seen.
    pub acks: usize,
    /// Events of sends that were seen.
    pub events: usize,
    /// Acks that left before a sync.
    pub early_acks: Vec<String>,
    /// Events that left before a sync.
    pub early_events: Vec<String>,
    /// Syncs that were made to fail.
    pub failed_syncs: usize,
}

/// A call that touches the log or a socket, from its beginning to its end, in lines of the trace.
struct Sync {
    from: usize,
    to: usize,
}

/// Reads a trace of `strace -f -y`.
pub fn weigh(trace: &str) -> Weighed {
    let mut found = Weighed::default();
    let mut written: HashMap<&str, usize> = HashMap::new();
    let mut syncs: Vec<Sync> = Vec::new();
    let mut open: HashMap<&str, usize> = HashMap::new();
    let mut left: Vec<(usize, bool, &str)> = Vec::new();
    for (number, line) in trace.lines().enumerate() {
        let Some((thread, call)) = line.split_once(' ') else { continue };
        let call = call.trim_start();
        let is_sync = call.starts_with("fsync(") || call.starts_with("fdatasync(");
        if is_sync && call.contains("-wal>") {
            if call.contains("<unfinished") {
                open.insert(thread, number);
            } else {
                finish(call, number, number, &mut syncs, &mut found);
            }
        } else if call.starts_with("<... fsync resumed>") || call.starts_with("<... fdatasync resumed>") {
            if let Some(from) = open.remove(thread) {
                finish(call, from, number, &mut syncs, &mut found);
            }
        } else if call.contains("-wal>") {
            keys(call, "").for_each(|key| {
                written.entry(key).or_insert(number);
            });
        } else if call.contains(r#"\"type\":\""#) {
            left.extend(keys(call, r#"\"type\":\"ack\",\"ref\":\""#).map(|key| (number, true, key)));
            left.extend(keys(call, r#"\"client_key\":\""#).map(|key| (number, false, key)));
        }
    }
    for (number, is_ack, key) in left {
        if is_ack {
            found.acks += 1;
        } else {
            found.events += 1;
        }
        let is_synced = written.get(key).is_some_and(|write| {
            let next = syncs.partition_point(|sync| sync.from <= *write);
            syncs.get(next).is_some_and(|sync| sync.to < number)
        });
        if !is_synced {
            let early = if is_ack { &mut found.early_acks } else { &mut found.early_events };
            early.push(format!("{key} left at line {number}, written at {:?}", written.get(key)));
        }
    }
    found
}

fn finish(call: &str, from: usize, to: usize, syncs: &mut Vec<Sync>, found: &mut Weighed) {
    if call.trim_end().ends_with("= 0") {
        syncs.push(Sync { from, to });
    } else {
        found.failed_syncs += 1;
    }
}

/// The keys of senders after `before` in a traced string; they end with a letter, so that bytes after them cannot be mistaken.
fn keys<'a>(call: &'a str, before: &'a str) -> impl Iterator<Item = &'a str> {
    const START: &str = "sender";
    call.match_indices(START).filter_map(move |(at, _)| {
        let rest = &call[at + START.len()..];
        let length = rest.find(|c: char| !(c.is_ascii_digit() || c == '-'))?;
        let is_key = rest[length..].starts_with('k') && rest[..length].matches('-').count() == 2 && call[..at].ends_with(before);
        is_key.then(|| &call[at..=at + START.len() + length])
    })
}

const CALLS: &str = "write,pwrite64,writev,pwritev,sendto,sendmsg,fsync,fdatasync";

fn strace(trace: &Path, inject: Option<&str>) -> Vec<std::ffi::OsString> {
    let mut words: Vec<std::ffi::OsString> = ["strace", "-f", "-y", "-s", "65536", "-e", "signal=none", "-e"].map(Into::into).into();
    words.push(format!("trace={CALLS}").into());
    if let Some(inject) = inject {
        words.extend(["-e".into(), format!("inject={inject}").into()]);
    }
    words.extend(["-o".into(), trace.into()]);
    words
}

/// Only sends over sockets, whose acks carry the key.
const TALK: Crowd = Crowd { senders: 8, listeners: 2, rooms: 2, rate: 100.0, padding: 0, changes: 0, over_http: 0 };

async fn traced(options: &Options, inject: Option<&str>) -> Result<(Field, tempfile::TempDir, PathBuf), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let trace = folder.path().join("trace");
    let mut field = Field::lay(&options.program, None, None, TALK, options.seed).await?;
    field.plan.environment.clone_from(&options.environment);
    field.plan.wrapper = strace(&trace, inject);
    Ok((field, folder, trace))
}

/// R2b: a thousand acks, each after the sync of what it acknowledges.
pub async fn synced(options: &Options, proof: &str, count: usize) -> Result<Vec<Line>, String> {
    let (mut field, _folder, trace) = traced(options, None).await?;
    let program = field.plan.start().await?;
    field.talk();
    field.acks(count, Duration::from_secs(180)).await?;
    let outcome = field.settle().await?;
    program.stop().await;
    let text = std::fs::read(&trace).map_err(|error| error.to_string())?;
    let found = weigh(&String::from_utf8_lossy(&text));
    let none = |what: String, early: Vec<String>| Line::most(proof, &what, early.len() as f64, 0.0, "").because(early);
    let mut lines = vec![
        Line::must(proof, "the trace saw the acks", format!("{} acks", found.acks), found.acks >= count),
        none(format!("acks before the sync of the log, of {}", found.acks), found.early_acks),
        none(format!("events before the sync of the log, of {}", found.events), found.early_events),
    ];
    lines.extend(contract(proof, &outcome));
    Ok(lines)
}

/// Syncs before the disk begins to fail.
const GOOD_SYNCS: &str = "150+";

/// The signal of an abort.
const SIGABRT: i32 = 6;

/// R4: from one moment on every sync fails with EIO. Whoever goes on after that may be told by the next sync that all is well, and is
/// not: the program must have ended itself. strace ends by the signal that ended the program.
pub async fn failing_sync(options: &Options, proof: &str) -> Result<Vec<Line>, String> {
    let inject = format!("fsync,fdatasync:error=EIO:when={GOOD_SYNCS}");
    let (mut field, _folder, trace) = traced(options, Some(&inject)).await?;
    let mut program = field.plan.start().await?;
    field.talk();
    field.acks(50, Duration::from_secs(60)).await?;
    let _ = until(Duration::from_secs(60), || program.ended().is_some()).await;
    let end = program.ended();
    let how = end.map_or_else(|| "it stays".to_owned(), |status| status.to_string());
    let is_aborted = end.is_some_and(|status| status.signal() == Some(SIGABRT));
    drop(program);
    let text = std::fs::read(&trace).map_err(|error| error.to_string())?;
    let found = weigh(&String::from_utf8_lossy(&text));
    field.plan.wrapper.clear();
    let program = field.plan.start().await?;
    let outcome = field.settle().await?;
    drop(program);
    let mut lines = vec![
        Line::must(proof, "the disk failed to sync", format!("{} times", found.failed_syncs), found.failed_syncs > 0),
        Line::must(proof, "it ended itself (SIGABRT) before anything was answered", how, is_aborted),
        Line::most(proof, &format!("acks without a sync, of {}", found.acks), found.early_acks.len() as f64, 0.0, "")
            .because(found.early_acks),
        Line::most(proof, "events without a sync", found.early_events.len() as f64, 0.0, "").because(found.early_events),
    ];
    lines.extend(contract(proof, &outcome));
    Ok(lines)
}

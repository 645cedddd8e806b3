//! A program that has only so long: one that hangs is ended, with all that it started.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

/// What came of a program.
pub struct Done {
    /// How it ended; none: it did not, and was ended.
    pub status: Option<ExitStatus>,
    /// What it wrote to its standard output.
    pub out: String,
    /// What it wrote to its standard error.
    pub err: String,
}

/// Runs it to its end, or to the end of `limit`.
pub fn run(command: &mut Command, limit: Duration) -> std::io::Result<Done> {
    command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let (out, err) = (reader(child.stdout.take()), reader(child.stderr.take()));
    // Its own number is that of the group of all that it started, which would hold what is read here open.
    let group = format!("-{}", child.id());
    let (ends, ended) = channel();
    let waiting = spawn(move || ends.send(child.wait()));
    let status = ended.recv_timeout(limit).ok().transpose()?;
    let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status()?;
    let _ = waiting.join();
    let read = |what: JoinHandle<String>| what.join().unwrap_or_default();
    Ok(Done { status, out: read(out), err: read(err) })
}

fn reader(from: Option<impl Read + Send + 'static>) -> JoinHandle<String> {
    spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut from) = from {
            let _ = from.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

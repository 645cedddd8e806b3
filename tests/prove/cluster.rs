//! R6: PostgreSQL of its own, with fsync on, restarted without warning and stopped in its tracks while people talk.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::field::{Crowd, Field, free_address, until};
use crate::load::figures::quantile;
use crate::options::Options;
use crate::restarts::contract;
use crate::verdict::Line;

/// A private server on loopback; stopped and removed when dropped.
pub struct Cluster {
    folder: tempfile::TempDir,
    bin: PathBuf,
    port: u16,
}

fn newest_bin() -> Result<PathBuf, String> {
    let mut all: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map_err(|_| "PostgreSQL is not installed".to_owned())?
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .collect();
    all.sort();
    all.pop().ok_or_else(|| "PostgreSQL is not installed".to_owned())
}

impl Cluster {
    /// Makes and starts one.
    pub fn start() -> Result<Self, String> {
        let folder = tempfile::Builder::new().prefix("pg").tempdir().map_err(|error| error.to_string())?;
        let cluster = Self { bin: newest_bin()?, port: free_address()?.port(), folder };
        // initdb refuses root.
        cluster.shell("chmod 755 . && mkdir own && chown nobody own && chmod 700 own")?;
        cluster.run("initdb", &["-U", "rialto", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"])?;
        let settings = format!(
            "-c listen_addresses=127.0.0.1 -c port={} -c unix_socket_directories={} -c shared_buffers=64MB -c max_connections=100",
            cluster.port,
            cluster.own().display()
        );
        cluster.run("pg_ctl", &["-w", "-t", "30", "-l", &cluster.log(), "-o", &settings, "start"])?;
        Ok(cluster)
    }

    fn own(&self) -> PathBuf {
        self.folder.path().join("own")
    }

    fn log(&self) -> String {
        self.own().join("log").display().to_string()
    }

    fn shell(&self, line: &str) -> Result<(), String> {
        finish(Command::new("sh").arg("-c").arg(line).current_dir(self.folder.path()))
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<(), String> {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"]).arg(self.bin.join(program));
        command.arg("-D").arg(self.own().join("data")).args(arguments).env("HOME", self.own()).current_dir(self.own());
        finish(&mut command)
    }

    /// A fresh database.
    pub fn database(&self, name: &str) -> Result<String, String> {
        let server = format!("postgres://rialto@127.0.0.1:{}", self.port);
        finish(Command::new(self.bin.join("psql")).args(["-q", &format!("{server}/postgres"), "-c", &format!("CREATE DATABASE {name}")]))?;
        Ok(format!("{server}/{name}"))
    }

    /// Ends it without a checkpoint and starts it again.
    pub fn crash(&self) -> Result<(), String> {
        self.run("pg_ctl", &["-w", "-t", "30", "-m", "immediate", "-l", &self.log(), "restart"])
    }

    /// Every process of it.
    fn processes(&self) -> Vec<String> {
        let pid_file = self.own().join("data/postmaster.pid");
        let main = std::fs::read_to_string(pid_file).unwrap_or_default().lines().next().unwrap_or_default().to_owned();
        let children = std::fs::read_to_string(format!("/proc/{main}/task/{main}/children")).unwrap_or_default();
        std::iter::once(main).chain(children.split_whitespace().map(str::to_owned)).filter(|pid| !pid.is_empty()).collect()
    }

    /// Stops every process in its tracks, or lets them go on.
    pub fn signal(&self, signal: &str) {
        let _ = Command::new("kill").arg(format!("-{signal}")).args(self.processes()).status();
    }
}

fn finish(command: &mut Command) -> Result<(), String> {
    // pg_ctl hands its output to the server, so a pipe would stay open: it goes nowhere.
    let status =
        command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{command:?} ended with {status}")),
        Err(error) => Err(format!("{command:?}: {error}")),
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.signal("CONT");
        let _ = self.run("pg_ctl", &["-w", "-m", "immediate", "stop"]);
    }
}

/// How long a stop in the tracks lasts.
const FROZEN: Duration = Duration::from_secs(15);

/// `count` restarts without warning, then a quarter as many freezes.
pub async fn restarts(options: &Options, proof: &str, count: usize) -> Result<Vec<Line>, String> {
    let cluster = Cluster::start()?;
    let url = cluster.database("prove")?;
    let mut field = Field::lay(&options.program, Some(&url), None, Crowd::default(), options.seed).await?;
    field.plan.environment.clone_from(&options.environment);
    let mut program = field.plan.start().await?;
    field.talk();
    field.acks(50, Duration::from_secs(30)).await?;
    let (mut after_restart, mut after_freeze) = (Vec::new(), Vec::new());
    for round in 0..count {
        cluster.crash()?;
        after_restart.push(next_ack(&field).await.map_err(|error| format!("{error} after restart {round}"))?);
        field.acks(50, Duration::from_secs(30)).await?;
    }
    let freezes = count.div_ceil(4).min(5);
    for round in 0..freezes {
        cluster.signal("STOP");
        tokio::time::sleep(FROZEN).await;
        cluster.signal("CONT");
        field.journal.excuse();
        after_freeze.push(next_ack(&field).await.map_err(|error| format!("{error} after freeze {round}"))?);
        field.acks(50, Duration::from_secs(30)).await?;
    }
    let is_alive = program.ended().is_none();
    let outcome = field.settle().await?;
    drop(program);
    let mut lines = contract(proof, &outcome);
    lines.push(Line::must(proof, "the program stayed", if is_alive { "alive" } else { "ended" }, is_alive));
    lines.push(Line::most(proof, &format!("sends again after {count} restarts, slowest"), quantile(&after_restart, 1.0), 5.0, "s"));
    lines.push(Line::most(proof, &format!("sends again after {freezes} freezes of 15 s, slowest"), quantile(&after_freeze, 1.0), 5.0, "s"));
    Ok(lines)
}

/// Seconds until the next ack.
async fn next_ack(field: &Field) -> Result<f64, String> {
    let moment = field.journal.now();
    let came = until(Duration::from_secs(60), || field.journal.first_ack_after(moment).is_some()).await;
    came.map_err(|()| "no ack came".to_owned())?;
    Ok(field.journal.first_ack_after(moment).map_or(f64::INFINITY, |took| took.as_secs_f64()))
}

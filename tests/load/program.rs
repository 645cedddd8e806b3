//! The server program as a child process: started, asked, stopped or killed; its log is kept.

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::machine;

/// How long a start may take before it counts as failed.
const START: Duration = Duration::from_secs(60);

/// How to start the program.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The program.
    pub binary: PathBuf,
    /// What runs it, such as strace with its flags; empty for nothing.
    pub wrapper: Vec<OsString>,
    /// The data folder.
    pub data: PathBuf,
    /// Where it listens; port 0 for a free one.
    pub listen: SocketAddr,
    /// A PostgreSQL database instead of SQLite.
    pub database_url: Option<String>,
    /// Further flags of `serve`.
    pub flags: Vec<OsString>,
    /// Further environment.
    pub environment: Vec<(OsString, OsString)>,
    /// Where standard error goes; it is appended to.
    pub log: PathBuf,
}

impl Plan {
    /// The program on this data folder, at a free port, with raised limits.
    pub fn new(binary: &Path, data: &Path) -> Self {
        Self {
            binary: binary.to_owned(),
            wrapper: Vec::new(),
            data: data.to_owned(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            database_url: None,
            flags: vec!["--raised-limits".into()],
            environment: Vec::new(),
            log: data.with_extension("log"),
        }
    }

    fn command(&self) -> std::io::Result<Command> {
        let mut line: Vec<OsString> = self.wrapper.clone();
        line.push(self.binary.clone().into());
        let mut command = Command::new(&line[0]);
        command.args(&line[1..]).arg("--data").arg(&self.data);
        if let Some(url) = &self.database_url {
            command.arg("--database-url").arg(url);
        }
        command.arg("serve").arg("--listen").arg(self.listen.to_string()).args(&self.flags);
        for (name, _) in std::env::vars_os() {
            let name_text = name.to_string_lossy();
            if name_text == "DATABASE_URL" || name_text.starts_with("RIALTO_") {
                command.env_remove(&name);
            }
        }
        command.envs(self.environment.iter().cloned());
        let log = File::options().create(true).append(true).open(&self.log)?;
        command.stderr(log);
        Ok(command)
    }

    /// Starts it without waiting until it listens.
    pub fn spawn(&self) -> Result<Starting, String> {
        launch(self.command().map_err(|error| format!("cannot start: {error}"))?)
    }

    /// Starts it and waits until it listens.
    pub async fn start(&self) -> Result<Program, String> {
        Ok(self.spawn()?.ready().await?.0)
    }

    /// What was written to standard error so far.
    pub fn log_text(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

/// Starts a program that says `listening on http://…` when it is ready.
pub fn launch(mut command: Command) -> Result<Starting, String> {
    let begun = Instant::now();
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("cannot start: {error}"))?;
    let out = child.stdout.take().ok_or("no standard output")?;
    let (said, listening) = oneshot::channel();
    std::thread::spawn(move || {
        let mut said = Some(said);
        // Read to the end, so that the program never waits for us.
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            if let Some(url) = line.strip_prefix("listening on http://")
                && let Some(said) = said.take()
            {
                let _ = said.send(url.to_owned());
            }
        }
    });
    Ok(Starting { program: Program { child: Some(child), address: SocketAddr::from(([127, 0, 0, 1], 0)) }, listening, begun })
}

/// A program that may not listen yet.
pub struct Starting {
    /// The program.
    pub program: Program,
    listening: oneshot::Receiver<String>,
    begun: Instant,
}

impl Starting {
    /// Waits until it listens; with how long that took.
    pub async fn ready(mut self) -> Result<(Program, Duration), String> {
        let told = tokio::time::timeout(START, self.listening).await;
        let address = told.map_err(|_| "it did not listen in time".to_owned())?.map_err(|_| "it ended before it listened".to_owned())?;
        self.program.address = address.trim().parse().map_err(|_| format!("it listens on {address}?"))?;
        Ok((self.program, self.begun.elapsed()))
    }
}

/// A running program; killed when dropped.
pub struct Program {
    child: Option<Child>,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Program {
    /// Its process, or that of its wrapper.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    /// Its own process under a wrapper that started it as a child.
    pub fn inner_pid(&self) -> u32 {
        let path = format!("/proc/{0}/task/{0}/children", self.pid());
        let children = std::fs::read_to_string(path).unwrap_or_default();
        children.split_whitespace().next().and_then(|pid| pid.parse().ok()).unwrap_or_else(|| self.pid())
    }

    /// CPU used so far, in milliseconds.
    pub fn cpu_ms(&self) -> f64 {
        machine::cpu_ms(self.pid())
    }

    /// Proportional memory in KiB.
    pub fn pss_kib(&self) -> f64 {
        machine::memory_kib(self.pid(), "Pss")
    }

    /// Sends a signal (`KILL`, `TERM`, `STOP`, `CONT`) to the program itself.
    pub fn signal(&self, signal: &str) {
        let pid = self.inner_pid();
        if pid != 0 {
            let _ = Command::new("kill").arg(format!("-{signal}")).arg(pid.to_string()).status();
        }
    }

    /// Has it ended by itself?
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.as_mut()?.try_wait().ok().flatten()
    }

    /// kill -9, and waits for the end.
    pub fn kill(mut self) -> ExitStatus {
        self.signal("KILL");
        self.wait()
    }

    /// SIGTERM; waits for the end and says how long it took and how it ended.
    pub async fn stop(mut self) -> (Duration, ExitStatus) {
        let begun = Instant::now();
        self.signal("TERM");
        let status = tokio::task::spawn_blocking(move || self.wait()).await.unwrap_or_else(|_| ExitStatus::from_raw(-1));
        (begun.elapsed(), status)
    }

    fn wait(&mut self) -> ExitStatus {
        self.child.take().and_then(|mut child| child.wait().ok()).unwrap_or_else(|| ExitStatus::from_raw(-1))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // The number of one that has ended may be somebody else's by now.
        if self.child.is_some() && self.ended().is_none() {
            self.signal("KILL");
            let _ = self.wait();
        }
    }
}

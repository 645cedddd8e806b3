//! The command line: which command, with which settings.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::config::{Config, Given, Machine, Place, Serving};

/// A self-hosted community app in one program.
#[derive(Parser, Clone, Debug)]
#[command(name = "rialto", version, about, max_term_width = 100)]
#[command(
    after_help = "Every setting can also be written in the environment (--public-url as RIALTO_PUBLIC_URL) or in rialto.toml (public_url = \"…\").\nA flag wins over the environment, the environment over the file."
)]
pub struct Cli {
    #[command(flatten)]
    place: Place,
    /// The file with settings [default: ./rialto.toml if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    serving: Serving,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Flags of the other commands that a demo refuses in words of its own, and that its help leaves out.
#[derive(Args, Clone, Default, PartialEq, Eq)]
pub struct Elsewhere {
    #[arg(long, hide = true)]
    data: Option<PathBuf>,
    #[arg(long, hide = true)]
    database_url: Option<String>,
    #[arg(long, hide = true)]
    config: Option<PathBuf>,
}

/// Without what is in it, which may be a secret.
impl std::fmt::Debug for Elsewhere {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Elsewhere").finish_non_exhaustive()
    }
}

/// What to do.
#[derive(Subcommand, Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Run the community (what happens without a command)
    Serve(Box<Serving>),
    /// Look around: a village full of people in a folder that is thrown away, on this machine alone
    Demo {
        /// The time at which the village stands, in milliseconds since 1970
        #[arg(long, value_name = "MS")]
        now: Option<i64>,
        /// The address and port to listen on, on this machine; port 0 picks a free one [default: 127.0.0.1:0]
        #[arg(long, value_name = "ADDR:PORT", value_parser = loopback_address)]
        listen: Option<SocketAddr>,
        /// The port, UDP and TCP, that calls take; 0 picks a free one
        #[arg(long, value_name = "PORT", default_value_t = 0)]
        media_port: u16,
        /// Raise the limits on how often things may be done out of the way, for pictures of everything
        #[arg(long, hide = true)]
        raised_limits: bool,
        /// What belongs to other commands.
        #[command(flatten)]
        elsewhere: Elsewhere,
    },
    /// Name the community and make its owner, without the browser
    Setup {
        /// The name of the community
        #[arg(long, value_name = "NAME")]
        community: String,
        /// The name that the owner signs in with
        #[arg(long, value_name = "USERNAME")]
        owner: String,
        /// A file that holds the owner's password, or - for standard input
        #[arg(long, value_name = "FILE")]
        password_file: PathBuf,
    },
    /// Make tokens for bots and scripts
    #[command(subcommand)]
    Token(Token),
    /// Fill the database with invented people and messages, to measure with
    Seed {
        /// Thousands of members
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        scale: u32,
    },
    /// Look at everything that must work, also while the community runs, and say what to do about what does not
    Doctor {
        /// Also place a real call through the community's public address; the server must run
        #[arg(long)]
        call: bool,
    },
    /// Write everything into one file, also while the community runs
    Backup {
        /// The file to write; it must not be there yet
        file: PathBuf,
    },
    /// Put a backup into an empty data folder, and into an empty database if --database-url names one; it is checked whole before anything is written
    Restore {
        /// The file that `backup` wrote
        file: PathBuf,
        /// Change nothing: put it into a temporary folder, say what is in it and whether it is whole, and remove the folder
        #[arg(long)]
        rehearse: bool,
    },
    /// Write every row of the database into one file of lines, for another database; the server must not run
    Export {
        /// The file to write; it must not be there yet
        file: PathBuf,
    },
    /// Put the rows of an export into an empty database, SQLite or PostgreSQL; it is checked whole before anything is written
    Import {
        /// The file that `export` wrote
        file: PathBuf,
    },
    /// Bring the database up to this version
    Migrate {
        /// Change nothing: only say whether it is needed
        #[arg(long)]
        check: bool,
    },
}

/// What to do with tokens.
#[derive(Subcommand, Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// Make a token and print it
    Create {
        /// Whose rights it has
        #[arg(long, value_name = "USERNAME")]
        member: String,
        /// Only this right; may be repeated [default: all rights of that member]
        #[arg(long, value_name = "SCOPE")]
        scope: Vec<String>,
    },
}

fn loopback_address(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text.parse().map_err(|_| "write an address and a port, such as 127.0.0.1:8080".to_owned())?;
    if address.ip().is_loopback() { Ok(address) } else { Err("a demo is for this machine alone; write 127.0.0.1 and a port".to_owned()) }
}

impl Cli {
    /// Reads a command line, the program's own name first.
    ///
    /// # Errors
    /// A request for help or the version, or wrong usage; its `exit()` prints it and ends with 0 or 2.
    pub fn parse_from(line: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> Result<Self, clap::Error> {
        let mut cli = Self::try_parse_from(line)?;
        match &mut cli.command {
            None => cli.command = Some(Command::Serve(Box::default())),
            Some(Command::Serve(serving)) => cli.serving = std::mem::take(&mut **serving).or(std::mem::take(&mut cli.serving)),
            Some(_) if cli.serving != Serving::default() => {
                return Err(Self::command().error(
                    ErrorKind::ArgumentConflict,
                    "the flags of serve stand before another command; leave them out, or write them in rialto.toml",
                ));
            }
            Some(Command::Demo { elsewhere, .. })
                if *elsewhere != Elsewhere::default() || cli.place != Place::default() || cli.config.is_some() =>
            {
                return Err(Self::command().error(
                    ErrorKind::ArgumentConflict,
                    "a demo keeps nothing: it stands in a folder of its own that goes when it stops; leave --data, --database-url and --config out",
                ));
            }
            Some(_) => {}
        }
        Ok(cli)
    }

    /// Which command. The flags of `serve` are not in it but in the configuration.
    ///
    /// # Panics
    /// Never: a command line without a command means `serve`.
    #[must_use]
    pub const fn chosen(&self) -> &Command {
        self.command.as_ref().expect("parse_from puts serve where no command stands")
    }

    /// The configuration: flags, then the environment, then the file, then the defaults.
    ///
    /// # Errors
    /// One sentence that says what is wrong and how to mend it.
    pub fn config(&self, environment: impl IntoIterator<Item = (OsString, OsString)>, machine: &Machine) -> Result<Config, String> {
        let environment = readable(environment)?;
        let told = self
            .config
            .clone()
            .or_else(|| environment.iter().find(|(name, _)| name == "RIALTO_CONFIG").map(|(_, value)| PathBuf::from(value)));
        let file = match told {
            Some(path) => read(&path)?
                .ok_or_else(|| format!("There is no file {}; mend the name that --config or RIALTO_CONFIG gives.", path.display()))?,
            None => read(Path::new("rialto.toml"))?.unwrap_or_default(),
        };
        let flags = Given { place: self.place.clone(), serving: self.serving.clone() };
        Config::from(flags.or(Given::from_environment(environment)?).or(file), machine)
    }
}

/// Our variables as text; what is not ours is left alone, whatever it holds.
fn readable(environment: impl IntoIterator<Item = (OsString, OsString)>) -> Result<Vec<(String, String)>, String> {
    let mut ours = Vec::new();
    for (name, value) in environment {
        let Ok(name) = name.into_string() else {
            continue;
        };
        if name == "DATABASE_URL" || name.starts_with("RIALTO_") {
            let value = value.into_string().map_err(|_| format!("{name} is not Unicode; write it anew or remove it."))?;
            ours.push((name, value));
        }
    }
    Ok(ours)
}

/// The settings in a file; `None` when there is no file.
fn read(path: &Path) -> Result<Option<Given>, String> {
    match std::fs::read_to_string(path) {
        Ok(text) => Given::from_file(&text, path).map(Some),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{} cannot be read ({error}); mend its rights or name another file with --config.", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::parse_from(std::iter::once("rialto").chain(line.split_whitespace()))
    }

    fn config(line: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
        let environment = environment.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        parse(line).unwrap().config(environment, &Machine { address: None, processors: 1 })
    }

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
        Given::command().debug_assert();
    }

    #[test]
    fn the_flags_of_serve_stand_before_or_after_it_or_without_it() {
        for line in [
            "--listen 127.0.0.1:9 serve",
            "serve --listen 127.0.0.1:9",
            "--listen 127.0.0.1:9",
            "serve --listen 127.0.0.1:9 --data data",
            "--data data --listen 127.0.0.1:9",
        ] {
            let cli = parse(line).unwrap();
            assert!(matches!(cli.chosen(), Command::Serve(_)), "{line}");
            assert_eq!(config(line, &[]).unwrap().listen.port(), 9, "{line}");
        }
        assert_eq!(config("--listen 127.0.0.1:9 serve --listen 127.0.0.1:10", &[]).unwrap().listen.port(), 10);
    }

    #[test]
    fn the_commands_of_this_version() {
        let command = |line| parse(line).unwrap().chosen().clone();
        assert_eq!(
            command("demo --now 5 --listen 127.0.0.1:0 --media-port 7882"),
            Command::Demo {
                now: Some(5),
                listen: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
                media_port: 7_882,
                raised_limits: false,
                elsewhere: Elsewhere::default()
            }
        );
        assert_eq!(
            command("setup --community Village --owner ada --password-file -"),
            Command::Setup { community: "Village".to_owned(), owner: "ada".to_owned(), password_file: PathBuf::from("-") }
        );
        assert_eq!(
            command("token create --member ada --scope a --scope b"),
            Command::Token(Token::Create { member: "ada".to_owned(), scope: vec!["a".to_owned(), "b".to_owned()] })
        );
        assert_eq!(command("seed"), Command::Seed { scale: 1 });
        assert_eq!(command("doctor --call"), Command::Doctor { call: true });
        assert_eq!(command("--data x backup all.rialto"), Command::Backup { file: PathBuf::from("all.rialto") });
        assert_eq!(command("restore all.rialto"), Command::Restore { file: PathBuf::from("all.rialto"), rehearse: false });
        assert_eq!(command("restore --rehearse all.rialto"), Command::Restore { file: PathBuf::from("all.rialto"), rehearse: true });
        assert_eq!(command("export all.lines"), Command::Export { file: PathBuf::from("all.lines") });
        assert_eq!(command("import all.lines"), Command::Import { file: PathBuf::from("all.lines") });
        assert_eq!(command("migrate --check --data x"), Command::Migrate { check: true });
    }

    #[test]
    fn wrong_usage_ends_with_two_and_help_with_zero() {
        for line in [
            "dance",
            "--listen",
            "--listen everywhere",
            "setup --owner ada",
            "token",
            "seed --scale 0",
            "backup",
            "restore",
            "demo --listen 0.0.0.0:80",
            "demo --data x",
            "--data x demo",
            "demo --database-url postgres://x/y",
            "demo --config x",
            "--config x demo",
            "--lan backup x",
            "migrate --lan",
            "serve extra",
        ] {
            assert_eq!(parse(line).expect_err(line).exit_code(), 2, "{line}");
        }
        for line in ["--help", "serve --help", "--version", "token create --help"] {
            assert_eq!(parse(line).expect_err(line).exit_code(), 0, "{line}");
        }
        let help = parse("demo --help").expect_err("help").to_string();
        assert!(
            help.contains("--media-port") && ["--data", "--database-url", "--config"].iter().all(|flag| !help.contains(flag)),
            "{help}"
        );
    }

    #[test]
    fn a_flag_wins_over_the_environment_and_that_over_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("settings.toml");
        std::fs::write(&file, "listen = '127.0.0.1:3'\nworkers = 3\nlog_json = true\n").unwrap();
        let path = file.to_str().unwrap();
        let environment = [("RIALTO_LISTEN", "127.0.0.1:2"), ("RIALTO_WORKERS", "2"), ("RIALTO_CONFIG", path)];
        let all = config("--listen 127.0.0.1:1", &environment).unwrap();
        assert_eq!((all.listen.port(), all.workers, all.log_json), (1, 2, true));
        let told = config(&format!("--config {path}"), &[("RIALTO_CONFIG", "/nowhere.toml")]).unwrap();
        assert_eq!((told.listen.port(), told.workers), (3, 3));
    }

    #[test]
    fn a_named_file_that_is_missing_stops_the_start() {
        let sentence = config("--config /nowhere/rialto.toml", &[]).unwrap_err();
        assert!(sentence.contains("There is no file /nowhere/rialto.toml"), "{sentence}");
    }
}

//! `rialto serve`: the community, until it is told to stop.

use std::io::{IsTerminal, Write};
use std::net::TcpListener;

use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::args::Cli;
use super::data_folder::{DataFolder, Serving};
use super::migrate;
use crate::app::App;
use crate::calls::probe;
use crate::clock::Clock;
use crate::clock::Millis;
use crate::config::{Config, TlsMode};
use crate::http::Recent;
use crate::http::door::{lan, tls};
use crate::members::{self, LinkPurpose};
use crate::storage::Conn;

/// The wizard's link works until the community has an owner, and at most a week.
const SETUP_LINK_LIFE: Millis = 7 * 86_400_000;

/// What the log says unless `RIALTO_LOG` asks otherwise: ours, and of the web server only what goes wrong. What libraries say of each step
/// of a connection is no news, and strangers can make them say it.
const LOG_DEFAULT: &str = "info,actix_server=warn,rtc=error,webrtc=error";

/// Serves what the command line says; `recent` keeps the last lines of the log.
///
/// # Errors
/// One sentence when the start fails.
pub async fn run(config: Config, recent: Recent) -> Result<(), String> {
    let folder = DataFolder::open(&config.data, true)?;
    let (config, listener) = listen(config)?;
    let clock = Clock::system();
    let tls_config = tls::server_config(&config, &clock).await?;
    let authority = if config.tls == TlsMode::Lan { Some(lan::open(&config, clock.now())?.0) } else { None };
    let (address, bound) = (config.address(config.listen.port()), config.listen);
    let trusted = probe::trusted(&config).into_iter().filter_map(|file| std::path::absolute(file).ok()).collect();
    migrate::bring_up(&folder, &config.target, &clock)?;
    let app = App::build(config, *folder.master_key(), clock, false).await.map_err(|error| error.to_string())?.hearing(recent);
    let setup = app.ground.db.write(setup_link).await.map_err(|error| error.to_string())?;
    let running = app.serve(listener, tls_config).await.map_err(|error| error.to_string())?;
    folder.say_serving(&Serving { url: address.clone(), trusted })?;
    say(&format!("listening on {address}"));
    // A public name says nothing about where the door really is.
    if !address.ends_with(&format!("//{bound}")) {
        say(&format!("bound to {bound}"));
    }
    if let Some(token) = setup {
        say(&format!("set up at {address}/setup/{token}"));
    }
    if let Some(authority) = authority {
        lan::instructions(&authority, &address).iter().for_each(|line| say(line));
    }
    stopped().await;
    say("stopping");
    running.stop().await;
    drop(folder);
    Ok(())
}

/// Binds the port, so that port 0 becomes a real one before anything else is told of it.
///
/// # Errors
/// One sentence when the port is in use or not allowed.
pub fn listen(mut config: Config) -> Result<(Config, TcpListener), String> {
    let listener = TcpListener::bind(config.listen).map_err(|error| {
        let (address, port) = (config.listen, config.listen.port());
        match error.kind() {
            std::io::ErrorKind::AddrInUse => format!("port {port} is in use: stop what listens there, or choose another with --listen"),
            std::io::ErrorKind::PermissionDenied => {
                format!(
                    "port {port} needs more rights than this user has: choose one above 1023 with --listen, or give CAP_NET_BIND_SERVICE"
                )
            }
            _ => format!("{address} cannot be listened on ({error}): choose another address with --listen"),
        }
    })?;
    config.listen = listener.local_addr().map_err(|error| error.to_string())?;
    Ok((config, listener))
}

/// A fresh link for the wizard while there is no owner.
fn setup_link(tx: &mut crate::storage::Tx<'_>) -> crate::error::Result<Option<String>> {
    let conn: &mut Conn = tx;
    if members::community_has_owner(conn)? {
        return Ok(None);
    }
    Ok(Some(members::make_link(tx, LinkPurpose::SetUp, None, None, SETUP_LINK_LIFE)?.reveal().to_owned()))
}

/// Ends with SIGTERM, SIGINT or SIGHUP.
pub async fn stopped() {
    let kinds = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()];
    let waits = kinds.into_iter().filter_map(|kind| signal(kind).ok()).map(|mut signal| Box::pin(async move { signal.recv().await }));
    let waits: Vec<_> = waits.collect();
    if waits.is_empty() {
        std::future::pending::<()>().await;
    }
    futures_util::future::select_all(waits).await;
}

/// One line on standard output, at once.
pub fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Starts the log on standard error; its last lines that somebody should look at are kept besides.
#[must_use]
pub fn start_log(json: bool) -> Recent {
    let asked =
        tracing_subscriber::EnvFilter::try_from_env("RIALTO_LOG").unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(LOG_DEFAULT));
    // It tells each word that it reads, and it reads every message.
    let filter = asked.add_directive("html5ever=off".parse().expect("a directive"));
    let is_seen = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    // Where the log cannot be written (a full disk, a reader that is gone), the subscriber would complain about it on the same standard error,
    // in a way that panics: a line is lost then, and not the thread that had something to say.
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(is_seen).log_internal_errors(false);
    let recent = Recent::new(Clock::system());
    let _ = if json { log.json().finish().with(recent.clone()).try_init() } else { log.finish().with(recent.clone()).try_init() };
    recent
}

/// Takes the settings out of a parsed command line.
///
/// # Errors
/// One sentence that says how to mend it.
pub fn config_of(cli: &Cli) -> Result<Config, String> {
    cli.config(std::env::vars_os(), &crate::config::Machine::this())
}

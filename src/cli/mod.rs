//! The program as its operator meets it: the command line and the data folder.

pub mod args;
pub mod data_folder;
pub mod demo;
pub mod doctor;
pub mod migrate;
pub mod moving;
pub mod offline;
pub mod restore;
pub mod seed;
pub mod serve;
pub mod setup;
pub mod token;
pub mod village;

#[cfg(test)]
mod tests;

use std::process::ExitCode;

use args::{Cli, Command, Token};
use data_folder::DataFolder;

use crate::backups;
use crate::clock::Clock;
use crate::config::Config;

/// Reads the command line and runs one command. Exit codes: 0 done, 1 failed with one sentence on standard error, 2 wrong usage.
#[must_use]
pub fn run() -> ExitCode {
    let cli = match Cli::parse_from(std::env::args_os()) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let outcome = serve::config_of(&cli).and_then(|config| {
        let recent = serve::start_log(config.log_json);
        crate::http::door::tls::install_provider();
        match cli.chosen() {
            Command::Serve(_) => actix_web::rt::System::new().block_on(serve::run(config, recent)),
            Command::Demo { now, listen, media_port, raised_limits, .. } => {
                actix_web::rt::System::new().block_on(demo::run(*now, *listen, *media_port, *raised_limits, recent))
            }
            command => work(command, &config, &Clock::system()),
        }
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("rialto: {sentence}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a command that does its work and ends. All but `seed`, `restore`, `export`, `import` and `migrate` may run beside a server.
fn work(command: &Command, config: &Config, clock: &Clock) -> Result<(), String> {
    let folder = |lock| DataFolder::open(&config.data, lock);
    match command {
        Command::Setup { community, owner, password_file } => {
            let password = setup::read_password(password_file, &mut std::io::stdin())?;
            let _folder = folder(false)?;
            setup::run(&offline::open(&config.target, clock)?, community, owner, &password)
        }
        Command::Token(Token::Create { member, scope }) => {
            let _folder = folder(false)?;
            let token = token::create(&offline::open(&config.target, clock)?, member, scope)?;
            serve::say(&token);
            Ok(())
        }
        Command::Seed { scale } => {
            let _folder = folder(true)?;
            let db = offline::open(&config.target, clock)?;
            let added = offline::wait(seed::run(&db, *scale, clock.now()))?;
            let village = if added.village { "the village and " } else { "" };
            let seed::Added { members, rooms, messages, subscriptions, .. } = added;
            serve::say(&format!("Added {village}{members} members, {rooms} rooms, {messages} messages and {subscriptions} subscriptions."));
            Ok(())
        }
        Command::Doctor { call } => doctor::run(config, *call, clock, &mut std::io::stdout()),
        Command::Backup { file } => {
            let folder = folder(false)?;
            Ok(backups::write(folder.root(), &config.target, file, clock).map(|_| ())?)
        }
        Command::Restore { file, rehearse: false } => restore::run(&config.data, &config.target, file, clock, &mut std::io::stdout()),
        Command::Restore { file, rehearse: true } => restore::rehearse(file, clock, &mut std::io::stdout()),
        Command::Export { file } => moving::export(&config.data, &config.target, file, clock, &mut std::io::stdout()),
        Command::Import { file } => moving::import(&config.data, &config.target, file, &mut std::io::stdout()),
        Command::Migrate { check } => migrate::run(&config.data, &config.target, *check, clock, &mut std::io::stdout()),
        Command::Serve(_) | Command::Demo { .. } => Err("This command serves; it does not end by itself.".to_owned()),
    }
}

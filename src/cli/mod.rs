//! The program as its operator meets it: the command line and the data folder.

pub mod args;
pub mod data_folder;
pub mod demo;
pub mod serve;
pub mod village;

use std::process::ExitCode;

use args::{Cli, Command};

/// Reads the command line and runs one command. Exit codes: 0 done, 1 failed with one sentence on standard error, 2 wrong usage.
#[must_use]
pub fn run() -> ExitCode {
    let cli = match Cli::parse_from(std::env::args_os()) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let outcome = serve::config_of(&cli).and_then(|config| {
        serve::start_log(config.log_json);
        crate::http::door::tls::install_provider();
        match cli.chosen() {
            Command::Serve(_) => actix_web::rt::System::new().block_on(serve::run(config)),
            Command::Demo { now, listen } => actix_web::rt::System::new().block_on(demo::run(*now, *listen)),
            _ => Err("this command is not there yet".to_owned()),
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

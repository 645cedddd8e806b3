//! The program: reads the command line and runs one command.

use std::process::ExitCode;

/// Gives memory back: glibc's keeps what a burst of password hashes took, for each thread that ever made one.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    rialto::cli::run()
}

//! The program: reads the command line and runs one command.

use std::process::ExitCode;

/// Gives memory back: glibc's keeps what a burst of password hashes took, for each thread that ever made one. Huge pages are off (`no_thp`):
/// with them a connection costs half as much again, since what is freed between others stays resident.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    rialto::cli::run()
}

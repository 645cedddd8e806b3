//! What the long proofs run has only so long.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

#[path = "../prove/limited.rs"]
mod runner;

/// Is it there, and not only its number, which whoever started it has not taken back yet?
fn is_running(process: &str) -> bool {
    let stat = std::fs::read_to_string(Path::new("/proc").join(process).join("stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
}

#[test]
fn a_program_that_hangs_is_ended_with_all_that_it_started() {
    // How long it takes to come so far as to hang, nobody knows.
    for limit in [1, 4, 16, 64] {
        let hanging = "sleep 3600 & echo $$ $!; echo seen >&2; wait";
        let done = runner::run(Command::new("sh").args(["-c", hanging]), Duration::from_secs(limit)).expect("it runs");
        assert!(done.status.is_none(), "it hung");
        let processes: Vec<&str> = done.out.split_whitespace().collect();
        if processes.len() == 2 && done.err == "seen\n" {
            while processes.iter().any(|process| is_running(process)) {
                std::thread::yield_now();
            }
            return;
        }
    }
    panic!("it never came so far");
}

#[test]
fn a_program_that_ends_says_how_and_what_and_leaves_nothing_running() {
    let leaving = "sleep 3600 & echo $!; echo seen >&2; exit 3";
    let done = runner::run(Command::new("sh").args(["-c", leaving]), Duration::from_secs(600)).expect("it runs");
    assert_eq!((done.status.and_then(|status| status.code()), done.err.as_str()), (Some(3), "seen\n"));
    while is_running(done.out.trim()) {
        std::thread::yield_now();
    }
}

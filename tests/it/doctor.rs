//! `rialto doctor` beside a program that serves, from the program itself.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

fn rialto(data: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rialto"));
    command.env_clear().current_dir(data.parent().expect("a folder")).arg("--data").arg(data).args(more).stdin(Stdio::null());
    command
}

fn doctor(data: &Path, more: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = rialto(data, &[&["doctor"], more].concat()).output().expect("it runs");
    (status.code(), String::from_utf8_lossy(&stdout).into_owned(), String::from_utf8_lossy(&stderr).into_owned())
}

/// A program that serves, ended when it is dropped.
struct Serving(Child);

impl Serving {
    fn on(data: &Path, more: &[&str]) -> Self {
        let flags = [&["serve", "--listen", "127.0.0.1:0", "--media-port", "0"], more].concat();
        let child = rialto(data, &flags).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
        let mut serving = Self(child);
        let lines = BufReader::new(serving.0.stdout.take().expect("its output")).lines();
        assert!(lines.map_while(Result::ok).any(|line| line.starts_with("listening on ")), "it says where it listens");
        serving
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_doctor_places_a_call_beside_the_program_that_serves() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let serving = Serving::on(&data, &[]);
    let (code, said, complained) = doctor(&data, &["--call"]);
    assert_eq!((code, complained.as_str()), (Some(0), ""), "{said}{complained}");
    for line in [
        "ok    data folder: ",
        "ok    database: SQLite, of this version",
        "ok    server: runs at http://127.0.0.1:",
        "ok    writes: ",
        "--    mail: Letters are not sent.",
        "--    backups: The first backup is not due yet.",
        "ok    jobs: ",
        "ok    calls: Calls reach this community: ",
    ] {
        assert!(said.contains(line), "{line} is not in\n{said}");
    }
    assert_eq!(said.matches(" calls: ").count(), 1, "calls are told of once: {said}");
    drop(serving);
    let (code, said, complained) = doctor(&data, &["--call"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("FAIL  server: No server runs on this data folder."), "{said}");
    assert_eq!(complained.trim_end(), "rialto: 2 of 11 checks failed; what to do about each stands above.");
    let (code, said, _) = doctor(&data, &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("ok    server: does not run") && said.contains("--    writes: Known only while"), "{said}");
}

#[test]
fn a_program_that_runs_and_does_not_answer_is_told_of_and_the_rest_is_looked_at_beside_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let serving = Serving::on(&data, &[]);
    let held = Command::new("kill").args(["-STOP", &serving.0.id().to_string()]).status().expect("it is held");
    assert!(held.success());
    let (code, said, _) = doctor(&data, &[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("FAIL  server: It runs at http://127.0.0.1:") && said.contains("but could not be asked (timed out)."), "{said}");
    assert!(said.contains("ok    jobs: ") && said.contains("--    writes: Known only while"), "{said}");
}

#[test]
fn the_doctor_says_which_hop_fails_and_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let _serving = Serving::on(&data, &["--public-ip", "192.0.2.1"]);
    let (code, said, _) = doctor(&data, &["--call"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("FAIL  calls: Browsers are sent to 192.0.2.1 for sound and pictures, and nothing of ours answers there."),
        "{said}"
    );
    assert!(said.contains("--public-ip 127.0.0.1"), "{said}");
}

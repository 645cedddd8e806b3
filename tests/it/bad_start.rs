//! What the program says when it cannot start: one sentence on standard error and an exit code, from the program itself.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use diesel::Connection;
use diesel::connection::SimpleConnection;

fn rialto(data: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rialto"));
    command.env_clear().current_dir(data.parent().expect("a folder")).arg("--data").arg(data).args(more).stdin(Stdio::null());
    command
}

/// Runs a command that must end by itself.
fn ended(data: &Path, more: &[&str]) -> Output {
    rialto(data, more).output().expect("it runs")
}

/// It failed with this code and one sentence that holds these words, and showed nothing of its insides.
fn refused(output: &Output, code: i32, words: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    for word in words {
        assert!(said.contains(word), "\"{word}\" is not in: {said}");
    }
    assert!(!said.contains("panicked") && !said.contains(".rs:") && !said.contains("RUST_BACKTRACE"), "{said}");
    if code == 1 {
        let sentences: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
        assert_eq!(sentences.len(), 1, "one sentence: {said}");
    }
}

/// A program that serves, ended when it is dropped.
struct Serving(Child);

impl Serving {
    fn on(data: &Path) -> Self {
        let child =
            rialto(data, &["serve", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
        let mut serving = Self(child);
        let mut lines = BufReader::new(serving.0.stdout.take().expect("its output")).lines();
        let ready = lines.by_ref().map_while(Result::ok).find(|line| line.starts_with("listening on http://127.0.0.1:"));
        assert!(ready.is_some(), "it says where it listens");
        assert!(lines.next().and_then(Result::ok).is_some_and(|line| line.contains("/setup/")), "and how to set it up");
        serving
    }
}

/// Under a public name the address says nothing about the door, so the door is named too.
#[test]
fn a_start_under_a_public_name_says_where_it_is_bound() {
    let folder = tempfile::tempdir().expect("a folder");
    let flags = ["serve", "--listen", "127.0.0.1:0", "--trusted-proxy", "127.0.0.1", "--public-url", "https://harbour.example"];
    let child = rialto(&folder.path().join("data"), &flags).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
    let mut serving = Serving(child);
    let lines = BufReader::new(serving.0.stdout.take().expect("its output")).lines();
    let first: Vec<String> = lines.map_while(Result::ok).take(2).collect();
    assert_eq!(first[0], "listening on https://harbour.example");
    assert!(first[1].strip_prefix("bound to 127.0.0.1:").is_some_and(|port| port.parse::<u16>().is_ok_and(|port| port > 0)), "{first:?}");
}

/// A full disk takes no line of the log. The lines are lost, and nothing else.
#[test]
fn a_log_that_cannot_be_written_keeps_nobody_from_serving() {
    let folder = tempfile::tempdir().expect("a folder");
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a disk that is full");
    let mut command = rialto(&folder.path().join("data"), &["serve", "--listen", "127.0.0.1:0"]);
    let child = command.env("RIALTO_LOG", "debug").stdout(Stdio::piped()).stderr(full).spawn().expect("it starts");
    let mut serving = Serving(child);
    let mut lines = BufReader::new(serving.0.stdout.take().expect("its output")).lines().map_while(Result::ok);
    let address = lines.find_map(|line| line.strip_prefix("listening on http://").map(str::to_owned)).expect("it says where it listens");
    let mut socket = std::net::TcpStream::connect(&address).expect("it answers");
    write!(socket, "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").expect("asked");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("ready\n"), "{answer}");
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_port_in_use() {
    let folder = tempfile::tempdir().expect("a folder");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let output = ended(&folder.path().join("data"), &["serve", "--listen", &address]);
    refused(&output, 1, &[&taken.local_addr().expect("an address").port().to_string(), "in use", "--listen"]);
}

#[test]
fn a_data_folder_that_another_serves_from() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let serving = Serving::on(&data);
    for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["migrate"]] {
        let output = ended(&data, command);
        assert_eq!(output.status.code(), Some(1), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        refused(&output, 1, &[]);
    }
    drop(serving);
    refused_or_done(&ended(&data, &["migrate", "--check"]));
}

fn refused_or_done(output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn unknown_and_wrong_settings() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    refused(&ended(&data, &["serve", "--colour", "blue"]), 2, &["--colour"]);
    refused(&ended(&data, &["fly"]), 2, &["fly"]);
    let wrong = [("listn = '127.0.0.1:1'\n", "listn"), ("listen = 'everywhere'\n", "listen"), ("listen = [\n", "rialto.toml")];
    for (text, word) in wrong {
        let file = folder.path().join("rialto.toml");
        std::fs::write(&file, text).expect("written");
        let output = ended(&data, &["--config", file.to_str().expect("a path"), "serve"]);
        assert!(matches!(output.status.code(), Some(1 | 2)), "{text}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(word) && !said.contains(".rs:"), "{text}: {said}");
    }
    std::fs::remove_file(folder.path().join("rialto.toml")).expect("removed");
    let output = rialto(&data, &["serve"]).env("RIALTO_LISTN", "127.0.0.1:0").output().expect("it runs");
    refused(&output, 1, &["RIALTO_LISTN"]);
    let output = ended(&data, &["serve", "--listen", "127.0.0.1:0", "--public-url", "http://chat.example.org"]);
    refused(&output, output.status.code().expect("a code"), &["https"]);
    assert!(matches!(output.status.code(), Some(1 | 2)));
}

#[test]
fn a_database_from_a_newer_version() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    drop(Serving::on(&data));
    let path = std::fs::read_dir(&data)
        .expect("the folder")
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|end| end == "db"));
    let path = path.expect("a database");
    let mut conn = diesel::SqliteConnection::establish(path.to_str().expect("a path")).expect("a connection");
    conn.batch_execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('20991231000001')").expect("a later one");
    drop(conn);
    refused(&ended(&data, &["serve", "--listen", "127.0.0.1:0"]), 1, &["newer"]);
    refused(&ended(&data, &["migrate"]), 1, &["newer"]);
}

#[test]
fn a_database_that_is_none_and_a_server_that_is_not_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    drop(Serving::on(&data));
    let path = std::fs::read_dir(&data)
        .expect("the folder")
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|end| end == "db"));
    let path = path.expect("a database");
    for suffix in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
    }
    std::fs::write(&path, "this is no database, but a text that is long enough to be looked at".repeat(100)).expect("written");
    refused(&ended(&data, &["serve", "--listen", "127.0.0.1:0"]), 1, &[]);
    let output =
        ended(&folder.path().join("other"), &["--database-url", "postgres://127.0.0.1:1/none", "serve", "--listen", "127.0.0.1:0"]);
    refused(&output, 1, &[]);
}

#[test]
fn certificates_that_are_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let ask = || {
        let (cert, key) = (cert.to_str().expect("a path"), key.to_str().expect("a path"));
        ended(&folder.path().join("data"), &["serve", "--listen", "127.0.0.1:0", "--tls-cert", cert, "--tls-key", key])
    };
    refused(&ask(), 1, &["cert.pem"]);
    std::fs::write(&cert, "no certificate").expect("written");
    std::fs::write(&key, "no key").expect("written");
    refused(&ask(), 1, &["cert.pem"]);
}

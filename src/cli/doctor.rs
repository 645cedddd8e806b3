//! `rialto doctor`: looks at everything that must work, beside a server that runs, and says of each thing that does not what to do. The lights
//! are those of the dashboard.

use std::io::Write;

use super::data_folder::DataFolder;
use super::offline;
use crate::access::Keys;
use crate::admin::health::{self, HealthCheck, HealthReport, Light, Part, Place, Teller, Vitals};
use crate::calls::probe::{self, Patience, Report, Way};
use crate::clock::{Clock, Millis};
use crate::config::Config;
use crate::config::origin::Origin;
use crate::storage::Target;
use crate::text::Words;

/// What a check found: all is well and a few words about it, or a sentence and what to do.
type Found = Result<String, (String, String)>;

/// A check as it is told.
struct Line {
    name: &'static str,
    light: Light,
    what: String,
    todo: Option<String>,
}

impl Line {
    fn of(name: &'static str, found: Found) -> Self {
        match found {
            Ok(what) => Self { name, light: Light::Green, what, todo: None },
            Err((what, todo)) => Self { name, light: Light::Red, what, todo: Some(todo) },
        }
    }

    /// A health light.
    fn lit(check: HealthCheck) -> Self {
        let HealthCheck { name, light, what, todo, at, .. } = check;
        let at = at.map(|at| format!(" ({})", time(at))).unwrap_or_default();
        Self { name: name.name(), light, what: format!("{what}{at}"), todo }
    }

    fn write(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let Self { name, light, what, todo } = self;
        let mark = match light {
            Light::Green => "ok  ",
            Light::Grey => "--  ",
            Light::Amber => "warn",
            Light::Red => "FAIL",
        };
        writeln!(out, "{mark}  {name}: {what}")?;
        todo.as_ref().map_or(Ok(()), |todo| writeln!(out, "      {todo}"))
    }
}

/// Makes every check and writes a line about each.
///
/// # Errors
/// One sentence when a check failed, or when nothing can be written.
pub fn run(config: &Config, call: bool, clock: &Clock, out: &mut dyn Write) -> Result<(), String> {
    let folder = DataFolder::open(&config.data, false);
    let machine = Vitals::this(&config.data, None);
    look(config, &folder, machine, call, clock, out)
}

fn look(
    config: &Config,
    folder: &Result<DataFolder, String>,
    machine: Vitals,
    call: bool,
    clock: &Clock,
    out: &mut dyn Write,
) -> Result<(), String> {
    let mut lines = vec![Line::of("data folder", data(folder)), Line::of("database", database(config))];
    let is_readable = offline::exists(&config.target) && lines.iter().all(|line| line.light == Light::Green);
    let mut lights = None;
    if let Ok(folder) = folder {
        let (line, asked) = server(folder, call, clock);
        lines.push(line);
        lights = asked;
    }
    if lights.is_none() && is_readable {
        match beside(config, machine, clock) {
            Ok(checks) => lights = Some(checks),
            Err(sentence) => lines.push(Line::of("health", Err(split(&sentence)))),
        }
    }
    // Of the database stands more above, and of calls below where they are tried.
    let is_told = |check: &HealthCheck| check.name == Part::Database || (call && check.name == Part::Calls);
    lines.extend(lights.into_iter().flatten().filter(|check| !is_told(check)).map(Line::lit));
    if let (Ok(folder), true) = (folder, call) {
        lines.push(Line::of("calls", calls(folder, clock)));
    }
    for line in &lines {
        line.write(out).map_err(|error| format!("The findings cannot be written ({error})."))?;
    }
    let failed = lines.iter().filter(|line| line.light == Light::Red).count();
    if failed == 0 { Ok(()) } else { Err(format!("{failed} of {} checks failed; what to do about each stands above.", lines.len())) }
}

fn time(at: Millis) -> String {
    jiff::Timestamp::from_millisecond(at).map_or_else(|_| at.to_string(), |at| at.to_string())
}

/// A sentence of ours says what is so and how to mend it, with a semicolon between.
fn split(sentence: &str) -> (String, String) {
    match sentence.split_once("; ") {
        Some((what, todo)) => (format!("{what}."), todo.to_owned()),
        None => (sentence.to_owned(), "The log of the server says more.".to_owned()),
    }
}

fn data(folder: &Result<DataFolder, String>) -> Found {
    match folder {
        Ok(folder) => Ok(folder.root().display().to_string()),
        Err(sentence) => Err(split(sentence)),
    }
}

fn database(config: &Config) -> Found {
    let kind = match &config.target {
        Target::Sqlite(_) => "SQLite",
        Target::Postgres(_) => "PostgreSQL",
    };
    if !offline::exists(&config.target) {
        return Ok("none yet; the first start makes it".to_owned());
    }
    let state = offline::connect(&config.target).and_then(|mut conn| offline::look(&mut conn)).map_err(|sentence| split(&sentence))?;
    if state.pending.is_empty() || state.is_empty {
        Ok(format!("{kind}, of this version"))
    } else {
        Err(("The database is older than this program.".to_owned(), "Stop the server if one runs, and run `rialto migrate`.".to_owned()))
    }
}

/// The lights that a command sees beside the server, or without one.
fn beside(config: &Config, machine: Vitals, clock: &Clock) -> Result<Vec<HealthCheck>, String> {
    let words = Words::load().map_err(|error| offline::sentence(&error))?;
    let mut conn = offline::connect(&config.target)?;
    let place = Place { config, sends_letters: config.smtp_url.is_some(), machine };
    let facts = health::facts(&mut conn, &place, clock.now()).map_err(|error| offline::sentence(&error))?;
    Ok(health::lights(&facts, clock.now(), &Teller { words: &words, language: "en" }))
}

/// Whether the server runs, and the lights that it shows: it alone knows all of them.
fn server(folder: &DataFolder, needed: bool, clock: &Clock) -> (Line, Option<Vec<HealthCheck>>) {
    let Some(serving) = folder.serving() else {
        let found = if needed {
            Err((
                "No server runs on this data folder.".to_owned(),
                "Start it with `rialto serve`, then look again; calls can only be tried while it runs.".to_owned(),
            ))
        } else {
            Ok("does not run".to_owned())
        };
        return (Line::of("server", found), None);
    };
    let ticket = health::ticket(&Keys::new(*folder.master_key()), clock.now());
    let said = probe::ask(&serving.url, &serving.trusted, &format!("/api/v1/admin/health?ticket={ticket}"));
    let report = said.and_then(|body| serde_json::from_str::<HealthReport>(&body).map_err(|error| error.to_string()));
    match report {
        Ok(report) => (Line::of("server", Ok(format!("runs at {}", serving.url))), Some(report.checks)),
        Err(why) => {
            // Some routers do not let a machine reach itself by its public address.
            let is_near = Origin::parse(&serving.url).is_some_and(|origin| origin.is_loopback());
            let light = if is_near { Light::Red } else { Light::Amber };
            let what = format!("It runs at {}, but could not be asked ({why}).", serving.url);
            let todo = "Open that address in a browser, from elsewhere too. What stands below was looked at beside the server.".to_owned();
            (Line { name: "server", light, what, todo: Some(todo) }, None)
        }
    }
}

fn calls(folder: &DataFolder, clock: &Clock) -> Found {
    let words = Words::load().map_err(|error| split(&offline::sentence(&error)))?;
    let Some(serving) = folder.serving() else {
        return Err(("They were not tried.".to_owned(), "Start the server first.".to_owned()));
    };
    let tried = probe::ticket(&Keys::new(*folder.master_key()), clock.now())
        .and_then(|ticket| probe::run(&Way { url: serving.url, ticket, trusted: serving.trusted, patience: Patience::default() }));
    let report = tried.map_err(|error| split(&offline::sentence(&error)))?;
    told(&words, &report)
}

fn told(words: &Words, report: &Report) -> Found {
    let (what, todo) = report.told(words, "en");
    let tcp = report.told_of_tcp(words, "en").map(|sentence| format!(" {sentence}")).unwrap_or_default();
    match todo {
        None => Ok(format!("{what}{tcp}")),
        Some(todo) => Err((what, format!("{todo}{tcp}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::health::DiskFacts;
    use crate::calls::probe::{Hop, OverTcp};
    use crate::config::{Given, Machine};

    /// What the doctor says of a folder, on a machine that says so much.
    fn doctor(folder: &std::path::Path, call: bool, machine: Vitals) -> (Result<(), String>, String) {
        let mut config = Config::from(Given::default(), &Machine { address: None, processors: 1 }).expect("defaults work");
        config.data = folder.to_owned();
        config.target = Target::Sqlite(folder.join("rialto.db"));
        let mut out = Vec::new();
        let opened = DataFolder::open(&config.data, false);
        let found = look(&config, &opened, machine, call, &Clock::system(), &mut out);
        (found, String::from_utf8(out).expect("text"))
    }

    #[test]
    fn an_empty_folder_is_well_and_has_no_calls() {
        let outer = tempfile::tempdir().expect("a folder");
        let folder = outer.path().join("data");
        let (found, told) = doctor(&folder, false, Vitals::default());
        assert_eq!((found, told.matches("ok ").count()), (Ok(()), 3), "{told}");
        let (found, told) = doctor(&folder, true, Vitals::default());
        assert_eq!(found.expect_err("no server"), "2 of 4 checks failed; what to do about each stands above.");
        assert!(told.contains("FAIL  server: No server runs on this data folder.\n      Start it"), "{told}");
    }

    #[test]
    fn without_a_server_the_lights_are_what_the_rows_and_the_machine_say() {
        let outer = tempfile::tempdir().expect("a folder");
        let folder = outer.path().join("data");
        drop(DataFolder::open(&folder, false));
        drop(offline::open(&Target::Sqlite(folder.join("rialto.db")), &Clock::system()).expect("a database"));
        let (found, told) = doctor(&folder, false, Vitals::default());
        assert_eq!(found, Ok(()), "what is not set up is no trouble: {told}");
        for line in [
            "ok    server: does not run",
            "--    disk: ",
            "--    memory: ",
            "--    writes: Known only while the program serves.",
            "--    calls: Known only while the program serves.",
            "--    mail: Letters are not sent. They stay in the outbox.\n      Start the program with --smtp-url",
            "--    payments: ",
            "--    backups: The first backup is not due yet.",
            "ok    jobs: Work is done when it is due.",
        ] {
            assert!(told.contains(line), "{line} is not in\n{told}");
        }
        let full = Vitals { disk: Some(DiskFacts { free: 1, total: 1 << 40 }), ..Vitals::default() };
        let (found, told) = doctor(&folder, false, full);
        assert_eq!(found.expect_err("no room"), "1 of 11 checks failed; what to do about each stands above.");
        assert!(told.contains("FAIL  disk: Only 0 MB of 1,024 GB are left.") && told.contains("\n      Make room"), "{told}");
        let scarce = Vitals { disk: Some(DiskFacts { free: 300 << 20, total: 1 << 40 }), ..Vitals::default() };
        let (found, told) = doctor(&folder, false, scarce);
        assert!(found.is_ok() && told.contains("warn  disk: Only 300 MB of"), "a warning is no failure: {told}");
    }

    #[test]
    fn a_database_of_another_kind_of_file_is_named() {
        let outer = tempfile::tempdir().expect("a folder");
        std::fs::write(outer.path().join("rialto.db"), b"no database at all, but long enough to be looked at").expect("written");
        let (found, told) = doctor(outer.path(), false, Vitals::default());
        assert!(found.is_err() && told.contains("FAIL  database: "), "{told}");
    }

    #[test]
    fn every_hop_has_a_sentence_and_what_to_do_in_both_languages() {
        let words = Words::load().expect("words");
        let report = |hop, tcp| {
            let values = ["host", "address", "port", "better", "why"].map(|name| (name.to_owned(), format!("<{name}>"))).into();
            Report { reached: false, hop, values, tcp, round_trip_ms: None }
        };
        for language in ["en", "fr"] {
            for hop in Hop::ALL {
                let (what, todo) = report(Some(hop), None).told(&words, language);
                let todo = todo.expect("something to do");
                assert!(!what.contains("calls.probe") && !todo.contains("calls.probe"), "{language} {hop:?}: {what} {todo}");
                assert!(!format!("{what}{todo}").contains('{'), "every value is known: {what} {todo}");
            }
            for tcp in OverTcp::ALL {
                let said = report(None, Some(tcp)).told_of_tcp(&words, language).expect("a sentence");
                assert!(!said.contains("calls.probe") && !said.contains('{'), "{language} {tcp:?}: {said}");
            }
        }
    }

    #[test]
    fn a_port_that_is_closed_over_tcp_is_told_and_fails_nothing() {
        let words = Words::load().expect("words");
        let values = std::collections::BTreeMap::from([("port".to_owned(), "7882".to_owned())]);
        let report = Report { reached: true, hop: None, values, tcp: Some(OverTcp::Closed), round_trip_ms: Some(3) };
        let said = told(&words, &report).expect("calls come through");
        assert!(said.starts_with("Calls reach this community") && said.contains("TCP port 7882"), "{said}");
        let blocked = Report { reached: false, hop: Some(Hop::Port), tcp: Some(OverTcp::Open), ..report };
        let (_, todo) = told(&words, &blocked).expect_err("UDP does not");
        assert!(todo.contains("Open UDP port 7882") && todo.contains("over TCP"), "{todo}");
    }
}

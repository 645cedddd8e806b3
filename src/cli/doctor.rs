//! `rialto doctor`: looks at everything that must work, beside a server that runs, and says of each thing that does not what to do.

use std::io::Write;

use super::data_folder::DataFolder;
use super::offline;
use crate::access::Keys;
use crate::backups::{self, Health};
use crate::calls::probe::{self, Patience, Report, Way};
use crate::clock::{Clock, Millis};
use crate::config::Config;
use crate::settings::Settings;
use crate::storage::Target;
use crate::text::Words;

/// What a check found: all is well and a few words about it, or a sentence and what to do.
type Found = Result<String, (String, String)>;

/// Makes every check and writes a line about each.
///
/// # Errors
/// One sentence when a check failed, or when nothing can be written.
pub fn run(config: &Config, call: bool, clock: &Clock, out: &mut dyn Write) -> Result<(), String> {
    let folder = DataFolder::open(&config.data, false);
    let mut checks: Vec<(&str, Found)> = vec![("data folder", data(&folder)), ("database", database(config))];
    if config.target.is_sqlite() && offline::exists(&config.target) && checks.iter().all(|(_, found)| found.is_ok()) {
        checks.push(("backups", saved(config, clock)));
    }
    if let Ok(folder) = &folder {
        checks.push(("server", server(folder, call)));
        if call {
            checks.push(("calls", calls(folder, clock)));
        }
    }
    let failed = checks.iter().filter(|(_, found)| found.is_err()).count();
    for (name, found) in &checks {
        let written = match found {
            Ok(words) => writeln!(out, "ok    {name}: {words}"),
            Err((what, todo)) => writeln!(out, "FAIL  {name}: {what}\n      {todo}"),
        };
        written.map_err(|error| format!("The findings cannot be written ({error})."))?;
    }
    if failed == 0 { Ok(()) } else { Err(format!("{failed} of {} checks failed; what to do about each stands above.", checks.len())) }
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

/// What the dashboard says of them, from the same rows.
fn saved(config: &Config, clock: &Clock) -> Found {
    let words = Words::load().map_err(|error| split(&offline::sentence(&error)))?;
    let mut conn = offline::connect(&config.target).map_err(|sentence| split(&sentence))?;
    let standing = Settings::load(&mut conn).and_then(|settings| backups::standing(&mut conn, &config.data, &settings, clock.now()));
    let standing = standing.map_err(|error| split(&offline::sentence(&error)))?;
    let time = |at: Millis| jiff::Timestamp::from_millisecond(at).map_or_else(|_| at.to_string(), |at| at.to_string());
    let last = standing.last.map_or_else(|| "there is none yet".to_owned(), |at| format!("the last one was made at {}", time(at)));
    let todo = "Look at *Backups* in the dashboard, or save by hand: `rialto backup FILE`.".to_owned();
    match standing.health {
        Health::Good => Ok(last),
        Health::Early => Ok(standing.next.map_or(last.clone(), |at| format!("{last}; the first is due at {}", time(at)))),
        Health::Off => Ok(format!("none is made by itself; {last}")),
        Health::Late => Err((format!("One was due and is not there; {last}."), todo)),
        Health::Failed => {
            let why = standing.trouble.map(|code| format!(" {} ({code})", words.t("en", &code, &[]))).unwrap_or_default();
            Err((format!("The newest one could not be made.{why} As it is, {last}."), todo))
        }
    }
}

fn server(folder: &DataFolder, needed: bool) -> Found {
    match folder.serving() {
        Some(serving) => Ok(format!("runs at {}", serving.url)),
        None if needed => Err((
            "No server runs on this data folder.".to_owned(),
            "Start it with `rialto serve`, then look again; calls can only be tried while it runs.".to_owned(),
        )),
        None => Ok("does not run".to_owned()),
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
    use crate::calls::probe::{Hop, OverTcp};
    use crate::config::{Given, Machine};

    fn look(folder: &std::path::Path, call: bool) -> (Result<(), String>, String) {
        let mut config = Config::from(Given::default(), &Machine { address: None, processors: 1 }).expect("defaults work");
        config.data = folder.to_owned();
        config.target = Target::Sqlite(folder.join("rialto.db"));
        let mut out = Vec::new();
        let found = run(&config, call, &Clock::system(), &mut out);
        (found, String::from_utf8(out).expect("text"))
    }

    #[test]
    fn an_empty_folder_is_well_and_has_no_calls() {
        let outer = tempfile::tempdir().expect("a folder");
        let folder = outer.path().join("data");
        let (found, told) = look(&folder, false);
        assert_eq!((found, told.matches("ok ").count()), (Ok(()), 3), "{told}");
        let (found, told) = look(&folder, true);
        assert_eq!(found.expect_err("no server"), "2 of 4 checks failed; what to do about each stands above.");
        assert!(told.contains("FAIL  server: No server runs on this data folder.\n      Start it"), "{told}");
    }

    #[test]
    fn a_database_of_another_kind_of_file_is_named() {
        let outer = tempfile::tempdir().expect("a folder");
        std::fs::write(outer.path().join("rialto.db"), b"no database at all, but long enough to be looked at").expect("written");
        let (found, told) = look(outer.path(), false);
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

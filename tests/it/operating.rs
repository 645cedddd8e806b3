//! docs/operating.md names only what exists: commands, flags, settings, addresses, numbers, and words of the dashboard.

use std::collections::BTreeSet;
use std::fs;

use clap::CommandFactory;
use rialto::cli::args::Cli;
use rialto::settings::Settings;

use crate::architecture::sources;

fn page(name: &str) -> String {
    fs::read_to_string(format!("{}/docs/{name}", env!("CARGO_MANIFEST_DIR"))).expect("a page")
}

/// What stands in backticks or in blocks of code, line by line.
fn code(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (n, part) in page.split("```").enumerate() {
        if n % 2 == 1 {
            found.extend(part.lines().map(|line| line.trim().to_owned()));
        } else {
            found.extend(part.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    found
}

/// What stands between single stars.
fn starred(page: &str) -> Vec<String> {
    let text: String = page.split("```").step_by(2).collect();
    let plain: String = text.split("**").step_by(2).collect();
    let lines = plain.lines().map(|line| line.trim_start().strip_prefix("* ").unwrap_or(line));
    lines.flat_map(|line| line.split('*').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()).collect()
}

fn flags() -> BTreeSet<String> {
    let command = Cli::command();
    let all = std::iter::once(&command).chain(command.get_subcommands().flat_map(|one| std::iter::once(one).chain(one.get_subcommands())));
    all.flat_map(clap::Command::get_arguments).filter_map(|one| one.get_long()).map(str::to_owned).collect()
}

fn settings() -> BTreeSet<String> {
    let all = serde_json::to_value(Settings::default()).expect("an object");
    all.as_object().expect("an object").keys().cloned().collect()
}

/// Every sentence of the English words, each form of it.
fn words() -> BTreeSet<String> {
    let folder = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/static/words/en")).expect("words");
    let mut found = BTreeSet::new();
    for file in folder {
        let text = fs::read_to_string(file.expect("an entry").path()).expect("text");
        let all: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).expect("an object");
        found.extend(all.values().filter_map(|value| value.as_str()).map(str::to_owned));
    }
    found
}

#[test]
fn every_command_of_the_guide_is_understood() {
    let page = page("operating.md");
    let commands: Vec<String> = code(&page).into_iter().filter(|line| line.starts_with("rialto ") && *line != "rialto help").collect();
    assert!(commands.len() > 10, "they are found");
    for line in commands.iter().filter(|line| !line.starts_with("rialto help")) {
        if let Err(error) = Cli::parse_from(line.split_whitespace()) {
            panic!("{line}: {error}");
        }
    }
}

#[test]
fn every_name_of_the_guide_exists() {
    let page = page("operating.md");
    let (flags, settings, words) = (flags(), settings(), words());
    let program: String = sources().into_iter().map(|source| source.text).collect();
    let is_name = |word: &str| word.contains('_') && word.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    for span in code(&page) {
        for word in span.split_whitespace() {
            if let Some(flag) = word.strip_prefix("--") {
                assert!(flags.contains(flag), "--{flag}");
            } else if let Some(name) = word.strip_prefix("RIALTO_") {
                assert!(flags.contains(&name.to_lowercase().replace('_', "-")), "RIALTO_{name}");
            } else if word.starts_with("rialto_") {
                assert!(program.contains(&format!("\"{word}\"")), "{word}");
            } else if is_name(word) {
                assert!(settings.contains(word), "{word}");
            } else if word.starts_with('/') && !word.starts_with("/var/") && !word.starts_with("/mnt/") {
                assert!(program.contains(&format!("\"{word}\"")), "{word}");
            }
        }
    }
    let shown = starred(&page);
    assert!(shown.len() > 20, "they are found");
    for word in shown {
        assert!(words.contains(&word), "nothing on the dashboard is called *{word}*");
    }
}

#[test]
fn what_the_guide_points_to_is_there() {
    let running = page("running.md");
    let headings: BTreeSet<String> = running.lines().filter(|line| line.starts_with('#')).map(anchor).collect();
    for target in page("operating.md").split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        let (file, place) = target.split_once('#').unwrap_or((target, ""));
        assert_eq!(file, "running.md");
        assert!(place.is_empty() || headings.contains(place), "#{place}");
    }
}

/// How a heading is linked to.
fn anchor(heading: &str) -> String {
    heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-")
}

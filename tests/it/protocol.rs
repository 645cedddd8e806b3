//! docs/protocol.md names exactly what exists: the commands, the events of rooms and members, the signals.

use std::collections::BTreeSet;
use std::fs;

/// The page.
fn page() -> String {
    fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/protocol.md")).expect("the page about the protocol")
}

/// The part between this heading and the next of its level or above.
fn part<'a>(page: &'a str, heading: &str) -> &'a str {
    let level = heading.chars().take_while(|c| *c == '#').count();
    let start = page.find(&format!("{heading}\n")).unwrap_or_else(|| panic!("no {heading}")) + heading.len();
    let is_end = |line: &str| line.starts_with('#') && line.chars().take_while(|c| *c == '#').count() <= level;
    let length: usize = page[start..].split_inclusive('\n').take_while(|line| !is_end(line)).map(str::len).sum();
    &page[start..start + length]
}

/// The names in backticks of the `####` headings.
fn names(part: &str) -> BTreeSet<String> {
    let headings = part.lines().filter(|line| line.starts_with("#### "));
    headings.flat_map(|line| line.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// The variants of an enum as they stand on the wire, read from the source: what serde writes is the snake case of their names.
fn variants(file: &str, name: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(format!("{}/src/{file}", env!("CARGO_MANIFEST_DIR"))).expect("a source file");
    let start = text.find(&format!("pub enum {name} {{")).unwrap_or_else(|| panic!("no enum {name} in {file}"));
    let before = &text[..start];
    let attributes = &before[before.rfind("\n\n").unwrap_or(0)..];
    assert!(attributes.contains(r#"#[serde(tag = "kind", rename_all = "snake_case")]"#), "{name} is written otherwise");
    let body = text[start..].split("\n}").next().expect("a body");
    let heads = body.lines().skip(1).filter(|line| line.starts_with("    ") && !line.starts_with("     "));
    let is_variant = |line: &&str| line.trim_start().starts_with(|c: char| c.is_ascii_uppercase());
    heads.filter(is_variant).map(|line| snake(line.trim().split(['{', '(', ',', ' ']).next().unwrap_or_default())).collect()
}

fn snake(name: &str) -> String {
    name.chars().enumerate().fold(String::new(), |mut out, (n, c)| {
        if c.is_ascii_uppercase() && n > 0 {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
        out
    })
}

/// Every kind of event that any log may hold.
pub fn event_kinds() -> BTreeSet<String> {
    let all = [
        variants("chat/events.rs", "Event"),
        variants("calls/events.rs", "CallEvent"),
        variants("calls/events.rs", "CallsEvent"),
        variants("chat/events.rs", "MeEvent"),
        variants("members/events.rs", "MemberEvent"),
        variants("billing/events.rs", "BillingEvent"),
        variants("social/events.rs", "SocialEvent"),
    ];
    all.into_iter().flatten().collect()
}

#[test]
fn the_commands_are_those_of_the_program() {
    let known: BTreeSet<String> = rialto::wire::commands().into_keys().map(str::to_owned).collect();
    assert_eq!(names(part(&page(), "### Client frames")), known);
}

#[test]
fn the_events_of_rooms_are_those_of_the_program() {
    let known = [variants("chat/events.rs", "Event"), variants("calls/events.rs", "CallEvent")].into_iter().flatten().collect();
    assert_eq!(names(part(&page(), "### Events of a room")), known);
}

#[test]
fn the_events_of_members_are_those_of_the_program() {
    let all = [
        variants("chat/events.rs", "MeEvent"),
        variants("members/events.rs", "MemberEvent"),
        variants("billing/events.rs", "BillingEvent"),
        variants("social/events.rs", "SocialEvent"),
        variants("calls/events.rs", "CallsEvent"),
    ];
    let known = all.into_iter().flatten().collect();
    assert_eq!(names(part(&page(), "### Events of a member (`\"room\":\"me\"`)")), known);
}

#[test]
fn the_notices_of_calls_are_those_of_the_program() {
    let known: BTreeSet<String> = rialto::calls::NOTICES.iter().map(|name| (*name).to_owned()).collect();
    let source = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/calls/events.rs")).expect("a source file");
    let written = source.split("#[serde(rename = \"").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect();
    assert_eq!(
        (names(part(&page(), "### Notices of calls")), known),
        (written, rialto::calls::NOTICES.iter().map(|name| (*name).to_owned()).collect())
    );
}

#[test]
fn the_signals_are_those_of_the_program() {
    let page = page();
    let rows = part(&page, "### Signals").lines().filter_map(|line| line.strip_prefix("| `"));
    let named: BTreeSet<String> = rows.filter_map(|row| row.split('`').next()).map(str::to_owned).collect();
    let written = sources().iter().flat_map(|text| kinds_of_signals(text)).collect();
    assert_eq!(named, written);
}

/// Kinds of signals that any source file writes: variants of enums named `Signal` that serde tags, and `kind: "…"` in what is made
/// into a signal's frame.
fn kinds_of_signals(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for piece in text.split("Signal { kind: \"").skip(1) {
        found.extend(piece.split('"').next().map(str::to_owned));
    }
    for piece in ["signal_frame(&", "to_everyone(&"].iter().flat_map(|call| text.split(call).skip(1)) {
        let call = piece.split(['\n', ';']).next().unwrap_or_default();
        let kind = call.split_once("\"kind\": \"").or_else(|| call.split_once(" kind: \""));
        found.extend(kind.and_then(|(_, rest)| rest.split('"').next()).map(str::to_owned));
    }
    for piece in text.split("#[serde(tag = \"kind\", rename_all = \"snake_case\")]").skip(1) {
        let head = piece.split('{').next().unwrap_or_default();
        if head.trim_end().ends_with("Signal") {
            let body = piece[head.len() + 1..].split("\n}").next().unwrap_or_default();
            let lines = body.lines().filter(|line| line.starts_with("    ") && line[4..].starts_with(|c: char| c.is_ascii_uppercase()));
            found.extend(lines.map(|line| snake(line.trim().split([' ', '{', '(', ',']).next().unwrap_or_default())));
        }
    }
    found
}

fn sources() -> Vec<String> {
    let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
    let mut texts = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                texts.push(fs::read_to_string(path).expect("text"));
            }
        }
    }
    texts
}

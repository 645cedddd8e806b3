//! The house's borders that privacy cannot express: who may import whom, which file may name which crate, what every file begins with.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Modules of the library in the order of dependence: each may use those before it.
const ORDER: &[&[&str]] = &[
    &["ids", "clock", "error", "heap", "mutants", "threads"],
    &["money"],
    &["text", "live"],
    &["storage"],
    &["settings", "config"],
    &["jobs"],
    &["mail"],
    &["access"],
    &["http"],
    &["members"],
    &["billing"],
    &["social"],
    &["automod"],
    &["chat"],
    &["calls"],
    &["moderation"],
    &["backups", "own_data"],
    &["admin"],
    &["wire", "consequences"],
    &["app"],
    &["cli"],
];

/// Uses against the order, each with its reason.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("ids", "clock", "ids carry the time"),
    ("config", "storage", "the configuration says which database"),
    ("storage", "live", "a transaction collects what it will announce"),
];

/// Crates that may be named only in these places.
const CRATES: &[(&str, &[&str])] = &[
    ("actix_ws", &["live/socket.rs"]),
    ("actix_http", &["http/listen.rs"]),
    ("actix_server", &["http/listen.rs"]),
    ("actix_service", &["http/listen.rs"]),
    ("lettre", &["mail/"]),
    ("stripe", &["billing/stripe/client/"]),
    ("stripe_billing", &["billing/stripe/client/"]),
    ("stripe_checkout", &["billing/stripe/client/"]),
    ("stripe_client_core", &["billing/stripe/client/"]),
    ("stripe_core", &["billing/stripe/client/"]),
    ("stripe_misc", &["billing/stripe/client/"]),
    ("stripe_product", &["billing/stripe/client/"]),
    ("stripe_shared", &["billing/stripe/client/"]),
    ("stripe_types", &["billing/stripe/client/"]),
    ("miniserde", &["billing/stripe/client/"]),
    ("webrtc", &["calls/probe/"]),
    ("rtc", &["calls/probe/"]),
    ("rtc_stun", &["calls/sfu/", "calls/probe/"]),
    ("webpki_roots", &["calls/probe/"]),
    ("rtc_crypto", &["calls/sfu/", "calls/probe/"]),
    ("rtc_dtls", &["calls/sfu/"]),
    ("rtc_shared", &["calls/sfu/"]),
    ("argon2", &["members/actions/hashing.rs"]),
    ("minijinja", &["http/"]),
    ("rustls_acme", &["http/door/"]),
    ("rcgen", &["http/door/"]),
    ("governor", &["access/rates.rs"]),
    ("qrcode", &["admin/"]),
    ("aho_corasick", &["automod/matcher/"]),
];

/// Where Diesel may be named.
fn diesel_is_allowed(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    let stem = name.trim_end_matches(".rs");
    file.starts_with("storage/")
        || file.contains("/store/")
        || file.contains("/model/")
        || file.contains("/policy/")
        || ["store", "policy", "model"].contains(&stem)
        || ["ids.rs", "error.rs", "settings.rs"].contains(&file)
        || name == "tests.rs"
        || file.contains("/tests/")
}

/// A file of the program.
pub struct Source {
    /// Path below `src/`.
    file: String,
    /// What stands in it.
    pub text: String,
}

impl Source {
    fn module(&self) -> &str {
        self.file.split('/').next().unwrap_or(&self.file).trim_end_matches(".rs")
    }
}

/// Every file of the program.
pub fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                let file = path.strip_prefix(&root).expect("below src").to_string_lossy().into_owned();
                found.push(Source { file, text: std::fs::read_to_string(&path).expect("text") });
            }
        }
    }
    assert!(found.len() > 50, "the sources are found");
    found
}

fn place_of(module: &str) -> Option<usize> {
    ORDER.iter().position(|names| names.contains(&module))
}

/// The modules of this crate that a source names.
fn named_modules(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for part in text.split("crate::").skip(1) {
        if let Some(group) = part.strip_prefix('{') {
            let group = group.split(';').next().unwrap_or(group);
            let mut depth = 0;
            let mut word = String::new();
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    _ if depth > 0 => {}
                    c if c.is_alphanumeric() || c == '_' => word.push(c),
                    ':' | ',' | ' ' | '\n' => {
                        if !word.is_empty() && c != ':' || c == ':' && !word.is_empty() {
                            names.insert(std::mem::take(&mut word));
                        }
                    }
                    _ => word.clear(),
                }
            }
            if !word.is_empty() {
                names.insert(word);
            }
        } else {
            let word: String = part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            names.insert(word);
        }
    }
    names.into_iter().filter(|name| place_of(name).is_some()).collect()
}

/// What the order forbids in these sources.
fn wrong_imports(sources: &[Source]) -> Vec<String> {
    let mut wrong = Vec::new();
    for source in sources {
        let module = source.module();
        // Tests may look at everything.
        let is_test = source.file.ends_with("tests.rs") || source.file.contains("/tests/") || module == "wire_types";
        if matches!(module, "lib" | "main") || is_test {
            continue;
        }
        let Some(own) = place_of(module) else {
            wrong.push(format!("{}: `{module}` has no place in the order", source.file));
            continue;
        };
        for name in named_modules(&source.text) {
            let other = place_of(&name).expect("filtered");
            let allowed = other < own || name == module || EXCEPTIONS.iter().any(|(from, to, _)| *from == module && *to == name);
            if !allowed {
                wrong.push(format!("{}: `{module}` may not use `{name}`", source.file));
            }
        }
    }
    wrong
}

#[test]
fn every_module_uses_only_those_before_it() {
    let wrong = wrong_imports(&sources());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_wrong_import_is_noticed() {
    let wrong = |file: &str, text: &str| wrong_imports(&[Source { file: file.to_owned(), text: text.to_owned() }]);
    assert_eq!(wrong("members/actions/x.rs", "use crate::chat::Room;").len(), 1);
    assert_eq!(wrong("storage/x.rs", "use crate::{error, members::Profile};").len(), 1);
    assert!(wrong("chat/x.rs", "use crate::{error::Error, members::Profile};\nuse crate::live::Seq;").is_empty());
    assert_eq!(wrong("news/mod.rs", "").len(), 1, "a module without a place");
}

#[test]
fn a_crate_is_named_only_where_the_house_says() {
    let mut wrong = Vec::new();
    for source in sources() {
        let names = |name: &str| {
            source.text.match_indices(name).any(|(at, _)| {
                let before = source.text[..at].chars().next_back();
                let after = &source.text[at + name.len()..];
                before.is_none_or(|c| !(c.is_alphanumeric() || c == '_' || c == ':' || c == '/' || c == '`')) && after.starts_with("::")
            })
        };
        for (name, places) in CRATES {
            if names(name) && !places.iter().any(|place| source.file.starts_with(place)) {
                wrong.push(format!("{}: names `{name}`", source.file));
            }
        }
        if names("diesel") && !diesel_is_allowed(&source.file) {
            wrong.push(format!("{}: names `diesel`", source.file));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_says_in_one_sentence_what_it_is_for() {
    let wrong: Vec<String> = sources().into_iter().filter(|source| !source.text.starts_with("//! ")).map(|source| source.file).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn permits_are_made_only_in_policies() {
    let wrong: Vec<String> = sources()
        .into_iter()
        .filter(|source| {
            source.text.contains("impl Permit for") && !source.file.ends_with("policy.rs") && !source.file.contains("/policy/")
        })
        .map(|source| source.file)
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A media thread owns all that it works with. Locks stand where threads are begun and their counts are read, ten times a second.
#[test]
fn no_lock_is_on_the_way_of_a_packet() {
    let locks = |source: &Source| ["Mutex", "RwLock", "Condvar", ".lock()"].iter().any(|name| source.text.contains(name));
    let media = |source: &Source| source.file.starts_with("calls/sfu/");
    let found: Vec<String> = sources().into_iter().filter(|source| media(source) && locks(source)).map(|source| source.file).collect();
    assert_eq!(found, ["calls/sfu/start.rs"]);
}

fn folders_in(path: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(path).expect("a folder");
    entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn migrations_come_in_pairs_and_can_be_undone() {
    let root: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let (sqlite, postgres) = (folders_in(&root.join("sqlite")), folders_in(&root.join("postgres")));
    assert_eq!(sqlite, postgres);
    for kind in ["sqlite", "postgres"] {
        for name in &sqlite {
            for file in ["up.sql", "down.sql"] {
                assert!(root.join(kind).join(name).join(file).is_file(), "{kind}/{name}/{file}");
            }
        }
    }
}

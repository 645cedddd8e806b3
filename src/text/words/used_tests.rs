//! That every code has its sentence, and every sentence its place: keys are read off the sources as they stand.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::*;
use crate::access::Permission;

/// Names of the same shape that are no words, beside those of permissions, acts and commands.
const OTHER_NAMES: [&str; 35] = [
    "app.css",
    "automod.",
    "backups.",
    "billing.due",
    "billing.end",
    "billing.ending",
    "billing.failed",
    "billing.gift",
    "billing.back",
    "billing.gift_back",
    "billing.member",
    "billing.remind",
    "billing.revision",
    "billing.settle",
    "billing.spread",
    "billing.subscription",
    "calls.",
    "calls.max_minutes",
    "calls.record",
    "calls.start",
    "calls.video",
    "chat.expire",
    "jobs.",
    "mail.send",
    "members.",
    "members.approved",
    "members.csv",
    "members.id",
    "members.name_key",
    "members.reset",
    "moderation.report",
    "moderation.sanction",
    "settings.",
    "social.settle",
    "storage.quota_mb",
];

/// What the sources name: whole keys, and beginnings that a value completes.
#[derive(Default)]
struct Named {
    whole: BTreeSet<String>,
    beginnings: BTreeSet<String>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The sources of the product: no tests, which name words that do not exist.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the sources") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() {
            if name != "tests" {
                sources(&path, found);
            }
        } else if !name.ends_with("tests.rs") && ["rs", "html", "js"].iter().any(|end| path.extension().is_some_and(|it| it == *end)) {
            found.push(path);
        }
    }
}

/// The parts of the program and of the words: what stands before the dot.
fn slices(words: &Words) -> BTreeSet<String> {
    let of_words = words.keys("en").filter_map(|key| key.split_once('.')).map(|(slice, _)| slice.to_owned());
    let of_program = std::fs::read_dir(root().join("src")).expect("the sources").filter_map(|entry| {
        let path = entry.expect("an entry").path();
        path.file_stem().and_then(|name| name.to_str()).map(str::to_owned)
    });
    of_words.chain(of_program).collect()
}

/// Reads `"slice.thing"` in any quotes of the language.
fn read_names(text: &str, quotes: &[char], slices: &BTreeSet<String>, named: &mut Named) {
    for (at, quote) in text.match_indices(quotes) {
        let rest = &text[at + quote.len()..];
        let length = rest.find(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '.'))).unwrap_or(rest.len());
        let (name, after) = rest.split_at(length);
        let Some((slice, thing)) = name.split_once('.') else { continue };
        if thing.contains('.') || !slices.contains(slice) {
            continue;
        }
        if after.starts_with(quote) && !name.ends_with('_') {
            named.whole.insert(name.to_owned());
        } else if !thing.is_empty() && (after.starts_with(quote) || after.starts_with(['{', '$'])) {
            named.beginnings.insert(name.to_owned());
        }
    }
}

fn named(words: &Words) -> Named {
    let (mut files, mut named, slices) = (Vec::new(), Named::default(), slices(words));
    for folder in ["src", "templates", "static"] {
        sources(&root().join(folder), &mut files);
    }
    for path in files {
        let text = std::fs::read_to_string(&path).expect("a source");
        let is_rust = path.extension().is_some_and(|end| end == "rs");
        let product = if is_rust { text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default() } else { &text };
        let quotes: &[char] = if is_rust { &['"'] } else { &['"', '\'', '`'] };
        read_names(product, quotes, &slices, &mut named);
    }
    named
}

/// Does the program call something else by this name?
fn is_other_name(name: &str) -> bool {
    OTHER_NAMES.contains(&name)
        || Permission::ALL.iter().any(|permission| permission.name() == name)
        || crate::admin::ACTS.contains(&name)
        || crate::wire::commands().contains_key(name)
}

#[test]
fn every_code_and_every_key_in_use_has_a_sentence_in_both_languages() {
    let words = Words::load().expect("static/words");
    let named = named(&words);
    for code in ["chat.message_too_long", "error.not_found", "live.malformed", "text.nul", "settings.unknown"] {
        assert!(named.whole.contains(code), "{code} was not read off the sources");
    }
    for language in LANGUAGES {
        let keys: BTreeSet<&str> = words.keys(language).collect();
        let missing: Vec<_> = named.whole.iter().filter(|name| !keys.contains(name.as_str()) && !is_other_name(name)).collect();
        assert_eq!(missing, Vec::<&String>::new(), "not in {language}");
        let lost: Vec<_> = named.beginnings.iter().filter(|start| !keys.iter().any(|key| key.starts_with(start.as_str()))).collect();
        assert_eq!(lost, Vec::<&String>::new(), "nothing begins so in {language}");
    }
}

#[test]
fn every_word_is_used() {
    let words = Words::load().expect("static/words");
    let named = named(&words);
    let is_used = |key: &&str| named.whole.contains(*key) || named.beginnings.iter().any(|start| key.starts_with(start.as_str()));
    assert_eq!(words.keys("en").filter(|key| !is_used(key)).collect::<Vec<_>>(), Vec::<&str>::new(), "nothing says these");
}

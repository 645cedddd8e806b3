//! The words of the interface: flat keys in each language, shared with the client.

use std::collections::BTreeMap;

use rust_embed::RustEmbed;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The languages, the default first.
pub const LANGUAGES: [&str; 2] = ["en", "fr"];

/// `<language>/<slice>.json`; part of the program in release builds, read from the folder otherwise.
#[derive(RustEmbed)]
#[folder = "static/words"]
#[allow_missing = true]
struct Files;

/// A text, or its forms by number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Entry {
    Text(String),
    Plural(Plural),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plural {
    /// For exactly none, where a number would read badly.
    #[serde(skip_serializing_if = "Option::is_none")]
    none: Option<String>,
    one: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    many: Option<String>,
    other: String,
}

/// Every word in every language.
#[derive(Debug)]
pub struct Words {
    languages: Vec<Language>,
}

#[derive(Debug)]
struct Language {
    name: &'static str,
    entries: BTreeMap<String, Entry>,
    json: String,
}

impl Words {
    /// Reads all slices of all languages.
    ///
    /// # Errors
    /// When a file is not JSON of texts and plural forms, or a key stands twice.
    pub fn load() -> Result<Self> {
        Self::from_files(Files::iter().filter_map(|path| {
            let text = Files::get(&path).map(|file| String::from_utf8_lossy(&file.data).into_owned());
            text.map(|text| (path.into_owned(), text))
        }))
    }

    fn from_files(files: impl Iterator<Item = (String, String)>) -> Result<Self> {
        let mut entries: BTreeMap<&'static str, BTreeMap<String, Entry>> = LANGUAGES.map(|language| (language, BTreeMap::new())).into();
        for (path, text) in files {
            let Some((language, _)) = path.split_once('/').filter(|_| path.ends_with(".json")) else { continue };
            let Some(known) = entries.get_mut(language) else { continue };
            let slice: BTreeMap<String, Entry> = serde_json::from_str(&text).map_err(|error| Error::broken(format!("{path}: {error}")))?;
            for (key, entry) in slice {
                if known.insert(key.clone(), entry).is_some() {
                    return Err(Error::broken(format!("{path}: {key} stands twice")));
                }
            }
        }
        let language = |name| {
            let entries = entries.remove(name).unwrap_or_default();
            // A data block in a page ends at the first "</script", so no "<" may stand in it.
            let json = serde_json::to_string(&entries)?.replace('<', "\\u003c");
            Ok(Language { name, entries, json })
        };
        Ok(Self { languages: LANGUAGES.into_iter().map(language).collect::<Result<_>>()? })
    }

    /// The sentence for `key`, its `{name}` placeholders filled in. Plural forms are chosen by the value named `count`.
    ///
    /// A key that is missing in `language` is taken from English; one that is missing there as well is answered itself.
    #[must_use]
    pub fn t(&self, language: &str, key: &str, values: &[(&str, &str)]) -> String {
        let chosen = self.language(language);
        let entry = chosen.entries.get(key).map(|entry| (chosen.name, entry)).or_else(|| {
            tracing::warn!(key, language, "words are missing");
            let fallback = self.language(LANGUAGES[0]);
            fallback.entries.get(key).map(|entry| (fallback.name, entry))
        });
        match entry {
            Some((_, Entry::Text(text))) => filled(text, values),
            Some((name, Entry::Plural(plural))) => {
                let count = values.iter().find(|(name, _)| *name == "count").map_or("", |(_, value)| value);
                filled(plural.form(name, count), values)
            }
            None => key.to_owned(),
        }
    }

    /// All words of a language as one JSON object, safe inside a data block of a page.
    #[must_use]
    pub fn client_json(&self, language: &str) -> &str {
        &self.language(language).json
    }

    /// The languages, the default first.
    #[must_use]
    pub const fn languages(&self) -> &'static [&'static str] {
        &LANGUAGES
    }

    /// The keys of a language, sorted.
    pub fn keys(&self, language: &str) -> impl Iterator<Item = &str> {
        self.language(language).entries.keys().map(String::as_str)
    }

    /// The language that suits an `Accept-Language` header best; English when none does.
    #[must_use]
    pub fn pick(&self, accept_language: &str) -> &'static str {
        let mut best = (0.0, LANGUAGES[0]);
        for part in accept_language.split(',').take(32) {
            let (range, weight) = part.split_once(';').unwrap_or((part, ""));
            let weight = weight.trim().strip_prefix("q=").map_or(1.0, |q| q.parse::<f32>().unwrap_or(0.0));
            let primary = range.trim().split('-').next().unwrap_or_default();
            let known = LANGUAGES.into_iter().find(|name| name.eq_ignore_ascii_case(primary) || primary == "*");
            if let Some(name) = known.filter(|_| weight > best.0) {
                best = (weight, name);
            }
        }
        best.1
    }

    /// The entries of a language, English for one that is not there.
    fn language(&self, name: &str) -> &Language {
        self.languages.iter().find(|language| language.name == name).unwrap_or(&self.languages[0])
    }
}

impl Plural {
    /// The form for a number, by the rules of CLDR for English and French.
    fn form(&self, language: &str, count: &str) -> &str {
        let digits: String = count.chars().filter(|c| c.is_ascii_digit() || matches!(c, '.' | ',')).collect();
        let whole = digits.split(['.', ',']).next().and_then(|whole| whole.parse::<u64>().ok());
        let is_whole = !digits.contains(['.', ',']);
        if let (Some(none), Some(0), true) = (&self.none, whole, is_whole) {
            return none;
        }
        match (language, whole) {
            ("fr", Some(0 | 1)) => &self.one,
            ("fr", Some(n)) if is_whole && n % 1_000_000 == 0 => self.many.as_deref().unwrap_or(&self.other),
            ("fr", _) => &self.other,
            (_, Some(1)) if is_whole => &self.one,
            _ => &self.other,
        }
    }
}

/// Fills `{name}` placeholders in one pass, so that a value cannot bring in another placeholder.
fn filled(text: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let named = after.split_once('}').and_then(|(name, tail)| {
            let value = values.iter().find(|(known, _)| *known == name)?.1;
            Some((value, tail))
        });
        match named {
            Some((value, tail)) => {
                out.push_str(value);
                rest = tail;
            }
            None => {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod used_tests;

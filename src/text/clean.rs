//! Input as it is stored: one normal form, no control characters, bounded.

use unicode_normalization::UnicodeNormalization;

use crate::error::{Error, RefusalKind, Result};

/// A message body as it is stored: NFC, `\n` for every line end, no control characters but `\n` and `\t`, no blank lines around it.
///
/// `max_bytes` bounds the cleaned text in bytes.
///
/// # Errors
/// `text.nul` for a NUL, `chat.message_empty` when nothing visible is left, `chat.message_too_long` above `max_bytes`.
pub fn clean_body(text: &str, max_bytes: usize) -> Result<String> {
    refuse_nul(text, "body")?;
    // Normalising may grow a text threefold; far too long is refused before the work.
    if text.len() > max_bytes.saturating_mul(4) {
        return Err(Error::refused(RefusalKind::TooLarge, "chat.message_too_long"));
    }
    let unified = if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text.to_owned() };
    let mut clean = if unified.is_ascii() { unified } else { unified.nfc().collect() };
    clean.retain(|c| !c.is_control() || matches!(c, '\n' | '\t'));
    if !clean.chars().any(is_visible) {
        return Err(Error::invalid("body", "chat.message_empty"));
    }
    let clean = without_blank_start(clean.trim_end());
    if clean.len() > max_bytes {
        return Err(Error::refused(RefusalKind::TooLarge, "chat.message_too_long"));
    }
    Ok(clean.to_owned())
}

/// Cuts blank lines at the start but keeps the indentation of the first line that holds something: it may be code.
fn without_blank_start(text: &str) -> &str {
    let indent = text.len() - text.trim_start().len();
    text[..indent].rfind('\n').map_or(text, |line_end| &text[line_end + 1..])
}

/// One line as it is stored: NFC, trimmed, runs of blanks as one space, no control characters and nothing that turns the writing
/// direction of what follows. Holds between `least` and `most` characters (Unicode scalar values).
///
/// # Errors
/// `text.nul` for a NUL, `code` for `field` when it is too short or too long.
pub fn clean_line(text: &str, least: usize, most: usize, field: &'static str, code: &'static str) -> Result<String> {
    refuse_nul(text, field)?;
    if text.len() > most.saturating_mul(16).saturating_add(1_024) {
        return Err(Error::invalid(field, code));
    }
    let mut line = String::with_capacity(text.len());
    let mut blank = false;
    for c in text.nfc() {
        if c.is_whitespace() {
            blank = !line.is_empty();
        } else if !c.is_control() && !is_hidden(c) {
            if blank {
                line.push(' ');
                blank = false;
            }
            line.push(c);
        }
    }
    let seen = line.chars().filter(|c| is_visible(*c) || *c == ' ').count();
    if seen < least || line.chars().count() > most {
        return Err(Error::invalid(field, code));
    }
    Ok(line)
}

/// Lines, each cleaned as by [`clean_line`], together `least` to `most` characters.
///
/// # Errors
/// The code, of the field; `error.nul`.
pub fn clean_paragraphs(text: &str, least: usize, most: usize, field: &'static str, code: &'static str) -> Result<String> {
    let lines = text.trim().lines().map(|line| clean_line(line, 0, most, field, code)).collect::<Result<Vec<_>>>()?;
    let joined = lines.join("\n");
    let count = joined.chars().count();
    if count < least || count > most { Err(Error::invalid(field, code)) } else { Ok(joined) }
}

/// What somebody is looked for by: part of a name, or behind an `@` the beginning of a username.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// For LIKE, with `!` before what stands for itself.
    pub pattern: String,
    /// Is it a username?
    pub is_username: bool,
}

impl Wanted {
    /// Reads what was typed; nothing when it looks for nobody.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let typed = typed.trim();
        let (is_username, part) = typed.strip_prefix('@').map_or((false, typed), |name| (true, name));
        let part = if is_username { part.to_lowercase() } else { name_key(part) };
        let part = part.replace('!', "!!").replace('%', "!%").replace('_', "!_");
        let pattern = if is_username { format!("{part}%") } else { format!("%{part}%") };
        (!part.is_empty()).then_some(Self { pattern, is_username })
    }
}

/// The number of the rule by which [`name_key`] makes keys. It rises with the rule: keys that are stored are then made anew at start.
pub const NAME_KEYS: u32 = 2;

/// What a name is compared, found and put in order by: caseless, compatible forms as one, accents of Latin, Greek and Cyrillic letters dropped.
#[must_use]
pub fn name_key(text: &str) -> String {
    let lower = text.nfkc().collect::<String>().to_lowercase();
    let mut bare = String::with_capacity(lower.len());
    for c in lower.nfkd().filter(|c| !is_accent(*c) && !c.is_control() && !is_hidden(*c)) {
        match c {
            'ß' => bare.push_str("ss"),
            'æ' => bare.push_str("ae"),
            'œ' => bare.push_str("oe"),
            'ø' => bare.push('o'),
            'ł' => bare.push('l'),
            'đ' => bare.push('d'),
            'ı' => bare.push('i'),
            'ς' => bare.push('σ'),
            other => bare.push(other),
        }
    }
    bare.split_whitespace().collect::<Vec<_>>().join(" ").nfc().collect()
}

fn refuse_nul(text: &str, field: &'static str) -> Result<()> {
    if text.contains('\0') { Err(Error::invalid(field, "text.nul")) } else { Ok(()) }
}

/// Marks that are written over letters. Those of Indic scripts or of kana are letters in their own right and stay.
const fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}')
}

/// Characters that turn the writing direction or take no room: they make two names look alike, or a line lie about itself.
/// Joiners stay, because emoji and several scripts need them.
const fn is_hidden(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    )
}

/// Does the character show by itself?
fn is_visible(c: char) -> bool {
    let blank_letter = matches!(c, '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}');
    let joins = matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}');
    !(c.is_whitespace() || c.is_control() || is_hidden(c) || is_accent(c) || blank_letter || joins)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn body_code(text: &str) -> &'static str {
        clean_body(text, 100).expect_err(text).code()
    }

    #[test]
    fn a_body_has_one_form() {
        assert_eq!(clean_body("\r\n \n  a\r\nb\rc\u{7}\td \n\n", 100).expect("body"), "  a\nb\nc\td");
        assert_eq!(clean_body("e\u{301}", 100).expect("body"), "é");
        assert_eq!(clean_body("\u{85}a\u{9b}", 100).expect("body"), "a");
    }

    #[test]
    fn a_body_that_cannot_be_stored_is_refused() {
        assert_eq!(body_code("a\0b"), "text.nul");
        for empty in ["", " \n\t", "\u{200b}", "\u{3164}", "\u{7}", "\u{200d}\u{fe0f}"] {
            assert_eq!(body_code(empty), "chat.message_empty", "{empty:?}");
        }
        assert_eq!(body_code(&"a".repeat(101)), "chat.message_too_long");
        assert_eq!(body_code(&"a".repeat(10_000)), "chat.message_too_long");
        assert!(clean_body(&"a".repeat(100), 100).is_ok());
    }

    #[test]
    fn a_line_is_one_line_and_does_not_turn_its_surroundings() {
        let line = |text: &str| clean_line(text, 1, 20, "name", "members.name");
        assert_eq!(line("  Ada \t\r\n  L. ").expect("line"), "Ada L.");
        assert_eq!(line("a\u{202e}b\u{2066}c\u{200f}").expect("line"), "abc");
        assert_eq!(line("a\u{2028}b\u{85}c\u{1b}").expect("line"), "a b c");
        assert_eq!(line("👨‍👩‍👧").expect("line"), "👨‍👩‍👧");
        assert_eq!(line("a\0").expect_err("nul").code(), "text.nul");
        for bad in ["", "   ", "\u{200b}", "\u{3164}", "123456789012345678901"] {
            assert_eq!(line(bad).expect_err(bad).code(), "members.name");
        }
        assert!(clean_line("", 0, 20, "bio", "members.bio").is_ok());
    }

    #[test]
    fn a_key_ignores_case_accents_and_compatible_forms() {
        // What the app finds by is tested by the same table.
        let names: Vec<(String, String)> = serde_json::from_str(include_str!("../../tests/names.json")).expect("pairs");
        names.into_iter().for_each(|(name, key)| assert_eq!(name_key(&name), key, "{name}"));
        assert_eq!(name_key("  Élodie  ŒUVRÉ "), "elodie oeuvre", "blanks as one");
    }

    proptest! {
        #[test]
        fn cleaning_twice_changes_nothing(text in "\\PC{0,40}|[\\s\\S]{0,40}") {
            if let Ok(body) = clean_body(&text, 4_096) {
                prop_assert_eq!(clean_body(&body, 4_096).expect("again"), body);
            }
            if let Ok(line) = clean_line(&text, 1, 64, "f", "c") {
                prop_assert!(!line.chars().any(char::is_control));
                prop_assert_eq!(clean_line(&line, 1, 64, "f", "c").expect("again"), line);
            }
            let key = name_key(&text);
            prop_assert_eq!(name_key(&key), key);
        }
    }
}

//! Names and addresses that check themselves.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

use crate::error::{Error, Result};

/// Names that mean a group, the program or a row of ours; nobody may have them.
const MEANT_OTHERWISE: &[&str] =
    &["all", "channel", "deleted", "everyone", "here", "me", "nobody", "null", "rialto", "room", "system", "undefined"];

/// Names that promise powers; only the operator gives them.
const POWERFUL: &[&str] = &["admin", "administrator", "help", "mod", "moderator", "owner", "root", "security", "staff", "support"];

/// The name by which a member signs in and is mentioned: `[a-z0-9][a-z0-9_.-]{1,31}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Username(String);

impl Username {
    /// Reads one that a visitor chose; capitals become small.
    ///
    /// # Errors
    /// `members.username_shape` or `members.username_reserved`.
    pub fn parse(text: &str) -> Result<Self> {
        let name = Self::parse_for_operator(text)?;
        if POWERFUL.contains(&name.0.as_str()) { Err(reserved()) } else { Ok(name) }
    }

    /// Reads one that the operator chose: it may promise powers.
    ///
    /// # Errors
    /// `members.username_shape` or `members.username_reserved`.
    pub fn parse_for_operator(text: &str) -> Result<Self> {
        let name = text.trim().to_ascii_lowercase();
        let bytes = name.as_bytes();
        let plain = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let fits = (2..=32).contains(&bytes.len())
            && bytes.first().is_some_and(plain)
            && bytes.iter().all(|b| plain(b) || matches!(b, b'_' | b'.' | b'-'));
        if !fits {
            return Err(Error::invalid("username", "members.username_shape"));
        }
        if MEANT_OTHERWISE.contains(&name.as_str()) || name.starts_with("deleted-") {
            return Err(reserved());
        }
        Ok(Self(name))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn reserved() -> Error {
    Error::invalid("username", "members.username_reserved")
}

/// One line that people read: without line breaks, control characters and marks that turn the direction of writing.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Line(String);

impl Line {
    /// Reads one of at most `most` characters, composed (NFC), with single spaces.
    ///
    /// # Errors
    /// `code` on `field` when it does not fit.
    pub fn parse(text: &str, most: usize, field: &'static str, code: &'static str) -> Result<Self> {
        let line = text.nfc().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ");
        if line.chars().count() > most || line.chars().any(is_hidden) { Err(Error::invalid(field, code)) } else { Ok(Self(line)) }
    }

    /// The text.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Control characters, marks that turn the direction, and spaces of no width.
fn is_hidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200B}' | '\u{2060}' | '\u{FEFF}')
}

/// The name that others see, 1–64 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisplayName(String);

impl DisplayName {
    /// Reads one.
    ///
    /// # Errors
    /// `members.display_name_shape`.
    pub fn parse(text: &str) -> Result<Self> {
        let line = Line::parse(text, 64, "display_name", "members.display_name_shape")?.into_string();
        // Joiners alone are a name that nobody can see.
        if line.chars().any(|c| !matches!(c, '\u{200C}' | '\u{200D}' | '\u{200E}' | '\u{200F}') && !is_combining_mark(c)) {
            Ok(Self(line))
        } else {
            Err(Error::invalid("display_name", "members.display_name_shape"))
        }
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The first letters of the first and the last word of a name.
#[must_use]
pub fn initials(name: &str) -> String {
    let mut words = name.split_whitespace().filter_map(|word| word.graphemes(true).next());
    let (first, last) = (words.next().unwrap_or_default(), words.next_back().unwrap_or_default());
    format!("{first}{last}").to_uppercase()
}

/// A mail address, as far as one can tell by looking at it; small letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// Reads one.
    ///
    /// # Errors
    /// `members.email_shape`.
    pub fn parse(text: &str) -> Result<Self> {
        let address = text.trim().to_lowercase();
        let fits = address.len() <= 254
            && address.chars().all(|c| !c.is_whitespace() && !is_hidden(c) && !matches!(c, '<' | '>' | ',' | ';' | '"' | '\\'))
            && address.rsplit_once('@').is_some_and(|(local, domain)| {
                let labels = domain.split('.').all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'));
                !local.is_empty() && local.len() <= 64 && !local.contains('@') && labels
            });
        if fits { Ok(Self(address)) } else { Err(Error::invalid("email", "members.email_shape")) }
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

//! The last lines of the log that somebody should look at, kept in memory for the dashboard. What may be a secret or somebody's address is
//! taken out before a line is kept: no word of ours puts one there, but an error may quote what another program said.

use std::collections::VecDeque;
use std::fmt::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use crate::clock::{Clock, Millis};

/// Lines that are kept.
const LINES: usize = 500;
/// Longest text of a line, and of its details, in bytes.
const LONGEST: usize = 1_000;
/// What stands for what was taken out.
const TAKEN_OUT: &str = "[…]";

/// How serious a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// Something did not work.
    Error,
    /// Something may not work, or not for long.
    Warning,
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct LogLine {
    /// Which line since the program started; the newest has the largest number.
    pub n: u64,
    /// When, milliseconds UTC.
    pub at: Millis,
    /// How serious.
    pub level: LogLevel,
    /// Which part of the program says it.
    pub part: String,
    /// What it says.
    pub text: String,
    /// What it says beside: `name=value`, one behind the other.
    pub details: String,
    /// The request of which it tells, as it stands in `x-request-id` of the answer and on pages that say that something went wrong.
    pub request: Option<String>,
}

/// Which lines somebody looks for.
#[derive(Clone, Debug, Default)]
pub struct Sought {
    /// Only those of this level.
    pub level: Option<LogLevel>,
    /// Only those in which this stands, whatever its case.
    pub text: String,
    /// Only those before this one.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: usize,
}

/// The lines that are kept. Cheap to clone; every clone keeps the same lines. A layer of the log.
#[derive(Clone, Debug)]
pub struct Recent(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: Clock,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// How many there were since the start.
    count: u64,
    lines: VecDeque<LogLine>,
}

impl Recent {
    /// None yet.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self(Arc::new(Inner { clock, kept: Mutex::default() }))
    }

    /// Lines, the newest first.
    #[must_use]
    pub fn find(&self, sought: &Sought) -> Vec<LogLine> {
        let text = sought.text.trim().to_lowercase();
        let holds = |part: &str| part.to_lowercase().contains(&text);
        let is_sought = |line: &&LogLine| {
            sought.before.is_none_or(|before| line.n < before)
                && sought.level.is_none_or(|level| line.level == level)
                && (text.is_empty()
                    || [line.text.as_str(), &line.details, &line.part, line.request.as_deref().unwrap_or_default()].into_iter().any(holds))
        };
        self.kept().lines.iter().rev().filter(is_sought).take(sought.limit).cloned().collect()
    }

    /// How many lines of a level are kept.
    #[must_use]
    pub fn count(&self, level: LogLevel) -> usize {
        self.kept().lines.iter().filter(|line| line.level == level).count()
    }

    fn keep(&self, level: LogLevel, part: &str, said: Said) {
        let at = self.0.clock.now();
        let mut kept = self.kept();
        kept.count += 1;
        let (n, part) = (kept.count, part.to_owned());
        let line = LogLine { n, at, level, part, text: scrubbed(&said.text), details: scrubbed(&said.details), request: said.request };
        if kept.lines.len() == LINES {
            kept.lines.pop_front();
        }
        kept.lines.push_back(line);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Subscriber> Layer<S> for Recent {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let meta = event.metadata();
        let level = match *meta.level() {
            Level::ERROR => LogLevel::Error,
            Level::WARN => LogLevel::Warning,
            _ => return,
        };
        let mut said = Said::default();
        event.record(&mut said);
        self.keep(level, meta.target(), said);
    }
}

/// What one event says.
#[derive(Default)]
struct Said {
    text: String,
    details: String,
    request: Option<String>,
}

impl Said {
    fn put(&mut self, name: &str, value: fmt::Arguments<'_>) {
        match name {
            "message" => add(&mut self.text, value),
            "request_id" => self.request = Some(value.to_string()),
            // Where in another crate's sources a line was written.
            name if name.starts_with("log.") => {}
            name => {
                let before = if self.details.is_empty() { "" } else { " " };
                add(&mut self.details, format_args!("{before}{name}={value}"));
            }
        }
    }
}

/// Adds what fits.
fn add(to: &mut String, value: fmt::Arguments<'_>) {
    let _ = to.write_fmt(value);
    if to.len() > LONGEST {
        to.truncate(to.floor_char_boundary(LONGEST));
        to.push('…');
    }
}

impl Visit for Said {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field.name(), format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field.name(), format_args!("{value:?}"));
    }
}

/// A text without mail addresses, keys, tokens and codes. What looks like one and is none is taken out as well.
#[must_use]
pub fn scrubbed(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for piece in text.split_inclusive(|c: char| c.is_whitespace() || "\"'`<>()[]{},;".contains(c)) {
        let end = piece.char_indices().next_back().filter(|(_, c)| c.is_whitespace() || "\"'`<>()[]{},;".contains(*c));
        let (word, sign) = piece.split_at(end.map_or(piece.len(), |(at, _)| at));
        // An address for letters, or one that names who signs in where.
        if word.trim_matches(['.', ':', '!', '?']).find('@').is_some_and(|at| at > 0) {
            clean.push_str(TAKEN_OUT);
        } else {
            for run in word.split_inclusive(|c: char| !is_of_code(c)) {
                let end = run.char_indices().next_back().filter(|(_, c)| !is_of_code(*c));
                let (code, sign) = run.split_at(end.map_or(run.len(), |(at, _)| at));
                clean.push_str(if is_secret(code) { TAKEN_OUT } else { code });
                clean.push_str(sign);
            }
        }
        clean.push_str(sign);
    }
    clean
}

const fn is_of_code(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

/// Is this a key, a token or a code, by how it looks? Ids are digits, and names of ours have no capitals.
fn is_secret(code: &str) -> bool {
    let has = |is: fn(&u8) -> bool| code.bytes().any(|byte| is(&byte));
    let begins = ["sk_", "rk_", "pk_", "whsec_"].iter().any(|start| code.len() > start.len() && code.starts_with(start));
    let is_mixed = code.len() >= 16 && has(u8::is_ascii_digit) && has(u8::is_ascii_uppercase);
    let is_hex = code.len() >= 32 && code.bytes().all(|byte| byte.is_ascii_hexdigit()) && has(u8::is_ascii_alphabetic);
    begins || is_mixed || is_hex
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    /// What is kept of what `say` says.
    fn heard(say: impl FnOnce()) -> Recent {
        let recent = Recent::new(Clock::held(5).0);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(recent.clone()), say);
        recent
    }

    fn all() -> Sought {
        Sought { limit: LINES, ..Sought::default() }
    }

    #[test]
    fn warnings_and_errors_are_kept_with_their_request_and_nothing_below() {
        let recent = heard(|| {
            tracing::error!(request_id = "0123456789ab", code = 7, "a request {}", "failed");
            tracing::warn!(name = "harbour", "a word is missing");
            tracing::info!("answered");
        });
        let lines = recent.find(&all());
        assert_eq!(lines.len(), 2);
        let (warning, error) = (&lines[0], &lines[1]);
        assert_eq!(
            (warning.n, warning.level, warning.text.as_str(), warning.details.as_str()),
            (2, LogLevel::Warning, "a word is missing", "name=harbour")
        );
        assert_eq!(
            (error.at, error.level, error.text.as_str(), error.details.as_str()),
            (5, LogLevel::Error, "a request failed", "code=7")
        );
        assert_eq!((error.request.as_deref(), warning.request.as_deref()), (Some("0123456789ab"), None));
        assert!(error.part.starts_with("rialto::http"), "{}", error.part);
        assert_eq!((recent.count(LogLevel::Error), recent.count(LogLevel::Warning)), (1, 1));
    }

    #[test]
    fn the_oldest_lines_go_and_the_longest_are_cut() {
        let recent = heard(|| {
            for n in 0..LINES + 3 {
                tracing::warn!(n, "again");
            }
            tracing::warn!("{}", "é".repeat(LONGEST));
        });
        let lines = recent.find(&all());
        assert_eq!((lines.len(), lines[0].n, lines[LINES - 1].n), (LINES, 504, 5));
        assert!(lines[0].text.len() <= LONGEST + '…'.len_utf8() && lines[0].text.ends_with("é…"));
    }

    #[test]
    fn lines_are_found_by_level_words_and_request_page_by_page() {
        let recent = heard(|| {
            for n in 0..4 {
                tracing::warn!(n, "the Harbour is shut");
                tracing::error!(request_id = format!("request{n}"), "a request failed");
            }
        });
        let found = |sought: Sought| recent.find(&sought).iter().map(|line| line.n).collect::<Vec<_>>();
        assert_eq!(found(Sought { level: Some(LogLevel::Warning), ..all() }), [7, 5, 3, 1]);
        assert_eq!(found(Sought { text: " harbour ".to_owned(), limit: 2, ..all() }), [7, 5]);
        assert_eq!(found(Sought { text: "HARBOUR".to_owned(), before: Some(5), ..all() }), [3, 1]);
        assert_eq!(found(Sought { text: "request2".to_owned(), ..all() }), [6]);
        assert_eq!(found(Sought { text: "n=3".to_owned(), ..all() }), [7]);
        assert_eq!(found(Sought { text: "nobody".to_owned(), ..all() }), [0_u64; 0]);
    }

    #[test]
    fn addresses_keys_and_codes_are_taken_out_and_the_rest_stays() {
        for (said, kept) in [
            ("550 5.1.1 <bob@example.org>: no such user", "550 5.1.1 <[…]>: no such user"),
            ("smtp://mail:hunter2@mail.example:587 refuses", "[…] refuses"),
            ("Bearer vG3k_9QmT0-aYxW2bUrLh5cNfZ1pEoJ8sDqRiK7t4Vw.", "Bearer […]."),
            ("key=\"sk_test_4eC39\" whsec_abc", "key=\"[…]\" […]"),
            ("/redeem/K7QM-4ZTP-9WRX-0H2D", "/redeem/[…]"),
            ("0f1e2d3c4b5a69788796a5b4c3d2e1f0 is a hash", "[…] is a hash"),
            ("job=2345678901234567890 kind=mail.send attempt=3", "job=2345678901234567890 kind=mail.send attempt=3"),
            (
                "a migration 2026-11-29-000113_figures (src/storage/group.rs:60)",
                "a migration 2026-11-29-000113_figures (src/storage/group.rs:60)",
            ),
            ("UNIQUE constraint failed: rooms.name_key", "UNIQUE constraint failed: rooms.name_key"),
            ("epoch 0f1e2d3c4b5a6978, request 0123456789ab", "epoch 0f1e2d3c4b5a6978, request 0123456789ab"),
            ("@here is no address; the café’s end…", "@here is no address; the café’s end…"),
            ("", ""),
        ] {
            assert_eq!(scrubbed(said), kept);
        }
        let recent = heard(|| tracing::error!(error = "sent to bob@example.org", "no {}", "rk_live_51HxyzAbC"));
        let line = &recent.find(&all())[0];
        assert_eq!((line.text.as_str(), line.details.as_str()), ("no […]", "error=sent to […]"));
    }
}

//! Text: Markdown to safe HTML, excerpts, clean input, emoji, and the words of the interface in each language.
//!
//! Knows nothing of storage, rooms or requests: what it needs to know of them (who may be mentioned) it is told by a callback.

mod clean;
mod csv;
mod emoji;
mod excerpt;
pub mod figures;
mod markdown;
mod names;
mod shown;
mod words;

pub use clean::{NAME_KEYS, Wanted, clean_body, clean_line, clean_paragraphs, name_key};
pub use csv::csv_line;
pub use emoji::{few_emoji, one_emoji};
pub use excerpt::excerpt;
pub use markdown::{MentionTarget, Mentions, RENDERER, Rendered, highlight_css, render};
pub use names::{mention_candidates, mention_handle};
pub use shown::shown;
pub use words::{LANGUAGES, Words};

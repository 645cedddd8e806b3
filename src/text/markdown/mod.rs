//! Markdown to safe HTML, once, when a message is stored.
//!
//! Three steps, each of which would do alone against hostile input: the writer knows only the elements it may write and
//! escapes everything else, raw HTML included; nesting, the number of events and the size of the answer are bounded; the
//! sanitiser parses the result again and drops what is not on its list. Highlighting and mentions are classes and data
//! attributes, never styles or scripts.

mod code;
mod inline;
mod sanitise;
mod writer;

use pulldown_cmark::{Event, Options, Parser, TextMergeStream};
use serde::{Deserialize, Serialize};

use self::inline::Names;
use self::writer::Writer;
use super::emoji::few_emoji;
use crate::ids::{MemberId, RoleId};

pub use code::highlight_css;
pub(super) use inline::{LONGEST_NAME, is_in_name};

/// Version of this renderer. Stored beside what it wrote, so that older messages can be rendered again.
pub const RENDERER: i16 = 2;

/// The Markdown that is understood.
pub(super) const OPTIONS: Options = Options::ENABLE_TABLES.union(Options::ENABLE_STRIKETHROUGH).union(Options::ENABLE_TASKLISTS);
/// A source that makes more events than this is shown as plain text.
const MOST_EVENTS: usize = 40_000;
/// HTML that grows beyond this, in bytes, is replaced by the plain text.
const MOST_HTML: usize = 512 * 1024;

/// Whom an `@word` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MentionTarget {
    /// One member.
    Member(MemberId),
    /// Everyone with a role.
    Role(RoleId),
    /// Everyone in the room.
    Room,
    /// Those in the room who are here at that moment.
    Here,
}

/// Whom a message names, each once, in order of appearance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Mentions {
    /// Members, at most 50.
    pub members: Vec<MemberId>,
    /// Roles, at most 50.
    pub roles: Vec<RoleId>,
    /// Everyone in the room?
    pub room: bool,
    /// Those who are here?
    pub here: bool,
}

/// A rendered message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// Safe HTML.
    pub html: String,
    /// Whom it names; each has its `span.mention` in the HTML.
    pub mentions: Mentions,
}

/// Renders `source` (bounded by the caller, 16 KiB for a message).
///
/// `mentions` is asked at most once for each lower-case name behind an `@`, `room` and `here` among them: it answers
/// [`MentionTarget::Room`] when the author may call everyone. A name for which it answers `None` stays text.
pub fn render(source: &str, mentions: &dyn Fn(&str) -> Option<MentionTarget>) -> Rendered {
    if few_emoji(source) {
        return Rendered { html: large(source), mentions: Mentions::default() };
    }
    if is_plain(source) {
        return Rendered { html: format!("<p>{source}</p>"), mentions: Mentions::default() };
    }
    render_markdown(source, mentions)
}

/// Is it a line of words and nothing that Markdown, HTML, a link or a mention is made of? Most of what people write is, and needs none of
/// the three steps.
fn is_plain(source: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, ' ' | ',' | '.' | '?' | '!' | ';' | '\'' | '"' | '(' | ')' | '-');
    source.starts_with(char::is_alphabetic) && !source.ends_with(' ') && source.chars().all(is_word)
}

fn render_markdown(source: &str, mentions: &dyn Fn(&str) -> Option<MentionTarget>) -> Rendered {
    let mut names = Names::new(mentions);
    let written = write(source, &mut names).unwrap_or_else(|TooMuch| {
        names = Names::new(mentions);
        let mut html = String::from("<p>");
        inline::lines(&mut html, source, &mut names);
        html + "</p>"
    });
    Rendered { html: sanitise::sanitise(&written), mentions: names.into_found() }
}

/// The source asks for more output than a message is worth.
struct TooMuch;

fn write(source: &str, names: &mut Names<'_>) -> Result<String, TooMuch> {
    let events = Parser::new_ext(source, OPTIONS).map(|event| match event {
        Event::Html(raw) | Event::InlineHtml(raw) => Event::Text(raw),
        other => other,
    });
    let mut writer = Writer::new(names, source.len());
    for (count, event) in TextMergeStream::new(events).enumerate() {
        if count == MOST_EVENTS || writer.len() > MOST_HTML {
            return Err(TooMuch);
        }
        writer.write(event);
    }
    Ok(writer.finish())
}

fn large(source: &str) -> String {
    let mut html = String::from("<p class=\"big\">");
    inline::escape(&mut html, &source.split_whitespace().collect::<Vec<_>>().join(" "));
    html + "</p>"
}

#[cfg(test)]
mod tests;

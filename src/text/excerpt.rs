//! The first words of a message as one line of plain text: for quotes, notices and search.

use pulldown_cmark::{Event, Parser, TagEnd};
use unicode_segmentation::UnicodeSegmentation;

use super::markdown::OPTIONS;

/// Longest excerpt, in graphemes (what a reader counts as characters), the ellipsis included.
const GRAPHEMES: usize = 140;
/// Longest excerpt in bytes: a grapheme may carry any number of marks.
const BYTES: usize = 1_024;
/// No more of the source than this is looked at.
const SOURCE: usize = 4_096;

/// Plain text of a Markdown source: one line, at most 140 graphemes, `…` at the end when something is missing.
#[must_use]
pub fn excerpt(source: &str) -> String {
    let head = &source[..source.floor_char_boundary(SOURCE)];
    let text = plain(head);
    let mut out = String::new();
    let mut whole = head.len() == source.len();
    let mut end_of_last = 0;
    for (count, grapheme) in text.graphemes(true).enumerate() {
        if count == GRAPHEMES || out.len() + grapheme.len() > BYTES {
            out.truncate(end_of_last);
            whole = false;
            break;
        }
        end_of_last = out.len();
        out.push_str(grapheme);
    }
    if whole {
        return out;
    }
    while out.ends_with(' ') {
        out.pop();
    }
    out.push('…');
    out
}

/// Every word of the source, blocks and lines joined by single spaces.
fn plain(source: &str) -> String {
    let mut raw = String::with_capacity(source.len());
    for event in Parser::new_ext(source, OPTIONS) {
        match event {
            Event::Text(text) | Event::Code(text) | Event::Html(text) | Event::InlineHtml(text) => raw.push_str(&text),
            Event::SoftBreak | Event::HardBreak | Event::Rule => raw.push(' '),
            Event::TaskListMarker(done) => raw.push_str(if done { "☑ " } else { "☐ " }),
            Event::End(
                TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::Item | TagEnd::CodeBlock | TagEnd::HtmlBlock | TagEnd::TableCell,
            ) => raw.push(' '),
            _ => {}
        }
    }
    let mut line = String::with_capacity(raw.len());
    for word in raw.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word.chars().filter(|c| !c.is_control()));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_go_and_words_stay_on_one_line() {
        let source = "# Plan\n\n* **bold** and `code`\n* [a link](https://example.org)\n\n```rust\nlet x = 1;\n```\n<b>raw</b>";
        assert_eq!(excerpt(source), "Plan bold and code a link let x = 1; <b>raw</b>");
        assert_eq!(excerpt("- [x] done\n- [ ] not yet"), "☑ done ☐ not yet");
        assert_eq!(excerpt("one\ntwo\r\n\r\nthree"), "one two three");
    }

    #[test]
    fn a_long_text_is_cut_between_graphemes() {
        let family = "👨‍👩‍👧";
        assert_eq!(excerpt(&"a".repeat(140)), "a".repeat(140));
        assert_eq!(excerpt(&"a".repeat(141)), format!("{}…", "a".repeat(139)));
        let cut = excerpt(&"é\u{301}".repeat(200));
        assert_eq!(cut.graphemes(true).count(), GRAPHEMES);
        let people = excerpt(&family.repeat(200));
        assert!(people.len() <= BYTES + 4 && people.trim_end_matches('…').len().is_multiple_of(family.len()));
    }

    #[test]
    fn marks_without_end_and_endless_sources_stay_small() {
        assert!(excerpt(&format!("a{}", "\u{301}".repeat(16_000))).len() <= BYTES + 4);
        assert!(excerpt(&"*a _b ".repeat(50_000)).len() <= BYTES + 4);
        assert_eq!(excerpt(""), "");
    }
}

//! What a reader sees of a rendered message: its words without the markup around and within them.

/// Elements that stand within words: `ba<strong>d</strong>` is one. All others part them.
const WITHIN: [&str; 6] = ["a", "code", "del", "em", "span", "strong"];

/// The text of safe HTML as [`render`](super::render) makes it, in one reading: blocks and lines are parted by a line's end.
#[must_use]
pub fn shown(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find(['<', '&']) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let taken = if rest.starts_with('<') { tag(rest, &mut text) } else { entity(rest, &mut text) };
        rest = &rest[taken..];
    }
    text.push_str(rest);
    text
}

/// A tag at the start; answers how many bytes it takes.
fn tag(html: &str, text: &mut String) -> usize {
    let Some(end) = html.find('>') else { return html.len() };
    let name = html[1..end].trim_start_matches('/');
    let name = name.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or(name);
    if !WITHIN.contains(&name) {
        text.push('\n');
    }
    end + 1
}

/// An entity at the start: those that our HTML is written with. Answers how many bytes it takes.
fn entity(html: &str, text: &mut String) -> usize {
    let known = [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>'), ("&quot;", '"'), ("&nbsp;", '\u{a0}')];
    let (name, c) = known.into_iter().find(|(name, _)| html.starts_with(name)).unwrap_or(("&", '&'));
    text.push(c);
    name.len()
}

#[cfg(test)]
mod tests {
    use super::super::render;
    use super::*;

    fn read(source: &str) -> String {
        shown(&render(source, &|_| None).html).split('\n').filter(|line| !line.is_empty()).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn marks_within_a_word_leave_it_whole_and_blocks_part_words() {
        for source in ["ba**d**", "b*a*d", "b~~a~~d", "ba`d`", "b[a](https://x.example)d", "b&#97;d", "[ba**d**](https://x.example)", "bad"]
        {
            assert_eq!(read(source), "bad", "{source}");
        }
        assert_eq!(read("one\ntwo\n\n* three\n* four\n\n> five"), "one|two|three|four|five");
        assert_eq!(read("|a|b|\n|-|-|\n|c|d|"), "a|b|c|d");
        assert_eq!(read("```rust\nlet bad = 1;\n```"), "let bad = 1;");
        assert_eq!(read("a &lt;b> & \"c\" &amp;lt; d<i>e"), "a <b> & \"c\" &lt; d<i>e", "once, and no more");
        assert_eq!(read("b\\*ad b&nbsp;ad"), "b*ad b\u{a0}ad");
    }

    #[test]
    fn what_is_no_html_of_ours_ends_all_the_same() {
        for html in ["<", "<p", "a<", "&", "&am", "<>", "</>", "é<é>é"] {
            assert!(shown(html).len() <= html.len() + 1, "{html}");
        }
    }
}

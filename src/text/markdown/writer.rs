//! Writes the parser's events as HTML of a small set of elements.

use pulldown_cmark::{CodeBlockKind, CowStr, Event, HeadingLevel, LinkType, Tag};

use super::inline::{self, Names};
use super::{code, sanitise};

/// Elements inside each other beyond this are left out; their text stays.
const MOST_DEPTH: usize = 20;

/// What is written when an open element ends.
enum Close {
    /// This end tag.
    Tag(&'static str),
    /// Nothing: its start was not written either.
    Nothing,
    /// A line break, in place of a block that was left out.
    Break,
    /// The end of the open link.
    Link,
    /// The collected code block.
    Code,
}

/// A link whose text is being written.
struct OpenLink {
    /// Where its text starts.
    text_at: usize,
    /// Shown when it has no text.
    address: String,
}

/// A code block whose text is being collected.
struct OpenCode {
    language: String,
    text: String,
}

/// The HTML so far, and what is open in it.
pub(super) struct Writer<'n, 'a> {
    html: String,
    names: &'n mut Names<'a>,
    open: Vec<Close>,
    link: Option<OpenLink>,
    code: Option<OpenCode>,
    in_head: bool,
    /// Bytes of code that may still be coloured.
    colour_left: usize,
}

impl<'n, 'a> Writer<'n, 'a> {
    pub(super) fn new(names: &'n mut Names<'a>, source_len: usize) -> Self {
        let html = String::with_capacity(source_len * 2);
        Self { html, names, open: Vec::new(), link: None, code: None, in_head: false, colour_left: code::COLOURED }
    }

    pub(super) const fn len(&self) -> usize {
        self.html.len()
    }

    pub(super) fn finish(self) -> String {
        self.html
    }

    pub(super) fn write(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => {
                let close = self.start(tag);
                self.open.push(close);
            }
            Event::End(_) => self.end(),
            Event::Text(text) => self.text(&text),
            Event::Code(text) => {
                self.html.push_str("<code>");
                inline::escape(&mut self.html, &text);
                self.html.push_str("</code>");
            }
            // In a chat a new line is meant as one.
            Event::SoftBreak | Event::HardBreak => self.html.push_str("<br>"),
            Event::Rule => self.html.push_str("<hr>"),
            Event::TaskListMarker(true) => self.html.push_str("<span class=\"task done\">☑</span> "),
            Event::TaskListMarker(false) => self.html.push_str("<span class=\"task\">☐</span> "),
            Event::Html(text) | Event::InlineHtml(text) => self.text(&text),
            // Not switched on in the parser.
            Event::InlineMath(_) | Event::DisplayMath(_) | Event::FootnoteReference(_) => {}
        }
    }

    fn text(&mut self, text: &str) {
        match &mut self.code {
            Some(code) => code.text.push_str(text),
            None if self.link.is_some() => inline::escape(&mut self.html, text),
            None => inline::lines(&mut self.html, text, self.names),
        }
    }

    fn start(&mut self, tag: Tag<'_>) -> Close {
        // Lists and tables need room for what must stand in them.
        let levels = match &tag {
            Tag::List(_) | Tag::TableHead | Tag::TableRow => 2,
            Tag::Table(_) => 3,
            _ => 1,
        };
        let fits = self.open.len() + levels <= MOST_DEPTH;
        match tag {
            Tag::CodeBlock(kind) => self.start_code(&kind),
            Tag::Link { link_type, dest_url, .. } | Tag::Image { link_type, dest_url, .. } => self.start_link(link_type, &dest_url, fits),
            Tag::Paragraph | Tag::HtmlBlock | Tag::Heading { .. } | Tag::Item | Tag::TableRow if !fits => Close::Break,
            _ if !fits => Close::Nothing,
            Tag::Paragraph | Tag::HtmlBlock => self.element("<p>", "</p>"),
            Tag::Heading { level, .. } => match level {
                HeadingLevel::H1 => self.element("<h3>", "</h3>"),
                HeadingLevel::H2 => self.element("<h4>", "</h4>"),
                HeadingLevel::H3 => self.element("<h5>", "</h5>"),
                _ => self.element("<h6>", "</h6>"),
            },
            Tag::BlockQuote(_) => self.element("<blockquote>", "</blockquote>"),
            Tag::List(Some(1)) => self.element("<ol>", "</ol>"),
            Tag::List(Some(first)) => {
                self.html.push_str(&format!("<ol start=\"{first}\">"));
                Close::Tag("</ol>")
            }
            Tag::List(None) => self.element("<ul>", "</ul>"),
            Tag::Item => self.element("<li>", "</li>"),
            Tag::Emphasis => self.element("<em>", "</em>"),
            Tag::Strong => self.element("<strong>", "</strong>"),
            Tag::Strikethrough => self.element("<del>", "</del>"),
            Tag::Table(_) => self.element("<table>", "</tbody></table>"),
            Tag::TableHead => {
                self.in_head = true;
                self.element("<thead><tr>", "</tr></thead><tbody>")
            }
            Tag::TableRow => self.element("<tr>", "</tr>"),
            Tag::TableCell if self.in_head => self.element("<th>", "</th>"),
            Tag::TableCell => self.element("<td>", "</td>"),
            // Not switched on in the parser.
            Tag::FootnoteDefinition(_)
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::Superscript
            | Tag::Subscript
            | Tag::MetadataBlock(_) => Close::Nothing,
        }
    }

    fn element(&mut self, start: &str, end: &'static str) -> Close {
        self.html.push_str(start);
        Close::Tag(end)
    }

    fn start_code(&mut self, kind: &CodeBlockKind<'_>) -> Close {
        let language = match kind {
            CodeBlockKind::Fenced(info) => info.split([' ', ',', '\t']).next().unwrap_or_default(),
            CodeBlockKind::Indented => "",
        };
        self.code = Some(OpenCode { language: language.to_owned(), text: String::new() });
        Close::Code
    }

    /// Images become links as well: nothing is loaded from elsewhere by reading a message.
    fn start_link(&mut self, kind: LinkType, target: &CowStr<'_>, fits: bool) -> Close {
        let target = match kind {
            LinkType::Email => format!("mailto:{target}"),
            _ => target.to_string(),
        };
        if !fits || self.link.is_some() || !sanitise::is_linkable(&target) {
            return Close::Nothing;
        }
        inline::start_link(&mut self.html, &target);
        self.link = Some(OpenLink { text_at: self.html.len(), address: target });
        Close::Link
    }

    fn end(&mut self) {
        match self.open.pop() {
            Some(Close::Tag(end)) => {
                if end.starts_with("</tr></thead>") {
                    self.in_head = false;
                }
                self.html.push_str(end);
            }
            Some(Close::Break) => self.html.push_str("<br>"),
            Some(Close::Link) => {
                if let Some(link) = self.link.take() {
                    if self.html[link.text_at..].trim().is_empty() {
                        inline::escape(&mut self.html, &link.address);
                    }
                    self.html.push_str("</a>");
                }
            }
            Some(Close::Code) => {
                if let Some(block) = self.code.take() {
                    self.code_block(&block);
                }
            }
            Some(Close::Nothing) | None => {}
        }
    }

    fn code_block(&mut self, block: &OpenCode) {
        self.html.push_str("<pre><code>");
        match code::highlighted(&block.language, &block.text, self.colour_left) {
            Some(html) => {
                self.html.push_str(&html);
                self.colour_left = self.colour_left.saturating_sub(block.text.len());
            }
            None => inline::escape(&mut self.html, &block.text),
        }
        self.html.push_str("</code></pre>");
    }
}

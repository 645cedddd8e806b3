//! Running text: escaped, with its mentions and bare addresses found.

use std::collections::HashMap;

use super::{MentionTarget, Mentions};

/// Most bytes of a name: a role's may have 40 characters of any script.
pub(in crate::text) const LONGEST_NAME: usize = 160;
/// Shortest username.
const SHORTEST_NAME: usize = 2;
/// A message names at most this many members, and as many roles.
const MOST_NAMED: usize = 50;
/// Punctuation at the end of an address that belongs to the sentence around it.
const AFTER_ADDRESS: &[char] = &['.', ',', ':', ';', '!', '?', '\'', '*', '_', '~', '»', '”', '’', '…', '。', '、', '，'];

/// Looks names up, each once, and remembers whom the message names.
pub(super) struct Names<'a> {
    ask: &'a dyn Fn(&str) -> Option<MentionTarget>,
    asked: HashMap<String, Option<MentionTarget>>,
    found: Mentions,
}

impl<'a> Names<'a> {
    pub(super) fn new(ask: &'a dyn Fn(&str) -> Option<MentionTarget>) -> Self {
        Self { ask, asked: HashMap::new(), found: Mentions::default() }
    }

    pub(super) fn into_found(self) -> Mentions {
        self.found
    }

    /// Whom `name` means, when the message may still name it.
    fn named(&mut self, name: &str) -> Option<MentionTarget> {
        let key = name.to_lowercase();
        let target = match self.asked.get(&key) {
            Some(known) => *known,
            None => {
                let answer = (self.ask)(&key);
                self.asked.insert(key, answer);
                answer
            }
        }?;
        let fits = match target {
            MentionTarget::Member(id) => note(&mut self.found.members, id),
            MentionTarget::Role(id) => note(&mut self.found.roles, id),
            MentionTarget::Room => {
                self.found.room = true;
                true
            }
            MentionTarget::Here => {
                self.found.here = true;
                true
            }
        };
        fits.then_some(target)
    }
}

fn note<I: PartialEq>(named: &mut Vec<I>, id: I) -> bool {
    if named.contains(&id) {
        return true;
    }
    let fits = named.len() < MOST_NAMED;
    if fits {
        named.push(id);
    }
    fits
}

/// Writes text with mentions and links; its line ends become `<br>`.
pub(super) fn lines(html: &mut String, text: &str, names: &mut Names<'_>) {
    for (count, line) in text.trim_end_matches('\n').split('\n').enumerate() {
        if count > 0 {
            html.push_str("<br>");
        }
        one_line(html, line, names);
    }
}

fn one_line(html: &mut String, text: &str, names: &mut Names<'_>) {
    let (mut done, mut at) = (0, 0);
    while let Some(step) = text[at..].find(['@', 'h', 'H']) {
        let start = at + step;
        let before = text[..start].chars().next_back();
        let mut piece = String::new();
        let rest = &text[start..];
        let taken = if rest.starts_with('@') { mention(&mut piece, rest, before, names) } else { address(&mut piece, rest, before) };
        at = start + taken.unwrap_or(1);
        if taken.is_some() {
            escape(html, &text[done..start]);
            html.push_str(&piece);
            done = at;
        }
    }
    escape(html, &text[done..]);
}

/// May this stand in a name behind an `@`? Usernames are plain; the names of roles are in their community's language.
pub(in crate::text) fn is_in_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '-')
}

/// A mention at the start of `text`; answers how many bytes it takes.
fn mention(html: &mut String, text: &str, before: Option<char>, names: &mut Names<'_>) -> Option<usize> {
    if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '@' | '.' | '_' | '-' | '/' | '+' | '%' | '=')) {
        return None;
    }
    let word = &text[1..];
    let end = word.find(|c: char| !is_in_name(c)).unwrap_or(word.len());
    if end > LONGEST_NAME || word[end..].starts_with('@') {
        return None;
    }
    // The full stop of a sentence may belong to the name: the longest name that exists is meant.
    let bare = word[..end].trim_end_matches(['.', '_', '-']).len();
    for len in (bare..=end).rev() {
        if len < SHORTEST_NAME {
            break;
        }
        if let Some(target) = names.named(&word[..len]) {
            let data = match target {
                MentionTarget::Member(id) => format!("data-member=\"{id}\""),
                MentionTarget::Role(id) => format!("data-role=\"{id}\""),
                MentionTarget::Room => "data-room=\"\"".to_owned(),
                MentionTarget::Here => "data-here=\"\"".to_owned(),
            };
            html.push_str(&format!("<span class=\"mention\" {data}>@{}</span>", &word[..len]));
            return Some(1 + len);
        }
    }
    None
}

/// A bare http(s) address at the start of `text`; answers how many bytes it takes.
fn address(html: &mut String, text: &str, before: Option<char>) -> Option<usize> {
    if before.is_some_and(char::is_alphanumeric) {
        return None;
    }
    let scheme = ["https://", "http://"].into_iter().find(|scheme| starts_with_caseless(text, scheme))?;
    let end = text.find(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | '`')).unwrap_or(text.len());
    let address = without_sentence(&text[..end]);
    let host = address.get(scheme.len()..)?;
    if !host.starts_with(|c: char| c.is_alphanumeric() || c == '[') {
        return None;
    }
    start_link(html, address);
    escape(html, address);
    html.push_str("</a>");
    Some(address.len())
}

fn starts_with_caseless(text: &str, start: &str) -> bool {
    text.as_bytes().get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start.as_bytes()))
}

/// Cuts the punctuation of the sentence off an address: a closing bracket too, unless the address opened it.
fn without_sentence(mut address: &str) -> &str {
    let count = |bracket: u8| address.bytes().filter(|b| *b == bracket).count();
    let mut surplus = [(')', count(b')').saturating_sub(count(b'('))), (']', count(b']').saturating_sub(count(b'[')))];
    loop {
        let cut = address.trim_end_matches(AFTER_ADDRESS);
        let unopened = surplus.iter_mut().find(|(bracket, left)| *left > 0 && cut.ends_with(*bracket));
        let Some((_, left)) = unopened else { return cut };
        *left -= 1;
        address = &cut[..cut.len() - 1];
    }
}

/// Writes the start of a link; `target` has been found linkable.
pub(super) fn start_link(html: &mut String, target: &str) {
    html.push_str("<a href=\"");
    for c in target.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '"' | '<' | '>' | '`' | '\\' | '{' | '}' | '|' | '^' | '\'' | ' ' => html.push_str(&format!("%{:02X}", u32::from(c))),
            c if c.is_control() || c.is_whitespace() => {}
            c => html.push(c),
        }
    }
    html.push_str("\" target=\"_blank\" rel=\"noopener noreferrer nofollow\">");
}

/// Writes text so that it is only text.
pub(super) fn escape(html: &mut String, text: &str) {
    let mut done = 0;
    for (at, byte) in text.bytes().enumerate() {
        let entity = match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            _ => continue,
        };
        html.push_str(&text[done..at]);
        html.push_str(entity);
        done = at + 1;
    }
    html.push_str(&text[done..]);
}

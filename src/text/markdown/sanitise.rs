//! The last step: only listed elements and attributes, with values that were checked, leave here.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};

/// Every element that a message may hold.
pub(super) const ELEMENTS: [&str; 24] = [
    "a",
    "blockquote",
    "br",
    "code",
    "del",
    "em",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "span",
    "strong",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
];
const SCHEMES: [&str; 3] = ["http", "https", "mailto"];

static LIST: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut list = Builder::empty();
    list.tags(HashSet::from(ELEMENTS))
        .clean_content_tags(HashSet::from(["script", "style"]))
        .tag_attributes(HashMap::from([
            ("a", HashSet::from(["href", "target"])),
            ("ol", HashSet::from(["start"])),
            ("p", HashSet::from(["class"])),
            ("span", HashSet::from(["class", "data-member", "data-role", "data-room", "data-here"])),
        ]))
        .url_schemes(HashSet::from(SCHEMES))
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow"))
        .attribute_filter(checked);
    list
});

/// Drops whatever is not on the list. What it answers it leaves as it is.
pub(super) fn sanitise(html: &str) -> String {
    LIST.clean(html).to_string()
}

/// May this be the target of a link?
pub(super) fn is_linkable(target: &str) -> bool {
    let scheme = target.split_once(':').map(|(scheme, rest)| (scheme.to_ascii_lowercase(), rest));
    match scheme {
        Some((scheme, rest)) if scheme == "mailto" => rest.contains('@'),
        Some((scheme, rest)) if SCHEMES.contains(&scheme.as_str()) => rest.starts_with("//") && rest.len() > 2,
        _ => false,
    }
}

/// Keeps an attribute only with a value that the writer could have written.
fn checked<'v>(element: &str, attribute: &str, value: &'v str) -> Option<Cow<'v, str>> {
    let number = || !value.is_empty() && value.len() <= 19 && value.bytes().all(|b| b.is_ascii_digit());
    let known = match (element, attribute) {
        ("a", "href") => is_linkable(value),
        ("a", "target") => value == "_blank",
        ("a", "rel") => true,
        ("ol", "start") | ("span", "data-member" | "data-role") => number(),
        ("span", "data-room" | "data-here") => value.is_empty(),
        ("p", "class") => value == "big",
        ("span", "class") => matches!(value, "mention" | "task" | "task done") || value.strip_prefix("hl-").is_some_and(is_word),
        _ => false,
    };
    known.then_some(Cow::Borrowed(value))
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase())
}

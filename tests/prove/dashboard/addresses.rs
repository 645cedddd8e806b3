//! Under which addresses a page can be seen: its filters, searches and further pages, as they stand in it. A page that is new is seen so too.

use crate::table::TABLE;

/// What is looked for wherever something can be: what many have, what nobody has, and the beginning of a username.
const SOUGHT: [&str; 4] = ["vic", "no such words", "@ka", "a"];
/// A list with more choices than this is tried by itself, not together with words.
const FEW: usize = 16;

/// Every page of the dashboard, and every table for spreadsheets, with names in braces.
pub fn routes() -> Vec<&'static str> {
    let is_seen =
        |path: &str| path == "/admin" || path.starts_with("/admin/") || (path.starts_with("/api/v1/admin/") && path.ends_with(".csv"));
    let mut all: Vec<_> = TABLE.iter().filter(|row| row.method == "GET" && is_seen(row.path)).map(|row| row.path).collect();
    all.dedup();
    all
}

/// The value of an attribute of a tag.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

fn plain(text: &str) -> String {
    text.replace("&amp;", "&").replace("&#x2f;", "/")
}

fn encoded(text: &str) -> String {
    text.replace(' ', "%20").replace('@', "%40")
}

/// Every tag of this name in a piece of HTML.
fn tags<'a>(html: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    html.split('<')
        .filter_map(move |piece| piece.strip_prefix(name).filter(|rest| rest.starts_with([' ', '>'])))
        .map(|piece| piece.split('>').next().unwrap_or(piece))
}

/// Does an address lead further through a list, rather than to another part of it?
pub fn is_further(address: &str) -> bool {
    ["before=", "after="].iter().any(|name| address.contains(name))
}

/// Where the page links to itself with other values.
pub fn links(html: &str, path: &str) -> Vec<String> {
    let own = format!("{path}?");
    tags(html, "a").filter_map(|tag| attribute(tag, "href")).map(plain).filter(|address| address.starts_with(&own)).collect()
}

/// What the forms of the page that only look for something can be sent with.
pub fn searches(html: &str, path: &str) -> Vec<String> {
    let mut found = Vec::new();
    for form in html.split("<form").skip(1).filter_map(|rest| rest.split("</form>").next()) {
        let head = format!(" {}", form.split('>').next().unwrap_or_default().trim_start());
        if attribute(&head, "method") != Some("get") || attribute(&head, "action") != Some(path) {
            continue;
        }
        let words: Vec<String> = tags(form, "input")
            .filter(|tag| matches!(attribute(tag, "type"), None | Some("search" | "text")))
            .filter_map(|tag| attribute(tag, "name"))
            .flat_map(|name| SOUGHT.iter().map(move |sought| format!("{name}={}", encoded(sought))))
            .collect();
        found.extend(words.iter().map(|word| format!("{path}?{word}")));
        for list in form.split("<select").skip(1).filter_map(|rest| rest.split("</select>").next()) {
            let head = format!(" {}", list.trim_start());
            let Some(name) = attribute(&head, "name") else { continue };
            let values: Vec<&str> =
                tags(list, "option").filter_map(|tag| attribute(tag, "value")).filter(|value| !value.is_empty()).collect();
            for value in &values {
                let chosen = format!("{path}?{name}={}", encoded(&plain(value)));
                if values.len() <= FEW {
                    found.extend(words.iter().map(|word| format!("{chosen}&{word}")));
                }
                found.push(chosen);
            }
        }
    }
    found
}

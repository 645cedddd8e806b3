//! Which modules a page loads: the import graph of `start.js` and of the elements that stand in its template.

use std::collections::BTreeSet;

use super::files::Files;

/// Addresses for `modulepreload`: the module with which the page starts, all that it imports, and those of the page's elements.
///
/// `sources` are the template's text and that of all it extends and includes, the template itself first.
#[must_use]
pub fn modules(files: &Files, sources: &[String]) -> Vec<String> {
    let Some(entry) = sources.iter().find_map(|text| start_block(text)) else { return Vec::new() };
    let Some((entry, start)) = module_in(entry).and_then(|entry| Some((entry, files.text(entry)?))) else { return Vec::new() };
    let mut tags: BTreeSet<&str> = sources.iter().flat_map(|text| tags(text)).collect();
    if sources.iter().any(|text| text.contains("| time") || text.contains("|time")) {
        // The filter writes this element.
        tags.insert("time-ago");
    }
    let wanted = elements(&start).into_iter().filter(|(tag, _)| tags.contains(tag)).map(|(_, path)| path);
    let mut found = Vec::new();
    let mut waiting: Vec<String> = wanted.filter_map(|path| resolve(entry, path)).collect();
    waiting.reverse();
    waiting.push(entry.to_owned());
    while let Some(name) = waiting.pop() {
        if found.contains(&name) {
            continue;
        }
        if let Some(text) = files.text(&name) {
            waiting.extend(imports(&text).into_iter().rev().filter_map(|path| resolve(&name, path)));
            found.push(name);
        }
    }
    found.iter().map(|name| files.address(name)).collect()
}

/// The names of templates that this one extends or includes.
#[must_use]
pub fn included(template: &str) -> Vec<&str> {
    template
        .split("{%")
        .skip(1)
        .filter_map(|tag| {
            let tag = tag.trim_start_matches('-').trim_start();
            let rest = ["extends", "include", "import", "from"].iter().find_map(|word| tag.strip_prefix(word))?;
            quoted(rest.trim_start())
        })
        .collect()
}

/// What stands in the block `start`, where a page names its first module; the nearest template decides.
fn start_block(template: &str) -> Option<&str> {
    let (_, block) = template.split_once("{% block start %}")?;
    block.split_once("{% endblock %}").map(|(inside, _)| inside)
}

fn module_in(block: &str) -> Option<&str> {
    let (_, call) = block.split_once("static(")?;
    quoted(call).filter(|name| name.ends_with(".js"))
}

/// Custom elements in a template: names with a hyphen after `<`.
fn tags(template: &str) -> Vec<&str> {
    template
        .split('<')
        .skip(1)
        .map(|rest| &rest[..rest.find(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')).unwrap_or(rest.len())])
        .filter(|name| name.contains('-') && name.starts_with(|c: char| c.is_ascii_lowercase()))
        .collect()
}

/// The table of `start.js`: one line for each element, with its name and the path of its module in quotes.
fn elements(start: &str) -> Vec<(&str, &str)> {
    start
        .lines()
        .filter_map(|line| {
            let texts = all_quoted(line);
            let path = texts.iter().find(|text| text.ends_with(".js"))?;
            let tag = texts.iter().find(|text| text.contains('-') && !text.contains(['.', '/', ' ']))?;
            Some((*tag, *path))
        })
        .collect()
}

/// Paths of static imports: what stands in quotes after `from` or after a bare `import`.
fn imports(module: &str) -> Vec<&str> {
    let mut found: Vec<(usize, &str)> = Vec::new();
    for word in ["from", "import"] {
        for (at, _) in module.match_indices(word) {
            let starts_a_word = !module[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.');
            if let Some(path) = quoted(module[at + word.len()..].trim_start()).filter(|path| starts_a_word && path.starts_with('.')) {
                found.push((at, path));
            }
        }
    }
    found.sort_unstable();
    found.into_iter().map(|(_, path)| path).collect()
}

/// The text in the quotes with which `text` begins.
fn quoted(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let rest = &text[1..];
    rest.find(quote).map(|end| &rest[..end])
}

fn all_quoted(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = line;
    while let Some(at) = rest.find(['"', '\'']) {
        let Some(text) = quoted(&rest[at..]) else { break };
        found.push(text);
        rest = &rest[at + text.len() + 2..];
    }
    found
}

/// `./b.js` or `chat/b.js`, seen from the module `from`, as a name in the folder.
fn resolve(from: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_found_over_lines_and_not_in_types() {
        let module = "import { a,\n  b } from \"./a.js\";\nimport './b.js';\nexport * from \"../c.js\";\n\
                      /** @param {import(\"./types.js\").T} x */\nconst l = () => import(\"./late.js\");\nArray.from(\"./no.js\");";
        assert_eq!(imports(module), ["./a.js", "./b.js", "../c.js"]);
        assert_eq!(resolve("chat/list.js", "../lib/a.js").as_deref(), Some("lib/a.js"));
        assert_eq!(resolve("start.js", "../../etc.js"), None);
    }

    #[test]
    fn the_table_of_elements_is_read_and_only_tags_of_the_page_count() {
        let start =
            "const elements = {\n  \"room-list\": () => import(\"./chat/room-list.js\"),\n  \"api-form\": \"./lib/api-form.js\",\n};";
        assert_eq!(elements(start), [("room-list", "./chat/room-list.js"), ("api-form", "./lib/api-form.js")]);
        assert_eq!(tags("<main><room-list class=x></room-list><b>a-b</b><!-- x -->"), ["room-list"]);
        let block = start_block("x{% block start %}<script src=\"{{ static('start.js') }}\">{% endblock %}y").expect("a block");
        assert_eq!(module_in(block), Some("start.js"));
        assert_eq!(start_block("{% block start %}{% endblock %}").map(module_in), Some(None));
        assert_eq!(included("{% extends \"layout/base.html\" %}{%- include 'a/_b.html' %}{% if x %}"), ["layout/base.html", "a/_b.html"]);
    }
}

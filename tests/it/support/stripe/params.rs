//! Parameters in the form that the API takes them, and which of them each route knows.

use std::collections::BTreeMap;

/// Names as they are written, `line_items[0][price]`, with their values.
pub type Params = BTreeMap<String, String>;

/// Reads a form or a query.
pub fn read(text: &str) -> Params {
    text.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(decode_pair).collect()
}

fn decode_pair((name, value): (&str, &str)) -> (String, String) {
    (decode(name), decode(value))
}

fn decode(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, tail @ ..] = rest {
        let escaped = (*first == b'%').then(|| tail.get(..2)).flatten().and_then(|two| std::str::from_utf8(two).ok());
        match escaped.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(if *first == b'+' { b' ' } else { *first });
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Does a name fit a pattern, in which `[*]` is any one index or key?
fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once("[*]") {
        None => pattern == name,
        Some((before, after)) => name
            .strip_prefix(before)
            .and_then(|rest| rest.strip_prefix('['))
            .and_then(|rest| rest.split_once(']'))
            .is_some_and(|(_, rest)| fits(after, rest)),
    }
}

/// A parameter that none of these patterns, separated by blanks, knows.
pub fn unknown<'a>(params: &'a Params, known: &str) -> Option<&'a str> {
    params.keys().find(|name| !known.split_whitespace().any(|pattern| fits(pattern, name))).map(String::as_str)
}

/// The keys and values below one name: `metadata[order]` is `order`.
pub fn below(params: &Params, name: &str) -> BTreeMap<String, String> {
    let inner = |key: &str| key.strip_prefix(name)?.strip_prefix('[')?.strip_suffix(']').map(str::to_owned);
    params.iter().filter_map(|(key, value)| Some((inner(key)?, value.clone()))).collect()
}

#[test]
fn a_form_is_read_and_what_is_unknown_in_it_is_noticed() {
    let params = read("line_items[0][price]=price_1&metadata[a%20b]=x+y%C3%A9&expand[]=payments");
    assert_eq!(params["line_items[0][price]"], "price_1");
    assert_eq!(below(&params, "metadata")["a b"], "x yé");
    assert_eq!(unknown(&params, "line_items[*][price] metadata[*] expand[*]"), None);
    assert_eq!(unknown(&params, "line_items[*][quantity] metadata[*] expand[*]"), Some("line_items[0][price]"));
}

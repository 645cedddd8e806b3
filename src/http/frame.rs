//! What a template sees: the frame around every page, and the page's own fields; and the functions and filters of all templates.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use minijinja::value::{Enumerator, Kwargs, Object, Value};
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior};

use super::files::Files;
use super::icons;
use crate::money::Money;
use crate::text::{Words, figures};

/// Names of one page: the frame's own first, then `page`, `page_json` and the page's fields.
#[derive(Debug)]
pub struct Frame {
    pub(super) ground: Vec<(&'static str, Value)>,
    pub(super) page: Value,
    /// The page as JSON, made from the struct itself: raw JSON in it stays what it is.
    pub(super) page_json: String,
}

impl Object for Frame {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let name = key.as_str()?;
        if let Some((_, value)) = self.ground.iter().find(|(known, _)| *known == name) {
            return Some(value.clone());
        }
        match name {
            "page" => Some(self.page.clone()),
            "page_json" => Some(Value::from(self.page_json.as_str())),
            _ => self.page.get_attr(name).ok().filter(|value| !value.is_undefined()),
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.ground.iter().map(|(name, _)| Value::from(*name)).chain(["page", "page_json"].map(Value::from)).collect())
    }
}

/// JSON that can stand in a data block or an attribute of a page: no `<`, `>` or `&` in it.
///
/// # Errors
/// When the value has no form in JSON.
pub fn safe_json(value: &impl serde::Serialize) -> Result<String, serde_json::Error> {
    let json = serde_json::to_string(value)?;
    let mut safe = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        match c {
            '<' => safe.push_str("\\u003c"),
            '>' => safe.push_str("\\u003e"),
            '&' => safe.push_str("\\u0026"),
            '\u{2028}' => safe.push_str("\\u2028"),
            '\u{2029}' => safe.push_str("\\u2029"),
            c => safe.push(c),
        }
    }
    Ok(safe)
}

/// An engine that speaks one language; `load` gives the text of a template.
#[must_use]
pub fn engine(
    language: &'static str,
    words: &Arc<Words>,
    files: &Files,
    load: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
) -> Environment<'static> {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_loader(move |name| Ok(load(name)));
    let of_language = Arc::clone(words);
    engine.add_function("t", move |key: &str, values: Kwargs| translated(&of_language, language, key, &values));
    let sprite = files.address("sprite.svg");
    engine.add_function("icon", move |name: &str| {
        if !icons::is_known(name) {
            return Err(Error::new(ErrorKind::InvalidOperation, format!("there is no icon {name}")));
        }
        Ok(Value::from_safe_string(format!("<svg class=\"icon\" aria-hidden=\"true\"><use href=\"{sprite}#{name}\"/></svg>")))
    });
    engine.add_function("held_icon", |name: &str| {
        let unknown = || Error::new(ErrorKind::InvalidOperation, format!("there is no icon {name}"));
        icons::symbol(name, &format!("held-{name}")).map(Value::from_safe_string).ok_or_else(unknown)
    });
    let (drawings, found) = (files.clone(), Mutex::<BTreeMap<String, Value>>::default());
    engine.add_function("held_drawing", move |name: &str| {
        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(drawing) = found.get(name) {
            return Ok(drawing.clone());
        }
        let unknown = || Error::new(ErrorKind::InvalidOperation, format!("there is no drawing {name}"));
        let drawing = held_drawing(&drawings, name).map(Value::from_safe_string).ok_or_else(unknown)?;
        if drawings.is_immutable() {
            found.insert(name.to_owned(), drawing.clone());
        }
        Ok(drawing)
    });
    let addresses = files.clone();
    engine.add_function("static", move |name: &str| Value::from_safe_string(addresses.address(name)));
    engine.add_filter("time", time);
    engine.add_filter("number", move |number: i64| figures::whole(language, number));
    engine.add_filter("tenths", move |number: i64| figures::tenths(language, number));
    engine.add_filter("money", move |value: Value| money(&value, language));
    engine.add_filter("json", |value: Value| {
        safe_json(&value).map(Value::from_safe_string).map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()))
    });
    engine
}

/// A drawing as a symbol of the page itself.
fn held_drawing(files: &Files, name: &str) -> Option<String> {
    let sheet = files.text("icons/drawings.svg")?;
    let (_, symbol) = sheet.split_once(&format!("<symbol id=\"{name}\""))?;
    let (symbol, _) = symbol.split_once("</symbol>")?;
    Some(format!("<symbol id=\"held-{name}\"{symbol}</symbol>"))
}

fn translated(words: &Words, language: &str, key: &str, values: &Kwargs) -> Result<String, Error> {
    let mut texts = Vec::new();
    for name in values.args() {
        texts.push((name, values.get::<Value>(name)?.to_string()));
    }
    let values: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
    Ok(words.t(language, key, &values))
}

/// An amount of the API as readers of the language write it.
fn money(value: &Value, language: &str) -> Result<String, Error> {
    let wrong = || Error::new(ErrorKind::InvalidOperation, format!("{value} is no amount of money"));
    let currency = value.get_attr("currency")?.as_str().and_then(|code| code.parse().ok()).ok_or_else(wrong)?;
    let amount = value.get_attr("amount")?.as_i64().ok_or_else(wrong)?;
    Ok(Money::new(amount, currency).text(language))
}

/// Milliseconds as an element that writes them in the reader's zone; without scripts it shows the time in UTC. `format` is the element's:
/// `date` or `datetime` within a sentence, where "3 days ago" does not fit.
fn time(at: i64, format: Option<&str>) -> Result<Value, Error> {
    let moment = jiff::Timestamp::from_millisecond(at).map_err(|error| Error::new(ErrorKind::InvalidOperation, error.to_string()))?;
    let (machine, plain) = (moment.strftime("%Y-%m-%dT%H:%M:%SZ"), moment.strftime("%Y-%m-%d %H:%M UTC"));
    let format = match format {
        None => "",
        Some("date") => " data-format=\"date\"",
        Some("datetime") => " data-format=\"datetime\"",
        Some(other) => return Err(Error::new(ErrorKind::InvalidOperation, format!("no time is written as {other}"))),
    };
    Ok(Value::from_safe_string(format!("<time-ago datetime=\"{machine}\"{format}>{plain}</time-ago>")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_cannot_leave_its_block() {
        assert_eq!(safe_json(&"</script>&\u{2028}").expect("json"), "\"\\u003c/script\\u003e\\u0026\\u2028\"");
    }

    #[test]
    fn a_time_is_an_element_with_plain_text_inside() {
        assert_eq!(
            time(1_760_000_000_000, None).expect("time").to_string(),
            "<time-ago datetime=\"2025-10-09T08:53:20Z\">2025-10-09 08:53 UTC</time-ago>"
        );
        assert!(time(1_760_000_000_000, Some("date")).expect("time").to_string().contains("Z\" data-format=\"date\">2025"));
        assert!(time(1_760_000_000_000, Some("soon")).is_err());
        assert!(time(i64::MAX, None).is_err());
    }
}

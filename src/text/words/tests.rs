//! The lookup itself, and that both languages say the same things.

use std::collections::BTreeSet;

use super::*;

fn sample() -> Words {
    let files = [
        (
            "en/chat.json",
            r#"{"chat.hi": "Hi {name}", "chat.only": "</script>", "chat.unread": {"one": "{count} message", "other": "{count} messages"},
                "chat.contacts": {"none": "nobody", "one": "your contact", "other": "{count} contacts"}}"#,
        ),
        (
            "fr/chat.json",
            r#"{"chat.hi": "Bonjour {name}", "chat.unread": {"one": "{count} message", "many": "{count} de messages", "other": "{count} messages"}}"#,
        ),
        ("de/chat.json", r#"{"chat.hi": "Hallo"}"#),
        ("readme.txt", "not words"),
    ];
    Words::from_files(files.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned()))).expect("words")
}

#[test]
fn placeholders_are_filled_once() {
    let words = sample();
    assert_eq!(words.t("fr", "chat.hi", &[("name", "{name} {count}")]), "Bonjour {name} {count}");
    assert_eq!(words.t("en", "chat.hi", &[]), "Hi {name}");
    assert_eq!(filled("a { b {x} {", &[("x", "1")]), "a { b 1 {");
}

#[test]
fn plurals_follow_the_language() {
    let words = sample();
    let say = |language: &str, count: &str| words.t(language, "chat.unread", &[("count", count)]);
    assert_eq!(
        [say("en", "0"), say("en", "1"), say("en", "2"), say("en", "1.5")],
        ["0 messages", "1 message", "2 messages", "1.5 messages"]
    );
    assert_eq!([say("fr", "0"), say("fr", "1"), say("fr", "1,5"), say("fr", "2")], ["0 message", "1 message", "1,5 message", "2 messages"]);
    assert_eq!(say("fr", "1000000"), "1000000 de messages");
    let contacts = |count: &str| words.t("en", "chat.contacts", &[("count", count)]);
    assert_eq!(["0", "0.5", "1", "2"].map(contacts), ["nobody", "0.5 contacts", "your contact", "2 contacts"]);
}

#[test]
fn a_missing_word_is_english_and_then_its_key() {
    let words = sample();
    assert_eq!(words.t("fr", "chat.only", &[]), "</script>");
    assert_eq!(words.t("fr", "chat.nowhere", &[]), "chat.nowhere");
    assert_eq!(words.t("de", "chat.hi", &[("name", "A")]), "Hi A");
}

#[test]
fn the_clients_words_cannot_end_their_data_block() {
    let words = sample();
    assert!(!words.client_json("en").contains('<'));
    let back: BTreeMap<String, Entry> = serde_json::from_str(words.client_json("en")).expect("json");
    assert_eq!(back["chat.only"], Entry::Text("</script>".to_owned()));
    assert!(words.client_json("fr").contains(r#""many":"{count} de messages""#));
}

#[test]
fn a_bad_file_or_a_key_in_two_slices_is_an_error() {
    let load = |files: &[(&str, &str)]| Words::from_files(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())));
    assert!(load(&[("en/a.json", "{"), ("fr/a.json", "{}")]).is_err());
    assert!(load(&[("en/a.json", r#"{"a": {"one": "x"}}"#)]).is_err());
    assert!(load(&[("en/a.json", r#"{"a": {"one": "x", "two": "y", "other": "z"}}"#)]).is_err());
    assert!(load(&[("en/a.json", r#"{"a": "x"}"#), ("en/b.json", r#"{"a": "x"}"#)]).is_err());
}

#[test]
fn the_header_picks_a_known_language() {
    let words = sample();
    for (header, language) in [
        ("", "en"),
        ("fr", "fr"),
        ("fr-CA, en;q=0.8", "fr"),
        ("de, fr;q=0.5, en;q=0.4", "fr"),
        ("en;q=0.4, FR;q=0.9", "fr"),
        ("fr;q=0, en;q=0.1", "en"),
        ("*", "en"),
        ("fr;q=x", "en"),
        ("zz", "en"),
    ] {
        assert_eq!(words.pick(header), language, "{header}");
    }
}

#[test]
fn both_languages_hold_the_same_words() {
    let words = Words::load().expect("static/words");
    let keys = |language: &str| words.keys(language).map(str::to_owned).collect::<BTreeSet<_>>();
    let (english, french) = (keys("en"), keys("fr"));
    assert!(english.contains("shell.skip"), "static/words was not read");
    assert_eq!(english.difference(&french).collect::<Vec<_>>(), Vec::<&String>::new(), "not in French");
    assert_eq!(french.difference(&english).collect::<Vec<_>>(), Vec::<&String>::new(), "not in English");
    for key in &english {
        let [en, fr] = ["en", "fr"].map(|language| &words.language(language).entries[key]);
        assert_eq!(placeholders(en), placeholders(fr), "{key}");
        assert_eq!(matches!(en, Entry::Text(_)), matches!(fr, Entry::Text(_)), "{key}: a plural in one language alone");
    }
}

#[test]
fn every_word_stands_in_the_slice_of_its_key_and_holds_no_markup() {
    for path in Files::iter().filter(|path| path.ends_with(".json")) {
        let slice = path.rsplit('/').next().and_then(|name| name.strip_suffix(".json")).expect("a name").to_owned();
        let text = Files::get(&path).expect("a file");
        let entries: BTreeMap<String, Entry> = serde_json::from_slice(&text.data).expect("words");
        for (key, entry) in entries {
            assert!(key.starts_with(&format!("{slice}.")), "{path}: {key}");
            assert!(forms(&entry).iter().all(|form| !form.trim().is_empty() && !form.contains('<')), "{path}: {key}");
        }
    }
}

#[test]
fn french_is_set_as_french_is() {
    let words = Words::load().expect("static/words");
    for (key, entry) in &words.language("fr").entries {
        for form in forms(entry) {
            let places: Vec<char> = form.chars().collect();
            for (at, pair) in places.windows(2).enumerate() {
                let (first, next) = (pair[0], pair[1]);
                let is_loose = first == ' ' && matches!(next, ':' | ';' | '!' | '?' | '»') || first == '«' && next != '\u{a0}';
                assert!(!is_loose, "{key}: a line may break before or after a sign in “{form}”");
                let is_number = first == ' ' && at > 0 && places[at - 1].is_ascii_digit() && next.is_ascii_digit();
                assert!(!is_number, "{key}: a line may break within a number in “{form}”");
            }
        }
    }
}

fn forms(entry: &Entry) -> Vec<&str> {
    match entry {
        Entry::Text(text) => vec![text],
        Entry::Plural(plural) => [plural.none.as_ref(), Some(&plural.one), plural.many.as_ref(), Some(&plural.other)]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect(),
    }
}

/// Names in braces of all forms together: the singular may leave the number out.
fn placeholders(entry: &Entry) -> BTreeSet<String> {
    let names =
        |form: &str| form.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name.to_owned()).collect::<Vec<_>>();
    forms(entry).into_iter().flat_map(names).collect()
}

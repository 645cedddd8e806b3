//! What the rules find, and in how many steps.

use super::*;
use crate::automod::fold::fold;
use crate::automod::model::{NewRule, Outcome};
use crate::ids::RuleId;

fn rule(looks: Looks) -> Rule {
    let rule = NewRule { name: "r".to_owned(), enabled: true, looks, outcome: Outcome::Refuse, sentence: String::new(), mute_minutes: 0 };
    Rule { id: RuleId(1), rule: rule.checked().expect("a rule that fits"), changed_at: 0, changed_by: None }
}

fn words(all: &[&str], stretched: bool) -> Set {
    let words = all.iter().map(|word| (*word).to_owned()).collect();
    Set::compile(vec![rule(Looks::Words { words, stretched })]).expect("compiles")
}

fn said(body: &str) -> Said<'_> {
    Said { body, html: "", mentions: 0, account_age: 0 }
}

fn found(set: &Set, body: &str) -> Option<String> {
    set.hits(&said(body)).pop().map(|hit| hit.what)
}

#[test]
fn words_are_found_whole_whatever_their_case_and_accents() {
    let set = words(&["Scam", "free money", "жулик", "詐欺"], false);
    for text in ["SCAM!", "a scam.", "(scam)", "scäm", "s\u{ad}cam", "s\u{200d}c\u{200b}am", "ｓｃａｍ", "*scam*", "_scam_", "scam-free"]
    {
        assert_eq!(found(&set, text).as_deref(), Some("Scam"), "{text}");
    }
    for text in ["scammer", "ascam", "scam2", "sca m", "", "scaam"] {
        assert_eq!(found(&set, text), None, "{text}");
    }
    for text in ["get FREE\n  money now", "get free\nmoney", "get free\tmoney"] {
        assert_eq!(found(&set, text).as_deref(), Some("free money"), "{text:?}");
    }
    assert_eq!(found(&set, "Жулик!").as_deref(), Some("жулик"));
    assert_eq!(found(&set, "これは詐欺です").as_deref(), Some("詐欺"), "where words are not spaced, one is found wherever it stands");
}

#[test]
fn stretched_words_are_found_with_more_letters_and_never_with_fewer() {
    let set = words(&["hello", "go"], true);
    for text in ["hello", "heeeeello", "HELLLLOOOO", "hhhello!"] {
        assert_eq!(found(&set, text).as_deref(), Some("hello"), "{text}");
    }
    assert_eq!(found(&set, "gooo").as_deref(), Some("go"));
    for text in ["helo", "hell o", "othello", "helloo1"] {
        assert_eq!(found(&set, text), None, "{text}");
    }
    // Two words that are the same once their runs are one.
    let set = words(&["god", "good"], true);
    assert_eq!((found(&set, "god").as_deref(), found(&set, "goood").as_deref()), (Some("god"), Some("god")));
    assert_eq!((found(&words(&["good"], true), "god"), found(&words(&["good"], true), "goooood").is_some()), (None, true));
}

#[test]
fn a_word_inside_another_that_is_no_match_does_not_hide_a_later_one() {
    let set = words(&["ab", "b", "abab"], false);
    assert_eq!(found(&set, "xab abx b").as_deref(), Some("b"));
    assert_eq!(found(&set, "aba"), None);
}

/// What takes matchers that go back exponentially or quadratically long: here each is read once.
#[test]
fn evil_words_and_evil_texts_take_steps_in_proportion_to_the_text() {
    let long = |piece: &str, bytes: usize| piece.repeat(bytes / piece.len());
    let as_many = |make: &dyn Fn(usize) -> String| (1..=60).map(make).collect::<Vec<_>>();
    let lists: Vec<Vec<String>> = vec![
        as_many(&|n| "a".repeat(n)),
        as_many(&|n| format!("{}b", "a".repeat(n.min(59)))),
        as_many(&|n| "ab".repeat(n.div_ceil(2))),
        as_many(&|n| format!("{}!", "a ".repeat(n.min(59) / 2))),
        vec!["(a+)+$".to_owned(), "(a|a)*b".to_owned(), "(.*)*x".to_owned(), ".*.*=.*".to_owned(), "[a-z]+@[a-z]+([a-z.]+)+".to_owned()],
        as_many(&|n| "é̀".repeat(n.min(30))),
    ];
    let texts = [
        long("a", 16_384),
        long("ab", 16_384),
        long("a ", 16_384),
        format!("{}!", long("a", 16_383)),
        long("aaaaaaaaab", 16_384),
        long("\u{301}", 16_384),
        long("ﷺ", 16_384),
        long("(a+)+$", 16_384),
        long("x@x.x", 16_384),
        long("🌊\u{200d}", 16_384),
    ];
    for list in &lists {
        for stretched in [false, true] {
            let list: Vec<&str> = list.iter().map(String::as_str).filter(|word| !crate::text::name_key(word).is_empty()).collect();
            let set = words(&list, stretched);
            for text in &texts {
                // Compatible forms may be longer than what stands for them.
                let length = crate::text::name_key(text).len() + 1;
                let mut steps = 0;
                let _ = set.hits_in(&said(text), &mut steps);
                let longest = 60 * 61;
                assert!(steps <= length * (1 + longest), "{steps} steps for {length} bytes, words {:?}…", list.first());
                // Twice the text, at most twice the steps.
                let mut twice = 0;
                let _ = set.hits_in(&said(&format!("{text}{text}")), &mut twice);
                assert!(twice <= 2 * steps + 4 * longest + 64, "{twice} steps instead of {steps}, words {:?}…", list.first());
            }
        }
    }
}

/// A message as it is stored: rendered.
fn stored(body: &str) -> (String, String) {
    (body.to_owned(), crate::text::render(body, &|_| None).html)
}

fn read((body, html): &(String, String)) -> Said<'_> {
    Said { body, html, mentions: 0, account_age: 0 }
}

#[test]
fn words_within_markup_are_found_as_they_are_read() {
    let set = words(&["badword", "free money"], false);
    let found = |body: &str| set.hits(&read(&stored(body))).pop().map(|hit| hit.what);
    for body in [
        "ba**d**word",
        "**ba***dw*~~ord~~",
        "`bad`word",
        "[bad](https://x.example)word",
        "[**bad**word](https://x.example)",
        "b&#97;dword",
        "ba&shy;d&ZeroWidthSpace;word",
        "b\u{200b}a**d**\u{2060}wo\u{3164}rd",
        "```\nbadword\n```",
        "# ba*d*word",
        "[fine](https://x.example/badword)",
    ] {
        assert_eq!(found(body).as_deref(), Some("badword"), "{body}");
    }
    assert_eq!(found("free **money**").as_deref(), Some("free money"));
    for body in ["ba**d** word", "bad\nword", "* bad\n* word", "|bad|word|\n|-|-|\n|a|b|", "a **bad**words", "bad&nbsp;word"] {
        assert_eq!(found(body), None, "{body}");
    }
    let set = words(&["badword"], true);
    assert_eq!(set.hits(&read(&stored("baa**add**word"))).len(), 1, "stretched ones too");
}

#[test]
fn evil_markup_takes_steps_in_proportion_to_what_is_written_and_read() {
    let pieces = ["ba**d**word ", "[b](https://a.example)", "`b`", "*b", "**", "[", "&#98;", "<b>", "> ", "b&nbsp;", "|b", "~~b~~\u{200b}"];
    let list: Vec<String> = (1..=60).map(|n| "b".repeat(n)).chain(["b b".to_owned(), "badword".to_owned()]).collect();
    let list: Vec<&str> = list.iter().map(String::as_str).collect();
    for set in [words(&list, false), words(&list, true)] {
        for piece in pieces {
            let count = |bytes: usize| {
                let text = stored(&piece.repeat(bytes / piece.len()));
                let mut steps = 0;
                let _ = set.hits_in(&read(&text), &mut steps);
                let length = fold(&text.0).len() + fold(&crate::text::shown(&text.1)).len() + 2;
                assert!(steps <= length * (1 + 60 * 61), "{steps} steps for {length} bytes of {piece}");
                (length, steps)
            };
            let (short, long) = (count(4_096), count(8_192));
            let per_byte = |(length, steps): (usize, usize)| steps.div_ceil(length);
            assert!(per_byte(long) <= per_byte(short) + 1, "{long:?} after {short:?} of {piece}");
        }
    }
}

#[test]
fn links_lead_only_where_the_rule_lets_them() {
    let links = |domains: &[&str], account_days| {
        let domains = domains.iter().map(|each| (*each).to_owned()).collect();
        Set::compile(vec![rule(Looks::Links { domains, account_days })]).expect("compiles")
    };
    let html = |address: &str| format!("<p>see <a href=\"{address}\" rel=\"nofollow\">it</a></p>");
    let asked = |set: &Set, address: &str, account_age| {
        let html = html(address);
        set.hits(&Said { body: "see it", html: &html, mentions: 0, account_age }).pop().map(|hit| hit.what)
    };
    assert_eq!(asked(&links(&[], 0), "https://any.example/x", 0).as_deref(), Some("any.example"));
    assert_eq!(asked(&links(&[], 0), "mailto:ann@any.example", 0), None);
    let some = links(&["good.example"], 0);
    for good in ["https://good.example", "https://www.good.example/a", "http://deep.good.example:81/"] {
        assert_eq!(asked(&some, good, 0), None, "{good}");
    }
    for bad in ["https://notgood.example", "https://good.example.evil.example", "https://good.example@evil.example"] {
        assert!(asked(&some, bad, 0).is_some(), "{bad}");
    }
    let young = links(&[], 7);
    assert!(asked(&young, "https://any.example", 7 * DAY - 1).is_some());
    assert_eq!(asked(&young, "https://any.example", 7 * DAY), None);
}

#[test]
fn mentions_and_new_accounts_hold_at_their_edges() {
    let set = Set::compile(vec![rule(Looks::Mentions { most: 5 })]).expect("compiles");
    let mentions = |mentions| set.hits(&Said { mentions, ..said("x") }).len();
    assert_eq!((mentions(5), mentions(6)), (0, 1));
    let set = Set::compile(vec![rule(Looks::Newcomers { hours: 24, seconds: 0 })]).expect("compiles");
    let age = |account_age| set.hits(&Said { account_age, ..said("x") }).len();
    assert_eq!((age(0), age(DAY - 1), age(DAY)), (1, 1, 0));
    assert_eq!(set.pause(0), None);
    let set = Set::compile(vec![rule(Looks::Newcomers { hours: 24, seconds: 30 }), rule(Looks::Newcomers { hours: 1, seconds: 300 })]);
    let set = set.expect("compiles");
    assert_eq!((set.pause(HOUR - 1), set.pause(HOUR), set.pause(DAY)), (Some(300), Some(30), None));
    assert!(set.hits(&said("x")).is_empty(), "who is slowed is not refused besides");
}

#[test]
fn of_several_rules_the_first_refuses_the_first_reports_and_the_longest_mutes() {
    let with = |id: i64, outcome, mute_minutes| {
        let mut rule = rule(Looks::Words { words: vec!["scam".to_owned()], stretched: false });
        (rule.id, rule.rule.outcome, rule.rule.mute_minutes) = (RuleId(id), outcome, mute_minutes);
        rule
    };
    let mut off = with(9, Outcome::Refuse, 900);
    off.rule.enabled = false;
    let set = Set::compile(vec![off, with(1, Outcome::Report, 0), with(2, Outcome::RefuseAndReport, 5), with(3, Outcome::Refuse, 60)]);
    let set = set.expect("compiles");
    let hits = set.hits(&said("a scam"));
    let Verdict { refused, reported, muted } = Verdict::of(&hits);
    let ids = (refused.map(|hit| hit.rule.id.0), reported.map(|hit| hit.rule.id.0), muted.map(|rule| rule.id.0));
    assert_eq!(ids, (Some(2), Some(1), Some(3)));
    let none = Verdict::of(&set.hits(&said("fine")));
    assert!(none.refused.is_none() && none.reported.is_none() && none.muted.is_none());
}

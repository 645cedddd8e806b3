//! What Markdown becomes, and what hostile Markdown does not become.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

fn people(name: &str) -> Option<MentionTarget> {
    match name {
        "ada" => Some(MentionTarget::Member(MemberId(1))),
        "bo.b-2" => Some(MentionTarget::Member(MemberId(2))),
        "dot." => Some(MentionTarget::Member(MemberId(3))),
        "crew" => Some(MentionTarget::Role(RoleId(9))),
        "nacht-wächter" => Some(MentionTarget::Role(RoleId(8))),
        "room" => Some(MentionTarget::Room),
        "here" => Some(MentionTarget::Here),
        _ => name.strip_prefix('u')?.parse().ok().map(|n| MentionTarget::Member(MemberId(n))),
    }
}

fn html(source: &str) -> String {
    render(source, &people).html
}

/// Elements of already sanitised HTML, in which every `<` starts a tag.
fn elements(html: &str) -> Vec<String> {
    let name = |tag: &str| tag.trim_start_matches('/').split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or("").to_owned();
    html.split('<').skip(1).map(name).collect()
}

fn is_safe(html: &str) -> bool {
    elements(html).iter().all(|name| sanitise::ELEMENTS.contains(&name.as_str())) && sanitise::sanitise(html) == html
}

#[test]
fn the_usual_marks_become_elements() {
    assert_eq!(html("*a* **b** ~~c~~ `d<`"), "<p><em>a</em> <strong>b</strong> <del>c</del> <code>d&lt;</code></p>");
    assert_eq!(html("one\ntwo\n\nthree"), "<p>one<br>two</p><p>three</p>");
    assert_eq!(html("# a\n## b\n### c\n###### d"), "<h3>a</h3><h4>b</h4><h5>c</h5><h6>d</h6>");
    assert_eq!(
        html("> a\n\n- b\n- c\n\n3. d"),
        "<blockquote><p>a</p></blockquote><ul><li>b</li><li>c</li></ul><ol start=\"3\"><li>d</li></ol>"
    );
    assert_eq!(
        html("|a|b|\n|:-|-:|\n|c|d|"),
        "<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>c</td><td>d</td></tr></tbody></table>"
    );
    assert_eq!(html("- [x] a\n- [ ] b"), "<ul><li><span class=\"task done\">☑</span> a</li><li><span class=\"task\">☐</span> b</li></ul>");
    assert_eq!(html("a\n\n---\n\nb"), "<p>a</p><hr><p>b</p>");
}

#[test]
fn code_blocks_keep_their_text_and_get_classes_for_known_languages() {
    assert_eq!(html("```\n\n<b>@ada https://x.example\n```"), "<pre><code>\n&lt;b&gt;@ada https://x.example\n</code></pre>");
    assert!(html("```rust\nfn a() {}\n```").contains("<span class=\"hl-storage\">fn</span>"));
    assert_eq!(html("```nonsense\nfn\n```"), "<pre><code>fn\n</code></pre>");
}

#[test]
fn raw_html_is_shown_as_text() {
    assert_eq!(html("<script>alert(1)</script>"), "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>");
    assert_eq!(html("a <b onclick=x>b</b>"), "<p>a &lt;b onclick=x&gt;b&lt;/b&gt;</p>");
    assert_eq!(html("<div>\n@ada\n</div>").matches("mention").count(), 1);
    assert!(is_safe(&html("<svg><style><!--</style><img src=x onerror=alert(1)>-->")));
}

#[test]
fn links_lead_to_the_web_or_to_mail_and_nowhere_else() {
    let rel = "target=\"_blank\" rel=\"noopener noreferrer nofollow\"";
    assert_eq!(html("[a](https://x.example/?a=1&b=2)"), format!("<p><a href=\"https://x.example/?a=1&amp;b=2\" {rel}>a</a></p>"));
    assert_eq!(html("<ada@x.example>"), format!("<p><a href=\"mailto:ada@x.example\" {rel}>ada@x.example</a></p>"));
    assert_eq!(html("![alt](https://x.example/i.png)"), format!("<p><a href=\"https://x.example/i.png\" {rel}>alt</a></p>"));
    assert_eq!(html("[](https://x.example)"), format!("<p><a href=\"https://x.example\" {rel}>https://x.example</a></p>"));
    for target in [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "/local",
        "//x.example",
        "vbscript:x",
        "&#106;avascript:x",
        "http:x",
    ] {
        assert_eq!(html(&format!("[a]({target})")), "<p>a</p>", "{target}");
    }
    assert_eq!(html("[![a](https://x.example/i)](https://y.example)"), format!("<p><a href=\"https://y.example\" {rel}>a</a></p>"));
}

#[test]
fn bare_addresses_become_links_without_the_sentence_around_them() {
    let linked = |source: &str| {
        let html = html(source);
        html.split("href=\"").nth(1).map(|rest| rest.split('"').next().unwrap_or("").to_owned())
    };
    assert_eq!(linked("see https://x.example/a_b_c."), Some("https://x.example/a_b_c".to_owned()));
    assert_eq!(linked("(https://x.example/a_(b))"), Some("https://x.example/a_(b)".to_owned()));
    assert_eq!(linked("HTTP://x.example, then"), Some("HTTP://x.example".to_owned()));
    assert_eq!(linked("«https://x.example/é»"), Some("https://x.example/é".to_owned()));
    assert_eq!(linked("xhttps://x.example"), None);
    assert_eq!(linked("https://"), None);
    assert_eq!(linked("`https://x.example`"), None);
    assert_eq!(html("[https://x.example](https://y.example)").matches("<a ").count(), 1);
}

#[test]
fn mentions_are_found_where_a_person_means_them() {
    let rendered = render("@ada, @Bo.B-2. and @dot. (@crew) @here: @ada!", &people);
    assert_eq!(
        rendered.mentions,
        Mentions { members: vec![MemberId(1), MemberId(2), MemberId(3)], roles: vec![RoleId(9)], room: false, here: true }
    );
    assert!(rendered.html.starts_with("<p><span class=\"mention\" data-member=\"1\">@ada</span>, <span"), "{}", rendered.html);
    assert!(rendered.html.contains("<span class=\"mention\" data-member=\"2\">@Bo.B-2</span>."), "{}", rendered.html);
    assert!(rendered.html.contains("(<span class=\"mention\" data-role=\"9\">@crew</span>)"), "{}", rendered.html);
    assert!(rendered.html.contains("<span class=\"mention\" data-here=\"\">@here</span>"), "{}", rendered.html);
    assert_eq!(render("@room @nacht-wächter", &people).mentions, Mentions { room: true, roles: vec![RoleId(8)], ..Mentions::default() });
    assert_eq!(render("**@ada**", &people).mentions.members, [MemberId(1)]);
}

#[test]
fn what_only_looks_like_a_mention_is_text() {
    for source in [
        "`@ada`",
        "me@ada",
        "@ada@x.example",
        "[@ada](https://x.example)",
        "```\n@ada\n```",
        "@nobody",
        "@a",
        "@adaé",
        "https://x.example/@ada",
        "@",
    ] {
        let rendered = render(source, &people);
        assert_eq!(rendered.mentions, Mentions::default(), "{source}");
        assert!(!rendered.html.contains("mention"), "{source}");
    }
}

#[test]
fn a_message_names_at_most_fifty_members() {
    let wall: String = (1..=80).map(|n| format!("@u{n} @u{n} ")).collect();
    let rendered = render(&wall, &people);
    assert_eq!(rendered.mentions.members.len(), 50);
    assert_eq!(rendered.html.matches("data-member").count(), 100);
}

#[test]
fn a_name_is_looked_up_once() {
    let asked = std::cell::Cell::new(0);
    render("@ada @ADA @ada", &|name| {
        asked.set(asked.get() + 1);
        people(name)
    });
    assert_eq!(asked.get(), 1);
}

#[test]
fn a_few_emoji_are_large() {
    assert_eq!(html(" 🚀 👍🏽 "), "<p class=\"big\">🚀 👍🏽</p>");
    assert_eq!(html("🚀🚀🚀🚀"), "<p>🚀🚀🚀🚀</p>");
    assert!(is_safe(&html("🚀")));
}

#[test]
fn what_is_too_deep_stays_as_text() {
    let quotes = html(&format!("{}deep @ada", "> ".repeat(200)));
    assert!(quotes.matches("<blockquote>").count() <= 20 && quotes.contains("deep <span"), "{quotes}");
    let list: String = (0..60).map(|n| format!("{}- item {n}\n", "  ".repeat(n))).collect();
    let lists = html(&list);
    assert!(lists.matches("<ul>").count() <= 10 && lists.contains("item 59"), "{lists}");
    assert!(is_safe(&quotes) && is_safe(&lists));
}

/// Sources that cost a careless renderer far more than their size.
fn hostile() -> Vec<(&'static str, String)> {
    let size = 16 * 1024;
    let fill = |piece: &str| piece.repeat(size / piece.len());
    vec![
        ("emphasis opened", fill("*a **a ")),
        ("emphasis nested", format!("{}x{}", "*".repeat(size / 2), "*".repeat(size / 2))),
        ("emphasis mixed", fill("**x* _y__ ~~z ")),
        ("underscores", fill("_a__b___c")),
        ("emoji", "🎉".repeat(10_000)),
        ("backticks", "`".repeat(10_000)),
        ("backtick runs", (1..170).map(|n| format!("{} ", "`".repeat(n))).collect()),
        ("brackets", fill("[")),
        ("link openers", fill("[a](")),
        ("image openers", fill("![](<")),
        ("quotes", fill(">")),
        ("quote lines", fill(&format!("{}a\n", "> ".repeat(60)))),
        ("lists", fill("- ")),
        ("list lines", (0..170).map(|n| format!("{}- a\n", " ".repeat(n))).collect()),
        ("mentions", fill("@ada ")),
        ("unknown mentions", (0..2_700).map(|n| format!("@x{n} ")).collect()),
        ("at signs", fill("@")),
        ("dots behind an at sign", fill("@....................... ")),
        ("addresses", fill("https://x.example ")),
        ("closing brackets", format!("https://x.example/{}", ")".repeat(size))),
        ("angle brackets", fill("<")),
        ("comments", fill("<!--")),
        ("tags", fill("<a b=")),
        ("processing", fill("<?")),
        ("entities", fill("&#x41;")),
        ("table of many columns", format!("{}\n{}\n{}", "|a".repeat(2_000), "|-".repeat(2_000), "|\n".repeat(4_000))),
        ("references", format!("[a]: https://x.example/{}\n\n{}", "y".repeat(4_000), "[a]".repeat(4_000))),
        ("lines", fill("a\n")),
        ("code", format!("```rust\n{}\n```", "fn a<'a>(b: &'a str) -> Vec<(u8, \"x\")> { 'x' } /* ( */ r#\"\n".repeat(220))),
        ("code of brackets", format!("```js\n{}\n```", "((((((((((((((((((((((((((((((((((((((\n".repeat(400))),
        ("code of html", format!("```html\n{}\n```", "<script>a=`${`</script><style>a{b:\n".repeat(450))),
        ("marks without end", format!("a{}", "\u{301}".repeat(size / 2))),
    ]
}

#[test]
fn hostile_sources_are_safe_and_quick() {
    // The grammars are compiled at their first use; a server pays for that once.
    for (_, source) in hostile() {
        render(&source, &people);
    }
    let mut slow = Vec::new();
    for (name, source) in hostile() {
        let best = (0..5)
            .map(|_| {
                let started = Instant::now();
                let rendered = render(&source, &people);
                (started.elapsed(), rendered.html)
            })
            .min_by_key(|(time, _)| *time);
        let (time, html) = best.expect("five runs");
        assert!(is_safe(&html), "{name}");
        if time > Duration::from_millis(50) {
            slow.push((name, time));
        }
    }
    assert!(slow.is_empty(), "{slow:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_is_written_stays_inside_the_list(
        source in prop_oneof![
            "[\\s\\S]{0,200}",
            "([*_~`#>|\\[\\]()!<>&@\\-+.:/ \n\t\"'0-9a-h]|https://|```|<script|javascript:|\\|-|- \\[x\\] |    |@ada){0,120}",
        ]
    ) {
        let rendered = render(&source, &people);
        prop_assert!(is_safe(&rendered.html), "{:?} became {:?}", source, rendered.html);
    }

    #[test]
    fn plain_words_are_what_markdown_makes_of_them(source in "[a-zA-ZÀ-žа-яぁ-ん一-丁0-9Ⓜ][-a-zA-Zé0-9 ,.?!;'\"()٣]{0,60}|[\\PC]{0,12}|(www.|http|1[.)] |- |a|é| ){0,9}") {
        if is_plain(&source) && !few_emoji(&source) {
            prop_assert_eq!(render(&source, &people), render_markdown(&source, &people));
        }
    }
}

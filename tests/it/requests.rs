//! What the API reads: a field that nothing reads is refused, also where serde puts aside what it reads.
//!
//! `access/body.rs` hears of every field that is ignored. It hears nothing of what serde has put aside first: everything within an enum that is
//! told apart by a tag, or by nothing, and within what is flattened into something else. Such types have to refuse by themselves.

use std::collections::BTreeSet;

use crate::architecture::sources;
use crate::support::tell;

/// A type as its file declares it.
struct Item {
    name: String,
    attributes: String,
    body: String,
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
}

/// How many more brackets of this sort are opened than closed.
fn open(text: &str, brackets: [char; 2]) -> isize {
    text.chars().map(|c| isize::from(c == brackets[0]) - isize::from(c == brackets[1])).sum()
}

/// The types of a file, without comments.
fn items(text: &str) -> Vec<Item> {
    let (mut found, mut attributes) = (Vec::new(), String::new());
    let mut lines = text.lines().map(|line| line.split("//").next().unwrap_or(line).trim()).filter(|line| !line.is_empty());
    while let Some(line) = lines.next() {
        let mut whole = line.to_owned();
        if line.starts_with("#[") {
            while open(&whole, ['[', ']']) > 0 {
                let Some(next) = lines.next() else { break };
                whole.push_str(next);
            }
            attributes.push_str(&whole);
            continue;
        }
        let declared = line.strip_prefix("pub").unwrap_or(line);
        let declared = declared.strip_prefix('(').and_then(|rest| rest.split_once(')')).map_or(declared, |(_, rest)| rest);
        let mut first = words(declared);
        if let (Some("struct" | "enum"), Some(name)) = (first.next(), first.next()) {
            while open(&whole, ['{', '}']) > 0 || !whole.ends_with(['}', ';']) {
                let Some(next) = lines.next() else { break };
                whole.push('\n');
                whole.push_str(next);
            }
            found.push(Item { name: name.to_owned(), attributes: std::mem::take(&mut attributes), body: whole });
        }
        attributes.clear();
    }
    found
}

impl Item {
    fn is_read(&self) -> bool {
        words(&self.attributes).any(|word| word == "Deserialize")
    }

    fn denies(&self) -> bool {
        words(&self.attributes).any(|word| word == "deny_unknown_fields")
    }

    fn is_tagged(&self) -> bool {
        words(&self.attributes).any(|word| ["tag", "untagged"].contains(&word))
    }

    /// The fields that are flattened into it.
    fn flattened(&self) -> String {
        self.body.split("serde(flatten").skip(1).filter_map(|rest| rest.lines().nth(1)).collect::<Vec<_>>().join("\n")
    }

    /// What it names, types among it.
    fn names(&self) -> BTreeSet<String> {
        let mut names = names_of(&self.body);
        names.extend(words(&self.attributes).map(str::to_owned));
        names
    }

    fn has_named_fields(&self) -> bool {
        self.body.contains("struct ") && self.body.contains('{')
    }

    /// A variant without fields takes whatever stands beside its tag, whatever else is said.
    fn bare_variants(&self) -> Vec<&str> {
        let mut depth = 0;
        let mut bare = Vec::new();
        for line in self.body.lines() {
            let name = line.trim_end_matches(',');
            if depth == 1 && name.starts_with(char::is_uppercase) && name.chars().all(char::is_alphanumeric) {
                bare.push(name);
            }
            depth += open(line, ['{', '}']);
        }
        bare
    }
}

/// Every word of these lines but the first of each, which names a field or a variant.
fn names_of(text: &str) -> BTreeSet<String> {
    text.lines().flat_map(|line| words(line).skip(1)).map(str::to_owned).collect()
}

/// Those of the types that are read and have one of these names, and those that these name, and so on.
fn named(all: &[Item], names: BTreeSet<String>) -> Vec<&Item> {
    let mut found: Vec<&Item> = Vec::new();
    let mut unseen = vec![names];
    while let Some(names) = unseen.pop() {
        for item in all.iter().filter(|item| item.is_read() && names.contains(&item.name)) {
            if !found.iter().any(|known| std::ptr::eq(*known, item)) {
                unseen.push(item.names());
                found.push(item);
            }
        }
    }
    found
}

/// What is wrong with the types that are read as bodies or as parts of them.
fn careless(all: &[Item], bodies: &BTreeSet<String>) -> BTreeSet<String> {
    let mut wrong = BTreeSet::new();
    for item in named(all, bodies.clone()) {
        let flattened = item.flattened();
        if !item.is_tagged() && flattened.is_empty() {
            continue;
        }
        if !item.denies() {
            wrong.insert(format!("{} does not refuse unknown fields", item.name));
        }
        if item.is_tagged() {
            wrong.extend(item.bare_variants().iter().map(|variant| format!("{}::{variant} has no fields", item.name)));
        }
        let aside = names_of(if item.is_tagged() { &item.body } else { &flattened });
        for part in named(all, aside) {
            // What is flattened is answered for by what it is flattened into.
            let is_answered_for = std::ptr::eq(part, item) || words(&flattened).any(|word| word == part.name);
            if part.has_named_fields() && !part.denies() && !is_answered_for {
                wrong.insert(format!("{}, a part of {}, does not refuse unknown fields", part.name, item.name));
            }
        }
    }
    wrong
}

#[test]
fn whatever_a_body_says_that_nothing_reads_is_refused() {
    let sources = sources();
    let all: Vec<Item> = sources.iter().flat_map(|source| items(&source.text)).collect();
    let bodies = sources.iter().flat_map(|source| source.text.split("Body<").skip(1)).filter_map(|rest| words(rest).next());
    let bodies: BTreeSet<String> = bodies.map(str::to_owned).collect();
    let read = named(&all, bodies.clone());
    let tagged: Vec<&str> = read.iter().filter(|item| item.is_tagged()).map(|item| item.name.as_str()).collect();
    let flattening: Vec<&str> = read.iter().filter(|item| !item.flattened().is_empty()).map(|item| item.name.as_str()).collect();
    assert!(read.len() > 50 && tagged.contains(&"Looks") && flattening.contains(&"SetUp"), "they are found: {tagged:?} {flattening:?}");
    assert_eq!(careless(&all, &bodies), BTreeSet::new());
}

#[test]
fn a_careless_type_is_noticed() {
    let told = |text: &str| careless(&items(text), &BTreeSet::from(["New".to_owned()])).into_iter().collect::<Vec<_>>();
    let derive = "#[derive(Debug, Deserialize)]\n";
    assert!(
        told(&format!("{derive}struct New {{ a: u8, b: Part }}\n{derive}struct Part {{ c: u8 }}")).is_empty(),
        "the body hears of these"
    );
    let tagged = "#[serde(tag = \"kind\")]\nenum New {\n    /// One.\n    One { a: u8 },\n}";
    assert_eq!(told(&format!("{derive}{tagged}")), ["New does not refuse unknown fields"]);
    assert_eq!(told(&format!("{derive}struct New {{ b: Part }}\n{derive}{}", tagged.replace("New", "Part"))).len(), 1, "a part of it");
    let strict = tagged.replace("\"kind\"", "\"kind\", deny_unknown_fields");
    assert!(told(&format!("{derive}{strict}")).is_empty());
    assert_eq!(told(&format!("{derive}{}", strict.replace("One { a: u8 },", "One { a: u8 },\n    Two,"))), ["New::Two has no fields"]);
    let nested = strict.replace("a: u8", "a: Option<Part>");
    let part = format!("{derive}pub struct Part {{\n    c: u8,\n}}");
    assert_eq!(told(&format!("{derive}{nested}\n{part}")), ["Part, a part of New, does not refuse unknown fields"]);
    let flat = format!("{derive}struct New {{\n    #[serde(flatten)]\n    part: Part,\n}}\n{part}");
    assert_eq!(told(&flat), ["New does not refuse unknown fields"]);
    assert!(told(&flat.replace("struct New", "#[serde(deny_unknown_fields)]\nstruct New")).is_empty());
}

/// A field is taken for a secret when a word of its name is one of these and it holds text or bytes. An address may have a password or a code in it.
const MEANING: [&str; 9] = ["token", "secret", "password", "passphrase", "code", "key", "cookie", "credentials", "url"];

/// Fields that are called so and hold none, by why they do not.
const NO_SECRETS: [(&str, &[&str]); 9] = [
    ("of one connection for media; both ends are told it in words anyway", &["Credentials.password", "Local.password", "Offer.password"]),
    ("only its hash", &["Entrance.token", "GiftRow.token", "Stay.token"]),
    ("what an answer is called", &["BulkResult.code", "Failure.code", "Glance.code", "HealthCheck.code", "Problem.code", "Refusal.code"]),
    (
        "what whoever asks calls a request of their own, so that it is done once",
        &[
            "CallRow.key",
            "Draft.client_key",
            "Enqueue.unique_key",
            "MessageBody.client_key",
            "MessageRow.client_key",
            "NewCallRow.client_key",
            "NewOrder.client_key",
            "OrderRow.client_key",
            "Said.client_key",
            "Starting.key",
            "Visitor.idempotency_key",
        ],
    ),
    ("what rows, words and prices are found by", &["Call.lookup_key", "Found.key", "NamedRow.key", "PlanRow.name_key", "Table.key"]),
    ("of pictures that need none before them", &["Descriptor.key", "Last.key", "Pictures.key_offset"]),
    (
        "told to all who should buy, and kept in the audit log",
        &["NewPromotion.code", "OrderRow.promotion_code", "Promoted.code", "Promotion.code", "PromotionRow.code", "TypedPromotion.code"],
    ),
    ("the page of one order, where one can pay for it and take nothing", &["CheckoutPage.url", "Opened.url", "OrderRow.url"]),
    (
        "public, or shown in the dashboard: addresses of the community, and the last characters of a key",
        &["Checkout.cancel_url", "Checkout.success_url", "Serving.url", "StripeStatus.key_hint", "StripeStatus.webhook_url", "Way.url"],
    ),
];

/// Fields that would show a secret wherever their type is written down for whoever mends the program.
fn showing(items: &[Item]) -> BTreeSet<String> {
    let means = |word: &str| MEANING.iter().any(|meaning| word == *meaning || word.strip_suffix('s') == Some(meaning));
    let secret = |field: &str| {
        let (name, kind) = field.split_once(": ")?;
        let name = words(name).last()?;
        let holds = words(kind).any(|word| ["String", "str", "u8", "Bytes"].contains(&word));
        (holds && name.split('_').any(means)).then(|| name.to_owned())
    };
    let shown = items.iter().filter(|item| words(&item.attributes).any(|word| word == "Debug"));
    let fields = |item: &Item| {
        let found = item.body.split([',', '{', '\n']).filter_map(|field| secret(field.trim()));
        found.map(|field| format!("{}.{field}", item.name)).collect::<Vec<_>>()
    };
    shown.flat_map(fields).collect()
}

#[test]
fn no_type_shows_a_secret_that_it_holds() {
    let told = |text: &str| showing(&items(text)).len();
    let named = |field: &str, kind: &str| told(&format!("#[derive(Debug)]\nstruct A {{\n    pub {field}: {kind},\n}}"));
    let meant = [
        named("token", "Option<String>"),
        named("smtp_password", "String"),
        named("webhook_secrets", "Vec<String>"),
        named("master_key", "[u8; 32]"),
        named("codes", "&'a [String]"),
        named("database_url", "Option<String>"),
    ];
    assert_eq!(meant, [1; 6]);
    let harmless = [named("token", "Token"), named("decoded", "String"), named("key_of", "u128"), named("keeper", "String")];
    assert_eq!(harmless, [0; 4]);
    assert_eq!(told("#[derive(Clone)]\nstruct A {\n    pub token: Option<String>,\n}"), 0);
    let all: Vec<Item> = sources().iter().flat_map(|source| items(&source.text)).collect();
    let excepted: BTreeSet<String> = NO_SECRETS.iter().flat_map(|(_, fields)| *fields).map(|field| (*field).to_owned()).collect();
    let found = showing(&all);
    let shown: Vec<&String> = found.difference(&excepted).collect();
    tell("types that may be shown", all.iter().filter(|item| item.attributes.contains("Debug")).count());
    tell("types that show a secret", shown.len());
    assert!(shown.is_empty(), "{shown:#?}");
    let idle: Vec<&String> = excepted.difference(&found).collect();
    assert!(idle.is_empty(), "exceptions of nothing: {idle:#?}");
}

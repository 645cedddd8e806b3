//! What every answer carries, whoever asks and however it ends: what a browser may do with it, and that nothing of a member is kept.

use std::collections::BTreeSet;

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use rialto::config::TlsMode;

use super::cast::Cast;
use super::table::TABLE;
use crate::support::{Town, tell};

/// On every answer, to the letter.
const ALWAYS: [(&str, &str); 6] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(self), microphone=(self), display-capture=(self), geolocation=(), payment=(), usb=(), serial=(), hid=(), midi=()",
    ),
];
/// The policy of what is no page.
const BARE: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
/// A drawing has its colours in itself, and no script.
const OF_A_DRAWING: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
/// What the policy of a page must say.
const OF_A_PAGE: [&str; 8] = [
    "default-src 'none'",
    "'strict-dynamic'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "object-src 'none'",
    "require-trusted-types-for 'script'",
    "frame-src 'none'",
];
/// The same for everyone.
const FILES: [&str; 4] = ["/static/", "/community.css", "/favicon.svg", "/robots.txt"];

/// What was seen on all answers.
#[derive(Default)]
struct Seen {
    answers: usize,
    pages: usize,
    nonces: BTreeSet<String>,
    requests: BTreeSet<String>,
    wrong: Vec<String>,
}

fn header<'a>(all: &'a HeaderMap, name: &str) -> &'a str {
    all.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

impl Seen {
    async fn look(&mut self, what: &str, is_private: bool, asked: RequestBuilder) {
        let answer = asked.header("accept", "text/html, application/json").send().await.expect("an answer");
        let (status, all) = (answer.status().as_u16(), answer.headers().clone());
        let body = answer.text().await.expect("a body");
        let mut miss = |sentence: String| self.wrong.push(format!("{what}, {status}: {sentence}"));
        for (name, value) in ALWAYS {
            if header(&all, name) != value || all.get_all(name).iter().count() != 1 {
                miss(format!("{name}: {}", header(&all, name)));
            }
        }
        for name in ["server", "x-powered-by"] {
            if all.contains_key(name) {
                miss(format!("{name} is there"));
            }
        }
        let kept = header(&all, "cache-control");
        if (is_private && kept != "no-store, private") || (status >= 400 && !kept.contains("no-store")) {
            miss(format!("cache-control: {kept}"));
        }
        for cookie in all.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok()) {
            if !cookie.contains("HttpOnly") || !cookie.contains("SameSite=Lax") {
                miss(format!("set-cookie: {}", cookie.split('=').next().unwrap_or_default()));
            }
        }
        let policy = header(&all, "content-security-policy");
        let bare = if what.starts_with("GET /favicon.svg") { OF_A_DRAWING } else { BARE };
        let is_page = header(&all, "content-type").starts_with("text/html") && !body.is_empty();
        if is_page {
            let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).unwrap_or_default();
            if OF_A_PAGE.iter().any(|part| !policy.contains(part)) || policy.contains("unsafe-") || policy.contains('*') {
                miss(format!("policy: {policy}"));
            }
            if nonce.len() < 22 || !body.contains(&format!("nonce=\"{nonce}\"")) || !self.nonces.insert(nonce.to_owned()) {
                miss(format!("nonce: {nonce}"));
            }
            self.pages += 1;
        } else if policy != bare {
            miss(format!("policy: {policy}"));
        }
        if !self.requests.insert(header(&all, "x-request-id").to_owned()) {
            self.wrong.push(format!("{what}: x-request-id {}", header(&all, "x-request-id")));
        }
        self.answers += 1;
    }
}

/// What is refused before or beside every route.
fn refusals(town: &Town) -> Vec<(&'static str, bool, RequestBuilder)> {
    let to = |method: Method, path: &str| town.http.request(method, town.url(path));
    let long = format!("{{\"username\":\"{}\"}}", "x".repeat(100_000));
    vec![
        ("no such page", false, to(Method::GET, "/nowhere")),
        ("no such call", true, to(Method::GET, "/api/v1/nowhere")),
        ("no such file", false, to(Method::GET, "/static/dev/nowhere.js")),
        ("another method", false, to(Method::PATCH, "/")),
        ("another method of the API", true, to(Method::DELETE, "/api/v1/sign-in")),
        ("TRACE", false, to(Method::TRACE, "/")),
        ("TRACE of the API", true, to(Method::TRACE, "/api/v1/me")),
        ("CONNECT by another name", true, to(Method::from_bytes(b"CONNECTED").expect("a method"), "/api/v1/me")),
        ("HEAD", false, to(Method::HEAD, "/healthz")),
        ("OPTIONS", true, to(Method::OPTIONS, "/api/v1/me").header("origin", "https://evil.example")),
        ("a form", true, to(Method::POST, "/api/v1/sign-in").header("content-type", "text/plain").body("{}")),
        ("no JSON", true, to(Method::POST, "/api/v1/sign-in").header("content-type", "application/json").body("{")),
        ("too long", true, to(Method::POST, "/api/v1/sign-in").header("content-type", "application/json").body(long)),
        ("a foreign name", false, to(Method::GET, "/").header("host", "evil.example")),
        ("a foreign page", true, to(Method::POST, "/api/v1/sign-in").header("origin", "https://evil.example").body("{}")),
        ("a wrong query", true, to(Method::GET, "/api/v1/plans?nobody=1")),
        ("a wrong path", false, to(Method::GET, "/%2e%2e/%00")),
    ]
}

#[actix_web::test]
async fn every_answer_says_what_a_browser_may_do_with_it() {
    let cast = Cast::gather().await;
    let mut seen = Seen::default();
    for row in TABLE {
        for visitor in cast.visitors.iter().filter(|visitor| ["stranger", "banned", "insider", "owner"].contains(&visitor.name)) {
            let targets = cast.targets(row.method, row.path, cast.private, visitor).await;
            let is_file = FILES.iter().any(|file| row.path.starts_with(file));
            let is_private = !is_file && (visitor.person.is_some() || row.path.starts_with("/api/"));
            let asked = cast.ask(visitor, row.method, row.path, &targets).await;
            seen.look(&format!("{} {} for {}", row.method, row.path, visitor.name), is_private, asked).await;
        }
    }
    for (what, is_private, asked) in refusals(&cast.town) {
        seen.look(what, is_private, asked).await;
    }
    tell("answers with their headers", seen.answers);
    tell("pages, each with a nonce of its own", seen.nonces.len());
    tell("headers missing or wrong", seen.wrong.len());
    assert_eq!(seen.pages, seen.nonces.len());
    assert!(seen.wrong.is_empty(), "{}", seen.wrong.join("\n"));
    cast.town.close().await;
}

#[actix_web::test]
async fn a_name_that_stays_is_pinned_to_https() {
    let files = TlsMode::Files { cert: "cert.pem".into(), key: "key.pem".into() };
    // Only what is said of it: the connection itself is plain here.
    let town = Town::with(|config| config.tls = files).await;
    let answer = town.http.get(town.url("/healthz")).send().await.expect("an answer");
    assert_eq!((answer.status().as_u16(), header(answer.headers(), "strict-transport-security")), (200, "max-age=31536000"));
    let answer = town.http.get(town.url("/nowhere")).send().await.expect("an answer");
    assert_eq!((answer.status().as_u16(), header(answer.headers(), "strict-transport-security")), (404, "max-age=31536000"));
    town.close().await;
}

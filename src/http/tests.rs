//! The middleware and the routes together: headers, hosts, causes, problems, files, health.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use actix_web::body::to_bytes;
use actix_web::dev::Service;
use actix_web::http::Method;
use actix_web::http::header::HeaderMap;
use actix_web::middleware::from_fn;
use actix_web::test::{self, TestRequest};
use actix_web::web::{self, Data};
use actix_web::{App, HttpResponse};

use super::files::Files;
use super::{Looker, Metrics, Site, front, mount};
use crate::access::{Actor, Authenticator, Ground, Keys, Permission, Permissions, Public, Rates, RouteTable, Routes, Scopes, Visitor};
use crate::clock::{Clock, Millis};
use crate::config::{Config, TlsMode};
use crate::error::{Error, RefusalKind, Result};
use crate::ids::{Ids, MemberId, SessionId};
use crate::live::{Hub, Logged};
use crate::mail::Mailer;
use crate::settings::{Settings, SettingsCell};
use crate::storage::{Conn, Db, DbLimits, Sink, Target};
use crate::text::Words;

/// Plain HTTP on the default address.
pub fn config() -> Config {
    Config {
        data: PathBuf::new(),
        target: Target::Sqlite(PathBuf::new()),
        listen: "127.0.0.1:8080".parse().expect("address"),
        public_url: None,
        tls: TlsMode::Off,
        acme_directory: None,
        acme_ca: None,
        acme_contact: None,
        trusted_proxies: Vec::new(),
        smtp_url: None,
        mail_from: None,
        workers: 1,
        heartbeat_ms: 25_000,
        raised_limits: false,
        log_json: false,
    }
}

struct Nowhere;
impl Sink for Nowhere {
    fn publish(&self, _: Vec<Logged>) {}
    fn signal(&self, _: crate::live::Signal) {}

    fn wake_jobs(&self) {}
}

/// Knows two bearers: one that may read the metrics, one that may not.
struct TwoBearers;
impl Authenticator for TwoBearers {
    fn actor(&self, _: &mut Conn, visitor: &Visitor, now: Millis) -> Result<Actor> {
        let mut actor = Actor::stranger(visitor.address, now);
        let hash = visitor.credential.as_ref().map(|credential| credential.token_hash().to_vec());
        for (token, permissions) in [("reader", Permissions::NONE.with(Permission::MetricsRead)), ("member", Permissions::NONE)] {
            if hash.as_deref() == Some(&crate::access::hash_token(token)[..]) {
                actor.member = Some(MemberId(1));
                actor.permissions = permissions;
                actor.scopes = Scopes::ALL;
            }
        }
        Ok(actor)
    }

    fn actor_of_session(&self, _: &mut Conn, _: SessionId, address: Option<IpAddr>, now: Millis) -> Result<Actor> {
        Ok(Actor::stranger(address, now))
    }
}

const TEMPLATES: [(&str, &str); 4] = [
    (
        "page.html",
        "<script nonce=\"{{ nonce }}\"></script>{{ community.name }} {{ lang }} {{ path }} {{ word }} {{ t('error.sign_in') }} {{ page_json | safe }}",
    ),
    ("strict.html", "{{ nobody }}"),
    ("errors/known.html", "known {{ kind }} {{ reference }}"),
    ("errors/other.html", "other {{ kind }} {{ title }} {{ sentence }}"),
];

#[derive(serde::Serialize)]
struct Word {
    word: &'static str,
}

async fn page(gate: Public, site: Site) -> Result<HttpResponse> {
    site.page(&Looker::stranger(gate.visitor().language), gate.visitor(), "page.html", Word { word: "<b>" })
}

async fn strict(gate: Public, site: Site) -> Result<HttpResponse> {
    site.page(&Looker::stranger("en"), gate.visitor(), "strict.html", ())
}

async fn fails(_: Public, path: web::Path<String>) -> Result<HttpResponse> {
    Err(match path.as_str() {
        "sign-in" => Error::SignIn,
        "forbidden" => Error::forbidden("access.not_allowed"),
        "gone" => Error::refused(RefusalKind::Gone, "error.not_found"),
        "slow" => Error::slow_down("error.slow_down", 1_500),
        "busy" => Error::Busy { retry_after_ms: 200 },
        "fields" => Error::invalid("name", "error.body"),
        "broken" => Error::broken("secret detail"),
        "panic" => panic!("a handler that panics"),
        _ => Error::NotFound,
    })
}

async fn write(_: Public) -> HttpResponse {
    HttpResponse::NoContent().finish()
}

struct Parts {
    ground: Ground,
    site: Site,
    _folder: tempfile::TempDir,
}

fn parts(config: Config, files: Files) -> Parts {
    let folder = tempfile::tempdir().expect("folder");
    let clock = Clock::held(1_800_000_000_000).0;
    let ids = Arc::new(Ids::new(clock.clone()));
    let target = Target::Sqlite(folder.path().join("test.db"));
    let db = Db::open(target, DbLimits::default(), clock.clone(), Arc::clone(&ids), Arc::new(Nowhere)).expect("database");
    let words = Arc::new(Words::load().expect("words"));
    let settings = SettingsCell::new(Settings::default());
    let load = |name: &str| TEMPLATES.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned());
    let site = Site::with(Arc::clone(&words), settings.clone(), &config, false, files, Arc::new(load));
    let ground = Ground {
        db,
        clock,
        ids,
        keys: Keys::new([1; 32]),
        settings,
        config: Arc::new(config.clone()),
        authenticator: Arc::new(TwoBearers),
        hub: Hub::new(),
        rates: Rates::new(&[]),
        mailer: Mailer::new(&config).expect("mailer"),
        words,
        is_demo: false,
    };
    Parts { ground, site, _folder: folder }
}

/// What came back.
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).expect("json")
    }
}

/// Asks a program that is put together as the real one is.
async fn ask(parts: &Parts, request: TestRequest) -> Answer {
    let table = RouteTable::default();
    let rows = table.clone();
    let app = App::new()
        .app_data(Data::new(parts.ground.clone()))
        .app_data(parts.site.clone())
        .app_data(Metrics::new())
        .app_data(table)
        .configure(move |config| {
            let mut routes = Routes::new(config, rows.clone());
            mount(&mut routes);
            routes.get("/page", page).get("/strict", strict).get("/fails/{how}", fails).get("/api/v1/fails/{how}", fails);
            routes.post("/api/v1/things", write).get("/api/v1/things", write);
        })
        .wrap(from_fn(front));
    let service = test::init_service(app).await;
    let response = match service.call(request.to_request()).await {
        Ok(response) => response.into_parts().1.map_into_boxed_body(),
        Err(error) => error.error_response(),
    };
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = to_bytes(response.into_body()).await.expect("body");
    Answer { status, headers, body: String::from_utf8_lossy(&body).into_owned() }
}

fn get(path: &str) -> TestRequest {
    TestRequest::get().uri(path).insert_header(("Host", "localhost:8080")).peer_addr("127.0.0.1:4000".parse().expect("address"))
}

fn browse(path: &str) -> TestRequest {
    get(path).insert_header(("Accept", "text/html,*/*"))
}

fn post(path: &str) -> TestRequest {
    TestRequest::post().uri(path).insert_header(("Host", "localhost:8080"))
}

fn plain() -> Parts {
    parts(config(), Files::live())
}

#[actix_web::test]
async fn a_page_has_a_fresh_nonce_in_its_policy_and_is_not_kept() {
    let parts = plain();
    let (first, second) = (ask(&parts, browse("/page?a=b")).await, ask(&parts, browse("/page")).await);
    assert_eq!((first.status, first.header("content-type")), (200, "text/html; charset=utf-8"));
    let nonce = first.body.split("nonce=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a nonce");
    let policy = first.header("content-security-policy");
    assert!(nonce.len() == 22 && policy.contains(&format!("script-src 'nonce-{nonce}' 'strict-dynamic';")), "{policy}");
    assert!(!second.body.contains(nonce));
    for part in [
        "default-src 'none'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "require-trusted-types-for 'script'",
        "trusted-types rialto-template rialto-body",
    ] {
        assert!(policy.split("; ").any(|known| known == part), "{part}");
    }
    assert!(!policy.contains("unsafe"));
    assert_eq!(first.header("cache-control"), "no-store, private");
    assert!(first.body.ends_with("Rialto en &#x2f;page &lt;b&gt; Sign in first. {\"word\":\"\\u003cb\\u003e\"}"), "{}", first.body);
    assert!(first.headers.get("strict-transport-security").is_none());
}

#[actix_web::test]
async fn every_answer_carries_the_headers_and_a_reference() {
    let parts = plain();
    for path in
        ["/page", "/nowhere", "/healthz", "/static/dev/words/en/error.json", "/api/v1/fails/panic", "/fails/broken", "/community.css"]
    {
        let answer = ask(&parts, browse(path)).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{path}");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin", "{path}");
        assert!(answer.header("permissions-policy").starts_with("camera=(self), microphone=(self), display-capture=(self)"), "{path}");
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(answer.header("x-request-id").len(), 12, "{path}");
        assert!(!answer.header("cache-control").is_empty(), "{path}");
    }
}

#[actix_web::test]
async fn https_is_pinned_when_the_certificate_is_ours_and_the_socket_is_in_the_policy() {
    let config =
        Config { tls: TlsMode::Domain("talk.example.org".to_owned()), public_url: Some("https://talk.example.org".to_owned()), ..config() };
    let parts = parts(config, Files::live());
    let ours = TestRequest::get().uri("/page").insert_header(("Host", "talk.example.org"));
    let answer = ask(&parts, ours).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("strict-transport-security"), "max-age=31536000");
    assert!(answer.header("content-security-policy").contains("connect-src 'self' wss://talk.example.org;"));
}

#[actix_web::test]
async fn a_strange_host_is_misdirected() {
    let parts = plain();
    let answer = ask(&parts, TestRequest::get().uri("/api/v1/things").insert_header(("Host", "evil.example"))).await;
    assert_eq!((answer.status, answer.json()["code"].as_str()), (421, Some("error.wrong_host")));
    let answer =
        ask(&parts, TestRequest::get().uri("/page").insert_header(("Host", "evil.example")).insert_header(("Accept", "text/html"))).await;
    assert!(answer.status == 421 && answer.body.starts_with("other wrong_host"), "{}", answer.body);
    for path in ["/api/v1/things", "/static/dev/start.js", "/live", "/favicon.svg"] {
        let browser = TestRequest::get().uri(path).insert_header(("Host", "evil.example")).insert_header(("Accept", "text/html,*/*;q=0.8"));
        let answer = ask(&parts, browser).await;
        assert!(answer.status == 421 && answer.body.starts_with("other wrong_host"), "{path}: {}", answer.body);
    }
    assert_eq!(ask(&parts, TestRequest::get().uri("/page")).await.status, 421, "without a host");
}

#[actix_web::test]
async fn writes_with_a_cookie_come_from_our_own_pages_only() {
    let parts = plain();
    let with_cookie = || post("/api/v1/things").insert_header(("Cookie", "rialto-8080=abc"));
    let answer = ask(&parts, with_cookie()).await;
    assert_eq!((answer.status, answer.json()["code"].as_str()), (403, Some("access.foreign_origin")));
    assert_eq!(ask(&parts, with_cookie().insert_header(("Origin", "http://evil.example"))).await.status, 403);
    assert_eq!(ask(&parts, with_cookie().insert_header(("Sec-Fetch-Site", "same-site"))).await.status, 403);
    assert_eq!(ask(&parts, with_cookie().insert_header(("Origin", "http://localhost:8080"))).await.status, 204);
    assert_eq!(ask(&parts, with_cookie().insert_header(("Sec-Fetch-Site", "same-origin"))).await.status, 204);
    assert_eq!(
        ask(&parts, with_cookie().insert_header(("Authorization", "Bearer member"))).await.status,
        204,
        "a bearer is no ambient authority"
    );
    assert_eq!(ask(&parts, post("/api/v1/things")).await.status, 204);
    assert_eq!(ask(&parts, get("/api/v1/things").insert_header(("Cookie", "rialto-8080=abc"))).await.status, 204);
}

#[actix_web::test]
async fn a_key_for_a_request_has_a_limit() {
    let parts = plain();
    let with_key = |length: usize| post("/api/v1/things").insert_header(("Idempotency-Key", "k".repeat(length)));
    assert_eq!(ask(&parts, with_key(200)).await.status, 204);
    let answer = ask(&parts, with_key(201)).await;
    assert_eq!((answer.status, answer.json()["code"].as_str()), (422, Some("error.idempotency_key_length")));
}

#[actix_web::test]
async fn programs_get_problems_in_their_language() {
    let parts = plain();
    let cases = [
        ("missing", 404, "error.not_found"),
        ("sign-in", 401, "error.sign_in"),
        ("forbidden", 403, "access.not_allowed"),
        ("slow", 429, "error.slow_down"),
        ("busy", 503, "error.busy"),
        ("fields", 422, "error.body"),
    ];
    for (how, status, code) in cases {
        // The API answers in JSON whatever is accepted.
        let answer = ask(&parts, browse(&format!("/api/v1/fails/{how}")).insert_header(("Accept-Language", "fr"))).await;
        assert_eq!((answer.status, answer.header("content-type")), (status, "application/problem+json"), "{how}");
        let body = answer.json();
        assert_eq!(
            (body["status"].as_u64(), body["code"].as_str(), body["type"].as_str()),
            (Some(u64::from(status)), Some(code), Some("about:blank"))
        );
        assert_ne!(body["detail"], code, "{code} has no words");
        assert_eq!(answer.header("cache-control"), "no-store, private");
    }
    let slow = ask(&parts, get("/api/v1/fails/slow")).await;
    assert_eq!((slow.header("retry-after"), slow.json()["retry_after_ms"].as_u64()), ("2", Some(1_500)));
    let fields = ask(&parts, get("/api/v1/fails/fields")).await.json();
    assert_eq!((fields["problems"][0]["field"].as_str(), fields["problems"][0]["code"].as_str()), (Some("name"), Some("error.body")));
    assert_eq!(ask(&parts, get("/fails/forbidden")).await.header("content-type"), "application/problem+json", "who does not read HTML");
}

#[actix_web::test]
async fn a_failure_of_ours_is_a_reference_and_no_detail() {
    let parts = plain();
    for how in ["broken", "panic"] {
        let answer = ask(&parts, get(&format!("/api/v1/fails/{how}"))).await;
        assert_eq!((answer.status, answer.json()["code"].as_str()), (500, Some("error.broken")), "{how}");
        assert_eq!(answer.json()["reference"], answer.header("x-request-id"));
        assert!(!answer.body.contains("secret"));
        let page = ask(&parts, browse(&format!("/fails/{how}"))).await;
        assert_eq!(page.body, format!("known broken {}", page.header("x-request-id")));
    }
    assert_eq!(ask(&parts, browse("/strict")).await.status, 500, "an undefined name is an error");
}

#[actix_web::test]
async fn people_get_pages_and_strangers_the_way_in() {
    let parts = plain();
    let answer = ask(&parts, browse("/fails/sign-in?a=1")).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/sign-in?next=/fails/sign-in%3Fa%3D1"));
    for (how, status, start) in [
        ("forbidden", 403, "known forbidden"),
        ("missing", 404, "known not_found"),
        ("gone", 410, "other gone This is over"),
        ("slow", 429, "other slow_down One moment"),
        ("busy", 503, "known restarting"),
    ] {
        let answer = ask(&parts, browse(&format!("/fails/{how}"))).await;
        assert!(answer.status == status && answer.body.starts_with(start), "{how}: {} {}", answer.status, answer.body);
        assert!(answer.header("content-security-policy").contains("'strict-dynamic'"));
    }
}

#[actix_web::test]
async fn the_page_of_an_error_speaks_the_language_of_the_account() {
    let mut parts = plain();
    parts.site = parts.site.knowing(Arc::new(|_, actor, visitor| {
        let language = if actor.member.is_some() { "fr" } else { visitor.language };
        Ok(Looker::stranger(language))
    }));
    let english = |path: &str| browse(path).insert_header(("Accept-Language", "en"));
    for path in ["/fails/forbidden", "/fails/missing", "/nowhere", "/fails/gone", "/fails/busy", "/fails/broken", "/fails/panic", "/strict"]
    {
        let known = ask(&parts, english(path).insert_header(("Authorization", "Bearer member"))).await;
        assert!(known.status >= 400 && known.header("content-language") == "fr", "{path}: {} {}", known.status, known.body);
        for stranger in [english(path), english(path).insert_header(("Authorization", "Bearer wrong"))] {
            assert_eq!(ask(&parts, stranger).await.header("content-language"), "en", "{path}");
        }
    }
    parts.site = parts.site.knowing(Arc::new(|_, _, _| Err(Error::broken("no account to be read"))));
    let unread = ask(&parts, english("/nowhere").insert_header(("Authorization", "Bearer member"))).await;
    assert_eq!((unread.status, unread.header("content-language")), (404, "en"), "an error has its page anyway");
}

#[actix_web::test]
async fn an_unknown_path_and_a_wrong_method_are_told_apart() {
    let parts = plain();
    assert_eq!(ask(&parts, get("/api/v1/nothing")).await.json()["code"], "error.not_found");
    let answer = ask(&parts, TestRequest::delete().uri("/api/v1/things").insert_header(("Host", "localhost:8080"))).await;
    assert_eq!((answer.status, answer.header("allow"), answer.json()["code"].as_str()), (405, "GET, POST, HEAD", Some("error.method")));
    let head = TestRequest::default().method(Method::HEAD).uri("/healthz").insert_header(("Host", "localhost:8080"));
    assert_eq!(ask(&parts, head).await.status, 200);
}

#[actix_web::test]
async fn files_are_kept_for_ever_under_their_version_and_nothing_else_is_reached() {
    let parts = parts(config(), Files::held());
    let version = parts.site.files().version().to_owned();
    let name = "words/en/error.json";
    let cookie = ("Cookie", "rialto-8080=abc");
    let answer = ask(&parts, get(&format!("/static/{version}/{name}")).insert_header(cookie)).await;
    assert_eq!(
        (answer.status, answer.header("cache-control"), answer.header("content-type")),
        (200, "public, max-age=31536000, immutable", "application/json")
    );
    let old = ask(&parts, get(&format!("/static/0000/{name}"))).await;
    assert_eq!((old.status, old.header("cache-control")), (200, "no-cache"));
    let known = ask(&parts, get(&format!("/static/0000/{name}")).insert_header(("If-None-Match", old.header("etag").to_owned()))).await;
    assert_eq!((known.status, known.body.as_str()), (304, ""));
    let packed = ask(&parts, get(&format!("/static/{version}/{name}")).insert_header(("Accept-Encoding", "gzip, br"))).await;
    assert_eq!((packed.header("content-encoding"), packed.header("vary")), ("br", "Accept-Encoding"));
    for path in [
        "..%2f..%2fCargo.toml",
        "../Cargo.toml",
        "%2e%2e/Cargo.toml",
        "words/..%2f..%2fCargo.toml",
        "..%5cCargo.toml",
        "%00",
        "",
        "//etc/passwd",
    ] {
        let answer = ask(&parts, get(&format!("/static/{version}/{path}"))).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.header("cache-control"), "no-store, private", "{path}");
    }
}

#[actix_web::test]
async fn the_hue_is_the_settings_and_has_a_validator() {
    let parts = plain();
    let first = ask(&parts, get("/community.css")).await;
    assert_eq!((first.body.as_str(), first.header("content-type")), (":root{--accent-hue:205}\n", "text/css; charset=utf-8"));
    let again = || get("/community.css").insert_header(("If-None-Match", first.header("etag").to_owned()));
    assert_eq!(ask(&parts, again()).await.status, 304);
    parts.ground.settings.put(Settings { community_hue: 30, ..Settings::default() });
    let changed = ask(&parts, again()).await;
    assert_eq!((changed.status, changed.body.as_str()), (200, ":root{--accent-hue:30}\n"));
}

#[actix_web::test]
async fn the_program_says_that_it_lives_and_can_serve() {
    let parts = plain();
    assert_eq!(ask(&parts, get("/healthz")).await.body, "alive\n");
    assert_eq!(ask(&parts, get("/readyz")).await.body, "ready\n");
}

#[actix_web::test]
async fn metrics_are_for_this_machine_and_for_those_who_may() {
    let parts = plain();
    assert!(ask(&parts, get("/metrics")).await.body.contains("rialto_build_info"));
    let from_afar = || {
        TestRequest::get().uri("/metrics").insert_header(("Host", "localhost:8080")).peer_addr("192.0.2.1:4000".parse().expect("address"))
    };
    assert_eq!(ask(&parts, from_afar()).await.status, 401);
    for proxy in ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"] {
        assert_eq!(ask(&parts, get("/metrics").insert_header((proxy, "127.0.0.1"))).await.status, 401, "{proxy}");
    }
    assert_eq!(ask(&parts, from_afar().insert_header(("Authorization", "Bearer reader"))).await.status, 200);
    assert_eq!(ask(&parts, from_afar().insert_header(("Authorization", "Bearer member"))).await.status, 403);
    assert_eq!(ask(&parts, get("/metrics").insert_header(("Authorization", "Bearer wrong"))).await.status, 401);
}

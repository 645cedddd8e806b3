//! The middleware and the routes together: headers, hosts, causes, problems, files, health.

mod asked;
mod errors;
mod served;

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
        stripe_key: None,
        stripe_webhook_secrets: Vec::new(),
        stripe_url: None,
        media_port: 0,
        media_threads: 1,
        public_ips: Vec::new(),
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

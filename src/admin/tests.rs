//! The slice on a real database: settings and their trace, a set-up that works once, and every page for those who may see it.

mod audit;
mod pages;
mod set_up;
mod settings;

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use actix_web::App;
use actix_web::body::to_bytes;
use actix_web::dev::Service;
use actix_web::http::Method;
use actix_web::http::header::HeaderMap;
use actix_web::middleware::from_fn;
use actix_web::test::{self, TestRequest};
use actix_web::web::Data;
use serde_json::{Value, json};

use crate::access::{Authenticator, Ground, Keys, Permission, Rates, RouteTable, Routes, Scopes};
use crate::billing::{self, Billing};
use crate::calls::Calls;
use crate::clock::Clock;
use crate::config::{Config, Given, Machine};
use crate::http::{self, Metrics, Recent, Site};
use crate::ids::{Ids, MemberId};
use crate::live::{Hub, Logged, Signal};
use crate::mail::{Letter, Mailer};
use crate::members::{self, DisplayName, LinkPurpose, Members, NewMember, NewRole, Notices, RoleKind, SessionKind, Sessions, Username};
use crate::settings::{Settings, SettingsCell, SignUpMode};
use crate::storage::{Db, DbLimits, Sink, Target};
use crate::text::Words;

struct Nowhere;
impl Sink for Nowhere {
    fn publish(&self, _: Vec<Logged>) {}
    fn signal(&self, _: Signal) {}
    fn wake_jobs(&self) {}
}

/// The program without sockets.
struct Harbour {
    ground: Ground,
    site: Site,
    members: Members,
    billing: Billing,
    /// Moves the clock.
    hand: Arc<AtomicI64>,
    _folder: tempfile::TempDir,
}

async fn harbour(change: impl FnOnce(&mut Config)) -> Harbour {
    let folder = tempfile::tempdir().expect("folder");
    let (clock, hand) = Clock::held(1_800_000_000_000);
    let ids = Arc::new(Ids::new(clock.clone()));
    let target = Target::Sqlite(folder.path().join("test.db"));
    let db = Db::open(target, DbLimits::default(), clock.clone(), Arc::clone(&ids), Arc::new(Nowhere)).expect("database");
    db.write(members::ensure_built_in_roles).await.expect("roles");
    let billing = Billing::alone();
    let inside = billing.clone();
    db.write(move |tx| billing::ensure(tx, &inside)).await.expect("a plan");
    let mut config = Config::from(Given::default(), &Machine { address: None, processors: 2 }).expect("defaults work");
    change(&mut config);
    let words = Arc::new(Words::load().expect("words"));
    let settings = SettingsCell::new(Settings::default());
    let sessions = Arc::new(Sessions::new());
    let members = Members::new(Arc::clone(&sessions), Notices::none(), 2).expect("randomness");
    let site = Site::new(Arc::clone(&words), settings.clone(), &config, false).knowing(Arc::new(members::looker));
    let ground = Ground {
        db,
        clock,
        ids,
        keys: Keys::new([1; 32]),
        settings,
        mailer: Mailer::new(&config).expect("mailer"),
        config: Arc::new(config),
        authenticator: sessions as Arc<dyn Authenticator>,
        hub: Hub::new(),
        rates: Rates::new(&[]),
        words,
        is_demo: false,
    };
    Harbour { ground, site, members, billing, hand, _folder: folder }
}

/// What came back.
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    fn fields(&self) -> Vec<(String, String)> {
        let problems = self.json()["problems"].as_array().cloned().unwrap_or_default();
        problems
            .iter()
            .map(|one| (one["field"].as_str().unwrap_or("?").to_owned(), one["code"].as_str().unwrap_or("?").to_owned()))
            .collect()
    }
}

impl Harbour {
    async fn ask(&self, method: Method, path: &str, token: &str, body: Option<Value>) -> Answer {
        let mut request = TestRequest::default()
            .method(method)
            .uri(path)
            .insert_header(("Host", if self.ground.config.public_url.is_some() { "harbour.example" } else { "localhost:8080" }))
            .peer_addr("127.0.0.1:4000".parse().expect("address"));
        if !path.starts_with("/api/") {
            request = request.insert_header(("Accept", "text/html,*/*"));
        }
        if !token.is_empty() {
            request = request.insert_header(("Authorization", format!("Bearer {token}")));
        }
        if let Some(body) = body {
            request = request.set_json(body);
        }
        let (table, rows) = (RouteTable::default(), RouteTable::default());
        let app = App::new()
            .app_data(Data::new(self.ground.clone()))
            .app_data(Data::new(self.members.clone()))
            .app_data(Data::new(self.billing.clone()))
            .app_data(Data::new(Calls::new(self.ground.hub.clone(), self.ground.clock.clone())))
            .app_data(self.site.clone())
            .app_data(Metrics::new())
            .app_data(Data::new(Recent::new(self.ground.clock.clone())))
            .app_data(table)
            .configure(move |config| {
                let mut routes = Routes::new(config, rows.clone());
                members::mount(&mut routes);
                billing::mount(&mut routes);
                super::mount(&mut routes);
            })
            .wrap(from_fn(http::front));
        let service = test::init_service(app).await;
        let response = match service.call(request.to_request()).await {
            Ok(response) => response.into_parts().1.map_into_boxed_body(),
            Err(error) => error.error_response(),
        };
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = to_bytes(response.into_body()).await.expect("body");
        // The templates write a slash as an entity.
        Answer { status, headers, body: String::from_utf8_lossy(&body).replace("&#x2f;", "/") }
    }

    async fn get(&self, path: &str, token: &str) -> Answer {
        self.ask(Method::GET, path, token, None).await
    }

    /// A member with a bearer session that has a role of this kind, and one of their own with these permissions.
    async fn person(&self, name: &str, kind: RoleKind, own: &[Permission]) -> (MemberId, String) {
        let (name, own) = (name.to_owned(), own.iter().copied().collect::<crate::access::Permissions>());
        self.ground
            .db
            .write(move |tx| {
                let mut new = NewMember::named(Username::parse(&name)?, DisplayName::parse(&name)?);
                if kind == RoleKind::Own {
                    new.roles.push(own_role(tx, &name, own)?);
                } else {
                    new.roles.push(members::built_in_role(tx, kind)?);
                }
                let member = members::create_member(tx, &new)?;
                let (_, token) = members::make_session(tx, member, SessionKind::Bearer, Scopes::ALL, "test", None)?;
                Ok((member, token.reveal().to_owned()))
            })
            .await
            .expect("a member")
    }

    async fn setup_link(&self) -> String {
        let made = self.ground.db.write(|tx| members::make_link(tx, LinkPurpose::SetUp, None, None, 60_000)).await;
        made.expect("a link").reveal().to_owned()
    }
}

/// A role with exactly these permissions, made as the program itself would.
fn own_role(
    tx: &mut crate::storage::Tx<'_>,
    name: &str,
    permissions: crate::access::Permissions,
) -> crate::error::Result<crate::ids::RoleId> {
    let mut all = crate::access::Actor::stranger(None, tx.now());
    all.member = Some(MemberId(1));
    all.permissions = crate::access::Permissions::ALL;
    let may = crate::access::Permit::check(tx, &all, ())?;
    Ok(members::make_role(tx, &may, &all, &NewRole { name: name.to_owned(), permissions, place: None })?.id)
}

fn set_up_form(code: &str) -> Value {
    json!({
        "code": code, "username": "Marta", "display_name": "Marta Olsen", "password": "along the old quay", "email": "",
        "community_name": " The  Harbour Club ", "community_sentence": "Boats behind the lock.", "community_hue": 30,
        "sign_up_mode": "approval",
        "rooms": [{ "kind": "announcement", "name": "notices" }, { "kind": "public", "name": "harbour", "topic": "Who sails when" }],
    })
}

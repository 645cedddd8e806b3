//! The slice on a real database: settings and their trace, a set-up that works once, and every page for those who may see it.

mod audit;

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
use crate::clock::Clock;
use crate::config::{Config, Given, Machine};
use crate::http::{self, Metrics, Site};
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
    Harbour { ground, site, members, hand, _folder: folder }
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
            .app_data(self.site.clone())
            .app_data(Metrics::new())
            .app_data(table)
            .configure(move |config| {
                let mut routes = Routes::new(config, rows.clone());
                members::mount(&mut routes);
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

#[actix_web::test]
async fn a_change_of_settings_is_in_force_and_leaves_a_trace_of_what_changed() {
    let harbour = harbour(|_| {}).await;
    let (owner, token) = harbour.person("marta", RoleKind::Owner, &[]).await;
    let change = json!({ "community_name": "  The   Harbour Club ", "sign_up_mode": "open", "message_bytes": 16_384 });
    let answer = harbour.ask(Method::PATCH, "/api/v1/admin/settings", &token, Some(change)).await;
    assert_eq!((answer.status, answer.json()["community_name"].as_str()), (200, Some("The Harbour Club")), "{}", answer.body);
    assert_eq!(harbour.ground.settings.get().sign_up_mode, SignUpMode::Open);
    assert_eq!(harbour.get("/api/v1/admin/settings", &token).await.json()["sign_up_mode"], "open");

    let row = harbour.get("/api/v1/admin/audit?act=settings.", &token).await.json()["items"][0].clone();
    assert_eq!((row["act"].as_str(), row["actor"].as_str()), (Some("settings.change"), Some(owner.to_string().as_str())));
    assert_eq!(row["before"], json!({ "community_name": "Rialto", "sign_up_mode": "invite" }), "only what changed");
    assert_eq!(row["after"], json!({ "community_name": "The Harbour Club", "sign_up_mode": "open" }));

    let again = harbour.ask(Method::PATCH, "/api/v1/admin/settings", &token, Some(json!({ "sign_up_mode": "open" }))).await;
    assert_eq!(again.status, 200);
    let rows = harbour.get("/api/v1/admin/audit?act=settings.", &token).await.json();
    assert_eq!(rows["items"].as_array().map(Vec::len), Some(1), "what changes nothing leaves no trace");
}

#[actix_web::test]
async fn a_setting_that_does_not_fit_changes_nothing() {
    let harbour = harbour(|_| {}).await;
    let (_, token) = harbour.person("marta", RoleKind::Owner, &[]).await;
    for (change, field, code) in [
        (json!({ "sign_up_moode": "open" }), "", "settings.unknown"),
        (json!({ "sign_up_mode": "ajar" }), "", "settings.value"),
        (json!({ "sign_up_mode": "open", "group_members": 2 }), "group_members", "settings.group_members"),
        (json!({ "community_name": "\u{200b} " }), "community_name", "settings.community_name"),
    ] {
        let answer = harbour.ask(Method::PATCH, "/api/v1/admin/settings", &token, Some(change.clone())).await;
        assert_eq!((answer.status, answer.fields()), (422, vec![(field.to_owned(), code.to_owned())]), "{change}");
    }
    assert_eq!(*harbour.ground.settings.get(), Settings::default());
    assert_eq!(harbour.get("/api/v1/admin/audit", &token).await.json()["items"], json!([]));
}

#[actix_web::test]
async fn the_set_up_works_once() {
    let harbour = harbour(|_| {}).await;
    let (code, spare) = (harbour.setup_link().await, harbour.setup_link().await);
    assert_eq!(harbour.get(&format!("/setup/{code}"), "").await.status, 200);
    let made = harbour.ask(Method::POST, "/api/v1/setup", "", Some(set_up_form(&code))).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert!(
        made.headers
            .get("set-cookie")
            .is_some_and(|cookie| cookie.to_str().is_ok_and(|text| text.contains("HttpOnly") && text.contains("SameSite=Lax")))
    );
    let (answer, settings) = (made.json(), harbour.ground.settings.get());
    assert_eq!(
        (settings.community_name.as_str(), settings.community_hue, settings.sign_up_mode),
        ("The Harbour Club", 30, SignUpMode::Approval)
    );
    assert_eq!((answer["member"]["username"].as_str(), answer["reachable"].as_bool()), (Some("marta"), Some(false)));

    let token = answer["token"].as_str().expect("a bearer's token");
    let summary = harbour.get("/api/v1/admin/summary", token).await.json();
    assert_eq!((summary["rooms"].as_i64(), summary["members"]["active"].as_i64()), (Some(2), Some(1)), "{summary}");
    assert!(summary["database_bytes"].as_i64().is_some_and(|bytes| bytes > 0));
    let sign_in = json!({ "username": "marta", "password": "along the old quay" });
    assert_eq!(harbour.ask(Method::POST, "/api/v1/sign-in", "", Some(sign_in)).await.status, 200);

    for code in [&code, &spare] {
        let again = harbour.ask(Method::POST, "/api/v1/setup", "", Some(set_up_form(code))).await;
        assert_eq!((again.status, again.json()["code"].as_str()), (410, Some("setup.done")));
        assert_eq!(harbour.get(&format!("/setup/{code}"), "").await.status, 410);
    }
}

#[actix_web::test]
async fn ten_set_ups_at_once_make_one_owner() {
    let harbour = harbour(|_| {}).await;
    let code = harbour.setup_link().await;
    let tries = (0..10).map(|n| {
        let mut form = set_up_form(&code);
        form["username"] = json!(format!("owner{n}"));
        harbour.ask(Method::POST, "/api/v1/setup", "", Some(form))
    });
    let answers: Vec<u16> = futures_util::future::join_all(tries).await.into_iter().map(|answer| answer.status).collect();
    assert_eq!(answers.iter().filter(|status| **status == 201).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|status| [201, 410, 503].contains(status)), "{answers:?}");
    let owners = harbour.ground.db.read(super::store::member_counts).await.expect("counts");
    assert_eq!(owners.active, 1);
}

#[actix_web::test]
async fn every_wrong_field_of_the_set_up_is_told_and_the_link_stays_good() {
    let harbour = harbour(|_| {}).await;
    let code = harbour.setup_link().await;
    let mut form = set_up_form(&code);
    form["username"] = json!("x");
    form["password"] = json!("short");
    form["community_hue"] = json!(360);
    form["rooms"] =
        json!([{ "kind": "public", "name": "quay" }, { "kind": "public", "name": "QUAY" }, { "kind": "private", "name": "back room" }]);
    let answer = harbour.ask(Method::POST, "/api/v1/setup", "", Some(form)).await;
    assert_eq!(answer.status, 422);
    let told = answer.fields();
    for (field, code) in [
        ("username", "members.username_shape"),
        ("password", "members.password_short"),
        ("community_hue", "settings.community_hue"),
        ("rooms.1", "setup.room_twice"),
        ("rooms.2", "setup.room_not_open"),
    ] {
        assert!(told.contains(&(field.to_owned(), code.to_owned())), "{field} in {told:?}");
    }
    let wrong = harbour.ask(Method::POST, "/api/v1/setup", "", Some(set_up_form("no-such-code"))).await;
    assert_eq!((wrong.status, wrong.json()["code"].as_str()), (410, Some("members.link_over")));
    assert_eq!(harbour.ask(Method::POST, "/api/v1/setup", "", Some(set_up_form(&code))).await.status, 201);
}

#[actix_web::test]
async fn the_owner_is_checked_as_their_step_is_left_and_nothing_is_stored() {
    let harbour = harbour(|_| {}).await;
    let code = harbour.setup_link().await;
    harbour.person("taken", RoleKind::Member, &[]).await;
    let check = |username: &'static str, password: &'static str| {
        let body = json!({ "code": code, "username": username, "password": password });
        harbour.ask(Method::POST, "/api/v1/setup/check", "", Some(body))
    };
    for (username, password, field, problem) in [
        ("x", "along the old quay", "username", "members.username_shape"),
        ("admin", "along the old quay", "username", "members.username_reserved"),
        ("Taken", "along the old quay", "username", "members.username_taken"),
        ("marta", "short", "password", "members.password_short"),
    ] {
        let told = check(username, password).await;
        assert_eq!((told.status, told.fields()), (422, vec![(field.to_owned(), problem.to_owned())]), "{username}");
    }
    assert_eq!(check("marta", "along the old quay").await.status, 204);
    let strange = json!({ "code": "guess", "username": "marta", "password": "along the old quay" });
    assert_eq!(harbour.ask(Method::POST, "/api/v1/setup/check", "", Some(strange)).await.status, 410, "only for who has the link");
    let made = harbour.ask(Method::POST, "/api/v1/setup", "", Some(set_up_form(&code))).await;
    assert_eq!(made.status, 201, "the link is still good: {}", made.body);
    assert_eq!(check("another", "along the old quay").await.json()["code"], "setup.done");
}

/// Every page, with a permission that opens it.
const PAGES: [(&str, Permission); 8] = [
    ("/admin", Permission::MailRead),
    ("/admin/members", Permission::Moderate),
    ("/admin/invites", Permission::Invite),
    ("/admin/roles", Permission::RolesManage),
    ("/admin/rooms", Permission::RoomsManage),
    ("/admin/mail", Permission::MailRead),
    ("/admin/settings", Permission::SettingsManage),
    ("/admin/audit", Permission::AuditRead),
];

#[actix_web::test]
async fn each_page_is_open_to_its_permission_and_to_nobody_without() {
    let harbour = harbour(|_| {}).await;
    let (_, plain) = harbour.person("plain", RoleKind::Member, &[]).await;
    let (_, metrics) = harbour.person("metrics", RoleKind::Own, &[Permission::MetricsRead]).await;
    for (n, (path, permission)) in PAGES.into_iter().enumerate() {
        let (_, token) = harbour.person(&format!("one{n}"), RoleKind::Own, &[permission]).await;
        let shown = harbour.get(path, &token).await;
        assert_eq!(shown.status, 200, "{path}: {}", shown.body);
        assert_eq!(harbour.get(path, "").await.status, 303, "{path} sends a stranger to the door");
        for other in [&plain, &metrics] {
            assert_eq!(harbour.get(path, other).await.status, 403, "{path}");
        }
    }
    for path in ["/api/v1/admin/settings", "/api/v1/admin/audit", "/api/v1/admin/mail", "/api/v1/admin/summary"] {
        assert_eq!((harbour.get(path, "").await.status, harbour.get(path, &plain).await.status), (401, 403), "{path}");
    }
}

#[actix_web::test]
async fn who_is_turned_away_reads_it_in_their_own_language() {
    let harbour = harbour(|_| {}).await;
    let (_, token) = harbour.person("plain", RoleKind::Member, &[]).await;
    assert_eq!(harbour.ask(Method::PATCH, "/api/v1/me", &token, Some(json!({ "language": "fr" }))).await.status, 200);
    let (known, stranger) = (harbour.get("/admin", &token).await, harbour.get("/admin/nothing", "").await);
    assert!(known.status == 403 && known.body.contains("<html lang=\"fr\""), "{}", known.body);
    assert!(stranger.status == 404 && stranger.body.contains("<html lang=\"en\""), "{}", stranger.body);
}

#[actix_web::test]
async fn the_navigation_shows_only_what_is_open() {
    let harbour = harbour(|_| {}).await;
    let (_, token) = harbour.person("auditor", RoleKind::Own, &[Permission::AuditRead]).await;
    let page = harbour.get("/admin/audit", &token).await.body;
    assert!(page.contains("href=\"/admin/audit\" aria-current=\"page\""));
    assert!(!page.contains("href=\"/admin/settings\"") && !page.contains("href=\"/admin/members\""));
}

#[actix_web::test]
async fn pages_show_people_rooms_letters_and_acts_in_both_languages() {
    let harbour = harbour(|config| config.public_url = Some("https://harbour.example".to_owned())).await;
    let code = harbour.setup_link().await;
    let made = harbour.ask(Method::POST, "/api/v1/setup", "", Some(set_up_form(&code))).await.json();
    let token = made["token"].as_str().expect("token").to_owned();
    let invite = harbour.ask(Method::POST, "/api/v1/admin/invites", &token, Some(json!({ "note": "<poster>" }))).await.json();
    let (other, _) = harbour.person("idris", RoleKind::Moderator, &[]).await;
    let ban = json!({ "reason": "sold the pontoon" });
    assert_eq!(harbour.ask(Method::POST, &format!("/api/v1/admin/members/{other}/ban"), &token, Some(ban)).await.status, 204);
    let mailer = harbour.ground.mailer.clone();
    let letter = Letter {
        kind: "members.reset",
        to: "a@b.example".to_owned(),
        subject: "Another <password>".to_owned(),
        text: "Hello <you>".to_owned(),
        html: String::new(),
    };
    let letter = harbour.ground.db.write(move |tx| mailer.post(tx, &letter)).await.expect("a letter");

    let id = invite["id"].as_str().expect("id");
    for (path, words) in [
        ("/admin".to_owned(), vec!["one thing needs you", "harbour.example"]),
        ("/admin/members?state=banned".to_owned(), vec!["idris", "banned"]),
        ("/admin/members?q=nobody-is-called-so".to_owned(), vec!["nobody here"]),
        (format!("/admin/members/{other}"), vec!["sold the pontoon", "lift the ban"]),
        (format!("/admin/invites?made={id}"), vec!["&lt;poster&gt;", "class=\"qr\"", "https://harbour.example/invite/"]),
        ("/admin/roles".to_owned(), vec!["roles.manage", "administrator"]),
        ("/admin/rooms?q=harb".to_owned(), vec!["who sails when"]),
        ("/admin/mail".to_owned(), vec!["another &lt;password&gt;"]),
        (format!("/admin/mail/{letter}"), vec!["hello &lt;you&gt;", "<title>another &lt;password&gt;"]),
        ("/admin/settings".to_owned(), vec!["the harbour club", "changed, usually 205"]),
        ("/admin/audit".to_owned(), vec!["banned", "sold the pontoon", "community set up"]),
        (format!("/setup/done?invite={id}"), vec!["class=\"qr\"", "https://harbour.example/invite/"]),
    ] {
        let page = harbour.get(&path, &token).await;
        assert_eq!(page.status, 200, "{path}: {}", page.body);
        let text = page.body.to_lowercase();
        // Above the data block: that one holds every word anyway.
        let text = text.split("id=\"words\"").next().unwrap_or_default();
        for word in words {
            assert!(text.contains(word), "{word:?} in {path}:\n{text}");
        }
        // A key without words is shown as it is.
        assert!(!text.contains(">admin.") && !text.contains(">setup.") && !text.contains("\"admin."), "a key without words in {path}");
    }
    let french = harbour.ask(Method::PATCH, "/api/v1/me", &token, Some(json!({ "language": "fr" }))).await;
    assert_eq!(french.status, 200);
    for path in
        ["/admin", "/admin/members", "/admin/invites", "/admin/roles", "/admin/rooms", "/admin/mail", "/admin/settings", "/admin/audit"]
    {
        let page = harbour.get(path, &token).await;
        assert!(page.status == 200 && page.body.contains("lang=\"fr\""), "{path}");
    }
}

#[actix_web::test]
async fn a_letter_that_does_not_exist_and_a_member_of_nobody_are_not_found() {
    let harbour = harbour(|_| {}).await;
    let (_, token) = harbour.person("marta", RoleKind::Owner, &[]).await;
    for path in ["/admin/mail/7", "/admin/members/7", "/api/v1/admin/mail/7", "/admin/mail/x"] {
        assert_eq!(harbour.get(path, &token).await.status, 404, "{path}");
    }
}

#[actix_web::test]
async fn a_page_of_the_audit_log_goes_on_where_the_last_one_ended() {
    let harbour = harbour(|_| {}).await;
    let (_, token) = harbour.person("marta", RoleKind::Owner, &[]).await;
    for n in 0..5 {
        let change = json!({ "community_hue": n });
        assert_eq!(harbour.ask(Method::PATCH, "/api/v1/admin/settings", &token, Some(change)).await.status, 200);
    }
    let first = harbour.get("/api/v1/admin/audit?limit=3", &token).await.json();
    let hues = |page: &Value| {
        page["items"].as_array().expect("items").iter().map(|row| row["after"]["community_hue"].as_i64().expect("hue")).collect::<Vec<_>>()
    };
    assert_eq!(hues(&first), [4, 3, 2]);
    let next = first["next"].as_str().expect("a cursor");
    let second = harbour.get(&format!("/api/v1/admin/audit?limit=3&before={next}"), &token).await.json();
    assert_eq!((hues(&second), second["next"].is_null()), (vec![1, 0], true));
    assert_eq!(harbour.get("/api/v1/admin/audit?limit=0", &token).await.status, 422);
}

#[test]
fn words_of_the_slice_exist_in_both_languages_for_every_code_and_permission() {
    let words = Words::load().expect("words");
    let keys = |language: &str| {
        words
            .keys(language)
            .filter(|key| ["admin.", "setup.", "settings."].iter().any(|start| key.starts_with(start)))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let english = keys("en");
    assert_eq!(english, keys("fr"));
    for permission in Permission::ALL {
        assert!(english.contains(&format!("admin.permission_{}", permission.name().replace('.', "_"))), "{}", permission.name());
    }
    for act in super::pages::ACTS {
        assert!(english.contains(&format!("admin.act_{}", act.replace('.', "_"))), "{act}");
    }
}

#[test]
fn an_address_of_this_machine_alone_is_not_reachable() {
    for address in [
        "http://127.0.0.1:8080",
        "http://localhost",
        "http://[::1]:8080",
        "http://app.localhost:1",
        "http://0.0.0.0:80",
        "http://[::ffff:127.0.0.1]",
    ] {
        assert!(!super::actions::is_reachable(address), "{address}");
    }
    for address in ["https://harbour.example", "http://192.168.1.7:8080", "https://[2001:db8::1]/", "https://localhost.example"] {
        assert!(super::actions::is_reachable(address), "{address}");
    }
}

//! Tests of the slice on a real database: rules, edges, and what they leave in logs and audit.

mod accounts;
mod arrivals;
mod invites;
mod moderation;
mod pages;
mod roles;
mod sessions;
mod values;

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use super::actions::{self, Members, Sessions};
use super::model::{DisplayName, MemberState, NewMember, RoleKind, SessionKind, Username};
use super::notices::{Notice, Notices};
use crate::access::{Actor, Authenticator, Credential, Ground, Keys, Permit, Rate, RateClass, Rates, Scopes, Visitor, hash_token};
use crate::clock::{Clock, Millis};
use crate::config::{Config, TlsMode};
use crate::error::{Error, Result};
use crate::ids::{Ids, MemberId, RoleId, SessionId};
use crate::live::{Effect, Hub, LogId, Logged};
use crate::mail::Mailer;
use crate::settings::{Settings, SettingsCell, SignUpMode};
use crate::storage::{Conn, Db, DbLimits, Sink, Target, Tx, audit_rows};
use crate::text::Words;

/// When the tests begin.
const START: Millis = 1_770_000_000_000;
const DAY: Millis = 86_400_000;

/// Keeps what was published.
#[derive(Default)]
struct Heard(Mutex<Vec<Logged>>);

impl Sink for Heard {
    fn publish(&self, events: Vec<Logged>) {
        self.0.lock().expect("events").extend(events);
    }
    fn signal(&self, _: crate::live::Signal) {}

    fn wake_jobs(&self) {}
}

/// A community of its own, with a clock that stands still.
struct Town {
    ground: Ground,
    members: Members,
    hand: Arc<AtomicI64>,
    heard: Arc<Heard>,
    told: Arc<Mutex<Vec<Notice>>>,
    _folder: tempfile::TempDir,
}

impl Town {
    async fn new() -> Self {
        Self::with_rates(&[]).await
    }

    async fn with_rates(rates: &[(RateClass, Rate)]) -> Self {
        Self::with_limits(Rates::new(rates)).await
    }

    async fn with_limits(rates: Rates) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let (clock, hand) = Clock::held(START);
        let ids = Arc::new(Ids::new(clock.clone()));
        let heard = Arc::new(Heard::default());
        let target = Target::Sqlite(folder.path().join("rialto.db"));
        let config = config(folder.path(), target.clone());
        let db =
            Db::open(target, DbLimits::default(), clock.clone(), Arc::clone(&ids), Arc::clone(&heard) as Arc<dyn Sink>).expect("database");
        db.write(actions::ensure_built_in_roles).await.expect("roles");
        let told: Arc<Mutex<Vec<Notice>>> = Arc::default();
        let ears = Arc::clone(&told);
        let notices = Notices::to(move |_: &mut Tx<'_>, notice: &Notice| {
            ears.lock().expect("notices").push(*notice);
            Ok(())
        });
        let sessions = Arc::new(Sessions::new());
        let members = Members::new(Arc::clone(&sessions), notices, 2).expect("members");
        let ground = Ground {
            db,
            clock,
            ids,
            keys: Keys::new([7; 32]),
            settings: SettingsCell::new(Settings::default()),
            mailer: Mailer::new(&config).expect("mailer"),
            config: Arc::new(config),
            authenticator: sessions as Arc<dyn Authenticator>,
            hub: Hub::new(),
            rates,
            words: Arc::new(Words::load().expect("words")),
            is_demo: false,
        };
        Self { ground, members, hand, heard, told, _folder: folder }
    }

    fn mode(&self, mode: SignUpMode) {
        self.ground.settings.put(Settings { sign_up_mode: mode, ..Settings::default() });
    }

    fn pass(&self, time: Millis) {
        self.hand.fetch_add(time, Ordering::Relaxed);
    }

    async fn write<T: Send + 'static>(&self, f: impl FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static) -> Result<T> {
        self.ground.db.write(f).await
    }

    async fn read<T: Send + 'static>(&self, f: impl FnOnce(&mut Conn) -> Result<T> + Send + 'static) -> T {
        self.ground.db.read(f).await.expect("read")
    }

    async fn role(&self, kind: RoleKind) -> RoleId {
        self.read(move |conn| actions::built_in_role(conn, kind)).await
    }

    /// A member with these built-in roles, without a password.
    async fn member(&self, name: &str, kinds: &[RoleKind]) -> MemberId {
        let mut roles = Vec::new();
        for kind in kinds {
            roles.push(self.role(*kind).await);
        }
        let new = NewMember { roles, ..named(name) };
        self.write(move |tx| actions::create_member(tx, &new)).await.expect("member")
    }

    /// A browser of the member: its session, and the visitor that it makes.
    async fn browser(&self, member: MemberId) -> (SessionId, Visitor) {
        let (session, token) = self
            .write(move |tx| actions::make_session(tx, member, SessionKind::Browser, Scopes::ALL, "Firefox on Linux", None))
            .await
            .expect("session");
        (session, visitor(Some(Credential::Cookie(token.hash()))))
    }

    async fn actor(&self, visitor: &Visitor) -> Actor {
        let (authenticator, visitor, now) = (Arc::clone(&self.ground.authenticator), visitor.clone(), self.ground.clock.now());
        self.read(move |conn| authenticator.actor(conn, &visitor, now)).await
    }

    /// Does something as this member, under the permit `P`.
    async fn act<P: Permit, T: Send + 'static>(
        &self,
        by: MemberId,
        target: P::Target,
        f: impl FnOnce(&mut Tx<'_>, &P, &Actor, &Members) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (_, visitor) = self.browser(by).await;
        let actor = self.actor(&visitor).await;
        let members = self.members.clone();
        self.write(move |tx| {
            let may = P::check(tx, &actor, target)?;
            f(tx, &may, &actor, &members)
        })
        .await
    }

    /// The member's own events, as JSON.
    fn events(&self, member: MemberId) -> Vec<serde_json::Value> {
        let heard = self.heard.0.lock().expect("events");
        let own = heard.iter().filter(|logged| logged.log == LogId::Member(member));
        own.map(|logged| serde_json::from_str(&logged.event).expect("event")).collect()
    }

    fn ended(&self) -> Vec<SessionId> {
        let heard = self.heard.0.lock().expect("events");
        heard.iter().filter_map(|logged| if let Effect::EndSession(session) = logged.effect { Some(session) } else { None }).collect()
    }

    fn told(&self) -> Vec<Notice> {
        std::mem::take(&mut *self.told.lock().expect("notices"))
    }

    async fn acts(&self) -> Vec<String> {
        self.read(|conn| audit_rows(conn, None, None, 100)).await.into_iter().map(|row| row.act).collect()
    }

    async fn state(&self, member: MemberId) -> MemberState {
        self.read(move |conn| actions::profiles(conn, &[member], START)).await[0].state
    }
}

fn named(name: &str) -> NewMember {
    NewMember::named(Username::parse_for_operator(name).expect("name"), DisplayName::parse(name).expect("name"))
}

fn visitor(credential: Option<Credential>) -> Visitor {
    Visitor {
        credential,
        address: Some([192, 0, 2, 7].into()),
        language: "en",
        user_agent: "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0".to_owned(),
        is_browser: true,
        is_secure: false,
        route: "POST /".to_owned(),
        idempotency_key: None,
        request_id: "t".to_owned(),
        signals: 0,
    }
}

fn program() -> Visitor {
    Visitor { is_browser: false, user_agent: "tide-bot/1".to_owned(), ..visitor(None) }
}

fn bearer(token: &str) -> Visitor {
    Visitor { credential: Some(Credential::Bearer(hash_token(token))), ..program() }
}

fn config(folder: &std::path::Path, target: Target) -> Config {
    Config {
        data: folder.to_owned(),
        target,
        listen: ([127, 0, 0, 1], 8080).into(),
        public_url: Some("https://harbour.example".to_owned()),
        tls: TlsMode::Off,
        acme_directory: None,
        acme_ca: None,
        acme_contact: None,
        trusted_proxies: Vec::new(),
        smtp_url: None,
        mail_from: None,
        workers: 2,
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

fn code<T: std::fmt::Debug>(result: Result<T>) -> &'static str {
    result.expect_err("refused").code()
}

fn problems<T: std::fmt::Debug>(result: Result<T>) -> Vec<(&'static str, &'static str)> {
    match result.expect_err("invalid") {
        Error::Invalid(problems) => problems.into_iter().map(|problem| (&*problem.field.into_owned().leak(), problem.code)).collect(),
        other => panic!("{other}"),
    }
}

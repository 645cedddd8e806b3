//! A whole program in the test's process: real sockets, a real database, members at hand.

mod browser;
mod database;
mod figures;
mod person;
pub mod plans;
mod raw;
#[cfg(feature = "stripe")]
pub mod stripe;
pub mod turns;

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use rialto::access::Scopes;
use rialto::app::{App, Running};
use rialto::chat::{self, NewRoom, RoomKind};
use rialto::clock::Clock;
use rialto::config::{Config, Given, Machine};
use rialto::ids::{MemberId, RoomId};
use rialto::members::{self, DisplayName, NewMember, RoleKind, SessionKind, Username};

pub use browser::Socket;
pub use database::Database;
pub use figures::tell;
pub use person::Person;
pub use raw::raw;

/// The time at which tests begin: 1 November 2026, noon UTC.
pub const NOON: i64 = 1_793_534_400_000;

/// A running program and what a test needs of it.
pub struct Town {
    /// The program.
    pub running: Option<Running>,
    /// Its clock's hand.
    pub hand: Arc<AtomicI64>,
    /// For plain HTTP.
    pub http: reqwest::Client,
    /// Lives as long as the program does.
    _folder: tempfile::TempDir,
    database: Database,
}

impl Town {
    /// A program on an empty database, with the ordinary limits.
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// The same with another configuration.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let database = Database::create(folder.path());
        let (clock, hand) = Clock::held(NOON);
        let mut config = Config::from(Given::default(), &Machine { address: None, processors: 2 }).expect("defaults work");
        config.data = folder.path().to_owned();
        config.target = database.target();
        config.listen = "127.0.0.1:0".parse().expect("address");
        config.media_port = 0;
        change(&mut config);
        let (config, listener) = rialto::cli::serve::listen(config).expect("a free port");
        let app = App::build(config, [7; 32], clock, false).await.expect("the program is put together");
        let running = app.serve(listener, None).await.expect("it serves");
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        Self { running: Some(running), hand, http, _folder: folder, database }
    }

    /// Stops the program and starts it again on the same database.
    pub async fn restart(&mut self) {
        self.restart_with(|_| {}).await;
    }

    /// The same with another configuration.
    pub async fn restart_with(&mut self, change: impl FnOnce(&mut Config)) {
        let running = self.running.take().expect("it runs");
        let mut config = (*running.app.ground.config).clone();
        running.stop().await;
        change(&mut config);
        config.listen = "127.0.0.1:0".parse().expect("address");
        let (config, listener) = rialto::cli::serve::listen(config).expect("a free port");
        let (clock, hand) = Clock::held(self.hand.load(std::sync::atomic::Ordering::Relaxed));
        let app = App::build(config, [7; 32], clock, false).await.expect("the program is put together");
        self.running = Some(app.serve(listener, None).await.expect("it serves"));
        self.hand = hand;
    }

    /// The program.
    pub fn app(&self) -> &App {
        &self.running.as_ref().expect("it runs").app
    }

    /// The table of routes; workers fill it when they begin, which the first answer shows.
    pub async fn routes(&self) -> Vec<rialto::access::Endpoint> {
        self.http.get(self.url("/healthz")).send().await.expect("an answer");
        self.app().routes.rows()
    }

    /// An absolute address.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.running.as_ref().expect("it runs").address)
    }

    /// An active member with a bearer session.
    pub async fn member(&self, name: &str) -> Person {
        self.person(name, &[]).await
    }

    /// The owner.
    pub async fn owner(&self, name: &str) -> Person {
        self.person(name, &[RoleKind::Owner]).await
    }

    /// An active member with these built-in roles.
    pub async fn person(&self, name: &str, kinds: &[RoleKind]) -> Person {
        let (username, kinds) = (name.to_owned(), kinds.to_vec());
        let (member, session, token) = self
            .app()
            .ground
            .db
            .write(move |tx| {
                let mut new = NewMember::named(Username::parse(&username)?, DisplayName::parse(&username)?);
                for kind in kinds {
                    new.roles.push(members::built_in_role(tx, kind)?);
                }
                new.welcomed = true;
                let member = members::create_member(tx, &new)?;
                let (session, token) = members::make_session(tx, member, SessionKind::Bearer, Scopes::ALL, "test", None)?;
                Ok((member, session, token.reveal().to_owned()))
            })
            .await
            .expect("a member");
        Person::new(self.url(""), name, member, session, token)
    }

    /// The same member in a new session: sessions end with time too.
    pub async fn again(&self, person: &Person) -> Person {
        let id = person.id;
        let made = self.app().ground.db.write(move |tx| {
            let (session, token) = members::make_session(tx, id, SessionKind::Bearer, Scopes::ALL, "again", None)?;
            Ok((session, token.reveal().to_owned()))
        });
        let (session, token) = made.await.expect("a session");
        Person::new(self.url(""), &person.name, id, session, token)
    }

    /// A room made by `maker` with `others` in it.
    pub async fn room(&self, maker: &Person, kind: RoomKind, name: &str, others: &[&Person]) -> RoomId {
        let wish = NewRoom { kind, name: Some(name.to_owned()), topic: String::new(), history: None, members: Vec::new() };
        let (maker, others): (MemberId, Vec<MemberId>) = (maker.id, others.iter().map(|person| person.id).collect());
        self.app()
            .ground
            .db
            .write(move |tx| {
                let room = chat::create_room(tx, &wish, Some(maker))?;
                for other in others {
                    chat::join_quietly(tx, room, other)?;
                }
                Ok(room)
            })
            .await
            .expect("a room")
    }

    /// Ends the program.
    pub async fn close(mut self) {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
        self.database.drop_it();
    }
}

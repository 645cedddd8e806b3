//! The composition root: builds the one value that everything stands on, mounts every slice, starts and stops the workers.

mod housekeeping;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::middleware::{Compress, from_fn};
use actix_web::web::{Data, ServiceConfig};
use actix_web::{App as Site4, rt};
use tokio::task::JoinHandle;

use crate::access::{Authenticator, Ground, Keys, Patience, Rate, RateClass, Rates, RouteTable, Routes};
use crate::automod::{self, Automod};
use crate::billing::{Billing, Provider, Providers, TestProvider, Turner};
use crate::calls::{self, Calls};
use crate::clock::Clock;
use crate::config::Config;
use crate::error::Result;
use crate::http::{BoundPort, Metrics, Reading, Readings, Recent, Site};
use crate::ids::Ids;
use crate::jobs::{Bell, Runner, Running as RunningJobs};
use crate::live::{Answer, Commands, Hub, Logged, Signal, Source};
use crate::mail::{self, Mailer};
use crate::members::{Members, Sessions};
use crate::settings::{Settings, SettingsCell};
use crate::social::{self, Social};
use crate::storage::{Db, DbLimits, Sink, fact, newest_id, renew_epoch, set_fact};
use crate::text::{NAME_KEYS, Words};
use crate::threads::vital;
use crate::wire::Wire;
use crate::{admin, backups, billing, chat, consequences, http, members, moderation, own_data, wire};

/// How long an ordinary answer may take once the program stops.
const SHUT_DOWN_SECONDS: u64 = 5;
/// How long jobs may go on once the program stops.
const JOBS_GRACE: Duration = Duration::from_secs(4);

/// What may be done how often, when nothing is raised.
const RATES: [(RateClass, Rate); 14] = [
    (RateClass::SignInAddress, Rate { burst: 30, refill_ms: 10_000 }),
    (RateClass::SignUp, Rate { burst: 10, refill_ms: 60_000 }),
    // A village that was invited at its meeting signs up from one address, on one evening.
    (RateClass::SignUpInvited, Rate { burst: 300, refill_ms: 2_000 }),
    (RateClass::InviteGuess, Rate { burst: 20, refill_ms: 30_000 }),
    (RateClass::GiftGuess, Rate { burst: 30, refill_ms: 30_000 }),
    (RateClass::Send, Rate { burst: 20, refill_ms: 1_000 }),
    (RateClass::SendRoom, Rate { burst: 200, refill_ms: 20 }),
    (RateClass::Approach, Rate { burst: 60, refill_ms: 2_000 }),
    // Every coming is a row, and every offer a handshake or a reading of 256 KiB.
    (RateClass::CallJoin, Rate { burst: 20, refill_ms: 3_000 }),
    (RateClass::CallOffer, Rate { burst: 30, refill_ms: 2_000 }),
    (RateClass::Appeal, Rate { burst: 10, refill_ms: 60_000 }),
    (RateClass::Letter, Rate { burst: 3, refill_ms: 1_200_000 }),
    // Every row of one's own, read from every table.
    (RateClass::OwnData, Rate { burst: 3, refill_ms: 1_200_000 }),
    (RateClass::Request, Rate { burst: 600, refill_ms: 20 }),
];

/// Ten tries in a quarter of an hour, then a minute, two, four, up to an hour.
const ONE_GUESSER: Patience = Patience { free: 10, first_wait_ms: 60_000, longest_wait_ms: 3_600_000, forget_ms: 900_000 };
/// What many addresses share may be used up by others, so it never keeps the member waiting for longer than two minutes.
const ALL_GUESSERS: Patience = Patience { free: 100, first_wait_ms: 1_000, longest_wait_ms: 120_000, forget_ms: 900_000 };
/// An account has two names, each with its own tries; this is never told, so it must never be what makes somebody wait who keeps to one of them.
const BY_BOTH_NAMES: Patience = Patience { free: 2 * ONE_GUESSER.free, ..ONE_GUESSER };

/// How tries at an account's password are slowed down.
const PATIENCE: [(RateClass, Patience); 5] = [
    (RateClass::SignInGuess, ONE_GUESSER),
    (RateClass::SignInName, ALL_GUESSERS),
    (RateClass::SignInAccount, BY_BOTH_NAMES),
    (RateClass::Confirm, ONE_GUESSER),
    (RateClass::GiftTry, ONE_GUESSER),
];

/// Where committed events and the wish to run jobs go.
struct Outlet {
    hub: Hub,
    jobs: Bell,
    calls: Calls,
}

impl Sink for Outlet {
    fn publish(&self, events: Vec<Logged>) {
        self.calls.hear_events(&events);
        self.hub.publish(events, Vec::new());
    }

    fn publish_and_answer(&self, events: Vec<Logged>, answers: Vec<Answer>) {
        self.calls.hear_events(&events);
        self.hub.publish(events, answers);
    }

    fn signal(&self, signal: Signal) {
        self.hub.signal(signal);
    }

    fn wake_jobs(&self) {
        self.jobs.ring();
    }
}

/// Numbers of the hub and of calls.
struct Numbers(Arc<Ground>, Calls);

impl Readings for Numbers {
    fn readings(&self) -> Vec<Reading> {
        let hub = &self.0.hub;
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let own = [
            Reading::one("rialto_connections", "Live connections.", count(hub.connections())),
            Reading::one("rialto_members_online", "Members with a live connection.", count(hub.members_online())),
            Reading::one("rialto_events_published_total", "Events that left for connections.", hub.published()),
        ];
        own.into_iter().chain(self.1.readings()).collect()
    }
}

/// The program, put together.
#[derive(Clone)]
pub struct App {
    /// What every slice stands on.
    pub ground: Arc<Ground>,
    /// Pages.
    pub site: Site,
    /// Numbers.
    pub metrics: Metrics,
    /// Every route.
    pub routes: RouteTable,
    /// Sessions and passwords.
    pub members: Members,
    /// Where members stand, in memory.
    pub billing: Billing,
    /// The way to Stripe.
    #[cfg(feature = "stripe")]
    pub stripe: billing::stripe::Stripe,
    /// What happens between people, told to those whom it concerns.
    pub social: Social,
    /// Calls that go on.
    pub calls: Calls,
    /// The rules of the community that hold.
    pub automod: Automod,
    /// The last lines of the log.
    pub recent: Recent,
    wire: Arc<Wire>,
    jobs: Bell,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("App")
    }
}

/// A program that serves.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// The program.
    pub app: App,
    handle: ServerHandle,
    server: JoinHandle<std::io::Result<()>>,
    runner: RunningJobs,
    housekeeping: JoinHandle<()>,
}

/// Names are found by keys; where these were made by another rule than today's, they are made anew before anybody is served.
async fn renew_name_keys(db: &Db) -> Result<()> {
    let known = db.read(|conn| fact(conn, "name_keys")).await?;
    if known.as_deref() == Some(NAME_KEYS.to_string().as_str()) {
        return Ok(());
    }
    let members = members::NAME_KEYS.renew(db).await?;
    let own_names = social::OWN_NAME_KEYS.renew(db).await?;
    tracing::info!(members, own_names, rule = NAME_KEYS, "the keys of names have been made anew");
    db.write(|tx| set_fact(tx, "name_keys", &NAME_KEYS.to_string())).await
}

impl App {
    /// Opens the database and puts everything together.
    ///
    /// # Errors
    /// One sentence when the database cannot be used.
    pub async fn build(config: Config, master_key: [u8; 32], clock: Clock, is_demo: bool) -> Result<Self> {
        let (hub, jobs) = (Hub::new(), Bell::default());
        let ids = Arc::new(Ids::new(clock.clone()));
        let calls = Calls::new(hub.clone(), clock.clone());
        let sink = Arc::new(Outlet { hub: hub.clone(), jobs: jobs.clone(), calls: calls.clone() });
        let db = Db::open(config.target.clone(), DbLimits::default(), clock.clone(), Arc::clone(&ids), sink)?;
        ids.start_after(db.read(newest_id).await?);
        let config = Arc::new(config);
        #[cfg(feature = "stripe")]
        let stripe = billing::stripe::Stripe::new(db.clone(), clock.clone(), Keys::new(master_key), Arc::clone(&config));
        // The first one that is ready is where members pay if nothing else is said.
        let providers: Vec<Arc<dyn Provider>> = vec![
            #[cfg(feature = "stripe")]
            Arc::new(stripe.clone()),
            Arc::new(TestProvider::new(db.clone(), clock.clone(), config.stays_here())),
        ];
        let (words, mailer) = (Arc::new(Words::load()?), Mailer::new(&config)?);
        let (keys, address) = (Keys::new(master_key), members::site_address(&config));
        let pen = billing::Pen { mailer: mailer.clone(), words: Arc::clone(&words), keys, address };
        let billing = Billing::new(billing::Notices::to(consequences::follow_billing)).selling_through(Providers::new(providers));
        let billing = billing.writing_with(pen);
        let inside = billing.clone();
        renew_name_keys(&db).await?;
        let (settings, signals) = db
            .write(move |tx| {
                if fact(tx, "epoch")?.is_none() {
                    renew_epoch(tx)?;
                }
                members::ensure_built_in_roles(tx)?;
                billing::ensure(tx, &inside)?;
                Ok((Settings::load(tx)?, housekeeping::take_signals(tx)?))
            })
            .await?;
        signals.into_iter().for_each(|latest| hub.signal_from(latest));
        let settings = SettingsCell::new(settings);
        let sessions = Arc::new(Sessions::new());
        let notices = consequences::notices(&billing, &calls);
        let members = Members::new(Arc::clone(&sessions), notices, config.workers)?;
        let social = consequences::social(&billing, &calls);
        let ground = Arc::new(Ground {
            mailer,
            rates: rates(config.raised_limits),
            db,
            clock,
            ids,
            keys: Keys::new(master_key),
            settings: settings.clone(),
            config: Arc::clone(&config),
            authenticator: Arc::clone(&sessions) as Arc<dyn Authenticator>,
            hub: hub.clone(),
            words: Arc::clone(&words),
            is_demo,
        });
        let automod = Automod::default();
        automod.load(&ground.db).await?;
        let wire = Arc::new(Wire::new(Arc::clone(&ground), billing.clone(), calls.clone(), automod.clone(), members.clone()));
        let (metrics, recent) = (Metrics::new(), Recent::new(ground.clock.clone()));
        metrics.include(vec![Arc::new(Numbers(Arc::clone(&ground), calls.clone()))]);
        let site = Site::new(words, settings, &config, is_demo).knowing(Arc::new(members::looker));
        Ok(Self {
            ground,
            site,
            metrics,
            routes: RouteTable::default(),
            members,
            billing,
            #[cfg(feature = "stripe")]
            stripe,
            social,
            calls,
            automod,
            recent,
            wire,
            jobs,
        })
    }

    /// The same with the lines that the log of this process keeps.
    #[must_use]
    pub fn hearing(self, recent: Recent) -> Self {
        Self { recent, ..self }
    }

    /// Registers every route of every slice.
    pub fn mount(&self, config: &mut ServiceConfig) {
        let mut routes = Routes::new(config, self.routes.clone());
        http::mount(&mut routes);
        members::mount(&mut routes);
        billing::mount(&mut routes);
        social::mount(&mut routes);
        automod::mount(&mut routes);
        chat::mount(&mut routes);
        calls::mount(&mut routes);
        moderation::mount(&mut routes);
        backups::mount(&mut routes);
        own_data::mount(&mut routes);
        admin::mount(&mut routes);
        wire::mount(&mut routes);
    }

    /// Serves on `listener` until [`Running::stop`].
    ///
    /// # Errors
    /// When the listener cannot be used.
    pub async fn serve(self, listener: TcpListener, tls: Option<rustls::ServerConfig>) -> Result<Running> {
        let address = listener.local_addr()?;
        // Only now: what was written before anybody listened need not be published.
        self.ground.hub.start(Arc::clone(&self.wire) as Arc<dyn Source>).await?;
        self.start_calls().await?;
        #[cfg(feature = "stripe")]
        billing::stripe::start(&self.stripe).await?;
        let app = self.clone();
        let heartbeat = Duration::from_millis(self.ground.config.heartbeat_ms);
        let workers = self.ground.config.workers;
        let site = move || {
            let source: Arc<dyn Source> = Arc::clone(&app.wire) as Arc<dyn Source>;
            let commands: Arc<dyn Commands> = Arc::clone(&app.wire) as Arc<dyn Commands>;
            let local = app.ground.hub.shard(heartbeat, source, commands);
            let mounted = app.clone();
            let site = Site4::new();
            #[cfg(feature = "stripe")]
            let site = site.app_data(Data::new(app.stripe.clone()));
            site.app_data(Data::from(Arc::clone(&app.ground)))
                .app_data(app.site.clone())
                .app_data(app.metrics.clone())
                .app_data(app.routes.clone())
                .app_data(Data::new(app.members.clone()))
                .app_data(Data::new(app.billing.clone()))
                .app_data(Data::new(app.social.clone()))
                .app_data(Data::new(app.calls.clone()))
                .app_data(Data::new(app.automod.clone()))
                .app_data(Data::new(app.recent.clone()))
                .app_data(local)
                .app_data(BoundPort(address.port()))
                .configure(move |config| mounted.mount(config))
                .wrap(Compress::default())
                .wrap(from_fn(http::front))
        };
        let server = http::listen(site, listener, tls, workers, SHUT_DOWN_SECONDS)?;
        let handle = server.handle();
        let server = rt::spawn(server);
        let runner = self.start_jobs();
        let housekeeping = self.start_housekeeping();
        Ok(Running { address, app: self, handle, server, runner, housekeeping })
    }

    fn start_jobs(&self) -> RunningJobs {
        let ground = &self.ground;
        let runner = Runner::new(ground.db.clone(), ground.clock.clone(), self.jobs.clone());
        let runner = runner.register(mail::SEND, ground.mailer.sender(ground.db.clone()));
        let turner = Turner { db: ground.db.clone(), clock: ground.clock.clone(), hub: ground.hub.clone(), billing: self.billing.clone() };
        let runner = billing::work(runner, &turner);
        let runner = backups::work(runner, &backups::Keeper::new(ground));
        let runner = social::work(runner, ground, &self.billing, &self.social);
        let runner = chat::work(runner, ground);
        #[cfg(feature = "stripe")]
        let runner = billing::stripe::work(runner, &self.stripe, &self.billing);
        runner.grace(JOBS_GRACE).start()
    }

    /// Takes up the calls that went on when the program stopped, and lets their time pass.
    async fn start_calls(&self) -> Result<()> {
        calls::start_media(&self.calls, &self.ground.config);
        calls::resume_all(&self.calls, &self.ground).await?;
        let (calls, ground) = (self.calls.clone(), Ground::clone(&self.ground));
        Ok(vital("rialto-calls", move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a clock needs nothing");
            runtime.block_on(calls::keep(calls, ground));
        })?)
    }
}

/// With `raised`, every limit is still evaluated but out of reach: for benches.
fn rates(raised: bool) -> Rates {
    if raised {
        let out_of_reach = Rate { burst: u32::MAX, refill_ms: 1 };
        let patient = Patience { free: u32::MAX, first_wait_ms: 0, longest_wait_ms: 0, forget_ms: 0 };
        return Rates::new(&RATES.map(|(class, _)| (class, out_of_reach))).with_patience(&PATIENCE.map(|(class, _)| (class, patient)));
    }
    Rates::new(&RATES).with_patience(&PATIENCE)
}

impl Running {
    /// The kinds of work that it does by itself.
    #[must_use]
    pub fn job_kinds(&self) -> &[&'static str] {
        self.runner.kinds()
    }

    /// Stops gracefully: connections are told when to come back, answers under way are finished, the rest is closed.
    pub async fn stop(self) {
        let connections = u64::try_from(self.app.ground.hub.connections()).unwrap_or(0);
        // Everyone at once would be a storm: 200 a second come back.
        self.app.ground.hub.go_away((connections * 5).max(2_000));
        self.app.calls.stop();
        self.handle.stop(true).await;
        let _ = self.server.await;
        self.runner.stop().await;
        self.housekeeping.abort();
        let _ = self.housekeeping.await;
        let kept = async { self.app.keep_house().await.and(self.app.keep_signals().await) };
        if let Err(error) = kept.await {
            tracing::warn!(%error, "what was seen last could not be kept");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ordinary_limits_hold_at_their_edges() {
        let rates = rates(false);
        for (class, rate) in RATES {
            assert!((0..rate.burst).all(|_| rates.count(class, 1).is_ok()), "{class:?}");
            assert!(class == RateClass::Request || rates.count(class, 1).is_err(), "{class:?}: one more than {}", rate.burst);
        }
        for (class, free, first, longest) in [
            (RateClass::SignInGuess, 10, 60_000, 3_600_000),
            (RateClass::SignInName, 100, 1_000, 120_000),
            (RateClass::SignInAccount, 20, 60_000, 3_600_000),
            (RateClass::Confirm, 10, 60_000, 3_600_000),
            (RateClass::GiftTry, 10, 60_000, 3_600_000),
        ] {
            assert!((0..free).all(|_| rates.try_secret(class, 1, 0).is_ok()), "{class:?}");
            let mut now = 0;
            let mut waits = Vec::new();
            while waits.last() != Some(&longest) {
                let wait = rates.try_secret(class, 1, now).expect_err("too many").retry_after_ms().expect("when");
                waits.push(wait);
                now += i64::try_from(wait).expect("small");
                assert!(rates.try_secret(class, 1, now).is_ok(), "{class:?} after {wait}");
            }
            assert_eq!(waits[0], first, "{class:?}");
            assert_eq!(rates.try_secret(class, 1, now).expect_err("too many").retry_after_ms(), Some(longest), "{class:?}: no longer");
        }
    }

    #[test]
    fn who_keeps_to_one_name_of_an_account_is_told_to_wait_and_is_never_refused_in_silence() {
        let (one_name, both) = (rates(false), rates(false));
        let mut now = 0;
        for tried in 0..60 {
            while let Err(told) = one_name.try_secret(RateClass::SignInGuess, 1, now) {
                now += i64::try_from(told.retry_after_ms().expect("when")).expect("small");
            }
            assert!(one_name.try_secret(RateClass::SignInAccount, 1, now).is_ok(), "after {tried}");
        }
        let try_by = |name, now| {
            assert!(both.try_secret(RateClass::SignInGuess, name, now).is_ok(), "by name {name}, at {now}");
            both.try_secret(RateClass::SignInAccount, 1, now).is_ok()
        };
        for name in [1, 2] {
            assert!((0..ONE_GUESSER.free).all(|_| try_by(name, 0)), "what each name has for itself");
        }
        let later = i64::try_from(ONE_GUESSER.first_wait_ms).expect("small");
        assert!(try_by(1, later), "by one name");
        assert!(!try_by(2, later), "by the other it is too early");
    }

    #[test]
    fn raised_limits_are_out_of_reach() {
        let rates = rates(true);
        assert!((0..1_000).all(|_| rates.try_secret(RateClass::SignInName, 1, 0).is_ok() && rates.count(RateClass::SignUp, 1).is_ok()));
    }
}

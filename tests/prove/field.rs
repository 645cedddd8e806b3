//! Where a proof takes place: a database with people in rooms, the program on it, and devices that talk meanwhile.

use std::collections::{BTreeMap, HashMap};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::SqliteConnection;
use rialto::storage::Target;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::checker::{Stored, check};
use crate::device::{self, Phase, Profile, Status};
use crate::journal::{Journal, Violation};
use crate::load::program::Plan;
use crate::load::town::{Seat, Town};
use crate::view::RoomView;

/// How many talk and listen, and how much.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    /// Devices that talk.
    pub senders: usize,
    /// Devices that only listen.
    pub listeners: usize,
    /// Rooms, with everyone in each.
    pub rooms: usize,
    /// Acts a second, all senders together.
    pub rate: f64,
    /// Bytes added to every message.
    pub padding: usize,
    /// Percent of acts that are edits and reactions.
    pub changes: u64,
    /// Percent of sends over plain HTTP.
    pub over_http: u64,
}

impl Default for Crowd {
    fn default() -> Self {
        Self { senders: 8, listeners: 12, rooms: 3, rate: 50.0, padding: 0, changes: 20, over_http: 10 }
    }
}

/// What is on the screens of one device, by room.
type Views = HashMap<String, RoomView>;
/// A device that runs: its name, what can be looked at, and what it hands in.
type Running = (String, Arc<Status>, JoinHandle<Views>);

/// A running proof.
pub struct Field {
    /// How the program is started; the port is fixed.
    pub plan: Plan,
    /// Where the database is.
    pub target: Target,
    /// Everyone.
    pub seats: Vec<Seat>,
    /// The rooms.
    pub rooms: Vec<String>,
    /// What happened.
    pub journal: Arc<Journal>,
    crowd: Crowd,
    seed: u64,
    phase: watch::Sender<Phase>,
    devices: Vec<Running>,
    /// Removed last.
    _folder: Option<tempfile::TempDir>,
}

impl Status {
    /// What this device still waits for, in words.
    fn behind(&self, name: &str, stored: &Stored, rooms: &[String]) -> Option<String> {
        let places = self.places.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let missing: i64 = rooms.iter().map(|room| stored.head(room) - places.get(room).copied().unwrap_or(0)).sum();
        let is_idle = self.idle.load(Ordering::Relaxed);
        (!is_idle || missing > 0).then(|| format!("{name} has {missing} to go, nothing under way: {is_idle}"))
    }
}

/// How long all devices together may take to become equal once nobody disturbs them: to empty their outboxes, to catch up, and one that
/// was never there before to load everything.
const PATIENCE: Duration = Duration::from_secs(60);

/// In this time everyone hears two heartbeats, also where they are as rare as they ordinarily are.
const BEATS: Duration = Duration::from_secs(60);

/// A port of loopback that is free now; the next program that asks for it gets it.
pub fn free_address() -> Result<SocketAddr, String> {
    TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).map_err(|error| error.to_string())
}

impl Field {
    /// Makes the database in a folder of its own, or in `data`, and the devices' places; nothing runs yet.
    pub async fn lay(binary: &Path, database_url: Option<&str>, data: Option<PathBuf>, crowd: Crowd, seed: u64) -> Result<Self, String> {
        let folder = if data.is_none() { Some(tempfile::tempdir().map_err(|error| error.to_string())?) } else { None };
        let data = data.or_else(|| folder.as_ref().map(|folder| folder.path().join("data"))).ok_or("no folder")?;
        let town = Town::found(&data, database_url).await?;
        let seats = town.people(crowd.senders + crowd.listeners + 1).await?;
        let mut rooms = Vec::new();
        for n in 0..crowd.rooms {
            rooms.push(town.room(&format!("Room {n}"), &seats).await?.to_string());
        }
        drop(town);
        let mut plan = Plan::new(binary, &data);
        plan.listen = free_address()?;
        plan.flags.extend(["--heartbeat-ms".into(), "5000".into()]);
        plan.database_url = database_url.map(str::to_owned);
        if let Some(folder) = &folder {
            plan.log = folder.path().join("program.log");
        }
        let target = database_url.map_or_else(|| Target::Sqlite(data.join("rialto.db")), |url| Target::Postgres(url.to_owned()));
        let (phase, _) = watch::channel(Phase::Talking);
        let journal = Arc::new(Journal::new());
        Ok(Self { plan, target, seats, rooms, journal, crowd, seed, phase, devices: Vec::new(), _folder: folder })
    }

    /// The database's file.
    pub fn database(&self) -> PathBuf {
        self.plan.data.join("rialto.db")
    }

    /// The profile of the device with this number.
    pub fn profile(&self, n: usize, name: String) -> Profile {
        let seat = &self.seats[n % self.seats.len()];
        let is_sender = n < self.crowd.senders;
        Profile {
            name,
            member: seat.member.to_string(),
            token: seat.token.clone(),
            address: self.plan.listen,
            rooms: self.rooms.clone(),
            pace: is_sender.then(|| Duration::from_secs_f64(self.crowd.senders as f64 / self.crowd.rate)),
            padding: self.crowd.padding,
            changes: self.crowd.changes,
            over_http: self.crowd.over_http,
            window: None,
            deaf_for: None,
            seed: self.seed.wrapping_mul(1_000_003).wrapping_add(n as u64),
        }
    }

    /// Everyone begins to talk, or to try.
    pub fn talk(&mut self) {
        for n in 0..self.crowd.senders + self.crowd.listeners {
            let kind = if n < self.crowd.senders { "sender" } else { "listener" };
            let profile = self.profile(n, format!("{kind}{n}"));
            self.join(profile);
        }
    }

    /// One more device.
    pub fn join(&mut self, profile: Profile) {
        let status = Arc::new(Status::default());
        let name = profile.name.clone();
        let running = device::run(profile, Arc::clone(&self.journal), Arc::clone(&status), self.phase.subscribe());
        self.devices.push((name, status, tokio::spawn(running)));
    }

    /// Waits until so many more acks have come.
    pub async fn acks(&self, more: usize, patience: Duration) -> Result<(), String> {
        let wanted = self.journal.acks() + more;
        until(patience, || self.journal.acks() >= wanted).await.map_err(|()| format!("no {more} acks came in {patience:?}"))
    }

    /// Nothing new is said; waits until every outbox is empty and every device has caught up, then weighs everything.
    pub async fn settle(&mut self) -> Result<Outcome, String> {
        let _ = self.phase.send(Phase::Draining);
        let deadline = Instant::now() + PATIENCE;
        let left = || deadline.saturating_duration_since(Instant::now());
        let idle = |field: &Self| field.devices.iter().all(|(_, status, _)| status.idle.load(Ordering::Relaxed));
        let drained = until(left(), || idle(self)).await.is_ok();
        let stored = Stored::read(&self.target, &self.rooms)?;
        let level = |field: &Self| {
            field.devices.iter().all(|(_, status, _)| {
                let places = status.places.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                field.rooms.iter().all(|room| places.get(room).copied().unwrap_or(0) >= stored.head(room))
            })
        };
        let levelled = until(left(), || level(self)).await.is_ok();
        // One that was never there before sees what is stored, through the same door.
        let fresh = self.profile(self.seats.len() - 1, "fresh".to_owned());
        self.join(Profile { pace: None, ..fresh });
        let greeted = until(left(), || idle(self)).await.is_ok();
        let late: Vec<String> = self.devices.iter().filter_map(|(name, status, _)| status.behind(name, &stored, &self.rooms)).collect();
        let caught_up = |(name, status, _): &&Running| status.behind(name, &stored, &self.rooms).is_none();
        let is_back = |(_, status, _): &&Running| status.connections.load(Ordering::Relaxed) > 1;
        let name = |(name, ..): &Running| name.clone();
        let came_back = self.devices.iter().filter(caught_up).filter(is_back).map(name).collect();
        let caught_up = self.devices.iter().filter(caught_up).map(name).collect();
        self.confirm().await;
        let _ = self.phase.send(Phase::Over);
        let mut views = Vec::new();
        for (name, _, running) in self.devices.drain(..) {
            views.push((name.clone(), running.await.map_err(|error| format!("{name} panicked: {error}"))?));
        }
        let mut violations = check(&self.journal, &stored, &views);
        if !drained || !levelled || !greeted {
            violations.push((
                'l',
                format!(
                    "devices did not become equal in {PATIENCE:?}: drained {drained}, level {levelled}, fresh {greeted}; {}",
                    late.join("; ")
                ),
            ));
        }
        if self.plan.log_text().contains("panicked") {
            violations.push(('x', "the program's log holds a panic".to_owned()));
        }
        if violations.iter().any(|(rule, _)| *rule == 'r') {
            // What the program did not say to a device, it said here.
            violations
                .extend(self.plan.log_text().lines().filter(|line| line.contains("ERROR")).take(3).map(|line| ('r', line.to_owned())));
        }
        let counts = self.journal.counts();
        Ok(Outcome {
            violations,
            acks: self.journal.acks(),
            messages: stored.messages(),
            caught_up,
            came_back,
            devices: views.len(),
            counts,
        })
    }

    /// Now that all is quiet, each device waits for a heartbeat that says what it applied; one that hears none is a fault.
    async fn confirm(&self) {
        let confirmed = |status: &Status| status.confirmed.load(Ordering::Relaxed);
        let before: Vec<u64> = self.devices.iter().map(|(_, status, _)| confirmed(status)).collect();
        let missing = || self.devices.iter().zip(&before).filter(|((_, status, _), before)| confirmed(status) <= **before);
        let _ = until(BEATS, || missing().next().is_none()).await;
        for ((name, ..), _) in missing() {
            self.journal.violation('n', format!("{name}: no heartbeat in {BEATS:?} said what was applied"));
        }
    }
}

/// How a run ended.
pub struct Outcome {
    /// Every broken rule.
    pub violations: Vec<Violation>,
    /// Acks in all.
    pub acks: usize,
    /// Messages stored.
    pub messages: usize,
    /// Devices that had caught up.
    pub caught_up: Vec<String>,
    /// Devices that had more than one connection and had caught up on the last.
    pub came_back: Vec<String>,
    /// Devices in the end.
    pub devices: usize,
    /// What was counted, all devices together.
    pub counts: BTreeMap<&'static str, u64>,
}

impl Outcome {
    /// How many faults of these rules there are.
    pub fn of(&self, rules: &str) -> usize {
        self.violations.iter().filter(|(rule, _)| rules.contains(*rule)).count()
    }
}

/// Looks again and again until it is so.
pub async fn until(patience: Duration, mut is_so: impl FnMut() -> bool) -> Result<(), ()> {
    let begun = Instant::now();
    while !is_so() {
        if begun.elapsed() > patience {
            return Err(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

#[derive(QueryableByName)]
struct Said {
    #[diesel(sql_type = Text)]
    integrity_check: String,
}

/// `integrity_check` on a copy of a database that nobody has open, so that the original is recovered by the program itself.
pub fn integrity(database: &Path) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let copy = folder.path().join("copy.db");
    for suffix in ["", "-wal"] {
        let from = format!("{}{suffix}", database.display());
        if Path::new(&from).exists() {
            std::fs::copy(&from, format!("{}{suffix}", copy.display())).map_err(|error| error.to_string())?;
        }
    }
    let mut conn = SqliteConnection::establish(&copy.to_string_lossy()).map_err(|error| error.to_string())?;
    conn.batch_execute("PRAGMA busy_timeout = 1000").map_err(|error| error.to_string())?;
    let found = diesel::sql_query("PRAGMA integrity_check").load::<Said>(&mut conn).map_err(|error| error.to_string())?;
    match found.first() {
        Some(row) if row.integrity_check == "ok" && found.len() == 1 => Ok(()),
        _ => Err(found.into_iter().map(|row| row.integrity_check).collect::<Vec<_>>().join("; ")),
    }
}

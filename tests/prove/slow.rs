//! R11: many who do not read. The others notice nothing, the deaf are shown the door, and who comes back has missed nothing.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::{JoinHandle, LocalSet};

use crate::device::{Profile, tracing_line};
use crate::field::{Crowd, Field};
use crate::load::figures::quantile;
use crate::load::machine::untaken;
use crate::load::pipe::{self, Ear, End, Mouth};
use crate::options::Options;
use crate::restarts::contract;
use crate::verdict::Line;

/// Receive buffer of those who do not read, in bytes: soon full, yet more than a segment of loopback, so that what stands in the pipe can
/// be read quickly in the end.
const NARROW: u32 = 128 * 1024;
/// Large messages, so that the pipes of those who do not read are soon full.
const TALK: Crowd = Crowd { senders: 8, listeners: 4, rooms: 1, rate: 50.0, padding: 3_000, changes: 20, over_http: 0 };
/// Who stop reading for a while and then go on, as full devices.
const STUTTERERS: usize = 4;
const DEAF_FOR: Duration = Duration::from_secs(20);
/// How often pipes and memory are looked at.
const LOOKS: Duration = Duration::from_millis(500);
/// Whoever reads again is at the end of what is left within this time.
const READING: Duration = Duration::from_secs(15);
/// Of so many deaf, all but one read again once their pipe and their queue are full, and hear why they are closed before the socket itself
/// is shut; the one never looks up.
const LOOK_UP: usize = 4;
/// Acks after which a queue is full whose pipe takes nothing any more: their events are more than 256 KiB.
const FILL: usize = 80;
/// From fewer acks than this nobody can tell a slowest hundredth.
const ACKS: f64 = 200.0;

/// Healthy light sockets; each counts on until it is ended.
struct Healthy {
    tasks: Vec<JoinHandle<()>>,
    ended: Rc<RefCell<Vec<End>>>,
    _mouths: Vec<Mouth>,
}

async fn healthy(field: &Field, count: usize) -> Result<Healthy, String> {
    let (ended, scratch) = (Rc::new(RefCell::new(Vec::new())), Rc::new(pipe::scratch()));
    let (mut tasks, mut mouths) = (Vec::new(), Vec::new());
    for n in 0..count {
        let (mouth, mut ear) = pipe::open(field.plan.listen, &field.seats[n % field.seats.len()].token, None).await?;
        mouths.push(mouth);
        let (ended, scratch) = (Rc::clone(&ended), Rc::clone(&scratch));
        tasks.push(tokio::task::spawn_local(async move {
            loop {
                if let Err(end) = ear.listen(&scratch, |_| ()).await {
                    ended.borrow_mut().push(end);
                    return;
                }
            }
        }));
    }
    Ok(Healthy { tasks, ended, _mouths: mouths })
}

/// What stands in the pipes. It is looked at on another thread: this one takes the time of acks.
async fn looked(field: &Field) -> HashMap<u16, u64> {
    let port = field.plan.listen.port();
    tokio::task::spawn_blocking(move || untaken(port)).await.unwrap_or_default()
}

/// One who does not read.
struct Deaf {
    _mouth: Mouth,
    ear: Ear,
    /// Bytes in the pipe when it was last looked at, and the acks when that changed last.
    untaken: (u64, usize),
}

/// Those who do not read, those of them who never will, and those who read again.
struct Silence {
    waiting: Vec<Deaf>,
    never: Vec<Deaf>,
    reading: Vec<JoinHandle<Option<End>>>,
    scratch: Rc<RefCell<Vec<u8>>>,
    /// When the first of them read again.
    broken: Option<Duration>,
}

impl Silence {
    async fn fall(field: &Field, count: usize) -> Result<Self, String> {
        let (mut waiting, mut never) = (Vec::new(), Vec::new());
        for n in 0..count {
            let token = &field.seats[n % field.seats.len()].token;
            let (mouth, ear) = pipe::open(field.plan.listen, token, Some(NARROW)).await?;
            let deaf = Deaf { _mouth: mouth, ear, untaken: (0, 0) };
            if n % LOOK_UP == LOOK_UP - 1 { never.push(deaf) } else { waiting.push(deaf) }
        }
        Ok(Self { waiting, never, reading: Vec::new(), scratch: Rc::new(pipe::scratch()), broken: None })
    }

    /// Whoever's pipe has taken nothing for as long as it takes to fill a queue reads from now on.
    async fn look(&mut self, field: &Field) {
        let (untaken, acks) = (looked(field).await, field.journal.acks());
        for mut deaf in std::mem::take(&mut self.waiting) {
            let now = untaken.get(&deaf.ear.port()).copied().unwrap_or(0);
            if now == 0 || now != deaf.untaken.0 {
                deaf.untaken = (now, acks);
            }
            if acks - deaf.untaken.1 >= FILL {
                self.broken.get_or_insert_with(|| field.journal.now());
                self.read(deaf);
            } else {
                self.waiting.push(deaf);
            }
        }
    }

    fn read(&mut self, mut deaf: Deaf) {
        let scratch = Rc::clone(&self.scratch);
        self.reading.push(tokio::task::spawn_local(async move { deaf.ear.end(&scratch, READING).await }));
    }

    /// All read what is left; how each ended.
    async fn break_up(mut self) -> Vec<Option<End>> {
        for deaf in std::mem::take(&mut self.waiting).into_iter().chain(std::mem::take(&mut self.never)) {
            self.read(deaf);
        }
        let mut ends = Vec::with_capacity(self.reading.len());
        for one in self.reading {
            ends.push(one.await.unwrap_or(None));
        }
        ends
    }
}

/// `all` sockets, a fifth of them deaf.
pub async fn readers(options: &Options, proof: &str, all: usize) -> Result<Vec<Line>, String> {
    LocalSet::new().run_until(measure(options, proof, all)).await
}

async fn measure(options: &Options, proof: &str, all: usize) -> Result<Vec<Line>, String> {
    let mut field = Field::lay(options.optimised(), None, None, TALK, options.seed).await?;
    field.plan.environment.clone_from(&options.environment);
    // The ordinary heartbeat: the deaf are to be closed because they do not read, not because they say nothing.
    field.plan.flags.truncate(1);
    let program = field.plan.start().await?;
    let deaf_count = all / 5;
    let others = healthy(&field, all - deaf_count).await?;
    field.talk();
    field.acks(100, Duration::from_secs(60)).await?;
    let (from, begun) = (field.journal.now(), Instant::now());
    let mut memory = program.pss_kib();
    // Looked at as often as later: what looking costs is in both figures.
    while begun.elapsed() < Duration::from_secs(20) {
        tokio::time::sleep(LOOKS).await;
        looked(&field).await;
        memory = program.pss_kib();
    }
    let before = field.journal.latencies_ms(from, field.journal.now());

    for n in 0..STUTTERERS {
        let profile = field.profile(n, format!("stutterer{n}"));
        field.join(Profile { pace: None, window: Some(NARROW), deaf_for: Some(DEAF_FOR), ..profile });
    }
    let mut deaf = Silence::fall(&field, deaf_count).await?;
    let (from, begun) = (field.journal.now(), Instant::now());
    let mut peak = memory;
    while begun.elapsed() < DEAF_FOR + Duration::from_secs(10) {
        tokio::time::sleep(LOOKS).await;
        deaf.look(&field).await;
        peak = peak.max(program.pss_kib());
    }
    // Only while all were silent: the megabytes that they read then are read by this process, which also takes the time of acks.
    let during = field.journal.latencies_ms(from, deaf.broken.unwrap_or_else(|| field.journal.now()));
    let ends = deaf.break_up().await;
    let count = |end: Option<End>| ends.iter().filter(|one| **one == end).count();
    let (as_slow, still_open) = (count(Some(End::Closed(4008))), count(None));
    let cut = ends.len() - as_slow - still_open;
    tracing_line(&format!("{proof}: {as_slow} closed with 4008, {cut} cut, {still_open} still open, of {deaf_count}"));
    let hurt = others.ended.borrow().len();
    let outcome = field.settle().await?;
    others.tasks.iter().for_each(JoinHandle::abort);
    drop(program);
    let stutterers = |names: &[String]| names.iter().filter(|name| name.starts_with("stutterer")).count() as f64;
    let (p99, p99_during) = (quantile(&before, 0.99), quantile(&during, 0.99));
    let mut lines = vec![
        Line::least(proof, "acks of sends while all were silent", during.len() as f64, ACKS),
        Line::most(
            proof,
            &format!("ack p99 with {deaf_count} of {all} deaf (without: {p99:.1} ms)"),
            p99_during,
            (p99 * 1.2).max(p99 + 20.0),
            "ms",
        ),
        Line::most(proof, "healthy connections that were ended", hurt as f64, 0.0, ""),
        Line::most(proof, "growth of the server", (peak - memory) / 1_024.0, 256.0, "MiB"),
        Line::most(proof, &format!("deaf connections still open, of {deaf_count}"), still_open as f64, 0.0, ""),
        Line::least(proof, &format!("deaf connections that heard 4008 ({cut} were cut)"), as_slow as f64, deaf_count.div_ceil(2) as f64),
        Line::least(
            proof,
            &format!("of {STUTTERERS} devices that stopped reading, caught up"),
            stutterers(&outcome.caught_up),
            STUTTERERS as f64,
        ),
        Line::least(proof, "of them, closed meanwhile and back", stutterers(&outcome.came_back), 1.0),
    ];
    lines.extend(contract(proof, &outcome));
    Ok(lines)
}

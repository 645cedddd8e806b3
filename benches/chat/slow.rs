//! One member of twenty does not read: what the others notice, what it costs the server to be patient, and that its patience ends.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::crowd::{Place, Stage, open_all, run_key};
use crate::load::figures::{median, quantile};
use crate::load::machine::memory_kib;
use crate::load::pipe::{self, Ear, End, Kind};
use crate::load::program::Program;
use crate::options::Options;
use crate::report::{Bar, Row};

/// Who send, of the nineteen who read.
const SENDERS: usize = 8;
/// Receive buffer of the one who does not read, in bytes.
const NARROW: u32 = 4_096;
/// Bytes of a message: large enough to fill the pipe of the one who does not read within a window.
const BODY_BYTES: usize = 1_500;
/// Added latency that is forgiven on the slowest hundredth, in milliseconds.
const FORGIVEN_MS: f64 = 20.0;
const PATIENCE: Duration = Duration::from_secs(60);
/// After this long a socket that was closed as slow and still takes nothing is shut, and the close frame with it.
const LINGER: Duration = Duration::from_secs(10);
/// The one who reads again is at the end of what is left within this time.
const READING: Duration = Duration::from_secs(10);

#[derive(Default)]
struct Shared {
    latencies: RefCell<Vec<f64>>,
    wanted: Cell<usize>,
    enough: Notify,
    trouble: RefCell<Option<String>>,
}

struct Window {
    p50: f64,
    p99: f64,
    /// The most memory that was seen meanwhile, in MB.
    highest: f64,
}

/// Memory is looked at this often.
const LOOK: Duration = Duration::from_millis(10);

/// A thread of its own that looks at the program's memory all the time: what is held for the one who does not read is let go when they are
/// closed, long before a window ends.
struct Watch {
    over: mpsc::Sender<()>,
    looking: thread::JoinHandle<f64>,
}

impl Watch {
    fn begin(program: &Program) -> Self {
        let (pid, (over, wait)) = (program.pid(), mpsc::channel());
        let looking = thread::spawn(move || {
            let mut highest = 0.0_f64;
            while wait.recv_timeout(LOOK) == Err(mpsc::RecvTimeoutError::Timeout) {
                highest = highest.max(memory_kib(pid, "Pss"));
            }
            highest
        });
        Self { over, looking }
    }

    /// The highest that was seen, in KiB.
    fn end(self) -> Result<f64, String> {
        drop(self.over);
        self.looking.join().map_err(|_| "nobody looked at the memory".to_owned())
    }
}

/// Windows without and with the slow one, in turn.
pub async fn measure(options: &Options) -> Result<Vec<Row>, String> {
    let stage = Stage::set(1, 20).await?;
    let program = stage.product(options).await?;
    let (slow, others) = stage.places.split_last().ok_or("nobody is there")?;
    let shared = Rc::new(Shared::default());
    let tasks = speak(&program, others, &shared).await?;
    let (windows, acks) = (if options.quick { 2 } else { 10 }, options.count(2_000));
    window(&shared, acks).await?;
    let (before, mut without, mut with, mut as_slow) = (program.pss_kib(), Vec::new(), Vec::new(), 0);
    for _ in 0..windows {
        without.push(watched(&program, &shared, acks).await?);
        let (_mouth, mut ear) = pipe::open(program.address, &slow.token, Some(NARROW)).await?;
        let begun = Instant::now();
        with.push(watched(&program, &shared, acks).await?);
        as_slow += usize::from(was_closed(&mut ear, begun.elapsed(), options.quick).await?);
    }
    let all = || without.iter().chain(&with).map(|window| window.highest);
    // Of the window before, not of the one after: what is never given back must not hide in it.
    let growths: Vec<f64> = without.iter().zip(&with).map(|(without, with)| with.highest - without.highest).collect();
    if as_slow == 0 && !options.quick {
        return Err("the one who does not read never heard 4008".to_owned());
    }
    tasks.iter().for_each(JoinHandle::abort);
    let middle = |all: &[Window], of: fn(&Window) -> f64| median(&all.iter().map(of).collect::<Vec<_>>());
    let (p50, p50_with) = (middle(&without, |w| w.p50), middle(&with, |w| w.p50));
    let (p99, p99_with) = (middle(&without, |w| w.p99), middle(&with, |w| w.p99));
    let row = |name: &str, unit, value, bar, note: String| Row {
        name: name.to_owned(),
        unit,
        value,
        rounds: Vec::new(),
        floor: None,
        bar: Bar::Value(bar),
        aim: None,
        note,
    };
    Ok(vec![
        row("one of 20 never reads: others' p50", "× without", p50_with / p50, 1.2, format!("{p50:.2} → {p50_with:.2} ms")),
        row(
            "one of 20 never reads: others' p99",
            "ms",
            p99_with,
            (p99 * 1.5).max(p99 + FORGIVEN_MS),
            format!("{p99:.2} → {p99_with:.2} ms; closed with 4008 in {as_slow} of {windows} windows"),
        ),
        row(
            "one of 20 never reads: growth of the server",
            "MB",
            growths.iter().copied().fold(0.0, f64::max),
            2.0,
            format!(
                "the most of {windows} windows against the one before each; median {:.2}; in all from {:.1} to {:.1} MB",
                median(&growths),
                before * 1.024 / 1_000.0,
                all().fold(0.0, f64::max)
            ),
        ),
    ])
}

/// The one who did not read reads what is left: did it hear 4008? Who was never closed had a pipe that never filled, and showed nothing.
async fn was_closed(ear: &mut Ear, silent_for: Duration, quick: bool) -> Result<bool, String> {
    match ear.end(&pipe::scratch(), READING).await {
        Some(End::Closed(4008)) => Ok(true),
        // In a long window the socket may have been shut before it was read again.
        Some(End::Cut) if silent_for > LINGER => Ok(false),
        _ if quick => Ok(false),
        Some(end) => Err(format!("the one who does not read was not closed as slow: {end:?}")),
        None => Err("the one who does not read was never closed: its pipe did not fill".to_owned()),
    }
}

/// Everyone listens; some send whenever their last message is acknowledged, for ever.
async fn speak(program: &Program, places: &[Place], shared: &Rc<Shared>) -> Result<Vec<JoinHandle<()>>, String> {
    let scratch = Rc::new(pipe::scratch());
    let body = "oars ".repeat(BODY_BYTES / 5);
    let mut tasks = Vec::new();
    for (n, ((mouth, mut ear), place)) in open_all(program, places).await?.into_iter().zip(places).enumerate() {
        let (shared, scratch, room, body, prefix) = (Rc::clone(shared), Rc::clone(&scratch), place.room.clone(), body.clone(), run_key());
        tasks.push(tokio::task::spawn_local(async move {
            let (mut count, mut may_send, mut sent) = (0_u64, n < SENDERS, Instant::now());
            loop {
                if std::mem::take(&mut may_send) {
                    count += 1;
                    sent = Instant::now();
                    let text = format!(
                        r#"{{"type":"chat.send","ref":"{count}","room":"{room}","client_key":"s{prefix}-{count}","body":"{body}"}}"#
                    );
                    if mouth.say(&text).await.is_err() {
                        return;
                    }
                }
                let heard = ear.listen(&scratch, |payload| match Kind::of(payload) {
                    Kind::Ack => {
                        may_send = true;
                        let mut latencies = shared.latencies.borrow_mut();
                        latencies.push(sent.elapsed().as_secs_f64() * 1_000.0);
                        if latencies.len() >= shared.wanted.get() {
                            shared.enough.notify_one();
                        }
                    }
                    Kind::Refused => *shared.trouble.borrow_mut() = Some(String::from_utf8_lossy(payload).into_owned()),
                    Kind::Event | Kind::Other => {}
                });
                if let Err(end) = heard.await {
                    *shared.trouble.borrow_mut() = Some(format!("one who reads was ended: {end:?}"));
                    return;
                }
            }
        }));
    }
    Ok(tasks)
}

/// A window, and what the program's memory was at its highest.
async fn watched(program: &Program, shared: &Shared, acks: usize) -> Result<Window, String> {
    let watch = Watch::begin(program);
    let (p50, p99) = window(shared, acks).await?;
    Ok(Window { p50, p99, highest: watch.end()? * 1.024 / 1_000.0 })
}

/// p50 and p99 of so many acks, in milliseconds.
async fn window(shared: &Shared, acks: usize) -> Result<(f64, f64), String> {
    shared.latencies.borrow_mut().clear();
    shared.wanted.set(acks);
    let begun = Instant::now();
    loop {
        let enough = tokio::time::timeout(Duration::from_millis(250), shared.enough.notified()).await.is_ok();
        if let Some(trouble) = shared.trouble.borrow().clone() {
            return Err(trouble);
        }
        if enough && shared.latencies.borrow().len() >= acks {
            break;
        }
        if begun.elapsed() > PATIENCE {
            return Err(format!("only {} of {acks} acks came in {PATIENCE:?}", shared.latencies.borrow().len()));
        }
    }
    let latencies = shared.latencies.borrow();
    Ok((quantile(&latencies, 0.5), quantile(&latencies, 0.99)))
}

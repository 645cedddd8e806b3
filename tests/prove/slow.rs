//! R11: many who do not read. The others notice nothing, the deaf are shown the door, and who comes back has missed nothing.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::{JoinHandle, LocalSet};

use crate::device::{Profile, tracing_line};
use crate::field::{Crowd, Field};
use crate::load::figures::quantile;
use crate::load::pipe::{self, End, Mouth};
use crate::options::Options;
use crate::restarts::contract;
use crate::verdict::Line;

/// Receive buffer of those who do not read, in bytes: soon full, yet more than a segment of loopback, so that what stands in the pipe can
/// be read quickly in the end.
const NARROW: u32 = 128 * 1024;
/// Large messages, so that the pipes of those who do not read are soon full.
const TALK: Crowd = Crowd { senders: 8, listeners: 4, rooms: 1, rate: 50.0, padding: 4_000, changes: 20, over_http: 0 };
/// Who stop reading for a while and then go on, as full devices.
const STUTTERERS: usize = 4;
const DEAF_FOR: Duration = Duration::from_secs(20);

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

/// `all` sockets, a fifth of them deaf.
pub async fn readers(options: &Options, proof: &str, all: usize) -> Result<Vec<Line>, String> {
    LocalSet::new().run_until(measure(options, proof, all)).await
}

async fn measure(options: &Options, proof: &str, all: usize) -> Result<Vec<Line>, String> {
    let mut field = Field::lay(&options.program, None, None, TALK, options.seed).await?;
    field.plan.environment.clone_from(&options.environment);
    // The ordinary heartbeat: the deaf are to be closed because they do not read, not because they say nothing.
    field.plan.flags.truncate(1);
    let program = field.plan.start().await?;
    let deaf_count = all / 5;
    let others = healthy(&field, all - deaf_count).await?;
    field.talk();
    field.acks(100, Duration::from_secs(60)).await?;
    let span = Duration::from_secs(20);
    let from = field.journal.now();
    tokio::time::sleep(span).await;
    let before = field.journal.latencies_ms(from, field.journal.now());
    let memory = program.pss_kib();

    for n in 0..STUTTERERS {
        let profile = field.profile(n, format!("stutterer{n}"));
        field.join(Profile { pace: None, window: Some(NARROW), deaf_for: Some(DEAF_FOR), ..profile });
    }
    let mut deaf = Vec::new();
    for n in 0..deaf_count {
        deaf.push(pipe::open(field.plan.listen, &field.seats[n % field.seats.len()].token, Some(NARROW)).await?);
    }
    let (from, begun) = (field.journal.now(), Instant::now());
    let mut peak = memory;
    while begun.elapsed() < DEAF_FOR + Duration::from_secs(10) {
        tokio::time::sleep(Duration::from_millis(500)).await;
        peak = peak.max(program.pss_kib());
    }
    let during = field.journal.latencies_ms(from, field.journal.now());
    // Now they read what is left: the last they hear is why.
    let (mut as_slow, mut cut, mut still_open) = (0, 0, 0);
    let scratch = pipe::scratch();
    for (_mouth, mut ear) in deaf {
        let end = tokio::time::timeout(Duration::from_secs(5), async {
            loop {
                if let Err(end) = ear.listen(&scratch, |_| ()).await {
                    return end;
                }
            }
        });
        match end.await {
            Ok(End::Closed(4008)) => as_slow += 1,
            Ok(_) => cut += 1,
            Err(_) => still_open += 1,
        }
    }
    tracing_line(&format!("{proof}: {as_slow} closed with 4008, {cut} cut, {still_open} still open"));
    let hurt = others.ended.borrow().len();
    let outcome = field.settle().await?;
    others.tasks.iter().for_each(JoinHandle::abort);
    drop(program);
    let (p99, p99_during) = (quantile(&before, 0.99), quantile(&during, 0.99));
    let mut lines = vec![
        Line::most(
            proof,
            &format!("ack p99 with {deaf_count} of {all} deaf (without: {p99:.1} ms)"),
            p99_during,
            (p99 * 1.2).max(p99 + 20.0),
            "ms",
        ),
        Line::most(proof, "healthy connections that were ended", hurt as f64, 0.0, ""),
        Line::most(proof, "growth of the server", (peak - memory) / 1_024.0, 256.0, "MiB"),
        Line::most(proof, &format!("deaf connections still open ({as_slow} closed with 4008, {cut} cut)"), f64::from(still_open), 0.0, ""),
        Line::must(
            proof,
            "devices that stopped reading were closed as slow and came back",
            format!(
                "{} times",
                field.journal.counted("closed as slow") + field.journal.counted("connections")
                    - (TALK.senders + TALK.listeners + STUTTERERS + 1) as u64
            ),
            field.journal.counted("connections") > (TALK.senders + TALK.listeners + STUTTERERS + 1) as u64,
        ),
    ];
    lines.extend(contract(proof, &outcome));
    Ok(lines)
}

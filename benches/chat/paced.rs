//! A thousand sockets, fifty messages a second: how long until the author knows that a message is kept, and until the others have it.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use crate::crowd::{BODY, Stage, open_all, run_key};
use crate::load::figures::quantile;
use crate::load::pipe::{self, Kind, Mouth};
use crate::options::Options;
use crate::report::{Bar, Row};

const ROOMS: usize = 100;
const EACH: usize = 10;
/// Fifty a second.
const GAP: Duration = Duration::from_millis(20);
/// Messages that count; as many as a tenth of them go before.
const MESSAGES: usize = 3_000;
/// What was sent last has reached everybody by then, or the run has failed.
const PATIENCE: Duration = Duration::from_secs(10);

/// When each message of a room was due, and how long after that it was acknowledged and heard, in milliseconds.
#[derive(Default)]
struct Heard {
    due: Vec<Instant>,
    acks: Vec<f64>,
    others: Vec<f64>,
    trouble: Option<String>,
}

impl Heard {
    /// Milliseconds since the message `n` of this room was due: a message that waits to be sent is late already.
    fn since(&self, n: usize) -> Option<f64> {
        self.due.get(n).map(|due| due.elapsed().as_secs_f64() * 1_000.0)
    }
}

/// p99 of both, over all messages and all who hear them (D18).
pub async fn measure(options: &Options) -> Result<Vec<Row>, String> {
    let stage = Stage::set(ROOMS, EACH).await?;
    let program = stage.product(options).await?;
    let rooms: Vec<Rc<RefCell<Heard>>> = (0..ROOMS).map(|_| Rc::default()).collect();
    let (mut mouths, mut tasks) = (Vec::new(), Vec::new());
    let scratch = Rc::new(pipe::scratch());
    for (n, (mouth, mut ear)) in open_all(&program, &stage.places).await?.into_iter().enumerate() {
        let (room, scratch, is_author) = (Rc::clone(&rooms[n / EACH]), Rc::clone(&scratch), n % EACH == 0);
        mouths.push(mouth);
        tasks.push(tokio::task::spawn_local(async move {
            let (mut acks, mut events) = (0, 0);
            loop {
                let heard = ear.listen(&scratch, |payload| {
                    let mut room = room.borrow_mut();
                    match Kind::of(payload) {
                        Kind::Ack => {
                            let took = room.since(acks);
                            room.acks.extend(took);
                            acks += 1;
                        }
                        Kind::Event => {
                            let took = room.since(events).filter(|_| !is_author);
                            room.others.extend(took);
                            events += 1;
                        }
                        Kind::Refused => room.trouble = Some(String::from_utf8_lossy(payload).into_owned()),
                        Kind::Other => {}
                    }
                });
                if let Err(end) = heard.await {
                    room.borrow_mut().trouble = Some(format!("a connection ended: {end:?}"));
                    return;
                }
            }
        }));
    }
    let messages = options.count(MESSAGES);
    speak(&mouths, &stage, &rooms, messages / 10).await?;
    for room in &rooms {
        let mut room = room.borrow_mut();
        room.acks.clear();
        room.others.clear();
    }
    speak(&mouths, &stage, &rooms, messages).await?;
    tasks.iter().for_each(JoinHandle::abort);
    let all = |of: fn(&Heard) -> &Vec<f64>| rooms.iter().flat_map(|room| of(&room.borrow()).clone()).collect::<Vec<f64>>();
    let row = |name: &str, bar, all: &[f64]| Row {
        name: name.to_owned(),
        unit: "ms, p99",
        value: quantile(all, 0.99),
        rounds: Vec::new(),
        floor: None,
        bar: Bar::Value(bar),
        aim: None,
        note: format!("p50 {:.2}, highest {:.1} of {}", quantile(all, 0.5), quantile(all, 1.0), all.len()),
    };
    Ok(vec![
        row("1,000 sockets, 50 messages/s: send to ack", 150.0, &all(|room| &room.acks)),
        row("1,000 sockets, 50 messages/s: send to others", 300.0, &all(|room| &room.others)),
    ])
}

/// The rooms take turns; returns when all of it was heard by all.
async fn speak(mouths: &[Mouth], stage: &Stage, rooms: &[Rc<RefCell<Heard>>], messages: usize) -> Result<(), String> {
    let (key, mut ticks) = (run_key(), tokio::time::interval(GAP));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for n in 0..messages {
        let due = ticks.tick().await;
        let room = n % ROOMS;
        rooms[room].borrow_mut().due.push(due.into_std());
        let place = &stage.places[room * EACH].room;
        let text = format!(r#"{{"type":"chat.send","ref":"{n}","room":"{place}","client_key":"p{key}-{n}","body":"{BODY}"}}"#);
        mouths[room * EACH].say(&text).await.map_err(|error| error.to_string())?;
    }
    let ends = Instant::now() + PATIENCE;
    loop {
        if let Some(trouble) = rooms.iter().find_map(|room| room.borrow().trouble.clone()) {
            return Err(trouble);
        }
        let (acks, others) = rooms.iter().fold((0, 0), |(acks, others), room| {
            let room = room.borrow();
            (acks + room.acks.len(), others + room.others.len())
        });
        if acks == messages && others == messages * (EACH - 1) {
            return Ok(());
        }
        if Instant::now() > ends {
            return Err(format!("{acks} acks and {others} deliveries of {messages} messages after {PATIENCE:?}"));
        }
        tokio::time::sleep(GAP).await;
    }
}

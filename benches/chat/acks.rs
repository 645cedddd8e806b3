//! Two hundred rooms of ten, everyone sends when their last message is acknowledged: CPU for a thousand durable acks.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use crate::crowd::{BODY, Place, Stage, open_all, run_key};
use crate::load::figures::median;
use crate::load::pipe::{self, Kind};
use crate::load::program::Program;
use crate::options::Options;
use crate::report::{Bar, Floor, Row};

/// Against the bare group commit.
pub async fn measure(options: &Options) -> Result<Vec<Row>, String> {
    let stage = Stage::set(options.count(200), 10).await?;
    let (mut floors, mut products, mut rates, mut refusals) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let time = options.time(Duration::from_secs(10));
    for _ in 0..options.rounds {
        let program = stage.floor("commit").await?;
        floors.push(round(&program, &stage.floor_places(), time).await?.0);
        drop(program);
        let program = stage.product(options).await?;
        let (cost, rate, refused) = round(&program, &stage.places, time).await?;
        products.push(cost);
        rates.push(rate);
        refusals.push(refused);
    }
    Ok(vec![Row {
        name: "200 rooms of 10, all sending after acks".to_owned(),
        unit: "ms/1,000 acks",
        value: median(&products),
        rounds: products,
        floor: Some(Floor { value: median(&floors), reference: 30.0, rounds: floors }),
        bar: Bar::Floors(3.0),
        aim: Some(2.0),
        note: format!("{:.0} acks/s, {:.0} refused as busy for 1,000 acks", median(&rates), median(&refusals)),
    }])
}

#[derive(Default)]
struct Shared {
    acks: Cell<u64>,
    refused: Cell<u64>,
    trouble: RefCell<Option<String>>,
    over: Cell<bool>,
}

/// How long one waits who was told that the server is busy.
const BUSY: Duration = Duration::from_millis(500);

/// CPU milliseconds for a thousand acks, acks in a second, and refusals for a thousand acks.
async fn round(program: &Program, places: &[Place], time: Duration) -> Result<(f64, f64, f64), String> {
    let (shared, scratch) = (Rc::new(Shared::default()), Rc::new(pipe::scratch()));
    let mut tasks: Vec<JoinHandle<()>> = Vec::with_capacity(places.len());
    for ((mouth, mut ear), place) in open_all(program, places).await?.into_iter().zip(places) {
        let (shared, scratch, room, prefix) = (Rc::clone(&shared), Rc::clone(&scratch), place.room.clone(), run_key());
        tasks.push(tokio::task::spawn_local(async move {
            let mut n = 0;
            let (mut may_send, mut is_busy) = (true, false);
            while !shared.over.get() {
                if std::mem::take(&mut is_busy) {
                    tokio::time::sleep(BUSY).await;
                    may_send = true;
                }
                if std::mem::take(&mut may_send) {
                    n += 1;
                    let text =
                        format!(r#"{{"type":"chat.send","ref":"{n}","room":"{room}","client_key":"a{prefix}-{n}","body":"{BODY}"}}"#);
                    if mouth.say(&text).await.is_err() {
                        break;
                    }
                }
                let heard = ear.listen(&scratch, |payload| match Kind::of(payload) {
                    Kind::Ack => {
                        shared.acks.set(shared.acks.get() + 1);
                        may_send = true;
                    }
                    Kind::Refused if payload.windows(10).any(|ten| ten == b"error.busy") => {
                        shared.refused.set(shared.refused.get() + 1);
                        is_busy = true;
                    }
                    Kind::Refused => *shared.trouble.borrow_mut() = Some(String::from_utf8_lossy(payload).into_owned()),
                    Kind::Event | Kind::Other => {}
                });
                if let Err(end) = heard.await {
                    *shared.trouble.borrow_mut() = Some(format!("a connection ended: {end:?}"));
                    break;
                }
            }
        }));
    }
    tokio::time::sleep(time / 8).await;
    let (before, acks, refused, begun) = (program.cpu_ms(), shared.acks.get(), shared.refused.get(), Instant::now());
    tokio::time::sleep(time).await;
    let (used, acked, seconds) = (program.cpu_ms() - before, shared.acks.get() - acks, begun.elapsed().as_secs_f64());
    shared.over.set(true);
    tasks.iter().for_each(JoinHandle::abort);
    if let Some(trouble) = shared.trouble.borrow().clone() {
        return Err(trouble);
    }
    let refused = (shared.refused.get() - refused) as f64 / acked as f64 * 1_000.0;
    Ok((used / acked as f64 * 1_000.0, acked as f64 / seconds, refused))
}

//! One room, one speaker, many ears: CPU for a thousand deliveries, in bursts and sparse.

use std::time::{Duration, Instant};

use tokio::time::MissedTickBehavior;

use crate::crowd::{Crowd, Place, Stage};
use crate::load::figures::median;
use crate::load::program::Program;
use crate::options::Options;
use crate::report::{Bar, Floor, Row};

/// How a round drives the room.
#[derive(Clone, Copy)]
enum Drive {
    /// This many messages under way, a new one when one has reached everyone.
    Closed(usize),
    /// One message in this time, whatever comes of it.
    Open(Duration),
}

/// Bursts in a room of `members`.
pub async fn bursts(options: &Options, members: usize, in_flight: usize, reference: f64) -> Result<Vec<Row>, String> {
    let name = format!("fan-out to {members}, bursts");
    let row = compare(options, &name, members, ("writer", reference), Drive::Closed(in_flight), (2.0, 1.4)).await?;
    Ok(vec![row])
}

/// A room of 100, a hundred messages a second.
pub async fn sparse(options: &Options) -> Result<Vec<Row>, String> {
    let drive = Drive::Open(Duration::from_millis(10));
    let row = compare(options, "fan-out to 100, sparse", 100, ("direct", 8.0), drive, (1.6, 1.2)).await?;
    Ok(vec![row])
}

async fn compare(
    options: &Options,
    name: &str,
    members: usize,
    (floor, reference): (&str, f64),
    drive: Drive,
    (bar, aim): (f64, f64),
) -> Result<Row, String> {
    let stage = Stage::set(1, members).await?;
    let (mut floors, mut products) = (Vec::new(), Vec::new());
    let time = options.time(Duration::from_secs(8));
    for _ in 0..options.rounds {
        let program = stage.floor(floor).await?;
        floors.push(round(&program, &stage.floor_places(), drive, time).await?);
        drop(program);
        let program = stage.product(options).await?;
        products.push(round(&program, &stage.places, drive, time).await?);
    }
    let floor = Floor { value: median(&floors), reference, rounds: floors };
    Ok(Row {
        name: name.to_owned(),
        unit: "ms/1,000 deliveries",
        value: median(&products),
        rounds: products,
        floor: Some(floor),
        bar: Bar::Floors(bar),
        aim: Some(aim),
        note: String::new(),
    })
}

/// So many messages go before those that count. A program that has just started writes a log that grows, and syncing what grows costs half as
/// much again; after these it writes over it, as it does from then on.
const LOG_COMES_ROUND: u32 = 1_000;

/// CPU milliseconds for a thousand deliveries.
async fn round(program: &Program, places: &[Place], drive: Drive, time: Duration) -> Result<f64, String> {
    let mut crowd = Crowd::gather(program, places).await?;
    let before = match drive {
        Drive::Closed(_) => time / 8,
        Drive::Open(gap) => gap * LOG_COMES_ROUND,
    };
    send(&mut crowd, drive, before.min(time * 2)).await?;
    let (before, delivered) = (program.cpu_ms(), crowd.count.delivered.get());
    send(&mut crowd, drive, time).await?;
    let used = program.cpu_ms() - before;
    Ok(used / (crowd.count.delivered.get() - delivered) as f64 * 1_000.0)
}

async fn send(crowd: &mut Crowd, drive: Drive, time: Duration) -> Result<(), String> {
    let begun = Instant::now();
    match drive {
        Drive::Closed(in_flight) => {
            while begun.elapsed() < time {
                let under_way = crowd.count.sent() - crowd.count.complete.get();
                crowd.say(in_flight - under_way.min(in_flight)).await?;
                crowd.wait().await?;
            }
        }
        Drive::Open(gap) => {
            let mut ticks = tokio::time::interval(gap);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
            while begun.elapsed() < time {
                ticks.tick().await;
                crowd.say(1).await?;
            }
        }
    }
    crowd.settle().await
}

//! CPU for one forwarded packet, beside Janus: the same clients, the same packets, the same core, in turn.
//!
//! Both stand in a network of their own, which ends with this process: Janus takes no loopback address, so there is a second one.

use std::process::Command;
use std::time::{Duration, Instant};

use nix::sched::{CloneFlags, unshare};

use crate::bursts::{self, RATE};
use crate::client::{Client, Section};
use crate::crowd::{Crowd, Drain};
use crate::load::figures::median;
use crate::rival::Rival;
use crate::{Bar, Options, load, tell};

/// One fifth of what Janus takes; aimed at is a tenth.
const BAR: f64 = 0.2;
const SUBSCRIBERS: u32 = 50;
const SECONDS: u64 = 8;
/// What flows before the clock runs.
const SETTLE: Duration = Duration::from_secs(2);
/// How often clients show that they are there.
const CHECK: Duration = Duration::from_secs(2);
const CAMERA: u32 = 0x77;
/// Where Janus is.
pub const ADDRESS: &str = "10.206.0.1";

/// What one run found.
struct Cost {
    /// Microseconds of CPU for one packet that arrived.
    micros: f64,
    /// Share of the packets that arrived.
    arrived: f64,
}

/// Runs both in turn and tells the ratio, for a picture in bursts and for single packets.
pub fn compare(options: &Options) -> Result<(), String> {
    own_network()?;
    for burst in [8, 1] {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for round in 1..=options.count.unwrap_or(3) {
            eprintln!("… bursts of {burst}, round {round}");
            ours.push(product(burst)?);
            theirs.push(rival(burst)?);
        }
        let middle = |all: &[Cost]| median(&all.iter().map(|cost| cost.micros).collect::<Vec<_>>());
        let least = |all: &[Cost]| all.iter().map(|cost| cost.arrived * 100.0).fold(f64::MAX, f64::min);
        let note = |all: &[Cost]| format!("at least {:.1} % of the packets arrived", least(all));
        let what = |name: &str| format!("{name}, bursts of {burst} to {SUBSCRIBERS}");
        tell(&what("product"), middle(&ours), "µs a packet", Bar::None, &note(&ours));
        tell(&what("Janus"), middle(&theirs), "µs a packet", Bar::None, &note(&theirs));
        let bar = if burst > 1 { Bar::Most(BAR) } else { Bar::None };
        let ratio = middle(&ours) / middle(&theirs);
        tell(&what("product to Janus"), ratio, "times", bar, &format!("a {:.1}th; aimed at is a tenth", 1.0 / ratio));
    }
    Ok(())
}

/// A network that nobody else is in, with loopback and one more address.
fn own_network() -> Result<(), String> {
    unshare(CloneFlags::CLONE_NEWNET).map_err(|error| format!("no network of one's own ({error}): run it as root"))?;
    let address = format!("{ADDRESS}/24");
    for line in [
        "link set lo up",
        "link add prove0 type veth peer name prove1",
        &format!("addr add {address} dev prove0"),
        "link set prove0 up",
        "link set prove1 up",
    ] {
        let status = Command::new("ip").args(line.split(' ')).status().map_err(|error| format!("ip cannot be run: {error}"))?;
        if !status.success() {
            return Err(format!("ip {line} failed"));
        }
    }
    Ok(())
}

fn product(burst: usize) -> Result<Cost, String> {
    let mut crowd = Crowd::open(1, 1);
    let publisher = crowd.join(0, 1, &[Section::Camera(CAMERA, CAMERA + 1)]);
    let viewers: Vec<_> = (0..SUBSCRIBERS).map(|number| crowd.join(0, number + 2, &[Section::SeesOne])).collect();
    run(publisher, &viewers, burst, || crowd.totals().cpu_ns as f64 / 1_000.0)
}

fn rival(burst: usize) -> Result<Cost, String> {
    let mut rival = Rival::start()?;
    let publisher = rival.publish(&[Section::Camera(CAMERA, CAMERA + 1)])?;
    let viewers = (0..SUBSCRIBERS).map(|_| rival.subscribe()).collect::<Result<Vec<_>, _>>()?;
    let pid = rival.pid();
    run(publisher, &viewers, burst, || load::machine::cpu_ms(pid) * 1_000.0)
}

/// Sends the picture and weighs what came of it; `spent` says how many microseconds of CPU the server has used.
fn run(mut publisher: Client, viewers: &[Client], burst: usize, spent: impl Fn() -> f64) -> Result<Cost, String> {
    let packets = bursts::seal(&mut publisher, CAMERA, burst, RATE * (SECONDS as usize + 4));
    let drain = Drain::start(viewers.iter().map(|viewer| viewer.socket.try_clone().expect("a descriptor")).collect());
    let sender = bursts::send(publisher.socket.try_clone().expect("a descriptor"), publisher.server, packets, burst);
    let wait = |time: Duration| {
        let end = Instant::now() + time;
        while Instant::now() < end {
            for client in viewers.iter().chain([&publisher]) {
                client.send_raw(&client.own_check());
            }
            std::thread::park_timeout(CHECK.min(end.saturating_duration_since(Instant::now())));
        }
    };
    wait(SETTLE);
    let (cpu, seen, begun) = (spent(), drain.count(), Instant::now());
    wait(Duration::from_secs(SECONDS));
    let (cpu, came, passed) = (spent() - cpu, drain.count() - seen, begun.elapsed().as_secs_f64());
    sender.join().map_err(|_| "the publisher failed".to_owned())?;
    drain.stop();
    if came == 0 {
        return Err("nothing arrived".to_owned());
    }
    Ok(Cost { micros: cpu / came as f64, arrived: came as f64 / (passed * RATE as f64 * viewers.len() as f64) })
}

//! `seq_sim`: the delivery core under a simulator. Order, shards, queues and replays are the real ones; a client's rules stand beside them,
//! while publications get lost, doubled and out of order, readings come late or fail, connections are cut, clients do not read, the program
//! crashes and time jumps. Then the faults end, and within 60 simulated seconds every client must show every event.
//!
//! Not covered: the store (COMMIT, keys; it is a list here), the publisher's and the socket's loops around the core (short ones stand in for
//! them, and for the dispatcher and a kernel that takes a part of a frame), who joins and leaves rooms or is signed out, signals, and the
//! client's own code.

mod client;
mod server;

use std::thread;
use std::time::Duration;

use client::Client;
use server::Server;

/// Chance from a seed (SplitMix64).
struct Chance(u64);

impl Chance {
    const fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 33) as usize % end
    }

    const fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// What is broken on purpose, to show that the simulator would notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    /// A replay begins one event too late.
    LateReplay,
    /// What was delivered is never compared with the heads in the store.
    NoCompare,
    /// Now and then a frame gets lost on a connection that goes on.
    LostFrame,
    /// What the kernel did not take of a frame is forgotten.
    LostRest,
    /// What is written past the dispatcher comes before what the dispatcher holds.
    Overtaken,
}

/// What happened in some schedules.
#[derive(Clone, Copy, Debug, Default, serde::Serialize)]
struct Tally {
    schedules: u64,
    events: u64,
    publications_lost: u64,
    publications_doubled: u64,
    publications_out_of_order: u64,
    readings_failed: u64,
    connections_cut: u64,
    crashes: u64,
    jumps: u64,
}

impl Tally {
    const fn add(&mut self, other: &Self) {
        self.schedules += other.schedules;
        self.events += other.events;
        self.publications_lost += other.publications_lost;
        self.publications_doubled += other.publications_doubled;
        self.publications_out_of_order += other.publications_out_of_order;
        self.readings_failed += other.readings_failed;
        self.connections_cut += other.connections_cut;
        self.crashes += other.crashes;
        self.jumps += other.jumps;
    }
}

/// How many schedules run; `bin/prove chat sim` names more.
const SCHEDULES: &str = "RIALTO_TEST_SCHEDULES";
/// Without it.
const FEW: u64 = 10_000;
/// Clients, spread over two workers.
const CLIENTS: usize = 3;
/// Steps with faults.
const STEPS: usize = 300;
/// Within this time without faults all must be equal.
const QUIET: Duration = Duration::from_secs(60);
/// As often as a worker looks at the time.
const TICK: Duration = Duration::from_millis(250);

/// One schedule: what happened in it, or what broke.
fn run(seed: u64, fault: Fault) -> Result<Tally, String> {
    let mut chance = Chance(seed);
    // In few schedules events are so large that queues overflow.
    let padding = if chance.percent(2) { 60_000 } else { 0 };
    let mut server = Server::new(fault, padding);
    let mut clients: Vec<Client> = (0..CLIENTS).map(Client::new).collect();
    for _ in 0..STEPS {
        step(&mut server, &mut clients, &mut chance)?;
    }
    server.calm();
    let end = server.now + QUIET;
    while server.now < end {
        settle(&mut server, &mut clients, &mut chance)?;
        if clients.iter().all(|client| client.shows_all(&server)) {
            return Ok(Tally { schedules: 1, ..server.tally });
        }
        pass(&mut server, &mut clients, TICK, true);
    }
    Err(format!("not equal after {QUIET:?}: {:?}", clients.iter().map(|client| client.behind(&server)).collect::<Vec<_>>()))
}

/// Something happens.
fn step(server: &mut Server, clients: &mut [Client], chance: &mut Chance) -> Result<(), String> {
    let one = chance.below(clients.len());
    match chance.below(200) {
        0..18 => server.commit(chance),
        18..40 => server.publish(chance),
        40..72 => server.deliver(chance.below(2)),
        72..104 => server.work(chance),
        104..144 => clients[one].written(server, chance),
        144..186 => clients[one].read(server)?,
        186..194 => clients[one].connect(server),
        194 => {
            server.tally.connections_cut += 1;
            clients[one].cut(server);
        }
        195 if chance.percent(50) => {
            clients.iter_mut().for_each(Client::lose);
            server.crash();
        }
        196 if chance.percent(30) => {
            server.tally.jumps += 1;
            pass(server, clients, Duration::from_secs(3_600), chance.percent(50));
        }
        197 => pass(server, clients, Duration::from_secs(11), chance.percent(70)),
        _ => pass(server, clients, Duration::from_millis(chance.below(1_000) as u64), chance.percent(70)),
    }
    Ok(())
}

/// Time goes by; sockets that were not read for too long are shut.
fn pass(server: &mut Server, clients: &mut [Client], time: Duration, readings_succeed: bool) {
    server.pass(time, readings_succeed);
    for descriptor in server.tick() {
        clients.iter_mut().filter(|client| client.has(descriptor)).for_each(|client| client.cut(server));
    }
}

/// Until there is nothing more to do at this moment.
fn settle(server: &mut Server, clients: &mut [Client], chance: &mut Chance) -> Result<(), String> {
    loop {
        let mut is_busy = server.is_busy();
        server.publish(chance);
        (0..2).for_each(|shard| server.deliver(shard));
        server.work(chance);
        for client in clients.iter_mut() {
            client.connect(server);
            client.written(server, chance);
            is_busy |= client.hears();
            client.read(server)?;
        }
        if !is_busy {
            return Ok(());
        }
    }
}

/// Every `step`th schedule from `first` on.
fn run_every(step: usize, first: u64, end: u64) -> Result<Tally, String> {
    let mut tally = Tally::default();
    for seed in (first..end).step_by(step) {
        tally.add(&run(seed, Fault::None).map_err(|sentence| format!("seed {seed}: {sentence}"))?);
    }
    Ok(tally)
}

/// For `bin/prove chat sim`, which reads these lines.
fn tell(what: &serde_json::Value) {
    eprintln!("seq_sim {what}");
}

#[test]
fn seq_sim_finds_nothing_broken() {
    let end = std::env::var(SCHEDULES).map_or(FEW, |text| text.parse().expect("a number of schedules"));
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut tally = Tally::default();
    thread::scope(|scope| {
        let running: Vec<_> = (0..cores as u64).map(|first| scope.spawn(move || run_every(cores, first, end))).collect();
        for one in running {
            match one.join().expect("a schedule does not panic") {
                Ok(part) => tally.add(&part),
                Err(sentence) => panic!("{sentence}"),
            }
        }
    });
    assert_eq!(tally.schedules, end);
    tell(&serde_json::json!(tally));
}

#[test]
fn seq_sim_notices_what_is_broken_on_purpose() {
    for fault in [Fault::LateReplay, Fault::NoCompare, Fault::LostFrame, Fault::LostRest, Fault::Overtaken] {
        let noticed = (0..500).find(|seed| run(*seed, fault).is_err());
        assert!(noticed.is_some(), "{fault:?} was not noticed");
        tell(&serde_json::json!({ "fault": format!("{fault:?}"), "noticed_after": noticed.map(|seed| seed + 1) }));
    }
}

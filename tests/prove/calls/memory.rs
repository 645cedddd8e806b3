//! Memory of the real program with an audio room of 270, ten of whom talk (B5), and after all have left.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::client::{Client, LEVEL, OPUS, Section, packet};
use crate::crowd::Drain;
use crate::party::{Link, Party};
use crate::{Bar, Options, tell};

const MEMBERS: usize = 270;
const TALKERS: usize = 10;
/// Of whom so many are loud.
const LOUD: usize = 3;
/// MiB that one participant may take over the base.
const EACH: f64 = 0.5;
/// What may remain over the base when all have left, and when.
const LEFT_PERCENT: f64 = 10.0;
const LEFT_WITHIN: Duration = Duration::from_secs(60);
const VOICE: Duration = Duration::from_millis(20);
const CHECK: Duration = Duration::from_secs(2);
const KIB: f64 = 1_024.0;

/// Fills the room, keeps it for the time and empties it.
pub fn weigh(options: &Options) -> Result<(), String> {
    let party = Party::open(&options.program, 1, MEMBERS)?;
    let minutes = options.minutes.unwrap_or(10.0);
    // What a first call loads once is no participant's; and what the program holds while it works is no base: as at the end, it has its time to
    // come to rest.
    eprintln!("… a call of two first, and {} s of rest", LEFT_WITHIN.as_secs());
    fill(&party, "two", 2)?.leave()?;
    let (base, _) = party.wait_memory(0.0, LEFT_WITHIN);
    let kinds = party.kinds();
    eprintln!("… {MEMBERS} come online, and go");
    let links = (0..MEMBERS).map(|seat| party.link(seat)).collect::<Result<Vec<_>, _>>()?;
    let online = party.memory();
    drop(links);
    let (gone, _) = party.wait_memory(base, LEFT_WITHIN);
    let note = format!("{:.1} MiB before, {:.1} with {MEMBERS} online, {:.1} afterwards", base / KIB, online / KIB, gone / KIB);
    tell("memory over the base when members were online, without a call", (gone / base - 1.0) * 100.0, "%", Bar::None, &note);
    eprintln!("… {MEMBERS} come in");
    let room = fill(&party, "once", MEMBERS)?;
    let (room, full) = stay(&party, room, Duration::from_secs_f64(minutes * 60.0))?;
    let each = (full.memory - base) / MEMBERS as f64 / KIB;
    let note = format!(
        "{:.1} MiB before anybody came, {:.1} with {MEMBERS}, after {minutes} min; socket and media",
        base / KIB,
        full.memory / KIB
    );
    tell("memory of a participant", each, "MiB", Bar::Most(EACH), &note);
    tell("program's CPU with them", full.busy, "% of a core", Bar::None, &format!("{:.0} packets a second arrived", full.arrived));
    let left = empties(&party, room, base)?;
    let note = format!("{:.1} MiB, {:.0} s after the last one left", left.0 / KIB, left.1.as_secs_f64());
    tell("memory over the base when all have left", (left.0 / base - 1.0) * 100.0, "%", Bar::Most(LEFT_PERCENT), &note);
    for ((name, before), now) in ["anonymous", "pages of files", "shared"].into_iter().zip(kinds).zip(party.kinds()) {
        let note = format!("{:.1} MiB before, {:.1} now", before / KIB, now / KIB);
        tell(&format!("of it {name}, of the whole base"), (now - before) / base * 100.0, "%", Bar::None, &note);
    }
    eprintln!("… {MEMBERS} come in again");
    let again = empties(&party, fill(&party, "twice", MEMBERS)?, left.0)?;
    let note = format!("{:.1} MiB: what stays does not grow", again.0 / KIB);
    tell("memory over that when all have come and left again", (again.0 / left.0 - 1.0) * 100.0, "%", Bar::Most(LEFT_PERCENT), &note);
    Ok(())
}

/// All leave; the memory then, and how long it took to come back to `base`, or the time that it had.
fn empties(party: &Party, room: Full, base: f64) -> Result<(f64, Duration), String> {
    eprintln!("… all leave");
    room.leave()?;
    Ok(party.wait_memory(base * (1.0 + LEFT_PERCENT / 100.0), LEFT_WITHIN))
}

/// A room with people in it.
struct Full {
    call: String,
    links: Vec<Link>,
    clients: Vec<Client>,
}

impl Full {
    fn leave(self) -> Result<(), String> {
        self.links.into_iter().try_for_each(|mut link| link.leave(&self.call))
    }
}

/// So many come into a call that begins under this key.
fn fill(party: &Party, key: &str, members: usize) -> Result<Full, String> {
    let (mut links, mut clients, mut call) = (Vec::new(), Vec::new(), String::new());
    for seat in 0..members {
        let mut link = party.link(seat)?;
        if seat == 0 {
            call = link.call_of(&party.rooms[0], key)?;
        }
        let mut sections = Vec::new();
        if seat < TALKERS {
            sections.push(Section::Voice(seat as u32 + 1));
        }
        sections.extend(vec![Section::HearsOne; 4]);
        let tracks: &[_] = if seat < TALKERS { &[("0", "mic")] } else { &[] };
        clients.push(link.join(&call, &sections, tracks)?);
        links.push(link);
    }
    Ok(Full { call, links, clients })
}

/// What was found while all were there.
struct Found {
    memory: f64,
    busy: f64,
    arrived: f64,
}

/// Talks and listens for the time; memory is read at its end.
fn stay(party: &Party, mut room: Full, time: Duration) -> Result<(Full, Found), String> {
    let drain = Drain::start(room.clients.iter().map(|client| client.socket.try_clone().expect("a descriptor")).collect());
    let talk = Talk::begin(std::mem::take(&mut room.clients));
    let (begun, cpu) = (Instant::now(), party.cpu_ms());
    while begun.elapsed() < time {
        std::thread::park_timeout(time.saturating_sub(begun.elapsed()).min(Duration::from_secs(10)));
        eprintln!("    {:.0} s: {:.1} MiB", begun.elapsed().as_secs_f64(), party.memory() / KIB);
    }
    let passed = begun.elapsed().as_secs_f64();
    let found = Found { memory: party.memory(), busy: (party.cpu_ms() - cpu) / passed / 10.0, arrived: drain.count() as f64 / passed };
    talk.end();
    drain.stop();
    if found.arrived == 0.0 { Err("nobody heard anything".to_owned()) } else { Ok((room, found)) }
}

/// Voices, 50 packets a second each, and everybody's checks.
struct Talk {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Talk {
    fn begin(mut clients: Vec<Client>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let (begun, mut checked) = (Instant::now(), Instant::now());
            for number in 0_u32.. {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                for (at, client) in clients.iter_mut().take(TALKERS).enumerate() {
                    let level = if at < LOUD { 10 } else { 60 };
                    client.send(&packet(OPUS, number as u16, number.wrapping_mul(960), at as u32 + 1, &[(LEVEL, &[level])], &[0x55; 80]));
                }
                if checked.elapsed() > CHECK {
                    checked = Instant::now();
                    clients.iter().for_each(|client| client.send_raw(&client.own_check()));
                }
                std::thread::park_timeout((begun + VOICE * (number + 1)).saturating_duration_since(Instant::now()));
            }
        });
        Self { stop, thread }
    }

    fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.join();
    }
}

//! Twenty people come and twenty go each second, in rooms of fifty of the real program (B6): how long it takes to hear and to see, and
//! whether anything stays behind.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use crate::client::{Client, Event, LEVEL, MARKER, OPUS, Section, VP8, packet, vp8};
use crate::load::figures::quantile;
use crate::party::{Link, Party};
use crate::{Bar, Options, tell};

const ROOMS: usize = 4;
const MEMBERS: usize = 50;
/// Of each room's members so many are in its call at a time, and one of them is heard and seen.
const INSIDE: usize = 40;
/// Between two who come, and two who go.
const PACE: Duration = Duration::from_millis(50);
/// Joins that may be under way at a time.
const HANDS: usize = 8;
const SOUND_MS: f64 = 700.0;
const PICTURE_MS: f64 = 1_200.0;
/// KiB that a join may leave behind, measured over the second half. Caches and the allocator's own fill up in the first minutes.
const LEFT_KIB: f64 = 1.0;
const SETTLED_MINUTES: f64 = 6.0;
const KIB: f64 = 1_024.0;
/// What one who comes hears and sees.
const SECTIONS: [Section; 5] = [Section::HearsOne, Section::HearsOne, Section::HearsOne, Section::HearsOne, Section::SeesOne];
const FRAME: Duration = Duration::from_millis(20);

/// Somebody who is outside.
struct Outside {
    room: usize,
    link: Link,
}

/// Somebody who is in a call.
struct Inside {
    room: usize,
    link: Link,
    _client: Client,
}

#[derive(Default)]
struct Times {
    sound: Vec<f64>,
    picture: Vec<f64>,
    faults: Vec<String>,
}

/// Churns for the time and tells what came of it.
pub fn churn(options: &Options) -> Result<(), String> {
    let party = Party::open(&options.program, ROOMS, MEMBERS)?;
    let minutes = options.minutes.unwrap_or(10.0);
    let stage = Stage::open(&party)?;
    let times = Mutex::new(Times::default());
    let (permit, permits) = bounded(HANDS * 4);
    let (enter, entered) = unbounded();
    let (out, outside) = unbounded();
    for seat in 1..MEMBERS {
        for room in 0..ROOMS {
            out.send(Outside { room, link: party.link(room * MEMBERS + seat)? }).map_err(|error| error.to_string())?;
        }
    }
    let hall = Hall { calls: &stage.calls, times: &times, permits, outside, enter };
    let memory = std::thread::scope(|scope| {
        for _ in 0..HANDS {
            scope.spawn(|| hall.work());
        }
        let crowd = Crowd { party: &party, calls: &stage.calls, permit, entered: &entered, out: &out };
        crowd.run(Duration::from_secs_f64(minutes * 60.0))
    })?;
    stage.close();
    let times = times.into_inner().unwrap_or_else(PoisonError::into_inner);
    report(&times, &memory, minutes);
    Ok(())
}

fn report(times: &Times, memory: &Memory, minutes: f64) {
    let note = |values: &[f64]| {
        format!("p50 {:.0}, worst {:.0}; {} joins in {minutes} min", quantile(values, 0.5), quantile(values, 1.0), values.len())
    };
    tell("churn: join to first audio, p95", quantile(&times.sound, 0.95), "ms", Bar::Most(SOUND_MS), &note(&times.sound));
    tell("churn: join to first video, p95", quantile(&times.picture, 0.95), "ms", Bar::Most(PICTURE_MS), &note(&times.picture));
    let pace = times.picture.len() as f64 / (minutes * 60.0);
    tell("churn: joins a second", pace, "", Bar::Least(0.9 / PACE.as_secs_f64()), "and as many leaves");
    let faults = times.faults.iter().take(3).cloned().collect::<Vec<_>>().join("; ");
    tell("churn: joins that failed", times.faults.len() as f64, "", Bar::Most(0.0), &faults);
    let note = format!(
        "{:.1} MiB after a fifth, {:.1} in the middle, {:.1} at the end",
        memory.early / KIB,
        memory.middle / KIB,
        memory.end / KIB
    );
    let each = (memory.end - memory.middle) / (memory.joins as f64 / 2.0).max(1.0);
    let bar = if minutes < SETTLED_MINUTES { Bar::None } else { Bar::Most(LEFT_KIB) };
    tell("churn: memory that a join leaves behind", each, "KiB", bar, &note);
    tell("churn: files left open", memory.files, "", Bar::Most(0.0), "at the end, against those after a fifth of the time");
}

/// The talkers, one in each room.
struct Stage {
    calls: Vec<String>,
    stop: Arc<AtomicBool>,
    threads: Vec<std::thread::JoinHandle<()>>,
    /// Their sockets, which keep them in.
    _links: Vec<Link>,
}

impl Stage {
    fn open(party: &Party) -> Result<Self, String> {
        let stop = Arc::new(AtomicBool::new(false));
        let (mut calls, mut threads, mut links) = (Vec::new(), Vec::new(), Vec::new());
        for room in 0..ROOMS {
            let mut link = party.link(room * MEMBERS)?;
            let call = link.call_of(&party.rooms[room], "churn")?;
            let client = link.join(&call, &[Section::Voice(1), Section::Camera(2, 3)], &[("0", "mic"), ("1", "cam")])?;
            let stopped = Arc::clone(&stop);
            threads.push(std::thread::spawn(move || publish(client, &stopped)));
            calls.push(call);
            links.push(link);
        }
        Ok(Self { calls, stop, threads, _links: links })
    }

    fn close(self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            let _ = thread.join();
        }
    }
}

/// A voice, and a picture 16 times a second that begins anew when somebody asks for it.
fn publish(mut client: Client, stop: &AtomicBool) {
    let begun = Instant::now();
    let mut wanted = true;
    let mut picture = 0_u16;
    let mut checked = Instant::now();
    for number in 0_u32.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        client.send(&packet(OPUS, number as u16, number.wrapping_mul(960), 1, &[(LEVEL, &[10])], &[0x55; 80]));
        if number.is_multiple_of(3) {
            let body = vp8(true, std::mem::take(&mut wanted), picture, &[0x55; 900]);
            client.send(&packet(VP8 | MARKER, picture, number.wrapping_mul(1_800), 2, &[], &body));
            picture = picture.wrapping_add(1);
        }
        if checked.elapsed() > Duration::from_secs(2) {
            checked = Instant::now();
            client.send_raw(&client.own_check());
        }
        let next = begun + FRAME * (number + 1);
        while Instant::now() < next {
            client.step(next.saturating_duration_since(Instant::now()));
            wanted |= client.events.drain(..).any(|event| matches!(event, Event::Report(report) if asks_for_keyframe(&report)));
        }
    }
}

/// A compound report with a request for a keyframe in it (RFC 4585: payload-specific, kind 1; RFC 5104: kind 4).
fn asks_for_keyframe(mut report: &[u8]) -> bool {
    while let [first, kind, high, low, ..] = *report {
        if kind == 206 && matches!(first & 0x1f, 1 | 4) {
            return true;
        }
        let length = (usize::from(u16::from_be_bytes([high, low])) + 1) * 4;
        report = report.get(length..).unwrap_or_default();
    }
    false
}

/// Where people come in.
struct Hall<'a> {
    calls: &'a [String],
    times: &'a Mutex<Times>,
    permits: Receiver<()>,
    outside: Receiver<Outside>,
    enter: Sender<Inside>,
}

impl Hall<'_> {
    /// Lets people in, one for each permit, until there are no more.
    fn work(&self) {
        while self.permits.recv().is_ok() {
            let Ok(person) = self.outside.recv_timeout(Duration::from_secs(20)) else { return };
            let mut link = person.link;
            let done = come(&mut link, &self.calls[person.room]);
            let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
            match done {
                Ok((client, sound, picture)) => {
                    times.sound.push(sound);
                    times.picture.push(picture);
                    let _ = self.enter.send(Inside { room: person.room, link, _client: client });
                }
                Err(fault) => times.faults.push(fault),
            }
        }
    }
}

/// Comes in; milliseconds until the first sound and the first keyframe.
fn come(link: &mut Link, call: &str) -> Result<(Client, f64, f64), String> {
    let begun = Instant::now();
    let mut client = link.join(call, &SECTIONS, &[])?;
    let (mut sound, mut picture) = (None, None);
    while sound.is_none() || picture.is_none() {
        let is_media = |event: &Event| matches!(event, Event::Media(_));
        let Some(Event::Media(packet)) = client.next(is_media, Duration::from_secs(10)) else {
            return Err(format!("sound {sound:?}, picture {picture:?} after 10 s"));
        };
        let passed = begun.elapsed().as_secs_f64() * 1_000.0;
        match packet[1] & 0x7f {
            OPUS => sound = sound.or(Some(passed)),
            VP8 if is_keyframe(&packet) => picture = picture.or(Some(passed)),
            _ => {}
        }
    }
    Ok((client, sound.unwrap_or_default(), picture.unwrap_or_default()))
}

/// The payload's own first byte after a descriptor with a long picture number: its lowest bit says "not a keyframe".
fn is_keyframe(packet: &[u8]) -> bool {
    crate::client::payload(packet).get(4).is_some_and(|byte| byte & 1 == 0)
}

/// What stayed behind.
#[derive(Default)]
struct Memory {
    early: f64,
    middle: f64,
    end: f64,
    joins: u32,
    files: f64,
}

/// Who lets them come and go.
struct Crowd<'a> {
    party: &'a Party,
    calls: &'a [String],
    permit: Sender<()>,
    entered: &'a Receiver<Inside>,
    out: &'a Sender<Outside>,
}

impl Crowd<'_> {
    fn run(self, time: Duration) -> Result<Memory, String> {
        let mut inside = VecDeque::new();
        let begun = Instant::now();
        let mut memory = Memory::default();
        for turn in 1_u32.. {
            let passed = begun.elapsed();
            if passed >= time {
                break;
            }
            memory.joins += u32::from(self.permit.try_send(()).is_ok());
            inside.extend(self.entered.try_iter());
            while inside.len() > ROOMS * (INSIDE - 1) {
                self.leaves(&mut inside)?;
            }
            let share = passed.as_secs_f64() / time.as_secs_f64();
            if memory.early == 0.0 && share > 0.2 {
                (memory.early, memory.files) = (self.party.memory(), self.party.files());
            }
            if memory.middle == 0.0 && share > 0.5 {
                memory.middle = self.party.memory();
            }
            if turn.is_multiple_of(200) {
                eprintln!("    {:.0} s: {:.1} MiB, {} in", passed.as_secs_f64(), self.party.memory() / KIB, inside.len());
            }
            std::thread::park_timeout((begun + PACE * turn).saturating_duration_since(Instant::now()));
        }
        memory.end = self.party.memory();
        memory.files = self.party.files() - memory.files;
        Ok(memory)
    }

    fn leaves(&self, inside: &mut VecDeque<Inside>) -> Result<(), String> {
        let Some(Inside { room, mut link, .. }) = inside.pop_front() else { return Ok(()) };
        link.leave(&self.calls[room])?;
        self.out.send(Outside { room, link }).map_err(|error| error.to_string())
    }
}

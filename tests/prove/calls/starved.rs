//! A media thread whose core others take from it (C9): newcomers are refused first, then pictures become small, and voices go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rialto::calls::sfu::{CallId, Input, ParticipantId, View, Who};

use crate::client::Section;
use crate::cpu;
use crate::crowd::{Crowd, Drain};
use crate::traffic::Traffic;
use crate::{Bar, Options, tell};

/// Others that want the same core: the media thread is left about a sixteenth of it.
const RIVALS: usize = 15;
/// People who send three layers of a picture and a voice, and people who watch them all.
const SPEAKERS: u32 = 3;
const VIEWERS: u32 = 60;
/// Smallest layer first: its name, bits a second, and height.
const LAYERS: [(&str, u64, u16); 3] = [("l", 100_000, 180), ("m", 700_000, 360), ("h", 2_500_000, 720)];
/// Before the others come, and while they are there.
const BEFORE: Duration = Duration::from_secs(4);
const STARVED: Duration = Duration::from_secs(20);
const STEP: Duration = Duration::from_millis(250);
/// Packets of one voice in a second.
const VOICE: f64 = 50.0;
/// What share of the voices has to arrive, percent.
const VOICES: f64 = 95.0;
/// What part of the core others than the rivals may have had of it, percent: beyond it less was left than is said.
const STRANGERS: f64 = 10.0;
/// Looks in a second.
const SECOND: usize = 4;

/// What there was in one step.
struct Look {
    /// Since the others came.
    at: Duration,
    has_room: bool,
    voices: f64,
    pictures: f64,
}

/// Fills a call, takes its core away, and tells what went first.
pub fn starve(_: &Options) -> Result<(), String> {
    let mut crowd = Crowd::open(1, 1);
    let mut traffic = Traffic::of((BEFORE + STARVED).as_secs() + 6);
    let clients: Vec<_> = (1..=SPEAKERS + VIEWERS)
        .map(|number| {
            let slots = [vec![Section::HearsOne; 3], vec![Section::SeesOne; SPEAKERS as usize]].concat();
            if number > SPEAKERS {
                return crowd.join(0, number, &slots);
            }
            let own = vec![Section::Layers(&["l", "m", "h"]), Section::Voice(number)];
            let mut client = crowd.join(0, number, &[own, slots].concat());
            for (at, (name, bits, height)) in LAYERS.into_iter().enumerate() {
                traffic.picture(&mut client, 1_000 + number * 4 + at as u32, bits, Some((name, height)));
            }
            traffic.voice(&mut client, number, 10);
            client
        })
        .collect();
    for number in 1..=SPEAKERS + VIEWERS {
        let tiles = (1..=SPEAKERS).filter(|other| *other != number).map(|other| (ParticipantId(other), 720)).collect();
        let who = Who { call: CallId(0), participant: ParticipantId(number) };
        crowd.send(Input::View { who, view: View { tiles, ..View::default() } });
    }
    let drain = Drain::start(clients.iter().map(|client| client.socket.try_clone().expect("a descriptor")).collect());
    let sender = traffic.send();
    crowd.wait_forwarded(1);
    watch(&crowd, &drain, Duration::from_secs(2));
    let calm = watch(&crowd, &drain, BEFORE - Duration::from_secs(2));
    let (begun, own) = (Instant::now(), crowd.totals().cpu_ns);
    let rivals = Rivals::come(RIVALS);
    let starved = watch(&crowd, &drain, STARVED);
    let taken = rivals.go() + (crowd.totals().cpu_ns - own) as f64;
    let strangers = (1.0 - taken / begun.elapsed().as_nanos() as f64) * 100.0;
    sender.join().map_err(|_| "the speakers failed".to_owned())?;
    drain.stop();
    if strangers > STRANGERS {
        return Err(format!(
            "other programs had {strangers:.0} % of the media thread's core, so the figures say nothing: run it on a quiet machine"
        ));
    }
    judge(&calm, &starved);
    Ok(())
}

fn watch(crowd: &Crowd, drain: &Drain, time: Duration) -> Vec<Look> {
    let (begun, mut looks) = (Instant::now(), Vec::new());
    let (mut at, mut voices, mut all) = (begun, drain.voices(), drain.count());
    while begun.elapsed() < time {
        std::thread::park_timeout(STEP);
        let (now, voices_now, all_now) = (Instant::now(), drain.voices(), drain.count());
        let passed = (now - at).as_secs_f64();
        let (heard, came) = ((voices_now - voices) as f64 / passed, (all_now - all) as f64 / passed);
        looks.push(Look { at: begun.elapsed(), has_room: crowd.has_room(0), voices: heard, pictures: came - heard });
        (at, voices, all) = (now, voices_now, all_now);
    }
    looks
}

fn judge(calm: &[Look], starved: &[Look]) {
    let mean = |looks: &[Look], of: fn(&Look) -> f64| looks.iter().map(of).sum::<f64>() / looks.len().max(1) as f64;
    let each = f64::from((SPEAKERS - 1) * SPEAKERS + SPEAKERS * VIEWERS) * VOICE;
    let pictures = mean(calm, |look| look.pictures);
    let refused = starved.iter().find(|look| !look.has_room).map_or(f64::INFINITY, |look| look.at.as_secs_f64());
    // The smallest layer is a small part of the others. Where little time is left, nothing may leave for a moment: that is not small yet.
    let is_small = |looks: &[Look]| looks.iter().all(|look| !look.has_room) && mean(looks, |look| look.pictures) < pictures * 0.2;
    let small = starved.windows(SECOND).position(is_small).map_or(f64::INFINITY, |at| starved[at].at.as_secs_f64());
    let note = format!("{pictures:.0} packets of pictures a second before; the media thread is left a {}th of its core", RIVALS + 1);
    tell("core taken away: newcomers are refused after", refused, "s", Bar::Most(5.0), &note);
    tell("and pictures become small after", small, "s", Bar::Most(12.0), "");
    tell("newcomers first: pictures become small so much later", small - refused, "s", Bar::Least(0.5), "");
    let least = starved.windows(8).map(|looks| mean(looks, |look| look.voices)).fold(f64::INFINITY, f64::min);
    let note = format!("worst two seconds {:.1} %; {:.1} % before", least / each * 100.0, mean(calm, |look| look.voices) / each * 100.0);
    tell("voices that arrive meanwhile", mean(starved, |look| look.voices) / each * 100.0, "%", Bar::Least(VOICES), &note);
}

/// Threads that want the media thread's core.
struct Rivals {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<u64>>,
}

impl Rivals {
    fn come(count: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let one = || {
            let stop = Arc::clone(&stop);
            std::thread::spawn(move || {
                cpu::keep_to(0);
                while !stop.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
                cpu::of_this_thread()
            })
        };
        let threads = (0..count).map(|_| one()).collect();
        Self { stop, threads }
    }

    /// Nanoseconds of the core that they had.
    fn go(self) -> f64 {
        self.stop.store(true, Ordering::Relaxed);
        self.threads.into_iter().filter_map(|thread| thread.join().ok()).sum::<u64>() as f64
    }
}

//! Whole calls at once: an audio room, a meeting, a webinar, many pairs. How busy the media thread's core is, is the figure.

use std::time::{Duration, Instant};

use rialto::calls::sfu::{Input, ParticipantId, View, Who};

use crate::client::{Client, Section};
use crate::crowd::{Crowd, Drain};
use crate::report::{Report, Row};
use crate::traffic::Traffic;

/// A workload that adds its figures to a report.
pub type Scene = fn(&mut Report);

/// Workloads by their names.
pub const SCENES: &[(&str, Scene)] = &[("audio", audio), ("meeting", meeting), ("webinar", webinar), ("pairs", pairs)];

const SECONDS: u64 = 6;
/// Lets traffic run and says how busy the media thread was.
fn run(report: &mut Report, name: &str, crowd: &Crowd, clients: &[Client], traffic: Traffic, most_busy: f64) {
    let drain = Drain::start(clients.iter().map(|client| client.socket.try_clone().expect("a descriptor")).collect());
    let begun = crowd.totals().forwarded;
    let sender = traffic.send();
    crowd.wait_forwarded(begun + 1);
    std::thread::park_timeout(Duration::from_secs(2));
    let (before, start, seen) = (crowd.totals(), Instant::now(), drain.count());
    let end = start + Duration::from_secs(SECONDS);
    while Instant::now() < end {
        std::thread::park_timeout(end.saturating_duration_since(Instant::now()));
    }
    let (after, passed, got) = (crowd.totals(), start.elapsed().as_secs_f64(), drain.count() - seen);
    sender.join().expect("all was sent");
    let client_cpu = drain.stop();
    let forwarded = (after.forwarded - before.forwarded) as f64;
    let busy = (after.cpu_ns - before.cpu_ns) as f64 / 1e7 / passed;
    let mut row = Row::new(&format!("{name}, busy"), "%", busy);
    row.bar = Some(most_busy);
    row.note = format!(
        "{:.0} out and {:.0} in a second, {got} arrived, {} not taken by the kernel, clients {:.0} % busy",
        forwarded / passed,
        (after.packets_in - before.packets_in) as f64 / passed,
        after.unsent - before.unsent,
        client_cpu / passed / 1e7,
    );
    report.add(row);
    report.add(Row::new(&format!("{name}, a packet"), "us", (after.cpu_ns - before.cpu_ns) as f64 / 1_000.0 / forwarded));
}

fn slots(audio: usize, video: usize) -> Vec<Section> {
    let mut sections = vec![Section::HearsOne; audio];
    sections.extend(vec![Section::SeesOne; video]);
    sections
}

fn audio(report: &mut Report) {
    eprintln!("… audio room: 10 talkers, 260 listeners");
    let mut crowd = Crowd::open(1, 1);
    let (mut clients, mut traffic) = (Vec::new(), Traffic::of(SECONDS + 3));
    for number in 1..=270_u32 {
        let mut sections = slots(4, 0);
        if number <= 10 {
            sections.push(Section::Voice(number));
        }
        let mut client = crowd.join(0, number, &sections);
        if number <= 10 {
            traffic.voice(&mut client, number, if number <= 3 { 10 } else { 60 });
        }
        clients.push(client);
    }
    run(report, "audio room", &crowd, &clients, traffic, 80.0);
}

fn meeting(report: &mut Report) {
    eprintln!("… meeting: 50 cameras of three layers");
    let mut crowd = Crowd::open(1, 1);
    let (mut clients, mut traffic) = (Vec::new(), Traffic::of(SECONDS + 3));
    for number in 1..=50_u32 {
        let mut sections = vec![Section::Layers(&["l", "m", "h"]), Section::Voice(number)];
        sections.extend(slots(4, 10));
        let mut client = crowd.join(0, number, &sections);
        for (at, (name, bits, height)) in [("l", 100_000, 180), ("m", 300_000, 360), ("h", 600_000, 720)].into_iter().enumerate() {
            traffic.picture(&mut client, 1_000 + number * 4 + at as u32, bits, Some((name, height)));
        }
        traffic.voice(&mut client, number, if number <= 3 { 10 } else { 60 });
        clients.push(client);
    }
    for number in 1..=50_u32 {
        let other = |step: u32| ParticipantId((number + step - 1) % 50 + 1);
        let mut tiles = vec![(other(1), 720)];
        tiles.extend((2..=10).map(|step| (other(step), 120)));
        let who = Who { call: rialto::calls::sfu::CallId(0), participant: ParticipantId(number) };
        crowd.send(Input::View { who, view: View { tiles, ..View::default() } });
    }
    run(report, "meeting", &crowd, &clients, traffic, 80.0);
}

fn webinar(report: &mut Report) {
    eprintln!("… webinar: one picture and voice to 150");
    let mut crowd = Crowd::open(1, 1);
    let mut speaker = crowd.join(0, 1, &[Section::Camera(7, 8), Section::Voice(9)]);
    let mut clients: Vec<_> = (2..=151).map(|number| crowd.join(0, number, &slots(1, 1))).collect();
    let mut traffic = Traffic::of(SECONDS + 3);
    traffic.picture(&mut speaker, 7, 1_700_000, None);
    traffic.voice(&mut speaker, 9, 10);
    clients.push(speaker);
    run(report, "webinar", &crowd, &clients, traffic, 85.0);
}

fn pairs(report: &mut Report) {
    eprintln!("… 160 calls of two");
    let mut crowd = Crowd::open(160, 1);
    let (mut clients, mut traffic) = (Vec::new(), Traffic::of(SECONDS + 3));
    for call in 0..160_u64 {
        for number in 1..=2_u32 {
            let mut client = crowd.join(call, number, &[Section::Voice(number), Section::HearsOne]);
            traffic.voice(&mut client, number, 10);
            clients.push(client);
        }
    }
    run(report, "pairs", &crowd, &clients, traffic, 50.0);
}

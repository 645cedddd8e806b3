//! One publisher in bursts to many subscribers.

use std::net::UdpSocket;

use stats_alloc::Region;

use crate::bursts::{self, RATE};
use crate::client::Section;
use crate::crowd::{Crowd, Drain};
use crate::report::{Report, Row};
use crate::{ALLOCATIONS, cpu, floor};

/// A forwarded packet may cost so many floors.
const BAR: f64 = 2.5;
const SECONDS: usize = 6;
const CAMERA: u32 = 0x77;

/// Microseconds of CPU of the floor, with so many receivers.
pub fn floor(receivers: usize) -> f64 {
    let sockets: Vec<UdpSocket> = (0..receivers)
        .map(|_| {
            let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
            socket.set_nonblocking(true).expect("nonblocking");
            socket
        })
        .collect();
    let drained = sockets.iter().map(|socket| socket.try_clone().expect("a descriptor")).collect();
    let drain = Drain::start(drained);
    let measured = std::thread::spawn(move || {
        cpu::keep_to(0);
        floor::measure(&sockets, 3)
    });
    let micros = measured.join().expect("the floor runs");
    drain.stop();
    micros
}

/// Measures one size of bursts.
pub fn measure(report: &mut Report, burst: usize, subscribers: u32, floor: f64) {
    eprintln!("… fan-out: bursts of {burst} to {subscribers}");
    let mut crowd = Crowd::open(1, 1);
    let mut publisher = crowd.join(0, 1, &[Section::Camera(CAMERA, CAMERA + 1)]);
    let viewers: Vec<_> = (0..subscribers).map(|number| crowd.join(0, number + 2, &[Section::SeesOne])).collect();
    let packets = bursts::seal(&mut publisher, CAMERA, burst, RATE * (SECONDS + 2));
    publisher.send_raw(&packets[0]);
    crowd.wait_forwarded(1);
    let drain = Drain::start(viewers.iter().map(|viewer| viewer.socket.try_clone().expect("a descriptor")).collect());
    let socket = publisher.socket.try_clone().expect("a descriptor");
    let sender = bursts::send(socket, publisher.server, packets[1..].to_vec(), burst);
    crowd.wait_forwarded(u64::from(subscribers) * RATE as u64);
    let (before, region, seen) = (crowd.totals(), Region::new(ALLOCATIONS), drain.count());
    let end = before.forwarded + u64::from(subscribers) * (RATE * (SECONDS - 2)) as u64;
    crowd.wait_forwarded(end);
    let (after, allocated, got) = (crowd.totals(), region.change(), drain.count() - seen);
    let forwarded = after.forwarded - before.forwarded;
    sender.join().expect("the publisher sent all");
    drain.stop();
    let micros = (after.cpu_ns - before.cpu_ns) as f64 / 1_000.0 / forwarded as f64;
    let mut row = Row::new(&format!("burst {burst} to {subscribers}"), "us", micros);
    row.note = format!("{forwarded} forwarded, {got} arrived, {} not taken by the kernel", after.unsent - before.unsent);
    report.add(row);
    let mut row = Row::new(&format!("burst {burst}, ratio to floor"), "x", micros / floor);
    row.bar = Some(BAR);
    report.add(row);
    let mut row = Row::new(&format!("burst {burst}, allocations"), "each", allocated.allocations as f64 / forwarded as f64);
    // Timers and the bench itself may make a few; a packet makes none.
    row.bar = Some(0.001);
    row.note = format!("{} in all", allocated.allocations);
    report.add(row);
}

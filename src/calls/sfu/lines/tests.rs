//! Lines against a real listener: framing, queues, strangers.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::{Duration, Instant};

use super::line::PREFIX;
use super::*;
use crate::calls::sfu::socket::DATAGRAM;

/// Lines that listen there, and where that is.
fn listening(at: &str) -> (Lines, SocketAddr) {
    let listener = TcpListener::bind(at).expect("a port");
    listener.set_nonblocking(true).expect("a listener");
    let address = listener.local_addr().expect("bound");
    (Lines::new(Some(listener)).expect("descriptors"), address)
}

/// A listener's lines and a browser that has connected to them.
fn pair() -> (Lines, TcpStream, Incoming) {
    let (mut lines, address) = listening("127.0.0.1:0");
    let browser = TcpStream::connect(address).expect("connected");
    let mut incoming = Incoming::new();
    until(&mut lines, &mut incoming, |lines, _| lines.len() == 1);
    (lines, browser, incoming)
}

/// Takes in what comes until this holds; how many packets came with the last step.
fn until(lines: &mut Lines, incoming: &mut Incoming, mut holds: impl FnMut(&mut Lines, &[Vec<u8>]) -> bool) -> Vec<Vec<u8>> {
    let end = Instant::now() + Duration::from_secs(10);
    let mut all = Vec::new();
    loop {
        let count = lines.receive(incoming, 0);
        all.extend((0..count).map(|at| incoming.datagram(at).to_vec()));
        if holds(lines, &all) {
            return all;
        }
        assert!(Instant::now() < end, "it never held");
        std::thread::yield_now();
    }
}

fn framed(packets: &[&[u8]]) -> Vec<u8> {
    packets.iter().flat_map(|packet| [&(packet.len() as u16).to_be_bytes()[..], packet].concat()).collect()
}

fn only(lines: &Lines) -> LineId {
    *lines.lines.keys().next().expect("a line")
}

#[test]
fn packets_come_whole_however_they_are_cut() {
    let (mut lines, mut browser, mut incoming) = pair();
    let packets: Vec<Vec<u8>> = (0..300_usize).map(|n| vec![(n % 4) as u8; 2 + n * 5]).collect();
    let whole: Vec<&[u8]> = packets.iter().map(Vec::as_slice).collect();
    let bytes = framed(&whole);
    let (sizes, mut at, mut got) = ([1, 2, 3, 700, 5_000, 40_000], 0, Vec::new());
    for size in sizes.iter().cycle() {
        let end = (at + size).min(bytes.len());
        browser.write_all(&bytes[at..end]).expect("sent");
        at = end;
        let count = lines.receive(&mut incoming, 0);
        got.extend((0..count).map(|at| incoming.datagram(at).to_vec()));
        if at == bytes.len() {
            break;
        }
    }
    got.extend(until(&mut lines, &mut incoming, |_, more| got.len() + more.len() == packets.len()));
    assert!(got == packets, "each once, in order, and none but them");
}

#[test]
fn what_no_browser_says_ends_the_connection() {
    for said in [&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], &framed(&[&[22, 3, 1, 0, 0]]), &framed(&[&[0; DATAGRAM + 1]])] {
        let (mut lines, mut browser, mut incoming) = pair();
        browser.write_all(said).expect("sent");
        let came = until(&mut lines, &mut incoming, |lines, _| lines.len() == 0);
        assert_eq!((came.len(), lines.take_gone().is_some()), (0, true));
    }
}

#[test]
fn whoever_reads_slowly_has_a_bounded_queue_and_is_given_up_in_the_end() {
    let (mut lines, mut browser, mut incoming) = pair();
    let id = only(&lines);
    lines.known(id);
    let packet = [0x80; 1_200];
    let mut pushed = 0_u64;
    while lines.unsent() == 0 {
        lines.push(id, &packet);
        lines.flush();
        pushed += 1;
        assert!(lines.lines[&id].queue.len() <= QUEUE);
    }
    lines.push(id, &packet);
    assert_eq!(lines.unsent(), 2, "each packet that finds no room is dropped whole");
    // It reads again: all that was queued arrives, in whole packets.
    browser.set_read_timeout(Some(Duration::from_secs(10))).expect("a deadline");
    let mut bytes = vec![0; (pushed as usize - 1) * (PREFIX + packet.len())];
    let reader = std::thread::spawn(move || {
        browser.read_exact(&mut bytes).expect("all of it");
        (browser, bytes)
    });
    until(&mut lines, &mut incoming, |lines, _| lines.lines[&id].queue.is_empty());
    let (browser, bytes) = reader.join().expect("read");
    assert!(bytes.chunks(PREFIX + packet.len()).all(|frame| frame == framed(&[&packet])));
    // And then no more, for too long.
    while lines.lines[&id].blocked.is_none() {
        lines.push(id, &packet);
        lines.flush();
    }
    lines.turn(STALLED - 1);
    assert_eq!(lines.len(), 1);
    lines.turn(STALLED);
    assert_eq!((lines.len(), lines.take_gone().map(|remote| remote.line)), (0, Some(Some(id))));
    drop(browser);
}

#[test]
fn strangers_are_few_and_do_not_stay() {
    let (mut lines, first, mut incoming) = pair();
    let address = lines.listener.as_ref().and_then(|listener| listener.local_addr().ok()).expect("bound");
    let oldest = only(&lines);
    let mut others: Vec<_> = (1..STRANGERS).map(|_| TcpStream::connect(address).expect("connected")).collect();
    until(&mut lines, &mut incoming, |lines, _| lines.len() == STRANGERS);
    assert!(lines.has(oldest), "so many there may be");
    others.push(TcpStream::connect(address).expect("connected"));
    until(&mut lines, &mut incoming, |lines, _| !lines.has(oldest));
    assert_eq!((lines.len(), lines.crowded_out()), (STRANGERS, 1));
    let kept = only(&lines);
    lines.known(kept);
    lines.turn(STRANGE - 1);
    assert_eq!(lines.len(), STRANGERS);
    lines.turn(STRANGE);
    assert_eq!((lines.len(), only(&lines)), (1, kept), "whoever is known stays");
    drop((first, others));
}

#[test]
fn whoever_opens_many_keeps_nobody_else_out() {
    let (mut lines, address) = listening("[::]:0");
    let mut incoming = Incoming::new();
    let quiet = TcpStream::connect((Ipv6Addr::LOCALHOST, address.port())).expect("connected");
    until(&mut lines, &mut incoming, |lines, _| lines.len() == 1);
    let id = only(&lines);
    let loud: Vec<_> = (0..STRANGERS + 10)
        .map(|_| {
            let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, address.port())).expect("connected");
            lines.receive(&mut incoming, 0);
            stream
        })
        .collect();
    until(&mut lines, &mut incoming, |lines, _| lines.crowded_out() == 11);
    assert_eq!((lines.len(), lines.has(id)), (STRANGERS, true), "the one from elsewhere stays");
    let other = TcpStream::connect((Ipv6Addr::LOCALHOST, address.port())).expect("connected");
    until(&mut lines, &mut incoming, |lines, _| lines.crowded_out() == 12);
    assert_eq!((lines.len(), lines.has(id)), (STRANGERS, true), "and another comes in beside them");
    drop((quiet, loud, other));
}

#[test]
fn numbers_begin_anew_and_pass_over_those_that_live() {
    let (mut lines, first, mut incoming) = pair();
    let address = lines.listener.as_ref().and_then(|listener| listener.local_addr().ok()).expect("bound");
    assert_eq!(only(&lines).number(), 1);
    lines.last = NonZeroU32::MAX;
    let second = TcpStream::connect(address).expect("connected");
    until(&mut lines, &mut incoming, |lines, _| lines.len() == 2);
    assert!(LineId::of(2).is_some_and(|two| lines.has(two)), "the first one has its own still");
    drop((first, second));
}

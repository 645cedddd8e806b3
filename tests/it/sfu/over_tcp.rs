//! Where a network lets no UDP through: the same call over TCP, with those who have UDP in it.

use std::io::{ErrorKind, Read};
use std::net::UdpSocket;
use std::time::{Duration, Instant};

use rialto::calls::sfu::{EndCause, Input, Limits, Output, ParticipantId, ParticipantStatistics, Permissions, Route};

use super::client::{Client, DEADLINE, Event, Line, OPUS, Section, packet, payload};
use super::{CALL, Server, who};

fn speech(number: u32, words: &[u8]) -> Vec<u8> {
    packet(OPUS, number as u16, number * 960, 0x11, &[], words)
}

/// Somebody who comes over TCP.
fn comes(server: &mut Server, number: u32, sections: &[Section], address: &str) -> Client {
    let mut client = server.join_as(number, sections, Client::over_tcp(address), Permissions::ALL);
    assert!(client.connect(DEADLINE), "participant {number} connects");
    client
}

fn route_of(server: &mut Server, number: u32) -> Route {
    server.wait(|output| match output {
        Output::Connected { who: found, route } if *found == who(number) => Some(*route),
        _ => None,
    })
}

#[test]
fn media_goes_both_ways_between_tcp_and_udp() {
    let mut server = Server::start(Limits::default());
    let mut over_tcp = comes(&mut server, 1, &[Section::Voice(0x11), Section::HearsOne], "127.0.0.1:0");
    assert_eq!(route_of(&mut server, 1), Route::TcpV4);
    let mut over_udp = server.connected(2, &[Section::Voice(0x11), Section::HearsOne]);
    for number in 1..200 {
        over_tcp.send(&speech(number, format!("up {number}").as_bytes()));
        over_udp.send(&speech(number, format!("down {number}").as_bytes()));
        assert_eq!(payload(&over_udp.next_media().expect("heard over UDP")), format!("up {number}").as_bytes());
        assert_eq!(payload(&over_tcp.next_media().expect("heard over TCP")), format!("down {number}").as_bytes());
    }
    server.sfu.send(Input::Statistics { call: CALL });
    let routes = server.wait(|output| match output {
        Output::Statistics { participants, .. } => Some(participants.iter().map(|one| one.route).collect::<Vec<_>>()),
        _ => None,
    });
    assert_eq!(routes, [Some(Route::TcpV4), Some(Route::UdpV4)]);
    server.sfu.send(Input::Leave { who: who(1) });
    assert_eq!(server.ended(1), EndCause::Left);
    assert!(over_tcp.next(|event| *event == Event::Closed, DEADLINE).is_some(), "told before the connection ends");
    let stream = over_tcp.line.expect("a line").stream;
    stream.set_read_timeout(Some(DEADLINE)).expect("a deadline");
    assert_eq!((&stream).read(&mut [0; 64]).expect("no deadline"), 0, "and it ends");
}

#[test]
fn ipv6_too() {
    let mut server = Server::start(Limits::default());
    let _client = comes(&mut server, 1, &[Section::HearsOne], "[::1]:0");
    assert_eq!(route_of(&mut server, 1), Route::TcpV6);
}

#[test]
fn a_lost_connection_is_weak_until_another_way_is_checked() {
    let mut server = Server::start(Limits { weak: Duration::from_millis(300), ..Limits::default() });
    let mut speaker = server.connected(2, &[Section::Voice(0x11)]);
    let mut listener = comes(&mut server, 1, &[Section::HearsOne], "127.0.0.1:0");
    assert_eq!(route_of(&mut server, 1), Route::TcpV4);
    speaker.send(&speech(1, b"before"));
    assert_eq!(payload(&listener.next_media().expect("heard")), b"before");
    listener.line = None;
    server.wait(|output| matches!(output, Output::Weak { who: found } if *found == who(1)).then_some(()));
    // Again over TCP, and then over UDP, which another network lets through.
    listener.line = Some(Line::to(listener.server));
    checks(&mut listener);
    assert_eq!(route_of(&mut server, 1), Route::TcpV4);
    speaker.send(&speech(2, b"again"));
    assert_eq!(payload(&listener.next_media().expect("heard")), b"again");
    listener.line = None;
    checks(&mut listener);
    speaker.send(&speech(3, b"over UDP"));
    assert_eq!(payload(&listener.next_media().expect("heard")), b"over UDP");
}

/// Has one more check answered.
fn checks(client: &mut Client) {
    let successes = client.successes;
    client.send_raw(&client.own_check());
    let end = Instant::now() + DEADLINE;
    while client.successes == successes {
        assert!(Instant::now() < end, "the check is answered");
        client.step(Duration::from_millis(20));
    }
}

/// What was measured of a participant.
fn statistics(server: &mut Server, number: u32) -> ParticipantStatistics {
    server.sfu.send(Input::Statistics { call: CALL });
    server.wait(|output| match output {
        Output::Statistics { participants, .. } => {
            participants.iter().find(|found| found.participant == Some(ParticipantId(number))).cloned()
        }
        _ => None,
    })
}

#[test]
fn whoever_reads_nothing_harms_nobody() {
    let mut server = Server::start(Limits::default());
    let mut speaker = server.connected(1, &[Section::Voice(0x11)]);
    let mut listener = server.connected(2, &[Section::HearsOne]);
    let deaf = comes(&mut server, 3, &[Section::HearsOne], "127.0.0.1:0");
    route_of(&mut server, 3);
    let (mut number, end) = (0, Instant::now() + DEADLINE);
    while statistics(&mut server, 3).unsent == 0 {
        assert!(Instant::now() < end, "its queue is never full");
        for _ in 0..100 {
            number += 1;
            speaker.send(&speech(number, &[7; 1_000]));
            assert_eq!(payload(&listener.next_media().expect("the other hears each")), [7; 1_000]);
        }
    }
    assert!(number > 100, "the queue held some of it");
    assert_eq!(statistics(&mut server, 2).unsent, 0, "of nobody else");
    drop(deaf);
}

/// Nothing came over it, and it stands.
fn is_silent(line: &Line) -> bool {
    line.stream.set_nonblocking(true).expect("an option");
    let read = (&line.stream).read(&mut [0; 64]);
    read.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

#[test]
fn strangers_over_tcp_get_no_word() {
    let mut server = Server::start(Limits::default());
    let mut known = server.join_as(1, &[Section::HearsOne], Client::over_tcp("127.0.0.1:0"), Permissions::ALL);
    let end = Instant::now() + DEADLINE;
    let right = format!("{}:{}", known.remote_ufrag, known.ufrag);
    let wrong_password = Line::to(known.server);
    wrong_password.send(&known.check(&right, "another password, well long enough", true, true));
    while statistics(&mut server, 1).forged == 0 {
        assert!(Instant::now() < end, "it was looked at");
    }
    assert!(is_silent(&wrong_password));
    let nobody = Line::to(known.server);
    nobody.send(&known.check("nobody:cl", &known.remote_password, true, true));
    while server.sfu.totals().stray == 0 {
        assert!(Instant::now() < end, "it was looked at");
        std::thread::yield_now();
    }
    assert!(is_silent(&nobody));
    assert!(known.connect(DEADLINE), "whoever is expected comes in beside them");
    // Packets of one participant are worth nothing on a connection that has proved nothing.
    let other = Line::to(known.server);
    other.send(&[0x80, 111, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0x11, 9, 9, 9, 9]);
    other.stream.set_read_timeout(Some(DEADLINE)).expect("a deadline");
    let over = (&other.stream).read(&mut [0; 64]);
    assert!(matches!(&over, Ok(0)) || over.as_ref().is_err_and(|error| error.kind() == ErrorKind::ConnectionReset), "{over:?}");
}

#[test]
fn a_browser_with_many_addresses_loses_no_connection() {
    let mut server = Server::start(Limits::default());
    let mut client = comes(&mut server, 1, &[Section::HearsOne], "127.0.0.1:0");
    let mut over_tcp: Vec<Line> = (0..9).map(|_| Line::to(client.server)).collect();
    let over_udp: Vec<UdpSocket> = (0..9).map(|_| UdpSocket::bind("127.0.0.1:0").expect("a port")).collect();
    // As browsers do: each pair is checked without being chosen, all of them at once, and again.
    let pair = format!("{}:{}", client.remote_ufrag, client.ufrag);
    for _ in 0..2 {
        for (line, socket) in over_tcp.iter_mut().zip(&over_udp) {
            line.send(&client.check(&pair, &client.remote_password, true, false));
            assert!(line.receive(DEADLINE).is_some(), "the check is answered, and the connection stands");
            socket.set_read_timeout(Some(DEADLINE)).expect("a deadline");
            socket.send_to(&client.check(&pair, &client.remote_password, true, false), client.server).expect("sent");
            assert!(socket.recv(&mut [0; 512]).is_ok(), "over UDP too");
        }
    }
    checks(&mut client);
    assert_eq!(server.sfu.totals().crowded_out, 0);
}

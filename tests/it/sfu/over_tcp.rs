//! Where a network lets no UDP through: the same call over TCP, with those who have UDP in it.

use std::io::{ErrorKind, Read};
use std::time::Duration;

use rialto::calls::sfu::{EndCause, Input, Limits, Output, Permissions, Route};

use super::client::{Client, DEADLINE, Event, Knows, Line, OPUS, Section, packet, payload};
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
    while client.successes == successes {
        client.step(Duration::from_millis(20));
    }
}

#[test]
fn whoever_reads_nothing_harms_nobody() {
    let mut server = Server::start(Limits::default());
    let mut speaker = server.connected(1, &[Section::Voice(0x11)]);
    let mut listener = server.connected(2, &[Section::HearsOne]);
    let deaf = comes(&mut server, 3, &[Section::HearsOne], "127.0.0.1:0");
    route_of(&mut server, 3);
    let mut number = 0;
    while server.sfu.totals().unsent == 0 {
        for _ in 0..100 {
            number += 1;
            speaker.send(&speech(number, &[7; 1_000]));
            assert_eq!(payload(&listener.next_media().expect("the other hears each")), [7; 1_000]);
        }
    }
    assert!(number > 100, "the queue held some of it");
    drop(deaf);
}

#[test]
fn strangers_over_tcp_get_no_word() {
    let mut server = Server::start(Limits::default());
    let known = server.join_as(1, &[Section::HearsOne], Client::over_tcp("127.0.0.1:0"), Permissions::ALL);
    let good = format!("{}:{}", known.remote_ufrag, known.ufrag);
    for (username, password) in [(good, "another password, well long enough"), ("nobody:cl".to_owned(), &known.remote_password)] {
        let mut stranger = Line::to(known.server);
        stranger.send(&known.check(&username, password, true, true));
        assert_eq!(stranger.receive(Duration::from_millis(300)), None);
    }
    let mut known = known;
    assert!(known.connect(DEADLINE), "whoever is expected comes in beside them");
    // Packets of one participant are worth nothing on a connection that has proved nothing.
    let mut other = Client::new("127.0.0.1:0", Knows::Both);
    other.line = Some(Line::to(known.server));
    other.send_raw(&[0x80, 111, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0x11, 9, 9, 9, 9]);
    let stream = other.line.expect("a line").stream;
    stream.set_read_timeout(Some(DEADLINE)).expect("a deadline");
    let over = (&stream).read(&mut [0; 64]);
    assert!(matches!(&over, Ok(0)) || over.as_ref().is_err_and(|error| error.kind() == ErrorKind::ConnectionReset), "{over:?}");
}

//! An echo: what one sends comes back to oneself, and nobody else is in it.

use std::time::{Duration, Instant};

use rialto::calls::sfu::{CallId, EndCause, Input, Limits, Output, ParticipantId, Permissions, Refusal, SlotState, Source, Who};

use super::Server;
use super::client::{Client, DEADLINE, Event, Knows, LEVEL, OPUS, Section, VP8, packet, payload, vp8};

const ECHO: CallId = CallId(11);

const fn in_echo(number: u32) -> Who {
    Who { call: ECHO, participant: ParticipantId(number) }
}

/// Somebody who is in an echo, connected.
fn enter(server: &mut Server, may: Permissions, sections: &[Section]) -> Client {
    server.sfu.send(Input::OpenEcho { call: ECHO });
    server.sfu.send(Input::Join { who: in_echo(1), may });
    let mut client = Client::new("127.0.0.1:0", Knows::Both);
    server.sfu.send(Input::Offer { who: in_echo(1), generation: 1, sdp: client.offer(sections), tracks: Vec::new() });
    let answer = server.wait(|output| match output {
        Output::Answer { who, sdp, .. } if *who == in_echo(1) => Some(sdp.clone()),
        _ => None,
    });
    client.accept(&answer, false);
    assert!(client.connect(DEADLINE), "connects");
    client
}

/// Sends these again and again until something comes back; its payload.
fn comes_back(client: &mut Client, mut send: impl FnMut(&mut Client, u16)) -> Vec<u8> {
    let end = Instant::now() + DEADLINE;
    for sequence in 1.. {
        assert!(Instant::now() < end, "nothing came back");
        send(client, sequence);
        if let Some(Event::Media(heard)) = client.next(|event| matches!(event, Event::Media(_)), Duration::from_millis(20)) {
            return payload(&heard).to_vec();
        }
    }
    unreachable!("it counts on")
}

fn speaks(client: &mut Client, sequence: u16) {
    client.send(&packet(OPUS, sequence, u32::from(sequence) * 960, 0x11, &[(LEVEL, &[10])], b"hello"));
}

#[test]
fn a_voice_comes_back_to_the_one_who_speaks() {
    let mut server = Server::start(Limits::default());
    let mut client = enter(&mut server, Permissions::ALL, &[Section::Voice(0x11), Section::HearsOne]);
    assert_eq!(comes_back(&mut client, speaks), b"hello");
    let shown = server.wait(|output| match output {
        Output::Slots { who, slots, .. } if *who == in_echo(1) => {
            slots.iter().find(|slot| slot.state == SlotState::Live).and_then(|slot| slot.shows)
        }
        _ => None,
    });
    assert_eq!(shown, (ParticipantId(1), Source::Microphone));
    server.sfu.send(Input::CloseCall { call: ECHO });
    let cause = server.wait(|output| match output {
        Output::Ended { who, cause } if *who == in_echo(1) => Some(*cause),
        _ => None,
    });
    assert_eq!((cause, server.sfu.totals().calls), (EndCause::CallClosed, 1), "the other call goes on");
}

#[test]
fn a_picture_comes_back_too_from_its_keyframe_on() {
    let mut server = Server::start(Limits::default());
    let mut client = enter(&mut server, Permissions::ALL, &[Section::Camera(0x21, 0x22), Section::SeesOne]);
    let back = comes_back(&mut client, |client, sequence| {
        client.send(&packet(VP8, sequence, u32::from(sequence) * 3_000, 0x21, &[], &vp8(true, true, sequence, b"a picture")));
    });
    assert!(back.ends_with(b"a picture"));
}

#[test]
fn what_one_may_not_send_does_not_come_back() {
    let mut server = Server::start(Limits::default());
    let voice = Permissions { microphone: true, camera: false, screen: false };
    let sections = [Section::Voice(0x11), Section::Camera(0x21, 0x22), Section::HearsOne, Section::SeesOne];
    let mut client = enter(&mut server, voice, &sections);
    let back = comes_back(&mut client, |client, sequence| {
        client.send(&packet(VP8, sequence, u32::from(sequence) * 3_000, 0x21, &[], &vp8(true, true, sequence, b"a picture")));
        speaks(client, sequence);
    });
    assert_eq!(back, b"hello");
}

#[test]
fn nobody_else_gets_in_and_it_counts_as_a_call() {
    let mut server = Server::start(Limits { calls: 2, ..Limits::default() });
    let _first = enter(&mut server, Permissions::ALL, &[Section::Voice(0x11), Section::HearsOne]);
    server.sfu.send(Input::Join { who: in_echo(2), may: Permissions::ALL });
    let refused = |server: &mut Server, whom: Who| {
        server.wait(|output| match output {
            Output::TurnedAway { who, refusal } if *who == whom => Some(*refusal),
            _ => None,
        })
    };
    assert_eq!(refused(&mut server, in_echo(2)), Refusal::CallFull);
    let third = Who { call: CallId(12), participant: ParticipantId(1) };
    server.sfu.send(Input::OpenEcho { call: third.call });
    server.sfu.send(Input::Join { who: third, may: Permissions::ALL });
    assert_eq!(refused(&mut server, third), Refusal::ServerFull);
}

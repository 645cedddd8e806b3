//! Packets that were not meant, and participants whose handling fails: nobody else suffers.

use std::net::UdpSocket;

use rialto::calls::sfu::{
    CallId, EndCause, Input, Limits, Output, ParticipantId, ParticipantStatistics, Permissions, Refusal, View, Who,
};

use super::client::{Client, OPUS, Section, VP8, packet, payload, vp8};
use super::{CALL, Server, who};

fn speech(sequence: u16, ssrc: u32, words: &[u8]) -> Vec<u8> {
    packet(OPUS, sequence, 7, ssrc, &[], words)
}

fn statistics(server: &mut Server, number: u32) -> ParticipantStatistics {
    server.sfu.send(Input::Statistics { call: CALL });
    server.wait(|output| match output {
        Output::Statistics { participants, .. } => {
            participants.iter().find(|found| found.participant == Some(ParticipantId(number))).cloned()
        }
        _ => None,
    })
}

fn hear(client: &mut Client) -> Vec<u8> {
    payload(&client.next_media().expect("something is heard")).to_vec()
}

#[test]
fn forged_and_replayed_packets_go_nowhere() {
    let mut server = Server::start(Limits::default());
    let mut speaker = server.connected(1, &[Section::Voice(0x11)]);
    let mut other = server.connected(3, &[Section::Voice(0x12)]);
    let mut listener = server.connected(2, &[Section::HearsOne, Section::HearsOne]);
    let good = speaker.protect(&speech(1, 0x11, b"good"));
    let mut changed = speaker.protect(&speech(2, 0x11, b"changed"));
    let last = changed.len() - 1;
    changed[last] ^= 1;
    speaker.send_raw(&good);
    assert_eq!(hear(&mut listener), b"good");
    speaker.send_raw(&changed);
    speaker.send_raw(&good);
    // The stream of another, under one's own keys.
    other.send(&speech(5, 0x11, b"stolen"));
    // The right bytes from an address that nobody has proved.
    let thief = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let taken = speaker.protect(&speech(3, 0x11, b"taken"));
    thief.send_to(&taken, speaker.server).expect("sent");
    // A stream that was never offered.
    speaker.send(&speech(1, 0x99, b"unknown"));
    speaker.send(&speech(4, 0x11, b"after"));
    assert_eq!(hear(&mut listener), b"after");
    let told = statistics(&mut server, 1);
    assert_eq!((told.forged, told.replayed), (1, 1));
}

#[test]
fn a_section_that_comes_back_goes_on_under_the_same_keys_and_opens_nothing_twice() {
    let mut server = Server::start(Limits::default());
    let voice = [Section::Voice(0x11)];
    let mut speaker = server.connected(1, &voice);
    let mut listener = server.connected(2, &[Section::HearsOne]);
    let before = speaker.protect(&speech(65_535, 0x11, b"before the turn"));
    speaker.send_raw(&before);
    assert_eq!(hear(&mut listener), b"before the turn");
    let after = speaker.protect(&speech(0, 0x11, b"after the turn"));
    speaker.send_raw(&after);
    assert_eq!(hear(&mut listener), b"after the turn");
    let without = speaker.offer(&[Section::HearsOne]);
    server.offer(1, 2, without, Vec::new()).expect("an answer");
    let again = speaker.offer(&voice);
    server.offer(1, 3, again, Vec::new()).expect("an answer");
    speaker.send_raw(&before);
    speaker.send_raw(&after);
    speaker.send(&speech(1, 0x11, b"back"));
    assert_eq!(hear(&mut listener), b"back");
    let told = statistics(&mut server, 1);
    assert_eq!((told.forged, told.replayed), (0, 2));
}

#[test]
fn a_flood_of_views_does_not_rearrange_a_call_for_each() {
    let mut server = Server::start(Limits::default());
    let mut speaker = server.connected(1, &[Section::Camera(0x21, 0x22)]);
    let mut viewer = server.connected(2, &[Section::SeesOne]);
    speaker.send(&packet(VP8 | 0x80, 1, 7, 0x21, &[], &vp8(true, true, 1, b"seen")));
    assert!(payload(&viewer.next_media().expect("a picture")).ends_with(b"seen"));
    server.told();
    server.passed.clear();
    for round in 0..1_001 {
        server.sfu.send(Input::View { who: who(2), view: View { hidden: round % 2 == 0, ..View::default() } });
    }
    // Answered after all of them.
    statistics(&mut server, 1);
    let notices = server.told().iter().filter(|output| matches!(output, Output::Slots { .. })).count();
    assert!(notices < 100, "{notices} of 1,000");
    // And what was asked last counts.
    server.sfu.send(Input::View { who: who(2), view: View::default() });
    speaker.send(&packet(VP8 | 0x80, 2, 3_007, 0x21, &[], &vp8(true, true, 2, b"again")));
    assert!(payload(&viewer.next_media().expect("a picture")).ends_with(b"again"));
}

#[test]
fn a_panic_ends_one_participant_and_the_call_goes_on() {
    let mut server = Server::start(Limits::default());
    let mut unlucky = server.connected(1, &[Section::Voice(0x11), Section::HearsOne]);
    let mut speaker = server.connected(2, &[Section::Voice(0x22), Section::HearsOne]);
    let mut listener = server.connected(3, &[Section::HearsOne, Section::HearsOne]);
    speaker.send(&speech(1, 0x22, b"before"));
    assert_eq!((hear(&mut listener), hear(&mut unlucky)), (b"before".to_vec(), b"before".to_vec()));
    server.sfu.send(Input::SeedPanic { who: who(1) });
    unlucky.send(&speech(1, 0x11, b"boom"));
    assert_eq!(server.ended(1), EndCause::Panicked);
    speaker.send(&speech(2, 0x22, b"after"));
    assert_eq!(hear(&mut listener), b"after");
    // And its place can be taken again.
    let mut again = server.connected(1, &[Section::Voice(0x11)]);
    again.send(&speech(9, 0x11, b"back"));
    assert_eq!(hear(&mut listener), b"back");
}

#[test]
fn a_thread_that_fails_takes_its_calls_along_and_nothing_else() {
    let mut server = Server::with(2, Limits::default());
    let other = CallId(8);
    server.sfu.send(Input::OpenCall { call: other });
    let elsewhere = Who { call: other, participant: ParticipantId(1) };
    let failed = |output: &Output| if let Output::ThreadFailed { calls, left } = output { Some((calls.clone(), *left)) } else { None };
    server.sfu.send(Input::SeedFailure { call: CALL });
    assert_eq!(server.wait(failed), (vec![CALL], 1));
    assert_eq!(server.sfu.totals().calls, 1);
    // Whoever is late hears that it is gone, and a new call finds a thread that works.
    server.sfu.send(Input::Join { who: who(1), may: Permissions::ALL });
    let away = |output: &Output| if let Output::TurnedAway { who, refusal } = output { Some((*who, *refusal)) } else { None };
    assert_eq!(server.wait(away), (who(1), Refusal::ServerFull));
    server.sfu.send(Input::OpenCall { call: CALL });
    let mut speaker = server.connected(2, &[Section::Voice(0x22)]);
    let mut listener = server.connected(3, &[Section::HearsOne]);
    speaker.send(&speech(1, 0x22, b"on"));
    assert_eq!(hear(&mut listener), b"on");
    server.sfu.send(Input::Join { who: elsewhere, may: Permissions::ALL });
    server.sfu.send(Input::SeedFailure { call: other });
    let (mut calls, left) = server.wait(failed);
    calls.sort_unstable();
    assert_eq!((calls, left), (vec![CALL, other], 0), "the last one");
    server.sfu.send(Input::OpenCall { call: CallId(9) });
    assert_eq!(server.sfu.totals().calls, 0, "there is nobody to take it");
}

#[test]
fn noise_from_anywhere_does_no_harm() {
    let mut server = Server::start(Limits::default());
    let mut speaker = server.connected(1, &[Section::Voice(0x11)]);
    let mut listener = server.connected(2, &[Section::HearsOne]);
    let stranger = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let mut state = 0x9e37_79b9_u32;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    let good = speaker.protect(&speech(1, 0x11, b"seed"));
    for round in 0..2_000_usize {
        let mut noise: Vec<u8> = match round % 4 {
            0 => (0..random() % 200).map(|_| random() as u8).collect(),
            1 => good.clone(),
            2 => speaker.own_check(),
            _ => vec![22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 20, 1, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8],
        };
        let length = noise.len().max(1);
        if let Some(byte) = noise.get_mut(random() as usize % length) {
            *byte = random() as u8;
        }
        noise.truncate(random() as usize % 400);
        let _ = stranger.send_to(&noise, speaker.server);
        if round % 2 == 0 {
            speaker.send_raw(&noise);
        }
        if round % 64 == 0 {
            // Never more than the socket holds: what follows must arrive.
            speaker.send(&speech(round as u16 + 10, 0x11, b"alive"));
            assert_eq!(hear(&mut listener), b"alive");
        }
    }
    assert_eq!(server.sfu.totals().panics, 0);
    let other = server.connected(3, &[Section::HearsOne]);
    assert!(other.is_connected(), "newcomers still connect");
}

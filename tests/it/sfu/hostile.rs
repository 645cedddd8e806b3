//! Packets that were not meant, and participants whose handling fails: nobody else suffers.

use std::net::UdpSocket;

use rialto::calls::sfu::{CallId, EndCause, Input, Limits, Output, ParticipantId, ParticipantStatistics, Permissions, Refusal, View, Who};

use super::client::{Client, DEADLINE, Event, OPUS, Section, VP8, packet, payload, vp8};
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
    let view = |hidden| Input::View { who: who(2), view: View { hidden, tiles: vec![(ParticipantId(1), 180)], ..View::default() } };
    for round in 0..1_001 {
        server.sfu.send(view(round % 2 == 0));
    }
    // Answered after all of them.
    statistics(&mut server, 1);
    let notices = server.told().iter().filter(|output| matches!(output, Output::Slots { .. })).count();
    assert!((1..100).contains(&notices), "{notices} of 1,000");
    // And what was asked last counts.
    server.sfu.send(view(false));
    speaker.send(&packet(VP8 | 0x80, 2, 3_007, 0x21, &[], &vp8(true, true, 2, b"again")));
    let is_again = |event: &Event| matches!(event, Event::Media(packet) if payload(packet).ends_with(b"again"));
    assert!(viewer.next(is_again, DEADLINE).is_some());
}

#[test]
fn a_conversation_that_is_recorded_and_said_again_is_heard_once() {
    let mut server = Server::start(Limits::default());
    let mut speaker = server.connected(1, &[Section::Voice(0x11)]);
    let mut listener = server.connected(2, &[Section::HearsOne]);
    let recorded: Vec<_> = (0..100_u16).map(|number| speaker.protect(&speech(number, 0x11, &number.to_be_bytes()))).collect();
    for (number, packet) in (0_u16..).zip(&recorded) {
        speaker.send_raw(packet);
        assert_eq!(hear(&mut listener), number.to_be_bytes());
    }
    let thief = UdpSocket::bind("127.0.0.1:0").expect("a port");
    for packet in &recorded {
        speaker.send_raw(packet);
        thief.send_to(packet, speaker.server).expect("sent");
        let mut forged = packet.clone();
        // A number that has not been, and the tag of one that has.
        forged[2..4].copy_from_slice(&(0x4000 | u16::from_be_bytes([packet[2], packet[3]])).to_be_bytes());
        speaker.send_raw(&forged);
    }
    speaker.send(&speech(200, 0x11, b"after"));
    assert_eq!(hear(&mut listener), b"after", "nothing of it came in between");
    let told = statistics(&mut server, 1);
    assert_eq!((told.replayed, told.forged), (100, 100));
}

#[test]
fn checks_by_somebody_else_move_nobodys_media() {
    let mut server = Server::start(Limits::default());
    let mut speaker = server.connected(1, &[Section::Voice(0x11)]);
    let mut listener = server.connected(2, &[Section::HearsOne]);
    let thief = server.connected(3, &[Section::HearsOne]);
    let stranger = UdpSocket::bind("127.0.0.1:0").expect("a port");
    stranger.set_nonblocking(true).expect("set");
    let name = |local: &str, remote: &str| format!("{local}:{remote}");
    let (victim, own) = (listener.remote_ufrag.clone(), thief.remote_ufrag.clone());
    let good = listener.own_check();
    let mut checks = vec![
        listener.check(&name(&victim, &listener.ufrag), "a password of twenty-four", true, true),
        listener.check(&name(&victim, &listener.ufrag), "", true, true),
        listener.check(&name(&victim, &listener.ufrag), &thief.remote_password, true, true),
        listener.check(&name(&victim, &thief.ufrag), &thief.remote_password, true, true),
        listener.check(&name(&victim, &thief.ufrag), &listener.password, true, true),
        listener.check(&name(&own, &listener.ufrag), &listener.remote_password, true, true),
        listener.check(&name(&listener.ufrag, &victim), &listener.remote_password, true, true),
        listener.check(&victim, &listener.remote_password, true, true),
        listener.check(&name("", &listener.ufrag), &listener.remote_password, true, true),
        listener.check(&name(&victim.to_uppercase(), &listener.ufrag), &thief.remote_password, false, true),
        good[..good.len() - 8].to_vec(),
        good[..20].to_vec(),
    ];
    // With a bit of the transaction, the name, or the integrity changed.
    for at in [8, 24, good.len() - 20] {
        let mut changed = good.clone();
        changed[at] ^= 1;
        checks.push(changed);
    }
    // A longer length than there is.
    let mut longer = good.clone();
    longer[3] += 4;
    checks.push(longer);
    for (sequence, check) in (0_u16..).zip(&checks) {
        stranger.send_to(check, listener.server).expect("sent");
        speaker.send(&speech(sequence, 0x11, &sequence.to_be_bytes()));
        assert_eq!(hear(&mut listener), sequence.to_be_bytes(), "check {sequence}");
    }
    let mut bytes = [0; 2_048];
    while let Ok((length, _)) = stranger.recv_from(&mut bytes) {
        assert!(bytes[0] < 4 && length < 128, "a refusal at most, never media");
        assert_ne!(&bytes[..2], &[0x01, 0x01], "no success");
    }
}

#[test]
fn a_check_that_is_said_again_moves_no_media_and_a_new_one_does() {
    let mut server = Server::start(Limits::default());
    let mut speaker = server.connected(1, &[Section::Voice(0x11)]);
    let mut listener = server.connected(2, &[Section::HearsOne]);
    // Ann's own check, which somebody on the way has read.
    let caught = listener.own_check();
    listener.send_raw(&caught);
    let stranger = UdpSocket::bind("127.0.0.1:0").expect("a port");
    stranger.set_nonblocking(true).expect("set");
    for sequence in 0_u16..20 {
        stranger.send_to(&caught, listener.server).expect("sent");
        speaker.send(&speech(sequence, 0x11, &sequence.to_be_bytes()));
        assert_eq!(hear(&mut listener), sequence.to_be_bytes(), "said again {sequence} times");
        // Where it came from first it is answered, however often.
        listener.send_raw(&caught);
    }
    assert!(stranger.recv_from(&mut [0; 2_048]).is_err(), "neither media nor an answer");
    // Another network: a new check from there, and media follows.
    let moved = UdpSocket::bind("127.0.0.1:0").expect("a port");
    moved.set_read_timeout(Some(std::time::Duration::from_secs(5))).expect("set");
    moved.send_to(&listener.own_check(), listener.server).expect("sent");
    let mut bytes = [0; 2_048];
    let (length, _) = moved.recv_from(&mut bytes).expect("an answer");
    assert_eq!((&bytes[..2], length < 128), (&[0x01, 0x01][..], true), "the check is answered");
    speaker.send(&speech(20, 0x11, b"here"));
    let (_, _) = moved.recv_from(&mut bytes).expect("media");
    assert_eq!(bytes[0] & 0xc0, 0x80, "a packet of the speaker's");
}

#[test]
fn an_offer_that_nobody_would_write_is_refused_by_name_and_media_goes_on() {
    let mut server = Server::start(Limits::default());
    let mut speaker = server.connected(1, &[Section::Voice(0x11)]);
    let mut listener = server.connected(2, &[Section::HearsOne]);
    let good = speaker.offer(&[Section::Voice(0x11)]);
    let candidates = |count: usize, what: &str| good.clone() + &format!("a=candidate:1 1 udp 2130706431 {what} typ host\r\n").repeat(count);
    let theora = good.replace("opus/48000/2", "speex/16000");
    let refusals = [
        ("a mebibyte", good.clone() + &"a=x:1\r\n".repeat((1 << 20) / 7), Refusal::OfferTooLarge),
        ("a line of a mebibyte", good.clone() + "a=x:" + &"x".repeat(1 << 20) + "\r\n", Refusal::OfferTooLarge),
        ("10,000 candidates", candidates(10_000, "192.0.2.7 9"), Refusal::OfferTooLarge),
        ("a few candidates too many", candidates(257, "10.0.0.1 9"), Refusal::OfferTooLarge),
        ("no codec that is known", theora, Refusal::NoCommonCodec),
        ("nothing", String::new(), Refusal::OfferInvalid),
        ("no certificate", good.replace("a=fingerprint", "a=footprint"), Refusal::OfferInvalid),
        ("no password", good.replace("a=ice-pwd", "a=ice-word"), Refusal::OfferInvalid),
    ];
    for (generation, (case, sdp, refusal)) in (2..).zip(refusals) {
        assert_eq!(server.offer(1, generation, sdp, Vec::new()), Err(refusal), "{case}");
        speaker.send(&speech(generation as u16, 0x11, case.as_bytes()));
        assert_eq!(hear(&mut listener), case.as_bytes());
    }
    // Where others say that they are does not matter: nothing is ever sent there.
    let decoy = UdpSocket::bind("127.0.0.1:0").expect("a port");
    decoy.set_nonblocking(true).expect("set");
    let port = decoy.local_addr().expect("bound").port();
    let names = ["0b1ac54e-0000-4000-8000-000000000001.local 9".to_owned(), format!("127.0.0.1 {port}"), format!("::1 {port}")];
    for (generation, name) in (20..).zip(names) {
        let answer = server.offer(1, generation, candidates(1, &name), Vec::new()).expect("an answer");
        assert!(!answer.contains(&name), "{answer}");
        speaker.send(&speech(generation as u16, 0x11, b"on"));
        assert_eq!(hear(&mut listener), b"on");
    }
    assert!(decoy.recv(&mut [0; 64]).is_err(), "nothing came");
}

/// A record with a piece of a handshake's message: one byte of it at this place, as far as the piece says.
fn piece(number: u32, message: u16, offset: u32) -> Vec<u8> {
    let three = |value: u32| value.to_be_bytes().into_iter().skip(1);
    let mut record = vec![22, 0xfe, 0xfd, 0, 0, 0, 0];
    record.extend(number.to_be_bytes());
    record.extend([0, 12, 11]);
    record.extend(three(0xff_ffff));
    record.extend(message.to_be_bytes());
    record.extend(three(offset).chain(three(1)));
    record
}

#[test]
fn pieces_of_a_handshake_without_end_are_never_put_together() {
    let mut server = Server::start(Limits::default());
    let mut speaker = server.connected(1, &[Section::Voice(0x11)]);
    let mut listener = server.connected(2, &[Section::HearsOne]);
    // Which message would be the next, the library alone knows. The first piece comes last: then all the others are there.
    let pieces: Vec<Vec<u8>> = (4..8_u16)
        .flat_map(|message| (0..12_000).rev().map(move |offset| (message, offset)))
        .zip(1_000..)
        .map(|((message, offset), number)| piece(number, message, offset))
        .collect();
    for (sequence, datagrams) in (0_u16..).zip(pieces.chunks(32 * 16)) {
        datagrams.chunks(32).for_each(|records| speaker.send_raw(&records.concat()));
        speaker.send(&speech(sequence, 0x11, &sequence.to_be_bytes()));
        assert_eq!(hear(&mut listener), sequence.to_be_bytes());
    }
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

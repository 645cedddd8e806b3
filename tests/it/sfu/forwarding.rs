//! What one sends, the others get: the same payload, in their slots, and only what may be seen.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rialto::calls::sfu::{Input, Limits, Output, ParticipantId, Permissions, SlotState, Source, View};

use super::client::{
    Client, DEADLINE, Event, Knows, LEVEL, MARKER, MID, OPUS, RID, Section, TRANSPORT, VP8, VP8_RTX, packet, payload, vp8,
};
use super::{Server, who};

/// A speaker's packet with its loudness.
fn speech(sequence: u16, ssrc: u32, level: u8, words: &[u8]) -> Vec<u8> {
    packet(OPUS, sequence, u32::from(sequence) * 960, ssrc, &[(LEVEL, &[level])], words)
}

/// A picture in one packet.
fn picture(sequence: u16, ssrc: u32, keyframe: bool, rest: &[u8]) -> Vec<u8> {
    packet(VP8 | MARKER, sequence, u32::from(sequence) * 3_000, ssrc, &[], &vp8(true, keyframe, sequence, rest))
}

const CAMERA: u32 = 0x22;
const REPAIR: u32 = 0x23;

fn publisher() -> [Section; 2] {
    [Section::Voice(0x11), Section::Camera(CAMERA, REPAIR)]
}

const VIEWER: [Section; 2] = [Section::HearsOne, Section::SeesOne];

fn sequence_of(packet: &[u8]) -> u16 {
    u16::from_be_bytes([packet[2], packet[3]])
}

/// The next picture of the slot itself, not one that is sent again.
fn next_picture(client: &mut Client) -> Vec<u8> {
    let is_picture = |event: &Event| matches!(event, Event::Media(packet) if packet[1] & 0x7f == VP8);
    match client.next(is_picture, DEADLINE) {
        Some(Event::Media(packet)) => packet,
        _ => panic!("no picture in time"),
    }
}

/// The next report of this kind (and format).
fn next_report(client: &mut Client, format: u8, kind: u8) -> Vec<u8> {
    let fits = |event: &Event| matches!(event, Event::Report(report) if parts(report).iter().any(|part| part[0] & 0x1f == format && part[1] == kind));
    match client.next(fits, DEADLINE) {
        Some(Event::Report(report)) => {
            parts(&report).into_iter().find(|part| part[0] & 0x1f == format && part[1] == kind).expect("found").to_vec()
        }
        _ => panic!("no report {format}/{kind} in time"),
    }
}

fn parts(report: &[u8]) -> Vec<&[u8]> {
    let (mut parts, mut rest) = (Vec::new(), report);
    while rest.len() >= 4 {
        let length = (usize::from(u16::from_be_bytes([rest[2], rest[3]])) + 1) * 4;
        let (part, after) = rest.split_at(length.min(rest.len()));
        parts.push(part);
        rest = after;
    }
    parts
}

#[test]
fn a_voice_and_a_picture_reach_the_others_unchanged() {
    let mut server = Server::start(Limits::default());
    let mut speaker = server.connected(1, &publisher());
    let mut listeners: Vec<_> = [(2, Knows::Both), (3, Knows::Sha1)]
        .into_iter()
        .map(|(number, knows)| {
            let client = Client::new("127.0.0.1:0", knows);
            let mut client = server.join_as(number, &VIEWER, client, Permissions::ALL);
            assert!(client.connect(DEADLINE));
            server.wait_connected(number);
            client
        })
        .collect();
    speaker.send(&speech(10, 0x11, 20, b"hello"));
    speaker.send(&picture(20, CAMERA, true, b"a picture"));
    for (number, listener) in (2..).zip(&mut listeners) {
        assert_eq!(server.slot_with(number, 1, Source::Microphone), "0");
        assert_eq!(server.slot_with(number, 1, Source::Camera), "1");
        let mut got = [listener.next_media().expect("sound"), listener.next_media().expect("a picture")];
        got.sort_by_key(|packet| packet[1] & 0x7f);
        assert_eq!((got[0][1], got[1][1] & 0x7f), (VP8 | 0x80, OPUS), "numbers of the listener, and the marker");
        assert_eq!(payload(&got[1]), b"hello");
        assert!(payload(&got[0]).ends_with(b"a picture"));
        assert_eq!(got[0][12..16], [0, 0, 0, 1], "who is seen stands among the contributing sources");
    }
}

#[test]
fn numbers_go_on_and_what_is_asked_for_again_is_the_same_payload() {
    let mut server = Server::start(Limits::default());
    let mut speaker = server.connected(1, &publisher());
    let mut viewer = server.connected(2, &VIEWER);
    let mut got = Vec::new();
    for number in 0..20_u16 {
        speaker.send(&picture(100 + number, CAMERA, number == 0, &[number as u8; 700]));
        got.push(next_picture(&mut viewer));
    }
    for pair in got.windows(2) {
        assert_eq!(sequence_of(&pair[1]), sequence_of(&pair[0]).wrapping_add(1));
    }
    let (asked, ssrc) = (&got[7], &got[7][8..12]);
    let mut nack = vec![0x81, 205, 0, 3, 0, 0, 0, 9];
    nack.extend(ssrc);
    nack.extend(&asked[2..4]);
    nack.extend([0, 0]);
    viewer.send_report(&nack);
    let again = viewer.next(|event| matches!(event, Event::Media(packet) if packet[1] & 0x7f == VP8_RTX), DEADLINE);
    let Some(Event::Media(again)) = again else { panic!("not sent again") };
    assert_ne!(&again[8..12], ssrc, "in a stream of its own");
    assert_eq!(payload(&again)[..2], asked[2..4], "its number stands in front");
    assert_eq!(payload(&again)[2..], *payload(asked));
    assert_eq!(again[4..8], asked[4..8], "at the same time");
}

#[test]
fn what_a_publisher_lost_is_asked_for_and_what_it_repeats_takes_its_place() {
    let mut server = Server::start(Limits::default());
    let mut speaker = server.connected(1, &publisher());
    let mut viewer = server.connected(2, &VIEWER);
    speaker.send(&picture(1, CAMERA, true, b"one"));
    let first = next_picture(&mut viewer);
    let _lost = speaker.protect(&picture(2, CAMERA, false, b"two"));
    speaker.send(&picture(3, CAMERA, false, b"three"));
    assert_eq!(sequence_of(&next_picture(&mut viewer)), sequence_of(&first).wrapping_add(2), "its place is kept");
    let nack = next_report(&mut speaker, 1, 205);
    assert_eq!((&nack[8..12], &nack[12..14]), (&CAMERA.to_be_bytes()[..], &[0, 2][..]));
    let mut repeated = vec![0, 2];
    repeated.extend(vp8(true, false, 2, b"two"));
    speaker.send(&packet(VP8_RTX | MARKER, 900, 2 * 3_000, REPAIR, &[], &repeated));
    let second = next_picture(&mut viewer);
    assert_eq!(sequence_of(&second), sequence_of(&first).wrapping_add(1));
    assert!(payload(&second).ends_with(b"two"));
}

#[test]
fn who_comes_later_gets_the_keyframe_that_was_and_nobody_is_asked_for_another() {
    let mut server = Server::start(Limits::default());
    let mut speaker = server.connected(1, &publisher());
    let mut early = server.connected(2, &VIEWER);
    for number in 0..5 {
        speaker.send(&picture(number, CAMERA, number == 0, &[number as u8; 90]));
        next_picture(&mut early);
    }
    let mut late = server.connected(3, &VIEWER);
    for number in 0..5 {
        assert!(payload(&next_picture(&mut late)).ends_with(&[number; 90]), "picture {number}");
    }
}

#[test]
fn a_picture_that_was_lost_for_good_makes_the_publisher_give_a_keyframe() {
    let mut server = Server::start(Limits::default());
    let mut speaker = server.connected(1, &publisher());
    let mut viewer = server.connected(2, &VIEWER);
    speaker.send(&picture(1, CAMERA, true, b"one"));
    let ssrc = next_picture(&mut viewer)[8..12].to_vec();
    let mut loss = vec![0x81, 206, 0, 2, 0, 0, 0, 9];
    loss.extend(&ssrc);
    for _ in 0..20 {
        viewer.send_report(&loss);
    }
    assert_eq!(next_report(&mut speaker, 1, 206)[8..12], CAMERA.to_be_bytes());
    // The rest has waited and goes out as one, when the pause is over.
    assert_eq!(next_report(&mut speaker, 1, 206)[8..12], CAMERA.to_be_bytes());
    server.sfu.send(Input::Statistics { call: super::CALL });
    let asked = server.wait(|output| match output {
        Output::Statistics { participants, .. } => {
            let speaker = participants.iter().find(|found| found.participant == Some(ParticipantId(1)))?;
            Some(speaker.published.iter().map(|track| track.keyframe_requests).sum::<u64>())
        }
        _ => None,
    });
    assert_eq!(asked, 2, "twenty requests of viewers, two to the publisher");
}

#[test]
fn publishers_are_told_of_arrivals_and_subscribers_of_clocks() {
    let mut server = Server::start(Limits::default());
    let mut speaker = server.connected(1, &publisher());
    let mut viewer = server.connected(2, &VIEWER);
    let mut report = vec![0x80, 200, 0, 6];
    report.extend(0x11_u32.to_be_bytes());
    report.extend([0, 0, 0, 9, 0, 0, 0, 0]);
    report.extend((960_u32 * 3).to_be_bytes());
    report.extend([0; 8]);
    speaker.send_report(&report);
    for number in 0..4_u16 {
        let numbered = packet(OPUS, number, u32::from(number) * 960, 0x11, &[(TRANSPORT, &(7 + number).to_be_bytes())], b"voice");
        speaker.send(&numbered);
    }
    assert!(viewer.next_media().is_some());
    let arrivals = next_report(&mut speaker, 15, 205);
    assert_eq!(arrivals[12..14], [0, 7], "the first number that is told of");
    let reception = next_report(&mut speaker, 1, 201);
    assert_eq!(
        (&reception[8..12], reception[12], &reception[13..16]),
        (&0x11_u32.to_be_bytes()[..], 0, &[0, 0, 0][..]),
        "nothing was lost"
    );
    assert_eq!(reception[24..28], [0, 9, 0, 0], "the middle of the report's time");
    let clock = loop {
        let clock = next_report(&mut viewer, 0, 200);
        if clock[20..24] == 4_u32.to_be_bytes() {
            break clock;
        }
    };
    assert_ne!(clock[16..20], [0; 4], "the slot's clock");
}

#[test]
fn what_is_muted_or_not_allowed_is_not_seen_and_comes_back() {
    let mut server = Server::start(Limits::default());
    let mut speaker = server.connected(1, &publisher());
    let mut viewer = server.connected(2, &VIEWER);
    speaker.send(&picture(1, CAMERA, true, b"seen"));
    next_picture(&mut viewer);
    let state = |server: &mut Server, wanted: SlotState| {
        server.wait(|output| match output {
            Output::Slots { who: found, slots, .. } if *found == who(2) => {
                slots.iter().any(|slot| slot.mid == "1" && slot.state == wanted).then_some(())
            }
            _ => None,
        });
    };
    state(&mut server, SlotState::Live);
    for (number, off, on) in [
        (
            10,
            Input::Mute { who: who(1), source: Source::Camera, muted: true },
            Input::Mute { who: who(1), source: Source::Camera, muted: false },
        ),
        (
            20,
            Input::Restrict { who: who(1), may: Permissions { camera: false, ..Permissions::ALL } },
            Input::Restrict { who: who(1), may: Permissions::ALL },
        ),
    ] {
        server.sfu.send(off);
        server.wait(|output| match output {
            Output::Tracks { who: found, tracks } if *found == who(1) => {
                tracks.iter().any(|track| track.mid == "1" && track.muted).then_some(())
            }
            _ => None,
        });
        speaker.send(&picture(number, CAMERA, true, b"hidden"));
        // The voice comes after the picture and shows that it has been passed over.
        speaker.send(&speech(number, 0x11, 20, b"heard"));
        let next = viewer.next(|event| matches!(event, Event::Media(_)), DEADLINE);
        let Some(Event::Media(next)) = next else { panic!("nothing heard") };
        assert_eq!(payload(&next), b"heard");
        server.sfu.send(on);
        server.wait(|output| match output {
            Output::Tracks { who: found, tracks } if *found == who(1) => {
                tracks.iter().any(|track| track.mid == "1" && !track.muted).then_some(())
            }
            _ => None,
        });
        speaker.send(&picture(number + 1, CAMERA, true, b"seen again"));
        assert!(payload(&next_picture(&mut viewer)).ends_with(b"seen again"));
    }
}

#[test]
fn the_layer_follows_the_height_of_the_tile() {
    let mut server = Server::start(Limits::default());
    let mut speaker = server.connected(1, &[Section::Layers(&["l", "m", "h"])]);
    let mut viewer = server.connected(2, &VIEWER);
    let mut number = 0;
    // Each layer says what it is; every picture is a keyframe.
    let mut send = |speaker: &mut Client| {
        number += 1;
        for (ssrc, rid, height) in [(0x31_u32, b"l", 180_u16), (0x32, b"m", 360), (0x33, b"h", 720)] {
            let mut body = vp8(true, true, number, rid);
            let size = body.len() - 1 - 4;
            body[size + 2..size + 4].copy_from_slice(&height.to_le_bytes());
            speaker.send(&packet(VP8 | MARKER, number, u32::from(number) * 3_000, ssrc, &[(MID, b"0"), (RID, rid)], &body));
        }
    };
    send(&mut speaker);
    server.slot_with(2, 1, Source::Camera);
    for (height, expected) in [(90, b'l'), (360, b'm'), (1_080, b'h'), (200, b'm'), (180, b'l')] {
        server.sfu.send(Input::View { who: who(2), view: View { tiles: vec![(ParticipantId(1), height)], ..View::default() } });
        let mut last = None;
        let end = Instant::now() + DEADLINE;
        while Instant::now() < end {
            send(&mut speaker);
            last = payload(&next_picture(&mut viewer)).last().copied();
            if last == Some(expected) {
                break;
            }
        }
        assert_eq!(last, Some(expected), "a tile of {height}");
    }
}

#[test]
fn a_stream_that_begins_anew_under_another_ssrc_goes_on_in_its_slot() {
    let mut server = Server::start(Limits::default());
    let mut speaker = server.connected(1, &[Section::Layers(&["l"])]);
    let mut viewer = server.connected(2, &VIEWER);
    let names: [(u8, &[u8]); 2] = [(MID, b"0"), (RID, b"l")];
    let mut before = None;
    let mut earlier = None;
    // More of them than one participant may have at a time.
    let many = (0..40).map(|number| (0x100 + number, number as u16 * 999, number * 77));
    for (ssrc, sequence, timestamp) in [(0x31, 60_000, 4_000_000_000), (0x41, 7, 500), (0x51, 30_000, 9)].into_iter().chain(many) {
        for step in 0..3_u16 {
            if let Some((replaced, late)) = earlier.filter(|_| step == 1) {
                // It is late, and not a new beginning of what was replaced.
                speaker.send(&packet(VP8 | MARKER, late, 70, replaced, &names, &vp8(true, true, 9, b"late")));
            }
            let body = vp8(true, step == 0, step, &[step as u8; 40]);
            speaker.send(&packet(VP8 | MARKER, sequence + step, timestamp + u32::from(step) * 3_000, ssrc, &names, &body));
            let came = next_picture(&mut viewer);
            assert!(payload(&came).ends_with(&[step as u8; 40]));
            let number = sequence_of(&came);
            assert!(before.is_none_or(|before: u16| before.wrapping_add(1) == number), "{before:?} then {number} of {ssrc:x}");
            before = Some(number);
        }
        earlier = Some((ssrc, sequence.wrapping_add(3)));
    }
}

#[test]
fn three_voices_are_heard_of_many_and_nobody_hears_itself() {
    let mut server = Server::start(Limits::default());
    let sections = [Section::HearsOne, Section::HearsOne, Section::HearsOne, Section::HearsOne];
    let mut speakers: Vec<_> = (1..=6_u32)
        .map(|number| {
            let mut sections = sections.to_vec();
            sections.push(Section::Voice(0x100 + number));
            server.connected(number, &sections)
        })
        .collect();
    let mut listener = server.connected(9, &sections);
    // Four and five shout, one speaks; the others are silent.
    let level = |number: usize| match number {
        4 | 5 => 5,
        1 => 25,
        _ => 127,
    };
    let soon = Duration::from_millis(1);
    let mut heard = BTreeSet::new();
    for sequence in 0..150_u16 {
        for (number, speaker) in (1..).zip(&mut speakers) {
            speaker.send(&speech(sequence, 0x100 + number as u32, level(number), &[number as u8]));
        }
        while let Some(Event::Media(packet)) = listener.next(|event| matches!(event, Event::Media(_)), soon) {
            // Who is heard is known once all have been measured for a while.
            if sequence >= 100 {
                heard.insert(payload(&packet)[0]);
            }
        }
    }
    assert_eq!(heard, BTreeSet::from([1, 4, 5]));
    let speaking = server.wait(|output| match output {
        Output::Speakers { speakers, .. } if speakers.len() >= 2 => Some(speakers.clone()),
        _ => None,
    });
    let mut loudest = speaking[..2].to_vec();
    loudest.sort_unstable();
    assert_eq!(loudest, [ParticipantId(4), ParticipantId(5)]);
    for (number, speaker) in (1..).zip(&mut speakers) {
        let mut voices = BTreeSet::new();
        while let Some(Event::Media(packet)) = speaker.next(|event| matches!(event, Event::Media(_)), soon) {
            voices.insert(payload(&packet)[0]);
        }
        assert!(!voices.is_empty() && !voices.contains(&number), "{number} hears {voices:?}");
    }
}

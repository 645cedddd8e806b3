//! What is particular to kinds of sources: voices with copies, shared screens, and what is counted of each track.

use std::time::{Duration, Instant};

use rialto::calls::sfu::{Input, Limits, Output, ParticipantId, Permissions, Source, TrackIntent, View};

use super::client::{
    AV1, AV1_RTX, Client, DEADLINE, DEPENDENCY, Event, Knows, LEVEL, MARKER, MID, OPUS, RED, RID, Section, VP8, VP8_RTX, extension, packet,
    payload, red, vp8,
};
use super::{CALL, Server, who};

fn next_of(client: &mut Client, payload_type: u8) -> Vec<u8> {
    let fits = |event: &Event| matches!(event, Event::Media(packet) if packet[1] & 0x7f == payload_type);
    match client.next(fits, DEADLINE) {
        Some(Event::Media(packet)) => packet,
        _ => panic!("nothing of type {payload_type} in time"),
    }
}

#[test]
fn copies_reach_who_knows_them_and_the_others_get_the_sound_alone() {
    let mut server = Server::start(Limits::default());
    let mut speaker = server.connected(1, &[Section::Redundant(0x11)]);
    let mut knows = server.connected(2, &[Section::HearsRedundant]);
    let mut plain = server.connected(3, &[Section::HearsOne]);
    let mut numbers = Vec::new();
    for sequence in 0..5_u16 {
        let (before, now) = (format!("word {}", sequence.wrapping_sub(1)), format!("word {sequence}"));
        let body = red(OPUS, before.as_bytes(), now.as_bytes());
        speaker.send(&packet(RED, sequence, u32::from(sequence) * 960, 0x11, &[(LEVEL, &[10])], &body));
        assert_eq!(payload(&next_of(&mut knows, RED)), body, "with its copy, as it came");
        let heard = next_of(&mut plain, OPUS);
        assert_eq!(payload(&heard), now.as_bytes());
        numbers.push(u16::from_be_bytes([heard[2], heard[3]]));
    }
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0].wrapping_add(1)), "{numbers:?}");
}

#[test]
fn a_speaker_without_copies_is_heard_by_who_knows_them() {
    let mut server = Server::start(Limits::default());
    let mut speaker = server.connected(1, &[Section::Voice(0x11)]);
    let mut listener = server.connected(2, &[Section::HearsRedundant]);
    speaker.send(&packet(OPUS, 1, 960, 0x11, &[(LEVEL, &[10])], b"plain"));
    assert_eq!(payload(&next_of(&mut listener, OPUS)), b"plain");
}

#[test]
fn a_screen_in_two_layers_of_one_size_shows_the_one_with_more_pictures_while_it_comes() {
    let mut server = Server::start(Limits::default());
    let (number, sections) = (1, [Section::Layers(&["l", "f"])]);
    let mut sharer = Client::new("127.0.0.1:0", Knows::Both);
    server.sfu.send(Input::Join { who: who(number), may: Permissions::ALL });
    let tracks = vec![TrackIntent { mid: "0".to_owned(), source: Source::Screen }];
    let answer = server.offer(number, 1, sharer.offer(&sections), tracks).expect("an answer");
    sharer.accept(&answer, false);
    assert!(sharer.connect(DEADLINE));
    let mut viewer = server.connected(2, &[Section::SeesOne]);
    server.sfu.send(Input::View { who: who(2), view: View { screen: 300, ..View::default() } });
    let mut sequence = 0;
    let mut send = |sharer: &mut Client, layers: &[(u32, &[u8])]| {
        sequence += 1;
        for (ssrc, rid) in layers {
            let body = vp8(true, true, sequence, rid);
            sharer.send(&packet(VP8 | MARKER, sequence, u32::from(sequence) * 3_000, *ssrc, &[(MID, b"0"), (RID, rid)], &body));
        }
    };
    let both: [(u32, &[u8]); 2] = [(0x41, b"l"), (0x42, b"f")];
    for (layers, expected) in [(&both[..], b'f'), (&both[..1], b'l')] {
        let mut shown = None;
        for _ in 0..400 {
            send(&mut sharer, layers);
            let came = viewer.next(|event| matches!(event, Event::Media(packet) if packet[1] & 0x7f == VP8), Duration::from_millis(20));
            if let Some(Event::Media(packet)) = came {
                shown = payload(&packet).last().copied();
            }
            if shown == Some(expected) {
                break;
            }
        }
        assert_eq!(shown.map(char::from), Some(char::from(expected)), "of {} layers", layers.len());
    }
    assert_eq!(server.slot_with(2, number, Source::Screen), "0");
}

#[test]
fn every_track_is_counted_by_itself() {
    let mut server = Server::start(Limits::default());
    let mut speaker = server.connected(1, &[Section::Voice(0x11), Section::Camera(0x22, 0x23)]);
    let mut viewer = server.connected(2, &[Section::HearsOne, Section::SeesOne]);
    let mut last = Vec::new();
    for sequence in 0..10_u16 {
        speaker.send(&packet(OPUS, sequence, u32::from(sequence) * 960, 0x11, &[(LEVEL, &[10])], b"voice"));
        let body = vp8(true, sequence == 0, sequence, &[7; 100]);
        speaker.send(&packet(VP8 | MARKER, sequence, u32::from(sequence) * 3_000, 0x22, &[], &body));
        last = next_of(&mut viewer, VP8);
    }
    let mut nack = vec![0x81, 205, 0, 3, 0, 0, 0, 9];
    nack.extend(&last[8..12]);
    nack.extend(&last[2..4]);
    nack.extend([0, 0]);
    viewer.send_report(&nack);
    next_of(&mut viewer, VP8_RTX);
    server.sfu.send(Input::Statistics { call: CALL });
    let told = server.wait(|output| if let Output::Statistics { participants, .. } = output { Some(participants.clone()) } else { None });
    let of = |number: u32| told.iter().find(|one| one.participant == Some(ParticipantId(number))).expect("measured").clone();
    let (speaker, watching) = (of(1), of(2));
    let sent: Vec<_> = speaker.published.iter().map(|track| (track.source, track.packets, track.lost)).collect();
    assert_eq!(sent, [(Some(Source::Microphone), 10, 0), (Some(Source::Camera), 10, 0)]);
    assert_eq!(speaker.published[0].bytes, 50);
    let got: Vec<_> = watching.received.iter().map(|slot| (slot.source, slot.from, slot.packets, slot.nacks, slot.retransmitted)).collect();
    let from = Some(ParticipantId(1));
    assert_eq!(got, [(Some(Source::Microphone), from, 10, 0, 0), (Some(Source::Camera), from, 10, 1, 1)]);
    assert!(watching.bytes_out > 10 * 105 && speaker.bytes_in > 10 * 105 && speaker.route.is_some());
    // The thread tells its counts ten times a second.
    let end = Instant::now() + DEADLINE;
    let totals = loop {
        let totals = server.sfu.totals();
        if totals.forwarded == 20 && totals.packets_out > 20 {
            break totals;
        }
        assert!(Instant::now() < end, "{totals:?}");
        viewer.step(Duration::from_millis(20));
    };
    assert_eq!((totals.forwarded, totals.lost_in), (20, 0), "{totals:?}");
    assert!(totals.packets_out >= 21 && totals.bytes_out > 10 * 105 && totals.bytes_in > 10 * 105, "{totals:?}");
}

/// A picture of AV1 in one packet, with what it depends on.
fn scene(sequence: u16, ssrc: u32, frame: u16, keyframe: bool) -> Vec<u8> {
    let [high, low] = frame.to_be_bytes();
    let mut depends = vec![0xc0, high, low];
    if keyframe {
        // The structure of the stream comes with it, and is longer than the short form allows.
        depends.extend([0x80; 24]);
    }
    let body = [if keyframe { 0x18 } else { 0x10 }, 7, sequence as u8];
    let names: [(u8, &[u8]); 3] = [(MID, b"0"), (RID, b"a"), (DEPENDENCY, &depends)];
    packet(AV1 | MARKER, sequence, u32::from(sequence) * 3_000, ssrc, &names, &body)
}

#[test]
fn what_pictures_of_av1_depend_on_goes_with_them_and_their_numbers_go_on() {
    let mut server = Server::start(Limits::default());
    let mut speaker = server.connected(1, &[Section::Modern("a")]);
    let mut viewer = server.connected(2, &[Section::SeesModern]);
    let mut frames = Vec::new();
    let mut last = Vec::new();
    // The stream begins anew under another number: receivers would throw away pictures whose numbers go back.
    for (ssrc, first) in [(0x51, 60_000_u16), (0x52, 9)] {
        for step in 0..3_u16 {
            speaker.send(&scene(100 + step, ssrc, first + step, step == 0));
            last = next_of(&mut viewer, AV1);
            let depends = extension(&last, DEPENDENCY).expect("told");
            assert_eq!((depends[0], &depends[3..]), (0xc0, &[0x80; 24][..if step == 0 { 24 } else { 0 }]), "as it came");
            frames.push(u16::from_be_bytes([depends[1], depends[2]]));
            assert!(extension(&last, MID).is_some());
        }
    }
    assert_eq!(frames, [60_000, 60_001, 60_002, 60_003, 60_004, 60_005]);
    let mut nack = vec![0x81, 205, 0, 3, 0, 0, 0, 9];
    nack.extend(&last[8..12]);
    nack.extend(&last[2..4]);
    nack.extend([0, 0]);
    viewer.send_report(&nack);
    let again = next_of(&mut viewer, AV1_RTX);
    assert_eq!(extension(&again, DEPENDENCY), extension(&last, DEPENDENCY), "also when it is sent again");
    assert_eq!(payload(&again)[2..], *payload(&last));
    // Whoever comes later gets them too, from the history.
    let mut late = server.connected(3, &[Section::SeesModern]);
    let first = next_of(&mut late, AV1);
    assert_eq!(extension(&first, DEPENDENCY).map(<[u8]>::len), Some(27));
}

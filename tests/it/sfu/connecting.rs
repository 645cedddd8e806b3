//! Getting connected: both protections, both families, credentials, restarts, and who is told to be lost.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use rialto::calls::sfu::{CallId, EndCause, Hop, Input, Limits, Output, ParticipantId, Permissions, Refusal, Route, Who};
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;

use super::client::{Client, DEADLINE, Knows, OPUS, Section, packet, payload};
use super::{CALL, Server, who};

#[test]
fn gcm_is_negotiated_with_who_has_it_and_sha1_with_who_has_not() {
    let mut server = Server::start(Limits::default());
    for (number, knows, expected) in [
        (1, Knows::Both, SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm),
        (2, Knows::Sha1, SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80),
    ] {
        let mut client = server.join_as(number, &[Section::HearsOne], Client::new("127.0.0.1:0", knows), Permissions::ALL);
        assert!(client.connect(DEADLINE));
        assert_eq!(client.profile, Some(expected));
        server.wait_connected(number);
    }
}

#[test]
fn a_participant_connects_over_ipv6() {
    let mut server = Server::start(Limits::default());
    let mut client = server.join_as(1, &[Section::HearsOne], Client::new("[::1]:0", Knows::Both), Permissions::ALL);
    assert!(client.connect(DEADLINE));
    let route = server.wait(|output| match output {
        Output::Connected { route, .. } => Some(*route),
        _ => None,
    });
    assert_eq!(route, Route::UdpV6);
}

#[test]
fn wrong_passwords_and_foreign_fragments_are_not_answered() {
    let mut server = Server::start(Limits::default());
    let mut client = server.join(1, &[Section::HearsOne]);
    let other = server.join(2, &[Section::HearsOne]);
    let good = format!("{}:{}", client.remote_ufrag, client.ufrag);
    for (username, password) in [
        (good.clone(), "another password, well long enough".to_owned()),
        (good.clone(), other.remote_password.clone()),
        (format!("{}:{}", other.remote_ufrag, client.ufrag), client.remote_password.clone()),
        (format!("{}:{}", other.remote_ufrag, client.ufrag), other.remote_password.clone()),
        (format!("{}:{}", client.remote_ufrag, other.ufrag), client.remote_password.clone()),
        (format!("nobody:{}", client.ufrag), client.remote_password.clone()),
        (client.remote_ufrag.clone(), client.remote_password.clone()),
    ] {
        client.send_raw(&client.check(&username, &password, true, true));
    }
    // The good one comes last and is answered alone.
    assert!(client.connect(DEADLINE));
    assert_eq!(client.successes, 1);
}

#[test]
fn a_certificate_that_was_not_offered_does_not_connect() {
    let mut server = Server::start(Limits { connect: Duration::from_secs(3), ..Limits::default() });
    let mut liar = Client::new("127.0.0.1:0", Knows::Both);
    liar.lies = true;
    let mut liar = server.join_as(1, &[Section::HearsOne], liar, Permissions::ALL);
    while server.told().iter().all(|output| !matches!(output, Output::Ended { .. })) {
        liar.step(Duration::from_millis(20));
    }
    assert_eq!(server.ended(1), EndCause::NeverConnected(Hop::NoDtls));
}

#[test]
fn who_never_checks_is_told_so() {
    let mut server = Server::start(Limits { connect: Duration::from_millis(300), ..Limits::default() });
    let _silent = server.join(1, &[Section::HearsOne]);
    assert_eq!(server.ended(1), EndCause::NeverConnected(Hop::NoIce));
}

#[test]
fn how_long_a_first_offer_takes_is_not_what_ends_a_participant() {
    let mut server = Server::start(Limits { connect: Duration::from_millis(100), ..Limits::default() });
    server.sfu.send(Input::Join { who: who(1), may: Permissions::ALL });
    let _silent = server.join(2, &[Section::HearsOne]);
    assert_eq!(server.ended(2), EndCause::NeverConnected(Hop::NoIce), "who was answered later is given up");
    let late = Client::new("127.0.0.1:0", Knows::Both);
    server.offer(1, 1, late.offer(&[Section::HearsOne]), Vec::new()).expect("an answer");
}

#[test]
fn a_silent_participant_is_weak_and_then_lost() {
    let limits = Limits { weak: Duration::from_millis(200), lost: Duration::from_millis(600), ..Limits::default() };
    let mut server = Server::start(limits);
    let _silent = server.connected(1, &[Section::HearsOne]);
    server.wait(|output| matches!(output, Output::Weak { who: found } if *found == who(1)).then_some(()));
    assert_eq!(server.ended(1), EndCause::Lost);
    assert_eq!(server.offer(1, 2, String::new(), Vec::new()), Err(Refusal::NotInCall));
}

#[test]
fn who_is_heard_again_is_no_longer_weak() {
    let limits = Limits { weak: Duration::from_millis(200), ..Limits::default() };
    let mut server = Server::start(limits);
    let client = server.connected(1, &[Section::HearsOne]);
    server.wait(|output| matches!(output, Output::Weak { .. }).then_some(()));
    client.send_raw(&client.own_check());
    server.wait_connected(1);
}

#[test]
fn a_restart_changes_the_credentials_and_keeps_the_keys() {
    let mut server = Server::start(Limits::default());
    let mut client = server.connected(1, &[Section::HearsOne]);
    let before = client.remote_ufrag.clone();
    client.ufrag = "other".to_owned();
    let answer = server.offer(1, 2, client.offer(&[Section::HearsOne]), Vec::new()).expect("an answer");
    client.accept(&answer, false);
    assert_ne!(client.remote_ufrag, before);
    let successes = client.successes;
    while client.successes == successes {
        client.step(Duration::from_millis(20));
    }
    // The old credentials are no longer good, since the browser has chosen a path with the new.
    client.send_raw(&client.check(&format!("{before}:cl"), &client.remote_password, true, true));
    client.send_raw(&client.own_check());
    let successes = client.successes;
    while client.successes == successes {
        client.step(Duration::from_millis(20));
    }
    assert_eq!(server.offer(1, 2, client.offer(&[Section::HearsOne]), Vec::new()), Err(Refusal::StaleOffer));
    let stranger = Client::new("127.0.0.1:0", Knows::Both);
    assert_eq!(server.offer(1, 3, stranger.offer(&[Section::HearsOne]), Vec::new()), Err(Refusal::CertificateChanged));
}

#[test]
fn media_follows_a_participant_to_another_address() {
    let mut server = Server::start(Limits::default());
    let mut speaker = server.connected(1, &[Section::Voice(0x11)]);
    let mut listener = server.connected(2, &[Section::HearsOne]);
    let speech = |number: u16| packet(OPUS, number, u32::from(number) * 960, 0x11, &[], b"hello");
    speaker.send(&speech(1));
    assert!(listener.next_media().is_some());
    // From the Wi-Fi to the phone network: the keys stay, and a check from there is all that is needed.
    listener.socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    speaker.socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    for client in [&mut listener, &mut speaker] {
        let successes = client.successes;
        client.send_raw(&client.own_check());
        while client.successes == successes {
            client.step(Duration::from_millis(20));
        }
    }
    speaker.send(&speech(2));
    assert_eq!(payload(&listener.next_media().expect("heard at the new address")), b"hello");
}

#[test]
fn who_leaves_is_cut_and_told() {
    let mut server = Server::start(Limits::default());
    let mut client = server.connected(1, &[Section::HearsOne]);
    server.sfu.send(Input::Leave { who: who(1) });
    assert_eq!(server.ended(1), EndCause::Left);
    assert!(client.next(|event| *event == super::client::Event::Closed, DEADLINE).is_some());
}

#[test]
fn limits_hold_at_their_edge() {
    let mut server = Server::start(Limits { participants: 2, handshakes: 1, tracks: 2, slots: 2, ..Limits::default() });
    let client = Client::new("127.0.0.1:0", Knows::Both);
    let first = server.join(1, &[Section::Voice(5), Section::Camera(6, 7), Section::HearsOne, Section::SeesOne]);
    server.sfu.send(Input::Join { who: who(2), may: Permissions::ALL });
    assert_eq!(
        server.offer(2, 1, client.offer(&[Section::HearsOne]), Vec::new()),
        Err(Refusal::ServerFull),
        "the first still shakes hands"
    );
    let mut first = first;
    assert!(first.connect(DEADLINE));
    server.wait_connected(1);
    let three = [Section::Voice(5), Section::Voice(6), Section::Voice(8)];
    assert_eq!(server.offer(2, 2, client.offer(&three), Vec::new()), Err(Refusal::TooManyTracks));
    let three = [Section::HearsOne, Section::HearsOne, Section::SeesOne];
    assert_eq!(server.offer(2, 3, client.offer(&three), Vec::new()), Err(Refusal::TooManySlots));
    assert!(server.offer(2, 4, client.offer(&[Section::HearsOne]), Vec::new()).is_ok());
    server.sfu.send(Input::Join { who: who(3), may: Permissions::ALL });
    let refusal = server.wait(|output| match output {
        Output::TurnedAway { who: found, refusal } if *found == who(3) => Some(*refusal),
        _ => None,
    });
    assert_eq!(refusal, Refusal::CallFull);
}

#[test]
fn so_many_calls_and_so_many_participants_of_a_thread() {
    let mut server = Server::start(Limits { calls: 2, participants_per_thread: 2, ..Limits::default() });
    let (second, third) = (CallId(8), CallId(9));
    server.sfu.send(Input::OpenCall { call: second });
    server.sfu.send(Input::OpenCall { call: third });
    let refused = |server: &mut Server, who: Who| {
        server.sfu.send(Input::Join { who, may: Permissions::ALL });
        server.sfu.send(Input::Statistics { call: who.call });
        server.wait(|output| match output {
            Output::TurnedAway { who: found, refusal } if *found == who => Some(Some(*refusal)),
            Output::Statistics { call, participants } if *call == who.call => {
                assert!(participants.iter().any(|one| one.participant == Some(who.participant)));
                Some(None)
            }
            _ => None,
        })
    };
    let of = |call: CallId, number: u32| Who { call, participant: ParticipantId(number) };
    assert_eq!(refused(&mut server, of(third, 1)), Some(Refusal::ServerFull), "a third call");
    assert_eq!(refused(&mut server, who(1)), None);
    assert_eq!(refused(&mut server, of(second, 1)), None);
    assert_eq!(refused(&mut server, of(second, 2)), Some(Refusal::ServerFull), "a third participant");
    server.sfu.send(Input::CloseCall { call: CALL });
    server.sfu.send(Input::OpenCall { call: third });
    assert_eq!(refused(&mut server, of(third, 2)), None, "what ended makes room");
}

#[test]
fn who_sends_and_never_checks_again_is_lost_and_who_checks_stays() {
    let mut server = Server::start(Limits { lost: Duration::from_millis(600), ..Limits::default() });
    let mut silent = server.connected(1, &[Section::Voice(0x11)]);
    let agreeing = server.connected(2, &[Section::HearsOne]);
    let mut sequence = 0;
    let is_lost =
        |server: &mut Server| server.told().iter().any(|output| matches!(output, Output::Ended { who: found, .. } if *found == who(1)));
    while !is_lost(&mut server) {
        sequence += 1;
        silent.send(&packet(OPUS, sequence, u32::from(sequence) * 960, 0x11, &[], b"still here"));
        silent.step(Duration::from_millis(20));
        agreeing.send_raw(&agreeing.own_check());
    }
    assert_eq!(server.ended(1), EndCause::Lost);
    assert!(sequence > 10, "{sequence} packets did not keep it alive");
    assert!(server.told().iter().all(|output| !matches!(output, Output::Ended { .. })), "the other agrees to get packets");
}

/// Ways of one participant that are known at a time.
const PATHS: usize = 32;

#[test]
fn of_many_addresses_of_one_participant_the_last_ones_are_known() {
    let mut server = Server::start(Limits::default());
    let mut speaker = server.connected(1, &[Section::Voice(0x11)]);
    let mut listener = server.connected(2, &[Section::HearsOne]);
    let first = speaker.socket.try_clone().expect("a socket");
    let mut sequence = 0;
    let mut says = |speaker: &mut Client, from: &UdpSocket, words: &[u8]| {
        sequence += 1;
        let protected = speaker.protect(&packet(OPUS, sequence, u32::from(sequence) * 960, 0x11, &[], words));
        from.send_to(&protected, speaker.server).expect("sent");
    };
    let end = Instant::now() + DEADLINE;
    for known in 1..=PATHS {
        says(&mut speaker, &first, b"the first");
        assert_eq!(payload(&listener.next_media().expect("heard")), b"the first", "of {known} it is known");
        speaker.socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let successes = speaker.successes;
        speaker.send_raw(&speaker.own_check());
        while speaker.successes == successes {
            assert!(Instant::now() < end, "the check is answered");
            speaker.step(Duration::from_millis(20));
        }
    }
    says(&mut speaker, &first, b"the first");
    let last = speaker.socket.try_clone().expect("a socket");
    says(&mut speaker, &last, b"the last");
    assert_eq!(payload(&listener.next_media().expect("heard")), b"the last", "of one more the first is forgotten");
}

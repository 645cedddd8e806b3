//! A call through the real media server: two members over sockets, two synthetic clients with real ICE, DTLS and SRTP.

use std::time::{Duration, Instant};

use actix_web::web::block;
use reqwest::Method;
use rialto::chat::RoomKind;
use serde_json::{Value, json};

use super::{about, begins, call_to, reach};
use crate::sfu::client::{Client, DEADLINE, Event, Knows, LEVEL, OPUS, Section, packet, payload};
use crate::sfu::independent::Peer;
use crate::support::{Person, Socket, Town};

/// Comes in and connects; the client, and everything that the server wrote in its answer.
async fn connects(socket: &mut Socket, call: &str, sections: &[Section]) -> (Client, String) {
    let (client, answer, _) = comes_in(socket, call, sections).await;
    (client, answer)
}

/// The same, with what was said on coming in.
pub(super) async fn comes_in(socket: &mut Socket, call: &str, sections: &[Section]) -> (Client, String, Value) {
    socket.done(about("call.join", call)).await;
    let joined = socket.next("call.joined").await;
    let mut client = Client::new("127.0.0.1:0", Knows::Both);
    let sdp = client.offer(sections);
    socket.done(json!({ "type": "pc.offer", "call": call, "gen": 1, "sdp": sdp, "tracks": [{ "mid": "0", "source": "mic" }] })).await;
    let answer = socket.next("pc.answer").await["sdp"].as_str().expect("an answer").to_owned();
    client.accept(&answer, false);
    let client = block(move || {
        assert!(client.connect(DEADLINE), "connects");
        client
    });
    (client.await.expect("no panic"), answer, joined)
}

/// Sends speech until a packet of it comes to the other; what came.
pub(super) fn is_heard(from: &mut Client, to: &mut Client, words: &[u8]) -> Vec<u8> {
    let end = Instant::now() + DEADLINE;
    let mut sequence = 0;
    while Instant::now() < end {
        sequence += 1;
        from.send(&packet(OPUS, sequence, u32::from(sequence) * 960, 0x11, &[(LEVEL, &[10])], words));
        let is_media = |event: &Event| matches!(event, Event::Media(_));
        if let Some(Event::Media(heard)) = to.next(is_media, Duration::from_millis(20)) {
            return heard;
        }
        from.step(Duration::from_millis(1));
    }
    panic!("nothing was heard");
}

pub(super) async fn calling(town: &Town) -> (Person, Person) {
    let owner = town.owner("keeper").await;
    let (status, _) = owner.call(Method::PATCH, "/api/v1/admin/settings", Some(json!({ "calls_open_to": "all_members" }))).await;
    assert!(status.is_success());
    let (ann, ben) = (town.member("ann").await, town.member("ben").await);
    reach(&ben, json!({ "call": { "from": ["everyone"] } })).await;
    (ann, ben)
}

/// One of the program's numbers.
async fn number(town: &Town, name: &str) -> u64 {
    let text = town.http.get(town.url("/metrics")).send().await.expect("an answer").text().await.expect("text");
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).unwrap_or_else(|| panic!("no {name} in {text}"));
    line.parse().expect("a number")
}

#[actix_web::test]
async fn two_members_hear_each_other_and_learn_no_address() {
    let town = Town::new().await;
    let (ann, ben) = calling(&town).await;
    let (mut a, mut b) = (ann.connect().await, ben.connect().await);
    let call = begins(&mut a, call_to(&ben, "k1")).await;
    b.next("call.ring").await;
    b.done(about("call.accept", &call)).await;
    let (mut anns, first) = connects(&mut a, &call, &[Section::Voice(0x11), Section::HearsOne]).await;
    let (mut bens, second) = connects(&mut b, &call, &[Section::Voice(0x12), Section::HearsOne]).await;
    loop {
        if a.next("call.state").await["call"]["state"] == "active" {
            break;
        }
    }
    let ports = [&anns, &bens].map(|client| format!(" {} ", client.socket.local_addr().expect("bound").port()));
    let (heard, ports) = block(move || (payload(&is_heard(&mut anns, &mut bens, b"hello")).to_vec(), ports)).await.expect("no panic");
    assert_eq!(heard, b"hello");
    loop {
        let told = b.next("call.slots").await;
        let shows = |slot: &serde_json::Value| slot["member"] == json!(ann.id) && slot["source"] == "mic";
        if told["slots"].as_array().expect("slots").iter().any(shows) {
            break;
        }
    }
    for answer in [first, second] {
        assert!(answer.contains("a=candidate:") && ports.iter().all(|port| !answer.contains(port.as_str())), "{answer}");
    }
    // Media threads tell their counts ten times a second.
    let end = Instant::now() + DEADLINE;
    while number(&town, "rialto_media_forwarded_total").await == 0 {
        assert!(Instant::now() < end, "what is forwarded is counted");
    }
    assert_eq!((number(&town, "rialto_calls").await, number(&town, "rialto_media_participants").await), (1, 2));
    assert!(number(&town, "rialto_media_bytes_in_total").await > 100 && number(&town, "rialto_media_packets_out_total").await > 0);
    assert!(number(&town, "rialto_media_busy_permille{thread=\"0\"}").await <= 1_000);
    a.done(about("call.leave", &call)).await;
    assert_eq!(b.next("call.ended").await["cause"], "left");
    let past = ann.get("/api/v1/calls").await;
    assert_eq!(past["items"][0]["call"], call);
    town.close().await;
}

#[actix_web::test]
async fn bad_offers_are_refused_by_name_and_the_call_goes_on() {
    let town = Town::new().await;
    let (ann, ben) = calling(&town).await;
    let mut a = ann.connect().await;
    let call = begins(&mut a, call_to(&ben, "k1")).await;
    a.done(about("call.join", &call)).await;
    a.next("call.joined").await;
    let offer = |generation: u32, sdp: &str| json!({ "type": "pc.offer", "call": call, "gen": generation, "sdp": sdp, "tracks": [] });
    assert_eq!(super::code(&mut a, offer(1, "nonsense")).await, "calls.offer_invalid");
    assert_eq!(super::code(&mut a, offer(2, &format!("v=0\r\n{}", "a=x:1\r\n".repeat(20_000)))).await, "calls.offer_too_large");
    let (mut client, _) = {
        let mut client = Client::new("127.0.0.1:0", Knows::Both);
        let sdp = client.offer(&[Section::Voice(0x11), Section::HearsOne]);
        let many: String = (0..20)
            .map(|n| format!("a=candidate:{n} 1 udp 1 x{n}.local 9 typ host\r\na=candidate:{n} 1 udp 1 127.0.0.1 22 typ host\r\n"))
            .collect();
        a.done(offer(3, &format!("{sdp}{many}"))).await;
        let answer = a.next("pc.answer").await["sdp"].as_str().expect("an answer").to_owned();
        client.accept(&answer, false);
        (client, answer)
    };
    assert!(block(move || client.connect(DEADLINE)).await.expect("no panic"), "remote candidates are ignored");
    assert_eq!(super::code(&mut a, offer(3, "v=0")).await, "calls.offer_stale");
    town.close().await;
}

/// A peer connection of the `webrtc` crate in the call, that sends and receives.
async fn enters_with_peer(socket: &mut Socket, call: &str) -> Peer {
    socket.done(about("call.join", call)).await;
    socket.next("call.joined").await;
    let (peer, sdp) = Peer::offering(true, true).await;
    socket.done(json!({ "type": "pc.offer", "call": call, "gen": 1, "sdp": sdp, "tracks": [] })).await;
    peer.answered(socket.next("pc.answer").await["sdp"].as_str().expect("an answer").to_owned()).await;
    peer
}

/// When something came last, of what has come so far.
fn last_of(peer: &Peer) -> Option<Instant> {
    peer.packets.try_iter().map(|(at, _)| at).last()
}

#[actix_web::test]
async fn whoever_is_put_out_hears_and_is_heard_for_less_than_a_second() {
    for how in ["removed from the call", "banned"] {
        let town = Town::new().await;
        let owner = town.owner("keeper").await;
        let (status, _) = owner.call(Method::PATCH, "/api/v1/admin/settings", Some(json!({ "calls_open_to": "all_members" }))).await;
        assert!(status.is_success());
        let (ann, ben) = (town.member("ann").await, town.member("ben").await);
        let room = town.room(&ann, RoomKind::Private, "Quay", &[&ben]).await;
        let (status, _) = ann.call(Method::PATCH, &format!("/api/v1/rooms/{room}"), Some(json!({ "voice": true }))).await;
        assert!(status.is_success());
        let (mut a, mut b) = (ann.connect().await, ben.connect().await);
        let call = begins(&mut a, super::call_in(room, "k1")).await;
        let (anns, bens) = (enters_with_peer(&mut a, &call).await, enters_with_peer(&mut b, &call).await);
        let (mut to_ann, mut to_ben, mut put_out) = (None, None, None);
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        let end = Instant::now() + DEADLINE;
        // Both go on sending for two seconds after the one is put out.
        while put_out.is_none_or(|at: Instant| at.elapsed() < Duration::from_secs(2)) {
            assert!(Instant::now() < end, "{how}: heard {} {}", to_ann.is_some(), to_ben.is_some());
            ticks.tick().await;
            anns.sends().await;
            bens.sends().await;
            to_ann = last_of(&anns).or(to_ann);
            to_ben = last_of(&bens).or(to_ben);
            if put_out.is_none() && to_ann.is_some() && to_ben.is_some() {
                put_out = Some(Instant::now());
                if how == "banned" {
                    let ban = format!("/api/v1/admin/members/{}/ban", ben.id);
                    let (status, _) = owner.call(Method::POST, &ban, Some(json!({ "reason": "x" }))).await;
                    assert!(status.is_success());
                } else {
                    a.done(json!({ "type": "call.mod.remove", "call": call, "member": ben.id })).await;
                }
            }
        }
        let put_out = put_out.expect("both were heard");
        for (whom, last) in [("to the one who stays", to_ann), ("to the one who goes", to_ben)] {
            let after = last.expect("something").saturating_duration_since(put_out);
            assert!(after < Duration::from_secs(1), "{how}: media {whom} for {after:?} more");
        }
        for peer in [anns, bens] {
            peer.browser.close().await;
        }
        town.close().await;
    }
}

#[actix_web::test]
async fn an_offer_of_a_mebibyte_ends_its_socket_and_nobodys_media() {
    let town = Town::new().await;
    let (ann, ben) = calling(&town).await;
    let (mut a, mut b) = (ann.connect().await, ben.connect().await);
    let call = begins(&mut a, call_to(&ben, "k1")).await;
    b.done(about("call.accept", &call)).await;
    let (mut anns, _) = connects(&mut a, &call, &[Section::Voice(0x11), Section::HearsOne]).await;
    let (mut bens, _) = connects(&mut b, &call, &[Section::Voice(0x11), Section::HearsOne]).await;
    let sdp = "a=x:1\r\n".repeat((1 << 20) / 7);
    a.say(json!({ "type": "pc.offer", "call": call, "gen": 2, "sdp": sdp, "tracks": [] })).await;
    assert_eq!(a.closed().await, Some(1009));
    let heard = block(move || {
        let there = payload(&is_heard(&mut anns, &mut bens, b"there")).to_vec();
        (there, payload(&is_heard(&mut bens, &mut anns, b"back")).to_vec())
    });
    assert_eq!(heard.await.expect("no panic"), (b"there".to_vec(), b"back".to_vec()));
    town.close().await;
}

#[actix_web::test]
async fn calls_live_on_both_ports_of_two_media_threads() {
    let town = Town::with(|config| config.media_threads = 2).await;
    let (ann, ben) = calling(&town).await;
    let (clo, dan) = (town.member("clo").await, town.member("dan").await);
    reach(&dan, json!({ "call": { "from": ["everyone"] } })).await;
    let mut ports = Vec::new();
    // Kept, so that both calls go on at the same time.
    let mut sockets = Vec::new();
    let mut pairs = Vec::new();
    for (caller, called) in [(&ann, &ben), (&clo, &dan)] {
        let (mut a, mut b) = (caller.connect().await, called.connect().await);
        let call = begins(&mut a, call_to(called, "k1")).await;
        b.done(about("call.accept", &call)).await;
        let (from, first) = connects(&mut a, &call, &[Section::Voice(0x11), Section::HearsOne]).await;
        let (to, second) = connects(&mut b, &call, &[Section::Voice(0x11), Section::HearsOne]).await;
        assert_eq!(port_of(&first), port_of(&second), "a call lives on one of them");
        ports.push(port_of(&first));
        pairs.push((from, to));
        sockets.extend([a, b]);
    }
    assert_ne!(ports[0], ports[1], "the second call goes where less is done");
    let heard = block(move || {
        let hear = |(mut from, mut to): (Client, Client)| {
            let there = payload(&is_heard(&mut from, &mut to, b"hello")).to_vec();
            (there, payload(&is_heard(&mut to, &mut from, b"hello")).to_vec())
        };
        pairs.into_iter().map(hear).collect::<Vec<_>>()
    });
    assert_eq!(heard.await.expect("no panic"), vec![(b"hello".to_vec(), b"hello".to_vec()); 2]);
    town.close().await;
}

/// The port of the first candidate.
fn port_of(answer: &str) -> String {
    let candidate = answer.lines().find_map(|line| line.strip_prefix("a=candidate:")).expect("a candidate");
    candidate.split(' ').nth(5).expect("a port").to_owned()
}

//! An exchange without a network: what lies in a batch, and what is known afterwards.

use std::time::Duration;

use crossbeam_channel::{Receiver, unbounded};
use rtc_crypto::providers::RingProvider;
use rtc_stun::attributes::ATTR_USERNAME;
use rtc_stun::fingerprint::FINGERPRINT;
use rtc_stun::integrity::MessageIntegrity;
use rtc_stun::message::{BINDING_REQUEST, Message, Setter, TransactionId};
use rtc_stun::textattrs::TextAttribute;

use super::*;
use crate::calls::sfu::door::{Input, ParticipantId, Permissions};
use crate::calls::sfu::lines::LineId;
use crate::calls::sfu::socket::{Incoming, Remote};
use crate::calls::sfu::time::SECOND;

const OFFER: &str = include_str!("../../../../tests/media/offers/chromium.sdp");
const WHO: Who = Who { call: CallId(7), participant: ParticipantId(1) };

fn exchange() -> (Exchange, Receiver<Output>) {
    exchange_with(Limits::default())
}

fn exchange_with(limits: Limits) -> (Exchange, Receiver<Output>) {
    let provider: Arc<dyn RTCCryptoProvider> = Arc::new(RingProvider::default());
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port");
    let local = socket.local_addr().expect("bound");
    let (sender, outputs) = unbounded();
    let parts = Parts {
        identity: Identity::new(Arc::clone(&provider)).expect("a certificate"),
        provider,
        addresses: vec![local.ip()],
        local,
        limits,
        origin: Instant::now(),
        slab: Slab::new(socket, Lines::new(None).expect("descriptors")),
        sink: Arc::new(move |output| drop(sender.send(output))),
    };
    (Exchange::new(parts), outputs)
}

fn value<'a>(sdp: &'a str, name: &str) -> &'a str {
    sdp.lines().find_map(|line| line.strip_prefix(name)).expect("a line of it").trim()
}

/// A check that is authentic after this answer.
fn check(answer: &str) -> Vec<u8> {
    let mut message = Message::new();
    let username = format!("{}:{}", value(answer, "a=ice-ufrag:"), value(OFFER, "a=ice-ufrag:"));
    let username = TextAttribute::new(ATTR_USERNAME, username);
    let provider = RingProvider::default();
    let password = value(answer, "a=ice-pwd:").to_owned();
    message.build(&[Box::new(TransactionId::new()), Box::new(BINDING_REQUEST), Box::new(username)]).expect("a message");
    MessageIntegrity::new_short_term_integrity_with_provider(password, provider.crypto()).add_to(&mut message).expect("signed");
    FINGERPRINT.add_to(&mut message).expect("a checksum");
    message.raw
}

#[test]
fn a_check_over_a_connection_that_is_no_more_teaches_nothing() {
    let (mut exchange, outputs) = exchange();
    exchange.input(Input::OpenCall { call: WHO.call }, 0);
    exchange.input(Input::Join { who: WHO, may: Permissions::ALL }, 0);
    exchange.input(Input::Offer { who: WHO, generation: 1, sdp: OFFER.to_owned(), tracks: Vec::new() }, 0);
    let answer = outputs.try_iter().find_map(|output| if let Output::Answer { sdp, .. } = output { Some(sdp) } else { None });
    let answer = answer.expect("answered");
    let address = SocketAddr::from(([192, 0, 2, 7], 5_000));
    let (udp, gone) = (Remote::udp(address), Remote { address, line: LineId::of(7) });
    let mut incoming = Incoming::new();
    incoming.put(0, &check(&answer), gone);
    exchange.datagrams(&mut incoming, 1, 0);
    assert_eq!(exchange.demux.by_address(gone), None);
    incoming.put(0, &check(&answer), udp);
    exchange.datagrams(&mut incoming, 1, 0);
    assert!(exchange.demux.by_address(udp).is_some(), "the same over UDP does");
}

#[test]
fn a_picture_that_never_came_keeps_its_layers_and_one_that_nobody_looks_at_loses_them() {
    let (mut exchange, outputs) = exchange_with(Limits { connect: Duration::from_secs(60), ..Limits::default() });
    exchange.input(Input::OpenCall { call: WHO.call }, 0);
    exchange.input(Input::Join { who: WHO, may: Permissions::ALL }, 0);
    exchange.input(Input::Offer { who: WHO, generation: 1, sdp: OFFER.to_owned(), tracks: Vec::new() }, 0);
    let mut layers_told = |exchange: &mut Exchange, seconds: std::ops::Range<u64>| {
        for tenth in seconds.start * 10..seconds.end * 10 {
            exchange.turn(tenth * SECOND / 10);
        }
        outputs
            .try_iter()
            .filter_map(|output| if let Output::Layers { layers, .. } = output { Some(layers) } else { None })
            .collect::<Vec<_>>()
    };
    assert_eq!(layers_told(&mut exchange, 0..20), Vec::<Vec<_>>::new(), "its sender may begin at any time");

    let key = exchange.names[&WHO.call];
    let call = exchange.calls.get_mut(key).expect("open");
    let camera = call.publications.iter_mut().flatten().find(|publication| publication.layers.len() > 1).expect("one in layers");
    camera.layers[0].heard = Some(20 * SECOND);
    let told = layers_told(&mut exchange, 20..30);
    assert!(!told.is_empty() && told.concat().iter().all(|layer| !layer.on), "{told:?}");
}

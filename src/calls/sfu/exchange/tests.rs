//! An exchange without a network: what lies in a batch, and what is known afterwards.

use crossbeam_channel::{Receiver, unbounded};
use rtc_crypto::providers::RingProvider;
use rtc_stun::attributes::ATTR_USERNAME;
use rtc_stun::fingerprint::FINGERPRINT;
use rtc_stun::integrity::MessageIntegrity;
use rtc_stun::message::{BINDING_REQUEST, Message, Setter, TransactionId};
use rtc_stun::textattrs::TextAttribute;

use super::*;
use crate::calls::sfu::call::Watcher;
use crate::calls::sfu::codec::Glance;
use crate::calls::sfu::door::{Input, ParticipantId, Permissions, Source};
use crate::calls::sfu::lines::LineId;
use crate::calls::sfu::packet::rtp::{FIXED, Header};
use crate::calls::sfu::rewrite::{self, Moment, Stream};
use crate::calls::sfu::socket::{Incoming, Remote};
use crate::calls::sfu::time::SECOND;

const OFFER: &str = include_str!("../../../../tests/media/offers/chromium.sdp");
const WHO: Who = Who { call: CallId(7), participant: ParticipantId(1) };

fn exchange() -> (Exchange, Receiver<Output>) {
    let provider: Arc<dyn RTCCryptoProvider> = Arc::new(RingProvider::default());
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port");
    let local = socket.local_addr().expect("bound");
    let (sender, outputs) = unbounded();
    let parts = Parts {
        identity: Identity::new(Arc::clone(&provider)).expect("a certificate"),
        provider,
        addresses: vec![local.ip()],
        local,
        limits: Limits::default(),
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

/// A packet without a payload, of no codec that is known.
fn arrival(call: Key, picture: bool, publication: usize, at: usize) -> Arrival {
    let mut packet = [0; FIXED];
    packet[..2].copy_from_slice(&[0x80, 127]);
    let header = Header::parse(&packet).expect("a header");
    let payload = FIXED..FIXED;
    Arrival {
        call,
        publication,
        layer: 0,
        picture,
        at,
        header,
        payload,
        repaired: false,
        codec: None,
        level: None,
        orientation: None,
        packet: None,
    }
}

#[test]
fn voices_of_a_batch_go_out_before_its_pictures_and_each_publication_together() {
    let call = Arena::new().insert(());
    let of = |(at, (picture, publication))| arrival(call, picture, publication, at);
    let came = [(true, 0), (false, 3), (true, 0), (false, 1), (true, 2), (false, 3)];
    let mut batch: Vec<Arrival> = came.into_iter().enumerate().map(of).collect();
    batch.sort_unstable_by_key(Arrival::turn);
    assert_eq!(batch.iter().map(|arrival| arrival.at).collect::<Vec<_>>(), [3, 1, 5, 0, 2, 4]);
}

/// A call in which the second of two watches the camera of the first.
struct Watched {
    exchange: Exchange,
    call: Key,
    viewer: Key,
    slot: usize,
    camera: usize,
    _outputs: Receiver<Output>,
}

impl Watched {
    fn begin() -> Self {
        let (mut exchange, outputs) = exchange();
        exchange.input(Input::OpenCall { call: WHO.call }, 0);
        let mut viewer = None;
        for number in [1, 2] {
            let who = Who { participant: ParticipantId(number), ..WHO };
            exchange.input(Input::Join { who, may: Permissions::ALL }, 0);
            exchange.input(Input::Offer { who, generation: 1, sdp: OFFER.to_owned(), tracks: Vec::new() }, 0);
            viewer = exchange.key_of(who);
        }
        let (call, viewer) = (exchange.names[&WHO.call], viewer.expect("it is in it"));
        let is_camera = |at: &usize| {
            exchange.calls.get(call).and_then(|call| call.publication(*at)).is_some_and(|found| found.source == Source::Camera)
        };
        let camera = (0..8).find(is_camera).expect("a camera");
        let slots = &exchange.participants.get(viewer).expect("it is in it").slots;
        let slot = slots.iter().position(|slot| !slot.audio).expect("a slot for pictures");
        Self { exchange, call, viewer, slot, camera, _outputs: outputs }
    }

    /// What goes on in the slot when a packet of the camera comes that waited for so long; a keyframe came before.
    fn goes_on(&mut self, waited: Micros) -> bool {
        let Self { exchange, call, viewer, slot, camera, .. } = self;
        let publication = exchange.calls.get_mut(*call).and_then(|call| call.publication_mut(*camera)).expect("a camera");
        publication.watchers = vec![Watcher { participant: *viewer, slot: *slot }];
        let stream = Stream { track: publication.track, layer: 0 };
        let shown = &mut exchange.participants.get_mut(*viewer).expect("it is in it").slots[*slot];
        shown.change_track(Some(stream.track));
        shown.aim(Some(stream));
        let keyframe = rewrite::Incoming {
            stream,
            number: 70_000,
            moment: Moment { timestamp: 1 << 33, arrival: 0, captured: None },
            marker: true,
            padding: false,
            glance: Glance { keyframe: true, ..Glance::default() },
        };
        let _ = shown.forward(&keyframe);
        assert!(shown.video().is_some_and(|video| video.current() == Some(stream)), "it is watched");
        exchange.waited(waited);
        exchange.fan_out(&mut [arrival(*call, true, *camera, 0)], &Incoming::new(), 0);
        let shown = &mut exchange.participants.get_mut(*viewer).expect("it is in it").slots[*slot];
        shown.video().is_some_and(|video| video.current().is_some())
    }
}

#[test]
fn pictures_that_are_late_are_let_go_once_large_ones_are_done_without() {
    let mut watched = Watched::begin();
    assert!(watched.goes_on(10 * SECOND));
    assert_eq!(watched.exchange.busy(1_000, true, 10 * SECOND), Without::Newcomers);
    assert!(watched.goes_on(10 * SECOND), "newcomers come first");
    assert_eq!(watched.exchange.busy(1_000, true, 11 * SECOND), Without::LargePictures);
    assert_eq!((watched.goes_on(LATE - 1), watched.goes_on(LATE)), (true, false));
}

//! The peer connection of the `webrtc` crate as a client: it shares nothing with ours but the standards.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, unbounded};
use rialto::calls::probe::browser::{Browser, Header, Kind, Packet, Plan};
use rialto::calls::sfu::{Input, Limits, Permissions};

use super::client::{DEADLINE, vp8};
use super::{Server, who};

/// A peer connection that sends a voice and a picture, or hears and sees, or both.
pub struct Peer {
    /// It.
    pub browser: Browser,
    /// What came, and when.
    pub packets: Receiver<(Instant, Packet)>,
    sequence: AtomicU16,
}

impl Peer {
    /// One with its first offer.
    pub async fn offering(sends: bool, receives: bool) -> (Self, String) {
        let (sender, packets) = unbounded();
        let kinds = |wanted: bool| if wanted { Kind::ALL.to_vec() } else { Vec::new() };
        let (knows, sends, slots, from) = (kinds(true), kinds(sends), kinds(receives), vec!["127.0.0.1:0".to_owned()]);
        let keep = Arc::new(move |_, packet| drop(sender.send((Instant::now(), packet))));
        let browser = Box::pin(Browser::new(&Plan { knows, sends, slots, from, refresh: None }, keep)).await.expect("a peer connection");
        let offer = browser.offer().await.expect("an offer");
        (Self { browser, packets, sequence: AtomicU16::new(0) }, offer)
    }

    /// Takes the server's answer and waits until it is connected.
    pub async fn answered(&self, answer: String) {
        let came = self.browser.connect(&answer, DEADLINE).await.expect("an answer that is understood");
        assert!(came.dtls, "connected in time: {came:?}");
    }

    /// Sends one packet of sound and one picture.
    pub async fn sends(&self) {
        let number = self.sequence.fetch_add(1, Ordering::Relaxed);
        for kind in Kind::ALL {
            let payload = if kind == Kind::Sound { b"hello".to_vec() } else { vp8(true, true, number, b"a picture") };
            let header = Header { sequence_number: number, timestamp: u32::from(number) * 960, marker: true, ..Header::default() };
            self.browser.send(kind, header, payload).await;
        }
    }
}

/// A peer connection that is connected as a participant.
async fn join(server: &mut Server, number: u32, sends: bool) -> Peer {
    let (peer, offer) = Peer::offering(sends, !sends).await;
    server.sfu.send(Input::Join { who: who(number), may: Permissions::ALL });
    let answer = server.offer(number, 1, offer, Vec::new()).expect("an answer");
    peer.answered(answer).await;
    server.wait_connected(number);
    peer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_one_peer_connection_sends_another_gets() {
    let mut server = Server::start(Limits::default());
    let speaker = Box::pin(join(&mut server, 1, true)).await;
    let viewer = Box::pin(join(&mut server, 2, false)).await;
    let (mut sound, mut picture) = (false, false);
    let end = tokio::time::Instant::now() + DEADLINE;
    while !(sound && picture) {
        assert!(tokio::time::Instant::now() < end, "sound {sound}, picture {picture}");
        speaker.sends().await;
        let packets = viewer.packets.clone();
        let came = tokio::task::spawn_blocking(move || packets.recv_timeout(Duration::from_millis(20))).await.expect("not cancelled");
        if let Ok((_, packet)) = came {
            sound |= packet.payload.as_ref() == b"hello";
            picture |= packet.payload.ends_with(b"a picture");
        }
    }
    for peer in [speaker, viewer] {
        peer.browser.close().await;
    }
}

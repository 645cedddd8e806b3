//! The peer connection of the `webrtc` crate as a client: it shares nothing with ours but the standards.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};
use rialto::calls::sfu::{Input, Limits, Permissions};
use rtc::rtp::{header::Header, packet::Packet};
use rtc::rtp_transceiver::rtp_sender::{
    RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters, RtpCodecKind,
};
use tokio::sync::Notify;
use webrtc::media_stream::MediaStreamTrack;
use webrtc::media_stream::track_local::{TrackLocal, static_rtp::TrackLocalStaticRTP};
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};
use webrtc::peer_connection::{
    MediaEngine, PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCConfigurationBuilder, RTCIceGatheringState,
    RTCPeerConnectionState, RTCSessionDescription, Registry, configure_nack, configure_rtcp_reports, configure_twcc_receiver_only,
};
use webrtc::rtp_transceiver::{RTCRtpTransceiverDirection, RTCRtpTransceiverInit};

use super::client::{DEADLINE, OPUS, VP8, vp8};
use super::{Server, who};

/// What a peer connection told.
struct Told {
    gathered: Notify,
    connected: Notify,
    packets: Sender<(Instant, Packet)>,
}

struct Handler(Arc<Told>);

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Handler {
    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        if state == RTCIceGatheringState::Complete {
            self.0.gathered.notify_one();
        }
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        if state == RTCPeerConnectionState::Connected {
            self.0.connected.notify_one();
        }
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        let told = Arc::clone(&self.0);
        // Never polled inside the callback: that runs on the driver.
        tokio::spawn(async move {
            while let Some(event) = track.poll().await {
                if let TrackRemoteEvent::OnRtpPacket(packet) = event {
                    let _ = told.packets.send((Instant::now(), packet));
                }
            }
        });
    }
}

fn codec(kind: RtpCodecKind) -> RTCRtpCodec {
    match kind {
        RtpCodecKind::Video => RTCRtpCodec { mime_type: "video/VP8".into(), clock_rate: 90_000, ..RTCRtpCodec::default() },
        _ => RTCRtpCodec {
            mime_type: "audio/opus".into(),
            clock_rate: 48_000,
            channels: 2,
            sdp_fmtp_line: "minptime=10;useinbandfec=1".into(),
            ..RTCRtpCodec::default()
        },
    }
}

const KINDS: [(RtpCodecKind, u8, u32); 2] = [(RtpCodecKind::Audio, OPUS, 0x5001), (RtpCodecKind::Video, VP8, 0x5002)];

/// A peer connection that sends a voice and a picture, or hears and sees, or both.
pub struct Peer {
    /// It.
    pub connection: Arc<dyn PeerConnection>,
    tracks: Vec<Arc<TrackLocalStaticRTP>>,
    /// What came, and when.
    pub packets: Receiver<(Instant, Packet)>,
    told: Arc<Told>,
    sequence: AtomicU16,
}

impl Peer {
    /// One with its first offer.
    pub async fn offering(sends: bool, receives: bool) -> (Self, String) {
        let (sender, packets) = unbounded();
        let told = Arc::new(Told { gathered: Notify::new(), connected: Notify::new(), packets: sender });
        let mut engine = MediaEngine::default();
        for (kind, payload_type, _) in KINDS {
            engine.register_codec(RTCRtpCodecParameters { rtp_codec: codec(kind), payload_type }, kind).expect("a codec");
        }
        let registry = configure_twcc_receiver_only(Registry::new(), &mut engine).expect("extensions");
        let registry = configure_rtcp_reports(configure_nack(registry, &mut engine));
        let building = PeerConnectionBuilder::new()
            .with_configuration(RTCConfigurationBuilder::new().build())
            .with_media_engine(engine)
            .with_interceptor_registry(registry)
            .with_handler(Arc::new(Handler(Arc::clone(&told))))
            .with_udp_addrs(vec!["127.0.0.1:0".to_owned()])
            .build();
        let connection = Box::pin(building).await.expect("a peer connection");
        let connection: Arc<dyn PeerConnection> = Arc::new(connection);
        let mut tracks = Vec::new();
        for (kind, _, ssrc) in KINDS.into_iter().filter(|_| sends) {
            let coding = RTCRtpCodingParameters { ssrc: Some(ssrc), ..RTCRtpCodingParameters::default() };
            let encoding =
                RTCRtpEncodingParameters { rtp_coding_parameters: coding, codec: codec(kind), ..RTCRtpEncodingParameters::default() };
            let media = MediaStreamTrack::new("stream".into(), format!("{kind:?}"), "label".into(), kind, vec![encoding]);
            let track = Arc::new(TrackLocalStaticRTP::new(media));
            connection.add_track(Arc::clone(&track) as Arc<dyn TrackLocal>).await.expect("a track");
            tracks.push(track);
        }
        for (kind, ..) in KINDS.into_iter().filter(|_| receives) {
            let init = RTCRtpTransceiverInit { direction: RTCRtpTransceiverDirection::Recvonly, streams: vec![], send_encodings: vec![] };
            connection.add_transceiver_from_kind(kind, Some(init)).await.expect("a transceiver");
        }
        connection.set_local_description(connection.create_offer(None).await.expect("an offer")).await.expect("set");
        told.gathered.notified().await;
        let offer = connection.local_description().await.expect("an offer").sdp;
        (Self { connection, tracks, packets, told, sequence: AtomicU16::new(0) }, offer)
    }

    /// Takes the server's answer and waits until it is connected.
    pub async fn answered(&self, answer: String) {
        self.connection.set_remote_description(RTCSessionDescription::answer(answer).expect("a description")).await.expect("set");
        tokio::time::timeout(DEADLINE, self.told.connected.notified()).await.expect("connected in time");
    }

    /// Sends one packet of sound and one picture.
    pub async fn sends(&self) {
        let number = self.sequence.fetch_add(1, Ordering::Relaxed);
        for ((_, payload_type, ssrc), track) in KINDS.into_iter().zip(&self.tracks) {
            let payload = if payload_type == OPUS { b"hello".to_vec() } else { vp8(true, true, number, b"a picture") };
            let header = Header {
                version: 2,
                payload_type,
                sequence_number: number,
                timestamp: u32::from(number) * 960,
                ssrc,
                marker: true,
                ..Header::default()
            };
            // Whoever was put out is not connected any more.
            let _ = track.write_rtp(Packet { header, payload: payload.into() }).await;
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
        peer.connection.close().await.expect("closed");
    }
}

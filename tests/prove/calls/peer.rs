//! A member on the peer connection of the `webrtc` crate: comes into a call over the documented socket, counts what comes in, and sends the
//! picture and the voice that it gets back as its own, so that whoever sent them sees and hears them again.

use std::io::BufRead;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rtc::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtc::rtp::header::Header;
use rtc::rtp::packet::Packet;
use rtc::rtp_transceiver::rtp_sender::{
    RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters, RtpCodecKind,
};
use serde_json::json;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;
use webrtc::media_stream::MediaStreamTrack;
use webrtc::media_stream::track_local::{TrackLocal, static_rtp::TrackLocalStaticRTP};
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};
use webrtc::peer_connection::{
    MediaEngine, PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCConfigurationBuilder, RTCIceGatheringState,
    RTCPeerConnectionState, RTCSessionDescription, Registry, configure_nack, configure_rtcp_reports, configure_twcc_receiver_only,
};
use webrtc::rtp_transceiver::{RTCRtpTransceiverDirection, RTCRtpTransceiverInit};

use crate::client::{DEADLINE, OPUS, VP8};
use crate::party;

const KINDS: [(RtpCodecKind, u8, u32, &str); 2] = [(RtpCodecKind::Audio, OPUS, 0x5001, "mic"), (RtpCodecKind::Video, VP8, 0x5002, "cam")];
const SLOTS: [(RtpCodecKind, usize); 2] = [(RtpCodecKind::Audio, 2), (RtpCodecKind::Video, 2)];
/// Whoever sees the picture that is sent back may have come after its keyframe.
const REFRESH: Duration = Duration::from_secs(1);

/// `URL ROOM SECONDS`, the token on standard input.
pub fn visit(words: &[String]) -> Result<(), String> {
    let [url, room, seconds] = words else { return Err("usage: prove-calls peer URL ROOM SECONDS".to_owned()) };
    let address: SocketAddr = url.trim_start_matches("http://").parse().map_err(|error| format!("{url}: {error}"))?;
    let seconds: f64 = seconds.parse().map_err(|error| format!("{seconds}: {error}"))?;
    let mut token = String::new();
    std::io::stdin().lock().read_line(&mut token).map_err(|error| error.to_string())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(|error| error.to_string())?;
    runtime.block_on(Box::pin(stay(address, room, Duration::from_secs_f64(seconds), token.trim())))
}

/// What the connection tells.
struct Told {
    gathered: Notify,
    connected: Notify,
    packets: mpsc::UnboundedSender<(RtpCodecKind, Packet)>,
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
        // Never polled inside the callback: that runs on the driver.
        tokio::spawn(listen(track, Arc::clone(&self.0)));
    }
}

/// Takes what comes in a track, and asks for keyframes of a picture.
async fn listen(track: Arc<dyn TrackRemote>, told: Arc<Told>) {
    let kind = track.kind().await;
    let mut asked = Instant::now();
    while let Some(event) = track.poll().await {
        let TrackRemoteEvent::OnRtpPacket(packet) = event else { continue };
        if kind == RtpCodecKind::Video && asked.elapsed() > REFRESH {
            asked = Instant::now();
            let _ = track.write_rtcp(vec![Box::new(PictureLossIndication { sender_ssrc: 0, media_ssrc: packet.header.ssrc })]).await;
        }
        let _ = told.packets.send((kind, packet));
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

async fn connection(told: &Arc<Told>) -> Result<Arc<dyn PeerConnection>, String> {
    let failed = |error: &dyn std::fmt::Display| error.to_string();
    let mut engine = MediaEngine::default();
    for (kind, payload_type, ..) in KINDS {
        engine.register_codec(RTCRtpCodecParameters { rtp_codec: codec(kind), payload_type }, kind).map_err(|error| failed(&error))?;
    }
    let registry = configure_twcc_receiver_only(Registry::new(), &mut engine).map_err(|error| failed(&error))?;
    let registry = configure_rtcp_reports(configure_nack(registry, &mut engine));
    let building = PeerConnectionBuilder::new()
        .with_configuration(RTCConfigurationBuilder::new().build())
        .with_media_engine(engine)
        .with_interceptor_registry(registry)
        .with_handler(Arc::new(Handler(Arc::clone(told))))
        .with_udp_addrs(vec!["127.0.0.1:0".to_owned()])
        .build();
    Ok(Arc::new(Box::pin(building).await.map_err(|error| failed(&error))?))
}

async fn tracks_of(connection: &Arc<dyn PeerConnection>) -> Result<Vec<Arc<TrackLocalStaticRTP>>, String> {
    let mut tracks = Vec::new();
    for (kind, _, ssrc, name) in KINDS {
        let coding = RTCRtpCodingParameters { ssrc: Some(ssrc), ..RTCRtpCodingParameters::default() };
        let encoding =
            RTCRtpEncodingParameters { rtp_coding_parameters: coding, codec: codec(kind), ..RTCRtpEncodingParameters::default() };
        let media = MediaStreamTrack::new("stream".into(), name.into(), name.into(), kind, vec![encoding]);
        let track = Arc::new(TrackLocalStaticRTP::new(media));
        connection.add_track(Arc::clone(&track) as Arc<dyn TrackLocal>).await.map_err(|error| error.to_string())?;
        tracks.push(track);
    }
    for (kind, count) in SLOTS {
        for _ in 0..count {
            let init = RTCRtpTransceiverInit { direction: RTCRtpTransceiverDirection::Recvonly, streams: vec![], send_encodings: vec![] };
            connection.add_transceiver_from_kind(kind, Some(init)).await.map_err(|error| error.to_string())?;
        }
    }
    Ok(tracks)
}

async fn stay(address: SocketAddr, room: &str, time: Duration, token: &str) -> Result<(), String> {
    let (sender, mut packets) = mpsc::unbounded_channel();
    let told = Arc::new(Told { gathered: Notify::new(), connected: Notify::new(), packets: sender });
    let connection = connection(&told).await?;
    let tracks = tracks_of(&connection).await?;
    let begun = Instant::now();
    let offer = connection.create_offer(None).await.map_err(|error| error.to_string())?;
    connection.set_local_description(offer).await.map_err(|error| error.to_string())?;
    told.gathered.notified().await;
    let sdp = connection.local_description().await.ok_or("no offer")?.sdp;
    let (address, room, token) = (address, room.to_owned(), token.to_owned());
    let asking = tokio::task::spawn_blocking(move || enter(address, &room, &token, &sdp));
    let (mut link, call, answer) = asking.await.map_err(|error| error.to_string())??;
    let answer = RTCSessionDescription::answer(answer).map_err(|error| error.to_string())?;
    connection.set_remote_description(answer).await.map_err(|error| error.to_string())?;
    tokio::time::timeout(DEADLINE, told.connected.notified()).await.map_err(|_| "media does not connect".to_owned())?;
    let connected_ms = begun.elapsed().as_millis();
    crate::say_line("in");
    let came = Box::pin(echo(&mut packets, &tracks, time)).await?;
    let leaving = tokio::task::spawn_blocking(move || link.leave(&call));
    leaving.await.map_err(|error| error.to_string())??;
    connection.close().await.map_err(|error| error.to_string())?;
    crate::say(&json!({ "pictures": came[1], "sounds": came[0], "connected_ms": connected_ms }));
    Ok(())
}

/// Into the room's call; the line, the call and the answer.
fn enter(address: SocketAddr, room: &str, token: &str, sdp: &str) -> Result<(party::Link, String, String), String> {
    let mut link = party::Lines::open().link(address, token)?;
    let call = link.call_of(room, "peer")?;
    link.done(json!({ "type": "call.join", "call": call }))?;
    let tracks: Vec<_> = KINDS
        .iter()
        .map(|(.., source)| Ok(json!({ "mid": mid_of(sdp, source).ok_or("a track without a mid")?, "source": source })))
        .collect::<Result<_, String>>()?;
    link.done(json!({ "type": "pc.offer", "call": call, "gen": 1, "sdp": sdp, "tracks": tracks }))?;
    let answer = link.next(|frame| frame["type"] == "pc.answer")?;
    Ok((link, call, answer["sdp"].as_str().unwrap_or_default().to_owned()))
}

/// The `mid` of the section that sends this track.
fn mid_of(sdp: &str, track: &str) -> Option<String> {
    let section = sdp
        .split("\r\nm=")
        .skip(1)
        .find(|section| section.lines().any(|line| line.starts_with("a=msid:") && line.ends_with(&format!(" {track}"))))?;
    section.lines().find_map(|line| line.strip_prefix("a=mid:")).map(str::to_owned)
}

/// Sends back what comes; packets of sound, and pictures, which end with a marker.
async fn echo(
    packets: &mut mpsc::UnboundedReceiver<(RtpCodecKind, Packet)>,
    tracks: &[Arc<TrackLocalStaticRTP>],
    time: Duration,
) -> Result<[u64; 2], String> {
    let mut came = [0; 2];
    let end = Instant::now() + time;
    while let Ok(Some((kind, packet))) = tokio::time::timeout_at(end, packets.recv()).await {
        let at = usize::from(kind == RtpCodecKind::Video);
        if at == 0 || packet.header.marker {
            came[at] += 1;
        }
        let (_, payload_type, ssrc, _) = KINDS[at];
        let Header { sequence_number, timestamp, marker, .. } = packet.header;
        let header = Header { version: 2, payload_type, sequence_number, timestamp, ssrc, marker, ..Header::default() };
        tracks[at].write_rtp(Packet { header, payload: packet.payload }).await.map_err(|error| error.to_string())?;
    }
    Ok(came)
}

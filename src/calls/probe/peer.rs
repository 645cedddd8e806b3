//! The peer connection of the `webrtc` crate as the probe's browser: it shares nothing with the media server but the standards.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use rtc::rtp::header::Header;
use rtc::rtp::packet::Packet;
use rtc::rtp_transceiver::rtp_sender::{
    RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters, RtpCodecKind,
};
use tokio::sync::Notify;
use webrtc::media_stream::MediaStreamTrack;
use webrtc::media_stream::track_local::{TrackLocal, static_rtp::TrackLocalStaticRTP};
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};
use webrtc::peer_connection::{
    MediaEngine, PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCConfigurationBuilder, RTCIceConnectionState,
    RTCIceGatheringState, RTCPeerConnectionState, RTCSessionDescription, Registry, SettingEngineBuilder, configure_nack,
    configure_rtcp_reports, configure_twcc_receiver_only,
};
use webrtc::rtp_transceiver::{RTCRtpTransceiverDirection, RTCRtpTransceiverInit};

use super::verdict::Media;
use crate::config::machine;
use crate::error::{Error, Result};

/// How often a path is tried.
const CHECK_EVERY: Duration = Duration::from_millis(20);
/// Gathering own addresses takes a millisecond.
const GATHER_WITHIN: Duration = Duration::from_secs(3);
/// A packet of sound leaves as often; pictures take two packets each time.
const EVERY: Duration = Duration::from_millis(20);
/// What is still on its way is waited for.
const LAST: Duration = Duration::from_secs(2);
/// Sound, then pictures: kind, payload type, SSRC, length of a payload. Pictures are as long as they come.
const KINDS: [(RtpCodecKind, u8, u32, usize); 2] =
    [(RtpCodecKind::Audio, 111, 0x5052_0001, 80), (RtpCodecKind::Video, 96, 0x5052_0002, 1_100)];
/// Where in a payload the time of its sending stands: behind what the media server reads of a picture.
const STAMP: usize = 16;

/// What the connection told.
#[derive(Default)]
struct Told {
    begun: OnceLock<Instant>,
    gathered: Notify,
    changed: Notify,
    ice: OnceLock<()>,
    dtls: OnceLock<()>,
    back: [AtomicU64; 2],
    /// Of all that came back, microseconds; 0 before the first.
    shortest: AtomicU64,
}

impl Told {
    fn now(&self) -> u64 {
        let begun = self.begun.get_or_init(Instant::now);
        u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn came(&self, kind: usize, payload: &[u8]) {
        self.back[kind].fetch_add(1, Ordering::Relaxed);
        let stamp = payload.get(STAMP..STAMP + 8).and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes);
        if let Some(took) = stamp.and_then(|sent| self.now().checked_sub(sent)) {
            let least = |known: u64| (known == 0 || took < known).then(|| took.max(1));
            let _ = self.shortest.fetch_update(Ordering::Relaxed, Ordering::Relaxed, least);
        }
    }
}

struct Handler(Arc<Told>);

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Handler {
    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        if state == RTCIceGatheringState::Complete {
            self.0.gathered.notify_one();
        }
    }

    async fn on_ice_connection_state_change(&self, state: RTCIceConnectionState) {
        if matches!(state, RTCIceConnectionState::Connected | RTCIceConnectionState::Completed) {
            let _ = self.0.ice.set(());
        }
        self.0.changed.notify_one();
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        if state == RTCPeerConnectionState::Connected {
            let _ = self.0.dtls.set(());
        }
        self.0.changed.notify_one();
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        let told = Arc::clone(&self.0);
        // Never polled inside the callback: that runs on the driver.
        tokio::spawn(async move {
            let kind = usize::from(track.kind().await == RtpCodecKind::Video);
            while let Some(event) = track.poll().await {
                if let TrackRemoteEvent::OnRtpPacket(packet) = event {
                    told.came(kind, &packet.payload);
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

/// A peer connection that sends a voice and a picture, and receives one of each. To be closed: what is dropped goes on.
pub struct Peer {
    connection: Arc<dyn PeerConnection>,
    tracks: Vec<Arc<TrackLocalStaticRTP>>,
    told: Arc<Told>,
}

impl Peer {
    /// One that leaves from this machine's addresses for those.
    ///
    /// # Errors
    /// When it cannot be made.
    pub async fn new(towards: &[IpAddr]) -> Result<Self> {
        Box::pin(Self::of(towards, KINDS.len())).await
    }

    /// The same with a voice alone.
    ///
    /// # Errors
    /// When it cannot be made.
    pub async fn with_sound(towards: &[IpAddr]) -> Result<Self> {
        Box::pin(Self::of(towards, 1)).await
    }

    /// One that sends and receives the first so many of [`KINDS`].
    async fn of(towards: &[IpAddr], kinds: usize) -> Result<Self> {
        let told = Arc::new(Told::default());
        let mut engine = MediaEngine::default();
        for (kind, payload_type, ..) in KINDS.into_iter().take(kinds) {
            engine.register_codec(RTCRtpCodecParameters { rtp_codec: codec(kind), payload_type }, kind).map_err(Error::broken)?;
        }
        let registry = configure_twcc_receiver_only(Registry::new(), &mut engine).map_err(Error::broken)?;
        let settings = SettingEngineBuilder::new().with_ice_connection_attempts(Some(CHECK_EVERY), Some(u16::MAX)).build();
        let building = PeerConnectionBuilder::new()
            .with_configuration(RTCConfigurationBuilder::new().build())
            .with_media_engine(engine.clone())
            .with_setting_engine(settings)
            .with_interceptor_registry(configure_rtcp_reports(configure_nack(registry, &mut engine)))
            .with_handler(Arc::new(Handler(Arc::clone(&told))))
            .with_udp_addrs(own_addresses(towards))
            .build();
        let connection: Arc<dyn PeerConnection> = Arc::new(Box::pin(building).await.map_err(Error::broken)?);
        let mut peer = Self { connection, tracks: Vec::new(), told };
        if let Err(error) = peer.add_tracks(kinds).await {
            peer.close().await;
            return Err(error);
        }
        Ok(peer)
    }

    async fn add_tracks(&mut self, kinds: usize) -> Result<()> {
        for (kind, _, ssrc, _) in KINDS.into_iter().take(kinds) {
            let coding = RTCRtpCodingParameters { ssrc: Some(ssrc), ..RTCRtpCodingParameters::default() };
            let encoding =
                RTCRtpEncodingParameters { rtp_coding_parameters: coding, codec: codec(kind), ..RTCRtpEncodingParameters::default() };
            let media = MediaStreamTrack::new("probe".into(), format!("{kind:?}"), "probe".into(), kind, vec![encoding]);
            let track = Arc::new(TrackLocalStaticRTP::new(media));
            self.connection.add_track(Arc::clone(&track) as Arc<dyn TrackLocal>).await.map_err(Error::broken)?;
            self.tracks.push(track);
            let slot = RTCRtpTransceiverInit { direction: RTCRtpTransceiverDirection::Recvonly, streams: vec![], send_encodings: vec![] };
            self.connection.add_transceiver_from_kind(kind, Some(slot)).await.map_err(Error::broken)?;
        }
        Ok(())
    }

    /// Its whole offer.
    ///
    /// # Errors
    /// When it cannot be made.
    pub async fn offer(&self) -> Result<String> {
        let offer = self.connection.create_offer(None).await.map_err(Error::broken)?;
        self.connection.set_local_description(offer).await.map_err(Error::broken)?;
        let _ = tokio::time::timeout(GATHER_WITHIN, self.told.gathered.notified()).await;
        let offer = self.connection.local_description().await.ok_or_else(|| Error::broken("a connection without an offer"))?;
        Ok(offer.sdp)
    }

    /// Takes the answer and waits until media could flow, or for so long. A handshake that fails is told by nobody, so time tells.
    ///
    /// # Errors
    /// When it does not understand the answer.
    pub async fn connect(&self, answer: &str, patience: Duration) -> Result<Media> {
        let answer = RTCSessionDescription::answer(answer.to_owned()).map_err(Error::broken)?;
        self.connection.set_remote_description(answer).await.map_err(Error::broken)?;
        let connected = async {
            while self.told.dtls.get().is_none() {
                self.told.changed.notified().await;
            }
        };
        let _ = tokio::time::timeout(patience, connected).await;
        let dtls = self.told.dtls.get().is_some();
        Ok(Media { ice: dtls || self.told.ice.get().is_some(), dtls, ..Media::default() })
    }

    /// Sends a voice and pictures for so long, and counts what comes back.
    pub async fn talk(&self, during: Duration, media: &mut Media) {
        let mut ticks = tokio::time::interval(EVERY);
        // A machine that is busy sends less, and not all at once.
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let end = tokio::time::Instant::now() + during;
        let mut picture: u16 = 0;
        while tokio::time::Instant::now() < end {
            ticks.tick().await;
            picture = picture.wrapping_add(1);
            self.send(0, picture, picture, true, &mut media.sent).await;
            let first = picture.wrapping_mul(2);
            self.send(1, first, picture, false, &mut media.sent).await;
            self.send(1, first.wrapping_add(1), picture, true, &mut media.sent).await;
        }
        let all_back = || (0..2).all(|kind| self.told.back[kind].load(Ordering::Relaxed) >= media.sent[kind]);
        let end = tokio::time::Instant::now() + LAST;
        while !all_back() && tokio::time::Instant::now() < end {
            ticks.tick().await;
        }
        media.back = [0, 1].map(|kind| self.told.back[kind].load(Ordering::Relaxed));
        let micros = self.told.shortest.load(Ordering::Relaxed);
        media.round_trip_ms = (micros > 0).then(|| u32::try_from(micros.div_ceil(1_000)).unwrap_or(u32::MAX));
    }

    async fn send(&self, kind: usize, sequence: u16, frame: u16, marker: bool, sent: &mut [u64; 2]) {
        let (_, payload_type, ssrc, length) = KINDS[kind];
        let mut payload = vec![0; length];
        if kind == 1 {
            vp8(&mut payload, frame, !marker);
        }
        payload[STAMP..STAMP + 8].copy_from_slice(&self.told.now().to_be_bytes());
        let timestamp = u32::from(frame) * if kind == 0 { 960 } else { 1_800 };
        let header = Header { version: 2, marker, payload_type, sequence_number: sequence, timestamp, ssrc, ..Header::default() };
        if let Some(track) = self.tracks.get(kind)
            && track.write_rtp(Packet { header, payload: payload.into() }).await.is_ok()
        {
            sent[kind] += 1;
        }
    }

    /// Sends a packet of silence: the frame of Opus that says nothing for a while (RFC 6716, section 3.1: no data but the first byte).
    pub async fn hush(&self, number: u16) {
        let (_, payload_type, ssrc, _) = KINDS[0];
        let timestamp = u32::from(number) * 19_200;
        let header = Header { version: 2, payload_type, sequence_number: number, timestamp, ssrc, ..Header::default() };
        if let Some(track) = self.tracks.first() {
            let _ = track.write_rtp(Packet { header, payload: vec![0xf8, 0xff, 0xfe].into() }).await;
        }
    }

    /// Ends it, with its sockets.
    pub async fn close(&self) {
        let _ = self.connection.close().await;
    }
}

/// The `mid` of the first section in which an offer sends sound.
#[must_use]
pub fn mid_of_sound(sdp: &str) -> Option<&str> {
    let sends = |section: &&str| section.starts_with("audio ") && section.contains("\r\na=msid:");
    sdp.split("\r\nm=").skip(1).find(sends)?.lines().find_map(|line| line.strip_prefix("a=mid:"))
}

/// Where it may leave from: loopback for this machine, its other addresses for everything else.
fn own_addresses(towards: &[IpAddr]) -> Vec<String> {
    let mut from: Vec<IpAddr> = machine::addresses();
    let loopback = |v4: bool| towards.iter().any(|ip| ip.is_loopback() && ip.is_ipv4() == v4);
    if loopback(true) || from.is_empty() {
        from.insert(0, Ipv4Addr::LOCALHOST.into());
    }
    if loopback(false) {
        from.insert(0, Ipv6Addr::LOCALHOST.into());
    }
    from.into_iter().map(|ip| SocketAddr::new(ip, 0).to_string()).collect()
}

/// What the media server reads of a picture's packet: a descriptor with the picture's number (RFC 7741), and in its first packet a
/// keyframe of 640 × 480 (RFC 6386, section 9.1).
fn vp8(payload: &mut [u8], picture: u16, is_first: bool) {
    let [high, low] = picture.to_be_bytes();
    payload[..4].copy_from_slice(&[if is_first { 0x90 } else { 0x80 }, 0x80, 0x80 | high, low]);
    if is_first {
        payload[4..14].copy_from_slice(&[0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01]);
    }
}

/// Addresses over UDP of an answer's candidates, each once.
#[must_use]
pub fn candidates(sdp: &str) -> Vec<SocketAddr> {
    let mut found = Vec::new();
    for address in sdp.lines().filter_map(address_of) {
        if !found.contains(&address) {
            found.push(address);
        }
    }
    found
}

/// The answer with these candidates alone.
#[must_use]
pub fn only(sdp: &str, addresses: &[SocketAddr]) -> String {
    let stays = |line: &&str| !line.starts_with("a=candidate:") || address_of(line).is_some_and(|address| addresses.contains(&address));
    sdp.lines().filter(stays).map(|line| format!("{line}\r\n")).collect()
}

fn address_of(line: &str) -> Option<SocketAddr> {
    let fields: Vec<&str> = line.strip_prefix("a=candidate:")?.split(' ').collect();
    let is_udp = fields.get(2)?.eq_ignore_ascii_case("udp");
    is_udp.then_some(())?;
    Some(SocketAddr::new(fields.get(4)?.parse().ok()?, fields.get(5)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_left_with_the_candidates_that_are_tried() {
        let sdp = "v=0\r\na=candidate:1 1 udp 2 203.0.113.7 7882 typ host\r\na=candidate:2 1 udp 1 10.0.0.5 7882 typ host\r\na=candidate:3 1 tcp 1 10.0.0.5 7882 typ host tcptype passive\r\na=candidate:1 1 udp 2 203.0.113.7 7882 typ host\r\n";
        let found = candidates(sdp);
        assert_eq!(found, ["203.0.113.7:7882", "10.0.0.5:7882"].map(|address| address.parse::<SocketAddr>().expect("an address")));
        assert_eq!(only(sdp, &found[1..]), "v=0\r\na=candidate:2 1 udp 1 10.0.0.5 7882 typ host\r\n");
    }

    #[test]
    fn the_section_that_sends_is_found_by_what_it_sends() {
        let sdp = "v=0\r\nm=audio 9 X 111\r\na=mid:a\r\na=recvonly\r\nm=audio 9 X 111\r\na=mid:b\r\na=msid:probe Audio\r\n";
        assert_eq!(mid_of_sound(sdp), Some("b"));
        assert_eq!(mid_of_sound("v=0\r\n"), None);
    }

    #[test]
    fn it_leaves_from_loopback_for_this_machine_alone() {
        let from = |towards: &str| own_addresses(&[towards.parse().expect("an address")]);
        assert!(from("127.0.0.1").contains(&"127.0.0.1:0".to_owned()));
        assert!(from("::1").contains(&"[::1]:0".to_owned()));
        assert!(machine::addresses().is_empty() || !from("203.0.113.7").contains(&"127.0.0.1:0".to_owned()));
    }
}

//! The peer connection of the `webrtc` crate in the part of a browser: it offers voices and pictures, takes the answer, and hands over what
//! comes. It shares nothing with the media server but the standards.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use rtc::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
pub use rtc::rtp::{header::Header, packet::Packet};
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

use crate::error::{Error, Result};

/// How often a path is tried.
const CHECK_EVERY: Duration = Duration::from_millis(20);
/// Gathering own addresses takes a millisecond.
const GATHER_WITHIN: Duration = Duration::from_secs(3);

/// What is sent and received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A voice, in Opus.
    Sound,
    /// A picture, in VP8.
    Picture,
}

impl Kind {
    /// Both, in the order of an offer's sections.
    pub const ALL: [Self; 2] = [Self::Sound, Self::Picture];

    /// Its payload type in our offers.
    #[must_use]
    pub const fn payload_type(self) -> u8 {
        match self {
            Self::Sound => 111,
            Self::Picture => 96,
        }
    }

    /// The SSRC of what is sent of it.
    #[must_use]
    pub const fn ssrc(self) -> u32 {
        0x5052_0001 + self as u32
    }

    /// What the signalling calls it, and its track in the offer.
    #[must_use]
    pub const fn source(self) -> &'static str {
        match self {
            Self::Sound => "mic",
            Self::Picture => "cam",
        }
    }

    const fn kind(self) -> RtpCodecKind {
        match self {
            Self::Sound => RtpCodecKind::Audio,
            Self::Picture => RtpCodecKind::Video,
        }
    }

    fn codec(self) -> RTCRtpCodec {
        match self {
            Self::Picture => RTCRtpCodec { mime_type: "video/VP8".into(), clock_rate: 90_000, ..RTCRtpCodec::default() },
            Self::Sound => RTCRtpCodec {
                mime_type: "audio/opus".into(),
                clock_rate: 48_000,
                channels: 2,
                sdp_fmtp_line: "minptime=10;useinbandfec=1".into(),
                ..RTCRtpCodec::default()
            },
        }
    }
}

/// What is offered.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What is known at all.
    pub knows: Vec<Kind>,
    /// One track of each of them is sent.
    pub sends: Vec<Kind>,
    /// One slot for each of them.
    pub slots: Vec<Kind>,
    /// Where it leaves from, `address:port`, with 0 for any port.
    pub from: Vec<String>,
    /// How often a keyframe is asked for of every picture that comes; never with `None`.
    pub refresh: Option<Duration>,
}

/// What becomes of a packet that came. Called for each, on a task of its track.
pub type OnPacket = Arc<dyn Fn(Kind, Packet) + Send + Sync>;

/// What the connection told.
#[derive(Default)]
struct Told {
    gathered: Notify,
    changed: Notify,
    ice: OnceLock<()>,
    dtls: OnceLock<()>,
}

struct Handler {
    told: Arc<Told>,
    on_packet: OnPacket,
    refresh: Option<Duration>,
}

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Handler {
    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        if state == RTCIceGatheringState::Complete {
            self.told.gathered.notify_one();
        }
    }

    async fn on_ice_connection_state_change(&self, state: RTCIceConnectionState) {
        if matches!(state, RTCIceConnectionState::Connected | RTCIceConnectionState::Completed) {
            let _ = self.told.ice.set(());
        }
        self.told.changed.notify_one();
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        if state == RTCPeerConnectionState::Connected {
            let _ = self.told.dtls.set(());
        }
        self.told.changed.notify_one();
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        // Never polled inside the callback: that runs on the driver.
        tokio::spawn(listen(track, Arc::clone(&self.on_packet), self.refresh));
    }
}

async fn listen(track: Arc<dyn TrackRemote>, on_packet: OnPacket, refresh: Option<Duration>) {
    let kind = if track.kind().await == RtpCodecKind::Video { Kind::Picture } else { Kind::Sound };
    let mut asked = Instant::now();
    while let Some(event) = track.poll().await {
        let TrackRemoteEvent::OnRtpPacket(packet) = event else { continue };
        if kind == Kind::Picture && refresh.is_some_and(|every| asked.elapsed() > every) {
            asked = Instant::now();
            let _ = track.write_rtcp(vec![Box::new(PictureLossIndication { sender_ssrc: 0, media_ssrc: packet.header.ssrc })]).await;
        }
        on_packet(kind, packet);
    }
}

/// How far a connection came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Came {
    /// A path was found.
    pub ice: bool,
    /// Keys were agreed on: media can flow.
    pub dtls: bool,
}

/// The peer connection. To be closed: what is dropped goes on.
pub struct Browser {
    connection: Arc<dyn PeerConnection>,
    tracks: Vec<(Kind, Arc<TrackLocalStaticRTP>)>,
    told: Arc<Told>,
}

impl Browser {
    /// One with this plan.
    ///
    /// # Errors
    /// When it cannot be made.
    pub async fn new(plan: &Plan, on_packet: OnPacket) -> Result<Self> {
        let told = Arc::new(Told::default());
        let mut engine = MediaEngine::default();
        for kind in &plan.knows {
            let codec = RTCRtpCodecParameters { rtp_codec: kind.codec(), payload_type: kind.payload_type() };
            engine.register_codec(codec, kind.kind()).map_err(Error::broken)?;
        }
        let registry = configure_twcc_receiver_only(Registry::new(), &mut engine).map_err(Error::broken)?;
        let registry = configure_rtcp_reports(configure_nack(registry, &mut engine));
        let settings = SettingEngineBuilder::new().with_ice_connection_attempts(Some(CHECK_EVERY), Some(u16::MAX)).build();
        let building = PeerConnectionBuilder::new()
            .with_configuration(RTCConfigurationBuilder::new().build())
            .with_media_engine(engine)
            .with_setting_engine(settings)
            .with_interceptor_registry(registry)
            .with_handler(Arc::new(Handler { told: Arc::clone(&told), on_packet, refresh: plan.refresh }))
            .with_udp_addrs(plan.from.clone())
            .build();
        let connection: Arc<dyn PeerConnection> = Arc::new(Box::pin(building).await.map_err(Error::broken)?);
        let mut browser = Self { connection, tracks: Vec::new(), told };
        if let Err(error) = browser.add_sections(plan).await {
            browser.close().await;
            return Err(error);
        }
        Ok(browser)
    }

    async fn add_sections(&mut self, plan: &Plan) -> Result<()> {
        for kind in &plan.sends {
            let coding = RTCRtpCodingParameters { ssrc: Some(kind.ssrc()), ..RTCRtpCodingParameters::default() };
            let encoding =
                RTCRtpEncodingParameters { rtp_coding_parameters: coding, codec: kind.codec(), ..RTCRtpEncodingParameters::default() };
            let name = kind.source().to_owned();
            let media = MediaStreamTrack::new("stream".into(), name.clone(), name, kind.kind(), vec![encoding]);
            let track = Arc::new(TrackLocalStaticRTP::new(media));
            self.connection.add_track(Arc::clone(&track) as Arc<dyn TrackLocal>).await.map_err(Error::broken)?;
            self.tracks.push((*kind, track));
        }
        for kind in &plan.slots {
            let slot = RTCRtpTransceiverInit { direction: RTCRtpTransceiverDirection::Recvonly, streams: vec![], send_encodings: vec![] };
            self.connection.add_transceiver_from_kind(kind.kind(), Some(slot)).await.map_err(Error::broken)?;
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
    pub async fn connect(&self, answer: &str, patience: Duration) -> Result<Came> {
        let answer = RTCSessionDescription::answer(answer.to_owned()).map_err(Error::broken)?;
        self.connection.set_remote_description(answer).await.map_err(Error::broken)?;
        let connected = async {
            while self.told.dtls.get().is_none() {
                self.told.changed.notified().await;
            }
        };
        let _ = tokio::time::timeout(patience, connected).await;
        let dtls = self.told.dtls.get().is_some();
        Ok(Came { ice: dtls || self.told.ice.get().is_some(), dtls })
    }

    /// Sends a packet of its track of that kind, under that track's names. Whether it left: whoever was put out is not connected any more.
    pub async fn send(&self, kind: Kind, header: Header, payload: impl Into<bytes::Bytes>) -> bool {
        let Some((_, track)) = self.tracks.iter().find(|(of, _)| *of == kind) else { return false };
        let header = Header { version: 2, payload_type: kind.payload_type(), ssrc: kind.ssrc(), ..header };
        track.write_rtp(Packet { header, payload: payload.into() }).await.is_ok()
    }

    /// Ends it, with its sockets.
    pub async fn close(&self) {
        let _ = self.connection.close().await;
    }
}

/// The `mid` of the section in which an offer sends this kind.
#[must_use]
pub fn mid_of(sdp: &str, kind: Kind) -> Option<&str> {
    let sends = |section: &&str| section.lines().any(|line| line.starts_with("a=msid:") && line.ends_with(&format!(" {}", kind.source())));
    sdp.split("\r\nm=").skip(1).find(sends)?.lines().find_map(|line| line.strip_prefix("a=mid:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_section_that_sends_is_found_by_what_it_sends() {
        let sdp = "v=0\r\nm=audio 9 X 111\r\na=mid:a\r\na=recvonly\r\nm=audio 9 X 111\r\na=mid:b\r\na=msid:stream mic\r\n";
        assert_eq!((mid_of(sdp, Kind::Sound), mid_of(sdp, Kind::Picture)), (Some("b"), None));
        assert_eq!(mid_of("v=0\r\n", Kind::Sound), None);
    }
}

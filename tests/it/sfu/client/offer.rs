//! What the client offers: sections with their codecs, extensions and streams, as browsers write them.

use rtc_crypto::HashAlgorithm;

use super::Client;

/// Extension numbers that the client offers.
pub const MID: u8 = 4;
/// Transport-wide sequence numbers.
pub const TRANSPORT: u8 = 3;
/// Loudness.
pub const LEVEL: u8 = 1;
/// The name of a layer.
pub const RID: u8 = 10;
/// The name of a layer whose packets are sent again.
pub const REPAIRED_RID: u8 = 11;

/// What a picture of AV1 depends on.
pub const DEPENDENCY: u8 = 12;

/// Payload types that the client offers.
pub const OPUS: u8 = 111;
/// Opus with copies of what came before.
pub const RED: u8 = 63;
/// VP8.
pub const VP8: u8 = 96;
/// VP8, sent again.
pub const VP8_RTX: u8 = 97;
/// AV1.
pub const AV1: u8 = 45;
/// AV1, sent again.
pub const AV1_RTX: u8 = 46;
/// H.264.
pub const H264: u8 = 102;
/// H.264, sent again.
pub const H264_RTX: u8 = 103;

/// One section of the offer.
#[derive(Clone, Debug)]
pub enum Section {
    /// A voice with this SSRC.
    Voice(u32),
    /// A voice with this SSRC, and with copies of what came before.
    Redundant(u32),
    /// A camera with one layer: its SSRC and that of what is sent again.
    Camera(u32, u32),
    /// A camera with layers by these names; their SSRCs are not told.
    Layers(&'static [&'static str]),
    /// A camera that encodes nothing but AV1, in one layer of this name.
    Modern(&'static str),
    /// A slot for a voice.
    HearsOne,
    /// A slot for a voice, with copies of what came before.
    HearsRedundant,
    /// A slot for a picture.
    SeesOne,
    /// A slot for a picture of AV1.
    SeesModern,
}

impl Client {
    /// Of its certificate, as a description writes it.
    pub fn fingerprint(&self) -> String {
        let hash = self.provider.crypto().hash(HashAlgorithm::Sha256, self.certificate.certificate[0].as_ref()).expect("SHA-256");
        let first = if self.lies { hash[0] ^ 1 } else { hash[0] };
        let rest = hash[1..].iter().map(|byte| format!(":{byte:02X}")).collect::<String>();
        format!("{first:02X}{rest}")
    }

    /// An offer with these sections, their `mid`s counted from 0.
    pub fn offer(&self, sections: &[Section]) -> String {
        let mids = (0..sections.len()).map(|mid| format!(" {mid}")).collect::<String>();
        let mut sdp = format!(
            "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE{mids}\r\na=extmap-allow-mixed\r\na=msid-semantic: WMS\r\n"
        );
        for (mid, section) in sections.iter().enumerate() {
            let modern = matches!(section, Section::Modern(_) | Section::SeesModern);
            let redundant = matches!(section, Section::Redundant(_) | Section::HearsRedundant);
            let audio = redundant || matches!(section, Section::Voice(_) | Section::HearsOne);
            let sound = if redundant { format!("{RED} {OPUS}") } else { format!("{OPUS}") };
            let (kind, types) = if audio {
                ("audio", sound)
            } else {
                ("video", if modern { format!("{AV1} {AV1_RTX}") } else { format!("{VP8} {VP8_RTX} {H264} {H264_RTX}") })
            };
            sdp += &format!(
                "m={kind} 9 UDP/TLS/RTP/SAVPF {types}\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\na=ice-ufrag:{}\r\na=ice-pwd:{}\r\na=ice-options:trickle\r\na=fingerprint:sha-256 {}\r\na=setup:actpass\r\na=mid:{mid}\r\n",
                self.ufrag,
                self.password,
                self.fingerprint()
            );
            sdp += &format!(
                "a=extmap:{LEVEL} urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\na=extmap:{TRANSPORT} http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\na=extmap:{MID} urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
            );
            if !audio {
                sdp += &format!(
                    "a=extmap:{DEPENDENCY} https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension\r\n"
                );
                sdp += &format!(
                    "a=extmap:{RID} urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\na=extmap:{REPAIRED_RID} urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id\r\n"
                );
            }
            sdp += match section {
                Section::HearsOne | Section::HearsRedundant | Section::SeesOne | Section::SeesModern => "a=recvonly\r\n",
                _ => "a=sendonly\r\na=msid:- track\r\n",
            };
            sdp += "a=rtcp-mux\r\na=rtcp-rsize\r\n";
            sdp += &if audio {
                audio_codecs(redundant)
            } else if modern {
                modern_codecs()
            } else {
                video_codecs()
            };
            sdp += &streams(section);
        }
        sdp
    }
}

fn audio_codecs(redundant: bool) -> String {
    let copies = if redundant { format!("a=rtpmap:{RED} red/48000/2\r\na=fmtp:{RED} {OPUS}/{OPUS}\r\n") } else { String::new() };
    copies + &format!("a=rtpmap:{OPUS} opus/48000/2\r\na=rtcp-fb:{OPUS} transport-cc\r\na=fmtp:{OPUS} minptime=10;useinbandfec=1\r\n")
}

fn video_codecs() -> String {
    let mut lines = String::new();
    let codecs =
        [(VP8, VP8_RTX, "VP8", ""), (H264, H264_RTX, "H264", "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f")];
    for (number, again, name, parameters) in codecs {
        lines += &format!(
            "a=rtpmap:{number} {name}/90000\r\na=rtcp-fb:{number} goog-remb\r\na=rtcp-fb:{number} transport-cc\r\na=rtcp-fb:{number} ccm fir\r\na=rtcp-fb:{number} nack\r\na=rtcp-fb:{number} nack pli\r\n"
        );
        if !parameters.is_empty() {
            lines += &format!("a=fmtp:{number} {parameters}\r\n");
        }
        lines += &format!("a=rtpmap:{again} rtx/90000\r\na=fmtp:{again} apt={number}\r\n");
    }
    lines
}

fn modern_codecs() -> String {
    let feedback = ["transport-cc", "nack", "nack pli"].map(|kind| format!("a=rtcp-fb:{AV1} {kind}\r\n")).concat();
    format!(
        "a=rtpmap:{AV1} AV1/90000\r\na=fmtp:{AV1} level-idx=5;profile=0;tier=0\r\n{feedback}a=rtpmap:{AV1_RTX} rtx/90000\r\na=fmtp:{AV1_RTX} apt={AV1}\r\n"
    )
}

fn streams(section: &Section) -> String {
    match section {
        Section::Voice(ssrc) | Section::Redundant(ssrc) => format!("a=ssrc:{ssrc} cname:client\r\na=ssrc:{ssrc} msid:- track\r\n"),
        Section::Camera(ssrc, again) => {
            format!(
                "a=ssrc-group:FID {ssrc} {again}\r\na=ssrc:{ssrc} cname:client\r\na=ssrc:{ssrc} msid:- track\r\na=ssrc:{again} cname:client\r\na=ssrc:{again} msid:- track\r\n"
            )
        }
        Section::Modern(name) => format!("a=rid:{name} send\r\na=simulcast:send {name}\r\n"),
        Section::Layers(names) => {
            let rids = names.iter().map(|name| format!("a=rid:{name} send\r\n")).collect::<String>();
            format!("{rids}a=simulcast:send {}\r\n", names.join(";"))
        }
        Section::HearsOne | Section::HearsRedundant | Section::SeesOne | Section::SeesModern => String::new(),
    }
}

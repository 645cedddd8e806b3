//! Offers as browsers and other clients write them, the answers to them, and what nobody should write.

use super::*;
use crate::calls::sfu::packet::tests::fuzz;

const CHROMIUM: &str = include_str!("../../../../tests/media/offers/chromium.sdp");
const FIREFOX: &str = include_str!("../../../../tests/media/offers/firefox.sdp");
/// The shape that Safari writes: H.264 first in several profiles, no limit on codecs.
const SAFARI: &str = include_str!("../../../../tests/media/offers/safari.sdp");
/// The shape that clients on the webrtc crate write.
const CRATE: &str = include_str!("../../../../tests/media/offers/crate.sdp");

fn answer_to(text: &str) -> String {
    let offer = Offer::parse(text).unwrap();
    let terms = terms(&offer);
    let candidates = [
        Candidate { address: "203.0.113.7:3478".parse().unwrap(), tcp: false },
        Candidate { address: "[2001:db8::7]:3478".parse().unwrap(), tcp: false },
        Candidate { address: "203.0.113.7:3478".parse().unwrap(), tcp: true },
    ];
    let fingerprint: [u8; 32] = std::array::from_fn(|index| index as u8 * 7);
    let password = "a password of enough length".replace(' ', "+");
    let local = Local {
        session: 7_000_000_001,
        version: 3,
        ufrag: "ours",
        password: &password,
        fingerprint: &fingerprint,
        candidates: &candidates,
    };
    let slot = |index: usize| {
        let slot = index as u32;
        let rtx = (offer.sections[index].kind == Kind::Video).then_some(2_000 + slot);
        Some(SlotIds { ssrc: 1_000 + slot, rtx, stream: format!("slot-{index}"), track: format!("track-{index}") })
    };
    let text = answer(&offer, &terms, &local, "rialto", slot);
    assert!(text.lines().all(|line| line.len() < MAX_LINE));
    text.replace("\r\n", "\n")
}

#[test]
fn the_answer_to_chromium() {
    insta::assert_snapshot!("chromium", answer_to(CHROMIUM));
}

#[test]
fn the_answer_to_firefox() {
    insta::assert_snapshot!("firefox", answer_to(FIREFOX));
}

#[test]
fn the_answer_to_safari() {
    insta::assert_snapshot!("safari", answer_to(SAFARI));
}

#[test]
fn the_answer_to_the_webrtc_crate() {
    insta::assert_snapshot!("crate", answer_to(CRATE));
}

#[test]
fn a_browsers_offer_is_read_into_facts() {
    for text in [CHROMIUM, FIREFOX] {
        let offer = Offer::parse(text).unwrap();
        assert_eq!(offer.sections.len(), 14);
        assert_eq!((offer.sending().count(), offer.receiving().count()), (4, 10));
        let terms = terms(&offer);
        let (voice, camera) = (&terms[0], &terms[1]);
        assert_eq!((voice.kind, voice.flow), (Kind::Audio, Flow::Up));
        assert_eq!((camera.kind, camera.flow), (Kind::Video, Flow::Up));
        assert_eq!(camera.rids, ["q", "h", "f"]);
        let vp8 = camera.format(Codec::Vp8).unwrap();
        assert!(vp8.nack && vp8.pli && vp8.transport_cc && vp8.rtx.is_some());
        assert_eq!(camera.formats[0].codec, Codec::Vp8);
        assert_eq!(camera.codec(vp8.payload_type), Some((Codec::Vp8, false)));
        assert_eq!(camera.codec(vp8.rtx.unwrap()), Some((Codec::Vp8, true)));
        assert_eq!(camera.codec(127), None);
        for extension in [Extension::Mid, Extension::Rid, Extension::RepairedRid, Extension::TransportCc] {
            assert!(camera.extension(extension).is_some(), "{extension:?}");
        }
        assert!(voice.extension(Extension::AudioLevel).is_some());
        assert!(voice.format(Codec::Opus).is_some());
        assert!(terms[13].extension(Extension::Rid).is_none());
    }
    let offer = Offer::parse(CHROMIUM).unwrap();
    let voice = &terms(&offer)[0];
    assert_eq!(voice.formats.iter().map(|format| format.codec).collect::<Vec<_>>(), [Codec::Red, Codec::Opus]);
}

#[test]
fn of_several_profiles_the_one_that_everyone_decodes_is_taken() {
    let offer = Offer::parse(SAFARI).unwrap();
    let h264 = terms(&offer)[1].format(Codec::H264).unwrap().clone();
    assert!(h264.parameters.contains("42e01f"), "{}", h264.parameters);
    assert_eq!(h264.rtx, Some(h264.payload_type + 1));
}

/// A small offer with whatever more lines.
fn small(more: &str) -> String {
    let hash = ["AA"; 32].join(":");
    format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\na=ice-ufrag:abcd\r\na=ice-pwd:{}\r\n\
         a=fingerprint:sha-256 {hash}\r\na=setup:actpass\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=rtcp-mux\r\n\
         a=rtpmap:111 opus/48000/2\r\n{more}",
        "p".repeat(22)
    )
}

fn fault(text: &str) -> Fault {
    Offer::parse(text).unwrap_err()
}

#[test]
fn every_limit_holds_at_its_edge() {
    let room = MAX_BYTES - small("").len();
    let fill = |bytes: usize| "x=1234\r\n".repeat(bytes / 8) + &"\n".repeat(bytes % 8);
    assert!(Offer::parse(&small(&fill(room))).is_ok());
    assert_eq!(fault(&small(&fill(room + 1))), Fault::TooLarge);
    assert_eq!(fault(&small(&"a=candidate:x\r\n".repeat(1 << 16))), Fault::TooLarge, "a megabyte");

    let line = |length: usize| format!("a={}\r\n", "y".repeat(length - 2));
    assert!(Offer::parse(&small(&line(MAX_LINE))).is_ok());
    assert_eq!(fault(&small(&line(MAX_LINE + 1))), Fault::LongLine);

    let candidates = |count| "a=candidate:1 1 udp 1 10.0.0.1 9 typ host\r\n".repeat(count);
    assert!(Offer::parse(&small(&candidates(MAX_CANDIDATES))).is_ok());
    assert_eq!(fault(&small(&candidates(MAX_CANDIDATES + 1))), Fault::TooManyCandidates);

    let sections = |count| "m=application 0 UDP/DTLS/SCTP x\r\n".repeat(count);
    assert!(Offer::parse(&small(&sections(MAX_SECTIONS - 1))).is_ok());
    assert_eq!(fault(&small(&sections(MAX_SECTIONS))), Fault::TooManySections);

    assert!(Offer::parse(&small("a=simulcast:send a;b;c\r\n")).is_ok());
    assert_eq!(fault(&small("a=simulcast:send a;b;c;d\r\n")), Fault::TooManyStreams);
    assert_eq!(fault(&small("a=simulcast:send a;a\r\n")), Fault::Value);

    let streams = |count: usize| (0..count).map(|ssrc| format!("a=ssrc:{ssrc} cname:x\r\n")).collect::<String>();
    assert!(Offer::parse(&small(&streams(MAX_SSRCS))).is_ok());
    assert_eq!(fault(&small(&streams(MAX_SSRCS + 1))), Fault::TooManyStreams);

    let list = |count: usize| small("").replace("SAVPF 111", &format!("SAVPF 111{}", " 1".repeat(count - 1)));
    assert!(Offer::parse(&list(MAX_FORMATS)).is_ok());
    assert_eq!(fault(&list(MAX_FORMATS + 1)), Fault::TooManyFormats);

    let name = |length: usize| {
        small("").replace("mid:0", &format!("mid:{}", "n".repeat(length))).replace("BUNDLE 0", &format!("BUNDLE {}", "n".repeat(length)))
    };
    assert!(Offer::parse(&name(MAX_NAME)).is_ok());
    assert_eq!(fault(&name(MAX_NAME + 1)), Fault::Value);
}

#[test]
fn what_is_wrong_has_a_name() {
    for (from, to, expected) in [
        ("v=0", "w=0", Fault::NotSdp),
        ("a=mid:0", "nonsense", Fault::NotSdp),
        ("m=audio 9 UDP/TLS/RTP/SAVPF 111", "m=audio", Fault::NotSdp),
        ("SAVPF 111", "SAVPF x", Fault::Value),
        ("SAVPF 111", "SAVPF 128", Fault::Value),
        ("a=mid:0", "a=mid:a b", Fault::Value),
        ("a=mid:0", "a=x", Fault::NotBundled),
        ("BUNDLE 0", "BUNDLE 1", Fault::NotBundled),
        ("a=group:BUNDLE 0\r\n", "", Fault::NotBundled),
        ("a=rtcp-mux\r\n", "", Fault::NoMux),
        ("a=ice-ufrag:abcd", "a=ice-ufrag:abc", Fault::NoIce),
        ("a=ice-ufrag:abcd\r\n", "", Fault::NoIce),
        ("a=ice-pwd:pppp", "a=ice-pwd:", Fault::NoIce),
        ("sha-256", "sha-1", Fault::NoFingerprint),
        ("AA:AA", "AA:AX", Fault::NoFingerprint),
        ("AA:AA", "AA", Fault::NoFingerprint),
        ("setup:actpass", "setup:passive", Fault::Setup),
        ("opus/48000/2", "speex/8000", Fault::NoCommonCodec),
        ("m=audio", "m=video", Fault::NoCommonCodec),
    ] {
        let text = small("").replacen(from, to, 1);
        assert_ne!(text, small(""), "{from}");
        assert_eq!(fault(&text), expected, "{from} instead of {to}");
    }
    assert_eq!(fault(""), Fault::NotSdp);
    assert_eq!(fault(&small("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n")), Fault::Mid);
    assert_eq!(fault(&small(&sections_of_unknown_codecs())).refusal().code(), "calls.no_common_codec");
    assert_eq!(Fault::TooManyCandidates.refusal().code(), "calls.offer_too_large");
    assert_eq!(Fault::NoIce.refusal().code(), "calls.offer_invalid");
}

fn sections_of_unknown_codecs() -> String {
    "m=video 9 UDP/TLS/RTP/SAVPF 100\r\na=mid:1\r\na=rtcp-mux\r\na=rtpmap:100 theora/90000\r\na=group:BUNDLE 0 1\r\n".to_owned()
}

#[test]
fn what_is_stopped_or_unknown_is_rejected_and_the_rest_is_not() {
    let text = small("m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:d\r\nm=video 0 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\n");
    let answer = answer_to(&text);
    assert!(answer.contains("m=application 0 UDP/DTLS/SCTP webrtc-datachannel\n"));
    assert!(answer.contains("m=video 0 UDP/TLS/RTP/SAVPF 96\n"));
    assert!(answer.contains("a=group:BUNDLE 0\n"));
    assert_eq!(answer.matches("a=candidate:").count(), 3);
}

#[test]
fn red_of_another_codec_is_not_taken() {
    let red = |of: &str| small(&format!("a=rtpmap:63 red/48000/2\r\na=fmtp:63 {of}\r\n")).replace("SAVPF 111", "SAVPF 63 111");
    let formats = |text: &str| Offer::parse(text).unwrap().sections[0].formats.iter().map(|format| format.codec).collect::<Vec<_>>();
    assert_eq!(formats(&red("111/111")), [Codec::Red, Codec::Opus]);
    assert_eq!(formats(&red("9/9")), [Codec::Opus]);
}

#[test]
fn an_answer_repeats_nothing_that_was_not_checked() {
    let text = small(
        "a=fmtp:111 minptime=10;x=<script>\r\na=msid:evil evil\r\na=ssrc:1 cname:evil\r\na=extmap:1 urn:evil\r\na=candidate:evil\r\n",
    );
    let answer = answer_to(&text);
    assert!(!answer.contains("evil") && !answer.contains("script"), "{answer}");
}

#[test]
fn no_text_makes_the_reader_panic() {
    let seeds: Vec<Vec<u8>> = vec![small("").into_bytes(), small(&sections_of_unknown_codecs()).into_bytes(), SAFARI.as_bytes().to_vec()];
    let mut read = 0;
    fuzz(&seeds, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        if let Ok(offer) = Offer::parse(&text) {
            assert_eq!(terms(&offer).len(), offer.sections.len());
            read += 1;
        }
    });
    assert!(read > 1_000, "{read}");
}

//! Writes the answer to an offer.

use std::fmt::Write as _;
use std::net::SocketAddr;

use super::{Flow, Format, Offer, Section, Terms};
use crate::calls::sfu::codec::Codec;

/// The server's side of one connection.
#[derive(Debug, Clone, Copy)]
pub struct Local<'a> {
    /// A number of this connection, the same in all of its answers; positive as 64 bits with a sign.
    pub session: u64,
    /// Higher with each answer.
    pub version: u64,
    /// Our ICE credentials.
    pub ufrag: &'a str,
    /// Our password.
    pub password: &'a str,
    /// SHA-256 of our certificate.
    pub fingerprint: &'a [u8; 32],
    /// Where we listen, best first.
    pub candidates: &'a [Candidate],
}

/// One place where we listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Address and port.
    pub address: SocketAddr,
    /// TCP, where the browser connects; otherwise UDP.
    pub tcp: bool,
}

/// The names of the stream that a slot sends, the same for its whole life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotIds {
    /// The stream.
    pub ssrc: u32,
    /// Its pair for packets sent again.
    pub rtx: Option<u32>,
    /// The media stream in the browser. Tracks of one media stream are kept in step by it.
    pub stream: String,
    /// The track in the browser.
    pub track: String,
}

/// Writes the answer. `terms` are those of this offer; `slot` gives the names for the section of that index if it is
/// [`Flow::Down`]; one without names is answered as inactive. `cname` is our canonical name.
#[must_use]
pub fn answer(offer: &Offer, terms: &[Terms], local: &Local, cname: &str, slot: impl Fn(usize) -> Option<SlotIds>) -> String {
    let mut out = Lines(String::with_capacity(1_024 + 1_024 * terms.len()));
    out.line("v=0");
    out.put(format_args!("o=- {} {} IN IP4 127.0.0.1", local.session, local.version));
    out.line("s=-");
    out.line("t=0 0");
    out.line("a=ice-lite");
    let accepted = || terms.iter().filter(|terms| terms.flow != Flow::Rejected);
    let names: Vec<&str> = accepted().map(|terms| terms.mid.as_str()).collect();
    if !names.is_empty() {
        out.put(format_args!("a=group:BUNDLE {}", names.join(" ")));
    }
    if offer.mixed {
        out.line("a=extmap-allow-mixed");
    }
    out.line("a=msid-semantic: WMS *");
    let mut first = true;
    for (index, (section, terms)) in offer.sections.iter().zip(terms).enumerate() {
        if terms.flow == Flow::Rejected {
            out.rejected(section);
            continue;
        }
        out.section(section, terms, local);
        out.media(terms, cname, slot(index).as_ref());
        if first {
            out.candidates(local.candidates);
        }
        first = false;
    }
    out.0
}

struct Lines(String);

impl Lines {
    fn line(&mut self, text: &str) {
        self.0.push_str(text);
        self.0.push_str("\r\n");
    }

    fn put(&mut self, text: std::fmt::Arguments) {
        // Writing to a string never fails.
        let _ = self.0.write_fmt(text);
        self.0.push_str("\r\n");
    }

    fn rejected(&mut self, section: &Section) {
        let (media, protocol, formats) = &section.raw;
        self.put(format_args!("m={media} 0 {protocol} {formats}"));
        self.line("c=IN IP4 0.0.0.0");
        if !section.mid.is_empty() {
            self.put(format_args!("a=mid:{}", section.mid));
        }
        self.line("a=inactive");
    }

    /// What concerns the transport. All of it stands in every section, since not every client looks elsewhere.
    fn section(&mut self, section: &Section, terms: &Terms, local: &Local) {
        let (media, protocol, _) = &section.raw;
        let numbers: Vec<String> =
            terms.formats.iter().flat_map(|format| [Some(format.payload_type), format.rtx]).flatten().map(|n| n.to_string()).collect();
        self.put(format_args!("m={media} 9 {protocol} {}", numbers.join(" ")));
        self.line("c=IN IP4 0.0.0.0");
        self.put(format_args!("a=mid:{}", terms.mid));
        self.line("a=rtcp-mux");
        if section.reduced {
            self.line("a=rtcp-rsize");
        }
        self.put(format_args!("a=ice-ufrag:{}", local.ufrag));
        self.put(format_args!("a=ice-pwd:{}", local.password));
        let hex: Vec<String> = local.fingerprint.iter().map(|byte| format!("{byte:02X}")).collect();
        self.put(format_args!("a=fingerprint:sha-256 {}", hex.join(":")));
        self.line("a=setup:passive");
        for (extension, id) in &terms.extensions {
            self.put(format_args!("a=extmap:{id} {}", extension.uri()));
        }
    }

    fn media(&mut self, terms: &Terms, cname: &str, slot: Option<&SlotIds>) {
        for format in &terms.formats {
            self.format(format, terms.flow);
        }
        match (terms.flow, slot) {
            (Flow::Up, _) => {
                self.line("a=recvonly");
                for rid in &terms.rids {
                    self.put(format_args!("a=rid:{rid} recv"));
                }
                if !terms.rids.is_empty() {
                    self.put(format_args!("a=simulcast:recv {}", terms.rids.join(";")));
                }
            }
            (Flow::Down, Some(slot)) => self.slot(slot, cname),
            _ => self.line("a=inactive"),
        }
    }

    fn format(&mut self, format: &Format, flow: Flow) {
        let number = format.payload_type;
        let channels = if format.codec.is_video() { "" } else { "/2" };
        self.put(format_args!("a=rtpmap:{number} {}/{}{channels}", format.codec.name(), format.codec.clock()));
        for (has, kind) in
            [(format.transport_cc, "transport-cc"), (format.nack && format.codec.is_video(), "nack"), (format.pli, "nack pli")]
        {
            if has {
                self.put(format_args!("a=rtcp-fb:{number} {kind}"));
            }
        }
        match format.codec {
            // Silence need not be sent, and what is lost may be guessed from the next packet.
            Codec::Opus if flow == Flow::Up => self.put(format_args!("a=fmtp:{number} minptime=10;useinbandfec=1;usedtx=1")),
            Codec::Opus => self.put(format_args!("a=fmtp:{number} minptime=10;useinbandfec=1")),
            // Limits of what the browser decodes are none of what it should send.
            Codec::Vp8 => {}
            _ if !format.parameters.is_empty() => self.put(format_args!("a=fmtp:{number} {}", format.parameters)),
            _ => {}
        }
        if let Some(rtx) = format.rtx {
            self.put(format_args!("a=rtpmap:{rtx} rtx/90000"));
            self.put(format_args!("a=fmtp:{rtx} apt={number}"));
        }
    }

    fn slot(&mut self, slot: &SlotIds, cname: &str) {
        self.line("a=sendonly");
        self.put(format_args!("a=msid:{} {}", slot.stream, slot.track));
        if let Some(rtx) = slot.rtx {
            self.put(format_args!("a=ssrc-group:FID {} {rtx}", slot.ssrc));
        }
        for ssrc in [Some(slot.ssrc), slot.rtx].into_iter().flatten() {
            self.put(format_args!("a=ssrc:{ssrc} cname:{cname}"));
            self.put(format_args!("a=ssrc:{ssrc} msid:{} {}", slot.stream, slot.track));
        }
    }

    /// In the first section alone: the others share its transport.
    fn candidates(&mut self, candidates: &[Candidate]) {
        for (index, candidate) in candidates.iter().take(256).enumerate() {
            let (ip, port) = (candidate.address.ip(), candidate.address.port());
            // RFC 8445, section 5.1.2.1: hosts, ours in their order, TCP after all UDP.
            let preference = if candidate.tcp { 0x7fff } else { 0xffff } - index as u32;
            let priority = 126 << 24 | preference << 8 | 255;
            let number = index + 1;
            if candidate.tcp {
                self.put(format_args!("a=candidate:{number} 1 tcp {priority} {ip} {port} typ host tcptype passive"));
            } else {
                self.put(format_args!("a=candidate:{number} 1 udp {priority} {ip} {port} typ host"));
            }
        }
        self.line("a=end-of-candidates");
    }
}

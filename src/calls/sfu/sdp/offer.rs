//! Reads an offer line by line.

use super::attributes::{credential, extension, fingerprint, name, simulcast};
use super::formats::Formats;
use super::{Direction, Fault, Kind, MAX_BYTES, MAX_CANDIDATES, MAX_LINE, MAX_RIDS, MAX_SECTIONS, MAX_SSRCS, Offer, Section};

impl Offer {
    /// Reads what a browser wrote.
    ///
    /// # Errors
    /// The first [`Fault`] that is found.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        if text.len() > MAX_BYTES {
            return Err(Fault::TooLarge);
        }
        if !text.starts_with("v=0") {
            return Err(Fault::NotSdp);
        }
        let mut reading = Reading::default();
        for line in text.lines() {
            let line = line.trim_end();
            if line.len() > MAX_LINE {
                return Err(Fault::LongLine);
            }
            if !line.is_empty() {
                reading.line(line)?;
            }
        }
        reading.finish()
    }

    /// Sections in which the browser sends.
    #[cfg(test)]
    pub fn sending(&self) -> impl Iterator<Item = &Section> {
        let sends = |section: &&Section| matches!(section.direction, Direction::Send | Direction::Both);
        self.sections.iter().filter(|section| !section.stopped).filter(sends)
    }

    /// Sections in which the browser only receives.
    #[cfg(test)]
    pub fn receiving(&self) -> impl Iterator<Item = &Section> {
        self.sections.iter().filter(|section| !section.stopped && section.direction == Direction::Receive)
    }
}

#[derive(Default)]
struct Reading {
    bundle: Vec<String>,
    ufrag: Option<String>,
    password: Option<String>,
    fingerprint: Option<[u8; 32]>,
    candidates: usize,
    mixed: bool,
    sections: Vec<Open>,
}

/// A section whose lines are being read.
struct Open {
    section: Section,
    formats: Formats,
    mux: bool,
    bundle_only: bool,
    /// The port is 0: stopped, unless it only waits for its bundle.
    no_port: bool,
}

impl Reading {
    fn line(&mut self, line: &str) -> Result<(), Fault> {
        let (kind, value) = line.split_once('=').ok_or(Fault::NotSdp)?;
        match kind {
            "m" => self.open(value),
            "a" => self.attribute(value),
            _ if kind.len() == 1 => Ok(()),
            _ => Err(Fault::NotSdp),
        }
    }

    fn open(&mut self, value: &str) -> Result<(), Fault> {
        if self.sections.len() >= MAX_SECTIONS {
            return Err(Fault::TooManySections);
        }
        let mut words = value.splitn(4, ' ');
        let mut next = || words.next().ok_or(Fault::NotSdp);
        let (media, port, protocol, list) = (next()?, next()?, next()?, next()?);
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'.' | b' ');
        if !value.bytes().all(plain) {
            return Err(Fault::Value);
        }
        let spoken = matches!(protocol, "UDP/TLS/RTP/SAVPF" | "TCP/TLS/RTP/SAVPF" | "TCP/DTLS/RTP/SAVPF" | "RTP/SAVPF");
        let kind = match media {
            "audio" if spoken => Kind::Audio,
            "video" if spoken => Kind::Video,
            _ => Kind::Other,
        };
        let formats = if kind == Kind::Other { Formats::default() } else { Formats::listed(list)? };
        let section = Section {
            mid: String::new(),
            kind,
            direction: Direction::Both,
            stopped: kind == Kind::Other,
            reduced: false,
            formats: Vec::new(),
            extensions: Vec::new(),
            rids: Vec::new(),
            ssrcs: Vec::new(),
            pairs: Vec::new(),
            msid: None,
            raw: (media.to_owned(), protocol.to_owned(), list.to_owned()),
        };
        self.sections.push(Open { section, formats, mux: false, bundle_only: false, no_port: port == "0" });
        Ok(())
    }

    fn attribute(&mut self, text: &str) -> Result<(), Fault> {
        let (name, value) = text.split_once(':').unwrap_or((text, ""));
        let value = value.trim();
        match name {
            "group" if value.starts_with("BUNDLE") => {
                self.bundle = value.split_ascii_whitespace().skip(1).map(str::to_owned).collect();
            }
            "ice-ufrag" if self.ufrag.is_none() => self.ufrag = Some(credential(value, 4)?),
            "ice-pwd" if self.password.is_none() => self.password = Some(credential(value, 22)?),
            "fingerprint" if self.fingerprint.is_none() => self.fingerprint = fingerprint(value)?,
            "setup" if !matches!(value, "actpass" | "active") => return Err(Fault::Setup),
            "extmap-allow-mixed" => self.mixed = true,
            "candidate" => {
                self.candidates += 1;
                if self.candidates > MAX_CANDIDATES {
                    return Err(Fault::TooManyCandidates);
                }
            }
            _ => {
                if let Some(open) = self.sections.last_mut() {
                    open.attribute(name, value)?;
                }
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Offer, Fault> {
        let mut sections = Vec::with_capacity(self.sections.len());
        let mut names: Vec<String> = Vec::new();
        for open in self.sections {
            let section = open.close(&self.bundle)?;
            if section.mid.is_empty() && !section.stopped || names.contains(&section.mid) {
                return Err(Fault::Mid);
            }
            if !section.mid.is_empty() {
                names.push(section.mid.clone());
            }
            sections.push(section);
        }
        if sections.is_empty() {
            return Err(Fault::NotSdp);
        }
        Ok(Offer {
            ufrag: self.ufrag.ok_or(Fault::NoIce)?,
            password: self.password.ok_or(Fault::NoIce)?,
            fingerprint: self.fingerprint.ok_or(Fault::NoFingerprint)?,
            mixed: self.mixed,
            sections,
        })
    }
}

impl Open {
    fn attribute(&mut self, attribute: &str, value: &str) -> Result<(), Fault> {
        let section = &mut self.section;
        match attribute {
            "mid" => section.mid = name(value)?,
            "sendrecv" => section.direction = Direction::Both,
            "sendonly" => section.direction = Direction::Send,
            "recvonly" => section.direction = Direction::Receive,
            "inactive" => section.direction = Direction::Inactive,
            "rtcp-mux" => self.mux = true,
            "rtcp-rsize" => section.reduced = true,
            "bundle-only" => self.bundle_only = true,
            "msid" => section.msid = value.split_once(' ').map(|(stream, track)| (stream.to_owned(), track.to_owned())),
            "rtpmap" if section.kind != Kind::Other => self.formats.map(value)?,
            "fmtp" if section.kind != Kind::Other => self.formats.parameters(value)?,
            "rtcp-fb" if section.kind != Kind::Other => self.formats.feedback(value)?,
            "extmap" => {
                let found = extension(value).filter(|found| section.extensions.iter().all(|known| known.0 != found.0));
                section.extensions.extend(found);
            }
            "simulcast" => self.layers(value)?,
            "ssrc" => {
                let ssrc = value.split(' ').next().and_then(|ssrc| ssrc.parse().ok()).ok_or(Fault::Value)?;
                self.stream(ssrc)?;
            }
            "ssrc-group" => self.pair(value)?,
            _ => {}
        }
        Ok(())
    }

    fn layers(&mut self, value: &str) -> Result<(), Fault> {
        let rids = simulcast(value).into_iter().map(name).collect::<Result<Vec<_>, _>>()?;
        if rids.len() > MAX_RIDS {
            return Err(Fault::TooManyStreams);
        }
        let repeated = rids.iter().enumerate().any(|(index, rid)| rids[..index].contains(rid));
        if repeated {
            return Err(Fault::Value);
        }
        self.section.rids = rids;
        Ok(())
    }

    fn stream(&mut self, ssrc: u32) -> Result<(), Fault> {
        let ssrcs = &mut self.section.ssrcs;
        if ssrcs.contains(&ssrc) {
            return Ok(());
        }
        if ssrcs.len() >= MAX_SSRCS {
            return Err(Fault::TooManyStreams);
        }
        ssrcs.push(ssrc);
        Ok(())
    }

    fn pair(&mut self, value: &str) -> Result<(), Fault> {
        let mut words = value.split_ascii_whitespace();
        if words.next() != Some("FID") {
            return Ok(());
        }
        let mut next = || words.next().and_then(|ssrc| ssrc.parse().ok()).ok_or(Fault::Value);
        let pair = (next()?, next()?);
        if self.section.pairs.len() >= MAX_SSRCS {
            return Err(Fault::TooManyStreams);
        }
        self.section.pairs.push(pair);
        Ok(())
    }

    fn close(self, bundle: &[String]) -> Result<Section, Fault> {
        let mut section = self.section;
        section.stopped |= self.no_port && !self.bundle_only;
        if section.stopped {
            return Ok(section);
        }
        if !bundle.contains(&section.mid) {
            return Err(Fault::NotBundled);
        }
        if !self.mux {
            return Err(Fault::NoMux);
        }
        section.formats = self.formats.choose(section.kind);
        if section.formats.is_empty() {
            return Err(Fault::NoCommonCodec);
        }
        // The streams of packets sent again are no streams of their own.
        let repairs: Vec<u32> = section.pairs.iter().map(|pair| pair.1).collect();
        section.ssrcs.retain(|ssrc| !repairs.contains(ssrc));
        Ok(section)
    }
}

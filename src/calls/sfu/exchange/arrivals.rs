//! Datagrams as they come: told apart, proved, opened; media is left in place for forwarding.

use std::net::Ipv6Addr;
use std::ops::Range;

use super::super::codec::Codec;
use super::super::connection::{Connection, Handshake};
use super::super::door::{EndCause, Micros, Output};
use super::super::ice::{self, ANSWER};
use super::super::packet::rtp::Header;
use super::super::packet::{Protocol, guard};
use super::super::participant::{Inbound, Participant, STREAMS};
use super::super::rewrite;
use super::super::rtx;
use super::super::slab::Destination;
use super::super::socket::{Incoming, Remote, for_family};
use super::{Call, Exchange, Key};

/// Where a datagram came from, and to which of our addresses.
type Path = (Remote, Ipv6Addr);

/// A media packet that lies opened in the batch.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The call.
    pub call: Key,
    /// The publication in it.
    pub publication: usize,
    /// Which of its layers.
    pub layer: usize,
    /// Where it lies in the batch.
    pub at: usize,
    /// Its header.
    pub header: Header,
    /// Where its payload is.
    pub payload: Range<usize>,
    /// It was sent again.
    pub repaired: bool,
    /// Its codec, once its publication has taken it in.
    pub codec: Option<Codec>,
    /// How loud it is, with its sender's guess at speech, as it came.
    pub level: Option<u8>,
    /// How its picture is turned.
    pub orientation: Option<u8>,
    /// As the rewriters want it, once its publication has taken it in.
    pub packet: Option<rewrite::Incoming>,
}

impl Arrival {
    /// Its number, continued.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        self.packet.as_ref().map(|packet| packet.number)
    }
}

impl Exchange {
    /// Takes a batch of datagrams in and forwards the media in it.
    pub fn datagrams(&mut self, incoming: &mut Incoming, count: usize, now: Micros) {
        self.tally.packets_in += count as u64;
        for at in 0..count {
            let from = incoming.from(at);
            let path = (from, incoming.to(at));
            let sender = self.demux.by_address(from);
            let datagram = incoming.datagram(at);
            self.tally.bytes_in += datagram.len() as u64;
            self.work(sender, now, |this| this.datagram(datagram, at, path, sender, now));
        }
        self.forward(incoming, now);
    }

    fn datagram(&mut self, datagram: &mut [u8], at: usize, path: Path, sender: Option<Key>, now: Micros) {
        let protocol = match (guard(datagram), sender.and_then(|key| self.participants.get_mut(key))) {
            (Ok(protocol), _) => protocol,
            (Err(_), Some(participant)) => {
                participant.refused.malformed += 1;
                return;
            }
            (Err(_), None) => {
                self.tally.stray += 1;
                return;
            }
        };
        match (protocol, sender) {
            (Protocol::Stun, _) => self.check(datagram, path, now),
            (_, None) => self.tally.stray += 1,
            (Protocol::Dtls, Some(key)) => self.handshake(key, datagram, path, now),
            (Protocol::Rtp, Some(key)) => {
                if let Some(arrival) = self.media(key, datagram, at, now) {
                    self.arrivals.push(arrival);
                }
            }
            (Protocol::Rtcp, Some(key)) => self.report(key, datagram, now),
        }
    }

    fn check(&mut self, packet: &[u8], path: Path, now: Micros) {
        let (from, at) = path;
        // Its connection may have ended since, as the batch with it in was read.
        if from.line.is_some_and(|line| !self.slab.lines.has(line)) {
            return;
        }
        let Some(request) = ice::parse(packet) else { return };
        let Some(key) = self.demux.by_fragment(request.local) else {
            self.tally.stray += 1;
            return;
        };
        let ipv6 = self.local.is_ipv6();
        self.acting = Some(key);
        let Some(participant) = self.participants.get_mut(key) else { return };
        let Some(connection) = participant.connection.as_mut() else { return };
        let mut answer = [0; ANSWER];
        let was_up = connection.is_up();
        let Some(checked) = connection.check(packet, &request, path, now, &mut answer) else {
            participant.refused.forged += 1;
            return;
        };
        self.tokens += 1;
        let to = Destination { address: for_family(from.address, ipv6), from: at, token: u64::MAX - self.tokens, line: from.line };
        self.slab.push(&answer[..checked.answer], &to);
        if checked.learned {
            self.demux.learn(from, key);
            from.line.into_iter().for_each(|line| self.slab.lines.known(line));
        }
        if let Some(path) = checked.forgotten {
            self.demux.unlearn(path, key);
            path.line.into_iter().for_each(|line| self.slab.lines.close(line));
        }
        if let Some(fragment) = checked.withdrawn {
            self.demux.withdraw(&fragment);
        }
        if !was_up && connection.is_up() {
            self.connected(key, now);
        }
    }

    /// Connections over TCP that ended lead nowhere any more.
    pub fn part_lines(&mut self) {
        while let Some(remote) = self.slab.lines.take_gone() {
            let Some(key) = self.demux.by_address(remote) else { continue };
            self.demux.unlearn(remote, key);
            if let Some(connection) = self.participants.get_mut(key).and_then(|participant| participant.connection.as_mut()) {
                connection.forget(remote);
            }
        }
    }

    fn handshake(&mut self, key: Key, datagram: &[u8], (from, at): Path, now: Micros) {
        self.tokens += 1;
        let (address, token) = (for_family(from.address, self.local.is_ipv6()), u64::MAX - self.tokens);
        let to = Destination { address, from: at, token, line: from.line };
        let slab = &mut self.slab;
        let Some(connection) = self.participants.get_mut(key).and_then(|participant| participant.connection.as_mut()) else { return };
        match connection.handshake(datagram, now, |message| slab.push(message, &to)) {
            Handshake::Waiting => {}
            Handshake::Done => self.connected(key, now),
            Handshake::Closed => self.end(key, EndCause::ClosedByPeer, now),
            Handshake::Failed => self.end(key, EndCause::NeverConnected(super::super::door::Hop::NoDtls), now),
        }
    }

    fn connected(&mut self, key: Key, now: Micros) {
        let Some(participant) = self.participants.get_mut(key) else { return };
        participant.connected = Some(now);
        let (who, call) = (participant.who, participant.call);
        if let Some(route) = participant.connection.as_ref().and_then(Connection::route) {
            self.emit(Output::Connected { who, route });
        }
        self.arrange(call, now);
    }

    /// Opens a media packet in place.
    fn media(&mut self, key: Key, packet: &mut [u8], at: usize, now: Micros) -> Option<Arrival> {
        let mut header = Header::parse(packet).ok()?;
        let participant = self.participants.get_mut(key)?;
        #[cfg(debug_assertions)]
        assert!(!participant.seeded_panic, "seeded");
        let call_key = participant.call;
        let call = self.calls.get_mut(call_key)?;
        let known = participant.stream(header.ssrc);
        let mut new = if known.is_none() { Some(introduce(participant, call, &header, packet, now)?) } else { None };
        let Participant { connection, inbound, refused, bytes, extensions, packet: last, arrivals, .. } = participant;
        let stream = known.map_or(new.as_mut(), |at| inbound.get_mut(at))?;
        let connection = connection.as_mut()?;
        let index = stream.window.index(header.sequence);
        if !stream.window.is_fresh(index) {
            refused.replayed += 1;
            return None;
        }
        let wire = packet.len();
        let Ok(length) = connection.inward.as_mut()?.unprotect(packet, header.length, header.ssrc, index) else {
            refused.forged += 1;
            return None;
        };
        stream.window.accept(index);
        connection.heard = now;
        bytes.0 += wire as u64;
        *last = Some(now);
        let number = header.extension(packet, extensions.transport).filter(|_| extensions.transport > 0);
        if let Some([high, low]) = number {
            arrivals.came(u16::from_be_bytes([*high, *low]), now);
        }
        let (publication, layer, repairs) = (stream.publication, stream.layer, stream.repairs);
        if new.is_some() && !repairs {
            let track = call.next_track();
            let adopting = call.publication_mut(publication)?;
            let before = adopting.track;
            adopting.adopt(layer, header.ssrc, track);
            if adopting.track != before {
                call.renumbered(before);
                participant.forget(|other| (other.publication, other.layer) == (publication, layer));
            }
        }
        let Participant { inbound, extensions, .. } = participant;
        inbound.extend(new);
        let source = call.publication_mut(publication)?;
        let mut end = length;
        if repairs {
            let ssrc = source.layers.get(layer)?.ssrc?;
            let format = source.formats.iter().find(|format| format.repair == Some(header.payload_type))?;
            end = rtx::restore(&mut packet[..length], header.length, ssrc, format.payload_type)?;
            header = Header::parse(&packet[..end]).ok()?;
        }
        let payload = header.payload(&packet[..end]).ok()?;
        if !source.flows() {
            return None;
        }
        let extension = |id: u8| header.extension(packet, id).filter(|_| id > 0).and_then(|value| value.first().copied());
        let (level, orientation) = (extension(extensions.level), extension(extensions.orientation));
        Some(Arrival {
            call: call_key,
            publication,
            layer,
            at,
            header,
            payload,
            repaired: repairs,
            codec: None,
            level,
            orientation,
            packet: None,
        })
    }
}

/// A stream that was replaced does not come back with packets that were late, while the one in its stead was heard within this time.
const REPLACED: Micros = 1_000_000;

/// A stream that was not named in the offer: its first packets say to which section and layer it belongs. Nothing of that is
/// believed until the packet has been opened.
fn introduce(participant: &Participant, call: &Call, header: &Header, packet: &[u8], now: Micros) -> Option<Inbound> {
    if participant.inbound.len() >= STREAMS {
        return None;
    }
    let numbers = &participant.extensions;
    let text = |id: u8| header.extension(packet, id).filter(|_| id > 0).and_then(|value| std::str::from_utf8(value).ok());
    let mid = text(numbers.mid)?;
    let (rid, repairs) = match (text(numbers.repaired_rid), text(numbers.rid)) {
        (Some(rid), _) => (rid, true),
        (None, rid) => (rid.unwrap_or_default(), false),
    };
    let publication = participant.publications.iter().copied().find(|at| call.publication(*at).is_some_and(|found| found.mid == mid))?;
    let found = call.publication(publication)?;
    let repairs = repairs || found.formats.iter().any(|format| format.repair == Some(header.payload_type));
    let layer = found.layers.iter().position(|layer| layer.rid == rid)?;
    let instead = found.layers.get(layer).filter(|layer| layer.ssrc.is_some_and(|ssrc| ssrc != header.ssrc));
    let lives = instead.and_then(|layer| layer.heard).is_some_and(|heard| now < heard + REPLACED);
    if lives && participant.gone.iter().any(|(gone, _)| *gone == header.ssrc) {
        return None;
    }
    Some(Inbound { ssrc: header.ssrc, publication, layer, repairs, window: participant.seen_of(header.ssrc) })
}

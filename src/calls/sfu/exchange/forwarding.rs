//! From one packet that came to one for each who watches: header written anew, payload copied once, encrypted in place.

use super::super::audio;
use super::super::call::{Call, Format, Publication, Watcher};
use super::super::codec::{Codec, av1, look};
use super::super::connection::Connection;
use super::super::door::{Micros, Source};
use super::super::history::Kept;
use super::super::packet::rtp::{self, Header, Outline};
use super::super::participant::{Extensions, Participant};
use super::super::red;
use super::super::rewrite::{self, Moment, Outgoing, Stream};
use super::super::rtx;
use super::super::sent::Record;
use super::super::slab::{Destination, Slab};
use super::super::slot::Slot;
use super::super::socket::Incoming;
use super::super::srtp::{Context, OVERHEAD};
use super::super::twcc::Departures;
use super::arrivals::Arrival;
use super::{Exchange, Key};

/// The level of silence, and of packets that carry none.
const SILENCE: u8 = 127;

/// What members ask for and what their packets bring rearranges a call once in this time, however often they do it.
const ARRANGED_EVERY: Micros = 50_000;
/// So many times may be used up at once, so that a call begins without delay.
const ARRANGED_AT_ONCE: Micros = 8;

/// What a packet of a publication carries beside its payload.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Aside<'a> {
    /// Who sent it, as a contributing source.
    pub contributor: u32,
    /// Its loudness, as its sender measured.
    pub level: Option<u8>,
    /// How the picture is turned.
    pub orientation: u8,
    /// The sender's number of the extension that tells what the picture depends on.
    pub dependency: u8,
    /// What the picture depends on, as it came and under its number going out.
    pub depends: Option<(&'a [u8], u16)>,
}

/// Where packets for one participant are written.
pub(super) struct Way<'a> {
    pub context: &'a mut Context,
    pub to: &'a Destination,
    pub slab: &'a mut Slab,
    pub departures: &'a mut Departures,
    pub extensions: &'a Extensions,
    pub aside: Aside<'a>,
    pub now: Micros,
}

impl Exchange {
    /// Forwards what came with a batch. Packets of one publication go out together, so that those to one receiver are
    /// neighbours in the slab.
    pub(super) fn forward(&mut self, incoming: &Incoming, now: Micros) {
        let mut arrivals = std::mem::take(&mut self.arrivals);
        arrivals.sort_unstable_by_key(|arrival| (arrival.call, arrival.publication, arrival.at));
        for run in arrivals.chunk_by_mut(|one, next| (one.call, one.publication) == (next.call, next.publication)) {
            let publication = run.first().and_then(|first| self.calls.get(first.call)?.publication(first.publication));
            let owner = publication.map(|publication| publication.owner);
            self.work(owner, now, |this| this.fan_out(run, incoming, now));
        }
        for arrival in &arrivals {
            self.work(None, now, |this| this.settle_call(arrival.call, now));
        }
        arrivals.clear();
        self.arrivals = arrivals;
    }

    /// Arranges a call anew if something came that may change who is shown where, unless that was done too often of late: then its
    /// members' timers come back to it.
    pub(super) fn settle_call(&mut self, key: Key, now: Micros) {
        let Some(call) = self.calls.get_mut(key).filter(|call| call.stirred) else { return };
        if call.looked_until <= now + (ARRANGED_AT_ONCE - 1) * ARRANGED_EVERY {
            call.looked_until = call.looked_until.max(now) + ARRANGED_EVERY;
            self.arrange(key, now);
        }
    }

    /// Something was asked that may change who is shown where.
    pub(super) fn stir(&mut self, key: Key, now: Micros) {
        if let Some(call) = self.calls.get_mut(key) {
            call.stirred = true;
        }
        self.settle_call(key, now);
    }

    fn fan_out(&mut self, run: &mut [Arrival], incoming: &Incoming, now: Micros) {
        let Some((call_key, at)) = run.first().map(|first| (first.call, first.publication)) else { return };
        let Some(call) = self.calls.get_mut(call_key) else { return };
        for arrival in run.iter_mut() {
            take_in(call, arrival, incoming, now);
        }
        let Some(publication) = call.publication_mut(at) else { return };
        let aside = Aside::of(publication);
        let watchers = std::mem::take(&mut publication.watchers);
        let panics = self.tally.panics;
        for watcher in &watchers {
            self.work(Some(watcher.participant), now, |this| this.send_run(*watcher, run, incoming, aside, now));
        }
        // A panic ended someone, and the watchers were counted anew.
        if self.tally.panics == panics
            && let Some(publication) = self.calls.get_mut(call_key).and_then(|call| call.publication_mut(at))
        {
            publication.watchers = watchers;
        }
    }

    fn send_run(&mut self, watcher: Watcher, run: &[Arrival], incoming: &Incoming, aside: Aside<'_>, now: Micros) {
        let Some(participant) = self.participants.get_mut(watcher.participant) else { return };
        let call = participant.call;
        let Participant { connection, slots, departures, extensions, bytes, .. } = participant;
        let Some((context, to)) = connection.as_mut().and_then(Connection::sender) else { return };
        let Some(slot) = slots.get_mut(watcher.slot) else { return };
        let mut way = Way { context, to, slab: &mut self.slab, departures, extensions, aside, now };
        for arrival in run {
            let (Some(packet), Some(codec)) = (&arrival.packet, arrival.codec) else { continue };
            let mut payload = &incoming.plaintext(arrival.at, arrival.payload.end)[arrival.payload.start..];
            let format = match slot.format_of(codec) {
                Some(format) => format,
                // Who knows no RED gets the sound in it without its copies.
                None if codec == Codec::Red => {
                    let (Some(format), Some((_, range))) = (slot.format_of(Codec::Opus), red::primary(payload)) else { continue };
                    payload = &payload[range];
                    format
                }
                None => continue,
            };
            let Some(out) = slot.forward(packet) else { continue };
            way.aside.level = arrival.level;
            way.aside.depends =
                dependency(&arrival.header, incoming.plaintext(arrival.at, arrival.header.length), aside.dependency, out.frame);
            bytes.1 += way.send(slot, format, &out, payload) as u64;
            self.tally.forwarded += 1;
            if out.switched && !slot.audio {
                // Those that overtook the keyframe stand in the history and were not of use until now.
                let layer =
                    self.calls.get(call).and_then(|call| call.of_track(packet.stream.track)?.layers.get(usize::from(packet.stream.layer)));
                let overtook = layer.and_then(|layer| layer.history.as_ref()).map(|history| history.from(packet.number + 1));
                for kept in overtook.into_iter().flatten().filter(|kept| run.iter().all(|other| other.number() != Some(kept.number))) {
                    bytes.1 += way.send_kept(slot, format, packet.stream, &kept) as u64;
                    self.tally.forwarded += 1;
                }
            }
        }
    }

    /// Gives a slot that has just aimed at a stream what its history holds since the last keyframe, if that is not long ago.
    pub(super) fn replay(&mut self, watcher: Watcher, stream: Stream, now: Micros) {
        let Some(participant) = self.participants.get_mut(watcher.participant) else { return };
        let Some(publication) = self.calls.get(participant.call).and_then(|call| call.of_track(stream.track)) else { return };
        let history = publication.layers.get(usize::from(stream.layer)).and_then(|layer| layer.history.as_ref());
        let Some(kept) = history.and_then(|history| history.replay()) else { return };
        let Participant { connection, slots, departures, extensions, bytes, .. } = participant;
        let Some((context, to)) = connection.as_mut().and_then(Connection::sender) else { return };
        let Some(slot) = slots.get_mut(watcher.slot) else { return };
        let Some(format) = slot.format else { return };
        let aside = Aside::of(publication);
        let mut way = Way { context, to, slab: &mut self.slab, departures, extensions, aside, now };
        for kept in kept {
            let sent = way.send_kept(slot, format, stream, &kept);
            bytes.1 += sent as u64;
            self.tally.forwarded += u64::from(sent > 0);
        }
    }

    /// Sends packets again that a subscriber asks for, in the stream that is for that.
    pub(super) fn send_again(&mut self, key: Key, ssrc: u32, lost: impl Iterator<Item = u16>, now: Micros) {
        let Some(participant) = self.participants.get_mut(key) else { return };
        let Some(call) = self.calls.get(participant.call) else { return };
        let Participant { connection, slots, departures, extensions, bytes, .. } = participant;
        let Some((context, to)) = connection.as_mut().and_then(Connection::sender) else { return };
        let Some(slot) = slots.iter_mut().find(|slot| slot.ssrc == ssrc) else { return };
        let Some(repair) = slot.format.and_then(|format| format.repair) else { return };
        let mut way = Way { context, to, slab: &mut self.slab, departures, extensions, aside: Aside::default(), now };
        for sequence in lost {
            slot.nacks += 1;
            let Some(sent) = &mut slot.sent else { return };
            let Ok(record) = sent.again(sequence, now) else { continue };
            let Some(publication) = call.of_track(record.stream.track) else { continue };
            let history = publication.layers.get(usize::from(record.stream.layer)).and_then(|layer| layer.history.as_ref());
            let Some(kept) = history.and_then(|history| history.get(record.source)) else { continue };
            way.aside = Aside::of(publication);
            bytes.1 += way.send_repair(slot, repair, &record, &kept) as u64;
        }
    }
}

impl Aside<'_> {
    const fn of(publication: &Publication) -> Self {
        Self {
            contributor: publication.participant.0,
            level: None,
            orientation: publication.orientation,
            dependency: publication.dependency,
            depends: None,
        }
    }
}

/// Notes a packet with its publication, keeps it, and readies it for rewriting.
fn take_in(call: &mut Call, arrival: &mut Arrival, incoming: &Incoming, now: Micros) {
    let Some(publication) = call.publications.get_mut(arrival.publication).and_then(Option::as_mut) else { return };
    let bytes = incoming.plaintext(arrival.at, arrival.payload.end);
    let format = publication.formats.iter().find(|format| format.payload_type == arrival.header.payload_type);
    let Some(codec) = format.map(|format| format.codec) else { return };
    if codec.is_video() && publication.codec != Some(codec) {
        publication.codec = Some(codec);
        call.stirred = true;
    }
    arrival.codec = Some(codec);
    publication.began.get_or_insert(now);
    let (track, source) = (publication.track, publication.source);
    let Some(layer) = publication.layers.get_mut(arrival.layer) else { return };
    if layer.heard.is_none() {
        call.stirred = true;
    }
    let payload = &bytes[arrival.payload.start..];
    let padding = payload.is_empty();
    let mut glance = if padding { Default::default() } else { look(codec, payload) };
    glance.frame = frame_of(codec, &arrival.header, bytes, publication.dependency);
    let number = layer.sequence.take(u32::from(arrival.header.sequence));
    let timestamp = layer.timestamp.take(arrival.header.timestamp);
    layer.heard = Some(now);
    layer.packets += 1;
    layer.bytes += payload.len() as u64;
    layer.life.came(now);
    if !arrival.repaired {
        layer.reception.came(number, timestamp, now);
    }
    let captured = layer.clock.taken(timestamp, &publication.clock);
    if let Some(history) = &mut layer.history {
        history.push(&Kept { packet: bytes, number, timestamp, arrival: now }, glance.keyframe);
        layer.gaps.came(number, glance.keyframe, now);
        if glance.keyframe {
            layer.keyframes.came();
            layer.keyed = true;
            call.stirred |= glance.size.is_some_and(|size| layer.size != Some(size));
            layer.size = glance.size.or(layer.size);
        }
    }
    if let Some(orientation) = arrival.orientation {
        publication.orientation = orientation;
    }
    if source == Source::Microphone {
        let was_quiet = publication.loudness.quiet(now);
        let level = arrival.level.and_then(|level| audio::level(&[level])).unwrap_or(SILENCE);
        publication.loudness.came(level, now);
        // One of four that are heard begins to speak: it must be among the three that each gets.
        call.stirred |= was_quiet && !publication.loudness.quiet(now);
        if let Some(place) = call.heard.came(track, &publication.loudness, now) {
            call.stirred |= place.instead_of.is_some();
        }
    }
    arrival.packet = Some(rewrite::Incoming {
        stream: Stream { track, layer: arrival.layer as u8 },
        number,
        moment: Moment { timestamp, arrival: now, captured },
        marker: arrival.header.marker,
        padding,
        glance,
    });
}

/// What a picture depends on, if its header tells, with its number going out.
fn dependency<'a>(header: &Header, packet: &'a [u8], id: u8, frame: Option<u16>) -> Option<(&'a [u8], u16)> {
    Some((header.extension(packet, id)?, frame?))
}

/// The number of a picture of AV1 by its header.
fn frame_of(codec: Codec, header: &Header, packet: &[u8], id: u8) -> Option<u16> {
    let tells = codec == Codec::Av1 && id > 0;
    header.extension(packet, id).filter(|_| tells).and_then(av1::frame_number)
}

impl<'a> Way<'a> {
    /// Writes, seals and commits one packet; returns its bytes on the wire, 0 if it could not be sent.
    fn send(&mut self, slot: &mut Slot, format: Format, out: &Outgoing, payload: &[u8]) -> usize {
        let outline = Outline {
            marker: out.marker,
            payload_type: format.payload_type,
            sequence: out.number as u16,
            timestamp: out.timestamp,
            ssrc: slot.ssrc,
            contributor: Some(self.aside.contributor),
            padded: false,
        };
        let space = self.slab.space();
        let Some(header) = write_header(&outline, slot, self.extensions, self.departures.next() as u16, self.aside, space) else {
            return 0;
        };
        let room = space.len() - OVERHEAD;
        let written = if out.empty { Some(0) } else { out.head.write(payload, &mut space[header..room]) };
        let Some(length) = written.map(|written| header + written) else { return 0 };
        if format.codec == Codec::Red
            && let Some(opus) = slot.format_of(Codec::Opus)
        {
            red::renumber(&mut space[header..length], opus.payload_type);
        }
        let Ok(sealed) = self.context.protect(space, header, length, slot.ssrc, out.number) else { return 0 };
        self.departures.sent(sealed as u16, self.now);
        slot.sending.went(length - header);
        self.slab.commit(sealed, self.to);
        sealed
    }

    /// Sends a packet from a history as if it came now.
    fn send_kept(&mut self, slot: &mut Slot, format: Format, stream: Stream, kept: &Kept<'a>) -> usize {
        let Ok(header) = Header::parse(kept.packet) else { return 0 };
        let Ok(range) = header.payload(kept.packet) else { return 0 };
        let payload = &kept.packet[range];
        let mut glance = look(format.codec, payload);
        glance.frame = frame_of(format.codec, &header, kept.packet, self.aside.dependency);
        let packet = rewrite::Incoming {
            stream,
            number: kept.number,
            moment: Moment { timestamp: kept.timestamp, arrival: kept.arrival, captured: None },
            marker: header.marker,
            padding: payload.is_empty(),
            glance,
        };
        let Some(out) = slot.forward(&packet) else { return 0 };
        self.aside.depends = dependency(&header, kept.packet, self.aside.dependency, out.frame);
        self.send(slot, format, &out, payload)
    }

    /// Sends a packet from a history again, in the slot's stream for that.
    fn send_repair(&mut self, slot: &mut Slot, payload_type: u8, record: &Record, kept: &Kept<'a>) -> usize {
        let Ok(header) = Header::parse(kept.packet) else { return 0 };
        let Ok(range) = header.payload(kept.packet) else { return 0 };
        self.aside.depends = dependency(&header, kept.packet, self.aside.dependency, record.frame);
        let number = slot.repair_next;
        let outline = Outline {
            marker: record.marker,
            payload_type,
            sequence: number as u16,
            timestamp: record.timestamp,
            ssrc: slot.repair_ssrc,
            contributor: Some(self.aside.contributor),
            padded: false,
        };
        let space = self.slab.space();
        let Some(start) = write_header(&outline, slot, self.extensions, self.departures.next() as u16, self.aside, space) else { return 0 };
        let room = space.len() - OVERHEAD;
        let body = &mut space[start..room];
        if rtx::write_original(record.number as u16, body).is_none() {
            return 0;
        }
        let original = rtx::ORIGINAL;
        let written = if record.empty { Some(0) } else { record.head.write(&kept.packet[range], &mut body[original..]) };
        let Some(length) = written.map(|written| start + original + written) else { return 0 };
        let Ok(sealed) = self.context.protect(space, start, length, slot.repair_ssrc, number) else { return 0 };
        self.departures.sent(sealed as u16, self.now);
        slot.repair_next += 1;
        slot.retransmitted += 1;
        self.slab.commit(sealed, self.to);
        sealed
    }
}

/// The header of a packet for this slot. Its length depends on the slot alone, so that packets stay of equal length.
fn write_header(outline: &Outline, slot: &Slot, numbers: &Extensions, transport: u16, aside: Aside<'_>, space: &mut [u8]) -> Option<usize> {
    let (transport, level, orientation) = (transport.to_be_bytes(), [aside.level.unwrap_or(SILENCE)], [aside.orientation]);
    let last: (u8, &[u8]) = if slot.audio { (numbers.level, &level) } else { (numbers.orientation, &orientation) };
    let fits = |descriptor: &[u8]| numbers.dependency > 0 && (numbers.mixed || descriptor.len() <= rtp::SHORT);
    let renumbered = aside.depends.filter(|(bytes, _)| fits(bytes)).and_then(|(bytes, frame)| av1::renumbered(bytes, frame));
    let depends = renumbered.as_ref().map_or(&[][..], |(bytes, length)| &bytes[..*length]);
    let all = [(numbers.mid, slot.mid.as_bytes()), (numbers.transport, &transport[..]), last, (numbers.dependency, depends)];
    let mut list = [(0, &[][..]); 4];
    let mut count = 0;
    for (id, value) in all {
        if id > 0 && !value.is_empty() {
            list[count] = (id, value);
            count += 1;
        }
    }
    outline.write(&list[..count], space)
}

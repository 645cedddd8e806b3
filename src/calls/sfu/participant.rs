//! One participant as its media thread sees it: its connection, the streams that come from it, the slots in which it receives.

use super::arena::Key;
use super::assignment::Wanted;
use super::connection::Connection;
use super::door::{Hop, Micros, Permissions, View, Who};
use super::replay::Window;
use super::reports::PublisherClock;
use super::slot::Slot;
use super::twcc::{Arrivals, Departures};

/// Most streams that come from one participant: four tracks of three layers, each with one for what is sent again.
pub const STREAMS: usize = 24;

/// Streams of one participant that came and went whose numbers are remembered: keys live longer than sections, and under the same
/// keys no number may be opened twice.
const GONE: usize = 64;

/// Packets sent to one participant that are remembered: some ten seconds of one picture and some voices.
const DEPARTURES: usize = 4_096;

/// A stream that comes from a participant.
#[derive(Debug)]
pub struct Inbound {
    /// Its SSRC.
    pub ssrc: u32,
    /// The publication it belongs to.
    pub publication: usize,
    /// Which of its layers.
    pub layer: usize,
    /// It brings again what was lost of that layer (RFC 4588).
    pub repairs: bool,
    /// What of it has been seen.
    pub window: Window,
}

/// Numbers under which extensions are known on one connection; 0 for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extensions {
    /// The section.
    pub mid: u8,
    /// The layer.
    pub rid: u8,
    /// The layer of what is sent again.
    pub repaired_rid: u8,
    /// Transport-wide numbers.
    pub transport: u8,
    /// Loudness.
    pub level: u8,
    /// How the picture is turned.
    pub orientation: u8,
    /// What a picture of AV1 depends on.
    pub dependency: u8,
    /// Values may be longer than 16 bytes.
    pub mixed: bool,
}

/// Bad packets by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refused {
    /// Failed authentication.
    pub forged: u64,
    /// Had been seen or were too old.
    pub replayed: u64,
    /// Had no shape.
    pub malformed: u64,
}

/// A participant.
pub struct Participant {
    /// Its name.
    pub who: Who,
    /// Its call.
    pub call: Key,
    /// What it may send.
    pub may: Permissions,
    /// Highest generation of its offers.
    pub generation: Option<u32>,
    /// From its first offer.
    pub connection: Option<Connection>,
    /// Extension numbers of its offer.
    pub extensions: Extensions,
    /// Its publications, by place in the call.
    pub publications: Vec<usize>,
    /// Streams that have come from it, or were named in its offer.
    pub inbound: Vec<Inbound>,
    /// What has been seen of streams that are gone, by SSRC, the latest last.
    pub gone: Vec<(u32, Window)>,
    /// Where it receives.
    pub slots: Vec<Slot>,
    /// What it wants to see, once told.
    pub view: Option<View>,
    /// The pictures it wants now; kept for its space.
    pub wanted: Vec<Wanted>,
    /// Of the last notice about slots.
    pub revision: u32,
    /// When it was answered first.
    pub since: Micros,
    /// When its handshake ended.
    pub connected: Option<Micros>,
    /// It has been told to be weak.
    pub weak: bool,
    /// The hop that has been told to fail.
    pub trouble: Option<Hop>,
    /// When a media packet came last.
    pub packet: Option<Micros>,
    /// When its packets arrived, until it has been told.
    pub arrivals: Arrivals,
    /// Its clock, by its reports.
    pub clock: PublisherClock,
    /// When feedback was sent last.
    pub feedback: Micros,
    /// When reports were sent last.
    pub reported: Micros,
    /// What was sent to it.
    pub departures: Departures,
    /// Bytes in and out.
    pub bytes: (u64, u64),
    /// What was refused of it.
    pub refused: Refused,
    /// Round trip by its reports, microseconds.
    pub round_trip: u32,
    /// The next packet of it panics.
    #[cfg(debug_assertions)]
    pub seeded_panic: bool,
}

impl Participant {
    /// A participant that has just entered.
    #[must_use]
    pub fn new(who: Who, call: Key, may: Permissions, now: Micros) -> Self {
        Self {
            who,
            call,
            may,
            generation: None,
            connection: None,
            extensions: Extensions::default(),
            publications: Vec::new(),
            inbound: Vec::new(),
            gone: Vec::new(),
            slots: Vec::new(),
            view: None,
            wanted: Vec::new(),
            revision: 0,
            since: now,
            connected: None,
            weak: false,
            trouble: None,
            packet: None,
            arrivals: Arrivals::default(),
            clock: PublisherClock::default(),
            feedback: now,
            reported: now,
            departures: Departures::new(DEPARTURES),
            bytes: (0, 0),
            refused: Refused::default(),
            round_trip: 0,
            #[cfg(debug_assertions)]
            seeded_panic: false,
        }
    }

    /// These streams come no more. What has been seen of them stays known.
    pub fn forget(&mut self, ends: impl Fn(&Inbound) -> bool) {
        let gone = &mut self.gone;
        self.inbound.retain(|inbound| {
            let ends = ends(inbound);
            if ends {
                gone.retain(|(ssrc, _)| *ssrc != inbound.ssrc);
                if gone.len() == GONE {
                    gone.remove(0);
                }
                gone.push((inbound.ssrc, inbound.window.clone()));
            }
            !ends
        });
    }

    /// What has been seen of a stream that begins, or comes back.
    #[must_use]
    pub fn seen_of(&self, ssrc: u32) -> Window {
        self.gone.iter().find(|(gone, _)| *gone == ssrc).map(|(_, window)| window.clone()).unwrap_or_default()
    }

    /// Whether media can be sent to it.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.connection.as_ref().is_some_and(Connection::is_up)
    }

    /// Whether its handshake is still to end.
    #[must_use]
    pub fn is_shaking_hands(&self) -> bool {
        self.connection.is_some() && self.connected.is_none()
    }

    /// The stream with this SSRC.
    #[must_use]
    pub fn stream(&self, ssrc: u32) -> Option<usize> {
        self.inbound.iter().position(|inbound| inbound.ssrc == ssrc)
    }
}

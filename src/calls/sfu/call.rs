//! One call as its media thread sees it: who is in it, what they publish, and who watches what.

use super::arena::Key;
use super::audio::{Heard, Loudness, Speakers};
use super::codec::{Codec, Size};
use super::counter::{Sequence, Timestamp};
use super::door::{CallId, Limits, Micros, ParticipantId, Source};
use super::history::{Capacity, History};
use super::keyframes::Keyframes;
use super::layers::{self, Life, MAX_LAYERS, Pulse, Wishes};
use super::nack::Gaps;
use super::reports::{PublisherClock, Reception, StreamClock};
use super::rewrite::Stream;
use super::time::{AUDIO_CLOCK, VIDEO_CLOCK};

/// Voices of a call that are heard at a time: three by each, and one more, since nobody hears itself.
pub const HEARD: usize = 4;

/// A slot that shows a publication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watcher {
    /// Whose slot.
    pub participant: Key,
    /// Which.
    pub slot: usize,
}

/// One layer of a publication, or all of it.
pub struct Layer {
    /// Its name; empty for the only one.
    pub rid: String,
    /// The SSRC of its stream, once known.
    pub ssrc: Option<u32>,
    /// Its sequence numbers, continued.
    pub sequence: Sequence,
    /// Its timestamps, continued.
    pub timestamp: Timestamp,
    /// Whether packets keep coming.
    pub life: Life,
    /// Its last second, of pictures alone.
    pub history: Option<History>,
    /// What is missing of it, of pictures alone.
    pub gaps: Gaps,
    /// When its sender is asked for a keyframe.
    pub keyframes: Keyframes,
    /// Of its latest keyframe.
    pub size: Option<Size>,
    /// A keyframe has come.
    pub keyed: bool,
    /// Its clock against that of its sender.
    pub clock: StreamClock,
    /// How it is received.
    pub reception: Reception,
    /// Packets of it that came.
    pub packets: u64,
    /// Bytes of payload.
    pub bytes: u64,
    /// When one came last.
    pub heard: Option<Micros>,
}

impl Layer {
    /// A layer of which nothing has come; `at` is its place from the smallest.
    #[must_use]
    pub fn new(rid: String, at: usize, count: usize, source: Source) -> Self {
        // A single layer may be as large as the largest of several.
        let (capacity, pulse) = match (at, count) {
            _ if source == Source::Screen => (Capacity::HIGH, Pulse::SCREEN),
            (0, 1) => (Capacity::HIGH, Pulse::LOW),
            (0, _) => (Capacity::LOW, Pulse::LOW),
            (1, 3) => (Capacity::MIDDLE, Pulse::HIGH),
            _ => (Capacity::HIGH, Pulse::HIGH),
        };
        let rate = if source.is_audio() { AUDIO_CLOCK } else { VIDEO_CLOCK };
        Self {
            rid,
            ssrc: None,
            sequence: Sequence::default(),
            timestamp: Timestamp::default(),
            life: Life::new(pulse),
            history: (!source.is_audio()).then(|| History::new(capacity)),
            gaps: Gaps::default(),
            keyframes: Keyframes::of_layer(at as u8),
            size: None,
            keyed: false,
            clock: StreamClock::new(rate),
            reception: Reception::new(rate),
            packets: 0,
            bytes: 0,
            heard: None,
        }
    }
}

/// A codec by the publisher's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// Which.
    pub codec: Codec,
    /// Its payload type.
    pub payload_type: u8,
    /// The payload type of what is sent again.
    pub repair: Option<u8>,
}

/// A track that a participant publishes.
pub struct Publication {
    /// Its number, unlike that of any other in the call, ever.
    pub track: u32,
    /// Who, as its media thread names it.
    pub owner: Key,
    /// Who, as the door names it.
    pub participant: ParticipantId,
    /// The section in which it is sent.
    pub mid: String,
    /// What it shows.
    pub source: Source,
    /// Muted by its sender or by a host.
    pub muted: bool,
    /// Its sender may send it.
    pub allowed: bool,
    /// Codecs in which it may come.
    pub formats: Vec<Format>,
    /// The codec in which it comes, once known.
    pub codec: Option<Codec>,
    /// From the smallest to the largest.
    pub layers: Vec<Layer>,
    /// Who watches it.
    pub watchers: Vec<Watcher>,
    /// Since when packets are expected.
    pub expected: Micros,
    /// When its first packet came.
    pub began: Option<Micros>,
    /// Its sender's clock.
    pub clock: PublisherClock,
    /// How loud it is, of sound alone.
    pub loudness: Loudness,
    /// The sender's number of the extension that tells what its pictures depend on; 0 for none.
    pub dependency: u8,
    /// How its picture is turned, as its sender told last (RTP extension `video-orientation`).
    pub orientation: u8,
    /// Which layers anyone wants.
    pub wishes: Wishes,
    /// Which layers were alive when that was last looked at.
    pub alive: [bool; MAX_LAYERS],
}

impl Publication {
    /// Whether its packets are forwarded.
    #[must_use]
    pub const fn flows(&self) -> bool {
        self.allowed && !self.muted
    }

    /// A layer comes in this stream. If it came in another before, all begins anew under this track number, since numbers and
    /// clocks of the two have nothing in common.
    pub fn adopt(&mut self, at: usize, ssrc: u32, track: u32) {
        let Some(layer) = self.layers.get_mut(at) else { return };
        let before = layer.ssrc.replace(ssrc);
        if before.is_none_or(|before| before == ssrc) {
            return;
        }
        let rate = if self.source.is_audio() { AUDIO_CLOCK } else { VIDEO_CLOCK };
        (layer.sequence, layer.timestamp) = (Sequence::default(), Timestamp::default());
        (layer.clock, layer.reception) = (StreamClock::new(rate), Reception::new(rate));
        self.track = track;
        self.silence();
    }

    /// Pictures come, but none with which to begin.
    #[must_use]
    pub fn awaits_keyframe(&self) -> bool {
        !self.source.is_audio() && self.layers.iter().all(|layer| !layer.keyed)
    }

    /// Nothing of it may be seen any longer: what is kept of it is forgotten, and begins anew when it comes back.
    pub fn silence(&mut self) {
        for layer in &mut self.layers {
            if let Some(history) = &mut layer.history {
                history.clear();
            }
            layer.gaps = Gaps::default();
        }
        self.loudness = Loudness::default();
    }

    /// When a packet came last.
    #[must_use]
    pub fn heard(&self) -> Option<Micros> {
        self.layers.iter().filter_map(|layer| layer.heard).max()
    }

    /// Whether a layer has come or gone since the last look.
    pub fn lives_have_changed(&mut self, now: Micros) -> bool {
        let before = self.alive;
        for (alive, layer) in self.alive.iter_mut().zip(&mut self.layers) {
            *alive = layer.life.alive(now);
        }
        before != self.alive
    }

    /// The layer for a tile of this height, and its name as a stream; `None` when nothing comes.
    pub fn choose(&mut self, height: u16, now: Micros) -> Option<Stream> {
        let mut choices = [layers::Layer::default(); MAX_LAYERS];
        for (choice, layer) in choices.iter_mut().zip(&mut self.layers) {
            *choice = layers::Layer { alive: layer.life.alive(now), height: layer.size.map(|size| size.height) };
        }
        let layer = layers::choose(&choices[..self.layers.len().min(MAX_LAYERS)], height)?;
        Some(Stream { track: self.track, layer: layer as u8 })
    }
}

/// A call.
pub struct Call {
    /// Its name.
    pub id: CallId,
    /// Who is in it, in the order in which they came.
    pub members: Vec<Key>,
    /// What they publish. Places are used again, track numbers are not.
    pub publications: Vec<Option<Publication>>,
    /// Which voices are heard.
    pub heard: Heard<HEARD>,
    /// Who speaks.
    pub speakers: Speakers,
    /// Tracks of those who spoke, the latest first.
    pub spoke: Vec<u32>,
    /// Something came that changes who is shown where.
    pub stirred: bool,
    /// Until when the looks at that which were allowed have been used up.
    pub looked_until: Micros,
    /// What its one participant sends comes back to it.
    pub echoes: bool,
    tracks: u32,
}

impl Call {
    /// A call with nobody in it.
    #[must_use]
    pub fn new(id: CallId) -> Self {
        Self {
            id,
            members: Vec::new(),
            publications: Vec::new(),
            heard: Heard::default(),
            speakers: Speakers::default(),
            spoke: Vec::new(),
            stirred: false,
            looked_until: 0,
            echoes: false,
            tracks: 0,
        }
    }

    /// A call of one that gives back what it gets.
    #[must_use]
    pub fn echo(id: CallId) -> Self {
        Self { echoes: true, ..Self::new(id) }
    }

    /// Most participants of it.
    #[must_use]
    pub const fn most(&self, limits: &Limits) -> usize {
        if self.echoes { 1 } else { limits.participants }
    }

    /// Whether a participant is shown what this one publishes: nobody sees itself, but in an echo.
    #[must_use]
    pub fn shows(&self, owner: Key, to: Key) -> bool {
        self.echoes || owner != to
    }

    /// A number for the next track.
    pub const fn next_track(&mut self) -> u32 {
        self.tracks += 1;
        self.tracks
    }

    /// Takes a publication in and returns its place.
    pub fn publish(&mut self, publication: Publication) -> usize {
        let free = self.publications.iter().position(Option::is_none);
        let at = free.unwrap_or_else(|| {
            self.publications.push(None);
            self.publications.len() - 1
        });
        self.publications[at] = Some(publication);
        at
    }

    /// The publication at this place is over.
    pub fn unpublish(&mut self, at: usize) {
        if let Some(ended) = self.publications.get_mut(at).and_then(Option::take) {
            self.heard.release(ended.track);
            self.spoke.retain(|track| *track != ended.track);
        }
    }

    /// A publication goes on under another track number.
    pub fn renumbered(&mut self, before: u32) {
        self.heard.release(before);
        self.spoke.retain(|track| *track != before);
        self.stirred = true;
    }

    /// The publication at this place.
    #[must_use]
    pub fn publication(&self, at: usize) -> Option<&Publication> {
        self.publications.get(at)?.as_ref()
    }

    /// The publication at this place, to be changed.
    pub fn publication_mut(&mut self, at: usize) -> Option<&mut Publication> {
        self.publications.get_mut(at)?.as_mut()
    }

    /// The publication of this track.
    #[must_use]
    pub fn of_track(&self, track: u32) -> Option<&Publication> {
        self.publications.iter().flatten().find(|publication| publication.track == track)
    }

    /// The publication of this track, to be changed.
    pub fn of_track_mut(&mut self, track: u32) -> Option<&mut Publication> {
        self.publications.iter_mut().flatten().find(|publication| publication.track == track)
    }
}

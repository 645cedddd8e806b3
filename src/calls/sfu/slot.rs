//! One place in which a participant receives: a stable stream whose source may change.

use super::call::{Format, Publication};
use super::codec::Codec;
use super::door::{Micros, ParticipantId, SlotState, Source};
use super::reports::Sending;
use super::rewrite::{AudioSlot, Incoming, Outgoing, Stream, VideoSlot};
use super::sent::{Record, Sent};

/// Packets of a slot that can be asked for again: a second of the largest picture.
const REMEMBERED: usize = 512;

/// How what comes is made to go on.
pub enum Rewriter {
    /// Sound.
    Audio(Box<AudioSlot>),
    /// Pictures.
    Video(Box<VideoSlot>),
}

/// Random numbers with which a slot begins.
#[derive(Clone, Copy, Debug)]
pub struct Beginning {
    /// Its stream.
    pub ssrc: u32,
    /// The stream in which packets are sent again.
    pub repair_ssrc: u32,
    /// Its first sequence number.
    pub sequence: u16,
    /// Its first timestamp.
    pub timestamp: u32,
}

/// A slot.
pub struct Slot {
    /// The section.
    pub mid: String,
    /// For sound.
    pub audio: bool,
    /// Its stream.
    pub ssrc: u32,
    /// The stream in which packets are sent again.
    pub repair_ssrc: u32,
    /// Number of the next packet in that stream, unwrapped.
    pub repair_next: u64,
    /// Codecs by the subscriber's numbers.
    pub formats: Vec<Format>,
    /// The publication that is in it.
    pub shows: Option<usize>,
    /// Its track.
    pub track: Option<u32>,
    /// Whether anything flows.
    pub state: SlotState,
    /// What was told of it last; `None` when that must be told anew.
    pub told: Option<(Option<(ParticipantId, Source)>, SlotState)>,
    /// Height that is wanted, device pixels.
    pub height: u16,
    /// The format of what is in it.
    pub format: Option<Format>,
    /// Makes it one stream.
    pub rewriter: Rewriter,
    /// What of its pictures can be sent again; made when there is the first.
    pub sent: Option<Sent>,
    /// What was sent first, not again.
    pub sending: Sending,
    /// Packets sent again.
    pub retransmitted: u64,
    /// Packets that were asked for again.
    pub nacks: u64,
    /// Keyframes that were asked for.
    pub keyframe_requests: u64,
    /// Packets that did not arrive, as the browser reports.
    pub lost: u64,
    /// Jitter as the browser reports, ticks.
    pub jitter: u32,
}

impl Slot {
    /// An empty slot.
    #[must_use]
    pub fn new(mid: &str, audio: bool, beginning: Beginning, formats: Vec<Format>) -> Self {
        let Beginning { ssrc, repair_ssrc, sequence, timestamp } = beginning;
        let rewriter = if audio {
            Rewriter::Audio(Box::new(AudioSlot::new(sequence, timestamp)))
        } else {
            Rewriter::Video(Box::new(VideoSlot::new(sequence, timestamp)))
        };
        Self {
            mid: mid.to_owned(),
            audio,
            ssrc,
            repair_ssrc,
            repair_next: 1,
            formats,
            shows: None,
            track: None,
            state: SlotState::Empty,
            told: None,
            height: 0,
            format: None,
            rewriter,
            sent: None,
            sending: Sending::default(),
            retransmitted: 0,
            nacks: 0,
            keyframe_requests: 0,
            lost: 0,
            jitter: 0,
        }
    }

    /// In which of the subscriber's formats this publication can be sent here. Voices may change theirs with every packet.
    #[must_use]
    pub fn format_for(&self, publication: &Publication) -> Option<Format> {
        if self.audio {
            return self.formats.first().copied();
        }
        let codec = publication.codec.or_else(|| publication.formats.first().map(|format| format.codec))?;
        self.format_of(codec)
    }

    /// The subscriber's format for this codec.
    #[must_use]
    pub fn format_of(&self, codec: Codec) -> Option<Format> {
        self.formats.iter().copied().find(|format| format.codec == codec)
    }

    /// The timestamp that its clock shows now, while anything goes on.
    #[must_use]
    pub fn clock_at(&self, now: Micros) -> Option<u32> {
        match &self.rewriter {
            Rewriter::Audio(slot) => slot.clock_at(now),
            Rewriter::Video(slot) => slot.clock_at(now),
        }
    }

    /// Another track is in it, or none.
    pub fn change_track(&mut self, track: Option<u32>) {
        if self.track == track {
            return;
        }
        self.track = track;
        if !self.audio && track.is_some() && self.sent.is_none() {
            self.sent = Some(Sent::new(REMEMBERED));
        }
        match &mut self.rewriter {
            Rewriter::Audio(slot) => slot.release(),
            Rewriter::Video(slot) => slot.aim(None),
        }
    }

    /// Nothing of its track goes on until it may again.
    pub fn cut(&mut self) {
        match &mut self.rewriter {
            Rewriter::Audio(slot) => slot.release(),
            Rewriter::Video(slot) => slot.cut(),
        }
    }

    /// Aims at a stream of its track. Whether nothing of it goes on yet.
    pub fn aim(&mut self, stream: Option<Stream>) -> bool {
        match &mut self.rewriter {
            Rewriter::Audio(_) => false,
            Rewriter::Video(slot) => {
                slot.aim(stream);
                stream.is_some() && slot.current().is_none()
            }
        }
    }

    /// Decides about a packet of its track.
    pub fn forward(&mut self, incoming: &Incoming) -> Option<Outgoing> {
        match &mut self.rewriter {
            Rewriter::Audio(slot) => slot.forward(incoming),
            Rewriter::Video(slot) => {
                let out = slot.forward(incoming)?;
                if let Some(sent) = &mut self.sent {
                    sent.push(Record::of(&out, incoming.stream, incoming.number), incoming.glance.keyframe);
                }
                Some(out)
            }
        }
    }

    /// The rewriter of pictures.
    pub fn video(&mut self) -> Option<&mut VideoSlot> {
        match &mut self.rewriter {
            Rewriter::Audio(_) => None,
            Rewriter::Video(slot) => Some(slot),
        }
    }
}

//! What was measured: of a participant, of a track, of the whole media server.

use super::{ParticipantId, Route, Source};

/// What was measured about one participant since it entered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ParticipantStatistics {
    /// Who; `None` only in a default value.
    pub participant: Option<ParticipantId>,
    /// How its packets travel; `None` before it connected.
    pub route: Option<Route>,
    /// Bytes in, as they came from the network.
    pub bytes_in: u64,
    /// Bytes out.
    pub bytes_out: u64,
    /// Round trip, microseconds, from its reports; 0 before the first.
    pub round_trip_us: u32,
    /// What it publishes.
    pub published: Vec<TrackStatistics>,
    /// What it receives, by slot.
    pub received: Vec<TrackStatistics>,
    /// Packets that failed authentication.
    pub forged: u64,
    /// Packets that had been seen before or were too old.
    pub replayed: u64,
    /// Packets that the parse guard refused.
    pub malformed: u64,
    /// Packets that found no room in the queue of its connection over TCP.
    pub unsent: u64,
}

/// What was measured about one track or slot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrackStatistics {
    /// The `mid`.
    pub mid: String,
    /// Who is in the slot; `None` for a published track.
    pub from: Option<ParticipantId>,
    /// What it shows.
    pub source: Option<Source>,
    /// The layer's `rid`, for published tracks with several.
    pub rid: String,
    /// Packets.
    pub packets: u64,
    /// Bytes of payload.
    pub bytes: u64,
    /// Packets that never came: towards the server for published tracks, as the browser reports for slots.
    pub lost: u64,
    /// Jitter in microseconds.
    pub jitter_us: u32,
    /// Packets asked for again.
    pub nacks: u64,
    /// Packets sent again.
    pub retransmitted: u64,
    /// Keyframes asked for.
    pub keyframe_requests: u64,
}

/// Counts of a media thread, or of the whole media server, since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Calls open now.
    pub calls: u64,
    /// Participants in them now.
    pub participants: u64,
    /// Datagrams in.
    pub packets_in: u64,
    /// Bytes in.
    pub bytes_in: u64,
    /// Media packets forwarded, one for each receiver.
    pub forwarded: u64,
    /// Datagrams out.
    pub packets_out: u64,
    /// Bytes out.
    pub bytes_out: u64,
    /// Media packets that never came from publishers.
    pub lost_in: u64,
    /// Media packets that did not arrive, as receivers report.
    pub lost_out: u64,
    /// Packets that the kernel did not take, or that found no room in a queue over TCP.
    pub unsent: u64,
    /// Datagrams that belonged to no one.
    pub stray: u64,
    /// Connections over TCP that made room for others before anybody had proved to be at their other end.
    pub crowded_out: u64,
    /// Participants whose handling panicked.
    pub panics: u64,
    /// Processor time of the media threads, nanoseconds.
    pub cpu_ns: u64,
}

impl std::ops::AddAssign for Totals {
    fn add_assign(&mut self, more: Self) {
        let Self {
            calls,
            participants,
            packets_in,
            bytes_in,
            forwarded,
            packets_out,
            bytes_out,
            lost_in,
            lost_out,
            unsent,
            stray,
            crowded_out,
            panics,
            cpu_ns,
        } = more;
        self.calls += calls;
        self.participants += participants;
        self.packets_in += packets_in;
        self.bytes_in += bytes_in;
        self.forwarded += forwarded;
        self.packets_out += packets_out;
        self.bytes_out += bytes_out;
        self.lost_in += lost_in;
        self.lost_out += lost_out;
        self.unsent += unsent;
        self.stray += stray;
        self.crowded_out += crowded_out;
        self.panics += panics;
        self.cpu_ns += cpu_ns;
    }
}

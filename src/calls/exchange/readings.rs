//! What calls and the media server count, for those who watch the program.

use std::sync::PoisonError;

use super::Calls;
use crate::http::Reading;

impl Calls {
    /// Numbers of calls, and of the media that goes through the program.
    #[must_use]
    pub fn readings(&self) -> Vec<Reading> {
        let ((calls, members), has_media) = self.look(|board| (board.counts(), board.has_media()));
        let server = self.0.media.read().unwrap_or_else(PoisonError::into_inner).clone();
        let (media, busy) = server.map(|server| server.measured()).unwrap_or_default();
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let mut all = vec![
            Reading::one("rialto_calls", "Calls that go on.", count(calls)),
            Reading::one("rialto_call_members", "Members in calls.", count(members)),
            Reading::one("rialto_media_up", "Whether there is a media server: 1, or 0.", u64::from(has_media)),
            Reading::one("rialto_media_participants", "Participants of the media server.", media.participants),
            Reading::one("rialto_media_packets_in_total", "Datagrams that came to the media server.", media.packets_in),
            Reading::one("rialto_media_bytes_in_total", "Bytes that came to the media server.", media.bytes_in),
            Reading::one("rialto_media_packets_out_total", "Datagrams that left the media server.", media.packets_out),
            Reading::one("rialto_media_bytes_out_total", "Bytes that left the media server.", media.bytes_out),
            Reading::one("rialto_media_forwarded_total", "Media packets forwarded, one for each receiver.", media.forwarded),
            Reading::one("rialto_media_lost_in_total", "Media packets that never came from their senders.", media.lost_in),
            Reading::one("rialto_media_lost_out_total", "Media packets that did not arrive, as receivers report.", media.lost_out),
            Reading::one("rialto_media_unsent_total", "Packets that the kernel did not take, or a queue over TCP.", media.unsent),
            Reading::one("rialto_media_stray_total", "Datagrams that belonged to nobody.", media.stray),
            Reading::one(
                "rialto_media_crowded_out_total",
                "Connections over TCP that made room for others before anybody proved to be at their end.",
                media.crowded_out,
            ),
            Reading::one("rialto_media_panics_total", "Participants whose handling failed.", media.panics),
            Reading::one("rialto_media_cpu_milliseconds_total", "Processor time of the media threads.", media.cpu_ns / 1_000_000),
        ];
        let name = "rialto_media_busy_permille";
        let help = "For how much of its last second each media thread had work to do, in thousandths.";
        all.extend(busy.into_iter().enumerate().map(|(n, share)| Reading { name, help, label: format!("thread=\"{n}\""), value: share }));
        all
    }
}

//! What stands between a participant and its media: pure judgement of the hops in their order.

use super::door::{Hop, Limits, Micros};

/// After this without what should be there, the hop is named.
pub const PATIENCE: Micros = 5_000_000;

/// After this without a check of a connection that stood, the path counts as broken. Browsers check every two to six seconds.
pub const CONSENT: Micros = 15_000_000;

/// What is known of the hops of one participant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// When it was answered first.
    pub since: Micros,
    /// When an authentic check came last.
    pub checked: Option<Micros>,
    /// When the handshake ended.
    pub connected: Option<Micros>,
    /// Since when a track that is not muted should bring packets; `None` when there is none.
    pub expects_packets: Option<Micros>,
    /// When a media packet came last.
    pub packet: Option<Micros>,
    /// Since when a keyframe is waited for on a track that brings packets; `None` when none is.
    pub awaits_keyframe: Option<Micros>,
}

/// The first hop that fails.
#[must_use]
pub fn trouble(facts: &Facts, now: Micros) -> Option<Hop> {
    let overdue = |since: Micros| now >= since + PATIENCE;
    let Some(checked) = facts.checked else {
        return overdue(facts.since).then_some(Hop::NoIce);
    };
    if now >= checked + CONSENT {
        return Some(Hop::NoIce);
    }
    let Some(connected) = facts.connected else {
        return overdue(facts.since).then_some(Hop::NoDtls);
    };
    if let Some(expected) = facts.expects_packets
        && overdue(facts.packet.unwrap_or(0).max(expected).max(connected))
    {
        return Some(Hop::NoPackets);
    }
    facts.awaits_keyframe.is_some_and(overdue).then_some(Hop::NoKeyframe)
}

/// Whether a participant that has been heard at `heard` is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It is.
    Here,
    /// Nothing came for a while.
    Weak,
    /// It is gone.
    Lost,
}

/// Judges presence by the last sign of life, and by the last check of the path on which packets leave: where nobody agrees any longer to
/// get them, none are sent, whatever still comes from there.
#[must_use]
pub fn presence(heard: Micros, consent: Micros, now: Micros, limits: &Limits) -> Presence {
    let (silent, lost) = (now.saturating_sub(heard), limits.lost.as_micros() as Micros);
    if silent >= lost || now.saturating_sub(consent) >= lost {
        Presence::Lost
    } else if silent >= limits.weak.as_micros() as Micros {
        Presence::Weak
    } else {
        Presence::Here
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_hop_that_fails_is_named_after_five_seconds() {
        let s = 1_000_000;
        let start = Facts { since: s, ..Facts::default() };
        let checked = Facts { checked: Some(9 * s), ..start };
        let up = Facts { connected: Some(2 * s), ..checked };
        let sending = Facts { expects_packets: Some(3 * s), ..up };
        for (facts, now, expected) in [
            (start, 6 * s - 1, None),
            (start, 6 * s, Some(Hop::NoIce)),
            (checked, 10 * s, Some(Hop::NoDtls)),
            (up, 10 * s, None),
            (up, 24 * s - 1, None),
            (up, 24 * s, Some(Hop::NoIce)),
            (sending, 8 * s - 1, None),
            (sending, 8 * s, Some(Hop::NoPackets)),
            (Facts { packet: Some(4 * s), ..sending }, 8 * s, None),
            (Facts { packet: Some(8 * s), awaits_keyframe: Some(4 * s), ..sending }, 9 * s, Some(Hop::NoKeyframe)),
        ] {
            assert_eq!(trouble(&facts, now), expected, "{facts:?} at {now}");
        }
    }

    #[test]
    fn presence_fades_at_its_limits() {
        let limits = Limits::default();
        let at = |silent: Micros| presence(7, 7, 7 + silent, &limits);
        assert_eq!(
            (at(2_499_999), at(2_500_000), at(29_999_999), at(30_000_000)),
            (Presence::Here, Presence::Weak, Presence::Weak, Presence::Lost)
        );
    }

    #[test]
    fn media_alone_is_no_consent() {
        let limits = Limits::default();
        let after = |unchecked: Micros| presence(100_000_000, 100_000_000 - unchecked, 100_000_000, &limits);
        assert_eq!((after(29_999_999), after(30_000_000)), (Presence::Here, Presence::Lost));
    }
}

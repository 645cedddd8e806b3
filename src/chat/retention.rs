//! Retention: for how many days a room keeps its messages, and who may choose that.

use super::model::{RoomKind, RoomRow};
use crate::clock::Millis;
use crate::settings::{MOST_DAYS_KEPT, RoomsMayKeep};

const DAY: Millis = 86_400_000;

/// What the community says of how long messages are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keeping {
    /// Days for which rooms keep them that have chosen nothing; 0: for ever.
    pub days: u16,
    /// Whether rooms may choose.
    pub rooms_may: RoomsMayKeep,
}

/// For how many days a room keeps its messages; none: for ever. Conversations keep theirs.
#[must_use]
pub fn kept_days(room: &RoomRow, community: u16) -> Option<i32> {
    let is_conversation = RoomKind::from_number(room.kind).is_ok_and(RoomKind::is_conversation);
    let days = room.keep_days.unwrap_or_else(|| i32::from(community));
    (days > 0 && !is_conversation).then_some(days)
}

/// Is it a number of days, or 0 for ever?
#[must_use]
pub fn is_span(days: i32) -> bool {
    (0..=i32::from(MOST_DAYS_KEPT)).contains(&days)
}

/// May whoever leads a room change its own choice into this one? Who manages all rooms chooses freely, and what they chose beyond the bound is
/// theirs to take back: it deletes what they wanted kept.
#[must_use]
pub fn may_choose(own: Option<i32>, chosen: Option<i32>, community: Keeping) -> bool {
    let fits = |choice: Option<i32>| choice.is_none_or(|days| days > 0 && (community.days == 0 || days <= i32::from(community.days)));
    match community.rooms_may {
        RoomsMayKeep::AsCommunity => false,
        RoomsMayKeep::Shorter => fits(own) && fits(chosen),
        RoomsMayKeep::Any => true,
    }
}

/// Does such a change delete what would have been kept? Both are days; none: for ever.
#[must_use]
pub fn shortens(before: Option<i32>, after: Option<i32>) -> bool {
    after.is_some_and(|after| before.is_none_or(|before| after < before))
}

/// Messages sent at this time or before are over: so many days have passed, to the millisecond.
#[must_use]
pub fn over_until(days: i32, now: Millis) -> Millis {
    now - Millis::from(days) * DAY
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(kind: RoomKind, keep_days: Option<i32>) -> RoomRow {
        RoomRow {
            id: crate::ids::RoomId(1),
            kind: kind.number(),
            name: None,
            topic: String::new(),
            history: 0,
            created_by: None,
            created_at: 0,
            archived_at: None,
            member_count: 0,
            circle: None,
            voice: false,
            slow_seconds: 0,
            keep_days,
            expired_seq: 0,
        }
    }

    #[test]
    fn a_room_keeps_as_the_community_does_unless_it_chose() {
        let kept = |own, community| kept_days(&room(RoomKind::Public, own), community);
        assert_eq!((kept(None, 0), kept(None, 30)), (None, Some(30)));
        assert_eq!((kept(Some(0), 30), kept(Some(7), 30), kept(Some(90), 30), kept(Some(7), 0)), (None, Some(7), Some(90), Some(7)));
        assert_eq!(kept_days(&room(RoomKind::Direct, None), 30), None, "conversations keep theirs");
        assert_eq!(kept_days(&room(RoomKind::Group, Some(7)), 30), None);
    }

    #[test]
    fn rooms_choose_as_far_as_the_community_lets_them() {
        let from = |own, chosen, rooms_may| may_choose(own, chosen, Keeping { days: 30, rooms_may });
        let may = |chosen, days, rooms_may| may_choose(None, chosen, Keeping { days, rooms_may });
        // What an administrator chose is not undone below them: not by saying nothing, nor by less.
        for chosen in [None, Some(7)] {
            assert!(!from(Some(0), chosen, RoomsMayKeep::AsCommunity) && !from(Some(7), None, RoomsMayKeep::AsCommunity));
            assert!(!from(Some(0), chosen, RoomsMayKeep::Shorter) && !from(Some(90), chosen, RoomsMayKeep::Shorter));
            assert!(from(Some(14), chosen, RoomsMayKeep::Shorter) && from(Some(0), chosen, RoomsMayKeep::Any));
        }
        assert!(!may(Some(7), 30, RoomsMayKeep::AsCommunity) && !may(Some(0), 0, RoomsMayKeep::AsCommunity));
        assert!(may(Some(30), 30, RoomsMayKeep::Shorter) && !may(Some(31), 30, RoomsMayKeep::Shorter));
        assert!(!may(Some(0), 30, RoomsMayKeep::Shorter) && may(Some(3_650), 0, RoomsMayKeep::Shorter));
        assert!(may(Some(0), 30, RoomsMayKeep::Any) && may(Some(3_650), 30, RoomsMayKeep::Any));
    }

    #[test]
    fn what_is_kept_for_a_shorter_time_than_before_is_deleted() {
        for (before, after, is_shorter) in [
            (None, Some(3_650), true),
            (Some(30), Some(29), true),
            (Some(30), Some(30), false),
            (Some(30), Some(31), false),
            (Some(1), None, false),
            (None, None, false),
        ] {
            assert_eq!(shortens(before, after), is_shorter, "{before:?} {after:?}");
        }
    }

    #[test]
    fn spans_and_their_ends_are_exact() {
        for (days, fits) in [(-1, false), (0, true), (1, true), (3_650, true), (3_651, false)] {
            assert_eq!(is_span(days), fits, "{days}");
        }
        assert_eq!(over_until(1, 86_400_000), 0);
        assert_eq!(over_until(3_650, 315_360_000_001), 1);
    }
}

//! Who is reached when a message calls by name, or calls many at once.

use super::posting::Speaker;
use crate::chat::model::Mentions;
use crate::chat::store;
use crate::error::Result;
use crate::ids::{MemberId, RoomId};
use crate::storage::Tx;
use crate::text;

/// Most members that one `@here` reaches.
const HERE: usize = 500;
/// Members who are online that are looked up in a room at once.
const HERE_PAGE: usize = 1_000;
/// Most such look-ups for one `@here`: everyone who writes waits for them.
const HERE_LOOKUPS: usize = 20;

/// Who is online, at most as many as are asked for.
pub(super) type Online<'a> = &'a dyn Fn(usize) -> Vec<MemberId>;

/// Only those who are in the room are mentioned, and many at once only by those who may.
pub(super) fn allowed_mentions(tx: &mut Tx<'_>, from: &Speaker<'_>, wanted: &text::Mentions, online: Online<'_>) -> Result<Mentions> {
    let members = present(tx, from.room, &wanted.members)?;
    if !from.may_call {
        return Ok(Mentions { members, ..Mentions::default() });
    }
    let here = if wanted.here {
        let online = online(HERE_PAGE * HERE_LOOKUPS);
        those_here(&online, from.member, |ids| store::those_in(tx, from.room, ids))?
    } else {
        Vec::new()
    };
    Ok(Mentions { members, roles: wanted.roles.clone(), room: wanted.room, here })
}

/// Those of the named who are in the room, in order of appearance.
pub(super) fn present(tx: &mut Tx<'_>, room: RoomId, named: &[MemberId]) -> Result<Vec<MemberId>> {
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let present = store::those_in(tx, room, named)?;
    Ok(named.iter().copied().filter(|id| present.contains(id)).collect())
}

/// Who of those online is in the room, but for the one who calls: at most [`HERE`], after at most [`HERE_LOOKUPS`] look-ups. A room may
/// have many more members than are online, so it is not the room that is walked.
fn those_here(
    online: &[MemberId],
    caller: MemberId,
    mut who_is_in: impl FnMut(&[MemberId]) -> Result<Vec<MemberId>>,
) -> Result<Vec<MemberId>> {
    let mut here = Vec::new();
    for page in online.chunks(HERE_PAGE).take(HERE_LOOKUPS) {
        here.extend(who_is_in(page)?.into_iter().filter(|id| *id != caller));
        if here.len() >= HERE {
            here.truncate(HERE);
            break;
        }
    }
    Ok(here)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who is here, and how many look-ups that took, when the first `many` are online and those up to `inside` are in the room; 1 calls.
    fn found(many: i64, inside: i64) -> (usize, usize) {
        let (online, mut lookups): (Vec<MemberId>, _) = ((1..=many).map(MemberId).collect(), 0);
        let here = those_here(&online, MemberId(1), |ids| {
            assert!(ids.len() <= HERE_PAGE);
            lookups += 1;
            Ok(ids.iter().copied().filter(|id| id.0 <= inside).collect())
        });
        let here = here.expect("found");
        assert!(!here.contains(&MemberId(1)), "who calls is not called");
        (here.len(), lookups)
    }

    #[test]
    fn here_ends_at_five_hundred_members() {
        assert_eq!((found(500, 9_999), found(501, 9_999), found(502, 9_999)), ((499, 1), (500, 1), (500, 1)));
        assert_eq!(found(20_000, 20_000), (500, 1), "no more is looked up than is needed");
        assert_eq!(found(0, 9_999), (0, 0), "nobody is online");
    }

    #[test]
    fn here_ends_after_twenty_look_ups() {
        let from_the_end = |many: i64, inside: i64| {
            let online: Vec<MemberId> = (1..=many).rev().map(MemberId).collect();
            let mut lookups = 0;
            let here = those_here(&online, MemberId(0), |ids| {
                lookups += 1;
                Ok(ids.iter().copied().filter(|id| id.0 <= inside).collect())
            });
            (here.expect("found").len(), lookups)
        };
        assert_eq!(from_the_end(20_000, 1), (1, 20), "the last of twenty thousand");
        assert_eq!(from_the_end(20_001, 1), (0, 20), "and one more");
    }
}

//! Calls that are put into the database as if they had been: for the village and for tests.

use super::listing::tell_entry;
use crate::calls::board::Parted;
use crate::calls::events::CallEvent;
use crate::calls::model::{CallRole, Cause, Fate, Parting};
use crate::calls::store;
use crate::clock::Millis;
use crate::error::{Found, Result};
use crate::ids::{CallId, MemberId, RoomId, StayId};
use crate::live::LogId;
use crate::storage::Tx;

/// A call that was.
#[derive(Clone, Debug)]
pub struct CallStory {
    /// Its room; none for one between two.
    pub room: Option<RoomId>,
    /// Is that room a group conversation?
    pub is_group: bool,
    /// With cameras?
    pub video: bool,
    /// Who began it.
    pub starter: MemberId,
    /// The others, with how it ended for each.
    pub others: Vec<(MemberId, Fate)>,
    /// How long they talked, seconds; 0 when nobody answered.
    pub seconds: i64,
    /// Why it ended; none: it goes on.
    pub cause: Option<Cause>,
    /// The worst mark, 1–3.
    pub quality: Option<u8>,
}

/// Puts a call there that ends now, with its entries in lists and logs. The caller has shown that it may: it builds a village.
///
/// # Errors
/// When the database refuses.
pub fn place_call(tx: &mut Tx<'_>, story: &CallStory) -> Result<CallId> {
    let (id, now) = (tx.new_id::<CallId>(), tx.now());
    let started_at = now - story.seconds * 1_000;
    store::insert_story(tx, id, story, started_at)?;
    let fate_of_starter = match story.cause {
        _ if story.seconds > 0 => Fate::Taken,
        Some(Cause::Declined) => Fate::Declined,
        Some(Cause::Cancelled) => Fate::Cancelled,
        _ => Fate::Unanswered,
    };
    let everybody = std::iter::once((story.starter, fate_of_starter)).chain(story.others.iter().copied());
    if let Some(room) = story.room {
        let event = CallEvent::CallStarted { call: id, actor: story.starter, video: story.video };
        tx.announce(LogId::Room(room), event.announcement()?)?;
    }
    let mut members = 0;
    for (member, fate) in everybody {
        let is_host = member == story.starter || story.room.is_none();
        let role = if is_host { CallRole::Host } else { CallRole::Speaker };
        store::put_person(tx, id, member, member != story.starter, true, role)?;
        if fate == Fate::Taken {
            members += 1;
            let stay = tx.new_id::<StayId>();
            store::begin_stay(tx, stay, id, member, started_at)?;
            if story.cause.is_some() {
                store::end_stay(tx, &parted(story, id, stay, member, now))?;
            }
        }
        if story.cause.is_some() {
            store::set_fate(tx, id, member, fate)?;
        }
    }
    let Some(cause) = story.cause else { return Ok(id) };
    store::end(tx, id, cause, now)?;
    let row = store::call(tx, id)?.found()?;
    let people = store::people(tx, id)?;
    for person in &people {
        tell_entry(tx, &row, person, &people)?;
    }
    if let Some(room) = story.room {
        let (actor, video, seconds) = (story.starter, story.video, story.seconds);
        let event = CallEvent::CallEnded { call: id, actor, video, cause, started_at, seconds, members };
        tx.announce(LogId::Room(room), event.announcement()?)?;
    }
    Ok(id)
}

fn parted(story: &CallStory, call: CallId, stay: StayId, member: MemberId, at: Millis) -> Parted {
    Parted {
        stay,
        call,
        member,
        at,
        parting: if member == story.starter { Parting::Left } else { Parting::Ended },
        lasted: story.seconds * 1_000,
        connected_ms: Some(420),
        route: "udp4",
        kbps_in: if story.video { 1_150 } else { 38 },
        kbps_out: if story.video { 1_420 } else { 41 },
        loss_permille: if story.quality == Some(3) { 2 } else { 46 },
        trouble: "",
        quality: story.quality,
    }
}

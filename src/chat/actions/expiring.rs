//! Messages whose time is over go, a handful in each transaction: who is told of a handful has all of it, and what is interrupted goes on.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::chat::events::{Event, ThreadTotal};
use crate::chat::jobs::{EXPIRE, Expire, expire_key};
use crate::chat::retention::{is_span, kept_days, over_until};
use crate::chat::store;
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::ids::{MessageId, RoomId};
use crate::jobs::{Enqueue, enqueue};
use crate::live::LogId;
use crate::settings::Settings;
use crate::storage::{Conn, Tx, hold_room};

/// Most messages that one transaction deletes.
const HANDFUL: i64 = 200;

/// Deletes the oldest messages of a room whose time is over, at most a handful, as the room and the community say now. Answers whether there
/// may be more.
///
/// # Errors
/// When the database refuses.
pub fn expire_handful(tx: &mut Tx<'_>, room: RoomId) -> Result<bool> {
    hold_room(tx, room)?;
    let (community, now) = (Settings::load(tx)?.keep_messages_days, tx.now());
    let Some(row) = store::room(tx, room)? else { return Ok(false) };
    let Some(days) = kept_days(&row, community) else { return Ok(false) };
    let aged = store::aged(tx, room, row.expired_seq, over_until(days, now), HANDFUL)?;
    let Some(through) = aged.last().map(|one| one.seq) else { return Ok(false) };
    let there = || aged.iter().filter(|one| one.deleted_at.is_none());
    let mut answers: BTreeMap<MessageId, i32> = BTreeMap::new();
    for root in there().filter_map(|one| one.thread) {
        *answers.entry(root).or_default() += 1;
    }
    let totals = answers.into_iter().map(|(id, gone)| Ok(ThreadTotal { id, total: store::count_thread(tx, id, -gone)? }));
    let threads = totals.collect::<Result<Vec<_>>>()?;
    let ids: Vec<MessageId> = there().map(|one| one.id).collect();
    store::bury_messages(tx, &ids, now)?;
    store::set_expired(tx, room, through)?;
    tx.announce(LogId::Room(room), Event::MessagesExpired { through, threads }.announcement(None)?)?;
    Ok(aged.len() as i64 == HANDFUL)
}

/// Rooms in which the time of a message is over.
///
/// # Errors
/// When the database cannot be read.
pub(in crate::chat) fn rooms_to_tidy(conn: &mut Conn, now: Millis) -> Result<Vec<RoomId>> {
    let community = Settings::load(conn)?.keep_messages_days;
    let mut found = Vec::new();
    for row in store::rooms_that_forget(conn, community > 0)? {
        let Some(days) = kept_days(&row, community) else { continue };
        if !store::aged(conn, row.id, row.expired_seq, over_until(days, now), 1)?.is_empty() {
            found.push(row.id);
        }
    }
    Ok(found)
}

/// What would go if the community kept the messages of its rooms for so many days.
#[derive(Clone, Copy, Debug, Serialize, utoipa::ToSchema)]
pub struct WouldGoEverywhere {
    /// For so many days; null: for ever.
    pub days: Option<u16>,
    /// Rooms in which messages would be deleted now.
    pub rooms: i64,
    /// How many of them.
    pub messages: i64,
    /// Of these, those that are pinned.
    pub pinned: i64,
    /// Rooms that have chosen for themselves and keep theirs as they do.
    pub own: i64,
}

/// What would go now of all rooms that keep their messages as the community does, if it kept them like this.
///
/// # Errors
/// `settings.keep_messages_days` for what is no span.
pub fn would_go_everywhere(conn: &mut Conn, days: u16, now: Millis) -> Result<WouldGoEverywhere> {
    if !is_span(i32::from(days)) {
        return Err(Error::invalid("days", "settings.keep_messages_days"));
    }
    let mut all =
        WouldGoEverywhere { days: (days > 0).then_some(days), rooms: 0, messages: 0, pinned: 0, own: store::count_own_spans(conn)? };
    for row in store::rooms_that_forget(conn, true)? {
        let Some(span) = kept_days(&row, days).filter(|_| row.keep_days.is_none()) else { continue };
        let (messages, pinned) = store::count_aged(conn, row.id, row.expired_seq, over_until(span, now))?;
        all.rooms += i64::from(messages > 0);
        all.messages += messages;
        all.pinned += pinned;
    }
    Ok(all)
}

/// Has a job delete what is over in a room, or in every room; one that waits already is as good.
///
/// # Errors
/// When the database refuses.
pub fn expire_soon(tx: &mut Tx<'_>, room: Option<RoomId>) -> Result<()> {
    let options = Enqueue { unique_key: Some(expire_key(room)), ..Enqueue::default() };
    enqueue(tx, EXPIRE, &Expire { room }, options).map(|_| ())
}

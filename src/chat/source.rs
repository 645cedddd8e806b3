//! The logs of chat read back: rows joined with the words as they are now, and what a client that missed something gets.

use std::collections::HashMap;

use super::actions::message_objects;
use super::events::{Event, EventNumber};
use super::model::{History, Message};
use super::policy::ReadRoom;
use super::store;
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::ids::{MemberId, MessageId, RoomId};
use crate::live::{CatchUp, Seq};
use crate::storage::{Conn, LogRow, head, room_heads_of, room_rows};

/// A client further behind than this loads the newest page instead.
const MOST_BEHIND: Seq = 500;

/// An event read back: its place, its time, its JSON.
pub type Rendered = (Seq, Millis, String);

/// Rows of a room's log as events, with the words as they are now.
///
/// # Errors
/// When the database cannot be read.
pub fn render_room_rows(conn: &mut Conn, room: RoomId, rows: Vec<LogRow>) -> Result<Vec<Rendered>> {
    let sent = EventNumber::MessageSent as i16;
    let edited = EventNumber::MessageEdited as i16;
    let subjects: Vec<MessageId> =
        rows.iter().filter(|row| row.kind == sent || row.kind == edited).filter_map(|row| row.subject.map(MessageId)).collect();
    let mut messages: HashMap<MessageId, Message> = HashMap::new();
    if !subjects.is_empty() {
        let found = store::messages_by_id(conn, &subjects)?;
        for message in message_objects(conn, found)? {
            messages.insert(message.body.id, message);
        }
    }
    let roots: Vec<MessageId> = messages.values().filter_map(|message| message.body.thread).collect();
    let totals: HashMap<MessageId, i32> =
        store::messages_by_id(conn, &roots)?.into_iter().map(|root| (root.id, root.thread_count)).collect();
    let mut rendered = Vec::with_capacity(rows.len());
    for row in rows {
        let event = if let Some(data) = row.data {
            data
        } else {
            let message = row.subject.and_then(|id| messages.get(&MessageId(id)));
            serde_json::to_string(&worded_event(conn, room, row.kind, row.actor, message, &totals)?)?
        };
        rendered.push((row.seq, row.at, event));
    }
    Ok(rendered)
}

fn worded_event(
    conn: &mut Conn,
    room: RoomId,
    kind: i16,
    actor: Option<MemberId>,
    message: Option<&Message>,
    totals: &HashMap<MessageId, i32>,
) -> Result<Event> {
    let lost = || Error::broken(format!("an event of room {room} has lost its subject"));
    let actor = actor.ok_or_else(lost)?;
    if kind == EventNumber::MessageSent as i16 {
        let mut body = message.ok_or_else(lost)?.body.clone();
        body.thread_total = body.thread.and_then(|root| totals.get(&root).copied());
        return Ok(Event::MessageSent(body));
    }
    if kind == EventNumber::MessageEdited as i16 {
        let body = &message.ok_or_else(lost)?.body;
        return Ok(Event::MessageEdited {
            id: body.id,
            actor,
            body: body.body.clone(),
            body_html: body.body_html.clone(),
            edited_at: body.edited_at,
            mentions: body.mentions.clone(),
        });
    }
    if kind == EventNumber::RoomChanged as i16 {
        let row = store::room(conn, room)?.ok_or_else(lost)?;
        let history = History::from_number(row.history)?;
        return Ok(Event::RoomChanged { actor, name: row.name, topic: row.topic, archived: row.archived_at.is_some(), history });
    }
    Err(lost())
}

/// Rows of a member's own log that chat wrote: they hold no words, so they stand as they were written.
#[must_use]
pub fn render_member_rows(row: &LogRow) -> Option<&str> {
    (row.kind >= EventNumber::RoomJoined as i16).then_some(row.data.as_deref()).flatten()
}

/// The rooms that a member hears, with their heads, in ascending id.
///
/// # Errors
/// When the database cannot be read.
pub fn standing_rooms(conn: &mut Conn, member: MemberId) -> Result<Vec<(RoomId, Seq)>> {
    let ids = store::room_ids_of(conn, member)?;
    let heads: HashMap<RoomId, Seq> = room_heads_of(conn, &ids)?.into_iter().map(|(room, head)| (room, head.seq)).collect();
    Ok(ids.into_iter().map(|room| (room, heads.get(&room).copied().unwrap_or(0))).collect())
}

/// What a member's client that stands at `after` in a room gets.
///
/// # Errors
/// When the database cannot be read.
pub fn catch_up(conn: &mut Conn, member: MemberId, room: RoomId, after: Seq) -> Result<CatchUp> {
    let Some(row) = store::room(conn, room)? else { return Ok(CatchUp::Gone) };
    let place = store::place(conn, room, member)?;
    let floor = match place {
        None => return Ok(CatchUp::Gone),
        Some(place) if row.history == History::SinceJoin.number() => place.joined_seq,
        // Whoever came back to a conversation hears nothing of what was said meanwhile, by no way.
        Some(place) if row.circle.is_some() && store::has_unheard(conn, room, member)? => place.joined_seq,
        Some(_) => 0,
    };
    let Some(head) = head(conn, crate::live::LogId::Room(room))? else { return Ok(CatchUp::Gone) };
    let too_far = head.seq.saturating_sub(after) > MOST_BEHIND || after > head.seq || after < head.first_seq - 1 || after < floor;
    Ok(if too_far { CatchUp::Reset { head: head.seq } } else { CatchUp::Replay { after, head: head.seq } })
}

/// At most `limit` events of a room above `after`, rendered.
///
/// # Errors
/// When the database cannot be read.
pub(super) fn events_after(conn: &mut Conn, may: &ReadRoom, after: Seq, limit: i64) -> Result<Vec<Rendered>> {
    let unheard = may.row().circle.is_some() && store::has_unheard(conn, may.room(), may.member())?;
    let floor = if unheard { may.joined().max(may.floor()) } else { may.floor() };
    let rows = room_rows(conn, may.room(), after.max(floor), limit)?;
    render_room_rows(conn, may.room(), rows)
}

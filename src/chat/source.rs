//! The logs of chat read back: rows joined with the words as they are now, and what a client that missed something gets.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::actions::{for_the_untold, message_objects, untold};
use super::events::{Event, EventNumber};
use super::model::{History, Mentions, Message, MessageBody, RoomRow};
use super::policy::ReadRoom;
use super::store;
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::ids::{MemberId, MessageId, RoomId};
use crate::live::{CatchUp, Instead, Seq};
use crate::social::pair;
use crate::storage::{Conn, LogRow, head, room_heads_of, room_rows};

/// An event read back.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// Its place.
    pub seq: Seq,
    /// Its time.
    pub at: Millis,
    /// Its JSON.
    pub event: String,
    /// What some members hear in its place.
    pub instead: Vec<Instead>,
}

/// Rows of a room's log as events, with the words as they are now. In a conversation in which one of the two was not to hear something,
/// each event is as the one sees it, and what the other does in its place. For one reader alone, what others hear is left out.
///
/// # Errors
/// When the database cannot be read.
pub fn render_room_rows(conn: &mut Conn, room: RoomId, rows: Vec<LogRow>, reader: Option<MemberId>) -> Result<Vec<Rendered>> {
    let two = store::room(conn, room)?.and_then(|row| row.two());
    let Some([one, other]) = two.filter(|_| !rows.is_empty()) else { return rendered_for(conn, room, rows, NOBODY, reader) };
    if !store::has_unheard(conn, room, one)? && !store::has_unheard(conn, room, other)? {
        return rendered_for(conn, room, rows, NOBODY, reader);
    }
    if let Some(reader) = reader {
        return rendered_for(conn, room, rows, reader, None);
    }
    let of_other = rendered_for(conn, room, rows.clone(), other, None)?;
    let mut of_one = rendered_for(conn, room, rows, one, None)?;
    for (mine, theirs) in of_one.iter_mut().zip(of_other).filter(|(mine, theirs)| mine.event != theirs.event) {
        mine.instead = vec![Instead { member: other, event: Arc::from(theirs.event) }];
    }
    Ok(of_one)
}

/// Kinds of event that hold the words of a message.
const WORDED: [i16; 2] = [EventNumber::MessageSent as i16, EventNumber::MessageEdited as i16];

/// Who has nothing hidden from them: nothing is, in rooms of many.
const NOBODY: MemberId = MemberId(0);

/// The same as one member sees them. What members hear instead, whom messages call without their hearing of it, is found for all, or `only`
/// for one.
fn rendered_for(conn: &mut Conn, room: RoomId, rows: Vec<LogRow>, reader: MemberId, only: Option<MemberId>) -> Result<Vec<Rendered>> {
    let about = EventNumber::MessageSent as i16..=EventNumber::ReactionRemoved as i16;
    let is_subject = |row: &&LogRow| if reader == NOBODY { WORDED.contains(&row.kind) } else { about.contains(&row.kind) };
    let subjects: Vec<MessageId> = rows.iter().filter(is_subject).filter_map(|row| row.subject.map(MessageId)).collect();
    let (mut messages, mut hidden): (HashMap<MessageId, Message>, HashMap<MessageId, Seq>) = (HashMap::new(), HashMap::new());
    let mut quietly = HashMap::new();
    if !subjects.is_empty() {
        let found = store::messages_by_id(conn, &subjects)?;
        if reader == NOBODY {
            quietly = untold(conn, &found, only)?;
        } else {
            hidden.extend(found.iter().filter_map(|row| Some((row.id, row.hidden_from(reader)?))));
        }
        for message in message_objects(conn, found, reader)? {
            messages.insert(message.body.id, message);
        }
    }
    let roots: Vec<MessageId> = messages.values().filter_map(|message| message.body.thread).collect();
    let roots = store::messages_by_id(conn, &roots)?;
    let totals: HashMap<MessageId, i32> =
        message_objects(conn, roots, reader)?.into_iter().map(|root| (root.body.id, root.body.thread_count)).collect();
    let is_hidden = |id: &MessageId, kind: i16, seq: Seq| match hidden.get(id) {
        Some(0) => true,
        Some(from) => kind == EventNumber::MessageEdited as i16 && seq >= *from,
        None => false,
    };
    let mut rendered = Vec::with_capacity(rows.len());
    for row in rows {
        let message = row.subject.map(MessageId).filter(|_| about.contains(&row.kind)).and_then(|id| messages.get(&id));
        let is_worded = WORDED.contains(&row.kind);
        let event = match row.data {
            _ if message.is_some_and(|message| is_hidden(&message.body.id, row.kind, row.seq)) => serde_json::to_string(&Event::Hidden)?,
            Some(_) if reader != NOBODY && row.kind == EventNumber::MessageDeleted as i16 => {
                serde_json::to_string(&deleted_event(row.actor, message, &totals).ok_or_else(|| lost(room))?)?
            }
            Some(data) => data,
            None => serde_json::to_string(&worded_event(conn, room, row.kind, row.actor, message, &totals)?)?,
        };
        let calling = message.filter(|_| is_worded).zip(row.actor);
        let instead = match calling.and_then(|(message, actor)| Some((message, actor, quietly.get(&message.body.id)?))) {
            Some((message, actor, members)) => {
                let with = |mentions| message_event(row.kind, actor, message, mentions, &totals);
                for_the_untold(&message.body.mentions, members, &with)?
            }
            None => Vec::new(),
        };
        rendered.push(Rendered { seq: row.seq, at: row.at, event, instead });
    }
    Ok(rendered)
}

fn lost(room: RoomId) -> Error {
    Error::broken(format!("an event of room {room} has lost its subject"))
}

/// That a message was deleted, with the count of its thread as its reader sees it.
fn deleted_event(actor: Option<MemberId>, message: Option<&Message>, totals: &HashMap<MessageId, i32>) -> Option<Event> {
    let body = &message?.body;
    let thread_total = body.thread.and_then(|root| totals.get(&root).copied());
    Some(Event::MessageDeleted { id: body.id, actor: actor?, thread: body.thread, thread_total })
}

/// The event about a message that holds its words, with these mentions.
fn message_event(kind: i16, actor: MemberId, message: &Message, mentions: Mentions, totals: &HashMap<MessageId, i32>) -> Event {
    let body = &message.body;
    if kind == EventNumber::MessageSent as i16 {
        let thread_total = body.thread.and_then(|root| totals.get(&root).copied());
        return Event::MessageSent(MessageBody { mentions, thread_total, ..body.clone() });
    }
    Event::MessageEdited {
        id: body.id,
        actor,
        body: body.body.clone(),
        body_html: body.body_html.clone(),
        edited_at: body.edited_at,
        mentions,
    }
}

fn worded_event(
    conn: &mut Conn,
    room: RoomId,
    kind: i16,
    actor: Option<MemberId>,
    message: Option<&Message>,
    totals: &HashMap<MessageId, i32>,
) -> Result<Event> {
    let lost = || lost(room);
    let actor = actor.ok_or_else(lost)?;
    if WORDED.contains(&kind) {
        let message = message.ok_or_else(lost)?;
        return Ok(message_event(kind, actor, message, message.body.mentions.clone(), totals));
    }
    if kind == EventNumber::RoomChanged as i16 {
        let row = store::room(conn, room)?.ok_or_else(lost)?;
        return Event::room_changed(&row, actor);
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

/// The conversation of two, if the first is in it: who shut the other out is not.
///
/// # Errors
/// When the database cannot be read.
pub fn conversation_of(conn: &mut Conn, member: MemberId, other: MemberId) -> Result<Option<RoomId>> {
    let Some(room) = store::room_of_circle(conn, &pair(member, other))? else { return Ok(None) };
    Ok(store::place(conn, room, member)?.map(|_| room))
}

/// The other of a conversation of two in which a member is.
///
/// # Errors
/// When the database cannot be read.
pub fn other_of(conn: &mut Conn, room: RoomId, member: MemberId) -> Result<Option<MemberId>> {
    Ok(store::room(conn, room)?.and_then(|row| row.other_than(member).filter(|_| row.two().is_some_and(|two| two.contains(&member)))))
}

/// What a room is called; nothing for a conversation.
///
/// # Errors
/// When the database cannot be read.
pub fn room_name(conn: &mut Conn, room: RoomId) -> Result<Option<String>> {
    Ok(store::room(conn, room)?.and_then(|row| row.name))
}

/// What rooms are called; conversations are missing.
///
/// # Errors
/// When the database cannot be read.
pub fn room_names(conn: &mut Conn, rooms: &[RoomId]) -> Result<HashMap<RoomId, String>> {
    store::room_names(conn, rooms)
}

/// Is a member in a room?
///
/// # Errors
/// When the database cannot be read.
pub fn is_in(conn: &mut Conn, room: RoomId, member: MemberId) -> Result<bool> {
    Ok(store::place(conn, room, member)?.is_some())
}

/// Rooms with voice that a member is in, with their names.
///
/// # Errors
/// When the database cannot be read.
pub fn voice_rooms(conn: &mut Conn, member: MemberId) -> Result<Vec<(RoomId, String)>> {
    Ok(store::voice_rooms(conn, member)?.into_iter().map(|(room, name)| (room, name.unwrap_or_default())).collect())
}

/// What a member's client that stands at `after` in a room gets.
///
/// # Errors
/// When the database cannot be read.
pub fn catch_up(conn: &mut Conn, member: MemberId, room: RoomId, after: Seq) -> Result<CatchUp> {
    let Some(floor) = heard_from(conn, member, room)? else { return Ok(CatchUp::Gone) };
    let Some(head) = head(conn, crate::live::LogId::Room(room))? else { return Ok(CatchUp::Gone) };
    Ok(CatchUp::from(after, (head.first_seq, head.seq), floor))
}

/// The place in the log of a room above which a member hears it live; `None` when they are not in it.
///
/// # Errors
/// When the database cannot be read.
pub fn heard_from(conn: &mut Conn, member: MemberId, room: RoomId) -> Result<Option<Seq>> {
    let (Some(row), Some(place)) = (store::room(conn, room)?, store::place(conn, room, member)?) else { return Ok(None) };
    // Whoever came back to a conversation hears nothing of what was said meanwhile, by no way.
    let is_floored = row.history == History::SinceJoin.number() || was_hidden_from(conn, &row, member)?;
    Ok(Some(if is_floored { place.joined_seq } else { 0 }))
}

/// Was anything hidden in a conversation of two from one of them?
fn was_hidden_from(conn: &mut Conn, row: &RoomRow, member: MemberId) -> Result<bool> {
    match row.other_than(member) {
        Some(other) => store::has_unheard(conn, row.id, other),
        None => Ok(false),
    }
}

/// At most `limit` events of a room above `after`, rendered.
///
/// # Errors
/// When the database cannot be read.
pub(super) fn events_after(conn: &mut Conn, may: &ReadRoom, after: Seq, limit: i64) -> Result<Vec<Rendered>> {
    let unheard = was_hidden_from(conn, may.row(), may.member())?;
    let floor = if unheard { may.joined().max(may.floor()) } else { may.floor() };
    let rows = room_rows(conn, may.room(), after.max(floor), limit)?;
    // Who is invited is a matter of those who are in the room, here as in its list of members.
    let is_in = store::place(conn, may.room(), may.member())?.is_some();
    let of_inside = |row: &LogRow| [EventNumber::MemberInvited as i16, EventNumber::MemberUninvited as i16].contains(&row.kind);
    let hidden: HashSet<Seq> = rows.iter().filter(|row| !is_in && of_inside(row)).map(|row| row.seq).collect();
    let mut events = render_room_rows(conn, may.room(), rows, Some(may.member()))?;
    for event in &mut events {
        if hidden.contains(&event.seq) {
            event.event = serde_json::to_string(&Event::Hidden)?;
        }
        if let Some(instead) = event.instead.iter().find(|instead| instead.member == may.member()) {
            event.event = instead.event.to_string();
        }
    }
    Ok(events)
}

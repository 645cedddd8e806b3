//! Rows into the objects of the wire.

use std::collections::{BTreeMap, HashMap};

use crate::chat::model::{
    History, Level, Mentions, Message, MessageBody, MessageRow, Mine, PlaceRow, Quote, Reaction, Room, RoomKind, RoomRole, RoomRow,
};
use crate::chat::{pace, store};
use crate::clock::Millis;
use crate::error::Result;
use crate::ids::{MemberId, MessageId, RoleId, RoomId};
use crate::live::Seq;
use crate::storage::{Conn, Head};
use crate::text;

/// A room as everyone sees it.
pub(in crate::chat) fn room_object(row: RoomRow) -> Result<Room> {
    let kind = RoomKind::from_number(row.kind)?;
    Ok(Room {
        id: row.id,
        kind,
        name: row.name,
        topic: row.topic,
        history: History::from_number(row.history)?,
        archived: row.archived_at.is_some(),
        voice: row.voice || kind.is_conversation(),
        slow_seconds: row.slow_seconds,
        keep_days: row.keep_days,
        expired_seq: row.expired_seq,
        created_by: row.created_by,
        created_at: row.created_at,
        member_count: row.member_count,
        mine: None,
    })
}

/// All rooms of a member, with what is unread.
pub(in crate::chat) fn rooms_of_mine(conn: &mut Conn, member: MemberId, now: Millis) -> Result<Vec<Room>> {
    let rows = store::rooms_of(conn, member)?;
    let ids: Vec<RoomId> = rows.iter().map(|(room, _)| room.id).collect();
    let heads: HashMap<RoomId, Head> = crate::storage::room_heads_of(conn, &ids)?.into_iter().collect();
    let marks: HashMap<RoomId, Seq> = store::read_seqs(conn, member)?.into_iter().collect();
    let said: HashMap<RoomId, Millis> = store::said_in(conn, member)?.into_iter().collect();
    let roles = store::roles_of(conn, member)?;
    let conversations: Vec<RoomId> =
        rows.iter().filter(|(room, _)| room.kind == RoomKind::Group.number()).map(|(room, _)| room.id).collect();
    let mut people: HashMap<RoomId, Vec<MemberId>> = rows.iter().filter_map(|(room, _)| Some((room.id, room.two()?.to_vec()))).collect();
    for (room, member) in store::members_in(conn, &conversations)? {
        people.entry(room).or_default().push(member);
    }
    let mut invited: HashMap<RoomId, Vec<MemberId>> = HashMap::new();
    for (room, member) in store::invited_into_all(conn, &conversations)? {
        invited.entry(room).or_default().push(member);
    }
    let mut rooms = Vec::with_capacity(rows.len());
    for (row, place) in rows {
        let head = heads.get(&row.id).copied().unwrap_or(Head { seq: 0, first_seq: 1 });
        let mark = marks.get(&row.id).copied().unwrap_or(place.joined_seq);
        let standing = Standing { place, head, mark, said_at: said.get(&row.id).copied(), now };
        let mut mine = mine(conn, &row, &standing, &roles, people.remove(&row.id))?;
        mine.invited = (row.kind == RoomKind::Group.number()).then(|| invited.remove(&row.id).unwrap_or_default());
        rooms.push(Room { mine: Some(mine), ..room_object(row)? });
    }
    Ok(rooms)
}

/// One room as this member sees it.
pub(in crate::chat) fn room_for(conn: &mut Conn, row: RoomRow, member: MemberId, now: Millis) -> Result<Room> {
    let Some(place) = store::place(conn, row.id, member)? else { return room_object(row) };
    let heads = crate::storage::room_heads_of(conn, &[row.id])?;
    let head = heads.first().map_or(Head { seq: 0, first_seq: 1 }, |(_, head)| *head);
    let mark = store::read_seq(conn, member, row.id, None)?.unwrap_or(place.joined_seq);
    let roles = store::roles_of(conn, member)?;
    let people = match row.two() {
        Some(two) => Some(two.to_vec()),
        None if row.kind >= RoomKind::Direct.number() => {
            Some(store::members_in(conn, &[row.id])?.into_iter().map(|(_, member)| member).collect())
        }
        None => None,
    };
    let said_at = store::said_at(conn, member, row.id)?;
    let mut mine = mine(conn, &row, &Standing { place, head, mark, said_at, now }, &roles, people)?;
    if row.kind == RoomKind::Group.number() {
        mine.invited = Some(store::invited_into_all(conn, &[row.id])?.into_iter().map(|(_, member)| member).collect());
    }
    Ok(Room { mine: Some(mine), ..room_object(row)? })
}

/// How far one member has come in one room.
struct Standing {
    place: PlaceRow,
    head: Head,
    mark: Seq,
    said_at: Option<Millis>,
    now: Millis,
}

fn mine(conn: &mut Conn, row: &RoomRow, standing: &Standing, roles: &[RoleId], members: Option<Vec<MemberId>>) -> Result<Mine> {
    let Standing { place, head, mark, said_at, now } = *standing;
    // What one may not read is not unread.
    let mark = if row.history == History::SinceJoin.number() { mark.max(place.joined_seq) } else { mark };
    let (unread, mentions) = if mark >= head.seq {
        (0, 0)
    } else {
        let unread = store::count_unread(conn, row.id, place.member, mark)?;
        let mentions = if unread == 0 { 0 } else { store::count_mentions(conn, row.id, place.member, roles, mark)? };
        (unread, mentions)
    };
    Ok(Mine {
        seq: head.seq,
        first_seq: head.first_seq,
        joined_seq: place.joined_seq,
        role: RoomRole::from_number(place.role)?,
        level: Level::from_number(place.level)?,
        read_seq: mark,
        unread,
        mentions,
        members,
        invited: None,
        last_at: store::last_sent_at(conn, row.id, place.member)?,
        said_at,
        wait_ms: pace::wait(row.slow_seconds, said_at, now),
    })
}

/// Messages of one room with their reactions and quotes, as `reader` sees them: words that were not for them are neither quoted nor counted.
/// Where history starts at joining, a quote is silent about what not everyone in the room has seen.
pub(in crate::chat) fn message_objects(conn: &mut Conn, rows: Vec<MessageRow>, reader: MemberId) -> Result<Vec<Message>> {
    let hidden = hidden_answers(conn, &rows, reader)?;
    let reacted: Vec<MessageId> = rows.iter().filter(|row| row.reactions > 0).map(|row| row.id).collect();
    let mut reactions: HashMap<MessageId, Vec<Reaction>> = HashMap::new();
    if !reacted.is_empty() {
        for (message, emoji, member) in store::reactions_of(conn, &reacted)? {
            let list = reactions.entry(message).or_default();
            match list.iter_mut().find(|reaction| reaction.emoji == emoji) {
                Some(reaction) => reaction.members.push(member),
                None => list.push(Reaction { emoji, members: vec![member] }),
            }
        }
    }
    let quoted: Vec<MessageId> = rows.iter().filter_map(|row| row.reply_to).collect();
    let mut quotes: HashMap<MessageId, Quote> = HashMap::new();
    if !quoted.is_empty() {
        for row in store::messages_by_id(conn, &quoted)?.into_iter().filter(|row| row.is_heard_by(reader)) {
            let floor = shared_floor(conn, row.room)?;
            quotes.insert(row.id, quote(&row.heard_by(reader), floor));
        }
    }
    let untold = untold(conn, &rows, Some(reader))?;
    let is_told = |id: MessageId, mentions: Mentions| if untold.contains_key(&id) { mentions.without(reader) } else { mentions };
    let objects = rows.into_iter().map(|row| {
        let row = row.heard_by(reader);
        let (id, deleted) = (row.id, row.deleted_at.is_some());
        let reply_to = row.reply_to.filter(|_| !deleted).and_then(|id| quotes.get(&id).cloned());
        Message {
            room: row.room,
            seq: row.seq,
            at: row.sent_at,
            body: MessageBody {
                id,
                author: row.author,
                client_key: row.client_key,
                body: (!deleted).then_some(row.body),
                body_html: (!deleted).then_some(row.body_html),
                edited_at: row.edited_at,
                deleted,
                reply_to,
                thread: row.thread,
                thread_count: row.thread_count - hidden.get(&id).copied().unwrap_or(0),
                pinned: row.pinned_at.is_some(),
                mentions: is_told(id, mentions_of(row.mentions.as_deref())),
                reactions: reactions.remove(&id).unwrap_or_default(),
                thread_total: None,
            },
        }
    });
    Ok(objects.collect())
}

/// How many answers in each of these messages' threads `reader` was not to hear; each is asked about in its own room.
fn hidden_answers(conn: &mut Conn, rows: &[MessageRow], reader: MemberId) -> Result<HashMap<MessageId, i32>> {
    let mut roots: BTreeMap<RoomId, Vec<MessageId>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.thread_count > 0) {
        roots.entry(row.room).or_default().push(row.id);
    }
    let mut hidden = HashMap::new();
    for (room, roots) in roots {
        if let Some(other) = store::room(conn, room)?.and_then(|row| row.other_than(reader)) {
            hidden.extend(store::hidden_answers(conn, other, &roots)?);
        }
    }
    Ok(hidden)
}

/// Whom these messages call without their hearing of it, or whether they so call `reader`.
pub(in crate::chat) fn untold(conn: &mut Conn, rows: &[MessageRow], reader: Option<MemberId>) -> Result<HashMap<MessageId, Vec<MemberId>>> {
    let calling: Vec<MessageId> = rows.iter().filter(|row| row.mentions.is_some() || row.heard.is_some()).map(|row| row.id).collect();
    let mut untold: HashMap<MessageId, Vec<MemberId>> = HashMap::new();
    if !calling.is_empty() {
        for (id, member) in store::untold_of(conn, &calling, reader)? {
            untold.entry(id).or_default().push(member);
        }
    }
    Ok(untold)
}

/// The place above which everyone in a room may see its messages.
pub(in crate::chat) fn shared_floor(conn: &mut Conn, room: RoomId) -> Result<Seq> {
    match store::room(conn, room)? {
        Some(row) if row.history == History::SinceJoin.number() => store::newest_join(conn, room),
        _ => Ok(0),
    }
}

/// The short form of a message that is answered; without words when it was deleted, or when not everyone in the room has seen it.
pub(in crate::chat) fn quote(row: &MessageRow, floor: Seq) -> Quote {
    let excerpt = (row.deleted_at.is_none() && row.seq > floor).then(|| text::excerpt(&row.body));
    Quote { id: row.id, seq: row.seq, author: row.author, excerpt }
}

pub(in crate::chat) fn mentions_of(stored: Option<&str>) -> Mentions {
    stored.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
}

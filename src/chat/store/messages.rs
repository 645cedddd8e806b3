//! Messages, reactions, mentions, pins.

use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;

use super::expiry::answered;
use super::{MENTION_MEMBER, MENTION_ROLE, MENTION_ROOM, MENTION_UNTOLD};
use crate::chat::model::{Mentions, MessageRow};
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::ids::{MemberId, MessageId, RoomId};
use crate::live::Seq;
use crate::social::HeardWords;
use crate::storage::schema::{mentions, messages, reactions};
use crate::storage::{Conn, Tx, either, kept, on_conflict};

/// What a new message's row holds.
pub(in crate::chat) struct NewMessageRow<'a> {
    pub id: MessageId,
    pub room: RoomId,
    pub seq: Seq,
    pub author: MemberId,
    pub client_key: &'a str,
    pub body_hash: &'a [u8],
    pub body: &'a str,
    pub body_html: &'a str,
    pub renderer: i16,
    pub reply_to: Option<MessageId>,
    pub thread: Option<MessageId>,
    pub mentions: Option<String>,
    pub at: Millis,
    /// For one that is for its author's eyes alone: see [`hides_from`].
    pub hides_from: Option<Seq>,
}

/// The name of the kept INSERT into `messages`.
enum InsertMessage {}

pub(in crate::chat) fn insert_message(tx: &mut Tx<'_>, row: &NewMessageRow<'_>) -> Result<()> {
    let insert = diesel::insert_into(messages::table).values((
        messages::id.eq(row.id.0),
        messages::room.eq(row.room.0),
        messages::seq.eq(row.seq),
        messages::author.eq(row.author.0),
        messages::client_key.eq(row.client_key),
        messages::body_hash.eq(row.body_hash),
        messages::body.eq(row.body),
        messages::body_html.eq(row.body_html),
        messages::renderer.eq(row.renderer),
        messages::reply_to.eq(row.reply_to.map(|id| id.0)),
        messages::thread.eq(row.thread.map(|id| id.0)),
        messages::thread_count.eq(0),
        messages::mentions.eq(row.mentions.as_deref()),
        messages::reactions.eq(0),
        messages::sent_at.eq(row.at),
        messages::unheard.eq(row.hides_from.is_some()),
        messages::hides_from.eq(row.hides_from),
    ));
    either!(&mut **tx, c => kept::<InsertMessage, _>(insert).execute(c))?;
    Ok(())
}

/// What was sent under a key: id, room, place, time, hash of the body.
type SentRow = (MessageId, RoomId, Seq, Millis, Vec<u8>);

/// What was sent before under this key.
pub(in crate::chat) fn sent_before(conn: &mut Conn, author: MemberId, client_key: &str) -> Result<Option<SentRow>> {
    let sent = messages::table.filter(messages::author.eq(author.0)).filter(messages::client_key.eq(client_key)).select((
        messages::id,
        messages::room,
        messages::seq,
        messages::sent_at,
        messages::body_hash,
    ));
    Ok(either!(conn, c => sent.first(c)).optional()?)
}

pub(in crate::chat) fn message(conn: &mut Conn, id: MessageId) -> Result<Option<MessageRow>> {
    Ok(messages::table.find(id.0).select(MessageRow::as_select()).first(conn).optional()?)
}

pub(in crate::chat) fn messages_by_id(conn: &mut Conn, ids: &[MessageId]) -> Result<Vec<MessageRow>> {
    let raw: Vec<i64> = ids.iter().map(|id| id.0).collect();
    Ok(messages::table.filter(messages::id.eq_any(raw)).select(MessageRow::as_select()).load(conn)?)
}

/// The words of a message after an edit.
pub(in crate::chat) struct NewWords<'a> {
    pub body: &'a str,
    pub body_html: &'a str,
    pub renderer: i16,
    pub mentions: Option<String>,
    pub at: Millis,
}

pub(in crate::chat) fn update_body(tx: &mut Tx<'_>, id: MessageId, words: &NewWords<'_>) -> Result<()> {
    diesel::update(messages::table.find(id.0).filter(messages::deleted_at.is_null()))
        .set((
            messages::body.eq(words.body),
            messages::body_html.eq(words.body_html),
            messages::renderer.eq(words.renderer),
            messages::mentions.eq(words.mentions.as_deref()),
            messages::edited_at.eq(words.at),
            messages::heard.eq(None::<String>),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// What the other of the conversation goes on hearing of a message whose words were changed.
pub(in crate::chat) fn keep_heard(tx: &mut Tx<'_>, id: MessageId, heard: &HeardWords) -> Result<()> {
    let heard = serde_json::to_string(heard)?;
    diesel::update(messages::table.find(id.0)).set(messages::heard.eq(heard)).execute(&mut **tx)?;
    Ok(())
}

/// Leaves a tombstone: the key and the place stay, the words go.
pub(in crate::chat) fn bury_message(tx: &mut Tx<'_>, id: MessageId, at: Millis) -> Result<()> {
    diesel::update(messages::table.find(id.0))
        .set((
            messages::body.eq(""),
            messages::body_html.eq(""),
            messages::mentions.eq(None::<String>),
            messages::heard.eq(None::<String>),
            messages::reactions.eq(0),
            messages::pinned_at.eq(None::<i64>),
            messages::deleted_at.eq(at),
        ))
        .execute(&mut **tx)?;
    diesel::delete(reactions::table.filter(reactions::message.eq(id.0))).execute(&mut **tx)?;
    delete_mentions(tx, id)
}

/// Changes how many answers a thread has, and says how many it has now.
pub(in crate::chat) fn count_thread(tx: &mut Tx<'_>, root: MessageId, by: i32) -> Result<i32> {
    Ok(diesel::update(messages::table.find(root.0))
        .set(messages::thread_count.eq(messages::thread_count + by))
        .returning(messages::thread_count)
        .get_result(&mut **tx)?)
}

pub(in crate::chat) fn set_pinned(tx: &mut Tx<'_>, id: MessageId, at: Option<Millis>) -> Result<()> {
    diesel::update(messages::table.find(id.0)).set(messages::pinned_at.eq(at)).execute(&mut **tx)?;
    Ok(())
}

/// Which messages of a room, by place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::chat) enum Window {
    /// The newest.
    Newest,
    /// Those before a place.
    Before(Seq),
    /// Those after a place.
    After(Seq),
}

/// Whose eyes look at a room, and from where on.
#[derive(Clone, Copy, Debug)]
pub(in crate::chat) struct Eyes {
    pub room: RoomId,
    pub member: MemberId,
    /// What is at or below this place is not theirs to see.
    pub floor: Seq,
    /// Up to this place messages are gone, since their time was over.
    pub expired: Seq,
}

/// At most `limit` messages above `floor`, newest first. With `thread` the thread's answers, otherwise the main timeline. Of what is gone
/// since its time was over only the beginnings of threads are in it that go on.
pub(in crate::chat) fn page(conn: &mut Conn, eyes: Eyes, thread: Option<MessageId>, window: Window, limit: i64) -> Result<Vec<MessageRow>> {
    let lasting = Eyes { floor: eyes.floor.max(eyes.expired), ..eyes };
    let has_roots = thread.is_none() && eyes.expired > eyes.floor;
    let left = |rows: &[MessageRow]| limit - rows.len() as i64;
    if let (true, Window::After(_)) = (has_roots, window) {
        let roots = answered(conn, eyes, window, limit)?;
        let mut rows = if left(&roots) > 0 { lasting_page(conn, lasting, None, window, left(&roots))? } else { Vec::new() };
        rows.extend(roots);
        return Ok(rows);
    }
    let mut rows = lasting_page(conn, lasting, thread, window, limit)?;
    if has_roots && left(&rows) > 0 {
        rows.extend(answered(conn, eyes, window, left(&rows))?);
    }
    Ok(rows)
}

/// The same of what is not gone. What was not for these eyes is leapt over, however much of it there is.
fn lasting_page(conn: &mut Conn, eyes: Eyes, thread: Option<MessageId>, window: Window, limit: i64) -> Result<Vec<MessageRow>> {
    let (mut rows, mut next) = (Vec::new(), Some(window));
    while let Some(window) = next {
        let piece = piece(conn, eyes, thread, window, limit - rows.len() as i64)?;
        let hidden = piece.iter().position(|row| !row.is_heard_by(eyes.member));
        next = match hidden.map(|n| &piece[n]) {
            Some(row) if matches!(window, Window::After(_)) => Some(Window::After(hides_to(conn, row.room, row.author, row.hides_from)?)),
            Some(row) => Some(Window::Before(row.hides_from.unwrap_or(row.seq))),
            None => None,
        };
        let heard = hidden.unwrap_or(piece.len());
        rows.extend(piece.into_iter().take(heard));
    }
    if matches!(window, Window::After(_)) {
        rows.reverse();
    }
    Ok(rows)
}

/// At most `limit` messages from the edge of a window on, and among them those that are not for these eyes.
fn piece(conn: &mut Conn, eyes: Eyes, thread: Option<MessageId>, window: Window, limit: i64) -> Result<Vec<MessageRow>> {
    let mut query = messages::table
        .filter(messages::room.eq(eyes.room.0))
        .filter(messages::seq.gt(eyes.floor))
        .limit(limit)
        .select(MessageRow::as_select())
        .into_boxed();
    query = match thread {
        Some(root) => query.filter(messages::thread.eq(root.0)),
        // Answers that are hidden come too: they are leapt over like the rest of their row.
        None => query.filter(messages::thread.is_null().or(messages::unheard.and(messages::author.ne(eyes.member.0)))),
    };
    Ok(match window {
        Window::Newest => query.order(messages::seq.desc()).load(conn)?,
        Window::Before(seq) => query.filter(messages::seq.lt(seq)).order(messages::seq.desc()).load(conn)?,
        Window::After(seq) => query.filter(messages::seq.gt(seq)).order(messages::seq.asc()).load(conn)?,
    })
}

/// Where the unbroken row of an author's hidden messages begins to which one at this place belongs: behind the last message in the room that
/// is not one of them.
pub(in crate::chat) fn hides_from(conn: &mut Conn, room: RoomId, author: MemberId, seq: Seq) -> Result<Seq> {
    let before = messages::table
        .filter(messages::room.eq(room.0))
        .filter(messages::seq.lt(seq))
        .order(messages::seq.desc())
        .select((messages::seq, messages::author, messages::hides_from))
        .first::<(Seq, i64, Option<Seq>)>(conn)
        .optional()?;
    Ok(match before {
        Some((_, by, Some(from))) if by == author.0 => from,
        Some((seq, ..)) => seq + 1,
        None => 1,
    })
}

/// The last place of the row of an author's hidden messages that begins here.
pub(in crate::chat) fn hides_to(conn: &mut Conn, room: RoomId, author: MemberId, from: Option<Seq>) -> Result<Seq> {
    let row = messages::table
        .filter(messages::room.eq(room.0))
        .filter(messages::author.eq(author.0))
        .filter(diesel::dsl::sql::<diesel::sql_types::Bool>("unheard"))
        .filter(messages::hides_from.eq(from));
    let last = row.order(messages::seq.desc()).select(messages::seq).first(conn).optional()?;
    last.ok_or_else(|| Error::broken(format!("hidden messages of room {room} have lost their beginning")))
}

/// The place of the first message at or after a time.
pub(in crate::chat) fn seq_at(conn: &mut Conn, room: RoomId, at: Millis) -> Result<Option<Seq>> {
    Ok(messages::table
        .filter(messages::room.eq(room.0))
        .filter(messages::sent_at.ge(at))
        .order(messages::seq)
        .select(messages::seq)
        .first(conn)
        .optional()?)
}

pub(in crate::chat) fn pinned(conn: &mut Conn, eyes: Eyes) -> Result<Vec<MessageRow>> {
    Ok(messages::table
        .filter(messages::room.eq(eyes.room.0))
        .filter(messages::seq.gt(eyes.floor))
        .filter(messages::unheard.eq(false).or(messages::author.eq(eyes.member.0)))
        .filter(messages::pinned_at.is_not_null())
        .order(messages::pinned_at.desc())
        .limit(200)
        .select(MessageRow::as_select())
        .load(conn)?)
}

/// When the newest message was sent that this member may know of.
pub(in crate::chat) fn last_sent_at(conn: &mut Conn, room: RoomId, member: MemberId) -> Result<Option<Millis>> {
    let mut below = Seq::MAX;
    loop {
        let newest = messages::table
            .filter(messages::room.eq(room.0))
            .filter(messages::seq.lt(below))
            .order(messages::seq.desc())
            .select((messages::sent_at, messages::author, messages::hides_from))
            .first::<(Millis, i64, Option<Seq>)>(conn)
            .optional()?;
        match newest {
            Some((_, author, Some(from))) if author != member.0 => below = from,
            newest => return Ok(newest.map(|(at, ..)| at)),
        }
    }
}

/// Was anything said in the room by this author, or changed, that the other of the two was not to hear? However much it was, it takes two
/// keys to know.
pub(in crate::chat) fn has_unheard(conn: &mut Conn, room: RoomId, author: MemberId) -> Result<bool> {
    // The conditions are those of the indices, word for word; so is the order, without which a table of little else is read from its start.
    let of_author = |condition: &str| {
        let hidden = messages::table.filter(messages::room.eq(room.0)).filter(messages::author.eq(author.0));
        hidden.filter(diesel::dsl::sql::<diesel::sql_types::Bool>(condition)).select(messages::id)
    };
    let sent = of_author("unheard").order((messages::hides_from, messages::seq)).first::<i64>(conn).optional()?;
    Ok(sent.is_some() || of_author("heard IS NOT NULL").first::<i64>(conn).optional()?.is_some())
}

/// Whom these messages call without their hearing of it, or which of them so call `reader`.
pub(in crate::chat) fn untold_of(conn: &mut Conn, ids: &[MessageId], reader: Option<MemberId>) -> Result<Vec<(MessageId, MemberId)>> {
    let raw: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let mut query = mentions::table
        .filter(mentions::message.eq_any(raw))
        .filter(mentions::target_kind.eq(MENTION_UNTOLD))
        .order((mentions::message, mentions::target))
        .select((mentions::message, mentions::target))
        .into_boxed();
    if let Some(reader) = reader {
        query = query.filter(mentions::target.eq(reader.0));
    }
    let rows = query.load::<(i64, i64)>(conn)?;
    Ok(rows.into_iter().map(|(message, member)| (MessageId(message), MemberId(member))).collect())
}

/// How many answers by this author each of these threads has that the other of the two was not to hear; most have none.
pub(in crate::chat) fn hidden_answers(conn: &mut Conn, author: MemberId, roots: &[MessageId]) -> Result<HashMap<MessageId, i32>> {
    let raw: Vec<i64> = roots.iter().map(|id| id.0).collect();
    let counts = messages::table
        .filter(messages::thread.eq_any(raw))
        .filter(messages::author.eq(author.0))
        // The conditions are those of the index.
        .filter(diesel::dsl::sql::<diesel::sql_types::Bool>("unheard"))
        .filter(messages::deleted_at.is_null())
        .group_by(messages::thread)
        .select((messages::thread, diesel::dsl::count_star()))
        .load::<(Option<i64>, i64)>(conn)?;
    let known = |(root, count): (Option<i64>, i64)| Some((MessageId(root?), i32::try_from(count).unwrap_or(i32::MAX)));
    Ok(counts.into_iter().filter_map(known).collect())
}

/// Is there a message in the room that this member wrote or was to hear?
pub(in crate::chat) fn has_words(conn: &mut Conn, room: RoomId, member: MemberId) -> Result<bool> {
    Ok(last_sent_at(conn, room, member)?.is_some())
}

/// The reactions of these messages: message, emoji, member, in order of time.
pub(in crate::chat) fn reactions_of(conn: &mut Conn, ids: &[MessageId]) -> Result<Vec<(MessageId, String, MemberId)>> {
    let raw: Vec<i64> = ids.iter().map(|id| id.0).collect();
    Ok(reactions::table
        .filter(reactions::message.eq_any(raw))
        .order((reactions::message, reactions::place, reactions::member))
        .select((reactions::message, reactions::emoji, reactions::member))
        .load(conn)?)
}

/// How many different emoji a message has, and whether this one is among them.
pub(in crate::chat) fn emoji_of(conn: &mut Conn, id: MessageId) -> Result<Vec<String>> {
    Ok(reactions::table.filter(reactions::message.eq(id.0)).select(reactions::emoji).distinct().load(conn)?)
}

pub(in crate::chat) fn insert_reaction(tx: &mut Tx<'_>, id: MessageId, emoji: &str, member: MemberId, place: i64) -> Result<bool> {
    let inserted = diesel::insert_into(reactions::table)
        .values(on_conflict(
            (reactions::message.eq(id.0), reactions::emoji.eq(emoji), reactions::member.eq(member.0), reactions::place.eq(place)),
            "ON CONFLICT DO NOTHING",
        ))
        .execute(&mut **tx)?;
    count_reactions(tx, id, i32::try_from(inserted).unwrap_or(0))?;
    Ok(inserted > 0)
}

pub(in crate::chat) fn delete_reaction(tx: &mut Tx<'_>, id: MessageId, emoji: &str, member: MemberId) -> Result<bool> {
    let deleted = diesel::delete(reactions::table.find((id.0, emoji, member.0))).execute(&mut **tx)?;
    count_reactions(tx, id, -i32::try_from(deleted).unwrap_or(0))?;
    Ok(deleted > 0)
}

fn count_reactions(tx: &mut Tx<'_>, id: MessageId, by: i32) -> Result<()> {
    if by != 0 {
        diesel::update(messages::table.find(id.0)).set(messages::reactions.eq(messages::reactions + by)).execute(&mut **tx)?;
    }
    Ok(())
}

pub(in crate::chat) fn delete_mentions(tx: &mut Tx<'_>, message: MessageId) -> Result<()> {
    diesel::delete(mentions::table.filter(mentions::message.eq(message.0))).execute(&mut **tx)?;
    Ok(())
}

/// Mentions that are stored with one statement.
const MENTIONS_AT_ONCE: usize = 500;

/// Stores whom a message calls, and who hears nothing of it.
pub(in crate::chat) fn insert_mentions(
    tx: &mut Tx<'_>,
    room: RoomId,
    (message, seq): (MessageId, Seq),
    all: &Mentions,
    untold: &[MemberId],
) -> Result<()> {
    let untold: BTreeSet<i64> = untold.iter().map(|id| id.0).collect();
    // Who is named and here besides is mentioned once.
    let members: BTreeSet<i64> = all.members.iter().chain(&all.here).map(|id| id.0).filter(|id| !untold.contains(id)).collect();
    let members = members.into_iter().map(|id| (MENTION_MEMBER, id));
    let roles = all.roles.iter().map(|id| (MENTION_ROLE, id.0));
    let everyone = all.room.then_some((MENTION_ROOM, 0));
    let untold = untold.into_iter().map(|id| (MENTION_UNTOLD, id));
    // Numbers alone: the two databases have no insert of many rows with parameters in common.
    let row = |(kind, target): (i16, i64)| format!("({},{seq},{kind},{target},{})", room.0, message.0);
    let rows: Vec<String> = members.chain(roles).chain(everyone).chain(untold).map(row).collect();
    for some in rows.chunks(MENTIONS_AT_ONCE) {
        let rows = some.join(",");
        diesel::sql_query(format!("INSERT INTO mentions (room, seq, target_kind, target, message) VALUES {rows}")).execute(&mut **tx)?;
    }
    Ok(())
}

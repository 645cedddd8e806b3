//! Messages whose time is over, in bounded handfuls.

use diesel::prelude::*;

use super::messages::{Eyes, Window};
use crate::chat::model::{MessageRow, RoomKind, RoomRow};
use crate::clock::Millis;
use crate::error::Result;
use crate::ids::{MessageId, RoomId};
use crate::live::Seq;
use crate::storage::schema::{mentions, messages, reactions, rooms};
use crate::storage::{Conn, Tx};

/// A message that is looked at for its age.
#[derive(Clone, Copy, Debug, Queryable)]
pub(in crate::chat) struct Aged {
    pub id: MessageId,
    pub seq: Seq,
    pub thread: Option<MessageId>,
    pub sent_at: Millis,
    pub deleted_at: Option<Millis>,
}

/// At most `limit` messages of a room above `after` that were sent at `until` or before, oldest first. In a room's log time never goes back,
/// so the first one that is younger ends them.
pub(in crate::chat) fn aged(conn: &mut Conn, room: RoomId, after: Seq, until: Millis, limit: i64) -> Result<Vec<Aged>> {
    let oldest = messages::table
        .filter(messages::room.eq(room.0))
        .filter(messages::seq.gt(after))
        .order(messages::seq)
        .limit(limit)
        .select((messages::id, messages::seq, messages::thread, messages::sent_at, messages::deleted_at))
        .load::<Aged>(conn)?;
    Ok(oldest.into_iter().take_while(|one| one.sent_at <= until).collect())
}

/// How many messages of a room would go with those sent at `until` or before, and how many of them are pinned.
pub(in crate::chat) fn count_aged(conn: &mut Conn, room: RoomId, after: Seq, until: Millis) -> Result<(i64, i64)> {
    let there = || {
        let of_room = messages::table.filter(messages::room.eq(room.0)).filter(messages::seq.gt(after));
        of_room.filter(messages::sent_at.le(until)).filter(messages::deleted_at.is_null())
    };
    let all = there().count().get_result(conn)?;
    Ok((all, there().filter(messages::pinned_at.is_not_null()).count().get_result(conn)?))
}

/// Leaves tombstones, as one by one: keys and places stay; words, reactions, pins and mentions go.
pub(in crate::chat) fn bury_messages(tx: &mut Tx<'_>, ids: &[MessageId], at: Millis) -> Result<()> {
    let raw: Vec<i64> = ids.iter().map(|id| id.0).collect();
    diesel::update(messages::table.filter(messages::id.eq_any(raw.clone())))
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
    diesel::delete(reactions::table.filter(reactions::message.eq_any(raw.clone()))).execute(&mut **tx)?;
    diesel::delete(mentions::table.filter(mentions::message.eq_any(raw))).execute(&mut **tx)?;
    Ok(())
}

/// Up to this place the messages of a room are gone.
pub(in crate::chat) fn set_expired(tx: &mut Tx<'_>, room: RoomId, through: Seq) -> Result<()> {
    diesel::update(rooms::table.find(room.0)).set(rooms::expired_seq.eq(through)).execute(&mut **tx)?;
    Ok(())
}

/// `rooms.kind` of what is no conversation.
const FORGETFUL: [i16; 3] = [RoomKind::Public.number(), RoomKind::Announcement.number(), RoomKind::Private.number()];

/// Rooms that are no conversations and may not keep their messages for ever.
pub(in crate::chat) fn rooms_that_forget(conn: &mut Conn, community_forgets: bool) -> Result<Vec<RoomRow>> {
    let mut query = rooms::table.filter(rooms::kind.eq_any(FORGETFUL)).order(rooms::id).select(RoomRow::as_select()).into_boxed();
    query = if community_forgets {
        query.filter(rooms::keep_days.is_null().or(rooms::keep_days.gt(0)))
    } else {
        query.filter(rooms::keep_days.gt(0))
    };
    Ok(query.load(conn)?)
}

/// Rooms that are no conversations and have chosen by themselves.
pub(in crate::chat) fn count_own_spans(conn: &mut Conn) -> Result<i64> {
    Ok(rooms::table.filter(rooms::kind.eq_any(FORGETFUL)).filter(rooms::keep_days.is_not_null()).count().get_result(conn)?)
}

/// Of what is gone from a timeline, the beginnings of threads that go on: at most `limit` of them in this window, newest first.
pub(super) fn answered(conn: &mut Conn, eyes: Eyes, window: Window, limit: i64) -> Result<Vec<MessageRow>> {
    let query = messages::table
        .filter(messages::room.eq(eyes.room.0))
        .filter(messages::seq.gt(eyes.floor))
        .filter(messages::seq.le(eyes.expired))
        .filter(messages::thread.is_null())
        // The condition is that of the index, word for word.
        .filter(diesel::dsl::sql::<diesel::sql_types::Bool>("thread_count > 0"))
        .limit(limit)
        .select(MessageRow::as_select())
        .into_boxed();
    Ok(match window {
        Window::Newest => query.order(messages::seq.desc()).load(conn)?,
        Window::Before(seq) => query.filter(messages::seq.lt(seq)).order(messages::seq.desc()).load(conn)?,
        Window::After(seq) => {
            let mut rows: Vec<MessageRow> = query.filter(messages::seq.gt(seq)).order(messages::seq.asc()).load(conn)?;
            rows.reverse();
            rows
        }
    })
}

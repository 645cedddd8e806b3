//! Rows of `requests`, and what is shown of the rooms that wait in them.

use std::collections::HashMap;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};

use crate::clock::Millis;
use crate::error::Result;
use crate::ids::{MemberId, MessageId, RequestId, RoomId};
use crate::live::Seq;
use crate::social::model::{HeardWords, Outcome, RequestKind, RequestRow};
use crate::storage::schema::{requests, rooms};
use crate::storage::{Conn, Tx};

/// Most messages of a waiting conversation that are counted.
const WAITING: i64 = 100;
/// Most requests of an inbox that are counted; pages say "99+" long before.
const MOST_COUNTED: i64 = 1_000;

/// The newest request of this kind from one to another, about this room if about any.
pub fn newest(conn: &mut Conn, sender: MemberId, member: MemberId, kind: RequestKind, room: Option<RoomId>) -> Result<Option<RequestRow>> {
    let mut query = requests::table
        .filter(requests::sender.eq(sender.0))
        .filter(requests::member.eq(member.0))
        .filter(requests::kind.eq(kind.number()))
        .order(requests::id.desc())
        .limit(1)
        .into_boxed();
    if let Some(room) = room {
        query = query.filter(requests::room.eq(room.0));
    }
    Ok(query.first(conn).optional()?)
}

/// Stores a request, which may have ended as it began.
pub fn insert(tx: &mut Tx<'_>, row: &RequestRow) -> Result<()> {
    diesel::insert_into(requests::table)
        .values((
            requests::id.eq(row.id.0),
            requests::member.eq(row.member.0),
            requests::sender.eq(row.sender.0),
            requests::kind.eq(row.kind),
            requests::room.eq(row.room.map(|id| id.0)),
            requests::at.eq(row.at),
            requests::ended_at.eq(row.ended_at),
            requests::outcome.eq(row.outcome),
            requests::counts.eq(row.counts),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Ends a request; `false` when it had ended before. Check and end are one statement: it ends once.
pub fn end(tx: &mut Tx<'_>, id: RequestId, outcome: Outcome) -> Result<bool> {
    let now = tx.now();
    let ended = diesel::update(requests::table.find(id.0).filter(requests::ended_at.is_null()))
        .set((requests::ended_at.eq(Some(now)), requests::outcome.eq(Some(outcome.number()))))
        .execute(&mut **tx)?;
    Ok(ended == 1)
}

/// A request was answered with a yes that its sender is to see.
pub fn say_yes(tx: &mut Tx<'_>, id: RequestId) -> Result<()> {
    diesel::update(requests::table.find(id.0)).set(requests::yes_unseen.eq(true)).execute(&mut **tx)?;
    Ok(())
}

/// Of whom a member has yeses that they have not seen, and to what; whoever said yes to more than one thing stands there with the most last.
pub fn yeses(conn: &mut Conn, sender: MemberId, of: Option<MemberId>, limit: i64) -> Result<Vec<(MemberId, RequestKind)>> {
    let mut query = requests::table
        .filter(requests::sender.eq(sender.0))
        .filter(sql::<Bool>("yes_unseen"))
        .order((requests::kind, requests::id))
        .limit(limit)
        .select((requests::member, requests::kind))
        .into_boxed();
    if let Some(member) = of {
        query = query.filter(requests::member.eq(member.0));
    }
    let rows = query.load::<(i64, i16)>(conn)?;
    Ok(rows.into_iter().map(|(member, kind)| (MemberId(member), RequestKind::from_number(kind))).collect())
}

/// A member has seen the yeses of another.
pub fn see_yeses(tx: &mut Tx<'_>, sender: MemberId, member: MemberId) -> Result<()> {
    let unseen =
        requests::table.filter(requests::sender.eq(sender.0)).filter(requests::member.eq(member.0)).filter(sql::<Bool>("yes_unseen"));
    diesel::update(unseen).set(requests::yes_unseen.eq(false)).execute(&mut **tx)?;
    Ok(())
}

/// Nobody is told any more of what a member said yes to, or was told.
pub fn forget_yeses(tx: &mut Tx<'_>, member: MemberId) -> Result<()> {
    let of_member = requests::sender.eq(member.0).or(requests::member.eq(member.0));
    let unseen = requests::table.filter(of_member).filter(sql::<Bool>("yes_unseen"));
    diesel::update(unseen).set(requests::yes_unseen.eq(false)).execute(&mut **tx)?;
    Ok(())
}

/// Does it wait for an answer?
pub fn is_open(conn: &mut Conn, id: RequestId) -> Result<bool> {
    let open = requests::table.find(id.0).filter(requests::ended_at.is_null()).select(requests::id);
    Ok(open.first::<i64>(conn).optional()?.is_some())
}

/// Have one's words ever waited for another's yes in this conversation?
pub fn has_written_first(conn: &mut Conn, sender: MemberId, member: MemberId, room: RoomId) -> Result<bool> {
    Ok(newest(conn, sender, member, RequestKind::Message, Some(room))?.is_some())
}

/// Open requests from one to another.
pub fn open_between(conn: &mut Conn, sender: MemberId, member: MemberId) -> Result<Vec<RequestRow>> {
    Ok(requests::table
        .filter(requests::sender.eq(sender.0))
        .filter(requests::member.eq(member.0))
        .filter(requests::ended_at.is_null())
        .order(requests::id)
        .load(conn)?)
}

/// Open requests to come into a room, from anybody to a member.
pub fn open_invitations(conn: &mut Conn, room: RoomId, member: MemberId) -> Result<Vec<RequestRow>> {
    Ok(requests::table
        .filter(requests::member.eq(member.0))
        .filter(requests::ended_at.is_null())
        .filter(requests::kind.eq(RequestKind::Invite.number()))
        .filter(requests::room.eq(room.0))
        .order(requests::id)
        .load(conn)?)
}

/// Open requests from anybody to a member, or from a member to anybody.
pub fn open_about(conn: &mut Conn, member: MemberId) -> Result<Vec<RequestRow>> {
    Ok(requests::table
        .filter(requests::sender.eq(member.0).or(requests::member.eq(member.0)))
        .filter(requests::ended_at.is_null())
        .order(requests::id)
        .load(conn)?)
}

/// Open requests to a member behind `after`, oldest first.
pub fn open_to(conn: &mut Conn, member: MemberId, after: RequestId, limit: i64) -> Result<Vec<RequestRow>> {
    Ok(requests::table
        .filter(requests::member.eq(member.0))
        .filter(requests::ended_at.is_null())
        .filter(requests::id.gt(after.0))
        .order(requests::id)
        .limit(limit)
        .load(conn)?)
}

/// A member's inbox, newest first, before `before`.
pub fn inbox(conn: &mut Conn, member: MemberId, before: Option<RequestId>, limit: i64) -> Result<Vec<RequestRow>> {
    let mut query = requests::table
        .filter(requests::member.eq(member.0))
        .filter(requests::ended_at.is_null())
        .order(requests::id.desc())
        .limit(limit)
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(requests::id.lt(before.0));
    }
    Ok(query.load(conn)?)
}

/// How many wait in a member's inbox, at most [`MOST_COUNTED`].
pub fn count_open(conn: &mut Conn, member: MemberId) -> Result<i64> {
    let waiting = requests::table.filter(requests::member.eq(member.0)).filter(requests::ended_at.is_null());
    let ids = waiting.order(requests::id).limit(MOST_COUNTED).select(requests::id).load::<i64>(conn)?;
    Ok(i64::try_from(ids.len()).unwrap_or(MOST_COUNTED))
}

/// When a member made those of their invitations, or of their other requests, since that count, newest first, at most `limit`.
pub fn made_since(conn: &mut Conn, sender: MemberId, since: Millis, invites: bool, limit: i64) -> Result<Vec<Millis>> {
    Ok(requests::table
        .filter(requests::sender.eq(sender.0))
        .filter(requests::at.gt(since))
        .filter(requests::kind.eq(RequestKind::Invite.number()).eq(invites))
        .filter(sql::<Bool>("counts"))
        .order(requests::at.desc())
        .limit(limit)
        .select(requests::at)
        .load(conn)?)
}

/// When a member made those of their requests of any kind to one other since that count, newest first, at most `limit`.
pub fn made_to_since(conn: &mut Conn, sender: MemberId, member: MemberId, since: Millis, limit: i64) -> Result<Vec<Millis>> {
    Ok(requests::table
        .filter(requests::sender.eq(sender.0))
        .filter(requests::member.eq(member.0))
        .filter(requests::at.gt(since))
        .filter(sql::<Bool>("counts"))
        .order(requests::at.desc())
        .limit(limit)
        .select(requests::at)
        .load(conn)?)
}

/// What waits with requests in conversations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// How many messages, at most [`WAITING`].
    pub messages: usize,
    /// The newest of them.
    pub message: Option<MessageId>,
    /// Its words as the one who is asked may hear them, Markdown.
    pub newest: Option<String>,
}

#[derive(QueryableByName)]
struct WaitingRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = BigInt)]
    messages: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    newest: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    body: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    heard: Option<String>,
}

/// What waits with each of these requests, by one statement.
pub fn waiting(conn: &mut Conn, ids: &[RequestId]) -> Result<HashMap<RequestId, Waiting>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let (ids, most) = (ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(","), Seq::MAX);
    // Between the rows of hidden messages lie stretches of heard ones: only these are gone through. A CROSS JOIN keeps SQLite to this order.
    let heard =
        "m.room = s.room AND m.seq > s.above AND m.seq < s.below AND m.author = s.sender AND m.deleted_at IS NULL AND NOT m.unheard";
    let rows: Vec<WaitingRow> = diesel::sql_query(format!(
        "WITH RECURSIVE stretches(id, room, sender, below, above) AS ( \
         SELECT r.id, r.room, r.sender, {most}, COALESCE((SELECT h.seq FROM messages h WHERE h.room = r.room AND h.author = r.sender \
         AND h.unheard AND h.hides_from < {most} ORDER BY h.hides_from DESC, h.seq DESC LIMIT 1), 0) FROM requests r WHERE r.id IN ({ids}) \
         UNION ALL \
         SELECT s.id, s.room, s.sender, b.hides_from, COALESCE((SELECT h.seq FROM messages h WHERE h.room = s.room AND h.author = s.sender \
         AND h.unheard AND h.hides_from < b.hides_from ORDER BY h.hides_from DESC, h.seq DESC LIMIT 1), 0) \
         FROM stretches s CROSS JOIN messages b WHERE b.room = s.room AND b.seq = s.above AND s.above > 0) \
         SELECT w.id AS id, w.messages AS messages, w.newest AS newest, (SELECT n.body FROM messages n WHERE n.id = w.newest) AS body, \
         (SELECT n.heard FROM messages n WHERE n.id = w.newest) AS heard FROM (SELECT r.id AS id, \
         (SELECT COUNT(*) FROM (SELECT 1 FROM stretches s CROSS JOIN messages m WHERE {heard} AND s.id = r.id LIMIT {WAITING}) AS counted) AS messages, \
         (SELECT x.newest FROM (SELECT s.below AS below, (SELECT m.id FROM messages m WHERE {heard} ORDER BY m.seq DESC LIMIT 1) AS newest \
         FROM stretches s WHERE s.id = r.id) AS x WHERE x.newest IS NOT NULL ORDER BY x.below DESC LIMIT 1) AS newest \
         FROM requests r WHERE r.id IN ({ids})) AS w"
    ))
    .load(conn)?;
    let waiting = |row: WaitingRow| {
        let heard = row.heard.map(|json| HeardWords::read(&json).body);
        let messages = usize::try_from(row.messages).unwrap_or(0);
        (RequestId(row.id), Waiting { messages, message: row.newest.map(MessageId), newest: heard.or(row.body) })
    };
    Ok(rows.into_iter().map(waiting).collect())
}

/// Names of rooms; conversations have none.
pub fn room_names(conn: &mut Conn, ids: &[RoomId]) -> Result<HashMap<RoomId, String>> {
    let raw: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let rows = rooms::table.filter(rooms::id.eq_any(raw)).select((rooms::id, rooms::name)).load::<(i64, Option<String>)>(conn)?;
    Ok(rows.into_iter().filter_map(|(id, name)| Some((RoomId(id), name?))).collect())
}

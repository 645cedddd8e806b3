//! Read marks, and counting what is unread; nothing is written per member when a message is sent.

use diesel::dsl::{exists, not};
use diesel::prelude::*;

use crate::error::Result;
use crate::ids::{MemberId, MessageId, RoleId, RoomId};
use crate::live::Seq;
use crate::social;
use crate::storage::schema::{member_roles, mentions, messages, read_marks};
use crate::storage::{Conn, Tx, on_conflict};

/// Unread messages are counted up to this.
pub(in crate::chat) const COUNT_CAP: i64 = 1_000;
/// So many at once.
const COUNT_PIECE: i64 = 100;

/// Kinds of mention as stored.
pub(in crate::chat) const MENTION_MEMBER: i16 = 0;
pub(in crate::chat) const MENTION_ROLE: i16 = 1;
pub(in crate::chat) const MENTION_ROOM: i16 = 2;
/// Who is called, by name or among many, and hears nothing of it.
pub(in crate::chat) const MENTION_UNTOLD: i16 = 3;

pub(in crate::chat) fn read_seq(conn: &mut Conn, member: MemberId, room: RoomId, thread: Option<MessageId>) -> Result<Option<Seq>> {
    let thread = thread.map_or(0, |id| id.0);
    Ok(read_marks::table.find((member.0, room.0, thread)).select(read_marks::seq).first(conn).optional()?)
}

pub(in crate::chat) fn read_seqs(conn: &mut Conn, member: MemberId) -> Result<Vec<(RoomId, Seq)>> {
    let rows = read_marks::table
        .filter(read_marks::member.eq(member.0))
        .filter(read_marks::thread.eq(0))
        .select((read_marks::room, read_marks::seq))
        .load::<(i64, Seq)>(conn)?;
    Ok(rows.into_iter().map(|(room, seq)| (RoomId(room), seq)).collect())
}

pub(in crate::chat) fn forget_read_marks(tx: &mut Tx<'_>, member: MemberId, room: RoomId) -> Result<()> {
    diesel::delete(read_marks::table.filter(read_marks::member.eq(member.0)).filter(read_marks::room.eq(room.0))).execute(&mut **tx)?;
    Ok(())
}

pub(in crate::chat) fn set_read_mark(tx: &mut Tx<'_>, member: MemberId, room: RoomId, thread: Option<MessageId>, seq: Seq) -> Result<()> {
    diesel::insert_into(read_marks::table)
        .values(on_conflict(
            (
                read_marks::member.eq(member.0),
                read_marks::room.eq(room.0),
                read_marks::thread.eq(thread.map_or(0, |id| id.0)),
                read_marks::seq.eq(seq),
            ),
            "ON CONFLICT (member, room, thread) DO UPDATE SET seq = excluded.seq",
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Messages of others in the main timeline above `mark`, at most [`COUNT_CAP`]; those of whom the member blocks do not count.
pub(in crate::chat) fn count_unread(conn: &mut Conn, room: RoomId, member: MemberId, mark: Seq) -> Result<usize> {
    let (mut above, mut count) = (mark, 0);
    while count < COUNT_CAP {
        let asked = COUNT_PIECE.min(COUNT_CAP - count);
        let piece = messages::table
            .filter(messages::room.eq(room.0))
            .filter(messages::seq.gt(above))
            .filter(messages::author.ne(member.0))
            // What is hidden is leapt over, whatever has become of it.
            .filter(messages::deleted_at.is_null().and(messages::thread.is_null()).or(messages::unheard))
            .filter(social::unless_shut("messages.author", member, false))
            .order(messages::seq)
            .limit(asked)
            .select((messages::seq, messages::author, messages::hides_from))
            .load::<(Seq, i64, Option<Seq>)>(conn)?;
        let hidden = piece.iter().position(|(_, _, from)| from.is_some());
        count += hidden.unwrap_or(piece.len()) as i64;
        above = match (hidden.map(|n| piece[n]), piece.last()) {
            (Some((_, author, from)), _) => super::hides_to(conn, room, MemberId(author), from)?,
            (None, Some((last, ..))) if piece.len() as i64 == asked => *last,
            _ => break,
        };
    }
    Ok(usize::try_from(count).unwrap_or(0))
}

/// Of these, those that mention the member by name, by role or as everyone; whom they muted calls nobody, nor does who may not.
pub(in crate::chat) fn count_mentions(conn: &mut Conn, room: RoomId, member: MemberId, roles: &[RoleId], mark: Seq) -> Result<usize> {
    let roles: Vec<i64> = roles.iter().map(|id| id.0).collect();
    let untold = diesel::alias!(mentions as untold);
    let is_untold = untold
        .filter(untold.field(mentions::room).eq(mentions::room))
        .filter(untold.field(mentions::target_kind).eq(MENTION_UNTOLD))
        .filter(untold.field(mentions::target).eq(member.0))
        .filter(untold.field(mentions::seq).eq(mentions::seq))
        .select(untold.field(mentions::message));
    let query = mentions::table
        .inner_join(messages::table.on(messages::id.eq(mentions::message)))
        .filter(mentions::room.eq(room.0))
        .filter(mentions::seq.gt(mark))
        .filter(messages::author.ne(member.0))
        .filter(messages::deleted_at.is_null())
        .filter(messages::thread.is_null())
        .filter(messages::unheard.eq(false))
        .filter(
            mentions::target_kind
                .eq(MENTION_MEMBER)
                .and(mentions::target.eq(member.0))
                .or(mentions::target_kind.eq(MENTION_ROLE).and(mentions::target.eq_any(roles)))
                .or(mentions::target_kind.eq(MENTION_ROOM)),
        )
        .filter(social::unless_shut("messages.author", member, true))
        .filter(not(exists(is_untold)))
        .select(mentions::message)
        .limit(COUNT_CAP);
    let mut found = query.load::<i64>(conn)?;
    found.sort_unstable();
    found.dedup();
    Ok(found.len())
}

pub(in crate::chat) fn roles_of(conn: &mut Conn, member: MemberId) -> Result<Vec<RoleId>> {
    let roles = member_roles::table.filter(member_roles::member.eq(member.0)).select(member_roles::role).load::<i64>(conn)?;
    Ok(roles.into_iter().map(RoleId).collect())
}

/// The place of an unread message of others in the main timeline: the newest, or with `newer` so many before it.
pub(in crate::chat) fn seq_from_others(conn: &mut Conn, room: RoomId, member: MemberId, newer: usize) -> Result<Option<Seq>> {
    Ok(messages::table
        .filter(messages::room.eq(room.0))
        .filter(messages::author.ne(member.0))
        .filter(messages::deleted_at.is_null())
        .filter(messages::thread.is_null())
        .order(messages::seq.desc())
        .offset(i64::try_from(newer).unwrap_or(i64::MAX))
        .limit(1)
        .select(messages::seq)
        .first(conn)
        .optional()?)
}

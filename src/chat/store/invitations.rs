//! Who was asked into a room and has not come.

use diesel::prelude::*;

use crate::error::Result;
use crate::ids::{MemberId, RoomId};
use crate::storage::schema::room_invitations as invitations;
use crate::storage::{Conn, Tx, on_conflict};

/// Notes that somebody is invited; `false` when they were before.
pub(in crate::chat) fn insert_invitation(tx: &mut Tx<'_>, room: RoomId, member: MemberId, by: MemberId) -> Result<bool> {
    let now = tx.now();
    let inserted = diesel::insert_into(invitations::table)
        .values(on_conflict(
            (invitations::room.eq(room.0), invitations::member.eq(member.0), invitations::invited_by.eq(by.0), invitations::at.eq(now)),
            "ON CONFLICT DO NOTHING",
        ))
        .execute(&mut **tx)?;
    Ok(inserted > 0)
}

/// From now on it is somebody else who invites them.
pub(in crate::chat) fn set_inviter(tx: &mut Tx<'_>, room: RoomId, member: MemberId, by: MemberId) -> Result<()> {
    diesel::update(invitations::table.find((room.0, member.0))).set(invitations::invited_by.eq(by.0)).execute(&mut **tx)?;
    Ok(())
}

/// They are invited no longer; `false` when they were not.
pub(in crate::chat) fn delete_invitation(tx: &mut Tx<'_>, room: RoomId, member: MemberId) -> Result<bool> {
    Ok(diesel::delete(invitations::table.find((room.0, member.0))).execute(&mut **tx)? > 0)
}

/// Who invited a member into a room.
pub(in crate::chat) fn invited_by(conn: &mut Conn, room: RoomId, member: MemberId) -> Result<Option<MemberId>> {
    let by = invitations::table.find((room.0, member.0)).select(invitations::invited_by).first::<i64>(conn).optional()?;
    Ok(by.map(MemberId))
}

/// Whom a member invited into a room, in ascending id.
pub(in crate::chat) fn invited_by_in(conn: &mut Conn, room: RoomId, by: MemberId) -> Result<Vec<MemberId>> {
    let invited = invitations::table.filter(invitations::room.eq(room.0)).filter(invitations::invited_by.eq(by.0));
    let rows = invited.order(invitations::member).select(invitations::member).load::<i64>(conn)?;
    Ok(rows.into_iter().map(MemberId).collect())
}

/// How many are invited into a room.
pub(in crate::chat) fn count_invited(conn: &mut Conn, room: RoomId) -> Result<usize> {
    let count: i64 = invitations::table.filter(invitations::room.eq(room.0)).count().get_result(conn)?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// Who is invited into a room and by whom, at most `limit`, in ascending id.
pub(in crate::chat) fn invited_into(conn: &mut Conn, room: RoomId, limit: i64) -> Result<Vec<(MemberId, MemberId)>> {
    let rows = invitations::table
        .filter(invitations::room.eq(room.0))
        .order(invitations::member)
        .limit(limit)
        .select((invitations::member, invitations::invited_by))
        .load::<(i64, i64)>(conn)?;
    Ok(rows.into_iter().map(|(member, by)| (MemberId(member), MemberId(by))).collect())
}

/// The same for several rooms, without a limit: for groups, which are small.
pub(in crate::chat) fn invited_into_all(conn: &mut Conn, rooms: &[RoomId]) -> Result<Vec<(RoomId, MemberId)>> {
    let raw: Vec<i64> = rooms.iter().map(|id| id.0).collect();
    let rows = invitations::table
        .filter(invitations::room.eq_any(raw))
        .order((invitations::room, invitations::member))
        .select((invitations::room, invitations::member))
        .load::<(i64, i64)>(conn)?;
    Ok(rows.into_iter().map(|(room, member)| (RoomId(room), MemberId(member))).collect())
}

/// Invitations of a member and by them: into which room, and who is invited.
pub(in crate::chat) fn invitations_about(conn: &mut Conn, member: MemberId) -> Result<Vec<(RoomId, MemberId)>> {
    let rows = invitations::table
        .filter(invitations::member.eq(member.0).or(invitations::invited_by.eq(member.0)))
        .order((invitations::room, invitations::member))
        .select((invitations::room, invitations::member))
        .load::<(i64, i64)>(conn)?;
    Ok(rows.into_iter().map(|(room, member)| (RoomId(room), MemberId(member))).collect())
}

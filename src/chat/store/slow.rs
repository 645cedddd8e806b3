//! When members last wrote in rooms that are slow.

use diesel::prelude::*;

use crate::clock::Millis;
use crate::error::Result;
use crate::ids::{MemberId, RoomId};
use crate::storage::schema::slow_marks;
use crate::storage::{Conn, Tx, on_conflict};

/// When a member last wrote in a room while it was slow.
pub(in crate::chat) fn said_at(conn: &mut Conn, member: MemberId, room: RoomId) -> Result<Option<Millis>> {
    Ok(slow_marks::table.find((member.0, room.0)).select(slow_marks::said_at).first(conn).optional()?)
}

/// The same of all rooms.
pub(in crate::chat) fn said_in(conn: &mut Conn, member: MemberId) -> Result<Vec<(RoomId, Millis)>> {
    let rows = slow_marks::table.filter(slow_marks::member.eq(member.0)).select((slow_marks::room, slow_marks::said_at));
    Ok(rows.load::<(i64, Millis)>(conn)?.into_iter().map(|(room, at)| (RoomId(room), at)).collect())
}

/// A member wrote in a room that is slow.
pub(in crate::chat) fn mark_said(tx: &mut Tx<'_>, member: MemberId, room: RoomId, at: Millis) -> Result<()> {
    diesel::insert_into(slow_marks::table)
        .values(on_conflict(
            (slow_marks::member.eq(member.0), slow_marks::room.eq(room.0), slow_marks::said_at.eq(at)),
            "ON CONFLICT (member, room) DO UPDATE SET said_at = excluded.said_at",
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Of a member who is no more nothing is kept.
pub(in crate::chat) fn forget_said(tx: &mut Tx<'_>, member: MemberId) -> Result<()> {
    diesel::delete(slow_marks::table.filter(slow_marks::member.eq(member.0))).execute(&mut **tx)?;
    Ok(())
}

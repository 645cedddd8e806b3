//! Rooms and who is in them.

use std::collections::HashMap;

use diesel::prelude::*;

use crate::chat::model::{PlaceRow, RoomKind, RoomRole, RoomRow};
use crate::clock::Millis;
use crate::error::Result;
use crate::ids::{MemberId, RoomId};
use crate::live::Seq;
use crate::social;
use crate::storage::schema::{members, room_members, rooms};
use crate::storage::{Conn, Tx, on_conflict};

/// What a new room's row holds.
pub(in crate::chat) struct NewRoomRow<'a> {
    pub id: RoomId,
    pub kind: RoomKind,
    pub name: Option<&'a str>,
    pub name_key: Option<&'a str>,
    pub topic: &'a str,
    pub history: i16,
    pub circle: Option<&'a str>,
    pub created_by: Option<MemberId>,
    pub at: Millis,
}

pub(in crate::chat) fn insert_room(tx: &mut Tx<'_>, row: &NewRoomRow<'_>) -> Result<()> {
    diesel::insert_into(rooms::table)
        .values((
            rooms::id.eq(row.id.0),
            rooms::kind.eq(row.kind.number()),
            rooms::name.eq(row.name),
            rooms::name_key.eq(row.name_key),
            rooms::topic.eq(row.topic),
            rooms::history.eq(row.history),
            rooms::circle.eq(row.circle),
            rooms::created_by.eq(row.created_by.map(|id| id.0)),
            rooms::created_at.eq(row.at),
            rooms::member_count.eq(0),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// What rooms are called; conversations have no names.
pub(in crate::chat) fn room_names(conn: &mut Conn, ids: &[RoomId]) -> Result<HashMap<RoomId, String>> {
    let raw: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let rows = rooms::table.filter(rooms::id.eq_any(raw)).select((rooms::id, rooms::name)).load::<(i64, Option<String>)>(conn)?;
    Ok(rows.into_iter().filter_map(|(id, name)| Some((RoomId(id), name?))).collect())
}

pub(in crate::chat) fn room_of_circle(conn: &mut Conn, circle: &str) -> Result<Option<RoomId>> {
    Ok(rooms::table.filter(rooms::circle.eq(circle)).select(rooms::id).first::<i64>(conn).optional()?.map(RoomId))
}

/// When the rooms were made that this member has made since, newest first, at most `limit`.
pub(in crate::chat) fn rooms_made_since(conn: &mut Conn, maker: MemberId, since: Millis, limit: i64) -> Result<Vec<Millis>> {
    Ok(rooms::table
        .filter(rooms::created_by.eq(maker.0))
        .filter(rooms::created_at.gt(since))
        .order(rooms::created_at.desc())
        .limit(limit)
        .select(rooms::created_at)
        .load(conn)?)
}

pub(in crate::chat) fn name_is_taken(conn: &mut Conn, name_key: &str, but: Option<RoomId>) -> Result<bool> {
    let found = rooms::table.filter(rooms::name_key.eq(name_key)).select(rooms::id).first::<i64>(conn).optional()?;
    Ok(found.is_some_and(|id| but.is_none_or(|but| but.0 != id)))
}

pub(in crate::chat) fn room(conn: &mut Conn, id: RoomId) -> Result<Option<RoomRow>> {
    Ok(rooms::table.find(id.0).select(RoomRow::as_select()).first(conn).optional()?)
}

pub(in crate::chat) fn place(conn: &mut Conn, room: RoomId, member: MemberId) -> Result<Option<PlaceRow>> {
    Ok(room_members::table.find((room.0, member.0)).select(PlaceRow::as_select()).first(conn).optional()?)
}

pub(in crate::chat) fn insert_place(tx: &mut Tx<'_>, row: &PlaceRow) -> Result<bool> {
    let inserted = insert_place_uncounted(tx, row)?;
    if inserted {
        count_members(tx, row.room, 1)?;
    }
    Ok(inserted)
}

/// The same in a conversation of two, which counts both whether they are in it or not.
pub(in crate::chat) fn insert_place_uncounted(tx: &mut Tx<'_>, row: &PlaceRow) -> Result<bool> {
    let inserted = diesel::insert_into(room_members::table)
        .values(on_conflict(
            (
                room_members::room.eq(row.room.0),
                room_members::member.eq(row.member.0),
                room_members::role.eq(row.role),
                room_members::level.eq(row.level),
                room_members::joined_at.eq(row.joined_at),
                room_members::joined_seq.eq(row.joined_seq),
            ),
            "ON CONFLICT DO NOTHING",
        ))
        .execute(&mut **tx)?;
    Ok(inserted > 0)
}

pub(in crate::chat) fn delete_place(tx: &mut Tx<'_>, room: RoomId, member: MemberId) -> Result<bool> {
    let deleted = delete_place_uncounted(tx, room, member)?;
    if deleted {
        count_members(tx, room, -1)?;
    }
    Ok(deleted)
}

/// The same in a conversation of two.
pub(in crate::chat) fn delete_place_uncounted(tx: &mut Tx<'_>, room: RoomId, member: MemberId) -> Result<bool> {
    let deleted = diesel::delete(room_members::table.find((room.0, member.0))).execute(&mut **tx)?;
    Ok(deleted > 0)
}

pub(in crate::chat) fn count_members(tx: &mut Tx<'_>, room: RoomId, by: i32) -> Result<()> {
    diesel::update(rooms::table.find(room.0)).set(rooms::member_count.eq(rooms::member_count + by)).execute(&mut **tx)?;
    Ok(())
}

pub(in crate::chat) fn set_room_role(tx: &mut Tx<'_>, room: RoomId, member: MemberId, role: i16) -> Result<bool> {
    let changed = diesel::update(room_members::table.find((room.0, member.0))).set(room_members::role.eq(role)).execute(&mut **tx)?;
    Ok(changed > 0)
}

pub(in crate::chat) fn set_level(tx: &mut Tx<'_>, room: RoomId, member: MemberId, level: i16) -> Result<bool> {
    let row = room_members::table.find((room.0, member.0));
    let changed = diesel::update(row.filter(room_members::level.ne(level))).set(room_members::level.eq(level)).execute(&mut **tx)?;
    Ok(changed > 0)
}

/// What may be changed of a room; each is the value after the change.
pub(in crate::chat) struct RoomFields<'a> {
    pub name: Option<&'a str>,
    pub name_key: Option<&'a str>,
    pub topic: &'a str,
    pub history: i16,
    pub archived_at: Option<Millis>,
    pub voice: bool,
    pub slow_seconds: i32,
    pub keep_days: Option<i32>,
}

impl<'a> RoomFields<'a> {
    /// As they are; the key of the name is made from the name.
    pub fn of(row: &'a RoomRow, name_key: Option<&'a str>) -> Self {
        Self {
            name: row.name.as_deref(),
            name_key,
            topic: &row.topic,
            history: row.history,
            archived_at: row.archived_at,
            voice: row.voice,
            slow_seconds: row.slow_seconds,
            keep_days: row.keep_days,
        }
    }
}

pub(in crate::chat) fn update_room(tx: &mut Tx<'_>, room: RoomId, fields: &RoomFields<'_>) -> Result<()> {
    diesel::update(rooms::table.find(room.0))
        .set((
            rooms::name.eq(fields.name),
            rooms::name_key.eq(fields.name_key),
            rooms::topic.eq(fields.topic),
            rooms::history.eq(fields.history),
            rooms::archived_at.eq(fields.archived_at),
            rooms::voice.eq(fields.voice),
            rooms::slow_seconds.eq(fields.slow_seconds),
            rooms::keep_days.eq(fields.keep_days),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// The rooms of a member with their places, in ascending id.
pub(in crate::chat) fn rooms_of(conn: &mut Conn, member: MemberId) -> Result<Vec<(RoomRow, PlaceRow)>> {
    Ok(room_members::table
        .inner_join(rooms::table.on(rooms::id.eq(room_members::room)))
        .filter(room_members::member.eq(member.0))
        .order(rooms::id)
        .select((RoomRow::as_select(), PlaceRow::as_select()))
        .load(conn)?)
}

/// Ids of a member's rooms, ascending.
pub(in crate::chat) fn room_ids_of(conn: &mut Conn, member: MemberId) -> Result<Vec<RoomId>> {
    let ids = room_members::table
        .filter(room_members::member.eq(member.0))
        .order(room_members::room)
        .select(room_members::room)
        .load::<i64>(conn)?;
    Ok(ids.into_iter().map(RoomId).collect())
}

/// Open rooms by name after `after`, for browsing.
pub(in crate::chat) fn open_rooms(conn: &mut Conn, contains: &str, after: Option<&str>, limit: i64) -> Result<Vec<(String, RoomRow)>> {
    let kinds = [RoomKind::Public.number(), RoomKind::Announcement.number()];
    let mut query = rooms::table
        .filter(rooms::kind.eq_any(kinds))
        .filter(rooms::archived_at.is_null())
        .filter(rooms::name_key.is_not_null())
        .order(rooms::name_key)
        .limit(limit)
        .select((rooms::name_key.assume_not_null(), RoomRow::as_select()))
        .into_boxed();
    if !contains.is_empty() {
        query = query.filter(rooms::name_key.like(format!("%{}%", escape_like(contains))).escape('!'));
    }
    if let Some(after) = after {
        query = query.filter(rooms::name_key.gt(after.to_owned()));
    }
    Ok(query.load(conn)?)
}

/// Every room for administrators, newest first, before `before`.
pub(in crate::chat) fn all_rooms(conn: &mut Conn, contains: &str, before: Option<RoomId>, limit: i64) -> Result<Vec<RoomRow>> {
    let kinds = [RoomKind::Public.number(), RoomKind::Announcement.number(), RoomKind::Private.number()];
    let mut query =
        rooms::table.filter(rooms::kind.eq_any(kinds)).order(rooms::id.desc()).limit(limit).select(RoomRow::as_select()).into_boxed();
    if !contains.is_empty() {
        query = query.filter(rooms::name_key.like(format!("%{}%", escape_like(contains))).escape('!'));
    }
    if let Some(before) = before {
        query = query.filter(rooms::id.lt(before.0));
    }
    Ok(query.load(conn)?)
}

fn escape_like(text: &str) -> String {
    text.replace('!', "!!").replace('%', "!%").replace('_', "!_")
}

/// Does the room have an owner?
pub(in crate::chat) fn has_owner(conn: &mut Conn, room: RoomId) -> Result<bool> {
    let owners = room_members::table.filter(room_members::room.eq(room.0)).filter(room_members::role.eq(RoomRole::Owner.number()));
    Ok(owners.select(room_members::member).first::<i64>(conn).optional()?.is_some())
}

/// Who of those with at least this role has been in the room longest.
pub(in crate::chat) fn longest_standing(conn: &mut Conn, room: RoomId, least: RoomRole) -> Result<Option<MemberId>> {
    let found = room_members::table
        .inner_join(members::table.on(members::id.eq(room_members::member)))
        .filter(room_members::room.eq(room.0))
        .filter(room_members::role.ge(least.number()))
        .filter(members::state.eq(ACTIVE))
        .order((room_members::joined_seq, room_members::member))
        .select(room_members::member)
        .first::<i64>(conn)
        .optional()?;
    Ok(found.map(MemberId))
}

/// Who of those who may write has been in the room longest.
pub(in crate::chat) fn longest_standing_unmuted(tx: &mut Tx<'_>, room: RoomId) -> Result<Option<MemberId>> {
    let now = tx.now();
    let found = room_members::table
        .inner_join(members::table.on(members::id.eq(room_members::member)))
        .filter(room_members::room.eq(room.0))
        .filter(members::state.eq(ACTIVE))
        .filter(members::muted_until.is_null().or(members::muted_until.le(now)))
        .order((room_members::joined_seq, room_members::member))
        .select(room_members::member)
        .first::<i64>(&mut **tx)
        .optional()?;
    Ok(found.map(MemberId))
}

/// The place at which the newest of a room's members came.
pub(in crate::chat) fn newest_join(conn: &mut Conn, room: RoomId) -> Result<Seq> {
    let newest = room_members::table.filter(room_members::room.eq(room.0)).select(diesel::dsl::max(room_members::joined_seq));
    Ok(newest.first::<Option<Seq>>(conn)?.unwrap_or(0))
}

/// Who is in a room, by id, after `after`.
pub(in crate::chat) fn places_in(conn: &mut Conn, room: RoomId, after: Option<MemberId>, limit: i64) -> Result<Vec<PlaceRow>> {
    Ok(room_members::table
        .filter(room_members::room.eq(room.0))
        .filter(room_members::member.gt(after.map_or(0, |id| id.0)))
        .order(room_members::member)
        .limit(limit)
        .select(PlaceRow::as_select())
        .load(conn)?)
}

/// Who is in a room. With `by` only those who may not let this member call them: they have chosen who may, or shut them out. The two of a
/// conversation are in it, whether or not they hear it.
pub(in crate::chat) fn those_called(conn: &mut Conn, room: RoomId, by: Option<MemberId>) -> Result<Vec<MemberId>> {
    if let Some(two) = self::room(conn, room)?.and_then(|row| row.two()) {
        return Ok(two.to_vec());
    }
    let mut query = room_members::table.filter(room_members::room.eq(room.0)).select(room_members::member).into_boxed();
    if let Some(by) = by {
        query = query.filter(social::may_refuse("room_members.member", by));
    }
    Ok(query.load::<i64>(conn)?.into_iter().map(MemberId).collect())
}

/// Which of these are in the room. The two of a conversation are, whether or not they hear it.
pub(in crate::chat) fn those_in(conn: &mut Conn, room: RoomId, ids: &[MemberId]) -> Result<Vec<MemberId>> {
    if let Some(two) = self::room(conn, room)?.and_then(|row| row.two()) {
        return Ok(ids.iter().copied().filter(|id| two.contains(id)).collect());
    }
    let raw: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let found = room_members::table
        .filter(room_members::room.eq(room.0))
        .filter(room_members::member.eq_any(raw))
        .select(room_members::member)
        .load::<i64>(conn)?;
    Ok(found.into_iter().map(MemberId).collect())
}

/// Which of these are active members of the community.
pub(in crate::chat) fn active_members(conn: &mut Conn, ids: &[MemberId]) -> Result<Vec<MemberId>> {
    let raw: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let found = members::table.filter(members::id.eq_any(raw)).filter(members::state.eq(ACTIVE)).select(members::id).load::<i64>(conn)?;
    Ok(found.into_iter().map(MemberId).collect())
}

/// `members.state` of somebody who may take part.
const ACTIVE: i16 = 0;

/// The members of a room, for conversations.
pub(in crate::chat) fn members_in(conn: &mut Conn, rooms: &[RoomId]) -> Result<Vec<(RoomId, MemberId)>> {
    let raw: Vec<i64> = rooms.iter().map(|id| id.0).collect();
    let rows = room_members::table
        .filter(room_members::room.eq_any(raw))
        .order((room_members::room, room_members::member))
        .select((room_members::room, room_members::member))
        .load::<(i64, i64)>(conn)?;
    Ok(rows.into_iter().map(|(room, member)| (RoomId(room), MemberId(member))).collect())
}

/// The member ids behind these usernames.
pub(in crate::chat) fn members_by_username(conn: &mut Conn, names: &[String]) -> Result<Vec<(String, MemberId)>> {
    let rows = members::table
        .filter(members::username.eq_any(names))
        .filter(members::state.eq(ACTIVE))
        .select((members::username, members::id))
        .load::<(String, i64)>(conn)?;
    Ok(rows.into_iter().map(|(name, id)| (name, MemberId(id))).collect())
}

pub(in crate::chat) fn joined_seq(conn: &mut Conn, room: RoomId, member: MemberId) -> Result<Seq> {
    Ok(place(conn, room, member)?.map_or(0, |place| place.joined_seq))
}

/// Rooms with voice that a member is in, by name.
pub(in crate::chat) fn voice_rooms(conn: &mut Conn, member: MemberId) -> Result<Vec<(RoomId, Option<String>)>> {
    Ok(room_members::table
        .inner_join(rooms::table.on(rooms::id.eq(room_members::room)))
        .filter(room_members::member.eq(member.0))
        .filter(rooms::voice)
        .filter(rooms::archived_at.is_null())
        .order(rooms::name_key)
        .select((rooms::id, rooms::name))
        .load::<(RoomId, Option<String>)>(conn)?)
}

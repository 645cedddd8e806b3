//! Rows of `calls`, `call_people` and `call_stays`.

mod lists;

use diesel::prelude::*;
pub use lists::{Find, Sought, missed, of_member, past, person, qualities, see};

use super::actions::seed::CallStory;
use super::board::Parted;
use super::model::{CallKind, CallRole, Cause, Fate, Parting};
use super::policy::StartCall;
use crate::clock::Millis;
use crate::error::Result;
use crate::ids::{CallId, MemberId, RoomId, StayId};
use crate::storage::schema::{call_people, call_stays, calls, room_members};
use crate::storage::{Conn, Tx, on_conflict};

/// A call.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = calls)]
pub struct CallRow {
    /// Its id.
    pub id: CallId,
    /// [`CallKind`].
    pub kind: i16,
    /// Its room.
    pub room: Option<RoomId>,
    /// Was it begun with cameras?
    pub video: bool,
    /// May cameras and screens be on?
    pub pictures: bool,
    /// Who began it.
    pub starter: MemberId,
    /// When.
    pub started_at: Millis,
    /// When somebody accepted first.
    pub answered_at: Option<Millis>,
    /// When it ends by its starter's plan.
    pub ends_at: Option<Millis>,
    /// Most members at once.
    pub group_size: Option<i32>,
    /// Does it take in nobody new?
    pub locked: bool,
    /// When it ended.
    pub ended_at: Option<Millis>,
    /// [`Cause`].
    pub cause: Option<i16>,
    /// How many were in it.
    pub members: i32,
}

/// A member whom a call concerns.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = call_people)]
pub struct PersonRow {
    /// The call.
    pub call: CallId,
    /// Who.
    pub member: MemberId,
    /// Did it ring for them?
    pub rung: bool,
    /// [`Fate`], once it is known.
    pub fate: Option<i16>,
    /// Do they know of it?
    pub listed: bool,
    /// Have they seen it among the missed ones?
    pub seen: bool,
    /// [`CallRole`].
    pub role: i16,
    /// What hosts turned off, as bits.
    pub held: i16,
    /// Were they removed?
    pub removed: bool,
    /// For how long they were in it.
    pub seconds: i64,
    /// The worst mark, 1–3.
    pub quality: Option<i16>,
}

/// A stay.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = call_stays)]
pub struct StayRow {
    /// The call.
    pub call: CallId,
    /// Who.
    pub member: MemberId,
    /// Since when.
    pub joined_at: Millis,
    /// Until when.
    pub left_at: Option<Millis>,
    /// [`Parting`].
    pub parting: Option<i16>,
    /// How long it took until media was there, milliseconds.
    pub connected_ms: Option<i64>,
    /// How packets travelled.
    pub route: String,
    /// Towards the server, kilobits in a second.
    pub kbps_in: i32,
    /// From the server.
    pub kbps_out: i32,
    /// Loss, thousandths.
    pub loss_permille: i32,
    /// The first hop that failed, or empty.
    pub trouble: String,
}

/// A call that begins.
#[derive(Clone, Copy, Debug)]
pub struct NewCallRow<'a> {
    /// Its id.
    pub id: CallId,
    /// Is it begun with cameras?
    pub video: bool,
    /// May cameras and screens be on?
    pub pictures: bool,
    /// The starter's key for it.
    pub client_key: &'a str,
    /// When it ends by the starter's plan.
    pub ends_at: Option<Millis>,
    /// Most members at once.
    pub most: u32,
}

/// Stores a call of whoever may begin one.
pub fn insert(tx: &mut Tx<'_>, may: &StartCall, new: &NewCallRow<'_>) -> Result<()> {
    let now = tx.now();
    diesel::insert_into(calls::table)
        .values((
            calls::id.eq(new.id.0),
            calls::kind.eq(may.kind().number()),
            calls::room.eq(may.room().map(|room| room.room.0)),
            calls::video.eq(new.video),
            calls::pictures.eq(new.pictures),
            calls::starter.eq(may.member().0),
            calls::client_key.eq(new.client_key),
            calls::started_at.eq(now),
            calls::ends_at.eq(new.ends_at),
            calls::group_size.eq(i32::try_from(new.most).ok()),
            calls::locked.eq(false),
            calls::members.eq(0),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Stores a call that was, for a village or a test.
pub fn insert_story(tx: &mut Tx<'_>, id: CallId, story: &CallStory, started_at: Millis) -> Result<()> {
    let kind = match (story.room, story.is_group) {
        (None, _) => CallKind::Direct,
        (Some(_), true) => CallKind::Group,
        (Some(_), false) => CallKind::Room,
    };
    diesel::insert_into(calls::table)
        .values((
            calls::id.eq(id.0),
            calls::kind.eq(kind.number()),
            calls::room.eq(story.room.map(|room| room.0)),
            calls::video.eq(story.video),
            calls::pictures.eq(story.video),
            calls::starter.eq(story.starter.0),
            calls::client_key.eq(id.to_string()),
            calls::started_at.eq(started_at),
            calls::answered_at.eq((story.seconds > 0).then_some(started_at)),
            calls::locked.eq(false),
            calls::members.eq(0),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Puts a member beside a call. Where they stand already, only that it rang for them or that they know of it is added: not the role.
pub fn put_person(tx: &mut Tx<'_>, call: CallId, member: MemberId, rung: bool, listed: bool, role: CallRole) -> Result<()> {
    diesel::insert_into(call_people::table)
        .values(on_conflict(
            (
                call_people::call.eq(call.0),
                call_people::member.eq(member.0),
                call_people::rung.eq(rung),
                call_people::listed.eq(listed),
                call_people::seen.eq(true),
                call_people::role.eq(role.number()),
                call_people::held.eq(0_i16),
                call_people::removed.eq(false),
                call_people::seconds.eq(0_i64),
            ),
            "ON CONFLICT (call, member) DO UPDATE SET rung = (call_people.rung OR excluded.rung), listed = (call_people.listed OR \
             excluded.listed)",
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// The call that this member began with this key.
pub fn by_key(conn: &mut Conn, starter: MemberId, key: &str) -> Result<Option<CallRow>> {
    let known = calls::table.filter(calls::starter.eq(starter.0)).filter(calls::client_key.eq(key));
    Ok(known.select(CallRow::as_select()).first(conn).optional()?)
}

/// One call.
pub fn call(conn: &mut Conn, id: CallId) -> Result<Option<CallRow>> {
    Ok(calls::table.find(id.0).select(CallRow::as_select()).first(conn).optional()?)
}

/// The call that goes on in a room.
pub fn live_of_room(conn: &mut Conn, room: RoomId) -> Result<Option<CallRow>> {
    let live = calls::table.filter(calls::room.eq(room.0)).filter(calls::ended_at.is_null());
    Ok(live.select(CallRow::as_select()).first(conn).optional()?)
}

/// The call with which `starter` is calling `callee` now, accepted by nobody.
pub fn calling(conn: &mut Conn, starter: MemberId, callee: MemberId) -> Result<Option<CallRow>> {
    let live = calls::table
        .inner_join(call_people::table.on(call_people::call.eq(calls::id)))
        .filter(calls::starter.eq(starter.0))
        .filter(calls::kind.eq(CallKind::Direct.number()))
        .filter(calls::ended_at.is_null())
        .filter(calls::answered_at.is_null())
        .filter(call_people::member.eq(callee.0));
    Ok(live.select(CallRow::as_select()).first(conn).optional()?)
}

/// Everything that goes on.
pub fn live(conn: &mut Conn) -> Result<Vec<CallRow>> {
    Ok(calls::table.filter(calls::ended_at.is_null()).order(calls::id).select(CallRow::as_select()).load(conn)?)
}

/// When a member began their last calls since then, newest first, at most `limit`.
pub fn started_since(conn: &mut Conn, starter: MemberId, since: Millis, limit: i64) -> Result<Vec<Millis>> {
    let begun = calls::table.filter(calls::starter.eq(starter.0)).filter(calls::started_at.gt(since));
    Ok(begun.order(calls::started_at.desc()).limit(limit).select(calls::started_at).load(conn)?)
}

/// How a call ends that the other did not answer. Busy is none of them, nor what the program itself broke off.
const UNANSWERED: [i16; 3] = [Cause::NoAnswer.number(), Cause::Declined.number(), Cause::Cancelled.number()];

/// When a member called another since then without an answer, newest first, at most `limit`; also what they took back themselves.
pub fn unanswered_since(conn: &mut Conn, starter: MemberId, callee: MemberId, since: Millis, limit: i64) -> Result<Vec<Millis>> {
    let begun = calls::table
        .inner_join(call_people::table.on(call_people::call.eq(calls::id)))
        .filter(calls::starter.eq(starter.0))
        .filter(calls::kind.eq(CallKind::Direct.number()))
        .filter(calls::started_at.gt(since))
        .filter(calls::answered_at.is_null())
        .filter(calls::cause.eq_any(UNANSWERED))
        .filter(call_people::member.eq(callee.0));
    Ok(begun.order(calls::started_at.desc()).limit(limit).select(calls::started_at).load(conn)?)
}

/// Everybody whom a call concerns, in ascending id.
pub fn people(conn: &mut Conn, call: CallId) -> Result<Vec<PersonRow>> {
    let all = call_people::table.filter(call_people::call.eq(call.0)).order(call_people::member);
    Ok(all.select(PersonRow::as_select()).load(conn)?)
}

/// The same of several calls.
pub fn people_of(conn: &mut Conn, ids: &[CallId]) -> Result<Vec<PersonRow>> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let all = call_people::table.filter(call_people::call.eq_any(ids)).order((call_people::call, call_people::member));
    Ok(all.select(PersonRow::as_select()).load(conn)?)
}

/// Who has an open stay in a call.
pub fn open_stays(conn: &mut Conn, call: CallId) -> Result<Vec<(i64, MemberId, Millis)>> {
    let open = call_stays::table.filter(call_stays::call.eq(call.0)).filter(call_stays::left_at.is_null());
    Ok(open.select((call_stays::id, call_stays::member, call_stays::joined_at)).load(conn)?)
}

/// The stays of these calls, in the order in which they began.
pub fn stays(conn: &mut Conn, ids: &[CallId]) -> Result<Vec<StayRow>> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let all = call_stays::table.filter(call_stays::call.eq_any(ids)).order(call_stays::id);
    Ok(all.select(StayRow::as_select()).load(conn)?)
}

/// A stay begins.
pub fn begin_stay(tx: &mut Tx<'_>, stay: StayId, call: CallId, member: MemberId, at: Millis) -> Result<()> {
    diesel::insert_into(call_stays::table)
        .values((
            call_stays::id.eq(stay.0),
            call_stays::call.eq(call.0),
            call_stays::member.eq(member.0),
            call_stays::joined_at.eq(at),
            call_stays::route.eq(""),
            call_stays::kbps_in.eq(0),
            call_stays::kbps_out.eq(0),
            call_stays::loss_permille.eq(0),
            call_stays::trouble.eq(""),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// A stay is over.
pub fn end_stay(tx: &mut Tx<'_>, parted: &Parted) -> Result<()> {
    diesel::update(call_stays::table.find(parted.stay.0).filter(call_stays::left_at.is_null()))
        .set((
            call_stays::left_at.eq(Some(parted.at)),
            call_stays::parting.eq(Some(parted.parting.number())),
            call_stays::connected_ms.eq(parted.connected_ms),
            call_stays::route.eq(parted.route),
            call_stays::kbps_in.eq(parted.kbps_in),
            call_stays::kbps_out.eq(parted.kbps_out),
            call_stays::loss_permille.eq(parted.loss_permille),
            call_stays::trouble.eq(parted.trouble),
        ))
        .execute(&mut **tx)?;
    let row = call_people::table.find((parted.call.0, parted.member.0));
    let before = row.select((call_people::seconds, call_people::quality)).first::<(i64, Option<i16>)>(&mut **tx).optional()?;
    let Some((seconds, quality)) = before else { return Ok(()) };
    let now = parted.quality.map(i16::from);
    let worst = quality.into_iter().chain(now).min();
    diesel::update(row)
        .set((call_people::seconds.eq(seconds + parted.lasted.max(0) / 1_000), call_people::quality.eq(worst)))
        .execute(&mut **tx)?;
    Ok(())
}

/// Somebody accepted.
pub fn answer(tx: &mut Tx<'_>, call: CallId, at: Millis) -> Result<()> {
    let open = calls::table.find(call.0).filter(calls::answered_at.is_null());
    diesel::update(open).set(calls::answered_at.eq(Some(at))).execute(&mut **tx)?;
    Ok(())
}

/// Cameras and screens stay off in it.
pub fn set_voices(tx: &mut Tx<'_>, call: CallId) -> Result<()> {
    diesel::update(calls::table.find(call.0)).set(calls::pictures.eq(false)).execute(&mut **tx)?;
    Ok(())
}

/// So it ended for a member; `false` when that was known.
pub fn set_fate(tx: &mut Tx<'_>, call: CallId, member: MemberId, fate: Fate) -> Result<bool> {
    let counts = matches!(fate, Fate::Missed | Fate::Unheard | Fate::Busy);
    let open = call_people::table.find((call.0, member.0)).filter(call_people::fate.is_null());
    let set = (call_people::fate.eq(Some(fate.number())), call_people::listed.eq(true), call_people::seen.eq(!counts));
    Ok(diesel::update(open).set(set).execute(&mut **tx)? == 1)
}

/// How it ended for a member is open again.
pub fn clear_fate(tx: &mut Tx<'_>, call: CallId, member: MemberId) -> Result<()> {
    diesel::update(call_people::table.find((call.0, member.0))).set(call_people::fate.eq(None::<i16>)).execute(&mut **tx)?;
    Ok(())
}

/// Gives somebody a role.
pub fn set_role(tx: &mut Tx<'_>, call: CallId, member: MemberId, role: CallRole) -> Result<()> {
    diesel::update(call_people::table.find((call.0, member.0))).set(call_people::role.eq(role.number())).execute(&mut **tx)?;
    Ok(())
}

/// What hosts turned off of somebody.
pub fn set_held(tx: &mut Tx<'_>, call: CallId, member: MemberId, held: i16) -> Result<()> {
    diesel::update(call_people::table.find((call.0, member.0))).set(call_people::held.eq(held)).execute(&mut **tx)?;
    Ok(())
}

/// Somebody was removed.
pub fn set_removed(tx: &mut Tx<'_>, call: CallId, member: MemberId) -> Result<()> {
    diesel::update(call_people::table.find((call.0, member.0))).set(call_people::removed.eq(true)).execute(&mut **tx)?;
    Ok(())
}

/// It takes in nobody new, or again everybody who may.
pub fn set_locked(tx: &mut Tx<'_>, call: CallId, locked: bool) -> Result<()> {
    diesel::update(calls::table.find(call.0)).set(calls::locked.eq(locked)).execute(&mut **tx)?;
    Ok(())
}

/// A call of two is one of several from now on.
pub fn widen(tx: &mut Tx<'_>, call: CallId) -> Result<()> {
    let direct = calls::table.find(call.0).filter(calls::kind.eq(CallKind::Direct.number()));
    diesel::update(direct).set(calls::kind.eq(CallKind::Group.number())).execute(&mut **tx)?;
    Ok(())
}

/// It is over; `false` when it was.
pub fn end(tx: &mut Tx<'_>, call: CallId, cause: Cause, at: Millis) -> Result<bool> {
    let members = call_stays::table.filter(call_stays::call.eq(call.0)).select(call_stays::member).distinct().load::<i64>(&mut **tx)?.len();
    let set = (
        calls::ended_at.eq(Some(at)),
        calls::cause.eq(Some(cause.number())),
        calls::members.eq(i32::try_from(members).unwrap_or(i32::MAX)),
    );
    Ok(diesel::update(calls::table.find(call.0).filter(calls::ended_at.is_null())).set(set).execute(&mut **tx)? == 1)
}

/// Who was ever in a call.
pub fn were_in(conn: &mut Conn, call: CallId) -> Result<Vec<MemberId>> {
    let stays = call_stays::table.filter(call_stays::call.eq(call.0)).select(call_stays::member).distinct();
    Ok(stays.load::<MemberId>(conn)?)
}

/// Who is in a room, but for one, at most `most`.
pub fn members_of_room(conn: &mut Conn, room: RoomId, but: MemberId, most: i64) -> Result<Vec<MemberId>> {
    let all = room_members::table.filter(room_members::room.eq(room.0)).filter(room_members::member.ne(but.0));
    Ok(all.order(room_members::member).limit(most).select(room_members::member).load::<MemberId>(conn)?)
}

/// How somebody's time in a call ended, for who looks at it later.
#[must_use]
pub fn parting_of(row: &StayRow) -> Option<Parting> {
    row.parting.and_then(|number| Parting::from_number(number).ok())
}

//! A member's list of calls, the calls that they may join, and the rows of the operator.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::MayStart;
use crate::access::Page;
use crate::calls::board::{LiveRow, LiveStay};
use crate::calls::events::CallsEvent;
use crate::calls::exchange::Calls;
use crate::calls::model::{CallKind, CallView, Cause, Entry, Fate, MyCall, Parting, Trouble};
use crate::calls::policy::{MarkMyCalls, OverseeCalls, SeeCall};
use crate::calls::store::{self, CallRow, Find, PersonRow, Sought};
use crate::chat;
use crate::clock::Millis;
use crate::error::{Found, Result};
use crate::ids::{CallId, MemberId, RoomId};
use crate::live::LogId;
use crate::members::{self, Profile};
use crate::social;
use crate::storage::{Conn, Tx};

/// Others whom an entry names.
const NAMED: usize = 8;
/// Missed calls that are counted.
const MISSED: i64 = 100;

/// The conversations of a member, each looked for once.
#[derive(Debug, Default)]
struct Talks(HashMap<MemberId, Option<RoomId>>);

impl Talks {
    fn with(&mut self, conn: &mut Conn, member: MemberId, other: MemberId) -> Result<Option<RoomId>> {
        if let Some(known) = self.0.get(&other) {
            return Ok(*known);
        }
        let found = chat::conversation_of(conn, member, other)?;
        self.0.insert(other, found);
        Ok(found)
    }
}

/// A call as it stands in a member's list; `people`: all whom it concerns.
fn entry(conn: &mut Conn, (row, person): (&CallRow, &PersonRow), people: &[PersonRow], talks: &mut Talks) -> Result<Entry> {
    let others: Vec<MemberId> = people.iter().map(|one| one.member).filter(|member| *member != person.member).take(NAMED).collect();
    let kind = CallKind::from_number(row.kind)?;
    let room = match (kind, &others[..]) {
        (CallKind::Direct, [other]) => talks.with(conn, person.member, *other)?,
        _ => row.room,
    };
    let fate = person.fate.map(Fate::from_number).transpose()?;
    // Waiting for an answer is no talk, and being in it alone is none either: nothing flowed whose way could be told good or poor.
    let was_in = matches!(fate, None | Some(Fate::Taken));
    let has_talked = was_in && (row.ended_at.is_none() || row.members > 1);
    Ok(Entry {
        call: row.id,
        kind,
        room,
        video: row.video,
        starter: row.starter,
        others,
        outgoing: row.starter == person.member,
        fate,
        at: row.started_at,
        seconds: if was_in { person.seconds } else { 0 },
        quality: person.quality.filter(|_| has_talked),
        seen: person.seen,
    })
}

/// Says to a member that a call stands in their list, newly or as it now is, and how many they missed. `people`: all whom it concerns.
///
/// # Errors
/// When the database refuses.
pub fn tell_entry(tx: &mut Tx<'_>, row: &CallRow, person: &PersonRow, people: &[PersonRow]) -> Result<()> {
    let entry = entry(tx, (row, person), people, &mut Talks::default())?;
    let told = CallsEvent::CallLogged { entry, missed: store::missed(tx, person.member, MISSED)? };
    tx.announce(LogId::Member(person.member), told.announcement(row.starter)?)?;
    Ok(())
}

/// A member's calls.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Recents {
    /// Newest first.
    pub items: Vec<Entry>,
    /// Those that were missed and not seen, at most 100.
    pub missed: usize,
    /// Everyone whom they name.
    pub members: Vec<Profile>,
    /// Whom of those I block.
    pub blocked: Vec<MemberId>,
    /// Use as `before` for older ones.
    pub next: Option<String>,
}

/// Reads a page of a member's calls; `room` may be a call's room or the conversation of two.
///
/// # Errors
/// When the database cannot be read.
pub fn recents(conn: &mut Conn, member: MemberId, mut find: Find, limit: i64, now: Millis) -> Result<Recents> {
    if let Some(room) = find.room
        && let Some(other) = chat::other_of(conn, room, member)?
    {
        (find.room, find.with) = (None, Some(other));
    }
    let mut rows = store::of_member(conn, member, &find, limit + 1)?;
    let page = usize::try_from(limit).unwrap_or(usize::MAX);
    let next = (rows.len() > page).then(|| rows[page - 1].0.id.to_string());
    rows.truncate(page);
    let ids: Vec<CallId> = rows.iter().map(|(row, _)| row.id).collect();
    let (people, mut talks) = (store::people_of(conn, &ids)?, Talks::default());
    let mut items = Vec::with_capacity(rows.len());
    for (row, person) in &rows {
        let first = people.partition_point(|one| one.call < row.id);
        let count = people[first..].partition_point(|one| one.call == row.id);
        items.push(entry(conn, (row, person), &people[first..first + count], &mut talks)?);
    }
    let missed = store::missed(conn, member, MISSED)?;
    let members = named(conn, items.iter().flat_map(|item| item.others.iter().copied().chain([item.starter])), now)?;
    let ids: Vec<MemberId> = members.iter().map(|profile| profile.id).collect();
    let blocked = social::blocked_of(conn, member, &ids)?;
    Ok(Recents { items, missed, members, blocked, next })
}

fn named(conn: &mut Conn, ids: impl Iterator<Item = MemberId>, now: Millis) -> Result<Vec<Profile>> {
    let mut ids: Vec<MemberId> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    members::profiles(conn, &ids, now)
}

/// One call in one's own list.
///
/// # Errors
/// 404 when it does not stand there.
pub fn one(conn: &mut Conn, may: &SeeCall) -> Result<Entry> {
    let (row, person) = (store::call(conn, may.call())?.found()?, store::person(conn, may.call(), may.member())?.found()?);
    let people = store::people(conn, row.id)?;
    entry(conn, (&row, &person), &people, &mut Talks::default())
}

/// A member has seen what they missed.
///
/// # Errors
/// When the database refuses.
pub fn see(tx: &mut Tx<'_>, may: &MarkMyCalls, until: Millis) -> Result<()> {
    if store::see(tx, may.member(), until)? > 0 {
        let missed = store::missed(tx, may.member(), MISSED)?;
        tx.announce(LogId::Member(may.member()), CallsEvent::CallsSeen { until, missed }.announcement(may.member())?)?;
    }
    Ok(())
}

/// A room in which one may call.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct VoiceRoom {
    /// Its id.
    pub id: RoomId,
    /// Its name.
    pub name: String,
    /// The call that goes on in it.
    pub call: Option<CallView>,
}

/// What a member may join and begin.
#[derive(Debug, Serialize)]
pub struct Joinable {
    /// Calls that ring for them, that they are in or called, and those of their rooms.
    pub items: Vec<MyCall>,
    /// Who is in them.
    pub members: Vec<Profile>,
    /// Rooms with voice of theirs.
    pub rooms: Vec<VoiceRoom>,
    /// What they may begin.
    pub may_start: MayStart,
}

/// Reads what a member may join and begin.
///
/// # Errors
/// When the database cannot be read.
pub fn joinable(conn: &mut Conn, member: MemberId, calls: &Calls, may_start: MayStart, now: Millis) -> Result<Joinable> {
    let rooms: Vec<RoomId> = chat::standing_rooms(conn, member)?.into_iter().map(|(room, _)| room).collect();
    let items = calls.look(|board| board.of_member(member, &rooms));
    let voice = chat::voice_rooms(conn, member)?;
    let mut live = calls.look(|board| board.of_rooms(&voice.iter().map(|(id, _)| *id).collect::<Vec<_>>()));
    let of_room = |(id, name)| VoiceRoom { id, name, call: live.remove(&id) };
    let ids = items.iter().flat_map(|my| my.call.members.iter().chain(&my.call.rung).copied().chain([my.call.starter]));
    let members = named(conn, ids, now)?;
    Ok(Joinable { rooms: voice.into_iter().map(of_room).collect(), items, members, may_start })
}

/// The calls with which a connection is greeted.
#[must_use]
pub fn greeting(calls: &Calls, member: MemberId, rooms: &[RoomId]) -> Vec<MyCall> {
    calls.look(|board| board.of_member(member, rooms))
}

/// A call as an operator sees it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CallItem {
    /// Its id.
    pub id: CallId,
    /// What sort.
    pub kind: CallKind,
    /// Its room.
    pub room: Option<RoomId>,
    /// With cameras?
    pub video: bool,
    /// Who began it.
    pub starter: MemberId,
    /// When, milliseconds UTC.
    pub started_at: Millis,
    /// When it ended; null while it goes on.
    pub ended_at: Option<Millis>,
    /// Why it ended.
    pub cause: Option<Cause>,
    /// How long, seconds.
    pub seconds: i64,
    /// How good it was for whoever had it worst, 1–3; null when nobody was measured.
    pub quality: Option<i16>,
    /// Who was or is in it, each stay by itself.
    pub stays: Vec<StayItem>,
}

/// A stay as an operator sees it; never an address.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct StayItem {
    /// How it goes, or went at its end.
    #[serde(flatten)]
    pub stay: LiveStay,
    /// Until when.
    pub left_at: Option<Millis>,
    /// Why it ended.
    pub parting: Option<Parting>,
    /// How long it took until media was there, milliseconds.
    pub connected_ms: Option<i64>,
}

/// Calls that go on, or those that are over.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CallItems {
    /// Newest first.
    #[serde(flatten)]
    pub page: Page<CallItem>,
    /// Everyone whom they name.
    pub members: Vec<Profile>,
}

/// Reads calls as an operator sees them.
///
/// # Errors
/// When the database cannot be read.
pub fn overseen(
    conn: &mut Conn,
    _: &OverseeCalls,
    calls: &Calls,
    live: bool,
    (sought, limit): (&Sought, i64),
    now: Millis,
) -> Result<CallItems> {
    let (items, next) = if live { live_items(calls, sought, limit, now) } else { past_items(conn, sought, limit)? };
    let ids = items.iter().flat_map(|item: &CallItem| item.stays.iter().map(|stay| stay.stay.member).chain([item.starter]));
    let members = named(conn, ids, now)?;
    Ok(CallItems { page: Page { items, next }, members })
}

fn live_items(calls: &Calls, sought: &Sought, limit: i64, now: Millis) -> (Vec<CallItem>, Option<String>) {
    let fits = |row: &LiveRow| {
        if sought.before.is_some_and(|before| row.id >= before) {
            return false;
        }
        let concerns = |member| row.call.starter == member || row.stays.iter().any(|stay| stay.member == member);
        sought.kind.is_none_or(|kind| row.call.kind == kind) && sought.member.is_none_or(concerns) && sought.cause.is_none()
    };
    let item = |row: LiveRow| CallItem {
        id: row.id,
        kind: row.call.kind,
        room: row.call.room,
        video: row.call.video,
        starter: row.call.starter,
        started_at: row.call.started_at,
        ended_at: None,
        cause: None,
        seconds: (now - row.call.started_at).max(0) / 1_000,
        quality: row.stays.iter().filter_map(|stay| stay.quality).min(),
        stays: row.stays.into_iter().map(|stay| StayItem { stay, left_at: None, parting: None, connected_ms: None }).collect(),
    };
    let page = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut items: Vec<CallItem> =
        calls.look(|board| board.rows()).into_iter().filter(fits).take(page.saturating_add(1)).map(item).collect();
    let next = (items.len() > page).then(|| items[page - 1].id.to_string());
    items.truncate(page);
    (items, next)
}

fn past_items(conn: &mut Conn, sought: &Sought, limit: i64) -> Result<(Vec<CallItem>, Option<String>)> {
    let mut rows = store::past(conn, sought, limit + 1)?;
    let page = usize::try_from(limit).unwrap_or(usize::MAX);
    let next = (rows.len() > page).then(|| rows[page - 1].id.to_string());
    rows.truncate(page);
    let ids: Vec<CallId> = rows.iter().map(|row| row.id).collect();
    let (stays, qualities) = (store::stays(conn, &ids)?, store::qualities(conn, &ids)?);
    let quality_of = |call: CallId, member: MemberId| qualities.iter().find(|one| (one.0, one.1) == (call, member)).and_then(|one| one.2);
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        let ended_at = row.ended_at;
        let of_call = stays.iter().filter(|stay| stay.call == row.id);
        let of_call: Vec<StayItem> = of_call.map(|stay| stay_item(stay, quality_of(stay.call, stay.member))).collect();
        items.push(CallItem {
            id: row.id,
            kind: CallKind::from_number(row.kind)?,
            room: row.room,
            video: row.video,
            starter: row.starter,
            started_at: row.started_at,
            ended_at,
            cause: row.cause.map(Cause::from_number).transpose()?,
            seconds: ended_at.map_or(0, |at| (at - row.started_at).max(0) / 1_000),
            quality: of_call.iter().filter_map(|stay| stay.stay.quality).min(),
            stays: of_call,
        });
    }
    Ok((items, next))
}

fn stay_item(row: &store::StayRow, quality: Option<i16>) -> StayItem {
    StayItem {
        stay: LiveStay {
            member: row.member,
            joined_at: row.joined_at,
            kbps_in: row.kbps_in,
            kbps_out: row.kbps_out,
            loss_permille: row.loss_permille,
            route: row.route.clone(),
            trouble: Trouble::from_name(&row.trouble),
            quality,
            sources: BTreeMap::new(),
        },
        left_at: row.left_at,
        parting: store::parting_of(row),
        connected_ms: row.connected_ms,
    }
}

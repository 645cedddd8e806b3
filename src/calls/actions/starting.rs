//! Beginning a call, and calling more people into one: what members pay for, and whom they reach by it.

use super::gate::{Gate, payment};
use super::keeping::{end_lost, is_lost};
use crate::access::not_too_often;
use crate::billing::Entitlements;
use crate::calls::board::{Known, NewCall, Voice};
use crate::calls::events::CallEvent;
use crate::calls::model::{CallKind, CallRole, CallSource};
use crate::calls::policy::{HostCall, StartCall, Whom};
use crate::calls::ringing::{Callee, Way};
use crate::calls::store::{self, CallRow, NewCallRow};
use crate::clock::Millis;
use crate::error::{Error, Found, Refusal, RefusalKind, Result};
use crate::ids::{CallId, MemberId};
use crate::live::LogId;
use crate::social::{self, RequestKind};
use crate::storage::{Conn, Tx, hold_room, one_at_a_time};

/// Calls that one member begins within a minute.
const PER_MINUTE: i64 = 6;
pub(super) const MINUTE: Millis = 60_000;
/// Calls to the same member without an answer within an hour.
const UNANSWERED: i64 = 3;
const HOUR: Millis = 3_600_000;
const DAY: Millis = 86_400_000;
/// A client's key: printable characters.
const KEY: std::ops::RangeInclusive<usize> = 1..=64;

/// A call that somebody wants to begin.
#[derive(Clone, Debug)]
pub struct Starting {
    /// With cameras?
    pub video: bool,
    /// The caller's key for it.
    pub key: String,
    /// Whom of the group; none: everybody.
    pub ring: Option<Vec<MemberId>>,
    /// On which connection.
    pub connection: u64,
}

impl Starting {
    /// With a key that can be one.
    ///
    /// # Errors
    /// `calls.key`.
    pub fn checked(self) -> Result<Self> {
        let fits = KEY.contains(&self.key.chars().count()) && !self.key.chars().any(char::is_control);
        if fits { Ok(self) } else { Err(Error::invalid("key", "calls.key")) }
    }
}

/// Begins a call, or finds the one that is there: the same key, the room's, the one with which the other is just calling. Everything is
/// asked here; the caller learns of a reason only when it is their own.
///
/// # Errors
/// 402 `calls.plan_needed`, `calls.video_needed`, `calls.group_size`; 403 `social.closed_call`, `social.closed_voice_call`, `social.closed_video_call`; 409 `calls.in_another`, `calls.key_reused`, `social.you_block`;
/// 422 `calls.too_many_rung`; 429 `calls.too_many`, `calls.no_answer_again`; 503 `calls.too_many_calls`, `calls.media_unavailable`, `calls.server_full`.
pub fn start(tx: &mut Tx<'_>, may: &StartCall, wish: &Starting, gate: &Gate) -> Result<(CallId, Millis)> {
    let member = may.member();
    one_at_a_time(tx, &format!("calls of {member}"))?;
    if let Some(known) = store::by_key(tx, member, &wish.key)? {
        return if is_same(tx, &known, may, wish)? { Ok((known.id, known.started_at)) } else { Err(Error::conflict("calls.key_reused")) };
    }
    let found = found(tx, may, wish, gate)?;
    let told = match may.whom() {
        Whom::Member(other) => social::see_yes(tx, member, other)?,
        Whom::Room(_) => None,
    };
    if let Some(found) = found {
        return Ok(found);
    }
    let asked_at = tx.now();
    let has = gate.entitlements(tx, member, asked_at)?;
    // A room's voice rings for nobody.
    if may.kind() != CallKind::Room {
        gate.must_be_open(wish.video)?;
    }
    must_be_entitled(&has, wish)?;
    let taken = gate.calls.look(|board| (board.taken_by(member).is_some(), board.count(), board.has_media()));
    match taken {
        (_, _, false) => return Err(Error::refused(RefusalKind::Unavailable, "calls.media_unavailable")),
        (true, _, _) => return Err(Error::conflict("calls.in_another")),
        (_, count, _) if count >= gate.settings.calls_at_once => return Err(too_many_calls()),
        _ => {}
    }
    // Whoever was told yes is waited for, as far as they know: what the other has done since must not be learnt here.
    let is_awaited = told.is_some_and(|kind| kind == RequestKind::VideoCall || !wish.video);
    must_not_be_too_often(tx, may, is_awaited, gate)?;
    let id = tx.new_id::<CallId>();
    gate.calls.must_have_room(id)?;
    let most = gate.settings.call_members.min(has.calls_group_size.unwrap_or(u32::MAX));
    let whom = whom(tx, may, wish, gate, most, has.calls_group_size)?;
    let now = tx.now();
    let ends_at = has.calls_max_minutes.map(|minutes| now + Millis::from(minutes) * MINUTE);
    // What the other says to pictures is asked once they answer: before, nobody may learn it.
    let (video, pictures) = (wish.video, has.calls_video);
    store::insert(tx, may, &NewCallRow { id, video, pictures, client_key: &wish.key, ends_at, most })?;
    store::put_person(tx, id, member, false, true, CallRole::Host)?;
    for (callee, way) in &whom {
        // What they may do they get on coming in.
        store::put_person(tx, id, *callee, *way == Way::Rings, false, CallRole::Speaker)?;
    }
    let room = may.room().map(|room| room.room);
    if let Some(room) = room {
        tx.announce(LogId::Room(room), CallEvent::CallStarted { call: id, actor: member, video: wish.video }.announcement()?)?;
    }
    let new = NewCall {
        id,
        kind: may.kind(),
        room,
        video,
        pictures,
        starter: member,
        connection: Some(wish.connection),
        started_at: now,
        ends_at,
        most,
        locked: false,
    };
    let calls = gate.calls.clone();
    tx.after_commit(move || calls.with(|board, now, out| board.open(new, &whom, now, out)));
    Ok((id, now))
}

/// Was it begun with these details before?
fn is_same(conn: &mut Conn, known: &CallRow, may: &StartCall, wish: &Starting) -> Result<bool> {
    let same_callee = match may.whom() {
        Whom::Member(other) => store::person(conn, known.id, other)?.is_some(),
        Whom::Room(_) => true,
    };
    Ok(same_callee && known.room == may.room().map(|room| room.room) && known.video == wish.video)
}

fn too_many_calls() -> Error {
    Error::Refused(Refusal { kind: RefusalKind::Unavailable, code: "calls.too_many_calls", retry_after_ms: Some(30_000), said: None })
}

/// What the plan of whoever begins it must give.
fn must_be_entitled(has: &Entitlements, wish: &Starting) -> Result<()> {
    match (has.calls_start, wish.video && !has.calls_video) {
        (false, _) => Err(payment("calls.plan_needed")),
        (true, true) => Err(payment("calls.video_needed")),
        (true, false) => Ok(()),
    }
}

/// The call that is there already: of the room, or the one with which the other calls.
fn found(tx: &mut Tx<'_>, may: &StartCall, wish: &Starting, gate: &Gate) -> Result<Option<(CallId, Millis)>> {
    let row = match may.whom() {
        Whom::Room(room) => {
            one_at_a_time(tx, &format!("call in {room}"))?;
            store::live_of_room(tx, room)?
        }
        Whom::Member(other) => {
            social::hold_pairs(tx, may.member(), &[other])?;
            store::calling(tx, other, may.member())?
        }
    };
    let Some(row) = row else { return Ok(None) };
    if is_lost(&gate.calls, &row, tx.now()) {
        end_lost(tx, &row)?;
        return Ok(None);
    }
    match may.whom() {
        Whom::Member(other) if !take_theirs(tx, may, (&row, other), wish, gate)? => Ok(None),
        _ => Ok(Some((row.id, row.started_at))),
    }
}

/// Two call each other: the later one takes the earlier one's call, once this is committed. `false` where they may not learn of it.
fn take_theirs(tx: &mut Tx<'_>, may: &StartCall, (row, other): (&CallRow, MemberId), wish: &Starting, gate: &Gate) -> Result<bool> {
    let (member, now) = (may.member(), tx.now());
    let rings = store::person(tx, row.id, member)?.is_some_and(|person| person.rung);
    // Where it does not ring, only who may call themselves learns that the other is calling.
    if !rings && (must_be_entitled(&gate.entitlements(tx, member, now)?, wish).is_err() || social::is_shut_out(tx, member, other)?) {
        return Ok(false);
    }
    let stand = gate.calls.look(|board| (board.taken_by(member), board.call(row.id).and_then(|live| live.ringing.callee(member))));
    match stand {
        (Some(taken), _) if taken != row.id => return Err(Error::conflict("calls.in_another")),
        (_, Some(Callee::Accepted(by))) if by != wish.connection => return Err(Error::conflict("calls.answered_elsewhere")),
        _ => {}
    }
    let (id, voice) = (row.id, Voice { member, connection: wish.connection });
    store::put_person(tx, id, member, true, true, CallRole::Speaker)?;
    let shows = row.video || gate.shows(tx, other, member, now)?;
    let calls = gate.calls.clone();
    tx.after_commit(move || {
        calls.with(|board, now, out| {
            // Who took it back meanwhile is told so on coming in.
            if board.merge(id, voice, now, out).is_ok() && !shows {
                board.keep_to_voices(id, out);
            }
        });
    });
    Ok(true)
}

fn must_not_be_too_often(tx: &mut Tx<'_>, may: &StartCall, is_awaited: bool, gate: &Gate) -> Result<()> {
    if gate.raised {
        return Ok(());
    }
    let (now, member) = (tx.now(), may.member());
    let per_day = i64::try_from(gate.settings.calls_per_day).unwrap_or(i64::MAX);
    let of_minute = store::started_since(tx, member, now - MINUTE, PER_MINUTE)?;
    must_wait("calls.too_many", &of_minute, PER_MINUTE, MINUTE, now)?;
    must_wait("calls.too_many", &store::started_since(tx, member, now - DAY, per_day)?, per_day, DAY, now)?;
    if let Whom::Member(other) = may.whom()
        && !is_awaited
    {
        let unanswered = store::unanswered_since(tx, member, other, now - HOUR, UNANSWERED)?;
        must_wait("calls.no_answer_again", &unanswered, UNANSWERED, HOUR, now)?;
    }
    Ok(())
}

/// No more than `most` within so long; `times`: newest first, at most so many.
fn must_wait(code: &'static str, times: &[Millis], most: i64, within: Millis, now: Millis) -> Result<()> {
    not_too_often(code, times, usize::try_from(most).unwrap_or(usize::MAX), within, now)
}

/// Who is called, each by their own rules.
fn whom(tx: &mut Tx<'_>, may: &StartCall, wish: &Starting, gate: &Gate, most: u32, by_plan: Option<u32>) -> Result<Vec<(MemberId, Way)>> {
    let member = may.member();
    match (may.whom(), may.room()) {
        (Whom::Member(other), _) => Ok(vec![(other, gate.way(tx, member, other, wish.video)?)]),
        (Whom::Room(room), Some(stand)) if stand.is_group => {
            let ring_most = gate.settings.call_ring_members;
            let all = store::members_of_room(tx, room, member, i64::from(most) + i64::from(ring_most) + 1)?;
            let chosen: Vec<MemberId> = match &wish.ring {
                Some(chosen) if chosen.len() > ring_most as usize => return Err(Error::invalid("ring", "calls.too_many_rung")),
                Some(chosen) => all.into_iter().filter(|one| chosen.contains(one)).collect(),
                // Too many to ring: they see that it goes on, and come.
                None if all.len() > ring_most as usize => Vec::new(),
                None => all,
            };
            must_fit(chosen.len() + 1, most, by_plan)?;
            // The call is told in the room: rooms are held before people.
            hold_room(tx, room)?;
            let ways = gate.ways(tx, member, &chosen, wish.video, false)?;
            ways.into_iter().map(|(one, way)| Ok((one, quietly_blocked(way)?))).collect()
        }
        (Whom::Room(_), _) => Ok(Vec::new()),
    }
}

/// In a call of several, whoever is blocked by the caller is left out without a word.
fn quietly_blocked(way: Result<Way>) -> Result<Way> {
    match way {
        Err(Error::Refused(refusal)) if refusal.code == "social.you_block" => Ok(Way::Unheard),
        other => other,
    }
}

fn must_fit(count: usize, most: u32, by_plan: Option<u32>) -> Result<()> {
    if count <= most as usize {
        return Ok(());
    }
    let by_plan = by_plan.is_some_and(|size| size == most);
    Err(if by_plan { payment("calls.group_size") } else { Error::conflict("calls.full") })
}

/// Calls more people into a call. Whoever adds them is the one whom they are asked about, and needs the right to start calls. Who is in it,
/// or for whom it rings, is left out.
///
/// # Errors
/// 402 `calls.plan_needed`, `calls.group_size`; 403 as for [`start`]; 409 `calls.full`, `calls.they_were_removed`; 422 `calls.too_many_rung`, `calls.members`;
/// 429 `calls.too_many`, `calls.declined_lately`; 410 `calls.over`; `social.you_block`.
pub fn add(tx: &mut Tx<'_>, may: &HostCall, members: &[MemberId], gate: &Gate) -> Result<()> {
    let (now, by) = (tx.now(), may.member());
    if !gate.entitlements(tx, by, now)?.calls_start {
        return Err(payment("calls.plan_needed"));
    }
    let mut whom: Vec<MemberId> = members.iter().copied().filter(|one| *one != by).collect();
    whom.sort_unstable();
    whom.dedup();
    if whom.is_empty() || whom.len() > gate.settings.call_ring_members as usize {
        return Err(Error::invalid("members", if whom.is_empty() { "calls.members" } else { "calls.too_many_rung" }));
    }
    let Some(row) = store::call(tx, may.call())? else { return Err(Error::NotFound) };
    let asked = gate.calls.look(|board| {
        let live = board.call(row.id)?;
        whom.retain(|one| !live.is_called(*one));
        let may_be = whom.iter().try_for_each(|one| live.may_be_called(*one, now));
        Some((live.most(), live.video, board.size(row.id), live.added_since(by, now - MINUTE), may_be))
    });
    let Some((most, video, size, mut times, may_be)) = asked else { return Err(Error::refused(RefusalKind::Gone, "calls.over")) };
    if whom.is_empty() {
        return Ok(());
    }
    if !gate.raised {
        times.extend(store::started_since(tx, by, now - MINUTE, PER_MINUTE)?);
        times.sort_unstable_by_key(|at| std::cmp::Reverse(*at));
        times.truncate(usize::try_from(PER_MINUTE).unwrap_or(usize::MAX));
        must_wait("calls.too_many", &times, PER_MINUTE, MINUTE, now)?;
        may_be?;
    }
    let by_plan = gate.entitlements(tx, row.starter, now)?.calls_group_size;
    must_fit(size as usize + whom.len(), most, by_plan)?;
    let mut called = Vec::with_capacity(whom.len());
    let ways = gate.ways(tx, by, &whom, video, true)?;
    if ways.len() < whom.len() {
        return Err(Error::NotFound);
    }
    for (member, way) in ways {
        let way = way?;
        store::put_person(tx, row.id, member, way == Way::Rings, false, CallRole::Speaker)?;
        called.push((member, way));
    }
    store::widen(tx, row.id)?;
    let calls = gate.calls.clone();
    tx.after_commit(move || calls.with(|board, now, out| board.add(row.id, by, &called, now, out)));
    Ok(())
}

/// What becomes of a call when somebody answers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Still {
    /// Whoever began it may not start such calls any more.
    Not,
    /// It is one, with voices alone.
    Voices,
    /// It is one as it was begun.
    AsBegun,
}

/// Asked again at the moment of an accept: may whoever began it still start such calls, and with pictures?
///
/// # Errors
/// 404 when there is no such call, or one of the two has shut the other out.
pub fn still_may(conn: &mut Conn, call: CallId, member: MemberId, gate: &Gate, now: Millis) -> Result<Still> {
    let row = store::call(conn, call)?.found()?;
    let is_direct = row.kind == CallKind::Direct.number();
    if is_direct && (social::is_shut_out(conn, row.starter, member)? || social::is_shut_out(conn, member, row.starter)?) {
        return Err(Error::NotFound);
    }
    let has = gate.entitlements(conn, row.starter, now)?;
    if !has.calls_start || (row.video && !has.calls_video) {
        return Ok(Still::Not);
    }
    let shows = row.video || !is_direct || gate.shows(conn, row.starter, member, now)?;
    Ok(if shows { Still::AsBegun } else { Still::Voices })
}

/// What was known of the people of a call before a restart.
pub(super) fn known_of(role: Option<CallRole>, held: i16, removed: bool, awaited: bool) -> Known {
    Known { role, held: CallSource::from_bits(held), removed, awaited, left_room: false }
}

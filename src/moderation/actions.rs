//! What happens: a report is looked into and answered, both sides are told, appeals are listed. Knows neither HTTP nor sockets.

use serde::Serialize;

use super::letters;
use super::model::{AppealCase, Case, CaseMessage, CaseOutcome, Decision, MyNotices, ReportNotice, SanctionNotice, named_in};
use crate::access::{Actor, Page, Permit};
use crate::billing::Pen;
use crate::chat::{self, RemoveFromRoom, RemoveMessage};
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::ids::{MemberId, RoomId, SanctionId};
use crate::live::{Signal, signal_frame};
use crate::members::{self, BanMember, Deciding, MemberState, Members, MuteMember, Profile, Sanction, SanctionKind, Terms};
use crate::social::{self, Closing, HandleReport, Report, ReportOutcome, Social};
use crate::storage::{Act, Conn, Tx, hold_room, record};

/// Other reports of the same member that a case shows.
const OTHERS: i64 = 20;
/// Notices of each sort that a member is shown.
const NOTICES: i64 = 100;

/// A permit for what the answer to a report does besides: a token needs the scope for that as well.
fn permitted<P: Permit>(conn: &mut Conn, actor: &Actor, target: P::Target) -> Result<P> {
    actor.check_scope(P::SCOPE)?;
    P::check(conn, actor, target)
}

/// Can this permit be made?
fn may<P: Permit>(conn: &mut Conn, actor: &Actor, target: P::Target) -> Result<bool> {
    match permitted::<P>(conn, actor, target) {
        Ok(_) => Ok(true),
        Err(Error::NotFound | Error::SignIn | Error::Refused(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// A report with what surrounds it, as far as whoever looks sees it anyway.
///
/// # Errors
/// When the database cannot be read.
pub fn case(conn: &mut Conn, permit: &HandleReport, actor: &Actor) -> Result<Case> {
    let report = social::report(conn, permit, actor.now)?;
    let member = report.member.as_ref().map(|one| one.id).ok_or(Error::NotFound)?;
    let scene = match report.room.zip(report.message) {
        Some((room, message)) => chat::scene(conn, actor, room, message)?,
        None => None,
    };
    let (sees_room, room_name) = (scene.is_some(), scene.as_ref().and_then(|scene| scene.room_name.clone()));
    let around = report.message.zip(scene).map(|(message, scene)| CaseMessage::all(scene, message)).unwrap_or_default();
    let sanctions: Vec<Sanction> = members::sanctions_of(conn, member)?.into_iter().map(members::SanctionRow::sanction).collect();
    Ok(Case {
        room_name,
        sees_room,
        others: social::other_reports(conn, permit, member, OTHERS, actor.now)?,
        members: members::profiles(conn, &named_in(&sanctions), actor.now)?,
        may: allowed(conn, actor, &report, &around)?,
        around,
        sanctions,
        report,
    })
}

/// What may be done in answer: nothing to somebody with more, and in rooms only what one may do there anyway.
fn allowed(conn: &mut Conn, actor: &Actor, report: &Report, around: &[CaseMessage]) -> Result<Vec<CaseOutcome>> {
    let Some(member) = report.member.as_ref().filter(|_| report.closed_at.is_none()) else { return Ok(Vec::new()) };
    let mut all = vec![CaseOutcome::None];
    if !may::<MuteMember>(conn, actor, member.id)? {
        return Ok(all);
    }
    let is_active = member.state == MemberState::Active;
    if is_active {
        all.push(CaseOutcome::Warn);
    }
    let is_there = around.iter().any(|one| one.is_reported && one.body.is_some());
    if let Some((room, message)) = report.room.zip(report.message).filter(|_| is_there)
        && may::<RemoveMessage>(conn, actor, (room, message))?
    {
        all.push(CaseOutcome::Remove);
    }
    if is_active {
        all.push(CaseOutcome::Mute);
    }
    if let Some(room) = report.room
        && chat::is_in(conn, room, member.id)?
        && may::<RemoveFromRoom>(conn, actor, (room, member.id))?
    {
        all.push(CaseOutcome::Kick);
    }
    if is_active && may::<BanMember>(conn, actor, member.id)? {
        all.push(CaseOutcome::Ban);
    }
    Ok(all)
}

/// Does one thing in answer to a report, and closes it: all in this transaction, or nothing.
///
/// # Errors
/// `moderation.reason`, `moderation.until`, 409 `social.report_closed`, and the refusals of what is done.
pub fn decide(tx: &mut Tx<'_>, permit: &HandleReport, actor: &Actor, (members, social): (&Members, &Social), new: &Decision) -> Result<()> {
    let reason = new.checked_reason()?;
    let report = social::report(tx, permit, actor.now)?;
    let member = report.member.as_ref().map(|one| one.id).ok_or(Error::NotFound)?;
    hold(tx, new.outcome, member, &report)?;
    let outcome = if new.outcome == CaseOutcome::None { ReportOutcome::Dismissed } else { ReportOutcome::Acted };
    social::close_report(tx, permit, actor, social, &Closing { outcome, note: new.note.clone() })?;
    if new.outcome == CaseOutcome::None {
        return Ok(());
    }
    let theirs = permitted::<MuteMember>(tx, actor, member)?;
    // Where nothing was done in a room its name would tell who reported: of two who talk with each other the other one.
    let room = report.room.filter(|_| matches!(new.outcome, CaseOutcome::Remove | CaseOutcome::Kick));
    let terms = Terms { reason: &reason, until: new.until, report: Some(report.id), room };
    let done = match new.outcome {
        CaseOutcome::None => return Ok(()),
        CaseOutcome::Warn => members::warn(tx, &theirs, actor, members, &terms),
        CaseOutcome::Mute => members::mute(tx, &theirs, actor, members, &terms),
        CaseOutcome::Ban => {
            let banning = permitted::<BanMember>(tx, actor, member)?;
            members::ban(tx, &banning, actor, members, &terms)
        }
        CaseOutcome::Remove => remove(tx, actor, &report, &reason).and_then(|()| keep(tx, &theirs, members, SanctionKind::Removal, &terms)),
        CaseOutcome::Kick => kick(tx, actor, &report, &reason).and_then(|()| keep(tx, &theirs, members, SanctionKind::Kick, &terms)),
    };
    done.map(|_| ())
}

fn keep(tx: &mut Tx<'_>, theirs: &MuteMember, members: &Members, kind: SanctionKind, terms: &Terms<'_>) -> Result<SanctionId> {
    members::keep_sanction(tx, theirs, members, kind, terms)
}

/// Rooms are held before the report is: who writes in one may be adding to the report.
fn hold(tx: &mut Tx<'_>, outcome: CaseOutcome, member: MemberId, report: &Report) -> Result<()> {
    match (outcome, report.room) {
        (CaseOutcome::Ban, _) => chat::hold_rooms_of(tx, member).map(|_| ()),
        (CaseOutcome::Remove | CaseOutcome::Kick, Some(room)) => hold_room(tx, room),
        _ => Ok(()),
    }
}

fn remove(tx: &mut Tx<'_>, actor: &Actor, report: &Report, reason: &str) -> Result<()> {
    let (room, message) = report.room.zip(report.message).ok_or(Error::conflict("moderation.no_message"))?;
    let may = permitted::<RemoveMessage>(tx, actor, (room, message))?;
    let (author, is_gone) = (may.message().author, may.message().deleted_at.is_some());
    if is_gone {
        return Err(Error::conflict("moderation.message_gone"));
    }
    chat::delete_message(tx, &may)?;
    let act = Act {
        actor: actor.member,
        act: "messages.remove",
        subject_kind: "room_member",
        subject: format!("{room}:{author}"),
        before: None,
        after: None,
        reason: Some(reason),
        address: actor.address,
    };
    record(tx, &act).map(|_| ())
}

fn kick(tx: &mut Tx<'_>, actor: &Actor, report: &Report, reason: &str) -> Result<()> {
    let (room, member) = report.room.zip(report.member.as_ref()).ok_or(Error::conflict("moderation.not_there"))?;
    if !chat::is_in(tx, room, member.id)? {
        return Err(Error::conflict("moderation.not_there"));
    }
    let may = permitted::<RemoveFromRoom>(tx, actor, (room, member.id))?;
    chat::remove_member(tx, &may, Some(reason)).map(|_| ())
}

/// A page of appeals for whoever looks, newest first.
///
/// # Errors
/// When the database cannot be read.
pub fn appeal_cases(conn: &mut Conn, actor: &Actor, decided: bool, before: Option<SanctionId>, limit: i64) -> Result<Page<AppealCase>> {
    let viewer = actor.signed_in()?;
    let Page { items, next } = members::appeals(conn, viewer, decided, before, limit, actor.now)?;
    let deciding = members::deciding(conn, actor, &items)?;
    let mut named: Vec<MemberId> = items.iter().flat_map(|row| [Some(row.member), row.made_by, row.decided_by]).flatten().collect();
    named.sort_unstable();
    named.dedup();
    let people = members::profiles(conn, &named, actor.now)?;
    let person = |id: Option<MemberId>| people.iter().find(|one| Some(one.id) == id).cloned();
    let cases = items.into_iter().zip(deciding).map(|(row, deciding)| {
        let (member, waits) = (row.member, row.decided_at.is_none());
        let sanction = row.sanction();
        AppealCase {
            member: person(Some(member)),
            made_by: person(sanction.made_by),
            decided_by: person(sanction.appeal.as_ref().and_then(|appeal| appeal.decided_by)),
            sanction,
            may_decide: waits && deciding == Deciding::Yes,
            is_for_another: waits && deciding == Deciding::ByAnother,
        }
    });
    Ok(Page { items: cases.collect(), next })
}

/// What a member is told by those who keep the peace.
///
/// # Errors
/// When the database cannot be read.
pub fn notices(conn: &mut Conn, member: MemberId, now: Millis) -> Result<MyNotices> {
    let done = members::sanctions_of(conn, member)?;
    let mut rooms: Vec<RoomId> = done.iter().filter_map(|row| row.room).collect();
    rooms.sort_unstable();
    rooms.dedup();
    let rooms = chat::room_names(conn, &rooms)?;
    let sanctions = done.into_iter().map(|row| {
        let is_new = row.seen_at.is_none_or(|seen| row.decided_at.is_some_and(|decided| decided > seen));
        let room_name = row.room.and_then(|room| rooms.get(&room).cloned());
        SanctionNotice { told: row.told(now), room_name, is_new }
    });
    let answered = social::answered_reports(conn, member, NOTICES)?;
    let mut people: Vec<MemberId> = answered.iter().map(|row| row.member).collect();
    people.sort_unstable();
    people.dedup();
    let people: Vec<Profile> = members::profiles(conn, &people, now)?;
    let told = answered.into_iter().map(|row| ReportNotice {
        report: row.id,
        member: people.iter().find(|one| one.id == row.member).cloned(),
        reported_at: row.at,
        at: row.closed_at.unwrap_or(row.at),
        is_new: row.answer_seen_at.is_none(),
    });
    Ok(MyNotices { sanctions: sanctions.collect(), reports: told.collect(), unread: social::unread_notices(conn, member)? })
}

/// A member has seen their notices until then; their other pages hear it.
///
/// # Errors
/// When the database refuses.
pub fn see_notices(tx: &mut Tx<'_>, member: MemberId, until: Millis) -> Result<()> {
    let until = until.min(tx.now());
    members::see_sanctions(tx, member, until)?;
    social::see_answers(tx, member, until)?;
    tell_unread(tx, member)
}

/// How many notices of those who keep the peace a member has not seen.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Noticed {
    #[cfg_attr(test, ts(type = "\"noticed\""))]
    kind: &'static str,
    notices: i64,
}

fn tell_unread(tx: &mut Tx<'_>, member: MemberId) -> Result<()> {
    let notices = social::unread_notices(tx, member)?;
    tx.signal(Signal::Member(member, signal_frame(&Noticed { kind: "noticed", notices })));
    Ok(())
}

/// Tells a member what was done to them: on their open pages, and in a letter where letters are sent.
///
/// # Errors
/// When the database refuses.
pub fn tell_sanctioned(tx: &mut Tx<'_>, pen: Option<&Pen>, member: MemberId, sanction: SanctionId) -> Result<()> {
    tell_unread(tx, member)?;
    let row = members::sanction(tx, sanction)?;
    let room = row.room.map(|room| chat::room_name(tx, room)).transpose()?.flatten();
    letters::sanctioned(tx, pen, &row, room.as_deref())
}

/// Tells a member what became of their appeal, in the same ways.
///
/// # Errors
/// When the database refuses.
pub fn tell_decided(tx: &mut Tx<'_>, pen: Option<&Pen>, member: MemberId, sanction: SanctionId) -> Result<()> {
    tell_unread(tx, member)?;
    let row = members::sanction(tx, sanction)?;
    letters::decided(tx, pen, &row)
}

/// Tells whoever reported that it was looked at, in the same ways. What was done is not said.
///
/// # Errors
/// When the database refuses.
pub fn tell_answered(tx: &mut Tx<'_>, pen: Option<&Pen>, reporter: MemberId) -> Result<()> {
    tell_unread(tx, reporter)?;
    letters::answered(tx, pen, reporter)
}

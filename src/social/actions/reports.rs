//! Reports: made by members, closed by those who keep the peace.

use serde_json::json;

use crate::access::{Actor, Page, not_too_often};
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::ids::{MemberId, MessageId, ReportId};
use crate::members;
use crate::social::model::{Closing, NewReport, Report, ReportOutcome, ReportReason, ReportRow, Said, SaidAgain, SoughtReports};
use crate::social::notices::{Notice, SeenMessage, Social};
use crate::social::policy::{HandleReport, MakeReport};
use crate::social::store;
use crate::storage::{Act, Conn, Tx, one_at_a_time, record};
use crate::text;

/// The time in which reports are counted.
const DAY: Millis = 86_400_000;

/// Puts a report of a member or a message into the queue. The words of the message are kept with it: its author may delete them. Whoever
/// reports again what waits there from them already adds to that report what they say now and the words as they are now; nothing that was said
/// before goes. The same again is only counted.
///
/// # Errors
/// `social.report_subject` without a member and without a message that one sees, `social.yourself`, `social.report_text`, 429
/// `social.too_many_reports`.
pub fn make_report(tx: &mut Tx<'_>, may: &MakeReport, new: &NewReport, social: &Social, most: usize) -> Result<ReportId> {
    let text = new.checked_text()?;
    let seen = new.message.map(|message| seen(tx, may.member(), message, social)).transpose()?;
    let subject = seen.as_ref().map(|seen| seen.author).or(new.member);
    let member = subject.ok_or_else(|| Error::invalid("member", "social.report_subject"))?;
    if new.member.is_some_and(|named| named != member) {
        return Err(Error::invalid("member", "social.report_subject"));
    }
    if member == may.member() {
        return Err(Error::conflict("social.yourself"));
    }
    let now = tx.now();
    if members::members_by_ids(tx, &[member], now)?.is_empty() {
        return Err(Error::invalid("member", "social.report_subject"));
    }
    one_at_a_time(tx, &format!("reports of {}", may.member()))?;
    let (room, excerpt) = seen.map(|seen| (seen.room, text::excerpt(&seen.body))).unzip();
    let said = Said { reason: new.reason, text, excerpt: excerpt.unwrap_or_default() };
    let mut again_of = None;
    // Where it is closed between the two, this is a report of its own.
    if let Some(open) = store::reports::open_of(tx, may.member(), member, new.message)?
        && store::reports::count_again(tx, open.id)?
    {
        let report = open.id;
        again_of = Some(report);
        if said.is_in(&store::reports::said_last(tx, open)?) {
            return Ok(report);
        }
    }
    must_have_reported_little(tx, may.member(), most)?;
    let row = ReportRow { message: new.message, room, again_of, ..said.row(tx.new_id(), may.member(), member, now) };
    store::reports::insert(tx, &row)?;
    Ok(again_of.unwrap_or(row.id))
}

/// The message, if they see it: in its room, or among what waits for their yes.
fn seen(tx: &mut Tx<'_>, member: MemberId, message: MessageId, social: &Social) -> Result<SeenMessage> {
    let unseen = || Error::invalid("message", "social.report_subject");
    let found = social.look_at(tx, member, message)?.filter(|found| found.author != member).ok_or_else(unseen)?;
    let sees = found.is_seen || store::requests::has_written_first(tx, found.author, member, found.room)?;
    if sees { Ok(found) } else { Err(unseen()) }
}

/// Refuses who has made `most` reports within a day, until the first of them is a day old.
fn must_have_reported_little(tx: &mut Tx<'_>, reporter: MemberId, most: usize) -> Result<()> {
    let now = tx.now();
    let made = store::reports::made_since(tx, reporter, now - DAY, i64::try_from(most).unwrap_or(i64::MAX))?;
    not_too_often("social.too_many_reports", &made, most, DAY, now)
}

/// A page of the queue, newest first, for `viewer`: nobody sees what is reported of them.
///
/// # Errors
/// When the database cannot be read.
pub fn reports(conn: &mut Conn, viewer: MemberId, sought: &SoughtReports, limit: i64, now: Millis) -> Result<Page<Report>> {
    let rows = store::reports::list(conn, viewer, sought, limit + 1)?;
    let Page { items, next } = Page::of(rows, limit, |row| row.id.to_string());
    Ok(Page { items: shown(conn, items, now)?, next })
}

/// Rows with what was added to them and whom they name.
fn shown(conn: &mut Conn, rows: Vec<ReportRow>, now: Millis) -> Result<Vec<Report>> {
    let mut people: Vec<MemberId> = rows.iter().flat_map(|row| [Some(row.reporter), Some(row.member), row.closed_by]).flatten().collect();
    people.sort_unstable();
    people.dedup();
    let people = members::profiles(conn, &people, now)?;
    let mut added = store::reports::added_to(conn, &rows.iter().map(|row| row.id).collect::<Vec<_>>())?;
    let mut report = |row: ReportRow| {
        let again = added.extract_if(.., |each| each.again_of == Some(row.id)).map(SaidAgain::from).collect();
        Report::of(row, again, &people)
    };
    Ok(rows.into_iter().map(&mut report).collect())
}

/// One report.
///
/// # Errors
/// [`Error::NotFound`] when it is gone.
pub fn report(conn: &mut Conn, may: &HandleReport, now: Millis) -> Result<Report> {
    let row = store::reports::by_id(conn, may.report())?.ok_or(Error::NotFound)?;
    shown(conn, vec![row], now)?.pop().ok_or(Error::NotFound)
}

/// Other reports of the member whom this one is about, newest first, at most `limit`.
///
/// # Errors
/// When the database cannot be read.
pub fn other_reports(conn: &mut Conn, may: &HandleReport, member: MemberId, limit: i64, now: Millis) -> Result<Vec<Report>> {
    let mut rows = store::reports::of_member(conn, member, limit + 1)?;
    rows.retain(|row| row.id != may.report());
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    shown(conn, rows, now)
}

/// What a member reported and was looked at, newest first, at most `limit`.
///
/// # Errors
/// When the database cannot be read.
pub fn answered_reports(conn: &mut Conn, reporter: MemberId, limit: i64) -> Result<Vec<ReportRow>> {
    store::reports::answered(conn, reporter, limit)
}

/// A member has seen which of their reports were looked at until then.
///
/// # Errors
/// When the database refuses.
pub fn see_answers(tx: &mut Tx<'_>, reporter: MemberId, until: Millis) -> Result<()> {
    store::reports::mark_answers_seen(tx, reporter, until)
}

/// How many things wait to be read by a member: what was done to them, what became of their appeals, and which of their reports were looked at.
///
/// # Errors
/// When the database cannot be read.
pub fn unread_notices(conn: &mut Conn, member: MemberId) -> Result<i64> {
    Ok(members::unseen_sanctions(conn, member)? + store::reports::count_answers(conn, member)?)
}

/// How many reports wait for `viewer`.
///
/// # Errors
/// When the database cannot be read.
pub fn open_reports(conn: &mut Conn, viewer: MemberId) -> Result<i64> {
    store::reports::count_open(conn, viewer)
}

/// How many reports of a member there are for `viewer`: open ones, and closed ones.
///
/// # Errors
/// When the database cannot be read.
pub fn reports_of(conn: &mut Conn, viewer: MemberId, member: MemberId) -> Result<(i64, i64)> {
    store::reports::count_of(conn, viewer, member)
}

/// Closes a report, with a trace.
///
/// # Errors
/// `social.report_text`, `social.report_closed`.
pub fn close_report(tx: &mut Tx<'_>, may: &HandleReport, actor: &Actor, social: &Social, closing: &Closing) -> Result<()> {
    let note = closing.checked_note()?;
    if !store::reports::close(tx, may.report(), may.by(), closing.outcome, &note)? {
        return Err(Error::conflict("social.report_closed"));
    }
    let row = store::reports::by_id(tx, may.report())?.ok_or(Error::NotFound)?;
    record(
        tx,
        &Act {
            actor: Some(may.by()),
            act: "reports.close",
            subject_kind: "member",
            subject: row.member.to_string(),
            before: None,
            after: Some(json!({ "outcome": closing.outcome.name() })),
            reason: Some(&note),
            address: actor.address,
        },
    )?;
    // What a rule found has nobody who waits for an answer.
    if row.rule.is_none() { social.tell(tx, Notice::ReportClosed { reporter: row.reporter }) } else { Ok(()) }
}

/// Puts a report of a member into the queue.
///
/// # Errors
/// When the database refuses.
pub fn place_report(tx: &mut Tx<'_>, reporter: MemberId, member: MemberId, reason: ReportReason, said: &str) -> Result<ReportId> {
    let said = Said { reason, text: said.to_owned(), excerpt: String::new() };
    let row = said.row(tx.new_id(), reporter, member, tx.now());
    store::reports::insert(tx, &row)?;
    Ok(row.id)
}

/// Closes a report without telling anybody.
///
/// # Errors
/// [`Error::NotFound`] when it does not wait.
pub fn place_closing(tx: &mut Tx<'_>, report: ReportId, by: MemberId, outcome: ReportOutcome) -> Result<()> {
    store::reports::close(tx, report, by, outcome, "")?.then_some(()).ok_or(Error::NotFound)
}

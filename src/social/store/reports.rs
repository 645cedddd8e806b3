//! Rows of `reports`.

use diesel::prelude::*;

use crate::clock::Millis;
use crate::error::Result;
use crate::ids::{MemberId, MessageId, ReportId, RoomId, RuleId};
use crate::social::model::{ReportOutcome, ReportRow, SoughtReports};
use crate::storage::schema::reports;
use crate::storage::{Conn, Tx};

/// Stores a report.
pub fn insert(tx: &mut Tx<'_>, row: &ReportRow) -> Result<()> {
    diesel::insert_into(reports::table)
        .values((
            reports::id.eq(row.id.0),
            reports::reporter.eq(row.reporter.0),
            reports::member.eq(row.member.0),
            reports::message.eq(row.message.map(|id| id.0)),
            reports::room.eq(row.room.map(|id| id.0)),
            reports::reason.eq(&row.reason),
            reports::text.eq(&row.text),
            reports::excerpt.eq(&row.excerpt),
            reports::at.eq(row.at),
            reports::note.eq(&row.note),
            reports::again_of.eq(row.again_of.map(|id| id.0)),
            reports::rule.eq(row.rule.map(|id| id.0)),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// One report.
pub fn by_id(conn: &mut Conn, id: ReportId) -> Result<Option<ReportRow>> {
    Ok(reports::table.find(id.0).first(conn).optional()?)
}

/// The report of this subject by this member that waits, if there is one.
pub fn open_of(conn: &mut Conn, reporter: MemberId, member: MemberId, message: Option<MessageId>) -> Result<Option<ReportRow>> {
    let query = reports::table
        .filter(reports::reporter.eq(reporter.0))
        .filter(reports::member.eq(member.0))
        .filter(reports::closed_at.is_null())
        .filter(reports::again_of.is_null());
    Ok(match message {
        Some(message) => query.filter(reports::message.eq(message.0)).first(conn).optional()?,
        None => query.filter(reports::message.is_null()).first(conn).optional()?,
    })
}

/// What a rule found in a room by a member and waits: by this message, or by words that were not stored.
pub fn open_by_rule(
    conn: &mut Conn,
    member: MemberId,
    (rule, room): (RuleId, RoomId),
    message: Option<MessageId>,
) -> Result<Option<ReportRow>> {
    let query = reports::table
        .filter(reports::member.eq(member.0))
        .filter(reports::closed_at.is_null())
        .filter(reports::rule.eq(rule.0))
        .filter(reports::room.eq(room.0));
    Ok(match message {
        Some(message) => query.filter(reports::message.eq(message.0)).first(conn).optional()?,
        None => query.filter(reports::message.is_null()).first(conn).optional()?,
    })
}

/// What was said last of a report: its row, or the newest that was added to it.
pub fn said_last(conn: &mut Conn, report: ReportRow) -> Result<ReportRow> {
    let added = reports::table.filter(reports::again_of.eq(report.id.0)).order(reports::id.desc()).first(conn).optional()?;
    Ok(added.unwrap_or(report))
}

/// Counts that a report was said anew; `false` when it waits no more. Until the transaction ends nobody closes it.
pub fn count_again(tx: &mut Tx<'_>, id: ReportId) -> Result<bool> {
    let counted = diesel::update(reports::table.find(id.0).filter(reports::closed_at.is_null()))
        .set(reports::said_again.eq(reports::said_again + 1))
        .execute(&mut **tx)?;
    Ok(counted == 1)
}

/// What was added to these reports, oldest first.
pub fn added_to(conn: &mut Conn, ids: &[ReportId]) -> Result<Vec<ReportRow>> {
    let raw: Vec<i64> = ids.iter().map(|id| id.0).collect();
    Ok(reports::table.filter(reports::again_of.eq_any(raw)).order((reports::at, reports::id)).load(conn)?)
}

/// A rule finds the same again, in words of now; `false` when the report waits no more.
pub fn find_anew(tx: &mut Tx<'_>, open: &ReportRow, text: &str, excerpt: &str) -> Result<bool> {
    let found = diesel::update(reports::table.find(open.id.0).filter(reports::closed_at.is_null()))
        .set((reports::text.eq(text), reports::excerpt.eq(excerpt), reports::said_again.eq(reports::said_again + 1)))
        .execute(&mut **tx)?;
    Ok(found == 1)
}

/// Reports that `viewer` may see, newest first.
pub fn list(conn: &mut Conn, viewer: MemberId, sought: &SoughtReports, limit: i64) -> Result<Vec<ReportRow>> {
    let firsts = reports::table.filter(reports::again_of.is_null());
    let mut query = firsts.filter(reports::member.ne(viewer.0)).order(reports::id.desc()).limit(limit).into_boxed();
    query = if sought.closed { query.filter(reports::closed_at.is_not_null()) } else { query.filter(reports::closed_at.is_null()) };
    if let Some(member) = sought.member {
        query = query.filter(reports::member.eq(member.0));
    }
    if let Some(before) = sought.before {
        query = query.filter(reports::id.lt(before.0));
    }
    Ok(query.load(conn)?)
}

/// How many are open that `viewer` may see.
pub fn count_open(conn: &mut Conn, viewer: MemberId) -> Result<i64> {
    let open = reports::table.filter(reports::closed_at.is_null()).filter(reports::again_of.is_null());
    Ok(open.filter(reports::member.ne(viewer.0)).count().get_result(conn)?)
}

/// Reports of a member, newest first.
pub fn of_member(conn: &mut Conn, member: MemberId, limit: i64) -> Result<Vec<ReportRow>> {
    let firsts = reports::table.filter(reports::member.eq(member.0)).filter(reports::again_of.is_null());
    Ok(firsts.order(reports::id.desc()).limit(limit).load(conn)?)
}

/// What a member reported and is closed, the latest closed first.
pub fn answered(conn: &mut Conn, reporter: MemberId, limit: i64) -> Result<Vec<ReportRow>> {
    let closed = reports::table.filter(reports::reporter.eq(reporter.0)).filter(reports::closed_at.is_not_null());
    Ok(closed.order((reports::closed_at.desc(), reports::id.desc())).limit(limit).load(conn)?)
}

/// How many of a member's reports were closed without their having seen it.
pub fn count_answers(conn: &mut Conn, reporter: MemberId) -> Result<i64> {
    let closed = reports::table.filter(reports::reporter.eq(reporter.0)).filter(reports::closed_at.is_not_null());
    Ok(closed.filter(reports::answer_seen_at.is_null()).filter(reports::rule.is_null()).count().get_result(conn)?)
}

/// A member has seen which of their reports were closed until then.
pub fn mark_answers_seen(tx: &mut Tx<'_>, reporter: MemberId, until: Millis) -> Result<()> {
    let closed = reports::table.filter(reports::reporter.eq(reporter.0)).filter(reports::closed_at.le(until));
    let unseen = closed.filter(reports::answer_seen_at.is_null()).filter(reports::rule.is_null());
    diesel::update(unseen).set(reports::answer_seen_at.eq(Some(until))).execute(&mut **tx)?;
    Ok(())
}

/// How many there are of a member that `viewer` may see: open ones, and closed ones.
pub fn count_of(conn: &mut Conn, viewer: MemberId, member: MemberId) -> Result<(i64, i64)> {
    let of_them =
        || reports::table.filter(reports::member.eq(member.0)).filter(reports::member.ne(viewer.0)).filter(reports::again_of.is_null());
    let open = of_them().filter(reports::closed_at.is_null()).count().get_result(conn)?;
    Ok((open, of_them().filter(reports::closed_at.is_not_null()).count().get_result(conn)?))
}

/// When a member made those of their reports since, and what they added to them, newest first, at most `limit`.
pub fn made_since(conn: &mut Conn, reporter: MemberId, since: Millis, limit: i64) -> Result<Vec<Millis>> {
    Ok(reports::table
        .filter(reports::reporter.eq(reporter.0))
        .filter(reports::at.gt(since))
        .order(reports::at.desc())
        .limit(limit)
        .select(reports::at)
        .load(conn)?)
}

/// Closes a report; `false` when it was closed before.
pub fn close(tx: &mut Tx<'_>, id: ReportId, by: MemberId, outcome: ReportOutcome, note: &str) -> Result<bool> {
    let now = tx.now();
    let closed = diesel::update(reports::table.find(id.0).filter(reports::closed_at.is_null()))
        .set((
            reports::closed_at.eq(Some(now)),
            reports::closed_by.eq(Some(by.0)),
            reports::outcome.eq(Some(outcome.name())),
            reports::note.eq(note),
        ))
        .execute(&mut **tx)?;
    Ok(closed == 1)
}

//! What the dashboard reads: the community in numbers, the audit log, the outbox.

use std::net::IpAddr;
use std::time::Duration;

use crate::access::{Ground, Page};
use crate::admin::model::{AuditEntry, AuditPage, LetterItem, Summary};
use crate::admin::policy::{OpenDashboard, ReadAudit, ReadMail};
use crate::admin::{figures, store};
use crate::clock::Millis;
use crate::error::Result;
use crate::ids::{AuditId, LetterId, MemberId};
use crate::storage::{AuditRow, Conn, audit_rows, database_bytes};
use crate::{jobs, mail, members};

/// The community in numbers.
///
/// # Errors
/// When the database cannot be read.
pub fn summary(conn: &mut Conn, _: &OpenDashboard, ground: &Ground, uptime: Duration, now: Millis) -> Result<Summary> {
    let counts = store::member_counts(conn)?;
    Ok(Summary {
        members: counts,
        online: ground.hub.members_online(),
        rooms: store::room_count(conn)?,
        messages_today: figures::messages_today(conn, now)?,
        open_invites: store::open_invites(conn, now)?,
        pending_approvals: counts.pending,
        letters_waiting: store::letters_waiting(conn)?,
        mail_is_set_up: ground.mailer.is_set_up(),
        dead_jobs: jobs::counts(conn)?.dead,
        database: if ground.db.target().is_sqlite() { "sqlite" } else { "postgresql" },
        database_bytes: database_bytes(conn)?,
        version: env!("CARGO_PKG_VERSION"),
        uptime_seconds: uptime.as_secs(),
    })
}

/// A page of the audit log for `reader`, newest first, of at most `limit` acts before one; `act` filters by its beginning. Nobody reads what
/// became of reports of themselves, or who kept the peace against them.
///
/// # Errors
/// When the database cannot be read.
pub fn audit_page(
    conn: &mut Conn,
    _: &ReadAudit,
    reader: Option<MemberId>,
    act: Option<&str>,
    (before, limit): (Option<AuditId>, i64),
    now: Millis,
) -> Result<AuditPage> {
    let rows = rows_for(conn, reader, before, act, limit + 1)?;
    let as_read = |row: AuditEntry| match reader {
        Some(reader) => row.for_reader(reader),
        None => row,
    };
    let entries = rows.into_iter().map(AuditEntry::from).map(as_read).collect();
    let Page { items, next } = Page::of(entries, limit, |row: &AuditEntry| row.id.to_string());
    let mut people: Vec<MemberId> = items.iter().filter_map(|row| row.actor).collect();
    people.extend(items.iter().filter(|row| row.subject_kind == "member").filter_map(|row| row.subject.parse::<MemberId>().ok()));
    people.sort_unstable();
    people.dedup();
    Ok(AuditPage { members: members::profiles(conn, &people, now)?, items, next })
}

/// At most `limit` rows of those that are for this reader. What is left out makes no page shorter, or it would show.
fn rows_for(
    conn: &mut Conn,
    reader: Option<MemberId>,
    mut before: Option<AuditId>,
    act: Option<&str>,
    limit: i64,
) -> Result<Vec<AuditRow>> {
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let reader = reader.map(|reader| reader.to_string());
    let is_theirs = |row: &AuditRow| row.act == "reports.close" && reader.as_ref() == Some(&row.subject);
    let mut rows: Vec<AuditRow> = Vec::new();
    loop {
        let some = audit_rows(conn, before, act, limit)?;
        let is_last = some.len() < most;
        before = some.last().map(|row| row.id);
        rows.extend(some.into_iter().filter(|row| !is_theirs(row)));
        if is_last || rows.len() >= most {
            rows.truncate(most);
            return Ok(rows);
        }
    }
}

/// A page of the outbox, newest first.
///
/// # Errors
/// When the database cannot be read.
pub fn mail_page(conn: &mut Conn, _: &ReadMail, before: Option<LetterId>, limit: i64) -> Result<Page<LetterItem>> {
    let rows = mail::outbox(conn, before, limit + 1)?;
    Ok(Page::of(rows.into_iter().map(LetterItem::from).collect(), limit, |row| row.id.to_string()))
}

/// Do others reach this address, or is it one that only the machine itself knows?
#[must_use]
pub fn is_reachable(site: &str) -> bool {
    let host = site.split_once("://").map_or(site, |(_, rest)| rest).split(['/', '?', '#']).next().unwrap_or_default();
    let host = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    match host.parse::<IpAddr>() {
        Ok(address) => !(address.to_canonical().is_loopback() || address.is_unspecified()),
        Err(_) => !(host.is_empty() || host == "localhost" || host.ends_with(".localhost")),
    }
}

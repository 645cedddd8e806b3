//! The table `backups`: what this program made and keeps in its data folder.

use diesel::prelude::*;

use super::model::{Backup, BackupState, Contents, Rehearsal, RehearsalState};
use crate::clock::Millis;
use crate::error::Result;
use crate::ids::{BackupId, MemberId};
use crate::storage::schema::backups;
use crate::storage::{Conn, Tx, fact, set_fact};

/// The fact that says since when there is a schedule.
const SINCE: &str = "backups_since";
/// The code of what was ended in the middle.
const INTERRUPTED: &str = "backups.interrupted";
/// No rehearsal was ever asked for.
const UNREHEARSED: i16 = 0;

#[derive(Queryable)]
struct Row {
    id: BackupId,
    state: i16,
    begun_at: Millis,
    made_by: Option<MemberId>,
    ended_at: Option<Millis>,
    bytes: Option<i64>,
    version: String,
    trouble: Option<String>,
    rehearsal: i16,
    rehearsed_at: Option<Millis>,
    rehearsal_trouble: Option<String>,
    found: Option<String>,
}

impl TryFrom<Row> for Backup {
    type Error = crate::error::Error;

    fn try_from(row: Row) -> Result<Self> {
        let contents = row.found.as_deref().map(serde_json::from_str::<Contents>).transpose()?;
        let (at, trouble) = (row.rehearsed_at, row.rehearsal_trouble);
        let rehearsal = RehearsalState::from_number(row.rehearsal).map(|state| Rehearsal { state, at, trouble, contents });
        Ok(Self {
            id: row.id,
            state: BackupState::from_number(row.state),
            begun_at: row.begun_at,
            ended_at: row.ended_at,
            by: row.made_by,
            bytes: row.bytes,
            version: row.version,
            trouble: row.trouble,
            rehearsal,
        })
    }
}

/// One that is being made.
pub fn begin(tx: &mut Tx<'_>, by: Option<MemberId>) -> Result<BackupId> {
    let (id, now) = (tx.new_id::<BackupId>(), tx.now());
    diesel::insert_into(backups::table)
        .values((
            backups::id.eq(id),
            backups::state.eq(BackupState::Making.number()),
            backups::begun_at.eq(now),
            backups::made_by.eq(by),
            backups::version.eq(env!("CARGO_PKG_VERSION")),
            backups::rehearsal.eq(UNREHEARSED),
        ))
        .execute(&mut **tx)?;
    Ok(id)
}

pub fn by_id(conn: &mut Conn, id: BackupId) -> Result<Option<Backup>> {
    backups::table.find(id.0).first::<Row>(conn).optional()?.map(Backup::try_from).transpose()
}

/// The one that is being made, or waits for its turn.
pub fn being_made(conn: &mut Conn) -> Result<Option<Backup>> {
    let making = backups::table.filter(backups::state.eq_any(BackupState::UNDER_WAY)).order(backups::id.desc());
    making.first::<Row>(conn).optional()?.map(Backup::try_from).transpose()
}

/// Another one has the turn.
pub fn put_off(tx: &mut Tx<'_>, id: BackupId) -> Result<()> {
    diesel::update(backups::table.find(id.0).filter(backups::state.eq(BackupState::Making.number())))
        .set(backups::state.eq(BackupState::Waiting.number()))
        .execute(&mut **tx)?;
    Ok(())
}

/// It has the turn; `false` when nobody wants it any more.
pub fn take_up(tx: &mut Tx<'_>, id: BackupId) -> Result<bool> {
    let taken = diesel::update(backups::table.find(id.0).filter(backups::state.eq_any(BackupState::UNDER_WAY)))
        .set(backups::state.eq(BackupState::Making.number()))
        .execute(&mut **tx)?;
    Ok(taken == 1)
}

/// At most `limit` of them before `before`, newest first.
pub fn page(conn: &mut Conn, before: Option<BackupId>, limit: i64) -> Result<Vec<Backup>> {
    let rows = backups::table
        .filter(backups::id.lt(before.map_or(i64::MAX, |id| id.0)))
        .order(backups::id.desc())
        .limit(limit)
        .load::<Row>(conn)?;
    rows.into_iter().map(Backup::try_from).collect()
}

/// It is there.
pub fn made(tx: &mut Tx<'_>, id: BackupId, bytes: i64) -> Result<()> {
    let now = tx.now();
    diesel::update(backups::table.find(id.0).filter(backups::state.eq(BackupState::Making.number())))
        .set((backups::state.eq(BackupState::Made.number()), backups::ended_at.eq(Some(now)), backups::bytes.eq(Some(bytes))))
        .execute(&mut **tx)?;
    Ok(())
}

/// It could not be made.
pub fn failed(tx: &mut Tx<'_>, id: BackupId, trouble: &str) -> Result<()> {
    let now = tx.now();
    diesel::update(backups::table.find(id.0).filter(backups::state.eq_any(BackupState::UNDER_WAY)))
        .set((backups::state.eq(BackupState::Failed.number()), backups::ended_at.eq(Some(now)), backups::trouble.eq(Some(trouble))))
        .execute(&mut **tx)?;
    Ok(())
}

/// Somebody wants to know whether it could be put back.
pub fn ask_rehearsal(tx: &mut Tx<'_>, id: BackupId) -> Result<()> {
    diesel::update(backups::table.find(id.0)).set(backups::rehearsal.eq(RehearsalState::Asked.number())).execute(&mut **tx)?;
    Ok(())
}

/// What the rehearsal found: what is in the backup, or the code of what is wrong with it.
pub fn rehearsed(tx: &mut Tx<'_>, id: BackupId, outcome: &std::result::Result<Contents, &str>) -> Result<()> {
    let now = tx.now();
    let (state, trouble, found) = match outcome {
        Ok(contents) => (RehearsalState::Passed, None, Some(serde_json::to_string(contents)?)),
        Err(code) => (RehearsalState::Failed, Some(*code), None),
    };
    diesel::update(backups::table.find(id.0))
        .set((
            backups::rehearsal.eq(state.number()),
            backups::rehearsed_at.eq(Some(now)),
            backups::rehearsal_trouble.eq(trouble),
            backups::found.eq(found),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// It is to go: its file, and then its row. Nothing else becomes of it any more.
pub fn set_going(tx: &mut Tx<'_>, ids: &[BackupId]) -> Result<()> {
    let raw: Vec<i64> = ids.iter().map(|id| id.0).collect();
    diesel::update(backups::table.filter(backups::id.eq_any(raw)))
        .set((backups::state.eq(BackupState::Going.number()), backups::rehearsal.eq(UNREHEARSED)))
        .execute(&mut **tx)?;
    Ok(())
}

/// Those that are to go.
pub fn going(conn: &mut Conn) -> Result<Vec<Backup>> {
    let rows = backups::table.filter(backups::state.eq(BackupState::Going.number())).load::<Row>(conn)?;
    rows.into_iter().map(Backup::try_from).collect()
}

/// Its file is gone.
pub fn delete(tx: &mut Tx<'_>, id: BackupId) -> Result<()> {
    diesel::delete(backups::table.find(id.0)).execute(&mut **tx)?;
    Ok(())
}

/// Those of the schedule that are over: beyond the newest `kept` that are there, and what failed before the oldest of these.
pub fn surplus(conn: &mut Conn, kept: u16) -> Result<Vec<Backup>> {
    let scheduled = || backups::table.filter(backups::made_by.is_null()).order(backups::id.desc());
    let is_made = backups::state.eq(BackupState::Made.number());
    let oldest = scheduled().filter(is_made).offset(i64::from(kept.max(1)) - 1).select(backups::id).first::<i64>(conn).optional()?;
    let Some(oldest) = oldest else { return Ok(Vec::new()) };
    let is_over = backups::state.eq_any([BackupState::Made.number(), BackupState::Failed.number()]);
    let rows = scheduled().filter(backups::id.lt(oldest)).filter(is_over).load::<Row>(conn)?;
    rows.into_iter().map(Backup::try_from).collect()
}

/// What is said to be under way: being made, waiting for it, or to be rehearsed.
pub fn under_way(conn: &mut Conn) -> Result<Vec<Backup>> {
    let is_making = backups::state.eq_any(BackupState::UNDER_WAY);
    let rows = backups::table.filter(is_making.or(backups::rehearsal.eq(RehearsalState::Asked.number()))).load::<Row>(conn)?;
    rows.into_iter().map(Backup::try_from).collect()
}

/// All of them, newest first; what is kept is bounded by a setting, and what is made by hand by the disk.
pub fn all(conn: &mut Conn) -> Result<Vec<Backup>> {
    let rows = backups::table.order(backups::id.desc()).load::<Row>(conn)?;
    rows.into_iter().map(Backup::try_from).collect()
}

/// Since when there is a schedule.
pub fn since(conn: &mut Conn) -> Result<Option<Millis>> {
    Ok(fact(conn, SINCE)?.and_then(|at| at.parse().ok()))
}

/// From now on there is a schedule.
pub fn set_since(conn: &mut Conn, at: Millis) -> Result<()> {
    set_fact(conn, SINCE, &at.to_string())
}

/// What was under way has come to no end.
pub fn interrupt(tx: &mut Tx<'_>, backup: &Backup) -> Result<()> {
    if backup.state.is_under_way() { failed(tx, backup.id, INTERRUPTED) } else { rehearsed(tx, backup.id, &Err(INTERRUPTED)) }
}

/// For a database that was put back from a copy: nothing is under way in it, and nothing goes. What was being made was the copy itself.
pub fn settle_restored(conn: &mut Conn) -> Result<()> {
    let lasts = backups::state.eq_any([BackupState::Made.number(), BackupState::Failed.number()]);
    diesel::delete(backups::table.filter(diesel::dsl::not(lasts))).execute(conn)?;
    diesel::update(backups::table.filter(backups::rehearsal.eq(RehearsalState::Asked.number())))
        .set(backups::rehearsal.eq(UNREHEARSED))
        .execute(conn)?;
    Ok(())
}

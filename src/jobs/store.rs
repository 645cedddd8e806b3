//! The table `jobs`. A job is held by a lease: `locked_until` lies in the future and is known to its holder alone.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Enqueue, Job};
use crate::clock::Millis;
use crate::error::{Found, Result};
use crate::ids::JobId;
use crate::storage::schema::jobs;
use crate::storage::{Conn, Tx, on_conflict};

/// Waits for its time, or runs under a lease.
const DUE: i16 = 0;
/// Set aside after its last attempt.
const DEAD: i16 = 1;
/// Longest error that is kept, in bytes.
const LONGEST_ERROR: usize = 1_000;

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// It waits for its time.
    Waiting,
    /// Somebody does it.
    Running,
    /// It failed, and waits for another attempt.
    Failing,
    /// It was set aside after its last attempt.
    Dead,
}

/// Which jobs are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = JobsShown)]
pub enum Shown {
    /// Those that wait or run, the soonest first.
    #[default]
    Waiting,
    /// Of these, the ones that failed before.
    Failing,
    /// Those that were set aside, the newest first.
    Dead,
}

/// A job as it is listed: without its payload, which is its handler's business alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct JobItem {
    /// Its id.
    pub id: JobId,
    /// Its kind.
    pub kind: String,
    /// Where it stands.
    pub state: JobState,
    /// When it is due; of one that was set aside, when that was. Milliseconds UTC.
    pub run_at: Millis,
    /// How often it was tried.
    pub attempts: i32,
    /// How often it may be.
    pub max_attempts: i32,
    /// Why the last attempt failed.
    pub error: Option<String>,
}

/// The jobs that somebody looks for.
#[derive(Clone, Debug, Default)]
pub struct Sought {
    /// Which.
    pub shown: Shown,
    /// Of one kind alone.
    pub kind: Option<String>,
    /// Those behind this one: when it is due, and its id.
    pub after: Option<(Millis, JobId)>,
    /// At most so many.
    pub limit: i64,
}

/// How many jobs there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Waiting or running.
    pub waiting: i64,
    /// Set aside.
    pub dead: i64,
}

/// What may run now, and when to look again.
pub(super) struct Waiting {
    pub(super) due: Vec<JobId>,
    /// The earliest time at which something that is not due now may be.
    pub(super) next: Option<Millis>,
}

/// A job and the lease under which it runs.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) job: Job,
    pub(super) until: Millis,
}

pub(super) fn insert(tx: &mut Tx<'_>, kind: &str, payload: &str, options: &Enqueue) -> Result<Option<JobId>> {
    if let Some(key) = &options.unique_key {
        diesel::delete(jobs::table.filter(jobs::unique_key.eq(key)).filter(jobs::state.eq(DEAD))).execute(&mut **tx)?;
    }
    let id: JobId = tx.new_id();
    let run_at = options.run_at.unwrap_or(tx.now());
    let row = (
        jobs::id.eq(id),
        jobs::kind.eq(kind),
        jobs::payload.eq(payload),
        jobs::unique_key.eq(options.unique_key.as_deref()),
        jobs::run_at.eq(run_at),
        jobs::attempts.eq(0),
        jobs::max_attempts.eq(options.max_attempts.max(1)),
        jobs::locked_until.eq(0),
        jobs::state.eq(DUE),
    );
    let rows = diesel::insert_into(jobs::table).values(on_conflict(row, "ON CONFLICT (unique_key) DO NOTHING")).execute(&mut **tx)?;
    Ok((rows == 1).then_some(id))
}

/// At most `limit` jobs of these kinds that are due, oldest first.
pub(super) fn waiting(conn: &mut Conn, kinds: &[&'static str], now: Millis, limit: i64) -> Result<Waiting> {
    let due = jobs::table
        .filter(jobs::state.eq(DUE))
        .filter(jobs::run_at.le(now))
        .filter(jobs::locked_until.le(now))
        .filter(jobs::kind.eq_any(kinds))
        .order((jobs::run_at, jobs::id))
        .limit(limit)
        .select(jobs::id)
        .load(conn)?;
    let starts = jobs::table
        .filter(jobs::state.eq(DUE))
        .filter(jobs::run_at.gt(now))
        .filter(jobs::kind.eq_any(kinds))
        .select(diesel::dsl::min(jobs::run_at))
        .get_result::<Option<Millis>>(conn)?;
    let lapses = jobs::table
        .filter(jobs::state.eq(DUE))
        .filter(jobs::locked_until.gt(now))
        .filter(jobs::kind.eq_any(kinds))
        .select(diesel::dsl::min(jobs::locked_until))
        .get_result::<Option<Millis>>(conn)?;
    Ok(Waiting { due, next: starts.into_iter().chain(lapses).min() })
}

/// Takes those of the jobs that nobody else has taken in the meantime.
pub(super) fn claim(tx: &mut Tx<'_>, ids: &[JobId], lease: Millis) -> Result<Vec<Held>> {
    let now = tx.now();
    let until = now + lease;
    let mut held = Vec::new();
    for id in ids {
        let free = jobs::table.find(*id).filter(jobs::state.eq(DUE)).filter(jobs::run_at.le(now)).filter(jobs::locked_until.le(now));
        // Its last attempt ended the whole program, or outlived its lease: it is not tried for ever.
        let lost = diesel::update(free.filter(jobs::attempts.ge(jobs::max_attempts)))
            .set((jobs::state.eq(DEAD), jobs::last_error.eq("the last attempt did not come to an end")))
            .execute(&mut **tx)?;
        if lost > 0 {
            tracing::error!(job = %id, "a job was set aside: its last attempt did not come to an end");
            continue;
        }
        let taken = diesel::update(free)
            .set((jobs::locked_until.eq(until), jobs::attempts.eq(jobs::attempts + 1)))
            .returning((jobs::kind, jobs::payload, jobs::attempts, jobs::max_attempts))
            .get_result::<(String, String, i32, i32)>(&mut **tx)
            .optional()?;
        if let Some((kind, payload, attempt, max_attempts)) = taken {
            held.push(Held { job: Job { id: *id, kind, payload, attempt, max_attempts }, until });
        }
    }
    Ok(held)
}

/// Prolongs a lease; `None` when it was lost.
pub(super) fn renew(tx: &mut Tx<'_>, id: JobId, held: Millis, lease: Millis) -> Result<Option<Millis>> {
    let until = (tx.now() + lease).max(held + 1);
    let rows = diesel::update(jobs::table.find(id).filter(jobs::state.eq(DUE)).filter(jobs::locked_until.eq(held)))
        .set(jobs::locked_until.eq(until))
        .execute(&mut **tx)?;
    Ok((rows == 1).then_some(until))
}

/// The job is done and leaves the table.
pub(super) fn finish(tx: &mut Tx<'_>, id: JobId, held: Millis) -> Result<()> {
    diesel::delete(jobs::table.find(id).filter(jobs::locked_until.eq(held))).execute(&mut **tx)?;
    Ok(())
}

/// The job is not done, and all is well: it is due again at this time.
pub(super) fn go_on(tx: &mut Tx<'_>, id: JobId, held: Millis, at: Millis) -> Result<()> {
    diesel::update(jobs::table.find(id).filter(jobs::locked_until.eq(held)))
        .set((jobs::run_at.eq(at), jobs::locked_until.eq(0), jobs::attempts.eq(0)))
        .execute(&mut **tx)?;
    Ok(())
}

/// The attempt failed. `again` is when the next one may start; without it the job is set aside.
pub(super) fn fail(tx: &mut Tx<'_>, id: JobId, held: Millis, error: &str, again: Option<Millis>) -> Result<()> {
    let error = &error[..error.floor_char_boundary(LONGEST_ERROR)];
    let state = if again.is_some() { DUE } else { DEAD };
    let run_at = again.unwrap_or(tx.now());
    diesel::update(jobs::table.find(id).filter(jobs::locked_until.eq(held)))
        .set((jobs::state.eq(state), jobs::run_at.eq(run_at), jobs::locked_until.eq(0), jobs::last_error.eq(error)))
        .execute(&mut **tx)?;
    Ok(())
}

/// Gives an unfinished job back; the attempt does not count.
pub(super) fn release(tx: &mut Tx<'_>, id: JobId, held: Millis) -> Result<()> {
    diesel::update(jobs::table.find(id).filter(jobs::locked_until.eq(held)))
        .set((jobs::locked_until.eq(0), jobs::attempts.eq(jobs::attempts - 1)))
        .execute(&mut **tx)?;
    Ok(())
}

/// Does a job with this unique key wait or run?
///
/// # Errors
/// When the database cannot be read.
pub fn is_due(conn: &mut Conn, key: &str) -> Result<bool> {
    let due = jobs::table.filter(jobs::unique_key.eq(key)).filter(jobs::state.eq(DUE));
    Ok(diesel::select(diesel::dsl::exists(due)).get_result(conn)?)
}

type Row = (JobId, String, Millis, i32, i32, Millis, i16, Option<String>);

type Columns = (jobs::id, jobs::kind, jobs::run_at, jobs::attempts, jobs::max_attempts, jobs::locked_until, jobs::state, jobs::last_error);

const COLUMNS: Columns =
    (jobs::id, jobs::kind, jobs::run_at, jobs::attempts, jobs::max_attempts, jobs::locked_until, jobs::state, jobs::last_error);

fn item(row: Row, now: Millis) -> JobItem {
    let (id, kind, run_at, attempts, max_attempts, locked_until, state, error) = row;
    let state = match state {
        DEAD => JobState::Dead,
        _ if locked_until > now => JobState::Running,
        _ if error.is_some() => JobState::Failing,
        _ => JobState::Waiting,
    };
    JobItem { id, kind, state, run_at, attempts, max_attempts, error }
}

/// The jobs that somebody looks for.
///
/// # Errors
/// When the database cannot be read.
pub fn list(conn: &mut Conn, sought: &Sought, now: Millis) -> Result<Vec<JobItem>> {
    let is_dead = sought.shown == Shown::Dead;
    let state = if is_dead { DEAD } else { DUE };
    let mut query = jobs::table.filter(jobs::state.eq(state)).limit(sought.limit).select(COLUMNS).into_boxed();
    if sought.shown == Shown::Failing {
        query = query.filter(jobs::last_error.is_not_null());
    }
    if let Some(kind) = &sought.kind {
        query = query.filter(jobs::kind.eq(kind.clone()));
    }
    let rows: Vec<Row> = if is_dead {
        if let Some((at, id)) = sought.after {
            query = query.filter(jobs::run_at.le(at)).filter(jobs::run_at.lt(at).or(jobs::id.lt(id)));
        }
        query.order((jobs::run_at.desc(), jobs::id.desc())).load(conn)?
    } else {
        if let Some((at, id)) = sought.after {
            query = query.filter(jobs::run_at.ge(at)).filter(jobs::run_at.gt(at).or(jobs::id.gt(id)));
        }
        query.order((jobs::run_at, jobs::id)).load(conn)?
    };
    Ok(rows.into_iter().map(|row| item(row, now)).collect())
}

/// One job.
///
/// # Errors
/// When the database cannot be read.
pub fn by_id(conn: &mut Conn, id: JobId, now: Millis) -> Result<Option<JobItem>> {
    let row = jobs::table.find(id).select(COLUMNS).first::<Row>(conn).optional()?;
    Ok(row.map(|row| item(row, now)))
}

/// Since when the oldest job waits that somebody should have begun.
///
/// # Errors
/// When the database cannot be read.
pub fn oldest_due(conn: &mut Conn, now: Millis) -> Result<Option<Millis>> {
    let due = jobs::table.filter(jobs::state.eq(DUE)).filter(jobs::run_at.le(now)).filter(jobs::locked_until.le(now));
    Ok(due.select(diesel::dsl::min(jobs::run_at)).get_result(conn)?)
}

/// Gives up a job that was set aside, for good.
///
/// # Errors
/// [`Error::NotFound`](crate::error::Error::NotFound) when there is no such job, or the database refuses.
pub fn drop_dead(tx: &mut Tx<'_>, id: JobId) -> Result<()> {
    let rows = diesel::delete(jobs::table.find(id).filter(jobs::state.eq(DEAD))).execute(&mut **tx)?;
    (rows == 1).then_some(()).found()
}

/// Lets a job that was set aside run again, with all its attempts.
///
/// # Errors
/// [`Error::NotFound`](crate::error::Error::NotFound) when there is no such job, or the database refuses.
pub fn replay(tx: &mut Tx<'_>, id: JobId) -> Result<()> {
    let now = tx.now();
    let rows = diesel::update(jobs::table.find(id).filter(jobs::state.eq(DEAD)))
        .set((jobs::state.eq(DUE), jobs::run_at.eq(now), jobs::locked_until.eq(0), jobs::attempts.eq(0)))
        .execute(&mut **tx)?;
    (rows == 1).then_some(()).found()?;
    tx.wake_jobs();
    Ok(())
}

/// For a database that was put back from a copy: nobody holds a lease, and what waits of this kind, which may have been done after the copy
/// was made, is set aside for the administrator.
///
/// # Errors
/// When the database refuses.
pub fn settle_restored(conn: &mut Conn, kind: &str) -> Result<usize> {
    diesel::update(jobs::table).set(jobs::locked_until.eq(0)).execute(conn)?;
    let waits = jobs::table.filter(jobs::kind.eq(kind)).filter(jobs::state.eq(DUE));
    Ok(diesel::update(waits).set((jobs::state.eq(DEAD), jobs::last_error.eq(Some("restored from a backup")))).execute(conn)?)
}

/// How many jobs wait, and how many were set aside.
///
/// # Errors
/// When the database cannot be read.
pub fn counts(conn: &mut Conn) -> Result<Counts> {
    let mut count = |state: i16| jobs::table.filter(jobs::state.eq(state)).count().get_result::<i64>(conn);
    Ok(Counts { waiting: count(DUE)?, dead: count(DEAD)? })
}

/// How many of those that wait failed before.
///
/// # Errors
/// When the database cannot be read.
pub fn count_failing(conn: &mut Conn) -> Result<i64> {
    Ok(jobs::table.filter(jobs::state.eq(DUE)).filter(jobs::last_error.is_not_null()).count().get_result(conn)?)
}

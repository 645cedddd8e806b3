//! The writer of SQLite: one thread, group commit, a savepoint for each job but the first, answers only after COMMIT.

use std::time::{Duration, Instant};

use diesel::RunQueryDsl;
use diesel::connection::SimpleConnection;
use tokio::sync::mpsc::Receiver;

use super::Conn;
use super::dialect::{BeginGroup, BeginJob, CommitGroup, DataVersion, KeepJob, UndoJob};
use super::recall::Known;
use super::tx::Outbox;
use super::work::{Context, Outcome, WriteJob};
use crate::error::{Error, Result};
use crate::mutants::Mutant;

/// At most this many jobs share a COMMIT. The more there are, the oftener they change the same pages, and the more of what they announce
/// leaves in one write to a connection; [`GROUP_TIME`] is what keeps a group short.
const GROUP_JOBS: usize = 1_024;
/// A group takes in new jobs for at most this long.
const GROUP_TIME: Duration = Duration::from_millis(20);
/// After a group of this many there is a crowd at the door: the next one waits for [`GATHER_TIME`] before it begins. What many say together
/// changes the same pages, which are then written once. With fewer, nobody waits for anybody.
const CROWD: usize = 16;
/// With this many at the door there is nothing to wait for.
const GATHERED: usize = 64;
/// How long a crowd gathers.
const GATHER_TIME: Duration = Duration::from_millis(2);

/// With less than this left on the disk, an error of writing is taken for a full disk.
const LITTLE_SPACE: u64 = 64 * 1024 * 1024;
/// What keeps failing is logged this often.
const LOG_PAUSE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;

/// Lets a crowd come together.
#[expect(clippy::disallowed_methods, reason = "two milliseconds of the writer's own thread; there is no condition to wait for")]
fn gather() {
    std::thread::sleep(GATHER_TIME);
}

/// Runs jobs until every sender is gone.
pub(super) fn run(mut conn: Conn, jobs: &mut Receiver<Box<dyn WriteJob>>, context: &Context) {
    let mut logged: Option<Instant> = None;
    let mut known = Known::default();
    let mut before = 0;
    while let Some(first) = jobs.blocking_recv() {
        if gathers(before, jobs.len()) {
            gather();
        }
        let (mut group, mut outbox) = (vec![first], Outbox::default());
        let outcome = commit_group(&mut conn, &mut known, jobs, context, &mut group, &mut outbox);
        before = group.len();
        if let Err(error) = &outcome
            && logged.is_none_or(|at| at.elapsed() >= LOG_PAUSE)
        {
            logged = Some(Instant::now());
            tracing::error!(%error, jobs = before, "a group of writes was rolled back");
        }
        finish(&mut conn, &mut known, context, outcome.map(|()| outbox), group);
    }
}

/// What was committed leaves and is answered; what was not is refused, and the next group starts clean.
fn finish(conn: &mut Conn, known: &mut Known, context: &Context, committed: Result<Outbox>, group: Vec<Box<dyn WriteJob>>) {
    match committed {
        Ok(outbox) => context.publish_and_finish(outbox, group),
        Err(error) => {
            known.forget();
            restore(conn);
            let lasting = matches!(error, Error::Refused(_));
            let storage = lasting || error.code() == "error.broken";
            group.into_iter().for_each(|job| job.finish(Outcome::RolledBack { storage }));
        }
    }
}

/// Does a group wait for more, after one of `before` jobs and with so many at the door?
const fn gathers(before: usize, waiting: usize) -> bool {
    before >= CROWD && waiting < GATHERED
}

/// Runs the first job of `group` and takes in others until it is committed.
fn commit_group(
    conn: &mut Conn,
    known: &mut Known,
    jobs: &mut Receiver<Box<dyn WriteJob>>,
    context: &Context,
    group: &mut Vec<Box<dyn WriteJob>>,
    outbox: &mut Outbox,
) -> Result<()> {
    begin(conn, known)?;
    let started = Instant::now();
    let (mut next, mut is_clean, mut had_no_savepoint) = (0, true, false);
    while next < group.len() {
        if std::mem::take(&mut had_no_savepoint) {
            still_open(conn)?;
        }
        let was_clean = is_clean;
        is_clean = !run_job(conn, known, context, (&mut *group[next], is_clean), outbox)?;
        had_no_savepoint = was_clean && !is_clean;
        next += 1;
        if next == group.len() && group.len() < GROUP_JOBS && started.elapsed() < GROUP_TIME {
            group.extend(jobs.try_recv());
        }
    }
    if Mutant::FanOutBeforeCommit.is_on() {
        context.publish(std::mem::take(outbox), Vec::new());
    }
    if Mutant::AckBeforeCommit.is_on() {
        group.drain(..).for_each(|job| job.finish(Outcome::Committed));
    }
    if let Conn::Sqlite(c) = conn {
        CommitGroup {}.execute(c).inspect_err(|error| abort_on_lost_sync(error, context))?;
    }
    Ok(())
}

fn begin(conn: &mut Conn, known: &mut Known) -> Result<()> {
    let Conn::Sqlite(c) = conn else { return Ok(()) };
    BeginGroup {}.execute(c)?;
    known.see_version(DataVersion {}.get_result(c)?);
    Ok(())
}

/// A first job that hid a failure may have lost the transaction: SQLite ends it where a disk is full. The next job's savepoint would then be a
/// transaction of its own, and its RELEASE a COMMIT. Later jobs cannot hide it, since their savepoint is gone with the transaction.
fn still_open(conn: &mut Conn) -> Result<()> {
    let Conn::Sqlite(c) = conn else { return Ok(()) };
    match (BeginGroup {}).execute(c) {
        Err(error) if error.to_string().contains("within a transaction") => Ok(()),
        // It began another one, or could not because somebody else writes: ours is gone in both cases.
        _ => Err(Error::broken("a write hid that the database had ended the transaction")),
    }
}

/// Runs a job of a group and says whether the transaction holds something afterwards. What a job that fails has written is taken back and the
/// others' is kept: by a savepoint, or, in a transaction that `is_clean`, by beginning anew: a message alone then has no savepoint, which
/// copies every page that is changed.
fn run_job(
    conn: &mut Conn,
    known: &mut Known,
    context: &Context,
    (job, is_clean): (&mut dyn WriteJob, bool),
    outbox: &mut Outbox,
) -> Result<bool> {
    if is_clean {
        if context.run_grouped(conn, known, job, outbox) {
            return Ok(true);
        }
        restore(conn);
        begin(conn, known)?;
        return Ok(false);
    }
    let Conn::Sqlite(c) = conn else { return Err(Error::broken("a group on a database without groups")) };
    BeginJob {}.execute(c)?;
    let keeps = context.run_grouped(conn, known, job, outbox);
    let Conn::Sqlite(c) = conn else { return Err(Error::broken("a group on a database without groups")) };
    if !keeps {
        UndoJob {}.execute(c)?;
    }
    KeepJob {}.execute(c)?;
    Ok(true)
}

/// After a failed fsync nobody knows what is on the disk: the kernel may have dropped the pages and will report the next
/// fsync as good. Only a new start, which reads the log back from the disk, finds the truth; so the process ends here,
/// before anything is answered.
///
/// A full disk is survived. SQLite calls some of its ways "disk I/O error" too (growing the shared memory file, a quota), so
/// that is taken for a full disk where little space is left. What fails to sync in a checkpoint is still in the log, and is
/// not seen here.
fn abort_on_lost_sync(error: &diesel::result::Error, context: &Context) {
    if is_lost_sync(&error.to_string(), context.free_bytes()) && !Mutant::SurviveFailedSync.is_on() {
        tracing::error!(%error, "the disk did not take a COMMIT; the program ends, so that its next start reads what is really there");
        std::process::abort();
    }
}

/// Does what COMMIT said mean that a sync was lost, with so much space left on the disk (`None`: not known)?
fn is_lost_sync(said: &str, free_bytes: Option<u64>) -> bool {
    said.contains("disk I/O error") && free_bytes.is_none_or(|free| free >= LITTLE_SPACE)
}

/// Leaves the transaction that a failure left open, so that the next group starts clean.
fn restore(conn: &mut Conn) {
    // Fails with "no transaction is active" where SQLite has left it by itself.
    let _ = conn.batch_execute("ROLLBACK");
}

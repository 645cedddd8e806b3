//! The writer of SQLite: one thread, group commit, a savepoint for each job, answers only after COMMIT.

use std::time::{Duration, Instant};

use diesel::RunQueryDsl;
use diesel::connection::SimpleConnection;
use tokio::sync::mpsc::Receiver;

use super::Conn;
use super::dialect::{BeginGroup, CommitGroup, DataVersion};
use super::recall::Known;
use super::tx::Outbox;
use super::work::{Context, Outcome, WriteJob};
use crate::error::Error;
use crate::mutants::Mutant;

/// At most this many jobs share a COMMIT.
const GROUP_JOBS: usize = 256;
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
        match outcome {
            Ok(()) => {
                context.publish_and_finish(outbox, group);
            }
            Err(error) => {
                known.forget();
                if logged.is_none_or(|at| at.elapsed() >= LOG_PAUSE) {
                    logged = Some(Instant::now());
                    tracing::error!(%error, jobs = group.len(), "a group of writes was rolled back");
                }
                restore(&mut conn);
                let code = error.code();
                let lasting = matches!(error, Error::Refused(_));
                group.into_iter().for_each(|job| job.finish(Outcome::RolledBack { storage: lasting || code == "error.broken" }));
            }
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
) -> crate::error::Result<()> {
    if let Conn::Sqlite(c) = conn {
        BeginGroup {}.execute(c)?;
        known.see_version(DataVersion {}.get_result(c)?);
    }
    let started = Instant::now();
    let mut next = 0;
    while next < group.len() {
        context.run_grouped(conn, known, &mut *group[next], outbox)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_after_a_crowd_a_group_waits_and_only_until_a_crowd_is_there() {
        assert!(!gathers(1, 0), "who is alone does not wait");
        assert!(!gathers(CROWD - 1, 0));
        assert!(gathers(CROWD, 0) && gathers(GROUP_JOBS, GATHERED - 1));
        assert!(!gathers(GROUP_JOBS, GATHERED));
    }

    #[test]
    fn an_error_of_writing_is_a_lost_sync_unless_little_space_is_left() {
        for (said, free, is_lost) in [
            ("disk I/O error", Some(LITTLE_SPACE), true),
            ("disk I/O error", Some(LITTLE_SPACE - 1), false),
            ("disk I/O error", None, true),
            ("database or disk is full", Some(u64::MAX), false),
            ("database is locked", None, false),
        ] {
            assert_eq!(is_lost_sync(said, free), is_lost, "{said}, {free:?}");
        }
    }
}

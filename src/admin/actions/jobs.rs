//! Work that waits, and what administrators do about what was set aside: it runs again, or is given up.

use serde_json::{Value, json};

use crate::access::{Actor, Page};
use crate::admin::policy::{KeepJob, SeeJobs};
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::http::scrubbed;
use crate::ids::JobId;
use crate::jobs::{self, JobItem, JobState, Sought};
use crate::storage::{Act, Conn, Tx, record};

/// The place of a job in its list, for whoever asks for the next page.
fn place_of(job: &JobItem) -> String {
    format!("{}-{}", job.run_at, job.id)
}

/// The place that somebody was given.
#[must_use]
pub fn job_place(text: &str) -> Option<(Millis, JobId)> {
    let (at, id) = text.split_once('-')?;
    Some((at.parse().ok()?, id.parse().ok()?))
}

/// A page of jobs. What an error quotes is for nobody who does not read letters.
///
/// # Errors
/// When the database cannot be read.
pub fn jobs_page(conn: &mut Conn, _: &SeeJobs, sought: &Sought, now: Millis) -> Result<Page<JobItem>> {
    let mut rows = jobs::list(conn, &Sought { limit: sought.limit + 1, ..sought.clone() }, now)?;
    for job in &mut rows {
        job.error = job.error.as_deref().map(scrubbed);
    }
    Ok(Page::of(rows, sought.limit, place_of))
}

/// Only what was set aside is let run again or given up: about all else the runner decides.
///
/// # Errors
/// 409 `jobs.not_dead`.
pub fn expect_dead(job: &JobItem) -> Result<()> {
    if job.state == JobState::Dead { Ok(()) } else { Err(Error::conflict("jobs.not_dead")) }
}

/// Lets a job that was set aside run again, with all its attempts.
///
/// # Errors
/// 409 `jobs.not_dead`.
pub fn replay_job(tx: &mut Tx<'_>, may: &KeepJob, actor: &Actor) -> Result<()> {
    expect_dead(may.job())?;
    jobs::replay(tx, may.job().id)?;
    trace(tx, actor, "jobs.replay", may.job(), (None, Some(json!({ "job": may.job().kind }))))
}

/// Gives up a job that was set aside, for good.
///
/// # Errors
/// 409 `jobs.not_dead`.
pub fn drop_job(tx: &mut Tx<'_>, may: &KeepJob, actor: &Actor) -> Result<()> {
    expect_dead(may.job())?;
    jobs::drop_dead(tx, may.job().id)?;
    trace(tx, actor, "jobs.drop", may.job(), (Some(json!({ "job": may.job().kind })), None))
}

/// What was done about a job leaves a trace, without what it was about and what its error quotes.
fn trace(tx: &mut Tx<'_>, actor: &Actor, act: &'static str, job: &JobItem, (before, after): (Option<Value>, Option<Value>)) -> Result<()> {
    let subject = job.id.to_string();
    let (actor, address) = (actor.member, actor.address);
    record(tx, &Act { actor, act, subject_kind: "job", subject, before, after, reason: None, address }).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_known_again_and_nonsense_is_none() {
        let job =
            JobItem { id: JobId(7), kind: String::new(), state: JobState::Dead, run_at: 1_800, attempts: 1, max_attempts: 1, error: None };
        assert_eq!(job_place(&place_of(&job)), Some((1_800, JobId(7))));
        for nonsense in ["", "7", "-7", "x-7", "7-x", "1-2-3"] {
            assert_eq!(job_place(nonsense), None, "{nonsense}");
        }
    }
}

//! Work: what waits, runs, fails and was set aside.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};

use super::{ROWS, given, href, show};
use crate::access::{Allow, Page, Query};
use crate::admin::actions;
use crate::admin::policy::SeeJobs;
use crate::error::{Error, Result};
use crate::http::Site;
use crate::jobs::{self, JobItem, Shown, Sought};
use crate::members;

/// Kinds of work for which the page has words.
pub const JOB_KINDS: [&str; 17] = [
    "mail.send",
    "backups.make",
    "backups.rehearse",
    "billing.member",
    "billing.spread",
    "billing.subscription",
    "billing.settle",
    "billing.end",
    "billing.refund",
    "billing.gift_back",
    "billing.remind",
    "billing.back",
    "chat.expire",
    "social.settle",
    "stripe.call",
    "stripe.event",
    "stripe.round",
];

#[derive(Deserialize)]
pub struct FindJobs {
    show: Option<String>,
    kind: Option<String>,
    after: Option<String>,
}

/// A job with whether the page has words for it.
#[derive(Serialize)]
struct Line {
    #[serde(flatten)]
    job: JobItem,
    is_known: bool,
}

/// What `admin/jobs.html` sees.
#[derive(Serialize)]
struct JobsPage {
    jobs: Vec<Line>,
    /// Which, as it stands in the address: `failing`, `dead`, or nothing for those that wait.
    show: &'static str,
    kind: String,
    kinds: [&'static str; JOB_KINDS.len()],
    waiting_count: i64,
    failing_count: i64,
    dead_count: i64,
    has_password: bool,
    is_first: bool,
    first: String,
    next: Option<String>,
}

/// `GET /admin/jobs`.
pub async fn jobs(gate: Allow<SeeJobs>, query: Query<FindJobs>, site: Site) -> Result<HttpResponse> {
    show(gate, site, "admin/jobs.html", move |conn, may, actor| {
        let FindJobs { show, kind, after } = query.0;
        let (shown, show) = match show.as_deref() {
            Some("failing") => (Shown::Failing, "failing"),
            Some("dead") => (Shown::Dead, "dead"),
            _ => (Shown::Waiting, ""),
        };
        let kind = kind.unwrap_or_default();
        let after = after.as_deref().and_then(actions::job_place);
        let sought = Sought { shown, kind: given::<String>(Some(&kind)), after, limit: ROWS };
        let Page { items, next } = actions::jobs_page(conn, may, &sought, actor.now)?;
        let counts = jobs::counts(conn)?;
        let link = |after: &str| href("/admin/jobs", &[("show", show), ("kind", &kind), ("after", after)]);
        let by = actor.member.ok_or(Error::SignIn)?;
        Ok(JobsPage {
            jobs: items.into_iter().map(|job| Line { is_known: JOB_KINDS.contains(&job.kind.as_str()), job }).collect(),
            kinds: JOB_KINDS,
            waiting_count: counts.waiting,
            failing_count: jobs::count_failing(conn)?,
            dead_count: counts.dead,
            has_password: members::account(conn, by, actor.now)?.has_password,
            is_first: after.is_none(),
            first: link(""),
            next: next.as_deref().map(link),
            show,
            kind,
        })
    })
    .await
}

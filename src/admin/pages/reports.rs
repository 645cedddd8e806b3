//! The queue: reports, appeals, and one report with what surrounds it and what may be done.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};

use super::{ROWS, SanctionLine, given, href, show};
use crate::access::{Allow, Page, Query};
use crate::error::Result;
use crate::http::Site;
use crate::ids::{MemberId, ReportId, SanctionId};
use crate::members::{self, Profile};
use crate::moderation::{self, AppealCase, Case};
use crate::social::{self, HandleReport, Report, SeeReports, SoughtReports};

#[derive(Deserialize)]
pub struct FindReports {
    show: Option<String>,
    member: Option<String>,
    before: Option<String>,
}

/// The parts of the queue, by their names in its address.
const PARTS: [&str; 4] = ["open", "appeals", "closed", "decided"];

/// What `admin/reports.html` sees.
#[derive(Serialize)]
struct ReportsPage {
    /// One of the parts of the queue.
    show: &'static str,
    parts: [&'static str; PARTS.len()],
    /// How many reports and appeals wait.
    open: i64,
    waiting: i64,
    reports: Vec<Report>,
    appeals: Vec<AppealCase>,
    /// Only reports of this member.
    of: Option<Profile>,
    is_first: bool,
    first: String,
    next: Option<String>,
}

/// `GET /admin/reports`.
pub async fn reports(gate: Allow<SeeReports>, query: Query<FindReports>, site: Site) -> Result<HttpResponse> {
    show(gate, site, "admin/reports.html", move |conn, may, actor| {
        let FindReports { show, member, before } = query.0;
        let show = PARTS.into_iter().find(|part| show.as_deref() == Some(*part)).unwrap_or(PARTS[0]);
        let of_reports = matches!(show, "open" | "closed");
        let (member, before) = (given::<MemberId>(member.as_deref()).filter(|_| of_reports), before.as_deref());
        let (mut reports, mut appeals) = (Vec::new(), Vec::new());
        let next = if of_reports {
            let sought = SoughtReports { closed: show == "closed", member, before: given::<ReportId>(before) };
            let page: Page<Report> = social::reports(conn, may.viewer(), &sought, ROWS, actor.now)?;
            reports = page.items;
            page.next
        } else {
            let page = moderation::appeal_cases(conn, actor, show == "decided", given::<SanctionId>(before), ROWS)?;
            appeals = page.items;
            page.next
        };
        let of = member.map(|member| members::profiles(conn, &[member], actor.now)).transpose()?.and_then(|mut found| found.pop());
        let (kept, member) = (if show == PARTS[0] { "" } else { show }, member.map(|id| id.to_string()).unwrap_or_default());
        let link = |before: &str| href("/admin/reports", &[("show", kept), ("member", &member), ("before", before)]);
        Ok(ReportsPage {
            open: social::open_reports(conn, may.viewer())?,
            waiting: members::open_appeals(conn, may.viewer(), actor.now)?,
            parts: PARTS,
            reports,
            appeals,
            of,
            is_first: before.is_none_or(str::is_empty),
            first: link(""),
            next: next.as_deref().map(link),
            show,
        })
    })
    .await
}

/// What `admin/report.html` sees.
#[derive(Serialize)]
struct CasePage {
    /// What was done to the member, with by whom.
    lines: Vec<SanctionLine>,
    case: Case,
}

/// `GET /admin/reports/{report}`.
pub async fn report(gate: Allow<HandleReport>, site: Site) -> Result<HttpResponse> {
    show(gate, site, "admin/report.html", |conn, may, actor| {
        let case = moderation::case(conn, may, actor)?;
        Ok(CasePage { lines: SanctionLine::all(case.sanctions.clone(), &case.members), case })
    })
    .await
}

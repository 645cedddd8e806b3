//! The queue of reports.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};

use super::{ROWS, given, href, show};
use crate::access::{Allow, Page, Query};
use crate::error::Result;
use crate::http::Site;
use crate::ids::{MemberId, ReportId};
use crate::members::{self, Profile};
use crate::social::{self, Report, SeeReports, SoughtReports};

#[derive(Deserialize)]
pub struct FindReports {
    show: Option<String>,
    member: Option<String>,
    before: Option<String>,
}

/// What `admin/reports.html` sees.
#[derive(Serialize)]
struct ReportsPage {
    reports: Vec<Report>,
    /// Those that are closed?
    closed: bool,
    /// Only those of this member.
    of: Option<Profile>,
    is_first: bool,
    first: String,
    next: Option<String>,
}

/// `GET /admin/reports`.
pub async fn reports(gate: Allow<SeeReports>, query: Query<FindReports>, site: Site) -> Result<HttpResponse> {
    show(gate, site, "admin/reports.html", move |conn, may, actor| {
        let FindReports { show, member, before } = query.0;
        let (show, member, before) = (show.unwrap_or_default(), given::<MemberId>(member.as_deref()), given::<ReportId>(before.as_deref()));
        let closed = show == "closed";
        let Page { items, next } = social::reports(conn, may.viewer(), &SoughtReports { closed, member, before }, ROWS, actor.now)?;
        let of = member.map(|member| members::profiles(conn, &[member], actor.now)).transpose()?.and_then(|mut found| found.pop());
        let member = member.map(|id| id.to_string()).unwrap_or_default();
        let link = |before: &str| href("/admin/reports", &[("show", &show), ("member", &member), ("before", before)]);
        Ok(ReportsPage { reports: items, closed, of, is_first: before.is_none(), first: link(""), next: next.as_deref().map(link) })
    })
    .await
}

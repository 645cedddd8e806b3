//! The queue of reports.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};

use super::{ROWS, given, href, show};
use crate::access::{Allow, Page, Query};
use crate::error::Result;
use crate::http::Site;
use crate::ids::ReportId;
use crate::social::{self, Report, SeeReports};

#[derive(Deserialize)]
pub struct FindReports {
    show: Option<String>,
    before: Option<String>,
}

/// What `admin/reports.html` sees.
#[derive(Serialize)]
struct ReportsPage {
    reports: Vec<Report>,
    /// Those that are closed?
    closed: bool,
    is_first: bool,
    first: String,
    next: Option<String>,
}

/// `GET /admin/reports`.
pub async fn reports(gate: Allow<SeeReports>, query: Query<FindReports>, site: Site) -> Result<HttpResponse> {
    show(gate, site, "admin/reports.html", move |conn, may, actor| {
        let FindReports { show, before } = query.0;
        let (show, before) = (show.unwrap_or_default(), given::<ReportId>(before.as_deref()));
        let closed = show == "closed";
        let Page { items, next } = social::reports(conn, may.viewer(), closed, before, ROWS, actor.now)?;
        let link = |before: &str| href("/admin/reports", &[("show", &show), ("before", before)]);
        Ok(ReportsPage { reports: items, closed, is_first: before.is_none(), first: link(""), next: next.as_deref().map(link) })
    })
    .await
}

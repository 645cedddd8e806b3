//! Plans in the dashboard: what each entitles to, as one form a plan.

use actix_web::HttpResponse;
use serde::Serialize;

use super::show;
use crate::access::Allow;
use crate::billing::{self, Plan, SeePlans};
use crate::error::Result;
use crate::http::Site;

/// What `admin/plans.html` sees.
#[derive(Serialize)]
struct PlansPage {
    plans: Vec<Plan>,
    /// May the one who looks change them?
    edits: bool,
}

/// `GET /admin/plans`.
pub async fn plans(gate: Allow<SeePlans>, site: Site) -> Result<HttpResponse> {
    show(gate, site, "admin/plans.html", |conn, may, _| Ok(PlansPage { plans: billing::plans(conn, true)?, edits: may.edits() })).await
}
